//! The allocations there are: who may send to whom by them, and until when.

use std::collections::HashMap;
use std::net::SocketAddr;

use crate::credential::Owner;
use crate::quota::Bucket;

/// The ports that relayed addresses have (RFC 8656, section 7.2). Nobody listens on them.
const PORT_MIN: u16 = 49152;
const PORTS: u16 = u16::MAX - PORT_MIN + 1;
/// The most channels of an allocation.
const CHANNELS_MAX: usize = 32;
/// How long channels and permissions last (RFC 8656, sections 9 and 12).
pub(crate) const CHANNEL_MS: u64 = 600_000;
pub(crate) const PERMISSION_MS: u64 = 300_000;

/// A number that stands for a peer.
struct Channel {
    number: u16,
    /// The port of the peer's relayed address.
    peer: u16,
    until_ms: u64,
}

/// What one client has.
pub(crate) struct Allocation {
    pub(crate) owner: Owner,
    pub(crate) username: Box<[u8]>,
    /// The request that made it, which may come again.
    pub(crate) made_by: [u8; 12],
    /// The port of its relayed address.
    pub(crate) port: u16,
    pub(crate) until_ms: u64,
    /// Until when others may send to it. All peers have one address, so that there is one permission.
    pub(crate) permitted_ms: u64,
    channels: Vec<Channel>,
}

impl Allocation {
    /// The peer that a number stands for.
    pub(crate) fn peer(&self, number: u16, now_ms: u64) -> Option<u16> {
        let holds = |channel: &&Channel| channel.number == number && channel.until_ms > now_ms;
        self.channels.iter().find(holds).map(|channel| channel.peer)
    }

    /// The number that stands for a peer.
    pub(crate) fn channel(&self, peer: u16, now_ms: u64) -> Option<u16> {
        let holds = |channel: &&Channel| channel.peer == peer && channel.until_ms > now_ms;
        self.channels.iter().find(holds).map(|channel| channel.number)
    }

    /// Binds a number to a peer, anew or once more. Refused where either stands for another already, or
    /// there are too many.
    pub(crate) fn bind(&mut self, number: u16, peer: u16, now_ms: u64) -> Result<(), Full> {
        self.channels.retain(|channel| channel.until_ms > now_ms);
        let is_full = self.channels.len() >= CHANNELS_MAX;
        let until_ms = now_ms + CHANNEL_MS;
        let touches = |channel: &&mut Channel| channel.number == number || channel.peer == peer;
        match self.channels.iter_mut().find(touches) {
            Some(channel) if (channel.number, channel.peer) == (number, peer) => {
                channel.until_ms = until_ms;
            }
            Some(_) => return Err(Full::Taken),
            None if is_full => return Err(Full::Server),
            None => self.channels.push(Channel { number, peer, until_ms }),
        }
        self.permitted_ms = now_ms + PERMISSION_MS;
        Ok(())
    }
}

/// Why something has no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// It is another's.
    Taken,
    /// The user has enough.
    User,
    /// There is no more room.
    Server,
}

/// What one user has.
struct Share {
    allocations: usize,
    bytes: Bucket,
}

/// All allocations, by client and by port.
pub(crate) struct Table {
    allocations_max: usize,
    per_user_max: usize,
    clients: HashMap<SocketAddr, Allocation>,
    ports: HashMap<u16, SocketAddr>,
    shares: HashMap<Owner, Share>,
    /// Where the next port is looked for.
    seed: u64,
}

impl Table {
    pub(crate) fn new(allocations_max: usize, per_user_max: usize, seed: u64) -> Self {
        let allocations_max = allocations_max.min(usize::from(PORTS) / 2);
        let (clients, ports, shares) = Default::default();
        Self { allocations_max, per_user_max, clients, ports, shares, seed }
    }

    pub(crate) fn len(&self) -> usize {
        self.clients.len()
    }

    /// The allocation of a client, as long as it lasts.
    pub(crate) fn get(&mut self, client: SocketAddr, now_ms: u64) -> Option<&mut Allocation> {
        self.clients.get_mut(&client).filter(|allocation| allocation.until_ms > now_ms)
    }

    /// Whose the allocation at a port is.
    pub(crate) fn at(&mut self, port: u16, now_ms: u64) -> Option<(SocketAddr, &mut Allocation)> {
        let client = *self.ports.get(&port)?;
        Some((client, self.get(client, now_ms)?))
    }

    /// Makes an allocation, and finds a port for it.
    pub(crate) fn add(
        &mut self,
        client: SocketAddr,
        mut allocation: Allocation,
        burst: u64,
        now_ms: u64,
    ) -> Result<u16, Full> {
        self.remove(client);
        if self.clients.len() >= self.allocations_max {
            self.expire(now_ms);
        }
        let owned = self.shares.get(&allocation.owner).map_or(0, |share| share.allocations);
        if owned >= self.per_user_max {
            return Err(Full::User);
        }
        if self.clients.len() >= self.allocations_max {
            return Err(Full::Server);
        }
        // At most half of them are taken.
        let port = loop {
            self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let port = PORT_MIN + (self.seed >> 48) as u16 % PORTS;
            if !self.ports.contains_key(&port) {
                break port;
            }
        };
        allocation.port = port;
        let share = || Share { allocations: 0, bytes: Bucket::full(burst, now_ms) };
        self.shares.entry(allocation.owner).or_insert_with(share).allocations += 1;
        self.ports.insert(port, client);
        self.clients.insert(client, allocation);
        Ok(port)
    }

    /// Ends the allocation of a client.
    pub(crate) fn remove(&mut self, client: SocketAddr) {
        let Some(allocation) = self.clients.remove(&client) else { return };
        self.ports.remove(&allocation.port);
        if let Some(share) = self.shares.get_mut(&allocation.owner) {
            share.allocations -= 1;
            if share.allocations == 0 {
                self.shares.remove(&allocation.owner);
            }
        }
    }

    /// Ends those whose time is over.
    pub(crate) fn expire(&mut self, now_ms: u64) {
        let is_over = |allocation: &Allocation| allocation.until_ms <= now_ms;
        let over = self.clients.iter().filter(|(_, allocation)| is_over(allocation));
        let over: Vec<_> = over.map(|(client, _)| *client).collect();
        over.into_iter().for_each(|client| self.remove(client));
    }

    /// What a user may still send.
    pub(crate) fn bytes(&mut self, owner: &Owner) -> Option<&mut Bucket> {
        self.shares.get_mut(owner).map(|share| &mut share.bytes)
    }
}

impl Allocation {
    /// One that begins now; its port is found when it is added.
    pub(crate) fn new(owner: Owner, username: &[u8], made_by: [u8; 12], until_ms: u64) -> Self {
        let (port, permitted_ms, channels) = (0, 0, Vec::new());
        let username = username.into();
        Self { owner, username, made_by, port, until_ms, permitted_ms, channels }
    }
}
