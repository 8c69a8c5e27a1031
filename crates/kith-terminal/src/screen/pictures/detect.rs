//! What the terminal can show: said by its environment, or by itself when it is asked.

use std::time::Duration;

use ratatui_image::FontSize;
use ratatui_image::picker::ProtocolType;

use crate::images::Images;

/// Pixels of a letter.
pub(in crate::screen) type Font = FontSize;

/// Pixels of a letter where the terminal does not say: about twice as high as wide.
const USUAL: Font = Font::new(8, 16);
/// For so long the terminal is waited for. Most answer within a few milliseconds.
const PATIENCE: Duration = Duration::from_millis(150);
const ATTRIBUTES: &[u8] = b"\x1b[c";
const VERSION_AND_ATTRIBUTES: &[u8] = b"\x1b[>q\x1b[c";
/// The first version of Kitty that shows images where placeholders stand; the ones before show boxes.
const PLACEHOLDERS_SINCE: (u32, u32) = (0, 28);

/// What the terminal can show.
#[derive(Clone, Copy, Debug)]
pub(in crate::screen) struct Able {
    best: Option<ProtocolType>,
    font: Font,
}

impl Able {
    /// A terminal that can show nothing but text unless it is told to.
    pub(in crate::screen) fn text() -> Self {
        Self { best: None, font: USUAL }
    }

    /// How images are shown, if they are.
    pub(super) fn kind(self, how: Images) -> Option<ProtocolType> {
        match how {
            Images::Auto => self.best,
            Images::Kitty => Some(ProtocolType::Kitty),
            Images::Iterm2 => Some(ProtocolType::Iterm2),
            Images::Sixel => Some(ProtocolType::Sixel),
            Images::Blocks => Some(ProtocolType::Halfblocks),
            Images::Off => None,
        }
    }

    pub(super) fn font(self) -> Font {
        self.font
    }
}

/// What is known without asking the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Can(ProtocolType),
    /// Kitty's, unless it is one that has no placeholders yet; that can only this.
    Kitty(Option<ProtocolType>),
    /// It would have to be asked; where it says no, this it can.
    Ask(Option<ProtocolType>),
    /// No more than this, whatever it says.
    Only(Option<ProtocolType>),
}

/// Looks what the terminal can show. It is asked only where its environment does not say, and images are
/// to be shown as well as it can; the answer is waited for no longer than a moment. To be called before
/// anything else reads what is typed, and where waiting is no harm.
pub(in crate::screen) fn look(how: Images) -> Able {
    let measured = measured();
    let font = measured.unwrap_or(USUAL);
    if how == Images::Off {
        return Able { best: None, font };
    }
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let best = match said(set) {
        Said::Can(kind) => Some(kind),
        Said::Only(kind) => kind,
        Said::Kitty(otherwise) if how == Images::Auto => {
            let told = ask(VERSION_AND_ATTRIBUTES);
            let is_old = told.is_some_and(|told| is_old_kitty(&told));
            if is_old { otherwise } else { Some(ProtocolType::Kitty) }
        }
        Said::Kitty(_) => Some(ProtocolType::Kitty),
        Said::Ask(otherwise) if how == Images::Auto && measured.is_some() => {
            if ask(ATTRIBUTES).is_some_and(|told| has_sixel(&told)) {
                Some(ProtocolType::Sixel)
            } else {
                otherwise
            }
        }
        Said::Ask(otherwise) => otherwise,
    };
    Able { best, font }
}

/// Pixels of a letter, as far as the terminal says.
fn measured() -> Option<Font> {
    let size = crossterm::terminal::window_size().ok()?;
    let (wide, high) = (size.width.checked_div(size.columns)?, size.height.checked_div(size.rows)?);
    (wide > 0 && high > 0).then(|| Font::new(wide, high))
}

fn said(set: impl Fn(&str) -> Option<String>) -> Said {
    let is = |name: &str, value: &str| set(name).is_some_and(|of| of.contains(value));
    let colours = ["truecolor", "24bit"].iter().any(|of| is("COLORTERM", of));
    let blocks = colours.then_some(ProtocolType::Halfblocks);
    // What stands between may not pass anything on.
    if set("TMUX").is_some() || is("TERM", "tmux") || is("TERM", "screen") {
        return Said::Only(blocks);
    }
    if is("TERM", "kitty") {
        return Said::Kitty(blocks);
    }
    if is("TERM", "ghostty") || is("TERM_PROGRAM", "ghostty") {
        return Said::Can(ProtocolType::Kitty);
    }
    let inline = ["iTerm", "WezTerm", "mintty"];
    if inline.iter().any(|of| is("TERM_PROGRAM", of)) || is("LC_TERMINAL", "iTerm") {
        return Said::Can(ProtocolType::Iterm2);
    }
    // It says that it can, and draws them at wrong places.
    if set("KONSOLE_VERSION").is_some() {
        return Said::Only(blocks);
    }
    Said::Ask(blocks)
}

