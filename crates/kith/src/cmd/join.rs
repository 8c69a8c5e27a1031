//! `kith join`: join a circle by a link or the code in it.

use kith_client::address::Address;
use kith_core::command::Command;
use serde_json::json;

use crate::context::Context;
use crate::failure::Failure;
use crate::{output, resolve};

/// Join a circle by a link.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  kith join https://kith.example/invite/CODE
  kith join CODE")]
pub(crate) struct Args {
    /// The link, or the code at its end.
    #[arg(value_name = "LINK|CODE")]
    invite: String,
}

/// What a link holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invite {
    /// Absent where only the code was given.
    pub(crate) server: Option<Address>,
    pub(crate) code: String,
}

/// The link for a code.
pub(super) fn link(server: &Address, code: &str) -> String {
    format!("{server}/invite/{code}")
}

/// Reads a link or a code.
pub(crate) fn parse(text: &str) -> Result<Invite, Failure> {
    let text = text.trim();
    if !text.contains('/') && !text.is_empty() {
        return Ok(Invite { server: None, code: text.to_owned() });
    }
    let is_margin = |c: char| c == '/' || c.is_whitespace();
    let text = text.trim_end_matches(is_margin);
    match text.rsplit_once("/invite/").or_else(|| text.rsplit_once("/join/")) {
        Some((server, code)) if !code.is_empty() && !code.contains('/') => {
            Ok(Invite { server: Some(Address::parse(server)?), code: code.to_owned() })
        }
        _ => Err(Failure::Usage(format!("{text:?} is no invite: it ends with /invite/CODE"))),
    }
}

pub(crate) async fn run(context: &Context, args: Args) -> anyhow::Result<()> {
    let invite = parse(&args.invite)?;
    let (address, _) = context.session()?;
    if let Some(server) = invite.server.filter(|server| *server != address) {
        let message = format!("this link is for {server} and you are signed in at {address}");
        return Err(Failure::NotSignedIn(message).into());
    }
    let client = context.client().await?;
    let outcome = client.command(Command::AcceptInvite { code: invite.code }).await;
    let outcome = outcome.map_err(Failure::from)?;
    let id = outcome.circle.ok_or_else(resolve::unexpected)?;
    let window = resolve::window(&client).await?;
    let name = resolve::circle(&window, &id.to_string())?.circle.name.clone();
    if context.json {
        return Ok(output::json(&json!({ "circle": id, "name": name }))?);
    }
    Ok(output::line(&format!("joined circle {name} ({id})"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_read_as_it_was_written() {
        let server = Address::parse("https://kith.example/base").unwrap();
        let parsed = parse(&link(&server, "abc")).unwrap();
        assert_eq!(parsed, Invite { server: Some(server), code: "abc".to_owned() });
        let pasted = parse("https://kith.example/join/abc /").unwrap();
        assert_eq!(pasted.code, "abc");
        assert_eq!(parse(" abc ").unwrap(), Invite { server: None, code: "abc".to_owned() });
        assert_eq!(parse("https://kith.example/invite/abc").unwrap(), pasted);
        for bad in ["", "https://kith.example", "https://kith.example/join/", "/join/x"] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }
}
