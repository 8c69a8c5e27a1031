//! `kith download`: save the files of a message.

use std::path::PathBuf;

use kith_client::free_path;
use kith_core::id::Seq;
use kith_proto::query::{Answer, Query};
use serde_json::json;

use crate::context::Context;
use crate::failure::Failure;
use crate::{output, resolve};

/// Save the files of a message.
#[derive(clap::Args)]
#[command(after_help = "\
A download that was broken off goes on where it was. Nothing that is there is replaced: a file whose \
name is taken gets a number. What came is compared with what was sent.

Examples:
  kith download Tea/general 12
  kith download @bob 3 --to ~/Downloads")]
pub(crate) struct Args {
    /// Where the message is: CIRCLE/STREAM, @USER, a group or an id.
    #[arg(value_name = "CIRCLE/STREAM")]
    place: String,
    /// The number of the message, as `kith read` shows it.
    #[arg(value_name = "N")]
    message: u64,
    /// The directory to save to.
    #[arg(long, value_name = "DIR", default_value = ".")]
    to: PathBuf,
}

pub(crate) async fn run(context: &Context, args: Args) -> anyhow::Result<()> {
    let client = context.client().await?;
    let stream = resolve::place(&client, &args.place).await?;
    let message = Seq(args.message);
    let Answer::Message(found) =
        client.query(Query::Message { stream, message }).await.map_err(Failure::from)?
    else {
        return Err(resolve::unexpected().into());
    };
    client.close().await;
    if found.files.is_empty() {
        return Err(Failure::Usage(format!("message {message} has no files")).into());
    }
    let files = context.files()?;
    for about in &found.files {
        let taken =
            || Failure::Local(format!("{} has too many files of this name", args.to.display()));
        let path = free_path(&args.to, about).ok_or_else(taken)?;
        let bar = output::bar(about.name.as_str());
        let told = |at, bytes| {
            bar.set_length(bytes);
            bar.set_position(at);
        };
        let done = files.download((stream, message), about, &path, told).await;
        bar.finish_and_clear();
        done.map_err(Failure::from)?;
        if context.json {
            output::json(&json!({ "file": about.id, "name": about.name, "path": path }))?;
        } else {
            output::line(&format!("saved {}", path.display()))?;
        }
    }
    Ok(())
}
