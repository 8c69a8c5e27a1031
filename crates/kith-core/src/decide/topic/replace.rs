//! A topic that is there already, made as somebody has it from elsewhere: all of it, or nothing.

use serde_json::Value as Json;

use super::{Wanted, conforms, fits, forgets, managed, narrow, transact};
use crate::command::Outcome;
use crate::decide::{audit, tell};
use crate::draft::{Draft, Stop};
use crate::event::{Act, Body};
use crate::id::{CircleId, FeedId, Seq, TopicId, UserId};
use crate::permission::Permission;
use crate::refusal::Refusal;
use crate::topic::{Asked, Change, Kind, State, Value, same};

/// Gives the topic of the name that is wanted the wanted rules, rights and value. What is so already
/// is left alone. A text cannot be given another value: it has to be the same.
pub(super) fn make_so(
    draft: &mut Draft<'_>,
    me: UserId,
    circle: CircleId,
    to: &Wanted<'_>,
) -> Result<Outcome, Stop> {
    let named = draft.topic_named(circle, to.name.clone())?.ok_or(Refusal::NoSuchTopic)?;
    let access = match managed(draft, me, named.topic) {
        // Who may not see it is told what is told of every name that is taken.
        Err(Stop::Refused(Refusal::NoSuchTopic)) => return Err(Refusal::NameTaken.into()),
        found => found?,
    };
    access.require(Permission::Write, draft.now)?;
    let topic = &access.topic;
    if topic.holds != to.holds {
        return Err(Refusal::WrongKind { kind: topic.holds }.into());
    }
    if topic.rules.ephemeral != to.rules.ephemeral {
        return Err(Refusal::LifetimeStays.into());
    }
    if topic.rules.yjs != to.rules.yjs {
        return Err(Refusal::DocumentStays.into());
    }
    let mut outcome = Outcome { topic: Some(topic.id), ..Outcome::default() };
    if *to.rules != topic.rules {
        audit(draft, circle, Act::TopicChanged { topic: topic.id })?;
        let (name, rules) = (topic.name.clone(), Box::new(to.rules.clone()));
        let body = Body::TopicChanged { name, rules };
        tell(draft, &mut outcome, FeedId::Topic(topic.id), body)?;
        forgets(draft, topic, to.rules)?;
    }
    if topic.holds != Kind::Event {
        set(draft, me, topic.id, to, &mut outcome)?;
    }
    // Last, for it may take the right to write from whoever does this.
    if *to.deny != topic.deny {
        let narrowed = narrow(draft, me, topic.id, to.deny)?;
        outcome.events.extend(narrowed.events);
    }
    Ok(outcome)
}

fn set(
    draft: &mut Draft<'_>,
    me: UserId,
    topic: TopicId,
    to: &Wanted<'_>,
    outcome: &mut Outcome,
) -> Result<(), Stop> {
    let value = to.rules.value(to.holds, to.value)?;
    let names = matches!(to.value, Some(Json::Object(_)));
    fits(&State::new(Seq(1), value.clone()), to.rules)?;
    conforms(to.rules, &value)?;
    let now = draft.state(topic)?.ok_or(Refusal::NoSuchTopic)?;
    if is_same(&now.value, &value, names) {
        return Ok(());
    }
    let value = to.value.cloned().unwrap_or_else(|| value.to_plain());
    let changes = [Asked { topic, change: Change::Set { value } }];
    // Whoever may do this could take the guard away as well.
    let passed = to.rules.guard.iter().cloned().collect();
    outcome.events.extend(transact(draft, me, &changes, &[], None, &passed)?.events);
    Ok(())
}

/// Whether a value is so already; `names` says whether those of the elements of a list matter.
fn is_same(now: &Value, value: &Value, names: bool) -> bool {
    match (now, value) {
        (Value::Text(now), Value::Text(text)) => now.known() == text.known(),
        (Value::List(now), Value::List(elements)) if names => now == elements,
        _ => same(&now.to_plain(), &value.to_plain()),
    }
}
