//! A run's log as newline-delimited JSON.

use std::{
    io,
    io::{BufRead, Write},
};

use crate::{check::Checker, record::Record, recorder::write_line, report::Report};

/// Checks a log of one JSON record per line. A line that is not a record (also
/// a torn last one) is a violation; blank lines are skipped.
///
/// # Errors
/// When the reader fails.
pub fn check_lines(mut reader: impl BufRead) -> io::Result<Report> {
    let mut checker = Checker::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line)? == 0 {
            return Ok(checker.finish());
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        match serde_json::from_slice::<Record>(&line) {
            Ok(record) => checker.push(record),
            Err(error) => checker.unreadable(&error.to_string()),
        }
    }
}

/// Writes records as newline-delimited JSON.
///
/// # Errors
/// When the writer fails.
pub fn write_lines<'a>(
    mut out: impl Write,
    records: impl IntoIterator<Item = &'a Record>,
) -> io::Result<()> {
    records.into_iter().try_for_each(|record| write_line(&mut out, record))?;
    out.flush()
}
