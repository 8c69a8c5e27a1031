//! Writes what waits in the mailbox to a socket of its own task.

use std::sync::Arc;
use std::time::Duration;

use kith_hub::Subscriber;
use kith_proto::codec::Encoding;
use kith_proto::error::{Problem, close};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::Farewell;
use crate::wire;

/// Bytes taken from the mailbox at a time.
pub(super) const BATCH: usize = 64 * 1024;
/// How long one batch may take; a reader slower than this is gone or hostile.
pub(super) const WRITE: Duration = Duration::from_secs(60);

/// Writes until the mailbox or the socket ends.
pub(super) async fn items<W: AsyncWrite + Unpin>(
    subscriber: &Arc<Subscriber>,
    output: &mut W,
    encoding: Encoding,
) -> Option<Farewell> {
    loop {
        let Some(mut batch) = subscriber.next_bundles(BATCH).await else {
            // The hub says why through `ended`.
            std::future::pending().await
        };
        let blocked = subscriber.blocked();
        let bytes = wire::items(encoding, &mut batch.items, &blocked);
        let written = tokio::time::timeout(WRITE, output.write_all(&bytes)).await;
        // While the batch lives a revocation waits for it, so it is let go after the write.
        drop(batch);
        match written {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return None,
            Err(_) => {
                let problem =
                    Problem::later("client.too_slow", "the connection does not read", 1000);
                return Some(Farewell::new(close::TOO_SLOW, problem));
            }
        }
    }
}
