//! A request that has no answer yet, and what an answer means for it.

use kith_proto::error::Problem;
use kith_proto::frame::{Reply, Request};
use kith_proto::service::Service;

use super::Ask;
use crate::error::ClientError;

/// The longest pause before something is said again.
const AGAIN_MAX_MS: u64 = 15_000;
/// How often a question is asked again because the asker's rights changed meanwhile.
const QUERIES_MAX: u32 = 5;

/// A request that has no answer yet.
#[derive(Debug)]
pub(super) struct Pending {
    ask: Ask,
    state: State,
    /// It may have been done: it was sent, and its answer was lost or said so.
    doubtful: bool,
    failures: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Sent,
    /// To be sent, from this time on.
    Due(u64),
}

/// What a failure means for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is to be said again.
    Again,
    /// That is its end.
    Final,
}

impl Pending {
    pub(super) fn new(ask: Ask) -> Self {
        Self { ask, state: State::Due(0), doubtful: false, failures: 0 }
    }

    pub(super) fn is_sent(&self) -> bool {
        self.state == State::Sent
    }

    /// When it is to be sent; `None` while an answer is awaited.
    pub(super) fn due_at(&self) -> Option<u64> {
        match self.state {
            State::Sent => None,
            State::Due(at) => Some(at),
        }
    }

    /// Its request, which counts as sent.
    pub(super) fn request(&mut self, id: u64) -> Request {
        self.state = State::Sent;
        let request = Request::new(id);
        match self.ask.clone() {
            Ask::Command(op, command) | Ask::Patient(op, command) => {
                Request { op: Some(op), command: Some(command), ..request }
            }
            Ask::Query(query) => Request { query: Some(query), ..request },
            Ask::Signal(signal) => Request { signal: Some(signal), ..request },
            Ask::Offer(offer) => Request { service: Some(Service::Offer(offer)), ..request },
            Ask::Call(call) => Request { service: Some(Service::Call(*call)), ..request },
            Ask::Service(_, service) => Request { service: Some(service), ..request },
        }
    }

    /// The connection was lost: whether it is kept for the next.
    pub(super) fn survives(&mut self) -> bool {
        let sent = self.is_sent();
        self.doubtful |= sent;
        self.state = State::Due(0);
        match self.ask {
            Ask::Command(..) | Ask::Patient(..) | Ask::Query(_) | Ask::Offer(_) => true,
            Ask::Call(_) => !sent,
            Ask::Signal(_) | Ask::Service(..) => false,
        }
    }

    /// What is said of it when it is not kept.
    pub(super) fn loss(&self) -> ClientError {
        match self.ask {
            Ask::Call(_) => ClientError::Unknown,
            _ => ClientError::NotConnected,
        }
    }

    /// The answer, if it is one to this request.
    pub(super) fn accept(self, reply: Reply) -> Result<Reply, ClientError> {
        match (&self.ask, &reply) {
            (Ask::Command(..) | Ask::Patient(..), Reply::Done(_))
            | (Ask::Query(_), Reply::Got(_))
            | (Ask::Call(_), Reply::Returned(_))
            | (Ask::Signal(_) | Ask::Offer(_) | Ask::Service(..), Reply::Noted) => Ok(reply),
            _ => Err(ClientError::Unexpected),
        }
    }

    /// Whether a failure is its end.
    pub(super) fn judge(&mut self, problem: &Problem, now_ms: u64) -> Verdict {
        self.failures += 1;
        let again = match &self.ask {
            Ask::Command(..) => problem.unknown || self.doubtful && is_of_the_moment(problem),
            Ask::Patient(..) => problem.unknown || is_of_the_moment(problem),
            Ask::Query(_) => problem.code == "access.changed" && self.failures <= QUERIES_MAX,
            Ask::Offer(_) => is_of_the_moment(problem),
            Ask::Signal(_) | Ask::Call(_) | Ask::Service(..) => false,
        };
        if !again {
            return Verdict::Final;
        }
        self.doubtful |= problem.unknown;
        let pause = 100 << self.failures.min(8);
        let pause = problem.retry_ms.map_or(pause, |asked| asked.max(1)).min(AGAIN_MAX_MS);
        self.state = State::Due(now_ms.saturating_add(pause));
        Verdict::Again
    }
}

/// Whether a refusal is about the server's moment and not about the operation. It then says nothing
/// on whether an earlier saying of the same operation was done.
fn is_of_the_moment(problem: &Problem) -> bool {
    problem.retry_ms.is_some()
        && ["rate.", "server.", "store.", "access."].iter().any(|of| problem.code.starts_with(of))
}
