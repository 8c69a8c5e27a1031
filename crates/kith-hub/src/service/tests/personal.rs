//! Personal services: of whom they are, and pairs who meet and part.

use super::*;

#[test]
fn a_personal_service_is_that_of_one_user_and_nobody_else_is_told_of_it() {
    let mut world = World::default();
    let of = |party| Some(Provider::User(who(party).user));
    for party in [4, 6, 8] {
        world.offer(party, offer(2, Policy::Any, 4)).unwrap();
    }
    assert_eq!(world.registry.take_changed().count(), 0);
    assert_eq!(world.registry.list(circle(), ""), []);
    let reached =
        |world: &World, party| world.registry.reach(who(party).user, "me/").collect::<Vec<_>>();
    assert_eq!((reached(&world, 4), reached(&world, 8)), (vec![name(2)], vec![name(2)]));
    assert_eq!(reached(&world, 0), []);
    for (id, party) in [4, 8, 4].into_iter().enumerate() {
        world.call(0, id as u64, Wanted { provider: of(party), ..wanted(2) }).unwrap();
        assert_eq!(who(world.given.last().unwrap().0).user, who(party).user);
    }
    assert_eq!(world.registry.open_calls(circle(), 10, 0).0, []);
    for provider in [None, of(0), Some(Provider::Session(who(4).session))] {
        let refused = world.call(0, 9, Wanted { provider, ..wanted(2) });
        assert_eq!(refused, Err(Refusal::NoSuchService));
    }
    world.registry.forbid_offers(4, circle(), &Refusal::NoSuchCircle, 0);
    assert_eq!(reached(&world, 4), [name(2)]);
    for party in [4, 6] {
        world.registry.withdraw(party, None, &name(2), false, 0).unwrap();
        world.offers.remove(&(party, name(2)));
    }
    assert_eq!(reached(&world, 4), []);
    world.listen();
}

#[test]
fn calls_of_two_who_part_end_and_those_of_others_go_on() {
    let mut world = World::default();
    let of = |party| Some(Provider::User(who(party).user));
    world.offer(4, offer(2, Policy::Any, 2)).unwrap();
    for (id, caller) in [(0, 0), (1, 0), (2, 8), (3, 0)] {
        // The last waits, for there is no room.
        let _ = world.call(caller, id, Wanted { provider: of(4), ..wanted(2) });
    }
    assert_eq!(world.given.len(), 2);
    let grant = world.pairs.part(pair(0, 4)).unwrap();
    assert!(grant.is_revoked() && world.pairs.part(pair(4, 0)).is_none());
    world.registry.part(&grant, 0);
    world.listen();
    let why = |id| world.ended.iter().find(|(_, other, _)| *other == id).unwrap().2.clone();
    assert_eq!((why(0), why(1)), (Err(Refusal::ServiceGone), Err(Refusal::ServiceGone)));
    assert_eq!(why(3), Err(Refusal::NoSuchService));
    // There is room for the other caller now.
    assert_eq!(world.given.last().unwrap().1.user, who(8).user);
}

#[test]
fn pairs_that_nobody_needs_are_not_kept() {
    let mut pairs = Pairs::default();
    let held: Vec<_> = (0..10).map(|other| pairs.grant(pair(1000, 4 * other))).collect();
    for other in 10..5000 {
        pairs.grant(pair(1000, 4 * other));
    }
    assert!(pairs.all().count() <= 64 && held.iter().all(|grant| !grant.is_revoked()));
    assert!(std::sync::Arc::ptr_eq(&held[3], &pairs.grant(pair(12, 1000))));
}
