//! Services: what is asked of the server about them, and what it tells.

use kith_core::id::{CircleId, SessionId, StreamId, UserId};
use kith_core::service::{Policy, Provider};
use kith_core::text::{CallKey, FailureCode, Line, ServiceName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::error::Problem;

/// What a client asks about services.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Service {
    /// Offer a service until it is withdrawn or the connection ends. Said again, it is offered as it
    /// was said last.
    Offer(Offer),
    /// Offer it no longer.
    Withdraw {
        /// In which circle; absent for a personal service.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        circle: Option<CircleId>,
        /// Which.
        name: ServiceName,
        /// Whether its calls that are open end as well; else they go on.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        now: bool,
    },
    /// Call a service. The reply comes when the call has ended; until then its `id` names it, and no
    /// other call of the connection may have it.
    Call(Call),
    /// Take more items of a stream.
    Credit {
        /// The `id` of the call.
        call: u64,
        /// How many more; at most 1000 may be to come.
        more: u32,
    },
    /// End a call.
    Cancel {
        /// The `id` of the call.
        call: u64,
    },
    /// As the provider: the next item of the stream. The caller must have credit left.
    Item {
        /// The number of the call, as it was told.
        call: u64,
        /// The item.
        value: Json,
    },
    /// As the provider: how far it is. Told to a caller who wants it and has room for it.
    Progress {
        /// The number of the call, as it was told.
        call: u64,
        /// How far.
        value: Json,
    },
    /// As the provider: the result, or the end of the stream.
    Done {
        /// The number of the call, as it was told.
        call: u64,
        /// The result.
        #[serde(default, skip_serializing_if = "Json::is_null")]
        value: Json,
    },
    /// As the provider: there is no result.
    Fail {
        /// The number of the call, as it was told.
        call: u64,
        /// What it means is between the provider and its callers.
        code: FailureCode,
        /// A sentence for a person.
        message: Line,
        /// What else there is to say.
        #[serde(default, skip_serializing_if = "Json::is_null")]
        data: Json,
    },
}

/// What is offered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// To which circle; absent for a personal service, which is offered to whoever one meets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub circle: Option<CircleId>,
    /// Under which name.
    pub name: ServiceName,
    /// Which provider gets a call, the same for all providers of the name; `any` if absent.
    #[serde(default, skip_serializing_if = "is_default")]
    pub policy: Policy,
    /// How many calls the provider takes at a time; 16 if absent, at most 1000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_once: Option<u32>,
    /// What the service does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<Line>,
    /// What it wants to be told, for a person who writes a slash command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<Line>,
}

impl Offer {
    /// The usual offer to a circle: any provider, 16 calls at a time.
    #[must_use]
    pub fn new(circle: CircleId, name: ServiceName) -> Self {
        Self { circle: Some(circle), ..Self::personal(name) }
    }

    /// The usual offer of a personal service.
    #[must_use]
    pub fn personal(name: ServiceName) -> Self {
        Self { circle: None, name, policy: Policy::Any, at_once: None, about: None, hint: None }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// In which circle; absent for a personal service, and for what the server offers without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub circle: Option<CircleId>,
    /// Which service.
    pub name: ServiceName,
    /// With what; at most 64 KiB.
    #[serde(default, skip_serializing_if = "Json::is_null")]
    pub args: Json,
    /// What `sticky` goes by; the user if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<CallKey>,
    /// The provider, where no other will do; of a personal service the user whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<Provider>,
    /// The stream that a slash command is called from within.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<StreamId>,
    /// How long it may take, waiting included: 30 s if absent, at most an hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_ms: Option<u32>,
    /// For a stream: how many items the caller takes before it says more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit: Option<u32>,
    /// Whether the caller wants to be told how far it is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub progress: bool,
}

impl Call {
    /// A call in a circle for one result, with the usual time.
    #[must_use]
    pub fn new(circle: CircleId, name: ServiceName, args: Json) -> Self {
        Self { circle: Some(circle), ..Self::of_server(name, args) }
    }

    /// A call of a personal service of a user, for one result, with the usual time.
    #[must_use]
    pub fn personal(user: UserId, name: ServiceName, args: Json) -> Self {
        Self { provider: Some(Provider::User(user)), ..Self::of_server(name, args) }
    }

