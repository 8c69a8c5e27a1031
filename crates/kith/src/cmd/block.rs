//! `kith block` and `kith unblock`.

use kith_core::command::Command;
use serde_json::json;

use crate::context::Context;
use crate::failure::Failure;
use crate::{output, resolve};

/// A user to block, or to block no longer.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  kith block bob
  kith unblock bob")]
pub(crate) struct Args {
    /// Whom: a name or an id.
    user: String,
}

pub(crate) async fn run(context: &Context, args: Args, blocks: bool) -> anyhow::Result<()> {
    let client = context.client().await?;
    let user = resolve::user(&client, &args.user).await?;
    let (command, done) = match blocks {
        true => (Command::Block { user: user.id }, "blocked"),
        false => (Command::Unblock { user: user.id }, "unblocked"),
    };
    client.command(command).await.map_err(Failure::from)?;
    if context.json {
        return Ok(output::json(&json!({ done: user.id, "name": user.name }))?);
    }
    Ok(output::line(&format!("{done} {}", user.name))?)
}
