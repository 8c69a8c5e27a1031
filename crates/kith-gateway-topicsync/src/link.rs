//! The connection of one client: what it says goes to the room, one message after another, and what
//! the room tells it goes out.

use std::sync::Arc;
use std::time::Duration;

use kith_core::limit::{Bucket, Rate};
use kith_hub::{End, Item, Silence, Subscriber};
use kith_ws::decode::{Decoder, Limits, Message as Frame, Violation};
use kith_ws::encode::{close_frame, ping};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::Gateway;
use crate::message::{MESSAGE_BYTES_MAX, Message, Said, Unsaid, read_binary, read_text};
use crate::room::{Call, Kick};
use crate::service::Services;

/// Bytes read at a time.
const CHUNK: usize = 4096;
/// Bytes taken from the mailbox at a time.
const BATCH: usize = 64 * 1024;
/// How long one batch may take to write.
const WRITE: Duration = Duration::from_secs(60);
/// How long a last frame may take.
const GOODBYE: Duration = Duration::from_secs(1);
/// How fast a client may speak; one that is faster is read more slowly.
const RATE: Rate = Rate { burst: 400, refill_ms: 5 };

/// Why a connection ends: a close code, and in words.
type Farewell = (u16, &'static str);

/// What was said on a connection cannot be understood; the originals close it like this.
const BROKEN: Farewell = (1000, "this is no message");
const GONE: Farewell = (1000, "");
const LATER: Farewell = (1013, "try again later");
const SLOW: Farewell = (1013, "the connection does not read");
const SILENT: Farewell = (1002, "no sign of life");
const IDLE: Farewell = (1008, "nothing was said for too long");
const REVOKED: Farewell = (1008, "the session of the gateway has ended");
const RESTART: Farewell = (1012, "the server restarts");

/// Serves a client until it leaves.
pub(crate) async fn serve<S: AsyncRead + AsyncWrite + Send>(
    gateway: &Arc<Gateway>,
    socket: S,
    early: &[u8],
    has_room: bool,
    stopped: impl Future<Output = ()> + Send,
) {
    let (input, mut output) = tokio::io::split(socket);
    let farewell = if has_room {
        let limits = Limits { message_bytes_max: MESSAGE_BYTES_MAX, ..Limits::default() };
        let mut decoder = Decoder::new(limits);
        decoder.push(early);
        let reader = Reader { input, decoder };
        visit(gateway, reader, &mut output, stopped).await
    } else {
        LATER
    };
    let goodbye = async {
        output.write_all(&close_frame(farewell.0, farewell.1)).await?;
        output.shutdown().await
    };
    // The other side may be gone, or not read.
    let _ = tokio::time::timeout(GOODBYE, goodbye).await;
}

async fn visit<S: AsyncRead + AsyncWrite + Send>(
    gateway: &Arc<Gateway>,
    mut reader: Reader<S>,
    output: &mut WriteHalf<S>,
    stopped: impl Future<Output = ()> + Send,
) -> Farewell {
    let room = match gateway.room().await {
        Ok(room) => room,
        Err(why) => {
            tracing::warn!(why = %why.0, "the topicsync gateway cannot let anyone in");
            return LATER;
        }
    };
    let Ok(subscriber) = gateway.hub.connect(&room.token_hash).await else { return LATER };
    let (end, mut kicked) = watch::channel(false);
    let (told, id) = oneshot::channel();
    let kick = Kick { end, bytes_max: gateway.options.queue_bytes };
    let enter = Call::Enter { subscriber: Arc::clone(&subscriber), kick, id: told };
    let farewell = match room.calls.send(enter).await {
        Ok(()) => match id.await {
            Ok(client) => {
                let (services, mut requests) = Services::new(gateway, &room, client, &subscriber);
                let calls = &room.calls;
                let silence = Silence::begin(gateway.hub.clone(), subscriber.user);
                let subscriber = &subscriber;
                let link = Link { gateway, calls, client, subscriber, services, silence };
                let farewell = tokio::select! {
                    farewell = link.listen(&mut reader) => farewell,
                    farewell = link.tell(output) => farewell,
                    () = link.services.call(&mut requests) => LATER,
                    () = link.silence.outlasts(gateway.patience()) => IDLE,
                    farewell = link.ended(&mut kicked) => farewell,
                    () = stopped => RESTART,
                };
                // A room that has ended knows nobody any more.
                let _ = room.calls.send(Call::Leave { client }).await;
                farewell
            }
            Err(_) => LATER,
        },
        Err(_) => LATER,
    };
    gateway.hub.disconnect(&subscriber).await;
    farewell
}

struct Link<'a> {
    gateway: &'a Gateway,
    calls: &'a mpsc::Sender<Call>,
    client: u64,
    subscriber: &'a Arc<Subscriber>,
    services: Services<'a>,
    /// Since the client last said anything.
    silence: Silence,
}

