//! A connection over a pipe, on a clock that the test sets and a store that it holds up.

use std::net::Ipv4Addr;
use std::sync::atomic::AtomicU64;

use async_trait::async_trait;
use kith_core::command::Command;
use kith_core::event::{Body, Event};
use kith_core::id::{CircleId, FeedId, StreamId, UserId};
use kith_core::text::{CircleName, MessageText, OpId};
use kith_core::topic::Fact;
use kith_hub::testing::Clock;
use kith_hub::{Environment, Hub};
use kith_store::around::Around;
use kith_store::memory::MemoryStore;
use kith_store::{Document, Range, Store, StoreError};
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, DuplexStream};
use tokio::sync::Semaphore;

use super::*;
use crate::settings::{Registration, Settings};

const HOME: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// A store that reads as many lists as the gate lets through.
struct Gated {
    store: MemoryStore,
    gate: Arc<Gate>,
}

struct Gate {
    passes: Semaphore,
    /// How many came to it.
    came: AtomicU64,
}

impl Gate {
    /// Lets so many more through.
    fn set(&self, passes: usize) {
        self.passes.forget_permits(Semaphore::MAX_PERMITS);
        self.passes.add_permits(passes);
    }
}

#[async_trait]
impl Around for Gated {
    fn inner(&self) -> &dyn Store {
        &self.store
    }
    async fn scan(&self, range: Range, limit: usize) -> Result<Vec<Document>, StoreError> {
        self.gate.came.fetch_add(1, Ordering::Relaxed);
        if let Ok(pass) = self.gate.passes.acquire().await {
            pass.forget();
        }
        self.store.scan(range, limit).await
    }
}

/// A server, its gate, and a token.
async fn server() -> (Arc<App>, Arc<Gate>, String) {
    server_at(Arc::new(Clock::default())).await
}

async fn server_at(env: Arc<dyn Environment>) -> (Arc<App>, Arc<Gate>, String) {
    let settings = Settings {
        registration: Registration::Open,
        password_memory_kib: 8,
        ..Settings::default()
    };
    let gate = Arc::new(Gate { passes: Semaphore::new(100), came: AtomicU64::new(0) });
    let store = Gated { store: MemoryStore::new(), gate: Arc::clone(&gate) };
    let hub = Hub::open(Arc::new(store), Arc::clone(&env), kith_hub::Limits::default());
    let app = App::new(hub.await.unwrap(), env, settings);
    let password = "correct horse battery";
    let token = app.sign_up("ana", password, None, None, "home", HOME).await.unwrap().token;
    (app, gate, token)
}

/// A server with ana and bob in a circle.
struct Talk {
    app: Arc<App>,
    /// Of ana.
    token: String,
    ana: UserId,
    bob: UserId,
    circle: CircleId,
    stream: StreamId,
}

async fn talk(env: Arc<dyn Environment>) -> Talk {
    let (app, _, token) = server_at(env).await;
    let bob = app.sign_up("bob", "correct horse battery", None, None, "home", HOME).await.unwrap();
    let ana = app.auth.caller(&token).await.unwrap().user;
    let bob = app.auth.caller(&bob.token).await.unwrap().user;
    let name = CircleName::parse("Tea").unwrap();
    let made = app.hub.execute(ana, None, &Command::CreateCircle { name, public: true }).await;
    let made = made.unwrap();
    let (circle, stream) = (made.circle.unwrap(), made.stream.unwrap());
    app.hub.execute(bob, None, &Command::Join { circle }).await.unwrap();
    Talk { app, token, ana, bob, circle, stream }
}

fn connect(app: &Arc<App>) -> (DuplexStream, tokio::task::JoinHandle<()>) {
    connect_by(app, Encoding::Json)
}

fn connect_by(app: &Arc<App>, encoding: Encoding) -> (DuplexStream, tokio::task::JoinHandle<()>) {
    let (client, socket) = tokio::io::duplex(64 * 1024);
    let origin = Origin { address: HOME, cookie: None, encoding };
    (client, tokio::spawn(wrapped(Arc::clone(app), socket, origin)))
}

