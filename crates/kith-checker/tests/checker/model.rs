//! A tiny server with random clients that writes a run's log; `Bug` breaks it.

mod ending;

use std::collections::HashMap;

use kith_checker::Record;

/// What the model server does wrong, from the middle of the run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    None,
    AckThenLose,
    AckWrongSeq,
    NumberTwice,
    ReuseSeq,
    RetryTwice,
    FailedVisible,
    FailedShownOnce,
    DropOne,
    DeliverTwice,
    SwapTwo,
    OtherHash,
    OtherOp,
    ForeignFeed,
    SkipFence,
    FenceOneDevice,
    LateAfterFence,
    SilentJump,
    StaleSnapshot,
    SnapshotTooHigh,
    LoseTail,
    LoseTailSameEpoch,
    NoResetAfterRestore,
    OldEpochFrame,
    StuckAtEnd,
}

#[derive(Clone)]
struct Event {
    epoch: u64,
    op: Option<String>,
    hash: String,
}

#[derive(Clone, Default)]
struct Sub {
    epoch: u64,
    seq: usize,
    fenced: bool,
}

/// The run under construction.
pub(crate) struct Model {
    state: u64,
    bug: Bug,
    armed: bool,
    /// How often the bug was acted out.
    pub(crate) fired: u32,
    log: Vec<Vec<Event>>,
    epochs: Vec<u64>,
    subs: Vec<Vec<Sub>>,
    known: HashMap<String, (usize, usize)>,
    pending: Vec<(usize, usize, String)>,
    next_op: u64,
    out: Vec<Record>,
}

const FEEDS: usize = 3;
const CLIENTS: usize = 8;

fn feed_name(feed: usize) -> String {
    format!("f{feed}")
}

/// Two devices per principal.
fn client_name(client: usize) -> String {
    format!("p{}/d{}", client / 2, client % 2)
}

/// A run of `steps` steps; the records and how often the bug was acted out.
pub(crate) fn run(seed: u64, steps: usize, bug: Bug) -> (Vec<Record>, u32) {
    let mut model = Model {
        state: seed.wrapping_mul(2).wrapping_add(1),
        bug,
        armed: false,
        fired: 0,
        log: vec![Vec::new(); FEEDS],
        epochs: vec![1; FEEDS],
        subs: vec![vec![Sub { epoch: 1, ..Sub::default() }; FEEDS]; CLIENTS],
        known: HashMap::new(),
        pending: Vec::new(),
        next_op: 0,
        out: Vec::new(),
    };
    for step in 0..steps {
        model.armed |= step >= steps / 2;
        model.step();
    }
    model.end();
    (model.out, model.fired)
}

