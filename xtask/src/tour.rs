//! `cargo xtask tour`: the README's first steps, run as a newcomer would and compared line by line.
//!
//! The tour is what stands between the two markers in the README. Of its blocks fenced as `sh`, a
//! line that starts with `$ ` is a command, which goes on in the next line if it ends in `\`. The
//! lines after a command are what it must print, `…` standing for anything, and for any number of
//! lines if it is alone. Without such lines the command only has to succeed. Lines that start with
//! `# ` are for the reader.

mod compare;
mod script;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::metadata::{text, workspace};
use crate::step::{cargo, run};

const README: &str = "README.md";
const BEGIN: &str = "<!-- tour:begin -->";
const END: &str = "<!-- tour:end -->";

/// One command of the tour and what the README says that it prints.
#[derive(Debug, PartialEq, Eq)]
struct Command {
    /// Where it stands in the README.
    line: usize,
    text: String,
    /// Empty if the README does not say.
    expected: Vec<String>,
}

/// Builds `kith`, runs the tour with it in an empty folder, and stops at the first difference.
pub(crate) fn tour() -> Result<()> {
    let readme = fs::read_to_string(README).with_context(|| format!("cannot read {README}"))?;
    let commands = parse(&readme)?;
    run(&mut cargo("build --quiet -p kith"))?;
    let metadata = workspace()?;
    let programs = PathBuf::from(text(&metadata, "target_directory")?).join("debug");

    let outcome = script::run(&commands, &programs)?;
    for (index, command) in commands.iter().enumerate() {
        let Some(printed) = outcome.printed.get(index) else { break };
        // The last one that began is the one that failed: its output is an error, not a mismatch.
        let has_failed = !outcome.is_success && index + 1 == outcome.printed.len();
        if has_failed {
            bail!(
                "{README}:{}: `{}` failed ({}) and printed:\n{}{}",
                command.line,
                command.text,
                outcome.status,
                printed.join("\n"),
                outcome.background
            );
        }
        if let Some(difference) = compare::first_difference(&command.expected, printed) {
            bail!("{README}:{}: `{}`\n{difference}", command.line, command.text);
        }
    }
    if !outcome.is_success {
        bail!("the tour failed before its first command ({})", outcome.status);
    }
    eprintln!("tour: {} commands print what the README says", commands.len());
    Ok(())
}

/// The commands between the markers, in order.
fn parse(readme: &str) -> Result<Vec<Command>> {
    let mut commands: Vec<Command> = Vec::new();
    let (mut is_tour, mut was_tour) = (false, false);
    let mut fence: Option<bool> = None;
    let mut is_open = false;
    let mut lines = (1..).zip(readme.lines());
    while let Some((number, line)) = lines.next() {
        match (line.trim(), fence) {
            (BEGIN, None) => (is_tour, was_tour) = (true, true),
            (END, None) => is_tour = false,
            (mark, None) if mark.starts_with("```") => {
                // Blocks in other languages are shown, not run.
                fence = Some(is_tour && mark.trim_start_matches('`').trim() == "sh");
                is_open = false;
            }
            (mark, Some(_)) if mark.starts_with("```") => fence = None,
            (_, Some(true)) => {
                if let Some(first) = line.strip_prefix("$ ") {
                    let mut text = first.trim_end().to_owned();
                    while text.ends_with('\\') {
                        let (_, next) = lines.next().context("the README ends in a command")?;
                        text.push('\n');
                        text.push_str(next.trim_end());
                    }
                    commands.push(Command { line: number, text, expected: Vec::new() });
                    is_open = true;
                } else if line.starts_with("# ") || (line.is_empty() && !is_open) {
                    // For the reader.
                } else if let (true, Some(command)) = (is_open, commands.last_mut()) {
                    command.expected.push(line.trim_end().to_owned());
                } else {
                    bail!("{README}:{number}: output of no command; commands start with `$ `");
                }
            }
            _ => {}
        }
    }
    if !was_tour || is_tour {
        bail!("{README} has no tour: put one between `{BEGIN}` and `{END}`");
    }
    if commands.is_empty() {
        bail!("{README}: the tour has no commands; they stand in `sh` blocks and start with `$ `");
    }
    for command in &mut commands {
        let printed = command.expected.iter().rposition(|line| !line.is_empty());
        command.expected.truncate(printed.map_or(0, |index| index + 1));
    }
    Ok(commands)
}

#[cfg(test)]
mod tests {
    use super::{BEGIN, Command, END, parse};

    fn command(line: usize, text: &str, expected: &[&str]) -> Command {
        let expected = expected.iter().map(|&line| line.to_owned()).collect();
        Command { line, text: text.to_owned(), expected }
    }

    #[test]
    fn commands_and_their_output_are_read_in_order() {
        let readme = format!(
            "```sh\n$ before\n```\n{BEGIN}\nText.\n```sh\n# comment\n$ one \\\n    two\na\n\nb\n\n$ three\n\
             ```\n```json\n{{}}\n```\n{END}\n```sh\n$ after\n```\n"
        );
        assert_eq!(
            parse(&readme).expect("a tour"),
            [command(8, "one \\\n    two", &["a", "", "b"]), command(14, "three", &[])]
        );
    }

    #[test]
    fn a_readme_without_a_tour_is_an_error() {
        for readme in [
            String::new(),
            BEGIN.to_owned(),
            format!("{BEGIN}\n{END}"),
            format!("{BEGIN}\n```sh\nprinted by nobody\n```\n{END}"),
            format!("```\n{BEGIN}\n{END}\n```"),
        ] {
            assert!(parse(&readme).is_err(), "{readme}");
        }
    }
}
