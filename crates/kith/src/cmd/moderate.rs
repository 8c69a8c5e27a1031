//! `kith kick`, `kith ban` and `kith unban`.

use kith_core::command::Command;
use kith_core::text::Line;
use serde_json::json;

use crate::context::Context;
use crate::failure::Failure;
use crate::{output, resolve};

/// A member to remove from a circle, or to let in again.
#[derive(clap::Args)]
#[command(after_help = "\
When it is done, nothing of the circle reaches the user any more.

Examples:
  kith kick Tea bob
  kith ban Tea bob --reason 'Third time'
  kith unban Tea bob")]
pub(crate) struct Args {
    /// Of which circle.
    circle: String,
    /// Whom: a name or an id.
    user: String,
    /// Why, for the circle's audit log; unban keeps none.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// What is done.
#[derive(Clone, Copy)]
pub(crate) enum Act {
    Kick,
    Ban,
    Unban,
}

pub(crate) async fn run(context: &Context, args: Args, act: Act) -> anyhow::Result<()> {
    let reason = args.reason.as_deref().map(Line::parse).transpose().map_err(Failure::from)?;
    let client = context.client().await?;
    let window = resolve::window(&client).await?;
    let circle = resolve::circle(&window, &args.circle)?.circle.id;
    let user = resolve::user(&client, &args.user).await?;
    let (command, done) = match act {
        Act::Kick => (Command::Kick { circle, user: user.id, reason }, "kicked"),
        Act::Ban => (Command::Ban { circle, user: user.id, reason }, "banned"),
        Act::Unban => (Command::Unban { circle, user: user.id }, "unbanned"),
    };
    client.command(command).await.map_err(Failure::from)?;
    if context.json {
        return Ok(output::json(&json!({ done: user.id, "name": user.name, "circle": circle }))?);
    }
    Ok(output::line(&format!("{done} {}", user.name))?)
}