impl Model {
    fn random(&mut self, below: usize) -> usize {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.state >> 33) as usize) % below
    }

    /// Acts the bug out once.
    fn once(&mut self, bug: Bug) -> bool {
        let now = self.armed && self.bug == bug && self.fired == 0;
        self.fired += u32::from(now);
        now
    }

    fn step(&mut self) {
        let (client, feed) = (self.random(CLIENTS), self.random(FEEDS));
        match self.random(100) {
            0..35 => self.send(client, feed),
            35..40 => self.retry(),
            40..88 => {
                let most = 1 + self.random(6);
                self.pump(client, feed, most);
            }
            88..93 => self.reconnect(client, feed),
            93..96 => self.fence(client, feed),
            96..99 => self.grant(client, feed),
            _ if self.random(6) == 0 => self.restore(feed),
            _ => self.append(feed, None),
        }
    }

    fn append(&mut self, feed: usize, op: Option<String>) {
        let seq = self.log[feed].len() + 1;
        let hash = format!("h{}-{feed}-{seq}", op.as_deref().unwrap_or("server"));
        if let Some(op) = &op {
            self.known.insert(op.clone(), (feed, seq));
        }
        self.log[feed].push(Event { epoch: self.epochs[feed], op, hash });
    }

    fn send(&mut self, client: usize, feed: usize) {
        self.next_op += 1;
        let op = format!("op{}", self.next_op);
        self.out.push(Record::Invoke {
            client: client_name(client),
            op: op.clone(),
            feed: feed_name(feed),
            body_hash: format!("b{op}"),
            at: self.next_op,
        });
        let luck = self.random(20);
        if luck == 0 {
            self.out.push(Record::Fail {
                client: client_name(client),
                op: op.clone(),
                code: "forbidden".to_owned(),
            });
            if self.once(Bug::FailedVisible) {
                self.append(feed, Some(op));
            } else if !self.subs[client][feed].fenced && self.once(Bug::FailedShownOnce) {
                self.pump(client, feed, usize::MAX);
                let seq = self.log[feed].len() + 1;
                let event = Event { epoch: self.epochs[feed], op: Some(op), hash: "x".to_owned() };
                self.show(client, feed, seq, &event);
            }
            return;
        }
        if luck < 4 {
            if luck < 3 {
                self.append(feed, Some(op.clone()));
            }
            self.out.push(Record::Unknown { client: client_name(client), op: op.clone() });
            self.pending.push((client, feed, op));
            return;
        }
        let seq = self.log[feed].len() + 1;
        if self.once(Bug::AckThenLose) {
            return self.ack(client, op, seq, self.epochs[feed]);
        }
        if self.acked(feed, seq - 1) && self.once(Bug::ReuseSeq) {
            return self.ack(client, op, seq - 1, self.epochs[feed]);
        }
        self.append(feed, Some(op.clone()));
        if self.once(Bug::NumberTwice) {
            self.append(feed, Some(op.clone()));
        }
        let wrong = usize::from(self.once(Bug::AckWrongSeq));
        self.ack(client, op, seq + wrong, self.epochs[feed]);
    }

    fn ack(&mut self, client: usize, op: String, seq: usize, epoch: u64) {
        self.out.push(Record::Ok { client: client_name(client), op, seq: seq as u64, epoch });
    }

    fn acked(&self, feed: usize, wanted: usize) -> bool {
        let is_it = |record: &Record| {
            matches!(record, Record::Ok { op, epoch, .. }
            if *epoch == self.epochs[feed] && self.known.get(op) == Some(&(feed, wanted)))
        };
        self.bug == Bug::ReuseSeq && self.armed && self.fired == 0 && self.out.iter().any(is_it)
    }

    fn retry(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let at = self.random(self.pending.len());
        let (client, feed, op) = self.pending.swap_remove(at);
        let twice = self.known.contains_key(&op) && self.once(Bug::RetryTwice);
        if twice || !self.known.contains_key(&op) {
            self.append(feed, Some(op.clone()));
        }
        let seq = self.known[&op].1;
        self.ack(client, op, seq, self.epochs[feed]);
    }

    fn show(&mut self, client: usize, feed: usize, seq: usize, event: &Event) {
        self.out.push(Record::Deliver {
            client: client_name(client),
            feed: feed_name(feed),
            epoch: self.epochs[feed],
            seq: seq as u64,
            op: event.op.clone(),
            hash: event.hash.clone(),
        });
    }

    fn pump(&mut self, client: usize, feed: usize, most: usize) {
        if self.subs[client][feed].fenced {
            return;
        }
        for _ in 0..most {
            let seq = self.subs[client][feed].seq + 1;
            let Some(mut event) = self.log[feed].get(seq - 1).cloned() else { return };
            let following = self.log[feed].get(seq).cloned();
            if let Some(following) = following {
                if self.once(Bug::DropOne) {
                    self.show(client, feed, seq + 1, &following);
                    self.subs[client][feed].seq += 2;
                    continue;
                }
                if self.once(Bug::SwapTwo) {
                    self.show(client, feed, seq + 1, &following);
                    self.show(client, feed, seq, &event);
                    self.subs[client][feed].seq += 2;
                    continue;
                }
                if self.once(Bug::OtherOp) {
                    event = following;
                }
            }
            if self.once(Bug::OtherHash) {
                event.hash.push('!');
            }
            if let Some(foreign) = self.log[(feed + 1) % FEEDS].last().cloned()
                && foreign.op.is_some()
                && self.once(Bug::ForeignFeed)
            {
                event = foreign;
            }
            self.show(client, feed, seq, &event);
            if self.once(Bug::DeliverTwice) {
                self.show(client, feed, seq, &event);
            }
            if self.epochs[feed] > 1 && self.once(Bug::OldEpochFrame) {
                self.out.push(Record::Deliver {
                    client: client_name(client),
                    feed: feed_name(feed),
                    epoch: self.epochs[feed] - 1,
                    seq: seq as u64 + 1,
                    op: None,
                    hash: "old".to_owned(),
                });
            }
            self.subs[client][feed].seq = seq;
        }
    }

    fn start(&mut self, client: usize, feed: usize, seq: usize, snapshot: bool) {
        let (name, feed_id) = (client_name(client), feed_name(feed));
        let (epoch, told) = (self.epochs[feed], seq as u64);
        self.out.push(if snapshot {
            Record::Snapshot { client: name, feed: feed_id, epoch, seq: told }
        } else {
            Record::Reset { client: name, feed: feed_id, epoch, seq: told }
        });
        let sub = &mut self.subs[client][feed];
        (sub.epoch, sub.seq) = (epoch, seq);
    }

    fn reconnect(&mut self, client: usize, feed: usize) {
        let sub = self.subs[client][feed].clone();
        if sub.fenced {
            return;
        }
        let head = self.log[feed].len();
        if head > sub.seq + 2 && self.once(Bug::SilentJump) {
            self.subs[client][feed].seq = head - 1;
            return self.pump(client, feed, 1);
        }
        if sub.seq > 2 && self.once(Bug::StaleSnapshot) {
            return self.start(client, feed, sub.seq - 2, true);
        }
        if head > sub.seq && sub.seq > 0 && self.once(Bug::SnapshotTooHigh) {
            self.start(client, feed, head, true);
            self.subs[client][feed].seq = sub.seq;
            return self.pump(client, feed, 2);
        }
        match self.random(4) {
            0 => self.start(client, feed, head, true),
            1 => {
                let seq = self.random(head + 1);
                self.start(client, feed, seq, false);
            }
            _ => {}
        }
    }

    fn fence(&mut self, client: usize, feed: usize) {
        let first = client / 2 * 2;
        if self.subs[first][feed].fenced {
            return;
        }
        let late = self.log[feed].get(self.subs[client][feed].seq).cloned();
        let principal = format!("p{}", client / 2);
        self.out.push(Record::Fence { client: principal, feed: feed_name(feed), at: 0 });
        for device in [first, first + 1] {
            self.subs[device][feed].fenced = true;
        }
        let Some(late) = late else { return };
        if self.once(Bug::SkipFence) {
            self.subs[client][feed].fenced = false;
            self.subs[client ^ 1][feed].fenced = false;
            self.pump(client, feed, 3);
        } else if self.once(Bug::FenceOneDevice) {
            self.subs[client][feed].fenced = false;
            self.pump(client, feed, 3);
        } else if self.once(Bug::LateAfterFence) {
            for other in (0..CLIENTS).filter(|other| other / 2 != client / 2) {
                self.pump(other, feed, 2);
            }
            let seq = self.subs[client][feed].seq + 1;
            self.show(client, feed, seq, &late);
            self.subs[client][feed].seq = seq;
        }
    }

    fn grant(&mut self, client: usize, feed: usize) {
        let first = client / 2 * 2;
        if !self.subs[first][feed].fenced {
            return;
        }
        self.out.push(Record::Granted { client: client_name(client), feed: feed_name(feed) });
        for device in [first, first + 1] {
            self.subs[device][feed].fenced = false;
            if self.subs[device][feed].epoch != self.epochs[feed] {
                self.start(device, feed, 0, false);
            }
        }
    }
}
