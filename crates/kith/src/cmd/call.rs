//! `kith call`: call a service.

use kith_client::Part;
use kith_core::text::ServiceName;
use kith_proto::service::Call;
use serde_json::Value as Json;

use crate::context::Context;
use crate::failure::Failure;
use crate::{output, resolve};

/// Items of a stream that may be on their way.
const WINDOW: u32 = 64;

/// Call a service of a circle.
#[derive(clap::Args)]
#[command(after_help = "\
The result is printed as JSON, and with --stream each item before it on a line of its own. What the \
provider says when it cannot do it is told as an error.

Examples:
  kith call Tea/kith/time
  kith call Tea/math/add '[1,2]'
  kith call Tea/logs/tail --stream --deadline 3600")]
pub(crate) struct Args {
    /// Which; its name may have slashes in it.
    #[arg(value_name = "CIRCLE/SERVICE")]
    service: String,
    /// With what, as JSON.
    #[arg(value_name = "JSON")]
    args: Option<String>,
    /// Take the items of a stream.
    #[arg(long)]
    stream: bool,
    /// How long it may take, in seconds, at most 3600; 30 unless set.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=3600))]
    deadline: Option<u32>,
}

pub(crate) async fn run(context: &Context, args: Args) -> anyhow::Result<()> {
    Ok(call(context, args).await?)
}

async fn call(context: &Context, args: Args) -> Result<(), Failure> {
    let with: Json = match &args.args {
        None => Json::Null,
        Some(text) => serde_json::from_str(text)
            .map_err(|error| Failure::Usage(format!("arguments are JSON: {text}: {error}")))?,
    };
    let client = context.client().await?;
    let window = resolve::window(&client).await?;
    let (of, name) = resolve::within(&window, &args.service)?;
    let mut call = Call::new(of.circle.id, ServiceName::parse(name)?, with);
    call.deadline_ms = args.deadline.map(|seconds| seconds * 1000);
    if !args.stream {
        return output::json(&client.call(call).await?);
    }
    let mut items = client.call_stream(call, WINDOW).await?;
    while let Some(part) = items.next().await {
        match part? {
            Part::Item(value) | Part::Done(value) => output::json(&value)?,
            Part::Progress(_) => {}
        }
    }
    Ok(())
}
