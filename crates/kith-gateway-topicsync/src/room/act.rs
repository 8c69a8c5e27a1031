//! Actions of clients.

use std::pin::Pin;

use kith_core::command::Command;
use kith_core::decide::guard::{Judged, Passed};
use kith_core::refusal::Refusal;
use kith_core::text::{Label, OpId, ServiceName};
use kith_hub::HubError;
use kith_hub::guard::{Asking, Said};
use serde_json::Value as Json;
use tokio::sync::oneshot;

use super::catch_up::Own;
use super::{Ended, Room};
use crate::command::{Ask, Asked};
use crate::message;
use crate::plan::{Done, Report, Scene, Wish};
use crate::wire::{Type, What, Wire};

/// The most commands of an action.
const COMMANDS_MAX: usize = 1000;
/// Times that an action is tried while others change the same texts.
const TURNS_MAX: usize = 10;

/// Tells a client's connection that a message was dealt with, however that ended.
pub(super) struct Finished(pub(super) Option<oneshot::Sender<()>>);

impl Drop for Finished {
    fn drop(&mut self) {
        if let Some(done) = self.0.take() {
            // The client may have left.
            let _ = done.send(());
        }
    }
}

/// Under which name something is done, and what makes all of it one step.
struct Operation {
    op: OpId,
    group: Label,
}

/// An action of a client, until it is done or rejected.
pub(super) struct Action {
    client: u64,
    wishes: Vec<Wish>,
    action_id: String,
    operation: Operation,
    _finished: Finished,
    turns: usize,
    /// What guards were asked about it.
    asking: Option<Box<Asking>>,
}

/// An action of which a guard was asked, and what it said.
pub(super) struct Judgement {
    action: Action,
    /// What the guard was asked about.
    command: Command,
    /// What it would come to.
    supposed: Vec<Done>,
    said: Result<Said, HubError>,
}

/// An action that waits for a guard.
pub(super) type Judging = Pin<Box<dyn Future<Output = Judgement> + Send>>;

