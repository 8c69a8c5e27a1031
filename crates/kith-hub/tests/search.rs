//! Searching finds what is there as it is now, and only what may be read.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod world;

use std::sync::Arc;

use async_trait::async_trait;
use kith_core::command::Command;
use kith_core::decide::file::{self, FileLimits, NewFile};
use kith_core::file::BlobHash;
use kith_core::id::{FeedId, FileId, Seq, StreamId, UserId};
use kith_core::search::Order;
use kith_core::text::{FileName, MediaType, MessageText};
use kith_hub::search::{Asked, Hits};
use kith_hub::{Hub, Limits, verify};
use kith_search::SqliteIndex;
use kith_store::Store;
use kith_store::index::{Ask, Change, Entry, Found, Index, IndexError, Step};
use kith_store::memory::MemoryStore;
use serde_json::json;
use world::faults::forget_all;
use world::{circle, hub, say, user};

struct Place {
    hub: Hub,
    store: MemoryStore,
    dir: tempfile::TempDir,
}

impl Place {
    async fn open() -> Self {
        let store = MemoryStore::new();
        let dir = tempfile::tempdir().unwrap();
        let hub = hub(store.clone(), Limits::default()).await;
        let place = Self { hub, store, dir };
        place.index();
        place
    }

    fn index(&self) {
        let index = SqliteIndex::open(&self.dir.path().join("search")).unwrap();
        tokio::spawn(self.hub.search_by(Arc::new(index)));
    }

    /// The server stops, with its index as far as it is, and starts again.
    async fn reopen(&mut self) {
        self.hub.close().await;
        self.hub = hub(self.store.clone(), Limits::default()).await;
        self.index();
    }

    async fn ask(&self, who: UserId, asked: Asked<'_>) -> Hits {
        self.hub.index_settled().await;
        self.hub.search(who, asked).await.unwrap()
    }

    /// The texts of the hits, the newest first.
    async fn find(&self, who: UserId, text: &str) -> Vec<String> {
        let asked = Asked { order: Order::Time, ..asked(text) };
        let hits = self.ask(who, asked).await;
        assert_eq!(hits.next, None);
        hits.hits.iter().map(|hit| hit.message.text.as_str().to_owned()).collect()
    }

    async fn code(&self, who: UserId, text: &str) -> String {
        self.hub.index_settled().await;
        self.hub.search(who, asked(text)).await.unwrap_err().code().to_owned()
    }

    async fn act(&self, who: UserId, command: Command) -> kith_core::command::Outcome {
        self.hub.execute(who, None, &command).await.unwrap()
    }
}

fn asked(text: &str) -> Asked<'_> {
    Asked { text, order: Order::Rank, after: None, limit: 100, offset: 0 }
}

fn edit(stream: StreamId, message: Seq, text: &str) -> Command {
    Command::Edit { stream, message, text: MessageText::parse(text).unwrap() }
}

#[tokio::test]
async fn what_is_said_changed_and_deleted_is_found_as_it_is_now() {
    let mut place = Place::open().await;
    let ana = user(&place.hub, "ana").await;
    let (_, tea) = circle(&place.hub, ana).await;
    let first = say(&place.hub, ana, tea, "green tea").await.unwrap().events[0].seq;
    let second = say(&place.hub, ana, tea, "black tea with milk").await.unwrap().events[0].seq;
    assert_eq!(place.find(ana, "tea").await, ["black tea with milk", "green tea"]);
    assert_eq!(place.find(ana, "mil").await, ["black tea with milk"]);
    place.act(ana, edit(tea, second, "coffee with milk")).await;
    assert_eq!(place.find(ana, "tea").await, ["green tea"]);
    assert_eq!(place.find(ana, "coffee milk").await, ["coffee with milk"]);
    place.act(ana, Command::Delete { stream: tea, message: first }).await;
    assert_eq!(place.find(ana, "tea").await, Vec::<String>::new());
    place.reopen().await;
    say(&place.hub, ana, tea, "tea again").await.unwrap();
    assert_eq!(place.find(ana, "tea OR coffee").await, Vec::<String>::new());
    assert_eq!(place.find(ana, "tea").await, ["tea again"]);
    assert_eq!(place.find(ana, "coffee").await, ["coffee with milk"]);
}

