//! Accepts connections, speaks HTTP/1.1 on them, and hands WebSockets over.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use kith_proto::codec::Encoding;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::app::App;
use crate::crowd::{Crowd, Place};
use crate::metrics::{self, Metrics};
use crate::settings::Settings;
use crate::{files, host, origin, page, rest, topicsync, ws, yjs};

/// Where the WebSocket is.
pub const WS_PATH: &str = "/api/v1/ws";
/// Connections that are let in at a time.
const TURNS: usize = 8;
/// How long the next waits for those before it: they may be slow, or say nothing.
const TURN: Duration = Duration::from_millis(5);
/// How long requests and connections may take to end when the server stops.
const DRAIN: Duration = Duration::from_secs(10);
/// How long the head of a request, or a TLS handshake, may take.
const HEAD: Duration = Duration::from_secs(10);
/// The largest head of a request, in bytes.
const HEAD_BYTES: usize = 16 * 1024;

struct Server {
    app: Arc<App>,
    door: Door,
    router: Router,
    open: AtomicUsize,
    closed: Notify,
    /// Places for connections whose first request is awaited.
    turns: Arc<Semaphore>,
}

/// What is answered at an address.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Door {
    /// Everything.
    Main,
    /// topicsync, whatever the path.
    Topicsync,
}

/// What is spoken on a WebSocket.
enum Speaks {
    /// A protocol of Yjs.
    Yjs(yjs::Visit),
    /// The native protocol.
    Kith(ws::Origin),
    /// topicsync.
    Topicsync,
}

/// What a connection has for as long as it lives, in whichever task.
struct Seat {
    server: Arc<Server>,
    _place: Place,
    /// Given back when its first request is there.
    turn: Mutex<Option<OwnedSemaphorePermit>>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        if self.server.open.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.server.closed.notify_waiters();
        }
    }
}

/// Serves until [`App::stop`] was called and connections have ended, or had 10 seconds to do so.
pub async fn serve(
    app: Arc<App>,
    listener: TcpListener,
    tls: Option<Arc<tokio_rustls::rustls::ServerConfig>>,
) {
    tokio::spawn(expire(Arc::clone(&app)));
    tokio::spawn(files::sweep(Arc::clone(&app)));
    tokio::spawn(tell_idle(Arc::clone(&app)));
    let pump = Arc::clone(&app.pump);
    let pumping = tokio::spawn(async move { pump.run().await });
    answer_at(app, listener, tls, Door::Main).await;
    pumping.abort();
}

/// Serves topicsync clients at an address of their own, in plain text, as [`serve`] does.
pub async fn serve_topicsync(app: Arc<App>, listener: TcpListener) {
    answer_at(app, listener, None, Door::Topicsync).await;
}

