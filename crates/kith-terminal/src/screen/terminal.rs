//! The terminal itself: taken over for the whole screen, and given back however the program ends.

use std::io::{Write, stdout};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste,
    EnableFocusChange, EnableMouseCapture,
};
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute, queue};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;

use super::app::Effect;
use super::out::{Frame, Out};
use crate::text::clean;

/// For how long the program waits at its end for a terminal that does not read.
const FAREWELL: Duration = Duration::from_secs(2);
/// The longest text of a notice on the desktop, in characters.
const NOTICE_CHARS: usize = 200;

/// A terminal that was taken over.
pub(super) struct Screen {
    pub(super) terminal: Terminal<CrosstermBackend<Frame>>,
    /// How what is drawn gets there.
    pub(super) out: Out,
}

impl Screen {
    /// Takes the terminal over.
    pub(super) fn take() -> std::io::Result<Self> {
        // A panic is told on the usual screen.
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            give_back();
            before(panic);
        }));
        let taken = take_over().and_then(|()| Out::start(stdout()));
        let taken = taken.and_then(|out| {
            let terminal = Terminal::new(CrosstermBackend::new(out.frame.clone()))?;
            Ok(Self { terminal, out })
        });
        if taken.is_err() {
            give_back();
        }
        taken
    }

    /// Does something that is not drawn.
    pub(super) fn effect(&mut self, effect: &Effect) -> std::io::Result<()> {
        match effect {
            // Where the cursor is, which clearing would ask the terminal for, does not matter.
            Effect::Clear => {
                let size = self.terminal.size()?;
                self.terminal.resize(Rect::new(0, 0, size.width, size.height))?;
            }
            Effect::Suspend => {
                // Whoever suspends the program waits for the terminal.
                self.out.send()?;
                self.out.settle(Duration::MAX);
                give_back();
                suspend();
                take_over()?;
            }
            Effect::Mouse(true) => queue!(self.out.frame, EnableMouseCapture)?,
            Effect::Mouse(false) => queue!(self.out.frame, DisableMouseCapture)?,
            Effect::Bell | Effect::Desktop(_) | Effect::Copy(_) => {
                self.out.frame.write_all(sequence(effect, &term()).as_bytes())?;
            }
        }
        Ok(())
    }
}

fn term() -> String {
    std::env::var("TERM").unwrap_or_default()
}

/// What the terminal is told.
fn sequence(effect: &Effect, term: &str) -> String {
    match effect {
        Effect::Bell => "\x07".to_owned(),
        Effect::Desktop(text) => {
            // A semicolon would end a field.
            let text: String =
                clean::line(text).replace(';', ",").chars().take(NOTICE_CHARS).collect();
            match ["rxvt", "foot"].iter().any(|of| term.contains(of)) {
                true => format!("\x1b]777;notify;kith;{text}\x07"),
                false => format!("\x1b]9;{text}\x07"),
            }
        }
        Effect::Copy(text) => format!("\x1b]52;c;{}\x07", STANDARD.encode(text)),
        Effect::Mouse(_) | Effect::Clear | Effect::Suspend => String::new(),
    }
}

fn take_over() -> std::io::Result<()> {
    enable_raw_mode()?;
    execute!(
        stdout(),
        EnterAlternateScreen,
        EnableBracketedPaste,
        EnableFocusChange,
        EnableMouseCapture,
        cursor::Hide
    )
}

/// Stops the program, as Ctrl-Z does, until the shell lets it go on. Where there is no shell that
/// could, the system does not stop it.
fn suspend() {
    #[cfg(unix)]
    {
        use rustix::process::{Signal, kill_current_process_group};
        // A program that cannot be stopped goes on.
        let _ = kill_current_process_group(Signal::TSTP);
    }
}

/// Gives the terminal back. Done twice, it does no harm.
fn give_back() {
    // If the terminal is gone there is nobody to give it back to.
    let _ = farewell(&mut stdout());
    let _ = disable_raw_mode();
}

/// What the terminal is told when it is given back.
fn farewell(out: &mut impl Write) -> std::io::Result<()> {
    execute!(
        out,
        DisableMouseCapture,
        DisableFocusChange,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        cursor::Show
    )
}

impl Drop for Screen {
    fn drop(&mut self) {
        // One that still does not read is left as it is: the program would never end.
        if self.out.settle(FAREWELL) && farewell(&mut self.out.frame).is_ok() {
            let _ = self.out.send();
            self.out.settle(FAREWELL);
        }
        let _ = disable_raw_mode();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_cannot_command_the_terminal() {
        let text = "bob: a;b\u{7}\u{1b}]52;c;x\nc".to_owned();
        let told = sequence(&Effect::Desktop(text.clone()), "xterm-256color");
        assert_eq!(told, "\x1b]9;bob: a,b\u{fffd}\u{fffd}]52,c,x c\x07");
        let told = sequence(&Effect::Desktop(text), "rxvt-unicode");
        assert!(told.starts_with("\x1b]777;notify;kith;bob: a,b\u{fffd}"));
        assert_eq!(sequence(&Effect::Copy("tea".to_owned()), ""), "\x1b]52;c;dGVh\x07");
    }
}