/// A file of this name whose content is nowhere.
async fn file(hub: &Hub, owner: UserId, name: &str, media: &str) -> FileId {
    let new = NewFile { name: FileName::parse(name).unwrap(), bytes: 3, hash: None };
    let limits = FileLimits { bytes_max: 9, user_bytes_max: 99, user_per_day_max: 9 };
    let id = hub.begin_file(owner, None, &new, &limits).await.unwrap().file.unwrap();
    let (hash, media) = (BlobHash::of(name.as_bytes()), MediaType::parse(media).unwrap());
    let found = file::Found { hash, media, size: None, color: None, thumbnail: None, square: None };
    hub.finish_file(owner, id, &found).await.unwrap();
    id
}

#[tokio::test]
async fn messages_are_found_by_their_files() {
    let place = Place::open().await;
    let ana = user(&place.hub, "ana").await;
    let (_, tea) = circle(&place.hub, ana).await;
    let kettle = file(&place.hub, ana, "Kettle plan.png", "image/png").await;
    let list = file(&place.hub, ana, "list.txt", "text/plain").await;
    for (text, files) in [("look", vec![kettle]), ("to buy", vec![list]), ("nothing else", vec![])]
    {
        let post = json!({"post": {"stream": tea, "text": text, "files": files}});
        place.act(ana, serde_json::from_value(post).unwrap()).await;
    }
    assert_eq!(place.find(ana, "kettle").await, ["look"]);
    assert_eq!(place.find(ana, "has:file").await, ["to buy", "look"]);
    assert_eq!(place.find(ana, "has:image").await, ["look"]);
    assert_eq!(place.find(ana, "-has:file").await, ["nothing else"]);
}

#[tokio::test]
async fn what_is_deleted_is_out_of_the_answers_before_the_index_knows() {
    let store = MemoryStore::new();
    let dir = tempfile::tempdir().unwrap();
    let hub = hub(store, Limits::default()).await;
    let index = Arc::new(SqliteIndex::open(&dir.path().join("search")).unwrap());
    let following = tokio::spawn(hub.search_by(index));
    let ana = user(&hub, "ana").await;
    let (_, tea) = circle(&hub, ana).await;
    let one = say(&hub, ana, tea, "green tea").await.unwrap().events[0].seq;
    let two = say(&hub, ana, tea, "black tea").await.unwrap().events[0].seq;
    hub.index_settled().await;
    // Nobody keeps the index up to date from here on.
    following.abort();
    assert!(following.await.unwrap_err().is_cancelled());
    hub.execute(ana, None, &Command::Delete { stream: tea, message: one }).await.unwrap();
    hub.execute(ana, None, &edit(tea, two, "black coffee")).await.unwrap();
    let found = hub.search(ana, asked("tea")).await.unwrap();
    assert!(found.hits.is_empty() && found.behind);
    assert_eq!(found.next, None);
}

#[tokio::test]
async fn an_index_that_has_something_otherwise_than_the_messages_is_told() {
    let store = MemoryStore::new();
    let dir = tempfile::tempdir().unwrap();
    let hub = hub(store.clone(), Limits::default()).await;
    let index = Arc::new(SqliteIndex::open(&dir.path().join("search")).unwrap());
    let following = tokio::spawn(hub.search_by(Arc::clone(&index) as Arc<dyn Index>));
    let ana = user(&hub, "ana").await;
    let (_, tea) = circle(&hub, ana).await;
    let one = say(&hub, ana, tea, "green tea").await.unwrap().events[0].seq;
    let two = say(&hub, ana, tea, "black tea").await.unwrap().events[0].seq;
    hub.execute(ana, None, &edit(tea, two, "black coffee")).await.unwrap();
    hub.index_settled().await;
    following.abort();
    assert!(following.await.unwrap_err().is_cancelled());
    let wrong = async || {
        hub.settled().await.unwrap();
        let problems = verify::compare(&store, index.as_ref()).await.unwrap();
        problems.into_iter().map(|problem| problem.what).collect::<Vec<_>>()
    };
    assert_eq!(wrong().await, Vec::<String>::new());
    // What it has still to read is no difference.
    hub.execute(ana, None, &Command::Delete { stream: tea, message: one }).await.unwrap();
    say(&hub, ana, tea, "tea again").await.unwrap();
    assert_eq!(wrong().await, Vec::<String>::new());
    let read = index.read(vec![tea]).await.unwrap();
    let apply = async |changes: Vec<Change>, seq: Seq| {
        index.apply(Step { changes, read: vec![(tea, seq)] }).await.unwrap();
    };
    apply(vec![Change::Remove(tea, two)], read[0]).await;
    let lost = format!("Message {two} of {tea} stands in it otherwise, or not at all.");
    assert_eq!(wrong().await, std::slice::from_ref(&lost));
    // It says that it has read all, and has neither removed the one nor added the other.
    let head = store.head(FeedId::Stream(tea)).await.unwrap().seq;
    apply(Vec::new(), head).await;
    let found = wrong().await;
    assert_eq!(found.len(), 3, "{found:?}");
    assert_eq!(found[0], lost);
    assert_eq!(found[2], format!("It has 1 messages of {tea}, which has 2."));
    apply(vec![], head.next()).await;
    assert!(wrong().await[0].contains("which has"), "it is ahead");
    // One of another store is emptied by whoever uses it.
    index.follow(99).await.unwrap();
    assert_eq!(wrong().await, Vec::<String>::new());
}

