//! `kith admin index`: makes the search index anew.

use std::sync::Arc;

use kith_hub::{Hub, Limits};
use kith_search::SqliteIndex;
use serde_json::json;

use crate::config::Given;
use crate::environment::{Exit, SystemEnvironment};
use crate::output;

/// Makes the search index anew.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The index follows from the messages: it may be removed at any time, is not part of a backup, and a \
server makes it by itself where it is missing. This does so at once, while no server runs.

Examples:
  kith admin index --data /var/lib/kith
  kith admin index --data data --json")]
pub(crate) struct Args {
    #[command(flatten)]
    given: Given,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

/// Makes it anew, and says how large it is.
///
/// # Errors
/// When the data is in use or damaged, or the index cannot be written: the disk is full, say.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let config = super::prepare(&args.given)?;
    config.existing_database()?;
    let store = config.open_store().await?;
    let path = config.index();
    let failed = |error: &dyn std::fmt::Display| Exit::data(format!("the search index: {error}"));
    let opened = tokio::task::spawn_blocking(move || {
        kith_search::remove(&path).map_err(|error| failed(&error))?;
        SqliteIndex::open(&path).map_err(|error| failed(&error))
    });
    let index = Arc::new(opened.await??);
    let hub = Hub::open(Arc::new(store), Arc::new(SystemEnvironment), Limits::default()).await?;
    let following = tokio::spawn(hub.search_by(index));
    let made = hub.index_made().await;
    let bytes = hub.index_bytes();
    hub.close().await;
    following.await?;
    made.map_err(|why| {
        Exit::data(format!("{why} (all other data is as it was: mend this, and run it again)"))
    })?;
    if args.json {
        output::json(&json!({ "bytes": bytes }))?;
    } else {
        output::line(&format!("the search index was made anew: {} MiB", bytes / (1024 * 1024)))?;
    }
    Ok(())
}
