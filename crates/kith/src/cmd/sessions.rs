//! `kith sessions`: list and end one's sessions.

use clap::Subcommand;
use kith_core::command::Command;
use kith_core::id::SessionId;
use kith_proto::query::{Answer, Query};
use serde_json::json;

use crate::context::Context;
use crate::failure::Failure;
use crate::show::time;
use crate::{output, resolve};

/// List or end your sessions.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  kith sessions list
  kith sessions revoke d_01kaf2g6x4000000000000000s")]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List your sessions.
    #[command(after_help = "Examples:\n  kith sessions list\n  kith sessions list --json")]
    List,
    /// End one of your sessions: what uses it is disconnected at once.
    #[command(after_help = "Examples:\n  kith sessions revoke d_01kaf2g6x4000000000000000s")]
    Revoke {
        /// Which, as `kith sessions list` shows it.
        session: SessionId,
    },
}

pub(crate) async fn run(context: &Context, args: Args) -> anyhow::Result<()> {
    Ok(act(context, args.action).await?)
}

async fn act(context: &Context, action: Action) -> Result<(), Failure> {
    let client = context.client().await?;
    match action {
        Action::List => {
            let Answer::Sessions(sessions) = client.query(Query::Sessions {}).await? else {
                return Err(resolve::unexpected());
            };
            for card in sessions {
                if context.json {
                    output::json(&card)?;
                    continue;
                }
                let this = if card.current { "  (this one)" } else { "" };
                let (begun, ends) = (time(card.created_at), time(card.expires_at));
                output::line(&format!("{}  {}  {begun} to {ends}{this}", card.id, card.label))?;
            }
            Ok(())
        }
        Action::Revoke { session } => {
            // Ending the session that asks is what logout does, and forgets it here too.
            if session == client.welcome().session {
                let message = "this is the session that you use now: kith logout".to_owned();
                return Err(Failure::Usage(message));
            }
            client.command(Command::RevokeSession { session }).await?;
            if context.json {
                return output::json(&json!({ "revoked": session }));
            }
            output::line(&format!("ended {session}"))
        }
    }
}