#[tokio::test]
async fn of_a_removed_circle_the_index_has_nothing() {
    let store = MemoryStore::new();
    let dir = tempfile::tempdir().unwrap();
    let hub = hub(store.clone(), Limits::default()).await;
    let index = Arc::new(SqliteIndex::open(&dir.path().join("search")).unwrap());
    tokio::spawn(hub.search_by(Arc::clone(&index) as Arc<dyn Index>));
    let (ana, bob) = (user(&hub, "ana").await, user(&hub, "bob").await);
    let (home, tea) = circle(&hub, ana).await;
    let (_, kept) = circle(&hub, ana).await;
    let direct = hub.execute(ana, None, &Command::OpenDirect { user: bob }).await.unwrap();
    let direct = direct.stream.unwrap();
    // More than one step of forgetting.
    for number in 0..1100 {
        say(&hub, ana, tea, &format!("tea {number}")).await.unwrap();
    }
    for stream in [kept, direct] {
        say(&hub, ana, stream, "tea that stays").await.unwrap();
    }
    hub.index_settled().await;
    assert_eq!(index.count(tea).await.unwrap(), 1100);
    hub.execute(ana, None, &Command::RemoveCircle { circle: home }).await.unwrap();
    let found = hub.search(ana, asked("tea")).await.unwrap();
    assert_eq!(found.hits.len(), 2);
    forget_all(&hub).await;
    hub.index_settled().await;
    assert_eq!(index.count(tea).await.unwrap(), 0);
    assert_eq!(index.count(kept).await.unwrap(), 1);
    assert_eq!(verify::compare(&store, index.as_ref()).await.unwrap(), []);
    assert_eq!(hub.search(ana, asked("tea")).await.unwrap().hits.len(), 2);
    // What stands in it by mistake is found.
    let changes = vec![Change::Put(Entry {
        stream: tea,
        seq: Seq(2),
        home: kith_store::index::Home::Circle(home),
        author: ana,
        at: hub.now(),
        text: "tea".to_owned(),
        marks: Vec::new(),
    })];
    index.apply(Step { changes, read: Vec::new() }).await.unwrap();
    let wrong = verify::compare(&store, index.as_ref()).await.unwrap();
    assert!(wrong[0].what.contains("which is gone"), "{wrong:?}");
}

/// An index on a disk that is full.
struct Full(SqliteIndex);

#[async_trait]
impl Index for Full {
    async fn apply(&self, _: Step) -> Result<(), IndexError> {
        Err(IndexError::Failed("database or disk is full".to_owned()))
    }
    async fn follow(&self, epoch: u64) -> Result<(), IndexError> {
        self.0.follow(epoch).await
    }
    async fn read(&self, streams: Vec<StreamId>) -> Result<Vec<Seq>, IndexError> {
        self.0.read(streams).await
    }
    async fn forget(&self, stream: StreamId, limit: usize) -> Result<usize, IndexError> {
        self.0.forget(stream, limit).await
    }
    async fn find(&self, ask: Ask, limit: usize) -> Result<Vec<Found>, IndexError> {
        self.0.find(ask, limit).await
    }
    async fn is_of(&self, epoch: u64) -> Result<bool, IndexError> {
        self.0.is_of(epoch).await
    }
    async fn differing(&self, entries: Vec<Entry>) -> Result<Vec<(StreamId, Seq)>, IndexError> {
        self.0.differing(entries).await
    }
    async fn count(&self, stream: StreamId) -> Result<u64, IndexError> {
        self.0.count(stream).await
    }
    async fn clear(&self) -> Result<(), IndexError> {
        self.0.clear().await
    }
    fn size_bytes(&self) -> u64 {
        self.0.size_bytes()
    }
}

