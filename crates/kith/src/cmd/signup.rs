//! `kith signup`: make an account and sign in.

use std::io::{BufRead, IsTerminal};

use hyper::Method;
use kith_client::address::Address;
use serde_json::json;

use crate::context::{Context, LABEL};
use crate::failure::Failure;
use crate::http::{Begun, request};
use crate::output;
use crate::profile::Session;

/// The longest line that is taken for a password, in bytes.
const PASSWORD_BYTES_MAX: u64 = 4096;

/// Make an account and sign in.
#[derive(clap::Args)]
#[command(after_help = "\
The password is asked for, or read as one line from standard input when that is no terminal.

Examples:
  kith signup ana
  kith signup ana --server https://kith.example --display-name 'Ana Lucja'
  kith signup ana --invite https://kith.example/invite/CODE
  kith signup ana --owner https://kith.example/signup#owner=TOKEN
  kith signup bot --json <password.txt")]
pub(crate) struct Args {
    /// Your unique name: ASCII letters, digits, '.', '_' and '-', at most 32.
    name: String,
    /// What you are shown as, if not by your name.
    #[arg(long, value_name = "NAME")]
    display_name: Option<String>,
    /// The invite to a circle, where the server asks for one; a link also says which server.
    #[arg(long, value_name = "CODE|LINK")]
    invite: Option<String>,
    /// What a server prints that nobody owns yet: the account owns it.
    #[arg(long, value_name = "LINK|TOKEN")]
    owner: Option<String>,
}

pub(crate) async fn run(context: &Context, args: Args) -> anyhow::Result<()> {
    let invite = args.invite.as_deref().map(super::join::parse).transpose()?;
    let owner = args.owner.as_deref().map(super::claim::parse).transpose()?;
    let invited = invite.as_ref().and_then(|invite| invite.server.clone());
    let link = invited.or_else(|| owner.as_ref().and_then(|owner| owner.server.clone()));
    let address = match (&context.server, link) {
        (None, Some(server)) => server,
        (Some(_), Some(server)) if context.address()? != server => {
            let message = format!("the link is one of {server}, which is not what --server says");
            return Err(Failure::Usage(message).into());
        }
        _ => context.address()?,
    };
    let password = password(&address, true)?;
    let mut body = json!({ "name": args.name, "password": password, "label": LABEL });
    if let Some(name) = args.display_name {
        body["display_name"] = name.into();
    }
    if let Some(invite) = invite {
        body["invite"] = invite.code.into();
    }
    if let Some(owner) = owner {
        body["owner"] = owner.token.into();
    }
    let begun: Begun = request(&address, Method::POST, "/accounts", None, Some(&body)).await?;
    Ok(keep(context, &address, begun, "signed up")?)
}

/// Keeps a session that was begun and says so.
pub(super) fn keep(
    context: &Context,
    address: &Address,
    begun: Begun,
    done: &str,
) -> Result<(), Failure> {
    let Begun { user, session, token, device } = begun;
    let (server, name) = (address.to_string(), user.name.to_string());
    let kept = Session { server: server.clone(), token, name };
    context.profile()?.save(&kept, &device)?;
    if context.json {
        return output::json(&json!({ "user": user, "session": session, "server": server }));
    }
    output::line(&format!("{done} as {}", user.name))
}

/// The password: asked for without echo, or one line of standard input.
pub(super) fn password(address: &Address, twice: bool) -> Result<String, Failure> {
    if address.is_plain() && !address.is_loopback() {
        output::note(&format!("{address} is not encrypted: others on the way can read this"));
    }
    ask_password("Password: ", twice)
}

/// As [`password`], by another name.
pub(super) fn ask_password(prompt: &str, twice: bool) -> Result<String, Failure> {
    if std::io::stdin().is_terminal() {
        let ask = |prompt: &str| {
            rpassword::prompt_password(prompt)
                .map_err(|error| Failure::Local(format!("the password cannot be read: {error}")))
        };
        let password = ask(prompt)?;
        if twice && ask("Once more: ")? != password {
            return Err(Failure::Usage("the two passwords are not the same".to_owned()));
        }
        return Ok(password);
    }
    let mut line = String::new();
    std::io::Read::take(std::io::stdin().lock(), PASSWORD_BYTES_MAX)
        .read_line(&mut line)
        .map_err(|error| Failure::Local(format!("the password cannot be read: {error}")))?;
    let password = line.strip_suffix('\n').unwrap_or(&line);
    let password = password.strip_suffix('\r').unwrap_or(password);
    if password.is_empty() {
        return Err(Failure::Usage("there is no password on standard input".to_owned()));
    }
    Ok(password.to_owned())
}
