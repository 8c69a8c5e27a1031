//! Unread counts against a model that knows nothing of lists and markers in a store: wrong badges
//! are what every chat is blamed for most. `RUNS` sets how many histories are made.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod world;

use std::collections::{BTreeMap, BTreeSet};

use kith_core::command::Command;
use kith_core::id::{CircleId, Seq, StreamId, UserId};
use kith_hub::read::Page;
use kith_hub::{Hub, Limits};
use kith_store::memory::MemoryStore;
use serde_json::{Value, json};
use world::{circle, hub, user};

const STEPS: usize = 60;

/// Random numbers (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ z >> 31) % sides as u64).unwrap()
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        (!from.is_empty()).then(|| from[self.roll(from.len())].clone())
    }
}

/// A message as the model remembers it.
#[derive(Clone)]
struct Said {
    author: usize,
    thread: Option<Seq>,
    text: String,
    /// Who is meant by name: whoever blocked the author at that time is not.
    named: BTreeSet<usize>,
}

/// What a person knows by themselves.
#[derive(Default)]
struct Model {
    said: BTreeMap<Seq, Said>,
    /// By person and thread.
    read: BTreeMap<(usize, Seq), Seq>,
    follows: BTreeSet<(usize, Seq)>,
    blocks: BTreeSet<(usize, usize)>,
}

const NAMES: [&str; 3] = ["ana", "bob", "carol"];
const TEXTS: [&str; 6] = ["plain", "@ana", "@bob and @carol", "@everyone", "@cooks", "`@ana`"];

impl Model {
    /// Whom a text means by name, without whoever does not hear its author.
    fn named(&self, author: usize, text: &str) -> BTreeSet<usize> {
        let named: &[usize] = match text {
            "@ana" => &[0],
            "@bob and @carol" => &[1, 2],
            _ => &[],
        };
        let hears = |who: &usize| *who != author && !self.blocks.contains(&(*who, author));
        named.iter().copied().filter(hears).collect()
    }

    /// Whether a message means somebody. Ana owns the circle and alone may mean everyone and roles;
    /// carol cooks.
    fn means(said: &Said, who: usize) -> bool {
        let all =
            said.author == 0 && (said.text == "@everyone" || said.text == "@cooks" && who == 2);
        said.named.contains(&who) || all
    }

    fn post(&mut self, seq: Seq, said: Said) {
        if let Some(thread) = said.thread {
            self.follows.insert((said.author, thread));
            self.follows.extend(self.said.get(&thread).map(|root| (root.author, thread)));
        }
        self.note(&said);
        self.said.insert(seq, said);
    }

    /// Whoever is meant by name follows the thread.
    fn note(&mut self, said: &Said) {
        if let Some(thread) = said.thread {
            self.follows.extend(said.named.iter().map(|who| (*who, thread)));
        }
    }

    fn counts(&self, who: usize, thread: Seq) -> (u64, u64) {
        let read = self.read.get(&(who, thread)).copied().unwrap_or_default();
        let unread = self.said.iter().filter(|(seq, said)| {
            **seq > read
                && said.thread.unwrap_or_default() == thread
                && said.author != who
                && !self.blocks.contains(&(who, said.author))
        });
        let (all, meant): (Vec<_>, Vec<_>) =
            (unread.clone().collect(), unread.filter(|(_, said)| Self::means(said, who)).collect());
        (all.len() as u64, meant.len() as u64)
    }
}

struct Run {
    hub: Hub,
    users: Vec<UserId>,
    stream: StreamId,
    model: Model,
}

impl Run {
    async fn begin() -> Self {
        let hub = hub(MemoryStore::new(), Limits::default()).await;
        let mut users = Vec::new();
        for name in NAMES {
            users.push(user(&hub, name).await);
        }
        let (tea, stream): (CircleId, StreamId) = circle(&hub, users[0]).await;
        let run = Self { hub, users, stream, model: Model::default() };
        for who in [1, 2] {
            run.act(who, json!({"join": {"circle": tea}})).await;
        }
        let role = json!({"circle": tea, "name": "cooks", "allow": ["read"], "rank": 1});
        let made = run.act(0, json!({"create_role": role})).await.unwrap();
        let give = json!({"circle": tea, "user": run.users[2], "roles": [made["role"]]});
        run.act(0, json!({"set_roles": give})).await;
        run
    }