/// What is known of an action when it is played.
enum Known<'a> {
    /// Nothing was said of it; of those that are `plain` only what is not undone when an action fails.
    Asked { plain: bool },
    /// The client's session guards all that it is about.
    Passed(&'a Passed),
    /// This is what its guard said.
    Judged(&'a Command, &'a Judged, &'a Passed),
}

impl Room {
    /// Does what a client asks, or tells it why not. Where a guard has to be asked, that goes on beside
    /// everything else.
    pub(super) async fn act(
        &mut self,
        client: u64,
        commands: Vec<Json>,
        action_id: String,
        finished: Finished,
    ) -> Result<(), Ended> {
        if commands.len() > COMMANDS_MAX {
            self.reject(client, &format!("an action has at most {COMMANDS_MAX} commands"));
            return Ok(());
        }
        if commands.is_empty() {
            return Ok(());
        }
        let wishes: Vec<Wish> = commands
            .into_iter()
            .map(|command| {
                let mut asked = Asked::read(command);
                let given = asked.as_mut().ok().and_then(|asked| asked.id.take());
                Wish { id: given.unwrap_or_else(|| self.id()), spare: self.id(), asked }
            })
            .collect();
        let (operation, _finished, turns, asking) = (self.operation(), finished, 0, None);
        let action = Action { client, wishes, action_id, operation, _finished, turns, asking };
        self.go_on(action, None).await
    }

    /// Goes on with an action when its guard has answered.
    pub(super) async fn judged(&mut self, judgement: Judgement) -> Result<(), Ended> {
        let Judgement { action, command, supposed, said } = judgement;
        match said {
            Ok(said) => self.go_on(action, Some((command, said))).await,
            Err(HubError::Refused(Refusal::Guard { place, failure })) => {
                // A change that the guard names is one that cannot be; else what would follow from all
                // of them cannot.
                let supposed = supposed.into_iter().take(place.unwrap_or(usize::MAX)).collect();
                let Action { client, wishes, action_id, .. } = &action;
                self.fail(*client, wishes, supposed, failure.message.as_str(), action_id).await
            }
            Err(error) => {
                self.reject(action.client, &error.to_string());
                Ok(())
            }
        }
    }

    async fn go_on(
        &mut self,
        mut action: Action,
        said: Option<(Command, Said)>,
    ) -> Result<(), Ended> {
        let client = action.client;
        while action.turns < TURNS_MAX {
            action.turns += 1;
            self.follow_texts(&action.wishes).await?;
            let known = match &said {
                None => Known::Asked { plain: false },
                Some((_, Said::Own(passed))) => Known::Passed(passed),
                Some((command, Said::Judged(judged, passed))) => {
                    Known::Judged(command, judged, passed)
                }
            };
            let played = self.play(client, &action.wishes, known, &action.operation).await;
            let op = action.operation.op.clone();
            match (played.1, played.0) {
                (Ok(()), Report { done, .. }) => {
                    let told = done.iter().map(|done| (done.wire.clone(), done.merge)).collect();
                    let action_id = action.action_id.clone();
                    return self.catch_up(Some(Own { op, done, told, action_id })).await;
                }
                (Err(_), Report { behind: true, .. }) => {}
                (Err(HubError::Refused(_)), Report { done, fault: Some(fault), .. }) => {
                    let Action { wishes, action_id, .. } = &action;
                    return self.fail(client, wishes, done, &fault, action_id).await;
                }
                (Err(HubError::Refused(Refusal::Guarded { guard, .. })), report) => {
                    let (changes, group) = (report.asked, Some(action.operation.group.clone()));
                    let command = Command::Change { changes, when: Vec::new(), group };
                    self.ask(action, guard, command, report.done);
                    return Ok(());
                }
                (Err(HubError::Refused(Refusal::Overtaken)), report) => {
                    if let Some((command, Said::Judged(judged, _))) = said {
                        let guard = judged.guard.clone();
                        self.ask(action, guard, command, report.done);
                    }
                    return Ok(());
                }
                (Err(error), _) => {
                    self.reject(client, &error.to_string());
                    return Ok(());
                }
            }
        }
        self.reject(client, "others change the same all the time: try again");
        Ok(())
    }

    /// Asks a guard about an action.
    fn ask(
        &mut self,
        mut action: Action,
        guard: ServiceName,
        command: Command,
        supposed: Vec<Done>,
    ) {
        let Some(one) = self.clients.get(&action.client) else { return };
        let caller = one.caller();
        let hub = self.hub.clone();
        let mut asking = action.asking.take().unwrap_or_else(|| Box::new(Asking::new(hub, caller)));
        let (guard, op) = ((self.circle, guard), action.operation.op.clone());
        self.judging.push(Box::pin(async move {
            let said = asking.next(Some(&op), &command, &guard).await;
            action.asking = Some(asking);
            Judgement { action, command, supposed, said }
        }));
    }

    /// Follows the strings that are edited, for their versions have to be known.
    async fn follow_texts(&mut self, wishes: &[Wish]) -> Result<(), Ended> {
        for asked in wishes.iter().filter_map(|wish| wish.asked.as_ref().ok()) {
            let edits = matches!(asked.ask, Ask::InsertText { .. } | Ask::DeleteText { .. });
            if edits {
                self.follow(&asked.topic).await?;
            }
        }
        self.catch_up(None).await
    }

    /// The next operation of the room's own.
    fn operation(&mut self) -> Operation {
        self.operations += 1;
        let name = format!("topicsync:{:x}.{}", self.run, self.operations);
        match (OpId::parse(&name), Label::parse(&name)) {
            (Ok(op), Ok(group)) => Operation { op, group },
            (Err(refusal), _) | (_, Err(refusal)) => {
                unreachable!("{name} is a name of an operation: {refusal}")
            }
        }
    }

    async fn play(
        &mut self,
        client: u64,
        wishes: &[Wish],
        known: Known<'_>,
        operation: &Operation,
    ) -> (Report, Result<(), HubError>) {
        let mut report = Report::default();
        let Operation { op, group } = operation;
        let batched = self.clients.get(&client).is_some_and(|client| client.batched);
        let nobody = Passed::new();
        let passed = match known {
            Known::Asked { .. } => &nobody,
            Known::Passed(passed) | Known::Judged(_, _, passed) => passed,
        };
        let scene = Scene {
            user: self.user,
            circle: self.circle,
            batched,
            group,
            known: &self.known,
            followed: &self.followed,
            passed,
        };
        let hub = self.hub.clone();
        let result = hub
            .transact(Some(self.user), Some(op.clone()), |draft| match known {
                Known::Judged(command, judged, _) => {
                    scene.play_judged(draft, wishes, (command, judged), &mut report)
                }
                Known::Asked { plain } => scene.play(draft, wishes, plain, &mut report),
                Known::Passed(_) => scene.play(draft, wishes, false, &mut report),
            })
            .await;
        (report, result.map(drop))
    }

    /// An action failed. Those who follow see what it did before, and that it is undone; what it did to
    /// topics that are not undone stays done.
    async fn fail(
        &mut self,
        client: u64,
        wishes: &[Wish],
        done: Vec<Done>,
        fault: &str,
        action_id: &str,
    ) -> Result<(), Ended> {
        let mut stays: Option<(OpId, Vec<Done>)> = None;
        if done.iter().any(|done| !done.is_stateful) {
            let before = wishes.get(..done.len()).unwrap_or_default();
            let (plain, operation) = (Known::Asked { plain: true }, self.operation());
            let (report, result) = self.play(client, before, plain, &operation).await;
            stays = result.ok().map(|()| (operation.op, report.done));
        }
        let undone = done.iter().rev().filter(|done| done.is_stateful && !done.merge);
        let inverses = undone.filter_map(|done| {
            let Wire { topic, is, what, .. } = done.wire.clone();
            Some((Wire { topic, is, what: what.inverse()?, id: self.id() }, false))
        });
        let inverses: Vec<(Wire, bool)> = inverses.collect();
        let seen = done.into_iter().filter(|done| match done.is_stateful {
            true => !done.merge,
            false => stays.is_some(),
        });
        let told: Vec<(Wire, bool)> =
            seen.map(|done| (done.wire, done.merge)).chain(inverses).collect();
        match stays {
            Some((op, done)) => {
                let action_id = action_id.to_owned();
                self.catch_up(Some(Own { op, done, told, action_id })).await?;
            }
            None => self.tell_some(told, action_id),
        }
        self.reject(client, fault);
        Ok(())
    }

    fn reject(&mut self, client: u64, reason: &str) {
        self.complain(client, reason);
        if let Some(one) = self.clients.get(&client) {
            one.reject(reason);
        }
    }

    /// Writes into a client's own string why something that it asked was not done.
    pub(super) fn complain(&mut self, client: u64, reason: &str) {
        let id = self.id();
        let Some(one) = self.clients.get_mut(&client) else { return };
        let name = one.message_name();
        let old = one.fail(reason, &id);
        if one.names.contains(name.as_str()) {
            let (value, old) = (Json::from(reason), Json::from(old));
            let what = What::Set { value, old };
            let wire = Wire { topic: name.into(), is: Type::String, what, id };
            one.send(super::client::text(&message::update([&wire], "")));
        }
    }
}
