//! REST against a server in memory; every answer is held against the OpenAPI document.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use kith_core::id::Timestamp;
use kith_hub::{Environment, Hub, Limits};
use kith_store::memory::MemoryStore;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::call::{BODY_BYTES_MAX, Call};
use super::route::{Action, ROOT, Route, path_parameter};
use super::{openapi, router, routes};
use crate::App;
use crate::auth::Caller;
use crate::settings::{Registration, Settings};

const PASSWORD: &str = "correct horse battery";

#[derive(Default)]
struct Clock(AtomicU64);

impl Environment for Clock {
    fn now(&self) -> Timestamp {
        Timestamp(1_700_000_000_000 + self.0.fetch_add(1, Ordering::Relaxed))
    }

    fn random(&self) -> u128 {
        let n = u128::from(self.0.fetch_add(1, Ordering::Relaxed));
        (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
    }
}

struct Site {
    router: Router,
    document: Value,
}

/// An answer.
struct Got {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Got {
    fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    fn text(&self, pointer: &str) -> String {
        self.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    fn cookie(&self) -> String {
        let set = self.headers["set-cookie"].to_str().unwrap();
        set.split(';').next().unwrap().to_owned()
    }
}

impl Site {
    async fn open(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings {
            registration: Registration::Open,
            password_memory_kib: 8,
            requests_burst: 1000,
            sign_ups_per_minute: 1000,
            ..Settings::default()
        };
        change(&mut settings);
        let env: Arc<dyn Environment> = Arc::new(Clock::default());
        let store = Arc::new(MemoryStore::new());
        let hub = Hub::open(store, Arc::clone(&env), Limits::default()).await.unwrap();
        Self { router: router(App::new(hub, env, settings)), document: openapi::document() }
    }

    async fn raw(&self, request: Request<Body>) -> Got {
        let route = row(request.method().as_str(), request.uri().path());
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let got = Got {
            status: head.status,
            headers: head.headers,
            body: serde_json::from_slice(&bytes).unwrap_or_default(),
        };
        if let Some(route) = route {
            self.is_as_documented(route, &got);
        }
        got
    }

    async fn say(&self, token: &str, method: &str, path: &str, body: Value) -> Got {
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        self.raw(request(method, path, &[("authorization", &format!("Bearer {token}"))], body))
            .await
    }

    async fn get(&self, token: &str, path: &str) -> Got {
        self.say(token, "GET", path, Value::Null).await
    }

    /// Makes an account and returns its token and id.
    async fn sign_up(&self, name: &str) -> (String, String) {
        let body = json!({ "name": name, "password": PASSWORD });
        let got = self.say("", "POST", "/accounts", body).await;
        assert_eq!(got.status, StatusCode::CREATED, "{}", got.body);
        (got.text("/token"), got.text("/user/id"))
    }

    /// A circle with its first stream.
    async fn circle(&self, token: &str, public: bool) -> (String, String) {
        let body = json!({ "name": "Garden", "public": public });
        let got = self.say(token, "POST", "/circles", body).await;
        assert_eq!(got.status, StatusCode::CREATED, "{}", got.body);
        (got.text("/circle"), got.text("/stream"))
    }

    fn is_as_documented(&self, route: &Route, got: &Got) {
        assert_eq!(got.headers["x-content-type-options"], "nosniff");
        if !matches!(route.action, Action::Show(_)) {
            assert_eq!(got.headers["cache-control"], "private, no-store");
        }
        if !got.status.is_success() {
            assert_eq!(got.headers["content-type"], "application/problem+json");
            assert_eq!(got.body["status"], got.status.as_u16());
            assert!(route.codes().contains(&got.code()), "{}: {}", route.path, got.body);
        }
        let operation = &self.document["paths"][route.path][route.verb.name()];
        let response = &operation["responses"][got.status.as_str()];
        assert!(response.is_object(), "{}: {} is not documented", route.path, got.status);
        let contents = response["content"].as_object().into_iter().flat_map(|all| all.values());
        for content in contents {
            self.fits(&content["schema"], &got.body, route.path);
        }
    }

