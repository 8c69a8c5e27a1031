//! What the terminal client shows of others' texts, and reads of what is typed.

use kith_core::text::MessageText;
use kith_terminal::command::parse::{Style, parse};
use kith_terminal::text::markdown::{Reader, render};
use kith_terminal::text::{clean, plain, wrap};

/// No line is wider than it may be, and none commands the terminal.
pub(crate) fn shown(input: &[u8]) {
    let Some((width, text)) = input.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    // More is no message.
    let Ok(text) = MessageText::parse(text) else { return };
    let width = usize::from(*width).max(wrap::WIDTH_MIN);
    for line in render(text.as_str(), width, Reader { name: "ana" }) {
        let line = plain(&line);
        assert!(wrap::width(&line) <= width, "{line:?} is wider than {width}");
        assert!(!line.chars().any(clean::is_commanding), "{line:?}");
    }
}

pub(crate) fn shown_seeds() -> Vec<Vec<u8>> {
    let text = "# Tea\n\n> *hot* **and** ~~cold~~ @ana [link](https://tea.example) <b> &#27;[2J\n\n\
                1. one\n   - two\n\n```rust\nfn pour(cups: u8) -> String { \"é茶\".into() } // on\n```";
    [10_u8, 60, 255].map(|width| [&[width], text.as_bytes()].concat()).into()
}

/// What is wrong with a line is told without what could command the terminal.
pub(crate) fn typed(input: &[u8]) {
    let Ok(line) = std::str::from_utf8(input) else { return };
    for style in [Style::Screen, Style::Plain] {
        if let Err(wrong) = parse(line, style, &["poll".to_owned()]) {
            let told = wrong.to_string();
            assert!(!told.chars().any(clean::is_commanding), "{told:?}");
        }
    }
}

pub(crate) fn typed_seeds() -> Vec<Vec<u8>> {
    ["/message @bob hi", "react #12 :tada:", "/timeout bob 60 no reason", "/jion", "//a", "poll a"]
        .map(|line| line.as_bytes().to_vec())
        .into()
}
