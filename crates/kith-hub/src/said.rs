//! Operations that are said again: by what they are known, and the answer that was given.

use std::sync::Arc;

use kith_core::command::{Command, Outcome};
use kith_core::decide::secret_hash;
use kith_core::document::{Doc, Done, Key};
use kith_core::draft::{Draft, Stop};
use kith_core::id::{Timestamp, UserId};
use kith_core::refusal::Refusal;
use kith_core::scratch;
use kith_core::text::OpId;

/// What is kept of an operation that may be said again.
pub(crate) struct Said {
    /// By which it is known to be the same.
    pub(crate) hash: String,
    /// Doing it twice makes two things.
    pub(crate) makes: bool,
}

impl Said {
    pub(crate) fn of(command: &Command) -> Self {
        let hash = scratch::json(command, secret_hash).unwrap_or_default();
        Self { hash, makes: command.makes() }
    }
}

/// What an operation did when it was said before.
pub(crate) fn done_before(
    draft: &Draft<'_>,
    me: UserId,
    op: &OpId,
) -> Result<Option<Arc<Done>>, Stop> {
    if let Some(done) = draft.done(me, op.clone())? {
        return Ok(Some(done));
    }
    match draft.find(&Key::Said(me, op.clone()))? {
        Some(Doc::Said(done)) => Ok(Some(done)),
        _ => Ok(None),
    }
}

/// The answer that was given to the same operation before.
pub(crate) fn retold(done: &Done, hash: &str, now: Timestamp) -> Result<Outcome, Stop> {
    if done.is_over(now) {
        return Err(Refusal::OpExpired.into());
    }
    if done.command == hash { Ok(done.outcome.clone()) } else { Err(Refusal::OpReused.into()) }
}
