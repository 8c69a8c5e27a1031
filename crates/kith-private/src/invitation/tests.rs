//! Invitations between devices over a network that delays and loses: each ends once on each side.

use kith_core::id::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::handshake::Part;

const ANA: u8 = 1;
const BOB: u8 = 2;

fn user(number: u8) -> UserId {
    UserId::new(Timestamp(1), u128::from(number))
}

fn address((user_number, device): (u8, u8)) -> Address {
    Address {
        user: user(user_number),
        name: ServiceName::parse(&format!("me/private/{user_number}{device}")).unwrap(),
    }
}

fn part(key: u8) -> Part {
    Part { key: Hex([key; 32]), fingerprint: Hex([0; 32]), nonce: Hex([0; 32]) }
}

type Device = (u8, u8);

/// A call on its way.
#[derive(Clone, Debug)]
struct Call {
    from: Device,
    to: Device,
    id: SessionId,
    say: Say,
}

struct World {
    now: u64,
    desks: BTreeMap<Device, Desk>,
    calls: Vec<Call>,
    told: Vec<(Device, Event)>,
    /// The sessions that began, with their other ends.
    begun: BTreeMap<(Device, SessionId), Device>,
    last: u8,
    blocked: bool,
}

impl World {
    fn new(devices: &[Device]) -> Self {
        let desks = devices.iter().map(|one| (*one, Desk::new(user(one.0)))).collect();
        let (calls, told, begun) = (Vec::new(), Vec::new(), BTreeMap::new());
        Self { now: 0, desks, calls, told, begun, last: 0, blocked: false }
    }

    fn device(&self, address: &Address) -> Device {
        let found = self.desks.keys().find(|one| self::address(**one) == *address);
        *found.expect("addresses are those of devices")
    }

    fn desk(&mut self, device: Device) -> &mut Desk {
        self.desks.get_mut(&device).expect("the device is there")
    }

    fn run(&mut self, device: Device, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Reach { id, user } => {
                    let found = self.desks.keys().map(|one| address(*one));
                    let found = found.filter(|one| one.user == user && !self.blocked).collect();
                    let effects = self.desk(device).reached(id, found);
                    self.run(device, effects);
                }
                Effect::Send { to, id, say } => {
                    let to = self.device(&to);
                    self.calls.push(Call { from: device, to, id, say });
                }
                Effect::Begin { id, peer, with } => {
                    let to = self.device(&peer);
                    assert!(self.begun.insert((device, id), to).is_none());
                    if let With::Commitment(_) = with {
                        let say = Say::Accept(part(device.1));
                        self.calls.push(Call { from: device, to, id, say });
                    }
                }
                Effect::Close { id } => {
                    self.begun.remove(&(device, id)).expect("it began once and ends once");
                }
                Effect::Tell(event) => self.told.push((device, event)),
                Effect::Pass { .. } => {}
            }
        }
    }

    fn invite(&mut self, from: Device, to: u8) -> Result<SessionId, DeskError> {
        self.last += 1;
        // Names that sort otherwise than they were given.
        let id = Hex([self.last.wrapping_mul(151); 16]);
        let now = self.now;
        let effects = self.desk(from).invite(id, user(to), Hex([0; 32]), now)?;
        self.run(from, effects);
        Ok(id)
    }

    /// Takes a call to where it goes, and its answer back.
    fn deliver(&mut self, place: usize, is_lost: bool) {
        let Call { from, to, id, say } = self.calls.remove(place % self.calls.len());
        let now = self.now;
        let result = match is_lost || self.blocked {
            true => Err(None),
            false => self.desk(to).heard(address(from), id, say.clone(), now).map_err(Some),
        };
        let answer = result.as_ref().map(|_| ()).map_err(|why| *why);
        if let Ok(effects) = result {
            self.run(to, effects);
        }
        let effects = match say {
            Say::Invite { .. } => self.desk(from).rang(id, &address(to), answer),
            Say::Accept(_) => match answer {
                Ok(()) => Vec::new(),
                Err(why) => {
                    let why = why.map_or(End::Lost, Declined::end);
                    self.desk(from).closed(id, why)
                }
            },
            _ => Vec::new(),
        };
        self.run(from, effects);
    }

    fn settle(&mut self) {
        while !self.calls.is_empty() {
            self.deliver(0, false);
        }
    }

    fn tick(&mut self, by: u64) {
        self.now += by;
        let devices: Vec<_> = self.desks.keys().copied().collect();
        for device in devices {
            let now = self.now;
            let effects = self.desk(device).tick(now);
            self.run(device, effects);
        }
    }

    fn ends(&self, device: Device) -> Vec<End> {
        let mine = self.told.iter().filter(|(one, _)| *one == device);
        mine.filter_map(|(_, event)| match event {
            Event::Ended { why, .. } => Some(*why),
            _ => None,
        })
        .collect()
    }
}

