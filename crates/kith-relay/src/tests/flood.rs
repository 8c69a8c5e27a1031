//! Those who ask too much, or anything at all.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;

use proptest::prelude::*;

use super::{Device, Got, NOW, World, options, pair, udp};
use crate::credential::REALM;
use crate::message::{Class, Message, attribute, method};
use crate::relay::Options;
use crate::write::Writer;

/// The most bytes by which what is told to strangers is longer than what they said.
const MORE_BYTES_MAX: usize = 40;

#[test]
fn strangers_are_told_little_and_nothing_is_kept_of_them() {
    let mut world = World::new(options());
    let mut device = Device::new(&world, "ana", 1);
    device.username = "1:0".to_owned();
    for method in [method::ALLOCATE, method::REFRESH, method::CHANNEL_BIND, 0x00a] {
        let mut bare = Vec::new();
        Writer::new(&mut bare, Class::Request, method, [1; 12]);
        let signed = device.request(&mut world, method, &[udp()]);
        for request in [bare, signed] {
            let (_, answer) = world.give(device.at, &request).expect("answered");
            assert!(answer.len() <= request.len() + MORE_BYTES_MAX, "{}", answer.len());
        }
    }
    let mut bare = Vec::new();
    Writer::new(&mut bare, Class::Request, method::BINDING, [1; 12]);
    let from: SocketAddr = "[2001:db8::1]:1".parse().expect("an address");
    assert!(world.give(from, &bare).expect("answered").1.len() <= bare.len() + MORE_BYTES_MAX);
    assert_eq!(world.relay.counts().allocations.load(Ordering::Relaxed), 0);
}

#[test]
fn an_address_is_not_flooded_with_answers() {
    let mut world = World::new(options());
    let mut request = Vec::new();
    Writer::new(&mut request, Class::Request, method::ALLOCATE, [1; 12]);
    let from = SocketAddr::from(([198, 51, 100, 1], 1));
    let mut answers = |seconds: u64| {
        world.now += seconds * 1000;
        (0..1000).filter(|_| world.give(from, &request).is_some()).count()
    };
    assert_eq!((answers(0), answers(1), answers(0)), (250, 50, 0));
    // Half of an IPv6 address is one person's.
    let asked = (0..1000_u16).filter(|number| {
        let from = SocketAddr::from(([0x2001, 0xdb8, 1, 1, *number, 0, 0, 1], 1));
        world.give(from, &request).is_some()
    });
    assert_eq!(asked.count(), 250);
}

#[test]
fn users_have_their_share() {
    let mut world = World::new(Options { allocations_max: 10, ..options() });
    let mut allocate =
        |user: &str, port| Device::new(&world, user, port).allocate(&mut world).err();
    let refused: Vec<_> = (0..6).map(|port| allocate("ana", 100 + port)).collect();
    assert_eq!(refused, [None, None, None, None, Some(486), Some(486)]);
    let refused: Vec<_> = (0..4).map(|port| allocate("bob", 200 + port)).collect();
    assert_eq!(refused, [None; 4]);
    let refused: Vec<_> = (0..4).map(|port| allocate("cyd", 300 + port)).collect();
    assert_eq!(refused, [None, None, Some(508), Some(508)]);
    // There is room again when their time is over.
    world.now += 600_000;
    assert_eq!(Device::new(&world, "cyd", 400).allocate(&mut world).err(), None);
}

#[test]
fn what_goes_beyond_the_limits_is_not_relayed() {
    let mut world = World::new(options());
    let ((ana, first), (bob, second)) = pair(&mut world);
    let data = [0; 1000];
    let mut sent = |from: &Device, to, seconds: u64| {
        world.now += seconds * 1000;
        (0..1000).filter(|_| from.send(&mut world, to, &data).is_some()).count()
    };
    // 100 000 bytes a second of which each costs what is around it as well.
    let (at_once, later, other) =
        (sent(&ana, second, 0), sent(&ana, second, 1), sent(&bob, first, 0));
    assert!((90..=100).contains(&at_once) && at_once == later && later == other, "{at_once}");
    let mut world = World::new(Options { bytes_per_second: 50_000, ..options() });
    let ((ana, first), (bob, second)) = pair(&mut world);
    let mut sent = |from: &Device, to| {
        (0..1000).filter(|_| from.send(&mut world, to, &data).is_some()).count()
    };
    let (ours, theirs) = (sent(&ana, second), sent(&bob, first));
    assert!((45..=50).contains(&ours) && theirs == 0, "{ours} {theirs}");
}

