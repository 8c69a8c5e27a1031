//! A server under test: started, pinned to a processor, and what the system says of its process.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::process::Process;

/// The processor of the server, and that of the load.
const PROCESSORS: (usize, usize) = (0, 1);

/// How long a server may take to end.
const END_MAX: Duration = Duration::from_secs(60);

/// A running process; it ends with this.
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
    /// From its start until it listened.
    pub(crate) took: Duration,
}

/// A program on the server's processor.
pub(crate) fn program(name: impl AsRef<OsStr>) -> Command {
    if !rustix::thread::sched_getaffinity(None).is_ok_and(|set| set.is_set(PROCESSORS.1)) {
        return Command::new(name);
    }
    let mut command = Command::new("taskset");
    command.args(["-c", &PROCESSORS.0.to_string()]).arg(name);
    command
}

/// Moves this process to the load's processor, if there are two.
pub(crate) fn pin() -> Result<()> {
    if std::thread::available_parallelism()?.get() < 2 {
        return Ok(());
    }
    let mut set = rustix::thread::CpuSet::new();
    set.set(PROCESSORS.1);
    rustix::thread::sched_setaffinity(None, &set).context("cannot choose a processor")
}

/// Moves this thread to the server's processor.
pub(crate) fn onto_servers_processor() -> Result<()> {
    let mut set = rustix::thread::CpuSet::new();
    set.set(PROCESSORS.0);
    rustix::thread::sched_setaffinity(None, &set).context("cannot choose a processor")
}

/// Gives the calling thread both processors, for work that is not measured.
pub(crate) fn unpin() -> Result<()> {
    let mut set = rustix::thread::CpuSet::new();
    set.set(PROCESSORS.0);
    set.set(PROCESSORS.1);
    rustix::thread::sched_setaffinity(None, &set).context("cannot choose processors")
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

impl Server {
    /// Starts `kith serve` on `data`, with limits that no load of ours reaches.
    pub(crate) fn kith(program: &Path, data: &Path) -> Result<Self> {
        Self::kith_with(program, data, &[])
    }

    /// As [`kith`](Self::kith), with more settings.
    pub(crate) fn kith_with(kith: &Path, data: &Path, sets: &[String]) -> Result<Self> {
        let mut command = program(kith);
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data);
        let all = [
            "registration=open",
            "sign_ups_per_minute=60000",
            "requests_per_second=1000",
            "requests_burst=100000000",
            "connections_per_user=100000",
            "connections_pending=10000",
            "password_memory_kib=64",
            "log=error",
        ];
        for set in all.into_iter().chain(sets.iter().map(String::as_str)) {
            command.args(["--set", set]);
        }
        Self::speaking(command)
    }

    /// Starts a server that says on its first line where it listens.
    fn speaking(mut command: Command) -> Result<Self> {
        let began = Instant::now();
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().context("cannot start the server")?;
        let out = child.stdout.take().context("the server has no output")?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        let port = line.trim_end().rsplit(':').next().map(|port| port.trim_end_matches('/'));
        let port = port.and_then(|port| port.parse().ok());
        let port = port.with_context(|| format!("the server names no port: {line:?}"))?;
        Ok(Self { child, port, took: began.elapsed() })
    }

    /// Starts a server that was told its port, and waits until it listens there.
    pub(crate) fn listening(mut command: Command, port: u16) -> Result<Self> {
        let began = Instant::now();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
        let mut server = Self { child, port, took: Duration::ZERO };
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if let Some(status) = server.child.try_wait()? {
                bail!("{command:?} ended: {status}");
            }
            if began.elapsed() > Duration::from_secs(10) {
                bail!("{command:?} does not listen");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        server.took = began.elapsed();
        Ok(server)
    }

    /// Asks it to end and waits until it has.
    pub(crate) fn end(mut self) -> Result<()> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        let began = Instant::now();
        loop {
            match self.child.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => bail!("the server ended: {status}"),
                None if began.elapsed() > END_MAX => bail!("the server does not end"),
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    /// What the system says of its process.
    pub(crate) fn process(&self) -> Process {
        Process::of(&self.child)
    }

    /// Its memory in bytes, what it shares with others counted in part.
    pub(crate) fn memory(&self) -> Result<u64> {
        self.process().memory("Pss")
    }

    /// The processor time that it has used.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        self.process().cpu()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
