//! Brings two together who cannot reach each other: a port of the gateway's own for the two, at which
//! the one is waited for, and from which what is said goes to the other, with its real author.
//!
//! Nothing comes back on it, as between two clients; and nothing but what the protocol knows goes
//! through, so that a port that is none of a client's gets nothing of use.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use kith_core::id::UserId;
use kith_core::limit::Bucket;
use serde_json::Value as Json;
use tokio::net::{TcpListener, TcpStream};

use super::{Gateway, MESSAGE_MAX, PAUSE, RATE};
use crate::object::{object, pieces};
use crate::paced::Paced;
use crate::reader::{Got, Reader};

/// The most relays at a time.
const RELAYS_MAX: usize = 256;
/// The most relays at a time that one user asked for.
const RELAYS_OF_ONE_MAX: usize = 8;
/// How long the one who asked is waited for.
const WAIT: Duration = Duration::from_secs(30);
/// How long connecting to the other may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long nothing may be said.
const SILENCE: Duration = Duration::from_secs(3600);
/// The least port that a client listens at: those below are services of the machine.
pub(super) const PORT_MIN: u16 = 1024;

/// Whom a relay brings together.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    /// Who asked, at which address, and their name.
    pub(super) from: (UserId, IpAddr, String),
    /// Who is asked for, and where they listen.
    pub(super) to: (UserId, SocketAddr),
}

/// A relay that is counted until this is dropped.
struct Counted(Arc<Gateway>, UserId);

impl Counted {
    fn begin(gateway: &Arc<Gateway>, user: UserId) -> Option<Self> {
        let mut relays = gateway.relays();
        let all: usize = relays.values().sum();
        let mine = relays.entry(user).or_default();
        if all >= RELAYS_MAX || *mine >= RELAYS_OF_ONE_MAX {
            return None;
        }
        *mine += 1;
        drop(relays);
        Some(Self(Arc::clone(gateway), user))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut relays = self.0.relays();
        if let Some(mine) = relays.get_mut(&self.1) {
            *mine -= 1;
            if *mine == 0 {
                relays.remove(&self.1);
            }
        }
    }
}

impl Gateway {
    /// Opens a port for two at an address of the gateway's own; `None` where there are too many, or the
    /// system has none.
    pub(super) async fn relay(self: &Arc<Self>, here: IpAddr, pair: Pair) -> Option<SocketAddr> {
        let counted = Counted::begin(self, pair.from.0)?;
        let listener = TcpListener::bind((here, 0)).await.ok()?;
        let address = listener.local_addr().ok()?;
        let gateway = Arc::clone(self);
        tokio::spawn(async move {
            let _counted = counted;
            let Some((from, to)) = meet(&listener, &pair).await else { return };
            drop(listener);
            gateway.pass_on(&pair, from, to).await;
        });
        Some(address)
    }

    /// Passes on what is said until either side ends, or the two may not any more.
    async fn pass_on(&self, pair: &Pair, from: TcpStream, to: TcpStream) {
        let (input, _output) = from.into_split();
        let (mut back, output) = to.into_split();
        let mut reader = Reader::new(input);
        let mut writer = Paced::new(output, PAUSE);
        let mut bucket = Bucket::default();
        // Whoever is asked for says nothing here: whatever comes is the end.
        let ended = async move {
            let mut byte = [0];
            let _ = tokio::io::AsyncReadExt::read(&mut back, &mut byte).await;
        };
        let passing = async {
            while let Ok(Got::Object(object)) = tokio::time::timeout(SILENCE, reader.object()).await
            {
                let Some(text) = object.get("message").and_then(Json::as_str) else { break };
                while let Err(wait_ms) = bucket.take(RATE, self.hub.now()) {
                    self.hub.pass(Duration::from_millis(wait_ms)).await;
                }
                if !self.may_meet(pair).await {
                    break;
                }
                for said in said(&pair.from.2, text) {
                    if writer.write(&said).await.is_err() {
                        return writer;
                    }
                }
            }
            writer
        };
        tokio::select! {
            writer = passing => writer.close().await,
            () = ended => {}
        }
    }

    /// Whether both are here, and the one does not block the other.
    async fn may_meet(&self, pair: &Pair) -> bool {
        let (from, to) = (pair.from.0, pair.to.0);
        let are_here = {
            let online = self.online();
            online.contains_key(&from) && online.contains_key(&to)
        };
        let block = self.hub.look_committed(|draft| draft.block(to, from)).await;
        are_here && matches!(block, Ok(None))
    }
}

/// Waits for the one who asked, and connects to the other.
async fn meet(listener: &TcpListener, pair: &Pair) -> Option<(TcpStream, TcpStream)> {
    let come = async {
        loop {
            let (socket, peer) = listener.accept().await.ok()?;
            // The port is for one user, who is known by the address.
            if peer.ip().to_canonical() == pair.from.1 {
                return Some(socket);
            }
        }
    };
    let from = tokio::time::timeout(WAIT, come).await.ok()??;
    let to = tokio::time::timeout(CONNECT, TcpStream::connect(pair.to.1)).await.ok()?.ok()?;
    // Each write is one message to the client.
    let _ = to.set_nodelay(true);
    Some((from, to))
}

/// What somebody says, as one object or, where it is too long for a client, as several.
fn said(from: &str, text: &str) -> Vec<bytes::Bytes> {
    let one = |text: &str| object(&[("from", Json::from(from)), ("message", Json::from(text))]);
    let room = MESSAGE_MAX - one("").len();
    pieces(text, room).into_iter().map(one).collect()
}