fn pair() -> World {
    World::new(&[(ANA, 1), (BOB, 1)])
}

#[test]
fn an_invitation_is_accepted_and_ended() {
    let mut world = pair();
    let id = world.invite((ANA, 1), BOB).unwrap();
    world.settle();
    assert!(world.told.contains(&((BOB, 1), Event::Invited { id, user: user(ANA) })));
    assert!(world.told.contains(&((ANA, 1), Event::Ringing { id, devices: 1 })));
    let effects = world.desk((BOB, 1)).accept(id).unwrap();
    world.run((BOB, 1), effects);
    world.settle();
    assert_eq!(world.begun.len(), 2);
    let effects = world.desk((ANA, 1)).end(id).unwrap();
    world.run((ANA, 1), effects);
    world.settle();
    assert!(world.begun.is_empty());
    assert_eq!(world.ends((ANA, 1)), [End::Ended]);
    assert_eq!(world.ends((BOB, 1)), [End::Ended]);
}

#[test]
fn a_refusal_on_one_device_stops_the_others() {
    let mut world = World::new(&[(ANA, 1), (BOB, 1), (BOB, 2)]);
    let id = world.invite((ANA, 1), BOB).unwrap();
    world.settle();
    let effects = world.desk((BOB, 2)).end(id).unwrap();
    world.run((BOB, 2), effects);
    world.settle();
    assert_eq!(world.ends((ANA, 1)), [End::Refused]);
    assert_eq!(world.ends((BOB, 1)), [End::Answered]);
}

#[test]
fn the_first_device_to_answer_has_it() {
    let mut world = World::new(&[(ANA, 1), (BOB, 1), (BOB, 2)]);
    let id = world.invite((ANA, 1), BOB).unwrap();
    world.settle();
    for device in [(BOB, 1), (BOB, 2)] {
        let effects = world.desk(device).accept(id).unwrap();
        world.run(device, effects);
    }
    world.settle();
    assert_eq!(world.begun.get(&((ANA, 1), id)), Some(&(BOB, 1)));
    assert_eq!(world.begun.get(&((BOB, 2), id)), None);
    assert_eq!(world.ends((BOB, 2)), [End::Answered]);
}

#[test]
fn who_is_not_there_or_blocks_cannot_be_reached() {
    let mut world = World::new(&[(ANA, 1)]);
    world.invite((ANA, 1), BOB).unwrap();
    assert_eq!(world.ends((ANA, 1)), [End::Unreachable]);
    let mut world = pair();
    world.invite((ANA, 1), BOB).unwrap();
    // Blocked after the devices were looked up.
    world.blocked = true;
    world.settle();
    assert_eq!(world.ends((ANA, 1)), [End::Unreachable]);
}

#[test]
fn an_invitation_that_nobody_answers_ends_on_both_sides() {
    let mut world = pair();
    world.invite((ANA, 1), BOB).unwrap();
    world.settle();
    world.tick(RING_MS);
    world.settle();
    assert_eq!(world.ends((ANA, 1)), [End::TimedOut]);
    assert_eq!(world.ends((BOB, 1)), [End::TimedOut]);
}

#[test]
fn who_blocks_meanwhile_ends_what_there_is() {
    let mut world = pair();
    let id = world.invite((ANA, 1), BOB).unwrap();
    world.settle();
    let effects = world.desk((BOB, 1)).accept(id).unwrap();
    world.run((BOB, 1), effects);
    world.settle();
    let effects = world.desk((BOB, 1)).block(user(ANA));
    world.run((BOB, 1), effects);
    world.settle();
    assert_eq!((world.ends((ANA, 1)), world.ends((BOB, 1))), (vec![End::Ended], vec![End::Ended]));
}

#[test]
fn of_two_invitations_that_cross_one_stands_whatever_comes_first() {
    for order in 0..8 {
        let mut world = pair();
        world.invite((ANA, 1), BOB).unwrap();
        world.invite((BOB, 1), ANA).unwrap();
        world.deliver(order & 1, false);
        world.deliver(order >> 1 & 1, false);
        world.deliver(order >> 2, false);
        world.settle();
        let ids: BTreeSet<_> = world.begun.keys().map(|(_, id)| *id).collect();
        assert_eq!((world.begun.len(), ids.len()), (2, 1), "{order}");
        let mut ends = [world.ends((ANA, 1)), world.ends((BOB, 1))].concat();
        ends.dedup();
        assert_eq!(ends, [End::Crossed], "{order}");
    }
}