/// Whoever connects next.
pub(crate) async fn arrival(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                // Most often too many open files: others leave, and then there is room again.
                tracing::warn!(%error, "accept failed");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn answer_at(
    app: Arc<App>,
    listener: TcpListener,
    tls: Option<Arc<tokio_rustls::rustls::ServerConfig>>,
    door: Door,
) {
    let server = Arc::new(Server {
        router: rest::router(Arc::clone(&app)),
        app: Arc::clone(&app),
        door,
        open: AtomicUsize::new(0),
        closed: Notify::new(),
        turns: Arc::new(Semaphore::new(TURNS)),
    });
    let tls = tls.map(TlsAcceptor::from);
    let crowd = Crowd::new(app.settings.connections_per_address);
    loop {
        let (socket, peer) = tokio::select! {
            accepted = arrival(&listener) => accepted,
            () = app.stopped() => break,
        };
        // Who has too many is hung up on: an answer would cost what it is to spare.
        let Some(place) = crowd.enter(peer.ip()) else { continue };
        Metrics::add(&app.metrics.accepted);
        server.open.fetch_add(1, Ordering::Relaxed);
        // Of many that come at once a few are let in at a time, so that whoever is there is served
        // between them. One that says nothing holds the others up for a moment only.
        let turn = tokio::time::timeout(TURN, Arc::clone(&server.turns).acquire_owned()).await;
        let turn = Mutex::new(turn.ok().and_then(Result::ok));
        let seat = Seat { server: Arc::clone(&server), _place: place, turn };
        tokio::spawn(connection(seat, socket, peer, tls.clone()));
    }
    drop(listener);
    let drained = async {
        loop {
            let closed = server.closed.notified();
            if server.open.load(Ordering::Relaxed) == 0 {
                return;
            }
            closed.await;
        }
    };
    let _ = tokio::time::timeout(DRAIN, drained).await;
}

/// How often what has had its time is removed.
const EXPIRE: Duration = Duration::from_secs(3600);

/// How often those are looked for who did nothing for long.
const IDLE: Duration = Duration::from_secs(10);

/// Shows those as idle who are, until the server stops.
async fn tell_idle(app: Arc<App>) {
    loop {
        tokio::select! {
            () = app.stopped() => return,
            () = tokio::time::sleep(IDLE) => app.hub.tell_idle().await,
        }
    }
}

/// Removes what has had its time, every now and then until the server stops.
async fn expire(app: Arc<App>) {
    app.hub.tidy();
    loop {
        tokio::select! {
            () = app.stopped() => return,
            () = tokio::time::sleep(EXPIRE) => {}
        }
        match app.hub.expire().await {
            Ok(removed) => tracing::info!(removed, "removed what had its time"),
            Err(error) => tracing::warn!(%error, "could not remove what had its time"),
        }
    }
}

async fn connection(seat: Seat, socket: TcpStream, peer: SocketAddr, tls: Option<TlsAcceptor>) {
    // Frames are written whole; waiting to fill packets would only delay them.
    let _ = socket.set_nodelay(true);
    match tls {
        None => http(seat, socket, peer.ip()).await,
        Some(tls) => {
            if let Ok(Ok(socket)) = tokio::time::timeout(HEAD, tls.accept(socket)).await {
                http(seat, socket, peer.ip()).await;
            }
        }
    }
}

async fn http<S>(seat: Seat, socket: S, address: IpAddr)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (upgraded, mut upgrade) =
        tokio::sync::mpsc::channel::<(hyper::upgrade::OnUpgrade, Speaks)>(1);
    let service = service_fn(|request: Request<Incoming>| {
        seat.turn.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (server, upgraded) = (Arc::clone(&seat.server), upgraded.clone());
        async move { server.answer(request, address, &upgraded).await }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(HEAD_BYTES);
    let connection = builder.serve_connection(TokioIo::new(socket), service).with_upgrades();
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => {}
        () = seat.server.app.stopped() => {
            connection.as_mut().graceful_shutdown();
            let _ = tokio::time::timeout(DRAIN, connection).await;
        }
    }
    if let Ok((on_upgrade, speaks)) = upgrade.try_recv()
        && let Ok(socket) = on_upgrade.await
    {
        let app = Arc::clone(&seat.server.app);
        match speaks {
            Speaks::Kith(origin) => ws::serve(app, socket, origin, seat),
            Speaks::Yjs(visit) => yjs::serve(app, socket, visit, seat),
            Speaks::Topicsync => topicsync::serve(app, socket, seat),
        }
    }
}

impl Server {
    async fn answer(
        &self,
        mut request: Request<Incoming>,
        address: IpAddr,
        upgraded: &tokio::sync::mpsc::Sender<(hyper::upgrade::OnUpgrade, Speaks)>,
    ) -> Result<Response<Body>, std::convert::Infallible> {
        Metrics::add(&self.app.metrics.http_requests);
        request.extensions_mut().insert(address);
        let probe = matches!(request.uri().path(), "/healthz" | "/readyz");
        if !probe && !host::is_ours(&request, &self.app.settings) {
            return Ok(guarded(rest::unknown_host(), &self.app.settings));
        }
        let is_topicsync = self.door == Door::Topicsync || request.uri().path() == topicsync::PATH;
        let response = match (request.method(), request.uri().path()) {
            (&Method::GET, _) if is_topicsync && self.app.topicsync.is_some() => {
                match topicsync::accept(request.headers(), &self.app.settings, address) {
                    Ok(response) => {
                        let on_upgrade = hyper::upgrade::on(&mut request);
                        let _ = upgraded.try_send((on_upgrade, Speaks::Topicsync));
                        response
                    }
                    Err(status) => {
                        let page = "docs/gateways/topicsync.md";
                        text(status, format!("this is a WebSocket: see {page}\n"))
                    }
                }
            }
            _ if self.door == Door::Topicsync => {
                text(StatusCode::NOT_FOUND, "there is nothing here but topicsync\n".to_owned())
            }
            (&Method::GET, WS_PATH) => match accept(request.headers(), &self.app.settings, address)
            {
                Ok((origin, response)) => {
                    let on_upgrade = hyper::upgrade::on(&mut request);
                    // The channel holds one, and a connection is upgraded once.
                    let _ = upgraded.try_send((on_upgrade, Speaks::Kith(origin)));
                    response
                }
                Err(status) => {
                    text(status, "this is a WebSocket: see docs/protocol.md\n".to_owned())
                }
            },
            (&Method::GET, path) if yjs::speaks_at(path) => {
                let head = (request.uri(), request.headers());
                match yjs::accept(head, &self.app.settings) {
                    Ok((visit, response)) => {
                        let on_upgrade = hyper::upgrade::on(&mut request);
                        let _ = upgraded.try_send((on_upgrade, Speaks::Yjs(visit)));
                        response
                    }
                    Err(status) => {
                        text(status, "this is a WebSocket: see docs/gateways/yjs.md\n".to_owned())
                    }
                }
            }
            (&Method::GET, "/healthz") => text(StatusCode::OK, "ok\n".to_owned()),
            (&Method::GET, "/readyz") => self.ready().await,
            (&Method::GET, "/metrics")
                if self.app.settings.metrics_public || address.is_loopback() =>
            {
                text(StatusCode::OK, metrics::render(&self.app))
            }
            (method, path) => match page_at(method, path, request.headers()) {
                Some(page) => page,
                None => {
                    let request = request.map(Body::new);
                    self.router.clone().oneshot(request).await?
                }
            },
        };
        Ok(guarded(response, &self.app.settings))
    }

    async fn ready(&self) -> Response<Body> {
        let settled = self.app.hub.settled().await;
        if self.app.is_ready() && settled.is_ok() {
            // People talk without files: a node is not taken out of use for them.
            let files = if self.app.files.is_reachable() { "" } else { "files: unreachable\n" };
            text(StatusCode::OK, format!("ready\n{files}"))
        } else {
            text(StatusCode::SERVICE_UNAVAILABLE, "not ready\n".to_owned())
        }
    }
}

/// The page at a path, if there is one.
fn page_at(method: &Method, path: &str, headers: &HeaderMap) -> Option<Response<Body>> {
    match *method {
        Method::GET => page::built(path, headers).or_else(|| page::find(path)),
        Method::HEAD => page::built(path, headers),
        _ => None,
    }
}

/// Checks an upgrade request of a page that may ask, or of no page, and begins its answer.
pub(crate) fn upgrade(
    headers: &HeaderMap,
    settings: &Settings,
) -> Result<http::response::Builder, StatusCode> {
    let response = handshake(headers)?;
    if !origin::may_ask(headers, settings) {
        return Err(StatusCode::FORBIDDEN);
    }
    Ok(response)
}

/// Checks an upgrade request (RFC 6455, section 4.2), whatever page sends it, and begins its answer.
pub(crate) fn handshake(headers: &HeaderMap) -> Result<http::response::Builder, StatusCode> {
    let key = header(headers, &SEC_WEBSOCKET_KEY).ok_or(StatusCode::UPGRADE_REQUIRED)?;
    let lists = |name: &HeaderName, wanted: &str| {
        header(headers, name).is_some_and(|value| {
            value.split(',').any(|part| part.trim().eq_ignore_ascii_case(wanted))
        })
    };
    if !lists(&UPGRADE, "websocket")
        || !lists(&CONNECTION, "upgrade")
        || header(headers, &SEC_WEBSOCKET_VERSION) != Some("13")
    {
        return Err(StatusCode::BAD_REQUEST);
    }
    Ok(Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(UPGRADE, "websocket")
        .header(CONNECTION, "Upgrade")
        .header(SEC_WEBSOCKET_ACCEPT, kith_ws::handshake::accept_key(key)))
}

/// Checks an upgrade request for the native protocol and answers it.
pub(crate) fn accept(
    headers: &HeaderMap,
    settings: &Settings,
    address: IpAddr,
) -> Result<(ws::Origin, Response<Body>), StatusCode> {
    let mut response = upgrade(headers, settings)?;
    let offered = header(headers, &SEC_WEBSOCKET_PROTOCOL);
    let known = [kith_proto::JSON, kith_proto::MSGPACK];
    let chosen = offered.and_then(|offered| {
        offered.split(',').map(str::trim).find_map(|name| known.into_iter().find(|k| *k == name))
    });
    if offered.is_some() && chosen.is_none() {
        return Err(StatusCode::BAD_REQUEST);
    }
    if let Some(name) = chosen {
        response = response.header(SEC_WEBSOCKET_PROTOCOL, name);
    }
    let encoding = chosen.and_then(Encoding::of_subprotocol).unwrap_or_default();
    let cookie = rest::cookie_of(headers, settings);
    let origin = ws::Origin { address, cookie, encoding };
    let response = response.body(Body::empty()).map_err(|_| StatusCode::BAD_REQUEST)?;
    Ok((origin, response))
}

pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Adds what every answer says to browsers.
fn guarded(mut response: Response<Body>, settings: &Settings) -> Response<Body> {
    let headers = response.headers_mut();
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if settings.public_url.starts_with("https://") {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(http::header::STRICT_TRANSPORT_SECURITY, year);
    }
    response
}

fn text(status: StatusCode, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers
        .insert(http::header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
