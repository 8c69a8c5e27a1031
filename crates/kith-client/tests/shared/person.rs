//! One of the people of a case: a client, what it follows, and what it offers.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::pin::Pin;

use kith_client::{
    Changing, Client, ClientError, Events, Items, News, Part, Topic, Watch, service,
};
use kith_core::command::{Command, Outcome};
use kith_core::document::Circle;
use kith_core::id::{CircleId, StreamId, TopicId, UserId};
use kith_core::text::{Label, TopicName};
use kith_core::topic::{Asked, Change, Kind, same};
use kith_proto::query::{Answer, Query};
use serde_json::{Value as Json, json};
use tokio::task::JoinHandle;

use super::given::Given;
use super::provider::Provider;
use super::site::Way;

#[path = "lines.rs"]
mod lines;

use lines::Lines;

pub(crate) struct Person {
    /// The people by their ids.
    pub(crate) names: BTreeMap<String, String>,
    me: String,
    circle: CircleId,
    client: Client,
    way: Way,
    lines: Lines,
    topics: HashMap<String, Topic>,
    /// What happens in topics that hold nothing.
    heard: HashMap<String, Watch>,
    offers: HashMap<String, Provider>,
    later: HashMap<String, JoinHandle<Given>>,
}

type Doing = Pin<Box<dyn Future<Output = Given> + Send>>;

fn doing(work: impl Future<Output = Result<Json, ClientError>> + Send + 'static) -> Doing {
    Box::pin(async move { work.await.into() })
}

fn text(json: &Json) -> String {
    json.as_str().unwrap().to_owned()
}

fn read<T: serde::de::DeserializeOwned>(json: &Json) -> T {
    serde_json::from_value(json.clone()).unwrap()
}

impl Person {
    pub(crate) async fn begin(
        name: &str,
        client: Client,
        events: Events,
        way: Way,
        (circle, stream): (CircleId, StreamId),
    ) -> Self {
        let lines = Lines::follow(&client, events, stream).await;
        Self {
            names: BTreeMap::new(),
            me: name.to_owned(),
            circle,
            client,
            way,
            lines,
            topics: HashMap::new(),
            heard: HashMap::new(),
            offers: HashMap::new(),
            later: HashMap::new(),
        }
    }

    pub(crate) fn user(&self) -> UserId {
        self.client.welcome().user.id
    }

    /// Does a step; what comes of it, unless that is waited for later.
    pub(crate) async fn does(&mut self, step: &Json) -> Option<Given> {
        if let Some(expected) = step.get("eventually") {
            while !self.begun(step).await.await.is(expected) {}
            return None;
        }
        let doing = self.begun(step).await;
        match step.get("later") {
            Some(name) => {
                self.later.insert(text(name), tokio::spawn(doing));
                None
            }
            None => Some(doing.await),
        }
    }

    /// Begins a step: what shows at once is shown when this is over.
    async fn begun(&mut self, step: &Json) -> Doing {
        let circle = self.circle;
        let (verb, what) = verb(step);
        match verb {
            "make" => self.make(what).await,
            "open" => self.open(what).await,
            "do" => self.transact(step, what),
            "write" => self.write(what).await,
            "ask" => self.command(&json!({"change": {"changes": self.changes(what)}})),
            "undo" | "redo" => self.turn(verb),
            "skip" => {
                let mut command = json!({});
                command[text(what)] = json!({"circle": circle, "skip": true});
                self.command(&command)
            }
            "undoable" => {
                let client = self.client.clone();
                doing(async move {
                    match client.query(Query::Undoable { circle }).await? {
                        Answer::Undoable { undo, redo } => Ok(json!([undo, redo])),
                        other => panic!("{other:?}"),
                    }
                })
            }
            "deny" => self.deny(what).await,
            "allow" => self.allow(what).await,
            "mute" => {
                let mute = json!({"circle": circle, "user": what, "seconds": 600});
                self.command(&json!({ "time_out": mute }))
            }
            "offer" => self.offer(what).await,
            "withdraw" => {
                let provider = self.offers.remove(&text(what)).unwrap();
                provider.withdraw(&self.client).await;
                done()
            }
            "takes" => {
                self.offers.get_mut(&text(what)).unwrap().takes().await;
                done()
            }
            "learns" => {
                let why = self.offers.get_mut(&text(what)).unwrap().learns().await;
                doing(async move { Ok(why) })
            }
            "call" => self.call(what),
            "cancel" => {
                // Nobody waits for it any longer.
                let call = self.later.remove(&text(what)).unwrap();
                call.abort();
                assert!(call.await.unwrap_err().is_cancelled());
                done()
            }
            "ends" => {
                let later = self.later.remove(&text(what)).unwrap();
                Box::pin(async move { later.await.unwrap() })
            }
            "sees" => {
                self.sees(what).await;
                done()
            }
            "hears" => {
                self.hears(what).await;
                done()
            }
            "post" => self.lines.post(&self.client, what),
            "edit" => self.command(&json!({"edit": with_stream(what, self.lines.stream())})),
            "react" => self.command(&json!({"react": with_stream(what, self.lines.stream())})),
            "delete" => {
                let delete = json!({"stream": self.lines.stream(), "message": what});
                self.command(&json!({ "delete": delete }))
            }
            "remove" => self.command(&json!({"remove_stream": {"stream": self.lines.stream()}})),
            "reads" => {
                self.lines.reads(what, &self.names).await;
                done()
            }
            "cut" => {
                self.way.close();
                self.lines.online(false).await;
                done()
            }
            "mend" => {
                self.way.open();
                self.lines.online(true).await;
                done()
            }
            "leave" => {
                self.client.close().await;
                done()
            }
            other => panic!("nobody can {other}"),
        }
    }

