//! The pass over the log: positions, fences and the order of things at once;
//! what needs the final log is collected for `settle`.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::{
    cursor::{Cursor, Step},
    intern::Interner,
    record::{Record, principal_of},
    report::Report,
    transaction::Transactions,
    violation::Violation,
};

/// Checks a whole log. Time and memory are linear in its length (for a bounded
/// number of restores per feed).
pub fn check(records: impl IntoIterator<Item = Record>) -> Report {
    let mut checker = Checker::new();
    for record in records {
        checker.push(record);
    }
    checker.finish()
}

/// The checker, record by record.
#[derive(Debug, Default)]
pub struct Checker {
    pub(crate) report: Report,
    pub(crate) clients: Interner,
    pub(crate) feeds: Interner,
    pub(crate) ops: Interner,
    principals: Interner,
    hashes: Interner,
    pub(crate) op_states: Vec<OpState>,
    pub(crate) feed_states: Vec<FeedState>,
    /// Everything shown, once per distinct content, in order of appearance.
    pub(crate) shown: Vec<Shown>,
    places: HashMap<Place, usize>,
    acks: HashMap<Place, usize>,
    cursors: HashMap<(usize, usize), Cursor>,
    fenced: HashSet<(usize, usize)>,
    pub(crate) quiets: Vec<Quiet>,
    pub(crate) transactions: Transactions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) feed: usize,
    pub(crate) epoch: u64,
    pub(crate) seq: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) op: Option<usize>,
    pub(crate) hash: usize,
}

#[derive(Debug, Default)]
pub(crate) struct OpState {
    /// Client, feed, body.
    pub(crate) invoked: Option<(usize, usize, usize)>,
    /// Where it was acknowledged: epoch and seq.
    pub(crate) acked: Vec<(u64, u64)>,
    pub(crate) failed: bool,
    /// Where the log has it: feed and seq.
    pub(crate) logged: Option<(usize, u64)>,
}

#[derive(Debug, Default)]
pub(crate) struct FeedState {
    pub(crate) head: Option<(u64, u64)>,
    pub(crate) rows: HashMap<u64, (u64, Content)>,
    /// Whether a client holds the server to this feed's log.
    pub(crate) used: bool,
    /// The highest epoch anyone was told.
    pub(crate) epoch: u64,
    pub(crate) restores: Vec<(u64, u64)>,
    /// The furthest explicit start per epoch: seq and client.
    pub(crate) starts: BTreeMap<u64, (u64, usize)>,
}

#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) place: Place,
    pub(crate) content: Content,
    pub(crate) client: usize,
    /// Another content that was shown earlier at the same place.
    pub(crate) rival: Option<usize>,
}

#[derive(Debug)]
pub(crate) struct Quiet {
    pub(crate) client: usize,
    pub(crate) feed: usize,
    pub(crate) epoch: u64,
    pub(crate) seq: u64,
}

impl Checker {
    /// A checker that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next record.
    #[expect(clippy::needless_pass_by_value, reason = "the usual source owns its records")]
    pub fn push(&mut self, record: Record) {
        self.report.records += 1;
        match &record {
            Record::Invoke { client, op, feed, body_hash, at: _ } => {
                self.invoke(client, op, feed, body_hash);
            }
            Record::Ok { client, op, seq, epoch } => self.ok(client, op, *seq, *epoch),
            Record::Fail { client, op, code: _ } => {
                if let Some((op, _)) = self.answered(client, op) {
                    self.op_states[op].failed = true;
                }
            }
            Record::Unknown { client, op } => {
                self.answered(client, op);
            }
            Record::Transaction { parts } => self.transaction(parts),
            Record::Whole { client, feeds } => self.whole(client, feeds),
            Record::Deliver { client, feed, epoch, seq, op, hash } => {
                self.report.delivered += 1;
                let client = self.clients.id(client);
                if let Some(place) = self.place(feed, *epoch, *seq) {
                    let op = op.as_deref().map(|op| self.op(op));
                    let content = Content { op, hash: self.hashes.id(hash) };
                    self.deliver(client, place, content);
                }
            }
            Record::Snapshot { client, feed, epoch, seq } => {
                self.start(client, feed, *epoch, *seq, true);
            }
            Record::Reset { client, feed, epoch, seq } => {
                self.start(client, feed, *epoch, *seq, false);
            }
            Record::Fence { client, feed, at: _ } => {
                let key = (self.principals.id(principal_of(client)), self.feed(feed));
                self.fenced.insert(key);
            }
            Record::Granted { client, feed } => {
                let key = (self.principals.id(principal_of(client)), self.feed(feed));
                self.fenced.remove(&key);
            }
            Record::Restored { feed, epoch, seq } => self.restored(feed, *epoch, *seq),
            Record::Head { feed, epoch, seq } => {
                let id = self.feed(feed);
                if self.feed_states[id].head.replace((*epoch, *seq)).is_some() {
                    self.malformed(format!("a second head of {feed}"));
                }
            }
            Record::Logged { feed, epoch, seq, op, hash } => {
                if let Some(place) = self.place(feed, *epoch, *seq) {
                    let op = op.as_deref().map(|op| self.op(op));
                    let content = Content { op, hash: self.hashes.id(hash) };
                    self.logged(place, content);
                }
            }
            Record::Quiet { client, feed } => self.quiet(client, feed),
        }
    }

