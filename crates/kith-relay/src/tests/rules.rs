//! Who may do what, how long, and how much of it.

use std::net::{Ipv6Addr, SocketAddr};

use super::{
    Device, Got, NOW, PUBLIC, World, address_in, code, options, pair, peer_of, secret, udp,
};
use crate::credential::{CREDENTIAL_SECONDS, REALM, Secret, key};
use crate::message::{Class, Message, attribute, method};
use crate::relay::Options;
use crate::write::Writer;

#[test]
fn a_device_is_told_its_address() {
    let mut world = World::new(Options { turn: false, ..options() });
    for (from, seen) in [
        ("10.0.0.1:5", "10.0.0.1:5"),
        ("[2001:db8::1]:5", "[2001:db8::1]:5"),
        ("[::ffff:10.0.0.1]:5", "10.0.0.1:5"),
    ] {
        let from: SocketAddr = from.parse().expect("an address");
        let mut raw = Vec::new();
        Writer::new(&mut raw, Class::Request, method::BINDING, [3; 12]).fingerprint();
        let (to, raw) = world.give(from, &raw).expect("it is answered");
        assert_eq!(to, from);
        assert_eq!(address_in(&raw, attribute::XOR_MAPPED_ADDRESS), seen.parse().expect("one"));
    }
    // Nothing else is spoken where nothing is relayed.
    let device = Device::new(&world, "ana", 1);
    let request = device.request(&mut world, method::ALLOCATE, &[udp()]);
    assert_eq!(world.give(device.at, &request), None);
    assert_eq!(world.give(device.at, &[0x40, 0, 0, 1, 0]), None);
}

#[test]
fn what_one_sends_the_other_gets() {
    let mut world = World::new(options());
    let ((mut ana, first), (mut bob, second)) = pair(&mut world);
    assert_eq!((first.ip(), second.ip()), (PUBLIC, PUBLIC));
    let got = ana.send(&mut world, second, b"tea?");
    assert_eq!(got, Some((bob.at, Got::From(first, b"tea?".to_vec()))));
    // A channel says the same in fewer bytes, each side with numbers of its own.
    ana.bind(&mut world, 0x4001, second).expect("a channel");
    let got = bob.send(&mut world, first, b"yes");
    assert_eq!(got, Some((ana.at, Got::Channel(0x4001, b"yes".to_vec()))));
    bob.bind(&mut world, 0x4abc, first).expect("a channel");
    let (to, raw) = world.give(ana.at, b"\x40\x01\x00\x03now and padding").expect("it goes on");
    assert_eq!((to, raw.as_slice()), (bob.at, &b"\x4a\xbc\x00\x03now"[..]));
    // A number stands for one peer, and a peer has one number.
    let other = SocketAddr::new(PUBLIC, 50_000);
    assert_eq!(ana.bind(&mut world, 0x4001, other), Err(400));
    assert_eq!(ana.bind(&mut world, 0x4002, second), Err(400));
    assert_eq!(ana.bind(&mut world, 0x5000, other), Err(400));
    assert_eq!(ana.bind(&mut world, 0x4001, second), Ok(()));
    // What is cut short, or longer than it says, goes nowhere.
    assert_eq!(world.give(ana.at, b"\x40\x01\x00\x09short"), None);
    assert_eq!(world.give(ana.at, b"\x40\x07\x00\x01?"), None);
}

#[test]
fn nobody_sends_to_whoever_does_not_let_them() {
    let mut world = World::new(options());
    let (mut ana, mut bob) = (Device::new(&world, "ana", 1), Device::new(&world, "bob", 2));
    let (first, second) =
        (ana.allocate(&mut world).expect("room"), bob.allocate(&mut world).expect("room"));
    ana.permit(&mut world, second).expect("it is a peer");
    assert_eq!(ana.send(&mut world, second, b"?"), None);
    bob.permit(&mut world, first).expect("it is a peer");
    assert!(ana.send(&mut world, second, b"?").is_some());
    // Nor for longer than that.
    world.now += 299_000;
    ana.permit(&mut world, second).expect("it is a peer");
    assert!(ana.send(&mut world, second, b"?").is_some());
    world.now += 1000;
    assert_eq!(ana.send(&mut world, second, b"?"), None);
    // Strangers without an allocation send nothing at all.
    let stranger = Device::new(&world, "cyd", 3);
    bob.permit(&mut world, first).expect("it is a peer");
    assert_eq!(stranger.send(&mut world, second, b"?"), None);
    assert_eq!(world.give(stranger.at, b"\x40\x01\x00\x01?"), None);
}

