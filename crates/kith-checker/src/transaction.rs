//! Operations on several feeds that are one: whole in the log, whole to whoever is shown them, and in
//! one order in all feeds.

use std::collections::HashMap;

use crate::{check::Checker, violation::Violation};

/// What was said of transactions.
#[derive(Debug, Default)]
pub(crate) struct Transactions {
    /// The operations of each, one in a feed.
    parts: Vec<Vec<usize>>,
    /// Of which transaction an operation is a part.
    of: HashMap<usize, usize>,
    views: Vec<View>,
}

/// What a client held of feeds when it said that it was whole.
#[derive(Debug)]
struct View {
    client: usize,
    record: u64,
    /// Feed, epoch and last event.
    places: Vec<(usize, u64, u64)>,
}

impl Checker {
    pub(crate) fn transaction(&mut self, names: &[String]) {
        let parts: Vec<usize> = names.iter().map(|name| self.op(name)).collect();
        let known = parts.first().and_then(|part| self.transactions.of.get(part).copied());
        let Some(known) = known else {
            let number = self.transactions.parts.len();
            for part in &parts {
                if self.transactions.of.insert(*part, number).is_some() {
                    self.malformed(format!("{} is of two transactions", self.ops.name(*part)));
                }
            }
            self.transactions.parts.push(parts);
            return;
        };
        if self.transactions.parts[known] != parts {
            self.malformed(format!("transaction {} has other parts now", names.join(", ")));
        }
    }

    pub(crate) fn whole(&mut self, client: &str, feeds: &[String]) {
        let (client, record) = (self.clients.id(client), self.report.records);
        let mut places = Vec::new();
        for feed in feeds {
            let feed = self.feed(feed);
            let (epoch, seq) = self.position(client, feed);
            places.push((feed, epoch, seq));
        }
        self.transactions.views.push(View { client, record, places });
    }

    pub(crate) fn settle_transactions(&mut self) {
        let transactions = std::mem::take(&mut self.transactions);
        for parts in &transactions.parts {
            self.settle_parts(parts);
        }
        self.settle_order(&transactions);
        self.settle_views(&transactions);
    }

    /// The log has all of it or nothing. What was put back on purpose is nobody's fault.
    fn settle_parts(&mut self, parts: &[usize]) {
        let is_there = |part: &&usize| self.op_states[**part].logged.is_some();
        let (there, missing): (Vec<&usize>, Vec<&usize>) = parts.iter().partition(is_there);
        if let (Some(there), Some(missing)) = (there.first(), missing.first()) {
            let feed = self.op_states[**missing].invoked.map(|(_, feed, _)| feed);
            if feed.is_some_and(|feed| !self.feed_states[feed].restores.is_empty()) {
                return;
            }
            let (op, missing) = (self.ops.name(**there), self.ops.name(**missing));
            let detail = format!("the log has it, and not {missing}");
            self.report.push(Violation::Torn { op, detail });
        }
    }

    /// All feeds tell of transactions in one order: there is none that comes both before and after
    /// another.
    fn settle_order(&mut self, transactions: &Transactions) {
        let count = transactions.parts.len();
        let (mut next, mut before) = (vec![Vec::new(); count], vec![0_usize; count]);
        for state in &self.feed_states {
            let mut rows: Vec<(u64, usize)> = state
                .rows
                .iter()
                .filter_map(|(seq, (_, row))| Some((*seq, *transactions.of.get(&row.op?)?)))
                .collect();
            rows.sort_unstable();
            for pair in rows.windows(2) {
                if let [(_, one), (_, other)] = pair {
                    next[*one].push(*other);
                    before[*other] += 1;
                }
            }
        }
        let mut free: Vec<usize> = (0..count).filter(|one| before[*one] == 0).collect();
        while let Some(one) = free.pop() {
            for other in std::mem::take(&mut next[one]) {
                before[other] -= 1;
                if before[other] == 0 {
                    free.push(other);
                }
            }
        }
        if let Some(stuck) = before.iter().position(|before| *before > 0) {
            let op = transactions.parts[stuck].first().map(|part| self.ops.name(*part));
            let detail = "its feeds have it and others in different orders".to_owned();
            self.report.push(Violation::Torn { op: op.unwrap_or_default(), detail });
        }
    }

    /// Whoever holds a part of a transaction holds all of it, as far as it is in the feeds they hold.
    fn settle_views(&mut self, transactions: &Transactions) {
        // How far each client's views were looked at, by client and feed.
        let mut done: HashMap<(usize, usize), u64> = HashMap::new();
        for View { client, record, places } in &transactions.views {
            let held: HashMap<usize, u64> =
                places.iter().map(|(feed, _, seq)| (*feed, *seq)).collect();
            for (feed, epoch, seq) in places {
                let first = done.insert((*client, *feed), *seq).unwrap_or(0);
                for at in first + 1..=*seq {
                    let rows = &self.feed_states[*feed].rows;
                    let row = rows.get(&at).filter(|(of, _)| of <= epoch);
                    let Some(op) = row.and_then(|(_, row)| row.op) else { continue };
                    let Some(number) = transactions.of.get(&op) else { continue };
                    let lacks = |part: &&usize| {
                        let place = self.op_states[**part].logged;
                        place.is_some_and(|(feed, seq)| held.get(&feed).is_some_and(|at| *at < seq))
                    };
                    if let Some(part) = transactions.parts[*number].iter().find(lacks) {
                        let who = self.clients.name(*client);
                        let part = self.ops.name(*part);
                        let detail = format!("{who} (record {record}) holds it, and not {part}");
                        self.report.push(Violation::Torn { op: self.ops.name(op), detail });
                    }
                }
            }
        }
    }
}
