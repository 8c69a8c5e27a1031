//! The terminal client in a terminal: with a long stream that is paged through, with a busy one, and
//! where nothing happens; beside a pager and a client of IRC.

mod programs;
mod window;

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use self::programs::{Channel, Talk, less};
use self::window::{Window, numbered};
use crate::Plan;
use crate::report::{Figure, each, percentile};
use crate::site::TEXT_CHARS;

const BENCH: &str = "terminal";
/// What a program has to do still when what one waited for is on its screen.
const REST: Duration = Duration::from_secs(2);
/// Between two keys, as of one that is held down.
const BETWEEN_KEYS: Duration = Duration::from_millis(40);
/// After so long without an answer a key is pressed again.
const IMPATIENCE: Duration = Duration::from_secs(2);
/// Messages of a busy stream, each second.
const RATE: usize = 100;
const OLDER: &str = "\x1b[5~";
const NEWER: &str = "\x1b[6~";
/// What leads to the newest message: Escape here, Alt-End in WeeChat.
const ESCAPE: &str = "\x1b";
const ALT_END: &str = "\x1b[1;3F";

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Figure>> {
    let messages = plan.count(100_000, 400);
    let mut tally = Tally { plan, messages, figures: Vec::new() };
    let data = tempfile::tempdir_in(&plan.dir)?;
    let mut talk = Talk::begin(plan, data.path(), messages)?;
    for turn in 0..plan.times {
        tally.ours(&mut talk, data.path(), turn)?;
        if is_there(plan, "less") {
            tally.pager(data.path())?;
        }
        if is_there(plan, "weechat") && is_there(plan, "inspircd") {
            tally.irc()?;
        }
    }
    Ok(tally.figures)
}

/// Whether a program is wanted and installed; says so where it is not.
fn is_there(plan: &Plan, name: &str) -> bool {
    let wanted = plan.has_peer(name) || name == "inspircd";
    let mut look = Command::new(name);
    look.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    let found = wanted && look.status().is_ok();
    if wanted && !found {
        eprintln!("  left out: {name} is not installed");
    }
    found
}

/// What was measured, and how.
struct Tally<'a> {
    plan: &'a Plan,
    /// Messages that are there at the beginning.
    messages: usize,
    figures: Vec<Figure>,
}

