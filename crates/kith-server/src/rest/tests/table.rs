//! The table against its own documentation.

use std::collections::{BTreeMap, BTreeSet};

use http::StatusCode;

use crate::auth::Caller;
use crate::rest::call::Call;
use crate::rest::readers::read_own;
use crate::rest::reply::status_of;
use crate::rest::route::{Action, path_parameter};
use crate::rest::{openapi, routes};

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
                    "topic" => id("t_"),
                    "file" => id("f_"),
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
        let accepted = match route.action {
            Action::Ask(ask, _) => ask(&call).map(drop),
            Action::Do(make) => make(&call).map(drop),
            Action::Invoke(make) => make(&call).map(drop),
            Action::Own(_) | Action::Bring(_) => read_own(route, &call),
            Action::Begin(_) | Action::Take(_) | Action::Show(_) => Ok(()),
        };
        assert_eq!(accepted, Ok(()), "{}", route.path);
    }
}

#[test]
fn no_refusal_is_answered_as_a_failure_of_the_server() {
    for route in routes() {
        for code in route.codes() {
            assert_ne!(status_of(code), StatusCode::INTERNAL_SERVER_ERROR, "{code}");
        }
    }
}
