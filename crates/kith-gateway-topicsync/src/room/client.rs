//! One topicsync client, as the room knows it.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use kith_hub::Subscriber;
use kith_hub::service::Caller;
use kith_ws::encode::{Opcode, frame, pong};
use serde_json::Value as Json;
use tokio::sync::watch;

use crate::entry::CLIENT_MESSAGE;
use crate::message::{self, First};
use crate::plan::first_version;

/// Tells a connection to end; it ends too when this is dropped.
pub(crate) struct Kick {
    pub(crate) end: watch::Sender<bool>,
    /// Bytes that may wait for the connection; one to which more would be added is told to end.
    pub(crate) bytes_max: usize,
}

/// One topicsync client.
pub(crate) struct Client {
    pub(crate) id: u64,
    subscriber: Arc<Subscriber>,
    kick: Kick,
    /// What it follows.
    pub(crate) names: BTreeSet<Arc<str>>,
    /// It speaks the newer dialect.
    pub(crate) batched: bool,
    /// How often access was taken from it, when the room last looked at what happened.
    version: u64,
    /// Why what it asked last was not done, and the version of that text.
    failure: Option<(String, String)>,
}

impl Client {
    pub(super) fn new(id: u64, subscriber: Arc<Subscriber>, kick: Kick) -> Self {
        let version = subscriber.access_version();
        let names = BTreeSet::new();
        Self { id, subscriber, kick, names, batched: true, version, failure: None }
    }

    /// Notes that what is told from now on may be read now.
    pub(super) fn look(&mut self) {
        self.version = self.subscriber.access_version();
    }

    /// In whose name guards are asked.
    pub(super) fn caller(&self) -> Caller {
        Caller::of(&self.subscriber)
    }

    pub(super) fn greet(&self) {
        self.subscriber.reply(text(&message::hello(self.id)));
    }

    pub(super) fn pong(&self, payload: &[u8]) {
        if self.has_room() {
            self.subscriber.reply(pong(payload));
        }
    }

    pub(super) fn tell_first(&self, firsts: impl Iterator<Item = (String, First)>) {
        if self.batched {
            return self.send(text(&message::init_all(firsts)));
        }
        for (name, first) in firsts {
            self.send(text(&message::init(&name, first)));
        }
    }

    pub(super) fn reject(&self, reason: &str) {
        if self.has_room() {
            self.subscriber.reply(text(&message::reject(reason)));
        }
    }

    /// Sends something that holds what is in topics. What waits when access is taken is dropped, and
    /// the connection asks for its topics anew.
    pub(super) fn send(&self, frame: Bytes) {
        if self.has_room() {
            self.subscriber.reply_guarded(frame, Bytes::new(), self.version);
        }
    }

    /// Answers a request: with what it came to, or `instead` where access was taken since `version`.
    pub(super) fn answer(&self, frame: Bytes, instead: Bytes, version: u64) {
        if self.has_room() {
            self.subscriber.reply_guarded(frame, instead, version);
        }
    }

    fn has_room(&self) -> bool {
        let has_room = self.subscriber.waiting_bytes() <= self.kick.bytes_max;
        if !has_room {
            self.kick.end.send_replace(true);
        }
        has_room
    }

    /// The string with messages for it.
    pub(super) fn message(&self) -> Option<First> {
        let (value, version) = match &self.failure {
            Some((why, version)) => (why.as_str(), version.clone()),
            None => ("", first_version(&self.message_name())),
        };
        Some(First { value: Json::from(value), version: Some(version) })
    }

    pub(super) fn message_name(&self) -> String {
        format!("{CLIENT_MESSAGE}{}", self.id)
    }

    /// Notes why what it asked was not done; gives what its text was before.
    pub(super) fn fail(&mut self, why: &str, version: &str) -> String {
        let before = self.failure.replace((why.to_owned(), version.to_owned()));
        before.map(|(why, _)| why).unwrap_or_default()
    }
}

/// A message as a frame.
pub(crate) fn text(message: &str) -> Bytes {
    frame(Opcode::Text, message.as_bytes())
}
