//! Taking back what one did to the topics of a circle, and doing it again.
//!
//! What a user does there is a line of steps. To take back the last one is a transaction like any
//! other: it says what undoes those changes on the present values and leaves alone what others did
//! since. To do a step again is to take back its taking back.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::access;
use crate::command::Outcome;
use crate::decide::guard;
use crate::decide::topic::{conform, happen};
use crate::document::{Doc, Key, Placed, STEP_CHANGES_MAX, STEPS_MAX, Step, Steps};
use crate::draft::{Draft, Stop};
use crate::id::{CircleId, FeedId, Seq, TopicId, UserId};
use crate::permission::Permission;
use crate::refusal::Refusal;
use crate::text::Label;
use crate::topic::{Fact, Kind};

/// Whether a step is taken back or done again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Taken back.
    Back,
    /// Done again.
    Again,
}

/// Notes what a user did as a step: a new one, or part of the last, when `group` says so. What was
/// undone before can no longer be done again.
pub(super) fn note(
    draft: &mut Draft<'_>,
    me: UserId,
    circle: CircleId,
    group: Option<&Label>,
    places: &[Placed],
) -> Result<(), Stop> {
    if places.is_empty() {
        return Ok(());
    }
    let mut line = draft.steps(circle, me)?;
    let steps = &mut Arc::make_mut(&mut line).steps;
    while let Some(step) = steps.pop_back_if(|step| step.undone) {
        draft.put(Key::Step(circle, me, step.slot()), None);
    }
    let grows = |step: &Step| {
        let changes = step.changes() + places.len() as u64;
        group.is_some() && step.group.as_ref() == group && changes <= STEP_CHANGES_MAX
    };
    let mut step = match steps.pop_back() {
        Some(last) if grows(&last) => Arc::unwrap_or_clone(last),
        last => {
            let number = last.as_ref().map_or(0, |last| last.number + 1);
            steps.extend(last);
            let group = group.cloned();
            Step { number, at: draft.now, group, undone: false, parts: Vec::new() }
        }
    };
    step.at = draft.now;
    places.iter().for_each(|place| step.add(*place));
    if steps.len() >= STEPS_MAX {
        steps.pop_front();
    }
    put(draft, (circle, me), line, step);
    Ok(())
}

/// Puts a step at the end of a line.
fn put(draft: &mut Draft<'_>, whose: (CircleId, UserId), mut line: Arc<Steps>, step: Step) {
    let step = Arc::new(step);
    let key = Key::Step(whose.0, whose.1, step.slot());
    draft.put(key, Some(Doc::Step(Arc::clone(&step))));
    let steps = &mut Arc::make_mut(&mut line).steps;
    let place = steps.partition_point(|other| other.number < step.number);
    steps.insert(place, step);
    draft.put(Key::Steps(whose.0, whose.1), Some(Doc::Steps(line)));
}

/// Takes back the last step of a user, or does the one again that was taken back last. A step of
/// which nothing is to be seen is passed over. With `skip` the step is forgotten instead.
pub(crate) fn turn(
    draft: &mut Draft<'_>,
    me: UserId,
    circle: CircleId,
    way: Way,
    skip: bool,
) -> Result<Outcome, Stop> {
    access::in_circle(draft, me, circle)?;
    let mut outcome = Outcome::default();
    let mut turned = false;
    loop {
        let mut line = draft.steps(circle, me)?;
        let done = line.steps.partition_point(|step| !step.undone);
        let place = if way == Way::Back { done.checked_sub(1) } else { Some(done) };
        let is_known = |step: &Step| !step.is_over(draft.now);
        let step = place.and_then(|place| line.steps.get(place)).filter(|step| is_known(step));
        let Some(step) = step.cloned() else {
            let nothing = match way {
                Way::Back => Refusal::NothingToUndo,
                Way::Again => Refusal::NothingToRedo,
            };
            return if turned { Ok(outcome) } else { Err(nothing.into()) };
        };
        Arc::make_mut(&mut line).steps.retain(|other| other.number != step.number);
        if skip {
            draft.put(Key::Step(circle, me, step.slot()), None);
            draft.put(Key::Steps(circle, me), Some(Doc::Steps(line)));
            return Ok(outcome);
        }
        let begin = outcome.events.len();
        let (visible, lent) = revert(draft, me, &step, &mut outcome)?;
        conform(draft, outcome.events.get(begin..).unwrap_or_default())?;
        let undone = way == Way::Back;
        let mut step = Step { undone, parts: Vec::new(), ..Arc::unwrap_or_clone(step) };
        for place in outcome.events.get(begin..).unwrap_or_default() {
            if let FeedId::Topic(topic) = place.feed {
                step.add(Placed { topic, seq: place.seq, by: lent.get(&topic).copied() });
            }
        }
        put(draft, (circle, me), line, step);
        if !lent.is_empty() {
            guard::visible(draft, me, &mut outcome)?;
        }
        if visible {
            return Ok(outcome);
        }
        turned = true;
    }
}

/// Whose rights were lent for what happened to topics.
type Lent = BTreeMap<TopicId, UserId>;

/// Takes back what brought about how a step stands now; whether anything of that can be seen. What a
/// guard did to a topic alone is taken back with the rights with which it was done.
fn revert(
    draft: &mut Draft<'_>,
    me: UserId,
    step: &Step,
    outcome: &mut Outcome,
) -> Result<(bool, Lent), Stop> {
    let mut by_topic: BTreeMap<TopicId, Vec<(Seq, Fact)>> = BTreeMap::new();
    let mut lent: Lent =
        step.parts.iter().filter_map(|part| Some((part.topic, part.by?))).collect();
    for part in step.parts.iter().filter(|part| part.by.is_none()) {
        lent.remove(&part.topic);
    }
    for part in &step.parts {
        match draft.topic(part.topic)? {
            // Refused before what happened is read, for updates may be large.
            Some(topic) if topic.form() == Kind::Text => return Err(Refusal::NoWayBack.into()),
            Some(_) => {}
            None => continue,
        }
        let facts = draft.facts(part.topic, part.from, part.to)?;
        if facts.facts.len() as u64 != part.count() {
            return Err(Refusal::Stale.into());
        }
        by_topic.entry(part.topic).or_default().extend(facts.facts.iter().cloned());
    }
    let mut visible = false;
    for (id, facts) in by_topic {
        let user = lent.get(&id).copied().unwrap_or(me);
        let access = access::in_topic(draft, user, id)?;
        access.require(Permission::Write, draft.now)?;
        let back = draft.state(id)?.ok_or(Refusal::NoSuchTopic)?.revert(&facts)?;
        for fact in back {
            visible |= fact.is_visible();
            let state = draft.state(id)?.ok_or(Refusal::NoSuchTopic)?;
            happen(draft, outcome, &access.topic, state, fact)?;
        }
    }
    Ok((visible, lent))
}
