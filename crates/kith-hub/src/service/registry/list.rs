//! Which calls are open.

use std::collections::BTreeSet;

use kith_core::id::{CircleId, UserId};
use kith_core::text::ServiceName;

use super::{Home, Registry, State};
use crate::service::told::OpenCall;

impl Registry {
    /// The open calls of a circle, the oldest first, at most `max`; and whether there are more.
    pub(in crate::service) fn open_calls(
        &self,
        circle: CircleId,
        max: usize,
        now_ms: u64,
    ) -> (Vec<OpenCall>, bool) {
        let mut numbers = BTreeSet::new();
        let shared = Home::Circle(circle);
        for service in self.services.get(&shared).into_iter().flatten().map(|(_, one)| one) {
            numbers.extend(service.waiting.iter().copied());
            let parties = service.providers.iter().filter_map(|one| self.parties.get(&one.party));
            // A connection may serve other circles as well.
            numbers.extend(parties.flat_map(|party| party.serving.values().copied()));
        }
        let mut calls = numbers
            .into_iter()
            .filter_map(|number| self.calls.get(&number))
            .filter(|call| call.right.home() == shared)
            .map(|call| OpenCall {
                name: call.name.clone(),
                user: call.caller.user,
                provider: match call.state {
                    State::With { party, .. } => self.user_of(circle, &call.name, party),
                    State::Waiting(_) => None,
                },
                age_ms: now_ms.saturating_sub(call.made_ms),
                left_ms: call.due_ms.saturating_sub(now_ms),
            });
        let listed = calls.by_ref().take(max).collect();
        let more = calls.next().is_some();
        (listed, more)
    }

    /// Whose the connection is that provides a service.
    fn user_of(&self, circle: CircleId, name: &ServiceName, party: u64) -> Option<UserId> {
        let service = self.services.get(&Home::Circle(circle))?.get(name)?;
        service.providers.iter().find(|one| one.party == party).map(|one| one.user)
    }
}
