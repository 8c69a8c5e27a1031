//! Who has joined, in the order of their connections, and what is remembered of those who did.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use kith_core::id::UserId;
use kith_core::text::OpId;
use kith_hub::Subscriber;

/// Users whose UID is remembered after they left.
const KNOWN_MAX: usize = 10_000;
/// Messages whose margins are remembered until everybody was told.
const MARGINS_MAX: usize = 1024;
/// Put into mailboxes where the list of users is to be sent.
pub(crate) const RING: &[u8] = b"\x01";

/// Somebody who has joined.
#[derive(Clone)]
pub(crate) struct Seat {
    pub(crate) uid: Arc<str>,
    pub(crate) name: Arc<str>,
    pub(crate) user: UserId,
    pub(crate) subscriber: Arc<Subscriber>,
    /// The list waits in the mailbox.
    pub(crate) rung: Arc<AtomicBool>,
}

/// The space around a text, which a message of the core does not keep and this protocol does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Margins {
    pub(crate) before: Box<str>,
    pub(crate) after: Box<str>,
}

/// Who has joined.
#[derive(Default)]
pub(crate) struct Table(Mutex<Inside>);

#[derive(Default)]
struct Inside {
    seats: BTreeMap<u64, Seat>,
    /// Those of the seats, and of those who are about to have one.
    taken: HashSet<Arc<str>>,
    known: HashMap<UserId, Arc<str>>,
    /// The users that are known, in the order in which they became so.
    order: VecDeque<UserId>,
    margins: HashMap<OpId, Margins>,
    spoken: VecDeque<OpId>,
}

impl Table {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a UID, unless somebody has it.
    pub(crate) fn reserve(&self, uid: &str) -> bool {
        self.inside().taken.insert(uid.into())
    }

    /// Gives back a UID that was taken and not used.
    pub(crate) fn release(&self, uid: &str) {
        self.inside().taken.remove(uid);
    }

    /// Seats whoever took their UID, in the place of whoever the connection was before.
    pub(crate) fn join(&self, connection: u64, seat: Seat) {
        let mut inside = self.inside();
        if inside.known.insert(seat.user, Arc::clone(&seat.uid)).is_none() {
            inside.order.push_back(seat.user);
            if inside.order.len() > KNOWN_MAX
                && let Some(first) = inside.order.pop_front()
            {
                inside.known.remove(&first);
            }
        }
        if let Some(before) = inside.seats.insert(connection, seat) {
            inside.taken.remove(&before.uid);
        }
    }

    /// Frees the seat of a connection.
    pub(crate) fn leave(&self, connection: u64) {
        let mut inside = self.inside();
        if let Some(seat) = inside.seats.remove(&connection) {
            inside.taken.remove(&seat.uid);
        }
    }

    /// In the order of their connections.
    pub(crate) fn seats(&self) -> Vec<Seat> {
        self.inside().seats.values().cloned().collect()
    }

    /// The UID under which a user is, or was.
    pub(crate) fn uid(&self, user: UserId) -> Option<Arc<str>> {
        self.inside().known.get(&user).cloned()
    }

    /// Has the list sent to everybody, unless it waits already.
    pub(crate) fn ring(&self) {
        for seat in self.seats() {
            if !seat.rung.swap(true, Ordering::AcqRel) {
                seat.subscriber.reply(Bytes::from_static(RING));
            }
        }
    }

    /// Remembers the space around a text.
    pub(crate) fn note(&self, op: OpId, margins: Margins) {
        let mut inside = self.inside();
        inside.spoken.push_back(op.clone());
        inside.margins.insert(op, margins);
        if inside.spoken.len() > MARGINS_MAX
            && let Some(first) = inside.spoken.pop_front()
        {
            inside.margins.remove(&first);
        }
    }

    /// The space around the text of an operation, if there was any.
    pub(crate) fn margins(&self, op: &OpId) -> Option<Margins> {
        self.inside().margins.get(op).cloned()
    }
}
