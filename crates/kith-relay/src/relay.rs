//! The state machine: what comes, and the one datagram that goes out for it, if any.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use ring::hmac;

use crate::credential::{Owner, REALM, Secret};
use crate::message::{Class, Message, attribute, method};
use crate::quota::{Bucket, Requests};
use crate::serve::Counts;
use crate::table::{Allocation, Full, PERMISSION_MS, Table};
use crate::write::Writer;
use crate::{DATAGRAM_BYTES_MAX, address, nonce};

/// How long an allocation lasts: unless its client says so, and at most (RFC 8656, section 3.2).
const LIFETIME_SECONDS: u32 = 600;
const LIFETIME_SECONDS_MAX: u32 = 3600;
/// The numbers that channels have.
const CHANNELS: std::ops::RangeInclusive<u16> = 0x4000..=0x4fff;
/// The number of UDP among the protocols.
const UDP: u8 = 17;
/// What a datagram costs beside what is in it: the heads of its packet.
const PACKET_BYTES: usize = 28;

/// What an operator decides.
#[derive(Clone, Debug)]
pub struct Options {
    /// The address that devices reach this server by, and that relayed addresses have.
    pub address: IpAddr,
    /// Whether anything is relayed; else this is STUN alone.
    pub turn: bool,
    /// The most allocations, and those of one user. No more than 8192 are made.
    pub allocations_max: usize,
    /// The most of one user.
    pub per_user_max: usize,
    /// The most bytes that are relayed in a second, for all together.
    pub bytes_per_second: u64,
    /// The most of one user.
    pub bytes_per_second_per_user: u64,
}

/// STUN, and where it is switched on TURN.
pub struct Relay {
    options: Options,
    secret: Secret,
    table: Table,
    requests: Requests,
    bytes: Bucket,
    counts: Arc<Counts>,
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Relay").field("allocations", &self.table.len()).finish_non_exhaustive()
    }
}

