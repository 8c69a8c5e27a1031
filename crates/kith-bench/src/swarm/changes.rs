//! One run of changes: they are made as fast as they are told, each is counted at every subscriber,
//! and the last one has to be the last that each of them is told.

use std::io::{ErrorKind, Read};
use std::ops::Range;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use memchr::memmem;

use super::Swarm;

/// When the next change is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// When those before it, but for so many, were told to everybody.
    Told(usize),
    /// When those before it, but for so many, were answered: not each is told.
    Answered(usize),
}

/// Appends the bytes of a change: by which publisher, the how-manieth, whether it is the last.
pub(crate) type Frame<'a> = &'a dyn Fn(usize, u64, bool, &mut Vec<u8>);

/// Who changes what, and how it is told.
pub(crate) struct Watch<'a> {
    /// The connections that follow; the first of them make the changes, in turn.
    pub(crate) readers: Range<usize>,
    pub(crate) publishers: usize,
    pub(crate) flow: Flow,
    /// What each change that is told holds, once.
    pub(crate) mark: &'static [u8],
    /// What each answer to a change holds, once.
    pub(crate) answer: Option<&'static [u8]>,
    /// What the last change is told with.
    pub(crate) last: &'static [u8],
    pub(crate) frame: Frame<'a>,
    /// Looks whether what the server holds after so many changes is right.
    pub(crate) check: &'a dyn Fn(u64) -> Result<()>,
    /// Before and while it is measured.
    pub(crate) warm: Duration,
    pub(crate) measured: Duration,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Changed {
    /// How long the measured part took.
    pub(crate) took: Duration,
    /// Processor time of the server in it.
    pub(crate) cpu: Duration,
    /// Changes that were made in it, and those that were told to one subscriber, on average.
    pub(crate) changes: f64,
    pub(crate) told: f64,
    /// Bytes that came in, of all connections.
    pub(crate) bytes: u64,
}

/// What one connection has got.
#[derive(Default)]
struct Got {
    told: u64,
    answers: u64,
    has_last: bool,
    /// The end of what came in, where a mark may have begun.
    tail: Vec<u8>,
}

/// All that was counted so far.
#[derive(Clone, Copy, Default)]
struct Sum {
    told: u64,
    answers: u64,
    bytes: u64,
}

/// How long the last changes may take to be told.
const LATE: Duration = Duration::from_secs(20);

impl Swarm {
    /// Has changes made and counts what is told of them; `cpu` tells the processor time that the
    /// server has used.
    pub(crate) fn change(
        &mut self,
        watch: &Watch<'_>,
        cpu: &dyn Fn() -> Result<Duration>,
    ) -> Result<Changed> {
        let readers = watch.readers.len() as u64;
        let mut got: Vec<Got> = self.connections.iter().map(|_| Got::default()).collect();
        let mut sum = Sum::default();
        let began = Instant::now();
        let (warm_end, end) = (began + watch.warm, began + watch.warm + watch.measured);
        let mut start: Option<(Instant, Duration, Sum)> = None;
        let mut sent = 0;
        loop {
            let now = Instant::now();
            if start.is_none() && now >= warm_end {
                start = Some((now, cpu()?, sum));
            }
            if now >= end {
                break;
            }
            let (done, most) = match watch.flow {
                Flow::Told(most) => (sum.told / readers, most),
                Flow::Answered(most) => (sum.answers, most),
            };
            while sent < done + most as u64 {
                let publisher = (sent % watch.publishers as u64) as usize;
                let out = &mut self.connections[watch.readers.start + publisher].out;
                (watch.frame)(publisher, sent, false, out);
                sent += 1;
            }
            self.turn(watch, &mut got, &mut sum)?;
        }
        let (from, spent, before) = start.unwrap_or((began, Duration::ZERO, Sum::default()));
        let changes = match watch.flow {
            Flow::Told(_) => (sum.told - before.told) as f64 / readers as f64,
            Flow::Answered(_) => (sum.answers - before.answers) as f64,
        };
        let outcome = Changed {
            took: from.elapsed(),
            cpu: cpu()?.saturating_sub(spent),
            changes,
            told: (sum.told - before.told) as f64 / readers as f64,
            bytes: sum.bytes - before.bytes,
        };
        self.finish(watch, sent, &mut got, &mut sum)?;
        Ok(outcome)
    }

