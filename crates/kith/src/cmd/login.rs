//! `kith login`: sign in.

use hyper::Method;
use serde_json::json;

use super::signup::{keep, password};
use crate::context::{Context, LABEL};
use crate::http::{Begun, request};

/// Sign in.
#[derive(clap::Args)]
#[command(after_help = "\
The password is asked for, or read as one line from standard input when that is no terminal.

Examples:
  kith login ana
  kith login ana --server https://kith.example")]
pub(crate) struct Args {
    /// Your name.
    name: String,
}

pub(crate) async fn run(context: &Context, args: Args) -> anyhow::Result<()> {
    let address = context.address()?;
    let password = password(&address, false)?;
    let device = context.profile()?.device(&address.to_string(), &args.name)?;
    let mut body =
        json!({ "name": args.name, "password": password, "label": LABEL, "kind": "token" });
    if let Some(device) = device {
        body["device"] = device.into();
    }
    let begun: Begun = request(&address, Method::POST, "/sessions", None, Some(&body)).await?;
    Ok(keep(context, &address, begun, "signed in")?)
}
