//! One run: publishing at a pace, and counting what arrives.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use memchr::memmem;

use super::stamp::{Stamp, text};
use super::{Mark, Swarm};
use crate::histogram::Histogram;

/// How fast messages are published.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Pace {
    /// So many a second in all, each when it is due, whatever the server does.
    Rate(f64),
    /// The next when fewer than so many are on their way to subscribers.
    Flying(usize),
    /// The next of each publisher when fewer than so many of its own are unanswered.
    Unanswered(usize),
}

/// Who publishes where, and to how many.
pub(crate) struct Shape<'a> {
    /// The connection that publishes in each room.
    pub(crate) publishers: Vec<usize>,
    /// How many get each message.
    pub(crate) readers: usize,
    /// The length of a message.
    pub(crate) chars: usize,
    pub(crate) pace: Pace,
    /// What each answer to a publisher holds.
    pub(crate) answer: Mark,
    /// Before and while it is measured.
    pub(crate) warm: Duration,
    pub(crate) measured: Duration,
    /// Measured while it is [`OPEN`] instead; the run ends when it is [`CLOSED`].
    pub(crate) window: Option<&'a AtomicU8>,
}

/// Before what is measured.
pub(crate) const UNTIL: u8 = 0;
/// It is measured.
pub(crate) const OPEN: u8 = 1;
/// It is over.
pub(crate) const CLOSED: u8 = 2;

/// Appends the bytes that publish a text: to a room, its how-manieth message.
pub(crate) type Frame<'a> = dyn FnMut(usize, u32, &str, &mut Vec<u8>) + 'a;

/// What came of it.
#[derive(Default)]
pub(crate) struct Outcome {
    /// From when a message was due until a subscriber had it.
    pub(crate) delivery: Histogram,
    /// From when a message was due until all had it, in a single room.
    pub(crate) last: Histogram,
    /// From when a message was due until its publisher had the answer.
    pub(crate) answered: Histogram,
    /// How long the measured part took.
    pub(crate) took: Duration,
    /// Processor time of the server in it.
    pub(crate) cpu: Duration,
    /// Messages that were published in all.
    pub(crate) sent: u64,
    /// What did not arrive within two seconds of the last message.
    pub(crate) missing: u64,
    /// What arrived twice, out of order or after a gap.
    pub(crate) wrong: u64,
}

/// How many still have to get each message.
struct Last {
    readers: u64,
    /// The first message that some do not have.
    next: u32,
    missing: VecDeque<u64>,
}

impl Last {
    /// Whether this was the last delivery of the message.
    fn is_last(&mut self, seq: u32) -> bool {
        let Some(place) = seq.checked_sub(self.next) else { return false };
        let place = place as usize;
        while self.missing.len() <= place {
            self.missing.push_back(self.readers);
        }
        self.missing[place] = self.missing[place].saturating_sub(1);
        let is_last = self.missing[place] == 0;
        while self.missing.front() == Some(&0) {
            self.missing.pop_front();
            self.next += 1;
        }
        is_last
    }
}

struct Count {
    outcome: Outcome,
    measuring: bool,
    delivered: u64,
    answers: u64,
}

/// How long the last messages may take to arrive.
const LATE: Duration = Duration::from_secs(2);

