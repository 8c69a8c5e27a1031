//! Where the task of a client keeps who waits for calls and for their parts.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use kith_core::text::{FailureCode, Line};
use kith_proto::frame::Reply;
use kith_proto::service::{Call, Called, Service, Told, Why};
use tokio::sync::{mpsc, oneshot};

use crate::driver;
use crate::error::ClientError;
use crate::services::{Life, Part};
use crate::session::{Ask, Place};

/// Where a provider takes its calls from.
pub(crate) type Taken = mpsc::Sender<Result<crate::services::Call, ClientError>>;

/// Parts of a stream that may wait beside its items, which its credit bounds.
pub(crate) const PROGRESS_MAX: usize = 16;
/// Calls that are kept before those are let go that have ended.
const TIDY_AT: usize = 64;

/// A call to be made.
pub(crate) struct Invoke {
    pub(crate) call: Call,
    pub(crate) parts: Option<mpsc::Sender<Part>>,
    /// Told at once: what the call can be cancelled by.
    pub(crate) number: oneshot::Sender<u64>,
    pub(crate) asker: oneshot::Sender<Result<Reply, ClientError>>,
}

pub(crate) struct Desk {
    /// Weak: a client ends when its handles do.
    client: mpsc::WeakSender<driver::Call>,
    offers: HashMap<Place, Taken>,
    /// The calls of the present connection that are to be answered.
    serving: HashMap<u64, Weak<Life>>,
    tidy_at: usize,
    parts: HashMap<u64, mpsc::Sender<Part>>,
}

impl Desk {
    pub(crate) fn new(client: mpsc::WeakSender<driver::Call>) -> Self {
        let (offers, serving, parts) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { client, offers, serving, tidy_at: TIDY_AT, parts }
    }

    pub(crate) fn offered(&mut self, place: Place, taken: Taken) {
        self.offers.insert(place, taken);
    }

    pub(crate) fn invoked(&mut self, id: u64, parts: Option<mpsc::Sender<Part>>) {
        self.parts.extend(parts.map(|parts| (id, parts)));
    }

    /// A call has ended: no part of it follows.
    pub(crate) fn settled(&mut self, id: u64) {
        self.parts.remove(&id);
    }

    /// Somebody calls. What nobody here takes is to be refused with what is given back.
    pub(crate) fn called(&mut self, connection: u64, called: Called) -> Option<Ask> {
        let (call, place) = (called.call, (called.circle, called.name.clone()));
        if self.serving.len() >= self.tidy_at {
            self.serving.retain(|_, life| life.strong_count() > 0);
            self.tidy_at = TIDY_AT.max(2 * self.serving.len());
        }
        let life = Arc::new(Life::new(called.credit.unwrap_or(0)));
        let weak = Arc::downgrade(&life);
        if let (Some(taken), Some(client)) = (self.offers.get(&place), self.client.upgrade()) {
            let made = crate::services::Call::new(called, connection, life, client);
            match taken.try_send(Ok(made)) {
                Ok(()) => {
                    self.serving.insert(call, weak);
                    return None;
                }
                Err(mpsc::error::TrySendError::Full(Ok(made))) => made.forget(),
                Err(mpsc::error::TrySendError::Closed(Ok(made))) => {
                    made.forget();
                    self.offers.remove(&place);
                }
                Err(_) => {}
            }
        }
        let code = FailureCode::parse("provider.gone").ok()?;
        let message = Line::parse("nobody here takes this call").ok()?;
        let fail = Service::Fail { call, code, message, data: serde_json::Value::Null };
        Some(Ask::Service(Some(connection), fail))
    }

    /// Something about an open call. A stream that holds more than was asked for is to be ended with
    /// what is given back.
    pub(crate) fn told(&mut self, told: Told) -> Option<Ask> {
        match told {
            Told::Item { id, value } => {
                let parts = self.parts.get(&id)?;
                if parts.try_send(Part::Item(value)).is_err() {
                    self.parts.remove(&id);
                    return Some(Ask::Service(None, Service::Cancel { call: id }));
                }
            }
            Told::Progress { id, value } => {
                let parts = self.parts.get(&id)?;
                // The room for items is theirs.
                if parts.capacity() > parts.max_capacity() - PROGRESS_MAX {
                    // How far it was is soon said again.
                    let _ = parts.try_send(Part::Progress(value));
                }
            }
            Told::Credit { call, more } => {
                if let Some(life) = self.serving.get(&call).and_then(Weak::upgrade) {
                    life.credit(more);
                }
            }
            Told::Cancelled { call, why } => {
                if let Some(life) = self.serving.remove(&call).and_then(|life| life.upgrade()) {
                    life.end(why);
                }
            }
            Told::Called(_) | Told::Withdrawn { .. } | Told::Offered(_) => {}
        }
        None
    }

    /// An offer has ended.
    pub(crate) fn withdrawn(&mut self, place: &Place, error: ClientError) {
        if let Some(taken) = self.offers.remove(place) {
            // Where calls wait still, the end of the channel says enough.
            let _ = taken.try_send(Err(error));
        }
    }

    /// The connection is gone, and with it the calls that came on it.
    pub(crate) fn lost(&mut self) {
        for (_, life) in self.serving.drain() {
            if let Some(life) = life.upgrade() {
                life.end(Why::Gone);
            }
        }
    }
}
