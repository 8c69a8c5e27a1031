//! What the program has of the machine it runs on: its clock, its randomness, its exit codes.

use std::cell::RefCell;
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use kith_core::id::Timestamp;
use kith_hub::Environment;

/// Random numbers that were drawn from the system together: to draw is a system call.
struct Pool {
    numbers: [[u8; 16]; 64],
    /// How many are left; each is given out once.
    left: usize,
}

thread_local! {
    static POOL: RefCell<Pool> = const { RefCell::new(Pool { numbers: [[0; 16]; 64], left: 0 }) };
}

impl Pool {
    fn take(&mut self) -> u128 {
        if self.left == 0 {
            if let Err(error) = getrandom::fill(self.numbers.as_flattened_mut()) {
                // Tokens that can be guessed would be worse than no server.
                eprintln!("kith: the operating system gives no random numbers: {error}");
                std::process::abort();
            }
            self.left = self.numbers.len();
        }
        self.left -= 1;
        u128::from_le_bytes(std::mem::take(&mut self.numbers[self.left]))
    }
}

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
        POOL.with_borrow_mut(Pool::take)
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_random_number_comes_twice() {
        let drawn: HashSet<u128> = (0..1000).map(|_| SystemEnvironment.random()).collect();
        assert_eq!(drawn.len(), 1000);
        assert!(!drawn.contains(&0));
    }
}