impl Tally<'_> {
    fn add(&mut self, name: &str, what: &str, unit: &'static str, value: f64) {
        let what = format!("{what}: {name}");
        match self.figures.iter_mut().find(|figure| figure.what == what) {
            Some(figure) => figure.add(value, None),
            None => {
                let mut figure = Figure::new(BENCH, what, unit);
                figure.add(value, None);
                self.figures.push(figure);
            }
        }
    }

    fn rest(&self) -> Duration {
        REST / if self.plan.quick { 20 } else { 1 }
    }

    fn ours(&mut self, talk: &mut Talk, dir: &Path, turn: u32) -> Result<()> {
        let mut window = talk.client(self.plan, dir, &format!("reader{turn}"))?;
        self.opened(&mut window, "kith", talk.said - 1)?;
        self.pages(&mut window, "kith", self.plan.count(500, 4), (OLDER, NEWER))?;
        talk.enter()?;
        self.lives(&mut window, "kith", ESCAPE, talk.said - 1, &mut || {
            talk.say()?;
            Ok(talk.said - 1)
        })
    }

    fn pager(&mut self, dir: &Path) -> Result<()> {
        let mut text = String::new();
        for number in 0..self.messages {
            writeln!(text, "ana: {}", numbered(number, TEXT_CHARS))?;
        }
        let file = dir.join("text");
        std::fs::write(&file, text)?;
        let mut window = less(&file)?;
        self.opened(&mut window, "less", self.messages - 1)?;
        self.pages(&mut window, "less", self.plan.count(500, 4), (OLDER, NEWER))
    }

    fn irc(&mut self) -> Result<()> {
        let dir = tempfile::tempdir_in(&self.plan.dir)?;
        let (mut channel, mut window) = Channel::open(dir.path())?;
        // More than it keeps.
        while channel.said < self.plan.count(6000, 200) {
            channel.say()?;
            if channel.said % 100 == 0 {
                window.shows_last(channel.said - 1)?;
            }
        }
        self.pages(&mut window, "weechat", self.plan.count(100, 2), (OLDER, NEWER))?;
        self.lives(&mut window, "weechat", ALT_END, channel.said - 1, &mut || {
            channel.say()?;
            Ok(channel.said - 1)
        })
    }

    /// From the newest message, to which a key leads: while messages come, and when none do.
    fn lives(
        &mut self,
        window: &mut Window,
        name: &str,
        newest: &str,
        last: usize,
        say: &mut dyn FnMut() -> Result<usize>,
    ) -> Result<()> {
        window.types(newest)?;
        window.shows_last(last)?;
        self.busy(window, name, say)?;
        self.idle(window, name)
    }

    /// How long it took until the last text was there.
    fn opened(&mut self, window: &mut Window, name: &str, last: usize) -> Result<()> {
        window.shows_last(last)?;
        let took = window.opened.elapsed();
        let what = format!("{} messages, until the last are seen", self.messages);
        self.add(name, &what, "ms", took.as_secs_f64() * 1e3);
        window.rest(self.rest())?;
        self.add(name, "memory then", "bytes", window.process().memory("Rss")? as f64);
        Ok(())
    }

    /// Goes so many pages back and forth again.
    fn pages(
        &mut self,
        window: &mut Window,
        name: &str,
        count: usize,
        (older, newer): (&str, &str),
    ) -> Result<()> {
        let mut times = Vec::with_capacity(2 * count);
        let before = window.process().cpu()?;
        for _ in 0..count {
            times.push(page(window, older, true)?);
        }
        // Where the last is reached, the newest are shown already.
        for _ in 1..count {
            times.push(page(window, newer, false)?);
        }
        let used = window.process().cpu()?.saturating_sub(before);
        let pages = times.len() as u64;
        self.add(name, "a page: processor time", "µs", each(used, pages));
        self.add(name, "a page is seen, p50", "µs", percentile(&mut times, 0.5));
        self.add(name, "a page is seen, p99", "µs", percentile(&mut times, 0.99));
        let what = format!("memory after {count} pages back and forth");
        self.add(name, &what, "bytes", window.process().memory("Rss")? as f64);
        Ok(())
    }

    /// Has messages come at a pace; each call of `say` gives the number of one.
    fn busy(
        &mut self,
        window: &mut Window,
        name: &str,
        say: &mut dyn FnMut() -> Result<usize>,
    ) -> Result<()> {
        let count = self.plan.count(10 * RATE, 20);
        let pause = Duration::from_secs(1) / u32::try_from(RATE)?;
        window.rest(self.rest())?;
        let before = window.process().cpu()?;
        let mut due = Instant::now();
        let mut last = 0;
        for _ in 0..count {
            last = say()?;
            due += pause;
            window.rest(due.saturating_duration_since(Instant::now()))?;
        }
        window.shows_last(last)?;
        let used = window.process().cpu()?.saturating_sub(before);
        let what = format!("{RATE} messages a second: processor time of one");
        self.add(name, &what, "µs", each(used, count as u64));
        self.add(name, "memory after that", "bytes", window.process().memory("Rss")? as f64);
        Ok(())
    }

    /// Nothing happens.
    fn idle(&mut self, window: &mut Window, name: &str) -> Result<()> {
        window.rest(self.rest())?;
        let (seconds, before) = (5 * self.rest(), window.process().cpu()?);
        window.rest(seconds)?;
        let used = window.process().cpu()?.saturating_sub(before);
        let each_second = used.as_secs_f64() * 1e6 / seconds.as_secs_f64();
        self.add(name, "nothing happens: processor time of a second", "µs", each_second);
        Ok(())
    }
}

/// Goes one page; how long it took until it was seen, its first and its last line.
fn page(window: &mut Window, key: &str, older: bool) -> Result<Duration> {
    window.rest(BETWEEN_KEYS)?;
    let Some((least, most)) = window.numbers() else { bail!("nothing is shown") };
    let moved = |first: usize, last: usize| match older {
        true => first < least && last < most,
        false => first > least && last > most,
    };
    let began = Instant::now();
    // At the end of what it has, a program may need a second key.
    for _ in 0..5 {
        window.types(key)?;
        if window.sees_within(IMPATIENCE, moved)? {
            return Ok(began.elapsed());
        }
    }
    bail!("it goes no further than {least} to {most}")
}
