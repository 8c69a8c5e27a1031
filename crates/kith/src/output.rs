//! What is printed: others' texts without what could command the terminal, and errors in one form.

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use kith_proto::error::Problem;
use serde::Serialize;

use crate::environment::Exit;
use crate::failure::Failure;

/// Prints a line of text on standard output. The text may be anybody's.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    write(&clean(text))
}

/// Prints a value as one line of JSON on standard output.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    write(&json_text(value)?)
}

/// Prints bytes on standard output as they are.
pub(crate) fn raw(bytes: &[u8]) -> Result<(), Failure> {
    ended(std::io::stdout().lock().write_all(bytes))
}

/// Says something beside the output, on standard error.
pub(crate) fn note(text: &str) {
    // If standard error is gone there is nowhere to say so.
    let _ = writeln!(std::io::stderr().lock(), "kith: {}", clean(text));
}

fn write(text: &str) -> Result<(), Failure> {
    let mut output = std::io::stdout().lock();
    // Who follows a stream wants each line when it comes, through pipes too.
    ended(writeln!(output, "{text}").and_then(|()| output.flush()))
}

fn ended(written: std::io::Result<()>) -> Result<(), Failure> {
    match written {
        Ok(()) => Ok(()),
        // Whoever read has seen enough: that is no failure.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => Err(Failure::Local(format!("standard output: {error}"))),
    }
}

/// Prints why the program failed, on standard error, and gives its exit code.
pub(crate) fn failure(error: &anyhow::Error, json: bool) -> ExitCode {
    let (code, problem) = match (error.downcast_ref::<Failure>(), error.downcast_ref::<Exit>()) {
        (Some(failure), _) => (failure.exit_code(), failure.problem()),
        (None, Some(exit)) => (exit.code, Problem::new("server.setup", format!("{error:#}"))),
        (None, None) => {
            let failure = Failure::Local(format!("{error:#}"));
            (failure.exit_code(), failure.problem())
        }
    };
    let mut stderr = std::io::stderr().lock();
    // If standard error is gone there is nowhere to say so; the exit code still tells.
    let _ = match json_text(&serde_json::json!({ "error": problem })) {
        Ok(text) if json => writeln!(stderr, "{text}"),
        _ => writeln!(stderr, "kith: {} ({})", clean(&problem.message), clean(&problem.code)),
    };
    ExitCode::from(code)
}

fn json_text(value: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string(value).map_err(|error| Failure::Local(error.to_string()))?;
    if !text.chars().any(is_commanding) {
        return Ok(text);
    }
    // JSON may hold some of these as they are; in a text they can also be written by number.
    let mut escaped = String::with_capacity(text.len() + 64);
    for c in text.chars() {
        if is_commanding(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                escaped.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            escaped.push(c);
        }
    }
    Ok(escaped)
}

/// A bar for how much of a file is done, drawn on a terminal only.
pub(crate) fn bar(name: &str) -> indicatif::ProgressBar {
    let bar = indicatif::ProgressBar::new(0);
    let template = "{msg} {bar:30} {bytes}/{total_bytes} {eta}";
    if let Ok(style) = indicatif::ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.with_message(clean(name))
}

/// The text with line breaks and tabs, and without anything else that a terminal could take for a
/// command or that reorders what is beside it.
pub(crate) fn clean(text: &str) -> String {
    let replace = |c: char| match c {
        '\n' | '\t' => c,
        c if is_commanding(c) => '\u{fffd}',
        c => c,
    };
    text.chars().map(replace).collect()
}

fn is_commanding(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_cannot_command_the_terminal() {
        let evil = "a\u{1b}[2J\u{9b}31m\u{7}\r\u{202e}b\n\tc";
        assert_eq!(clean(evil), "a\u{fffd}[2J\u{fffd}31m\u{fffd}\u{fffd}\u{fffd}b\n\tc");
        let text = json_text(&evil).unwrap();
        assert!(!text.chars().any(is_commanding), "{text}");
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), evil);
    }
}
