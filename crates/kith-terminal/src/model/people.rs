//! Whose names are known, and whose are wanted.

use std::collections::{BTreeSet, HashMap};

use kith_core::document::User;
use kith_core::id::UserId;

/// Users that one question asks for, at most.
const ASK_MAX: usize = 200;
/// Users that are remembered; beyond, all are asked for again as they are met.
const KNOWN_MAX: usize = 20_000;

/// Whose names are known.
#[derive(Debug, Default)]
pub struct People {
    /// `None` for those whom the server does not tell of.
    known: HashMap<UserId, Option<User>>,
    wanted: BTreeSet<UserId>,
}

impl People {
    /// The unique name of a user, or the id as long as the name is not known.
    #[must_use]
    pub fn name(&self, user: UserId) -> String {
        match self.known.get(&user) {
            Some(Some(user)) => user.name.to_string(),
            _ => user.to_string(),
        }
    }

    /// The user, if known.
    #[must_use]
    pub fn get(&self, user: UserId) -> Option<&User> {
        self.known.get(&user)?.as_ref()
    }

    /// Whether asking for a name would tell nothing new.
    #[must_use]
    pub fn is_settled(&self, user: UserId) -> bool {
        self.known.contains_key(&user)
    }

    /// Everyone whose name is known.
    pub fn all(&self) -> impl Iterator<Item = &User> {
        self.known.values().flatten()
    }

    pub(super) fn learn(&mut self, user: User) {
        self.wanted.remove(&user.id);
        self.known.insert(user.id, Some(user));
    }

    /// These were asked for: who was not told of stays unknown.
    pub(super) fn learn_all(&mut self, asked: &[UserId], found: Vec<User>) {
        for user in asked {
            self.known.entry(*user).or_insert(None);
        }
        found.into_iter().for_each(|user| self.learn(user));
    }

    pub(super) fn want(&mut self, user: UserId) {
        if !self.known.contains_key(&user) {
            self.wanted.insert(user);
        }
    }

    pub(super) fn take_wanted(&mut self) -> Option<Vec<UserId>> {
        if self.known.len() > KNOWN_MAX {
            self.known.clear();
        }
        let some: Vec<UserId> = self.wanted.iter().copied().take(ASK_MAX).collect();
        self.wanted.retain(|user| !some.contains(user));
        (!some.is_empty()).then_some(some)
    }
}
