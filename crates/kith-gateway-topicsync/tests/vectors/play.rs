//! Plays one recording.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::time::Duration;

use bson::Bson;
use kith_core::command::Command;
use kith_core::id::TopicId;
use kith_core::text::TopicName;
use kith_core::topic::{Asked, Change, Kind};
use serde_json::{Value as Json, json};

use crate::application::Application;
use crate::pattern::{Bound, fill, matches};
use crate::site::{Got, Native, Site, Socket};

/// A recorded conversation.
pub(crate) struct Recording {
    pub(crate) name: String,
    lines: Vec<String>,
}

/// How clients write what they say.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Frames {
    /// JSON in frames of text.
    Text,
    /// BSON in binary frames.
    Bson,
}

/// A line that does something, and what comes of it.
struct Turn {
    line: Json,
    wanted: Vec<Json>,
}

impl Recording {
    pub(crate) fn read(file: &Path) -> Self {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(file).unwrap();
        Self { name, lines: text.lines().map(str::to_owned).collect() }
    }

    pub(crate) fn change(&mut self, change: impl Fn(&mut String)) {
        self.lines.iter_mut().for_each(change);
    }

    fn line(&self, place: usize) -> Json {
        serde_json::from_str(&self.lines[place]).unwrap()
    }

    pub(crate) fn is_conform(&self) -> bool {
        self.line(0)["data"]["class"] == "conform"
    }

    fn turns(&self) -> VecDeque<Turn> {
        let mut turns: VecDeque<Turn> = VecDeque::new();
        for place in 2..self.lines.len() {
            let line = self.line(place);
            let is_answer =
                line["dir"] == "recv" || (line["dir"] == "close" && line["data"]["by"] == "server");
            match turns.back_mut() {
                Some(turn) if is_answer => turn.wanted.push(line),
                _ => turns.push_back(Turn { line, wanted: Vec::new() }),
            }
        }
        turns
    }

    /// Plays it; the first difference, if there is one.
    pub(crate) async fn play(&self) -> Result<(), String> {
        self.play_as(Frames::Text).await
    }

    /// Plays it with clients that write so.
    pub(crate) async fn play_as(&self, frames: Frames) -> Result<(), String> {
        let mut stage = Stage::open(&self.line(1)["data"], frames).await;
        let mut turns = self.turns();
        let mut wanted = Vec::new();
        while let Some(turn) = turns.pop_front() {
            wanted.extend(turn.wanted);
            if turn.line["dir"] == "sleep" {
                // What was said without waiting is dealt with before time passes.
                let early = stage.settle(None).await;
                let seconds = turn.line["data"]["seconds"].as_f64().unwrap();
                stage.site.clock.advance(Duration::from_secs_f64(seconds));
                let late = stage.settle(None).await;
                let got = early.into_iter().chain(late).collect();
                stage.compare(&mut wanted, got).map_err(|why| said(&turn.line, &why))?;
                continue;
            }
            let who = turn.line["client"].as_str().unwrap().to_owned();
            stage.turn(&turn.line).await;
            let next_is_other = turns.front().is_some_and(|next| next.line["client"] != who);
            if turn.line["nowait"] == true {
                if next_is_other {
                    stage.hold(&who).await;
                }
                continue;
            }
            stage.listen(&wanted).await;
            let got = stage.settle(Some(&who)).await;
            stage.compare(&mut wanted, got).map_err(|why| said(&turn.line, &why))?;
        }
        Ok(())
    }
}

/// The same as BSON; `None` of a number for which that has no type.
fn as_bson(json: &Json) -> Option<Bson> {
    Some(match json {
        Json::Null => Bson::Null,
        Json::Bool(value) => Bson::Boolean(*value),
        Json::Number(number) => match number.as_i64().map(|whole| (whole, i32::try_from(whole))) {
            Some((_, Ok(small))) => Bson::Int32(small),
            Some((whole, Err(_))) => Bson::Int64(whole),
            None => Bson::Double(number.as_f64()?),
        },
        Json::String(text) => Bson::String(text.clone()),
        Json::Array(items) => Bson::Array(items.iter().map(as_bson).collect::<Option<_>>()?),
        Json::Object(entries) => {
            let entries = entries.iter().map(|(key, value)| Some((key.clone(), as_bson(value)?)));
            Bson::Document(entries.collect::<Option<_>>()?)
        }
    })
}