#[test]
fn invitations_of_one_user_are_counted() {
    let mut desk = Desk::new(user(BOB));
    let mut hear = |number: u8, now| {
        let say = Say::Invite { commitment: Hex([0; 32]) };
        desk.heard(address((ANA, 1)), Hex([number; 16]), say, now).map(|_| ())
    };
    for number in 0..6 {
        assert_eq!(hear(number, 0), Ok(()));
    }
    assert_eq!(hear(7, 1), Err(Declined::TooFast));
    assert_eq!(hear(7, RING_MS), Ok(()));
}

#[test]
fn what_others_say_of_a_session_is_not_heard() {
    let mut world = World::new(&[(ANA, 1), (BOB, 1), (3, 1), (BOB, 2)]);
    let id = world.invite((ANA, 1), BOB).unwrap();
    world.settle();
    let effects = world.desk((BOB, 1)).accept(id).unwrap();
    world.run((BOB, 1), effects);
    world.settle();
    for from in [(3, 1), (BOB, 2)] {
        for say in [Say::End { why: End::Ended }, Say::Again {}] {
            let heard = world.desk((ANA, 1)).heard(address(from), id, say, 0);
            assert_eq!(heard, Err(Declined::Unknown));
        }
    }
    assert_eq!(world.begun.len(), 2);
}

#[derive(Clone, Debug)]
enum Step {
    Invite(Device, u8),
    Accept(Device),
    End(Device),
    Block(Device, u8),
    Deliver(usize),
    Lose(usize),
    Tick(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let device = || (1_u8..4, 1_u8..3);
    prop_oneof![
        3 => (device(), 1_u8..4).prop_map(|(device, user)| Step::Invite(device, user)),
        3 => device().prop_map(Step::Accept),
        1 => device().prop_map(Step::End),
        1 => (device(), 1_u8..4).prop_map(|(device, user)| Step::Block(device, user)),
        9 => (0_usize..20).prop_map(Step::Deliver),
        1 => (0_usize..20).prop_map(Step::Lose),
        1 => (1_u64..40_000).prop_map(Step::Tick),
    ]
}

fn play(steps: &[Step]) -> World {
    let devices: Vec<_> = (1..4).flat_map(|user| [(user, 1), (user, 2)]).collect();
    let mut world = World::new(&devices);
    for step in steps {
        match step {
            Step::Invite(device, user) => drop(world.invite(*device, *user)),
            Step::Accept(device) => {
                let desk = world.desk(*device);
                let ringing = desk
                    .entries
                    .iter()
                    .find(|(_, entry)| matches!(entry.phase, Phase::Ringing { .. }));
                if let Some(id) = ringing.map(|(id, _)| *id) {
                    let effects = world.desk(*device).accept(id).unwrap();
                    world.run(*device, effects);
                }
            }
            Step::End(device) => {
                if let Some(id) = world.desk(*device).entries.keys().next().copied() {
                    let effects = world.desk(*device).end(id).unwrap();
                    world.run(*device, effects);
                }
            }
            Step::Block(device, other) => {
                let effects = world.desk(*device).block(user(*other));
                world.run(*device, effects);
            }
            Step::Deliver(place) | Step::Lose(place) if !world.calls.is_empty() => {
                world.deliver(*place, matches!(step, Step::Lose(_)));
            }
            Step::Deliver(_) | Step::Lose(_) => {}
            Step::Tick(by) => world.tick(*by),
        }
        for desk in world.desks.values() {
            assert!(desk.entries.len() <= SESSIONS_MAX);
        }
    }
    world
}

proptest! {
    #[test]
    fn every_invitation_ends_once_and_every_session_has_two_ends(
        steps in proptest::collection::vec(step(), 0..60),
    ) {
        let has_lost = steps.iter().any(|step| matches!(step, Step::Lose(_)));
        let mut world = play(&steps);
        world.settle();
        world.tick(2 * RING_MS);
        world.settle();
        for desk in world.desks.values() {
            prop_assert!(desk.next_tick().is_none(), "nothing waits for ever");
        }
        let mut ended = BTreeSet::new();
        for (device, event) in &world.told {
            if let Event::Ended { id, .. } = event {
                prop_assert!(ended.insert((*device, *id)), "{device:?} {id} ended twice");
            }
        }
        for ((device, id), peer) in &world.begun {
            prop_assert!(!ended.contains(&(*device, *id)));
            // What a lost word leaves behind ends when its connection does not come about.
            if !has_lost {
                prop_assert_eq!(world.begun.get(&(*peer, *id)), Some(device));
            }
        }
    }
}
