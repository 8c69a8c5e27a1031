//! The demo as it happens: people, their places, what they say and do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::Context;
use kith_core::command::{Arranged, Command, Outcome};
use kith_core::decide::account::{self, NewAccount};
use kith_core::document::Rules;
use kith_core::id::{CircleId, Seq, StreamId, Timestamp, TopicId, UserId};
use kith_core::topic::{Asked, Change};
use kith_hub::{Environment, Hub};

use super::clock::Clock;
use super::script::{Message, Said, Script};

const SECOND_MS: u64 = 1000;
const HOUR_MS: u64 = 3600 * SECOND_MS;
const DAY_MS: u64 = 24 * HOUR_MS;
/// How long before the present the circle was made.
const BEGAN_MS: u64 = 8 * DAY_MS;
/// What was said before has been read by the owner.
const UNREAD_MS: u64 = 4 * HOUR_MS;
/// Between two values of a topic.
const MOVE_MS: u64 = 25 * 60 * SECOND_MS;

/// Something that happens at a time.
enum Act<'a> {
    Say(StreamId, &'a Message),
    Set(TopicId, &'a str, &'a serde_json::Value),
}

pub(super) struct Stage {
    hub: Hub,
    clock: Arc<Clock>,
    people: BTreeMap<String, UserId>,
    circle: Option<CircleId>,
    streams: BTreeMap<String, StreamId>,
    topics: BTreeMap<String, TopicId>,
    /// Messages that are referred to.
    named: BTreeMap<String, (StreamId, Seq, UserId)>,
    /// The newest message of each stream, and the newest that the owner has read.
    newest: BTreeMap<StreamId, (Seq, Seq)>,
}

impl Stage {
    pub(super) fn new(hub: Hub, clock: Arc<Clock>) -> Self {
        clock.set(Timestamp(clock.present.0.saturating_sub(BEGAN_MS)));
        Self {
            hub,
            clock,
            people: BTreeMap::new(),
            circle: None,
            streams: BTreeMap::new(),
            topics: BTreeMap::new(),
            named: BTreeMap::new(),
            newest: BTreeMap::new(),
        }
    }

    fn person(&self, name: &str) -> anyhow::Result<UserId> {
        self.people.get(name).copied().with_context(|| format!("nobody is called {name}"))
    }

    async fn act(&self, by: UserId, command: Command) -> anyhow::Result<Outcome> {
        let done = self.hub.execute(by, None, &command).await;
        done.with_context(|| format!("{command:?}"))
    }

    /// Makes the accounts; the first administers the site.
    pub(super) async fn people(&mut self, script: &Script, hash: &str) -> anyhow::Result<()> {
        for (place, person) in script.people.iter().enumerate() {
            let new = NewAccount {
                name: person.name.clone(),
                display_name: Some(person.shown.clone()),
                password: Some(hash.to_owned()),
                bot_of: None,
                site_admin: place == 0,
            };
            let made = self.hub.transact(None, None, |draft| account::register(draft, &new, None));
            let user = made.await?.user.context("an account was made")?;
            self.people.insert(person.name.as_str().to_owned(), user);
        }
        Ok(())
    }

    fn owner(&self, script: &Script) -> anyhow::Result<UserId> {
        let first = script.people.first().context("there are people")?;
        self.person(first.name.as_str())
    }

    /// Makes the circle with its members, streams and topics.
    pub(super) async fn place(&mut self, script: &Script) -> anyhow::Result<()> {
        let owner = self.owner(script)?;
        let name = script.circle.clone();
        let made = self.act(owner, Command::CreateCircle { name: name.clone(), public: true });
        let made = made.await?;
        let circle = made.circle.context("a circle was made")?;
        self.circle = Some(circle);
        let about = Some(script.about.clone());
        let (public, idle_seconds) = (true, Some(600));
        self.act(owner, Command::ChangeCircle { circle, name, about, public, idle_seconds })
            .await?;
        for user in self.people.values().filter(|user| **user != owner) {
            self.act(*user, Command::Join { circle }).await?;
        }
        let (found, _) = self.hub.circle(owner, circle).await?;
        let moderator = found.roles.iter().find(|(_, role)| role.name.as_str() == "moderator");
        let moderator = moderator.map(|(id, _)| *id).context("there are moderators")?;
        for name in &script.moderators {
            let (user, roles) = (self.person(name)?, BTreeSet::from([moderator]));
            self.act(owner, Command::SetRoles { circle, user, roles }).await?;
        }
        let mut first = made.stream;
        let mut sections: Vec<Arranged> = Vec::new();
        for channel in &script.streams {
            let (name, about) = (channel.name.clone(), Some(channel.about.clone()));
            let stream = match first.take_if(|_| name.as_str() == "general") {
                Some(stream) => {
                    let (archived, slow_seconds) = (false, 0);
                    let command =
                        Command::ChangeStream { stream, name, about, archived, slow_seconds };
                    self.act(owner, command).await?;
                    stream
                }
                None => {
                    let deny = BTreeMap::from([(found.everyone, channel.deny)]);
                    let command = Command::CreateStream { circle, name, about, deny };
                    self.act(owner, command).await?.stream.context("a stream was made")?
                }
            };
            self.streams.insert(channel.name.as_str().to_owned(), stream);
            let section = Some(channel.section.clone());
            match sections.iter_mut().find(|arranged| arranged.section == section) {
                Some(arranged) => arranged.streams.push(stream),
                None => sections.push(Arranged { section, streams: vec![stream] }),
            }
        }
        self.act(owner, Command::ArrangeStreams { circle, sections }).await?;
        for thing in &script.topics {
            let command = Command::CreateTopic {
                circle,
                name: thing.name.clone(),
                holds: thing.holds,
                value: Some(thing.value.clone()),
                rules: Rules::default(),
                deny: BTreeMap::new(),
                replace: false,
            };
            let topic = self.act(owner, command).await?.topic.context("a topic was made")?;
            self.topics.insert(thing.name.as_str().to_owned(), topic);
        }
        Ok(())
    }

