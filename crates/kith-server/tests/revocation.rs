//! Rights that are taken while others publish, over real sockets: after the acknowledgement nothing
//! reaches who lost them. `KITH_RACES` sets how often each way is tried.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "common/site.rs"]
mod site;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::{Value, json};

use crate::site::{Server, Socket};

/// How often each way to lose access is tried; together more than two hundred.
fn races() -> u64 {
    std::env::var("KITH_RACES").map_or(30, |races| races.parse().unwrap())
}

/// Messages that are posted after the acknowledgement before a race is over.
const SENTINELS: u64 = 6;

/// Posts until enough was posted after the acknowledgement; each message says when it was sent.
async fn publish(mut socket: Socket, stream: Value, over: Arc<AtomicBool>, after: Arc<AtomicU64>) {
    let mut id = 100;
    while after.load(Ordering::SeqCst) < SENTINELS {
        id += 1;
        // Looked at before the message is sent: what is sent after the acknowledgement is a sentinel.
        let sentinel = over.load(Ordering::SeqCst);
        let text = if sentinel { "sentinel" } else { "before" };
        let post = json!({"post": {"stream": stream, "text": text}});
        socket.ask(json!({"id": id, "do": post})).await;
        after.fetch_add(u64::from(sentinel), Ordering::SeqCst);
    }
}

/// Reads everything until the connection ends or the feed is closed to it and a last question is
/// answered; whether a sentinel was among it.
async fn read(mut socket: Socket, after: Arc<AtomicU64>) -> (bool, u64) {
    let (mut leaked, mut events) = (false, 0);
    let mut last = None;
    loop {
        if after.load(Ordering::SeqCst) >= SENTINELS && last.is_none() {
            last = Some(());
            if !socket.send(&json!({"id": 9, "get": {"ping": {}}})).await {
                return (leaked, events);
            }
        }
        let Some(frame) = socket.next_in(20).await else { continue };
        let Some(frame) = frame else { return (leaked, events) };
        let text = frame.to_string();
        leaked |= text.contains("sentinel");
        events += u64::from(frame.get("event").is_some());
        if frame["ok"]["id"] == 9 {
            return (leaked, events);
        }
    }
}

/// One race: a victim follows a stream while two others write, and `take` takes the right to.
async fn race(take: impl AsyncFn(&Server, &Race) -> bool) -> u64 {
    let server = Server::open().await;
    let mut race = Race::begin(&server).await;
    let (over, after) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut tasks = Vec::new();
    for name in ["owner", "writer"] {
        let socket = server.enter(&race.tokens[name]).await;
        let (over, after) = (Arc::clone(&over), Arc::clone(&after));
        tasks.push(tokio::spawn(publish(socket, race.stream.clone(), over, after)));
    }
    let mut readers = Vec::new();
    for _ in 0..2 {
        let mut socket = server.enter(&race.tokens["victim"]).await;
        let follow = json!([{"feed": race.stream}, {"feed": race.circle}]);
        socket.ask(json!({"id": 1, "subscribe": follow})).await;
        readers.push(tokio::spawn(read(socket, Arc::clone(&after))));
    }
    race.posted.wait(&server, 5).await;
    assert!(take(&server, &race).await);
    over.store(true, Ordering::SeqCst);
    let mut events = 0;
    // Whoever asks for the past, or resumes, is told no more than whoever listens.
    if let Some(mut late) = server.try_enter(&race.tokens["victim"]).await {
        for request in [
            json!({"id": 1, "get": {"messages": {"stream": race.stream}}}),
            json!({"id": 2, "subscribe": [{"feed": race.stream, "after": 1}]}),
        ] {
            let told = late.ask_all(request).await;
            assert!(!told.contains("before") && !told.contains("sentinel"), "{told}");
        }
    }
    for reader in readers {
        let (leaked, seen) = reader.await.unwrap();
        assert!(!leaked, "something was delivered after the acknowledgement");
        events += seen;
    }
    for task in tasks {
        task.await.unwrap();
    }
    events
}

