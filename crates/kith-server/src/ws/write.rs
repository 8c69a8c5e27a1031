//! Writes what waits in the mailbox to a socket of its own task.

use std::sync::Arc;
use std::time::Duration;

use kith_hub::Subscriber;
use kith_proto::codec::Encoding;
use kith_proto::error::{Problem, close};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::Farewell;
use crate::app::App;
use crate::wire;

/// Bytes taken from the mailbox at a time.
pub(super) const BATCH: usize = 64 * 1024;
/// How long one batch may take; a reader slower than this is gone or hostile.
pub(super) const WRITE: Duration = Duration::from_secs(60);

/// Writes until the mailbox or the socket ends.
pub(super) async fn items<W: AsyncWrite + Unpin>(
    app: &App,
    subscriber: &Arc<Subscriber>,
    output: &mut W,
    encoding: Encoding,
) -> Option<Farewell> {
    let heartbeat = Duration::from_millis(u64::from(app.settings.heartbeat_ms));
    loop {
        let batch = match tokio::time::timeout(heartbeat, subscriber.next(BATCH)).await {
            Ok(Some(batch)) => Some(batch),
            // The hub says why through `ended`.
            Ok(None) => std::future::pending().await,
            Err(_) => None,
        };
        // While the batch lives a revocation waits for it, so it is let go after the write.
        let bytes = match batch {
            Some(mut batch) => {
                let blocked = subscriber.blocked();
                let bytes = wire::items(encoding, &mut batch.items, &blocked);
                let written = tokio::time::timeout(WRITE, output.write_all(&bytes)).await;
                drop(batch);
                written
            }
            None => {
                let ping = kith_ws::encode::ping(b"");
                tokio::time::timeout(WRITE, output.write_all(&ping)).await
            }
        };
        match bytes {
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
