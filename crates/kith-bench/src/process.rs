//! What the system says of a process: its memory, its processor time, its files and threads.

use std::process::Child;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// A process, while it runs.
#[derive(Clone, Copy)]
pub(crate) struct Process(u32);

impl Process {
    pub(crate) fn of(child: &Child) -> Self {
        Self(child.id())
    }

    fn path(self, file: &str) -> String {
        format!("/proc/{}/{file}", self.0)
    }

    /// Its memory in bytes: `Pss` counts what it shares with others in part, `Rss` as its own.
    pub(crate) fn memory(self, kind: &str) -> Result<u64> {
        let text = std::fs::read_to_string(self.path("smaps_rollup"))?;
        let mut lines = text.lines().filter_map(|line| line.split_once(':'));
        let found = lines
            .find(|(name, _)| *name == kind)
            .and_then(|(_, rest)| rest.split_whitespace().next()?.parse::<u64>().ok());
        Ok(found.context("the system does not tell its memory")? * 1024)
    }

    /// Its open files.
    pub(crate) fn files(self) -> Result<u64> {
        self.count("fd")
    }

    /// Its threads.
    pub(crate) fn threads(self) -> Result<u64> {
        self.count("task")
    }

    fn count(self, dir: &str) -> Result<u64> {
        Ok(std::fs::read_dir(self.path(dir))?.count() as u64)
    }

    /// The processor time that its threads have used.
    pub(crate) fn cpu(self) -> Result<Duration> {
        let mut sum = 0;
        // In nanoseconds, where `stat` says the same in hundredths of a second.
        for thread in std::fs::read_dir(self.path("task"))? {
            let text = std::fs::read_to_string(thread?.path().join("schedstat"))?;
            let first = text.split(' ').next().and_then(|nanos| nanos.parse::<u64>().ok());
            sum += first.context("the system does not tell processor times")?;
        }
        Ok(Duration::from_nanos(sum))
    }
}