    fn command(&self, command: &Json) -> Doing {
        let (client, command) = (self.client.clone(), read::<Command>(command));
        doing(async move { client.command(command).await.map(|_| Json::Null) })
    }

    async fn make(&mut self, what: &Json) -> Doing {
        let mut make = json!({"circle": self.circle, "name": what["topic"], "holds": what["kind"]});
        for key in ["value", "rules"] {
            if let Some(value) = what.get(key) {
                make[key] = value.clone();
            }
        }
        let made = self.client.command(read(&json!({ "create_topic": make }))).await;
        let opened = match made.map(|made| made.topic.unwrap()) {
            Ok(id) => {
                self.client.topic_by_id(id).await.map(|topic| self.hold(&what["topic"], topic))
            }
            Err(error) => Err(error),
        };
        doing(async move { opened.map(|()| Json::Null) })
    }

    async fn open(&mut self, what: &Json) -> Doing {
        for name in what.as_array().unwrap() {
            match self.client.topic(self.circle, &read::<TopicName>(name)).await {
                Ok(topic) => self.hold(name, topic),
                Err(error) => return doing(async move { Err(error) }),
            }
        }
        done()
    }

    fn hold(&mut self, name: &Json, topic: Topic) {
        if topic.kind() == Kind::Event {
            self.heard.insert(text(name), topic.watch());
        }
        self.topics.insert(text(name), topic);
    }

    fn id(&self, name: &Json) -> TopicId {
        self.topics[name.as_str().unwrap()].id()
    }

    fn changes(&self, what: &Json) -> Vec<Asked> {
        let asked =
            |one: &Json| Asked { topic: self.id(&one["topic"]), change: read(&one["change"]) };
        what.as_array().unwrap().iter().map(asked).collect()
    }

    fn transact(&self, step: &Json, what: &Json) -> Doing {
        let sent = self.client.transaction(|all| {
            for Asked { topic, change } in self.changes(what) {
                all.on(topic).change(change);
            }
            for condition in step.get("when").and_then(Json::as_array).into_iter().flatten() {
                let topic = self.id(&condition["topic"]);
                match condition.get("value") {
                    Some(value) => all.when_is(topic, value.clone()),
                    None => {
                        let seq = self.client.look(|topics| topics.seq(topic));
                        all.when_at(topic, seq.flatten().unwrap());
                    }
                }
            }
            if let Some(group) = step.get("group") {
                all.group(read::<Label>(group));
            }
        });
        decided(sent)
    }

    async fn write(&self, what: &Json) -> Doing {
        let topic = &self.topics[what["topic"].as_str().unwrap()];
        let sent = match read(&what["change"]) {
            Change::Splice { at, delete, insert, .. } => {
                topic.splice_text(at, delete, &insert).await
            }
            change => topic.change_json(change).await,
        };
        match sent {
            Ok(sent) => decided(sent),
            Err(error) => doing(async move { Err(error) }),
        }
    }

    fn turn(&self, verb: &str) -> Doing {
        let (client, circle, back) = (self.client.clone(), self.circle, verb == "undo");
        doing(async move {
            match back {
                true => client.undo(circle, false).await,
                false => client.redo(circle, false).await,
            }
            .map(|()| Json::Null)
        })
    }

    /// The circle as it is.
    async fn found(&self) -> Circle {
        match self.client.query(Query::Circle { circle: self.circle }).await {
            Ok(Answer::Circle(found)) => found.circle,
            other => panic!("{other:?}"),
        }
    }

