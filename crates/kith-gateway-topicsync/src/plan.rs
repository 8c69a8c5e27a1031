//! An action as a decision: its commands become commands of Kith, all of them on one draft, so that
//! they happen together or not at all. What each comes to is noted as topicsync writes it.

mod change;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use kith_core::access;
use kith_core::command::{self, Command, Outcome};
use kith_core::decide::guard::{self, Judged, Passed};
use kith_core::draft::{Draft, Stop};
use kith_core::id::{CircleId, Seq, TopicId, UserId};
use kith_core::refusal::Refusal;
use kith_core::text::{Label, ServiceName, TopicName};
use kith_core::topic::{self, Granted};

use crate::command::{Ask, Asked};
use crate::entry::{New, RESERVED, TOPIC_LIST};
use crate::room::{Followed, Known};
use crate::text::{Step, Versions};
use crate::wire::{Type, What, Wire};

pub(crate) use change::step;

/// One command, and the ids that its change may get.
pub(crate) struct Wish {
    pub(crate) asked: Result<Asked, String>,
    pub(crate) id: String,
    /// In place of that of a client that took the value before for another.
    pub(crate) spare: String,
}

/// Who acts, and what is known of the topics.
pub(crate) struct Scene<'a> {
    pub(crate) user: UserId,
    pub(crate) circle: CircleId,
    /// The acting client speaks the newer dialect.
    pub(crate) batched: bool,
    /// What makes all of it one step of the user's.
    pub(crate) group: &'a Label,
    pub(crate) known: &'a BTreeMap<Arc<str>, Known>,
    pub(crate) followed: &'a HashMap<TopicId, Followed>,
    /// The guards that need not be asked.
    pub(crate) passed: &'a Passed,
}

/// A command that was done.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    pub(crate) wire: Wire,
    /// Which topic and event it became; `None` for what happened to the list.
    pub(crate) place: Option<(TopicId, Seq)>,
    /// It is undone when the action fails.
    pub(crate) is_stateful: bool,
    /// It may be told later, merged.
    pub(crate) merge: bool,
    /// The topic that was made or removed.
    pub(crate) listed: Option<Listed>,
}

/// What happened to the list of topics.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Listed {
    /// This came.
    Made(TopicId),
    /// This went.
    Gone,
}

/// What came of an action.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) done: Vec<Done>,
    /// Why the command after those that were done was not.
    pub(crate) fault: Option<String>,
    /// Others did something that is not known here yet: it is to be tried again.
    pub(crate) behind: bool,
    /// What was asked of Kith.
    pub(crate) asked: Vec<topic::Asked>,
    /// The guard that has to be asked first; until then what was done is only supposed.
    guard: Option<ServiceName>,
}

impl Report {
    /// Notes what became of a command.
    fn note(&mut self, done: Result<Option<Done>, Halt>) -> Result<(), Stop> {
        match done {
            Ok(done) => self.done.extend(done),
            Err(Halt::Stop(Stop::Missing(key))) => return Err(Stop::Missing(key)),
            Err(Halt::Stop(Stop::Refused(refusal))) => {
                self.fault = Some(refusal.to_string());
                return Err(refusal.into());
            }
            Err(Halt::Fault(fault)) => {
                self.fault = Some(fault);
                return Err(Refusal::NotAsAsked.into());
            }
            Err(Halt::Behind) => {
                self.behind = true;
                return Err(Refusal::NotAsAsked.into());
            }
        }
        Ok(())
    }
}

/// Why a command was not done.
enum Halt {
    Stop(Stop),
    Fault(String),
    Behind,
}

impl From<Stop> for Halt {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

impl From<Refusal> for Halt {
    fn from(refusal: Refusal) -> Self {
        Self::Stop(refusal.into())
    }
}

impl Scene<'_> {
    /// Does all of `wishes`; of `plain` only those that are not undone when an action fails.
    pub(crate) fn play(
        &self,
        draft: &mut Draft<'_>,
        wishes: &[Wish],
        plain: bool,
        report: &mut Report,
    ) -> Result<Outcome, Stop> {
        *report = Report::default();
        let mut texts = Texts::default();
        let mut passed = self.passed.clone();
        for wish in wishes {
            let done = self.one(draft, wish, plain, &mut texts, &mut passed, report);
            report.note(done)?;
        }
        let Some(guard) = report.guard.take() else { return Ok(Outcome::default()) };
        if report.done.iter().any(|done| done.listed.is_some()) {
            let fault = "topics are not made or removed together with changes of guarded ones";
            report.fault = Some(fault.to_owned());
        }
        Err(Refusal::Guarded { circle: self.circle, guard }.into())
    }

