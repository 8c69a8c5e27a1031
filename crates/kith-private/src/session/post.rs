//! What must arrive, whatever becomes of connections: it is numbered, and said again on the next one
//! until the other side has it.

use std::collections::VecDeque;

use crate::frame::{Frame, What};

/// The most that waits to be acknowledged.
const WAITING_MAX: usize = 256;

/// Both directions of what is numbered.
#[derive(Debug, Default)]
pub(super) struct Post {
    /// How many were given a number.
    given: u64,
    /// Those that are not acknowledged, the last of them with the number `given`.
    waiting: VecDeque<What>,
    /// How many of the other side arrived.
    taken: u64,
    /// The other side said hello on this connection: before, it would miss what was lost.
    is_greeted: bool,
}

impl Post {
    /// Gives something its number, where there is room.
    pub(super) fn give(&mut self, what: What) -> Option<Frame> {
        if self.waiting.len() >= WAITING_MAX {
            return None;
        }
        self.given += 1;
        self.waiting.push_back(what.clone());
        Some(Frame::Said { n: self.given, what })
    }

    /// Whether something new may be said at once.
    pub(super) fn may_say(&self) -> bool {
        self.is_greeted
    }

    /// A connection begins.
    pub(super) fn begin(&mut self) {
        self.is_greeted = false;
    }

    /// The number that is awaited next of the other side.
    pub(super) fn awaited(&self) -> u64 {
        self.taken + 1
    }

    /// The other side has everything before `next`. `None` where that cannot be.
    pub(super) fn ack(&mut self, next: u64) -> Option<()> {
        let first = self.given + 1 - self.waiting.len() as u64;
        if next > self.given + 1 {
            return None;
        }
        let count = usize::try_from(next.saturating_sub(first)).ok()?;
        self.waiting.drain(..count);
        Some(())
    }

    /// The other side says hello: what it lacks is said again. `None` where it said so before on this
    /// connection.
    ///
    /// # Errors
    /// Where that cannot be.
    pub(super) fn hello(&mut self, next: u64) -> Result<Option<Vec<Frame>>, ()> {
        if self.is_greeted {
            return Ok(None);
        }
        self.ack(next).ok_or(())?;
        let first = self.given + 1 - self.waiting.len() as u64;
        // It may not want what it acknowledged before.
        if next != first {
            return Err(());
        }
        self.is_greeted = true;
        let again = self.waiting.iter().cloned().zip(first..);
        Ok(Some(again.map(|(what, n)| Frame::Said { n, what }).collect()))
    }

    /// Something of the other side arrives: whether it is new. `None` where something is missing.
    pub(super) fn take(&mut self, n: u64) -> Option<bool> {
        if n == self.taken + 1 {
            self.taken = n;
            return Some(true);
        }
        (1..=self.taken).contains(&n).then_some(false)
    }
}

#[cfg(test)]
mod tests {
    use kith_core::text::MessageText;
    use proptest::prelude::*;

    use super::*;

    fn message(number: usize) -> What {
        What::Message { text: MessageText::parse(&number.to_string()).unwrap() }
    }

    proptest! {
        /// Connections are lost after any number of frames, in each direction.
        #[test]
        fn everything_arrives_once_and_in_order(
            rounds in prop::collection::vec((0..4_usize, 0..9_usize, 0..9_usize), 1..20),
        ) {
            let (mut ana, mut bob) = (Post::default(), Post::default());
            let (mut sent, mut arrived) = (0, Vec::new());
            let last = (0, 1000, 1000);
            for (count, until_bob, until_ana) in rounds.into_iter().chain([last]) {
                ana.begin();
                bob.begin();
                let mut frames = ana.hello(bob.awaited()).unwrap().unwrap();
                for _ in 0..count {
                    sent += 1;
                    let frame = ana.give(message(sent)).unwrap();
                    if ana.may_say() {
                        frames.push(frame);
                    }
                }
                let mut acks = Vec::new();
                for frame in frames.into_iter().take(until_bob) {
                    let Frame::Said { n, what } = frame else { panic!() };
                    if bob.take(n).unwrap() {
                        arrived.push(what);
                    }
                    acks.push(bob.awaited());
                }
                for next in acks.into_iter().take(until_ana) {
                    ana.ack(next).unwrap();
                }
            }
            prop_assert_eq!(arrived, (1..=sent).map(message).collect::<Vec<_>>());
            prop_assert!(ana.waiting.is_empty());
        }
    }

    #[test]
    fn what_cannot_be_is_refused_and_what_waits_is_bounded() {
        let mut post = Post::default();
        assert!(post.ack(2).is_none() && post.take(2).is_none() && post.take(0).is_none());
        for number in 0..WAITING_MAX {
            assert!(post.give(message(number)).is_some());
        }
        assert!(post.give(message(0)).is_none());
        post.ack(3).unwrap();
        assert!(post.hello(2).is_err(), "it had that");
        assert_eq!(post.hello(3).unwrap().unwrap().len(), WAITING_MAX - 2);
        assert_eq!(post.hello(3), Ok(None), "it said hello before");
    }
}
