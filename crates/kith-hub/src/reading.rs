//! Answers that are being made for somebody outside a mailbox, and what makes them void.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use kith_core::id::UserId;

use crate::Hub;

/// An answer in the making. Take it before the first look; when the user's access is taken while it
/// lives, it is stale, and what was looked up must not be sent.
#[derive(Clone, Debug, Default)]
pub struct Reading(Arc<AtomicBool>);

impl Reading {
    /// Whether access was taken since it began.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// All answers in the making.
#[derive(Default)]
pub(crate) struct Readings {
    users: Mutex<BTreeMap<UserId, Vec<Weak<AtomicBool>>>>,
}

impl Readings {
    fn users(&self) -> MutexGuard<'_, BTreeMap<UserId, Vec<Weak<AtomicBool>>>> {
        self.users.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the answers stale that are in the making for users whom `touches` names, and lets go of
    /// those that are sent.
    pub(crate) fn revoke(&self, touches: impl Fn(UserId) -> bool) {
        self.users().retain(|user, readings| {
            readings.retain(|reading| match reading.upgrade() {
                Some(stale) => {
                    if touches(*user) {
                        stale.store(true, Ordering::Release);
                    }
                    true
                }
                None => false,
            });
            !readings.is_empty()
        });
    }
}

/// Entries of one user after which those that are sent are let go.
const TIDY_AT: usize = 64;

impl Hub {
    /// Begins an answer for a user.
    #[must_use]
    pub fn reading(&self, user: UserId) -> Reading {
        let reading = Reading::default();
        let mut users = self.inner.readings.users();
        let mine = users.entry(user).or_default();
        if mine.len() >= TIDY_AT {
            mine.retain(|reading| reading.strong_count() > 0);
        }
        mine.push(Arc::downgrade(&reading.0));
        reading
    }
}
