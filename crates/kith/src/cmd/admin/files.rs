//! `kith admin files`: brings the contents of files from the disk into a bucket, and back.

use indicatif::{ProgressBar, ProgressStyle};
use kith_store::StoreError;
use kith_store_sqlite::SqliteStore;
use serde_json::json;

use crate::cmd::contents::{self, Copied, Place};
use crate::config::{Config, FilesStore, Given, failure};
use crate::environment::Exit;
use crate::output;

/// The contents of files.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Copies all contents to the other place, and removes them from the first when told to
    Move(Args),
    /// Makes the contents in the bucket this server's, where they were another's
    Adopt(Adopt),
}

/// Makes the contents in the bucket this server's, where they were another's.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The contents under one prefix of a bucket belong to one server, which removes those that it has \
no file for. After a restore in another directory, say, the bucket still belongs to the data that \
there was. Make sure that no other server uses it.

Examples:
  kith admin files adopt --data /var/lib/kith")]
pub(crate) struct Adopt {
    #[command(flatten)]
    given: Given,
}

/// Copies all contents to the other place, and removes them from the first when told to.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Each content is compared with its hash on the way. What is there already is not copied again, \
so that the command goes on where it was interrupted, and can be run while the server runs, to \
have less to do when it is stopped.

To move without losing anything:
  kith admin files move --to s3 --data data            while the server runs
  (stop the server)
  kith admin files move --to s3 --data data            what came meanwhile
  (set files.store = \"s3\" and start the server; when all is well, stop it)
  kith admin files move --to s3 --remove --data data   gives the room back

The bucket is that of the settings files.s3.*, whatever files.store is.")]
pub(crate) struct Args {
    /// Where the contents are to be
    #[arg(long, value_enum)]
    to: To,
    /// Removes from the other place what is in this one, once files.store names it
    #[arg(long)]
    remove: bool,
    #[command(flatten)]
    given: Given,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum To {
    /// The bucket of files.s3.*
    S3,
    /// The data directory
    Disk,
}

/// Does it.
///
/// # Errors
/// When a place cannot be reached, or a content is damaged or missing.
pub(crate) async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Move(args) => bring(args).await,
        Command::Adopt(Adopt { given }) => {
            let config = super::prepare(&given)?;
            config.make_data()?;
            let bucket = config.open_bucket().await?;
            config.claim(&bucket, true).await?;
            Ok(output::line(&format!("the contents in {} are this server's", bucket.place()))?)
        }
    }
}

/// What came of moving.
struct Moved {
    copied: Copied,
    /// How many contents that files need are not there; `None` while a server runs.
    missing: Option<usize>,
    removed: usize,
    /// How many were not removed, because they are nowhere else.
    left: usize,
}

async fn bring(args: Args) -> anyhow::Result<()> {
    let config = super::prepare(&args.given)?;
    config.existing_database()?;
    let (store, now) = (args.to.store(), config.files.store);
    if args.remove && now != store {
        let name = name(store);
        let why = format!("files.store is not {name} yet: nothing is removed that is in use");
        return Err(Exit::usage(why).into());
    }
    // Where a server would use what is written to, and need what is removed, none runs meanwhile.
    let held = if now == store { Some(config.open_store().await?) } else { None };
    let moved = bring_all(&args, &config, held.as_ref()).await;
    tokio::task::spawn_blocking(move || drop(held)).await?;
    moved
}

async fn bring_all(args: &Args, config: &Config, held: Option<&SqliteStore>) -> anyhow::Result<()> {
    let (disk, bucket) = (Place::Dir(config.blobs()), Place::bucket(config).await?);
    bucket.claim(config).await?;
    let (from, to) = match args.to {
        To::S3 => (disk, bucket),
        To::Disk => (bucket, disk),
    };
    let copied = {
        let bar = Bar::new("copied");
        contents::copy(&from, &to, &contents::scratch(config), |done, all| bar.set(done, all))
            .await?
    };
    let missing = match held {
        Some(store) => Some(contents::missing(store, &to).await?),
        None => missing(config, &to).await?,
    };
    let (removed, left) = if args.remove && missing == Some(0) {
        let bar = Bar::new("looked at to be removed");
        contents::remove(&from, &to, |done, all| bar.set(done, all)).await?
    } else {
        (0, 0)
    };
    tell(args, config.files.store, (&from, &to), Moved { copied, missing, removed, left })
}

/// Says what came of it, as an error where it is not all.
fn tell(
    args: &Args,
    now: FilesStore,
    (from, to): (&Place, &Place),
    moved: Moved,
) -> anyhow::Result<()> {
    let Moved { copied: Copied { there, left_out }, missing, removed, left } = moved;
    if args.json {
        output::json(&json!({
            "to": to.to_string(), "there": there, "left_out": left_out.len(), "missing": missing,
            "removed": removed, "left": left,
        }))?;
    } else {
        output::line(&format!("{there} contents of files are in {to}"))?;
        if args.remove {
            output::line(&format!("{removed} were removed from {from}"))?;
        } else {
            output::note(next(args.to.store(), missing, now));
        }
    }
    for one in left_out.iter().take(10) {
        output::note(&format!("not copied from {from}: {one}"));
    }
    let why = match (missing.unwrap_or(0), left_out.len(), left) {
        (0, 0, 0) => return Ok(()),
        (0, 0, left) => format!("{left} contents stay in {from}: they are not as large in {to}"),
        (0, count, _) => format!("{count} contents are damaged or cannot be read"),
        (missing, ..) => format!("{missing} contents that files need are not in {to}"),
    };
    Err(Exit::data(why).into())
}

/// How far it is; drawn on a terminal only, and gone afterwards.
struct Bar(ProgressBar);

impl Bar {
    fn new(what: &'static str) -> Self {
        let bar = ProgressBar::new(0).with_message(what);
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos} of {len} {msg}") {
            bar.set_style(style);
        }
        Self(bar)
    }

    fn set(&self, done: usize, all: usize) {
        self.0.set_length(all as u64);
        self.0.set_position(done as u64);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

impl To {
    /// What `files.store` says where contents are to be there.
    fn store(self) -> FilesStore {
        match self {
            Self::S3 => FilesStore::S3,
            Self::Disk => FilesStore::Disk,
        }
    }
}

fn name(store: FilesStore) -> &'static str {
    match store {
        FilesStore::Disk => "disk",
        FilesStore::S3 => "s3",
        FilesStore::Off => "off",
    }
}

/// What is to be done next.
fn next(store: FilesStore, missing: Option<usize>, now: FilesStore) -> &'static str {
    match (missing, store) {
        (None, _) => "a server runs: stop it, and run this once more, for what comes meanwhile",
        (Some(_), store) if store == now => {
            "files.store names this place: --remove empties the other"
        }
        (Some(_), FilesStore::S3) => "set files.store = \"s3\" before you start the server",
        (Some(_), _) => "set files.store = \"disk\" before you start the server",
    }
}

/// How many contents that files need are not in a place; `None` while a server runs.
async fn missing(config: &Config, place: &Place) -> anyhow::Result<Option<usize>> {
    let opened = config.clone();
    let store = match tokio::task::spawn_blocking(move || opened.try_store()).await? {
        Ok(store) => store,
        Err(StoreError::InUse) => return Ok(None),
        Err(error) => return Err(failure(&config.data, &error).into()),
    };
    let missing = contents::missing(&store, place).await;
    tokio::task::spawn_blocking(move || drop(store)).await?;
    missing.map(Some)
}
