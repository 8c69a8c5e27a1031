//! A server in memory, whose every answer is held against the OpenAPI document.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use kith_hub::testing::Clock;
use kith_hub::verify::Watched;
use kith_hub::{Environment, Hub, Limits};
use kith_store::memory::MemoryStore;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::App;
use crate::rest::route::{Action, ROOT, Route};
use crate::rest::{openapi, router, routes};
use crate::settings::{Registration, Settings};

pub(super) const PASSWORD: &str = "correct horse battery";

pub(super) struct Site {
    pub(super) router: Router,
    pub(super) document: Value,
}

/// An answer.
pub(super) struct Got {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl Got {
    pub(super) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    pub(super) fn text(&self, pointer: &str) -> String {
        self.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    pub(super) fn cookie(&self) -> String {
        let set = self.headers["set-cookie"].to_str().unwrap();
        set.split(';').next().unwrap().to_owned()
    }
}

impl Site {
    pub(super) async fn open(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings {
            registration: Registration::Open,
            password_memory_kib: 8,
            requests_burst: 1000,
            sign_ups_per_minute: 1000,
            ..Settings::default()
        };
        change(&mut settings);
        let env: Arc<dyn Environment> = Arc::new(Clock::default());
        let store = Arc::new(Watched(MemoryStore::new()));
        let hub = Hub::open(store, Arc::clone(&env), Limits::default()).await.unwrap();
        Self { router: router(App::new(hub, env, settings)), document: openapi::document() }
    }

    pub(super) async fn raw(&self, request: Request<Body>) -> Got {
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

    pub(super) async fn say(&self, token: &str, method: &str, path: &str, body: Value) -> Got {
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        self.raw(request(method, path, &[("authorization", &format!("Bearer {token}"))], body))
            .await
    }

    pub(super) async fn get(&self, token: &str, path: &str) -> Got {
        self.say(token, "GET", path, Value::Null).await
    }

    /// Makes an account and returns its token and id.
    pub(super) async fn sign_up(&self, name: &str) -> (String, String) {
        let body = json!({ "name": name, "password": PASSWORD });
        let got = self.say("", "POST", "/accounts", body).await;
        assert_eq!(got.status, StatusCode::CREATED, "{}", got.body);
        (got.text("/token"), got.text("/user/id"))
    }

    /// A circle with its first stream.
    pub(super) async fn circle(&self, token: &str, public: bool) -> (String, String) {
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

pub(super) fn request(
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Body,
) -> Request<Body> {
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
