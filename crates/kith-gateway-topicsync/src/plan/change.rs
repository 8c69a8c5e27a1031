//! One command on one topic: what is asked of Kith, and what it comes to.

use kith_core::command::Command;
use kith_core::decide::guard::Passed;
use kith_core::document::Topic;
use kith_core::draft::Draft;
use kith_core::id::Seq;
use kith_core::refusal::Refusal;
use kith_core::topic::{
    self, Anchor, Change, Fact, Path, Spot, State, Value, byte_at, same, units,
};
use serde_json::Value as Json;

use super::{Done, Halt, Report, Scene, Texts, Wish};
use crate::command::{Ask, Asked};
use crate::entry::plain;
use crate::text::{Edit, Step};
use crate::wire::{What, Wire};

/// What is asked of Kith.
struct Wanted {
    change: Change,
    /// What it is told as, where that does not follow from what happens.
    told: Option<What>,
    id: String,
}

impl Scene<'_> {
    pub(super) fn in_topic(
        &self,
        draft: &mut Draft<'_>,
        (wish, asked): (&Wish, &Asked),
        topic: &Topic,
        texts: &mut Texts,
        passed: &mut Passed,
        report: &mut Report,
    ) -> Result<Done, Halt> {
        let seq = draft.head(topic.feed())?.seq;
        let state = draft.state(topic.id)?.ok_or(Refusal::NoSuchTopic)?;
        let Wanted { change, told, id } = match &asked.ask {
            Ask::InsertText { .. } | Ask::DeleteText { .. } => {
                self.edit(topic, &asked.ask, &wish.id, (&state, seq), texts)?
            }
            ask => wanted(ask, &state, wish)?,
        };
        let fact = state.resolve(seq.next(), &change)?;
        drop(state);
        let asks = topic::Asked { topic: topic.id, change };
        report.asked.push(asks.clone());
        let group = Some(self.group.clone());
        let command = Command::Change { changes: vec![asks], when: Vec::new(), group };
        self.change(draft, &command, passed, report)?;
        let what = match told {
            Some(what) => what,
            None => told_as(&asked.ask, &fact, topic)?,
        };
        self.note(topic, &what, &id, texts);
        let wire = Wire { topic: asked.topic.as_str().into(), is: asked.is, what, id };
        Ok(Done {
            wire,
            place: Some((topic.id, seq.next())),
            is_stateful: !topic.rules.no_undo,
            merge: topic.rules.merge,
            listed: None,
        })
    }

    /// Notes the version that a change of a string made, for those that follow in the same action.
    fn note(&self, topic: &Topic, what: &What, id: &str, texts: &mut Texts) {
        let made = texts.made.get_mut(&topic.id);
        let more = texts.more.entry(topic.id).or_default();
        let before = match (&made, self.followed.get(&topic.id)) {
            (Some(made), _) => made.now().to_owned(),
            (None, Some(followed)) => match &followed.versions {
                Some(versions) => versions.with(more).now().to_owned(),
                None => return,
            },
            (None, None) => return,
        };
        let Some(step) = step(before, what, id) else { return };
        match made {
            Some(made) => made.push(step),
            None => more.push(step),
        }
    }

    /// An edit of a string, as it is on the present text.
    fn edit(
        &self,
        topic: &Topic,
        ask: &Ask,
        id: &str,
        (state, seq): (&State, Seq),
        texts: &Texts,
    ) -> Result<Wanted, Halt> {
        let (base, result, at, edit) = match ask {
            Ask::InsertText { base, at, text, result } => {
                let insert = |at| Edit::Insert { at, text: text.clone() };
                (base, result, u32::try_from(*at).map(insert), "insert")
            }
            Ask::DeleteText { base, at, text, result } => {
                let delete = |at| Edit::Delete { at, text: text.clone() };
                (base, result, u32::try_from(*at).map(delete), "delete")
            }
            _ => return Err(Halt::Fault("this is no edit".to_owned())),
        };
        let asked = at.map_err(|_| Halt::Fault(format!("{edit} at a place before the text")))?;
        let (edit, adjusted, base) = if self.batched && topic.rules.merge {
            (asked, false, base.clone())
        } else {
            let more = texts.more.get(&topic.id).map(Vec::as_slice).unwrap_or_default();
            let view = match (texts.made.get(&topic.id), self.followed.get(&topic.id)) {
                (Some(made), _) => made.with(&[]),
                (None, Some(followed)) => {
                    if Seq(seq.0.saturating_sub(more.len() as u64)) != followed.seq {
                        return Err(Halt::Behind);
                    }
                    followed.versions.as_ref().ok_or(Halt::Behind)?.with(more)
                }
                (None, None) => return Err(Halt::Behind),
            };
            let unknown = || Halt::Fault(format!("the version {base} is not known, or no longer"));
            let (edit, adjusted) = view.rebased(asked, base).ok_or_else(unknown)?;
            (edit, adjusted, if adjusted { view.now().to_owned() } else { base.clone() })
        };
        let id = if adjusted { format!("{id}_adjust") } else { id.to_owned() };
        let Value::String(now) = &state.value else { return Err(Refusal::NoSuchTopic.into()) };
        let result = result.clone();
        let (change, told) = match edit {
            Edit::Insert { at, text } => {
                byte_at(now, at).ok_or(Refusal::OutOfRange)?;
                let change = Change::Splice { at, delete: 0, insert: text.clone(), after: None };
                (change, What::InsertText { base, at, text, result })
            }
            Edit::Delete { at, text } => {
                let there = byte_at(now, at).and_then(|from| now.get(from..));
                if !there.ok_or(Refusal::OutOfRange)?.starts_with(&text) {
                    return Err(Halt::Fault("this text is not there".to_owned()));
                }
                let (delete, insert) = (units(&text), String::new());
                let change = Change::Splice { at, delete, insert, after: None };
                (change, What::DeleteText { base, at, text, result })
            }
            Edit::Whole => return Err(Halt::Fault("this is no edit".to_owned())),
        };
        Ok(Wanted { change, told: Some(told), id })
    }
}