impl Swarm {
    /// Publishes messages made by `frame` (room, message, text) and counts what comes back; `cpu`
    /// tells the processor time that the server has used.
    pub(crate) fn run(
        &mut self,
        shape: &Shape<'_>,
        frame: &mut Frame<'_>,
        cpu: &dyn Fn() -> Result<Duration>,
    ) -> Result<Outcome> {
        let mut count =
            Count { outcome: Outcome::default(), measuring: false, delivered: 0, answers: 0 };
        let mut last = Last { readers: shape.readers as u64, next: 1, missing: VecDeque::new() };
        self.connections.iter_mut().for_each(|connection| connection.seq = 0);
        let rooms = shape.publishers.len();
        let mut seqs = vec![0_u32; rooms];
        let (mut sent, mut next_room) = (0_u64, 0);
        let began = Instant::now();
        self.began = began;
        let (warm_end, end) = (began + shape.warm, began + shape.warm + shape.measured);
        let mut measured = (warm_end, Duration::ZERO);
        loop {
            let now = Instant::now();
            let window = shape.window.map(|window| window.load(Ordering::Relaxed));
            if !count.measuring && window.map_or(now >= warm_end, |window| window == OPEN) {
                count.measuring = true;
                measured = (now, cpu()?);
            }
            if now >= end || window == Some(CLOSED) {
                break;
            }
            // At most a batch in a turn, so that reading is never starved.
            let mut pause = None;
            for _ in 0..256 {
                let flying = sent.saturating_sub(count.delivered / shape.readers.max(1) as u64);
                let due = match shape.pace {
                    Pace::Rate(rate) => {
                        let due = began + Duration::from_secs_f64(sent as f64 / rate);
                        let now = Instant::now();
                        if due > now {
                            pause = Some(due - now);
                            break;
                        }
                        due
                    }
                    Pace::Flying(most) if flying >= most as u64 => break,
                    Pace::Unanswered(most) => {
                        let free = (0..rooms).map(|add| (next_room + add) % rooms).find(|room| {
                            self.connections[shape.publishers[*room]].unanswered.len() < most
                        });
                        let Some(room) = free else { break };
                        next_room = room;
                        Instant::now()
                    }
                    Pace::Flying(_) => Instant::now(),
                };
                let room = next_room;
                next_room = (next_room + 1) % rooms;
                seqs[room] += 1;
                sent += 1;
                let due_us = (due - began).as_micros() as u64;
                let text = text(Stamp { seq: seqs[room], due_us }, shape.chars);
                let publisher = &mut self.connections[shape.publishers[room]];
                frame(room, seqs[room], &text, &mut publisher.out);
                if shape.answer.is_some() {
                    publisher.unanswered.push_back(due_us);
                }
                publisher.flush()?;
            }
            let left = end - now;
            let pause = pause.map_or(left, |pause| pause.min(left)).min(Duration::from_millis(20));
            for number in self.wait(Some(pause))? {
                self.read(number, shape.answer, &mut count, &mut last)?;
            }
            for publisher in &shape.publishers {
                self.connections[*publisher].flush()?;
            }
        }
        count.outcome.took = measured.0.elapsed();
        count.outcome.cpu = cpu()?.saturating_sub(measured.1);
        count.measuring = false;
        let expected = sent * shape.readers as u64;
        let late = Instant::now() + LATE;
        while Instant::now() < late
            && (count.delivered < expected || (shape.answer.is_some() && count.answers < sent))
        {
            for number in self.wait(Some(Duration::from_millis(20)))? {
                self.read(number, shape.answer, &mut count, &mut last)?;
            }
            for publisher in &shape.publishers {
                self.connections[*publisher].flush()?;
            }
        }
        count.outcome.sent = sent;
        count.outcome.missing = expected.saturating_sub(count.delivered);
        Ok(count.outcome)
    }

    fn read(
        &mut self,
        number: usize,
        answer: Mark,
        count: &mut Count,
        last: &mut Last,
    ) -> Result<()> {
        let connection = &mut self.connections[number];
        let read = match connection.stream.read(&mut self.buffer) {
            Ok(0) => bail!("the server hung up"),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let bytes = &self.buffer[..read];
        let now_us = self.began.elapsed().as_micros() as u64;
        if let Some(mark) = answer
            && !connection.unanswered.is_empty()
        {
            let kept = connection.tail.len();
            connection.tail.extend_from_slice(bytes);
            let answers = memmem::find_iter(&connection.tail, mark).count();
            let keep = connection.tail.len().min(mark.len() - 1);
            let from = connection.tail.len() - keep;
            // A mark that lies wholly in what is kept would be counted again.
            connection.tail.drain(..from);
            debug_assert!(kept < mark.len());
            for due in connection.unanswered.drain(..answers.min(connection.unanswered.len())) {
                count.answers += 1;
                if count.measuring {
                    count.outcome.answered.add(now_us.saturating_sub(due));
                }
            }
            return Ok(());
        }
        let seq = &mut connection.seq;
        connection.scanner.scan(bytes, |stamp| {
            count.delivered += 1;
            if stamp.seq != *seq + 1 {
                count.outcome.wrong += 1;
            }
            *seq = stamp.seq;
            if count.measuring {
                let took = now_us.saturating_sub(stamp.due_us);
                count.outcome.delivery.add(took);
                if last.is_last(stamp.seq) {
                    count.outcome.last.add(took);
                }
            } else {
                last.is_last(stamp.seq);
            }
        });
        Ok(())
    }
}

impl super::Connection {
    /// Sends what it can of what waits.
    pub(super) fn flush(&mut self) -> Result<()> {
        while !self.out.is_empty() {
            match self.stream.write(&self.out) {
                Ok(written) => {
                    self.out.drain(..written);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}
