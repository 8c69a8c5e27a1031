//! Somebody who has signed in, until they sign out or leave.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kith_core::command::{self, Command, Outcome};
use kith_core::id::{Seq, StreamId};
use kith_core::limit::Bucket;
use kith_hub::{Hub, HubError, Silence, Subscriber};
use tokio::io::{AsyncRead, AsyncWrite};

use super::ask::{Ask, Got, Wire};
use super::{Dialect, Gateway, RATE, Seat, v1, v2};
use crate::ended::Ended;
use crate::follow::{Follower, Heard, Post, Since, Where};
use crate::home::Place;
use crate::paced::Paced;
use crate::people::user;

/// Messages that are told before it is noted that they are read.
const MARKS_MAX: usize = 32;
/// How long what waits for a client may take to be written before it is signed out.
const FAREWELL: Duration = Duration::from_secs(5);
/// Put into the mailbox of whoever signs out.
const OUT: &[u8] = b"\x02";

/// How a visit ends, or what becomes of it.
pub(super) enum Turn {
    /// The user signs out.
    Out,
    /// The user said nothing for too long.
    Idle,
    /// The connection ends.
    Over,
}

/// How somebody came.
#[derive(Clone, Copy)]
pub(super) struct Arrival {
    pub(super) dialect: Dialect,
    pub(super) seat: Seat,
    /// The address of the gateway that the client knows.
    pub(super) here: IpAddr,
    /// The account was made just now.
    pub(super) is_new: bool,
}

/// Who somebody is on a connection.
pub(super) struct Myself {
    pub(super) gateway: Arc<Gateway>,
    pub(super) subscriber: Arc<Subscriber>,
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) seat: Seat,
    /// The address of the gateway that the client knows.
    pub(super) here: IpAddr,
    pub(super) dialect: Dialect,
    /// Since the client last asked anything.
    silence: Silence,
}

/// Somebody who has signed in.
pub(super) struct Visit {
    myself: Myself,
    ears: Ears,
}

/// What the client is told.
struct Ears {
    follower: Follower,
    /// What is told before everything else.
    first: Option<Bytes>,
    /// Up to where conversations were told, which is not noted yet.
    marks: HashMap<(StreamId, Option<Seq>), Seq>,
}

impl Visit {
    /// Comes in under a session that has begun. The answer to signing in is the first that the client is
    /// told.
    pub(super) async fn begin(
        gateway: &Arc<Gateway>,
        token_hash: &str,
        place: Place,
        arrival: Arrival,
    ) -> Result<Self, HubError> {
        let hub = gateway.hub.clone();
        let subscriber = hub.connect(token_hash).await?;
        let Arrival { dialect, seat, here, is_new } = arrival;
        let begun = async {
            let known = user(&hub, subscriber.user).await?;
            let name = known.map(|user| user.name.as_str().to_owned()).unwrap_or_default();
            let (hub, me) = (hub.clone(), Arc::clone(&subscriber));
            let follower = Follower::begin(hub, me, place, Since::Unread).await?;
            Ok((name, follower))
        };
        let (name, follower) = match begun.await {
            Ok(begun) => begun,
            Err(error) => {
                hub.disconnect(&subscriber).await;
                return Err(error);
            }
        };
        let welcome = match dialect {
            Dialect::V1 => v1::auth(true, gateway.left(&name, seat.address)),
            Dialect::V2 => v2::welcome(is_new),
        };
        let silence = Silence::begin(hub, subscriber.user);
        let gateway = Arc::clone(gateway);
        let myself = Myself { gateway, subscriber, name, place, seat, here, dialect, silence };
        let (first, marks) = (Some(welcome), HashMap::new());
        Ok(Self { myself, ears: Ears { follower, first, marks } })
    }

    pub(super) fn name(&self) -> &str {
        &self.myself.name
    }

    /// Leaves; the others are told.
    pub(super) async fn end(mut self) {
        let Myself { gateway, subscriber, name, seat, .. } = &self.myself;
        self.ears.note(&self.myself).await;
        gateway.lockout.was_here(name, seat.address, gateway.hub.now());
        gateway.stand_up(subscriber.user, seat.connection);
        gateway.hub.disconnect(subscriber).await;
        let revoke = Command::RevokeSession { session: subscriber.session };
        // It may have been ended before, and that was why.
        let _ = gateway.hub.execute(subscriber.user, None, &revoke).await;
    }

    /// Leaves without a word to others.
    pub(super) async fn fall_silent(self) {
        self.myself.gateway.hush(self.myself.subscriber.user);
        self.end().await;
    }

    /// Listens and tells.
    pub(super) async fn run<R, W>(&mut self, wire: &mut Wire<R>, writer: &mut Paced<W>) -> Turn
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let Self { myself, ears } = self;
        tokio::select! {
            turn = myself.listen(wire) => turn,
            told = ears.tell(myself, writer) => match told {
                Ok(turn) => turn,
                Err(Ended::Gone) => Turn::Over,
                Err(Ended::Hub(error)) => {
                    tracing::info!(%error, "a ghostr client is let go");
                    Turn::Over
                }
            },
            () = myself.silence.outlasts(myself.gateway.patience(myself.place)) => Turn::Idle,
            _ = myself.subscriber.ended() => Turn::Over,
        }
    }
}