#[test]
fn nothing_but_other_allocations_can_be_reached() {
    let mut world = World::new(options());
    let ((mut ana, _), (_, second)) = pair(&mut world);
    let mapped = |text: &str| match text.parse().expect("an IPv4 address") {
        std::net::IpAddr::V4(ip) => SocketAddr::new(ip.to_ipv6_mapped().into(), second.port()),
        std::net::IpAddr::V6(ip) => SocketAddr::new(ip.into(), second.port()),
    };
    for elsewhere in [
        SocketAddr::from(([127, 0, 0, 1], second.port())),
        SocketAddr::from(([0, 0, 0, 0], second.port())),
        SocketAddr::from(([169, 254, 169, 254], 80)),
        SocketAddr::from(([10, 0, 0, 1], 2)),
        SocketAddr::from((Ipv6Addr::LOCALHOST, second.port())),
        mapped("127.0.0.1"),
        mapped("::127.0.0.1"),
        mapped("64:ff9b::7f00:1"),
        mapped("2002:7f00:1::"),
    ] {
        assert_eq!(ana.permit(&mut world, elsewhere), Err(403), "{elsewhere}");
        assert_eq!(ana.bind(&mut world, 0x4001, elsewhere), Err(403), "{elsewhere}");
        assert_eq!(ana.send(&mut world, elsewhere, b"?"), None, "{elsewhere}");
    }
    // One that is wrong spoils all.
    let elsewhere = SocketAddr::from(([127, 0, 0, 1], 1));
    let both = [peer_of(second), peer_of(elsewhere)];
    assert_eq!(ana.ask(&mut world, method::CREATE_PERMISSION, &both).err(), Some(403));
    // Ports of our own address at which there is no allocation are nobody.
    for port in [0, 1, 22, 3478, second.port() ^ 1] {
        assert_eq!(ana.send(&mut world, SocketAddr::new(PUBLIC, port), b"?"), None);
    }
}

#[test]
fn credentials_are_of_one_user_and_one_time() {
    let mut world = World::new(options());
    let mut check = |username: &str, password: &str, at: u64| {
        let mut device = Device::new(&world, "ana", 9);
        world.now = at;
        device.username = username.to_owned();
        device.key = key(username, REALM, password);
        let done = device.allocate(&mut world).map(drop);
        let _ = device.ask(&mut world, method::REFRESH, &[(attribute::LIFETIME, vec![0; 4])]);
        world.now = NOW;
        done
    };
    let ana = secret().issue("ana", NOW);
    let bob = secret().issue("bob", NOW);
    let last = NOW + (CREDENTIAL_SECONDS - 1) * 1000;
    assert_eq!(check(&ana.username, &ana.password, NOW), Ok(()));
    assert_eq!(check(&ana.username, &ana.password, last), Ok(()));
    assert_eq!(check(&ana.username, &ana.password, last + 1000), Err(401));
    assert_eq!(check(&ana.username, &bob.password, NOW), Err(401));
    assert_eq!(check(&ana.username, "", NOW), Err(401));
    let (until, owner) = ana.username.split_once(':').expect("both");
    let longer = until.parse::<u64>().expect("a time") + 1;
    assert_eq!(check(&format!("{longer}:{owner}"), &ana.password, NOW), Err(401));
    assert_eq!(check(&format!("+{until}:{owner}"), &ana.password, NOW), Err(401));
    for odd in ["", ":", "1:", ":a", "18446744073709551615:0123456789abcdef", "ana"] {
        assert_eq!(check(odd, &ana.password, NOW), Err(401), "{odd}");
    }
    // Another server, or this one after it started again, knows nothing of it.
    let forged = Secret::new(&[8; 32]).issue("ana", NOW);
    assert_eq!(check(&forged.username, &forged.password, NOW), Err(401));
    // Nobody is named in it, and it is the same user's each time.
    assert!(!ana.username.contains("ana"));
    assert_eq!(secret().issue("ana", NOW + 5000).username.split_once(':').expect("both").1, owner);
}

