//! REST against a server in memory.

use axum::body::Body;
use http::StatusCode;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use self::site::{PASSWORD, Site, request};
use super::call::BODY_BYTES_MAX;
use super::routes;

mod origins;
mod site;
mod table;

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
async fn a_browser_signs_up_with_an_invite_and_never_sees_the_token() {
    let site = Site::open(|settings| settings.public_url = "https://chat.test".to_owned()).await;
    let (ana, _) = site.sign_up("ana").await;
    let (circle, _) = site.circle(&ana, false).await;
    let path = format!("/circles/{circle}/invites");
    let code = site.say(&ana, "POST", &path, json!({})).await.text("/code");
    let looked = site.raw(request("GET", &format!("/site/invites/{code}"), &[], Body::empty()));
    assert_eq!(looked.await.body["name"], "Garden");
    let nothing = site.raw(request("GET", "/site/invites/abc", &[], Body::empty())).await;
    assert_eq!((nothing.status, nothing.code()), (StatusCode::NOT_FOUND, "invite.not_found"));
    let body = json!({ "name": "ben", "password": PASSWORD, "kind": "cookie", "invite": code });
    let sign_up = |headers: &[(&str, &str)]| {
        request("POST", "/accounts", headers, Body::from(body.to_string()))
    };
    let foreign = site.raw(sign_up(&[("origin", "https://evil.test")])).await;
    assert_eq!((foreign.status, foreign.code()), (StatusCode::UNAUTHORIZED, "auth.failed"));
    let got = site.raw(sign_up(&[("x-kith-request", "1")])).await;
    assert_eq!((got.status, got.body.get("token")), (StatusCode::CREATED, None));
    let window = request("GET", "/window", &[("cookie", &got.cookie())], Body::empty());
    assert_eq!(site.raw(window).await.body["circles"][0]["circle"]["name"], "Garden");
}

