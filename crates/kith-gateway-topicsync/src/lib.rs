//! The gateway for topicsync: its clients, unmodified, follow and change the topics of one circle.
//!
//! topicsync knows no sign-in, so all its clients act as one user, and may what that user may. An
//! action is one transaction; everything that is committed, by whomever, reaches them as topicsync
//! tells it. What works, and where it differs, is in `docs/gateways/topicsync.md`.

mod binary;
mod command;
mod entry;
#[doc(hidden)]
pub mod fuzz;
mod link;
mod merge;
mod message;
mod plan;
mod room;
mod service;
mod text;
mod told;
mod trail;
mod wire;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kith_core::decide::{account, secret_hash};
use kith_core::id::{CircleId, UserId};
use kith_core::text::{Label, UserName};
use kith_hub::{Hub, HubError, Patience};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Semaphore, mpsc};

use room::{Call, Ended, Numbers, Room, Seat};

/// The most clients at a time.
const CLIENTS_MAX: usize = 1000;
/// What clients ask that may wait for the room.
const CALLS_MAX: usize = 64;
/// After how long without use the session ends: it is looked at every hour.
const IDLE_MS: u64 = 3 * 3600 * 1000;

/// As whom topicsync clients act, and where.
#[derive(Clone, Debug)]
pub struct Options {
    /// The circle, by its id or its name.
    pub circle: String,
    /// The user, by name.
    pub user: String,
    /// After how many seconds a client that says nothing is sent away; 0: never.
    pub idle_seconds: u32,
    /// Bytes that may wait for one client before its connection is cut.
    pub queue_bytes: usize,
    /// How often clients are asked for a sign of life.
    pub heartbeat: Duration,
    /// How long the session of the gateway lasts, in milliseconds.
    pub session_ms: u64,
}

/// The gateway for topicsync.
pub struct Gateway {
    hub: Hub,
    options: Options,
    numbers: Arc<Numbers>,
    open: Mutex<Option<Open>>,
    /// Held by whoever opens the room.
    opening: Semaphore,
    clients: AtomicUsize,
}

/// A room that is open.
#[derive(Clone)]
struct Open {
    calls: mpsc::Sender<Call>,
    token_hash: String,
    circle: CircleId,
}

impl Gateway {
    /// A gateway over a hub. The user and the circle are looked up when the first client comes.
    #[must_use]
    pub fn new(hub: Hub, options: Options) -> Arc<Self> {
        Arc::new(Self {
            hub,
            options,
            numbers: Arc::default(),
            open: Mutex::default(),
            opening: Semaphore::new(1),
            clients: AtomicUsize::new(0),
        })
    }

    /// How many clients there are.
    #[must_use]
    pub fn clients(&self) -> usize {
        self.clients.load(Ordering::Relaxed)
    }

    /// Serves one client on a WebSocket whose handshake is done, until it leaves or `stopped` ends.
    /// `early` was read from the socket before.
    pub async fn serve<S: AsyncRead + AsyncWrite + Send>(
        self: &Arc<Self>,
        socket: S,
        early: &[u8],
        stopped: impl Future<Output = ()> + Send,
    ) {
        let before = self.clients.fetch_add(1, Ordering::Relaxed);
        link::serve(self, socket, early, before < CLIENTS_MAX, stopped).await;
        self.clients.fetch_sub(1, Ordering::Relaxed);
    }

    /// How long a client may say nothing. What the circle says is about people.
    fn patience(&self) -> Patience {
        Patience { seconds: self.options.idle_seconds, circle: None, otherwise: 0 }
    }

    fn opened(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The room, opened if it is not.
    async fn room(&self) -> Result<Open, Ended> {
        let present = || self.opened().clone().filter(|open| !open.calls.is_closed());
        if let Some(open) = present() {
            return Ok(open);
        }
        let _turn = self.opening.acquire().await.map_err(|_| Ended(String::new()))?;
        if let Some(open) = present() {
            return Ok(open);
        }
        let seat = self.seat().await?;
        let token_hash = self.begin(seat.user).await?;
        let me = self.hub.connect(&token_hash).await?;
        let room = Room::open(self.hub.clone(), &seat, Arc::clone(&me), Arc::clone(&self.numbers));
        let room = match room.await {
            Ok(room) => room,
            Err(ended) => {
                self.hub.disconnect(&me).await;
                return Err(ended);
            }
        };
        let (calls, called) = mpsc::channel(CALLS_MAX);
        tokio::spawn(room.run(called));
        let open = Open { calls, token_hash, circle: seat.circle };
        *self.opened() = Some(open.clone());
        Ok(open)
    }

    /// The user and the circle that the operator named.
    async fn seat(&self) -> Result<Seat, Ended> {
        let Options { circle, user, .. } = &self.options;
        let name = UserName::parse(user).map_err(|error| Ended(error.to_string()))?;
        let user = self.hub.user_by_name(&name.folded()).await?.id;
        let circles = self.hub.circles(user).await?;
        let id = circle.parse::<CircleId>().ok();
        let named = circles.iter().map(|(circle, _)| circle);
        let mut named = named.filter(|one| Some(one.id) == id || one.name.as_str() == circle);
        match (named.next(), named.next()) {
            (Some(circle), None) => Ok(Seat { user, circle: circle.id }),
            (None, _) => Err(Ended(format!("{name} is in no circle {circle}"))),
            (Some(_), Some(_)) => {
                Err(Ended(format!("{name} is in several circles {circle}: name it by its id")))
            }
        }
    }

    /// Begins a session of the user, which the user sees in the list and can end.
    async fn begin(&self, user: UserId) -> Result<String, Ended> {
        let hash = secret_hash(&format!("{:032x}{:032x}", self.hub.random(), self.hub.random()));
        let label = Label::parse("topicsync gateway").map_err(HubError::from)?;
        let begun = self.hub.transact(None, None, |draft| {
            let expires_at = draft.now.plus_ms(self.options.session_ms);
            let lifetime = account::Lifetime { expires_at, idle_ms: IDLE_MS };
            account::start_session(draft, user, &hash, &label, lifetime)
        });
        begun.await?;
        Ok(hash)
    }
}