    /// Settles the accounts: everything promised against the final log.
    #[must_use]
    pub fn finish(mut self) -> Report {
        self.settle();
        self.report.clients = self.clients.len() as u64;
        self.report.feeds = self.feeds.len() as u64;
        self.report
    }

    pub(crate) fn unreadable(&mut self, detail: &str) {
        self.report.records += 1;
        self.malformed(detail.to_owned());
    }

    pub(crate) fn malformed(&mut self, detail: String) {
        self.report.push(Violation::Malformed { record: self.report.records, detail });
    }

    /// How far a client is in a feed: epoch and number, 0 before it was shown anything.
    pub(crate) fn position(&self, client: usize, feed: usize) -> (u64, u64) {
        self.cursors.get(&(client, feed)).map_or((0, 0), |cursor| (cursor.epoch, cursor.seq))
    }

    pub(crate) fn op(&mut self, name: &str) -> usize {
        let id = self.ops.id(name);
        if id == self.op_states.len() {
            self.op_states.push(OpState::default());
        }
        id
    }

    pub(crate) fn feed(&mut self, name: &str) -> usize {
        let id = self.feeds.id(name);
        if id == self.feed_states.len() {
            self.feed_states.push(FeedState::default());
        }
        id
    }

    fn place(&mut self, feed: &str, epoch: u64, seq: u64) -> Option<Place> {
        let id = self.feed(feed);
        if seq == 0 {
            self.malformed(format!("{feed} has no event #0"));
            return None;
        }
        Some(Place { feed: id, epoch, seq })
    }

    fn used(&mut self, feed: usize, epoch: u64) {
        let state = &mut self.feed_states[feed];
        state.used = true;
        state.epoch = state.epoch.max(epoch);
    }

    fn invoke(&mut self, client: &str, op: &str, feed: &str, body: &str) {
        let invoked = (self.clients.id(client), self.feed(feed), self.hashes.id(body));
        let id = self.op(op);
        if *self.op_states[id].invoked.get_or_insert(invoked) != invoked {
            self.malformed(format!("operation id {op} was used for two operations"));
        }
    }

    /// The operation and its feed, if this client did ask for it.
    fn answered(&mut self, client: &str, op: &str) -> Option<(usize, usize)> {
        let asker = self.clients.id(client);
        let id = self.op(op);
        match self.op_states[id].invoked {
            Some((by, feed, _)) if by == asker => Some((id, feed)),
            _ => {
                self.malformed(format!("{client} has an answer to {op}, which it never began"));
                None
            }
        }
    }

    fn ok(&mut self, client: &str, op: &str, seq: u64, epoch: u64) {
        let Some((id, feed)) = self.answered(client, op) else { return };
        if seq == 0 {
            return self.malformed(format!("operation {op} was acknowledged as event #0"));
        }
        self.used(feed, epoch);
        let acked = &mut self.op_states[id].acked;
        self.report.acked += u64::from(acked.is_empty());
        if acked.last() != Some(&(epoch, seq)) {
            acked.push((epoch, seq));
        }
        let first = *self.acks.entry(Place { feed, epoch, seq }).or_insert(id);
        if first != id {
            let detail = format!("acknowledged for {} and for {op}", self.ops.name(first));
            let feed = self.feeds.name(feed);
            self.report.push(Violation::EpochBack { feed, epoch, seq, detail });
        }
    }

