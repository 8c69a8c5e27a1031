//! The providers of one service, and which of them gets a call.

use std::collections::{BTreeSet, VecDeque};

use kith_core::id::{SessionId, UserId};
use kith_core::service::{self, Policy, Provider as Wish};
use kith_core::text::{CallKey, Line};

/// One who offers a service.
#[derive(Debug)]
pub(super) struct Provider {
    pub(super) party: u64,
    pub(super) user: UserId,
    pub(super) session: SessionId,
    pub(super) at_once: u32,
    pub(super) about: Option<Line>,
    pub(super) hint: Option<Line>,
    /// Calls that it has.
    pub(super) busy: u32,
    /// It takes no more calls, and goes when those are done that it has.
    pub(super) leaving: bool,
    /// When it was last given a call, in calls of the service.
    last: u64,
}

impl Provider {
    pub(super) fn new(party: u64, user: UserId, session: SessionId) -> Self {
        let (about, hint) = (None, None);
        Self { party, user, session, at_once: 1, about, hint, busy: 0, leaving: false, last: 0 }
    }

    /// How much of what it can take it has.
    fn load(&self) -> u64 {
        (u64::from(self.busy) << 32) / u64::from(self.at_once.max(1))
    }
}

/// What decides who gets a call.
pub(super) struct Choice<'a> {
    pub(super) caller: UserId,
    pub(super) key: Option<&'a CallKey>,
    pub(super) wish: Option<Wish>,
    /// The users whose providers alone will do, where not all will.
    pub(super) users: Option<&'a BTreeSet<UserId>>,
}

impl Choice<'_> {
    fn fits(&self, one: &Provider) -> bool {
        let is_wanted = match self.wish {
            None => true,
            Some(Wish::Session(session)) => one.session == session,
            Some(Wish::User(user)) => one.user == user,
        };
        is_wanted && self.users.is_none_or(|users| users.contains(&one.user))
    }
}

/// Who gets a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pick {
    /// This party.
    Party(u64),
    /// Nobody yet: all who might have as many calls as they take.
    Later,
    /// Nobody who is here.
    Nobody,
}

/// One service.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) policy: Policy,
    /// In the order in which they came.
    pub(super) providers: Vec<Provider>,
    /// Calls that nobody has yet, in the order in which they came.
    pub(super) waiting: VecDeque<u64>,
    /// Counts how often providers came or went: what was chosen before is to be chosen again.
    pub(super) turns: u64,
    given: u64,
}

impl Service {
    pub(super) fn new(policy: Policy) -> Self {
        Self { policy, providers: Vec::new(), waiting: VecDeque::new(), turns: 0, given: 0 }
    }

    /// Those who take calls.
    pub(super) fn active(&self) -> impl Iterator<Item = &Provider> {
        self.providers.iter().filter(|one| !one.leaving)
    }

    pub(super) fn provider(&mut self, party: u64) -> Option<&mut Provider> {
        self.providers.iter_mut().find(|one| one.party == party)
    }

    /// Notes that a party was given a call.
    pub(super) fn give(&mut self, party: u64) {
        self.given += 1;
        let given = self.given;
        if let Some(provider) = self.provider(party) {
            provider.busy += 1;
            provider.last = given;
        }
    }

    /// Who gets a call; `full` says who cannot be given one whatever it takes. `owner` is what
    /// [`owner`](Self::owner) says, where the service is sticky.
    pub(super) fn pick(
        &self,
        choice: &Choice<'_>,
        owner: Option<u64>,
        full: impl Fn(u64) -> bool,
    ) -> Pick {
        let free = |one: &&Provider| one.busy < one.at_once && !full(one.party);
        let mut fitting = self.active().filter(|one| choice.fits(one)).peekable();
        if fitting.peek().is_none() {
            return Pick::Nobody;
        }
        let chosen = match self.policy {
            Policy::Any => fitting.filter(free).min_by_key(|one| (one.load(), one.last)),
            Policy::RoundRobin => fitting.filter(free).min_by_key(|one| one.last),
            Policy::Sticky => fitting.find(|one| Some(one.party) == owner).filter(free),
        };
        chosen.map_or(Pick::Later, |one| Pick::Party(one.party))
    }

    /// The one whose a sticky call is, whether it takes one now or not.
    pub(super) fn owner(&self, choice: &Choice<'_>) -> Option<u64> {
        let fitting = self.active().filter(|one| choice.fits(one));
        fitting.max_by_key(|one| self.attraction(choice, one)).map(|one| one.party)
    }

    fn attraction(&self, choice: &Choice<'_>, one: &Provider) -> u64 {
        let same = self.providers.iter().take_while(|other| other.party != one.party);
        let place = same.filter(|other| other.session == one.session).count();
        service::attraction(choice.key, choice.caller, one.session, place)
    }
}
