//! Asking whether something is meant that cannot be taken back.

use std::io::{BufRead, IsTerminal, Read, Write};

use crate::failure::Failure;

/// More than a name has.
const LINE_BYTES_MAX: u64 = 4096;

/// Refuses unless somebody types what it is called, on a terminal or as one line of standard input.
pub(crate) async fn names(name: &str) -> Result<(), Failure> {
    let typed = tokio::task::spawn_blocking(ask).await.map_err(unreadable)??;
    if typed == name {
        return Ok(());
    }
    Err(Failure::Usage(format!("that is not its name: {name} stays")))
}

fn unreadable(error: impl std::fmt::Display) -> Failure {
    Failure::Local(format!("the name cannot be read: {error}"))
}

/// The name that somebody types.
fn ask() -> Result<String, Failure> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        let mut prompt = std::io::stderr().lock();
        write!(prompt, "Type its name to remove it: ").map_err(unreadable)?;
        prompt.flush().map_err(unreadable)?;
    }
    let mut line = String::new();
    stdin.lock().take(LINE_BYTES_MAX).read_line(&mut line).map_err(unreadable)?;
    Ok(line.trim().to_owned())
}
