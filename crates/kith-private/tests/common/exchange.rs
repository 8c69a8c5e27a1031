//! Devices that reach each other over something that stands in for the server, and may be hostile.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use kith_core::id::{Timestamp, UserId};
use kith_core::text::{MessageText, ServiceName};
use kith_private::event::{Event, What};
use kith_private::handshake::SessionId;
use kith_private::relay::Relay;
use kith_private::signal::{Address, Declined};
use kith_private::signals::{Incoming, Signals};
use kith_private::{Events, Options, Private, Way};
use serde_json::Value as Json;
use tempfile::TempDir;
use tokio::sync::{mpsc, oneshot};

/// What the server does to what passes: what is said, whether it is an answer.
type Meddle = dyn Fn(&mut Json, bool) + Send + Sync;

type Devices = BTreeMap<(UserId, ServiceName), mpsc::Sender<Incoming>>;

/// The server.
#[derive(Clone)]
pub(crate) struct Exchange {
    devices: Arc<Mutex<Devices>>,
    meddle: Arc<Meddle>,
    relays: Arc<Mutex<Vec<Relay>>>,
}

pub(crate) fn user(number: u8) -> UserId {
    UserId::new(Timestamp(1), u128::from(number))
}

impl Exchange {
    pub(crate) fn honest() -> Self {
        Self::hostile(|_, _| {})
    }

    pub(crate) fn hostile(meddle: impl Fn(&mut Json, bool) + Send + Sync + 'static) -> Self {
        Self { devices: Arc::default(), meddle: Arc::new(meddle), relays: Arc::default() }
    }

    /// What the server offers from now on.
    pub(crate) fn offer(&self, relays: Vec<Relay>) {
        *self.relays.lock().unwrap() = relays;
    }

    /// A device of a user; `number` tells those of one user apart.
    pub(crate) fn device(&self, of: u8, number: u8) -> Device {
        self.device_in(of, number, tempfile::tempdir().unwrap())
    }

    pub(crate) fn device_in(&self, of: u8, number: u8, home: TempDir) -> Device {
        self.device_at(of, number, home, "127.0.0.1:0")
    }

    /// A device that sends from an address.
    pub(crate) fn device_at(&self, of: u8, number: u8, home: TempDir, bind: &str) -> Device {
        let name = ServiceName::parse(&format!("me/private/{number:026}")).unwrap();
        let (calls, incoming) = mpsc::channel(16);
        self.devices.lock().unwrap().insert((user(of), name.clone()), calls);
        let way = Wire { exchange: self.clone(), me: user(of), name };
        let options =
            Options { bind: vec![bind.to_owned()], ..Options::new(user(of), "here", home.path()) };
        let (private, events) = Private::start(Arc::new(way), incoming, options).unwrap();
        Device { private, events, home }
    }

    /// Nobody reaches this device any more.
    pub(crate) fn unplug(&self, of: u8) {
        self.devices.lock().unwrap().retain(|(user, _), _| *user != self::user(of));
    }
}

struct Wire {
    exchange: Exchange,
    me: UserId,
    name: ServiceName,
}

#[async_trait]
impl Signals for Wire {
    fn name(&self) -> ServiceName {
        self.name.clone()
    }

    async fn reach(&self, user: UserId) -> Vec<Address> {
        let devices = self.exchange.devices.lock().unwrap();
        let names = devices.keys().filter(|(other, _)| *other == user);
        names.map(|(user, name)| address(*user, name)).collect()
    }

    async fn call(&self, to: &Address, mut value: Json) -> Result<Json, Option<Declined>> {
        let device = (to.user, to.name.clone());
        let device = self.exchange.devices.lock().unwrap().get(&device).cloned();
        (self.exchange.meddle)(&mut value, false);
        let (answer, answered) = oneshot::channel();
        let incoming = Incoming { from: address(self.me, &self.name), value, answer };
        device.ok_or(None)?.send(incoming).await.map_err(|_| None)?;
        let mut value = answered.await.map_err(|_| None)?.map_err(Some)?;
        (self.exchange.meddle)(&mut value, true);
        Ok(value)
    }

    async fn relays(&self) -> Vec<Relay> {
        self.exchange.relays.lock().unwrap().clone()
    }
}

fn address(user: UserId, name: &ServiceName) -> Address {
    Address { user, name: name.clone() }
}

