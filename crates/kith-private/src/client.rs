//! The way over a Kith server: devices are reached by a personal service, wherever two users meet.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kith_client::{Call, Client, ClientError, Offered};
use kith_core::id::UserId;
use kith_core::text::{FailureCode, Line, ServiceName};
use kith_proto::error::Problem;
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

/// The most calls of others that are answered at a time.
const AT_ONCE: u32 = 64;
/// The most of them that wait to be looked at.
const WAITING_MAX: usize = 64;
/// How often a call is made again that was made too early.
const AGAIN_MAX: u32 = 5;
/// The most milliseconds until then.
const AGAIN_MS_MAX: u64 = 1000;

/// What `kith/reach` answers.
#[derive(Deserialize)]
struct Reached {
    name: ServiceName,
}

struct Wire {
    client: Client,
    name: ServiceName,
}

impl Wire {
    /// Calls a service of the server.
    async fn ask(&self, name: &str, args: Json) -> Option<Json> {
        let name = ServiceName::parse(name).ok()?;
        self.call_again(service::Call::of_server(name, args)).await.ok()
    }

    async fn call_again(&self, call: service::Call) -> Result<Json, ClientError> {
        insist(|| self.client.call(call.clone())).await
    }
}

/// Calls, and again where the server says that this is only too early: what it has too much of to do
/// now is not what cannot be. What may have been done is not done again.
async fn insist<T, F>(call: impl Fn() -> F) -> Result<T, ClientError>
where
    F: Future<Output = Result<T, ClientError>>,
{
    for _ in 0..AGAIN_MAX {
        match call().await {
            Err(ClientError::Refused(Problem {
                retry_ms: Some(ms),
                unknown: false,
                failure: None,
                ..
            })) => {
                tokio::time::sleep(Duration::from_millis(ms.clamp(1, AGAIN_MS_MAX))).await;
            }
            said => return said,
        }
    }
    call().await
}

#[async_trait]
impl Signals for Wire {
    fn name(&self) -> ServiceName {
        self.name.clone()
    }

    async fn reach(&self, user: UserId) -> Vec<Address> {
        let answer = self.ask("kith/reach", json!({ "user": user, "begin": SERVICE })).await;
        let reached: Vec<Reached> =
            answer.and_then(|answer| serde_json::from_value(answer).ok()).unwrap_or_default();
        reached.into_iter().map(|one| Address { user, name: one.name }).collect()
    }

    async fn call(&self, to: &Address, value: Json) -> Result<Json, Option<Declined>> {
        let call = service::Call::personal(to.user, to.name.clone(), value);
        self.call_again(call).await.map_err(|error| match error {
            ClientError::Refused(problem) => {
                problem.failure.and_then(|failure| Declined::of(failure.code.as_str()))
            }
            _ => None,
        })
    }

    async fn relays(&self) -> Vec<Relay> {
        let answer = self.ask("kith/relay", Json::Null).await;
        let relays = answer.and_then(|answer| serde_json::from_value::<Relays>(answer).ok());
        relays.unwrap_or_default().bounded()
    }
}

impl Private {
    /// Begins private sessions over a server, with whoever the user meets there: in a circle or in a
    /// conversation.
    ///
    /// # Errors
    /// [`PrivateError::Client`] when the server does not let this client be reached, and as
    /// [`Self::start`].
    pub async fn over(client: &Client, options: Options) -> Result<(Self, Events), PrivateError> {
        let refused = |why: &dyn std::fmt::Display| PrivateError::Client(why.to_string());
        let name = ServiceName::parse(&format!("{SERVICE}{}", random::<16>()?));
        let name = name.map_err(|refusal| refused(&refusal))?;
        let mut offer = Offer::personal(name.clone());
        offer.at_once = Some(AT_ONCE);
        let offered = client.offer(offer).await.map_err(|error| refused(&error))?;
        let (calls, incoming) = mpsc::channel(WAITING_MAX);
        tokio::spawn(hear(offered, name.clone(), calls));
        Self::start(Arc::new(Wire { client: client.clone(), name }), incoming, options)
    }
}

/// Hands on what others say, until private sessions were ended.
async fn hear(mut offered: Offered, name: ServiceName, calls: mpsc::Sender<Incoming>) {
    loop {
        let call = tokio::select! {
            call = offered.next() => call,
            () = calls.closed() => return,
        };
        let Ok(call) = call else { return };
        let (answer, answered) = oneshot::channel();
        let from = Address { user: call.caller().0, name: name.clone() };
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

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use kith_core::service::Failure;
    use tokio::time::Instant;

    use super::*;

    /// Calls where the server says these one after another; what comes of it, how many of them were
    /// heard, and how long it took in milliseconds.
    async fn check(said: Vec<Result<u8, Problem>>) -> (Result<u8, Problem>, usize, u128) {
        let (all, began) = (said.len(), Instant::now());
        let said = RefCell::new(said.into_iter());
        let end = insist(|| {
            let said = said.borrow_mut().next().expect("nothing more is asked");
            std::future::ready(said.map_err(ClientError::Refused))
        });
        let end = end.await.map_err(|error| error.problem().unwrap().clone());
        (end, all - said.borrow().len(), began.elapsed().as_millis())
    }

    fn early(ms: u64) -> Problem {
        Problem { retry_ms: Some(ms), ..Problem::new("rate.limited", "too early") }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_only_too_early_is_said_again_a_few_times() {
        let some = vec![Err(early(200)), Err(early(60_000)), Ok(7)];
        assert_eq!(check(some).await, (Ok(7), 3, 1200));
        let never = vec![Err(early(0)); 10];
        assert_eq!(check(never).await, (Err(early(0)), 6, 5));
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_have_been_done_or_cannot_be_is_not_said_again() {
        let unknown = Problem { unknown: true, ..early(1) };
        let failure = Failure {
            code: FailureCode::parse("private.busy").unwrap(),
            message: Line::parse("too many").unwrap(),
            data: Json::Null,
        };
        let failed = Problem { failure: Some(Box::new(failure)), ..early(1) };
        let never = Problem::new("service.none", "nobody offers it");
        for problem in [unknown, failed, never] {
            let end = check(vec![Err(problem.clone()), Ok(7)]).await;
            assert_eq!(end, (Err(problem), 1, 0));
        }
    }
}
