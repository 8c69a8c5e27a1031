//! `kith restore`: brings a backup back.

use std::path::PathBuf;

use kith_hub::Environment;
use kith_store::StoreError;
use serde_json::json;

use crate::cmd::contents::{self, Place};
use crate::config::{Config, Given, failure};
use crate::environment::{Exit, SystemEnvironment};
use crate::output;

/// Brings a backup back.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The contents of files come from the directory beside the backup, of its name and .files, if it is \
there, and are put where files.store says: into the bucket, say. \
The server must be stopped. The backup is checked completely before anything is replaced, and stays. \
Clients that connect afterwards learn that what came after the backup is gone. People sign in anew, \
since sessions that were ended after the backup would live again; programs keep their tokens.

Examples:
  kith restore copy.db --data restored
  kith restore /backups/kith-2026-07-01.db --data /var/lib/kith --force")]
pub(crate) struct Args {
    /// The backup
    file: PathBuf,
    #[command(flatten)]
    given: Given,
    /// Replaces the data that is there
    #[arg(long)]
    force: bool,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

/// Brings a backup back.
///
/// # Errors
/// When the data is in use or there already, or the backup is damaged.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let config = Config::load(&args.given, None)?;
    config.make_data()?;
    // Before anything is replaced: a bucket that does not answer is no reason to stop in the
    // middle.
    let place = Place::of(&config).await?;
    if let Some(place) = &place {
        place.claim(&config).await?;
    }
    let (file, database, force) = (args.file.clone(), config.database(), args.force);
    // 53 bits, so that every language can hold it exactly.
    let low = u64::try_from(SystemEnvironment.random() >> 64).unwrap_or(0);
    let epoch = low >> 11;
    let data = config.data.clone();
    let restored = tokio::task::spawn_blocking(move || {
        if !force && database.exists() {
            let database = database.display();
            return Err(Exit::data(format!("{database} exists already: --force replaces it")));
        }
        let done = kith_store_sqlite::restore(&file, &database, epoch, force);
        done.map_err(|error| match error {
            StoreError::Failed(why) => Exit::data(why),
            // It is the backup that was looked at.
            StoreError::Corrupt(why) => {
                Exit::data(format!("{} cannot be restored: {why}", file.display()))
            }
            other => failure(&data, &other),
        })
    });
    restored.await??;
    let beside = contents::beside(&args.file);
    let source = Place::Dir(beside.clone());
    let files = match &place {
        Some(target) => {
            let scratch = contents::scratch(&config);
            contents::copy(&source, target, &scratch, |_, _| ()).await?.there
        }
        None => 0,
    };
    let (ended, missing) = end(&config).await?;
    if args.json {
        let (data, file) = (&config.data, &args.file);
        output::json(
            &json!({ "data": data, "file": file, "sessions_ended": ended, "contents": files, "missing": missing }),
        )?;
    } else {
        let (file, data) = (args.file.display(), config.data.display());
        output::line(&format!("restored {file} to {data}"))?;
        if files > 0 {
            output::line(&format!("with {files} contents of files"))?;
        }
        if missing > 0 {
            let from = match &place {
                Some(place) if place.is_bucket() => place.to_string(),
                _ => beside.display().to_string(),
            };
            output::note(&format!("{missing} contents of files are missing: they were in {from}"));
        }
    }
    Ok(())
}

/// Ends the sessions of all people; how many there were, and how many contents of files are
/// missing.
async fn end(config: &Config) -> anyhow::Result<(u64, usize)> {
    let store = config.open_store().await?;
    let ended = kith_hub::end_sessions(&store).await;
    let looked = contents::check(config, &store, false).await;
    tokio::task::spawn_blocking(move || drop(store)).await?;
    let ended = ended.map_err(|error| failure(&config.data, &error))?;
    Ok((ended, looked?.problems.len()))
}
