//! One WebSocket connection: authentication first, then a reader and a writer side by side. When
//! either ends, the connection ends.

mod handle;
mod outlet;
mod pulse;
pub(crate) mod pump;
pub(crate) mod read;
mod write;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use kith_hub::{End, Subscriber};
use kith_proto::VERSION;
use kith_proto::codec::Encoding;
use kith_proto::error::{Problem, close};
use kith_proto::frame::{Auth, Hello, Limits, Push, Status, Welcome};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;

use crate::app::{App, problem_of};
use crate::auth::{Caller, SignedIn, failed};
use crate::{bulk, wire};
use outlet::Outlet;
use read::{Input, Reader};

/// What is known of a connection before it says who it is.
pub(crate) struct Origin {
    /// From where.
    pub(crate) address: IpAddr,
    /// The token of the session cookie, if one came with the upgrade request.
    pub(crate) cookie: Option<String>,
    /// How its frames are written.
    pub(crate) encoding: Encoding,
}

/// How a connection ends: a close code, and what is said before.
pub(crate) struct Farewell {
    pub(crate) code: u16,
    pub(crate) problem: Problem,
}

impl Farewell {
    fn new(code: u16, problem: Problem) -> Self {
        Self { code, problem }
    }

    /// The last frames of the connection, counted.
    fn frames(self, app: &App, encoding: Encoding) -> Vec<u8> {
        app.metrics.refused(&self.problem.code);
        let reason = self.problem.message.clone();
        let mut last = wire::push(encoding, &Push::Bye(self.problem)).to_vec();
        last.extend_from_slice(&kith_ws::encode::close_frame(self.code, &reason));
        last
    }
}

/// Has a task of its own serve a connection until it ends; `seat` is let go then. What HTTP needed
/// is not kept, nor what signing in takes.
pub(crate) fn serve(
    app: Arc<App>,
    upgraded: Upgraded,
    origin: Origin,
    seat: impl Send + Sync + 'static,
) {
    match upgraded.downcast::<TokioIo<TcpStream>>() {
        Ok(parts) => {
            let arriving =
                Box::pin(Plain::arrive(app, parts.io.into_inner(), parts.read_buf, origin));
            tokio::spawn(async move {
                let _seat = seat;
                let Some(mut connection) = arriving.await else { return };
                connection.run().await;
            });
        }
        Err(upgraded) => {
            let running = Box::pin(wrapped(app, TokioIo::new(upgraded), origin));
            tokio::spawn(async move {
                running.await;
                drop(seat);
            });
        }
    }
}

/// A connection over plain TCP: what it writes goes out in bursts with what others write.
struct Plain {
    app: Arc<App>,
    reader: Reader<OwnedReadHalf>,
    outlet: Arc<Outlet>,
    encoding: Encoding,
}

impl Plain {
    /// Lets somebody in who proves who they are. `early` was read from the socket before.
    async fn arrive(
        app: Arc<App>,
        socket: TcpStream,
        early: Bytes,
        origin: Origin,
    ) -> Option<Self> {
        let (input, output) = socket.into_split();
        let frame_bytes = app.settings.frame_bytes as usize;
        let mut reader = Reader::new(input, frame_bytes, &early);
        drop(early);
        let encoding = origin.encoding;
        match greet(&app, &mut reader, &origin).await {
            Ok(Some((subscriber, welcome))) => {
                subscriber.reply(wire::push(encoding, &Push::Welcome(welcome)));
                let outlet = Outlet::open(&app.pump, output, subscriber, encoding);
                Some(Self { app, reader, outlet, encoding })
            }
            Ok(None) => None,
            Err(farewell) => {
                let last = farewell.frames(&app, encoding);
                let _ =
                    tokio::time::timeout(GOODBYE, outlet::write_all(output.as_ref(), &last)).await;
                None
            }
        }
    }

    async fn run(&mut self) {
        let Self { app, reader, outlet, encoding } = self;
        let farewell = converse(app, outlet.subscriber(), reader, outlet.tend(), *encoding).await;
        Box::pin(self.end(farewell)).await;
    }

