//! A client: the real session and the real topics, on a connection that a test moves.

use std::collections::{BTreeMap, HashMap};

use kith_client::Auth;
use kith_client::session::{Ask, Output, Session};
use kith_client::topics::{Told, Topics};
use kith_core::id::{FeedId, Seq, TopicId};
use kith_core::text::OpId;
use kith_core::topic::{Asked, Condition, Kind, Value};
use kith_proto::codec::Encoding;
use kith_proto::frame::Reply;

use super::Dice;
use super::pen::Pen;
use super::site::{Site, user};

pub(crate) struct Person {
    pub(crate) number: usize,
    pub(crate) topics: Topics,
    session: Session,
    asked: HashMap<u64, OpId>,
    connected: bool,
    now_ms: u64,
    /// The numbers of what happened in `event` topics.
    emitted: BTreeMap<TopicId, Vec<Seq>>,
    first: BTreeMap<TopicId, Seq>,
    /// What documents are written with.
    pens: BTreeMap<TopicId, Pen>,
    ops: usize,
}

impl Person {
    pub(crate) fn new(site: &mut Site, number: usize) -> Self {
        let mut one = Self {
            number,
            topics: Topics::new(user(number)),
            session: Session::new(Auth::Token("t".to_owned()), None, Encoding::Json),
            asked: HashMap::new(),
            connected: false,
            now_ms: 1,
            emitted: BTreeMap::new(),
            first: BTreeMap::new(),
            pens: site.documents().map(|(topic, holds)| (topic, Pen::new(holds, number))).collect(),
            ops: 0,
        };
        // Not everybody follows everything, but both of the two that are changed alike.
        for (place, topic) in site.ids.clone().into_iter().enumerate() {
            if place > 1 || number % 3 != place + 1 {
                one.topics.follow(topic).unwrap();
                one.session.subscribe(kith_client::follow(FeedId::Topic(topic)), one.now_ms);
            }
        }
        one
    }

    /// Writes something in a document; whether there is one.
    pub(crate) fn write(&mut self, dice: &mut Dice, topic: TopicId) -> bool {
        let (Some(pen), Some(Value::Text(shown))) =
            (self.pens.get_mut(&topic), self.topics.value(topic))
        else {
            return false;
        };
        pen.write(dice, shown);
        true
    }

    /// Does these changes together with what waits of documents.
    pub(crate) fn change(&mut self, op: &OpId, mut changes: Vec<Asked>, when: Vec<Condition>) {
        changes.extend(self.written(op));
        // What does not fit what is shown is refused here.
        if !changes.is_empty() && self.topics.change(op.clone(), changes, when).is_err() {
            self.decided(op, false);
        }
    }

    /// What of documents can be sent under this name.
    fn written(&mut self, op: &OpId) -> Vec<Asked> {
        let pens = self.pens.iter_mut();
        pens.filter_map(|(topic, pen)| Some(Asked { topic: *topic, change: pen.send(op)? }))
            .collect()
    }

    /// A transaction is decided: what was written meanwhile goes on its way.
    fn decided(&mut self, op: &OpId, done: bool) {
        self.pens.values_mut().for_each(|pen| pen.decided(op, done));
        self.ops += 1;
        let next = OpId::parse(&format!("{}w{}-{}", self.number, self.ops % 7, self.ops)).unwrap();
        let changes = self.written(&next);
        if !changes.is_empty() {
            self.topics.change(next, changes, Vec::new()).expect("a thousand do not wait here");
        }
    }

    /// Connects if need be, and hears the next thing.
    pub(crate) fn hear(&mut self, site: &mut Site) -> bool {
        self.now_ms += 1;
        if !self.connected {
            self.connected = true;
            site.connect(self.number);
            self.session.opened(self.now_ms);
            // The hello is no request.
            assert!(matches!(self.session.poll(), Some(Output::Send(_))));
        }
        let push = site.next_push(self.number);
        if let Some(push) = &push {
            self.session.received(&Encoding::Json.encode(push), self.now_ms);
        }
        self.session.tick(true, self.now_ms);
        self.look(site);
        push.is_some()
    }

