//! Pages of others that the operator named.

use axum::body::Body;
use http::StatusCode;
use serde_json::{Value, json};

use super::site::{PASSWORD, Site, request};

const APP: (&str, &str) = ("origin", "https://app.example");
const EVIL: (&str, &str) = ("origin", "https://evil.example");

async fn site() -> Site {
    Site::open(|settings| settings.origins = "https://app.example".to_owned()).await
}

#[tokio::test]
async fn a_named_page_sees_answers_and_others_do_not() {
    let site = site().await;
    let (token, user) = site.sign_up("ana").await;
    let bearer = format!("Bearer {token}");
    let me =
        |origin| request("GET", "/users/me", &[("authorization", &bearer), origin], Body::empty());
    let got = site.raw(me(APP)).await;
    assert_eq!(got.body["id"], user);
    assert_eq!(got.headers["access-control-allow-origin"], APP.1);
    assert!(got.headers.get("access-control-allow-credentials").is_none());
    let vary: Vec<_> = got.headers.get_all("vary").iter().collect();
    assert!(vary.iter().any(|line| line.to_str().unwrap().contains("origin")), "{vary:?}");
    let got = site.raw(me(EVIL)).await;
    assert!(got.headers.get("access-control-allow-origin").is_none());
    let ask = |origin| {
        let wanted = [
            origin,
            ("access-control-request-method", "PUT"),
            ("access-control-request-headers", "authorization,content-type"),
        ];
        request("OPTIONS", "/users/me", &wanted, Body::empty())
    };
    let got = site.raw(ask(APP)).await;
    assert_eq!(got.headers["access-control-allow-origin"], APP.1);
    let told = |name| got.headers[name].to_str().unwrap().to_lowercase();
    assert!(told("access-control-allow-methods").contains("put"));
    assert!(told("access-control-allow-headers").contains("authorization"));
    assert!(!told("access-control-allow-headers").contains("x-kith-request"));
    assert!(site.raw(ask(EVIL)).await.headers.get("access-control-allow-origin").is_none());
}

#[tokio::test]
async fn a_named_page_signs_in_for_a_token_and_never_by_cookie() {
    let site = site().await;
    site.sign_up("ana").await;
    let sign_in = |kind: &str, headers: &[(&str, &str)]| {
        let body = json!({ "name": "ana", "password": PASSWORD, "kind": kind });
        request("POST", "/sessions", headers, Body::from(body.to_string()))
    };
    let got = site.raw(sign_in("token", &[APP])).await;
    assert_eq!(got.status, StatusCode::CREATED);
    let proof = ("x-kith-request", "1");
    let refused = site.raw(sign_in("cookie", &[proof, APP])).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    let cookie = site.raw(sign_in("cookie", &[proof])).await.cookie();
    let me = |origin: &[(&str, &str)]| {
        let headers = [origin, &[("cookie", &cookie)]].concat();
        request("GET", "/users/me", &headers, Body::empty())
    };
    assert_eq!(site.raw(me(&[])).await.status, StatusCode::OK);
    assert_eq!(site.raw(me(&[APP])).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn where_no_page_is_named_none_is_told_anything() {
    let site = Site::open(|_| {}).await;
    let (token, _) = site.sign_up("ana").await;
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), APP];
    let got = site.raw(request("GET", "/users/me", &headers, Body::empty())).await;
    assert_eq!(
        (got.status, got.headers.get("access-control-allow-origin")),
        (StatusCode::OK, None)
    );
    assert_eq!(
        site.say(&token, "OPTIONS", "/users/me", Value::Null).await.code(),
        "method.not_allowed"
    );
}
