//! `kith invite`: make a link by which others join a circle.

use kith_core::command::Command;
use serde_json::json;

use crate::context::Context;
use crate::failure::Failure;
use crate::{output, resolve};

/// Make a link by which others join a circle.
#[derive(clap::Args)]
#[command(after_help = "\
The link is shown this once.

Examples:
  kith invite Tea
  kith invite Tea --expires 7d --uses 1")]
pub(crate) struct Args {
    /// To which circle.
    circle: String,
    /// For how long: a number and s, m, h, d or w; for ever if not given.
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    expires: Option<u32>,
    /// For how many people; for any number if not given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    uses: Option<u32>,
}

fn seconds(text: &str) -> Result<u32, String> {
    let wrong = || format!("{text:?} is not a time like 30m, 12h or 7d");
    let unit = text.chars().last().ok_or_else(wrong)?;
    let of_unit: u32 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return Err(wrong()),
    };
    let number: u32 = text[..text.len() - unit.len_utf8()].parse().map_err(|_| wrong())?;
    number.checked_mul(of_unit).filter(|seconds| *seconds > 0).ok_or_else(wrong)
}

pub(crate) async fn run(context: &Context, args: Args) -> anyhow::Result<()> {
    let (address, _) = context.session()?;
    let client = context.client().await?;
    let window = resolve::window(&client).await?;
    let circle = resolve::circle(&window, &args.circle)?.circle.id;
    let make = Command::CreateInvite { circle, seconds: args.expires, uses: args.uses };
    let outcome = client.command(make).await.map_err(Failure::from)?;
    // The code is told once. If that answer was lost, the invite is of no use to anyone.
    let code = outcome.code.ok_or_else(|| {
        Failure::Local(
            "the invite was made and its code was lost on the way: make another".to_owned(),
        )
    })?;
    let link = super::join::link(&address, &code);
    if context.json {
        return Ok(output::json(&json!({ "link": link, "code": code, "invite": outcome.invite }))?);
    }
    Ok(output::line(&link)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_numbers_with_a_unit() {
        assert_eq!(seconds("7d"), Ok(604_800));
        assert_eq!(seconds("90s"), Ok(90));
        for bad in ["", "7", "d", "0d", "-1d", "7y", "7é", "99999999w"] {
            assert!(seconds(bad).is_err(), "{bad:?}");
        }
    }
}
