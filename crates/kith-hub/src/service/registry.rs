//! Who offers what, who calls whom, and what each is told: a state machine without time, locks or
//! sockets. Each call that was taken ends exactly once, whatever becomes of its provider.

#[cfg(test)]
mod check;
mod end;
mod list;
mod offers;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use kith_core::id::{CircleId, SessionId, StreamId, UserId};
use kith_core::refusal::Refusal;
use kith_core::service::{self, CALLS_MAX, CREDIT_MAX, Provider as Wish, WAITING_MAX};
use kith_core::text::{CallKey, ServiceName};
use serde_json::Value as Json;

use super::pick::{Choice, Pick, Service};
use super::told::{Answer, CallError, Called, Told, Wanted};
use crate::item::Grant;

/// Bytes of the calls of one provider beyond which it gets no more: they wait in its mailbox.
const SERVING_BYTES_MAX: usize = 512 * 1024;
/// For each so many bytes that it brings, a call counts as one more.
const UNIT_BYTES: usize = 16 * 1024;

/// A connection, or a single request, that offers or calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Who {
    /// A number that no other of this run has.
    pub(super) party: u64,
    pub(super) user: UserId,
    pub(super) session: SessionId,
}

/// Something for a party.
#[derive(Debug)]
pub(super) struct Effect {
    pub(super) party: u64,
    pub(super) right: Right,
    pub(super) told: Told,
    pub(super) bytes: usize,
    /// The provider whose answer it tells.
    pub(super) from: Option<u64>,
}

/// Whose services are: those of a circle, or the personal ones of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Home {
    Circle(CircleId),
    User(UserId),
}

/// By what right a call is made and served.
#[derive(Clone, Debug)]
pub(super) enum Right {
    /// That to call, and that to offer, in a circle.
    Circle(CircleId),
    /// That of two users who meet, to call a personal service of one of them.
    Pair {
        /// Whose the service is.
        of: UserId,
        /// The right of both.
        grant: Arc<Grant>,
    },
}

impl Right {
    fn home(&self) -> Home {
        match self {
            Self::Circle(circle) => Home::Circle(*circle),
            Self::Pair { of, .. } => Home::User(*of),
        }
    }
}

/// One service.
type Place = (Home, ServiceName);

#[derive(Debug)]
struct Party {
    session: SessionId,
    offers: BTreeSet<Place>,
    /// Its open calls, by the numbers that it gave them.
    calls: BTreeMap<u64, u64>,
    /// The calls that it has as a provider, by its numbers for them.
    serving: BTreeMap<u64, u64>,
    /// What those brought, in bytes.
    serving_bytes: usize,
    last_served: u64,
}

/// What the parties of a session have.
#[derive(Debug, Default)]
struct Share {
    offers: usize,
    /// Open calls, large ones counted several times.
    calls: usize,
}

#[derive(Debug)]
struct Call {
    right: Right,
    name: ServiceName,
    caller: Who,
    /// The number that the caller gave it.
    id: u64,
    key: Option<CallKey>,
    wish: Option<Wish>,
    stream: Option<StreamId>,
    made_ms: u64,
    due_ms: u64,
    credit: Option<u32>,
    progress: bool,
    guards: Option<Arc<BTreeSet<UserId>>>,
    bytes: usize,
    /// Whose it is where the service is sticky, and at which turn of it that was found.
    owner: Option<(u64, Option<u64>)>,
    state: State,
}

#[derive(Debug)]
enum State {
    Waiting(Json),
    /// This party has it, under this number.
    With {
        party: u64,
        number: u64,
    },
}

impl Call {
    fn place(&self) -> Place {
        (self.right.home(), self.name.clone())
    }

    fn choice(&self) -> Choice<'_> {
        let users = self.guards.as_deref();
        Choice { caller: self.caller.user, key: self.key.as_ref(), wish: self.wish, users }
    }
}

#[derive(Debug, Default)]
pub(super) struct Registry {
    services: HashMap<Home, BTreeMap<ServiceName, Service>>,
    parties: HashMap<u64, Party>,
    sessions: HashMap<SessionId, Share>,
    calls: HashMap<u64, Call>,
    /// The calls in the order in which their time is over.
    due: BTreeSet<(u64, u64)>,
    /// Counts the calls.
    last: u64,
    out: VecDeque<Effect>,
    /// Services for which somebody may have room again.
    stirred: BTreeSet<Place>,
    /// What is offered otherwise than it was told.
    changed: BTreeSet<Place>,
}