    fn deliver(&mut self, client: usize, place: Place, content: Content) {
        let Place { feed, epoch, seq } = place;
        self.used(feed, epoch);
        self.check_fence(client, feed, seq);
        let step = self.cursors.entry((client, feed)).or_default().deliver(epoch, seq);
        if step != Step::Next {
            self.misstep(client, place, step);
        }
        let next = self.shown.len();
        let mut at = *self.places.entry(place).or_insert(next);
        if at == next {
            self.shown.push(Shown { place, content, client, rival: None });
            return;
        }
        // Newest first; a place with more than a few contents is already broken.
        for _ in 0..8 {
            if self.shown[at].content == content {
                return;
            }
            match self.shown[at].rival {
                Some(earlier) => at = earlier,
                None => break,
            }
        }
        let rival = self.places.insert(place, next);
        self.shown.push(Shown { place, content, client, rival });
    }

    fn misstep(&mut self, client: usize, place: Place, step: Step) {
        let Place { epoch, seq, .. } = place;
        let who = format!("{} (record {})", self.clients.name(client), self.report.records);
        let feed = self.feeds.name(place.feed);
        self.report.push(match step {
            Step::Next => return,
            Step::Skipped { expected } => {
                Violation::Gap { feed, seq, detail: format!("{who} expected #{expected}") }
            }
            Step::Late => Violation::Gap { feed, seq, detail: format!("{who} got it too late") },
            Step::Again => {
                Violation::Duplicate { feed, seq, detail: format!("{who} saw it twice") }
            }
            Step::OlderEpoch { current } => {
                let detail = format!("{who} was already in epoch {current}");
                Violation::EpochBack { feed, epoch, seq, detail }
            }
            Step::NewerEpoch { current } => {
                let detail = format!("{who} went from epoch {current} to {epoch} without a reset");
                Violation::Gap { feed, seq, detail }
            }
        });
    }

    fn check_fence(&mut self, client: usize, feed: usize, seq: u64) {
        if self.fenced.is_empty() {
            return;
        }
        let client = self.clients.name(client);
        if self.fenced.contains(&(self.principals.id(principal_of(&client)), feed)) {
            let (feed, record) = (self.feeds.name(feed), self.report.records);
            self.report.push(Violation::AfterFence { client, feed, seq, record });
        }
    }

    fn start(&mut self, client: &str, feed: &str, epoch: u64, seq: u64, snapshot: bool) {
        let (id, feed_id) = (self.clients.id(client), self.feed(feed));
        self.used(feed_id, epoch);
        self.check_fence(id, feed_id, seq);
        let furthest = self.feed_states[feed_id].starts.entry(epoch).or_insert((seq, id));
        if seq > furthest.0 {
            *furthest = (seq, id);
        }
        let cursor = self.cursors.entry((id, feed_id)).or_default();
        let (old_epoch, old_seq) = (cursor.epoch, cursor.seq);
        let back = cursor.started
            && (epoch < old_epoch || snapshot && epoch == old_epoch && seq < old_seq);
        cursor.start(epoch, seq);
        if back {
            let detail = format!(
                "{client} (record {}) was already at #{old_seq} of epoch {old_epoch}",
                self.report.records
            );
            let feed = feed.to_owned();
            self.report.push(Violation::EpochBack { feed, epoch, seq, detail });
        }
    }

    fn restored(&mut self, feed: &str, epoch: u64, seq: u64) {
        let id = self.feed(feed);
        let state = &mut self.feed_states[id];
        state.restores.push((epoch, seq));
        let told = state.epoch;
        if epoch <= told {
            let detail = format!("restored, though clients know epoch {told}");
            let feed = feed.to_owned();
            self.report.push(Violation::EpochBack { feed, epoch, seq, detail });
        }
        self.feed_states[id].epoch = told.max(epoch);
    }

    fn logged(&mut self, place: Place, content: Content) {
        let Place { feed, epoch, seq } = place;
        if self.feed_states[feed].rows.insert(seq, (epoch, content)).is_some() {
            let detail = "the log has two events there".to_owned();
            let feed = self.feeds.name(feed);
            self.report.push(Violation::EpochBack { feed, epoch, seq, detail });
        }
        let Some(op) = content.op else { return };
        if let Some((other, first)) = self.op_states[op].logged.replace((feed, seq)) {
            let (op, other) = (self.ops.name(op), self.feeds.name(other));
            let detail = format!("the log also has operation {op} at {other} #{first}");
            self.report.push(Violation::Duplicate { feed: self.feeds.name(feed), seq, detail });
        }
    }

    fn quiet(&mut self, client: &str, feed: &str) {
        let (id, feed) = (self.clients.id(client), self.feed(feed));
        self.used(feed, 0);
        if self.fenced.contains(&(self.principals.id(principal_of(client)), feed)) {
            return;
        }
        let cursor = self.cursors.entry((id, feed)).or_default();
        self.quiets.push(Quiet { client: id, feed, epoch: cursor.epoch, seq: cursor.seq });
    }
}
