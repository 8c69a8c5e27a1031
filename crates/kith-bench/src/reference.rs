//! What the figures are held against: the least that the same work takes on this machine.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use rusqlite::Connection;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;

/// Runs one of the servers that do next to nothing, until it is ended.
#[expect(clippy::print_stdout, reason = "the first line says where it listens")]
pub(crate) async fn run(name: &str) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on {}", listener.local_addr()?);
    match name {
        "fanout" => fanout(listener).await,
        "hold" => hold(listener).await,
        other => bail!("there is no reference {other:?}"),
    }
}

/// The size of what the fan-out reference sends, in bytes: about that of an event's frame.
pub(crate) const FANOUT_BYTES: usize = 400;

/// Sends every [`FANOUT_BYTES`] of its first connection to all others, one write each.
async fn fanout(listener: TcpListener) -> Result<()> {
    let (mut publisher, _) = listener.accept().await?;
    let others: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
    let joined = Arc::clone(&others);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let greeted = stream.set_nodelay(true).is_ok() && stream.write_u8(b'+').await.is_ok();
            if greeted {
                joined.lock().await.push(stream);
            }
        }
    });
    let mut message = vec![0; FANOUT_BYTES];
    loop {
        publisher.read_exact(&mut message).await?;
        for stream in others.lock().await.iter_mut() {
            stream.write_all(&message).await?;
        }
    }
}

/// Accepts connections and waits for each to say something.
async fn hold(listener: TcpListener) -> Result<()> {
    loop {
        let (mut stream, _) = listener.accept().await?;
        tokio::spawn(async move { stream.read_u8().await });
    }
}

/// A row of a message's size in a transaction of its own, again and again: how many a second, and
/// how long each took.
pub(crate) fn sqlite_commits(dir: &Path, count: usize) -> Result<Vec<Duration>> {
    let folder = tempfile::tempdir_in(dir)?;
    let conn = Connection::open(folder.path().join("reference.db"))?;
    conn.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE event(id INTEGER PRIMARY KEY, body TEXT);",
    )?;
    let mut insert = conn.prepare("INSERT INTO event(body) VALUES (?1)")?;
    let body = "x".repeat(FANOUT_BYTES);
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let began = Instant::now();
        insert.execute([&body])?;
        times.push(began.elapsed());
    }
    Ok(times)
}

/// 4 KiB appended to a file and brought to the disk, again and again.
pub(crate) fn syncs(dir: &Path, count: usize) -> Result<Vec<Duration>> {
    let folder = tempfile::tempdir_in(dir)?;
    let mut file = File::create(folder.path().join("reference"))?;
    let page = [1; 4096];
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let began = Instant::now();
        file.write_all(&page)?;
        file.sync_data()?;
        times.push(began.elapsed());
    }
    Ok(times)
}
