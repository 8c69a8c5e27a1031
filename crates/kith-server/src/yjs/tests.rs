//! Connections over a pipe, on a store whose commits the test holds up.

use async_trait::async_trait;
use kith_core::command::Command;
use kith_core::id::{CircleId, FeedId, Timestamp};
use kith_core::text::CircleName;
use kith_hub::testing::Clock;
use kith_hub::{Environment, Hub};
use kith_store::around::Around;
use kith_store::memory::MemoryStore;
use kith_store::{Batch, Store, StoreError};
use tokio::io::{AsyncReadExt, DuplexStream};
use tokio::sync::Semaphore;

use super::*;
use crate::settings::Registration;

/// A store that commits while it may.
struct Held {
    store: MemoryStore,
    may: Arc<Semaphore>,
}

#[async_trait]
impl Around for Held {
    fn inner(&self) -> &dyn Store {
        &self.store
    }
    async fn commit(&self, batches: Vec<Batch>) -> Vec<Result<(), StoreError>> {
        let _may = self.may.acquire().await;
        self.store.commit(batches).await
    }
}

struct World {
    app: Arc<App>,
    may: Arc<Semaphore>,
    token: String,
    circle: CircleId,
}

/// The clock of the other tests, and what passed of the time of the runtime.
struct Running(Clock, tokio::time::Instant);

impl Environment for Running {
    fn now(&self) -> Timestamp {
        let passed = u64::try_from(self.1.elapsed().as_millis()).unwrap();
        self.0.now().plus_ms(passed)
    }

    fn random(&self) -> u128 {
        self.0.random()
    }
}

impl World {
    async fn new() -> Self {
        Self::with(0).await
    }

    /// A server that sends editors away in which nothing is done for so long.
    async fn with(yjs_idle_seconds: u32) -> Self {
        let settings = Settings {
            registration: Registration::Open,
            password_memory_kib: 8,
            yjs_idle_seconds,
            ..Settings::default()
        };
        let may = Arc::new(Semaphore::new(1));
        let store = Held { store: MemoryStore::new(), may: Arc::clone(&may) };
        let running = Running(Clock::default(), tokio::time::Instant::now());
        let env: Arc<dyn Environment> = Arc::new(running);
        let hub = Hub::open(Arc::new(store), Arc::clone(&env), kith_hub::Limits::default());
        let app = App::new(hub.await.unwrap(), env, settings);
        let home = std::net::IpAddr::from([192, 0, 2, 1]);
        let password = "correct horse battery";
        let signed = app.sign_up("ana", password, None, None, "home", home).await.unwrap();
        let name = CircleName::parse("Tea").unwrap();
        let made = Command::CreateCircle { name, public: true };
        let made = app.hub.execute(signed.user.id, None, &made).await.unwrap();
        Self { app, may, token: signed.token, circle: made.circle.unwrap() }
    }

    fn name(&self) -> String {
        format!("{}/notes", self.circle)
    }

    fn visit(&self, dialect: Dialect) -> Client {
        let (client, socket) = tokio::io::duplex(64 * 1024);
        let visit = Visit { dialect, token: Some(self.token.clone()) };
        tokio::spawn(visited(Arc::clone(&self.app), socket, visit));
        Client(client)
    }

    /// A client of y-websocket that has everything.
    async fn plain(&self) -> Client {
        let mut client = self.visit(Dialect::Plain(self.name()));
        client.say(&[0, 0, 1, 0]).await;
        assert_eq!(client.next().await, [0, 0, 1, 0], "what it is asked for");
        assert_eq!(client.next().await, [0, 1, 2, 0, 0], "what it misses");
        client
    }

    /// A client of Hocuspocus that has everything.
    async fn named(&self) -> (Client, Vec<u8>) {
        let prefix = wire::prefix(&self.name());
        let about = |message: &[u8]| [&prefix, message].concat();
        let mut client = self.visit(Dialect::Named);
        client.say(&about(&[2, 0, 0, 0])).await;
        client.say(&about(&[0, 0, 1, 0])).await;
        assert_eq!(client.next().await, about(b"\x02\x02\x0aread-write"));
        assert_eq!(client.next().await, about(&[0, 0, 1, 0]), "what it is asked for");
        assert_eq!(client.next().await, about(&[0, 1, 2, 0, 0]), "what it misses");
        (client, prefix)
    }
}

