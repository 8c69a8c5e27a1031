//! The way over a Kith server: devices are reached by a personal service, in each circle that two users
//! share.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use kith_client::{Call, Client, ClientError, Offered};
use kith_core::id::{CircleId, UserId};
use kith_core::service::Provider;
use kith_core::text::{FailureCode, Line, ServiceName};
use kith_proto::service::{self, Offer};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use tokio::sync::{mpsc, oneshot};

use crate::event::PrivateError;
use crate::private::{Events, Options, Private};
use crate::relay::{Relay, Relays};
use crate::session::random;
use crate::signal::{Address, Declined, SERVICE};
use crate::signals::{Incoming, Signals};

/// The most calls of others that are answered at a time, in each circle.
const AT_ONCE: u32 = 16;
/// The most circles in which this client is reached; a session has at most 100 offers.
const CIRCLES_MAX: usize = 64;

/// What `kith/reach` answers.
#[derive(Deserialize)]
struct Reached {
    name: ServiceName,
}

struct Wire {
    client: Client,
    circles: Mutex<Vec<CircleId>>,
    name: ServiceName,
    /// Where what others say goes.
    calls: mpsc::Sender<Incoming>,
}

impl Wire {
    fn circles(&self) -> Vec<CircleId> {
        self.circles.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Offers to be called in a circle.
    async fn offer(&self, circle: CircleId) -> Result<(), ClientError> {
        let mut offer = Offer::new(circle, self.name.clone());
        offer.at_once = Some(AT_ONCE);
        let offered = self.client.offer(offer).await?;
        self.circles.lock().unwrap_or_else(PoisonError::into_inner).push(circle);
        tokio::spawn(hear(offered, circle, self.name.clone(), self.calls.clone()));
        Ok(())
    }

    /// Calls a service of the server.
    async fn ask(&self, circle: CircleId, name: &str, args: Json) -> Option<Json> {
        let name = ServiceName::parse(name).ok()?;
        self.client.call(service::Call::new(circle, name, args)).await.ok()
    }
}

#[async_trait]
impl Signals for Wire {
    fn name(&self) -> ServiceName {
        self.name.clone()
    }

    async fn reach(&self, user: UserId) -> Vec<Address> {
        for circle in self.circles() {
            let args = json!({ "user": user, "begin": SERVICE });
            let answer = self.ask(circle, "kith/reach", args).await;
            let reached: Vec<Reached> =
                answer.and_then(|answer| serde_json::from_value(answer).ok()).unwrap_or_default();
            if !reached.is_empty() {
                let address = |one: Reached| Address { circle, user, name: one.name };
                return reached.into_iter().map(address).collect();
            }
        }
        Vec::new()
    }

    async fn call(&self, to: &Address, value: Json) -> Result<Json, Option<Declined>> {
        let mut call = service::Call::new(to.circle, to.name.clone(), value);
        call.provider = Some(Provider::User(to.user));
        self.client.call(call).await.map_err(|error| match error {
            ClientError::Refused(problem) => {
                problem.failure.and_then(|failure| Declined::of(failure.code.as_str()))
            }
            _ => None,
        })
    }

    async fn join(&self, circle: CircleId) {
        let circles = self.circles();
        if circles.len() < CIRCLES_MAX && !circles.contains(&circle) {
            // Where the server does not let us, we are not reached there.
            if let Err(error) = self.offer(circle).await {
                tracing::debug!(%error, "not reached in one more circle");
            }
        }
    }

    async fn relays(&self) -> Vec<Relay> {
        for circle in self.circles() {
            // Where this one does not let us ask, another may.
            let Some(answer) = self.ask(circle, "kith/relay", Json::Null).await else { continue };
            return serde_json::from_value::<Relays>(answer).unwrap_or_default().bounded();
        }
        Vec::new()
    }
}

impl Private {
    /// Begins private sessions over a server, with whoever shares one of these circles, of which the
    /// first 64 count. [`Self::join`] adds others.
    ///
    /// # Errors
    /// [`PrivateError::Client`] when the server does not let this client be reached, and as
    /// [`Self::start`].
    pub async fn over(
        client: &Client,
        circles: &[CircleId],
        options: Options,
    ) -> Result<(Self, Events), PrivateError> {
        let name = ServiceName::parse(&format!("{SERVICE}{}", random::<16>()?));
        let name = name.map_err(|refusal| PrivateError::Client(refusal.to_string()))?;
        let (calls, incoming) = mpsc::channel(CIRCLES_MAX);
        let wire = Wire { client: client.clone(), circles: Mutex::default(), name, calls };
        let mut refused = None;
        for circle in circles.iter().take(CIRCLES_MAX) {
            // Another circle may let us.
            refused = wire.offer(*circle).await.err().or(refused);
        }
        if wire.circles().is_empty() {
            let why = refused.map_or_else(|| "you are in no circle".to_owned(), |e| e.to_string());
            return Err(PrivateError::Client(why));
        }
        Self::start(Arc::new(wire), incoming, options)
    }
}

/// Hands on what others say, until private sessions were ended.
async fn hear(
    mut offered: Offered,
    circle: CircleId,
    name: ServiceName,
    calls: mpsc::Sender<Incoming>,
) {
    loop {
        let call = tokio::select! {
            call = offered.next() => call,
            () = calls.closed() => return,
        };
        let Ok(call) = call else { return };
        let (answer, answered) = oneshot::channel();
        let from = Address { circle, user: call.caller().0, name: name.clone() };
        let value = call.args().clone();
        if calls.send(Incoming { from, value, answer }).await.is_err() {
            return;
        }
        tokio::spawn(answer_call(call, answered));
    }
}

async fn answer_call(call: Call, answered: oneshot::Receiver<Result<Json, Declined>>) {
    let said = match answered.await {
        Ok(Ok(value)) => call.finish(value).await,
        Ok(Err(declined)) => {
            let code = FailureCode::parse(declined.code());
            let message = Line::parse(declined.sentence());
            match (code, message) {
                (Ok(code), Ok(message)) => call.fail(code, message).await,
                _ => return,
            }
        }
        // Dropping the call says that there is no answer.
        Err(_) => return,
    };
    if let Err(error) = said {
        tracing::debug!(%error, "an answer to a private session was lost");
    }
}
