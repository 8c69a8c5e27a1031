//! Offers come and go.

use std::collections::btree_map::Entry;

use kith_core::id::{CircleId, UserId};
use kith_core::refusal::Refusal;
use kith_core::service::{OFFERS_MAX, PROVIDERS_MAX, Policy, SERVICES_MAX};
use kith_core::text::ServiceName;

use super::{Home, Place, Registry, Right, State, Who};
use crate::service::pick::{Pick, Provider, Service};
use crate::service::told::{Card, Offer, Told};

impl Registry {
    /// Offers a service, or offers it otherwise than before.
    ///
    /// # Errors
    /// `service.other_policy`, `limit.too_many`.
    pub(in crate::service) fn offer(
        &mut self,
        who: Who,
        offer: Offer,
        now_ms: u64,
    ) -> Result<(), Refusal> {
        let Offer { circle, name, policy, at_once, about, hint } = offer;
        let home = circle.map_or(Home::User(who.user), Home::Circle);
        let services = self.services.entry(home).or_default();
        let count = services.len();
        let service = match services.entry(name.clone()) {
            Entry::Vacant(_) if count >= SERVICES_MAX => {
                return Err(Refusal::TooMany { max: SERVICES_MAX });
            }
            Entry::Vacant(place) => place.insert(Service::new(policy)),
            Entry::Occupied(place) => place.into_mut(),
        };
        let known = service.providers.iter().any(|one| one.party == who.party);
        // Its policy is everybody's; whoever offers it alone may have another.
        let others = service.active().any(|one| one.party != who.party);
        let share = self.sessions.entry(who.session).or_default();
        let refused = if others && service.policy != policy {
            Some(Refusal::OtherPolicy)
        } else if !known && service.providers.len() >= PROVIDERS_MAX {
            Some(Refusal::TooMany { max: PROVIDERS_MAX })
        } else if !known && share.offers >= OFFERS_MAX {
            Some(Refusal::TooMany { max: OFFERS_MAX })
        } else {
            None
        };
        let place = (home, name);
        if let Some(refusal) = refused {
            self.tidy_session(who.session);
            self.tidy_service(&place);
            return Err(refusal);
        }
        service.policy = policy;
        service.turns += 1;
        if !known {
            share.offers += 1;
            service.providers.push(Provider::new(who.party, who.user, who.session));
        }
        if let Some(provider) = service.provider(who.party) {
            provider.at_once = at_once;
            provider.about = about;
            provider.hint = hint;
            provider.leaving = false;
        }
        self.enter(who).offers.insert(place.clone());
        self.changed.insert(place);
        self.go_on(now_ms);
        Ok(())
    }

    /// Offers a service no longer. Calls that the provider has go on, unless it wants them to end
    /// `now`.
    ///
    /// # Errors
    /// `service.not_found` when it does not offer it.
    pub(in crate::service) fn withdraw(
        &mut self,
        party: u64,
        circle: Option<CircleId>,
        name: &ServiceName,
        now: bool,
        now_ms: u64,
    ) -> Result<(), Refusal> {
        let mut offers = self.parties.get(&party).into_iter().flat_map(|party| &party.offers);
        let is_meant = |home: &Home| match home {
            Home::Circle(other) => circle == Some(*other),
            // A party offers those of its own user alone.
            Home::User(_) => circle.is_none(),
        };
        let place = offers.find(|(home, other)| is_meant(home) && other == name).cloned();
        let place = &place.ok_or(Refusal::NoSuchService)?;
        let service = self.service(place).ok_or(Refusal::NoSuchService)?;
        let provider = service.provider(party).ok_or(Refusal::NoSuchService)?;
        if now || provider.busy == 0 {
            self.remove(party, place);
        } else {
            provider.leaving = true;
            service.turns += 1;
            self.changed.insert(place.clone());
        }
        self.go_on(now_ms);
        Ok(())
    }

    /// Takes all offers of a party in a circle, and ends the calls that it has of them.
    pub(in crate::service) fn forbid_offers(
        &mut self,
        party: u64,
        circle: CircleId,
        refusal: &Refusal,
        now_ms: u64,
    ) {
        let offers = self.parties.get(&party).map(|party| party.offers.clone());
        let home = Home::Circle(circle);
        for place in offers.into_iter().flatten().filter(|(other, _)| *other == home) {
            self.remove(party, &place);
            let (refusal, name) = (refusal.clone(), place.1);
            self.tell(party, Right::Circle(circle), Told::Withdrawn { circle, name, refusal }, 0);
        }
        self.go_on(now_ms);
    }

