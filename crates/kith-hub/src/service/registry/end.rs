//! Calls end: by their answer, by their caller, by time, or because somebody is gone.

use std::sync::Arc;

use kith_core::id::{CircleId, SessionId};
use kith_core::refusal::Refusal;
use serde_json::Value as Json;

use super::{Effect, Registry, Right, SERVING_BYTES_MAX, State, UNIT_BYTES};
use crate::item::Grant;
use crate::service::told::{CallError, Told, Why};

impl Registry {
    /// Ends a call. The caller is told, and the provider where it is not the one who ended it.
    pub(super) fn end(
        &mut self,
        number: u64,
        result: Result<Json, CallError>,
        bytes: usize,
        why: Option<Why>,
    ) {
        let Some(call) = self.calls.remove(&number) else { return };
        self.due.remove(&(call.due_ms, number));
        let place = call.place();
        let (caller, right, id) = (call.caller, call.right, call.id);
        if let Some(share) = self.sessions.get_mut(&caller.session) {
            share.calls -= 1 + call.bytes / UNIT_BYTES;
        }
        self.tidy_session(caller.session);
        if let Some(party) = self.parties.get_mut(&caller.party) {
            party.calls.remove(&id);
            let from = match call.state {
                State::With { party, .. } => Some(party),
                State::Waiting(_) => None,
            };
            let told = Told::Ended { id, result };
            self.out.push_back(Effect {
                party: caller.party,
                right: right.clone(),
                told,
                bytes,
                from,
            });
        }
        let State::With { party, number } = call.state else {
            if let Some(service) = self.service(&place) {
                service.waiting.retain(|other| *other != number);
            }
            return;
        };
        if let Some(server) = self.parties.get_mut(&party) {
            server.serving.remove(&number);
            if server.serving_bytes >= SERVING_BYTES_MAX {
                // It may have room for calls of other services as well.
                self.stirred.extend(server.offers.iter().cloned());
            }
            server.serving_bytes -= call.bytes;
            if let Some(why) = why {
                self.tell(party, right, Told::Cancelled { call: number, why }, 0);
            }
        }
        if let Some(service) = self.service(&place)
            && let Some(provider) = service.provider(party)
        {
            provider.busy -= 1;
            if provider.leaving && provider.busy == 0 {
                self.remove_provider(party, &place);
            }
        }
        self.stirred.insert(place);
    }

    /// Ends a call that its caller or the time ends.
    pub(super) fn refuse(&mut self, number: u64, refusal: Refusal) {
        let Some(call) = self.calls.get(&number) else { return };
        let unknown = matches!(call.state, State::With { .. });
        let why = match refusal {
            Refusal::CallCancelled => Why::Cancelled,
            Refusal::ServiceLate => Why::Late,
            _ => Why::Gone,
        };
        self.end(number, Err(CallError::Refused { refusal, unknown }), 0, Some(why));
    }

    /// Ends a call whose provider is gone.
    pub(super) fn gone(&mut self, number: u64) {
        let refusal = Refusal::ServiceGone;
        self.end(number, Err(CallError::Refused { refusal, unknown: true }), 0, Some(Why::Gone));
    }

    /// Ends a call whose caller does not take what it is given.
    pub(in crate::service) fn too_slow(&mut self, party: u64, id: u64, now_ms: u64) {
        if let Ok(number) = self.number_of(party, id) {
            self.refuse(number, Refusal::CallerTooSlow);
            self.go_on(now_ms);
        }
    }

    /// Ends all calls of a party in a circle.
    pub(in crate::service) fn forbid_calls(
        &mut self,
        party: u64,
        circle: CircleId,
        refusal: &Refusal,
        now_ms: u64,
    ) {
        let Some(calls) = self.parties.get(&party).map(|party| &party.calls) else { return };
        for number in calls.values().copied().collect::<Vec<_>>() {
            let right = self.calls.get(&number).map(|call| &call.right);
            if matches!(right, Some(Right::Circle(other)) if *other == circle) {
                self.refuse(number, refusal.clone());
            }
        }
        self.go_on(now_ms);
    }

    /// Ends all calls of two users who meet no longer, as if the one who was called was gone.
    pub(in crate::service) fn part(&mut self, grant: &Arc<Grant>, now_ms: u64) {
        let is_meant = |right: &Right| match right {
            Right::Pair { grant: other, .. } => Arc::ptr_eq(grant, other),
            Right::Circle(_) => false,
        };
        let calls = self.calls.iter().filter(|(_, call)| is_meant(&call.right));
        let mut numbers: Vec<u64> = calls.map(|(number, _)| *number).collect();
        numbers.sort_unstable();
        for number in numbers {
            match self.calls.get(&number).map(|call| &call.state) {
                Some(State::Waiting(_)) => self.refuse(number, Refusal::NoSuchService),
                Some(State::With { .. }) => self.gone(number),
                None => {}
            }
        }
        self.go_on(now_ms);
    }

    /// Lets a party go: its calls end, and its offers with the calls that it has.
    pub(in crate::service) fn leave(&mut self, party: u64, now_ms: u64) {
        let Some(left) = self.parties.get(&party) else { return };
        let calls: Vec<u64> = left.calls.values().copied().collect();
        let offers = left.offers.clone();
        for number in calls {
            self.refuse(number, Refusal::AccessChanged);
        }
        for place in offers {
            self.remove(party, &place);
        }
        self.parties.remove(&party);
        self.out.retain(|effect| effect.party != party);
        self.go_on(now_ms);
    }

    /// Ends the calls whose time is over.
    pub(in crate::service) fn expire(&mut self, now_ms: u64) {
        while let Some((due_ms, number)) = self.due.first().copied()
            && due_ms <= now_ms
        {
            self.refuse(number, Refusal::ServiceLate);
        }
        self.go_on(now_ms);
    }

    pub(super) fn tidy_session(&mut self, session: SessionId) {
        if self.sessions.get(&session).is_some_and(|share| share.calls == 0 && share.offers == 0) {
            self.sessions.remove(&session);
        }
    }
}
