//! How a circle is: shown, and changed in what is named.

use kith_core::command::Command;
use kith_core::decide::circle::IDLE_SECONDS;
use kith_core::document::Circle;
use kith_core::text::{CircleName, Line};

use crate::context::Context;
use crate::failure::Failure;
use crate::{output, resolve};

/// What shall be different; what is not named stays.
#[derive(clap::Args)]
#[group(required = true, multiple = true)]
pub(super) struct Wanted {
    /// Its name, at most 80 characters.
    #[arg(long)]
    name: Option<String>,
    /// What it is about.
    #[arg(long, value_name = "TEXT", conflicts_with = "no_about")]
    about: Option<String>,
    /// Say no longer what it is about.
    #[arg(long)]
    no_about: bool,
    /// Anyone on this server may find and join it.
    #[arg(long, conflicts_with = "not_public")]
    public: bool,
    /// Nobody finds it, and only whoever is invited joins it.
    #[arg(long)]
    not_public: bool,
    /// After how many seconds without an action members are idle: 60 to 86400, or 0 for never.
    #[arg(long, value_name = "SECONDS", value_parser = idle_seconds)]
    idle: Option<u32>,
}

fn idle_seconds(text: &str) -> Result<u32, String> {
    let seconds =
        text.parse().ok().filter(|seconds| *seconds == 0 || IDLE_SECONDS.contains(seconds));
    let (least, most) = (IDLE_SECONDS.start(), IDLE_SECONDS.end());
    seconds.ok_or_else(|| format!("it is a number from {least} to {most}, or 0 for never"))
}

/// Changes a circle and shows it as it is then.
pub(super) async fn change(context: &Context, circle: &str, wanted: Wanted) -> Result<(), Failure> {
    let name = wanted.name.as_deref().map(CircleName::parse).transpose()?;
    let about = wanted.about.as_deref().map(Line::parse).transpose()?;
    let client = context.client().await?;
    let window = resolve::window(&client).await?;
    let now = &resolve::circle(&window, circle)?.circle;
    let change = Command::ChangeCircle {
        circle: now.id,
        name: name.unwrap_or_else(|| now.name.clone()),
        about: if wanted.no_about { None } else { about.or_else(|| now.about.clone()) },
        public: wanted.public || now.public && !wanted.not_public,
        idle_seconds: wanted.idle,
    };
    client.command(change).await?;
    print(context, &resolve::circle_now(&client, now.id).await?.circle)
}

/// Shows a circle.
pub(super) async fn show(context: &Context, circle: &str) -> Result<(), Failure> {
    let client = context.client().await?;
    let window = resolve::window(&client).await?;
    print(context, &resolve::circle(&window, circle)?.circle)
}

fn print(context: &Context, circle: &Circle) -> Result<(), Failure> {
    if context.json {
        return output::json(circle);
    }
    kith_terminal::circle_lines(circle).iter().try_for_each(|line| output::line(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_those_that_a_circle_takes() {
        for (text, seconds) in [("0", 0), ("60", 60), ("86400", 86_400)] {
            assert_eq!(idle_seconds(text), Ok(seconds));
        }
        for text in ["", "1", "59", "86401", "-60", "1m"] {
            assert!(idle_seconds(text).unwrap_err().contains("60 to 86400"), "{text}");
        }
    }
}
