//! From one writer to many readers.

use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::Plan;
use crate::reference::FANOUT_BYTES;
use crate::report::{Figure, percentile};
use crate::server::Server;
use crate::site::Site;
use crate::socket::Socket;

const BENCH: &str = "fanout";
const REFERENCE: &str = "bare sockets";
/// Messages on their way at full speed.
const FLYING: usize = 64;

/// What a run of either server gave.
#[derive(Default)]
struct Run {
    /// From sending until the last reader had it.
    times: Vec<Duration>,
    /// Deliveries a second at full speed.
    rate: f64,
    /// Processor time of the server for each delivery at full speed, in microseconds.
    cost: f64,
}

pub(crate) async fn measure(plan: &Plan) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for readers in [1, 10, 100, 1000] {
        let readers = plan.count(readers, readers.min(20));
        let alone = plan.count(300, 5);
        let many = plan.count((400_000 / readers).min(20_000), 2 * FLYING);
        let name = |what: &str| format!("{readers} readers, {what}");
        let new = |what: &str, unit| Figure::new(BENCH, name(what), unit).against(REFERENCE);
        let mut half = new("one at a time, p50", "µs");
        let mut high = new("one at a time, p99", "µs");
        let mut rate = new("full speed, deliveries", "1/s");
        let mut cost = new("full speed, server time", "µs");
        for _ in 0..plan.times {
            let mut kith = of_kith(plan, readers, alone, many).await?;
            let mut bare = of_sockets(readers, alone, many).await?;
            let mut both =
                |part| (percentile(&mut kith.times, part), percentile(&mut bare.times, part));
            let (own, other) = both(0.5);
            half.add(own, Some(other));
            let (own, other) = both(0.99);
            high.add(own, Some(other));
            rate.add(kith.rate, Some(bare.rate));
            cost.add(kith.cost, Some(bare.cost));
        }
        figures.extend([half, high, rate, cost]);
    }
    Ok(figures)
}

async fn of_kith(plan: &Plan, readers: usize, alone: usize, many: usize) -> Result<Run> {
    let data = tempfile::tempdir_in(&plan.dir)?;
    let server = Server::kith(&plan.kith, data.path()).await?;
    let site = Site::make(server.port).await?;
    let (told, mut heard) = mpsc::unbounded_channel();
    for _ in 0..readers {
        let (mut socket, told) = (site.follower().await?, told.clone());
        tokio::spawn(async move {
            while socket.skip(1, br#"{"event""#).await.is_ok() && told.send(()).is_ok() {}
        });
    }
    let mut writer = site.enter().await?;
    let mut run = Run::default();
    for id in 0..alone {
        let began = Instant::now();
        writer.send_frames(&site.post(id, "alone")).await?;
        for _ in 0..readers {
            heard.recv().await;
        }
        run.times.push(began.elapsed());
        writer.skip(1, br#"{"ok""#).await?;
    }
    let frames: Vec<Vec<u8>> = (0..many).map(|id| site.post(id, "many")).collect();
    let (began, used) = (Instant::now(), server.cpu()?);
    let writing = tokio::spawn(write_all(writer, frames));
    for _ in 0..readers * many {
        heard.recv().await;
    }
    run.count(readers * many, began.elapsed(), server.cpu()? - used);
    writing.await??;
    server.stop().await?;
    Ok(run)
}

async fn write_all(mut writer: Socket, frames: Vec<Vec<u8>>) -> Result<()> {
    let mut acknowledged = 0;
    for (sent, frame) in frames.iter().enumerate() {
        if sent - acknowledged >= FLYING {
            writer.skip(1, br#"{"ok""#).await?;
            acknowledged += 1;
        }
        writer.send_frames(frame).await?;
    }
    writer.skip(frames.len() - acknowledged, br#"{"ok""#).await
}

async fn of_sockets(readers: usize, alone: usize, many: usize) -> Result<Run> {
    let server = Server::reference("fanout").await?;
    let connect = || TcpStream::connect(("127.0.0.1", server.port));
    let mut writer = connect().await?;
    writer.set_nodelay(true)?;
    let (told, mut heard) = mpsc::unbounded_channel();
    for _ in 0..readers {
        let (mut stream, told) = (connect().await?, told.clone());
        stream.read_u8().await?;
        tokio::spawn(async move {
            let mut buffer = vec![0; 64 * 1024];
            let mut left = 0;
            while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                left += read;
                for _ in 0..left / FANOUT_BYTES {
                    if told.send(()).is_err() {
                        return;
                    }
                }
                left %= FANOUT_BYTES;
            }
        });
    }
    let message = vec![1; FANOUT_BYTES];
    let mut run = Run::default();
    for _ in 0..alone {
        let began = Instant::now();
        writer.write_all(&message).await?;
        for _ in 0..readers {
            heard.recv().await;
        }
        run.times.push(began.elapsed());
    }
    let (began, used) = (Instant::now(), server.cpu()?);
    // As many on their way as there: the next is sent when the readers have one more.
    for sent in 0..many + FLYING {
        if sent < many {
            writer.write_all(&message).await?;
        }
        if sent >= FLYING {
            for _ in 0..readers {
                heard.recv().await;
            }
        }
    }
    run.count(readers * many, began.elapsed(), server.cpu()? - used);
    server.stop().await?;
    Ok(run)
}

impl Run {
    fn count(&mut self, deliveries: usize, took: Duration, used: Duration) {
        self.rate = deliveries as f64 / took.as_secs_f64();
        self.cost = used.as_secs_f64() * 1e6 / deliveries as f64;
    }
}
