//! `kith check`: reads all of the data and says what is wrong with it.

use kith_hub::verify::{CompareError, Verified, verify};
use kith_search::SqliteIndex;
use kith_store::{Problem, Store, StoreError};
use serde_json::json;

use crate::cmd::contents::{self, Looked};
use crate::config::{Config, Given, failure};
use crate::environment::Exit;
use crate::output;

/// Reads all of the data and says what is wrong with it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Checks the file, and the numbers, hashes and contents of all events and documents; and, while no \
server runs on it, that every document is what the events add up to and points to what is there, and that \
the contents of files are there and whole. Of contents that are in a bucket it is looked which are \
there; --contents reads them too. The search index is checked and compared with the messages too. \
Exits with 0 if all is well, with 5 if anything is wrong. `kith admin repair` makes documents anew.

Examples:
  kith check --data /var/lib/kith
  kith check --data data --contents
  kith check --data data --json")]
pub(crate) struct Args {
    #[command(flatten)]
    given: Given,
    /// Reads the contents of files as well that are in a bucket
    #[arg(long)]
    contents: bool,
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
    let mut problems = checked.map_err(|error| failure(&config.data, &error))?;
    // What is damaged below cannot be judged above.
    let verified = if problems.is_empty() { compare(&config, args.contents).await? } else { None };
    if let Some((verified, looked)) = &verified {
        problems.clone_from(&verified.problems);
        problems.extend_from_slice(&looked.problems);
    }
    if problems.is_empty() && verified.is_none() {
        problems.extend(check_index(&config).await?);
    }
    if !problems.is_empty() {
        return Err(tell(&problems, args.json, &config)?.into());
    }
    match (args.json, verified) {
        (true, Some((Verified { feeds, events, .. }, looked))) => {
            let Looked { needed, strays, unread, .. } = looked;
            let told = json!({
                "ok": true, "feeds": feeds, "events": events, "contents": needed, "strays": strays,
                "contents_read": unread.is_none(),
            });
            output::json(&told)?;
        }
        (true, None) => output::json(&json!({ "ok": true, "compared": false }))?,
        (false, Some((Verified { feeds, events, .. }, looked))) => {
            let Looked { needed, strays, unread, .. } = looked;
            let contents =
                if needed > 0 { format!(", {needed} contents of files") } else { String::new() };
            output::line(&format!("ok: {feeds} feeds, {events} events{contents}"))?;
            if let Some(place) = unread.filter(|_| needed > 0) {
                output::note(&format!(
                    "the contents are in {place} and were not read: --contents reads them"
                ));
            }
            if strays > 0 {
                output::note(&format!(
                    "{strays} contents belong to no file: the server removes them"
                ));
            }
        }
        (false, None) => {
            output::line("ok: the file is whole (in use, so documents were not compared)")?;
        }
    }
    Ok(())
}

/// What is wrong with the file of the search index, if there is one.
async fn check_index(config: &Config) -> anyhow::Result<Vec<Problem>> {
    let path = config.index();
    let checked = tokio::task::spawn_blocking(move || kith_search::check(&path)).await?;
    let wrong = match checked {
        Ok(wrong) => wrong,
        Err(error) => vec![error.to_string()],
    };
    Ok(wrong.iter().map(|what| of_index(what)).collect())
}

/// Prints what is wrong, and makes the error that ends the program.
fn tell(problems: &[Problem], json: bool, config: &Config) -> anyhow::Result<Exit> {
    if json {
        let all: Vec<_> = problems.iter().map(|problem| problem.what.as_str()).collect();
        output::json(&json!({ "ok": false, "problems": all }))?;
    } else {
        for problem in problems {
            output::line(&problem.what)?;
        }
    }
    let (count, data) = (problems.len(), config.data.display());
    let least = if count >= kith_store_sqlite::PROBLEMS_MAX { "at least " } else { "" };
    let noun = if count == 1 { "problem" } else { "problems" };
    Ok(Exit::data(format!("{least}{count} {noun} in {data}")))
}

/// Compares the documents with the events; `None` while somebody else has the data open.
async fn compare(config: &Config, reads: bool) -> anyhow::Result<Option<(Verified, Looked)>> {
    let opened = config.clone();
    let store = match tokio::task::spawn_blocking(move || opened.try_store()).await? {
        Ok(store) => store,
        Err(StoreError::InUse) => return Ok(None),
        Err(error) => return Err(failure(&config.data, &error).into()),
    };
    let verified = verify(&store).await.map_err(|error| failure(&config.data, &error));
    let looked = contents::check(config, &store, reads).await;
    let mut index = check_index(config).await;
    if matches!(&index, Ok(problems) if problems.is_empty()) {
        index = compare_index(config, &store).await;
    }
    tokio::task::spawn_blocking(move || drop(store)).await?;
    let (mut verified, looked) = (verified?, looked?);
    if verified.problems.is_empty() {
        verified.problems = index?;
    }
    Ok(Some((verified, looked)))
}

/// What the search index has otherwise than the messages are, if there is an index.
async fn compare_index(config: &Config, store: &dyn Store) -> anyhow::Result<Vec<Problem>> {
    let path = config.index();
    let opened = tokio::task::spawn_blocking(move || SqliteIndex::existing(&path)).await?;
    let compared = match opened {
        Ok(None) => return Ok(Vec::new()),
        Ok(Some(index)) => {
            let compared = kith_hub::verify::compare(store, &index).await;
            tokio::task::spawn_blocking(move || drop(index)).await?;
            compared
        }
        Err(error) => Err(error.into()),
    };
    match compared {
        Ok(problems) => Ok(problems.into_iter().map(|problem| of_index(&problem.what)).collect()),
        Err(CompareError::Index(error)) => Ok(vec![of_index(&error.to_string())]),
        Err(CompareError::Store(error)) => Err(failure(&config.data, &error).into()),
    }
}

fn of_index(what: &str) -> Problem {
    Problem { what: format!("the search index: {what} (`kith admin index` makes it anew)") }
}
