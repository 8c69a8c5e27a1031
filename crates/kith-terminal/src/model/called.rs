//! What people are called, and how they are told apart.

use kith_core::id::UserId;

use super::Model;

/// What somebody is shown as.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Called {
    /// Their nickname in the circle, else their display name; the unique name, or the id, as long as
    /// no more is known.
    pub shown: String,
    /// The unique name, where that is another: anybody can be shown as anything.
    pub name: Option<String>,
}

impl Model {
    /// What a user is called where the user is.
    #[must_use]
    pub fn called(&self, user: UserId) -> Called {
        let name = self.people().name(user);
        let member = self.circle_here().and_then(|view| view.members.get(&user));
        let nickname = member.and_then(|member| member.nickname.as_ref()).map(ToString::to_string);
        let display = || self.people().get(user).map(|user| user.display_name.to_string());
        match nickname.or_else(display) {
            Some(shown) if !shown.eq_ignore_ascii_case(&name) => Called { shown, name: Some(name) },
            _ => Called { shown: name, name: None },
        }
    }
}