    /// The stream of a conversation, made where there is none.
    async fn conversation(
        &self,
        with: &[String],
        name: Option<&kith_core::text::StreamName>,
    ) -> anyhow::Result<StreamId> {
        let users = with.iter().map(|name| self.person(name)).collect::<Result<Vec<_>, _>>()?;
        let (first, others) = users.split_first().context("a conversation has people")?;
        let command = match (others, name) {
            ([other], None) => Command::OpenDirect { user: *other },
            _ => Command::CreateGroup {
                users: others.iter().copied().collect(),
                name: name.cloned(),
            },
        };
        self.act(*first, command).await?.stream.context("a conversation was made")
    }

    /// Lets everything happen that is said and done, in the order of its time.
    pub(super) async fn play(&mut self, script: &Script) -> anyhow::Result<()> {
        let owner = self.owner(script)?;
        let mut acts = Vec::new();
        for talk in &script.talks {
            let stream = self.streams.get(&talk.r#in).copied();
            let stream = stream.with_context(|| format!("there is no stream {}", talk.r#in))?;
            self.plan(&mut acts, stream, &talk.said)?;
        }
        for direct in &script.direct {
            let stream = self.conversation(&direct.with, direct.name.as_ref()).await?;
            self.plan(&mut acts, stream, &direct.said)?;
        }
        for moves in &script.moves {
            let topic = self.topics.get(&moves.topic).copied().context("there is such a topic")?;
            let mut at = moves.when.before(self.clock.present)?;
            for value in &moves.values {
                acts.push((at, Act::Set(topic, &moves.by, value)));
                at = at.plus_ms(MOVE_MS);
            }
        }
        acts.sort_by_key(|(at, _)| *at);
        for (at, act) in acts {
            self.clock.set(at);
            match act {
                Act::Say(stream, message) => {
                    let seq = self.say(stream, message).await?;
                    if message.pin {
                        // The owner may everywhere.
                        let pin = Command::Pin { stream, message: seq, pinned: true };
                        self.act(owner, pin).await?;
                    }
                }
                Act::Set(topic, by, value) => {
                    let change = Change::Set { value: value.clone() };
                    let changes = vec![Asked { topic, change }];
                    let command = Command::Change { changes, when: Vec::new(), group: None };
                    self.act(self.person(by)?, command).await?;
                }
            }
        }
        Ok(())
    }

    /// Notes when each message is said: the longer it is, the longer it takes.
    fn plan<'a>(
        &self,
        acts: &mut Vec<(Timestamp, Act<'a>)>,
        stream: StreamId,
        said: &'a Said,
    ) -> anyhow::Result<()> {
        let mut at = said.when.before(self.clock.present)?;
        for (place, message) in said.say.iter().enumerate() {
            acts.push((at, Act::Say(stream, message)));
            let written = message.text.as_str().chars().count().min(300) as u64;
            let thought = 15 + (place as u64 * 37) % 60;
            at = at.plus_ms((thought + written / 2) * SECOND_MS);
        }
        Ok(())
    }

    async fn say(&mut self, stream: StreamId, message: &Message) -> anyhow::Result<Seq> {
        let author = self.person(&message.by)?;
        let seq = |name: &Option<String>| {
            let found = name.as_ref().map(|name| self.named.get(name).map(|(_, seq, _)| *seq));
            found.map(|seq| seq.with_context(|| format!("{name:?} was not said"))).transpose()
        };
        let topic = match &message.topic {
            Some(name) => Some(self.topics.get(name).copied().context("there is such a topic")?),
            None => None,
        };
        let command = Command::Post {
            stream,
            text: message.text.clone(),
            reply_to: seq(&message.reply)?,
            thread: seq(&message.thread)?,
            topic,
            files: Vec::new(),
        };
        let posted = self.act(author, command).await?;
        let seq = posted.events.first().context("a message was posted")?.seq;
        if let Some(name) = &message.id {
            self.named.insert(name.clone(), (stream, seq, author));
        }
        let is_old = self.clock.now().plus_ms(UNREAD_MS) < self.clock.present;
        let newest = self.newest.entry(stream).or_default();
        *newest = (seq, if is_old { seq } else { newest.1 });
        for (emoji, people) in &message.react {
            for name in people {
                let (message, emoji) = (seq, emoji.clone());
                self.act(self.person(name)?, Command::React { stream, message, emoji }).await?;
            }
        }
        Ok(seq)
    }

    /// Edits what is edited, and lets everybody have read what they would have.
    pub(super) async fn leave(&mut self, script: &Script) -> anyhow::Result<()> {
        for edit in &script.edits {
            let found = self.named.get(&edit.of).copied().context("there is such a message")?;
            let (stream, message, author) = found;
            let command = Command::Edit { stream, message, text: edit.text.clone() };
            self.act(author, command).await?;
        }
        let owner = self.owner(script)?;
        for user in self.people.values() {
            for (stream, (newest, read)) in &self.newest {
                let (stream, seq) = (*stream, if *user == owner { *read } else { *newest });
                if self.hub.stream(*user, stream).await.is_ok() && seq > Seq(0) {
                    self.act(*user, Command::Read { stream, thread: None, seq }).await?;
                }
            }
        }
        self.clock.set(self.clock.present);
        Ok(())
    }
}
