//! `kith search`: find messages.

use clap::ValueEnum;
use kith_core::document::Home;
use kith_core::id::StreamId;
use kith_core::search::Order;
use kith_proto::query::{Answer, Found, Hit, Query, Window};

use crate::context::Context;
use crate::failure::Failure;
use crate::show::{self, Names};
use crate::{output, resolve};

/// Hits that one question asks for, at most.
const PAGE_MAX: u32 = 100;

/// Find messages, in all that you may read.
#[derive(clap::Args)]
#[command(after_help = "\
Words that are all in the message, \"phrases\" and -exclusions; the last word may be a beginning. Filters:
  from:ana from:me        by whom
  in:tea in:Tea/ops       in a stream, or in:Tea in all of a circle; in:@bob
  before:2026-11-22       also after: and on:, with 2026-11, yesterday, 7d or
                          2026-11-22T14:30
  has:link                also code, reaction, pin, topic; is:thread
Each may be left out with a - before it, times apart. Times are in UTC.

Examples:
  kith search 'teapot from:ana'
  kith search '\"green tea\" -milk in:Tea after:30d' --by time
  kith search 'has:link in:@bob' --limit 100 --json | jq -r .message.text")]
pub(crate) struct Args {
    /// What to look for.
    #[arg(value_name = "TEXT", required = true, num_args = 1..)]
    text: Vec<String>,
    /// Which come first: the best, or the newest.
    #[arg(long, value_enum, value_name = "ORDER", default_value = "rank")]
    by: By,
    /// How many at most.
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: u32,
}

#[derive(Clone, Copy, ValueEnum)]
enum By {
    /// The best first.
    Rank,
    /// The newest first.
    Time,
}

pub(crate) async fn run(context: &Context, args: Args) -> anyhow::Result<()> {
    Ok(search(context, &args).await?)
}

async fn search(context: &Context, args: &Args) -> Result<(), Failure> {
    let (client, _) = context.connect().await?;
    // A word that the shell ends is not one that somebody still types.
    let text = args.text.join(" ");
    let order = match args.by {
        By::Rank => Order::Rank,
        By::Time => Order::Time,
    };
    let window = resolve::window(&client).await?;
    let (mut names, mut left, mut after) = (Names::default(), args.limit, None);
    while left > 0 {
        let limit = Some(left.min(PAGE_MAX));
        let ask = Query::Search { text: text.clone(), order, after, limit, offset_minutes: 0 };
        let Answer::Search(Found { hits, next, behind }) = client.query(ask).await? else {
            return Err(resolve::unexpected());
        };
        names.learn(&client, people(&hits, &window)).await?;
        for hit in &hits {
            let place = place(&window, hit.stream, &names);
            show::hit(hit, &place, &names, context.json)?;
        }
        if behind {
            output::note("what was said last may be missing: the index is not that far yet");
        }
        left = left.saturating_sub(u32::try_from(hits.len()).unwrap_or(u32::MAX));
        after = next;
        if after.is_none() {
            break;
        }
    }
    Ok(())
}

/// Those who wrote, and those with whom one talks.
fn people<'a>(
    hits: &'a [Hit],
    window: &'a Window,
) -> impl Iterator<Item = kith_core::id::UserId> + 'a {
    let authors = hits.iter().map(|hit| hit.message.author);
    let others = window.conversations.iter().flat_map(|of| match &of.stream.home {
        Home::Direct { users } => users.to_vec(),
        _ => Vec::new(),
    });
    authors.chain(others)
}

/// A stream as it is named on the command line.
fn place(window: &Window, stream: StreamId, names: &Names) -> String {
    for circle in &window.circles {
        if let Some(of) = circle.streams.iter().find(|of| of.stream.id == stream) {
            let name = of.stream.name.as_ref().map(ToString::to_string).unwrap_or_default();
            return format!("{}/{name}", circle.circle.name);
        }
    }
    let found = window.conversations.iter().find(|of| of.stream.id == stream);
    match found.map(|of| (&of.stream.home, &of.stream.name)) {
        Some((Home::Direct { users }, _)) => {
            let both = users.map(|user| names.of(user));
            format!("@{}", both.join("+"))
        }
        Some((_, Some(name))) => name.to_string(),
        _ => stream.to_string(),
    }
}