fn said(line: &Json, why: &str) -> String {
    format!("after {line}: {why}")
}

/// A server, and who takes part.
struct Stage {
    site: Site,
    /// The application behind the server: another session of the same user.
    native: Native,
    clients: BTreeMap<String, Socket>,
    /// What came before it was asked for.
    held: Vec<(String, Got)>,
    bound: Bound,
    frames: Frames,
    /// Offers what the recording asks for.
    _application: Application,
    /// Makes the topics, and stays.
    _setup: Socket,
}

impl Stage {
    async fn open(setup: &Json, frames: Frames) -> Self {
        let site = Site::open().await;
        let native = site.native(&site.token).await;
        let mut client = site.client().await;
        client.next().await;
        let topics = setup["topics"].as_array().unwrap().iter();
        let commands: Vec<Json> = topics.map(added).collect();
        client.say("action", json!({"commands": commands, "action_id": "setup"})).await;
        assert_eq!(client.settled().await, [], "the topics are made");
        let _application = Application::start(&native, site.circle, setup).await;
        let (clients, held, bound) = Default::default();
        Self { site, native, clients, held, bound, frames, _application, _setup: client }
    }

    async fn turn(&mut self, line: &Json) {
        let who = line["client"].as_str().unwrap();
        match line["dir"].as_str().unwrap() {
            "connect" => {
                let socket = self.site.client().await;
                self.clients.insert(who.to_owned(), socket);
            }
            "send" => {
                let bound = &self.bound;
                let client = self.clients.get_mut(who).unwrap();
                if let Some(raw) = line["raw"].as_str() {
                    client.send_text(raw.to_owned()).await;
                } else if let Some(raw) = line["raw_b64"].as_str() {
                    client.send_binary(from_base64(raw)).await;
                } else {
                    let said = fill(&line["data"], bound);
                    match (self.frames, as_bson(&said)) {
                        (Frames::Bson, Some(Bson::Document(document))) => {
                            client.send_binary(document.to_vec().unwrap()).await;
                        }
                        _ => client.send(&said).await,
                    }
                }
            }
            "close" => self.clients.get_mut(who).unwrap().close().await,
            "do" => self.act(&line["data"]).await,
            other => panic!("{other}"),
        }
    }

    /// Waits until what a client said is dealt with.
    async fn hold(&mut self, who: &str) {
        let got = self.clients.get_mut(who).unwrap().settled().await;
        self.held.extend(got.into_iter().map(|got| (who.to_owned(), got)));
    }

    /// Waits for the answers of services: they come when those have them, whatever else was dealt with.
    async fn listen(&mut self, wanted: &[Json]) {
        for (name, client) in &mut self.clients {
            let is_answer = |want: &&Json| {
                want["client"] == name.as_str() && want["data"]["type"] == "response"
            };
            let mut missing = wanted.iter().filter(is_answer).count();
            while missing > 0 {
                let got = client.next().await;
                missing -= match &got {
                    Got::Message(message) => usize::from(message["type"] == "response"),
                    Got::Closed(_) => missing,
                };
                self.held.push((name.clone(), got));
            }
        }
    }

    /// All that came until everything is dealt with: what `first` said, then the rest.
    async fn settle(&mut self, first: Option<&str>) -> Vec<(String, Got)> {
        let mut all = std::mem::take(&mut self.held);
        if let Some(name) = first
            && let Some(client) = self.clients.get_mut(name)
        {
            all.extend(client.settled().await.into_iter().map(|got| (name.to_owned(), got)));
        }
        for (name, client) in &mut self.clients {
            all.extend(client.settled().await.into_iter().map(|got| (name.clone(), got)));
        }
        all
    }

