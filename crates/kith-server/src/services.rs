//! Services on the wire: what clients ask of them, and what callers and providers are told.

use std::sync::Arc;

use bytes::Bytes;
use kith_core::id::{CircleId, UserId};
use kith_core::refusal::Refusal;
use kith_core::service::{AT_ONCE, DEADLINE_MS, Failure};
use kith_core::text::ServiceName;
use kith_hub::service::{self as hub, Answer, CallError};
use kith_hub::{HubError, Subscriber};
use kith_proto::codec::Encoding;
use kith_proto::error::Problem;
use kith_proto::frame::{Push, Reply};
use kith_proto::service::{Call, Called, Card, Offer, Service, Told, Why};
use serde_json::Value as Json;

use crate::app::{App, problem_of, refused};
use crate::auth::Caller;
use crate::{relay, wire};

/// The longest that a call by REST may take, in milliseconds: whoever waits for it holds a connection.
const REST_DEADLINE_MS_MAX: u32 = 60_000;

/// Whether this is said as a provider, in answer to what others call.
pub(crate) fn is_answer(service: &Service) -> bool {
    match service {
        Service::Item { .. }
        | Service::Progress { .. }
        | Service::Done { .. }
        | Service::Fail { .. } => true,
        Service::Offer(_)
        | Service::Withdraw { .. }
        | Service::Call(_)
        | Service::Credit { .. }
        | Service::Cancel { .. } => false,
    }
}

/// Handles one request. The reply to a call comes when it has ended.
pub(crate) async fn handle(
    app: &App,
    subscriber: &Arc<Subscriber>,
    encoding: Encoding,
    id: u64,
    service: Service,
) {
    let done = match service {
        Service::Call(call) if call.name.is_reserved() => {
            return call_own(app, subscriber, encoding, id, call).await;
        }
        Service::Call(call) => match app.hub.call(subscriber, id, wanted(call)).await {
            Ok(()) => return,
            Err(error) => Err(error),
        },
        Service::Offer(offer) => app.hub.offer(subscriber, offered(offer)).await,
        Service::Withdraw { circle, name, now } => app.hub.withdraw(subscriber, circle, &name, now),
        Service::Credit { call, more } => app.hub.credit(subscriber, call, more),
        Service::Cancel { call } => app.hub.cancel(subscriber, call),
        Service::Item { call, value } => app.hub.answer(subscriber, call, Answer::Item(value)),
        Service::Progress { call, value } => {
            app.hub.answer(subscriber, call, Answer::Progress(value))
        }
        Service::Done { call, value } => app.hub.answer(subscriber, call, Answer::Done(value)),
        Service::Fail { call, code, message, data } => {
            let failure = Failure { code, message, data };
            app.hub.answer(subscriber, call, Answer::Failed(failure))
        }
    };
    let result = done.map(|()| Reply::Noted).map_err(|error| app.problem(&error));
    subscriber.reply(wire::reply(encoding, id, result));
}

/// Calls a service of the server itself. What it tells may hold what the caller was allowed to read.
async fn call_own(
    app: &App,
    subscriber: &Arc<Subscriber>,
    encoding: Encoding,
    id: u64,
    Call { circle, name, args, .. }: Call,
) {
    let version = subscriber.access_version();
    let result = own(app, subscriber.user, circle, &name, args).await;
    let result = result.map(Reply::Returned).map_err(|error| app.problem(&error));
    let answer = wire::reply(encoding, id, result);
    let instead = wire::reply(encoding, id, Err(refused(&Refusal::AccessChanged)));
    subscriber.reply_guarded(answer, instead, version);
}

/// What a service of the server itself answers: most are the hub's.
async fn own(
    app: &App,
    user: UserId,
    circle: Option<CircleId>,
    name: &ServiceName,
    args: Json,
) -> Result<Json, HubError> {
    if name.as_str() == relay::SERVICE {
        app.hub.may_call_own(user, circle, name, &args).await?;
        return Ok(relay::answer(app, user));
    }
    app.hub.call_own(user, circle, name, args).await
}

/// Calls a service for whoever waits for its result.
pub(crate) async fn call(app: &App, caller: &Caller, call: Call) -> Result<Json, Problem> {
    let result = if call.name.is_reserved() {
        let Call { circle, name, args, .. } = call;
        own(app, caller.user, circle, &name, args).await.map_err(CallError::from)
    } else {
        let mut wanted = wanted(call);
        wanted.deadline_ms = wanted.deadline_ms.min(REST_DEADLINE_MS_MAX);
        app.hub.call_once(&caller.of_hub(), wanted).await
    };
    result.map_err(problem)
}

/// A call as the hub takes it.
pub(crate) fn wanted(call: Call) -> hub::Wanted {
    let Call { circle, name, args, key, provider, stream, deadline_ms, credit, progress } = call;
    let deadline_ms = deadline_ms.unwrap_or(DEADLINE_MS);
    let guards = None;
    hub::Wanted { circle, name, args, key, provider, stream, deadline_ms, credit, progress, guards }
}

fn offered(offer: Offer) -> hub::Offer {
    let Offer { circle, name, policy, at_once, about, hint } = offer;
    hub::Offer { circle, name, policy, at_once: at_once.unwrap_or(AT_ONCE), about, hint }
}

/// A service as it is told.
pub(crate) fn card(card: hub::Card) -> Card {
    let hub::Card { circle, name, policy, providers, about, hint } = card;
    let providers = u32::try_from(providers).unwrap_or(u32::MAX);
    Card { circle, name, policy, providers, about, hint }
}

/// Why a call has no result.
pub(crate) fn problem(error: CallError) -> Problem {
    match error {
        CallError::Failed(failure) => {
            let message = "the service did not do it: see what its provider says";
            Problem { failure: Some(failure), ..Problem::new("service.failed", message) }
        }
        CallError::Refused { refusal, unknown } => Problem { unknown, ..refused(&refusal) },
        CallError::Hub(error) => problem_of(&error),
    }
}

/// The bytes of what a connection is told.
pub(crate) fn told(encoding: Encoding, told: hub::Told) -> Bytes {
    let told = match told {
        hub::Told::Ended { id, result } => {
            let result = result.map(Reply::Returned).map_err(problem);
            return wire::reply(encoding, id, result);
        }
        hub::Told::Item { id, value } => Told::Item { id, value },
        hub::Told::Progress { id, value } => Told::Progress { id, value },
        hub::Told::Called(called) => Told::Called(self::called(*called)),
        hub::Told::Credit { call, more } => Told::Credit { call, more },
        hub::Told::Cancelled { call, why } => {
            let why = match why {
                hub::Why::Cancelled => Why::Cancelled,
                hub::Why::Late => Why::Late,
                hub::Why::Gone => Why::Gone,
            };
            Told::Cancelled { call, why }
        }
        hub::Told::Withdrawn { circle, name, refusal } => {
            Told::Withdrawn { circle, name, problem: refused(&refusal) }
        }
    };
    wire::push(encoding, &Push::Service(told))
}

fn called(called: hub::Called) -> Called {
    let hub::Called { call, circle, name, args, user, session, .. } = called;
    let hub::Called { stream, key, deadline_ms, credit, progress, guard, .. } = called;
    Called {
        call,
        circle,
        name,
        args,
        user,
        session,
        stream,
        key,
        deadline_ms,
        credit,
        progress,
        guard,
    }
}
