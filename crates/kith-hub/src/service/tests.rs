//! The registry under anything that may be asked of it, in any order.

use std::collections::{BTreeMap, BTreeSet};

use kith_core::id::{CircleId, SessionId, Timestamp, UserId};
use kith_core::refusal::Refusal;
use kith_core::service::{CALLS_MAX, CREDIT_MAX, Meeting, Policy, Provider, WAITING_MAX};
use kith_core::text::{CallKey, ServiceName};
use proptest::prelude::*;
use serde_json::json;

use super::pairs::{Pair, Pairs};
use super::registry::{Registry, Right, Who};
use super::told::{Answer, CallError, Called, Offer, Told, Wanted};

mod personal;

fn circle() -> CircleId {
    CircleId::new(Timestamp(1), 1)
}

/// The circle of a service, if it is of one.
fn home(name: &ServiceName) -> Option<CircleId> {
    (!name.is_personal()).then(circle)
}

fn pair(one: u64, other: u64) -> Pair {
    Pair::new(who(one).user, who(other).user, Meeting::Circle(circle()))
}

/// Two parties each share a session, and two sessions each a user.
fn who(party: u64) -> Who {
    let session = SessionId::new(Timestamp(1), u128::from(party / 2));
    Who { party, user: UserId::new(Timestamp(1), u128::from(party / 4)), session }
}

fn name(number: u64) -> ServiceName {
    // One of three is personal.
    let tree = if number % 3 == 2 { "me" } else { "math" };
    ServiceName::parse(&format!("{tree}/{number}")).unwrap()
}

fn offer(service: u64, policy: Policy, at_once: u32) -> Offer {
    let name = name(service);
    Offer { circle: home(&name), name, policy, at_once, about: None, hint: None }
}

fn wanted(service: u64) -> Wanted {
    Wanted {
        circle: home(&name(service)),
        name: name(service),
        args: json!([service]),
        key: None,
        provider: None,
        stream: None,
        deadline_ms: 1000,
        credit: None,
        progress: false,
        guards: None,
    }
}

/// A registry, and everything that it told so far by party.
#[derive(Default)]
struct World {
    registry: Registry,
    pairs: Pairs,
    now_ms: u64,
    /// Calls that were taken and have not ended: by caller and its number for them, with the credit
    /// that is left.
    open: BTreeMap<(u64, u64), Option<u32>>,
    /// Calls as their providers have them: whose they are, and what can be taken at once.
    serving: BTreeMap<(u64, u64), ServiceName>,
    offers: BTreeMap<(u64, ServiceName), u32>,
    /// Who was given the calls, in order.
    given: Vec<(u64, Called)>,
    ended: Vec<(u64, u64, Result<(), Refusal>)>,
}

impl World {
    fn call(&mut self, party: u64, id: u64, wanted: Wanted) -> Result<(), Refusal> {
        let credit = wanted.credit;
        let right = match (wanted.circle, wanted.provider) {
            (Some(circle), _) => Right::Circle(circle),
            (None, Some(Provider::User(of))) => {
                let pair = Pair::new(who(party).user, of, Meeting::Circle(circle()));
                Right::Pair { of, grant: self.pairs.grant(pair) }
            }
            // Whoever calls a personal service says whose.
            (None, _) => return Err(Refusal::NoSuchService),
        };
        self.registry.call(who(party), id, wanted, right, 8, self.now_ms)?;
        assert!(self.open.insert((party, id), credit).is_none());
        self.listen();
        Ok(())
    }

    fn offer(&mut self, party: u64, offer: Offer) -> Result<(), Refusal> {
        let (name, at_once) = (offer.name.clone(), offer.at_once);
        self.registry.offer(who(party), offer, self.now_ms)?;
        self.offers.insert((party, name), at_once);
        self.listen();
        Ok(())
    }

    fn answer(&mut self, party: u64, call: u64, answer: Answer) -> Result<(), Refusal> {
        let last = matches!(answer, Answer::Done(_) | Answer::Failed(_));
        self.registry.answer(party, call, answer, 8, self.now_ms)?;
        if last {
            assert!(self.serving.remove(&(party, call)).is_some());
        }
        self.listen();
        Ok(())
    }

    fn leave(&mut self, party: u64) {
        self.open.retain(|(caller, _), _| *caller != party);
        self.serving.retain(|(provider, _), _| *provider != party);
        self.offers.retain(|(provider, _), _| *provider != party);
        self.registry.leave(party, self.now_ms);
        self.listen();
    }

    fn pass(&mut self, ms: u64) {
        self.now_ms += ms;
        self.registry.expire(self.now_ms);
        self.listen();
    }

