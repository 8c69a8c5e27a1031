//! `kith backup`: copies the data of a server, running or not, into one file.

use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::cmd::contents::{self, Copied, Place};
use crate::config::{Config, Given, failure};
use crate::environment::Exit;
use crate::output;

/// Copies the data into one file, while the server runs or not.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The copy is as the data was at one moment, is checked completely, and is readable by its owner only. \
The contents of files are beside it, in a directory of its name and .files: keep both together. \
Contents that are in a bucket stay there, unless --contents has them copied as well. \
An existing file is never replaced.

Examples:
  kith backup /backups/kith-2026-07-01.db --data /var/lib/kith
  kith backup copy.db --data data --contents
  kith backup copy.db --data data --json")]
pub(crate) struct Args {
    /// The new file
    file: PathBuf,
    /// Copies the contents of files as well that are in a bucket
    #[arg(long)]
    contents: bool,
    #[command(flatten)]
    given: Given,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

/// Makes a backup.
///
/// # Errors
/// When the data is missing or damaged, or the file exists or cannot be written.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let config = Config::load(&args.given, None)?;
    let database = config.existing_database()?;
    let beside = contents::beside(&args.file);
    if args.file.exists() {
        // Before anything is put beside it.
        return Err(Exit::data(format!("{} exists already", args.file.display())).into());
    }
    let place = Place::of(&config).await?;
    let (source, stays) = match place {
        Some(place) if place.is_bucket() && !args.contents => (None, Some(place.to_string())),
        place => (place, None),
    };
    // Before the database and after it: a content that the copy of the database needs was there at
    // one of these times.
    copy(source.as_ref(), &beside).await?;
    let file = args.file.clone();
    let data = config.data.clone();
    tokio::task::spawn_blocking(move || {
        // Drawn on a terminal only.
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {percent}% {msg}") {
            bar.set_style(style);
        }
        let done = kith_store_sqlite::backup(&database, &file, |pages, total| {
            bar.set_length(total);
            bar.set_position(pages);
            if pages == total {
                bar.set_message("checking");
            }
        });
        bar.finish_and_clear();
        done.map_err(|error| match error {
            kith_store::StoreError::Failed(why) => Exit::data(why),
            other => failure(&data, &other),
        })
    })
    .await??;
    let bytes = std::fs::metadata(&args.file)?.len();
    let Copied { there: files, left_out } = copy(source.as_ref(), &beside).await?;
    // Those who administer the site are shown when that was; where it cannot be noted, the copy is
    // there all the same.
    if let Err(error) = std::fs::write(config.backup_mark(), []) {
        output::note(&format!("when this was done could not be noted: {error}"));
    }
    if args.json {
        let told = json!({
            "file": args.file, "bytes": bytes, "contents": files, "left_out": left_out.len(),
            "contents_stay": stays,
        });
        output::json(&told)?;
    } else {
        output::line(&format!("backed up to {} ({bytes} bytes)", args.file.display()))?;
        if files > 0 {
            output::line(&format!("with {files} contents of files in {}", beside.display()))?;
        }
        if let Some(place) = stays {
            output::note(&format!(
                "the contents of files stay in {place} and are not in it: keep both, or copy them as \
                 well with --contents"
            ));
        }
    }
    if let Some(first) = left_out.first() {
        let why = format!("{} contents of files are not in it, such as {first}", left_out.len());
        return Err(Exit::data(why).into());
    }
    Ok(())
}

/// Copies the contents of files to where those of the backup are.
async fn copy(source: Option<&Place>, beside: &Path) -> anyhow::Result<Copied> {
    let Some(source) = source else { return Ok(Copied::default()) };
    let target = Place::Dir(beside.to_owned());
    contents::copy(source, &target, &beside.with_extension("files.part"), |_, _| ()).await
}
