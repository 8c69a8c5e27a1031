//! Topics: made, changed in what they are, and changed in what they hold.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value as Json;

use crate::access::{self, InTopic};
use crate::command::{Outcome, Place};
use crate::decide::guard::{self, Passed};
use crate::decide::stream::may_deny;
use crate::decide::{audit, tell, undo};
use crate::document::{Doc, Kept, Key, Mark, Past, Placed, Rules, Tally, Topic};
use crate::draft::{Draft, Stop};
use crate::event::{Act, Body};
use crate::id::{CircleId, FeedId, RoleId, Seq, TopicId, UserId};
use crate::permission::{Permission, Permissions};
use crate::refusal::Refusal;
use crate::text::{Label, TopicName};
use crate::topic::text::Text;
use crate::topic::{Asked, Condition, Fact, Kind, State, Value, same, schema};

mod replace;

/// The most topics of a circle.
pub const TOPICS_MAX: usize = 10_000;
/// The most bytes of a kept value: room for the largest that is no document, however much of it JSON
/// writes as six bytes for one. A document that takes more is kept when it is merged.
const KEPT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The most changes and conditions of one transaction.
pub const CHANGES_MAX: usize = 1000;

/// How a topic shall be.
pub(crate) struct Wanted<'a> {
    pub(crate) name: &'a TopicName,
    pub(crate) holds: Kind,
    pub(crate) value: Option<&'a Json>,
    pub(crate) rules: &'a Rules,
    pub(crate) deny: &'a BTreeMap<RoleId, Permissions>,
    /// One that is there already is made so.
    pub(crate) replace: bool,
}

pub(crate) fn create(
    draft: &mut Draft<'_>,
    me: UserId,
    circle: CircleId,
    to: &Wanted<'_>,
) -> Result<Outcome, Stop> {
    let standing = access::in_circle(draft, me, circle)?;
    standing.require(Permission::ManageFeeds, draft.now)?;
    may_deny(&standing, &BTreeMap::new(), to.deny)?;
    to.rules.check(to.holds)?;
    if to.replace && draft.topic_named(circle, to.name.clone())?.is_some() {
        return replace::make_so(draft, me, circle, to);
    }
    free(draft, circle, to.name)?;
    let tally = draft.tally(circle)?.unwrap_or_default();
    if tally.topics as usize >= TOPICS_MAX {
        return Err(Refusal::TooMany { max: TOPICS_MAX }.into());
    }
    count(draft, circle, &tally, tally.topics + 1);
    let value = to.rules.value(to.holds, to.value)?;
    fits(&State::new(Seq(1), value.clone()), to.rules)?;
    conforms(to.rules, &value)?;
    let topic = TopicId::new(draft.now, draft.random());
    let body = Body::TopicCreated {
        circle,
        name: to.name.clone(),
        holds: to.holds,
        value: value.to_json(),
        rules: Box::new(to.rules.clone()),
        deny: to.deny.clone(),
    };
    let mut outcome = Outcome { topic: Some(topic), ..Outcome::default() };
    tell(draft, &mut outcome, FeedId::Topic(topic), body)?;
    audit(draft, circle, Act::TopicCreated { topic, name: to.name.clone() })?;
    Ok(outcome)
}

/// Refuses a name that another topic of the circle has.
fn free(draft: &Draft<'_>, circle: CircleId, name: &TopicName) -> Result<(), Stop> {
    match draft.topic_named(circle, name.clone())? {
        Some(_) => Err(Refusal::NameTaken.into()),
        None => Ok(()),
    }
}

fn count(draft: &mut Draft<'_>, circle: CircleId, tally: &Tally, topics: u32) {
    let tally = Tally { topics, ..tally.clone() };
    draft.put(Key::Tally(circle), Some(Doc::Tally(Arc::new(tally))));
}

fn managed(draft: &Draft<'_>, me: UserId, topic: TopicId) -> Result<InTopic, Stop> {
    let access = access::in_topic(draft, me, topic)?;
    access.require(Permission::ManageFeeds, draft.now)?;
    Ok(access)
}

