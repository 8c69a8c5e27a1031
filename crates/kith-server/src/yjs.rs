//! Gateways for editors that speak the protocols of Yjs: y-websocket at `/yjs/{circle}/{topic}`, and
//! Hocuspocus at `/hocuspocus`. They are ordinary sessions: what they may is decided where everybody
//! else's is, and what they write is shown when it is durable.

mod aware;
mod inbox;
mod link;
mod outbox;
mod wire;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Body;
use http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use http::{HeaderMap, Response, StatusCode, Uri};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use kith_hub::{End, HubError, Subscriber};
use percent_encoding::percent_decode_str;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use crate::app::App;
use crate::settings::Settings;
use crate::ws::Farewell;
use crate::ws::read::Reader;
use crate::{listen, rest};

use link::{Dialect, Link};
use wire::Write;

/// What paths of y-websocket begin with; the name of the document follows.
const PLAIN: &str = "/yjs/";
/// Where Hocuspocus is.
const NAMED: &str = "/hocuspocus";
/// The largest message of a client, in bytes: an update and what is around it.
const MESSAGE_BYTES_MAX: usize = 5 * 1024 * 1024;
/// How long a last message may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// Codes with which connections end. Clients of y-websocket do not come back after one from 4400 to
/// 4499.
mod close {
    pub(super) const RESTART: u16 = 1012;
    pub(super) const LATER: u16 = 1013;
    pub(super) const MALFORMED: u16 = 4400;
    pub(super) const UNAUTHENTICATED: u16 = 4401;
    pub(super) const FORBIDDEN: u16 = 4403;
    pub(super) const SILENT: u16 = 4408;
    pub(super) const TOO_LARGE: u16 = 4413;
}

/// How a connection ends.
#[derive(Debug, PartialEq, Eq)]
struct Parting {
    code: u16,
    /// What refused it, for the counters.
    what: &'static str,
    why: String,
}

impl Parting {
    fn new(code: u16, what: &'static str, why: impl Into<String>) -> Self {
        Self { code, what, why: why.into() }
    }

    fn malformed() -> Self {
        Self::new(close::MALFORMED, "frame.invalid", "this is no message that is known here")
    }

    fn unauthenticated() -> Self {
        Self::new(close::UNAUTHENTICATED, "auth.failed", "wrong token, or none")
    }

    fn forbidden(what: &'static str, why: impl Into<String>) -> Self {
        Self::new(close::FORBIDDEN, what, why)
    }

    fn silent() -> Self {
        Self::new(close::SILENT, "client.silent", "no sign of life")
    }

    fn idle() -> Self {
        Self::new(close::SILENT, "client.idle", "nothing was edited for too long")
    }

    fn slow() -> Self {
        Self::new(close::LATER, "client.too_slow", "the connection does not read")
    }

    /// Because of what the hub says.
    fn of(error: &HubError) -> Self {
        let code = match (error, error.code()) {
            (HubError::Refused(_), "topic.too_large") => close::TOO_LARGE,
            (HubError::Refused(_), "topic.bad_update") => close::MALFORMED,
            (HubError::Refused(_), "session.not_found" | "user.disabled") => close::UNAUTHENTICATED,
            (HubError::Refused(_), _) => close::FORBIDDEN,
            _ => close::LATER,
        };
        let why = if code == close::LATER { "try again".to_owned() } else { error.to_string() };
        Self::new(code, error.code(), why)
    }

    /// Whether it is about what the client may and asked, and coming back does not help.
    fn is_final(&self) -> bool {
        (4400..4500).contains(&self.code)
    }
}

impl From<Farewell> for Parting {
    fn from(farewell: Farewell) -> Self {
        Self::new(farewell.code, "frame.invalid", farewell.problem.message)
    }
}

/// What is known of a connection before anything is said on it.
pub(crate) struct Visit {
    dialect: Dialect,
    /// The token that came with the upgrade request: in its address, a header, or the cookie.
    token: Option<String>,
}

/// Whether a protocol of Yjs is spoken at a path.
pub(crate) fn speaks_at(path: &str) -> bool {
    path.starts_with(PLAIN) || path.trim_end_matches('/') == NAMED
}

/// Checks an upgrade request and answers it. Who the client is comes after: a browser does not tell a
/// page why an upgrade was refused.
pub(crate) fn accept(
    (uri, headers): (&Uri, &HeaderMap),
    settings: &Settings,
) -> Result<(Visit, Response<Body>), StatusCode> {
    let mut response = listen::upgrade(headers, settings)?;
    let offered = listen::header(headers, &SEC_WEBSOCKET_PROTOCOL);
    if let Some(first) = offered.and_then(|offered| offered.split(',').next()) {
        response = response.header(SEC_WEBSOCKET_PROTOCOL, first.trim());
    }
    let response = response.body(Body::empty()).map_err(|_| StatusCode::BAD_REQUEST)?;
    let dialect = match uri.path().strip_prefix(PLAIN) {
        Some(name) => {
            let name =
                percent_decode_str(name).decode_utf8().map_err(|_| StatusCode::BAD_REQUEST)?;
            Dialect::Plain(name.into_owned())
        }
        None => Dialect::Named,
    };
    Ok((Visit { dialect, token: token(uri, headers, settings) }, response))
}

