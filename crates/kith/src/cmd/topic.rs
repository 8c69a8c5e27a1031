//! `kith topic`: show, change and watch topics, take them out into a file and bring them in.

use std::time::Duration;

use clap::Subcommand;
use kith_proto::error::Problem;

use crate::context::Context;

mod bring_in;
mod edit;
mod file;
mod look;
mod take_out;
mod watch;

/// The longest wait that the server may ask for between two topics.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// Show, change and watch the topics of a circle, take them out into a file or bring them in.
#[derive(clap::Args)]
#[command(after_help = "\
A topic is CIRCLE/TOPIC, and its name may have slashes in it; or its id.

Examples:
  kith topic list Tea
  kith topic create Tea/board/count int
  kith topic show Tea/board/count
  kith topic change Tea/board/count '{\"add\":{\"by\":1}}'
  kith topic watch Tea/board/count
  kith topic export Tea > tea.topics")]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List the topics of a circle that you may read.
    #[command(
        after_help = "Examples:\n  kith topic list Tea\n  kith topic list Tea --prefix board/"
    )]
    List {
        /// Of which circle.
        circle: String,
        /// Only those whose names begin like this.
        #[arg(long, value_name = "TEXT", default_value = "")]
        prefix: String,
    },
    /// Make a topic.
    #[command(after_help = "\
Examples:
  kith topic create Tea/board/todo list --value '[\"water\"]'
  kith topic create Tea/sensors/load float --rules '{\"ephemeral\":true}'")]
    Create {
        /// Its circle and its name.
        #[arg(value_name = "CIRCLE/TOPIC")]
        topic: String,
        /// bool, int, float, string, text, set, list, map, json or event.
        kind: String,
        /// Its first value, as JSON.
        #[arg(long, value_name = "JSON")]
        value: Option<String>,
        /// Its rules, as JSON.
        #[arg(long, value_name = "JSON")]
        rules: Option<String>,
    },
    /// Print the value of a topic, as JSON; of a text what it says.
    #[command(after_help = "\
Examples:
  kith topic show Tea/board/todo
  kith topic show Tea/board/todo --at 7 --json")]
    Show {
        /// Which.
        #[arg(value_name = "CIRCLE/TOPIC")]
        topic: String,
        /// Its value after this event.
        #[arg(long, value_name = "N")]
        at: Option<u64>,
    },
    /// Print what happened to a topic, oldest first.
    #[command(after_help = "Examples:\n  kith topic history Tea/board/todo --limit 200")]
    History {
        /// Which.
        #[arg(value_name = "CIRCLE/TOPIC")]
        topic: String,
        /// How many of the newest events, at most 200.
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: u32,
    },
    /// Print the value of a topic now and whenever it changes, or what is emitted.
    #[command(after_help = "\
Who prints slowly sees fewer values, and always the newest; of what is emitted nothing is left out \
without a word. End it with Ctrl-C.

Examples:
  kith topic watch Tea/board/count
  kith topic watch Tea/games/moves | jq .piece")]
    Watch {
        /// Which.
        #[arg(value_name = "CIRCLE/TOPIC")]
        topic: String,
    },
    /// Change a topic.
    #[command(after_help = "\
Examples:
  kith topic change Tea/board/count '{\"add\":{\"by\":1}}'
  kith topic change Tea/todo '{\"insert\":{\"value\":\"tea\"}}' '{\"remove\":{\"at\":0}}'
  kith topic change Tea/games/moves '{\"emit\":{\"args\":{\"piece\":\"e4\"}}}'")]
    Change {
        /// Which.
        #[arg(value_name = "CIRCLE/TOPIC")]
        topic: String,
        /// What changes, as JSON; several happen together or not at all.
        #[arg(value_name = "JSON", required = true)]
        changes: Vec<String>,
    },
    /// Take back your last step in a circle.
    #[command(after_help = "Examples:\n  kith topic undo Tea")]
    Undo {
        /// In which circle.
        circle: String,
    },
    /// Do again what you took back last in a circle.
    #[command(after_help = "Examples:\n  kith topic redo Tea")]
    Redo {
        /// In which circle.
        circle: String,
    },
    /// Remove a topic, with all that it holds.
    #[command(after_help = "Examples:\n  kith topic remove Tea/board/todo")]
    Remove {
        /// Which.
        #[arg(value_name = "CIRCLE/TOPIC")]
        topic: String,
    },
    /// Print the topics of a circle that you may read, with their values.
    #[command(after_help = "\
Each topic is told as it is when it is its turn. Members, roles and what happened before are no part \
of it.

Examples:
  kith topic export Tea > tea.topics
  kith topic export Tea --prefix board/ | jq -c .topic.value")]
    Export {
        /// Of which circle.
        circle: String,
        /// Only those whose names begin like this.
        #[arg(long, value_name = "TEXT", default_value = "")]
        prefix: String,
    },
    /// Make topics in a circle, as they are in a file.
    #[command(after_help = "\
Each topic is brought in whole or not at all, and whichever is refused is named, with the reason. A \
name that is taken is refused unless --replace is there: then the topic of this name and kind gets \
the rules, the rights and the value of the file, as one step that can be taken back. A text cannot be \
set: it is refused unless it is the same. Roles are found by their names; a topic that denies \
something to a role which is not there is refused.

Examples:
  kith topic import Tea tea.topics
  kith topic import Tea tea.topics --replace
  kith topic export Tea | kith topic import Copy -")]
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
        Action::List { circle, prefix } => look::list(context, &circle, prefix).await,
        Action::Show { topic, at } => look::show(context, &topic, at).await,
        Action::History { topic, limit } => look::history(context, &topic, limit).await,
        Action::Watch { topic } => watch::run(context, &topic).await,
        Action::Create { topic, kind, value, rules } => {
            edit::create(context, &topic, &kind, value.as_deref(), rules.as_deref()).await
        }
        Action::Change { topic, changes } => edit::change(context, &topic, &changes).await,
        Action::Undo { circle } => edit::undo(context, &circle).await,
        Action::Redo { circle } => edit::redo(context, &circle).await,
        Action::Remove { topic } => edit::remove(context, &topic).await,
        Action::Export { circle, prefix } => take_out::run(context, &circle, prefix).await,
        Action::Import { circle, file, replace } => {
            bring_in::run(context, &circle, &file, replace).await
        }
    }?)
}

/// Reads a file of topics up to where it is none, for the fuzz targets: its lines, as they are written.
pub(crate) fn read_any(bytes: &[u8]) -> Vec<String> {
    let Ok((mut lines, head)) = file::Lines::open(bytes) else { return Vec::new() };
    let mut all = vec![file::Line::KithTopics(head)];
    while let Ok(Some(line)) = lines.next() {
        all.push(line);
    }
    all.iter().filter_map(|line| serde_json::to_string(line).ok()).collect()
}

/// How long to wait before the same is tried again; `None` where that does not help soon.
fn wait_of(problem: &Problem) -> Option<Duration> {
    let wait = Duration::from_millis(problem.retry_ms?);
    (wait <= WAIT_MAX).then_some(wait)
}