impl Link<'_> {
    /// Passes on what the client says, each once what was before is dealt with.
    async fn listen<S: AsyncRead>(&self, reader: &mut Reader<S>) -> Farewell {
        let heartbeat = self.gateway.options.heartbeat;
        let mut bucket = Bucket::default();
        let mut asked = Instant::now();
        let mut is_silent = false;
        loop {
            let next = tokio::time::timeout_at(asked + heartbeat, reader.next()).await;
            let frame = match next {
                Ok(Ok(Some(frame))) => frame,
                Ok(Ok(None)) => return GONE,
                Ok(Err(violation)) => {
                    return (violation.close_code(), "this is no WebSocket frame");
                }
                Err(_) if is_silent => return SILENT,
                Err(_) => {
                    self.subscriber.reply(ping(b""));
                    (asked, is_silent) = (Instant::now(), true);
                    continue;
                }
            };
            is_silent = false;
            let said = match frame {
                Frame::Text(text) => read_text(&text),
                Frame::Binary(bytes) => read_binary(&bytes),
                Frame::Ping(payload) => {
                    let ping = Call::Ping { client: self.client, payload };
                    if self.calls.send(ping).await.is_err() {
                        return LATER;
                    }
                    Err(Unsaid::Ignored)
                }
                Frame::Pong(_) => continue,
                Frame::Close { .. } => return GONE,
            };
            while let Err(wait_ms) = bucket.take(RATE, self.gateway.hub.now()) {
                self.gateway.hub.pass(Duration::from_millis(wait_ms)).await;
            }
            if said.is_ok() {
                self.silence.broken();
            }
            let dealt_with = match said {
                Ok(Said::Topics(message)) => self.say(message).await,
                Ok(Said::Services(service)) => self.services.hear(service).await,
                Err(Unsaid::Ignored) => Some(()),
                Err(Unsaid::Broken) => return BROKEN,
            };
            if dealt_with.is_none() {
                return LATER;
            }
        }
    }

    /// Has the room deal with a message; `None` when the room has ended.
    async fn say(&self, message: Message) -> Option<()> {
        let (done, dealt_with) = oneshot::channel();
        let say = Call::Say { client: self.client, message, done };
        self.calls.send(say).await.ok()?;
        dealt_with.await.ok()
    }

    /// Writes what waits for the client.
    async fn tell<S: AsyncWrite>(&self, output: &mut WriteHalf<S>) -> Farewell {
        loop {
            let Some(batch) = self.subscriber.next(BATCH).await else {
                // The hub says why through `ended`.
                std::future::pending().await
            };
            let mut bytes = Vec::new();
            let mut missed = false;
            for item in &batch.items {
                match item {
                    Item::Reply(frame) => {
                        bytes.extend_from_slice(frame);
                        missed |= frame.is_empty();
                    }
                    Item::Told(told) => {
                        bytes.extend_from_slice(&self.services.told(told));
                    }
                    Item::Event(_)
                    | Item::Events(_)
                    | Item::Bundle(_)
                    | Item::Newest(_)
                    | Item::Signal(_)
                    | Item::Aware(_)
                    | Item::Offered(_)
                    | Item::Lagged(_)
                    | Item::Closed(_) => {}
                }
            }
            let written = tokio::time::timeout(WRITE, output.write_all(&bytes)).await;
            // While the batch lives a revocation waits for it, so it is let go after the write.
            drop(batch);
            match written {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return GONE,
                Err(_) => return SLOW,
            }
            if missed && self.calls.send(Call::Renew { client: self.client }).await.is_err() {
                return LATER;
            }
        }
    }

    /// Waits until the hub or the room ends the connection.
    async fn ended(&self, kicked: &mut watch::Receiver<bool>) -> Farewell {
        tokio::select! {
            why = self.subscriber.ended() => match why {
                End::Revoked => REVOKED,
                End::Again => LATER,
                End::Stuck => SLOW,
            },
            kicked = kicked.changed() => if kicked.is_ok() { SLOW } else { LATER },
        }
    }
}

/// Reads frames off a socket.
struct Reader<S> {
    input: ReadHalf<S>,
    decoder: Decoder,
}

impl<S: AsyncRead> Reader<S> {
    /// The next frame; `None` when the client left. Losing its place when dropped in the middle costs
    /// nothing: what was read is in the decoder.
    async fn next(&mut self) -> Result<Option<Frame>, Violation> {
        loop {
            if let Some(frame) = self.decoder.next()? {
                return Ok(Some(frame));
            }
            let mut chunk = [0; CHUNK];
            match self.input.read(&mut chunk).await {
                Ok(0) | Err(_) => return Ok(None),
                Ok(count) => self.decoder.push(chunk.get(..count).unwrap_or_default()),
            }
        }
    }
}
