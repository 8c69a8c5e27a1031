//! `kith check`: reads all of the data and says what is wrong with it.

use kith_core::id::FeedId;
use kith_store::{ROWS_MAX, Store, StoreError};
use serde_json::json;

use crate::config::{Config, Given, failure};
use crate::environment::Exit;
use crate::output;

/// Reads all of the data and says what is wrong with it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Checks the file, and the numbers, hashes and contents of all events and documents. Works while the
server runs. Exits with 0 if all is well, with 5 if anything is wrong.

Examples:
  kith check --data /var/lib/kith
  kith check --data data --json")]
pub(crate) struct Args {
    #[command(flatten)]
    given: Given,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

/// Checks the data.
///
/// # Errors
/// When it could not be looked at, or anything is wrong.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let config = Config::load(&args.given, None)?;
    let database = config.existing_database()?;
    let checked = tokio::task::spawn_blocking(move || kith_store_sqlite::check(&database)).await?;
    let problems = checked.map_err(|error| failure(&config.data, &error))?;
    if !problems.is_empty() {
        if args.json {
            let all: Vec<_> = problems.iter().map(|problem| problem.what.as_str()).collect();
            output::json(&json!({ "ok": false, "problems": all }))?;
        } else {
            for problem in &problems {
                output::line(&problem.what)?;
            }
        }
        let (count, data) = (problems.len(), config.data.display());
        let least = if count >= kith_store_sqlite::PROBLEMS_MAX { "at least " } else { "" };
        let noun = if count == 1 { "problem" } else { "problems" };
        return Err(Exit::data(format!("{least}{count} {noun} in {data}")).into());
    }
    let counted = count(&config).await;
    match (args.json, counted) {
        (true, Some((feeds, events))) => {
            output::json(&json!({ "ok": true, "feeds": feeds, "events": events }))?;
        }
        (true, None) => output::json(&json!({ "ok": true }))?,
        (false, Some((feeds, events))) => {
            output::line(&format!("ok: {feeds} feeds, {events} events"))?;
        }
        (false, None) => output::line("ok: all verified (in use, so not counted)")?,
    }
    Ok(())
}

/// How many feeds and events there are, if nobody else has the data open. Every feed is numbered
/// without gaps, which was checked, so its last number is its count.
async fn count(config: &Config) -> Option<(u64, u64)> {
    let opened = config.clone();
    let store = tokio::task::spawn_blocking(move || opened.open_store()).await.ok()?.ok()?;
    let counted = sum(&store).await.ok();
    tokio::task::spawn_blocking(move || drop(store)).await.ok()?;
    counted
}

async fn sum(store: &dyn Store) -> Result<(u64, u64), StoreError> {
    let (mut feeds, mut events) = (0, 0);
    let mut after: Option<FeedId> = None;
    loop {
        let page = store.feeds(after, ROWS_MAX).await?;
        let Some(last) = page.last() else { return Ok((feeds, events)) };
        after = Some(*last);
        for feed in page {
            feeds += 1;
            events += store.head(feed).await?.seq.0;
        }
    }
}
