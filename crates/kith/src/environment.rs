//! What the program has of the machine it runs on: its clock, its randomness, its exit codes.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use kith_core::id::Timestamp;
use kith_hub::Environment;

/// The clock and the randomness of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SystemEnvironment;

impl Environment for SystemEnvironment {
    fn now(&self) -> Timestamp {
        // A clock before 1970 is wrong either way.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    fn random(&self) -> u128 {
        let mut bytes = [0; 16];
        if let Err(error) = getrandom::fill(&mut bytes) {
            // Tokens that can be guessed would be worse than no server.
            eprintln!("kith: the operating system gives no random numbers: {error}");
            std::process::abort();
        }
        u128::from_le_bytes(bytes)
    }
}

/// The command was not understood, or the configuration is not valid.
pub(crate) const EXIT_USAGE: u8 = 2;
/// The data could not be used: it is in use, damaged, missing, or the disk failed.
pub(crate) const EXIT_DATA: u8 = 5;

/// An error that says with which code the program exits.
#[derive(Clone, Debug)]
pub(crate) struct Exit {
    /// The code.
    pub(crate) code: u8,
    message: String,
}

impl Exit {
    /// The configuration is not valid.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { code: EXIT_USAGE, message: message.into() }
    }

    /// The data could not be used.
    pub(crate) fn data(message: impl Into<String>) -> Self {
        Self { code: EXIT_DATA, message: message.into() }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Exit {}
