//! Where what is told to one party goes: into the mailbox of its connection, under its rights.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kith_core::id::{CircleId, FeedId, UserId};
use kith_core::refusal::Refusal;
use serde_json::Value as Json;
use tokio::sync::oneshot;

use super::registry::{Effect, Right};
use super::told::{CallError, Told};
use crate::item::Grant;
use crate::subscriber::{End, Subscriber};

/// How much more than the usual answers that nobody takes may take before the connection ends.
const PATIENCE: usize = 4;

/// How a party is reached.
pub(super) enum Outlet {
    /// By its connection.
    Connection(Arc<Subscriber>),
    /// It waits for the end of its one call.
    Once(Option<oneshot::Sender<Ended>>),
}

/// How a call ended, and the user whose provider had it.
pub(super) type Ended = (Result<Json, CallError>, Option<UserId>);

impl Outlet {
    /// Whether it has ended.
    pub(super) fn is_over(&self) -> bool {
        match self {
            Self::Connection(subscriber) => subscriber.is_over(),
            Self::Once(answer) => answer.is_none(),
        }
    }
}

/// One party as it is reached.
pub(super) struct Seat {
    pub(super) user: UserId,
    token_hash: String,
    outlet: Outlet,
    /// Its rights to call, and to offer, in circles; what waits for it waits under them.
    calls: BTreeMap<CircleId, Arc<Grant>>,
    offers: BTreeMap<CircleId, Arc<Grant>>,
    /// How many bytes may wait for its connection.
    max: usize,
}

impl Seat {
    pub(super) fn new(user: UserId, token_hash: &str, outlet: Outlet, max: usize) -> Self {
        let (calls, offers) = (BTreeMap::new(), BTreeMap::new());
        Self { user, token_hash: token_hash.to_owned(), outlet, calls, offers, max }
    }

    /// The hash of its session's token.
    pub(super) fn session(&self) -> String {
        self.token_hash.clone()
    }

    /// The circles in which it has rights.
    pub(super) fn circles(&self) -> Vec<CircleId> {
        let all: BTreeSet<_> = self.calls.keys().chain(self.offers.keys()).copied().collect();
        all.into_iter().collect()
    }

    pub(super) fn allow_calls(&mut self, circle: CircleId) {
        self.calls.entry(circle).or_insert_with(|| Grant::new(FeedId::Circle(circle)));
    }

    pub(super) fn allow_offers(&mut self, circle: CircleId) {
        self.offers.entry(circle).or_insert_with(|| Grant::new(FeedId::Circle(circle)));
    }

    pub(super) fn forbid_calls(&mut self, circle: CircleId) {
        self.calls.remove(&circle).into_iter().for_each(|grant| grant.revoke());
    }

    pub(super) fn forbid_offers(&mut self, circle: CircleId) {
        self.offers.remove(&circle).into_iter().for_each(|grant| grant.revoke());
    }

    /// Tells the party something. Where it does not take the items of a stream, the number of its
    /// call is the error.
    /// `provider` is the user whose answer it is.
    pub(super) fn tell(
        &mut self,
        Effect { right, told, bytes, .. }: Effect,
        provider: Option<UserId>,
    ) -> Result<(), u64> {
        let subscriber = match &mut self.outlet {
            Outlet::Connection(subscriber) => subscriber,
            Outlet::Once(answer) => {
                if let (Told::Ended { result, .. }, Some(answer)) = (told, answer.take()) {
                    // Who no longer waits does not want to know.
                    let _ = answer.send((result, provider));
                }
                return Ok(());
            }
        };
        let mailbox = &subscriber.mailbox;
        let (to_call, to_serve) = match &right {
            Right::Circle(circle) => (self.calls.get(circle), self.offers.get(circle)),
            // Who may call may be called.
            Right::Pair { grant, .. } => (Some(grant), Some(grant)),
        };
        match told {
            Told::Item { id, .. } => {
                let kept = mailbox.put_told(told, bytes, to_call, None, 2 * self.max);
                return if kept { Ok(()) } else { Err(id) };
            }
            Told::Progress { .. } => {
                // How far it was is soon said again; nothing else gives way to it.
                mailbox.put_told(told, bytes, to_call, None, self.max / 4);
            }
            Told::Ended { id, result: Ok(_) | Err(CallError::Failed(_)) } => {
                let refused = |refusal| Told::Ended {
                    id,
                    result: Err(CallError::Refused { refusal, unknown: true }),
                };
                let instead = Some(refused(Refusal::AccessChanged));
                if !mailbox.put_told(told, bytes, to_call, instead, PATIENCE * self.max) {
                    mailbox.put_told(refused(Refusal::CallerTooSlow), 0, None, None, usize::MAX);
                }
            }
            Told::Called(_) => {
                mailbox.put_told(told, bytes, to_serve, None, usize::MAX);
            }
            Told::Ended { .. }
            | Told::Credit { .. }
            | Told::Cancelled { .. }
            | Told::Withdrawn { .. } => {
                mailbox.put_told(told, bytes, None, None, usize::MAX);
            }
        }
        // What must not be dropped is bounded by what the connection was given to do, which is a lot.
        if mailbox.bytes() > 2 * PATIENCE * self.max {
            subscriber.finish(End::Stuck);
        }
        Ok(())
    }
}