struct Client(DuplexStream);

impl Client {
    /// Sends a message as a client's frame, with a mask of zeros.
    async fn say(&mut self, message: &[u8]) {
        self.0.write_all(&framed(message)).await.unwrap();
    }

    /// Sends what may be too much, of which not all may be read.
    async fn try_to_say(&mut self, message: &[u8]) {
        let _ = self.0.write_all(&framed(message)).await;
    }

    /// The next message, or the code of the end.
    async fn next(&mut self) -> Vec<u8> {
        loop {
            let mut head = [0; 2];
            self.0.read_exact(&mut head).await.unwrap();
            let length = match head[1] {
                126 => self.0.read_u16().await.unwrap().into(),
                127 => self.0.read_u64().await.unwrap(),
                short => short.into(),
            };
            let mut payload = vec![0; usize::try_from(length).unwrap()];
            self.0.read_exact(&mut payload).await.unwrap();
            match head[0] {
                0x89 => {}
                0x88 => return payload[..2].to_vec(),
                _ => return payload,
            }
        }
    }

    /// Whether nothing comes for a while.
    async fn is_quiet(&mut self) -> bool {
        let mut byte = [0];
        let come = self.0.read(&mut byte);
        tokio::time::timeout(Duration::from_secs(5), come).await.is_err()
    }
}

/// A message as a client's frame, with a mask of zeros.
fn framed(message: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x82];
    match message.len() {
        short @ 0..126 => frame.push(0x80 | u8::try_from(short).unwrap()),
        long => {
            frame.push(0x80 | 127);
            frame.extend(u64::try_from(long).unwrap().to_be_bytes());
        }
    }
    [frame.as_slice(), &[0; 4], message].concat()
}

/// Client 7 writes "a" into the text.
const EDIT: &[u8] = &[1, 1, 7, 0, 4, 1, 4, b't', b'e', b'x', b't', 1, b'a', 0];

fn did(update: &[u8]) -> Vec<u8> {
    let mut message = vec![0, 2];
    wire::put_chunk(&mut message, update);
    message
}

#[tokio::test(start_paused = true)]
async fn an_edit_comes_back_when_it_is_durable_and_not_before() {
    let world = World::new().await;
    let (mut one, mut two) = (world.plain().await, world.plain().await);
    let held = world.may.acquire().await.unwrap();
    one.say(&did(EDIT)).await;
    assert!(one.is_quiet().await && two.is_quiet().await);
    drop(held);
    assert_eq!(one.next().await, did(EDIT));
    assert_eq!(two.next().await, did(EDIT));
}

#[tokio::test(start_paused = true)]
async fn an_edit_is_told_to_be_saved_when_it_is_and_not_before() {
    let world = World::new().await;
    let (mut client, prefix) = world.named().await;
    let about = |message: &[u8]| [&prefix, message].concat();
    // What it has is nothing: that is saved already.
    client.say(&about(&[0, 1, 2, 0, 0])).await;
    assert_eq!(client.next().await, about(&[8, 1]));
    let held = world.may.acquire().await.unwrap();
    client.say(&about(&did(EDIT))).await;
    assert!(client.is_quiet().await);
    drop(held);
    assert_eq!(client.next().await, about(&did(EDIT)));
    assert_eq!(client.next().await, about(&[8, 1]));
    // Said again it changes nothing, and is saved.
    client.say(&about(&[&[0, 1], &did(EDIT)[2..]].concat())).await;
    assert_eq!(client.next().await, about(&[8, 1]));
}

#[tokio::test(start_paused = true)]
async fn whoever_is_told_nothing_for_long_is_told_that() {
    let world = World::new().await;
    let mut client = world.plain().await;
    assert_eq!(client.next().await, [1, 1, 0]);
    assert_eq!(client.next().await, [1, 1, 0]);
    let (mut client, _) = world.named().await;
    assert_eq!(client.next().await, [9]);
    client.say(&[10]).await;
    assert_eq!(client.next().await, [9]);
}

