//! The relay at a real socket, and others beside it, which it leaves alone.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{Device, Got, NOW, World, address_in, code, got, options, peer_of, secret, udp};
use crate::message::{Message, attribute, method};
use crate::relay::{Options, Relay};
use crate::serve::serve;

/// A device with a socket.
struct Client {
    device: Device,
    socket: UdpSocket,
    /// Numbers the requests.
    world: World,
}

impl Client {
    async fn new(user: &str) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let world = World::new(options());
        Self { device: Device::new(&world, user, 1), socket, world }
    }

    async fn hear(&self) -> Vec<u8> {
        let mut raw = vec![0; 2000];
        let heard = timeout(Duration::from_secs(10), self.socket.recv(&mut raw)).await;
        raw.truncate(heard.expect("in time").expect("something"));
        raw
    }

    async fn ask(&mut self, relay: SocketAddr, method: u16, put: &[(u16, Vec<u8>)]) -> Vec<u8> {
        loop {
            let request = self.device.request(&mut self.world, method, put);
            self.socket.send_to(&request, relay).await.expect("sent");
            let raw = self.hear().await;
            let answer = Message::parse(&raw).expect("readable");
            match code(&answer) {
                Some(438) => {
                    self.device.nonce = answer.get(attribute::NONCE).expect("one").to_vec();
                }
                None => return raw,
                Some(code) => panic!("{code}"),
            }
        }
    }

    /// Makes an allocation that everybody at these addresses may send to.
    async fn allocate(&mut self, relay: SocketAddr) -> SocketAddr {
        let raw = self.ask(relay, method::ALLOCATE, &[udp()]).await;
        let relayed = address_in(&raw, attribute::XOR_RELAYED_ADDRESS);
        self.ask(relay, method::CREATE_PERMISSION, &[peer_of(relayed)]).await;
        relayed
    }
}

#[tokio::test]
async fn other_sockets_of_the_machine_never_get_a_byte() {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let relay = socket.local_addr().expect("bound");
    // The very address that may be named is also that of everything else here.
    let options = Options { address: relay.ip(), ..options() };
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(async move {
        let relay = Relay::new(options, secret(), 1, NOW);
        serve(&socket, relay, || NOW, async { drop(stopped.await) }).await;
    });
    let sentinel = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let there = sentinel.local_addr().expect("bound");
    let (mut ana, mut bob) = (Client::new("ana").await, Client::new("bob").await);
    let (first, second) = (ana.allocate(relay).await, bob.allocate(relay).await);
    ana.ask(relay, method::CREATE_PERMISSION, &[peer_of(there)]).await;
    let number = (attribute::CHANNEL_NUMBER, vec![0x40, 0, 0, 0]);
    ana.ask(relay, method::CHANNEL_BIND, &[number, peer_of(there)]).await;
    ana.socket.send_to(b"\x40\x00\x00\x03out", relay).await.expect("sent");
    // Whatever the relay would have sent it has sent before this.
    for (to, data) in [(there, b"out".as_slice()), (relay, b"self"), (second, b"tea?")] {
        let mut raw = Vec::new();
        let transaction = [0; 12];
        let mut writer = crate::write::Writer::new(
            &mut raw,
            crate::message::Class::Indication,
            method::SEND,
            transaction,
        );
        let (kind, value) = peer_of(to);
        writer.put(kind, &value).put(attribute::DATA, data);
        ana.socket.send_to(&raw, relay).await.expect("sent");
    }
    assert_eq!(got(&bob.hear().await), Got::From(first, b"tea?".to_vec()));
    assert!(sentinel.try_recv(&mut [0; 10]).is_err(), "nothing came out");
    drop(stop);
    running.await.expect("it stops");
}