/// A hello as a client's frame, with a mask of zeros.
fn hello(token: &str) -> Vec<u8> {
    let text = format!(r#"{{"v":1,"auth":{{"token":"{token}"}}}}"#);
    let length = u8::try_from(text.len()).unwrap();
    assert!(length < 126);
    [&[0x81, 0x80 | length, 0, 0, 0, 0], text.as_bytes()].concat()
}

#[tokio::test(start_paused = true)]
async fn whoever_says_nothing_is_sent_away() {
    let (app, ..) = server().await;
    let (mut client, served) = connect(&app);
    let mut said = Vec::new();
    client.read_to_end(&mut said).await.unwrap();
    assert!(String::from_utf8_lossy(&said).contains("auth.too_slow"));
    served.await.unwrap();
    assert_eq!(app.pending.load(Ordering::Relaxed), 0);
}

/// Holds a connection up at the list after `passes` others, for longer than a client has for its
/// hello.
async fn check(passes: usize) {
    let (app, gate, token) = server().await;
    gate.set(passes);
    let held = gate.came.load(Ordering::Relaxed) + passes as u64;
    let (mut client, served) = connect(&app);
    client.write_all(&hello(&token)).await.unwrap();
    while gate.came.load(Ordering::Relaxed) <= held {
        tokio::task::yield_now().await;
    }
    let long = Duration::from_millis(2 * u64::from(app.settings.auth_ms));
    let mut said = [0; 64];
    assert!(tokio::time::timeout(long, client.read(&mut said)).await.is_err(), "it waits");
    gate.set(100);
    let count = client.read(&mut said).await.unwrap();
    let said = String::from_utf8_lossy(&said[..count]);
    assert!(said.contains(r#"{"welcome""#), "{said}");
    assert_eq!(app.hub.connections(), 1);
    drop(client);
    served.await.unwrap();
    assert_eq!(app.hub.connections(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_the_store_held_up_comes_in_and_leaves_nothing() {
    // What it reads itself; of who is there it is told beside it.
    for passes in 0..2 {
        check(passes).await;
    }
}

/// The payload of the next frame.
async fn frame(client: &mut DuplexStream) -> Vec<u8> {
    let mut head = [0; 2];
    client.read_exact(&mut head).await.unwrap();
    let length = match head[1] {
        126 => usize::from(client.read_u16().await.unwrap()),
        127 => usize::try_from(client.read_u64().await.unwrap()).unwrap(),
        short => usize::from(short),
    };
    let mut payload = vec![0; length];
    client.read_exact(&mut payload).await.unwrap();
    payload
}

#[tokio::test(start_paused = true)]
async fn the_past_goes_out_as_it_would_be_written() {
    let Talk { app, token, ana, bob, stream, .. } = talk(Arc::new(Clock::default())).await;
    for (who, text) in [(ana, "a \"quoted\" \\ \u{1F375}"), (bob, "hidden"), (ana, "last")] {
        let text = MessageText::parse(text).unwrap();
        let post = Command::post(stream, text);
        app.hub.execute(who, None, &post).await.unwrap();
    }
    for blocks in [false, true] {
        if blocks {
            let block = Command::Block { user: bob };
            app.hub.execute(ana, None, &block).await.unwrap();
        }
        let (mut client, served) = connect(&app);
        client.write_all(&hello(&token)).await.unwrap();
        frame(&mut client).await;
        // The whole past, and none of it.
        for after in [1, 4] {
            let ask = format!(r#"{{"id":1,"subscribe":[{{"feed":"{stream}","after":{after}}}]}}"#);
            let length = u8::try_from(ask.len()).unwrap();
            assert!(length < 126);
            let ask = [&[0x81, 0x80 | length, 0, 0, 0, 0], ask.as_bytes()].concat();
            client.write_all(&ask).await.unwrap();
            let told = frame(&mut client).await;
            frame(&mut client).await;
            let text = String::from_utf8(told.clone()).unwrap();
            assert_eq!(text.contains("\"hidden\":3"), blocks && after == 1, "{text}");
            let read: Push = Encoding::Json.decode(&told).unwrap();
            assert!(matches!(read, Push::Subscribed(_)), "{text}");
            assert_eq!(String::from_utf8(Encoding::Json.encode(&read)).unwrap(), text);
        }
        drop(client);
        served.await.unwrap();
    }
}

/// A value as a frame of a client, with a mask of zeros.
fn asked(encoding: Encoding, value: &serde_json::Value) -> Vec<u8> {
    let (opcode, bytes) = match encoding {
        Encoding::Json => (0x81, serde_json::to_vec(value).unwrap()),
        Encoding::MsgPack => (0x82, encoding.encode(value)),
    };
    let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
    match bytes.len() {
        0..126 => [&[opcode, 0x80 | length[1], 0, 0, 0, 0], &bytes[..]].concat(),
        _ => [&[opcode, 0xfe, length[0], length[1], 0, 0, 0, 0], &bytes[..]].concat(),
    }
}

#[tokio::test(start_paused = true)]
async fn what_happens_at_one_time_is_told_in_runs_and_reads_as_what_happened() {
    let talk = talk(Arc::new(Clock::still())).await;
    let text = |number: usize| format!("\",\"op\":{number}");
    let post = |number| Command::post(talk.stream, MessageText::parse(&text(number)).unwrap());
    for told in told_in_runs(&talk, FeedId::Stream(talk.stream), post).await {
        for (number, body) in told.iter().enumerate() {
            let Body::Posted { text: said, .. } = body else { panic!("{body:?}") };
            assert_eq!(said.as_str(), text(number));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn runs_of_a_topic_read_as_what_happened_to_it() {
    let talk = talk(Arc::new(Clock::still())).await;
    let does = |command| serde_json::from_value::<Command>(command).unwrap();
    let make = json!({"create_topic": {"circle": talk.circle, "name": "steps", "holds": "list"}});
    let made = talk.app.hub.execute(talk.ana, None, &does(make)).await.unwrap();
    let topic = made.topic.unwrap();
    let text = |number: usize| format!("\",\"body\":{{\"kind\":\"changed\",{number}}}}}");
    let change = |number| {
        let insert = json!({"insert": {"value": text(number)}});
        does(json!({"change": {"changes": [{"topic": topic, "change": insert}]}}))
    };
    for told in told_in_runs(&talk, FeedId::Topic(topic), change).await {
        for (number, body) in told.iter().enumerate() {
            let Body::Changed { fact: Fact::Insert { value, .. } } = body else {
                panic!("{body:?}")
            };
            assert_eq!(*value, Json::from(text(number)));
        }
    }
}

/// Does six things at one time: ana three, bob two, ana one without a name, decided before any of them
/// is committed. What readers in both encodings are told, in runs, to have happened in `feed`.
async fn told_in_runs(
    Talk { app, token, ana, bob, .. }: &Talk,
    feed: FeedId,
    command: impl Fn(usize) -> Command,
) -> Vec<Vec<Body>> {
    let mut readers = Vec::new();
    for encoding in Encoding::ALL {
        let (mut client, served) = connect_by(app, encoding);
        client
            .write_all(&asked(encoding, &json!({"v": 1, "auth": {"token": token}})))
            .await
            .unwrap();
        frame(&mut client).await;
        let follow = json!({"id": 1, "subscribe": [{"feed": feed}]});
        client.write_all(&asked(encoding, &follow)).await.unwrap();
        frame(&mut client).await;
        frame(&mut client).await;
        readers.push((encoding, client, served));
    }
    let by = |number| if [3, 4].contains(&number) { *bob } else { *ana };
    let op = |number| (number < 5).then(|| OpId::parse(&format!("op-{}", number + 1)).unwrap());
    let mut answers = Vec::new();
    for number in 0..6 {
        answers.push(app.hub.submit(by(number), 1, op(number), &command(number)).await.unwrap());
    }
    for answer in answers {
        answer.wait().await.unwrap();
    }
    let mut all = Vec::new();
    for (encoding, mut client, served) in readers {
        let mut told: Vec<Event> = Vec::new();
        let mut runs = Vec::new();
        while told.len() < 6 {
            let bytes = frame(&mut client).await;
            let push = encoding.decode::<Push>(&bytes).unwrap();
            // Put together from stored texts it is what it would be without them.
            assert_eq!(bytes, encoding.encode(&push), "{push:?}");
            match push {
                Push::Event(event) => told.push(event),
                Push::Run(run) => {
                    runs.push(run.events.len());
                    told.extend(run.into_events());
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(runs, [6], "{encoding:?}");
        for (number, event) in told.iter().enumerate() {
            assert_eq!((event.feed, event.by, &event.op), (feed, Some(by(number)), &op(number)));
            assert_eq!(event.seq.0, told[0].seq.0 + number as u64);
        }
        all.push(told.into_iter().map(|event| event.body).collect());
        drop(client);
        served.await.unwrap();
    }
    all
}

/// What every connection has while nothing comes.
#[tokio::test]
async fn a_connection_that_waits_takes_little() {
    let (app, _, token) = server().await;
    let subscriber = app.hub.connect(&kith_core::decide::secret_hash(&token)).await.unwrap();
    let mut reader = Reader::new(tokio::io::empty(), 1024, &[]);
    let waits = handle::requests(&app, &subscriber, &mut reader, Encoding::Json);
    let bytes = size_of_val(&waits);
    assert!(bytes <= 640, "{bytes}");
    drop(waits);
    app.hub.disconnect(&subscriber).await;
}

#[tokio::test(start_paused = true)]
async fn whoever_answers_pings_stays_and_who_does_not_is_sent_away() {
    let (app, _, token) = server().await;
    let (mut client, served) = connect(&app);
    client.write_all(&hello(&token)).await.unwrap();
    frame(&mut client).await;
    let heartbeat = Duration::from_millis(app.settings.heartbeat_ms.into());
    let mut last = tokio::time::Instant::now();
    for turn in 0..10 {
        assert_eq!(frame(&mut client).await, b"", "a ping");
        // The welcome was said in the first span of time.
        let spans = if turn == 0 { 2 } else { 1 };
        assert_eq!(last.elapsed().as_millis(), (spans * heartbeat).as_millis());
        last = tokio::time::Instant::now();
        client.write_all(&[0x8a, 0x80, 0, 0, 0, 0]).await.unwrap();
    }
    let mut said = Vec::new();
    client.read_to_end(&mut said).await.unwrap();
    assert!(String::from_utf8_lossy(&said).contains("client.silent"));
    assert_eq!(last.elapsed().as_millis(), (heartbeat * 5 / 2).as_millis());
    served.await.unwrap();
}