pub(crate) fn change(
    draft: &mut Draft<'_>,
    me: UserId,
    topic: TopicId,
    name: &TopicName,
    rules: &Rules,
) -> Result<Outcome, Stop> {
    let access = managed(draft, me, topic)?;
    rules.check(access.topic.holds)?;
    if rules.ephemeral != access.topic.rules.ephemeral {
        return Err(Refusal::LifetimeStays.into());
    }
    if rules.yjs != access.topic.rules.yjs {
        return Err(Refusal::DocumentStays.into());
    }
    if rules.schema.is_some() && rules.schema != access.topic.rules.schema {
        let state = draft.state(topic)?.ok_or(Refusal::NoSuchTopic)?;
        conforms(rules, &state.value)?;
    }
    if *name != access.topic.name {
        free(draft, access.topic.circle, name)?;
    }
    audit(draft, access.topic.circle, Act::TopicChanged { topic })?;
    let mut outcome = Outcome::default();
    let body = Body::TopicChanged { name: name.clone(), rules: Box::new(rules.clone()) };
    tell(draft, &mut outcome, FeedId::Topic(topic), body)?;
    forgets(draft, &access.topic, rules)?;
    Ok(outcome)
}

/// Where less is to be kept of a topic than before, keeps what it is now: it can begin here.
fn forgets(draft: &mut Draft<'_>, topic: &Topic, rules: &Rules) -> Result<(), Stop> {
    match rules.history != topic.rules.history && rules.events_kept().is_some() {
        true => keep(draft, topic.id),
        false => Ok(()),
    }
}

pub(crate) fn narrow(
    draft: &mut Draft<'_>,
    me: UserId,
    topic: TopicId,
    deny: &BTreeMap<RoleId, Permissions>,
) -> Result<Outcome, Stop> {
    let access = managed(draft, me, topic)?;
    may_deny(&access.standing, &access.topic.deny, deny)?;
    audit(draft, access.topic.circle, Act::TopicNarrowed { topic, deny: deny.clone() })?;
    let mut outcome = Outcome::default();
    tell(draft, &mut outcome, FeedId::Topic(topic), Body::TopicNarrowed { deny: deny.clone() })?;
    Ok(outcome)
}

pub(crate) fn remove(draft: &mut Draft<'_>, me: UserId, topic: TopicId) -> Result<Outcome, Stop> {
    let access = managed(draft, me, topic)?;
    let (circle, name) = (access.topic.circle, access.topic.name.clone());
    let tally = draft.tally(circle)?.unwrap_or_default();
    count(draft, circle, &tally, tally.topics.saturating_sub(1));
    drop_it(draft, topic)?;
    audit(draft, circle, Act::TopicRemoved { topic, name })?;
    Ok(Outcome::default())
}

/// Ends a topic, and notes that what it held is to be forgotten.
pub(super) fn drop_it(draft: &mut Draft<'_>, topic: TopicId) -> Result<(), Stop> {
    draft.emit(FeedId::Topic(topic), Body::TopicRemoved {})?;
    draft.put(Key::Gone(topic), Some(Doc::Gone(Arc::new(Mark { at: draft.now }))));
    if draft.past(topic)?.is_some() {
        draft.put(Key::Past(topic), None);
    }
    Ok(())
}

/// Does all of `changes`, or nothing, if all of `when` hold. It is a step of the user's, or part of
/// their last one, when that has the same `group`. A guarded topic is changed only where its guard has
/// `passed`.
pub(crate) fn transact(
    draft: &mut Draft<'_>,
    me: UserId,
    changes: &[Asked],
    when: &[Condition],
    group: Option<&Label>,
    passed: &Passed,
) -> Result<Outcome, Stop> {
    if changes.len() > CHANGES_MAX || when.len() > CHANGES_MAX {
        return Err(Refusal::TooMany { max: CHANGES_MAX }.into());
    }
    for condition in when {
        let access = access::in_topic(draft, me, condition.topic)?;
        holds(draft, &access.topic, condition)?;
    }
    let mut outcome = Outcome::default();
    let mut done = Transaction::default();
    for (place, asked) in changes.iter().enumerate() {
        match one(draft, (me, None), asked, &mut outcome, &mut done, passed) {
            Ok(()) => {}
            Err(Stop::Refused(Refusal::Guarded { .. })) => {
                let guard = guard::to_ask(draft, me, changes, passed)?;
                return Err(guard.unwrap_or(Refusal::NoGuard).into());
            }
            Err(stop) => return Err(guard::part(stop, place, changes.len())),
        }
    }
    conform(draft, &outcome.events)?;
    done.note(draft, me, group)?;
    Ok(outcome)
}

/// What a transaction came to so far.
#[derive(Default)]
pub(super) struct Transaction {
    pub(super) circle: Option<CircleId>,
    /// What of it is to be taken back.
    pub(super) places: Vec<Placed>,
    /// Something of that can be: it is more than edits of Yjs documents.
    pub(super) turns_back: bool,
}

