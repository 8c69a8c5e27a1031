//! Which topics there are: what is known of them, and what clients are told as they come and go.

use std::collections::BTreeMap;
use std::sync::Arc;

use kith_core::document::Topic;
use kith_core::event::{Body, Event};
use kith_core::id::{FeedId, TopicId};
use kith_hub::HubError;
use serde_json::{Map, Value as Json};

use super::{Ended, Known, Room};
use crate::entry::{TOPIC_LIST, boundary, entry, own_entry, plain};
use crate::wire::{Type, What, Wire};

/// Topics that are looked up in one step.
const PAGE: usize = 500;

impl Room {
    /// The list as it is told.
    pub(super) fn list(&self) -> Json {
        let mut list = Map::new();
        for (name, known) in &self.known {
            list.insert(name.as_ref().to_owned(), known.entry());
        }
        list.insert(TOPIC_LIST.to_owned(), own_entry());
        Json::Object(list)
    }

    /// Takes in what happened to topics.
    pub(super) async fn take_notices(&mut self) -> Result<(), Ended> {
        while let Some(notice) = self.notices.take() {
            self.noticed.push_back(notice);
        }
        while let Some(notice) = self.noticed.pop_front() {
            match notice {
                Some(event) => self.notice(&event).await?,
                None => self.refresh().await?,
            }
        }
        Ok(())
    }

    async fn notice(&mut self, event: &Event) -> Result<(), Ended> {
        let FeedId::Topic(id) = event.feed else { return Ok(()) };
        match &event.body {
            Body::TopicCreated { circle, holds, value, .. } if *circle == self.circle => {
                if !self.names.contains_key(&id)
                    && let Some(topic) = self.look_up(id).await?
                {
                    self.came(topic, boundary(&plain(*holds, value)));
                }
            }
            Body::TopicCreated { .. } => {}
            Body::TopicRemoved {} => self.went(id, true),
            _ => match self.look_up(id).await? {
                Some(topic) if topic.circle == self.circle => self.is_now(topic),
                _ => self.went(id, false),
            },
        }
        Ok(())
    }

    pub(super) async fn look_up(&mut self, topic: TopicId) -> Result<Option<Arc<Topic>>, Ended> {
        match self.hub.topic(self.user, topic).await {
            Ok(topic) => Ok(Some(topic).filter(|topic| Type::of(topic.form()).is_some())),
            Err(HubError::Refused(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Looks at all topics again.
    pub(super) async fn refresh(&mut self) -> Result<(), Ended> {
        let mut there: BTreeMap<TopicId, Arc<Topic>> = BTreeMap::new();
        let mut after: Option<String> = None;
        loop {
            let page = self.hub.topics(self.user, self.circle, "", after.as_deref(), PAGE).await;
            let (topics, more) = page?;
            after = topics.last().map(|topic| topic.name.as_str().to_owned());
            let told = topics.into_iter().filter(|topic| Type::of(topic.form()).is_some());
            there.extend(told.map(|topic| (topic.id, topic)));
            if !more || after.is_none() {
                break;
            }
        }
        let gone: Vec<TopicId> =
            self.names.keys().filter(|topic| !there.contains_key(topic)).copied().collect();
        gone.into_iter().for_each(|topic| self.went(topic, false));
        there.into_values().for_each(|topic| self.is_now(topic));
        Ok(())
    }

    /// A topic is as told now; it may be new here.
    fn is_now(&mut self, topic: Arc<Topic>) {
        let Some(name) = self.names.get(&topic.id).cloned() else {
            return self.came(topic, Json::Null);
        };
        let Some(known) = self.known.get_mut(&name) else { return };
        if name.as_ref() == topic.name.as_str() {
            let old = known.entry();
            let value = entry(&topic, &known.boundary);
            known.topic = topic;
            if old != value {
                let key = name.as_ref().to_owned();
                self.tell_list([What::ChangeKey { key, value, old }]);
            }
        } else {
            let boundary = known.boundary.clone();
            self.went(topic.id, false);
            self.came(topic, boundary);
        }
    }

    fn came(&mut self, topic: Arc<Topic>, boundary: Json) {
        let key = topic.name.as_str().to_owned();
        let value = entry(&topic, &boundary);
        self.add(topic, boundary);
        self.tell_list([What::AddKey { key, value }]);
    }

    /// A topic is there no longer, or not for this user. Where it was `removed` clients are told its
    /// last value.
    pub(super) fn went(&mut self, topic: TopicId, removed: bool) {
        let Some(name) = self.names.get(&topic).cloned() else { return };
        let key = name.as_ref().to_owned();
        let last = self.followed.get(&topic).map(|one| boundary(&one.state.value.to_plain()));
        let Some(known) = self.forget(&name) else { return };
        let old = known.entry();
        let value = entry(&known.topic, &last.unwrap_or(known.boundary));
        let pop = What::PopKey { key: key.clone(), value: value.clone() };
        match removed {
            true => self.tell_list([What::ChangeKey { key, value, old }, pop]),
            false => self.tell_list([pop]),
        }
    }

    /// Notes a topic, and tells nobody.
    pub(super) fn add(&mut self, topic: Arc<Topic>, boundary: Json) {
        let name: Arc<str> = topic.name.as_str().into();
        self.names.insert(topic.id, Arc::clone(&name));
        self.known.insert(name, Known { topic, boundary });
    }

    /// Forgets a topic, and tells nobody.
    pub(super) fn forget(&mut self, name: &str) -> Option<Known> {
        let known = self.known.remove(name)?;
        let topic = known.topic.id;
        self.names.remove(&topic);
        self.left.remove(&topic);
        if let Some(followed) = self.followed.remove(&topic) {
            self.hub.unsubscribe(&self.me, followed.feed);
        }
        self.waiting.drop_topic(name);
        for client in self.clients.values_mut() {
            client.names.remove(name);
        }
        Some(known)
    }

    fn tell_list(&mut self, whats: impl IntoIterator<Item = What>) {
        let wires = whats.into_iter().map(|what| {
            let (topic, id) = (TOPIC_LIST.into(), self.id());
            Wire { topic, is: Type::Dict, what, id }
        });
        let wires: Vec<Wire> = wires.collect();
        self.tell(&wires, "");
    }
}
