//! Somebody who has joined, until they leave or join as somebody else.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use kith_core::command::Command;
use kith_core::id::UserId;
use kith_core::limit::Bucket;
use kith_hub::{HubError, Silence, Subscriber};
use serde_json::{Value as Json, json};
use tokio::io::{AsyncRead, AsyncWrite};

use super::guest::{NoGuest, OURS};
use super::table::{RING, Seat};
use super::{Gateway, OBJECT_MAX, RATE, Said, acknowledged};
use crate::ended::Ended;
use crate::follow::{Follower, Heard, Post, Since, Where};
use crate::home::Place;
use crate::object::{beginning, length, object, pieces};
use crate::paced::Paced;
use crate::people::user;
use crate::reader::{Got, Reader};

/// The most bytes of a nickname in the list.
const NAME_BYTES_MAX: usize = 256;
/// What whoever said nothing for too long is told: the protocol has no word for it.
const SILENT: &str = "You said nothing for a long time and have left. Join to come back.\n";
/// UIDs that a client is remembered to know.
const LISTED_MAX: usize = 10_000;

/// How a visit goes on.
pub(super) enum Turn {
    /// The client wants to join as somebody else.
    Join(Said),
    /// The client said nothing for too long.
    Idle,
    /// It is over.
    Over,
}

/// Who somebody is on a connection.
pub(super) struct Myself {
    pub(super) gateway: Arc<Gateway>,
    pub(super) subscriber: Arc<Subscriber>,
    pub(super) user: UserId,
    pub(super) uid: Arc<str>,
    pub(super) place: Place,
    name: Arc<str>,
    /// Since the client last said anything.
    silence: Silence,
    connection: u64,
    rung: Arc<AtomicBool>,
}

/// Somebody who has joined.
pub(super) struct Visit {
    myself: Myself,
    ears: Ears,
}

/// What the client is told.
struct Ears {
    follower: Follower,
    /// What is told before everything else.
    first: Option<Bytes>,
    /// The list as it was sent last.
    list: Option<Bytes>,
    /// Whom the client knows.
    listed: HashSet<Arc<str>>,
}

impl Visit {
    /// Comes in as the guest of a UID that was reserved.
    pub(super) async fn begin(
        gateway: &Arc<Gateway>,
        connection: u64,
        address: IpAddr,
        name: &str,
        uid: &str,
    ) -> Result<Self, NoGuest> {
        let user = gateway.guest(uid, name, address).await?;
        let place = gateway.home.enter(user).await?;
        let token_hash = gateway.begin(user).await?;
        let subscriber = gateway.hub.connect(&token_hash).await?;
        let hub = gateway.hub.clone();
        let follower = Follower::begin(hub, Arc::clone(&subscriber), place, Since::Now).await;
        let follower = match follower {
            Ok(follower) => follower,
            Err(error) => {
                gateway.part(&subscriber).await;
                return Err(error.into());
            }
        };
        let myself = Myself {
            gateway: Arc::clone(gateway),
            subscriber,
            user,
            uid: uid.into(),
            place,
            name: beginning(name, NAME_BYTES_MAX).into(),
            silence: Silence::begin(gateway.hub.clone(), user),
            connection,
            rung: Arc::default(),
        };
        let first = Some(acknowledged("OKAY"));
        Ok(Self { myself, ears: Ears { follower, first, list: None, listed: HashSet::new() } })
    }

    /// Where everybody else finds this one.
    pub(super) fn seat(&self) -> Seat {
        let Myself { uid, name, user, subscriber, rung, .. } = &self.myself;
        Seat {
            uid: Arc::clone(uid),
            name: Arc::clone(name),
            user: *user,
            subscriber: Arc::clone(subscriber),
            rung: Arc::clone(rung),
        }
    }

    /// Puts an object behind what waits for the client.
    pub(super) fn tell(&self, object: Bytes) {
        self.myself.subscriber.reply(object);
    }

    /// What whoever is sent away is told, from nobody.
    pub(super) fn farewell(&self) -> Bytes {
        message(Where::Direct, SILENT, "")
    }

    /// Leaves for good: the seat is free, and everybody is told.
    pub(super) async fn end(self) {
        let gateway = Arc::clone(&self.myself.gateway);
        gateway.table.leave(self.myself.connection);
        self.leave().await;
        gateway.table.ring();
    }

