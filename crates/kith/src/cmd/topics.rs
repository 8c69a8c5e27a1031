//! `kith topics`: take the topics of a circle out into a file, and bring them in from one.

use std::time::Duration;

use clap::Subcommand;
use kith_proto::error::Problem;

use crate::context::Context;

mod bring_in;
mod file;
mod take_out;

/// The longest wait that the server may ask for between two topics.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// Take the topics of a circle out into a file, or bring them in from one.
#[derive(clap::Args)]
#[command(after_help = "\
The file is JSON, a line for each topic: its name, kind, rules, what roles are denied in it, and its
value, with the names of the elements of lists and the updates of texts.

Examples:
  kith topics export Tea > tea.topics
  kith topics import Tea tea.topics")]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Print the topics of a circle that you may read, with their values.
    #[command(after_help = "\
Each topic is told as it is when it is its turn. Members, roles and what happened before are no part
of it.

Examples:
  kith topics export Tea > tea.topics
  kith topics export Tea --prefix board/ | jq -c .topic.value")]
    Export {
        /// Of which circle.
        circle: String,
        /// Only those whose names begin like this.
        #[arg(long, value_name = "TEXT", default_value = "")]
        prefix: String,
    },
    /// Make topics in a circle, as they are in a file.
    #[command(after_help = "\
Each topic is brought in whole or not at all, and whichever is refused is named, with the reason. A
name that is taken is refused unless --replace is there: then the topic of this name and kind gets
the rules, the rights and the value of the file, as one step that can be taken back. A text cannot be
set: it is refused unless it is the same. Roles are found by their names; a topic that denies
something to a role which is not there is refused.

Examples:
  kith topics import Tea tea.topics
  kith topics import Tea tea.topics --replace
  kith topics export Tea | kith topics import Copy -")]
    Import {
        /// Into which circle.
        circle: String,
        /// The file; '-' reads it from standard input.
        file: String,
        /// Set topics that are there already.
        #[arg(long)]
        replace: bool,
    },
}

pub(crate) async fn run(context: &Context, args: Args) -> anyhow::Result<()> {
    Ok(match args.action {
        Action::Export { circle, prefix } => take_out::run(context, &circle, prefix).await,
        Action::Import { circle, file, replace } => {
            bring_in::run(context, &circle, &file, replace).await
        }
    }?)
}

/// How long to wait before the same is tried again; `None` where that does not help soon.
fn wait_of(problem: &Problem) -> Option<Duration> {
    let wait = Duration::from_millis(problem.retry_ms?);
    (wait <= WAIT_MAX).then_some(wait)
}