    /// Waits until all is told, makes the last change, and looks that everybody has it once.
    fn finish(
        &mut self,
        watch: &Watch<'_>,
        sent: u64,
        got: &mut [Got],
        sum: &mut Sum,
    ) -> Result<()> {
        let readers = watch.readers.len() as u64;
        let is_each = matches!(watch.flow, Flow::Told(_));
        let late = Instant::now() + LATE;
        while (is_each && sum.told < sent * readers)
            || (watch.answer.is_some() && sum.answers < sent)
        {
            if Instant::now() > late {
                bail!("of {sent} changes {} were told, {} answered", sum.told, sum.answers);
            }
            self.turn(watch, got, sum)?;
        }
        (watch.check)(sent)?;
        (watch.frame)(0, sent, true, &mut self.connections[watch.readers.start].out);
        while !got[watch.readers.clone()].iter().all(|one| one.has_last) {
            if Instant::now() > late {
                let without = got[watch.readers.clone()].iter().filter(|one| !one.has_last).count();
                bail!("{without} subscribers were not told the last change");
            }
            self.turn(watch, got, sum)?;
        }
        for one in &got[watch.readers.clone()] {
            let is_right = if is_each { one.told == sent + 1 } else { one.told <= sent + 1 };
            anyhow::ensure!(is_right, "{} of {} changes were told", one.told, sent + 1);
        }
        Ok(())
    }

    /// Sends what can be sent, and takes in what has come.
    fn turn(&mut self, watch: &Watch<'_>, got: &mut [Got], sum: &mut Sum) -> Result<()> {
        let publishers = watch.readers.start..watch.readers.start + watch.publishers;
        for connection in &mut self.connections[publishers] {
            connection.flush()?;
        }
        for number in self.wait(Some(Duration::from_millis(5)))? {
            let read = match self.connections[number].stream.read(&mut self.buffer) {
                Ok(0) => bail!("the server hung up"),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                Err(error) => return Err(error.into()),
            };
            let one = &mut got[number];
            let (told, answers) = (one.told, one.answers);
            one.take(watch, &self.buffer[..read]);
            sum.bytes += read as u64;
            if watch.readers.contains(&number) {
                sum.told += one.told - told;
                sum.answers += one.answers - answers;
            }
        }
        Ok(())
    }
}

impl Got {
    /// Counts what is in what came.
    fn take(&mut self, watch: &Watch<'_>, bytes: &[u8]) {
        let marks = [Some(watch.mark), watch.answer, Some(watch.last)];
        let longest = marks.into_iter().flatten().map(<[u8]>::len).max().unwrap_or(1);
        let kept = self.tail.len();
        self.tail.extend_from_slice(&bytes[..bytes.len().min(longest - 1)]);
        let mut found = [0; 3];
        for (mark, found) in marks.into_iter().zip(&mut found) {
            let Some(mark) = mark else { continue };
            // Those that lie across the seam, and those behind it.
            let across = memmem::find_iter(&self.tail, mark)
                .filter(|place| *place < kept && place + mark.len() > kept);
            *found = (across.count() + memmem::find_iter(bytes, mark).count()) as u64;
        }
        if bytes.len() >= longest {
            self.tail.clear();
            self.tail.extend_from_slice(&bytes[bytes.len() + 1 - longest..]);
        } else {
            let from = self.tail.len().saturating_sub(longest - 1);
            self.tail.drain(..from);
        }
        let [told, answers, last] = found;
        self.told += told;
        self.answers += answers;
        self.has_last |= last > 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_counted_however_the_stream_is_cut() {
        let sent = r#"{"kind":"changed"}{"ok":{"id":1}}{"kind":"changed"}{"last":7}"#.repeat(3);
        let watch = Watch {
            readers: 0..1,
            publishers: 1,
            flow: Flow::Told(1),
            mark: b"\"kind\":\"changed\"",
            answer: Some(b"{\"ok\":{\"id\":"),
            last: b"\"last\":7",
            frame: &|_, _, _, _| (),
            check: &|_| Ok(()),
            warm: Duration::ZERO,
            measured: Duration::ZERO,
        };
        for size in 1..sent.len() {
            let mut got = Got::default();
            sent.as_bytes().chunks(size).for_each(|part| got.take(&watch, part));
            let counted = (got.told, got.answers, got.has_last);
            assert_eq!(counted, (6, 3, true), "in parts of {size} bytes");
        }
    }
}
