//! What is shown of topics and sent while changes are on their way, in `tests/cases/shown`: the cases
//! to which the SDK in TypeScript is held as well. What their steps mean is said there, in
//! `packages/client/test/shown.test.ts`, which also writes the files.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

use kith_client::topics::Topics;
use kith_core::command::{Command, Outcome, Place};
use kith_core::document::{Rules, Topic};
use kith_core::event::{Body, Event};
use kith_core::id::{CircleId, FeedId, Seq, Timestamp, TopicId, UserId};
use kith_core::text::{OpId, TopicName};
use kith_core::topic::{Asked, Condition, Kind, State};
use kith_proto::error::Problem;
use serde_json::{Map, Value as Json, json};

/// A topic as the server has it.
struct Held {
    name: String,
    about: Topic,
    state: State,
    past: Vec<Event>,
}

type Answer = Result<Vec<Place>, Problem>;

/// The server, and the client whose topics are tried.
struct Play {
    all: BTreeMap<TopicId, Held>,
    answers: HashMap<OpId, Answer>,
    client: Topics,
    online: bool,
    ops: u64,
    /// What was sent and has no answer, in order.
    asked: Vec<(OpId, Command)>,
    /// What was sent and the server did not see yet.
    outgoing: Vec<(OpId, Command)>,
    sent: Vec<Json>,
}

fn me() -> UserId {
    UserId::new(Timestamp(1), 1)
}

impl Play {
    fn begin(topics: &Map<String, Json>) -> Self {
        let mut all = BTreeMap::new();
        let mut client = Topics::new(me());
        for (place, (name, topic)) in topics.iter().enumerate() {
            let id = TopicId::new(Timestamp(1), place as u128 + 1);
            let holds: Kind = serde_json::from_value(topic["kind"].clone()).unwrap();
            let value = topic
                .get("value")
                .map_or_else(|| holds.empty(), |value| holds.value(value, Seq(1)).unwrap());
            let about = Topic {
                id,
                circle: CircleId::new(Timestamp(1), 1),
                name: TopicName::parse(name).unwrap(),
                holds,
                rules: Rules::default(),
                deny: BTreeMap::new(),
                created_at: Timestamp(1),
            };
            client.follow(id).unwrap();
            client.snapshot(id, Seq(1), about.clone(), &value.to_json());
            let (name, state) = (name.clone(), State::new(Seq(1), value));
            all.insert(id, Held { name, about, state, past: Vec::new() });
        }
        let feeds: Vec<FeedId> = all.keys().map(|id| FeedId::Topic(*id)).collect();
        client.settled(&feeds);
        Self {
            all,
            answers: HashMap::new(),
            client,
            online: true,
            ops: 0,
            asked: Vec::new(),
            outgoing: Vec::new(),
            sent: Vec::new(),
        }
    }

    fn op(&mut self, series: &str) -> OpId {
        self.ops += 1;
        OpId::parse(&format!("{series}-{}", self.ops)).unwrap()
    }

    /// With the ids of topics for their names.
    fn with_ids(&self, json: &Json) -> Json {
        let mut json = json.clone();
        for one in json.as_array_mut().unwrap() {
            let held = self.all.values().find(|held| one["topic"] == json!(held.name)).unwrap();
            one["topic"] = json!(held.about.id);
        }
        json
    }

    /// As the cases write it.
    fn told(&self, asked: &Asked) -> Json {
        let mut change = serde_json::to_value(&asked.change).unwrap();
        if let Some(splice) = change.get_mut("splice").and_then(Json::as_object_mut) {
            splice.retain(|_, value| *value != json!(0) && *value != json!("") || value.is_null());
            splice.entry("at").or_insert(json!(0));
        }
        json!({ "topic": self.all[&asked.topic].name, "change": change })
    }

    fn send(&mut self) {
        while self.online
            && let Some((op, command)) = self.client.poll_send()
        {
            self.say(op.clone(), command.clone());
            self.asked.push((op, command));
        }
    }

    fn say(&mut self, op: OpId, command: Command) {
        let Command::Change { changes, .. } = &command else { panic!("{command:?}") };
        self.sent.push(changes.iter().map(|asked| self.told(asked)).collect());
        self.outgoing.push((op, command));
    }

    /// Decides a transaction as a whole; what happened.
    fn decide(&mut self, by: UserId, op: &OpId, changes: &[Asked]) -> Result<Vec<Event>, Problem> {
        let mut draft: BTreeMap<TopicId, (State, Seq)> = BTreeMap::new();
        let mut events = Vec::new();
        for asked in changes {
            let held = &self.all[&asked.topic];
            let seq = held.past.last().map_or(Seq(1), |event| event.seq);
            let (state, seq) =
                draft.entry(asked.topic).or_insert_with(|| (held.state.clone(), seq));
            *seq = seq.next();
            let fact =
                state.resolve(*seq, &asked.change).map_err(|refusal| Problem::from(&refusal))?;
            state.apply(*seq, &fact);
            events.push(Event {
                feed: FeedId::Topic(asked.topic),
                seq: *seq,
                at: Timestamp(1),
                by: Some(by),
                op: Some(op.clone()),
                body: Body::Changed { fact },
            });
        }
        for (topic, (state, _)) in draft {
            let held = self.all.get_mut(&topic).unwrap();
            held.state = state;
            let own = events.iter().filter(|event| event.feed == FeedId::Topic(topic)).cloned();
            held.past.extend(own);
        }
        Ok(events)
    }