impl Registry {
    /// What is to be told next. In this order, or a result may come before its items.
    pub(super) fn next_effect(&mut self) -> Option<Effect> {
        self.out.pop_front()
    }

    /// The services that are offered to circles otherwise than before.
    pub(super) fn take_changed(&mut self) -> impl Iterator<Item = (CircleId, ServiceName)> + use<> {
        let changed = std::mem::take(&mut self.changed).into_iter();
        changed.filter_map(|(home, name)| match home {
            Home::Circle(circle) => Some((circle, name)),
            Home::User(_) => None,
        })
    }

    /// When the next call is over.
    pub(super) fn next_due(&self) -> Option<u64> {
        self.due.first().map(|(due_ms, _)| *due_ms)
    }

    /// Whose a service is, with the sessions.
    pub(super) fn providers(
        &self,
        circle: CircleId,
        name: &ServiceName,
    ) -> impl Iterator<Item = (UserId, SessionId)> {
        let all = self.services.get(&Home::Circle(circle));
        let service = all.and_then(|all| all.get(name));
        service.into_iter().flat_map(Service::active).map(|one| (one.user, one.session))
    }

    /// How many calls were made, and how many are open.
    pub(super) fn counts(&self) -> (u64, usize) {
        (self.last, self.calls.len())
    }

    /// Makes a call by a right that is there: who gets it is told, or it waits.
    ///
    /// # Errors
    /// `service.not_found`, `service.busy`, `call.open`, `limit.too_many`.
    pub(super) fn call(
        &mut self,
        who: Who,
        id: u64,
        wanted: Wanted,
        right: Right,
        bytes: usize,
        now_ms: u64,
    ) -> Result<(), Refusal> {
        let units = 1 + bytes / UNIT_BYTES;
        if self.parties.get(&who.party).is_some_and(|party| party.calls.contains_key(&id)) {
            return Err(Refusal::CallOpen);
        }
        let open = self.sessions.get(&who.session).map_or(0, |share| share.calls);
        if open + units > CALLS_MAX {
            return Err(Refusal::TooMany { max: CALLS_MAX });
        }
        if wanted.credit.is_some_and(|credit| credit > CREDIT_MAX) {
            return Err(Refusal::TooMany { max: CREDIT_MAX as usize });
        }
        let Wanted { name, args, key, provider: wish, stream, deadline_ms, .. } = wanted;
        let service = self.services.get(&right.home()).and_then(|all| all.get(&name));
        let service = service.ok_or(Refusal::NoSuchService)?;
        let mut call = Call {
            right,
            name,
            caller: who,
            id,
            key,
            wish,
            stream,
            made_ms: now_ms,
            due_ms: now_ms + u64::from(deadline_ms),
            credit: wanted.credit,
            progress: wanted.progress,
            guards: wanted.guards,
            bytes,
            owner: None,
            state: State::Waiting(args),
        };
        let picked = pick(service, &self.parties, &mut call);
        match picked {
            Pick::Nobody => return Err(Refusal::NoSuchService),
            Pick::Later if service.waiting.len() >= WAITING_MAX => {
                return Err(Refusal::ServiceBusy);
            }
            Pick::Later | Pick::Party(_) => {}
        }
        self.last += 1;
        let number = self.last;
        self.due.insert((call.due_ms, number));
        self.sessions.entry(who.session).or_default().calls += units;
        self.enter(who).calls.insert(id, number);
        let place = call.place();
        self.calls.insert(number, call);
        match picked {
            Pick::Party(party) => self.give(number, party, now_ms),
            Pick::Later | Pick::Nobody => {
                if let Some(service) = self.service(&place) {
                    service.waiting.push_back(number);
                }
            }
        }
        Ok(())
    }

    /// The caller takes more items.
    ///
    /// # Errors
    /// `call.not_found` where there is no such call or no stream was asked for, `limit.too_many`.
    pub(super) fn credit(&mut self, party: u64, id: u64, more: u32) -> Result<(), Refusal> {
        let number = self.number_of(party, id)?;
        let call = self.calls.get_mut(&number).ok_or(Refusal::NoSuchCall)?;
        let credit = call.credit.as_mut().ok_or(Refusal::NoSuchCall)?;
        let sum = credit.checked_add(more).filter(|sum| *sum <= CREDIT_MAX);
        *credit = sum.ok_or(Refusal::TooMany { max: CREDIT_MAX as usize })?;
        if let State::With { party, number } = call.state {
            let (right, told) = (call.right.clone(), Told::Credit { call: number, more });
            self.tell(party, right, told, 0);
        }
        Ok(())
    }

