//! What is said about services, both ways.

use std::collections::BTreeSet;
use std::sync::Arc;

use kith_core::id::{CircleId, SessionId, StreamId, UserId};
use kith_core::refusal::Refusal;
use kith_core::service::{Failure, Policy, Provider};
use kith_core::text::{CallKey, Line, ServiceName};
use serde_json::Value as Json;

use crate::HubError;

/// What somebody offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// To which circle; `None` for a personal service.
    pub circle: Option<CircleId>,
    /// Under which name.
    pub name: ServiceName,
    /// Which provider gets a call; the same for all providers of the name.
    pub policy: Policy,
    /// How many calls it takes at a time.
    pub at_once: u32,
    /// What the service does.
    pub about: Option<Line>,
    /// What it wants to be told, for a person who writes it.
    pub hint: Option<Line>,
}

/// What somebody calls.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// In which circle; `None` for a personal service.
    pub circle: Option<CircleId>,
    /// Which service.
    pub name: ServiceName,
    /// With what.
    pub args: Json,
    /// What sticky services go by.
    pub key: Option<CallKey>,
    /// The provider, where any other will not do.
    pub provider: Option<Provider>,
    /// The stream that it is called from within.
    pub stream: Option<StreamId>,
    /// How long it may take, in milliseconds.
    pub deadline_ms: u32,
    /// How many items the caller takes; `None` where it wants a result alone.
    pub credit: Option<u32>,
    /// Whether the caller wants to be told how far it is.
    pub progress: bool,
    /// Where the server asks the service as a guard: the users who may be one.
    pub guards: Option<Arc<BTreeSet<UserId>>>,
}

/// A call that has not ended, as those see it who may offer services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenCall {
    /// Which service.
    pub name: ServiceName,
    /// Who calls.
    pub user: UserId,
    /// Who has it; `None` while it waits for a provider with room.
    pub provider: Option<UserId>,
    /// For how long there is this call, in milliseconds.
    pub age_ms: u64,
    /// How long it may still take, in milliseconds.
    pub left_ms: u64,
}

/// A call as its provider is told of it. Who calls is said by the server alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Called {
    /// Its number with this provider.
    pub call: u64,
    /// In which circle; `None` for a personal service.
    pub circle: Option<CircleId>,
    /// Which service.
    pub name: ServiceName,
    /// With what.
    pub args: Json,
    /// Who calls.
    pub user: UserId,
    /// Under which session.
    pub session: SessionId,
    /// The stream that it is called from within: the caller may write there.
    pub stream: Option<StreamId>,
    /// What the caller's calls have in common.
    pub key: Option<CallKey>,
    /// How many milliseconds are left for it.
    pub deadline_ms: u64,
    /// How many items the caller takes; `None` where it wants a result alone.
    pub credit: Option<u32>,
    /// Whether the caller wants to be told how far it is.
    pub progress: bool,
    /// The server asks it as the guard of topics: what it is called with is said by the server.
    pub guard: bool,
}

/// What a provider says of a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The next item of the stream.
    Item(Json),
    /// How far it is.
    Progress(Json),
    /// The result: the call ends.
    Done(Json),
    /// There is none: the call ends.
    Failed(Failure),
}

/// Why a provider shall not go on with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The caller cancelled it.
    Cancelled,
    /// Its time is over.
    Late,
    /// The caller is gone, or may no longer call.
    Gone,
}

/// Why a call has no result.
#[derive(Clone, Debug)]
pub enum CallError {
    /// The provider says why.
    Failed(Box<Failure>),
    /// The server says why.
    Refused {
        /// Why.
        refusal: Refusal,
        /// Whether it may have been done all the same: a provider had it.
        unknown: bool,
    },
    /// It could not be made.
    Hub(HubError),
}

impl From<HubError> for CallError {
    fn from(error: HubError) -> Self {
        Self::Hub(error)
    }
}

/// What a connection is told of services.
#[derive(Clone, Debug)]
pub enum Told {
    /// To a caller: the next item of the stream.
    Item {
        /// The number that the caller gave the call.
        id: u64,
        /// The item.
        value: Json,
    },
    /// To a caller: how far it is.
    Progress {
        /// The number that the caller gave the call.
        id: u64,
        /// How far.
        value: Json,
    },
    /// To a caller: the call has ended.
    Ended {
        /// The number that the caller gave the call.
        id: u64,
        /// How.
        result: Result<Json, CallError>,
    },
    /// To a provider: somebody calls.
    Called(Box<Called>),
    /// To a provider: the caller takes more items.
    Credit {
        /// The number of the call with this provider.
        call: u64,
        /// How many more.
        more: u32,
    },
    /// To a provider: the call has ended without its answer.
    Cancelled {
        /// The number of the call with this provider.
        call: u64,
        /// Why.
        why: Why,
    },
    /// To a provider: it offers this no longer.
    Withdrawn {
        /// To which circle.
        circle: CircleId,
        /// What.
        name: ServiceName,
        /// Why.
        refusal: Refusal,
    },
}

/// A service as those see it who may call it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// Of which circle.
    pub circle: CircleId,
    /// Its name.
    pub name: ServiceName,
    /// Which provider gets a call.
    pub policy: Policy,
    /// How many offer it; none when it is offered no longer.
    pub providers: usize,
    /// What it does.
    pub about: Option<Line>,
    /// What it wants to be told, for a person who writes it.
    pub hint: Option<Line>,
}
