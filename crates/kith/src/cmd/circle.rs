//! `kith circle`: make, list, find, show, change, join, leave and remove circles, and give them an image.

mod change;
mod remove;

use std::path::PathBuf;

use clap::Subcommand;
use kith_core::command::Command;
use kith_core::text::CircleName;
use kith_proto::query::{Answer, Query};
use serde_json::json;

use crate::context::Context;
use crate::failure::Failure;
use crate::{output, resolve};

/// Make, list, find, show, change, join, leave or remove circles, and give them an image.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  kith circle create Tea
  kith circle list
  kith circle change Tea --idle 600
  kith circle leave Tea
  kith circle remove Tea")]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Make a circle, which you then own.
    #[command(
        after_help = "Examples:\n  kith circle create Tea\n  kith circle create Town --public"
    )]
    Create {
        /// Its name, at most 80 characters.
        name: String,
        /// Anyone on this server may find and join it.
        #[arg(long)]
        public: bool,
    },
    /// List your circles.
    #[command(after_help = "Examples:\n  kith circle list\n  kith circle list --json")]
    List,
    /// List the circles that anyone may join.
    #[command(after_help = "Examples:\n  kith circle public")]
    Public,
    /// Join a public circle.
    #[command(after_help = "Examples:\n  kith circle join c_01kaf2g6x40000000000000000")]
    Join {
        /// Its id, as `kith circle public` shows it, or its name.
        circle: String,
    },
    /// Show what a circle is about, who may join it, and when its members are idle.
    #[command(after_help = "Examples:\n  kith circle show Tea\n  kith circle show Tea --json")]
    Show {
        /// Its name or id.
        circle: String,
    },
    /// Change a circle in what is named.
    #[command(after_help = "\
Members who are there and do nothing for as long as --idle says are shown as idle in this circle, and stay \
connected. Clients of ghostr and muca are signed out then, unless the operator set a time of their own \
(gateway.ghostr.idle_seconds, gateway.muca.idle_seconds).

Examples:
  kith circle change Tea --about 'Green, black and all between'
  kith circle change Tea --public
  kith circle change Tea --idle 600")]
    Change {
        /// Its name or id.
        circle: String,
        #[command(flatten)]
        wanted: change::Wanted,
    },
    /// Give a circle an image, or take it away.
    #[command(
        after_help = "Examples:\n  kith circle icon Tea cup.png\n  kith circle icon Tea --remove"
    )]
    Icon {
        /// Its name or id.
        circle: String,
        /// A PNG, JPEG, GIF or WebP, of which a small square of the middle is shown.
        #[arg(value_name = "FILE", required_unless_present = "remove")]
        image: Option<PathBuf>,
        /// Show it without an image.
        #[arg(long, conflicts_with = "image")]
        remove: bool,
    },
    /// Leave a circle.
    #[command(after_help = "Examples:\n  kith circle leave Tea")]
    Leave {
        /// Its name or id.
        circle: String,
    },
    /// Remove a circle and all that is in it, for everybody and for good.
    #[command(after_help = "\
Its owner may, and whoever administers the site, also where they are not in it. Streams, messages, topics, \
files that nothing else refers to, invites and bans go with it; accounts and direct messages stay. There is \
no way back but a backup.

Without --yes its name is asked for, on a terminal or as one line of standard input.

Examples:
  kith circle remove Tea
  kith circle remove c_01kaf2g6x40000000000000000 --yes")]
    Remove {
        /// Its name or id.
        circle: String,
        /// Do not ask for its name once more.
        #[arg(long)]
        yes: bool,
    },
}

pub(crate) async fn run(context: &Context, args: Args) -> anyhow::Result<()> {
    Ok(act(context, args.action).await?)
}

async fn act(context: &Context, action: Action) -> Result<(), Failure> {
    match action {
        Action::Create { name, public } => {
            let name = CircleName::parse(&name)?;
            let client = context.client().await?;
            let make = Command::CreateCircle { name: name.clone(), public };
            let id = client.command(make).await?.circle.ok_or_else(resolve::unexpected)?;
            if context.json {
                return output::json(&json!({ "circle": id, "name": name }));
            }
            output::line(&format!("created circle {name} ({id})"))
        }
        Action::List => {
            let window = resolve::window(&context.client().await?).await?;
            for of in &window.circles {
                let (id, name, members) = (of.circle.id, &of.circle.name, of.circle.members);
                let unread: u64 = of.streams.iter().map(|stream| stream.unread).sum();
                if context.json {
                    output::json(
                        &json!({ "circle": id, "name": name, "members": members, "unread": unread }),
                    )?;
                } else {
                    output::line(&format!("{name}  {members} members, {unread} unread  {id}"))?;
                }
            }
            Ok(())
        }
        Action::Public => {
            for card in public(&context.client().await?).await? {
                if context.json {
                    output::json(&card)?;
                } else {
                    output::line(&format!("{}  {} members  {}", card.name, card.members, card.id))?;
                }
            }
            Ok(())
        }
        Action::Join { circle } => {
            let client = context.client().await?;
            let id = match circle.parse() {
                Ok(id) => id,
                Err(_) => by_name(&client, &circle).await?,
            };
            client.command(Command::Join { circle: id }).await?;
            if context.json {
                return output::json(&json!({ "circle": id }));
            }
            output::line(&format!("joined circle {circle} ({id})"))
        }
        Action::Show { circle } => change::show(context, &circle).await,
        Action::Change { circle, wanted } => change::change(context, &circle, wanted).await,
        Action::Icon { circle, image, .. } => {
            let client = context.client().await?;
            let window = resolve::window(&client).await?;
            let circle = &resolve::circle(&window, &circle)?.circle;
            let file = match image {
                Some(path) => Some(super::send::upload_one(context, &path).await?),
                None => None,
            };
            client.command(Command::SetIcon { circle: circle.id, file }).await?;
            if context.json {
                return output::json(&json!({ "circle": circle.id, "file": file }));
            }
            let image = if file.is_some() { "has a new image" } else { "has no image any more" };
            output::line(&format!("circle {} {image}", circle.name))
        }
        Action::Remove { circle, yes } => remove::remove(context, &circle, yes).await,
        Action::Leave { circle } => {
            let client = context.client().await?;
            let window = resolve::window(&client).await?;
            let circle = &resolve::circle(&window, &circle)?.circle;
            client.command(Command::Leave { circle: circle.id }).await?;
            if context.json {
                return output::json(&json!({ "left": circle.id }));
            }
            output::line(&format!("left circle {} ({})", circle.name, circle.id))
        }
    }
}

async fn public(
    client: &kith_client::Client,
) -> Result<Vec<kith_proto::query::CircleCard>, Failure> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let Answer::Circles { circles, more } =
            client.query(Query::PublicCircles { after }).await?
        else {
            return Err(resolve::unexpected());
        };
        after = circles.last().map(|card| card.id);
        all.extend(circles);
        if !more || after.is_none() {
            return Ok(all);
        }
    }
}

async fn by_name(
    client: &kith_client::Client,
    wanted: &str,
) -> Result<kith_core::id::CircleId, Failure> {
    let mut found = public(client).await?;
    found.retain(|card| card.name.to_lowercase() == wanted.to_lowercase());
    match found.as_slice() {
        [one] => Ok(one.id),
        [] => Err(Failure::Usage(format!("there is no public circle {wanted:?}"))),
        several => {
            let ids: Vec<String> = several.iter().map(|card| card.id.to_string()).collect();
            let ids = ids.join(", ");
            Err(Failure::Usage(format!("{wanted:?} is the name of several; say which: {ids}")))
        }
    }
}