    /// The caller wants it no longer.
    ///
    /// # Errors
    /// `call.not_found`.
    pub(super) fn cancel(&mut self, party: u64, id: u64, now_ms: u64) -> Result<(), Refusal> {
        let number = self.number_of(party, id)?;
        self.refuse(number, Refusal::CallCancelled);
        self.go_on(now_ms);
        Ok(())
    }

    /// A provider says something of a call.
    ///
    /// # Errors
    /// `call.not_found` when it has no such call, or no longer; `service.no_credit`.
    pub(super) fn answer(
        &mut self,
        party: u64,
        number: u64,
        answer: Answer,
        bytes: usize,
        now_ms: u64,
    ) -> Result<(), Refusal> {
        let served = self.parties.get(&party).and_then(|party| party.serving.get(&number));
        let number = *served.ok_or(Refusal::NoSuchCall)?;
        let call = self.calls.get_mut(&number).ok_or(Refusal::NoSuchCall)?;
        let (caller, right, id) = (call.caller.party, call.right.clone(), call.id);
        let result = match answer {
            Answer::Item(value) => {
                let credit = call.credit.as_mut().filter(|credit| **credit > 0);
                *credit.ok_or(Refusal::NoCredit)? -= 1;
                self.tell(caller, right, Told::Item { id, value }, bytes);
                return Ok(());
            }
            Answer::Progress(value) => {
                if call.progress {
                    self.tell(caller, right, Told::Progress { id, value }, bytes);
                }
                return Ok(());
            }
            Answer::Done(value) => Ok(value),
            Answer::Failed(failure) => Err(CallError::Failed(Box::new(failure))),
        };
        self.end(number, result, bytes, None);
        self.go_on(now_ms);
        Ok(())
    }

    fn number_of(&self, party: u64, id: u64) -> Result<u64, Refusal> {
        let party = self.parties.get(&party);
        party.and_then(|party| party.calls.get(&id).copied()).ok_or(Refusal::NoSuchCall)
    }

    fn enter(&mut self, who: Who) -> &mut Party {
        self.parties.entry(who.party).or_insert_with(|| Party {
            session: who.session,
            offers: BTreeSet::new(),
            calls: BTreeMap::new(),
            serving: BTreeMap::new(),
            serving_bytes: 0,
            last_served: 0,
        })
    }

    fn service(&mut self, (home, name): &Place) -> Option<&mut Service> {
        self.services.get_mut(home)?.get_mut(name)
    }

    fn tell(&mut self, party: u64, right: Right, told: Told, bytes: usize) {
        self.out.push_back(Effect { party, right, told, bytes, from: None });
    }

    /// Gives a call that nobody has to a party that can take it.
    fn give(&mut self, number: u64, party: u64, now_ms: u64) {
        let Some(call) = self.calls.get_mut(&number) else { return };
        let Some(server) = self.parties.get_mut(&party) else { return };
        server.last_served += 1;
        server.serving_bytes += call.bytes;
        server.serving.insert(server.last_served, number);
        let with = State::With { party, number: server.last_served };
        let State::Waiting(args) = std::mem::replace(&mut call.state, with) else { return };
        let called = Called {
            call: server.last_served,
            circle: match call.right {
                Right::Circle(circle) => Some(circle),
                Right::Pair { .. } => None,
            },
            name: call.name.clone(),
            args,
            user: call.caller.user,
            session: call.caller.session,
            stream: call.stream,
            key: call.key.clone(),
            deadline_ms: call.due_ms.saturating_sub(now_ms),
            credit: call.credit,
            progress: call.progress,
            guard: call.guards.is_some(),
        };
        let (place, right, bytes) = (call.place(), call.right.clone(), call.bytes);
        if let Some(service) = self.service(&place) {
            service.give(party);
        }
        self.tell(party, right, Told::Called(Box::new(called)), bytes);
    }
}

/// Who gets a call.
fn pick(service: &Service, parties: &HashMap<u64, Party>, call: &mut Call) -> Pick {
    let mut owner = None;
    if service.policy == service::Policy::Sticky {
        owner = match call.owner {
            Some((turns, owner)) if turns == service.turns => owner,
            _ => service.owner(&call.choice()),
        };
        call.owner = Some((service.turns, owner));
    }
    let full = |party: u64| {
        parties.get(&party).is_none_or(|party| party.serving_bytes >= SERVING_BYTES_MAX)
    };
    service.pick(&call.choice(), owner, full)
}
