//! Coming back after a long absence.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use crate::Plan;
use crate::report::Figure;
use crate::server::Server;
use crate::site::Site;

const BENCH: &str = "resume";

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Figure>> {
    let missed = plan.count(10_000, 2500);
    let mut pages = Figure::new(BENCH, format!("{missed} events, page by page"), "ms")
        .against("SELECT of the rows");
    let mut snapshot = Figure::new(BENCH, format!("{missed} events missed: snapshot of 50"), "ms");
    let data = tempfile::tempdir_in(&plan.dir)?;
    let server = Server::kith(&plan.kith, data.path())?;
    let mut site = Site::make(server.port)?;
    site.fill(missed)?;
    // Started anew it has all of them in the tables, where the reference finds them.
    drop(server);
    let server = Server::kith(&plan.kith, data.path())?;
    site.port = server.port;
    for _ in 0..plan.times {
        let began = Instant::now();
        ensure!(by_pages(&site)? == missed, "events are missing");
        let paged = began.elapsed();
        let began = Instant::now();
        select(data.path(), missed)?;
        let selected = began.elapsed();
        pages.add(paged.as_secs_f64() * 1e3, Some(selected.as_secs_f64() * 1e3));
        let began = Instant::now();
        let mut socket = site.enter()?;
        let follow = format!(r#"{{"id":1,"subscribe":[{{"feed":"{}","after":1}}]}}"#, site.stream);
        socket.ask(&follow, "\"snapshot\"")?;
        snapshot.add(began.elapsed().as_secs_f64() * 1e3, None);
    }
    drop(server);
    Ok(vec![pages, snapshot])
}

/// Reads all events after the first; how many there were.
fn by_pages(site: &Site) -> Result<usize> {
    let mut socket = site.enter()?;
    let (mut after, mut count) = (1, 0);
    loop {
        let follow = format!(
            r#"{{"id":1,"subscribe":[{{"feed":"{}","after":{after},"events_only":true}}]}}"#,
            site.stream
        );
        let answer: Value = serde_json::from_str(&socket.ask(&follow, "\"subscribed\"")?)?;
        let events = &answer["subscribed"]["events"];
        count += events["events"].as_array().context("no events")?.len();
        after = events["seq"].as_u64().context("no place")?;
        if events["more"] != true {
            return Ok(count);
        }
        socket.skip(1, br#"{"ok""#)?;
    }
}

/// Reads as many events with one statement.
fn select(data: &Path, count: usize) -> Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let conn = Connection::open_with_flags(data.join("kith.db"), flags)?;
    let mut rows = conn.prepare("SELECT id, body FROM event ORDER BY id DESC LIMIT ?1")?;
    let read = rows.query_map([i64::try_from(count)?], |row| row.get::<_, String>(1))?;
    let bytes: usize = read.map(|body| body.map(|body| body.len())).sum::<Result<_, _>>()?;
    ensure!(bytes > count * 100, "the rows are not there");
    Ok(())
}
