//! The way to the terminal. A thread of its own writes, so that a terminal that does not read (a slow
//! link) holds up nothing else; what is drawn while it writes is drawn once, as it is then.

use std::io::{self, Write};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

/// What is drawn until it is sent.
#[derive(Clone, Default)]
pub(super) struct Frame(Arc<Mutex<Vec<u8>>>);

impl Frame {
    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was drawn since the last time.
    pub(super) fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.bytes())
    }
}

impl Write for Frame {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    /// A drawing is flushed several times, and sent when it is done.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How the writing thread is.
#[derive(Default)]
struct State {
    busy: bool,
    failed: Option<io::Error>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// For whoever waits in a task, and in a thread.
    freed: Notify,
    idle: Condvar,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_free(&self, failed: Option<io::Error>) {
        *self.state() = State { busy: false, failed };
        self.freed.notify_one();
        self.idle.notify_all();
    }
}

/// The thread that writes, one frame at a time.
pub(super) struct Out {
    pub(super) frame: Frame,
    shared: Arc<Shared>,
    frames: SyncSender<Vec<u8>>,
}

impl Out {
    /// Writes to `terminal` from now on.
    ///
    /// # Errors
    /// When there can be no other thread.
    pub(super) fn start(mut terminal: impl Write + Send + 'static) -> io::Result<Self> {
        let (frames, taken) = sync_channel::<Vec<u8>>(1);
        let shared = Arc::<Shared>::default();
        let writer = Arc::clone(&shared);
        std::thread::Builder::new().name("terminal".to_owned()).spawn(move || {
            while let Ok(frame) = taken.recv() {
                let written = terminal.write_all(&frame).and_then(|()| terminal.flush());
                let Err(failed) = written else {
                    writer.is_free(None);
                    continue;
                };
                // Whoever hears of it finds that nothing more is taken.
                drop(taken);
                return writer.is_free(Some(failed));
            }
        })?;
        Ok(Self { frame: Frame::default(), shared, frames })
    }

    /// Whether what was sent is written.
    pub(super) fn is_free(&self) -> bool {
        !self.shared.state().busy
    }

    /// Waits until what was sent is written.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub(super) async fn freed(&self) -> io::Result<()> {
        while !self.is_free() {
            self.shared.freed.notified().await;
        }
        self.shared.state().failed.take().map_or(Ok(()), Err)
    }

    /// Sends what was drawn. To be called when the one before is written.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub(super) fn send(&self) -> io::Result<()> {
        let frame = self.frame.take();
        if frame.is_empty() {
            return Ok(());
        }
        {
            let mut state = self.shared.state();
            if let Some(failed) = state.failed.take() {
                return Err(failed);
            }
            state.busy = true;
        }
        self.frames.try_send(frame).map_err(|error| match error {
            TrySendError::Full(_) => io::ErrorKind::WouldBlock.into(),
            TrySendError::Disconnected(_) => io::ErrorKind::BrokenPipe.into(),
        })
    }

    /// Waits, not in a task, until what was sent is written; whether it was in time.
    pub(super) fn settle(&self, patience: Duration) -> bool {
        let state = self.shared.state();
        let waited = self.shared.idle.wait_timeout_while(state, patience, |state| state.busy);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        !state.busy
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};

    use super::*;

    /// A terminal that takes what it is told when the test says so.
    struct Slow {
        may: Receiver<()>,
        taken: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.may.recv().map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
            self.taken.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn nobody_waits_for_a_terminal_that_does_not_read() {
        let (let_go, may) = channel();
        let taken = Arc::<Mutex<Vec<u8>>>::default();
        let out = Out::start(Slow { may, taken: Arc::clone(&taken) }).unwrap();
        assert!(out.is_free() && out.send().is_ok() && out.is_free(), "nothing was drawn");
        out.frame.clone().write_all(b"one").unwrap();
        out.send().unwrap();
        assert!(!out.is_free() && !out.settle(Duration::ZERO));
        // What is drawn meanwhile waits for its turn.
        out.frame.clone().write_all(b", two").unwrap();
        let_go.send(()).unwrap();
        out.freed().await.unwrap();
        assert_eq!(*taken.lock().unwrap(), b"one");
        out.send().unwrap();
        let_go.send(()).unwrap();
        assert!(out.settle(Duration::from_secs(20)));
        assert_eq!(*taken.lock().unwrap(), b"one, two");
        out.frame.clone().write_all(b"three").unwrap();
        out.send().unwrap();
        drop(let_go);
        let gone = out.freed().await.unwrap_err();
        assert_eq!(gone.kind(), io::ErrorKind::BrokenPipe);
        out.frame.clone().write_all(b"four").unwrap();
        assert!(out.send().is_err(), "nobody is there any more");
    }
}
