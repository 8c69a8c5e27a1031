//! `kith claim`: own a server that nobody owns yet.

use kith_client::address::Address;
use kith_core::command::Command;

use crate::context::Context;
use crate::failure::Failure;
use crate::output;

/// Own a server that nobody owns yet.
#[derive(clap::Args)]
#[command(after_help = "\
A server that nobody owns prints a link each time it starts. Whoever opens it first administers it.

Examples:
  kith claim http://127.0.0.1:8080/signup#owner=TOKEN
  kith signup ana --owner http://127.0.0.1:8080/signup#owner=TOKEN")]
pub(crate) struct Args {
    /// The link, or the token at its end.
    #[arg(value_name = "LINK|TOKEN")]
    owner: String,
}

/// What a link holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    /// Absent where only the token was given.
    pub(super) server: Option<Address>,
    pub(super) token: String,
}

/// Reads a link or a token.
pub(super) fn parse(text: &str) -> Result<Owner, Failure> {
    let is_token = |text: &str| {
        !text.is_empty() && text.len() <= 128 && text.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    let text = text.trim();
    match text.rsplit_once("/signup#owner=") {
        Some((server, token)) if is_token(token) => {
            Ok(Owner { server: Some(Address::parse(server)?), token: token.to_owned() })
        }
        None if is_token(text) => Ok(Owner { server: None, token: text.to_owned() }),
        _ => {
            let message = "that is no link of a server that nobody owns: it ends with \
                           /signup#owner=TOKEN";
            Err(Failure::Usage(message.to_owned()))
        }
    }
}

pub(crate) async fn run(context: &Context, args: Args) -> anyhow::Result<()> {
    let owner = parse(&args.owner)?;
    let (address, _) = context.session()?;
    if let Some(server) = owner.server.filter(|server| *server != address) {
        let message = format!("this link is for {server} and you are signed in at {address}");
        return Err(Failure::NotSignedIn(message).into());
    }
    let client = context.client().await?;
    let outcome = client.command(Command::ClaimSite { token: owner.token }).await;
    let outcome = outcome.map_err(Failure::from)?;
    if context.json {
        return Ok(output::json(&outcome)?);
    }
    Ok(output::line(&format!("you own {address}"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_read_as_the_server_prints_it() {
        let read = parse("http://127.0.0.1:8080/signup#owner=abc123 ").unwrap();
        let server = Some(Address::parse("http://127.0.0.1:8080").unwrap());
        assert_eq!(read, Owner { server, token: "abc123".to_owned() });
        assert_eq!(parse("abc123").unwrap().server, None);
        for bad in ["", "http://127.0.0.1:8080", "http://127.0.0.1/signup#owner=", "a/b", "a b"] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }
}
