//! HTTP requests as the server reads them: upgrades, cookies, and every route of the API.

use std::cell::LazyCell;

use axum::Router;
use axum::body::{Body, to_bytes};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use kith_server::settings::Settings;
use tower::ServiceExt;

/// The settings of a server with TLS, or without.
fn settings(encrypted: bool) -> Settings {
    let public_url = if encrypted { "https://kith.example".to_owned() } else { String::new() };
    Settings { public_url, ..Settings::default() }
}

/// Headers, a line each; lines that can be none are left out, as hyper would refuse them.
fn headers(input: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in input.split(|byte| *byte == b'\n').take(100) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let name = HeaderName::from_bytes(&line[..colon]);
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    headers
}

pub(crate) fn upgrade(input: &[u8]) {
    let headers = headers(input);
    for encrypted in [false, true] {
        let settings = settings(encrypted);
        let Some((encoding, _, answer)) = kith_server::fuzz::upgrade(&headers, &settings) else {
            continue;
        };
        let accept = answer.get("sec-websocket-accept").map_or(0, HeaderValue::len);
        assert_eq!(accept, 28);
        if let Some(chosen) = answer.get("sec-websocket-protocol") {
            let name = chosen.to_str().unwrap_or_default();
            assert_eq!(kith_proto::codec::Encoding::of_subprotocol(name), Some(encoding));
            let offered = headers.get("sec-websocket-protocol").and_then(|all| all.to_str().ok());
            assert!(offered.is_some_and(|offered| offered.contains(name)));
        }
        if let Some(origin) = headers.get("origin").filter(|_| encrypted) {
            assert_eq!(origin, "https://kith.example");
        }
    }
}

pub(crate) fn upgrade_seeds() -> Vec<Vec<u8>> {
    let whole = "upgrade: websocket\nconnection: keep-alive, Upgrade\n\
        sec-websocket-version: 13\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\n\
        sec-websocket-protocol: kith.v1.msgpack, kith.v1.json\nhost: 127.0.0.1:8080\n";
    let cookie = "cookie: a=b; kith_session=kith_00; __Host-kith=kith_01\n";
    ["", "origin: https://kith.example\n", "origin: http://127.0.0.1:8080\n", cookie]
        .map(|more| format!("{whole}{more}").into_bytes())
        .to_vec()
}

pub(crate) fn cookie(input: &[u8]) {
    let headers = headers(input);
    for encrypted in [false, true] {
        if let Some(token) = kith_server::fuzz::cookie(&headers, &settings(encrypted)) {
            assert_eq!(token, token.trim());
            assert!(!token.contains(';'));
        }
    }
}

pub(crate) fn cookie_seeds() -> Vec<Vec<u8>> {
    ["cookie: kith_session=kith_00", "cookie: a=b;__Host-kith = x ;c\ncookie: kith_session==;"]
        .map(|text| text.as_bytes().to_vec())
        .to_vec()
}

/// A request: a line with method and target, headers, an empty line, the body.
pub(crate) fn rest(input: &[u8]) {
    thread_local! {
        static ROUTER: LazyCell<Router> = LazyCell::new(kith_server::fuzz::router);
        static RUNTIME: LazyCell<Option<tokio::runtime::Runtime>> = LazyCell::new(|| {
            tokio::runtime::Builder::new_current_thread().enable_time().build().ok()
        });
    }
    let Some(request) = request(input) else { return };
    // Read once for all, so that its memory is not counted as the first request's.
    let router = ROUTER.with(|router| Router::clone(router));
    RUNTIME.with(|runtime| {
        let Some(runtime) = &**runtime else { return };
        runtime.block_on(async {
            let Ok(answer) = router.oneshot(request).await;
            let status = answer.status();
            let expected = status == StatusCode::NO_CONTENT || status.is_client_error();
            assert!(expected, "{status}");
            let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap_or_default();
            if !body.is_empty() {
                let told = serde_json::from_slice::<serde_json::Value>(&body).unwrap_or_default();
                assert!(told["code"].is_string(), "{told}");
            }
        });
    });
}

fn request(input: &[u8]) -> Option<Request<Body>> {
    let end = input.windows(2).position(|pair| pair == b"\n\n").unwrap_or(input.len());
    let (head, body) = (&input[..end], input.get(end + 2..).unwrap_or_default());
    let line = head.split(|byte| *byte == b'\n').next()?;
    let space = line.iter().position(|byte| *byte == b' ')?;
    let mut request = Request::builder()
        .method(&line[..space])
        .uri(&line[space + 1..])
        .body(Body::from(body.to_vec()))
        .ok()?;
    *request.headers_mut() = headers(head.get(line.len()..).unwrap_or_default());
    Some(request)
}

pub(crate) fn rest_seeds() -> Vec<Vec<u8>> {
    let id = "01h455vb4pex5vsknk084sn02q";
    let (stream, circle) = (format!("/api/v1/streams/s_{id}"), format!("/api/v1/circles/c_{id}"));
    let mut seeds = vec![
        "POST /api/v1/accounts\n\n{\"name\":\"ana\",\"password\":\"correct horse\"}".to_owned(),
        "POST /api/v1/sessions\n\n{\"name\":\"ana\",\"password\":\"x\",\"kind\":\"cookie\"}"
            .to_owned(),
        "DELETE /api/v1/sessions/current\nidempotency-key: \"k1\"\n".to_owned(),
        format!("GET {stream}/messages?limit=10&before=7&around=18446744073709551615\n"),
        format!("PUT {stream}/messages/m-1\n\n{{\"text\":\"hello\",\"reply_to\":7}}"),
        format!("PATCH {stream}/messages/7\n\n{{\"text\":\"hello\"}}"),
        format!("PUT {stream}/messages/7/reactions/%F0%9F%8C%B1\n"),
        format!("PUT {stream}/read\n\n{{\"seq\":7,\"thread\":3}}"),
        format!("POST {circle}/streams\n\n{{\"name\":\"tea\",\"deny\":{{\"r_{id}\":[\"post\"]}}}}"),
        format!("POST {circle}/invites\n\n{{\"seconds\":60,\"uses\":1}}"),
        format!("PUT {circle}/bans/u_{id}?reason=spam%20again\n"),
    ];
    // Every route, as its own schema of the API says.
    let routes = ["window", "blocks", "sessions", "users/me", "circles", "openapi.json"];
    seeds.extend(routes.map(|path| format!("GET /api/v1/{path}\n")));
    seeds.into_iter().map(String::into_bytes).collect()
}
