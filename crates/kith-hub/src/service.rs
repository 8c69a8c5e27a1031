//! Services: functions that connections offer to a circle and others call. All of it is in memory,
//! as presence is: what is offered goes with the connection that offers it.
//!
//! What is told goes out under the registry's lock, so that it arrives in the order in which it was
//! decided. Rights are looked up before; when some were taken meanwhile, they are looked up again.

mod guard;
mod own;
mod pairs;
mod pick;
mod recheck;
mod registry;
mod seat;
#[cfg(test)]
mod tests;
mod told;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use kith_core::access;
use kith_core::decide::service as rules;
use kith_core::draft::{Draft, Stop};
use kith_core::id::{CircleId, SessionId, UserId};
use kith_core::refusal::Refusal;
use kith_core::service::{self, Provider};
use kith_core::text::ServiceName;
use serde_json::Value as Json;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use crate::subscriber::Subscriber;
use crate::{Hub, HubError, Inner};
use pairs::{Pair, Pairs};
use registry::{Registry, Right, Who};
use seat::{Outlet, Seat};

pub(crate) use recheck::recheck;
pub use told::{Answer, CallError, Called, Card, Offer, OpenCall, Told, Wanted, Why};

/// Turns to look rights up that others change meanwhile.
const TURNS_MAX: usize = 100;

/// Everything that is offered and called.
pub(crate) struct Services {
    inside: Mutex<Inside>,
    /// Counts the times that rights may have been taken.
    revocations: AtomicU64,
    /// Some call is over sooner than those before, or the hub is gone.
    sooner: Arc<Notify>,
    started: Instant,
}

#[derive(Default)]
struct Inside {
    registry: Registry,
    seats: HashMap<u64, Seat>,
    pairs: Pairs,
}

impl Default for Services {
    fn default() -> Self {
        let (inside, revocations) = (Mutex::default(), AtomicU64::new(0));
        Self { inside, revocations, sooner: Arc::default(), started: Instant::now() }
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        self.sooner.notify_one();
    }
}

impl Services {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Changes what is offered and called, and tells everybody whom it concerns.
    fn change<T>(&self, inner: &Inner, change: impl FnOnce(&mut Inside, u64) -> T) -> T {
        let now_ms = self.now_ms();
        let mut inside = self.inside();
        let before = inside.registry.next_due();
        let result = change(&mut inside, now_ms);
        inside.deliver(now_ms);
        for (circle, name) in inside.registry.take_changed() {
            inner.fan.announce(&Arc::new(inside.registry.card(circle, &name)));
        }
        let after = inside.registry.next_due();
        drop(inside);
        if after.is_some_and(|after| before.is_none_or(|before| after < before)) {
            self.sooner.notify_one();
        }
        result
    }

    /// Lets a party go, with all that it offers and calls.
    pub(crate) fn leave(&self, inner: &Inner, party: u64) {
        self.change(inner, |inside, now_ms| inside.leave(party, now_ms));
    }
}

impl Inside {
    /// Puts what is to be told where it belongs.
    fn deliver(&mut self, now_ms: u64) {
        while let Some(effect) = self.registry.next_effect() {
            let party = effect.party;
            let provider = effect.from.and_then(|from| self.seats.get(&from)).map(|seat| seat.user);
            let Some(seat) = self.seats.get_mut(&party) else { continue };
            if let Err(id) = seat.tell(effect, provider) {
                self.registry.too_slow(party, id, now_ms);
            }
        }
    }

    fn leave(&mut self, party: u64, now_ms: u64) {
        self.seats.remove(&party);
        self.registry.leave(party, now_ms);
    }
}

/// Ends calls when their time is over, as long as the hub lives.
pub(crate) async fn expire(inner: Weak<Inner>) {
    loop {
        let (due, sooner) = {
            let Some(inner) = inner.upgrade() else { return };
            let services = &inner.services;
            services.change(&inner, |inside, now_ms| inside.registry.expire(now_ms));
            let due = services.inside().registry.next_due();
            let due = due.map(|due| services.started + Duration::from_millis(due));
            (due, Arc::clone(&services.sooner))
        };
        match due {
            None => sooner.notified().await,
            Some(due) => {
                // Whichever comes first.
                let _ = tokio::time::timeout_at(due, sooner.notified()).await;
            }
        }
    }
}

/// Who calls by a single request, or proposes something that a guard decides.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who.
    pub user: UserId,
    /// Under which session.
    pub session: SessionId,
    /// The hash of the session's token.
    pub token_hash: String,
}

/// Lets a party go when whoever waits for it does no longer.
struct Leaving<'a> {
    inner: &'a Inner,
    party: u64,
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.inner.services.leave(self.inner, self.party);
    }
}