    async fn end(&self, farewell: Option<Farewell>) {
        let Self { app, outlet, encoding, .. } = self;
        app.hub.disconnect(outlet.subscriber()).await;
        let last = farewell.map(|farewell| farewell.frames(app, *encoding));
        // The other side may be gone, or not read: neither holds this task up.
        let close = outlet.close(last.as_deref().unwrap_or_default());
        let _ = tokio::time::timeout(GOODBYE, close).await;
    }
}

/// Over a socket that encrypts: its task does all the writing.
async fn wrapped<S: AsyncRead + AsyncWrite + Unpin + Send>(
    app: Arc<App>,
    socket: S,
    origin: Origin,
) {
    let encoding = origin.encoding;
    let (input, mut output) = tokio::io::split(socket);
    let mut reader = Reader::new(input, app.settings.frame_bytes as usize, &[]);
    let greeted = Box::pin(greet(&app, &mut reader, &origin)).await;
    let farewell = match greeted {
        Ok(Some((subscriber, welcome))) => {
            subscriber.reply(wire::push(encoding, &Push::Welcome(welcome)));
            let writing = write::items(&subscriber, &mut output, encoding);
            let farewell = converse(&app, &subscriber, &mut reader, writing, encoding).await;
            Box::pin(app.hub.disconnect(&subscriber)).await;
            farewell
        }
        Ok(None) => None,
        Err(farewell) => Some(farewell),
    };
    if let Some(farewell) = farewell {
        let last = farewell.frames(&app, encoding);
        let goodbye = async {
            output.write_all(&last).await?;
            output.shutdown().await
        };
        let _ = tokio::time::timeout(GOODBYE, goodbye).await;
    }
}

/// How long a last frame may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// Waits for the hello and checks it. `None` when the client left.
async fn greet<R: AsyncRead + Unpin>(
    app: &App,
    reader: &mut Reader<R>,
    origin: &Origin,
) -> Result<Option<(Arc<Subscriber>, Welcome)>, Farewell> {
    let waiting = app.pending.fetch_add(1, Ordering::Relaxed);
    let result = if waiting >= u64::from(app.settings.connections_pending) {
        let problem = Problem::later("server.busy", "too many connections: try again", 1000);
        Err(Farewell::new(close::OVERLOAD, problem))
    } else {
        enter(app, reader, origin).await
    };
    app.pending.fetch_sub(1, Ordering::Relaxed);
    result
}

/// Reads the hello in the time that a client has for it. Only this is cut short: what comes after
/// waits for nothing that the client has to do, and a connection that is halfway in would stay.
async fn hello<R: AsyncRead + Unpin>(
    app: &App,
    reader: &mut Reader<R>,
    encoding: Encoding,
) -> Result<Option<Hello>, Farewell> {
    let first = async {
        loop {
            match reader.next().await? {
                Some(Input::Message { payload, encoding: sent }) if sent == encoding => {
                    return encoding.decode(&payload).map(Some).map_err(unauthenticated);
                }
                Some(Input::Message { .. }) => return Err(unauthenticated(failed())),
                Some(Input::Ping(_) | Input::Pong) => {}
                None => return Ok(None),
            }
        }
    };
    let deadline = Duration::from_millis(u64::from(app.settings.auth_ms));
    tokio::time::timeout(deadline, first).await.unwrap_or_else(|_| {
        let message = "the first frame did not come in time";
        Err(unauthenticated(Problem::new("auth.too_slow", message)))
    })
}

fn unauthenticated(problem: Problem) -> Farewell {
    Farewell::new(close::UNAUTHENTICATED, problem)
}

