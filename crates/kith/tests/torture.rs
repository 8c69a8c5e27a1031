//! The real server under real load, killed again and again: every subscriber sees every
//! acknowledged event exactly once, in order, and transactions over several topics whole or not at all;
//! uploads are there as far as they were acknowledged, and files of messages are whole.
//! `KITH_KILLS` says how often, `KITH_SESSIONS` how many
//! sessions there are.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "torture/bearer.rs"]
mod bearer;
#[path = "torture/client.rs"]
mod client;
#[path = "torture/mover.rs"]
mod mover;
#[path = "torture/server.rs"]
mod server;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use kith_checker::{Record, Recorder, check};
use serde_json::json;

use bearer::Bearer;
use client::{Session, World};
use mover::Mover;
use server::Server;

const STREAMS: usize = 20;
const USERS: usize = 10;
/// Sessions that change topics.
const MOVERS: usize = 10;
/// Sessions that upload files.
const BEARERS: usize = 2;

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// A random number from the clock's nanoseconds and a count: when a server is killed need not be
/// repeatable, only unforeseen.
fn dice(sides: u64) -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let time = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let mut z =
        u64::from(time.subsec_nanos()) ^ COUNT.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (z ^ z >> 27) % sides
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_doubled_or_reordered_when_the_server_is_killed() {
    let kills = number("KITH_KILLS", 50);
    let sessions = usize::try_from(number("KITH_SESSIONS", 200)).unwrap();
    let data = tempfile::tempdir().unwrap();
    let mut server = Server::start(data.path(), 0).await;
    let port = server.port;
    let world = Arc::new(World::make(port, USERS, STREAMS).await);
    let recorder = Recorder::memory();
    let stop = Arc::new(AtomicBool::new(false));
    let mut tasks = Vec::new();
    for index in 0..sessions {
        let session = Session::new(Arc::clone(&world), index, recorder.clone());
        tasks.push(tokio::spawn(session.run(Arc::clone(&stop))));
    }
    for index in 0..MOVERS {
        let mover = Mover::new(Arc::clone(&world), index, recorder.clone());
        tasks.push(tokio::spawn(mover.run(Arc::clone(&stop))));
    }
    let mut bearers = Vec::new();
    for index in 0..BEARERS {
        bearers.push(tokio::spawn(Bearer::new(Arc::clone(&world), index).run(Arc::clone(&stop))));
    }
    for _ in 0..kills {
        // A random instant, the idle ones as well as those in the middle of a commit.
        tokio::time::sleep(Duration::from_millis(dice(500))).await;
        server.kill().await;
        server = Server::start(data.path(), port).await;
    }
    stop.store(true, Ordering::Relaxed);
    for task in tasks {
        let ended = tokio::time::timeout(Duration::from_secs(60), task).await;
        ended.expect("every session gets to the end").unwrap();
    }
    let mut posted = Vec::new();
    for bearer in bearers {
        let ended = tokio::time::timeout(Duration::from_secs(60), bearer).await;
        posted.extend(ended.expect("every file gets to its message").unwrap());
    }
    assert!(posted.len() >= BEARERS, "files were posted");
    bearer::are_whole(&world, &posted, data.path()).await;
    for feed in world.streams.iter().chain(world.topics()) {
        let log = world.log(feed).await;
        let head = log.last().map_or(0, |event| event["seq"].as_u64().unwrap());
        let epoch = 1;
        recorder.record(Record::Head { feed: feed.clone(), epoch, seq: head });
        for event in log {
            recorder.record(Record::Logged {
                feed: feed.clone(),
                epoch,
                seq: event["seq"].as_u64().unwrap(),
                op: event["op"].as_str().map(|op| match feed.starts_with("t_") {
                    true => mover::part(op, feed),
                    false => op.to_owned(),
                }),
                hash: client::hash(&event),
            });
        }
    }
    server.kill().await;
    server::is_whole(data.path()).await;
    let report = check(recorder.take());
    assert!(report.is_clean(), "{report}");
    assert!(report.acked >= kills * 10, "{report}");
    assert!(report.delivered > report.acked, "{report}");
    println!(
        "{}",
        json!({"kills": kills, "acknowledged": report.acked, "delivered": report.delivered,
            "files": posted.len()})
    );
}