impl Transaction {
    /// Notes it as a step of a user's. Edits of documents alone are none, for their editors take them
    /// back, unless they are part of a group: then all of it is one.
    pub(super) fn note(
        &self,
        draft: &mut Draft<'_>,
        me: UserId,
        group: Option<&Label>,
    ) -> Result<(), Stop> {
        match self.circle {
            Some(circle) if self.turns_back || group.is_some() => {
                undo::note(draft, me, circle, group, &self.places)
            }
            _ => Ok(()),
        }
    }
}

/// Refuses where a condition does not hold.
pub(super) fn holds(
    draft: &mut Draft<'_>,
    topic: &Topic,
    condition: &Condition,
) -> Result<(), Stop> {
    let seq = draft.head(topic.feed())?.seq;
    let state = draft.state(condition.topic)?.ok_or(Refusal::NoSuchTopic)?;
    let is_at = condition.seq.is_none_or(|asked| asked == seq);
    let equals = condition.value.as_ref().is_none_or(|asked| same(asked, &state.value.to_plain()));
    if is_at && equals { Ok(()) } else { Err(Refusal::NotAsAsked.into()) }
}

/// Does one change with the rights of `user`; where those are lent to another, `lent` says by whom.
pub(super) fn one(
    draft: &mut Draft<'_>,
    (user, lent): (UserId, Option<UserId>),
    asked: &Asked,
    outcome: &mut Outcome,
    done: &mut Transaction,
    passed: &Passed,
) -> Result<(), Stop> {
    let access = access::in_topic(draft, user, asked.topic)?;
    access.require(Permission::Write, draft.now)?;
    if *done.circle.get_or_insert(access.topic.circle) != access.topic.circle {
        return Err(Refusal::SeveralCircles.into());
    }
    if let Some(guard) = access.topic.rules.guard.as_ref().filter(|guard| !passed.contains(guard)) {
        let circle = access.topic.circle;
        return Err(Refusal::Guarded { circle, guard: guard.clone() }.into());
    }
    pace(draft, &access.topic)?;
    let seq = draft.head(access.topic.feed())?.seq.next();
    let state = draft.state(asked.topic)?.ok_or(Refusal::NoSuchTopic)?;
    let resolved = state.resolve(seq, &asked.change);
    let fact = resolved.map_err(|refusal| of_kind(refusal, access.topic.holds))?;
    if let (Fact::Emit { args }, Some(schema)) = (&fact, &access.topic.rules.schema) {
        schema::conforms(schema, &Json::Object(args.clone()))?;
    }
    // What no store has is not there any more when it is to be taken back.
    let rules = &access.topic.rules;
    if !rules.ephemeral && !rules.no_undo && !matches!(fact, Fact::Emit { .. }) {
        done.places.push(Placed { topic: asked.topic, seq, by: lent });
        done.turns_back |= fact.can_turn_back();
    }
    happen(draft, outcome, &access.topic, state, fact)
}

/// A refusal that names the kind of a topic, as the topic was made.
fn of_kind(refusal: Refusal, holds: Kind) -> Refusal {
    match refusal {
        Refusal::WrongChange { .. } => Refusal::WrongChange { kind: holds },
        other => other,
    }
}

/// Tells of what happens to a topic in this state, if its rules allow it.
pub(super) fn happen(
    draft: &mut Draft<'_>,
    outcome: &mut Outcome,
    topic: &Topic,
    state: Arc<State>,
    fact: Fact,
) -> Result<(), Stop> {
    fits_after(&state, &fact, &topic.rules)?;
    let due = state.is_due();
    // Whoever changes it is to find nobody else who holds it.
    drop(state);
    tell(draft, outcome, topic.feed(), Body::Changed { fact })?;
    if due && !topic.rules.ephemeral {
        keep(draft, topic.id)?;
    }
    Ok(())
}

/// Refuses more changes in a second than the topic's rules allow.
fn pace(draft: &mut Draft<'_>, topic: &Topic) -> Result<(), Stop> {
    let Some(max) = topic.rules.changes_per_second else { return Ok(()) };
    let key = Key::Pace(topic.id);
    let (begin, count) = match draft.find(&key)? {
        Some(Doc::Pace(begin, count)) if draft.now.0.wrapping_sub(begin.0) < 1000 => (begin, count),
        _ => (draft.now, 0),
    };
    if count >= max {
        let wait_ms = 1000 - (draft.now.0 - begin.0);
        return Err(Refusal::TooFast { wait_ms }.into());
    }
    draft.put(key, Some(Doc::Pace(begin, count + 1)));
    Ok(())
}

