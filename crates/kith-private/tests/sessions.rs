//! Two devices over real connections on this machine, and a server between them that may be hostile.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "common/exchange.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod exchange;

use std::time::Duration;

use kith_private::Way;
use kith_private::event::{PrivateError, What};
use kith_private::peers::Trust;
use kith_private::signal::End;
use kith_private::words::Words;
use serde_json::{Value as Json, json};
use tokio::runtime::Runtime;

use crate::exchange::{Device, Exchange, is_seeded, pair, user, write_seeded};

async fn agreed(device: &mut Device) -> (Words, Trust) {
    device
        .until(|what| match what {
            What::Agreed { words, trust, .. } => Some((*words, *trust)),
            _ => None,
        })
        .await
}

#[tokio::test]
async fn two_devices_talk_and_show_the_same_words() {
    let exchange = Exchange::honest();
    let (mut ana, mut bob) = (exchange.device(1, 1), exchange.device(2, 1));
    let id = ana.invite(2).await;
    assert_eq!(bob.accept().await, id);
    let (first, second) = (agreed(&mut ana).await, agreed(&mut bob).await);
    assert_eq!(first, second);
    assert_eq!(first.1, Trust::First);
    // What is said before there is a connection arrives.
    ana.say(id, "tea?").await;
    assert_eq!(bob.message().await, "tea?");
    bob.private.typing(id).await;
    bob.say(id, "yes").await;
    ana.until(|what| matches!(what, What::Typing).then_some(())).await;
    assert_eq!(ana.message().await, "yes");
    ana.private.verify(id).await.unwrap();
    bob.private.end(id).await.unwrap();
    assert_eq!((ana.end().await, bob.end().await), (End::Ended, End::Ended));
    assert!(ana.private.verify(id).await.is_err());

    // The next time, each knows the device of the other.
    let id = bob.invite(1).await;
    assert_eq!(ana.accept().await, id);
    let (first, second) = (agreed(&mut ana).await, agreed(&mut bob).await);
    assert_eq!((first.1, second.1), (Trust::Verified, Trust::Known));
    ana.private.close().await;
    assert_eq!(bob.end().await, End::Ended);
}

#[tokio::test]
async fn another_device_of_the_same_user_is_told_apart() {
    let exchange = Exchange::honest();
    let (mut ana, mut bob) = (exchange.device(1, 1), exchange.device(2, 1));
    let id = ana.invite(2).await;
    bob.accept().await;
    assert_eq!(agreed(&mut ana).await.1, Trust::First);
    ana.private.end(id).await.unwrap();
    ana.end().await;
    exchange.unplug(2);
    let mut other = exchange.device(2, 2);
    let id = ana.invite(2).await;
    other.accept().await;
    assert_eq!(agreed(&mut ana).await.1, Trust::Changed);
    ana.private.verify(id).await.unwrap();
    ana.private.end(id).await.unwrap();
    ana.end().await;
    ana.invite(2).await;
    other.accept().await;
    assert_eq!(agreed(&mut ana).await.1, Trust::Verified);
}

#[tokio::test]
async fn what_is_said_while_there_is_no_connection_arrives_on_the_next() {
    let exchange = Exchange::honest();
    let (mut ana, mut bob, id) = pair(&exchange).await;
    for round in 0..3 {
        let lost = |what: &What| matches!(what, What::Disconnected).then_some(());
        // Either side may give it up.
        if round == 1 {
            ana.private.reconnect(id).await;
        } else {
            bob.private.reconnect(id).await;
        }
        ana.say(id, &format!("one {round}")).await;
        ana.until(lost).await;
        ana.say(id, &format!("two {round}")).await;
        bob.say(id, &format!("three {round}")).await;
        assert_eq!(bob.message().await, format!("one {round}"));
        assert_eq!(bob.message().await, format!("two {round}"));
        assert_eq!(ana.message().await, format!("three {round}"));
    }
}

#[tokio::test]
async fn a_file_arrives_whole_though_the_connection_is_lost_on_its_way() {
    let size: u64 = std::env::var("KITH_FILE_BYTES").map_or(24 << 20, |size| size.parse().unwrap());
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("large.bin");
    // Before there is a connection, which does not outlive a long pause.
    write_seeded(&path, size);
    let exchange = Exchange::honest();
    let (mut ana, mut bob, id) = pair(&exchange).await;
    ana.private.send_file(id, &path).await.unwrap();
    let (_, taken) = bob.take(id).await;
    assert!(taken.with_extension("bin.part").exists() && !taken.exists());
    let mut cuts = vec![size / 2, size / 4];
    let mut lost = 0;
    let arrived = loop {
        match bob.event().await.what {
            What::Progress { bytes, ours: false, .. }
                if cuts.last().is_some_and(|cut| bytes >= *cut) =>
            {
                cuts.pop();
                bob.private.reconnect(id).await;
            }
            What::Disconnected => lost += 1,
            What::Whole { path, .. } => break path.unwrap(),
            What::Dropped { why, .. } => panic!("{why}"),
            What::Ended { why, .. } => panic!("{why:?}"),
            _ => {}
        }
    };
    assert!(lost >= 2);
    assert_eq!(arrived, taken);
    assert!(is_seeded(&arrived, size));
    assert_eq!(ana.whole().await, None);
}

