//! Writes to old clients: one object with each write, and a pause between two writes, for they take
//! whatever one read gives for exactly one object.

use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::time::Instant;

/// How long one write may take.
const WRITE: Duration = Duration::from_secs(20);
/// How long saying goodbye may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// The client does not take what is written, or is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gone;

/// Writes with pauses.
pub(crate) struct Paced<W> {
    out: W,
    pause: Duration,
    /// When the next write may begin.
    free: Option<Instant>,
}

impl<W: AsyncWrite + Unpin> Paced<W> {
    pub(crate) fn new(out: W, pause: Duration) -> Self {
        Self { out, pause, free: None }
    }

    /// Waits until the pause is over.
    pub(crate) async fn ready(&mut self) {
        if let Some(free) = self.free {
            tokio::time::sleep_until(free).await;
        }
    }

    /// Writes one object, once the pause after the one before is over.
    pub(crate) async fn write(&mut self, object: &[u8]) -> Result<(), Gone> {
        self.ready().await;
        let written = tokio::time::timeout(WRITE, self.out.write_all(object)).await;
        self.free = Some(Instant::now() + self.pause);
        match written {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Gone),
        }
    }

    /// Ends the connection.
    pub(crate) async fn close(mut self) {
        // The other side may be gone, or not read.
        let _ = tokio::time::timeout(GOODBYE, self.out.shutdown()).await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn two_writes_are_never_read_as_one() {
        let (near, mut far) = tokio::io::duplex(1024);
        let begun = Instant::now();
        let writing = tokio::spawn(async move {
            let mut paced = Paced::new(near, Duration::from_millis(50));
            for object in [b"{1}", b"{2}", b"{3}"] {
                paced.write(object).await.unwrap();
            }
            paced.close().await;
        });
        for expected in [b"{1}", b"{2}", b"{3}"] {
            let mut read = [0; 100];
            let count = far.read(&mut read).await.unwrap();
            assert_eq!(&read[..count], expected);
        }
        assert_eq!(far.read(&mut [0; 100]).await.unwrap(), 0);
        writing.await.unwrap();
        assert_eq!(begun.elapsed(), Duration::from_millis(100), "the first waits for nothing");
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_read_is_not_waited_for_without_end() {
        let (near, _far) = tokio::io::duplex(8);
        let mut paced = Paced::new(near, Duration::from_millis(50));
        assert_eq!(paced.write(&[b'x'; 100]).await, Err(Gone));
    }
}