/// Keeps the value, so that it need not be told from its beginning.
fn keep(draft: &mut Draft<'_>, topic: TopicId) -> Result<(), Stop> {
    let seq = draft.head(FeedId::Topic(topic))?.seq;
    let Some(mut state) = draft.state(topic)? else { return Ok(()) };
    let Some(found) = draft.topic(topic)? else { return Ok(()) };
    if state.weight() <= KEPT_BYTES_MAX {
        let kept = Doc::Kept(Arc::new(Kept::new(seq, Arc::clone(&found), &state)));
        if kept.to_json().len() <= KEPT_BYTES_MAX {
            draft.put(Key::Kept(topic, seq), Some(kept));
        }
    }
    may_forget(draft, &found, seq);
    Arc::make_mut(&mut state).kept();
    draft.put(Key::State(topic), Some(Doc::State(state)));
    Ok(())
}

/// Notes that a value is kept, so that there may be something to forget.
fn may_forget(draft: &mut Draft<'_>, topic: &Topic, kept: Seq) {
    if topic.rules.events_kept().is_some() {
        draft.put(Key::Past(topic.id), Some(Doc::Past(Arc::new(Past { kept }))));
    }
}

/// Refuses a value that is not of the form that the rules ask for. An event has none.
fn conforms(rules: &Rules, value: &Value) -> Result<(), Refusal> {
    match &rules.schema {
        Some(schema) if *value != Value::Event => schema::conforms(schema, &value.to_plain()),
        _ => Ok(()),
    }
}

/// Refuses what these events made of topics, when it is not of the form that their rules ask for.
/// What is so for a moment between two changes of one transaction does not matter.
pub(super) fn conform(draft: &mut Draft<'_>, events: &[Place]) -> Result<(), Stop> {
    let mut seen = BTreeSet::new();
    for place in events {
        let (FeedId::Topic(id) | FeedId::Live(id)) = place.feed else { continue };
        let Some(topic) = draft.topic(id)? else { continue };
        if topic.rules.schema.is_some()
            && seen.insert(id)
            && let Some(state) = draft.state(id)?
        {
            conforms(&topic.rules, &state.value)?;
        }
    }
    Ok(())
}

/// Puts what was merged of a `text` into the place of what it was made of, and keeps it: `before` was
/// the document after the event that `kept` is about. Nothing happens where others did so first.
///
/// # Errors
/// [`Stop::Missing`] when a document has to be loaded first.
pub fn merge(
    draft: &mut Draft<'_>,
    topic: TopicId,
    before: &Text,
    merged: &Text,
    kept: &Arc<Kept>,
) -> Result<Outcome, Stop> {
    let Some(found) = draft.topic(topic)? else { return Ok(Outcome::default()) };
    let Some(state) = draft.state(topic)? else { return Ok(Outcome::default()) };
    if let Some(text) = state.text().and_then(|now| now.after_merge(before, merged)) {
        let state = Arc::new(state.merged(text));
        draft.put(Key::State(topic), Some(Doc::State(state)));
        // What no store has is kept by none.
        if !found.rules.ephemeral {
            draft.put(Key::Kept(topic, kept.seq), Some(Doc::Kept(Arc::clone(kept))));
            may_forget(draft, &found, kept.seq);
        }
    }
    Ok(Outcome::default())
}

/// Refuses a value beyond what the rules allow.
fn fits(state: &State, rules: &Rules) -> Result<(), Refusal> {
    let max = rules.bytes(state.kind());
    if state.weight() > max || state.value.count() > rules.count() {
        return Err(Refusal::TooLarge { max });
    }
    Ok(())
}

/// Refuses what brings the value beyond what the rules allow. What makes it smaller is never
/// refused, for how else could it become so.
fn fits_after(state: &State, fact: &Fact, rules: &Rules) -> Result<(), Refusal> {
    let growth = fact.growth();
    let weight = match fact {
        Fact::Set { .. } | Fact::Emit { .. } => growth.more,
        _ => (state.weight() + growth.more).saturating_sub(growth.less),
    };
    let count = match fact {
        Fact::Set { value, .. } => value.as_array().map_or(0, Vec::len),
        _ => state.value.count() + usize::from(growth.one_more),
    };
    let max = rules.bytes(state.kind());
    let heavier = growth.more > growth.less && weight > max;
    if heavier || (growth.one_more && count > rules.count()) {
        return Err(Refusal::TooLarge { max });
    }
    Ok(())
}
