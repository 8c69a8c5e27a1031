//! A server with a topicsync gateway, its clients, and an application behind it.

#![allow(dead_code, clippy::allow_attributes, reason = "each test uses a part of it")]

use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use http::Uri;
use kith_client::{Auth, Client, Options};
use kith_core::command::{Command, Outcome};
use kith_core::id::{CircleId, TopicId};
use kith_core::text::{CircleName, TopicName};
use kith_core::topic::{Asked, Change};
use kith_hub::testing::ManualClock;
use kith_hub::verify::Watched;
use kith_hub::{Environment, Hub, Limits};
use kith_proto::query::{Answer, Query};
use kith_server::App;
use kith_server::settings::{Registration, Settings};
use kith_store::memory::MemoryStore;
use serde_json::{Value as Json, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_websockets::{ClientBuilder, MaybeTlsStream, Message, WebSocketStream};

/// A server whose gateway shows the circle *home* to topicsync clients that act as *ana*.
pub(crate) struct Site {
    pub(crate) app: Arc<App>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) circle: CircleId,
    /// The token of a session of *ana*.
    pub(crate) token: String,
    pub(crate) port: u16,
    /// Where nothing but topicsync is spoken.
    pub(crate) own_port: u16,
}

impl Site {
    pub(crate) async fn open() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings {
            registration: Registration::Open,
            password_memory_kib: 8,
            requests_burst: 1_000_000,
            topicsync_circle: "home".to_owned(),
            topicsync_user: "ana".to_owned(),
            ..Settings::default()
        };
        change(&mut settings);
        let clock = Arc::new(ManualClock::default());
        let env: Arc<dyn Environment> = Arc::clone(&clock) as Arc<dyn Environment>;
        let store = Arc::new(Watched(MemoryStore::new()));
        let hub = Hub::open(store, Arc::clone(&env), Limits::default()).await.unwrap();
        let app = App::new(hub, env, settings);
        let listen = || TcpListener::bind("127.0.0.1:0");
        let (listener, own) = (listen().await.unwrap(), listen().await.unwrap());
        let port = listener.local_addr().unwrap().port();
        let own_port = own.local_addr().unwrap().port();
        tokio::spawn(kith_server::listen::serve(Arc::clone(&app), listener, None));
        tokio::spawn(kith_server::listen::serve_topicsync(Arc::clone(&app), own));
        let ana = sign_up(&app, "ana").await;
        let user = app.auth.caller(&ana).await.unwrap().user;
        let create =
            Command::CreateCircle { name: CircleName::parse("home").unwrap(), public: true };
        let circle = app.hub.execute(user, None, &create).await.unwrap().circle.unwrap();
        Self { app, clock, circle, token: ana, port, own_port }
    }

    pub(crate) async fn sign_up(&self, name: &str) -> String {
        sign_up(&self.app, name).await
    }

    /// A session with the native protocol.
    pub(crate) async fn native(&self, token: &str) -> Native {
        let url = format!("http://127.0.0.1:{}", self.port);
        let options = Options::new(&url, Auth::Token(token.to_owned()));
        let (client, _) = Client::connect(options).await.unwrap();
        Native(client)
    }

    /// A topicsync client at the gateway's own port.
    pub(crate) async fn client(&self) -> Socket {
        Socket::open(&format!("ws://127.0.0.1:{}/", self.own_port)).await.unwrap()
    }
}

async fn sign_up(app: &App, name: &str) -> String {
    let address = std::net::Ipv4Addr::LOCALHOST.into();
    let password = "correct horse battery";
    app.sign_up(name, password, None, None, "test", address).await.unwrap().token
}

/// A change of one topic, as a command.
pub(crate) fn change(topic: TopicId, change: Change) -> Command {
    let changes = vec![Asked { topic, change }];
    Command::Change { changes, when: Vec::new(), group: None }
}

/// A native session.
#[derive(Clone)]
pub(crate) struct Native(Client);

impl Native {
    pub(crate) fn client(&self) -> &Client {
        &self.0
    }

