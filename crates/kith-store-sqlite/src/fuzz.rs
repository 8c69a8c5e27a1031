//! The parser of the mark, reachable for the fuzz targets and for nobody else.

use crate::mark;

/// Reads the bytes of a mark and writes them anew; `None` if they are none.
#[must_use]
pub fn mark(bytes: &[u8]) -> Option<String> {
    mark::parse(bytes).map(mark::text)
}
