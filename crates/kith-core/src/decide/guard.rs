//! Transactions over guarded topics: which guard is to be asked, who may be one, and what happens as it
//! said.

use std::collections::BTreeSet;

use crate::access::{self, InTopic};
use crate::command::{Command, Outcome};
use crate::decide::topic::{CHANGES_MAX, Transaction, conform, holds, one};
use crate::draft::{Draft, Stop};
use crate::id::{FeedId, UserId};
use crate::permission::Permission;
use crate::refusal::Refusal;
use crate::text::{Label, OpId, ServiceName};
use crate::topic::{Asked, Condition, Granted, Proposal, Proposed, Verdict};

/// The guards that need not be asked: whoever asks is their provider.
pub type Passed = BTreeSet<ServiceName>;

/// What a guard said, and by whom.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The guard.
    pub guard: ServiceName,
    /// Whose rights it has.
    pub provider: UserId,
    /// What it lets happen.
    pub verdict: Verdict,
}

/// Which guard has to be asked about a transaction, as a refusal; `None` where none has to. What the
/// rules refuse whatever a guard says is refused first.
pub(super) fn to_ask(
    draft: &Draft<'_>,
    me: UserId,
    changes: &[Asked],
    passed: &Passed,
) -> Result<Option<Refusal>, Stop> {
    let mut guards = BTreeSet::new();
    let mut circle = None;
    for (place, asked) in changes.iter().enumerate() {
        let access = writable(draft, me, asked).map_err(|stop| part(stop, place, changes.len()))?;
        if *circle.get_or_insert(access.topic.circle) != access.topic.circle {
            return Err(part(Refusal::SeveralCircles.into(), place, changes.len()));
        }
        guards.extend(access.topic.rules.guard.clone().filter(|guard| !passed.contains(guard)));
    }
    Ok(match (guards.pop_first(), circle) {
        (Some(_), _) if !guards.is_empty() => Some(Refusal::SeveralGuards),
        (Some(guard), Some(circle)) => Some(Refusal::Guarded { circle, guard }),
        _ => None,
    })
}

fn writable(draft: &Draft<'_>, me: UserId, asked: &Asked) -> Result<InTopic, Stop> {
    let access = access::in_topic(draft, me, asked.topic)?;
    access.require(Permission::Write, draft.now)?;
    Ok(access)
}

/// A refusal of one change as one of the whole transaction; that a guard is to be asked is of the
/// whole.
pub(super) fn part(stop: Stop, place: usize, count: usize) -> Stop {
    match stop {
        Stop::Refused(refusal @ (Refusal::Guarded { .. } | Refusal::SeveralGuards)) => {
            refusal.into()
        }
        Stop::Refused(refusal) if count > 1 => {
            Refusal::Part { place, refusal: Box::new(refusal) }.into()
        }
        stop => stop,
    }
}

/// What a command asks for, on which conditions, and the group of its step.
type Wish<'a> = (&'a [Asked], &'a [Condition], Option<&'a Label>);

/// The transaction of a command.
fn transaction(command: &Command) -> Result<Wish<'_>, Refusal> {
    match command {
        Command::Change { changes, when, group } => Ok((changes, when, group.as_ref())),
        _ => Err(Refusal::NoGuard),
    }
}

/// Refuses whoever may not be the guard of topics of a transaction: only those who could take the guard
/// away from them.
///
/// # Errors
/// [`Refusal::NoGuard`], [`Stop::Missing`].
pub fn may_guard(
    draft: &Draft<'_>,
    user: UserId,
    command: &Command,
    guard: &ServiceName,
) -> Result<(), Stop> {
    let (changes, ..) = transaction(command)?;
    let may = || {
        for asked in changes {
            let access = access::in_topic(draft, user, asked.topic)?;
            if access.topic.rules.guard.as_ref() == Some(guard) {
                access.require(Permission::ManageFeeds, draft.now)?;
            }
        }
        if draft.user(user)?.is_none_or(|user| user.disabled) {
            return Err(Refusal::Disabled.into());
        }
        Ok(())
    };
    may().map_err(|stop| match stop {
        Stop::Refused(_) => Refusal::NoGuard.into(),
        missing => missing,
    })
}

