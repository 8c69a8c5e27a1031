//! Generated histories: whatever people ask, feeds are numbered without gaps, events alone rebuild
//! the state, a snapshot plus the events since is the state, and what is taken away stays away.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "replay/files.rs"]
mod files;
#[path = "replay/gone.rs"]
mod gone;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kith_core::access;
use kith_core::chain::ChainHash;
use kith_core::command::{Arranged, Command, Outcome, decide};
use kith_core::decide::account::{self, NewAccount};
use kith_core::decide::file::{self, FileLimits, Found, NewFile};
use kith_core::decide::site;
use kith_core::document::{Doc, Facts, Key, Registration, Rules, Steps, Thumbnail};
use kith_core::draft::{Draft, Drafted, NotLoaded, Source, Stop};
use kith_core::event::{Body, Event};
use kith_core::file::BlobHash;
use kith_core::id::{CircleId, FeedId, FileId, RoleId, Seq, StreamId, Timestamp, TopicId, UserId};
use kith_core::permission::{Permission, Permissions};
use kith_core::reduce::{Documents, reduce};
use kith_core::refusal::Refusal;
use kith_core::text::{
    CircleName, DisplayName, Emoji, FileName, MediaType, MessageText, PreferenceKey, RoleName,
    SectionName, StreamName, TopicName, UserName,
};
use kith_core::topic::text::Update;
use kith_core::topic::{Asked, Change, Kind};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

/// All documents in memory.
#[derive(Default)]
struct World {
    documents: BTreeMap<Key, Doc>,
    events: Vec<Drafted>,
    time: u64,
    users: Vec<UserId>,
    circles: Vec<CircleId>,
    streams: Vec<StreamId>,
    topics: Vec<TopicId>,
    roles: Vec<RoleId>,
    images: Vec<FileId>,
    /// Streams that were removed, alone or with their circles.
    gone: BTreeSet<StreamId>,
}

impl Source for World {
    fn find(&self, key: &Key) -> Result<Option<Doc>, NotLoaded> {
        if let Key::Facts(topic, from, to) = key {
            return Ok(Some(Doc::Facts(Arc::new(self.facts(*topic, *from, *to)))));
        }
        Ok(self.documents.get(key).cloned())
    }
}

impl World {
    fn facts(&self, topic: TopicId, from: Seq, to: Seq) -> Facts {
        let events = self.events.iter().map(|drafted| drafted.event.as_ref());
        let facts = events.filter_map(|event| match &event.body {
            Body::Changed { fact }
                if event.feed == FeedId::Topic(topic) && (from..=to).contains(&event.seq) =>
            {
                Some((event.seq, fact.clone()))
            }
            _ => None,
        });
        Facts { facts: facts.collect() }
    }

    fn new(users: usize) -> Self {
        let mut world = Self::default();
        for number in 0..users {
            let new = NewAccount {
                name: UserName::parse(&format!("user{number}")).unwrap(),
                display_name: None,
                password: Some("a hash".to_owned()),
                bot_of: None,
                site_admin: number == 3,
            };
            let made = world.run(None, |draft| account::register(draft, &new, None)).unwrap();
            let user = made.user.unwrap();
            world.users.push(user);
            for content in [b"tea", b"cup"] {
                world.image(user, content);
            }
        }
        world
    }

    fn image(&mut self, user: UserId, content: &[u8]) {
        let (hash, media) = (BlobHash::of(content), MediaType::parse("image/png").unwrap());
        let new = NewFile { name: FileName::parse("a.png").unwrap(), bytes: 3, hash: None };
        let limits = FileLimits { bytes_max: 9, user_bytes_max: 99, user_per_day_max: 9 };
        let square = Some(Thumbnail { hash, media: media.clone(), bytes: 3 });
        let found = Found { hash, media, size: None, color: None, thumbnail: None, square };
        let begun = self.run(Some(user), |draft| file::begin(draft, user, &new, &limits));
        let id = begun.unwrap().file.unwrap();
        self.run(Some(user), |draft| file::finish(draft, user, id, &found)).unwrap();
        self.images.push(id);
    }

