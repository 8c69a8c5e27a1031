//! One topic that many follow and several change as fast as they can, beside the real topicsync:
//! processor time of the server for each change, with everything that telling it takes.

mod kith;
mod original;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value as Json, json};

use crate::Plan;
use crate::report::{Figure, each};
use crate::server::Server;
use crate::swarm::{Changed, Flow, Script, Swarm, Watch};

use kith::{Dialect, Kith};
use original::Original;

const BENCH: &str = "topics";

/// What the topic holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    /// An integer, to which 1 is added.
    Int,
    /// A list of a hundred elements: each publisher puts one at its end, then takes the first out,
    /// so there are never fewer.
    List,
}

/// Elements of the list.
const LENGTH: u64 = 100;
/// What the last change sets the value to, or puts into it: no other is the same.
const LAST: u64 = 777_777_777_777;
const LAST_MARK: &[u8] = b"777777777777";

impl Holds {
    fn name(self) -> &'static str {
        match self {
            Self::Int => "int",
            Self::List => "list",
        }
    }

    /// The value at first.
    fn first(self) -> Json {
        match self {
            Self::Int => json!(0),
            Self::List => (0..LENGTH).collect(),
        }
    }

    /// Whether a value is right after so many changes, which publishers made in turn. They may come in
    /// another order than that in which they were made, so of a list it is known how long it is.
    fn is_right(self, value: &Json, changes: u64, publishers: u64) -> bool {
        match self {
            Self::Int => value.as_u64() == Some(changes),
            Self::List => {
                // In one round of all everybody puts in, in the next everybody takes out.
                let since = changes % (2 * publishers);
                let more = since.min(2 * publishers - since);
                value.as_array().is_some_and(|list| list.len() as u64 == LENGTH + more)
            }
        }
    }
}

/// A change that is to be made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change {
    pub(crate) number: u64,
    /// How many its publisher has made.
    pub(crate) round: u64,
    /// No other is made after it.
    pub(crate) is_last: bool,
}

/// A server with one topic.
pub(crate) trait Subject {
    /// What it is called in tables.
    fn name(&self) -> &'static str;
    /// Starts it, with its files in `dir`; `None`, with a word on why, where it cannot be had.
    fn start(&mut self, dir: &Path, holds: Holds, readers: usize) -> Result<Option<Server>>;
    /// How a subscriber gets in who may make changes too.
    fn reader(&self, number: usize) -> Script;
    /// Appends the bytes of a change.
    fn change(&self, holds: Holds, change: Change, out: &mut Vec<u8>);
    /// What each change that is told holds once, and each answer, if it answers.
    fn marks(&self) -> (&'static [u8], Option<&'static [u8]>);
    /// Whether each change is told.
    fn tells_each(&self) -> bool {
        true
    }
    /// Changes that are on their way at a time: enough that it has always something to do, and not so
    /// many that they only wait.
    fn flying(&self) -> usize {
        512
    }
    /// The value that the server holds now.
    fn value(&self, server: &Server) -> Result<Json>;
}

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Figure>> {
    let readers = plan.count(100, 10);
    let mut figures = Vec::new();
    for holds in [Holds::Int, Holds::List] {
        let case = format!("{} × {readers}", holds.name());
        if plan.wants(&case) {
            figures.extend(compare(plan, holds, readers, &case)?);
        }
    }
    Ok(figures)
}

/// Ours in several ways and the others, in turn, as often as is asked.
fn compare(plan: &Plan, holds: Holds, readers: usize, case: &str) -> Result<Vec<Figure>> {
    let mut subjects: Vec<Box<dyn Subject>> = vec![
        Box::new(Kith::new(&plan.kith, Dialect::Native)),
        Box::new(Kith::new(&plan.kith, Dialect::Native).ephemeral()),
        Box::new(Kith::new(&plan.kith, Dialect::Native).merge()),
        Box::new(Kith::new(&plan.kith, Dialect::Native).ephemeral().merge()),
        Box::new(Kith::new(&plan.kith, Dialect::Topicsync)),
    ];
    if plan.has_peer("topicsync") {
        subjects.push(Box::new(Original::new(&plan.dir, true)));
        subjects.push(Box::new(Original::new(&plan.dir, false)));
    }
    let mut all: Vec<[Figure; 5]> = Vec::new();
    for subject in &subjects {
        let new = |what: &str, unit| {
            Figure::new(BENCH, format!("{case}, {what}: {}", subject.name()), unit)
        };
        all.push([
            new("server time", "µs"),
            new("changes", "1/s"),
            new("told to each", "%"),
            new("bytes to each", "bytes"),
            new("memory after", "bytes"),
        ]);
    }
    for _ in 0..plan.times {
        for (subject, figures) in subjects.iter_mut().zip(&mut all) {
            let name = subject.name();
            let Some((changed, memory)) = one(plan, subject.as_mut(), holds, readers)
                .with_context(|| format!("{name}, {case}"))?
            else {
                continue;
            };
            let changes = changed.changes.max(1.0);
            let taken = [
                each(changed.cpu, changes as u64),
                changes / changed.took.as_secs_f64(),
                changed.told / changes * 100.0,
                changed.bytes as f64 / readers as f64 / changes,
                memory as f64,
            ];
            eprintln!("  {case}, {name}: {taken:.2?}");
            for (figure, taken) in figures.iter_mut().zip(taken) {
                figure.add(taken, None);
            }
        }
    }
    Ok(all.into_iter().flatten().filter(|figure| !figure.values.is_empty()).collect())
}

/// One run against a fresh server: what came of it, and the server's memory after.
fn one(
    plan: &Plan,
    subject: &mut dyn Subject,
    holds: Holds,
    readers: usize,
) -> Result<Option<(Changed, u64)>> {
    let data = tempfile::tempdir_in(&plan.dir)?;
    let Some(server) = subject.start(data.path(), holds, readers)? else { return Ok(None) };
    let mut swarm = Swarm::new(server.port)?;
    let first = swarm.enter((0..readers).map(|number| subject.reader(number)).collect())?;
    let ms = |full, small| Duration::from_millis(plan.count(full, small) as u64);
    let (mark, answer) = subject.marks();
    let flow = match subject.tells_each() {
        true => Flow::Told(subject.flying()),
        false => Flow::Answered(subject.flying()),
    };
    let publishers = plan.count(16, 2);
    let watch = Watch {
        readers: first..first + readers,
        publishers,
        flow,
        mark,
        answer,
        last: LAST_MARK,
        frame: &|_, number, is_last, out| {
            let round = number / publishers as u64;
            subject.change(holds, Change { number, round, is_last }, out);
        },
        check: &|changes| {
            let value = subject.value(&server)?;
            let is_right = holds.is_right(&value, changes, publishers as u64);
            anyhow::ensure!(is_right, "after {changes} changes it is {value}");
            Ok(())
        },
        warm: ms(800, 50),
        measured: ms(3000, 200),
    };
    let changed = swarm.change(&watch, &|| server.cpu())?;
    let memory = server.memory()?;
    Ok(Some((changed, memory)))
}
