//! What looks are in colours.

use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

use crate::text::{self, Ink, Look};
use crate::theme::ThemeName;

/// Colours of names, that are told apart.
const DARK_NAMES: [Color; 6] = [
    Color::Indexed(75),
    Color::Indexed(114),
    Color::Indexed(180),
    Color::Indexed(176),
    Color::Indexed(80),
    Color::Indexed(209),
];
const LIGHT_NAMES: [Color; 6] = [
    Color::Indexed(25),
    Color::Indexed(28),
    Color::Indexed(94),
    Color::Indexed(90),
    Color::Indexed(30),
    Color::Indexed(130),
];

/// A theme.
#[derive(Clone, Copy, Debug)]
pub(super) struct Theme {
    name: ThemeName,
}

impl Theme {
    pub(super) fn new(name: ThemeName) -> Self {
        Self { name }
    }

    pub(super) fn name(self) -> ThemeName {
        self.name
    }

    fn pick(self, dark: u8, light: u8) -> Style {
        match self.name {
            ThemeName::Dark => Style::new().fg(Color::Indexed(dark)),
            ThemeName::Light => Style::new().fg(Color::Indexed(light)),
            ThemeName::None => Style::new(),
        }
    }

    /// What is less important.
    pub(super) fn dim(self) -> Style {
        match self.name {
            ThemeName::None => Style::new().add_modifier(Modifier::DIM),
            _ => self.pick(245, 242),
        }
    }

    /// Lines between things.
    pub(super) fn border(self) -> Style {
        self.pick(238, 250)
    }

    /// What one should see.
    pub(super) fn accent(self) -> Style {
        self.pick(214, 130).add_modifier(Modifier::BOLD)
    }

    /// What went wrong.
    pub(super) fn wrong(self) -> Style {
        self.pick(203, 160).add_modifier(Modifier::BOLD)
    }

    /// Somebody who is there.
    pub(super) fn online(self) -> Style {
        self.pick(114, 28)
    }

    /// What is selected.
    pub(super) fn selected(self) -> Style {
        match self.name {
            ThemeName::Dark => Style::new().bg(Color::Indexed(237)),
            ThemeName::Light => Style::new().bg(Color::Indexed(254)),
            ThemeName::None => Style::new().add_modifier(Modifier::REVERSED),
        }
    }

    /// The bars at the top and at the bottom.
    pub(super) fn bar(self) -> Style {
        match self.name {
            ThemeName::Dark => Style::new().bg(Color::Indexed(236)).fg(Color::Indexed(252)),
            ThemeName::Light => Style::new().bg(Color::Indexed(253)).fg(Color::Indexed(235)),
            ThemeName::None => Style::new().add_modifier(Modifier::REVERSED),
        }
    }

    /// The name of somebody, always in the same colour.
    pub(super) fn name_of(self, name: &str) -> Style {
        let sum = name.bytes().fold(7_usize, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(usize::from(byte.to_ascii_lowercase()))
        });
        let bold = Style::new().add_modifier(Modifier::BOLD);
        match self.name {
            ThemeName::Dark => bold.fg(DARK_NAMES[sum % DARK_NAMES.len()]),
            ThemeName::Light => bold.fg(LIGHT_NAMES[sum % LIGHT_NAMES.len()]),
            ThemeName::None => bold,
        }
    }

    fn look(self, look: Look) -> Style {
        let mut style = match look.ink {
            Ink::Text => Style::new(),
            Ink::Dim | Ink::Comment => self.dim(),
            Ink::Heading => self.pick(214, 130),
            Ink::Quote => self.pick(250, 240),
            Ink::Link => self.pick(75, 25),
            Ink::Mention => self.pick(117, 25),
            Ink::Me => self.pick(214, 130).add_modifier(Modifier::REVERSED),
            Ink::Code => self.pick(187, 58),
            Ink::Keyword => self.pick(176, 90),
            Ink::Literal => self.pick(114, 28),
            Ink::Number => self.pick(209, 130),
            Ink::Type => self.pick(80, 30),
            Ink::Function => self.pick(75, 25),
        };
        for (has, modifier) in [
            (look.bold, Modifier::BOLD),
            (look.italic, Modifier::ITALIC),
            (look.strike, Modifier::CROSSED_OUT),
            (look.underline, Modifier::UNDERLINED),
        ] {
            if has {
                style = style.add_modifier(modifier);
            }
        }
        style
    }

    /// A line of text in colours.
    pub(super) fn line(self, line: text::Line) -> Line<'static> {
        line.into_iter().map(|span| Span::styled(span.text, self.look(span.look))).collect()
    }
}
