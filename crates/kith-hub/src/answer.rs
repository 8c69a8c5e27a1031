//! What comes of an operation that was decided: whoever asked waits for it, or says what is to be done
//! with it, which costs no task a turn of its own.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use kith_core::command::Outcome;

use crate::HubError;

type Answered = Result<Outcome, HubError>;

enum State {
    /// It is on its way to the disk, and nobody has asked yet.
    Open,
    /// A task waits for it.
    Awaited(Waker),
    /// This is to be done with it.
    Told(Box<dyn FnOnce(Answered) + Send>),
    /// It is known.
    Known(Box<Answered>),
    /// It was taken, or nobody wants it.
    Over,
}

#[derive(Clone)]
struct Shared(Arc<Mutex<State>>);

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An answer, and who gives it.
pub(crate) fn pair() -> (Giver, Answer) {
    let shared = Shared(Arc::new(Mutex::new(State::Open)));
    (Giver(Some(shared.clone())), Answer(shared))
}

/// Gives an answer. Dropped without it says [`HubError::Closed`].
pub(crate) struct Giver(Option<Shared>);

impl Giver {
    pub(crate) fn give(mut self, answer: Answered) {
        self.finish(answer);
    }

    fn finish(&mut self, answer: Answered) {
        let Some(shared) = self.0.take() else { return };
        let mut state = shared.state();
        match std::mem::replace(&mut *state, State::Over) {
            State::Open => *state = State::Known(Box::new(answer)),
            State::Awaited(waker) => {
                *state = State::Known(Box::new(answer));
                drop(state);
                waker.wake();
            }
            State::Told(tell) => {
                drop(state);
                tell(answer);
            }
            State::Known(_) | State::Over => {}
        }
    }
}

impl Drop for Giver {
    fn drop(&mut self) {
        self.finish(Err(HubError::Closed));
    }
}

/// The answer to an operation that was decided and is on its way to the disk.
pub struct Answer(Shared);

impl Answer {
    /// Waits until it is durable.
    ///
    /// # Errors
    /// Failures of the store.
    pub async fn wait(self) -> Answered {
        Waiting(self).await
    }

    /// Has `tell` called with what comes of it, when it is durable: by whoever commits for everyone,
    /// so it must be quick and never wait.
    pub fn tell(self, tell: impl FnOnce(Result<Outcome, HubError>) + Send + 'static) {
        let mut state = self.0.state();
        match std::mem::replace(&mut *state, State::Over) {
            State::Known(answer) => {
                drop(state);
                tell(*answer);
            }
            State::Open | State::Awaited(_) | State::Told(_) | State::Over => {
                *state = State::Told(Box::new(tell));
            }
        }
    }
}

struct Waiting(Answer);

impl Future for Waiting {
    type Output = Answered;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answered> {
        let mut state = self.0.0.state();
        match std::mem::replace(&mut *state, State::Over) {
            State::Known(answer) => Poll::Ready(*answer),
            State::Open | State::Awaited(_) | State::Told(_) | State::Over => {
                *state = State::Awaited(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn an_answer_is_waited_for_or_told_whichever_comes_first() {
        let (giver, answer) = pair();
        giver.give(Ok(Outcome::default()));
        assert!(answer.wait().await.is_ok());

        let (giver, answer) = pair();
        let waits = tokio::spawn(answer.wait());
        tokio::task::yield_now().await;
        giver.give(Err(HubError::Busy));
        assert!(matches!(waits.await, Ok(Err(HubError::Busy))));

        for is_given_first in [true, false] {
            let (giver, answer) = pair();
            let (told, heard) = mpsc::channel();
            let tell = move |answer: Answered| told.send(answer).unwrap();
            if is_given_first {
                giver.give(Ok(Outcome::default()));
                answer.tell(tell);
            } else {
                answer.tell(tell);
                assert!(heard.try_recv().is_err());
                giver.give(Ok(Outcome::default()));
            }
            assert!(heard.try_recv().unwrap().is_ok());
            assert!(heard.try_recv().is_err());
        }
    }

    #[tokio::test]
    async fn who_gives_none_says_so() {
        let (giver, answer) = pair();
        drop(giver);
        assert!(matches!(answer.wait().await, Err(HubError::Closed)));
        let (giver, answer) = pair();
        drop(answer);
        giver.give(Ok(Outcome::default()));
    }
}
