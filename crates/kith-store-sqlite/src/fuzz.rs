//! The parsers of the mark and of the log, reachable for the fuzz targets and for nobody else.

use crate::{log, mark, pending};

/// Reads the bytes of a mark and writes them anew; `None` if they are none.
#[must_use]
pub fn mark(bytes: &[u8]) -> Option<String> {
    mark::parse(bytes).map(mark::text)
}

/// Reads the bytes of a log's file, and of one record's body; how many records and batches those
/// are.
#[must_use]
pub fn log(bytes: &[u8], epoch: u64) -> (usize, Option<usize>) {
    let mut records = Vec::new();
    log::segment(bytes, epoch, &mut records);
    (records.len(), pending::decode(bytes).map(|batches| batches.len()))
}