    /// Takes an offer, and ends the calls that the party has of it.
    pub(super) fn remove(&mut self, party: u64, place: &Place) {
        let Some(found) = self.parties.get_mut(&party) else { return };
        if !found.offers.remove(place) {
            return;
        }
        let serving: Vec<u64> = found.serving.values().copied().collect();
        for number in serving {
            if self.calls.get(&number).is_some_and(|call| call.place() == *place) {
                self.gone(number);
            }
        }
        self.remove_provider(party, place);
    }

    pub(super) fn remove_provider(&mut self, party: u64, place: &Place) {
        let Some(service) = self.service(place) else { return };
        let before = service.providers.len();
        service.providers.retain(|one| one.party != party);
        if service.providers.len() == before {
            return;
        }
        service.turns += 1;
        self.changed.insert(place.clone());
        if let Some(party) = self.parties.get_mut(&party) {
            party.offers.remove(place);
            let session = party.session;
            if let Some(share) = self.sessions.get_mut(&session) {
                share.offers -= 1;
            }
            self.tidy_session(session);
        }
    }

    /// Gives what waits to those who have room now, and lets go of what nobody offers any more.
    pub(super) fn go_on(&mut self, now_ms: u64) {
        let changed = std::mem::take(&mut self.stirred);
        for place in changed.iter().chain(&self.changed.clone()) {
            self.dispatch(place, now_ms);
            self.tidy_service(place);
        }
    }

    fn tidy_service(&mut self, place: &Place) {
        let Some(services) = self.services.get_mut(&place.0) else { return };
        if services.get(&place.1).is_some_and(|service| service.providers.is_empty()) {
            services.remove(&place.1);
        }
        if services.is_empty() {
            self.services.remove(&place.0);
        }
    }

    /// A service as it is told; without providers when nobody offers it.
    pub(in crate::service) fn card(&self, circle: CircleId, name: &ServiceName) -> Card {
        let all = self.services.get(&Home::Circle(circle));
        let service = all.and_then(|all| all.get(name));
        let first = service.and_then(|service| service.active().next());
        Card {
            circle,
            name: name.clone(),
            policy: service.map(|service| service.policy).unwrap_or_default(),
            providers: service.map_or(0, |service| service.active().count()),
            about: first.and_then(|one| one.about.clone()),
            hint: first.and_then(|one| one.hint.clone()),
        }
    }

    /// The services of a circle whose names begin like this, in the order of their names.
    pub(in crate::service) fn list(&self, circle: CircleId, begin: &str) -> Vec<Card> {
        let services = self.services.get(&Home::Circle(circle)).into_iter().flatten();
        let named = services.map(|(name, _)| name).filter(|name| name.as_str().starts_with(begin));
        named.map(|name| self.card(circle, name)).filter(|card| card.providers > 0).collect()
    }

    /// The names of the personal services of a user that begin like this, in their order.
    pub(in crate::service) fn reach(
        &self,
        of: UserId,
        begin: &str,
    ) -> impl Iterator<Item = ServiceName> {
        let services = self.services.get(&Home::User(of)).into_iter().flatten();
        let active = services.filter(|(_, service)| service.active().next().is_some());
        let named = active.filter(move |(name, _)| name.as_str().starts_with(begin));
        named.map(|(name, _)| name.clone())
    }

    /// Gives what waits for a service to those who have room.
    fn dispatch(&mut self, place: &Place, now_ms: u64) {
        let Some(service) = self.service(place) else { return };
        let waiting: Vec<u64> = std::mem::take(&mut service.waiting).into();
        let (mut kept, mut all_full) = (Vec::new(), false);
        for number in waiting {
            let service = self.services.get(&place.0).and_then(|all| all.get(&place.1));
            let (Some(call), Some(service)) = (self.calls.get_mut(&number), service) else {
                continue;
            };
            if !matches!(call.state, State::Waiting(_)) {
                continue;
            }
            // Where one that anybody might have finds no room, none does.
            let anybody = call.wish.is_none() && service.policy != Policy::Sticky;
            let picked = match anybody && all_full {
                true => Pick::Later,
                false => super::pick(service, &self.parties, call),
            };
            match picked {
                Pick::Party(party) => self.give(number, party, now_ms),
                Pick::Later => {
                    all_full |= anybody;
                    kept.push(number);
                }
                Pick::Nobody => self.refuse(number, Refusal::NoSuchService),
            }
        }
        if let Some(service) = self.service(place) {
            service.waiting.extend(kept);
        }
    }
}