impl Hub {
    /// Offers a service, until it is withdrawn or the connection ends; said again, it is offered
    /// as it was said last. A personal one is offered without a circle, by anyone.
    ///
    /// # Errors
    /// `input.empty` for a service that is not personal without a circle, `circle.not_found`,
    /// `permission.denied`, `member.timed_out`, `service.reserved`, `service.other_policy`,
    /// `limit.too_many`, or a failure of the store.
    pub async fn offer(
        &self,
        subscriber: &Arc<Subscriber>,
        mut offer: Offer,
    ) -> Result<(), HubError> {
        offer.at_once = offer.at_once.clamp(1, service::AT_ONCE_MAX);
        let who = who_of(subscriber);
        let (circle, name) = (offer.circle, offer.name.clone());
        if circle.is_none() && !name.is_personal() {
            return Err(Refusal::Empty { field: "circle" }.into());
        }
        let look = |draft: &Draft<'_>| match circle {
            Some(circle) => rules::may_offer(draft, who.user, circle, &name).map(drop),
            None => access::enabled(draft, who.user),
        };
        let outlet = Outlet::Connection(Arc::clone(subscriber));
        self.admitted(who, &subscriber.token_hash, outlet, look, |inside, now_ms| {
            inside.registry.offer(who, offer, now_ms)?;
            if let (Some(seat), Some(circle)) = (inside.seats.get_mut(&who.party), circle) {
                seat.allow_offers(circle);
            }
            Ok(())
        })
        .await
    }

    /// Offers a service no longer. The calls that the connection has of it go on, unless they shall
    /// end `now`.
    ///
    /// # Errors
    /// `service.not_found` when it does not offer it.
    pub fn withdraw(
        &self,
        subscriber: &Subscriber,
        circle: Option<CircleId>,
        name: &ServiceName,
        now: bool,
    ) -> Result<(), HubError> {
        let party = subscriber.id;
        self.said(|inside, now_ms| inside.registry.withdraw(party, circle, name, now, now_ms))
    }

    /// Calls a service. What comes of it is told under `id`, which the caller chose and has no other
    /// open call under. A personal service is called without a circle, of the user who is the
    /// `provider`.
    ///
    /// # Errors
    /// `input.empty` where the circle or that user is not said, `circle.not_found`,
    /// `permission.denied`, `member.timed_out`; what posting in the stream is refused with;
    /// `service.not_found`, `service.busy`, `service.too_large`, `call.open`, `limit.too_many`, or a
    /// failure of the store.
    pub async fn call(
        &self,
        subscriber: &Arc<Subscriber>,
        id: u64,
        wanted: Wanted,
    ) -> Result<(), HubError> {
        let outlet = Outlet::Connection(Arc::clone(subscriber));
        let wanted = Wanted { guards: None, ..wanted };
        self.make(who_of(subscriber), &subscriber.token_hash, outlet, id, wanted).await
    }

    /// Calls a service and waits for its result. When this is dropped, the call is cancelled.
    ///
    /// # Errors
    /// As [`call`](Self::call), and how the call ends without a result.
    pub async fn call_once(&self, caller: &Caller, wanted: Wanted) -> Result<Json, CallError> {
        let party = self.inner.presence.next_id();
        let who = Who { party, user: caller.user, session: caller.session };
        let _leaving = Leaving { inner: &self.inner, party };
        let (answer, answered) = oneshot::channel();
        let wanted = Wanted { credit: None, progress: false, guards: None, ..wanted };
        self.make(who, &caller.token_hash, Outlet::Once(Some(answer)), 0, wanted).await?;
        let ended = CallError::Refused { refusal: Refusal::AccessChanged, unknown: true };
        answered.await.map_or(Err(ended), |(result, _)| result)
    }

    async fn make(
        &self,
        who: Who,
        token_hash: &str,
        outlet: Outlet,
        id: u64,
        mut wanted: Wanted,
    ) -> Result<(), HubError> {
        let bytes = service::bytes_of(&wanted.args)?;
        wanted.deadline_ms = wanted.deadline_ms.clamp(1, service::DEADLINE_MS_MAX);
        let (name, stream) = (wanted.name.clone(), wanted.stream);
        if let Some(circle) = wanted.circle {
            let look = |draft: &Draft<'_>| {
                rules::may_call(draft, who.user, circle, &name, stream).map(drop)
            };
            let change = |inside: &mut Inside, now_ms| {
                if let Some(seat) = inside.seats.get_mut(&who.party) {
                    seat.allow_calls(circle);
                }
                let right = Right::Circle(circle);
                inside.registry.call(who, id, wanted, right, bytes, now_ms)
            };
            return self.admitted(who, token_hash, outlet, look, change).await;
        }
        if !name.is_personal() {
            return Err(Refusal::Empty { field: "circle" }.into());
        }
        let Some(Provider::User(of)) = wanted.provider else {
            return Err(Refusal::Empty { field: "provider" }.into());
        };
        let pair = Pair::new(who.user, of, self.meeting(who.user, of).await?);
        let look = |draft: &Draft<'_>| rules::may_meet(draft, pair.users, pair.at);
        self.admitted(who, token_hash, outlet, look, |inside, now_ms| {
            let right = Right::Pair { of, grant: inside.pairs.grant(pair) };
            inside.registry.call(who, id, wanted, right, bytes, now_ms)
        })
        .await
    }

    /// The caller of a stream takes `more` items.
    ///
    /// # Errors
    /// `call.not_found`, `limit.too_many`.
    pub fn credit(&self, subscriber: &Subscriber, id: u64, more: u32) -> Result<(), HubError> {
        self.said(|inside, _| inside.registry.credit(subscriber.id, id, more))
    }

    /// The caller wants a call no longer: it ends at once.
    ///
    /// # Errors
    /// `call.not_found`.
    pub fn cancel(&self, subscriber: &Subscriber, id: u64) -> Result<(), HubError> {
        self.said(|inside, now_ms| inside.registry.cancel(subscriber.id, id, now_ms))
    }

    /// A provider answers a call.
    ///
    /// # Errors
    /// `call.not_found` when it has none of this number, or no longer; `service.no_credit`,
    /// `service.too_large`.
    pub fn answer(
        &self,
        subscriber: &Subscriber,
        call: u64,
        answer: Answer,
    ) -> Result<(), HubError> {
        let bytes = match &answer {
            Answer::Item(value) | Answer::Progress(value) | Answer::Done(value) => value,
            Answer::Failed(failure) => &failure.data,
        };
        let bytes = service::bytes_of(bytes)?;
        let party = subscriber.id;
        self.said(|inside, now_ms| inside.registry.answer(party, call, answer, bytes, now_ms))
    }

    /// The services of a circle whose names begin like this, those of the server included, in the
    /// order of their names.
    ///
    /// # Errors
    /// `circle.not_found` to whoever is not in it.
    pub async fn services(
        &self,
        user: UserId,
        circle: CircleId,
        begin: &str,
    ) -> Result<Vec<Card>, HubError> {
        self.look(|draft| access::in_circle(draft, user, circle).map(drop)).await?;
        self.settled().await?;
        let mut all = own::cards(circle);
        all.retain(|card| card.name.as_str().starts_with(begin));
        all.extend(self.inner.services.inside().registry.list(circle, begin));
        all.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(all)
    }

    /// The open calls of services of a circle, the oldest first, at most `max`; and whether there are
    /// more. What they bring and give is between those who call and those who are called.
    ///
    /// # Errors
    /// `circle.not_found`, `permission.denied`, `member.timed_out` to whoever may not offer services.
    pub async fn open_calls(
        &self,
        user: UserId,
        circle: CircleId,
        max: usize,
    ) -> Result<(Vec<OpenCall>, bool), HubError> {
        self.look(|draft| access::to_offer(draft, user, circle).map(drop)).await?;
        self.settled().await?;
        let services = &self.inner.services;
        Ok(services.inside().registry.open_calls(circle, max, services.now_ms()))
    }

    /// How many calls were made, and how many are open.
    #[must_use]
    pub fn calls(&self) -> (u64, usize) {
        self.inner.services.inside().registry.counts()
    }

    fn said(
        &self,
        change: impl FnOnce(&mut Inside, u64) -> Result<(), Refusal>,
    ) -> Result<(), HubError> {
        self.inner.services.change(&self.inner, change).map_err(HubError::Refused)
    }

    /// Makes a change for somebody whom `look` lets, and who has not lost that right meanwhile.
    async fn admitted(
        &self,
        who: Who,
        token_hash: &str,
        outlet: Outlet,
        look: impl Fn(&Draft<'_>) -> Result<(), Stop>,
        change: impl FnOnce(&mut Inside, u64) -> Result<(), Refusal>,
    ) -> Result<(), HubError> {
        let services = &self.inner.services;
        let mut rest = Some((outlet, change));
        for _ in 0..TURNS_MAX {
            let version = services.revocations.load(Ordering::Acquire);
            self.look_committed(&look).await?;
            let done = services.change(&self.inner, |inside, now_ms| {
                if services.revocations.load(Ordering::Acquire) != version {
                    return None;
                }
                let (outlet, change) = rest.take()?;
                if outlet.is_over() {
                    return Some(Err(HubError::Closed));
                }
                let max = self.inner.limits.mailbox_bytes;
                let seat = || Seat::new(who.user, token_hash, outlet, max);
                inside.seats.entry(who.party).or_insert_with(seat);
                Some(change(inside, now_ms).map_err(HubError::Refused))
            });
            if let Some(done) = done {
                return done;
            }
        }
        Err(HubError::Busy)
    }
}

fn who_of(subscriber: &Subscriber) -> Who {
    Who { party: subscriber.id, user: subscriber.user, session: subscriber.session }
}
