//! The world that the matrix is tried in: people in every standing, objects in every state.

use std::collections::BTreeMap;
use std::sync::Arc;

use kith_core::command::{Command, Outcome};
use kith_core::decide::account::{self, NewAccount};
use kith_core::decide::site;
use kith_core::id::{Timestamp, UserId};
use kith_core::service::Policy;
use kith_core::text::{ServiceName, UserName};
use kith_hub::service::{Answer, Offer, Told};
use kith_hub::testing::Clock;
use kith_hub::{Environment, Hub, Item, Limits};
use kith_server::App;
use kith_server::settings::{Registration, Settings};
use kith_store::memory::MemoryStore;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::files;
use crate::matrix::PRINCIPALS;
pub(crate) use crate::names::{missing, secret, topic_name};

#[path = "named.rs"]
mod named;

/// What stands for each name in a request.
pub(crate) type Names = BTreeMap<&'static str, String>;

/// The streams of the world, and who was shown to be able to read them.
pub(crate) const STREAMS: [&str; 8] = [
    "a channel",
    "a hidden channel",
    "a read-only channel",
    "a slow channel",
    "an archived channel",
    "a direct stream",
    "a blocked direct stream",
    "a group",
];

/// The topics of the world.
pub(crate) const TOPICS: [&str; 3] = ["a topic", "a hidden topic", "a read-only topic"];

/// The texts among them, with what everybody is denied there.
const TEXTS: [(&str, Option<&str>); 6] = [
    ("a text", None),
    ("a hidden text", Some("read")),
    ("a read-only text", Some("write")),
    ("a document", None),
    ("a hidden document", Some("read")),
    ("a read-only document", Some("write")),
];

/// The token of whoever comes first.
const OWNER: &str = "feedfacefeedface";

pub(crate) struct World {
    pub(crate) port: u16,
    app: Arc<App>,
    pub(crate) store: MemoryStore,
    /// Where the search index is.
    _dir: Option<tempfile::TempDir>,
    users: BTreeMap<&'static str, UserId>,
    /// Tokens and sessions by name.
    tokens: BTreeMap<&'static str, (String, String)>,
    /// A second session of each.
    spare: BTreeMap<&'static str, String>,
    circle: String,
    park: String,
    everyone: String,
    helper: String,
    streams: BTreeMap<&'static str, String>,
    topics: BTreeMap<&'static str, String>,
    /// An image of each.
    images: BTreeMap<&'static str, String>,
    /// The message of each author in each stream.
    messages: BTreeMap<(&'static str, &'static str), u64>,
    deleted: u64,
    invite: (String, String),
    ended_code: String,
}

impl World {
    pub(crate) async fn open() -> Self {
        let settings = Settings {
            registration: Registration::Open,
            password_memory_kib: 8,
            requests_per_second: 1000,
            requests_burst: 1_000_000,
            connections_per_user: 1_000_000,
            ..Settings::default()
        };
        let env: Arc<dyn Environment> = Arc::new(Clock::default());
        let store = MemoryStore::new();
        let hub = Hub::open(Arc::new(store.clone()), Arc::clone(&env), Limits::default());
        let app = App::new(hub.await.unwrap(), env, settings);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(kith_server::listen::serve(Arc::clone(&app), listener, None));
        let mut world = Self {
            port,
            app,
            store,
            _dir: None,
            users: BTreeMap::new(),
            tokens: BTreeMap::new(),
            spare: BTreeMap::new(),
            circle: String::new(),
            park: String::new(),
            everyone: String::new(),
            helper: String::new(),
            streams: BTreeMap::new(),
            topics: BTreeMap::new(),
            images: BTreeMap::new(),
            messages: BTreeMap::new(),
            deleted: 0,
            invite: Default::default(),
            ended_code: String::new(),
        };
        world.people().await;
        world.circles().await;
        world.streams().await;
        world.topics().await;
        world.words().await;
        world.standings().await;
        world.services().await;
        world.images().await;
        world
    }