/// A transaction as its guard is told of it.
///
/// # Errors
/// What the transaction is refused with, or a document that has to be loaded first.
pub fn proposal(
    draft: &Draft<'_>,
    me: UserId,
    op: Option<&OpId>,
    command: &Command,
) -> Result<Proposal, Stop> {
    let (changes, when, group) = transaction(command)?;
    let mut circle = None;
    let mut proposed = Vec::with_capacity(changes.len());
    for asked in changes {
        let topic = access::in_topic(draft, me, asked.topic)?.topic;
        circle = Some(topic.circle);
        let (name, holds) = (topic.name.clone(), topic.holds);
        proposed.push(Proposed { topic: topic.id, name, holds, change: asked.change.clone() });
    }
    let circle = circle.ok_or(Refusal::NoGuard)?;
    let (when, group) = (when.to_vec(), group.cloned());
    Ok(Proposal { circle, op: op.cloned(), changes: proposed, when, group })
}

/// Looks whether a transaction may be done as its guard said, and gives back who has passed it.
///
/// # Errors
/// What a transaction is refused with; [`Refusal::Overtaken`] where what the guard asked for does not
/// hold, [`Refusal::BadVerdict`], [`Refusal::Guarded`] where another guard is to be asked now.
pub fn clear(
    draft: &mut Draft<'_>,
    me: UserId,
    command: &Command,
    judged: &Judged,
    passed: &Passed,
) -> Result<Passed, Stop> {
    if draft.user(me)?.is_none_or(|user| user.disabled) {
        return Err(Refusal::Disabled.into());
    }
    let (changes, when, _) = transaction(command)?;
    for condition in when {
        let access = access::in_topic(draft, me, condition.topic)?;
        holds(draft, &access.topic, condition)?;
    }
    let passed: Passed = passed.iter().chain([&judged.guard]).cloned().collect();
    if let Some(another) = to_ask(draft, me, changes, &passed)? {
        return Err(another.into());
    }
    may_guard(draft, judged.provider, command, &judged.guard)?;
    let Verdict { changes: granted, when } = &judged.verdict;
    if granted.as_ref().is_some_and(|granted| granted.len() > CHANGES_MAX) {
        return Err(bad(format!("it has more than {CHANGES_MAX} changes")).into());
    }
    if when.len() > CHANGES_MAX {
        return Err(bad(format!("it has more than {CHANGES_MAX} conditions")).into());
    }
    let mut seen = BTreeSet::new();
    for granted in granted.iter().flatten() {
        if let Granted::Proposed(place) = granted
            && (*place as usize >= changes.len() || !seen.insert(*place))
        {
            return Err(bad(format!("there is no change {place} to do")).into());
        }
    }
    for condition in when {
        let access = access::in_topic(draft, judged.provider, condition.topic);
        let held = access.and_then(|access| holds(draft, &access.topic, condition));
        held.map_err(|stop| match stop {
            Stop::Refused(Refusal::NotAsAsked) => Refusal::Overtaken.into(),
            Stop::Refused(refusal) => bad(format!("a condition: {refusal}")).into(),
            missing => missing,
        })?;
    }
    Ok(passed)
}