#[test]
fn an_allocation_is_its_makers_alone() {
    let mut world = World::new(options());
    let mut ana = Device::new(&world, "ana", 1);
    let relayed = ana.allocate(&mut world).expect("room");
    // The same request again gives the same address; another does not.
    let again = ana.request(&mut world, method::ALLOCATE, &[udp()]);
    let code_of = |raw: &[u8]| code(&Message::parse(raw).expect("readable"));
    assert_eq!(code_of(&world.give(ana.at, &again).expect("answered").1), Some(437));
    world.transactions = 1;
    let repeated = ana.allocate(&mut world);
    assert_eq!(repeated, Ok(relayed));
    // Somebody else at the same address, such as behind the same router later, has nothing of it.
    let mut bob = Device::new(&world, "bob", 1);
    assert_eq!(bob.permit(&mut world, relayed), Err(441));
    assert_eq!(bob.ask(&mut world, method::REFRESH, &[]).err(), Some(441));
    assert_eq!(bob.allocate(&mut world), Err(437));
    // A nonce is of one address.
    let mut moved = Device::new(&world, "ana", 7);
    moved.nonce = ana.nonce.clone();
    assert_eq!(moved.allocate(&mut world), Err(438));
    world.now += 3_600_000;
    assert_eq!(ana.permit(&mut world, relayed), Err(438));
}

#[test]
fn allocations_end() {
    let mut world = World::new(options());
    let ((mut ana, first), (bob, second)) = pair(&mut world);
    let lifetime = |seconds: u32| [(attribute::LIFETIME, seconds.to_be_bytes().to_vec())];
    let given = |raw: Vec<u8>| Message::parse(&raw).expect("readable").number(attribute::LIFETIME);
    for (wanted, seconds) in [(1, 600), (600, 600), (1000, 1000), (u32::MAX, 3600)] {
        let raw = ana.ask(&mut world, method::REFRESH, &lifetime(wanted)).expect("refreshed");
        assert_eq!(given(raw), Some(seconds));
    }
    let raw = ana.ask(&mut world, method::REFRESH, &lifetime(0)).expect("ended");
    assert_eq!(given(raw), Some(0));
    assert_eq!(ana.ask(&mut world, method::REFRESH, &[]).err(), Some(437));
    assert_eq!(bob.send(&mut world, first, b"?"), None);
    // By itself too.
    ana.allocate(&mut world).expect("room");
    world.now += 600_000;
    assert_eq!(ana.permit(&mut world, second), Err(437));
    world.relay.tick(world.now);
    assert_eq!(world.relay.counts().allocations.load(std::sync::atomic::Ordering::Relaxed), 0);
}

#[test]
fn what_cannot_be_had_is_refused() {
    let mut world = World::new(options());
    let mut ana = Device::new(&world, "ana", 1);
    let mut check = |put: &[(u16, Vec<u8>)], expected| {
        let refused = ana.ask(&mut world, method::ALLOCATE, put).err();
        assert_eq!(refused, Some(expected), "{put:?}");
    };
    check(&[], 400);
    check(&[(attribute::REQUESTED_TRANSPORT, vec![6, 0, 0, 0])], 442);
    check(&[udp(), (attribute::REQUESTED_ADDRESS_FAMILY, vec![2, 0, 0, 0])], 440);
    // EVEN-PORT, RESERVATION-TOKEN, DONT-FRAGMENT.
    check(&[udp(), (0x0018, vec![0])], 420);
    check(&[udp(), (0x0022, vec![0; 8])], 420);
    check(&[udp(), (0x001a, vec![])], 420);
    assert_eq!(ana.ask(&mut world, method::CREATE_PERMISSION, &[]).err(), Some(437));
    ana.allocate(&mut world).expect("room");
    assert_eq!(ana.ask(&mut world, method::CREATE_PERMISSION, &[]).err(), Some(400));
    assert_eq!(ana.ask(&mut world, 0x00a, &[]).err(), Some(400));
}