/// What a request is refused with: a number, and a word for a person.
struct Refused(u16, &'static str);

/// What a request came to.
enum Done {
    /// An address that others can send to.
    Allocated {
        port: u16,
        seconds: u32,
    },
    /// For how long.
    Lasts {
        seconds: u32,
    },
    Noted,
}

/// Somebody who has signed in.
struct Caller {
    owner: Owner,
    key: hmac::Key,
}

impl Relay {
    /// One without allocations. The seed spreads the ports of relayed addresses; times are milliseconds
    /// since 1970, and never go back.
    #[must_use]
    pub fn new(mut options: Options, secret: Secret, seed: u64, now_ms: u64) -> Self {
        options.address = options.address.to_canonical();
        let table = Table::new(options.allocations_max, options.per_user_max, seed);
        let bytes = Bucket::full(options.bytes_per_second, now_ms);
        let (requests, counts) = (Requests::new(now_ms), Arc::default());
        Self { options, secret, table, requests, bytes, counts }
    }

    /// What is counted.
    #[must_use]
    pub fn counts(&self) -> Arc<Counts> {
        Arc::clone(&self.counts)
    }

    /// Forgets what is over. Without it, it takes room until somebody else needs that.
    pub fn tick(&mut self, now_ms: u64) {
        self.table.expire(now_ms);
        self.counts.allocations.store(self.table.len() as u64, Ordering::Relaxed);
    }

    /// Takes a datagram. Where something is to be sent, it is in `out`, and whereto is said.
    pub fn receive(
        &mut self,
        now_ms: u64,
        from: SocketAddr,
        datagram: &[u8],
        out: &mut Vec<u8>,
    ) -> Option<SocketAddr> {
        out.clear();
        // The first two bits tell messages from what goes over channels.
        match datagram.first()? >> 6 {
            0 => self.message(now_ms, from, datagram, out),
            1 if self.options.turn => self.channel_data(now_ms, from, datagram, out),
            _ => None,
        }
    }

    fn message(
        &mut self,
        now_ms: u64,
        from: SocketAddr,
        datagram: &[u8],
        out: &mut Vec<u8>,
    ) -> Option<SocketAddr> {
        let message = Message::parse(datagram).ok()?;
        match (message.class, message.method) {
            (Class::Indication, method::SEND) if self.options.turn => {
                return self.send(now_ms, from, &message, out);
            }
            (Class::Request, _) => {}
            _ => return None,
        }
        // Who asks under others' addresses shall not have them flooded.
        if !self.requests.take(from.ip().to_canonical(), now_ms) {
            Counts::add(&self.counts.withheld);
            return None;
        }
        if message.method == method::BINDING {
            self.bind(from, &message, out);
        } else if self.options.turn {
            self.request(now_ms, from, &message, out);
        } else {
            return None;
        }
        Some(from)
    }

    /// Tells a device what its address is.
    fn bind(&self, from: SocketAddr, message: &Message<'_>, out: &mut Vec<u8>) {
        Counts::add(&self.counts.bindings);
        let seen = SocketAddr::new(from.ip().to_canonical(), from.port());
        let mut writer = match unknown(message) {
            Some(unknown) => refusal(message, out, &Refused(420, ""), &unknown),
            None => {
                let mut writer = answer(message, out, Class::Success);
                writer.put_address(attribute::XOR_MAPPED_ADDRESS, seen);
                writer
            }
        };
        if message.has_fingerprint {
            writer.fingerprint();
        }
    }

    /// A request of TURN: nothing is looked up for it, nor kept, before it is known whose it is.
    fn request(&mut self, now_ms: u64, from: SocketAddr, message: &Message<'_>, out: &mut Vec<u8>) {
        let caller = match self.caller(now_ms, from, message) {
            Ok(caller) => caller,
            Err(refused) => {
                Counts::add(&self.counts.unauthenticated);
                // Nothing but what is needed: it may go to somebody who did not ask.
                let mut writer = refusal(message, out, &refused, &[]);
                if refused.0 != 400 {
                    let nonce = nonce::issue(&self.secret.nonces, from, now_ms);
                    writer.put(attribute::REALM, REALM.as_bytes());
                    writer.put(attribute::NONCE, nonce.as_bytes());
                }
                if message.has_fingerprint {
                    writer.fingerprint();
                }
                return;
            }
        };
        let unknown = unknown(message);
        let done = match unknown {
            Some(_) => Err(Refused(420, "Unknown Attribute")),
            None => self.carry_out(now_ms, from, message, &caller),
        };
        let mut writer = match done {
            Ok(done) => {
                let mut writer = answer(message, out, Class::Success);
                if let Done::Allocated { port, .. } = done {
                    let seen = SocketAddr::new(from.ip().to_canonical(), from.port());
                    let relayed = SocketAddr::new(self.options.address, port);
                    writer.put_address(attribute::XOR_RELAYED_ADDRESS, relayed);
                    writer.put_address(attribute::XOR_MAPPED_ADDRESS, seen);
                }
                if let Done::Lasts { seconds } | Done::Allocated { seconds, .. } = done {
                    writer.put(attribute::LIFETIME, &seconds.to_be_bytes());
                }
                writer
            }
            Err(refused) => {
                Counts::add(&self.counts.refused);
                refusal(message, out, &refused, &unknown.unwrap_or_default())
            }
        };
        writer.sign(&caller.key);
        if message.has_fingerprint {
            writer.fingerprint();
        }
        self.counts.allocations.store(self.table.len() as u64, Ordering::Relaxed);
    }

    /// Who says so.
    fn caller(
        &self,
        now_ms: u64,
        from: SocketAddr,
        message: &Message<'_>,
    ) -> Result<Caller, Refused> {
        let unauthorized = || Refused(401, "");
        if !message.has_integrity() {
            return Err(unauthorized());
        }
        let said = [attribute::USERNAME, attribute::REALM, attribute::NONCE];
        let [Some(username), Some(realm), Some(nonce)] = said.map(|kind| message.get(kind)) else {
            return Err(Refused(400, ""));
        };
        if !nonce::holds(&self.secret.nonces, from, nonce, now_ms) {
            return Err(Refused(438, ""));
        }
        let found = self.secret.look_up(username, now_ms);
        let (owner, key) = found.ok_or_else(unauthorized)?;
        if realm != REALM.as_bytes() || !message.is_by(&key) {
            return Err(unauthorized());
        }
        Ok(Caller { owner, key })
    }

    fn carry_out(
        &mut self,
        now_ms: u64,
        from: SocketAddr,
        message: &Message<'_>,
        caller: &Caller,
    ) -> Result<Done, Refused> {
        if message.method == method::ALLOCATE {
            return self.allocate(now_ms, from, message, caller);
        }
        let username = message.get(attribute::USERNAME).unwrap_or_default();
        let allocation = self.table.get(from, now_ms).ok_or(Refused(437, "Allocation Mismatch"))?;
        if *allocation.username != *username {
            return Err(Refused(441, "Wrong Credentials"));
        }
        match message.method {
            method::REFRESH => {
                let wanted = message.number(attribute::LIFETIME);
                if wanted == Some(0) {
                    self.table.remove(from);
                    return Ok(Done::Lasts { seconds: 0 });
                }
                let seconds = lifetime(wanted);
                allocation.until_ms = now_ms + u64::from(seconds) * 1000;
                Ok(Done::Lasts { seconds })
            }
            method::CREATE_PERMISSION => {
                let mut peers = 0;
                for (kind, value) in message.attributes() {
                    if kind == attribute::XOR_PEER_ADDRESS {
                        peer(self.options.address, value, message)?;
                        peers += 1;
                    }
                }
                if peers == 0 {
                    return Err(Refused(400, "Bad Request"));
                }
                allocation.permitted_ms = now_ms + PERMISSION_MS;
                Ok(Done::Noted)
            }
            method::CHANNEL_BIND => {
                let number = message.number(attribute::CHANNEL_NUMBER).map(|word| word >> 16);
                let number = number.and_then(|number| u16::try_from(number).ok());
                let number = number.filter(|number| CHANNELS.contains(number));
                let value = message.get(attribute::XOR_PEER_ADDRESS);
                let (number, value) = number.zip(value).ok_or(Refused(400, "Bad Request"))?;
                let peer = peer(self.options.address, value, message)?;
                allocation.bind(number, peer, now_ms).map_err(full)?;
                Ok(Done::Noted)
            }
            _ => Err(Refused(400, "Bad Request")),
        }
    }

    fn allocate(
        &mut self,
        now_ms: u64,
        from: SocketAddr,
        message: &Message<'_>,
        caller: &Caller,
    ) -> Result<Done, Refused> {
        let username = message.get(attribute::USERNAME).unwrap_or_default();
        if let Some(found) = self.table.get(from, now_ms) {
            // Where the answer was lost, it is given again.
            if found.made_by != message.transaction || *found.username != *username {
                return Err(Refused(437, "Allocation Mismatch"));
            }
            let left = found.until_ms.saturating_sub(now_ms) / 1000;
            let seconds = u32::try_from(left).unwrap_or(LIFETIME_SECONDS_MAX);
            return Ok(Done::Allocated { port: found.port, seconds });
        }
        match message.get(attribute::REQUESTED_TRANSPORT) {
            Some([UDP, _, _, _]) => {}
            Some([_, _, _, _]) => return Err(Refused(442, "Unsupported Transport Protocol")),
            _ => return Err(Refused(400, "Bad Request")),
        }
        let family = message.get(attribute::REQUESTED_ADDRESS_FAMILY);
        if family.is_some_and(|f| f.first() != Some(&address::family(self.options.address))) {
            return Err(Refused(440, "Address Family not Supported"));
        }
        let seconds = lifetime(message.number(attribute::LIFETIME));
        let until_ms = now_ms + u64::from(seconds) * 1000;
        let new = Allocation::new(caller.owner, username, message.transaction, until_ms);
        let burst = self.options.bytes_per_second_per_user;
        let port = self.table.add(from, new, burst, now_ms).map_err(full)?;
        Counts::add(&self.counts.made);
        Ok(Done::Allocated { port, seconds })
    }

    fn send(
        &mut self,
        now_ms: u64,
        from: SocketAddr,
        message: &Message<'_>,
        out: &mut Vec<u8>,
    ) -> Option<SocketAddr> {
        if unknown(message).is_some() {
            return None;
        }
        let value = message.get(attribute::XOR_PEER_ADDRESS)?;
        let peer = peer(self.options.address, value, message).ok()?;
        let data = message.get(attribute::DATA)?;
        let sender = self.table.get(from, now_ms).filter(|sender| sender.permitted_ms > now_ms)?;
        let sender = (sender.owner, sender.port);
        self.pass_on(now_ms, sender, peer, data, out)
    }

    fn channel_data(
        &mut self,
        now_ms: u64,
        from: SocketAddr,
        datagram: &[u8],
        out: &mut Vec<u8>,
    ) -> Option<SocketAddr> {
        let ([a, b, c, d], rest) = datagram.split_first_chunk::<4>()?;
        let number = u16::from_be_bytes([*a, *b]);
        let data = rest.get(..usize::from(u16::from_be_bytes([*c, *d])))?;
        let sender = self.table.get(from, now_ms)?;
        let peer = sender.peer(number, now_ms)?;
        let sender = (sender.owner, sender.port);
        self.pass_on(now_ms, sender, peer, data, out)
    }

    /// Passes on what one allocation sends to another, which lets it.
    fn pass_on(
        &mut self,
        now_ms: u64,
        (owner, port): (Owner, u16),
        peer: u16,
        data: &[u8],
        out: &mut Vec<u8>,
    ) -> Option<SocketAddr> {
        let relayed = SocketAddr::new(self.options.address, port);
        let (client, receiver) = self.table.at(peer, now_ms)?;
        if receiver.permitted_ms <= now_ms {
            return None;
        }
        match receiver.channel(port, now_ms) {
            Some(number) => {
                let length = u16::try_from(data.len()).ok()?;
                out.extend_from_slice(&number.to_be_bytes());
                out.extend_from_slice(&length.to_be_bytes());
                out.extend_from_slice(data);
            }
            None => {
                // Nobody answers an indication, so that its number need not be told from others.
                let mut writer = Writer::new(out, Class::Indication, method::DATA, [0; 12]);
                writer.put_address(attribute::XOR_PEER_ADDRESS, relayed);
                writer.put(attribute::DATA, data);
            }
        }
        let cost = (out.len() + PACKET_BYTES) as u64;
        let Options { bytes_per_second: all, bytes_per_second_per_user: each, .. } = self.options;
        let share = self.table.bytes(&owner);
        let may = share.is_some_and(|share| share.take(cost, each, each, now_ms))
            && self.bytes.take(cost, all, all, now_ms);
        if !may || out.len() > DATAGRAM_BYTES_MAX {
            Counts::add(&self.counts.dropped);
            return None;
        }
        self.counts.bytes.fetch_add(out.len() as u64, Ordering::Relaxed);
        Some(client)
    }
}

/// How long something lasts of which a client says for how long it wants it.
fn lifetime(wanted: Option<u32>) -> u32 {
    wanted.unwrap_or(0).clamp(LIFETIME_SECONDS, LIFETIME_SECONDS_MAX)
}

/// The port of a peer, which is another allocation of ours or nobody.
fn peer(ours: IpAddr, value: &[u8], message: &Message<'_>) -> Result<u16, Refused> {
    let peer = address::read(value, &message.transaction).ok_or(Refused(400, "Bad Request"))?;
    match peer.ip() == ours {
        true => Ok(peer.port()),
        false => Err(Refused(403, "Forbidden")),
    }
}

fn full(full: Full) -> Refused {
    match full {
        Full::Taken => Refused(400, "Bad Request"),
        Full::User => Refused(486, "Allocation Quota Reached"),
        Full::Server => Refused(508, "Insufficient Capacity"),
    }
}

/// The attributes that have to be understood and are not.
fn unknown(message: &Message<'_>) -> Option<Vec<u8>> {
    const KNOWN: [u16; 12] = [
        attribute::USERNAME,
        attribute::CHANNEL_NUMBER,
        attribute::LIFETIME,
        attribute::XOR_PEER_ADDRESS,
        attribute::DATA,
        attribute::REALM,
        attribute::NONCE,
        attribute::REQUESTED_ADDRESS_FAMILY,
        attribute::REQUESTED_TRANSPORT,
        attribute::XOR_MAPPED_ADDRESS,
        // What devices say to each other to find a way (RFC 8445): PRIORITY, USE-CANDIDATE.
        0x0024,
        0x0025,
    ];
    let kinds = message.attributes().map(|(kind, _)| kind);
    let mut unknown = kinds.filter(|kind| *kind < 0x8000 && !KNOWN.contains(kind)).peekable();
    unknown.peek()?;
    // As many as do not make the answer longer than the request.
    Some(unknown.take(4).flat_map(u16::to_be_bytes).collect())
}

fn answer<'a>(message: &Message<'_>, out: &'a mut Vec<u8>, class: Class) -> Writer<'a> {
    Writer::new(out, class, message.method, message.transaction)
}

fn refusal<'a>(
    message: &Message<'_>,
    out: &'a mut Vec<u8>,
    Refused(code, reason): &Refused,
    unknown: &[u8],
) -> Writer<'a> {
    let mut writer = answer(message, out, Class::Error);
    writer.put_error(*code, reason);
    if !unknown.is_empty() {
        writer.put(attribute::UNKNOWN_ATTRIBUTES, unknown);
    }
    writer
}
