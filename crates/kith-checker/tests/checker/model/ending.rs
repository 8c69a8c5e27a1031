//! Restores, crashes and the end of a model run.

use kith_checker::Record;

use super::{Bug, CLIENTS, FEEDS, Model, client_name, feed_name};

impl Model {
    fn cut(&mut self, feed: usize, keep: usize) {
        self.log[feed].truncate(keep);
        self.known.retain(|_, &mut (at, seq)| at != feed || seq <= keep);
    }

    /// The operator goes back a few events: a new epoch, and everyone is told.
    pub(super) fn restore(&mut self, feed: usize) {
        let keep = self.log[feed].len().saturating_sub(self.random(5));
        self.cut(feed, keep);
        self.epochs[feed] += 1;
        let (epoch, seq) = (self.epochs[feed], keep as u64);
        self.out.push(Record::Restored { feed: feed_name(feed), epoch, seq });
        for client in 0..CLIENTS {
            if self.subs[client][feed].fenced {
                continue;
            }
            if self.subs[client][feed].seq < keep && self.once(Bug::NoResetAfterRestore) {
                self.pump(client, feed, 1);
                continue;
            }
            let seq = self.subs[client][feed].seq.min(keep);
            self.start(client, feed, seq, false);
        }
    }

    pub(super) fn end(&mut self) {
        for feed in 0..FEEDS {
            for _ in 0..3 {
                // A restore near the end, so that bugs about it have their chance.
                self.send(0, feed);
                self.send(1, feed);
            }
            self.restore(feed);
            for client in 0..CLIENTS {
                self.pump(client, feed, 1);
                self.reconnect(client, feed);
            }
        }
        while !self.pending.is_empty() {
            self.retry();
        }
        if matches!(self.bug, Bug::LoseTail | Bug::LoseTailSameEpoch) {
            self.lose_tail();
        }
        let stuck = self.random(CLIENTS);
        for feed in 0..FEEDS {
            for client in 0..CLIENTS {
                if self.subs[client][feed].fenced {
                    continue;
                }
                let left = self.log[feed].len() - self.subs[client][feed].seq;
                let stop = left > 0 && client >= stuck && self.once(Bug::StuckAtEnd);
                self.pump(client, feed, left - usize::from(stop));
                let (client, feed) = (client_name(client), feed_name(feed));
                self.out.push(Record::Quiet { client, feed });
            }
            let (epoch, seq) = (self.epochs[feed], self.log[feed].len() as u64);
            self.out.push(Record::Head { feed: feed_name(feed), epoch, seq });
            for (at, event) in self.log[feed].iter().enumerate() {
                self.out.push(Record::Logged {
                    feed: feed_name(feed),
                    epoch: event.epoch,
                    seq: at as u64 + 1,
                    op: event.op.clone(),
                    hash: event.hash.clone(),
                });
            }
        }
    }

    fn commit_three(&mut self) {
        for number in 0..3 {
            self.next_op += 1;
            let op = format!("op{}", self.next_op);
            let (client, feed) = (client_name(number), feed_name(0));
            let body_hash = "b".to_owned();
            self.out.push(Record::Invoke { client, op: op.clone(), feed, body_hash, at: 0 });
            self.append(0, Some(op.clone()));
            self.ack(number, op, self.log[0].len(), self.epochs[0]);
        }
    }

    /// A crash forgets events that were acknowledged and shown.
    fn lose_tail(&mut self) {
        let keep = self.log[0].len();
        for client in 0..CLIENTS {
            self.grant(client, 0);
        }
        self.commit_three();
        self.pump(5, 0, usize::MAX);
        self.cut(0, keep);
        self.fired += 1;
        for client in 0..CLIENTS {
            if self.subs[client][0].seq > keep {
                self.start(client, 0, keep, false);
            }
        }
        if self.bug == Bug::LoseTailSameEpoch {
            self.commit_three();
        }
    }
}
