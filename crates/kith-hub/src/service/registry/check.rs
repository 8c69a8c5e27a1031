//! What holds between the parts of the registry at any time, for tests.

use kith_core::service::{CALLS_MAX, WAITING_MAX};

use super::{Home, Registry, State, pick};
use crate::service::pick::Pick;

impl Registry {
    /// Whether nothing is left of anybody.
    pub(in crate::service) fn is_empty(&self) -> bool {
        let Self { services, parties, sessions, calls, due, out, stirred, .. } = self;
        services.is_empty()
            && parties.is_empty()
            && sessions.is_empty()
            && calls.is_empty()
            && due.is_empty()
            && out.is_empty()
            && stirred.is_empty()
    }

    /// Stops where one part says otherwise than another.
    pub(in crate::service) fn check(&mut self) {
        assert_eq!(self.due.len(), self.calls.len());
        for (number, call) in &self.calls {
            let caller = &self.parties[&call.caller.party];
            assert_eq!(caller.calls.get(&call.id), Some(number));
            let service = &self.services[&call.right.home()][&call.name];
            match call.state {
                State::With { party, number: served } => {
                    assert_eq!(self.parties[&party].serving.get(&served), Some(number));
                    assert!(service.providers.iter().any(|one| one.party == party));
                }
                State::Waiting(_) => assert!(service.waiting.contains(number)),
            }
        }
        for call in self.calls.values_mut() {
            if matches!(call.state, State::Waiting(_)) {
                let service = &self.services[&call.right.home()][&call.name];
                assert_eq!(pick(service, &self.parties, call), Pick::Later, "it waits for nothing");
            }
        }
        let all = self.services.iter().flat_map(|(home, services)| {
            services.iter().map(|(name, service)| ((*home, name.clone()), service))
        });
        for (place, service) in all {
            assert!(!service.providers.is_empty(), "{place:?} has no providers");
            for one in &service.providers {
                let party = &self.parties[&one.party];
                let calls = party.serving.values().map(|call| self.calls[call].place());
                assert_eq!(calls.filter(|other| *other == place).count(), one.busy as usize);
                assert!(party.offers.contains(&place));
                assert!(!matches!(place.0, Home::User(of) if of != one.user));
            }
            assert!(service.waiting.len() <= WAITING_MAX);
        }
        for (session, share) in &self.sessions {
            let parties = self.parties.values().filter(|party| party.session == *session);
            let (calls, offers) = parties.fold((0, 0), |(calls, offers), party| {
                (calls + party.calls.len(), offers + party.offers.len())
            });
            assert!(share.calls >= calls && share.calls <= CALLS_MAX);
            assert_eq!(share.offers, offers);
        }
    }
}
