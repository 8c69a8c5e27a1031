//! `kith dm`: write to one user.

use kith_core::command::Command;

use crate::context::Context;
use crate::resolve;

/// Write to one user.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  kith dm bob Are you there?
  kith dm bob - <letter.md
  kith read @bob --follow")]
pub(crate) struct Args {
    /// To whom: a name or an id.
    user: String,
    /// What, in Markdown, at most 8000 characters; '-' reads it from standard input.
    #[arg(required = true)]
    text: Vec<String>,
}

pub(crate) async fn run(context: &Context, args: Args) -> anyhow::Result<()> {
    let text = super::send::text(&args.text)?;
    let client = context.client().await?;
    let stream = resolve::direct(&client, &args.user).await?;
    let post = Command::post(stream, text);
    Ok(super::send::post(context, &client, post, stream).await?)
}
