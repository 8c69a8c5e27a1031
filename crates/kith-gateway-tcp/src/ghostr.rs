//! The gateway for ghostr, in both of its protocols on one port: version 2 in JSON, and version 1 in
//! fields like `KEY: value;;`. Its users are accounts of the site, with the same passwords.

mod answer;
mod ask;
mod deed;
mod lockout;
mod login;
mod relay;
mod v1;
mod v2;
mod visit;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kith_core::id::{Timestamp, UserId};
use kith_core::limit::{Bucket, Rate};
use kith_hub::{Hub, Patience};
use tokio::io::{AsyncRead, AsyncWrite, ReadHalf, WriteHalf};

use crate::door::Door;
use crate::home::{Home, Place};
use crate::paced::Paced;
use crate::reader::Reader;
use ask::{Ask, Got, Wire};
use lockout::Lockout;
use login::Refused;
use visit::{Turn, Visit};

pub(crate) use v1::Fields;
pub(crate) use v2::read as read_v2;

/// The most clients at a time.
const CLIENTS_MAX: usize = 1000;
/// The most bytes that a client reads as one message.
const MESSAGE_MAX: usize = 1024;
/// The pause between two writes to one client.
const PAUSE: Duration = Duration::from_millis(50);
/// How long a client may be there without having signed in.
const STRANGER: Duration = Duration::from_secs(600);
/// After how many seconds a user who says nothing is signed out where nobody says otherwise.
const IDLE_SECONDS: u32 = 600;
/// How fast a client may ask; one that is faster is read more slowly.
const RATE: Rate = Rate { burst: 40, refill_ms: 50 };
/// For how long it is known that somebody went without a word, in milliseconds.
const QUIET_MS: u64 = 10_000;

/// What the operator set.
#[derive(Clone, Debug)]
pub struct Options {
    /// The circle, by its id, or by its name if it is public.
    pub circle: String,
    /// Whether an account is made for a name that nobody has.
    pub signup: bool,
    /// For how long an account is shut here after three wrong passwords.
    pub block: Duration,
    /// After how many seconds a user who says nothing is signed out; 0: as the circle says.
    pub idle_seconds: u32,
    /// Bytes that may wait for one client before it is cut off.
    pub queue_bytes: usize,
}

/// The gateway for ghostr.
pub struct Gateway {
    hub: Hub,
    door: Arc<dyn Door>,
    options: Options,
    home: Home,
    lockout: Lockout,
    online: Mutex<HashMap<UserId, Seat>>,
    /// Who went without a word, and when.
    quiet: Mutex<HashMap<UserId, Timestamp>>,
    /// How many relays there are, by who asked for them.
    relays: Mutex<HashMap<UserId, usize>>,
    clients: AtomicUsize,
    last: AtomicU64,
}

/// Somebody who signed in here.
#[derive(Clone, Copy, Debug)]
struct Seat {
    connection: u64,
    address: IpAddr,
    /// Where the client listens for others.
    port: Option<u16>,
}

/// Which protocol is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    V1,
    V2,
}

/// What a client is written with.
type Writer<S> = Paced<WriteHalf<S>>;

impl Gateway {
    /// A gateway over a hub. The circle is looked up when the first client signs in.
    #[must_use]
    pub fn new(hub: Hub, door: Arc<dyn Door>, options: Options) -> Arc<Self> {
        Arc::new(Self {
            home: Home::new(hub.clone(), options.circle.clone()),
            lockout: Lockout::new(options.block),
            hub,
            door,
            options,
            online: Mutex::default(),
            quiet: Mutex::default(),
            relays: Mutex::default(),
            clients: AtomicUsize::new(0),
            last: AtomicU64::new(0),
        })
    }

    /// Serves one client, which came from `peer` to the address `here`, until it leaves or `stopped`
    /// ends.
    pub async fn serve<S: AsyncRead + AsyncWrite + Send>(
        self: &Arc<Self>,
        socket: S,
        peer: SocketAddr,
        here: IpAddr,
        stopped: impl Future<Output = ()> + Send,
    ) {
        let connection = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let (input, output) = tokio::io::split(socket);
        let mut writer = Paced::new(output, PAUSE);
        if self.clients.fetch_add(1, Ordering::Relaxed) < CLIENTS_MAX {
            let address = peer.ip().to_canonical();
            let mut client = Client { gateway: self, connection, address, here, visit: None };
            client.stay(Reader::new(input), &mut writer, stopped).await;
            if let Some(visit) = client.visit.take() {
                visit.end().await;
            }
        }
        self.clients.fetch_sub(1, Ordering::Relaxed);
        writer.close().await;
    }

    /// How long a user who is at `place` may say nothing.
    fn patience(&self, place: Place) -> Patience {
        Patience {
            seconds: self.options.idle_seconds,
            circle: Some(place.circle),
            otherwise: IDLE_SECONDS,
        }
    }

