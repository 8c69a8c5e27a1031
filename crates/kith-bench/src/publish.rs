//! From publishing to the durable acknowledgement.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tokio::task::JoinSet;

use crate::Plan;
use crate::reference::{sqlite_commits, syncs};
use crate::report::{Figure, percentile};
use crate::server::Server;
use crate::site::Site;
use crate::socket::Socket;

const BENCH: &str = "publish";

/// Connections, messages on their way of each, and messages in all.
const SHAPES: [(usize, usize, usize); 4] =
    [(1, 1, 3000), (1, 64, 40_000), (16, 16, 60_000), (64, 16, 60_000)];

pub(crate) async fn measure(plan: &Plan) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (connections, flying, count) in SHAPES {
        let count = plan.count(count, 4 * connections * flying);
        let shape = format!("{connections} × {flying}");
        let rate = Figure::new(BENCH, format!("{shape}: acknowledged"), "1/s");
        let mut rate = rate.against("SQLite, one by one");
        let mut half = Figure::new(BENCH, format!("{shape}: latency p50"), "µs");
        if connections * flying == 1 {
            half = half.against("fdatasync of 4 KiB");
        }
        let mut high = Figure::new(BENCH, format!("{shape}: latency p99"), "µs");
        let mut most = Figure::new(BENCH, format!("{shape}: latency p99.9"), "µs");
        for _ in 0..plan.times {
            let data = tempfile::tempdir_in(&plan.dir)?;
            let server = Server::kith(&plan.kith, data.path()).await?;
            let site = Site::make(server.port).await?;
            let (mut times, took) = load(&site, connections, flying, count).await?;
            server.stop().await?;
            let reference = plan.count(1000, 10);
            let commits: Duration = sqlite_commits(&plan.dir, reference)?.iter().sum();
            let mut synced = syncs(&plan.dir, reference)?;
            let per_second = |count: usize, took: Duration| count as f64 / took.as_secs_f64();
            rate.add(per_second(times.len(), took), Some(per_second(reference, commits)));
            half.add(percentile(&mut times, 0.5), Some(percentile(&mut synced, 0.5)));
            high.add(percentile(&mut times, 0.99), None);
            most.add(percentile(&mut times, 0.999), None);
        }
        figures.extend([rate, half, high, most]);
    }
    Ok(figures)
}

/// Publishes, and says how long each message took and all of them together.
async fn load(
    site: &Site,
    connections: usize,
    flying: usize,
    count: usize,
) -> Result<(Vec<Duration>, Duration)> {
    let mut publishers = JoinSet::new();
    let each = count / connections;
    let mut sockets = Vec::new();
    for _ in 0..connections {
        sockets.push(site.enter().await?);
    }
    let began = Instant::now();
    for (number, socket) in sockets.into_iter().enumerate() {
        let frames = (0..each).map(|id| site.post(id, &format!("p{number}"))).collect();
        publishers.spawn(publish(socket, frames, flying));
    }
    let mut times = Vec::with_capacity(count);
    while let Some(done) = publishers.join_next().await {
        times.extend(done??);
    }
    Ok((times, began.elapsed()))
}

async fn publish(mut socket: Socket, frames: Vec<Vec<u8>>, flying: usize) -> Result<Vec<Duration>> {
    let mut sent: Vec<Option<Instant>> = vec![None; frames.len()];
    let mut times = Vec::with_capacity(frames.len());
    let mut next = 0;
    while times.len() < frames.len() {
        while next < frames.len() && next - times.len() < flying {
            sent[next] = Some(Instant::now());
            socket.send_frames(&frames[next]).await?;
            next += 1;
        }
        let answer = socket.next().await?;
        let id = answered(&answer)
            .with_context(|| format!("not done: {}", String::from_utf8_lossy(&answer)))?;
        let at = sent.get(id).copied().flatten().context("an answer to nothing")?;
        times.push(at.elapsed());
    }
    Ok(times)
}

/// The request that `{"ok":{"id":7,…` answers.
fn answered(answer: &[u8]) -> Option<usize> {
    let rest = answer.strip_prefix(br#"{"ok":{"id":"#)?;
    let digits = rest.iter().position(|byte| !byte.is_ascii_digit())?;
    std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()
}