    /// Compares what came with what was recorded; what comes late stays in `wanted`.
    fn compare(&mut self, wanted: &mut Vec<Json>, got: Vec<(String, Got)>) -> Result<(), String> {
        for (name, got) in got {
            let place = wanted.iter().position(|want| want["client"] == name.as_str());
            let Some(want) = place.map(|place| wanted.remove(place)) else {
                return Err(format!("{name} got {got:?}, which nobody expects"));
            };
            let fits = match &got {
                Got::Message(got) => matches(&want["data"], got, &mut self.bound),
                Got::Closed(code) => {
                    want["dir"] == "close"
                        && code.map(Json::from) == want["data"].get("code").cloned()
                }
            };
            if !fits {
                return Err(format!("{name} got {got:?} and not {want}"));
            }
        }
        match wanted.iter().find(|want| want["async"] != true) {
            Some(want) => Err(format!("{want} did not come")),
            None => Ok(()),
        }
    }

    /// The application does something.
    async fn act(&self, op: &Json) {
        let circle = self.site.circle;
        match op["op"].as_str().unwrap() {
            "add_topic" => {
                let name = TopicName::parse(op["name"].as_str().unwrap()).unwrap();
                let holds = kind(op["type"].as_str().unwrap());
                let (value, rules, deny) = (op.get("init").cloned(), Default::default(), [].into());
                let create = Command::CreateTopic {
                    circle,
                    name,
                    holds,
                    value,
                    rules,
                    deny,
                    replace: false,
                };
                self.native.must(create).await;
            }
            "remove_topic" => {
                let topic = self.topic(op).await;
                self.native.must(Command::RemoveTopic { topic }).await;
            }
            // There may be nothing to take back, or to do again.
            "undo" => drop(self.native.may(Command::Undo { circle, skip: false }).await),
            "redo" => drop(self.native.may(Command::Redo { circle, skip: false }).await),
            "record" => self.change(op["ops"].as_array().unwrap()).await,
            _ => self.change(std::slice::from_ref(op)).await,
        }
    }

    async fn change(&self, ops: &[Json]) {
        let mut changes = Vec::new();
        for op in ops {
            let change = match op["op"].as_str().unwrap() {
                "set" => Change::Set { value: op["value"].clone() },
                "add" => Change::Add { by: op["value"].as_number().unwrap().clone() },
                "insert_text" => Change::Splice {
                    at: u32::try_from(op["position"].as_u64().unwrap()).unwrap(),
                    delete: 0,
                    insert: op["insertion"].as_str().unwrap().to_owned(),
                    after: None,
                },
                "emit" => Change::Emit { args: op["args"].as_object().unwrap().clone() },
                other => panic!("{other}"),
            };
            changes.push(Asked { topic: self.topic(op).await, change });
        }
        self.native.must(Command::Change { changes, when: Vec::new(), group: None }).await;
    }

    async fn topic(&self, op: &Json) -> TopicId {
        let name = TopicName::parse(op["name"].as_str().unwrap()).unwrap();
        self.native.topic(self.site.circle, name).await
    }
}

/// What adds a topic to the list.
fn added(topic: &Json) -> Json {
    let flag = |name: &str| topic.get(name).cloned().unwrap_or(Json::Bool(true));
    json!({
        "topic_name": "_topicsync/topic_list", "topic_type": "dict", "type": "add",
        "key": topic["name"],
        "value": {
            "type": topic["type"], "boundary_value": topic["init"],
            "is_stateful": flag("is_stateful"), "order_strict": flag("order_strict"),
        },
    })
}

fn kind(name: &str) -> Kind {
    match name {
        "generic" => Kind::Json,
        "dict" => Kind::Map,
        other => serde_json::from_value(Json::from(other)).unwrap(),
    }
}

fn from_base64(text: &str) -> Vec<u8> {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b'=').map(digit).collect();
    let groups = digits.chunks(4).flat_map(|group| {
        let bits = group.iter().fold(0_u32, |bits, digit| bits << 6 | u32::from(*digit));
        let bits = bits << (6 * (4 - group.len()));
        bits.to_be_bytes()[1..group.len()].to_vec()
    });
    groups.collect()
}
