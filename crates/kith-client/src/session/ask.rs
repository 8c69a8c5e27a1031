//! What is asked of a session, and what it wants done.

use kith_core::command::Command;
use kith_core::text::OpId;
use kith_proto::frame::{Reply, Signal};
use kith_proto::query::Query;
use kith_proto::service::{Call, Called, Offer, Service, Told};

use super::services::Place;
use crate::error::ClientError;

/// Something that gets exactly one answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    /// A change, under the name by which it happens once.
    Command(OpId, Command),
    /// A change that is said again for as long as the server has no time for it.
    Patient(OpId, Command),
    /// A question.
    Query(Query),
    /// Something for those who are there now. It is not kept for the next connection.
    Signal(Signal),
    /// A service to offer, on this and every later connection.
    Offer(Offer),
    /// A service to call. Once it is sent, it does not outlive the connection.
    Call(Box<Call>),
    /// Something else about services, which is not kept for the next connection; what a provider
    /// says of a call, with the number of the connection that the call came on.
    Service(Option<u64>, Service),
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Send this as one message.
    Send(Vec<u8>),
    /// What was asked under this number has come to its end.
    Settled(u64, Result<Reply, ClientError>),
    /// Somebody calls what is offered, on the connection of this number.
    Called(u64, Box<Called>),
    /// Something about an open call.
    Told(Told),
    /// A service is no longer offered.
    Withdrawn(Place, ClientError),
    /// The connection is of no use any more: drop it and tell [`Session::lost`](super::Session::lost).
    HangUp(&'static str),
}