    /// Hears what is told, and checks that it fits what was told before.
    fn listen(&mut self) {
        while let Some(effect) = self.registry.next_effect() {
            let party = effect.party;
            match effect.told {
                Told::Ended { id, result } => {
                    assert!(self.open.remove(&(party, id)).is_some(), "ended twice, or never was");
                    let result = result.map(drop).map_err(|error| match error {
                        CallError::Refused { refusal, .. } => refusal,
                        other => panic!("{other:?}"),
                    });
                    self.ended.push((party, id, result));
                }
                Told::Item { id, .. } => {
                    let credit = self.open.get_mut(&(party, id)).unwrap().as_mut().unwrap();
                    *credit = credit.checked_sub(1).expect("an item without credit");
                }
                Told::Progress { id, .. } => assert!(self.open.contains_key(&(party, id))),
                Told::Called(called) => {
                    let at_once = self.offers[&(party, called.name.clone())];
                    self.serving.insert((party, called.call), called.name.clone());
                    let busy = self.serving.iter().filter(|((provider, _), name)| {
                        *provider == party && **name == called.name
                    });
                    assert!(busy.count() <= at_once as usize, "more than it takes");
                    self.given.push((party, *called));
                }
                Told::Credit { call, .. } => assert!(self.serving.contains_key(&(party, call))),
                Told::Cancelled { call, .. } => {
                    assert!(self.serving.remove(&(party, call)).is_some(), "cancelled twice");
                }
                Told::Withdrawn { name, .. } => {
                    assert!(self.offers.remove(&(party, name)).is_some());
                }
            }
        }
        drop(self.registry.take_changed());
        assert_eq!(self.registry.counts().1, self.open.len());
        self.registry.check();
    }
}

#[derive(Clone, Debug)]
enum Step {
    Offer { party: u64, service: u64, policy: Policy, at_once: u32 },
    Withdraw { party: u64, service: u64, now: bool },
    Call { party: u64, id: u64, wanted: Wanted },
    Credit { party: u64, id: u64, more: u32 },
    Cancel { party: u64, id: u64 },
    Answer { which: usize, answer: Answer },
    Leave { party: u64 },
    ForbidCalls { party: u64 },
    ForbidOffers { party: u64 },
    Part { one: u64, other: u64 },
    Pass { ms: u64 },
}

fn policy() -> impl Strategy<Value = Policy> {
    prop_oneof![Just(Policy::Any), Just(Policy::RoundRobin), Just(Policy::Sticky)]
}