    /// With an index, in which all that was said is.
    pub(crate) async fn open_to_search() -> Self {
        let mut world = Self::open().await;
        let dir = tempfile::tempdir().unwrap();
        let index = kith_search::SqliteIndex::open(&dir.path().join("search")).unwrap();
        tokio::spawn(world.app.hub.search_by(Arc::new(index)));
        world.app.hub.index_settled().await;
        world._dir = Some(dir);
        world
    }

    async fn people(&mut self) {
        let others = ["carol", "pat", "shy", "dora", "elsa", "disabled", "ended"];
        for name in PRINCIPALS.into_iter().chain(others) {
            let new = NewAccount {
                name: UserName::parse(name).unwrap(),
                display_name: None,
                password: Some("the hash of no password".to_owned()),
                bot_of: (name == "bot").then(|| UserId::new(Timestamp(1), 1)),
                site_admin: name == "admin",
            };
            let made = self.app.hub.transact(None, None, |d| account::register(d, &new, None));
            let user = made.await.unwrap().user.unwrap();
            self.users.insert(name, user);
            let first = self.app.auth.begin(user, "first").await.unwrap();
            self.tokens.insert(name, (first.token, first.session.to_string()));
            let second = self.app.auth.begin(user, "second").await.unwrap();
            self.spare.insert(name, second.session.to_string());
        }
    }

    /// Does what is refused to nobody.
    async fn act(&self, who: &str, command: Value) -> Outcome {
        let text = command.to_string();
        let command: Command = serde_json::from_value(command).expect(&text);
        self.app.hub.execute(self.users[who], None, &command).await.expect(&text)
    }

    fn user(&self, name: &str) -> String {
        self.users[name].to_string()
    }

    async fn circles(&mut self) {
        let members = ["former", "banned", "muted", "member", "bot", "moderator", "carol"];
        for public in [false, true] {
            let make = json!({"create_circle": {"name": "Tea", "public": public}});
            let made = self.act("owner", make).await;
            let circle = made.circle.unwrap().to_string();
            let invite = self.act("owner", json!({"create_invite": {"circle": circle}})).await;
            let code = invite.code.unwrap();
            for name in members {
                self.act(name, json!({"accept_invite": {"code": code}})).await;
            }
            let window = self.app.hub.circles(self.users["owner"]).await.unwrap();
            let (tea, _) = window.iter().find(|(tea, _)| tea.id.to_string() == circle).unwrap();
            let role = tea.roles.iter().find(|(_, role)| role.name.as_str() == "moderator");
            let roles = json!([role.unwrap().0]);
            let set = json!({"circle": circle, "user": self.user("moderator"), "roles": roles});
            self.act("owner", json!({"set_roles": set})).await;
            if public {
                self.park = circle;
            } else {
                self.everyone = tea.everyone.to_string();
                self.streams.insert("a channel", made.stream.unwrap().to_string());
                self.circle = circle;
                self.invite = (code, invite.invite.unwrap().to_string());
            }
        }
        let role = json!({"circle": self.circle, "name": "helper", "allow": ["read"], "rank": 5});
        let made = self.act("owner", json!({"create_role": role})).await;
        self.helper = made.role.unwrap().to_string();
        let once = json!({"create_invite": {"circle": self.circle, "uses": 1}});
        self.ended_code = self.act("owner", once).await.code.unwrap();
        self.act("pat", json!({"accept_invite": {"code": self.ended_code}})).await;
        self.act("pat", json!({"leave": {"circle": self.circle}})).await;
    }

    async fn streams(&mut self) {
        for (name, denied) in [
            ("a hidden channel", json!(["read"])),
            ("a read-only channel", json!(["write"])),
            ("a slow channel", json!([])),
            ("an archived channel", json!([])),
        ] {
            let deny = json!({(self.everyone.clone()): denied});
            let make = json!({"circle": self.circle, "name": secret(name), "deny": deny});
            let made = self.act("owner", json!({"create_stream": make})).await;
            self.streams.insert(name, made.stream.unwrap().to_string());
        }
        for (name, one, other) in
            [("a direct stream", "member", "muted"), ("a blocked direct stream", "member", "bot")]
        {
            let open = json!({"open_direct": {"user": self.user(other)}});
            let made = self.act(one, open).await;
            self.streams.insert(name, made.stream.unwrap().to_string());
        }
        let users = json!([self.user("former"), self.user("bot")]);
        let make = json!({"create_group": {"users": users, "name": secret("a group")}});
        let made = self.act("member", make).await;
        self.streams.insert("a group", made.stream.unwrap().to_string());
    }