    fn answer(&mut self, op: &OpId, answer: &Answer) {
        self.asked.retain(|(asked, _)| asked != op);
        match answer {
            Ok(events) => {
                self.client.done(op, &Outcome { events: events.clone(), ..Outcome::default() });
            }
            Err(problem) => drop(self.client.failed(op, problem.clone())),
        }
    }

    /// Tells what happened, or the values that come of it.
    fn tell(&mut self, events: &[Event], merged: bool) {
        if !merged {
            self.client.events(events);
            return;
        }
        let told: Vec<FeedId> = events.iter().map(|event| event.feed).collect();
        for (id, held) in &self.all {
            if told.contains(&FeedId::Topic(*id)) {
                let seq = held.past.last().map_or(Seq(1), |event| event.seq);
                self.client.snapshot(*id, seq, held.about.clone(), &held.state.value.to_json());
            }
        }
    }

    /// The server takes the next of what was sent; a guard makes `instead` of it.
    fn next(&mut self, how: &str, instead: Option<Vec<Asked>>, merged: bool) {
        let (op, command) = self.outgoing.remove(0);
        let Command::Change { changes, .. } = command else { panic!("{command:?}") };
        let changes = instead.unwrap_or(changes);
        let mut events = Vec::new();
        let known = self.answers.get(&op).cloned();
        let answer = known.unwrap_or_else(|| {
            events = self.decide(me(), &op, &changes)?;
            let place = |event: &Event| Place { feed: event.feed, seq: event.seq };
            Ok(events.iter().map(place).collect())
        });
        self.answers.insert(op.clone(), answer.clone());
        match how {
            "events first" => {
                self.tell(&events, merged);
                self.answer(&op, &answer);
            }
            "answer first" => {
                self.answer(&op, &answer);
                self.tell(&events, merged);
            }
            "unheard" => {}
            other => panic!("{other}"),
        }
    }

    fn resume(&mut self, how: &str) {
        self.online = true;
        for (id, held) in &self.all {
            if how == "state" {
                let seq = held.past.last().map_or(Seq(1), |event| event.seq);
                self.client.snapshot(*id, seq, held.about.clone(), &held.state.value.to_json());
            } else {
                let after = self.client.seq(*id).unwrap();
                held.past
                    .iter()
                    .filter(|event| event.seq > after)
                    .for_each(|event| self.client.event(event));
            }
        }
        let feeds: Vec<FeedId> = self.all.keys().map(|id| FeedId::Topic(*id)).collect();
        for (op, command) in self.asked.clone() {
            self.say(op, command);
        }
        self.client.settled(&feeds);
    }

    /// Plays a step; the code with which the program's change was refused at once.
    fn step(&mut self, step: &Json) -> Option<&'static str> {
        self.sent.clear();
        let merged = step.get("merged").is_some();
        if let Some(changes) = step.get("do") {
            let changes: Vec<Asked> = serde_json::from_value(self.with_ids(changes)).unwrap();
            let when = step.get("when").map_or_else(|| json!([]), |when| self.with_ids(when));
            let when: Vec<Condition> = serde_json::from_value(when).unwrap();
            let op = self.op("mine");
            if let Err(refusal) = self.client.change(op, changes, when) {
                return Some(refusal.code());
            }
        }
        if let Some(changes) = step.get("others") {
            let changes: Vec<Asked> = serde_json::from_value(self.with_ids(changes)).unwrap();
            let op = self.op("theirs");
            let events = self.decide(UserId::new(Timestamp(1), 2), &op, &changes).unwrap();
            if self.online {
                self.tell(&events, merged);
            }
        }
        if let Some(how) = step.get("decide") {
            let instead = step.get("guard").map(|changes| self.with_ids(changes));
            let instead = instead.map(|changes| serde_json::from_value(changes).unwrap());
            self.next(how.as_str().unwrap(), instead, merged);
        }
        if let Some(code) = step.get("refuse") {
            let (op, _) = self.outgoing.remove(0);
            self.answer(&op, &Err(Problem::new(code.as_str().unwrap(), "no")));
        }
        if step.get("lose").is_some() {
            self.online = false;
            self.outgoing.clear();
            self.client.offline();
        }
        if let Some(how) = step.get("resume") {
            self.resume(how.as_str().unwrap());
        }
        self.send();
        None
    }

    fn shown(&self) -> Json {
        let value = |id: &TopicId| self.client.value(*id).unwrap().to_json();
        Json::Object(self.all.iter().map(|(id, held)| (held.name.clone(), value(id))).collect())
    }
}

#[test]
fn what_is_shown_and_sent_is_what_the_cases_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/shown");
    let mut count = 0;
    for file in fs::read_dir(folder).unwrap() {
        let file = file.unwrap().path();
        let cases: Vec<Json> = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        for case in cases {
            let mut play = Play::begin(case["topics"].as_object().unwrap());
            for (at, step) in case["steps"].as_array().unwrap().iter().enumerate() {
                let place = format!("{}: {}, step {at}", file.display(), case["name"]);
                let refused = play.step(step);
                assert_eq!(refused, step.get("refused").and_then(Json::as_str), "{place}");
                if refused.is_none() {
                    assert_eq!(json!(play.sent), step["sent"], "{place}");
                    assert_eq!(play.shown(), step["shown"], "{place}");
                }
            }
            count += 1;
        }
    }
    assert!(count >= 50, "{count}");
}
