//! The OpenAPI document, made from the table of routes.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::reply::{Page, status_of};
use super::route::{Action, Kind, ROOT, Route, path_parameter, shape};
use super::{TABLE, shapes};

const ABOUT: &str = "Questions and commands for scripts and bots; what happens is told over the \
    WebSocket. Every command may carry an `Idempotency-Key` of 1 to 64 letters, digits, `.`, `_`, \
    `-` and `:`: said again under the same key it happens once, and the answer is the same. \
    What a caller may not see is answered exactly like what does not exist.";

/// The page of the document.
pub(super) fn page() -> Page {
    static TEXT: LazyLock<String> = LazyLock::new(|| document().to_string());
    Page { content_type: "application/json", body: TEXT.clone() }
}

/// The document.
pub(super) fn document() -> Value {
    let settings = SchemaSettings::draft2020_12()
        .with(|settings| settings.definitions_path = "/components/schemas".into());
    let mut schemas = settings.into_generator();
    let problem = shape::<shapes::Problem>(&mut schemas);
    let mut paths: Map<String, Value> = Map::new();
    let mut tags = Vec::new();
    for (tag, routes) in TABLE {
        tags.push(json!({ "name": tag }));
        for route in *routes {
            let path = paths.entry(route.path.to_owned()).or_insert_with(|| json!({}));
            path[route.verb.name()] = operation(tag, route, &mut schemas, problem.as_value());
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Kith",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "The REST interface of a Kith server",
            "description": ABOUT,
        },
        "servers": [{ "url": ROOT }],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas.take_definitions(true),
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The token of a session.",
                },
                "cookie": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "kith_session",
                    "description": "The session cookie of a page, `__Host-kith` over HTTPS. What \
                        is not GET needs the header `X-Kith-Request` as well.",
                },
            },
        },
    })
}

fn operation(tag: &str, route: &Route, schemas: &mut SchemaGenerator, problem: &Value) -> Value {
    let mut operation = json!({
        "operationId": operation_id(route),
        "tags": [tag],
        "summary": route.summary,
        "responses": responses(route, schemas, problem),
        "security": security(route),
    });
    let parameters = parameters(route);
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if let Some(body) = route.body {
        let example: Value = serde_json::from_str(body.example).unwrap_or_default();
        let schema = (body.shape)(schemas).to_value();
        operation["requestBody"] = json!({
            "required": true,
            "content": { "application/json": { "schema": schema, "example": example } },
        });
    }
    if matches!(route.action, Action::Take(_)) {
        operation["requestBody"] = json!({
            "required": true,
            "content": {
                "application/octet-stream": { "schema": { "type": "string", "format": "binary" } },
            },
        });
    }
    operation
}

/// `get_circles_circle_members`.
pub(super) fn operation_id(route: &Route) -> String {
    let mut id = route.verb.name().to_owned();
    for part in route.path.split(['/', '-', '.']).filter(|part| !part.is_empty()) {
        id.push('_');
        id.push_str(part.trim_matches(['{', '}']));
    }
    id
}

fn security(route: &Route) -> Value {
    if route.is_open() { json!([]) } else { json!([{ "token": [] }, { "cookie": [] }]) }
}

fn parameters(route: &Route) -> Vec<Value> {
    let in_path = route.parameters().filter_map(|name| {
        let (kind, about) = path_parameter(route, name)?;
        Some(parameter("path", name, kind, about))
    });
    let in_query =
        route.query.iter().map(|param| parameter("query", param.name, param.kind, param.about));
    let named = matches!(route.action, Action::Do(_)) && route.named_by.is_none();
    let key = named.then(|| {
        let about = "The name of the operation: said twice, it is done once.";
        parameter("header", "Idempotency-Key", Kind::Text(64), about)
    });
    let header = |name, about| parameter("header", name, Kind::Number, about);
    let more = match route.action {
        Action::Take(_) => {
            vec![header(
                "Upload-Offset",
                "From which byte on the body is: where the upload stands.",
            )]
        }
        Action::Own(_) if route.body.is_some() && route.path == "/files" => {
            let about = "The name of the operation: said twice, it is done once.";
            vec![parameter("header", "Idempotency-Key", Kind::Text(64), about)]
        }
        _ => Vec::new(),
    };
    in_path.chain(in_query).chain(key).chain(more).collect()
}

fn parameter(place: &str, name: &str, kind: Kind, about: &str) -> Value {
    let schema = match kind {
        Kind::Id(prefix) => {
            let pattern = format!("^{prefix}[0-7][0-9a-hjkmnp-tv-z]{{25}}$");
            json!({ "type": "string", "pattern": pattern })
        }
        Kind::Number => json!({ "type": "integer", "minimum": 0 }),
        Kind::Text(chars_max) => json!({ "type": "string", "maxLength": chars_max }),
    };
    json!({
        "name": name,
        "in": place,
        "required": place == "path",
        "description": about,
        "schema": schema,
    })
}

fn responses(route: &Route, schemas: &mut SchemaGenerator, problem: &Value) -> Value {
    let mut responses = json!({});
    let status = if route.creates { "201" } else { "200" };
    responses[status] = match route.shape {
        Some(shape) => json!({
            "description": "Done.",
            "content": { "application/json": { "schema": shape(schemas).to_value() } },
        }),
        None if matches!(route.action, Action::Show(_)) => json!({ "description": "The page." }),
        None => json!({
            "description": "The bytes, of the type that they are if that is harmless.",
            "content": { "*/*": { "schema": { "type": "string", "format": "binary" } } },
        }),
    };
    if route.shape.is_none() && !matches!(route.action, Action::Show(_)) {
        responses["206"] = json!({ "description": "The part that `Range` asked for." });
        responses["304"] = json!({ "description": "It is what `If-None-Match` says." });
    }
    for (status, codes) in problems(route) {
        let codes: Vec<String> = codes.iter().map(|code| format!("`{code}`")).collect();
        responses[status.to_string()] = json!({
            "description": codes.join(", "),
            "content": { "application/problem+json": { "schema": problem } },
        });
    }
    responses
}

/// The codes of a route by their status.
pub(super) fn problems(route: &Route) -> BTreeMap<u16, Vec<&'static str>> {
    let mut by_status: BTreeMap<u16, Vec<&'static str>> = BTreeMap::new();
    for code in route.codes() {
        by_status.entry(status_of(code).as_u16()).or_default().push(code);
    }
    by_status
}