#[tokio::test]
async fn whoever_makes_the_index_is_told_that_the_disk_is_full() {
    let dir = tempfile::tempdir().unwrap();
    let hub = hub(MemoryStore::new(), Limits::default()).await;
    let ana = user(&hub, "ana").await;
    let (_, tea) = circle(&hub, ana).await;
    say(&hub, ana, tea, "green tea").await.unwrap();
    let index = SqliteIndex::open(&dir.path().join("search")).unwrap();
    let following = tokio::spawn(hub.search_by(Arc::new(Full(index))));
    let why = hub.index_made().await.unwrap_err();
    assert_eq!(why, "the search index failed: database or disk is full");
    // The hub works on, and ends when it is told to.
    say(&hub, ana, tea, "black tea").await.unwrap();
    hub.close().await;
    following.await.unwrap();
}

#[tokio::test]
async fn nobody_finds_what_they_may_not_read() {
    let place = Place::open().await;
    let (ana, bob, cyd) = (
        user(&place.hub, "ana").await,
        user(&place.hub, "bob").await,
        user(&place.hub, "cyd").await,
    );
    let (home, tea) = circle(&place.hub, ana).await;
    say(&place.hub, ana, tea, "tea of ana").await.unwrap();
    assert_eq!(place.find(bob, "tea").await, Vec::<String>::new());
    place.act(bob, Command::Join { circle: home }).await;
    assert_eq!(place.find(bob, "tea").await, ["tea of ana"]);
    let direct = place.act(ana, Command::OpenDirect { user: cyd }).await.stream.unwrap();
    say(&place.hub, ana, direct, "tea between us").await.unwrap();
    assert_eq!(place.find(bob, "tea").await, ["tea of ana"]);
    assert_eq!(place.find(cyd, "tea").await, ["tea between us"]);
    assert_eq!(place.find(ana, "tea in:@cyd").await, ["tea between us"]);
    assert_eq!(place.find(ana, "tea -in:@cyd").await, ["tea of ana"]);
    let everyone = place.hub.circle(ana, home).await.unwrap().0.everyone;
    let deny = [(
        everyone,
        kith_core::permission::Permissions::of(&[kith_core::permission::Permission::Read]),
    )];
    place.act(ana, Command::NarrowStream { stream: tea, deny: deny.into() }).await;
    assert_eq!(place.find(bob, "tea").await, Vec::<String>::new());
    assert_eq!(place.code(bob, &format!("tea in:{tea}")).await, "stream.not_found");
    assert_eq!(place.find(ana, "tea").await, ["tea between us", "tea of ana"]);
    place.act(ana, Command::NarrowStream { stream: tea, deny: Default::default() }).await;
    assert_eq!(place.find(bob, "tea").await, ["tea of ana"]);
    place.act(ana, Command::Kick { circle: home, user: bob, reason: None }).await;
    assert_eq!(place.find(bob, "tea").await, Vec::<String>::new());
}

#[tokio::test]
async fn who_is_blocked_is_not_found() {
    let place = Place::open().await;
    let (ana, bob) = (user(&place.hub, "ana").await, user(&place.hub, "bob").await);
    let (home, tea) = circle(&place.hub, ana).await;
    place.act(bob, Command::Join { circle: home }).await;
    say(&place.hub, bob, tea, "tea of bob").await.unwrap();
    say(&place.hub, ana, tea, "tea of ana").await.unwrap();
    place.act(ana, Command::Block { user: bob }).await;
    assert_eq!(place.find(ana, "tea").await, ["tea of ana"]);
    assert_eq!(place.find(ana, "from:bob").await, Vec::<String>::new());
    assert_eq!(place.find(bob, "tea").await, ["tea of ana", "tea of bob"]);
}