    /// Ends the session. Somebody else may have the seat.
    pub(super) async fn leave(self) {
        self.myself.gateway.part(&self.myself.subscriber).await;
    }

    /// Listens and tells.
    pub(super) async fn run<R, W>(&mut self, reader: &mut Reader<R>, writer: &mut Paced<W>) -> Turn
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let Self { myself, ears } = self;
        tokio::select! {
            turn = myself.listen(reader) => turn,
            ended = ears.tell(myself, writer) => {
                if let Err(Ended::Hub(error)) = ended {
                    tracing::info!(%error, "a muca client is let go");
                }
                Turn::Over
            }
            () = myself.silence.outlasts(myself.gateway.patience(myself.place)) => Turn::Idle,
            _ = myself.subscriber.ended() => Turn::Over,
        }
    }
}

impl Gateway {
    /// Ends a connection to the hub and its session.
    async fn part(&self, subscriber: &Arc<Subscriber>) {
        self.hub.disconnect(subscriber).await;
        let revoke = Command::RevokeSession { session: subscriber.session };
        // It may have been ended before, and that was why.
        let _ = self.hub.execute(subscriber.user, None, &revoke).await;
    }
}

impl Myself {
    /// Does what the client says, one thing after another.
    async fn listen<R: AsyncRead + Unpin>(&self, reader: &mut Reader<R>) -> Turn {
        let hub = &self.gateway.hub;
        let mut bucket = Bucket::default();
        loop {
            let object = match reader.object().await {
                Got::Object(object) => object,
                Got::Gone | Got::Broken => return Turn::Over,
            };
            self.silence.broken();
            let said = match Said::read(&object) {
                Some(join @ Said::Join { .. }) => return Turn::Join(join),
                Some(said) => said,
                None => return Turn::Over,
            };
            while let Err(wait_ms) = bucket.take(RATE, hub.now()) {
                hub.pass(Duration::from_millis(wait_ms)).await;
            }
            while let Err(wait_ms) = self.gateway.door.pace(self.user) {
                hub.pass(Duration::from_millis(wait_ms)).await;
            }
            if let Said::Send { text, to } = said
                && let Err(error) = self.speak(&text, &to).await
            {
                tracing::debug!(%error, "what a muca client said was refused");
            }
            if self.subscriber.waiting_bytes() > self.gateway.options.queue_bytes {
                return Turn::Over;
            }
        }
    }
}

/// A message as it is told.
pub(super) fn message(kind: Where, text: &str, from: &str) -> Bytes {
    let kind = match kind {
        Where::Circle => "ALL",
        Where::Direct => "PRIVATE",
        Where::Group => "GROUP",
    };
    object(&[
        ("CMD", json!("MSG")),
        ("TYPE", Json::from(kind)),
        ("MSG", Json::from(text)),
        ("FROM", Json::from(from)),
    ])
}

/// A text as one message or, where that is too long for a client, as several.
pub(super) fn messages(kind: Where, text: &str, from: &str) -> Vec<Bytes> {
    let room = OBJECT_MAX - message(kind, "", from).len();
    pieces(text, room).into_iter().map(|piece| message(kind, piece, from)).collect()
}

/// A list of users as it is told.
fn list(entries: &[(Arc<str>, Arc<str>)]) -> Bytes {
    let entries = entries.iter().map(|(uid, name)| json!({"UN": &**name, "UID": &**uid}));
    object(&[("CMD", json!("LIST")), ("DATA", Json::from_iter(entries))])
}

impl Ears {
    async fn tell<W: AsyncWrite + Unpin>(
        &mut self,
        myself: &Myself,
        writer: &mut Paced<W>,
    ) -> Result<(), Ended> {
        if let Some(first) = self.first.take() {
            writer.write(&first).await?;
        }
        loop {
            // What waits meanwhile can still be taken away.
            writer.ready().await;
            let Some((batch, heard)) = self.follower.next().await? else { return Ok(()) };
            for one in heard {
                match one {
                    Heard::Post(post) => self.message(myself, writer, post).await?,
                    Heard::Status { .. } => self.list(myself, writer, None).await?,
                    Heard::Said(bytes) if bytes == RING => {
                        myself.rung.store(false, Ordering::Release);
                        self.list(myself, writer, None).await?;
                    }
                    Heard::Said(object) => writer.write(&object).await?,
                    Heard::Over => return Ok(()),
                }
            }
            drop(batch);
        }
    }

