//! What reads HTTP requests, reachable for the fuzz targets and for nobody else.

use std::net::{IpAddr, Ipv4Addr};

use axum::Router;
use http::HeaderMap;
use kith_proto::codec::Encoding;

use crate::settings::Settings;
use crate::{listen, rest, yjs};

/// All routes of the API. They read a request whole, and answer 204 if it makes sense, or the
/// problem; they do nothing.
pub fn router() -> Router {
    rest::readers()
}

/// Checks the headers of an upgrade request: its encoding, the token in its cookie, and the value of
/// `Sec-WebSocket-Accept`; `None` if it is refused.
#[must_use]
pub fn upgrade(
    headers: &HeaderMap,
    settings: &Settings,
) -> Option<(Encoding, Option<String>, HeaderMap)> {
    let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let (origin, response) = listen::accept(headers, settings, address).ok()?;
    Some((origin.encoding, origin.cookie, response.headers().clone()))
}

/// The token in the session cookie.
#[must_use]
pub fn cookie(headers: &HeaderMap, settings: &Settings) -> Option<String> {
    rest::cookie_of(headers, settings)
}

/// Reads a message as from a client of y-websocket and as from one of Hocuspocus.
pub fn yjs_message(bytes: &[u8]) {
    yjs::read_any(bytes);
}
