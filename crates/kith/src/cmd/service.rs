//! `kith service`: list the services of a circle.

use clap::Subcommand;
use kith_proto::query::{Answer, Query};

use crate::context::Context;
use crate::failure::Failure;
use crate::{output, resolve};

/// Services that one question asks for, at most.
const PAGE_MAX: u32 = 200;

/// List the services of a circle.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  kith service list Tea")]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List what is offered, by how many, and what it does.
    #[command(after_help = "Examples:\n  kith service list Tea\n  kith service list Tea --json")]
    List {
        /// Of which circle.
        circle: String,
        /// Only those whose names begin like this.
        #[arg(long, value_name = "TEXT", default_value = "")]
        prefix: String,
    },
}

pub(crate) async fn run(context: &Context, args: Args) -> anyhow::Result<()> {
    let Action::List { circle, prefix } = args.action;
    Ok(list(context, &circle, prefix).await?)
}

async fn list(context: &Context, circle: &str, begin: String) -> Result<(), Failure> {
    let client = context.client().await?;
    let window = resolve::window(&client).await?;
    let circle = resolve::circle(&window, circle)?.circle.id;
    let mut after = None;
    loop {
        let query = Query::Services { circle, begin: begin.clone(), after, limit: Some(PAGE_MAX) };
        let Answer::Services { services, more } = client.query(query).await? else {
            return Err(resolve::unexpected());
        };
        for card in &services {
            if context.json {
                output::json(card)?;
            } else {
                let about = card.about.as_ref().map(|about| format!("  {about}"));
                let about = about.unwrap_or_default();
                output::line(&format!("{}  {} offering{about}", card.name, card.providers))?;
            }
        }
        after = services.last().map(|card| card.name.to_string());
        if !more || after.is_none() {
            return Ok(());
        }
    }
}