async fn enter<R: AsyncRead + Unpin>(
    app: &App,
    reader: &mut Reader<R>,
    origin: &Origin,
) -> Result<Option<(Arc<Subscriber>, Welcome)>, Farewell> {
    let Some(hello) = hello(app, reader, origin.encoding).await? else { return Ok(None) };
    if hello.v == 0 {
        let message = format!("this server speaks version {VERSION} of the protocol");
        return Err(unauthenticated(Problem::new("protocol.version", message)));
    }
    let label = hello.label.as_deref().unwrap_or("a program");
    // A password takes long on purpose, and has its own limits.
    let turn = match hello.auth {
        Auth::Password { .. } => None,
        Auth::Token(_) | Auth::Cookie {} => app.arriving.acquire().await.ok(),
    };
    let (caller, begun) = prove(app, hello.auth, label, origin).await.map_err(unauthenticated)?;
    if app.hub.connections_of(caller.user) >= app.settings.connections_per_user as usize {
        let problem =
            Problem::later("limit.connections", "too many connections of this user", 10_000);
        return Err(Farewell::new(close::OVERLOAD, problem));
    }
    let status = wire::said_status(hello.status.unwrap_or(Status::Online));
    let subscriber = match app.hub.connect_as(&caller.token_hash, status).await {
        Ok(subscriber) => subscriber,
        Err(kith_hub::HubError::Refused(_)) => return Err(unauthenticated(failed())),
        Err(error) => return Err(Farewell::new(close::OVERLOAD, problem_of(&error))),
    };
    let welcomed = welcome(app, &caller, begun, hello.v).await;
    drop(turn);
    match welcomed {
        Ok(welcome) => Ok(Some((subscriber, welcome))),
        Err(problem) => {
            app.hub.disconnect(&subscriber).await;
            Err(Farewell::new(close::OVERLOAD, problem))
        }
    }
}

/// Checks the proof of who the client is; with a password a session begins.
async fn prove(
    app: &App,
    auth: Auth,
    label: &str,
    origin: &Origin,
) -> Result<(Caller, Option<SignedIn>), Problem> {
    match auth {
        Auth::Token(token) => Ok((app.auth.caller(&token).await?, None)),
        Auth::Cookie {} => {
            let token = origin.cookie.as_deref().ok_or_else(failed)?;
            Ok((app.auth.caller(token).await?, None))
        }
        Auth::Password { name, password, device } => {
            let device = device.as_deref();
            let begun = app.sign_in(&name, &password, label, device, origin.address).await?;
            Ok((app.auth.caller(&begun.token).await?, Some(begun)))
        }
    }
}

async fn welcome(
    app: &App,
    caller: &Caller,
    begun: Option<SignedIn>,
    version: u32,
) -> Result<Welcome, Problem> {
    let user = app.hub.user(caller.user, caller.user).await;
    let settings = &app.settings;
    let (token, device) = begun.map(|begun| (begun.token, begun.device)).unzip();
    Ok(Welcome {
        v: version.min(VERSION),
        user: user.map_err(|error| problem_of(&error))?.as_ref().clone(),
        session: caller.session,
        token,
        device,
        now: app.hub.now(),
        heartbeat_ms: settings.heartbeat_ms,
        limits: Limits {
            frame_bytes: settings.frame_bytes,
            update_bytes: u32::try_from(bulk::UPDATE_BYTES_MAX).unwrap_or(u32::MAX),
            text_chars: u32::try_from(kith_core::text::MessageText::CHARS_MAX).unwrap_or(u32::MAX),
            burst: settings.requests_burst,
            per_second: settings.requests_per_second,
            subscribe_max: handle::SUBSCRIBE_MAX,
            queue_bytes: settings.queue_bytes,
            file_bytes: app.files.offered(),
        },
    })
}

async fn converse<R: AsyncRead + Unpin>(
    app: &Arc<App>,
    subscriber: &Arc<Subscriber>,
    reader: &mut Reader<R>,
    writing: impl Future<Output = Option<Farewell>>,
    encoding: Encoding,
) -> Option<Farewell> {
    tokio::select! {
        farewell = handle::requests(app, subscriber, reader, encoding) => farewell,
        farewell = writing => farewell,
        why = subscriber.ended() => Some(match why {
            End::Revoked => {
                Farewell::new(close::REVOKED, Problem::new("session.revoked", "this session has ended"))
            }
            End::Again => Farewell::new(
                close::RESTART,
                Problem::later("session.again", "connect again", 0),
            ),
            End::Stuck => Farewell::new(
                close::TOO_SLOW,
                Problem::later("client.too_slow", "the connection did not take what was sent", 1000),
            ),
        }),
        () = app.stopped() => {
            // Spread over some seconds, so that not everyone comes back in the same instant.
            let retry_ms = 500 + (app.hub.random() % 4500) as u64;
            let problem = Problem::later("server.restarting", "the server restarts", retry_ms);
            Some(Farewell::new(close::RESTART, problem))
        }
    }
}

#[cfg(test)]
mod tests;
