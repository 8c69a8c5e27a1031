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

/// An operation that is done once, however often it is said.
pub(crate) struct Once {
    me: UserId,
    op: OpId,
    /// Its series, and its number in that.
    series: Option<(Arc<str>, u64)>,
    said: Said,
}

impl Once {
    pub(crate) fn new(me: UserId, op: OpId, said: Said) -> Self {
        let series = op.in_series().map(|(series, number)| (series.into(), number));
        Self { me, op, series, said }
    }

    /// Decides by `decide` what is asked and notes it, unless that was done before under the same
    /// name. After a decision it is not asked again.
    pub(crate) fn decide(
        &mut self,
        draft: &mut Draft<'_>,
        decide: impl FnOnce(&mut Draft<'_>) -> Result<Outcome, Stop>,
    ) -> Result<Outcome, Stop> {
        let Self { me, op, series, said } = self;
        let is_new = match series {
            Some((series, number)) => *number > draft.last_in_series(*me, series)?,
            None => false,
        };
        if !is_new && let Some(done) = done_before(draft, *me, op)? {
            return retold(&done, &said.hash, draft.now);
        }
        let outcome = decide(draft)?;
        let kept = Outcome { code: None, ..outcome.clone() };
        let command = std::mem::take(&mut said.hash);
        let done = Arc::new(Done { at: draft.now, command, outcome: kept, once: said.makes });
        if outcome.is_ephemeral() {
            draft.put(Key::Said(*me, op.clone()), Some(Doc::Said(done)));
        } else {
            draft.put(Key::Done(*me, op.clone()), Some(Doc::Done(done)));
        }
        if let Some((series, number)) = series.as_ref().filter(|_| is_new) {
            draft.put(Key::Series(*me, Arc::clone(series)), Some(Doc::Series(*number)));
        }
        Ok(outcome)
    }
}

/// What an operation did when it was said before.
fn done_before(draft: &Draft<'_>, me: UserId, op: &OpId) -> Result<Option<Arc<Done>>, Stop> {
    if let Some(done) = draft.done(me, op.clone())? {
        return Ok(Some(done));
    }
    match draft.find(&Key::Said(me, op.clone()))? {
        Some(Doc::Said(done)) => Ok(Some(done)),
        _ => Ok(None),
    }
}

/// The answer that was given to the same operation before.
fn retold(done: &Done, hash: &str, now: Timestamp) -> Result<Outcome, Stop> {
    if done.is_over(now) {
        return Err(Refusal::OpExpired.into());
    }
    if done.command == hash { Ok(done.outcome.clone()) } else { Err(Refusal::OpReused.into()) }
}