/// Asks the terminal what it can (DA1), which every one answers, or before that what it is (XTVERSION);
/// what it said up to the first of these.
#[cfg(unix)]
fn ask(question: &[u8]) -> Option<Vec<u8>> {
    use std::io::Write;
    use std::time::Instant;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    /// No answer is longer.
    const BYTES_MAX: usize = 256;
    let mut out = std::io::stdout().lock();
    out.write_all(question).ok()?;
    out.flush().ok()?;
    let (stdin, until) = (std::io::stdin(), Instant::now() + PATIENCE);
    let mut told = Vec::new();
    while told.len() < BYTES_MAX {
        let left = until.checked_duration_since(Instant::now())?;
        let left = Timespec { tv_sec: 0, tv_nsec: left.subsec_nanos().into() };
        let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
        if poll(&mut fds, Some(&left)).ok()? == 0 {
            return None;
        }
        let mut bytes = [0; 64];
        let count = rustix::io::read(&stdin, &mut bytes).ok().filter(|count| *count > 0)?;
        told.extend_from_slice(&bytes[..count]);
        if attributes(&told).is_some() {
            return Some(told);
        }
    }
    None
}

#[cfg(not(unix))]
fn ask(_: &[u8]) -> Option<Vec<u8>> {
    None
}

/// What stands in an answer, once all of it is there: `ESC [ ? 62 ; 4 c`.
fn attributes(told: &[u8]) -> Option<&[u8]> {
    const BEGIN: &[u8] = b"\x1b[?";
    let begin = told.windows(BEGIN.len()).position(|bytes| bytes == BEGIN)? + BEGIN.len();
    let rest = &told[begin..];
    let end = rest.iter().position(|byte| !byte.is_ascii_digit() && *byte != b';')?;
    (rest[end] == b'c').then(|| &rest[..end])
}

/// Whether an answer says `kitty(0.27.1)` or less: `ESC P > | kitty(0.27.1) ESC \\`.
fn is_old_kitty(told: &[u8]) -> bool {
    let version = || {
        let told = std::str::from_utf8(told).ok()?;
        let (_, version) = told.split_once("\x1bP>|kitty(")?;
        let (version, _) = version.split_once(')')?;
        let mut parts = version.split('.').map(str::parse);
        Some((parts.next()?.ok()?, parts.next()?.ok()?))
    };
    version().is_some_and(|version| version < PLACEHOLDERS_SINCE)
}

fn has_sixel(told: &[u8]) -> bool {
    attributes(told).is_some_and(|all| all.split(|byte| *byte == b';').any(|one| one == b"4"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(environment: &[(&str, &str)], expected: Said) {
        let get = |name: &str| {
            environment.iter().find(|(of, _)| *of == name).map(|(_, value)| (*value).to_owned())
        };
        assert_eq!(said(get), expected, "{environment:?}");
    }

    #[test]
    fn terminals_are_known_by_their_environment() {
        let blocks = Some(ProtocolType::Halfblocks);
        let colours = ("COLORTERM", "truecolor");
        check(&[("TERM", "xterm-kitty")], Said::Kitty(None));
        check(&[("TERM", "xterm-kitty"), colours], Said::Kitty(blocks));
        check(&[("TERM_PROGRAM", "ghostty")], Said::Can(ProtocolType::Kitty));
        check(&[("TERM_PROGRAM", "iTerm.app"), colours], Said::Can(ProtocolType::Iterm2));
        check(&[("TERM_PROGRAM", "WezTerm")], Said::Can(ProtocolType::Iterm2));
        check(&[("TERM", "foot"), colours], Said::Ask(blocks));
        check(&[("TERM", "xterm-256color")], Said::Ask(None));
        check(&[("KONSOLE_VERSION", "230800"), colours], Said::Only(blocks));
        check(&[("TERM", "tmux-256color"), ("TERM_PROGRAM", "ghostty")], Said::Only(None));
        check(&[("TERM", "xterm-kitty"), ("TMUX", "/tmp/tmux"), colours], Said::Only(blocks));
    }

    #[test]
    fn a_kitty_that_has_no_placeholders_is_known_by_its_version() {
        for old in ["0.26.5", "0.27.1", "0.9.0"] {
            let told = format!("typed\x1bP>|kitty({old})\x1b\\\x1b[?62;c");
            assert!(is_old_kitty(told.as_bytes()), "{old}");
        }
        for other in ["kitty(0.28.0)", "kitty(1.0.0)", "kitty(", "kitty()", "WezTerm 2024", ""] {
            let told = format!("\x1bP>|{other}\x1b\\\x1b[?62;c");
            assert!(!is_old_kitty(told.as_bytes()), "{other}");
        }
        assert!(!is_old_kitty(b"\x1b[?62;c"));
    }

    #[test]
    fn what_a_terminal_answers_is_read_as_far_as_it_came() {
        assert!(has_sixel(b"\x1b[?62;4;22c"));
        assert!(has_sixel(b"typed\x1b[?4c"));
        for none in
            [&b"\x1b[?62;22c"[..], b"\x1b[?64;14c", b"\x1b[?62;4", b"\x1b[?4;4R", b"4c", b""]
        {
            assert!(!has_sixel(none), "{none:?}");
        }
    }
}