/// A running client.
pub(crate) struct Device {
    pub(crate) private: Private,
    pub(crate) events: Events,
    pub(crate) home: TempDir,
}

impl Device {
    pub(crate) async fn invite(&self, of: u8) -> SessionId {
        self.private.invite(user(of), Way::Direct).await.unwrap()
    }

    /// The next event.
    pub(crate) async fn event(&mut self) -> Event {
        self.events.next().await.expect("private sessions go on")
    }

    /// The first event that says what is looked for.
    pub(crate) async fn until<T>(&mut self, mut look: impl FnMut(&What) -> Option<T>) -> T {
        loop {
            let event = self.event().await;
            if let Some(found) = look(&event.what) {
                return found;
            }
        }
    }

    /// Waits for an invitation and accepts it.
    pub(crate) async fn accept(&mut self) -> SessionId {
        loop {
            let event = self.event().await;
            if let What::Invited { .. } = event.what {
                self.private.accept(event.id, Way::Direct).await.unwrap();
                return event.id;
            }
        }
    }

    pub(crate) async fn connected(&mut self) {
        self.until(|what| matches!(what, What::Connected).then_some(())).await;
    }

    /// How the session ends.
    pub(crate) async fn end(&mut self) -> kith_private::signal::End {
        self.until(|what| match what {
            What::Ended { why, .. } => Some(*why),
            _ => None,
        })
        .await
    }

    pub(crate) async fn message(&mut self) -> String {
        self.until(|what| match what {
            What::Message { text } => Some(text.as_str().to_owned()),
            _ => None,
        })
        .await
    }

    pub(crate) async fn say(&self, id: SessionId, text: &str) {
        self.private.message(id, MessageText::parse(text).unwrap()).await.unwrap();
    }

    /// Waits for a file and takes it.
    pub(crate) async fn take(&mut self, id: SessionId) -> (u32, PathBuf) {
        let (file, name) = self
            .until(|what| match what {
                What::Offered { file, name, .. } => Some((*file, name.clone())),
                _ => None,
            })
            .await;
        let path = self.home.path().join(name);
        self.private.take_file(id, file, &path).await.unwrap();
        (file, path)
    }

    /// Waits for a file to be whole.
    pub(crate) async fn whole(&mut self) -> Option<PathBuf> {
        self.until(|what| match what {
            What::Whole { path, .. } => Some(path.clone()),
            What::Dropped { why, .. } => panic!("{why}"),
            _ => None,
        })
        .await
    }
}

/// Two devices with a session that is connected.
pub(crate) async fn pair(exchange: &Exchange) -> (Device, Device, SessionId) {
    let (mut ana, mut bob) = (exchange.device(1, 1), exchange.device(2, 1));
    let id = ana.invite(2).await;
    assert_eq!(bob.accept().await, id);
    ana.connected().await;
    bob.connected().await;
    (ana, bob, id)
}

/// Writes a file of so many bytes that are told by their place, without holding them.
pub(crate) fn write_seeded(path: &Path, size: u64) {
    use std::io::Write;

    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    let mut block = vec![0_u8; 1 << 16];
    let mut at = 0;
    while at < size {
        let length = usize::try_from((size - at).min(block.len() as u64)).unwrap();
        fill(&mut block[..length], at);
        file.write_all(&block[..length]).unwrap();
        at += length as u64;
    }
    file.flush().unwrap();
}

/// Whether a file is one that was written so.
pub(crate) fn is_seeded(path: &Path, size: u64) -> bool {
    use std::io::Read;

    let mut file = std::fs::File::open(path).unwrap();
    let (mut read, mut known) = (vec![0_u8; 1 << 16], vec![0_u8; 1 << 16]);
    let mut at = 0;
    while at < size {
        let length = usize::try_from((size - at).min(read.len() as u64)).unwrap();
        if file.read_exact(&mut read[..length]).is_err() {
            return false;
        }
        fill(&mut known[..length], at);
        if read[..length] != known[..length] {
            return false;
        }
        at += length as u64;
    }
    file.read(&mut [0]).unwrap() == 0
}

/// What stands at a place: no block is like another.
fn fill(bytes: &mut [u8], at: u64) {
    for (word, place) in bytes.chunks_mut(8).zip(at / 8..) {
        let value = place.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        word.copy_from_slice(&value.to_le_bytes()[..word.len()]);
    }
}
