//! The relay under clients of every kind, without sockets and clocks.

mod flood;
mod rules;
mod sockets;
mod vectors;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ring::hmac;

use crate::address;
use crate::credential::{REALM, Secret, key};
use crate::message::{Class, Message, attribute, method};
use crate::relay::{Options, Relay};
use crate::write::Writer;

/// When it begins: at a second that is not special.
const NOW: u64 = 1_700_000_000_000;
const PUBLIC: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

fn options() -> Options {
    Options {
        address: PUBLIC,
        turn: true,
        allocations_max: 100,
        per_user_max: 4,
        bytes_per_second: 1_000_000,
        bytes_per_second_per_user: 100_000,
    }
}

fn secret() -> Secret {
    Secret::new(&[7; 32])
}

/// A relay, and the time it is.
struct World {
    relay: Relay,
    now: u64,
    out: Vec<u8>,
    transactions: u64,
}

impl World {
    fn new(options: Options) -> Self {
        let relay = Relay::new(options, secret(), 1, NOW);
        Self { relay, now: NOW, out: Vec::new(), transactions: 0 }
    }

    /// What comes for a datagram, and to whom.
    fn give(&mut self, from: SocketAddr, datagram: &[u8]) -> Option<(SocketAddr, Vec<u8>)> {
        let to = self.relay.receive(self.now, from, datagram, &mut self.out)?;
        Some((to, self.out.clone()))
    }

    fn transaction(&mut self) -> [u8; 12] {
        self.transactions += 1;
        let mut transaction = [9; 12];
        transaction[4..].copy_from_slice(&self.transactions.to_be_bytes());
        transaction
    }
}

/// Somebody's device.
struct Device {
    at: SocketAddr,
    username: String,
    key: hmac::Key,
    nonce: Vec<u8>,
}

impl Device {
    /// A device of a user, with a credential of the present.
    fn new(world: &World, user: &str, port: u16) -> Self {
        let credential = secret().issue(user, world.now);
        let key = key(&credential.username, REALM, &credential.password);
        let at = SocketAddr::from(([10, 0, 0, 1], port));
        Self { at, username: credential.username, key, nonce: Vec::new() }
    }

    /// A request as it is signed, with these attributes.
    fn request(&self, world: &mut World, method: u16, put: &[(u16, Vec<u8>)]) -> Vec<u8> {
        let mut raw = Vec::new();
        let transaction = world.transaction();
        let mut writer = Writer::new(&mut raw, Class::Request, method, transaction);
        for (kind, value) in put {
            writer.put(*kind, value);
        }
        writer.put(attribute::USERNAME, self.username.as_bytes());
        writer.put(attribute::REALM, REALM.as_bytes());
        writer.put(attribute::NONCE, &self.nonce);
        writer.sign(&self.key).fingerprint();
        raw
    }

    /// Makes a request, and says what it is refused with, if it is.
    fn ask(
        &mut self,
        world: &mut World,
        method: u16,
        put: &[(u16, Vec<u8>)],
    ) -> Result<Vec<u8>, u16> {
        for _ in 0..2 {
            let request = self.request(world, method, put);
            let (to, raw) = world.give(self.at, &request).expect("it is answered");
            assert_eq!(to, self.at);
            let answer = Message::parse(&raw).expect("it is readable");
            match code(&answer) {
                None => {
                    assert!(answer.is_by(&self.key), "it is signed");
                    return Ok(raw);
                }
                Some(438) if self.nonce.is_empty() => {
                    self.nonce = answer.get(attribute::NONCE).expect("there is one").to_vec();
                }
                Some(code) => return Err(code),
            }
        }
        Err(438)
    }

    /// Makes an allocation, and says its relayed address.
    fn allocate(&mut self, world: &mut World) -> Result<SocketAddr, u16> {
        let raw = self.ask(world, method::ALLOCATE, &[udp()])?;
        Ok(address_in(&raw, attribute::XOR_RELAYED_ADDRESS))
    }

    fn permit(&mut self, world: &mut World, peer: SocketAddr) -> Result<(), u16> {
        // Any transaction does: an IPv4 address is hidden by what all messages have.
        self.ask(world, method::CREATE_PERMISSION, &[peer_of(peer)]).map(drop)
    }

    fn bind(&mut self, world: &mut World, number: u16, peer: SocketAddr) -> Result<(), u16> {
        let number = (attribute::CHANNEL_NUMBER, (u32::from(number) << 16).to_be_bytes().to_vec());
        self.ask(world, method::CHANNEL_BIND, &[number, peer_of(peer)]).map(drop)
    }

    /// Sends something to a peer: who gets it, from whom as they see it, and what.
    fn send(&self, world: &mut World, peer: SocketAddr, data: &[u8]) -> Option<(SocketAddr, Got)> {
        let mut raw = Vec::new();
        let transaction = world.transaction();
        let mut writer = Writer::new(&mut raw, Class::Indication, method::SEND, transaction);
        let (kind, value) = peer_of(peer);
        writer.put(kind, &value).put(attribute::DATA, data);
        world.give(self.at, &raw).map(|(to, raw)| (to, got(&raw)))
    }
}

/// What a client gets.
#[derive(Debug, PartialEq, Eq)]
enum Got {
    From(SocketAddr, Vec<u8>),
    Channel(u16, Vec<u8>),
}

fn got(raw: &[u8]) -> Got {
    if raw[0] >> 6 == 1 {
        return Got::Channel(u16::from_be_bytes([raw[0], raw[1]]), raw[4..].to_vec());
    }
    let message = Message::parse(raw).expect("it is readable");
    assert_eq!((message.class, message.method), (Class::Indication, method::DATA));
    let data = message.get(attribute::DATA).expect("there is something").to_vec();
    Got::From(address_in(raw, attribute::XOR_PEER_ADDRESS), data)
}

fn udp() -> (u16, Vec<u8>) {
    (attribute::REQUESTED_TRANSPORT, vec![17, 0, 0, 0])
}

fn peer_of(peer: SocketAddr) -> (u16, Vec<u8>) {
    let (bytes, length) = address::write(peer, &[0; 12]);
    (attribute::XOR_PEER_ADDRESS, bytes[..length].to_vec())
}

fn address_in(raw: &[u8], kind: u16) -> SocketAddr {
    let message = Message::parse(raw).expect("it is readable");
    let value = message.get(kind).expect("there is one");
    address::read(value, &message.transaction).expect("it is an address")
}

fn code(message: &Message<'_>) -> Option<u16> {
    let value = message.get(attribute::ERROR_CODE)?;
    Some(u16::from(value[2]) * 100 + u16::from(value[3]))
}

/// Two devices of two users, which let each other send.
fn pair(world: &mut World) -> ((Device, SocketAddr), (Device, SocketAddr)) {
    let (mut ana, mut bob) = (Device::new(world, "ana", 1), Device::new(world, "bob", 2));
    let (first, second) = (ana.allocate(world).expect("room"), bob.allocate(world).expect("room"));
    ana.permit(world, second).expect("it is a peer");
    bob.permit(world, first).expect("it is a peer");
    ((ana, first), (bob, second))
}
