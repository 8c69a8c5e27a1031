//! Who is there, as one connection knows it, and what people are called.

use std::collections::HashSet;
use std::sync::Arc;

use kith_core::document::User;
use kith_core::id::UserId;
use kith_hub::{Hub, HubError};

/// Who of a circle is there beside oneself, in the order in which they came.
#[derive(Debug)]
pub(crate) struct Roster {
    me: UserId,
    order: Vec<UserId>,
    all: HashSet<UserId>,
}

impl Roster {
    pub(crate) fn new(me: UserId) -> Self {
        Self { me, order: Vec::new(), all: HashSet::new() }
    }

    /// Notes that somebody is there, or not; whether that is new.
    pub(crate) fn set(&mut self, user: UserId, there: bool) -> bool {
        if user == self.me {
            return false;
        }
        if there {
            let new = self.all.insert(user);
            if new {
                self.order.push(user);
            }
            return new;
        }
        let was = self.all.remove(&user);
        if was {
            self.order.retain(|one| *one != user);
        }
        was
    }

    /// In the order in which they came.
    pub(crate) fn users(&self) -> &[UserId] {
        &self.order
    }
}

/// A user of whom something may be told: the author of a message, somebody who is there.
pub(crate) async fn user(hub: &Hub, user: UserId) -> Result<Option<Arc<User>>, HubError> {
    hub.look_committed(|draft| draft.user(user)).await
}

#[cfg(test)]
mod tests {
    use kith_core::id::Timestamp;

    use super::*;

    #[test]
    fn who_comes_again_comes_last_and_nobody_comes_twice() {
        let [me, ana, bob] = [1, 2, 3].map(|n| UserId::new(Timestamp(n), 0));
        let mut roster = Roster::new(me);
        assert!(!roster.set(me, true), "oneself is not there for oneself");
        assert!(roster.set(ana, true) && roster.set(bob, true));
        assert!(!roster.set(ana, true));
        assert_eq!(roster.users(), [ana, bob]);
        assert!(roster.set(ana, false) && !roster.set(ana, false));
        assert!(roster.set(ana, true));
        assert_eq!(roster.users(), [bob, ana]);
    }
}
