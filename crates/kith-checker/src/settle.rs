//! After the pass: every acknowledgement, every showing and every claim against
//! the final log.

use crate::{
    check::{Checker, Place},
    violation::Violation,
};

impl Checker {
    pub(crate) fn settle(&mut self) {
        for feed in 0..self.feed_states.len() {
            self.settle_log(feed);
            self.settle_starts(feed);
        }
        for op in 0..self.op_states.len() {
            self.settle_op(op);
        }
        let mut places = vec![None; self.op_states.len()];
        for index in 0..self.shown.len() {
            self.settle_shown(index, &mut places);
        }
        self.settle_quiet();
        self.settle_transactions();
    }

    /// The log itself: complete, dense from 1, its epochs rising to the head's.
    fn settle_log(&mut self, id: usize) {
        let name = self.feeds.name(id);
        let state = &self.feed_states[id];
        let rows = state.rows.len() as u64;
        let last = state.rows.keys().copied().max().unwrap_or(0);
        let Some((epoch, head)) = state.head else {
            if state.used || rows > 0 {
                self.malformed(format!("the final log of {name} was not read"));
            }
            return;
        };
        let mut found = Vec::new();
        if head < last {
            let who = "the server's head".to_owned();
            found.push(Violation::Behind { who, feed: name.clone(), epoch, seq: head, head: last });
        }
        if epoch < state.epoch {
            let detail = format!("the head's epoch, though clients know epoch {}", state.epoch);
            found.push(Violation::EpochBack { feed: name.clone(), epoch, seq: head, detail });
        }
        // Among 1..=rows+1 at least one is missing if any up to the end is.
        let mut before = 0;
        for seq in 1..=rows.saturating_add(1).min(last.max(head)) {
            let Some(&(row, _)) = state.rows.get(&seq) else {
                let missing = last.max(head) - rows;
                let detail = format!("the first of {missing} events missing in the log");
                found.push(Violation::Gap { feed: name, seq, detail });
                break;
            };
            if row < before || row > epoch {
                let detail = format!("the log has it between epochs {before} and {epoch}");
                found.push(Violation::EpochBack { feed: name.clone(), epoch: row, seq, detail });
            }
            before = row.max(before);
        }
        found.into_iter().for_each(|violation| self.report.push(violation));
    }

    fn settle_starts(&mut self, feed: usize) {
        let Some((_, head)) = self.feed_states[feed].head else { return };
        let starts = std::mem::take(&mut self.feed_states[feed].starts);
        for (epoch, (seq, client)) in starts {
            if seq > head && !self.forgiven(Place { feed, epoch, seq }) {
                self.phantom(client, Place { feed, epoch, seq }, "a start beyond the log");
            }
        }
    }

    fn settle_op(&mut self, op: usize) {
        let state = &mut self.op_states[op];
        let (failed, logged) = (state.failed, state.logged);
        let acked = std::mem::take(&mut state.acked);
        let invoked = state.invoked;
        if let Some((feed, seq)) = logged.filter(|_| failed) {
            let (op, feed) = (self.ops.name(op), self.feeds.name(feed));
            self.report.push(Violation::AbortedRead { op, feed, seq, client: None });
        }
        let Some((_, feed, _)) = invoked else { return };
        let mut first = None;
        for (epoch, seq) in acked {
            if self.forgiven(Place { feed, epoch, seq }) || self.unread(feed) {
                continue;
            }
            if *first.get_or_insert(seq) != seq {
                let detail = format!("operation {} was acknowledged twice", self.ops.name(op));
                self.report.push(Violation::Duplicate { feed: self.feeds.name(feed), seq, detail });
            }
            if logged != Some((feed, seq)) {
                let logged = logged.filter(|&(at, _)| at == feed).map(|(_, seq)| seq);
                let (op, feed) = (self.ops.name(op), self.feeds.name(feed));
                self.report.push(Violation::Lost { op, feed, seq, logged });
            }
        }
    }

    /// `places` has where each operation was first shown.
    fn settle_shown(&mut self, index: usize, places: &mut [Option<(usize, u64)>]) {
        let (place, client) = (self.shown[index].place, self.shown[index].client);
        let (content, rival) = (self.shown[index].content, self.shown[index].rival);
        let Place { feed, epoch, seq } = place;
        if let Some(rival) = rival {
            let other = self.clients.name(self.shown[rival].client);
            let detail = format!("{} and {other} saw two events", self.clients.name(client));
            let feed = self.feeds.name(feed);
            self.report.push(Violation::Disagreement { feed, epoch, seq, detail });
        }
        if let Some(op) = content.op.filter(|&op| self.op_states[op].failed) {
            let (op, feed) = (self.ops.name(op), self.feeds.name(feed));
            let client = Some(self.clients.name(client));
            self.report.push(Violation::AbortedRead { op, feed, seq, client });
        }
        let invoked = content.op.and_then(|op| self.op_states[op].invoked);
        if invoked.is_some_and(|(_, home, _)| home != feed) {
            self.phantom(client, place, "which is an operation of another feed");
        }
        if self.forgiven(place) || self.unread(feed) {
            return;
        }
        if let Some(op) = content.op {
            let logged = self.op_states[op].logged;
            let first = *places[op].get_or_insert(logged.unwrap_or((feed, seq)));
            if first != (feed, seq) {
                let (op, other) = (self.ops.name(op), self.feeds.name(first.0));
                let detail = format!("operation {op} is also at {other} #{}", first.1);
                self.report.push(Violation::Duplicate { feed: self.feeds.name(feed), seq, detail });
            }
        }
        match self.feed_states[feed].rows.get(&seq) {
            None => self.phantom(client, place, "which is not in the log"),
            Some((_, row)) if row.op != content.op => {
                let detail = format!("{} and the log have two events", self.clients.name(client));
                let feed = self.feeds.name(feed);
                self.report.push(Violation::Disagreement { feed, epoch, seq, detail });
            }
            Some((_, row)) if row.hash != content.hash => {
                self.phantom(client, place, "with another content than the log");
            }
            Some(_) => {}
        }
    }

    fn settle_quiet(&mut self) {
        for quiet in std::mem::take(&mut self.quiets) {
            let Some((epoch, head)) = self.feed_states[quiet.feed].head else { continue };
            let fresh = quiet.epoch == 0 && quiet.seq == 0 && head == 0;
            if !fresh && (quiet.epoch, quiet.seq) != (epoch, head) {
                let (who, feed) = (self.clients.name(quiet.client), self.feeds.name(quiet.feed));
                let (epoch, seq) = (quiet.epoch, quiet.seq);
                self.report.push(Violation::Behind { who, feed, epoch, seq, head });
            }
        }
    }

    /// Whether a restore on purpose took this place away.
    fn forgiven(&self, place: Place) -> bool {
        let restores = &self.feed_states[place.feed].restores;
        restores.iter().any(|&(epoch, seq)| epoch > place.epoch && seq < place.seq)
    }

    /// Whether there is nothing to compare with (told once, by `settle_log`).
    fn unread(&self, feed: usize) -> bool {
        self.feed_states[feed].head.is_none() && self.feed_states[feed].rows.is_empty()
    }

    fn phantom(&mut self, client: usize, place: Place, detail: &'static str) {
        let (client, feed) = (self.clients.name(client), self.feeds.name(place.feed));
        let Place { epoch, seq, .. } = place;
        self.report.push(Violation::Phantom { client, feed, epoch, seq, detail });
    }
}
