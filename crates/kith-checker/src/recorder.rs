//! Where the clients of a run write their records, in one global order.

use std::{
    fmt, io,
    io::Write,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::record::Record;

/// A shared log of a run; clones append to the same one.
#[derive(Clone)]
pub struct Recorder {
    sink: Arc<Mutex<Sink>>,
}

enum Sink {
    Memory(Vec<Record>),
    Writer { out: Box<dyn Write + Send>, failed: Option<io::Error> },
}

impl Recorder {
    /// Keeps the records in memory, see [`Recorder::take`].
    #[must_use]
    pub fn memory() -> Self {
        Self::new(Sink::Memory(Vec::new()))
    }

    /// Writes each record as a line of JSON; call [`Recorder::flush`] at the end.
    pub fn writer(out: impl Write + Send + 'static) -> Self {
        Self::new(Sink::Writer { out: Box::new(out), failed: None })
    }

    fn new(sink: Sink) -> Self {
        Self { sink: Arc::new(Mutex::new(sink)) }
    }

    /// Appends a record. Whoever calls first comes first; a record is never
    /// torn. The first write error stops the log and is told by `flush`.
    pub fn record(&self, record: Record) {
        match &mut *self.lock() {
            Sink::Memory(records) => records.push(record),
            Sink::Writer { failed: Some(_), .. } => {}
            Sink::Writer { out, failed } => *failed = write_line(out, &record).err(),
        }
    }

    /// Takes the records out of memory (none if they went to a writer).
    #[must_use]
    pub fn take(&self) -> Vec<Record> {
        match &mut *self.lock() {
            Sink::Memory(records) => std::mem::take(records),
            Sink::Writer { .. } => Vec::new(),
        }
    }

    /// Flushes the writer.
    ///
    /// # Errors
    /// The first error since the last call: what follows it was not written.
    pub fn flush(&self) -> io::Result<()> {
        match &mut *self.lock() {
            Sink::Memory(_) => Ok(()),
            Sink::Writer { out, failed } => match failed.take() {
                Some(error) => Err(error),
                None => out.flush(),
            },
        }
    }

    /// A panic elsewhere leaves the sink whole: a record is pushed or it is not.
    fn lock(&self) -> MutexGuard<'_, Sink> {
        self.sink.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Recorder {
    fn default() -> Self {
        Self::memory()
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").finish_non_exhaustive()
    }
}

pub(crate) fn write_line(out: &mut impl Write, record: &Record) -> io::Result<()> {
    let mut line = serde_json::to_vec(record)?;
    line.push(b'\n');
    out.write_all(&line)
}