#[tokio::test]
async fn files_go_both_ways_and_are_refused_and_taken_back() {
    let exchange = Exchange::honest();
    let (mut ana, mut bob, id) = pair(&exchange).await;
    for (device, size) in [(&ana, 3 << 20), (&bob, 0)] {
        let path = device.home.path().join(format!("of {size}.bin"));
        write_seeded(&path, size);
        assert_eq!(device.private.send_file(id, &path).await.unwrap(), 1);
    }
    let (_, empty) = ana.take(id).await;
    let (_, full) = bob.take(id).await;
    assert_eq!(ana.whole().await, Some(empty));
    // Ours was whole for the other side, or theirs here first.
    loop {
        if let Some(path) = bob.whole().await {
            assert_eq!(path, full);
            break;
        }
    }
    assert!(is_seeded(&full, 3 << 20));
    // A file that is there is not written over.
    let path = ana.home.path().join("of 3145728.bin");
    let file = ana.private.send_file(id, &path).await.unwrap();
    bob.until(|what| matches!(what, What::Offered { file: 2, .. }).then_some(())).await;
    let taken = bob.private.take_file(id, file, &full).await;
    assert!(matches!(taken, Err(PrivateError::File(_))));
    bob.private.refuse_file(id, file).await.unwrap();
    ana.until(|what| matches!(what, What::Dropped { ours: true, .. }).then_some(())).await;
    let file = ana.private.send_file(id, &path).await.unwrap();
    ana.private.refuse_file(id, file).await.unwrap();
    bob.until(|what| matches!(what, What::Dropped { file: 3, .. }).then_some(())).await;
    assert!(matches!(ana.private.refuse_file(id, 9).await, Err(PrivateError::NoFile)));
    let none = ana.private.send_file(id, &ana.home.path().join("none")).await;
    assert!(matches!(none, Err(PrivateError::File(_))));
}

#[tokio::test]
async fn invitations_are_refused_blocked_and_crossed() {
    let exchange = Exchange::honest();
    let (mut ana, mut bob) = (exchange.device(1, 1), exchange.device(2, 1));
    let id = ana.invite(2).await;
    bob.until(|what| matches!(what, What::Invited { .. }).then_some(())).await;
    bob.private.end(id).await.unwrap();
    assert_eq!(ana.end().await, End::Refused);
    bob.end().await;

    ana.invite(2).await;
    bob.until(|what| matches!(what, What::Invited { .. }).then_some(())).await;
    bob.private.block(user(1)).await;
    assert_eq!((ana.end().await, bob.end().await), (End::Refused, End::Ended));

    let (first, second) = tokio::join!(
        ana.private.invite(user(2), Way::Direct),
        bob.private.invite(user(1), Way::Direct)
    );
    assert_ne!(first.unwrap(), second.unwrap());
    ana.connected().await;
    bob.connected().await;

    // Nobody shows an address who did not agree to, and there is no relay here.
    let refused = ana.private.invite(user(3), Way::Relayed).await;
    assert!(matches!(refused, Err(PrivateError::NoWay)));
    ana.invite(3).await;
    assert_eq!(ana.end().await, End::Unreachable);
}

#[tokio::test]
async fn devices_without_any_way_to_each_other_end_soon() {
    let exchange = Exchange::honest();
    let mut ana = exchange.device(1, 1);
    // What one of them speaks the other does not.
    let mut bob = exchange.device_at(2, 1, tempfile::tempdir().unwrap(), "[::1]:0");
    let id = ana.invite(2).await;
    assert_eq!(bob.accept().await, id);
    agreed(&mut ana).await;
    agreed(&mut bob).await;
    let begun = tokio::time::Instant::now();
    tokio::time::pause();
    assert_eq!(tokio::join!(ana.end(), bob.end()), (End::NoWay, End::NoWay));
    assert!(begun.elapsed() <= Duration::from_secs(40));
}