    /// Whether a value is what a schema says, as far as our schemas go.
    fn fits(&self, schema: &Value, value: &Value, at: &str) {
        if let Some(reference) = schema["$ref"].as_str() {
            let target = self.document.pointer(reference.trim_start_matches('#'));
            return self.fits(target.unwrap_or_else(|| panic!("{reference}")), value, at);
        }
        match value {
            Value::Object(fields) if schema["properties"].is_object() => {
                for required in schema["required"].as_array().into_iter().flatten() {
                    assert!(fields.contains_key(required.as_str().unwrap()), "{at}: no {required}");
                }
                for (name, value) in fields {
                    let field = &schema["properties"][name];
                    assert!(!field.is_null(), "{at}: {name} is not in the schema");
                    let either = field["anyOf"].as_array().and_then(|any| any.first());
                    self.fits(either.unwrap_or(field), value, &format!("{at}.{name}"));
                }
            }
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.fits(&schema["additionalProperties"], value, &format!("{at}.{name}"));
                }
            }
            Value::Array(items) => {
                assert!(schema["items"].is_object(), "{at}: {schema} of an array");
                items.iter().for_each(|item| self.fits(&schema["items"], item, at));
            }
            Value::String(_) => has_type(schema, "string", at),
            Value::Number(_) => has_type(schema, "integer", at),
            Value::Bool(_) => has_type(schema, "boolean", at),
            Value::Null => has_type(schema, "null", at),
        }
    }
}

fn has_type(schema: &Value, wanted: &str, at: &str) {
    let is = |value: &Value| value == wanted;
    let list = schema["type"].as_array().is_some_and(|types| types.iter().any(is));
    let one_of = schema["oneOf"].as_array().is_some_and(|any| any.iter().all(|s| is(&s["type"])));
    assert!(is(&schema["type"]) || list || one_of, "{at}: {wanted} is not {schema}");
}

fn request(method: &str, path: &str, headers: &[(&str, &str)], body: Body) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(format!("{ROOT}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body).unwrap()
}

/// The row that a request is for; rows without parameters come first.
fn row(method: &str, path: &str) -> Option<&'static Route> {
    let path: Vec<&str> = path.strip_prefix(ROOT)?.split('/').collect();
    let matches = |route: &&Route| {
        let parts: Vec<&str> = route.path.split('/').collect();
        let fits = |(part, is): (&&str, &&str)| part.starts_with('{') || part == is;
        route.verb.name().eq_ignore_ascii_case(method)
            && parts.len() == path.len()
            && parts.iter().zip(&path).all(fits)
    };
    routes().filter(matches).min_by_key(|route| route.parameters().count())
}

#[tokio::test]
async fn a_token_lets_in_until_its_session_ends() {
    let site = Site::open(|_| {}).await;
    let (token, user) = site.sign_up("ana").await;
    assert!(token.starts_with("kith_"));
    let me = site.get(&token, "/users/me").await;
    assert_eq!(me.body["id"], user);
    let wrong = json!({ "name": "ana", "password": "wrong horse battery" });
    let refused = site.say("", "POST", "/sessions", wrong).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::UNAUTHORIZED, "auth.failed"));
    assert_eq!(refused.headers["www-authenticate"], "Bearer");
    let right = json!({ "name": "ANA", "password": PASSWORD, "label": "second" });
    let second = site.say("", "POST", "/sessions", right).await.text("/token");
    let sessions = site.get(&second, "/sessions").await;
    assert_eq!(sessions.body["sessions"].as_array().unwrap().len(), 2);
    let out = site.say(&second, "DELETE", "/sessions/current", Value::Null).await;
    assert_eq!(out.status, StatusCode::OK);
    assert_eq!(site.get(&second, "/users/me").await.code(), "auth.failed");
    assert_eq!(site.get(&token, "/users/me").await.status, StatusCode::OK);
    for bad in ["", "kith_", "x"] {
        assert_eq!(site.get(bad, "/window").await.status, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn a_cookie_changes_nothing_for_foreign_pages() {
    let site = Site::open(|settings| settings.public_url = "https://chat.test".to_owned()).await;
    site.sign_up("ana").await;
    let body = json!({ "name": "ana", "password": PASSWORD, "kind": "cookie" }).to_string();
    let sign_in =
        |headers: &[(&str, &str)]| request("POST", "/sessions", headers, Body::from(body.clone()));
    let foreign = site.raw(sign_in(&[("origin", "https://evil.test")])).await;
    assert_eq!(foreign.status, StatusCode::UNAUTHORIZED);
    let got = site.raw(sign_in(&[("x-kith-request", "1")])).await;
    assert_eq!((got.status, got.body.get("token")), (StatusCode::CREATED, None));
    let set = got.headers["set-cookie"].to_str().unwrap();
    assert!(set.starts_with("__Host-kith=kith_"), "{set}");
    for part in ["Path=/", "HttpOnly", "SameSite=Lax", "Secure", "Max-Age=7776000"] {
        assert!(set.split("; ").any(|found| found == part), "{set}");
    }
    let cookie = got.cookie();
    let send = |method: &str, path: &str, headers: &[(&str, &str)]| {
        let headers = [headers, &[("cookie", &cookie)]].concat();
        request(method, path, &headers, Body::from(r#"{"name":"Garden"}"#))
    };
    assert_eq!(site.raw(send("GET", "/users/me", &[])).await.status, StatusCode::OK);
    let proof = ("x-kith-request", "1");
    for bad in [
        &[][..],
        &[("origin", "https://chat.test")],
        &[proof, ("origin", "https://evil.test")],
        &[proof, ("origin", "null")],
        &[proof, ("origin", "http://chat.test"), ("host", "other.test")],
    ] {
        let got = site.raw(send("POST", "/circles", bad)).await;
        assert_eq!((got.status, got.code()), (StatusCode::UNAUTHORIZED, "auth.failed"), "{bad:?}");
    }
    for good in [&[proof][..], &[proof, ("origin", "https://chat.test")]] {
        let got = site.raw(send("POST", "/circles", good)).await;
        assert_eq!(got.status, StatusCode::CREATED, "{good:?}");
    }
    let plain = cookie.replace("__Host-kith", "kith_session");
    let tossed = request("GET", "/users/me", &[("cookie", &plain)], Body::empty());
    assert_eq!(site.raw(tossed).await.status, StatusCode::UNAUTHORIZED);
    let out = site.raw(send("DELETE", "/sessions/current", &[proof])).await;
    assert!(out.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(site.raw(send("GET", "/users/me", &[])).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_message_put_twice_is_posted_once() {
    let site = Site::open(|_| {}).await;
    let (ana, _) = site.sign_up("ana").await;
    let (_, stream) = site.circle(&ana, false).await;
    let path = format!("/streams/{stream}/messages");
    let body = json!({ "text": "hello" });
    let first = site.say(&ana, "PUT", &format!("{path}/m-1"), body.clone()).await;
    let again = site.say(&ana, "PUT", &format!("{path}/m-1"), body).await;
    assert_eq!((first.status, &first.body), (StatusCode::OK, &again.body));
    let seq = first.body["events"][0]["seq"].as_u64().unwrap();
    let other = site.say(&ana, "PUT", &format!("{path}/m-1"), json!({ "text": "other" })).await;
    assert_eq!((other.status, other.code()), (StatusCode::CONFLICT, "op.reused"));
    let all = site.get(&ana, &format!("{path}?limit=10")).await;
    assert_eq!(all.body["messages"].as_array().unwrap().len(), 1);
    let one = format!("{path}/{seq}");
    assert_eq!(site.get(&ana, &one).await.body["text"], "hello");
    let edit = site.say(&ana, "PATCH", &one, json!({ "text": "hello there" })).await;
    assert_eq!(edit.status, StatusCode::OK);
    for (method, path) in [
        ("PUT", format!("{one}/reactions/%F0%9F%8C%B1")),
        ("PUT", format!("{one}/pin")),
        ("DELETE", format!("{one}/pin")),
    ] {
        let got = site.say(&ana, method, &path, Value::Null).await;
        assert_eq!(got.status, StatusCode::OK, "{path}: {}", got.body);
    }
    let message = site.get(&ana, &one).await;
    assert_eq!(message.body["reactions"]["🌱"].as_array().unwrap().len(), 1);
    let read =
        site.say(&ana, "PUT", &format!("/streams/{stream}/read"), json!({ "seq": seq })).await;
    assert_eq!(read.status, StatusCode::OK, "{}", read.body);
    assert_eq!(site.get(&ana, &format!("/streams/{stream}/unread")).await.body["unread"], 0);
    assert_eq!(site.get(&ana, &format!("/streams/{stream}")).await.body["stream"]["id"], stream);
    let gone = site.say(&ana, "DELETE", &one, Value::Null).await;
    assert_eq!(gone.status, StatusCode::OK);
    assert_eq!(site.get(&ana, &one).await.code(), "message.not_found");
}

#[tokio::test]
async fn an_idempotency_key_makes_any_command_happen_once() {
    let site = Site::open(|_| {}).await;
    let (ana, _) = site.sign_up("ana").await;
    let bearer = format!("Bearer {ana}");
    let make = |key: &str| {
        let headers = [("authorization", bearer.as_str()), ("idempotency-key", key)];
        request("POST", "/circles", &headers, Body::from(r#"{"name":"Garden"}"#))
    };
    let first = site.raw(make("k1")).await;
    assert_eq!(first.body, site.raw(make("\"k1\"")).await.body);
    assert_ne!(first.body, site.raw(make("k2")).await.body);
    assert_eq!(site.raw(make("a b")).await.code(), "input.malformed");
    assert_eq!(site.get(&ana, "/window").await.body["circles"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_hidden_is_as_what_is_missing() {
    let site = Site::open(|_| {}).await;
    let (ana, ana_id) = site.sign_up("ana").await;
    let (ben, _) = site.sign_up("ben").await;
    let (circle, stream) = site.circle(&ana, false).await;
    site.say(&ana, "PUT", &format!("/streams/{stream}/messages/a"), json!({ "text": "x" })).await;
    let random = "01h455vb4pex5vsknk084sn02q";
    let (no_circle, no_stream) = (format!("c_{random}"), format!("s_{random}"));
    let read = json!({ "seq": 1 });
    for (method, path, body) in [
        ("GET", "/circles/C", Value::Null),
        ("GET", "/circles/C/members", Value::Null),
        ("GET", "/circles/C/present", Value::Null),
        ("GET", "/circles/C/invites", Value::Null),
        ("POST", "/circles/C/join", Value::Null),
        ("POST", "/circles/C/invites", json!({})),
        ("GET", "/streams/S", Value::Null),
        ("GET", "/streams/S/messages", Value::Null),
        ("GET", "/streams/S/messages/2", Value::Null),
        ("GET", "/streams/S/unread", Value::Null),
        ("PUT", "/streams/S/read", read),
        ("PUT", "/streams/S/messages/b", json!({ "text": "y" })),
        ("PATCH", "/streams/S/messages/2", json!({ "text": "y" })),
        ("DELETE", "/streams/S/messages/2", Value::Null),
        ("PUT", "/streams/S/messages/2/pin", Value::Null),
    ] {
        let fill =
            |c: &str, s: &str| path.replace("/C", &format!("/{c}")).replace("/S", &format!("/{s}"));
        let hidden = site.say(&ben, method, &fill(&circle, &stream), body.clone()).await;
        let missing = site.say(&ben, method, &fill(&no_circle, &no_stream), body).await;
        assert_eq!(hidden.status, StatusCode::NOT_FOUND, "{path}: {}", hidden.body);
        assert_eq!(hidden.body, missing.body, "{path}");
        assert_eq!(hidden.headers, missing.headers, "{path}");
    }
    let stranger = site.get(&ben, &format!("/users/{ana_id}")).await;
    let nobody = site.get(&ben, &format!("/users/u_{random}")).await;
    assert_eq!((stranger.status, &stranger.body), (StatusCode::NOT_FOUND, &nobody.body));
    assert_eq!(site.get(&ben, "/streams/x").await.code(), "stream.not_found");
}

#[tokio::test]
async fn members_come_and_are_sent_away() {
    let site = Site::open(|_| {}).await;
    let (ana, _) = site.sign_up("ana").await;
    let (ben, ben_id) = site.sign_up("ben").await;
    let (circle, _) = site.circle(&ana, true).await;
    let at = format!("/circles/{circle}");
    assert_eq!(site.get(&ben, "/circles/public").await.body["circles"][0]["id"], circle);
    let joined = site.say(&ben, "POST", &format!("{at}/join"), Value::Null).await;
    assert_eq!(joined.status, StatusCode::OK, "{}", joined.body);
    let role = json!({ "name": "Mods", "allow": ["manage_messages"], "rank": 5 });
    let role = site.say(&ana, "POST", &format!("{at}/roles"), role).await;
    assert_eq!(role.status, StatusCode::CREATED, "{}", role.body);
    let member = format!("{at}/members/{ben_id}");
    for (path, body) in [
        (format!("{member}/roles"), json!({ "roles": [role.text("/role")] })),
        (format!("{member}/nickname"), json!({ "nickname": "Benny" })),
        (format!("{member}/timeout"), json!({ "seconds": 60 })),
    ] {
        let got = site.say(&ana, "PUT", &path, body).await;
        assert_eq!(got.status, StatusCode::OK, "{path}: {}", got.body);
    }
    let members = site.get(&ana, &format!("{at}/members?limit=1")).await;
    assert_eq!(members.body["more"], true);
    let circles = site.get(&ben, &at).await;
    assert_eq!(circles.body["member"]["nickname"], "Benny");
    let denied = site.say(&ben, "PUT", &at, json!({ "name": "Mine", "public": true })).await;
    assert_eq!((denied.status, denied.code()), (StatusCode::FORBIDDEN, "permission.denied"));
    let kicked = site.say(&ana, "DELETE", &format!("{member}?reason=bye"), Value::Null).await;
    assert_eq!(kicked.status, StatusCode::OK, "{}", kicked.body);
    assert_eq!(site.get(&ben, &at).await.code(), "circle.not_found");
    let invite = site.say(&ana, "POST", &format!("{at}/invites"), Value::Null).await;
    let code = invite.text("/code");
    assert_eq!(site.get(&ben, &format!("/invites/{code}")).await.body["name"], "Garden");
    let came = site.say(&ben, "POST", &format!("/invites/{code}/accept"), Value::Null).await;
    assert_eq!(came.text("/circle"), circle, "{}", came.body);
    assert_eq!(site.get(&ana, &format!("{at}/invites")).await.status, StatusCode::OK);
    let group = json!({ "users": [ben_id], "name": "Trip" });
    let group = site.say(&ana, "POST", "/groups", group).await;
    assert_eq!(group.status, StatusCode::CREATED, "{}", group.body);
    let direct = site.say(&ana, "POST", "/direct", json!({ "user": ben_id })).await;
    assert_eq!(direct.status, StatusCode::OK, "{}", direct.body);
    let window = site.get(&ben, "/window").await;
    assert!(!window.body["conversations"].as_array().unwrap().is_empty());
    let blocked = site.say(&ana, "PUT", &format!("/blocks/{ben_id}"), Value::Null).await;
    assert_eq!(blocked.status, StatusCode::OK);
    assert_eq!(site.get(&ana, "/blocks").await.body["blocks"][0], ben_id);
}

#[tokio::test]
async fn errors_are_problems() {
    let site = Site::open(|settings| settings.requests_burst = 8).await;
    let (ana, _) = site.sign_up("ana").await;
    let bearer = format!("Bearer {ana}");
    let nowhere = site.get(&ana, "/nowhere").await;
    assert_eq!((nowhere.status, nowhere.code()), (StatusCode::NOT_FOUND, "route.not_found"));
    assert_eq!(nowhere.body["type"], "urn:kith:route.not_found");
    let wrong = site.say(&ana, "DELETE", "/window", Value::Null).await;
    assert_eq!(
        (wrong.status, wrong.code()),
        (StatusCode::METHOD_NOT_ALLOWED, "method.not_allowed")
    );
    assert_eq!(wrong.headers["allow"], "GET,HEAD");
    let post = |body: Vec<u8>| {
        request("POST", "/circles", &[("authorization", &bearer)], Body::from(body))
    };
    for bad in ["{", "[]", r#"{"name":"a","extra":1}"#, r#"{"name":""}"#] {
        let got = site.raw(post(bad.into())).await;
        assert_eq!((got.status, got.code()), (StatusCode::BAD_REQUEST, "input.invalid"), "{bad}");
    }
    let large = site.raw(post(vec![b' '; BODY_BYTES_MAX + 1])).await;
    assert_eq!((large.status, large.code()), (StatusCode::PAYLOAD_TOO_LARGE, "input.too_large"));
    let odd = site.get(&ana, "/circles/public?befor=x").await;
    assert_eq!(odd.code(), "input.invalid");
    let odd = site.get(&ana, "/circles/public?after=x").await;
    assert_eq!(odd.code(), "input.malformed");
    let limited = loop {
        let got = site.get(&ana, "/users/me").await;
        if got.status != StatusCode::OK {
            break got;
        }
    };
    assert_eq!((limited.status, limited.code()), (StatusCode::TOO_MANY_REQUESTS, "rate.limited"));
    assert_eq!(limited.headers["retry-after"], "1");
    assert!(limited.body["retry_ms"].is_u64());
}

#[tokio::test]
async fn the_reference_shows_every_route_without_scripts() {
    let site = Site::open(|_| {}).await;
    let got = site.router.clone().oneshot(request("GET", "/", &[], Body::empty())).await.unwrap();
    let policy = got.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"));
    let html = got.into_body().collect().await.unwrap().to_bytes();
    let html = String::from_utf8(html.to_vec()).unwrap();
    assert!(!html.contains("<script") && !html.contains("style="));
    assert_eq!(html.matches("<section ").count(), routes().count());
    let document = site.get("", "/openapi.json").await;
    assert_eq!(document.body, site.document);
}

#[test]
fn every_route_is_documented() {
    let document = openapi::document();
    let operations = document["paths"].as_object().unwrap().values();
    let ids: BTreeSet<String> = operations
        .flat_map(|path| path.as_object().unwrap().values())
        .map(|operation| operation["operationId"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), routes().count());
    let text = document.to_string();
    for part in text.split("\"#/components/schemas/").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(document["components"]["schemas"][name].is_object(), "{name}");
    }
    assert!(!text.contains("$defs"));
}

#[test]
fn every_example_is_accepted() {
    let id = |prefix: &str| format!("{prefix}01h455vb4pex5vsknk084sn02q");
    for route in routes() {
        let values: BTreeMap<String, String> = route
            .parameters()
            .map(|name| {
                assert!(path_parameter(route, name).is_some(), "{name} is not documented");
                let value = match name {
                    "circle" => id("c_"),
                    "user" => id("u_"),
                    "stream" => id("s_"),
                    "role" => id("r_"),
                    "invite" => id("i_"),
                    "session" => id("d_"),
                    _ => "7".to_owned(),
                };
                (name.to_owned(), value)
            })
            .collect();
        let caller = Caller {
            user: id("u_").parse().unwrap(),
            session: id("d_").parse().unwrap(),
            token_hash: String::new(),
        };
        let body = route.body.map(|body| body.example).unwrap_or_default();
        let call =
            Call { path: values, body: body.into(), caller: Some(caller), ..Call::default() };
        match route.action {
            Action::Ask(ask, _) => {
                drop(ask(&call).unwrap_or_else(|e| panic!("{}: {e}", route.path)))
            }
            Action::Do(make) => drop(make(&call).unwrap_or_else(|e| panic!("{}: {e}", route.path))),
            Action::Begin(_) | Action::Show(_) => {}
        }
    }
}
