//! `kith admin repair`: makes what follows from the events anew, such as wrong unread counts.

use kith_hub::verify::repair;
use serde_json::json;

use crate::config::{Given, failure};
use crate::output;

/// Makes lists, counts and other documents anew from the events.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Unread counts, mentions, lists of members, of messages and of circles follow from the events. Where \
one is not as it should be (`kith check` says so), it is made anew; events are never changed. Make a \
backup first: `kith backup`. What cannot be made anew is told, and ends the command with 5. The \
contents of files are not looked at, wherever they are: one that is lost comes back with a backup \
alone.

Examples:
  kith admin repair --data /var/lib/kith
  kith admin repair --data data --json")]
pub(crate) struct Args {
    #[command(flatten)]
    given: Given,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

/// Repairs, and says what was wrong.
///
/// # Errors
/// When the data is in use, damaged below its documents, or something is wrong still.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let config = super::prepare(&args.given)?;
    config.existing_database()?;
    let store = config.open_store().await?;
    let wrong = |error| failure(&config.data, &error);
    let repaired = repair(&store).await.map_err(wrong)?;
    let left = kith_hub::verify::verify(&store).await.map_err(wrong)?.problems;
    tokio::task::spawn_blocking(move || drop(store)).await?;
    let left: Vec<String> = left.into_iter().map(|problem| problem.what).collect();
    if args.json {
        let all: Vec<String> = repaired.problems.into_iter().map(|problem| problem.what).collect();
        output::json(&json!({ "repaired": repaired.repaired, "found": all, "left": left }))?;
    } else {
        for problem in &repaired.problems {
            output::line(&problem.what)?;
        }
        output::line(&format!("{} documents were made anew", repaired.repaired))?;
        for what in &left {
            output::line(&format!("left: {what}"))?;
        }
    }
    if left.is_empty() {
        return Ok(());
    }
    let data = config.data.display();
    Err(crate::environment::Exit::data(format!("{} problems left in {data}", left.len())).into())
}