    fn online(&self) -> MutexGuard<'_, HashMap<UserId, Seat>> {
        self.online.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn quiet(&self) -> MutexGuard<'_, HashMap<UserId, Timestamp>> {
        self.quiet.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn relays(&self) -> MutexGuard<'_, HashMap<UserId, usize>> {
        self.relays.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that somebody goes, and that nobody is to be told.
    fn hush(&self, user: UserId) {
        let now = self.hub.now();
        let mut quiet = self.quiet();
        quiet.retain(|_, at| now.since_ms(*at) < QUIET_MS);
        quiet.insert(user, now);
    }

    /// Whether somebody went without a word just now.
    fn is_hushed(&self, user: UserId) -> bool {
        let now = self.hub.now();
        self.quiet().get(&user).is_some_and(|at| now.since_ms(*at) < QUIET_MS)
    }
}

/// One connection, on which somebody may sign in, out, and in again.
struct Client<'a> {
    gateway: &'a Arc<Gateway>,
    connection: u64,
    address: IpAddr,
    here: IpAddr,
    visit: Option<Visit>,
}

impl Client<'_> {
    async fn stay<S: AsyncRead + AsyncWrite + Send>(
        &mut self,
        reader: Reader<ReadHalf<S>>,
        writer: &mut Writer<S>,
        stopped: impl Future<Output = ()> + Send,
    ) {
        let mut stopped = std::pin::pin!(stopped);
        let hub = &self.gateway.hub;
        let wire = tokio::select! {
            wire = Wire::begin(reader) => wire,
            () = hub.pass(STRANGER) => return,
            () = &mut stopped => return,
        };
        let Some(mut wire) = wire else { return };
        let mut bucket = Bucket::default();
        loop {
            let Some(mut visit) = self.visit.take() else {
                let got = tokio::select! {
                    got = wire.next() => got,
                    () = hub.pass(STRANGER) => return,
                    () = &mut stopped => return,
                };
                match got {
                    Got::Asked(asked) => {
                        while let Err(wait_ms) = bucket.take(RATE, hub.now()) {
                            hub.pass(Duration::from_millis(wait_ms)).await;
                        }
                        if self.welcome(&wire, asked.ask, writer).await.is_none() {
                            return;
                        }
                    }
                    Got::Gone | Got::Broken => return,
                }
                continue;
            };
            let turn = tokio::select! {
                turn = visit.run(&mut wire, writer) => turn,
                () = &mut stopped => Turn::Over,
            };
            let dialect = wire.dialect();
            match turn {
                Turn::Over => {
                    self.visit = Some(visit);
                    return;
                }
                // Version 1 has no word for it but the one for signing out.
                Turn::Idle if dialect == Dialect::V2 => {
                    visit.fall_silent().await;
                    if writer.write(&v2::timeout()).await.is_err() {
                        return;
                    }
                }
                Turn::Out | Turn::Idle => {
                    let name = visit.name().to_owned();
                    visit.end().await;
                    let told = match dialect {
                        Dialect::V2 => v2::logged_out(true),
                        Dialect::V1 => v1::logged_out(&name),
                    };
                    if writer.write(&told).await.is_err() || dialect == Dialect::V1 {
                        return;
                    }
                }
            }
        }
    }

    /// Answers whoever has not signed in; `None` when the client is gone.
    async fn welcome<S: AsyncRead + AsyncWrite + Send>(
        &mut self,
        wire: &Wire<ReadHalf<S>>,
        ask: Ask,
        writer: &mut Writer<S>,
    ) -> Option<()> {
        let dialect = wire.dialect();
        let answer = match ask {
            Ask::Login { name, password, port } => {
                match self.login(dialect, &name, &password, port, false).await {
                    Ok(visit) => {
                        // The answer is the first that it is told.
                        self.visit = Some(visit);
                        None
                    }
                    Err(refused) => Some(v2::refused(refused)),
                }
            }
            Ask::Logon { who } => Some(v1::logon(self.gateway.logon(&who, self.address).await)),
            Ask::Auth { who, password, new } => {
                match self.login(dialect, &who, &password, None, !new).await {
                    Ok(visit) => {
                        self.visit = Some(visit);
                        None
                    }
                    Err(Refused::Already) => Some(v1::auth(false, 0)),
                    Err(_) => Some(v1::auth(false, self.gateway.left(&who, self.address))),
                }
            }
            other => match dialect {
                Dialect::V2 => v2::not_logged_in(&other),
                Dialect::V1 => None,
            },
        };
        match answer {
            Some(answer) => writer.write(&answer).await.ok(),
            None => Some(()),
        }
    }

    async fn login(
        &self,
        dialect: Dialect,
        name: &str,
        password: &str,
        port: Option<u16>,
        must_exist: bool,
    ) -> Result<Visit, Refused> {
        let seat = Seat { connection: self.connection, address: self.address, port };
        let place = (dialect, seat, self.here);
        self.gateway.login(place, name, password, must_exist).await
    }
}
