//! What was committed together, as it is told: made once for all who follow the same feeds of it.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use kith_core::id::{FeedId, Seq};

use crate::fan::{Delivery, WIRES};
use crate::item::Item;
use crate::mailbox::ITEM_BYTES;

/// Bytes of events after which another bundle begins: some of them fit into what is taken at a time.
pub(crate) const BUNDLE_BYTES: usize = 48 * 1024;

/// What is told at once.
#[derive(Clone, Debug)]
pub enum Unit {
    /// An event.
    One(Arc<Delivery>),
    /// The events of one transaction: they are to be shown at once.
    Whole(Vec<Arc<Delivery>>),
}

impl Unit {
    /// These events of one transaction, if there are any.
    fn of(mut events: Vec<Arc<Delivery>>) -> Option<Self> {
        match events.len() {
            0 | 1 => events.pop().map(Self::One),
            _ => Some(Self::Whole(events)),
        }
    }

    /// Its events.
    #[must_use]
    pub fn events(&self) -> &[Arc<Delivery>] {
        match self {
            Self::One(event) => std::slice::from_ref(event),
            Self::Whole(events) => events,
        }
    }

    fn into_item(self) -> Item {
        match self {
            Self::One(event) => Item::Event(event),
            Self::Whole(events) => Item::Events(events),
        }
    }
}

/// Events in their order, for all who follow the same feeds.
#[derive(Debug)]
pub struct Bundle {
    units: Vec<Unit>,
    wire: [OnceLock<Bytes>; WIRES],
}

impl Bundle {
    pub(crate) fn new(units: Vec<Unit>) -> Arc<Self> {
        Arc::new(Self { units, wire: Default::default() })
    }

    /// What is in it, in order.
    #[must_use]
    pub fn units(&self) -> &[Unit] {
        &self.units
    }

    /// Its events, in order.
    pub fn events(&self) -> impl Iterator<Item = &Arc<Delivery>> {
        self.units.iter().flat_map(Unit::events)
    }

    /// The bytes of its frames in one encoding, made by whoever needs them first. `slot` is below
    /// [`WIRES`].
    pub fn wire(&self, slot: usize, encode: impl FnOnce(&Self) -> Bytes) -> Bytes {
        match self.wire.get(slot) {
            Some(cell) => cell.get_or_init(|| encode(self)).clone(),
            None => encode(self),
        }
    }

    /// Those of its events that `keep` says, as an item.
    pub(crate) fn only(&self, keep: impl Fn(FeedId, Seq) -> bool) -> Option<Item> {
        let keep = |event: &&Arc<Delivery>| keep(event.event.feed, event.event.seq);
        let part = |unit: &Unit| Unit::of(unit.events().iter().filter(keep).cloned().collect());
        let mut units: Vec<Unit> = self.units.iter().filter_map(part).collect();
        match units.len() {
            0 | 1 => units.pop().map(Unit::into_item),
            _ => Some(Item::Bundle(Self::new(units))),
        }
    }

    /// What is in it, one by one.
    pub(crate) fn items(&self) -> impl Iterator<Item = Item> {
        self.units.iter().cloned().map(Unit::into_item)
    }
}

/// Events of one feed that follow each other.
#[derive(Default)]
pub(crate) struct Stretch {
    pub(crate) feed: Option<FeedId>,
    pub(crate) units: Vec<Unit>,
    /// What they take in a mailbox, and how many they are.
    pub(crate) bytes: usize,
    pub(crate) count: u64,
}

impl Stretch {
    fn weigh(&mut self, event: &Delivery) {
        self.bytes += event.json.len() + ITEM_BYTES;
        self.count += 1;
    }

    /// Adds an event that stands for itself.
    pub(crate) fn add(&mut self, event: Arc<Delivery>) {
        self.weigh(&event);
        self.units.push(Unit::One(event));
    }

    /// Adds the events of an operation, which are to be shown at once.
    pub(crate) fn add_whole(&mut self, events: Vec<Arc<Delivery>>) {
        events.iter().for_each(|event| self.weigh(event));
        self.units.extend(Unit::of(events));
    }
}
