//! `kith passwd`: change one's password.

use hyper::Method;
use serde_json::json;

use super::signup::{ask_password, keep};
use crate::context::{Context, LABEL};
use crate::http::{Begun, request};

/// Change your password; all other sessions end.
#[derive(clap::Args)]
#[command(after_help = "\
The present and the new password are asked for, or read as two lines from standard input when that \
is no terminal.

Examples:
  kith passwd
  printf '%s\\n' \"$old\" \"$new\" | kith passwd")]
pub(crate) struct Args {}

pub(crate) async fn run(context: &Context, _: Args) -> anyhow::Result<()> {
    let (address, session) = context.session()?;
    let current = ask_password("Present password: ", false)?;
    let new = ask_password("New password: ", true)?;
    let body = json!({ "current": current, "new": new, "label": LABEL });
    let token = Some(session.token.as_str());
    let begun: Begun =
        request(&address, Method::PUT, "/users/me/password", token, Some(&body)).await?;
    Ok(keep(context, &address, begun, "changed the password, signed in")?)
}