    async fn deny(&self, what: &Json) -> Doing {
        let mut deny = json!({});
        deny[self.found().await.everyone.to_string()] = what["permissions"].clone();
        self.command(&json!({"narrow_topic": {"topic": self.id(&what["topic"]), "deny": deny}}))
    }

    async fn allow(&self, what: &Json) -> Doing {
        let circle = self.found().await;
        let (role, is) = circle.roles.get_key_value(&circle.everyone).unwrap();
        let mut allow = json!(is.allow);
        allow.as_array_mut().unwrap().extend(what.as_array().unwrap().iter().cloned());
        let change = json!({
            "circle": circle.id, "role": role, "name": is.name, "allow": allow, "rank": is.rank,
        });
        self.command(&json!({ "change_role": change }))
    }

    async fn offer(&mut self, what: &Json) -> Doing {
        let mut offer = what.clone();
        let does = text(&offer.as_object_mut().unwrap().remove("does").unwrap());
        offer["circle"] = json!(self.circle);
        let offered = Provider::offer(&self.client, &self.me, read(&offer), does).await;
        let offered =
            offered.map(|provider| drop(self.offers.insert(text(&what["name"]), provider)));
        doing(async move { offered.map(|()| Json::Null) })
    }

    fn call(&self, what: &Json) -> Doing {
        let mut asked = what.clone();
        let own = asked.as_object_mut().unwrap();
        let window = own.remove("window").and_then(|window| window.as_u64());
        let take = own.remove("take").and_then(|take| take.as_u64());
        own.insert("circle".to_owned(), json!(self.circle));
        if own.contains_key("stream") {
            own.insert("stream".to_owned(), json!(self.lines.stream()));
        }
        let call: service::Call = read(&asked);
        let client = self.client.clone();
        if window.is_none() && !call.progress {
            return doing(async move { client.call(call).await });
        }
        let window = window.unwrap_or(1) as u32;
        Box::pin(async move {
            match client.call_stream(call, window).await {
                Ok(items) => taken(items, take.unwrap_or(u64::MAX) as usize).await,
                Err(error) => Err(error).into(),
            }
        })
    }

    async fn sees(&self, what: &Json) {
        for (name, value) in what.as_object().unwrap() {
            let topic = &self.topics[name];
            let mut watch = topic.watch();
            loop {
                let shown = shown(topic).await;
                if same(&shown, value) {
                    break;
                }
                eprintln!("{} sees {name}: {shown}", self.me);
                watch.next().await.unwrap();
            }
        }
    }

    async fn hears(&mut self, what: &Json) {
        for (name, all) in what.as_object().unwrap() {
            let heard = self.heard.get_mut(name).unwrap();
            for args in all.as_array().unwrap() {
                let Some(News::Emitted(event)) = heard.next().await else { panic!("not told") };
                assert_eq!(json!(event.body)["fact"]["emit"]["args"], *args);
            }
        }
    }
}

/// The value as people see it.
async fn shown(topic: &Topic) -> Json {
    let yjs = topic.about().unwrap().rules.yjs;
    match topic.kind() {
        Kind::Text => json!(topic.text().await.unwrap()),
        Kind::Json if yjs => topic.json().await.unwrap(),
        _ => topic.value().unwrap().to_plain(),
    }
}

/// What a step does: the one of its words that says so.
fn verb(step: &Json) -> (&str, &Json) {
    const ABOUT: [&str; 13] = [
        "as",
        "when",
        "group",
        "later",
        "eventually",
        "gives",
        "items",
        "progress",
        "refused",
        "change",
        "unknown",
        "failure",
        "saves",
    ];
    let mut words = step.as_object().unwrap().iter();
    let (verb, what) = words.find(|(word, _)| !ABOUT.contains(&word.as_str())).unwrap();
    (verb, what)
}

fn done() -> Doing {
    doing(async { Ok(Json::Null) })
}

fn decided(sent: impl Future<Output = Result<Outcome, ClientError>> + Send + 'static) -> Doing {
    doing(async move { sent.await.map(|_| Json::Null) })
}

fn with_stream(what: &Json, stream: StreamId) -> Json {
    let mut all = what.clone();
    all["stream"] = json!(stream);
    all
}

/// What a call gives part by part, up to so many items.
async fn taken(mut parts: Items, take: usize) -> Given {
    let mut given = Given::from(Ok(Json::Null));
    while given.items.len() < take
        && let Some(part) = parts.next().await
    {
        match part {
            Ok(Part::Item(item)) => given.items.push(item),
            Ok(Part::Progress(progress)) => given.progress.push(progress),
            Ok(Part::Done(value)) => given.value = Ok(value),
            Err(error) => given.value = Given::from(Err(error)).value,
        }
    }
    given
}