    /// Does what a guard said of `wishes`, of which it was asked by `command`.
    pub(crate) fn play_judged(
        &self,
        draft: &mut Draft<'_>,
        wishes: &[Wish],
        (command, judged): (&Command, &Judged),
        report: &mut Report,
    ) -> Result<Outcome, Stop> {
        *report = Report::default();
        let mut texts = Texts::default();
        let mut passed = guard::clear(draft, self.user, command, judged, self.passed)?;
        let as_proposed: Vec<Granted>;
        let granted = match &judged.verdict.changes {
            Some(granted) => granted,
            None => {
                let all = (0_u32..).zip(wishes);
                as_proposed = all.map(|(place, _)| Granted::Proposed(place)).collect();
                &as_proposed
            }
        };
        for (place, granted) in granted.iter().enumerate() {
            match granted {
                Granted::Proposed(wish) => {
                    let Some(wish) = wishes.get(*wish as usize) else { continue };
                    let done = self.one(draft, wish, false, &mut texts, &mut passed, report);
                    report.note(done)?;
                }
                Granted::Effect(asked) => {
                    let (user, provider) = (self.user, judged.provider);
                    guard::effect(draft, user, command, (asked, place), provider, &passed)?;
                }
            }
        }
        Ok(Outcome::default())
    }

    /// Decides a change. Where a guard has to be asked first, it is supposed to let it pass.
    fn change(
        &self,
        draft: &mut Draft<'_>,
        command: &Command,
        passed: &mut Passed,
        report: &mut Report,
    ) -> Result<(), Halt> {
        match command::decide_passed(draft, self.user, command, passed) {
            Err(Stop::Refused(Refusal::Guarded { guard, .. })) => {
                if report.guard.is_some() {
                    return Err(Refusal::SeveralGuards.into());
                }
                report.guard = Some(guard.clone());
                passed.insert(guard);
                command::decide_passed(draft, self.user, command, passed)?;
            }
            decided => drop(decided?),
        }
        Ok(())
    }

    fn one(
        &self,
        draft: &mut Draft<'_>,
        wish: &Wish,
        plain: bool,
        texts: &mut Texts,
        passed: &mut Passed,
        report: &mut Report,
    ) -> Result<Option<Done>, Halt> {
        let asked = wish.asked.as_ref().map_err(|fault| Halt::Fault(fault.clone()))?;
        if asked.topic == TOPIC_LIST {
            return if plain {
                Ok(None)
            } else {
                self.in_list(draft, wish, asked, texts).map(Some)
            };
        }
        if asked.topic.starts_with(RESERVED) {
            return Err(Halt::Fault("this topic cannot be changed".to_owned()));
        }
        let missing = || Halt::Stop(Refusal::NoSuchTopic.into());
        let name = exact(&asked.topic).ok_or_else(missing)?;
        let named = draft.topic_named(self.circle, name)?.ok_or_else(missing)?;
        let access = access::in_topic(draft, self.user, named.topic)?;
        let topic = access.topic;
        if plain && !topic.rules.no_undo {
            return Ok(None);
        }
        if Type::of(topic.form()).ok_or_else(missing)? != asked.is {
            return Err(Halt::Fault(format!("the topic is no {}", asked.is.name())));
        }
        self.in_topic(draft, (wish, asked), &topic, texts, passed, report).map(Some)
    }

    fn in_list(
        &self,
        draft: &mut Draft<'_>,
        wish: &Wish,
        asked: &Asked,
        texts: &mut Texts,
    ) -> Result<Done, Halt> {
        let fault = |fault: &str| Halt::Fault(fault.to_owned());
        let (Ask::AddKey { key, .. } | Ask::PopKey { key }) = &asked.ask else {
            return Err(fault("topics are added to the list and popped from it, nothing else"));
        };
        if key.starts_with(RESERVED) {
            return Err(Halt::Fault(format!(
                "names that begin with {RESERVED} are not to be given"
            )));
        }
        let name = exact(key).ok_or_else(|| fault("this is no name for a topic"))?;
        let (what, listed) = match &asked.ask {
            Ask::AddKey { value, .. } => {
                let New { holds, value: first, rules } = New::read(value).map_err(fault)?;
                let (circle, deny) = (self.circle, BTreeMap::new());
                let create = Command::CreateTopic {
                    circle,
                    name,
                    holds,
                    value: first,
                    rules,
                    deny,
                    replace: false,
                };
                let made = command::decide(draft, self.user, &create)?;
                let topic = made.topic.ok_or(Refusal::NoSuchTopic)?;
                texts.made.insert(topic, Versions::new(first_version(key)));
                (What::AddKey { key: key.clone(), value: value.clone() }, Listed::Made(topic))
            }
            _ => {
                let named = draft.topic_named(self.circle, name)?.ok_or(Refusal::NoSuchTopic)?;
                command::decide(draft, self.user, &Command::RemoveTopic { topic: named.topic })?;
                let value = self.known.get(key.as_str()).map(Known::entry).unwrap_or_default();
                (What::PopKey { key: key.clone(), value }, Listed::Gone)
            }
        };
        let wire = Wire { topic: TOPIC_LIST.into(), is: Type::Dict, what, id: wish.id.clone() };
        let listed = Some(listed);
        Ok(Done { wire, place: None, is_stateful: true, merge: false, listed })
    }
}

/// What a transaction did to strings so far.
#[derive(Default)]
struct Texts {
    /// Of strings that it made itself.
    made: HashMap<TopicId, Versions>,
    /// Beyond what is known of the others.
    more: HashMap<TopicId, Vec<Step>>,
}

/// A name that is one as it is.
pub(crate) fn exact(name: &str) -> Option<TopicName> {
    TopicName::parse(name).ok().filter(|parsed| parsed.as_str() == name)
}

/// The first version of a string.
pub(crate) fn first_version(name: &str) -> String {
    format!("{name}_init")
}
