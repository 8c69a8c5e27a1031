//! `kith who`: who of a circle is there.

use kith_client::Client;
use kith_core::id::CircleId;
use kith_proto::frame::Status;
use kith_proto::query::{Answer, Query};
use serde_json::json;

use crate::context::Context;
use crate::failure::Failure;
use crate::show::{Names, time};
use crate::{output, resolve};

/// Show who of a circle is there.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  kith who Tea
  kith who Tea --since 3600
  kith who Tea --json")]
pub(crate) struct Args {
    /// Of which circle.
    circle: String,
    /// Who came within so many seconds instead, gone again or not.
    #[arg(long, value_name = "SECONDS")]
    since: Option<u64>,
}

pub(crate) async fn run(context: &Context, args: Args) -> anyhow::Result<()> {
    let client = context.client().await?;
    let window = resolve::window(&client).await?;
    let circle = resolve::circle(&window, &args.circle)?.circle.id;
    if let Some(seconds) = args.since {
        return came(context, &client, circle, seconds).await;
    }
    let answer = client.query(Query::Present { circle }).await.map_err(Failure::from)?;
    let Answer::Present(present) = answer else { return Err(resolve::unexpected().into()) };
    let mut names = Names::default();
    names.learn(&client, present.iter().map(|who| who.user)).await?;
    for who in present {
        let name = names.of(who.user);
        if context.json {
            output::json(
                &json!({ "user": who.user, "name": name, "status": who.status, "since": who.since }),
            )?;
        } else {
            let status = match who.status {
                Status::Online => "online",
                Status::Idle => "idle",
                Status::Away => "away",
                Status::Offline => "offline",
            };
            output::line(&format!("{name}  {status} since {}", time(who.since)))?;
        }
    }
    Ok(())
}

/// Who came lately, first who came first.
async fn came(
    context: &Context,
    client: &Client,
    circle: CircleId,
    seconds: u64,
) -> anyhow::Result<()> {
    let answer = client.query(Query::Came { circle, seconds }).await.map_err(Failure::from)?;
    let Answer::Came(users) = answer else { return Err(resolve::unexpected().into()) };
    let mut names = Names::default();
    names.learn(client, users.iter().copied()).await?;
    for user in users {
        let name = names.of(user);
        if context.json {
            output::json(&json!({ "user": user, "name": name }))?;
        } else {
            output::line(&name)?;
        }
    }
    Ok(())
}
