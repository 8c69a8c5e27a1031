//! Actions of clients.

use kith_core::text::{Label, OpId};
use kith_hub::HubError;
use serde_json::Value as Json;

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

impl Room {
    /// Does what a client asks, or tells it why not.
    pub(super) async fn act(
        &mut self,
        client: u64,
        commands: Vec<Json>,
        action_id: &str,
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
        for _ in 0..TURNS_MAX {
            self.follow_texts(&wishes).await?;
            let (op, report, result) = self.play(client, &wishes, false).await;
            match (result, report) {
                (Ok(_), Report { done, .. }) => {
                    let told = done.iter().map(|done| (done.wire.clone(), done.merge)).collect();
                    let action_id = action_id.to_owned();
                    return self.catch_up(Some(Own { op, done, told, action_id })).await;
                }
                (Err(_), Report { behind: true, .. }) => {}
                (Err(HubError::Refused(_)), Report { done, fault: Some(fault), .. }) => {
                    return self.fail(client, &wishes, done, &fault, action_id).await;
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

    async fn play(
        &mut self,
        client: u64,
        wishes: &[Wish],
        plain: bool,
    ) -> (OpId, Report, Result<(), HubError>) {
        self.operations += 1;
        let name = format!("topicsync:{:x}.{}", self.run, self.operations);
        let mut report = Report::default();
        let (op, group) = match (OpId::parse(&name), Label::parse(&name)) {
            (Ok(op), Ok(group)) => (op, group),
            (Err(refusal), _) | (_, Err(refusal)) => {
                unreachable!("{name} is a name of an operation: {refusal}")
            }
        };
        let batched = self.clients.get(&client).is_some_and(|client| client.batched);
        let scene = Scene {
            user: self.user,
            circle: self.circle,
            batched,
            group: &group,
            known: &self.known,
            followed: &self.followed,
        };
        let hub = self.hub.clone();
        let result = hub
            .transact(Some(self.user), Some(op.clone()), |draft| {
                scene.play(draft, wishes, plain, &mut report)
            })
            .await;
        (op, report, result.map(drop))
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
            let (op, report, result) = self.play(client, before, true).await;
            stays = result.ok().map(|()| (op, report.done));
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
