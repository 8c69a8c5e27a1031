//! `kith logout`: end the session, here and on the server.

use hyper::Method;
use serde_json::{Value, json};

use crate::context::Context;
use crate::failure::Failure;
use crate::http::request;
use crate::output;

/// Sign out.
#[derive(clap::Args)]
#[command(after_help = "\
If the server cannot be reached the session is kept, so that it can be ended later; --local forgets \
it all the same.

Examples:
  kith logout
  kith logout --local")]
pub(crate) struct Args {
    /// Forget the session here without telling the server.
    #[arg(long)]
    local: bool,
}

pub(crate) async fn run(context: &Context, args: Args) -> anyhow::Result<()> {
    Ok(sign_out(context, args.local).await?)
}

/// Ends the session here and, unless it is to be forgotten `local`ly alone, on the server.
pub(super) async fn sign_out(context: &Context, local: bool) -> Result<(), Failure> {
    let (address, session) = context.session()?;
    if !local {
        let ended: Result<Value, Failure> =
            request(&address, Method::DELETE, "/sessions/current", Some(&session.token), None)
                .await;
        match ended {
            // A session that is not known any more has ended as well.
            Err(Failure::Refused(problem)) if problem.code == "auth.failed" => {}
            ended => drop(ended?),
        }
    }
    context.profile()?.forget()?;
    if context.json {
        return output::json(&json!({ "signed_out": session.name }));
    }
    output::line(&format!("signed out of {address}"))
}