/// Does a transaction as its guard said: what was proposed with the rights of `me`, who did, the rest
/// with those of the guard's provider. All of it is one step of `me`. The guard has to be
/// [clear] to do so.
///
/// # Errors
/// What a transaction is refused with, [`Refusal::BadVerdict`].
pub fn settle(
    draft: &mut Draft<'_>,
    me: UserId,
    command: &Command,
    judged: &Judged,
    passed: &Passed,
) -> Result<Outcome, Stop> {
    let (changes, _, group) = transaction(command)?;
    let mut outcome = Outcome::default();
    let mut done = begin(draft, changes)?;
    let as_proposed: Vec<Granted>;
    let granted = match &judged.verdict.changes {
        Some(granted) => granted,
        None => {
            as_proposed =
                (0_u32..).zip(changes).map(|(place, _)| Granted::Proposed(place)).collect();
            &as_proposed
        }
    };
    for (place, granted) in granted.iter().enumerate() {
        match granted {
            Granted::Proposed(place) => {
                let place = *place as usize;
                let asked = changes.get(place).ok_or(Refusal::NoGuard)?;
                one(draft, (me, None), asked, &mut outcome, &mut done, passed)
                    .map_err(|stop| part(stop, place, changes.len()))?;
            }
            Granted::Effect(asked) => {
                let by = (judged.provider, Some(judged.provider));
                one(draft, by, asked, &mut outcome, &mut done, passed)
                    .map_err(|stop| no_effect(stop, place))?;
            }
        }
    }
    end(draft, me, group, &done, &mut outcome)?;
    Ok(outcome)
}

/// Does one effect of a guard, the one at `place` of what it said, as part of the user's step that has
/// this `group`. `command` is what the guard was asked about.
///
/// # Errors
/// As [`settle`].
pub fn effect(
    draft: &mut Draft<'_>,
    me: UserId,
    command: &Command,
    (asked, place): (&Asked, usize),
    provider: UserId,
    passed: &Passed,
) -> Result<Outcome, Stop> {
    let (changes, _, group) = transaction(command)?;
    let mut outcome = Outcome::default();
    let mut done = begin(draft, changes)?;
    one(draft, (provider, Some(provider)), asked, &mut outcome, &mut done, passed)
        .map_err(|stop| no_effect(stop, place))?;
    end(draft, me, group, &done, &mut outcome)?;
    Ok(outcome)
}

/// Effects go where the transaction is, whatever is left of it.
fn begin(draft: &Draft<'_>, changes: &[Asked]) -> Result<Transaction, Stop> {
    let first = changes.first().map(|asked| draft.topic(asked.topic)).transpose()?.flatten();
    let circle = first.map(|topic| topic.circle);
    Ok(Transaction { circle, ..Transaction::default() })
}

fn end(
    draft: &mut Draft<'_>,
    me: UserId,
    group: Option<&Label>,
    done: &Transaction,
    outcome: &mut Outcome,
) -> Result<(), Stop> {
    conform(draft, &outcome.events)?;
    done.note(draft, me, group)?;
    visible(draft, me, outcome)
}

/// Why an effect of a guard does not happen: nothing that whoever proposed could mend, but for its
/// haste.
fn no_effect(stop: Stop, place: usize) -> Stop {
    match stop {
        Stop::Refused(refusal @ Refusal::TooFast { .. }) => refusal.into(),
        Stop::Refused(Refusal::Guarded { guard, .. }) => {
            bad(format!("its change {place} is for {guard} to decide")).into()
        }
        Stop::Refused(refusal) => bad(format!("its change {place}: {refusal}")).into(),
        missing => missing,
    }
}

fn bad(why: String) -> Refusal {
    Refusal::BadVerdict { why }
}

/// Leaves events out of an outcome that are in topics which the user may not read.
pub(super) fn visible(draft: &Draft<'_>, me: UserId, outcome: &mut Outcome) -> Result<(), Stop> {
    let mut hidden = BTreeSet::new();
    for place in &outcome.events {
        let (FeedId::Topic(topic) | FeedId::Live(topic)) = place.feed else { continue };
        match access::in_topic(draft, me, topic) {
            Ok(_) => {}
            Err(Stop::Refused(_)) => {
                hidden.insert(place.feed);
            }
            Err(missing) => return Err(missing),
        }
    }
    outcome.events.retain(|place| !hidden.contains(&place.feed));
    Ok(())
}
