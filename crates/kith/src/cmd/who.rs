//! `kith who`: who of a circle is there.

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
  kith who Tea --json")]
pub(crate) struct Args {
    /// Of which circle.
    circle: String,
}

pub(crate) async fn run(context: &Context, args: Args) -> anyhow::Result<()> {
    let client = context.client().await?;
    let window = resolve::window(&client).await?;
    let circle = resolve::circle(&window, &args.circle)?.circle.id;
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
