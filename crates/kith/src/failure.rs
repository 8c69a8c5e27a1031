//! Why a command failed, and the exit code that tells it to programs.

use kith_client::address::AddressError;
use kith_client::transport::TransportError;
use kith_client::{ClientError, FileError};
use kith_core::refusal::Refusal;
use kith_proto::error::Problem;

const REFUSED: u8 = 1;
/// The exit code of wrong usage.
pub(crate) const USAGE: u8 = 2;
const NOT_SIGNED_IN: u8 = 3;
const UNREACHABLE: u8 = 4;
const LOCAL: u8 = 5;

/// Why a command failed.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// The server says no.
    Refused(Problem),
    /// The command makes no sense.
    Usage(String),
    /// There is no session, or no longer.
    NotSignedIn(String),
    /// The server does not answer.
    Unreachable(String),
    /// Files, data, the terminal.
    Local(String),
}

impl std::error::Error for Failure {}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(problem) => f.write_str(&problem.message),
            Self::Usage(message)
            | Self::NotSignedIn(message)
            | Self::Unreachable(message)
            | Self::Local(message) => f.write_str(message),
        }
    }
}

impl Failure {
    /// The exit code.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Refused(_) => REFUSED,
            Self::Usage(_) => USAGE,
            Self::NotSignedIn(_) => NOT_SIGNED_IN,
            Self::Unreachable(_) => UNREACHABLE,
            Self::Local(_) => LOCAL,
        }
    }

    /// As a problem, the form in which errors are told.
    pub(crate) fn problem(&self) -> Problem {
        let code = match self {
            Self::Refused(problem) => return problem.clone(),
            Self::Usage(_) => "client.usage",
            Self::NotSignedIn(_) => "client.not_signed_in",
            Self::Unreachable(_) => "client.unreachable",
            Self::Local(_) => "client.local",
        };
        Problem::new(code, self.to_string())
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Client(error) => error.into(),
            FileError::Local { .. } | FileError::Damaged => Self::Local(error.to_string()),
        }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Refused(problem) => Self::Refused(problem),
            ClientError::Stopped(problem) if signed_out(&problem) => {
                let message = format!("{}: sign in again with kith login", problem.message);
                Self::NotSignedIn(message)
            }
            ClientError::Stopped(problem) => Self::Refused(problem),
            ClientError::Unreachable(error) => error.into(),
            ClientError::Address(error) => error.into(),
            ClientError::NotConnected | ClientError::Closed | ClientError::Unknown => {
                Self::Unreachable(error.to_string())
            }
            ClientError::Unexpected | ClientError::Ended | ClientError::NoRandomness => {
                Self::Local(error.to_string())
            }
        }
    }
}

fn signed_out(problem: &Problem) -> bool {
    matches!(problem.code.as_str(), "auth.failed" | "session.revoked")
}

impl From<TransportError> for Failure {
    fn from(error: TransportError) -> Self {
        Self::Unreachable(error.to_string())
    }
}

impl From<AddressError> for Failure {
    fn from(error: AddressError) -> Self {
        Self::Usage(error.to_string())
    }
}

/// What the rules say of a text before the server has to.
impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Problem::from(&refusal))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_exit_code() {
        let refused = ClientError::Refused(Problem::new("stream.not_found", "no such stream"));
        let revoked = ClientError::Stopped(Problem::new("session.revoked", "it ended"));
        let abuse = ClientError::Stopped(Problem::new("client.abuse", "enough"));
        let (closed, local) = (ClientError::Closed, ClientError::NoRandomness);
        for (error, code) in [(refused, 1), (revoked, 3), (abuse, 1), (closed, 4), (local, 5)] {
            assert_eq!(Failure::from(error.clone()).exit_code(), code, "{error:?}");
        }
        assert_eq!(Failure::Usage(String::new()).exit_code(), 2);
    }
}