#[tokio::test]
async fn a_session_whose_connection_does_not_come_back_is_lost_for_both_after_its_time() {
    let exchange = Exchange::honest();
    let (mut ana, mut bob, id) = pair(&exchange).await;
    // Neither reaches the other any more, so that each ends it alone.
    exchange.unplug(1);
    exchange.unplug(2);
    let begun = tokio::time::Instant::now();
    ana.private.reconnect(id).await;
    let lost = |what: &What| matches!(what, What::Disconnected).then_some(());
    ana.until(lost).await;
    bob.until(lost).await;
    let paused = tokio::time::Instant::now();
    tokio::time::pause();
    // What is said meanwhile waits, and changes nothing.
    ana.say(id, "are you there?").await;
    let ends = async {
        let end =
            async |mut device: Device| (device.end().await, begun.elapsed(), paused.elapsed());
        tokio::join!(end(ana), end(bob))
    };
    let ends = tokio::time::timeout(Duration::from_secs(1000), ends).await.expect("it ends");
    for (why, since_lost, since_known) in [ends.0, ends.1] {
        assert_eq!(why, End::Lost);
        assert!(since_lost >= Duration::from_secs(120), "{since_lost:?}");
        assert!(since_known <= Duration::from_secs(121), "{since_known:?}");
    }
}

/// A machine of its own on which bob is in a session with ana.
fn machine(exchange: Exchange) -> Runtime {
    let machine = Runtime::new().unwrap();
    machine.spawn(async move {
        let mut bob = exchange.device(2, 1);
        bob.accept().await;
        // Letting go of it would say good-bye.
        std::mem::forget(bob);
    });
    machine
}

#[tokio::test]
async fn a_device_that_vanishes_without_a_word_is_missed_and_lost_after_its_time() {
    let exchange = Exchange::honest();
    let mut ana = exchange.device(1, 1);
    let machine = machine(exchange.clone());
    let id = loop {
        // It may not be there yet.
        let id = ana.invite(2).await;
        let came = |what: &What| match what {
            What::Connected => Some(true),
            What::Ended { .. } => Some(false),
            _ => None,
        };
        if ana.until(came).await {
            break id;
        }
    };
    let begun = tokio::time::Instant::now();
    // All that it does stops where it is, as when a machine loses power.
    exchange.unplug(2);
    machine.shutdown_background();
    ana.until(|what| matches!(what, What::Disconnected).then_some(())).await;
    assert!(begun.elapsed() <= Duration::from_secs(20), "{:?}", begun.elapsed());
    tokio::time::pause();
    ana.say(id, "are you there?").await;
    assert_eq!(ana.end().await, End::Lost);
    assert!(End::Lost.sentence().contains("the connection was lost"));
}

/// Runs an invitation over a server that changes what passes; how it ends on both sides.
async fn meddled(meddle: impl Fn(&mut Json, bool) + Send + Sync + 'static) -> (End, End) {
    let exchange = Exchange::hostile(meddle);
    let (mut ana, mut bob) = (exchange.device(1, 1), exchange.device(2, 1));
    ana.invite(2).await;
    bob.accept().await;
    tokio::join!(ana.end(), bob.end())
}

/// Puts another value where there is one.
fn swap(value: &mut Json, path: &str, other: Json) {
    if let Some(place) = value.pointer_mut(path) {
        *place = other;
    }
}

#[tokio::test]
async fn a_server_that_changes_what_two_devices_agree_on_is_noticed() {
    let other = |digits: usize| json!("ab".repeat(digits / 2));
    for (path, digits) in [
        ("/say/invite/commitment", 64),
        ("/say/accept/key", 64),
        ("/say/accept/fingerprint", 64),
        ("/say/accept/nonce", 64),
        ("/say/reveal/part/key", 64),
        ("/say/reveal/part/fingerprint", 64),
        ("/say/reveal/part/nonce", 64),
        ("/say/reveal/proof", 128),
        ("/proof", 128),
        ("/say/offer/proof", 128),
    ] {
        let (first, second) = meddled(move |value, _| swap(value, path, other(digits))).await;
        assert_eq!((first, second), (End::Failed, End::Failed), "{path}");
    }
}

#[tokio::test]
async fn a_session_that_breaks_off_by_a_fault_is_over_for_both() {
    // It happens in the task of the session of whoever invited.
    let ends = meddled(|value, _| assert!(value.pointer("/say/reveal").is_none(), "a fault"));
    assert_eq!(ends.await, (End::Failed, End::Failed));
}

#[tokio::test]
async fn a_server_that_swaps_the_certificates_of_a_connection_is_noticed() {
    for path in ["/say/offer/sdp", "/sdp"] {
        let ends = meddled(move |value, _| {
            let Some(Json::String(sdp)) = value.pointer_mut(path) else { return };
            let begin = sdp.find("a=fingerprint:sha-256 ").unwrap() + 22;
            sdp.replace_range(begin..begin + 95, &["AB"; 32].join(":"));
        });
        assert_eq!(ends.await, (End::Failed, End::Failed), "{path}");
    }
}
