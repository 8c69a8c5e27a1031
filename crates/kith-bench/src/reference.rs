//! What the figures are held against: the least that the same work takes on this machine.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;

/// The bytes that a message takes in a file that holds nothing else.
const MESSAGE_BYTES: usize = 400;

/// Groups of so many messages appended to a file, each brought to the disk before the next: how
/// many messages a second.
pub(crate) fn group_commits(dir: &Path, group: usize, count: usize) -> Result<f64> {
    let folder = tempfile::tempdir_in(dir)?;
    let mut file = File::create(folder.path().join("reference"))?;
    let body = vec![b'x'; MESSAGE_BYTES * group];
    let began = Instant::now();
    for _ in 0..count {
        file.write_all(&body)?;
        file.sync_data()?;
    }
    Ok((count * group) as f64 / began.elapsed().as_secs_f64())
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
