//! Two devices agree when nobody changes what they say, and do not when somebody does.

use kith_core::id::Timestamp;
use proptest::prelude::*;

use super::*;

struct Device {
    identity: Identity,
    part: Part,
}

fn device(seed: u8, fingerprint: u8, nonce: u8) -> Device {
    let identity = Identity::from_seed(&[seed; 32]).unwrap();
    let part =
        Part { key: identity.key(), fingerprint: Hex([fingerprint; 32]), nonce: Hex([nonce; 32]) };
    Device { identity, part }
}

fn user(number: u128) -> UserId {
    UserId::new(Timestamp(1), number)
}

fn between() -> Between {
    Between { id: Hex([7; 16]), inviting: user(1), invited: user(2) }
}

/// What somebody in between does to what passes.
#[derive(Clone, Debug)]
enum Swap {
    Commitment(usize),
    InvitedKey(usize),
    InvitedFingerprint(usize),
    InvitedNonce(usize),
    InvitingKey(usize),
    InvitingFingerprint(usize),
    InvitingNonce(usize),
    InvitingProof(usize),
    InvitedProof(usize),
    Id(usize),
    Inviting,
    Invited,
}

fn flip<const N: usize>(hex: &mut Hex<N>, bit: usize) {
    hex.0[bit / 8 % N] ^= 1 << (bit % 8);
}

/// Runs the handshake; `swap` happens on the way. Whether both sides agreed, each with its words.
fn run(swap: Option<&Swap>) -> Result<(Agreement, Agreement), HandshakeError> {
    let (ana, bob) = (device(1, 11, 21), device(2, 12, 22));
    let (ours, mut theirs) = (between(), between());
    let mut committed = commitment(&ours, &ana.part);
    let mut invited = bob.part.clone();
    match swap {
        Some(Swap::Commitment(bit)) => flip(&mut committed, *bit),
        Some(Swap::InvitedKey(bit)) => flip(&mut invited.key, *bit),
        Some(Swap::InvitedFingerprint(bit)) => flip(&mut invited.fingerprint, *bit),
        Some(Swap::InvitedNonce(bit)) => flip(&mut invited.nonce, *bit),
        Some(Swap::Id(bit)) => flip(&mut theirs.id, *bit),
        Some(Swap::Inviting) => theirs.inviting = user(3),
        Some(Swap::Invited) => theirs.invited = user(3),
        _ => {}
    }
    let (mut shown, first) = reveal(&ours, ana.part, &invited, &ana.identity)?;
    match swap {
        Some(Swap::InvitingKey(bit)) => flip(&mut shown.part.key, *bit),
        Some(Swap::InvitingFingerprint(bit)) => flip(&mut shown.part.fingerprint, *bit),
        Some(Swap::InvitingNonce(bit)) => flip(&mut shown.part.nonce, *bit),
        Some(Swap::InvitingProof(bit)) => flip(&mut shown.proof, *bit),
        _ => {}
    }
    let (mut proof, second) = accept(&theirs, &committed, &bob.part, &shown, &bob.identity)?;
    if let Some(Swap::InvitedProof(bit)) = swap {
        flip(&mut proof, *bit);
    }
    first.conclude(&proof)?;
    Ok((first, second))
}

fn swap() -> impl Strategy<Value = Swap> {
    let bit = 0_usize..512;
    prop_oneof![
        bit.clone().prop_map(Swap::Commitment),
        bit.clone().prop_map(Swap::InvitedKey),
        bit.clone().prop_map(Swap::InvitedFingerprint),
        bit.clone().prop_map(Swap::InvitedNonce),
        bit.clone().prop_map(Swap::InvitingKey),
        bit.clone().prop_map(Swap::InvitingFingerprint),
        bit.clone().prop_map(Swap::InvitingNonce),
        bit.clone().prop_map(Swap::InvitingProof),
        bit.clone().prop_map(Swap::InvitedProof),
        bit.prop_map(Swap::Id),
        Just(Swap::Inviting),
        Just(Swap::Invited),
    ]
}

