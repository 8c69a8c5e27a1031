//! A server with gateways for ghostr and muca, and their clients.

#![allow(dead_code, clippy::allow_attributes, reason = "each test uses a part of it")]

use std::sync::Arc;
use std::time::Duration;

use kith_client::{Auth, Client, Events, Options, Update};
use kith_core::command::{Command, Outcome};
use kith_core::event::Body;
use kith_core::id::{CircleId, FeedId, StreamId, UserId};
use kith_core::text::{CircleName, MessageText};
use kith_hub::testing::ManualClock;
use kith_hub::verify::Watched;
use kith_hub::{Environment, Hub, Limits};
use kith_proto::frame::Subscribe;
use kith_server::App;
use kith_server::settings::{Registration, Settings};
use kith_store::memory::MemoryStore;
use tokio::net::TcpListener;

/// How long something may take that must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server whose gateways show the circle *home*, which *host* made.
pub(crate) struct Site {
    pub(crate) app: Arc<App>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) circle: CircleId,
    pub(crate) stream: StreamId,
    /// The token of a session of *host*.
    pub(crate) token: String,
    pub(crate) port: u16,
    pub(crate) ghostr: u16,
    pub(crate) muca: u16,
    pub(crate) topicsync: u16,
}

impl Site {
    pub(crate) async fn open() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::within(Limits::default(), change).await
    }

    /// A server whose hub has these limits.
    pub(crate) async fn within(limits: Limits, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings {
            registration: Registration::Open,
            password_memory_kib: 8,
            password_chars_min: 1,
            sign_ups_per_minute: 1000,
            requests_burst: 1_000_000,
            topicsync_circle: "home".to_owned(),
            topicsync_user: "host".to_owned(),
            ghostr_circle: "home".to_owned(),
            ghostr_signup: true,
            muca_circle: "home".to_owned(),
            muca_guests: true,
            ..Settings::default()
        };
        change(&mut settings);
        let clock = Arc::new(ManualClock::default());
        let env: Arc<dyn Environment> = Arc::clone(&clock) as Arc<dyn Environment>;
        let store = Arc::new(Watched(MemoryStore::new()));
        let hub = Hub::open(store, Arc::clone(&env), limits).await.unwrap();
        let app = App::new(hub, env, settings);
        let mut ports = Vec::new();
        let mut listeners = Vec::new();
        for _ in 0..4 {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            ports.push(listener.local_addr().unwrap().port());
            listeners.push(listener);
        }
        let mut next = || (Arc::clone(&app), listeners.remove(0));
        let (main, topicsync, ghostr, muca) = (next(), next(), next(), next());
        tokio::spawn(kith_server::listen::serve(main.0, main.1, None));
        tokio::spawn(kith_server::listen::serve_topicsync(topicsync.0, topicsync.1));
        tokio::spawn(kith_server::tcp::serve_ghostr(ghostr.0, ghostr.1));
        tokio::spawn(kith_server::tcp::serve_muca(muca.0, muca.1));
        let address = std::net::Ipv4Addr::LOCALHOST.into();
        let password = "correct horse battery";
        let host = app.sign_up("host", password, None, None, "test", address).await.unwrap();
        let create =
            Command::CreateCircle { name: CircleName::parse("home").unwrap(), public: true };
        let made = app.hub.execute(host.user.id, None, &create).await.unwrap();
        let (circle, stream) = (made.circle.unwrap(), made.stream.unwrap());
        let token = host.token;
        let [port, topicsync, ghostr, muca] = ports[..] else { panic!() };
        Self { app, clock, circle, stream, token, port, ghostr, muca, topicsync }
    }

    /// Makes an account, which is in no circle.
    pub(crate) async fn account(&self, name: &str, password: &str) -> UserId {
        self.app.auth.register(name, password, None, None, false).await.unwrap()
    }

    /// A token of an account.
    pub(crate) async fn begin(&self, user: UserId) -> String {
        self.app.auth.begin(user, "test").await.unwrap().token
    }

    /// A session with the native protocol.
    pub(crate) async fn native(&self, token: &str) -> Native {
        let url = format!("http://127.0.0.1:{}", self.port);
        let options = Options::new(&url, Auth::Token(token.to_owned()));
        let (client, events) = Client::connect(options).await.unwrap();
        Native { client, events: tokio::sync::Mutex::new(events) }
    }

    /// Somebody with an account who is in the circle, natively.
    pub(crate) async fn member(&self, name: &str) -> (Native, UserId) {
        let user = self.account(name, "correct horse battery").await;
        let native = self.native(&self.begin(user).await).await;
        native.must(Command::Join { circle: self.circle }).await;
        (native, user)
    }

    /// The user of a name.
    pub(crate) async fn user(&self, name: &str) -> UserId {
        self.app.hub.user_by_name(name).await.unwrap().id
    }
}

fn wish(feed: FeedId, events_only: bool) -> Subscribe {
    Subscribe { feed, epoch: None, after: None, window: None, events_only }
}

/// A session with the native protocol.
pub(crate) struct Native {
    client: Client,
    events: tokio::sync::Mutex<Events>,
}

impl Native {
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Does what must be done.
    pub(crate) async fn must(&self, command: Command) -> Outcome {
        self.client.command(command).await.unwrap()
    }

    /// Follows a feed from now on.
    pub(crate) async fn follow(&self, feed: FeedId) {
        self.client.subscribe(wish(feed, false)).await.unwrap();
    }

    /// The next message that somebody posts in a feed that is followed, and where.
    pub(crate) async fn hears(&self) -> (FeedId, String) {
        let mut events = self.events.lock().await;
        loop {
            let update = tokio::time::timeout(PATIENCE, events.next()).await.unwrap().unwrap();
            let events = match update {
                Update::Event(event) => vec![*event],
                Update::Events(events) => events,
                _ => continue,
            };
            for event in events {
                match event.body {
                    Body::Posted { text, .. } => return (event.feed, text.as_str().to_owned()),
                    Body::ConversationOpened { stream } => {
                        let wish = wish(FeedId::Stream(stream), true);
                        self.client.subscribe(wish).await.unwrap();
                    }
                    _ => {}
                }
            }
        }
    }

    /// Writes a message.
    pub(crate) async fn post(&self, stream: StreamId, text: &str) {
        let text = MessageText::parse(text).unwrap();
        let (reply_to, thread, topic, files) = (None, None, None, Vec::new());
        self.must(Command::Post { stream, text, reply_to, thread, topic, files }).await;
    }

    /// Writes to somebody directly.
    pub(crate) async fn write_to(&self, user: UserId, text: &str) {
        let stream = self.must(Command::OpenDirect { user }).await.stream.unwrap();
        self.post(stream, text).await;
    }
}