#[tokio::test]
async fn the_site_says_how_one_comes_in() {
    let site = Site::open(|settings| settings.password_chars_min = 14).await;
    let got = site.raw(request("GET", "/site", &[], Body::empty())).await;
    let told = json!({ "registration": "open", "owned": true, "password_chars_min": 14 });
    assert_eq!((got.status, got.body), (StatusCode::OK, told));
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
    let set: Vec<&str> =
        got.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap()).collect();
    let [set, device] = set[..] else { panic!("{set:?}") };
    assert!(device.starts_with("__Host-kith-device=kithd_"), "{device}");
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
    // The last number there is has nothing behind it.
    for (around, found) in [(seq, 1), (u64::MAX, 1), (0, 1)] {
        let page = site.get(&ana, &format!("{path}?around={around}")).await;
        assert_eq!(page.body["messages"].as_array().map(Vec::len), Some(found), "{}", page.body);
    }
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
    assert_eq!((denied.status, denied.code()), (StatusCode::FORBIDDEN, "member.timed_out"));
    assert_eq!(denied.headers["retry-after"], "60");
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
    for (bad, code) in [
        ("{", "input.invalid"),
        ("[]", "input.invalid"),
        (r#"{"name":"a","extra":1}"#, "input.invalid"),
        (r#"{"name":""}"#, "input.empty"),
    ] {
        let got = site.raw(post(bad.into())).await;
        assert_eq!((got.status, got.code()), (StatusCode::BAD_REQUEST, code), "{bad}");
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

#[tokio::test]
async fn streams_are_made_changed_and_narrowed() {
    let site = Site::open(|_| {}).await;
    let (ana, _) = site.sign_up("ana").await;
    let (ben, ben_id) = site.sign_up("ben").await;
    let (circle, _) = site.circle(&ana, true).await;
    let joined = site.say(&ben, "POST", &format!("/circles/{circle}/join"), Value::Null).await;
    assert_eq!(joined.status, StatusCode::OK);
    let new = json!({ "name": "seeds", "about": "What to sow" });
    let made = site.say(&ana, "POST", &format!("/circles/{circle}/streams"), new).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let at = format!("/streams/{}", made.text("/stream"));
    let root = site.say(&ana, "PUT", &format!("{at}/messages/a"), json!({ "text": "one" })).await;
    let root = root.body["events"][0]["seq"].clone();
    for (token, name) in [(&ana, "b"), (&ben, "c"), (&ana, "d")] {
        let body = json!({ "text": "in the thread", "thread": root });
        let got = site.say(token, "PUT", &format!("{at}/messages/{name}"), body).await;
        assert_eq!(got.status, StatusCode::OK, "{}", got.body);
    }
    let unread = site.get(&ben, &format!("{at}/unread")).await;
    assert_eq!(unread.body["threads"][0]["thread"], root, "{}", unread.body);
    let thread = site.get(&ben, &format!("{at}/messages?thread={root}&limit=2")).await;
    assert_eq!(thread.body["messages"].as_array().unwrap().len(), 2);
    let slow = json!({ "name": "seeds", "slow_seconds": 30 });
    assert_eq!(site.say(&ana, "PUT", &at, slow).await.status, StatusCode::OK);
    let post = |name: &str| format!("{at}/messages/{name}");
    site.say(&ben, "PUT", &post("e"), json!({ "text": "quick" })).await;
    let soon = site.say(&ben, "PUT", &post("f"), json!({ "text": "quick" })).await;
    assert_eq!((soon.status, soon.code()), (StatusCode::TOO_MANY_REQUESTS, "stream.too_soon"));
    let everyone = site.get(&ana, &format!("/circles/{circle}")).await.text("/circle/everyone");
    let deny = json!({ "deny": { (everyone): ["read"] } });
    let narrowed = site.say(&ana, "PUT", &format!("{at}/deny"), deny).await;
    assert_eq!(narrowed.status, StatusCode::OK, "{}", narrowed.body);
    assert_eq!(site.get(&ben, &at).await.code(), "stream.not_found");
    assert_eq!(site.get(&ana, &at).await.status, StatusCode::OK);
    let ban = format!("/circles/{circle}/bans/{ben_id}");
    assert_eq!(site.say(&ana, "PUT", &ban, Value::Null).await.status, StatusCode::OK);
    let back = site.say(&ben, "POST", &format!("/circles/{circle}/join"), Value::Null).await;
    assert_eq!(back.code(), "circle.not_found");
    assert_eq!(site.say(&ana, "DELETE", &ban, Value::Null).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_stream_is_removed_by_those_who_manage_streams() {
    let site = Site::open(|_| {}).await;
    let (ana, _) = site.sign_up("ana").await;
    let (ben, _) = site.sign_up("ben").await;
    let (circle, stream) = site.circle(&ana, true).await;
    site.say(&ben, "POST", &format!("/circles/{circle}/join"), Value::Null).await;
    let at = format!("/streams/{stream}");
    let post = |name: &str| format!("{at}/messages/{name}");
    site.say(&ben, "PUT", &post("a"), json!({ "text": "soon gone" })).await;
    let refused = site.say(&ben, "DELETE", &at, Value::Null).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::FORBIDDEN, "permission.denied"));
    let done = site.say(&ana, "DELETE", &at, Value::Null).await;
    assert_eq!((done.status, done.text("/stream")), (StatusCode::OK, stream.clone()));
    for (verb, path, body) in [
        ("GET", at.clone(), Value::Null),
        ("GET", format!("{at}/messages"), Value::Null),
        ("PUT", post("b"), json!({ "text": "from an outbox" })),
        ("PUT", at.clone(), json!({ "name": "back", "archived": false })),
        ("DELETE", at.clone(), Value::Null),
    ] {
        let gone = site.say(&ana, verb, &path, body).await;
        assert_eq!((gone.status, gone.code()), (StatusCode::NOT_FOUND, "stream.not_found"));
    }
    let window = site.get(&ben, &format!("/circles/{circle}")).await;
    assert_eq!(window.body["streams"], json!([]), "{}", window.body);
}