    async fn act(&self, who: usize, command: Value) -> Option<Value> {
        let command: Command = serde_json::from_value(command).unwrap();
        let done = self.hub.execute(self.users[who], None, &command).await.ok()?;
        Some(serde_json::to_value(done).unwrap())
    }

    async fn step(&mut self, dice: &mut Dice) {
        let (who, stream) = (dice.roll(NAMES.len()), self.stream);
        let all: Vec<Seq> = self.model.said.keys().copied().collect();
        let any = dice.pick(&all);
        match (dice.roll(10), any) {
            (0..4, _) | (_, None) => {
                let main = |seq: &Seq| self.model.said[seq].thread.is_none();
                let roots: Vec<Seq> = all.iter().copied().filter(main).collect();
                let thread = if dice.roll(2) == 0 { dice.pick(&roots) } else { None };
                let text = dice.pick(&TEXTS).unwrap().to_owned();
                let post = json!({"stream": stream, "text": text, "thread": thread});
                let made = self.act(who, json!({"post": post})).await.unwrap();
                let seq = Seq(made["events"][0]["seq"].as_u64().unwrap());
                let named = self.model.named(who, &text);
                self.model.post(seq, Said { author: who, thread, text, named });
            }
            (4, Some(seq)) => {
                let author = self.model.said[&seq].author;
                let text = dice.pick(&TEXTS).unwrap().to_owned();
                let edit = json!({"stream": stream, "message": seq, "text": text});
                self.act(author, json!({"edit": edit})).await.unwrap();
                let named = self.model.named(author, &text);
                let said = Said { text, named, ..self.model.said[&seq].clone() };
                self.model.note(&said);
                self.model.said.insert(seq, said);
            }
            (5, Some(seq)) => {
                let author = self.model.said[&seq].author;
                self.act(author, json!({"delete": {"stream": stream, "message": seq}}))
                    .await
                    .unwrap();
                self.model.said.remove(&seq);
            }
            (6..9, Some(seq)) => {
                let thread = self.model.said[&seq].thread;
                let read = json!({"stream": stream, "thread": thread, "seq": seq});
                self.act(who, json!({"read": read})).await.unwrap();
                self.model.read.insert((who, thread.unwrap_or_default()), seq);
            }
            (_, Some(_)) => {
                let other = (who + 1 + dice.roll(2)) % NAMES.len();
                let user = self.users[other];
                if self.model.blocks.remove(&(who, other)) {
                    self.act(who, json!({"unblock": {"user": user}})).await.unwrap();
                } else {
                    self.act(who, json!({"block": {"user": user}})).await.unwrap();
                    self.model.blocks.insert((who, other));
                }
            }
        }
    }

    async fn compare(&self, place: &str) {
        for (who, user) in self.users.iter().enumerate() {
            let (own, threads) = self.hub.unread(*user, self.stream).await.unwrap();
            let place = format!("{place}: {}", NAMES[who]);
            assert_eq!((own.unread, own.mentions), self.model.counts(who, Seq(0)), "{place}");
            let mut followed = BTreeSet::new();
            for thread in threads {
                let expected = self.model.counts(who, thread.thread);
                assert_eq!((thread.unread, thread.mentions), expected, "{place} {}", thread.thread);
                followed.insert((who, thread.thread));
            }
            let expected: BTreeSet<_> =
                self.model.follows.iter().copied().filter(|(one, _)| *one == who).collect();
            assert_eq!(followed, expected, "{place}");
            // What is counted is what is shown.
            let page = Page { after: Some(own.read), limit: 200, ..Page::default() };
            let (shown, _) = self.hub.messages(*user, self.stream, page).await.unwrap();
            let others = shown.iter().filter(|message| message.author != *user).count();
            assert_eq!(own.unread, others as u64, "{place}");
        }
    }
}

#[tokio::test]
async fn every_count_is_that_of_the_messages_whatever_happens() {
    let runs = std::env::var("RUNS").map_or(25, |runs| runs.parse().unwrap());
    for seed in 0..runs {
        let (mut run, mut dice) = (Run::begin().await, Dice(seed));
        for step in 0..STEPS {
            run.step(&mut dice).await;
            run.compare(&format!("seed {seed}, step {step}")).await;
        }
    }
}
