//! `kith stream`: make and list the streams of a circle.

use std::collections::BTreeMap;

use clap::Subcommand;
use kith_core::command::Command;
use kith_core::text::{Line, StreamName};
use serde_json::json;

use crate::context::Context;
use crate::failure::Failure;
use crate::{output, resolve};

/// Make or list the streams of a circle.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  kith stream create Tea recipes
  kith stream list Tea")]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Make a stream.
    #[command(after_help = "Examples:\n  kith stream create Tea recipes --about 'What to drink'")]
    Create {
        /// In which circle.
        circle: String,
        /// Its name, at most 80 characters.
        name: String,
        /// What it is about.
        #[arg(long, value_name = "TEXT")]
        about: Option<String>,
    },
    /// List the streams of a circle that you may read.
    #[command(after_help = "Examples:\n  kith stream list Tea\n  kith stream list Tea --json")]
    List {
        /// Of which circle.
        circle: String,
    },
}

pub(crate) async fn run(context: &Context, args: Args) -> anyhow::Result<()> {
    Ok(act(context, args.action).await?)
}

async fn act(context: &Context, action: Action) -> Result<(), Failure> {
    let client = context.client().await?;
    let window = resolve::window(&client).await?;
    match action {
        Action::Create { circle, name, about } => {
            let name = StreamName::parse(&name)?;
            let about = about.as_deref().map(Line::parse).transpose()?;
            let circle = resolve::circle(&window, &circle)?.circle.id;
            let make =
                Command::CreateStream { circle, name: name.clone(), about, deny: BTreeMap::new() };
            let id = client.command(make).await?.stream.ok_or_else(resolve::unexpected)?;
            if context.json {
                return output::json(&json!({ "stream": id, "name": name }));
            }
            output::line(&format!("created stream {name} ({id})"))
        }
        Action::List { circle } => {
            for of in &resolve::circle(&window, &circle)?.streams {
                if context.json {
                    output::json(of)?;
                } else {
                    let name = of.stream.name.as_ref().map(ToString::to_string).unwrap_or_default();
                    output::line(&format!("{name}  {} unread  {}", of.unread, of.stream.id))?;
                }
            }
            Ok(())
        }
    }
}