    /// What a topic holds.
    pub(crate) async fn value(&self, topic: TopicId) -> Json {
        match self.0.query(Query::Topic { topic, seq: None }).await.unwrap() {
            Answer::Topic(window) => window.value,
            other => panic!("{other:?}"),
        }
    }

    /// Does what must be done.
    pub(crate) async fn must(&self, command: Command) -> Outcome {
        self.0.command(command).await.unwrap()
    }

    /// The topic of a name.
    pub(crate) async fn topic(&self, circle: CircleId, name: TopicName) -> TopicId {
        match self.0.query(Query::TopicByName { circle, name }).await.unwrap() {
            Answer::Topic(window) => window.topic.id,
            other => panic!("{other:?}"),
        }
    }

    /// Does what may be refused.
    pub(crate) async fn may(&self, command: Command) -> bool {
        self.0.command(command).await.is_ok()
    }
}

/// What a topicsync client gets.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Got {
    Message(Json),
    Closed(Option<u16>),
}

/// A topicsync client that says what the test tells it.
pub(crate) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    closed: bool,
    pings: u64,
}

impl Socket {
    pub(crate) async fn open(url: &str) -> Option<Self> {
        let uri: Uri = url.parse().unwrap();
        let limits = tokio_websockets::Limits::unlimited();
        let connected = ClientBuilder::from_uri(uri).limits(limits).connect().await;
        Some(Self { stream: connected.ok()?.0, closed: false, pings: 0 })
    }

    pub(crate) async fn send(&mut self, message: &Json) {
        self.send_text(message.to_string()).await;
    }

    pub(crate) async fn send_text(&mut self, text: String) {
        self.stream.send(Message::text(text)).await.unwrap();
    }

    pub(crate) async fn send_binary(&mut self, bytes: Vec<u8>) {
        self.stream.send(Message::binary(bytes)).await.unwrap();
    }

    pub(crate) async fn say(&mut self, kind: &str, args: Json) {
        self.send(&json!({"type": kind, "args": args})).await;
    }

    pub(crate) async fn close(&mut self) {
        self.closed = true;
        let _ = self.stream.close().await;
    }

    /// The next message, or the end.
    pub(crate) async fn next(&mut self) -> Got {
        loop {
            match self.stream.next().await {
                Some(Ok(message)) => {
                    if let Some(got) = self.read(&message) {
                        return got;
                    }
                }
                Some(Err(_)) | None => {
                    self.closed = true;
                    return Got::Closed(None);
                }
            }
        }
    }

    fn read(&mut self, message: &Message) -> Option<Got> {
        if let Some((code, _)) = message.as_close() {
            self.closed = true;
            return Some(Got::Closed(Some(code.into())));
        }
        let text = message.as_text()?;
        Some(Got::Message(serde_json::from_str(text).unwrap()))
    }

    /// Everything that came until all is dealt with that was said before, by whomever.
    pub(crate) async fn settled(&mut self) -> Vec<Got> {
        let mut all = Vec::new();
        if self.closed {
            return all;
        }
        self.pings += 1;
        let payload = self.pings.to_string();
        // The server may have closed the connection.
        let _ = self.stream.send(Message::ping(payload.clone())).await;
        loop {
            match self.stream.next().await {
                Some(Ok(message)) if message.is_pong() => {
                    if message.as_payload()[..] == *payload.as_bytes() {
                        return all;
                    }
                }
                Some(Ok(message)) => {
                    all.extend(self.read(&message));
                    if self.closed {
                        return all;
                    }
                }
                Some(Err(_)) | None => {
                    self.closed = true;
                    all.push(Got::Closed(None));
                    return all;
                }
            }
        }
    }

    /// The messages that came until all is dealt with.
    pub(crate) async fn messages(&mut self) -> Vec<Json> {
        let all = self.settled().await.into_iter();
        all.map(|got| match got {
            Got::Message(message) => message,
            Got::Closed(code) => panic!("the connection was closed with {code:?}"),
        })
        .collect()
    }
}
