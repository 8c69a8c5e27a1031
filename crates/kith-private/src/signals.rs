//! How devices reach each other before they are connected: over the server, or over whatever else
//! stands in for it in a test.

use async_trait::async_trait;
use kith_core::id::UserId;
use kith_core::text::ServiceName;
use serde_json::Value as Json;
use tokio::sync::oneshot;

use crate::relay::Relay;
use crate::signal::{Address, Declined};

/// A call of another device.
#[derive(Debug)]
pub struct Incoming {
    /// The other device; whose it is, is said by the server. Its name is that which the call itself
    /// says.
    pub from: Address,
    /// What it says.
    pub value: Json,
    /// Its answer.
    pub answer: oneshot::Sender<Result<Json, Declined>>,
}

/// The way over the server.
#[async_trait]
pub trait Signals: Send + Sync + 'static {
    /// Under which name this client is reached.
    fn name(&self) -> ServiceName;

    /// Where the devices of a user are reached; nowhere when there are none, or the user does not let
    /// us.
    async fn reach(&self, user: UserId) -> Vec<Address>;

    /// Calls a device and waits for its answer. `None` where nobody answers.
    async fn call(&self, to: &Address, value: Json) -> Result<Json, Option<Declined>>;

    /// What the server offers to find a way, for some hours.
    async fn relays(&self) -> Vec<Relay>;
}
