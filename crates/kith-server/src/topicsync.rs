//! The way to the topicsync gateway: who may open a WebSocket there.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::header::{HOST, ORIGIN};
use http::{HeaderMap, Response, StatusCode};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use kith_gateway_topicsync::{Gateway, Options};
use kith_hub::Hub;

use crate::app::App;
use crate::settings::Settings;
use crate::{listen, origin};

/// Where topicsync is spoken, beside an address of its own.
pub(crate) const PATH: &str = "/topicsync";

/// The gateway, if the operator named a circle and a user.
pub(crate) fn gateway(hub: &Hub, settings: &Settings) -> Option<Arc<Gateway>> {
    let (circle, user) = (settings.topicsync_circle.trim(), settings.topicsync_user.trim());
    let is_wanted = !circle.is_empty() && !user.is_empty();
    is_wanted.then(|| {
        let options = Options {
            circle: circle.to_owned(),
            user: user.to_owned(),
            idle_seconds: settings.topicsync_idle_seconds,
            queue_bytes: settings.queue_bytes as usize,
            heartbeat: Duration::from_millis(settings.heartbeat_ms.into()),
            session_ms: u64::from(settings.session_days) * 24 * 3600 * 1000,
        };
        Gateway::new(hub.clone(), options)
    })
}

/// Checks an upgrade request and answers it.
pub(crate) fn accept(
    headers: &HeaderMap,
    settings: &Settings,
    address: IpAddr,
) -> Result<Response<Body>, StatusCode> {
    let response = listen::handshake(headers)?;
    let is_near = settings.topicsync_public || address.to_canonical().is_loopback();
    if !is_near || !may_use(headers, settings) {
        return Err(StatusCode::FORBIDDEN);
    }
    response.body(Body::empty()).map_err(|_| StatusCode::BAD_REQUEST)
}

/// Whether a page that sends this `Origin` may use the gateway: none (not a browser), one of the host
/// that is asked, or one that the operator named. The host is known to be ours.
fn may_use(headers: &HeaderMap, settings: &Settings) -> bool {
    let Some(page) = headers.get(ORIGIN) else { return true };
    let Ok(page) = page.to_str() else { return false };
    if origin::is_in(&settings.topicsync_origins, page) {
        return true;
    }
    let host = listen::header(headers, &HOST).and_then(name);
    let page = page.strip_prefix("http://").or_else(|| page.strip_prefix("https://"));
    host.is_some() && page.and_then(name) == host
}

/// A host without its port.
fn name(host: &str) -> Option<&str> {
    let end = match host.strip_prefix('[') {
        Some(rest) => rest.find(']')? + 2,
        None => host.find(':').unwrap_or(host.len()),
    };
    let (name, port) = host.split_at_checked(end)?;
    let port = port.strip_prefix(':').unwrap_or(port);
    let plain = !name.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    plain.then_some(name)
}

/// Has a task of its own serve a client until it leaves; `seat` is let go then.
pub(crate) fn serve(app: Arc<App>, upgraded: Upgraded, seat: impl Send + Sync + 'static) {
    let Some(gateway) = app.topicsync.clone() else { return };
    tokio::spawn(async move {
        gateway.serve(TokioIo::new(upgraded), &[], app.stopped()).await;
        drop(seat);
    });
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn pages_of_other_hosts_are_kept_out() {
        let settings = Settings {
            topicsync_origins: "https://app.example, http://box.lan:3000/".to_owned(),
            ..Settings::default()
        };
        let may = |host: &str, origin: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_str(host).unwrap());
            headers.insert(ORIGIN, HeaderValue::from_str(origin).unwrap());
            may_use(&headers, &settings)
        };
        for (host, origin) in [
            ("localhost:8765", "http://localhost:3000"),
            ("localhost", "https://localhost"),
            ("[::1]:8765", "http://[::1]:3000"),
            ("127.0.0.1:8765", "https://app.example"),
            ("127.0.0.1:8765", "http://box.lan:3000"),
        ] {
            assert!(may(host, origin), "{origin} at {host}");
        }
        for (host, origin) in [
            ("localhost:8765", "http://evil.example"),
            ("localhost:8765", "http://localhost.evil.example"),
            ("localhost:8765", "http://localhost@evil.example"),
            ("localhost:8765", "http://evil.example:8765@localhost"),
            ("localhost:8765", "null"),
            ("localhost:8765", "file://localhost"),
            ("localhost:8765", ""),
            ("[::1]:8765", "http://[::2]:8765"),
            ("[::1]:8765", "http://["),
            ("127.0.0.1:8765", "http://app.example"),
            ("127.0.0.1:8765", "http://box.lan"),
        ] {
            assert!(!may(host, origin), "{origin} at {host}");
        }
        assert!(may_use(&HeaderMap::new(), &settings), "no browser");
    }
}
