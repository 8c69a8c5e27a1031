//! Operations that are said again: by what they are known, and the answer that was given.

use std::sync::Arc;

use blake3::Hash;
use kith_core::command::{Command, Outcome};
use kith_core::document::{self, Doc, Done, Key};
use kith_core::draft::{Draft, Stop};
use kith_core::id::UserId;
use kith_core::refusal::Refusal;
use kith_core::scratch;
use kith_core::text::OpId;

/// What is kept of an operation that may be said again.
pub(crate) struct Said {
    /// By which it is known to be the same.
    pub(crate) hash: Hash,
    /// Doing it twice makes two things.
    pub(crate) makes: bool,
}

impl Said {
    pub(crate) fn of(command: &Command) -> Self {
        let hash = scratch::json(command, |json| blake3::hash(json.as_bytes()));
        Self { hash: hash.unwrap_or_else(|| blake3::hash(b"")), makes: command.makes() }
    }

    /// As much of the hash as is remembered where there is no store.
    fn half(&self) -> [u8; 16] {
        let mut half = [0; 16];
        half.iter_mut().zip(self.hash.as_bytes()).for_each(|(to, from)| *to = *from);
        half
    }
}

/// An operation that is done once, however often it is said, if it has a name.
pub(crate) struct Once {
    me: UserId,
    named: Option<Named>,
}

struct Named {
    op: OpId,
    /// Its series, and its number in that.
    series: Option<(Arc<str>, u64)>,
    said: Said,
}

impl Once {
    pub(crate) fn new(me: UserId, op: Option<&OpId>, said: impl FnOnce() -> Said) -> Self {
        let named = op.map(|op| {
            let series = op.in_series().map(|(series, number)| (series.into(), number));
            Named { op: op.clone(), series, said: said() }
        });
        Self { me, named }
    }

    /// Decides by `decide` what is asked and notes it, unless that was done before under the same
    /// name.
    pub(crate) fn decide(
        &self,
        draft: &mut Draft<'_>,
        decide: impl FnOnce(&mut Draft<'_>) -> Result<Outcome, Stop>,
    ) -> Result<Outcome, Stop> {
        let Self { me, named } = self;
        let Some(Named { op, series, said }) = named else { return decide(draft) };
        let is_new = match series {
            Some((series, number)) => *number > draft.last_in_series(*me, series)?,
            None => false,
        };
        if !is_new && let Some(answer) = retold(draft, *me, op, said)? {
            return Ok(answer);
        }
        let outcome = decide(draft)?;
        if let Some(events) = outcome.ephemeral() {
            let said = document::Said { command: said.half(), events: events.into() };
            draft.put(Key::Said(*me, op.clone()), Some(Doc::Said(said)));
        } else {
            let kept = Outcome { code: None, ..outcome.clone() };
            let command = said.hash.to_hex().to_string();
            let done = Done { at: draft.now, command, outcome: kept, once: said.makes };
            draft.put(Key::Done(*me, op.clone()), Some(Doc::Done(Arc::new(done))));
        }
        if let Some((series, number)) = series.as_ref().filter(|_| is_new) {
            draft.put(Key::Series(*me, Arc::clone(series)), Some(Doc::Series(*number)));
        }
        Ok(outcome)
    }
}

/// The answer that was given when it was said before.
fn retold(draft: &Draft<'_>, me: UserId, op: &OpId, said: &Said) -> Result<Option<Outcome>, Stop> {
    let (is_same, outcome) = if let Some(done) = draft.done(me, op.clone())? {
        if done.is_over(draft.now) {
            return Err(Refusal::OpExpired.into());
        }
        (done.command == said.hash.to_hex().as_str(), done.outcome.clone())
    } else if let Some(Doc::Said(before)) = draft.find(&Key::Said(me, op.clone()))? {
        let outcome = Outcome { events: before.events.to_vec(), ..Outcome::default() };
        (before.command == said.half(), outcome)
    } else {
        return Ok(None);
    };
    if is_same { Ok(Some(outcome)) } else { Err(Refusal::OpReused.into()) }
}
