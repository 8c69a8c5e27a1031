//! What a client waits for when it is opened: a user of many streams with many members.

use std::time::Instant;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::Plan;
use crate::report::Figure;
use crate::server::Server;
use crate::site::{Site, sign_up};
use crate::socket::Socket;

const BENCH: &str = "load";

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Figure>> {
    let many = plan.count(300, 10);
    let what = format!("{many} streams of {many} members");
    let mut time = Figure::new(BENCH, format!("{what}: sign-in, window, one stream"), "ms");
    let mut size = Figure::new(BENCH, format!("{what}: received"), "bytes");
    let data = tempfile::tempdir_in(&plan.dir)?;
    let server = Server::kith(&plan.kith, data.path())?;
    let site = Site::make(server.port)?;
    let circle = fill(&site, many)?;
    drop(server);
    for _ in 0..plan.times {
        // Each time a server that has nothing at hand.
        let server = Server::kith(&plan.kith, data.path())?;
        let began = Instant::now();
        let mut socket = Socket::enter(server.port, &site.token)?;
        let window = socket.ask(r#"{"id":1,"get":{"window":{}}}"#, "\"window\"")?;
        let feeds = format!(
            r#"{{"id":2,"subscribe":[{{"feed":"{circle}"}},{{"feed":"{}","window":50}}]}}"#,
            site.stream
        );
        socket.ask(&feeds, "\"ok\"")?;
        time.add(began.elapsed().as_secs_f64() * 1e3, None);
        anyhow::ensure!(window.matches("\"head\"").count() > many, "streams are missing");
        size.add(socket.received() as f64, None);
        drop(server);
    }
    Ok(vec![time, size])
}

/// Makes `many` streams, a message in each, and `many` members; the circle.
pub(crate) fn fill(site: &Site, many: usize) -> Result<String> {
    let mut owner = site.enter()?;
    let window: Value =
        serde_json::from_str(&owner.ask(r#"{"id":1,"get":{"window":{}}}"#, "\"window\"")?)?;
    let circle = window["ok"]["got"]["window"]["circles"][0]["circle"]["id"].as_str();
    let circle = circle.context("no circle")?.to_owned();
    for number in 0..many {
        let name = format!("member{number}");
        let token = sign_up(site.port, &name)?;
        let mut member = Socket::enter(site.port, &token)?;
        let join = format!(r#"{{"id":1,"do":{{"join":{{"circle":"{circle}"}}}}}}"#);
        member.ask(&join, "\"ok\"")?;
        let make = format!(
            r#"{{"id":2,"do":{{"create_stream":{{"circle":"{circle}","name":"stream{number}"}}}}}}"#
        );
        let made: Value = serde_json::from_str(&owner.ask(&make, "\"ok\"")?)?;
        let stream = made["ok"]["done"]["stream"].as_str().context("no stream")?;
        let post = format!(
            r#"{{"id":3,"do":{{"post":{{"stream":"{stream}","text":"Hello, @ana: message {number}"}}}}}}"#
        );
        member.ask(&post, "\"ok\"")?;
    }
    Ok(circle)
}
