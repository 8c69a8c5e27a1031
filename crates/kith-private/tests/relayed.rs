//! Two devices that show no addresses, over a real relay on this machine.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "common/exchange.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod exchange;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use kith_private::Way;
use kith_private::event::What;
use kith_private::handshake::SessionId;
use kith_private::relay::Relay;
use kith_relay::{CREDENTIAL_SECONDS, Counts, Options, Secret};
use serde_json::Value as Json;
use tokio::net::UdpSocket;

use crate::exchange::{Device, Exchange, is_seeded, user, write_seeded};

/// A relay that runs.
struct Running {
    place: SocketAddr,
    secret: Secret,
    counts: Arc<Counts>,
}

const NOW: u64 = 1_700_000_000_000;

impl Running {
    async fn start() -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let place = socket.local_addr().unwrap();
        let options = Options {
            address: place.ip(),
            turn: true,
            allocations_max: 16,
            per_user_max: 4,
            bytes_per_second: 1 << 30,
            bytes_per_second_per_user: 1 << 30,
        };
        let (secret, started) = (Secret::new(&[7; 32]), Instant::now());
        let now = move || NOW + u64::try_from(started.elapsed().as_millis()).unwrap();
        let relay = kith_relay::Relay::new(options, secret.clone(), 1, now());
        let counts = relay.counts();
        tokio::spawn(async move {
            kith_relay::serve(&socket, relay, now, std::future::pending()).await;
        });
        Self { place, secret, counts }
    }

    /// What the server says of it, with a credential that was issued at this time.
    fn told(&self, issued: u64) -> Vec<Relay> {
        let credential = self.secret.issue("ana", issued);
        vec![Relay {
            urls: vec![format!("turn:{}?transport=udp", self.place)],
            username: credential.username,
            credential: credential.password,
        }]
    }
}

async fn relayed_pair(exchange: &Exchange) -> (Device, Device, SessionId) {
    let (ana, mut bob) = (exchange.device(1, 1), exchange.device(2, 1));
    let id = ana.private.invite(user(2), Way::Relayed).await.unwrap();
    bob.until(|what| matches!(what, What::Invited { .. }).then_some(())).await;
    bob.private.accept(id, Way::Relayed).await.unwrap();
    (ana, bob, id)
}

#[tokio::test]
async fn two_devices_meet_over_the_relay_and_show_no_addresses() {
    let relay = Running::start().await;
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let keep = Arc::clone(&seen);
    let exchange = Exchange::hostile(move |value: &mut Json, _| {
        for path in ["/say/offer/sdp", "/sdp"] {
            let sdp = value.pointer(path).and_then(Json::as_str);
            keep.lock().unwrap().extend(sdp.map(str::to_owned));
        }
    });
    exchange.offer(relay.told(NOW));
    let (mut ana, mut bob, id) = relayed_pair(&exchange).await;
    ana.connected().await;
    bob.connected().await;
    ana.say(id, "tea?").await;
    assert_eq!(bob.message().await, "tea?");
    let path = ana.home.path().join("large.bin");
    write_seeded(&path, 8 << 20);
    ana.private.send_file(id, &path).await.unwrap();
    bob.take(id).await;
    assert!(is_seeded(&bob.whole().await.unwrap(), 8 << 20));
    assert!(relay.counts.bytes.load(Ordering::Relaxed) > 8 << 20);
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 2);
    for sdp in seen.iter() {
        let candidates: Vec<_> = sdp.lines().filter(|l| l.starts_with("a=candidate:")).collect();
        assert!(!candidates.is_empty());
        for line in candidates {
            assert!(line.contains(" typ relay raddr 0.0.0.0 rport 0"), "{line}");
        }
    }
}

#[tokio::test]
async fn a_credential_that_is_over_is_replaced_by_another() {
    let relay = Running::start().await;
    let exchange = Exchange::honest();
    // It is over when it is used.
    exchange.offer(relay.told(NOW - CREDENTIAL_SECONDS * 1000));
    let (mut ana, mut bob, id) = relayed_pair(&exchange).await;
    let agreed = |what: &What| matches!(what, What::Agreed { .. }).then_some(());
    ana.until(agreed).await;
    bob.until(agreed).await;
    exchange.offer(relay.told(NOW));
    ana.connected().await;
    bob.connected().await;
    ana.say(id, "tea?").await;
    assert_eq!(bob.message().await, "tea?");
}

#[tokio::test]
async fn one_who_shows_an_address_and_one_who_does_not_meet() {
    let relay = Running::start().await;
    let exchange = Exchange::honest();
    exchange.offer(relay.told(NOW));
    let (mut ana, mut bob) = (exchange.device(1, 1), exchange.device(2, 1));
    ana.private.invite(user(2), Way::Relayed).await.unwrap();
    bob.accept().await;
    ana.connected().await;
    bob.connected().await;
}