    async fn topics(&mut self) {
        for name in TOPICS {
            let denied = match name {
                "a hidden topic" => json!(["read"]),
                "a read-only topic" => json!(["write"]),
                _ => json!([]),
            };
            let deny = json!({(self.everyone.clone()): denied});
            let make = json!({
                "circle": self.circle, "name": topic_name(name), "holds": "string",
                "value": secret(name), "deny": deny,
            });
            let made = self.act("owner", json!({"create_topic": make})).await;
            self.topics.insert(name, made.topic.unwrap().to_string());
        }
        for (name, denied) in TEXTS {
            let deny = denied.map(|denied| (self.everyone.clone(), json!([denied])));
            let text = ("text", json!({}), json!(secret(name)));
            let document = ("json", json!({"yjs": true}), json!({"said": secret(name)}));
            let (holds, rules, value) = if name.ends_with("text") { text } else { document };
            let make = json!({
                "circle": self.circle, "name": topic_name(name), "holds": holds, "rules": rules,
                "value": value, "deny": Value::Object(deny.into_iter().collect()),
            });
            let made = self.act("owner", json!({"create_topic": make})).await;
            self.topics.insert(name, made.topic.unwrap().to_string());
        }
        for name in ["former", "banned", "muted", "member", "bot", "moderator", "owner"] {
            for _ in 0..2 {
                let change = json!({"splice": {"at": 0, "insert": name}});
                let asked = json!([{"topic": self.topics["a topic"], "change": change}]);
                self.act(name, json!({"change": {"changes": asked}})).await;
            }
            self.act(name, json!({"undo": {"circle": self.circle}})).await;
        }
    }

    /// Everyone who may says something everywhere.
    async fn words(&mut self) {
        let in_circle =
            ["former", "banned", "muted", "member", "bot", "moderator", "owner", "carol"];
        for name in STREAMS {
            let authors: &[&str] = match name {
                "a hidden channel" | "a read-only channel" => &["moderator", "owner"],
                "a direct stream" => &["member", "muted"],
                "a blocked direct stream" => &["member", "bot"],
                "a group" => &["member", "former", "bot"],
                _ => &in_circle,
            };
            for author in authors {
                let said = json!({"stream": self.streams[name], "text": secret(name)});
                let made = self.act(author, json!({"post": said})).await;
                self.messages.insert((name, *author), made.events[0].seq.0);
            }
        }
        let stream = self.streams["a channel"].clone();
        let said = json!({"stream": stream, "text": secret("a deleted message")});
        let made = self.act("carol", json!({"post": said})).await;
        self.deleted = made.events[0].seq.0;
        self.act("carol", json!({"delete": {"stream": stream, "message": self.deleted}})).await;
        let slow =
            json!({"stream": self.streams["a slow channel"], "name": "slow", "slow_seconds": 3600});
        self.act("owner", json!({"change_stream": slow})).await;
        for author in ["member", "bot"] {
            let said = json!({"stream": self.streams["a slow channel"], "text": "first"});
            self.act(author, json!({"post": said})).await;
        }
        let name = secret("an archived channel");
        let archive =
            json!({"stream": self.streams["an archived channel"], "name": name, "archived": true});
        self.act("owner", json!({"change_stream": archive})).await;
    }

