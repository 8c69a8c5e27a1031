//! A program in a terminal of its own, whose screen is read as somebody would see it.

use std::num::NonZeroU16;
use std::os::fd::OwnedFd;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::process::Process;
use crate::socket::PATIENCE;

/// A window of a desktop's terminal, as most are.
const COLUMNS: u16 = 120;
const ROWS: u16 = 40;
/// What every numbered text begins with, and the digits behind it.
const MARK: &str = "number ";
const DIGITS: usize = 6;

/// A text of so many characters, by whose number it is found on a screen.
pub(super) fn numbered(number: usize, chars: usize) -> String {
    let mut text = format!("{MARK}{number:0DIGITS$}");
    for word in ["is", "about", "tea", "and", "whatever", "else", "was", "said"].iter().cycle() {
        if text.len() + word.len() >= chars {
            return text;
        }
        text.push(' ');
        text.push_str(word);
    }
    text
}

/// A program in a terminal; it ends with this.
pub(super) struct Window {
    child: Child,
    master: OwnedFd,
    parser: vt100::Parser,
    buffer: Vec<u8>,
    /// When it was started.
    pub(super) opened: Instant,
}

impl Window {
    /// Starts a program; what is in `command` has to be found in the path.
    pub(super) fn open(command: &Command) -> Result<Self> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let size = Winsize { ws_row: ROWS, ws_col: COLUMNS, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&master, size)?;
        let terminal = ioctl_tiocgptpeer(&master, flags)?;
        // It makes the terminal that of the program, and becomes it.
        let mut own = Command::new("setsid");
        own.arg("--ctty").arg(command.get_program()).args(command.get_args());
        own.env("TERM", "xterm-256color").env("LANG", "C.UTF-8");
        for name in ["COLORTERM", "TERM_PROGRAM", "TMUX", "NO_COLOR", "COLORFGBG"] {
            own.env_remove(name);
        }
        own.stdin(terminal.try_clone()?).stdout(terminal.try_clone()?).stderr(terminal);
        let opened = Instant::now();
        let child = own.spawn().with_context(|| format!("cannot start {command:?}"))?;
        let some = |size| NonZeroU16::new(size).context("a window without size");
        let parser = vt100::Parser::new(some(ROWS)?, some(COLUMNS)?, 0);
        Ok(Self { child, master, parser, buffer: vec![0; 64 * 1024], opened })
    }

    pub(super) fn process(&self) -> Process {
        Process::of(&self.child)
    }

    pub(super) fn types(&self, keys: &str) -> Result<()> {
        let mut left = keys.as_bytes();
        while !left.is_empty() {
            left = &left[rustix::io::write(&self.master, left)?..];
        }
        Ok(())
    }

    /// The least and the greatest number on the screen.
    pub(super) fn numbers(&self) -> Option<(usize, usize)> {
        let numbers = self.parser.screen().rows(0, COLUMNS).filter_map(|row| {
            let (_, rest) = row.split_once(MARK)?;
            rest.get(..DIGITS)?.parse::<usize>().ok()
        });
        let span = |span: Option<(usize, usize)>, number: usize| match span {
            None => Some((number, number)),
            Some((least, most)) => Some((least.min(number), most.max(number))),
        };
        numbers.fold(None, span)
    }

    /// Reads what is shown, for so long at most; whether there was something.
    fn read(&mut self, patience: Duration) -> Result<bool> {
        let patience = Timespec::try_from(patience)?;
        let mut fds = [PollFd::new(&self.master, PollFlags::IN)];
        if poll(&mut fds, Some(&patience))? == 0 {
            return Ok(false);
        }
        let count = rustix::io::read(&self.master, &mut self.buffer);
        // Where nobody holds the other end any more, reading fails.
        let count = count.ok().filter(|count| *count > 0);
        let Some(count) = count else { bail!("the program ended:\n{}", self.shown()) };
        self.parser.process(&self.buffer[..count]);
        Ok(true)
    }

    pub(super) fn shown(&self) -> String {
        self.parser.screen().contents()
    }

    /// Reads what is shown for so long.
    pub(super) fn rest(&mut self, time: Duration) -> Result<()> {
        let until = Instant::now() + time;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            self.read(left)?;
        }
        Ok(())
    }

    /// Waits until the least and the greatest number are as wanted; whether that was in time.
    pub(super) fn sees_within(
        &mut self,
        patience: Duration,
        wanted: impl Fn(usize, usize) -> bool,
    ) -> Result<bool> {
        let until = Instant::now() + patience;
        while !self.numbers().is_some_and(|(least, most)| wanted(least, most)) {
            let Some(left) = until.checked_duration_since(Instant::now()) else {
                return Ok(false);
            };
            self.read(left)?;
        }
        Ok(true)
    }

    /// Waits until this number is the greatest on the screen.
    pub(super) fn shows_last(&mut self, number: usize) -> Result<()> {
        if self.sees_within(PATIENCE, |_, most| most == number)? {
            return Ok(());
        }
        bail!("number {number} is not shown:\n{}", self.shown())
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
