//! The colours on the screen, in each theme.

use crossterm::event::{KeyCode, KeyModifiers};
use kith_proto::error::Problem;
use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

use super::{Act, Show, day};
use crate::model::tests::site::{Site, bob};
use crate::screen::theme::Theme;
use crate::text::{Ink, Look, Span};
use crate::theme::ThemeName;

/// What a screen can show, and how it comes to that.
const SHOWN: [(&str, Act); 10] = [
    ("a day", |_| {}),
    ("a selected message", |show| show.press(KeyCode::Up, KeyModifiers::SHIFT)),
    ("help", |show| show.key(KeyCode::F(1))),
    ("where one can go", |show| show.control('k')),
    ("what may follow", |show| show.control('x')),
    ("choices", |show| {
        show.types("/re");
        show.key(KeyCode::Down);
    }),
    ("an error", |show| show.says("/jion Tea")),
    ("no connection", |show| {
        show.with_site(Site::disconnect);
        show.says("are you there?");
    }),
    ("a refused message", |show| {
        let problem = Problem::new("stream.slow", "not so fast");
        show.with_site(|site| site.refuses = Some(problem));
        show.says("tea!");
    }),
    ("what was found", |show| show.says("/search kettle")),
];

/// A day, and texts in all inks.
fn inked() -> Site {
    let mut site = day();
    site.post(1, bob(), "# Pots\n> quoted\n\n@bob and @ana: `plain` https://tea.example");
    site.post(1, bob(), &format!("```rust\n{CODE}\n```"));
    site
}

/// In one line, the first of which has colours however slow the machine is.
const CODE: &str = "struct Pot; fn pour() { let cup = \"hot\"; 42 } // ready";

fn themed(theme: ThemeName) -> Show {
    Show::themed(inked(), (120, 50), theme)
}

fn has_colour(cell: &Cell) -> bool {
    cell.fg != Color::Reset || cell.bg != Color::Reset
}

#[test]
fn without_colours_there_is_none_on_the_whole_screen() {
    for (what, come) in SHOWN {
        let mut show = themed(ThemeName::None);
        come(&mut show);
        let mut coloured = show.cells();
        coloured.retain(|cell| has_colour(cell));
        assert!(coloured.is_empty(), "{what}: {coloured:?}");
        // They are what is missing: with them there are some.
        let mut show = themed(ThemeName::Dark);
        come(&mut show);
        assert!(show.cells().into_iter().any(has_colour), "{what}");
    }
}

#[test]
fn without_colours_what_is_selected_and_the_bars_are_seen_all_the_same() {
    let mut show = themed(ThemeName::None);
    let is_reversed =
        |show: &Show, text: &str| show.cell(text).modifier.contains(Modifier::REVERSED);
    assert!(is_reversed(&show, "Tea/general") && is_reversed(&show, "connected"));
    assert!(is_reversed(&show, "›#general") && !is_reversed(&show, "#ops"));
    assert!(!is_reversed(&show, "• green"));
    show.click(show.at("• green"));
    assert!(is_reversed(&show, "• green"), "{}", show.screen());
}

#[test]
fn light_is_dark_in_other_colours() {
    for (what, come) in SHOWN {
        let [mut dark, mut light] = [ThemeName::Dark, ThemeName::Light].map(themed);
        come(&mut dark);
        come(&mut light);
        let same = |one: &Cell, other: &Cell| {
            let differ = |one, other| one != other || (one, other) == (Color::Reset, Color::Reset);
            let has = (one.fg == Color::Reset, one.bg == Color::Reset);
            one.symbol() == other.symbol()
                && one.modifier == other.modifier
                && has == (other.fg == Color::Reset, other.bg == Color::Reset)
                && differ(one.fg, other.fg)
                && differ(one.bg, other.bg)
        };
        for (one, other) in dark.cells().into_iter().zip(light.cells()) {
            assert!(same(one, other), "{what}: {one:?} and {other:?}");
        }
    }
}