/// The token of an upgrade request. Its address is never logged.
fn token(uri: &Uri, headers: &HeaderMap, settings: &Settings) -> Option<String> {
    let mut pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let asked = pairs.find(|(name, _)| name == "token").map(|(_, token)| token.into_owned());
    let bearer = || {
        let (scheme, token) = listen::header(headers, &AUTHORIZATION)?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
    };
    asked.or_else(bearer).or_else(|| rest::cookie_of(headers, settings))
}

/// Reads a message in both ways, for the fuzz targets.
pub(crate) fn read_any(bytes: &[u8]) {
    let _ = wire::Read(bytes).message();
    let mut named = wire::Read(bytes);
    if named.text().is_ok() {
        let _ = named.message();
    }
}

/// Has a task of its own serve a connection until it ends; `seat` is let go then.
pub(crate) fn serve(
    app: Arc<App>,
    upgraded: Upgraded,
    visit: Visit,
    seat: impl Send + Sync + 'static,
) {
    tokio::spawn(async move {
        Box::pin(visited(app, TokioIo::new(upgraded), visit)).await;
        drop(seat);
    });
}

async fn visited<S: AsyncRead + AsyncWrite + Unpin + Send>(app: Arc<App>, socket: S, visit: Visit) {
    let (input, mut output) = tokio::io::split(socket);
    let mut reader = Reader::new(input, MESSAGE_BYTES_MAX, &[]);
    let is_plain = matches!(visit.dialect, Dialect::Plain(_));
    let parting = match arrive(&app, &mut reader, visit).await {
        Ok(Some((link, first))) => {
            let parting = converse(&link, &mut reader, &mut output, first).await;
            link.leave();
            app.hub.disconnect(link.subscriber()).await;
            parting
        }
        Ok(None) => None,
        Err(parting) => Some(parting),
    };
    if let Some(parting) = parting {
        app.metrics.refused(parting.what);
        let mut last = Write::new(&[]);
        if is_plain && parting.is_final() {
            last.warning(&parting.why);
        }
        let mut last = last.done().to_vec();
        last.extend_from_slice(&kith_ws::encode::close_frame(parting.code, &parting.why));
        let goodbye = async {
            output.write_all(&last).await?;
            output.shutdown().await
        };
        let _ = tokio::time::timeout(GOODBYE, goodbye).await;
    }
}

/// Counts a connection that has not proved who it is.
struct Pending<'a>(&'a App);

impl<'a> Pending<'a> {
    fn enter(app: &'a App) -> Result<Self, Parting> {
        let before = app.pending.fetch_add(1, Ordering::Relaxed);
        let pending = Self(app);
        if before < u64::from(app.settings.connections_pending) {
            return Ok(pending);
        }
        Err(Parting::new(close::LATER, "server.busy", "too many connections: try again"))
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        self.0.pending.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Lets somebody in who proves who they are; with the first message, where that was the proof.
async fn arrive<R: AsyncRead + Unpin>(
    app: &Arc<App>,
    reader: &mut Reader<R>,
    Visit { dialect, token }: Visit,
) -> Result<Option<(Link, Option<inbox::Proof>)>, Parting> {
    let pending = Pending::enter(app)?;
    let (token, first) = match dialect {
        Dialect::Plain(_) => (token, None),
        Dialect::Named => {
            let limit = Duration::from_millis(u64::from(app.settings.auth_ms));
            let first = tokio::time::timeout(limit, inbox::proof(reader)).await;
            let Some(proof) = first.map_err(|_| Parting::unauthenticated())?? else {
                return Ok(None);
            };
            let told = Some(proof.token.clone()).filter(|token| !token.is_empty());
            (told.or(token), Some(proof))
        }
    };
    let turn = app.arriving.acquire().await;
    let token = token.ok_or_else(Parting::unauthenticated)?;
    let caller = app.auth.caller(&token).await.map_err(|_| Parting::unauthenticated())?;
    if app.hub.connections_of(caller.user) >= app.settings.connections_per_user as usize {
        let why = "too many connections of this user";
        return Err(Parting::new(close::LATER, "limit.connections", why));
    }
    let subscriber = app.hub.connect(&caller.token_hash).await.map_err(|error| match error {
        HubError::Refused(_) => Parting::unauthenticated(),
        error => Parting::of(&error),
    })?;
    drop((turn, pending));
    let link = Link::new(Arc::clone(app), subscriber, token);
    if let Dialect::Plain(name) = dialect
        && let Err(parting) = link.open(&name, Vec::new()).await
    {
        app.hub.disconnect(link.subscriber()).await;
        return Err(parting);
    }
    Ok(Some((link, first)))
}

async fn converse<R: AsyncRead + Unpin, W: AsyncWrite + Unpin>(
    link: &Link,
    reader: &mut Reader<R>,
    output: &mut W,
    first: Option<inbox::Proof>,
) -> Option<Parting> {
    tokio::select! {
        parting = inbox::listen(link, reader, first) => parting,
        parting = outbox::write(link, output) => parting,
        () = link.falls_silent() => Some(Parting::idle()),
        why = Subscriber::ended(link.subscriber()) => Some(match why {
            End::Revoked => Parting::new(
                close::UNAUTHENTICATED,
                "session.revoked",
                "this session has ended",
            ),
            End::Again => Parting::new(close::RESTART, "session.again", "connect again"),
            End::Stuck => Parting::slow(),
        }),
        () = link.app().stopped() => {
            Some(Parting::new(close::RESTART, "server.restarting", "the server restarts"))
        }
    }
}
