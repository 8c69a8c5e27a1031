//! The verdict on a run.

use std::{collections::BTreeMap, fmt};

use crate::violation::{Kind, Violation};

/// How many violations a report spells out; the rest is only counted.
pub const MAX_VIOLATIONS: usize = 100;

/// What [`check()`](crate::check()) found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The first [`MAX_VIOLATIONS`] broken promises.
    pub violations: Vec<Violation>,
    /// How many were found in all.
    pub total: u64,
    /// How many of each kind were found in all.
    pub by_kind: BTreeMap<Kind, u64>,
    /// Records read.
    pub records: u64,
    /// Operations that were acknowledged.
    pub acked: u64,
    /// Events that were shown to clients, each showing counted.
    pub delivered: u64,
    /// Clients that took part.
    pub clients: u64,
    /// Feeds that took part.
    pub feeds: u64,
}

impl Report {
    /// Whether no promise was broken (an empty run breaks none).
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.total == 0
    }

    /// Whether a violation of this kind was found, spelled out or not.
    #[must_use]
    pub fn has(&self, kind: Kind) -> bool {
        self.by_kind.contains_key(&kind)
    }

    pub(crate) fn push(&mut self, violation: Violation) {
        self.total += 1;
        *self.by_kind.entry(violation.kind()).or_default() += 1;
        if self.violations.len() < MAX_VIOLATIONS {
            self.violations.push(violation);
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} violations in {} records ({} acknowledged, {} delivered, {} clients, {} feeds)",
            self.total, self.records, self.acked, self.delivered, self.clients, self.feeds
        )?;
        for (kind, count) in &self.by_kind {
            write!(f, "\n  {kind}: {count}")?;
        }
        for violation in &self.violations {
            write!(f, "\n- {violation}")?;
        }
        Ok(())
    }
}