proptest! {
    #[test]
    fn any_bytes_are_harmless(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut world = World::new(options());
        let ((ana, _), _) = pair(&mut world);
        world.give(ana.at, &bytes);
        world.give(SocketAddr::from(([1, 2, 3, 4], 5)), &bytes);
    }

    #[test]
    fn a_damaged_request_is_refused_or_not_answered(
        place in 0_usize..200,
        mask in 1_u8..=255,
        cut in 0_usize..200,
    ) {
        let mut world = World::new(options());
        let mut ana = Device::new(&world, "ana", 1);
        ana.ask(&mut world, method::REFRESH, &[]).expect_err("there is none yet");
        let mut request = ana.request(&mut world, method::ALLOCATE, &[udp()]);
        // Without its fingerprint, which would show it at once.
        request.truncate(request.len() - 8);
        let length = u16::try_from(request.len() - 20).expect("short");
        request[2..4].copy_from_slice(&length.to_be_bytes());
        let place = place % request.len();
        request[place] ^= mask;
        request.truncate(request.len().max(cut) - cut % 4);
        if let Some((_, raw)) = world.give(ana.at, &request) {
            let answer = Message::parse(&raw).expect("ours are readable");
            prop_assert_ne!(answer.class, Class::Success);
        }
    }

    #[test]
    fn what_is_written_is_read(
        method in 0_u16..0x1000,
        transaction: [u8; 12],
        values in proptest::collection::vec((any::<u16>(), proptest::collection::vec(any::<u8>(), 0..40)), 0..20),
    ) {
        let key = crate::credential::key("ana", REALM, "tea");
        let own = [attribute::MESSAGE_INTEGRITY, attribute::FINGERPRINT];
        let mut raw = Vec::new();
        let mut writer = Writer::new(&mut raw, Class::Request, method, transaction);
        let values: Vec<_> = values.into_iter().filter(|(kind, _)| !own.contains(kind)).collect();
        for (kind, value) in &values {
            writer.put(*kind, value);
        }
        writer.sign(&key).fingerprint();
        let read = Message::parse(&raw).expect("ours are readable");
        prop_assert_eq!((read.class, read.method, read.transaction), (Class::Request, method, transaction));
        prop_assert!(read.is_by(&key));
        let read: Vec<_> = read.attributes().map(|(kind, value)| (kind, value.to_vec())).collect();
        prop_assert_eq!(read, values);
    }

    #[test]
    fn whatever_clients_do_the_bounds_hold(
        steps in proptest::collection::vec((0_u16..12, 0_usize..4, 0_u8..5, 0_u64..700_000), 0..200),
    ) {
        let mut world = World::new(Options { allocations_max: 6, ..options() });
        let users = ["ana", "bob", "cyd", "dan"];
        let mut relayed = Vec::new();
        for (port, user, what, pause) in steps {
            let mut device = Device::new(&world, users[user], port);
            let peer = relayed.last().copied().unwrap_or(SocketAddr::from(([192, 0, 2, 7], 50_000)));
            match what {
                0 => relayed.extend(device.allocate(&mut world).ok()),
                1 => drop(device.permit(&mut world, peer)),
                2 => drop(device.bind(&mut world, 0x4000 + port, peer)),
                3 => if let Some((to, got)) = device.send(&mut world, peer, b"?") {
                    prop_assert_eq!(to.ip(), device.at.ip());
                    let is_relayed = |from: &SocketAddr| relayed.contains(from);
                    prop_assert!(matches!(got, Got::Channel(..)) || matches!(&got, Got::From(from, _) if is_relayed(from)));
                },
                _ => world.now += pause,
            }
            let counts = world.relay.counts();
            prop_assert!(counts.allocations.load(Ordering::Relaxed) <= 6);
        }
        prop_assert!(world.now >= NOW);
    }
}