#[test]
fn both_know_the_other_and_show_the_same_words() {
    let (first, second) = run(None).unwrap();
    assert_eq!(first.key(), device(2, 0, 0).part.key);
    assert_eq!(second.key(), device(1, 0, 0).part.key);
    assert_eq!(first.words(), second.words());
    assert_eq!((first.role(), second.role()), (Role::Inviting, Role::Invited));
}

#[test]
fn who_sends_back_our_own_part_is_refused() {
    let ana = device(1, 11, 21);
    let result = reveal(&between(), ana.part.clone(), &ana.part, &ana.identity);
    assert_eq!(result.unwrap_err(), HandshakeError::Reflected);
}

/// Somebody who has a handshake of its own with each side, under its own keys.
#[test]
fn whoever_sits_between_shows_each_other_words() {
    let (ana, bob, eve) = (device(1, 11, 21), device(2, 12, 22), device(3, 13, 23));
    let (_, to_ana) = reveal(&between(), ana.part, &eve.part, &ana.identity).unwrap();
    let committed = commitment(&between(), &eve.part);
    let (shown, _) = reveal(&between(), eve.part, &bob.part, &eve.identity).unwrap();
    let (_, to_bob) = accept(&between(), &committed, &bob.part, &shown, &bob.identity).unwrap();
    assert_ne!(to_ana.words(), to_bob.words());
    // And each holds the key of somebody whom it did not mean.
    assert_eq!((to_ana.key(), to_bob.key()), (device(3, 0, 0).part.key, device(3, 0, 0).part.key));
}

fn sdp(fingerprint: u8) -> String {
    let pairs: Vec<_> = [fingerprint; 32].iter().map(|byte| format!("{byte:02X}")).collect();
    format!("v=0\r\na=fingerprint:sha-256 {}\r\n", pairs.join(":"))
}

#[test]
fn a_description_names_the_certificate_that_was_agreed_on() {
    let (first, second) = run(None).unwrap();
    let bob = device(2, 12, 22);
    let check = |sdp: &str| {
        let proof = second.sign(&bob.identity, 1, sdp);
        first.check(1, sdp, &proof)
    };
    assert_eq!(check(&sdp(12)), Ok(()));
    let wrong = Err(HandshakeError::Fingerprint);
    assert_eq!(check(&sdp(13)), wrong);
    assert_eq!(check("v=0\r\n"), wrong);
    assert_eq!(check(&(sdp(12) + &sdp(13))), wrong);
    assert_eq!(check(&(sdp(12) + "A=FINGERPRINT:sha-1 00\n")), wrong);
    assert_eq!(check(&sdp(12).replace("sha-256", "sha-512")), wrong);
}

#[test]
fn a_description_stands_for_one_attempt_of_one_side() {
    let (first, second) = run(None).unwrap();
    let (ana, bob) = (device(1, 11, 21), device(2, 12, 22));
    let sdp = sdp(12);
    let proof = second.sign(&bob.identity, 1, &sdp);
    assert_eq!(first.check(2, &sdp, &proof), Err(HandshakeError::Proof));
    assert_eq!(first.check(1, &(sdp.clone() + "a=x\r\n"), &proof), Err(HandshakeError::Proof));
    let own = first.sign(&ana.identity, 1, &sdp);
    assert_eq!(first.check(1, &sdp, &own), Err(HandshakeError::Proof));
}

proptest! {
    #[test]
    fn whatever_is_changed_on_the_way_is_noticed(swap in swap()) {
        let result = run(Some(&swap));
        prop_assert!(result.is_err(), "{swap:?}");
    }

    #[test]
    fn a_fingerprint_is_read_or_refused(text in ".{0,120}") {
        let _ = fingerprint(&text);
        let _ = fingerprints(&text).count();
    }
}
