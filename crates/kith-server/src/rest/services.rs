//! Services of circles, and calls of them that give one result.

use kith_core::id::CircleId;
use kith_proto::error::Problem;
use kith_proto::query::Query;
use kith_proto::service;

use super::bodies::NewCall;
use super::route::{BY_NAME, Kind, Param, Route, get, invoke};
use super::shapes;

pub(super) const ROUTES: &[Route] = &[
    get::<shapes::Services>(
        "/circles/{circle}/services",
        "Services of a circle, in the order of their names",
        |call| {
            let begin = call.asked("begin").unwrap_or_default();
            let (after, limit) = (call.asked("after"), call.limit()?);
            Ok(Query::Services { circle: call.id("circle")?, begin, after, limit })
        },
    )
    .query(BY_NAME)
    .errors(&["circle.not_found"]),
    get::<shapes::Calls>(
        "/circles/{circle}/calls",
        "Calls of services that have not ended, the oldest first",
        |call| Ok(Query::Calls { circle: call.id("circle")?, limit: call.limit()? }),
    )
    .query(&[Param { name: "limit", kind: Kind::Number, about: "At most 200; 100 if absent." }])
    .errors(&["circle.not_found", "permission.denied", "member.timed_out"]),
    invoke("/circles/{circle}/calls", "Call a service and wait for its result", |call| {
        called(Some(call.id("circle")?), call.body()?)
    })
    .body::<NewCall>(r#"{"name":"math/add","args":[1,2]}"#)
    .errors(&[
        "circle.not_found",
        "stream.not_found",
        "stream.archived",
        "permission.denied",
        "member.timed_out",
        "service.not_found",
        "service.busy",
        "service.gone",
        "service.late",
        "service.failed",
        "service.too_large",
        "access.changed",
        "limit.too_many",
    ]),
    invoke(
        "/calls",
        "Call a personal service, or one that the server offers without a circle",
        |call| called(None, call.body()?),
    )
    .body::<NewCall>(r#"{"name":"kith/reach","args":{"user":"u_01h455vb4pex5vsknk084sn02q"}}"#)
    .errors(&[
        "input.empty",
        "service.not_found",
        "service.busy",
        "service.gone",
        "service.late",
        "service.failed",
        "service.too_large",
        "access.changed",
        "limit.too_many",
    ]),
];

fn called(circle: Option<CircleId>, new: NewCall) -> Result<service::Call, Problem> {
    let NewCall { name, args, key, provider, stream, deadline_ms } = new;
    let asked = service::Call::of_server(name, args);
    Ok(service::Call { circle, key, provider, stream, deadline_ms, ..asked })
}