/// The version that a change of a string makes.
pub(crate) fn step(before: String, what: &What, id: &str) -> Option<Step> {
    let (edit, after) = match what {
        What::Set { .. } => (Edit::Whole, id),
        What::InsertText { at, text, result, .. } => {
            (Edit::Insert { at: *at, text: text.clone() }, result.as_str())
        }
        What::DeleteText { at, text, result, .. } => {
            (Edit::Delete { at: *at, text: text.clone() }, result.as_str())
        }
        _ => return None,
    };
    Some(Step { before, edit, after: after.to_owned() })
}

fn wanted(ask: &Ask, state: &State, wish: &Wish) -> Result<Wanted, Halt> {
    let mut id = wish.id.clone();
    let mut told = None;
    let change = match ask {
        Ask::Set { value } => Change::Set { value: value.clone() },
        Ask::Add { by: Json::Number(by) } => Change::Add { by: by.clone() },
        Ask::Add { .. } => return Err(Halt::Fault("this is no number".to_owned())),
        Ask::Append { item } => Change::Append { item: item.clone() },
        Ask::Remove { item } => Change::Remove(Spot::Item(item.clone())),
        Ask::Insert { item, at } => {
            let count = count(state);
            let at = if *at < 0 { count.saturating_add(*at).saturating_add(1) } else { *at };
            let place = at.clamp(0, count);
            let item = item.clone();
            told = Some(What::Insert { item: item.clone(), at, place: whole(place)? });
            Change::Insert { value: item, to: Some(Anchor::At(place)), element: None }
        }
        Ask::Pop { at } => {
            let count = count(state);
            let at = if *at < 0 { count.saturating_add(*at) } else { *at };
            // The originals count from the end twice.
            let place = if at < 0 { count.saturating_add(at) } else { at };
            let place = whole(place)?;
            let Value::List(elements) = &state.value else {
                return Err(Refusal::NoSuchElement.into());
            };
            let item = elements.get(place as usize).ok_or(Refusal::OutOfRange)?.value.clone();
            told = Some(What::Pop { at, item, place });
            Change::Remove(Spot::At(place.into()))
        }
        Ask::AddKey { key, value } => {
            if there(state, key).is_some() {
                return Err(Refusal::KeyTaken.into());
            }
            Change::Put { path: Path::key(key), value: value.clone() }
        }
        Ask::PopKey { key } => Change::Remove(Spot::Path(Path::key(key))),
        Ask::ChangeKey { key, value, old } => {
            let before = there(state, key).ok_or(Refusal::NoSuchPath)?;
            if !same(before, old) {
                id.clone_from(&wish.spare);
            }
            Change::Put { path: Path::key(key), value: value.clone() }
        }
        Ask::Emit { args } => Change::Emit { args: args.clone() },
        Ask::InsertText { .. } | Ask::DeleteText { .. } => {
            return Err(Halt::Fault("this is no string".to_owned()));
        }
    };
    Ok(Wanted { change, told, id })
}

fn whole(place: i64) -> Result<u32, Halt> {
    u32::try_from(place).map_err(|_| Refusal::OutOfRange.into())
}

fn count(state: &State) -> i64 {
    i64::try_from(state.value.count()).unwrap_or(i64::MAX)
}

fn there<'a>(state: &'a State, key: &str) -> Option<&'a Json> {
    match &state.value {
        Value::Map(entries) => entries.get(key),
        _ => None,
    }
}

/// What happened, as it was asked for.
fn told_as(ask: &Ask, fact: &Fact, topic: &Topic) -> Result<What, Halt> {
    Ok(match (ask, fact) {
        (_, Fact::Set { value, was }) => {
            What::Set { value: plain(topic.holds, value), old: plain(topic.holds, was) }
        }
        (_, Fact::Add { by, .. }) => What::Add { by: Json::Number(by.clone()) },
        (_, Fact::Append { item, .. }) => What::Append { item: item.clone() },
        (_, Fact::Exclude { item, .. }) => What::Remove { item: item.clone() },
        (Ask::AddKey { key, value }, _) => What::AddKey { key: key.clone(), value: value.clone() },
        (Ask::PopKey { key }, Fact::Drop { was, .. }) => {
            What::PopKey { key: key.clone(), value: was.clone() }
        }
        (Ask::ChangeKey { key, value, .. }, Fact::Put { was: Some(was), .. }) => {
            What::ChangeKey { key: key.clone(), value: value.clone(), old: was.clone() }
        }
        (_, Fact::Emit { args }) => What::Emit { args: args.clone() },
        _ => return Err(Halt::Fault("this cannot be told".to_owned())),
    })
}
