//! `kith profile`: how one is shown to others.

use std::path::PathBuf;

use kith_core::command::Command;
use kith_core::document::User;
use kith_core::text::DisplayName;
use kith_proto::query::{Answer, Query};

use crate::context::Context;
use crate::failure::Failure;
use crate::{output, resolve};

/// Show or change how you are shown to others.
#[derive(clap::Args)]
#[command(after_help = "\
The image is a PNG, JPEG, GIF or WebP. Others see a small square of its middle, which the server makes.

Examples:
  kith profile
  kith profile --name 'Ana Łucja'
  kith profile --avatar cat.jpg
  kith profile --no-avatar")]
pub(crate) struct Args {
    /// What you are shown as, at most 64 characters.
    #[arg(long)]
    name: Option<String>,
    /// An image to be shown with.
    #[arg(long, value_name = "FILE", conflicts_with = "no_avatar")]
    avatar: Option<PathBuf>,
    /// Be shown without an image.
    #[arg(long)]
    no_avatar: bool,
}

pub(crate) async fn run(context: &Context, args: Args) -> anyhow::Result<()> {
    Ok(show(context, args).await?)
}

async fn show(context: &Context, args: Args) -> Result<(), Failure> {
    let name = args.name.as_deref().map(DisplayName::parse).transpose()?;
    let name_of_mine = context.session()?.1.name;
    let client = context.client().await?;
    if let Some(display_name) = name {
        client.command(Command::ChangeUser { display_name }).await?;
    }
    if let Some(path) = args.avatar {
        let file = super::send::upload_one(context, &path).await?;
        client.command(Command::SetAvatar { file: Some(file) }).await?;
    } else if args.no_avatar {
        client.command(Command::SetAvatar { file: None }).await?;
    }
    let asked = Query::UserByName { name: name_of_mine };
    let Answer::User(user) = client.query(asked).await? else {
        return Err(resolve::unexpected());
    };
    client.close().await;
    if context.json { output::json(&user) } else { output::line(&told(&user)) }
}

fn told(user: &User) -> String {
    let image = if user.avatar.is_some() { "with an image" } else { "without an image" };
    format!("{}  shown as {}, {image}  {}", user.name, user.display_name, user.id)
}