async fn races_of(take: impl AsyncFn(&Server, &Race) -> bool) {
    let mut events = 0;
    for _ in 0..races() {
        events += race(&take).await;
    }
    assert!(events > 0, "nobody was told anything before");
}

/// What a race is about.
struct Race {
    tokens: std::collections::BTreeMap<&'static str, String>,
    victim: Value,
    circle: Value,
    stream: Value,
    everyone: Value,
    posted: site::Posted,
    asked: AtomicU64,
}

impl Race {
    async fn begin(server: &Server) -> Self {
        let mut tokens = std::collections::BTreeMap::new();
        for name in ["owner", "writer", "victim"] {
            tokens.insert(name, server.user(name).await);
        }
        let mut owner = server.enter(&tokens["owner"]).await;
        let make = json!({"create_circle": {"name": "Tea", "public": true}});
        let made = owner.ask(json!({"id": 1, "do": make})).await;
        let (circle, stream) = (made["done"]["circle"].clone(), made["done"]["stream"].clone());
        let mut victim = Value::Null;
        for name in ["writer", "victim"] {
            let mut socket = server.enter(&tokens[name]).await;
            victim = socket.user.clone();
            socket.ask(json!({"id": 1, "do": {"join": {"circle": circle}}})).await;
        }
        let window = owner.ask(json!({"id": 2, "get": {"window": {}}})).await;
        let everyone = window["got"]["window"]["circles"][0]["circle"]["everyone"].clone();
        let posted = site::Posted { stream: stream.clone(), token: tokens["owner"].clone() };
        Self { tokens, victim, circle, stream, everyone, posted, asked: AtomicU64::new(10) }
    }

    /// Does something as the owner; whether it was acknowledged.
    async fn order(&self, server: &Server, command: Value) -> bool {
        let id = self.asked.fetch_add(1, Ordering::Relaxed);
        let mut owner = server.enter(&self.tokens["owner"]).await;
        let answer = owner.ask(json!({"id": id, "do": command})).await;
        answer.get("done").is_some()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_follows_a_kick() {
    races_of(async |server, race| {
        let kick = json!({"kick": {"circle": race.circle, "user": race.victim}});
        race.order(server, kick).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_follows_a_ban() {
    races_of(async |server, race| {
        let ban = json!({"ban": {"circle": race.circle, "user": race.victim}});
        race.order(server, ban).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_follows_when_one_leaves() {
    races_of(async |server, race| {
        let mut victim = server.enter(&race.tokens["victim"]).await;
        let leave = json!({"id": 7, "do": {"leave": {"circle": race.circle}}});
        victim.ask(leave).await.get("done").is_some()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_follows_when_a_stream_is_made_private() {
    races_of(async |server, race| {
        let writers = json!({"circle": race.circle, "name": "writers", "allow": ["read", "write"], "rank": 1});
        let mut owner = server.enter(&race.tokens["owner"]).await;
        let made = owner.ask(json!({"id": 1, "do": {"create_role": writers}})).await;
        let user = server.enter(&race.tokens["writer"]).await.user.clone();
        let roles = json!([made["done"]["role"]]);
        let give = json!({"circle": race.circle, "user": user, "roles": roles});
        owner.ask(json!({"id": 2, "do": {"set_roles": give}})).await;
        let everyone = race.everyone.as_str().unwrap();
        let deny = json!({"stream": race.stream, "deny": {everyone: ["read"]}});
        race.order(server, json!({"narrow_stream": deny})).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_follows_when_a_role_is_lost() {
    races_of(async |server, race| {
        let everyone = race.everyone.as_str().unwrap();
        let role = json!({"circle": race.circle, "role": everyone, "name": "member", "allow": ["write"], "rank": 0});
        // The writer loses the stream too; what they still try is refused.
        race.order(server, json!({"change_role": role})).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_follows_when_sessions_are_revoked() {
    races_of(async |server, race| {
        let session = server.enter(&race.tokens["victim"]).await.session.clone();
        server.revoke(&race.tokens["victim"], session.as_str().unwrap()).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_follows_when_an_account_is_disabled() {
    races_of(async |server, race| server.disable(race.victim.as_str().unwrap()).await).await;
}