    /// A call of what the server offers without a circle.
    #[must_use]
    pub fn of_server(name: ServiceName, args: Json) -> Self {
        Self {
            circle: None,
            name,
            args,
            key: None,
            provider: None,
            stream: None,
            deadline_ms: None,
            credit: None,
            progress: false,
        }
    }
}

/// What a client is told about services.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// To the caller: the next item of the stream.
    Item {
        /// The `id` of the call.
        id: u64,
        /// The item.
        value: Json,
    },
    /// To the caller: how far it is.
    Progress {
        /// The `id` of the call.
        id: u64,
        /// How far.
        value: Json,
    },
    /// To the provider: a call.
    Called(Called),
    /// To the provider: the caller takes more items.
    Credit {
        /// The number of the call.
        call: u64,
        /// How many more.
        more: u32,
    },
    /// To the provider: the call has ended without its answer.
    Cancelled {
        /// The number of the call.
        call: u64,
        /// Why.
        why: Why,
    },
    /// To the provider: it offers this no longer, and the calls that it had of it have ended.
    Withdrawn {
        /// In which circle.
        circle: CircleId,
        /// What.
        name: ServiceName,
        /// Why.
        problem: Problem,
    },
    /// To whoever follows the circle: this is offered otherwise than before.
    Offered(Card),
}

/// A call as its provider is told of it. Who calls is said by the server, never by the caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Called {
    /// Its number on this connection.
    pub call: u64,
    /// In which circle; absent for a personal service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub circle: Option<CircleId>,
    /// Which service.
    pub name: ServiceName,
    /// With what.
    pub args: Json,
    /// Who calls.
    pub user: UserId,
    /// Under which session.
    pub session: SessionId,
    /// The stream that a slash command is called from within; the caller may write there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<StreamId>,
    /// What the caller's calls have in common.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<CallKey>,
    /// How many milliseconds are left for it.
    pub deadline_ms: u64,
    /// How many items the caller takes; absent where it wants a result alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit: Option<u32>,
    /// Whether the caller wants to be told how far it is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub progress: bool,
    /// The server asks it as the guard of topics: `args` is a proposal, in the words of the server. Who
    /// calls is who proposed it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub guard: bool,
}

/// Why a provider shall not go on with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The caller cancelled it.
    Cancelled,
    /// Its time is over.
    Late,
    /// The caller is gone, or may no longer call; or the offer was withdrawn.
    Gone,
}

/// A service as those see it who may call it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Card {
    /// Of which circle.
    pub circle: CircleId,
    /// Its name.
    pub name: ServiceName,
    /// Which provider gets a call.
    pub policy: Policy,
    /// How many offer it; 0 when it is offered no longer.
    pub providers: u32,
    /// What it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<Line>,
    /// What it wants to be told, for a person who writes a slash command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<Line>,
}

#[cfg(test)]
mod tests {
    use kith_core::id::{CircleId, SessionId, Timestamp, UserId};
    use kith_core::service::VALUE_DEPTH_MAX;

    use super::*;
    use crate::codec::Encoding;
    use crate::frame::{Push, Reply, Request};

    #[test]
    fn the_deepest_value_there_may_be_is_read_in_every_frame() {
        let deep = (0..VALUE_DEPTH_MAX).fold(Json::Null, |inside, depth| match depth % 2 {
            0 => Json::Array(vec![inside]),
            _ => serde_json::json!({ "in": inside }),
        });
        let (circle, name) = (CircleId::new(Timestamp(1), 1), ServiceName::parse("a").unwrap());
        let called = Called {
            call: 1,
            circle: Some(circle),
            name: name.clone(),
            args: deep.clone(),
            user: UserId::new(Timestamp(1), 1),
            session: SessionId::new(Timestamp(1), 1),
            stream: None,
            key: None,
            deadline_ms: 1,
            credit: None,
            progress: false,
            guard: false,
        };
        let failure = kith_core::service::Failure {
            code: FailureCode::parse("no").unwrap(),
            message: Line::parse("no").unwrap(),
            data: deep.clone(),
        };
        let failure = Some(Box::new(failure));
        let problem = Problem { failure, ..Problem::new("service.failed", "no") };
        let call = Call::new(circle, name, deep.clone());
        let request = Request { service: Some(Service::Call(call)), ..Request::new(1) };
        for encoding in Encoding::ALL {
            for push in [
                Push::Service(Told::Called(called.clone())),
                Push::Service(Told::Item { id: 1, value: deep.clone() }),
                Push::Ok { id: 1, reply: Reply::Returned(deep.clone()) },
                Push::Error { id: Some(1), problem: problem.clone() },
            ] {
                assert_eq!(encoding.decode::<Push>(&encoding.encode(&push)), Ok(push));
            }
            assert_eq!(encoding.decode::<Request>(&encoding.encode(&request)), Ok(request.clone()));
        }
    }
}