    async fn standings(&mut self) {
        for circle in [self.circle.clone(), self.park.clone()] {
            let kick = json!({"kick": {"circle": circle, "user": self.user("former")}});
            self.act("owner", kick).await;
            let ban = json!({"ban": {"circle": circle, "user": self.user("banned")}});
            self.act("owner", ban).await;
            let mute = json!({"circle": circle, "user": self.user("muted"), "seconds": 86400});
            self.act("owner", json!({"time_out": mute})).await;
        }
        self.act("bot", json!({"block": {"user": self.user("member")}})).await;
        self.conversations().await;
        for name in PRINCIPALS {
            self.act("shy", json!({"block": {"user": self.user(name)}})).await;
        }
        let ended = self.tokens["ended"].1.clone();
        self.act("ended", json!({"revoke_session": {"session": ended}})).await;
        let owner = kith_core::decide::secret_hash(OWNER);
        self.app.hub.transact(None, None, |d| site::offer(d, &owner)).await.unwrap();
        let gone = self.users["disabled"];
        self.app.hub.transact(None, None, |d| account::set_disabled(d, gone, true)).await.unwrap();
    }

    /// Those who share no circle with anyone, and are written with: to dora, who answers; to elsa, who
    /// does not. Of a group of dora's one says nothing and one leaves.
    async fn conversations(&self) {
        let say =
            |who, stream: String| self.act(who, json!({"post": {"stream": stream, "text": "hi"}}));
        for (other, answers) in [("dora", true), ("elsa", false)] {
            for name in ["stranger", "muted", "bot", "admin"] {
                let open = json!({"open_direct": {"user": self.user(other)}});
                let stream = self.act(name, open).await.stream.unwrap().to_string();
                say(name, stream.clone()).await;
                if answers && name != "admin" {
                    say(other, stream).await;
                }
            }
        }
        self.act("bot", json!({"block": {"user": self.user("dora")}})).await;
        let users = ["former", "banned", "moderator"].map(|name| self.user(name));
        let made = self.act("dora", json!({"create_group": {"users": users}})).await;
        let stream = made.stream.unwrap().to_string();
        for name in ["dora", "former", "moderator"] {
            say(name, stream.clone()).await;
        }
        self.act("moderator", json!({"leave_group": {"stream": stream}})).await;
    }

    /// The owner answers a slash command, and everyone beside those who act their own service.
    async fn services(&self) {
        self.provide("owner", "chat/echo").await;
        for name in ["carol", "pat", "shy", "dora", "elsa"] {
            self.provide(name, "me/door").await;
        }
    }

    /// Somebody answers a service with what it is given, by a session of its own.
    async fn provide(&self, who: &str, name: &str) {
        let begun = self.app.auth.begin(self.users[who], "provider").await.unwrap();
        let token_hash = kith_core::decide::secret_hash(&begun.token);
        let hub = self.app.hub.clone();
        let provider = hub.connect(&token_hash).await.unwrap();
        let name = ServiceName::parse(name).unwrap();
        let offer = Offer {
            circle: (!name.is_personal()).then(|| self.circle.parse().unwrap()),
            name,
            policy: Policy::Any,
            at_once: 1,
            about: None,
            hint: None,
        };
        hub.offer(&provider, offer).await.unwrap();
        tokio::spawn(async move {
            while let Some(batch) = provider.next(1024).await {
                for item in &batch.items {
                    if let Item::Told(told) = item
                        && let Told::Called(called) = &**told
                    {
                        let answer = Answer::Done(called.args.clone());
                        hub.answer(&provider, called.call, answer).unwrap();
                    }
                }
            }
        });
    }

    /// Everyone has an image, which nothing refers to yet.
    async fn images(&mut self) {
        for name in PRINCIPALS {
            let file = files::image_of(self, name).await.to_string();
            self.images.insert(name, file);
        }
    }

    pub(crate) fn hub(&self) -> &Hub {
        &self.app.hub
    }

    pub(crate) fn token(&self, name: &str) -> &str {
        &self.tokens[name].0
    }

    pub(crate) fn id(&self, name: &str) -> UserId {
        self.users[name]
    }

    pub(crate) fn circle(&self) -> &str {
        &self.circle
    }

    pub(crate) fn stream(&self, name: &str) -> &str {
        &self.streams[name]
    }

    pub(crate) fn topic(&self, name: &str) -> &str {
        &self.topics[name]
    }
}
