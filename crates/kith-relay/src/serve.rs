//! The socket: one task that takes datagrams, and sends what the relay makes of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::{MissedTickBehavior, interval};

use crate::DATAGRAM_BYTES_MAX;
use crate::relay::Relay;

/// Datagrams that are taken before others have their turn.
const TURN: usize = 64;
/// How often what is over is forgotten.
const TICK: Duration = Duration::from_secs(5);

/// What a relay counts.
#[derive(Debug, Default)]
pub struct Counts {
    /// Allocations there are.
    pub allocations: AtomicU64,
    /// Allocations that were made.
    pub made: AtomicU64,
    /// Devices that were told their address.
    pub bindings: AtomicU64,
    /// Bytes that were relayed.
    pub bytes: AtomicU64,
    /// Datagrams that were not relayed: more than the limits let, or than the network took.
    pub dropped: AtomicU64,
    /// Requests that were refused to whoever had not signed in, each first one included.
    pub unauthenticated: AtomicU64,
    /// Requests that were refused to whoever had.
    pub refused: AtomicU64,
    /// Requests that were not answered, since their address asked too much.
    pub withheld: AtomicU64,
}

impl Counts {
    pub(crate) fn add(count: &AtomicU64) {
        count.fetch_add(1, Ordering::Relaxed);
    }
}

/// Serves a relay on a socket until `stop` is over. `now_ms` is the time that the relay knows.
pub async fn serve(
    socket: &UdpSocket,
    mut relay: Relay,
    now_ms: impl Fn() -> u64,
    stop: impl Future<Output = ()>,
) {
    let counts: Arc<Counts> = relay.counts();
    // One byte more than we take shows what is too long.
    let mut datagram = vec![0; DATAGRAM_BYTES_MAX + 1];
    let mut out = Vec::with_capacity(DATAGRAM_BYTES_MAX);
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => return,
            _ = ticks.tick() => {
                relay.tick(now_ms());
                continue;
            }
            readable = socket.readable() => {
                if let Err(error) = readable {
                    tracing::error!(%error, "the relay has lost its socket");
                    return;
                }
            }
        }
        for _ in 0..TURN {
            // Errors are about what was sent before, or that there is no more.
            let Ok((length, from)) = socket.try_recv_from(&mut datagram) else { break };
            let Some(datagram) = datagram.get(..length) else { break };
            if length > DATAGRAM_BYTES_MAX {
                continue;
            }
            if let Some(to) = relay.receive(now_ms(), from, datagram, &mut out)
                && socket.try_send_to(&out, to).is_err()
            {
                Counts::add(&counts.dropped);
            }
        }
    }
}
