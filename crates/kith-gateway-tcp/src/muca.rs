//! The gateway for muca: whoever joins is a guest of the circle, bound to the UID that was said.
//!
//! muca knows no passwords, so a guest is an account that has none, and that nobody can come in as but
//! by this gateway: its name follows from the UID and a secret of the site, and an account of that name
//! with a password is nobody's guest.

mod guest;
mod said;
mod speak;
mod table;
mod visit;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use kith_core::id::{StreamId, UserId};
use kith_core::limit::{Bucket, Rate};
use kith_hub::{Hub, Patience};
use serde_json::{Value as Json, json};
use tokio::io::{AsyncRead, AsyncWrite, WriteHalf};

use crate::door::Door;
use crate::home::{Home, Place};
use crate::object::object;
use crate::paced::Paced;
use crate::reader::{Got, Reader};
use table::Table;
use visit::{Turn, Visit};

pub(crate) use said::Said;

/// The most clients at a time.
const CLIENTS_MAX: usize = 1000;
/// The most bytes of an object that a client can read.
const OBJECT_MAX: usize = 1000;
/// The pause between two writes to one client.
const PAUSE: Duration = Duration::from_millis(20);
/// How fast a client may speak; one that is faster is read more slowly.
const RATE: Rate = Rate { burst: 40, refill_ms: 50 };
/// How long a client may be there without having joined.
const STRANGER: Duration = Duration::from_secs(600);

/// What the operator set.
#[derive(Clone, Debug)]
pub struct Options {
    /// The circle, by its id, or by its name if it is public.
    pub circle: String,
    /// Whether an account is made for a UID that has none.
    pub guests: bool,
    /// After how many seconds a client that says nothing is sent away; 0: as the circle says.
    pub idle_seconds: u32,
    /// Bytes that may wait for one client before it is cut off.
    pub queue_bytes: usize,
    /// How long a session of a guest lasts at most, in milliseconds.
    pub session_ms: u64,
}

/// The gateway for muca.
pub struct Gateway {
    hub: Hub,
    door: Arc<dyn Door>,
    options: Options,
    home: Home,
    table: Table,
    /// Groups that were made or found, by who is in them.
    groups: Mutex<HashMap<Vec<UserId>, StreamId>>,
    clients: AtomicUsize,
    last: AtomicU64,
}

/// What a client is written with.
type Writer<S> = Paced<WriteHalf<S>>;

impl Gateway {
    /// A gateway over a hub. The circle is looked up when the first client joins.
    #[must_use]
    pub fn new(hub: Hub, door: Arc<dyn Door>, options: Options) -> Arc<Self> {
        Arc::new(Self {
            home: Home::new(hub.clone(), options.circle.clone()),
            hub,
            door,
            options,
            table: Table::default(),
            groups: Mutex::default(),
            clients: AtomicUsize::new(0),
            last: AtomicU64::new(0),
        })
    }

    /// How long a client that is at `place` may say nothing.
    fn patience(&self, place: Place) -> Patience {
        Patience { seconds: self.options.idle_seconds, circle: Some(place.circle), otherwise: 0 }
    }

    /// Serves one client until it leaves or `stopped` ends. Clients are listed in the order in which this
    /// is called.
    pub fn serve<S, F>(
        self: &Arc<Self>,
        socket: S,
        address: IpAddr,
        stopped: F,
    ) -> impl Future<Output = ()> + Send + use<S, F>
    where
        S: AsyncRead + AsyncWrite + Send,
        F: Future<Output = ()> + Send,
    {
        let connection = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let gateway = Arc::clone(self);
        async move {
            let (input, output) = tokio::io::split(socket);
            let mut writer = Paced::new(output, PAUSE);
            if gateway.clients.fetch_add(1, Ordering::Relaxed) < CLIENTS_MAX {
                let mut client = Client { gateway: &gateway, connection, address, visit: None };
                client.stay(Reader::new(input), &mut writer, stopped).await;
                if let Some(visit) = client.visit.take() {
                    visit.end().await;
                }
            }
            gateway.clients.fetch_sub(1, Ordering::Relaxed);
            writer.close().await;
        }
    }
}

/// One connection, which may join, and join again as somebody else.
struct Client<'a> {
    gateway: &'a Arc<Gateway>,
    connection: u64,
    address: IpAddr,
    visit: Option<Visit>,
}

impl Client<'_> {
    async fn stay<S: AsyncRead + AsyncWrite + Send>(
        &mut self,
        mut reader: Reader<tokio::io::ReadHalf<S>>,
        writer: &mut Writer<S>,
        stopped: impl Future<Output = ()> + Send,
    ) {
        let mut stopped = std::pin::pin!(stopped);
        let hub = &self.gateway.hub;
        let mut bucket = Bucket::default();
        loop {
            let said = match &mut self.visit {
                None => tokio::select! {
                    got = reader.object() => match got {
                        Got::Object(object) => Said::read(&object),
                        Got::Gone | Got::Broken => return,
                    },
                    () = hub.pass(STRANGER) => return,
                    () = &mut stopped => return,
                },
                Some(visit) => tokio::select! {
                    turn = visit.run(&mut reader, writer) => match turn {
                        Turn::Join(join) => Some(join),
                        Turn::Idle => {
                            let told = visit.farewell();
                            // It goes, whether it hears that or not.
                            let _ = writer.write(&told).await;
                            return;
                        }
                        Turn::Over => return,
                    },
                    () = &mut stopped => return,
                },
            };
            while let Err(wait_ms) = bucket.take(RATE, hub.now()) {
                hub.pass(Duration::from_millis(wait_ms)).await;
            }
            match said {
                Some(Said::Join { name, uid }) => {
                    if self.join(&name, &uid).await {
                        continue;
                    }
                    let fail = acknowledged("FAIL");
                    let told = match &self.visit {
                        Some(visit) => {
                            visit.tell(fail);
                            Ok(())
                        }
                        None => writer.write(&fail).await,
                    };
                    if told.is_err() {
                        return;
                    }
                }
                // Whoever has not joined has no name to speak under.
                Some(Said::Send { .. } | Said::Other) => {}
                None => return,
            }
        }
    }

    /// Joins, in the place of whoever the connection was before; whether it went well.
    async fn join(&mut self, name: &str, uid: &str) -> bool {
        let gateway = self.gateway;
        if !guest::is_uid(uid) || !gateway.table.reserve(uid) {
            return false;
        }
        let visit = match Visit::begin(gateway, self.connection, self.address, name, uid).await {
            Ok(visit) => visit,
            Err(why) => {
                tracing::info!(%why, "a muca client could not join");
                gateway.table.release(uid);
                return false;
            }
        };
        let before = self.visit.replace(visit);
        if let Some(visit) = &self.visit {
            gateway.table.join(self.connection, visit.seat());
        }
        if let Some(before) = before {
            before.leave().await;
        }
        gateway.table.ring();
        true
    }
}

/// The answer to a JOIN.
fn acknowledged(how: &str) -> Bytes {
    object(&[("CMD", json!("ACK")), ("TYPE", Json::from(how))])
}