/// How bright one of the 256 colours is, from none to one: the relative luminance of WCAG 2.
fn brightness(colour: Color) -> f64 {
    let Color::Indexed(number @ 16..) = colour else {
        panic!("{colour:?} is another one in each terminal");
    };
    let step = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
    let rgb = match number {
        232.. => [8 + 10 * (number - 232); 3],
        _ => [(number - 16) / 36, (number - 16) / 6 % 6, (number - 16) % 6].map(step),
    };
    let [red, green, blue] = rgb.map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

#[test]
fn every_letter_stands_out_from_its_ground() {
    for (theme, ground, letters) in [(ThemeName::Dark, 0.0, 1.0), (ThemeName::Light, 1.0, 0.0)] {
        for (what, come) in SHOWN {
            let mut show = themed(theme);
            come(&mut show);
            for cell in show.cells() {
                // Lines between things need not.
                if cell.symbol().chars().all(|c| c == ' ' || ('─'..='╿').contains(&c)) {
                    continue;
                }
                let of = |colour, usual| match colour {
                    Color::Reset => usual,
                    colour => brightness(colour),
                };
                let (one, other) = (of(cell.fg, letters), of(cell.bg, ground));
                let contrast = (one.max(other) + 0.05) / (one.min(other) + 0.05);
                // What WCAG 2 asks of large letters.
                assert!(contrast >= 3.0, "{theme:?}, {what}: {contrast} of {cell:?}");
            }
        }
    }
}

#[test]
fn a_command_sets_the_theme_of_all_that_is_shown() {
    let mut show = themed(ThemeName::Dark);
    for (name, theme) in
        [("light", ThemeName::Light), ("none", ThemeName::None), ("dark", ThemeName::Dark)]
    {
        assert_eq!(ThemeName::parse(name), Some(theme));
        show.types("/theme ");
        let choices = &show.app().composer.completion.as_ref().unwrap().0.choices;
        assert!(choices.iter().any(|choice| choice.insert == name), "{choices:?}");
        show.says(name);
        assert!(show.cells() == themed(theme).cells(), "{name}: {}", show.screen());
    }
    show.says("/theme pink");
    assert!(show.screen().contains("dark, light or none"), "{}", show.screen());
    assert_eq!(show.app().theme.name(), ThemeName::Dark);
}

#[test]
fn texts_have_the_colours_of_their_inks_on_the_screen() {
    for theme in [ThemeName::Dark, ThemeName::Light] {
        let show = themed(theme);
        for (text, ink) in [
            ("struct", Ink::Keyword),
            ("Pot;", Ink::Type),
            ("fn pour() { let", Ink::Keyword),
            ("pour() { let", Ink::Function),
            ("() { let", Ink::Code),
            ("\"hot\"", Ink::Literal),
            ("42 }", Ink::Number),
            ("// ready", Ink::Comment),
            ("Pots", Ink::Heading),
            ("quoted", Ink::Quote),
            ("@bob and", Ink::Mention),
            ("@ana: plain", Ink::Me),
            ("plain https", Ink::Code),
            ("https://tea", Ink::Link),
            ("a first version", Ink::Text),
        ] {
            let cell = show.cell(text);
            let line = Theme::new(theme).line(vec![Span::new(text, Look::of(ink))]);
            let style = line.spans[0].style;
            assert_eq!(cell.fg, style.fg.unwrap_or_default(), "{theme:?}: {text}");
            assert!(cell.modifier.contains(style.add_modifier), "{theme:?}: {text}");
        }
        let is = |text: &str, modifier| show.cell(text).modifier.contains(modifier);
        assert!(is("morning", Modifier::ITALIC) && is("tea?", Modifier::BOLD));
        assert!(is("https://tea", Modifier::UNDERLINED) && show.cell("Good").modifier.is_empty());
    }
}

#[test]
fn inks_of_code_are_told_apart() {
    let inks = [
        Ink::Text,
        Ink::Code,
        Ink::Keyword,
        Ink::Literal,
        Ink::Number,
        Ink::Comment,
        Ink::Type,
        Ink::Function,
    ];
    for name in [ThemeName::Dark, ThemeName::Light] {
        let theme = Theme::new(name);
        let line = inks.map(|ink| Span::new("tea", Look::of(ink))).to_vec();
        let colours: Vec<_> = theme.line(line).spans.iter().map(|span| span.style.fg).collect();
        for (at, colour) in colours.iter().enumerate() {
            assert!(!colours[..at].contains(colour), "{name:?}: {:?} of {inks:?}", inks[at]);
        }
    }
}