    pub(crate) fn hear_all(&mut self, site: &mut Site) -> bool {
        let mut any = false;
        while self.hear(site) {
            any = true;
        }
        any
    }

    pub(crate) fn wait(&mut self) {
        self.now_ms += 60_000;
    }

    pub(crate) fn cut(&mut self, site: &mut Site) {
        if self.connected {
            self.connected = false;
            site.cut(self.number);
            self.session.lost(None, "cut", 0, self.now_ms);
        }
    }

    /// Carries over what there is, and looks at what is shown.
    pub(crate) fn look(&mut self, site: &mut Site) {
        loop {
            while let Some(update) = self.session.poll_update() {
                self.topics.update(update);
                self.check();
            }
            while let Some((op, command)) = self.topics.poll_send() {
                let id = self.session.ask(Ask::Patient(op.clone(), command), self.now_ms);
                self.asked.insert(id, op);
            }
            let Some(output) = self.session.poll() else { break };
            match output {
                Output::Send(bytes) => site.say(self.number, &bytes),
                Output::HangUp(why) => panic!("{why}"),
                Output::Called(..) | Output::Told(_) | Output::Withdrawn(..) => {
                    panic!("nobody here offers or calls anything")
                }
                Output::Settled(id, result) => {
                    let op = self.asked.remove(&id).unwrap();
                    let done = result.is_ok();
                    match result {
                        Ok(Reply::Done(outcome)) => self.topics.done(&op, &outcome),
                        Ok(other) => panic!("{other:?}"),
                        Err(error) => {
                            self.topics.failed(&op, error.problem().unwrap().clone());
                        }
                    }
                    self.decided(&op, done);
                }
            }
            self.check();
        }
        self.check();
        for (topic, pen) in &mut self.pens {
            if let Some(Value::Text(shown)) = self.topics.value(*topic) {
                pen.look(shown);
            }
        }
    }

    fn check(&mut self) {
        while let Some(told) = self.topics.poll() {
            match told {
                Told::Ready(topic) => {
                    self.first.insert(topic, self.topics.seq(topic).unwrap());
                }
                Told::Emitted(topic, event) => {
                    self.emitted.entry(topic).or_default().push(event.seq);
                }
                Told::Changed(_) => {}
                Told::Closed(topic, problem) => panic!("{topic}: {problem}"),
            }
        }
        let numbers: Vec<_> = self.pair().map(|topic| self.topics.value(topic)).collect();
        if let [Some(one), Some(two)] = numbers[..] {
            assert_eq!(one, two, "half of a transaction is shown");
        }
    }

    fn pair(&self) -> impl Iterator<Item = TopicId> {
        (3..5).map(|n| TopicId::new(kith_core::id::Timestamp(1), n))
    }

    pub(crate) fn agrees_with(&self, site: &Site) {
        for (topic, kept) in &site.topics {
            if !self.topics.follows(*topic) {
                continue;
            }
            assert!(!self.topics.is_pending(*topic), "something was never decided");
            match (self.topics.value(*topic), kept.state.text()) {
                // The server may have put updates together meanwhile.
                (Some(Value::Text(shown)), Some(kept)) => self.pens[topic].agrees(shown, kept),
                (shown, _) => assert_eq!(shown, Some(&kept.state.value)),
            }
            assert_eq!(self.topics.seq(*topic), Some(kept.seq()));
            if kept.state.kind() == Kind::Event {
                let told = self.emitted.get(topic).cloned().unwrap_or_default();
                let all = self.first[topic].0 + 1..=kept.seq().0;
                assert_eq!(told, all.map(Seq).collect::<Vec<_>>());
            }
        }
        let is_value = |topic| matches!(self.topics.value(topic), Some(Value::Int(_)));
        assert!(self.pair().all(is_value));
    }
}