#[tokio::test]
async fn filters_say_who_where_when_and_what() {
    let place = Place::open().await;
    let (ana, bob) = (user(&place.hub, "ana").await, user(&place.hub, "bob").await);
    let (home, tea) = circle(&place.hub, ana).await;
    place.act(bob, Command::Join { circle: home }).await;
    let name = kith_core::text::StreamName::parse("Ops Room").unwrap();
    let make = Command::CreateStream { circle: home, name, about: None, deny: Default::default() };
    let ops = place.act(ana, make).await.stream.unwrap();
    let link = say(&place.hub, ana, tea, "see https://example.org").await.unwrap().events[0].seq;
    say(&place.hub, bob, ops, "run `kith check`").await.unwrap();
    let reply = Command::Post {
        stream: tea,
        text: MessageText::parse("in a thread").unwrap(),
        reply_to: None,
        thread: Some(link),
        topic: None,
        files: Vec::new(),
    };
    place.act(bob, reply).await;
    let emoji = kith_core::text::Emoji::parse("👍").unwrap();
    place.act(bob, Command::React { stream: tea, message: link, emoji: emoji.clone() }).await;
    place.act(ana, Command::Pin { stream: tea, message: link, pinned: true }).await;
    let (see, run, thread) = ("see https://example.org", "run `kith check`", "in a thread");
    for (text, expected) in [
        ("from:ana", vec![see]),
        ("from:me", vec![see]),
        ("from:@BOB", vec![thread, run]),
        ("from:ana from:bob -from:bob", vec![see]),
        ("in:ops-room", vec![run]),
        ("in:\"tea/ops room\"", vec![run]),
        ("in:Tea", vec![thread, run, see]),
        ("-in:#ops-room", vec![thread, see]),
        ("has:link", vec![see]),
        ("has:code", vec![run]),
        ("has:reaction", vec![see]),
        ("has:pin", vec![see]),
        ("is:thread", vec![thread]),
        ("-is:thread -has:code", vec![see]),
        ("on:today from:ana", vec![see]),
        ("before:2025-01-01", vec![]),
        ("after:2025-01-01 check", vec![run]),
    ] {
        assert_eq!(place.find(ana, text).await, expected, "{text}");
    }
    place.act(bob, Command::Unreact { stream: tea, message: link, emoji }).await;
    place.act(ana, Command::Pin { stream: tea, message: link, pinned: false }).await;
    assert_eq!(place.find(ana, "has:reaction").await, Vec::<String>::new());
    assert_eq!(place.find(ana, "has:pin").await, Vec::<String>::new());
    for (text, code) in [
        ("from:nobody", "user.not_found"),
        ("in:nowhere", "stream.not_found"),
        ("to:ana", "search.unknown_filter"),
        ("has:cake", "search.bad_filter"),
        ("  ", "input.empty"),
    ] {
        assert_eq!(place.code(ana, text).await, code, "{text}");
    }
}

#[tokio::test]
async fn hits_come_in_pages_in_both_orders_and_new_ones_move_nothing() {
    let place = Place::open().await;
    let ana = user(&place.hub, "ana").await;
    let (_, tea) = circle(&place.hub, ana).await;
    for number in 0..25 {
        let filler = "so much else ".repeat(number % 4);
        say(&place.hub, ana, tea, &format!("tea number {number} {filler}")).await.unwrap();
    }
    for order in [Order::Rank, Order::Time] {
        let whole = place.ask(ana, Asked { order, ..asked("tea") }).await;
        let seqs = |hits: &Hits| hits.hits.iter().map(|hit| hit.message.seq).collect::<Vec<_>>();
        assert_eq!(
            (whole.hits.len(), &whole.next),
            (25 + usize::from(order == Order::Time), &None)
        );
        let mut told = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let asked = Asked { order, after: next.as_deref(), limit: 7, ..asked("tea") };
            let page = place.ask(ana, asked).await;
            told.extend(seqs(&page));
            next = page.next;
            if told.len() == 7 {
                say(&place.hub, ana, tea, "tea, the newest").await.unwrap();
            }
            if next.is_none() {
                break;
            }
        }
        assert_eq!(told, seqs(&whole), "{order:?}");
    }
    let bad = Asked { after: Some("x"), ..asked("tea") };
    assert_eq!(place.hub.search(ana, bad).await.unwrap_err().code(), "search.bad_cursor");
}

#[tokio::test]
async fn a_server_without_an_index_says_so() {
    let hub = hub(MemoryStore::new(), Limits::default()).await;
    let ana = user(&hub, "ana").await;
    assert_eq!(hub.search(ana, asked("tea")).await.unwrap_err().code(), "search.off");
}

#[tokio::test]
async fn a_snippet_shows_what_was_found() {
    let place = Place::open().await;
    let ana = user(&place.hub, "ana").await;
    let (_, tea) = circle(&place.hub, ana).await;
    say(&place.hub, ana, tea, "One *cup* of\nCafé, please").await.unwrap();
    let found = place.ask(ana, asked("cafe")).await;
    let pieces: Vec<(&str, bool)> =
        found.hits[0].snippet.iter().map(|piece| (piece.text.as_str(), piece.hit)).collect();
    assert_eq!(pieces, [("One *cup* of ", false), ("Café", true), (", please", false)]);
    assert_eq!(found.hits[0].stream, tea);
}