    async fn message<W: AsyncWrite + Unpin>(
        &mut self,
        myself: &Myself,
        writer: &mut Paced<W>,
        post: Post,
    ) -> Result<(), Ended> {
        let Some((uid, _)) = myself.entry(post.author).await? else { return Ok(()) };
        if !self.listed.contains(&uid) {
            // The client shows the nickname of whom it was told, and of nobody else.
            self.list(myself, writer, Some(post.author)).await?;
        }
        let margins = post.op.as_ref().and_then(|op| myself.gateway.table.margins(op));
        let text = match margins {
            Some(margins) => format!("{}{}{}", margins.before, post.text, margins.after),
            None => post.text,
        };
        for message in messages(post.place, &text, &uid) {
            writer.write(&message).await?;
        }
        Ok(())
    }

    /// Sends the list of users, with `besides` in it who may not be there, unless the client has it.
    async fn list<W: AsyncWrite + Unpin>(
        &mut self,
        myself: &Myself,
        writer: &mut Paced<W>,
        besides: Option<UserId>,
    ) -> Result<(), Ended> {
        let entries = self.entries(myself, besides).await?;
        let list = list(&entries);
        if self.list.as_ref() == Some(&list) {
            return Ok(());
        }
        writer.write(&list).await?;
        self.list = Some(list);
        if self.listed.len() > LISTED_MAX {
            self.listed.clear();
        }
        self.listed.extend(entries.into_iter().map(|(uid, _)| uid));
        Ok(())
    }

    /// Those who have joined, then those who are there otherwise: as many as fit, oneself and `besides`
    /// among them.
    async fn entries(
        &self,
        myself: &Myself,
        besides: Option<UserId>,
    ) -> Result<Vec<(Arc<str>, Arc<str>)>, HubError> {
        let cost =
            |uid: &str, name: &str| length(uid) + length(name) + r#"{"UID": "", "UN": ""}, "#.len();
        let besides = match besides {
            Some(user) => myself.entry(user).await?,
            None => None,
        };
        let mut room = OBJECT_MAX - list(&[]).len() - cost(&myself.uid, &myself.name);
        if let Some((uid, name)) = &besides {
            room = room.saturating_sub(cost(uid, name));
        }
        let (mut entries, mut left_out) = (Vec::new(), 0);
        let mut add = |uid: Arc<str>, name: Arc<str>, is_me: bool| {
            let cost = if is_me { 0 } else { cost(&uid, &name) };
            if besides.as_ref().is_some_and(|(other, _)| *other == uid) {
                return true;
            }
            if cost > room {
                left_out += 1;
                return false;
            }
            room -= cost;
            entries.push((uid, name));
            true
        };
        for seat in myself.gateway.table.seats() {
            let is_me = seat.uid == myself.uid;
            add(seat.uid, seat.name, is_me);
        }
        for user in self.follower.roster.users() {
            if let Some((uid, name)) = myself.native(*user).await?
                && !add(uid, name, false)
            {
                break;
            }
        }
        if left_out > 0 {
            tracing::debug!(left_out, "a muca client can take no longer list of users");
        }
        entries.extend(besides);
        Ok(entries)
    }
}

impl Myself {
    /// What a user is called here: by the UID of a guest who is or was here, or as what they are.
    async fn entry(&self, id: UserId) -> Result<Option<(Arc<str>, Arc<str>)>, HubError> {
        let Some(known) = user(&self.gateway.hub, id).await? else { return Ok(None) };
        let name = beginning(known.display_name.as_str(), NAME_BYTES_MAX).into();
        let uid = self.gateway.table.uid(id);
        Ok(Some((uid.unwrap_or_else(|| format!("{}{OURS}", known.name).into()), name)))
    }

    /// What somebody is called who is not here as a guest; nothing of guests, who have their seats.
    async fn native(&self, id: UserId) -> Result<Option<(Arc<str>, Arc<str>)>, HubError> {
        let account = self.gateway.hub.look_committed(|draft| draft.account(id)).await?;
        let has_password = account.is_some_and(|account| account.password.is_some());
        let Some(known) = user(&self.gateway.hub, id).await? else { return Ok(None) };
        if !has_password && known.bot_of.is_none() {
            return Ok(None);
        }
        let name = beginning(known.display_name.as_str(), NAME_BYTES_MAX).into();
        Ok(Some((format!("{}{OURS}", known.name).into(), name)))
    }
}