fn call() -> impl Strategy<Value = Step> {
    let wish = prop_oneof![
        4 => Just(None),
        1 => (0..8_u64).prop_map(|party| Some(Provider::Session(who(party).session))),
        1 => (0..8_u64).prop_map(|party| Some(Provider::User(who(party).user))),
    ];
    let credit = prop::option::of(0..4_u32);
    (0..8_u64, 0..6_u64, 0..3_u64, wish, credit, 1..40_u32, 0..5_u8).prop_map(
        |(party, id, service, provider, credit, deadline_ms, key)| {
            let key = (key > 0).then(|| CallKey::parse(&key.to_string()).unwrap());
            let wanted = Wanted { provider, credit, deadline_ms, key, ..wanted(service) };
            Step::Call { party, id, wanted }
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let answer = prop_oneof![
        Just(Answer::Done(json!(1))),
        Just(Answer::Item(json!(2))),
        Just(Answer::Progress(json!(3))),
    ];
    prop_oneof![
        3 => (0..8_u64, 0..3_u64, policy(), 1..3_u32).prop_map(|(party, service, policy, at_once)| {
            Step::Offer { party, service, policy, at_once }
        }),
        1 => (0..8_u64, 0..3_u64, any::<bool>()).prop_map(|(party, service, now)| {
            Step::Withdraw { party, service, now }
        }),
        8 => call(),
        1 => (0..8_u64, 0..6_u64, 0..4_u32).prop_map(|(party, id, more)| {
            Step::Credit { party, id, more }
        }),
        1 => (0..8_u64, 0..6_u64).prop_map(|(party, id)| Step::Cancel { party, id }),
        6 => (any::<usize>(), answer).prop_map(|(which, answer)| Step::Answer { which, answer }),
        1 => (0..8_u64).prop_map(|party| Step::Leave { party }),
        1 => (0..8_u64).prop_map(|party| Step::ForbidCalls { party }),
        1 => (0..8_u64).prop_map(|party| Step::ForbidOffers { party }),
        1 => (0..8_u64, 0..8_u64).prop_map(|(one, other)| Step::Part { one, other }),
        2 => (0..20_u64).prop_map(|ms| Step::Pass { ms }),
    ]
}

fn take(world: &mut World, step: Step) {
    // What is refused changes nothing, which the checks behind every step would notice.
    let now_ms = world.now_ms;
    match step {
        Step::Offer { party, service, policy, at_once } => {
            let _ = world.offer(party, offer(service, policy, at_once));
        }
        Step::Withdraw { party, service, now } => {
            let name = name(service);
            let _ = world.registry.withdraw(party, home(&name), &name, now, now_ms);
        }
        Step::Call { party, id, wanted } => {
            let _ = world.call(party, id, wanted);
        }
        Step::Credit { party, id, more } => {
            if world.registry.credit(party, id, more).is_ok() {
                *world.open.get_mut(&(party, id)).unwrap().as_mut().unwrap() += more;
            }
        }
        Step::Cancel { party, id } => {
            let known = world.open.contains_key(&(party, id));
            assert_eq!(world.registry.cancel(party, id, now_ms).is_ok(), known);
        }
        Step::Answer { which, answer } => {
            let count = world.serving.len().max(1);
            let served = world.serving.keys().nth(which % count).copied();
            if let Some((party, call)) = served {
                let _ = world.answer(party, call, answer);
                // Nobody answers what another was given.
                let stranger = Answer::Done(json!("forged"));
                let forged = world.registry.answer(party + 100, call, stranger, 8, now_ms);
                assert_eq!(forged, Err(Refusal::NoSuchCall));
            }
        }
        Step::Leave { party } => world.leave(party),
        Step::ForbidCalls { party } => {
            world.registry.forbid_calls(party, circle(), &Refusal::NoSuchCircle, now_ms);
            world.listen();
        }
        Step::ForbidOffers { party } => {
            world.registry.forbid_offers(party, circle(), &Refusal::NoSuchCircle, now_ms);
            world.listen();
            let mut served = world.serving.iter().filter(|((one, _), _)| *one == party);
            assert!(served.all(|(_, name)| name.is_personal()));
        }
        Step::Part { one, other } => {
            if let Some(grant) = world.pairs.part(pair(one, other)) {
                world.registry.part(&grant, now_ms);
                world.listen();
            }
        }
        Step::Pass { ms } => world.pass(ms),
    }
    world.listen();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn each_call_ends_exactly_once_and_nothing_is_left_behind(
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let mut world = World::default();
        steps.into_iter().for_each(|step| take(&mut world, step));
        // Time ends what nobody answers.
        world.pass(10_000);
        prop_assert!(world.open.is_empty() && world.serving.is_empty());
        (0..8).for_each(|party| world.leave(party));
        prop_assert!(world.registry.is_empty(), "{:?}", world.registry);
    }
}

/// Gives `count` calls of service 0 to providers who answer at once, and says who had them.
fn rounds(policy: Policy, count: u64, key: impl Fn(u64) -> Option<String>) -> Vec<u64> {
    let mut world = World::default();
    for party in [10, 12, 14] {
        world.offer(party, offer(0, policy, 4)).unwrap();
    }
    for id in 0..count {
        let key = key(id).map(|key| CallKey::parse(&key).unwrap());
        world.call(0, id, Wanted { key, ..wanted(0) }).unwrap();
        let (party, called) = world.given.last().unwrap().clone();
        world.answer(party, called.call, Answer::Done(json!(null))).unwrap();
    }
    world.given.iter().map(|(party, _)| *party).collect()
}

#[test]
fn one_after_another_is_just_that() {
    assert_eq!(rounds(Policy::RoundRobin, 7, |_| None), [10, 12, 14, 10, 12, 14, 10]);
}

#[test]
fn a_key_stays_with_its_provider() {
    let given = rounds(Policy::Sticky, 60, |id| Some(format!("key {}", id % 20)));
    assert_eq!((&given[..20], &given[20..40]), (&given[20..40], &given[40..]));
    assert_eq!(given.iter().collect::<BTreeSet<_>>().len(), 3, "{given:?}");
    let mine = rounds(Policy::Sticky, 10, |_| None);
    assert!(mine.iter().all(|party| *party == mine[0]), "{mine:?}");
}

#[test]
fn the_one_with_the_least_to_do_for_what_it_takes_is_next() {
    let mut world = World::default();
    world.offer(10, offer(0, Policy::Any, 1)).unwrap();
    world.offer(12, offer(0, Policy::Any, 3)).unwrap();
    for id in 0..5 {
        world.call(0, id, wanted(0)).unwrap();
    }
    let given: Vec<u64> = world.given.iter().map(|(party, _)| *party).collect();
    assert_eq!(given, [10, 12, 12, 12]);
    // The fifth waits for the first who is done.
    world.answer(12, 2, Answer::Done(json!(1))).unwrap();
    assert_eq!(world.given.last().map(|(party, called)| (*party, called.call)), Some((12, 4)));
}

#[test]
fn what_waits_is_given_in_order_and_bounded() {
    let mut world = World::default();
    world.offer(10, offer(0, Policy::Any, 1)).unwrap();
    world.call(0, 0, wanted(0)).unwrap();
    for waiting in 0..WAITING_MAX as u64 {
        let party = 20 + 2 * (waiting / 50);
        world.call(party, waiting, wanted(0)).unwrap();
    }
    assert_eq!(world.call(40, 0, wanted(0)), Err(Refusal::ServiceBusy));
    for place in 0..10 {
        world.answer(10, place + 1, Answer::Done(json!(1))).unwrap();
        assert_eq!(world.given.last().unwrap().1.user, who(20).user);
        assert_eq!(world.ended.len() as u64, place + 1);
    }
    world.leave(10);
    let refused = world.ended.iter().filter(|(.., end)| *end == Err(Refusal::NoSuchService));
    assert_eq!(refused.count(), WAITING_MAX - 10);
    let gone = world.ended.iter().filter(|(.., end)| *end == Err(Refusal::ServiceGone));
    assert_eq!(gone.count(), 1);
}

#[test]
fn limits_hold() {
    let mut world = World::default();
    world.offer(10, offer(0, Policy::Any, 1000)).unwrap();
    let other = world.offer(11, offer(0, Policy::Sticky, 1));
    assert_eq!(other, Err(Refusal::OtherPolicy));
    for id in 0..CALLS_MAX as u64 {
        world.call(id % 2, id, wanted(0)).unwrap();
    }
    assert!(matches!(world.call(1, 1000, wanted(0)), Err(Refusal::TooMany { .. })));
    assert_eq!(world.call(2, 1, wanted(0)), Ok(()));
    assert_eq!(world.call(2, 1, wanted(0)), Err(Refusal::CallOpen));
    let much = Wanted { credit: Some(CREDIT_MAX + 1), ..wanted(0) };
    assert!(matches!(world.call(2, 2, much), Err(Refusal::TooMany { .. })));
    assert_eq!(world.call(2, 3, wanted(1)), Err(Refusal::NoSuchService));
    assert_eq!(world.registry.credit(2, 1, 1), Err(Refusal::NoSuchCall));
    let item = world.answer(10, 1, Answer::Item(json!(1)));
    assert_eq!(item, Err(Refusal::NoCredit));
}

#[test]
fn large_calls_count_more_and_fill_a_provider_sooner() {
    let mut world = World::default();
    world.offer(10, offer(0, Policy::Any, 1000)).unwrap();
    let large = 64 * 1024 - 1;
    let mut taken = 0;
    let right = || Right::Circle(circle());
    while world.registry.call(who(0), taken, wanted(0), right(), large, 0).is_ok() {
        taken += 1;
    }
    assert_eq!(taken, CALLS_MAX as u64 / 4);
    let mut given = 0;
    while let Some(effect) = world.registry.next_effect() {
        given += u64::from(matches!(effect.told, Told::Called(_)));
    }
    assert!(given < taken, "{given} of {taken}");
    world.registry.answer(10, 1, Answer::Done(json!(1)), 8, 0).unwrap();
    let next = std::iter::from_fn(|| world.registry.next_effect());
    assert!(next.into_iter().any(|effect| matches!(effect.told, Told::Called(_))));
}

#[test]
fn open_calls_are_listed_the_oldest_first() {
    let mut world = World::default();
    world.offer(10, offer(0, Policy::Any, 1)).unwrap();
    world.offer(10, offer(1, Policy::Any, 1)).unwrap();
    world.call(20, 0, wanted(0)).unwrap();
    world.pass(100);
    world.call(21, 0, wanted(0)).unwrap();
    world.call(22, 0, wanted(1)).unwrap();
    world.pass(50);
    let list = |world: &World, max| world.registry.open_calls(circle(), max, world.now_ms);
    let (calls, more) = list(&world, 10);
    let told = calls.iter().map(|call| (call.user, call.provider, call.age_ms, call.left_ms));
    let provider = Some(who(10).user);
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            (who(20).user, provider, 150, 850),
            (who(21).user, None, 50, 950),
            (who(22).user, provider, 50, 950)
        ]
    );
    assert!(!more && list(&world, 2) == (calls[..2].to_vec(), true));
    let elsewhere = CircleId::new(Timestamp(1), 2);
    assert_eq!(world.registry.open_calls(elsewhere, 10, world.now_ms), (Vec::new(), false));
    world.answer(10, 1, Answer::Done(json!(1))).unwrap();
    assert_eq!(list(&world, 10).0.len(), 2);
}