#[tokio::test(start_paused = true)]
async fn whoever_is_silent_for_long_is_gone() {
    let world = World::new().await;
    let mut client = world.plain().await;
    loop {
        let told = client.next().await;
        if told != [1, 1, 0] {
            assert_eq!(told, b"\x02\x00\x0fno sign of life");
            break;
        }
    }
    assert_eq!(client.next().await, close::SILENT.to_be_bytes());
    while world.app.hub.connections() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_does_nothing_for_as_long_as_the_gateway_says_is_sent_away() {
    let world = World::with(50).await;
    let (mut one, mut two) = (world.plain().await, world.plain().await);
    tokio::time::sleep(Duration::from_secs(30)).await;
    one.say(&did(EDIT)).await;
    // That it is there, and what it heard of others, is no edit.
    two.say(&[1, 6, 1, 9, 1, 2, b'{', b'}']).await;
    let until = async |client: &mut Client| loop {
        let told = client.next().await;
        if told.starts_with(&[2, 0]) {
            return (told[3..].to_vec(), client.next().await);
        }
    };
    let begun = tokio::time::Instant::now();
    for (client, seconds) in [(&mut two, 20.0), (&mut one, 50.0)] {
        let (why, code) = until(client).await;
        assert_eq!(why, b"nothing was edited for too long");
        assert_eq!(code, close::SILENT.to_be_bytes());
        // The clock goes on with every look at it.
        assert!((begun.elapsed().as_secs_f64() - seconds).abs() < 1.0, "{:?}", begun.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn messages_that_cannot_be_read_end_the_connection() {
    let world = World::new().await;
    let bad: [&[u8]; 9] = [
        &[],
        &[0],
        &[0, 9],
        &[0, 0, 9],
        &[0, 0, 1, 0xff],
        &[0, 2, 2, 9, 9],
        &[1, 4, 1, 1, 1, 9],
        &[1, 5, 1, 1, 1, 1, b'{'],
        &[0xff; 20],
    ];
    for message in bad {
        let mut client = world.plain().await;
        client.say(message).await;
        assert_eq!(client.next().await[..2], [2, 0], "{message:?}");
        assert_eq!(client.next().await, close::MALFORMED.to_be_bytes(), "{message:?}");
    }
    let mut client = world.visit(Dialect::Named);
    client.say(&[wire::prefix(&world.name()), vec![0, 0, 1, 0]].concat()).await;
    assert_eq!(client.next().await, close::UNAUTHENTICATED.to_be_bytes());
    let mut client = world.visit(Dialect::Named);
    assert_eq!(client.next().await, close::UNAUTHENTICATED.to_be_bytes(), "it says nothing");
    while world.app.hub.connections() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.app.pending.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn edits_that_wait_for_the_disk_go_together() {
    let world = World::new().await;
    let mut client = world.plain().await;
    let held = world.may.acquire().await.unwrap();
    let edits: Vec<Vec<u8>> = (0..50_u8)
        .map(|clock| match clock {
            0 => did(EDIT),
            _ => did(&[1, 1, 7, clock, 132, 7, clock - 1, 1, b'b', 0]),
        })
        .collect();
    for edit in &edits {
        client.say(edit).await;
    }
    assert!(client.is_quiet().await);
    drop(held);
    for edit in &edits {
        assert_eq!(client.next().await, *edit);
    }
    let events = world.app.hub.stats().events.load(Ordering::Relaxed);
    // The first went alone, the others behind it together, beside what made the world.
    assert!(events < 20, "{events}");
}

/// What a client of y-websocket says of the client 7: its clock, and what it shows.
fn there(clock: u8, json: &str) -> Vec<u8> {
    let length = u8::try_from(json.len()).unwrap();
    [&[1, length + 4, 1, 7, clock, length], json.as_bytes()].concat()
}

/// What is told next of others at a document: the number, the clock and the state of one.
async fn told(client: &mut Client) -> (u64, u64, serde_json::Value) {
    loop {
        let message = client.next().await;
        if message != [1, 1, 0]
            && let Ok(wire::Message::There(states)) = wire::Read(&message).message()
        {
            let [state] = states.as_slice() else { panic!("{states:?}") };
            return (state.client, state.clock, serde_json::from_str(state.json).unwrap());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn programs_and_editors_see_what_the_others_show() {
    let world = World::new().await;
    let mut editor = world.plain().await;
    let hub = &world.app.hub;
    let hash = world.app.auth.caller(&world.token).await.unwrap().token_hash;
    let program = hub.connect(&hash).await.unwrap();
    let name = kith_core::text::TopicName::parse("notes").unwrap();
    let topic = hub.topic_named(program.user, world.circle, &name).await.unwrap();
    let feed = FeedId::Topic(topic.id);
    let want = kith_hub::Want { window: 1, events_only: false, merges: false };
    let encode = |_: &kith_hub::Backlog| bytes::Bytes::new();
    hub.subscribe(&program, feed, &kith_hub::Place::default(), want, encode).await.unwrap();
    // What a program shows, with the name of its user and a colour.
    let show = |state: serde_json::Value| {
        hub.aware(&program, feed, serde_json::from_value(state).unwrap())
    };
    show(serde_json::json!({"at": 1, "color": "#123456", "user": {"name": "root"}})).await.unwrap();
    let (number, first, state) = told(&mut editor).await;
    assert!(number >= 1 << 32);
    let user = serde_json::json!({"name": "ana", "color": "#123456"});
    assert_eq!(state, serde_json::json!({"at": 1, "color": "#123456", "user": user}));
    // It is there for as long as the program is, which need not say so again.
    let mut last = first;
    for _ in 0..3 {
        let (again, clock, same) = told(&mut editor).await;
        assert_eq!((again, &same), (number, &state));
        assert!(clock > last);
        last = clock;
    }
    // What an editor shows is told as it is, and it is told nothing of it.
    let shown = |items: &[kith_hub::Item]| {
        let all = items.iter().filter_map(|item| match item {
            kith_hub::Item::Aware(told) => Some(told.shown.clone()),
            _ => None,
        });
        let rows = all.flatten().map(|one| (one.client, serde_json::to_value(&one.state).unwrap()));
        rows.collect::<Vec<_>>()
    };
    drop(program.next(usize::MAX).await);
    let name = r#"{"user":{"name":"root"}}"#;
    editor.say(&there(1, name)).await;
    let batch = program.next(usize::MAX).await.unwrap();
    let said = serde_json::json!({"user": {"name": "root"}});
    assert_eq!(shown(&batch.items), [(7, said)]);
    drop(batch);
    // Neither is nonsense shown, nor what has been said.
    for nothing in [there(1, r#"{"old":1}"#), there(2, "[7]"), there(2, name)] {
        editor.say(&nothing).await;
    }
    editor.say(&there(2, "null")).await;
    let batch = program.next(usize::MAX).await.unwrap();
    assert_eq!(shown(&batch.items), [(7, serde_json::Value::Null)]);
    drop(batch);
    editor.say(&there(3, name)).await;
    drop(program.next(usize::MAX).await);
    drop(editor);
    let batch = program.next(usize::MAX).await.unwrap();
    assert_eq!(shown(&batch.items), [(7, serde_json::Value::Null)]);
    drop(batch);
    let mut late = world.plain().await;
    show(serde_json::json!({"at": 2})).await.unwrap();
    let (late_number, clock, state) = loop {
        let told = told(&mut late).await;
        if told.2["at"] == 2 {
            break told;
        }
    };
    assert!(late_number == number && clock > last && state["user"]["color"].is_string());
    show(serde_json::Value::Null).await.unwrap();
    let told_now = loop {
        let now = told(&mut late).await;
        if now.2.is_null() {
            break now;
        }
    };
    assert_eq!((told_now.0, told_now.1 > clock), (number, true));
}

mod bounds;

#[test]
fn the_token_is_where_the_client_can_put_it() {
    let settings = Settings::default();
    let found = |uri: &str, headers: &[(&str, &str)]| {
        let headers = headers.iter().map(|(name, value)| {
            let name: http::HeaderName = name.parse().unwrap();
            (name, http::HeaderValue::from_str(value).unwrap())
        });
        token(&uri.parse().unwrap(), &headers.collect(), &settings)
    };
    let (bearer, cookie) = (("authorization", "Bearer b"), ("cookie", "kith_session=c"));
    assert_eq!(found("/yjs/c/t?x=1&token=a%2B", &[bearer, cookie]).as_deref(), Some("a+"));
    assert_eq!(found("/yjs/c/t", &[bearer, cookie]).as_deref(), Some("b"));
    assert_eq!(found("/yjs/c/t", &[cookie]).as_deref(), Some("c"));
    assert_eq!(found("/yjs/c/t", &[]), None);
}