    fn run(
        &mut self,
        by: Option<UserId>,
        rule: impl FnOnce(&mut Draft<'_>) -> Result<Outcome, Stop>,
    ) -> Result<Outcome, Refusal> {
        self.time += 1000;
        let (now, random) = (Timestamp(1_763_000_000_000 + self.time), u128::from(self.time));
        let mut draft = Draft::new(self, now, by, None, random);
        let outcome = match rule(&mut draft) {
            Ok(outcome) => outcome,
            Err(Stop::Refused(refusal)) => return Err(refusal),
            Err(Stop::Missing(key)) => panic!("{key:?} is always at hand"),
        };
        let changes = draft.into_changes();
        for (topic, seq, fact) in changes.facts() {
            let Ok(()) = self.documents.happen(topic, seq, fact);
        }
        self.events.extend(changes.events);
        for (key, doc) in changes.documents {
            match doc {
                Some(doc) => self.documents.insert(key, doc),
                None => self.documents.remove(&key),
            };
        }
        Ok(outcome)
    }

    fn ask(&mut self, me: UserId, command: &Command) -> Result<Outcome, Refusal> {
        let outcome = self.run(Some(me), |draft| decide(draft, me, command))?;
        self.circles.extend(outcome.circle.filter(|id| !self.circles.contains(id)));
        self.streams.extend(outcome.stream.filter(|id| !self.streams.contains(id)));
        self.topics.extend(outcome.topic.filter(|id| !self.topics.contains(id)));
        self.roles.extend(outcome.role.filter(|id| !self.roles.contains(id)));
        Ok(outcome)
    }

    /// The documents that events tell about.
    fn told(&self) -> BTreeMap<Key, Doc> {
        let told = |key: &Key| {
            matches!(
                key,
                Key::User(_)
                    | Key::Circle(_)
                    | Key::Member(..)
                    | Key::Stream(_)
                    | Key::Message(..)
                    | Key::Topic(_)
                    | Key::State(_)
                    | Key::Joined(..)
                    | Key::Conversation(..)
                    | Key::Read(..)
                    | Key::Block(..)
                    | Key::Preferences(_)
            )
        };
        let documents = self.documents.iter().filter(|(key, _)| told(key));
        documents.map(|(key, doc)| (key.clone(), doc.clone())).collect()
    }

    fn may_read(&self, user: UserId, feed: FeedId) -> Result<(), Refusal> {
        let now = Timestamp(1_763_000_000_000 + self.time);
        let draft = Draft::new(self, now, None, None, 0);
        match access::to_read(&draft, user, feed) {
            Ok(_) => Ok(()),
            Err(Stop::Refused(refusal)) => Err(refusal),
            Err(Stop::Missing(key)) => panic!("{key:?} is always at hand"),
        }
    }
}

/// A step of a history: who asks, what, and numbers that choose about what.
type Step = (usize, u8, usize, usize, u64);

fn pick<T: Copy>(list: &[T], number: usize) -> Option<T> {
    list.get(number % list.len().max(1)).copied()
}

/// A command that mostly makes sense in `world`.
fn command(world: &World, (_, kind, a, b, seq): Step) -> Option<Command> {
    let circle = pick(&world.circles, a);
    // Few enough that people meet in them.
    let stream = pick(&world.streams, a % 3);
    let topic = pick(&world.topics, a % 3);
    let user = pick(&world.users, b);
    let message = Seq(2 + seq % 3);
    let text = MessageText::parse(&format!("hello @user{} and @everyone", b % 4)).unwrap();
    let emoji = Emoji::parse("👍").unwrap();
    let image = pick(&world.images, b).filter(|_| b % 5 != 0);
    let set = Permissions::of(&[Permission::Read, Permission::Write]);
    Some(match kind % 60 {
        0 => Command::CreateCircle { name: CircleName::parse("Tea").unwrap(), public: b % 2 == 0 },
        1 | 2 => Command::Join { circle: circle? },
        3 => Command::Leave { circle: circle? },
        4 => Command::Kick { circle: circle?, user: user?, reason: None },
        5 => Command::Ban { circle: circle?, user: user?, reason: None },
        6 => Command::Unban { circle: circle?, user: user? },
        7 => Command::TimeOut { circle: circle?, user: user?, seconds: 5, reason: None },
        8 => Command::CreateRole {
            circle: circle?,
            name: RoleName::parse(&format!("role{b}")).unwrap(),
            allow: set,
            rank: (seq % 50) as u16,
        },
        9 => Command::SetRoles {
            circle: circle?,
            user: user?,
            roles: BTreeSet::from([pick(&world.roles, seq as usize)?]),
        },
        10 => Command::RemoveRole { circle: circle?, role: pick(&world.roles, b)? },
        11 => Command::CreateStream {
            circle: circle?,
            name: StreamName::parse("more").unwrap(),
            about: None,
            deny: BTreeMap::new(),
        },
        12 => Command::NarrowStream {
            stream: stream?,
            deny: BTreeMap::from([(pick(&world.roles, b)?, set)]),
        },
        13 => Command::ChangeStream {
            stream: stream?,
            name: StreamName::parse("renamed").unwrap(),
            about: None,
            archived: b % 5 == 0,
            slow_seconds: (b % 3) as u32,
        },
        14 => Command::OpenDirect { user: user? },
        15 => Command::CreateGroup { users: BTreeSet::from([user?]), name: None },
        16 => Command::AddToGroup { stream: stream?, users: BTreeSet::from([user?]) },
        17 => Command::LeaveGroup { stream: stream? },
        18 => Command::Edit { stream: stream?, message, text },
        19 => Command::Delete { stream: stream?, message },
        20 => Command::React { stream: stream?, message, emoji },
        21 => Command::Unreact { stream: stream?, message, emoji },
        22 => Command::Pin { stream: stream?, message, pinned: b % 2 == 0 },
        23 => Command::Read { stream: stream?, thread: None, seq: message },
        24 => Command::Block { user: user? },
        25 => Command::Unblock { user: user? },
        26 => Command::ChangeOwner { circle: circle?, owner: user? },
        27 => Command::ChangeCircle {
            circle: circle?,
            name: CircleName::parse("Renamed").unwrap(),
            about: None,
            public: b % 2 == 0,
            idle_seconds: (b % 3 == 0).then_some(60 + b as u32),
        },
        28 => Command::ChangeUser { display_name: DisplayName::parse("Somebody").unwrap() },
        29 => Command::React { stream: stream?, message, emoji },
        30 => Command::Unreact { stream: stream?, message, emoji },
        31 => Command::Pin { stream: stream?, message, pinned: true },
        32 => Command::Pin { stream: stream?, message, pinned: false },
        33 | 34 => Command::CreateTopic {
            circle: circle?,
            name: TopicName::parse(&format!("topic{}", b % 9)).unwrap(),
            holds: [Kind::Int, Kind::List, Kind::Text][b % 3],
            value: None,
            rules: Rules { no_undo: b % 3 == 0, ..Rules::default() },
            deny: BTreeMap::new(),
            replace: false,
        },
        35 => Command::ChangeTopic {
            topic: topic?,
            name: TopicName::parse("renamed").unwrap(),
            rules: Rules { bytes_max: Some(b as u32 * 10), ..Rules::default() },
        },
        36 => Command::NarrowTopic {
            topic: topic?,
            deny: BTreeMap::from([(pick(&world.roles, b)?, set)]),
        },
        37 => Command::RemoveTopic { topic: topic? },
        38..=41 => {
            let other = pick(&world.topics, b % 3)?;
            let asked = [topic?, other, topic?].map(|topic| Asked {
                topic,
                change: match world.documents.get(&Key::Topic(topic)) {
                    Some(Doc::Topic(found)) if found.holds == Kind::Int => {
                        Change::Add { by: seq.into() }
                    }
                    Some(Doc::Topic(found)) if found.holds == Kind::Text => {
                        Change::Update { updates: vec![written(b as u8 % 100)] }
                    }
                    _ => Change::Insert { value: seq.into(), to: None, element: None },
                },
            });
            Command::Change { changes: asked.to_vec(), when: Vec::new(), group: None }
        }
        42 | 43 => Command::Undo { circle: circle?, skip: b == 0 },
        44 => Command::Redo { circle: circle?, skip: b == 0 },
        45 => Command::ArrangeStreams {
            circle: circle?,
            sections: vec![Arranged {
                section: (b % 2 == 0).then(|| SectionName::parse("Talk").unwrap()),
                streams: vec![stream?],
            }],
        },
        46 => Command::SetPreference {
            key: PreferenceKey::parse(&format!("page:{}", b % 3)).unwrap(),
            value: if seq % 3 == 0 { serde_json::Value::Null } else { seq.into() },
        },
        47 => Command::SetDisabled { user: user?, disabled: seq % 7 == 0 },
        48 => Command::SetAdmin { user: user?, admin: b % 2 == 0 },
        49 => Command::EndSessions { user: user? },
        50 => Command::OfferReset { user: user? },
        51 => Command::ChangeSite { registration: (b % 2 == 0).then_some(Registration::Closed) },
        52 => Command::SetAvatar { file: image },
        53 => Command::SetIcon { circle: circle?, file: image },
        54 if b % 4 == 0 => Command::RemoveCircle { circle: circle? },
        54 => Command::RemoveStream { stream: stream? },
        _ => Command::Post {
            stream: stream?,
            text,
            reply_to: (b % 5 == 0).then_some(message),
            thread: (b % 4 == 0).then_some(message),
            topic: pick(&world.topics, b).filter(|_| b % 3 == 0),
            files: Vec::new(),
        },
    })
}

/// An update in which this client writes a letter.
fn written(client: u8) -> Update {
    Update::new(&[1, 1, client, 0, 4, 1, 1, b't', 1, b'a', 0])
}

/// Makes the world that a history leads to; `look` sees it after every step.
fn history(steps: &[Step], mut look: impl FnMut(&World, UserId, &Command, bool)) -> World {
    let mut world = World::new(4);
    let owner = world.users[0];
    let name = CircleName::parse("First").unwrap();
    world.ask(owner, &Command::CreateCircle { name, public: true }).unwrap();
    for step in steps {
        let me = world.users[step.0 % world.users.len()];
        if let Some(command) = command(&world, *step) {
            let outcome = world.ask(me, &command);
            if let Some(token) = outcome.as_ref().ok().and_then(|outcome| outcome.code.clone()) {
                // An invite's code is none.
                let _ = world.run(None, |draft| site::reset(draft, &token, "another hash"));
            }
            let done = outcome.is_ok();
            match &command {
                Command::RemoveCircle { circle } if done => world.forget(*circle),
                Command::RemoveStream { stream } if done => world.forget_stream(*stream),
                _ => {}
            }
            look(&world, me, &command, done);
        }
    }
    world
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((0..4_usize, any::<u8>(), 0..20_usize, 0..20_usize, 0..100_u64), 0..80)
}

proptest! {
    #[test]
    fn feeds_are_numbered_without_gaps_and_each_event_vouches_for_those_before(steps in steps()) {
        let world = history(&steps, |_, _, _, _| {});
        let mut heads: BTreeMap<FeedId, (Seq, ChainHash)> = BTreeMap::new();
        for drafted in &world.events {
            let event: Event = serde_json::from_str(&drafted.json).unwrap();
            prop_assert_eq!(&event, drafted.event.as_ref());
            let head = heads.entry(event.feed).or_default();
            prop_assert_eq!(event.seq, head.0.next());
            prop_assert_eq!(drafted.hash, head.1.next(event.feed, event.seq, &drafted.json));
            *head = (event.seq, drafted.hash);
        }
    }

    #[test]
    fn a_snapshot_and_the_events_since_are_the_state(steps in steps(), cut in any::<prop::sample::Index>()) {
        let cut = cut.index(steps.len() + 1);
        let before = history(&steps[..cut], |_, _, _, _| {});
        let mut held = before.told();
        let after = history(&steps, |_, _, _, _| {});
        for drafted in &after.events[before.events.len()..] {
            let Ok(()) = reduce(&mut held, &drafted.event);
        }
        after.drop_gone(&mut held);
        prop_assert_eq!(&held, &after.told());
        let mut replayed = BTreeMap::new();
        for drafted in &after.events {
            let Ok(()) = reduce(&mut replayed, &drafted.event);
        }
        after.drop_gone(&mut replayed);
        prop_assert_eq!(&replayed, &after.told());
        for (key, doc) in &after.documents {
            if let (Key::Steps(circle, user), Doc::Steps(steps)) = (key, doc) {
                let kept = after.documents.iter().filter_map(|(key, doc)| match (key, doc) {
                    (Key::Step(c, u, _), Doc::Step(step)) if (c, u) == (circle, user) => {
                        Some(step.as_ref().clone())
                    }
                    _ => None,
                });
                prop_assert_eq!(&Steps::new(kept), steps.as_ref());
            }
            if key.path().is_some() {
                let read = key.parse(&doc.to_json());
                prop_assert_eq!(read.as_ref(), Ok(doc));
            }
        }
    }

    #[test]
    fn whoever_may_not_read_is_told_what_a_stranger_is_told(steps in steps()) {
        let world = history(&steps, |world, me, command, done| {
            let (Command::Kick { circle, user, .. } | Command::Ban { circle, user, .. }) = command else {
                return;
            };
            if done {
                assert_ne!(me, *user);
                assert_eq!(world.may_read(*user, FeedId::Circle(*circle)), Err(Refusal::NoSuchCircle));
            }
        });
        let absent = StreamId::new(Timestamp(1), 1);
        for user in &world.users {
            let stranger = world.may_read(*user, FeedId::Stream(absent));
            for stream in &world.streams {
                let told = world.may_read(*user, FeedId::Stream(*stream));
                let locked = Err(Refusal::Disabled);
                prop_assert!(told.is_ok() || told == stranger || told == locked);
            }
        }
    }

    /// In these histories a topic whose changes are no steps was never another.
    #[test]
    fn what_is_no_step_is_in_none(steps in steps()) {
        let world = history(&steps, |_, _, _, _| {});
        for doc in world.documents.values() {
            let Doc::Step(step) = doc else { continue };
            for part in &step.parts {
                if let Some(Doc::Topic(topic)) = world.documents.get(&Key::Topic(part.topic)) {
                    prop_assert!(!topic.rules.no_undo);
                }
            }
        }
    }

    #[test]
    fn a_circle_has_its_owner_among_its_members_and_counts_them_right(steps in steps()) {
        let world = history(&steps, |_, _, _, _| {});
        for circle in &world.circles {
            let Some(Doc::Circle(doc)) = world.documents.get(&Key::Circle(*circle)) else { continue };
            prop_assert!(world.documents.contains_key(&Key::Member(*circle, doc.owner)));
            let members = world.documents.keys().filter(|key| matches!(key, Key::Member(c, _) if c == circle));
            prop_assert_eq!(members.count() as u64, doc.members);
        }
        for (key, doc) in &world.documents {
            let (Key::Message(stream, seq), Doc::Message(message)) = (key, doc) else { continue };
            let thread = |key: &&Key| matches!(key, Key::Timeline(s, root, _) if s == stream && root == seq);
            let replies = world.documents.keys().filter(thread).count();
            prop_assert_eq!(replies, message.replies as usize);
            let root = message.thread.unwrap_or_default();
            prop_assert!(world.documents.contains_key(&Key::Timeline(*stream, root, *seq)));
        }
    }
}

/// A property says nothing about an event that its histories never hold.
#[test]
fn histories_hold_every_kind_of_event_that_commands_make() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut kinds = BTreeSet::new();
    for _ in 0..2000 {
        let steps = steps().new_tree(&mut runner).unwrap().current();
        for drafted in &history(&steps, |_, _, _, _| {}).events {
            let body = serde_json::to_value(&drafted.event.body).unwrap();
            kinds.insert(body["kind"].as_str().unwrap().to_owned());
        }
    }
    let source = include_str!("../src/event.rs");
    let body = source.split("pub enum Body {").nth(1).unwrap().split("\n}").next().unwrap();
    let named = body.lines().filter_map(|line| line.strip_prefix("    ")?.strip_suffix(" {"));
    for name in named {
        let mut kind = String::new();
        for c in name.chars() {
            if c.is_uppercase() && !kind.is_empty() {
                kind.push('_');
            }
            kind.extend(c.to_lowercase());
        }
        assert!(kinds.contains(&kind), "no history holds {kind}: {kinds:?}");
    }
}