impl Myself {
    pub(super) fn hub(&self) -> &Hub {
        &self.gateway.hub
    }

    /// Does what the client asks, one thing after another.
    async fn listen<R: AsyncRead + Unpin>(&self, wire: &mut Wire<R>) -> Turn {
        let hub = self.hub();
        let mut bucket = Bucket::default();
        loop {
            let asked = match wire.next().await {
                Got::Asked(asked) => asked,
                Got::Gone | Got::Broken => return Turn::Over,
            };
            self.silence.broken();
            while let Err(wait_ms) = bucket.take(RATE, hub.now()) {
                hub.pass(Duration::from_millis(wait_ms)).await;
            }
            while let Err(wait_ms) = self.gateway.door.pace(self.subscriber.user) {
                hub.pass(Duration::from_millis(wait_ms)).await;
            }
            // Version 1 says in whose name something is asked; it is one's own, or nothing.
            if asked.by.is_some_and(|by| !by.eq_ignore_ascii_case(&self.name)) {
                continue;
            }
            if asked.ask == Ask::Logout {
                // What waits is written first; who does not take it is not waited for.
                self.subscriber.reply(Bytes::from_static(OUT));
                tokio::time::sleep(FAREWELL).await;
                return Turn::Out;
            }
            let version = self.subscriber.access_version();
            match self.answer(&asked.ask).await {
                Ok(answer) => {
                    for bytes in answer.now {
                        self.subscriber.reply_guarded(bytes, answer.instead.clone(), version);
                    }
                }
                Err(error) => {
                    tracing::info!(%error, "a ghostr client could not be answered");
                    return Turn::Over;
                }
            }
            if self.subscriber.waiting_bytes() > self.gateway.options.queue_bytes {
                return Turn::Over;
            }
        }
    }
}

impl Ears {
    async fn tell<W: AsyncWrite + Unpin>(
        &mut self,
        myself: &Myself,
        writer: &mut Paced<W>,
    ) -> Result<Turn, Ended> {
        if let Some(first) = self.first.take() {
            writer.write(&first).await?;
        }
        loop {
            // What waits meanwhile can still be taken away.
            writer.ready().await;
            let Some((batch, heard)) = self.follower.next().await? else { return Ok(Turn::Over) };
            for one in heard {
                match one {
                    Heard::Post(post) => {
                        for bytes in self.post(myself, &post).await? {
                            writer.write(&bytes).await?;
                        }
                        if post.place != Where::Circle {
                            let mark = self.marks.entry((post.stream, post.thread)).or_default();
                            *mark = post.seq.max(*mark);
                        }
                    }
                    Heard::Status { user: id, there } => {
                        if let Some(bytes) = presence(myself, id, there).await? {
                            writer.write(&bytes).await?;
                        }
                    }
                    Heard::Said(bytes) if bytes == OUT => return Ok(Turn::Out),
                    Heard::Said(bytes) => writer.write(&bytes).await?,
                    Heard::Over => return Ok(Turn::Over),
                }
            }
            drop(batch);
            if self.marks.len() >= MARKS_MAX || myself.subscriber.waiting_bytes() == 0 {
                self.note(myself).await;
            }
        }
    }

    async fn post(&self, myself: &Myself, post: &Post) -> Result<Vec<Bytes>, HubError> {
        let Some(author) = user(myself.hub(), post.author).await? else { return Ok(Vec::new()) };
        let (from, text) = (author.name.as_str(), post.text.as_str());
        Ok(match (myself.dialect, post.place) {
            (Dialect::V2, Where::Circle) => v2::heard("receive_broadcast", from, text),
            (Dialect::V2, Where::Direct | Where::Group) => v2::heard("receive_message", from, text),
            (Dialect::V1, Where::Circle) => v1::message(from, "broadcast", text),
            (Dialect::V1, Where::Direct | Where::Group) => v1::message(from, &myself.name, text),
        })
    }

    /// Notes what was told as read, so that it is not told again; never less than is read elsewhere.
    async fn note(&mut self, myself: &Myself) {
        let me = myself.subscriber.user;
        for ((stream, thread), seq) in std::mem::take(&mut self.marks) {
            let noted = myself.hub().transact(Some(me), None, |draft| {
                let mark = draft.read_mark(me, stream, thread.unwrap_or_default())?;
                if mark.is_some_and(|mark| mark.seq >= seq) {
                    return Ok(Outcome::default());
                }
                command::decide(draft, me, &Command::Read { stream, thread, seq })
            });
            if let Err(error) = noted.await {
                tracing::debug!(%error, "what a ghostr client was told is not noted as read");
            }
        }
    }
}

/// Somebody came or went, as it is told; nothing of those who went without a word.
async fn presence(
    myself: &Myself,
    id: kith_core::id::UserId,
    there: bool,
) -> Result<Option<Bytes>, HubError> {
    if !there && myself.gateway.is_hushed(id) {
        return Ok(None);
    }
    let Some(user) = user(myself.hub(), id).await? else { return Ok(None) };
    let name = user.name.as_str();
    Ok(match myself.dialect {
        Dialect::V1 => Some(v1::presence(name, there)),
        Dialect::V2 => {
            let action = if there { "login_broadcast" } else { "logout_broadcast" };
            v2::heard(action, name, "").into_iter().next()
        }
    })
}
