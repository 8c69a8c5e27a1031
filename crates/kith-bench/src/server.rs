//! The server under test, and what the system says of its process.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// A running process that says on its first line where it listens.
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
    /// From its start until it listened.
    pub(crate) took: Duration,
}

impl Server {
    /// Starts `kith serve` on `data`, with limits that no load of ours reaches.
    pub(crate) async fn kith(program: &Path, data: &Path) -> Result<Self> {
        let mut command = Command::new(program);
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data);
        for set in [
            "registration=open",
            "sign_ups_per_minute=60000",
            "requests_per_second=1000",
            "requests_burst=100000000",
            "connections_per_user=100000",
            "connections_pending=10000",
            "password_memory_kib=64",
            "log=error",
        ] {
            command.args(["--set", set]);
        }
        Self::start(command).await
    }

    /// Starts one of our own [references](crate::reference).
    pub(crate) async fn reference(name: &str) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["reference", name]);
        Self::start(command).await
    }

    async fn start(mut command: Command) -> Result<Self> {
        let began = Instant::now();
        command.stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().context("cannot start the server")?;
        let out = child.stdout.take().context("the server has no output")?;
        let line = BufReader::new(out).lines().next_line().await?;
        let line = line.context("the server ended before it listened")?;
        let port = line.rsplit(':').next().map(|port| port.trim_end_matches('/'));
        let port = port.and_then(|port| port.parse().ok()).context("the server names no port")?;
        Ok(Self { child, port, took: began.elapsed() })
    }

    /// Ends it.
    pub(crate) async fn stop(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    fn proc(&self, file: &str) -> Result<String> {
        let id = self.child.id().context("the server has ended")?;
        Ok(std::fs::read_to_string(format!("/proc/{id}/{file}"))?)
    }

    /// Its memory in bytes, what it shares with others counted in part.
    pub(crate) fn memory(&self) -> Result<u64> {
        let text = self.proc("smaps_rollup")?;
        let line = text.lines().find(|line| line.starts_with("Pss:"));
        let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
        Ok(kib.context("the system does not tell its memory")? * 1024)
    }

    /// The processor time that it has used.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let text = self.proc("stat")?;
        let after_name = text.rsplit(") ").next().unwrap_or_default();
        let fields: Vec<&str> = after_name.split(' ').collect();
        let ticks: u64 = fields.iter().skip(11).take(2).filter_map(|t| t.parse::<u64>().ok()).sum();
        // Linux counts them in hundredths of a second.
        Ok(Duration::from_millis(ticks * 10))
    }
}
