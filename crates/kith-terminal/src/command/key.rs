//! Keys as they are written in the table, shown in help and pressed.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Where a key means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pane {
    /// Wherever one is.
    Anywhere,
    /// While one writes.
    Composer,
    /// While a message is selected.
    Messages,
}

/// One key with what is held down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
}

impl Key {
    /// Reads a key as the table writes it: `ctrl-k`, `alt-up`, `pageup`, `?`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut modifiers = KeyModifiers::NONE;
        let mut rest = text;
        loop {
            let (modifier, behind) = match rest.split_once('-') {
                Some(("ctrl", behind)) if !behind.is_empty() => (KeyModifiers::CONTROL, behind),
                Some(("alt", behind)) if !behind.is_empty() => (KeyModifiers::ALT, behind),
                Some(("shift", behind)) if !behind.is_empty() => (KeyModifiers::SHIFT, behind),
                _ => break,
            };
            modifiers |= modifier;
            rest = behind;
        }
        let code = match rest {
            "enter" => KeyCode::Enter,
            "esc" => KeyCode::Esc,
            "tab" => KeyCode::Tab,
            "up" => KeyCode::Up,
            "down" => KeyCode::Down,
            "left" => KeyCode::Left,
            "right" => KeyCode::Right,
            "home" => KeyCode::Home,
            "end" => KeyCode::End,
            "pageup" => KeyCode::PageUp,
            "pagedown" => KeyCode::PageDown,
            "delete" => KeyCode::Delete,
            _ => match (rest.strip_prefix('f').and_then(|n| n.parse().ok()), single(rest)) {
                (Some(number @ 1..=12), _) => KeyCode::F(number),
                (_, Some(c)) => KeyCode::Char(c),
                _ => return None,
            },
        };
        Some(Self { code, modifiers })
    }
}

fn single(text: &str) -> Option<char> {
    let mut chars = text.chars();
    chars.next().filter(|_| chars.next().is_none())
}

impl From<KeyEvent> for Key {
    fn from(event: KeyEvent) -> Self {
        let mut modifiers =
            event.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        // A letter says by itself that shift was held.
        if matches!(event.code, KeyCode::Char(_)) {
            modifiers -= KeyModifiers::SHIFT;
        }
        let code = match event.code {
            KeyCode::BackTab => {
                modifiers |= KeyModifiers::SHIFT;
                KeyCode::Tab
            }
            // Terminals tell a letter with ctrl in either case.
            KeyCode::Char(c) if modifiers.contains(KeyModifiers::CONTROL) => {
                KeyCode::Char(c.to_ascii_lowercase())
            }
            code => code,
        };
        Self { code, modifiers }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (modifier, name) in [
            (KeyModifiers::CONTROL, "Ctrl-"),
            (KeyModifiers::ALT, "Alt-"),
            (KeyModifiers::SHIFT, "Shift-"),
        ] {
            if self.modifiers.contains(modifier) {
                f.write_str(name)?;
            }
        }
        match self.code {
            KeyCode::Char(' ') => f.write_str("Space"),
            KeyCode::Char(c) if self.modifiers.contains(KeyModifiers::CONTROL) => {
                write!(f, "{}", c.to_ascii_uppercase())
            }
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::F(number) => write!(f, "F{number}"),
            KeyCode::PageUp => f.write_str("PageUp"),
            KeyCode::PageDown => f.write_str("PageDown"),
            code => write!(f, "{code:?}"),
        }
    }
}

/// What is pressed for a command: one key, or the key for commands and another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chord {
    /// Whether the key for commands ([`COMMAND_KEY`]) comes first.
    pub prefixed: bool,
    /// The key.
    pub key: Key,
}

/// The key before those of the rarer commands.
pub const COMMAND_KEY: &str = "ctrl-x";

impl Chord {
    /// Reads a chord as the table writes it: `ctrl-k`, `ctrl-x b`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(' ') {
            Some((COMMAND_KEY, key)) => Some(Self { prefixed: true, key: Key::parse(key)? }),
            Some(_) => None,
            None => Some(Self { prefixed: false, key: Key::parse(text)? }),
        }
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.prefixed {
            f.write_str("Ctrl-X ")?;
        }
        self.key.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_written_and_pressed_alike() {
        let pressed = |code, modifiers| Key::from(KeyEvent::new(code, modifiers));
        for (text, shown, event) in [
            ("ctrl-k", "Ctrl-K", pressed(KeyCode::Char('k'), KeyModifiers::CONTROL)),
            ("alt-up", "Alt-Up", pressed(KeyCode::Up, KeyModifiers::ALT)),
            ("pageup", "PageUp", pressed(KeyCode::PageUp, KeyModifiers::NONE)),
            ("?", "?", pressed(KeyCode::Char('?'), KeyModifiers::SHIFT)),
            ("shift-tab", "Shift-Tab", pressed(KeyCode::BackTab, KeyModifiers::NONE)),
            ("f1", "F1", pressed(KeyCode::F(1), KeyModifiers::NONE)),
            ("-", "-", pressed(KeyCode::Char('-'), KeyModifiers::NONE)),
        ] {
            let key = Key::parse(text).unwrap();
            assert_eq!((key, key.to_string().as_str()), (event, shown), "{text}");
        }
        assert_eq!(Chord::parse("ctrl-x b").unwrap().to_string(), "Ctrl-X b");
        assert!(Key::parse("hyper").is_none() && Chord::parse("ctrl-y b").is_none());
    }
}
