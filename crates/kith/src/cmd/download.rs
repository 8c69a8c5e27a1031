//! `kith download`: save the files of a message.

use std::path::{Path, PathBuf};

use kith_core::file::Attachment;
use kith_core::id::Seq;
use kith_proto::query::{Answer, Query};
use serde_json::json;

use crate::context::Context;
use crate::failure::Failure;
use crate::{output, resolve};

/// The most bytes of a file's name here: most systems take 255, and `.part` and a number need some.
const NAME_BYTES_MAX: usize = 200;
/// Names that are tried beside the file's own.
const TRIES: u32 = 1000;

/// Save the files of a message.
#[derive(clap::Args)]
#[command(after_help = "\
A download that was broken off goes on where it was. Nothing that is there is replaced: a file whose
name is taken gets a number. What came is compared with what was sent.

Examples:
  kith download Tea/general 12
  kith download @bob 3 --to ~/Downloads")]
pub(crate) struct Args {
    /// Where the message is: CIRCLE/STREAM, @USER, a group or an id.
    #[arg(value_name = "CIRCLE/STREAM")]
    place: String,
    /// The number of the message, as `kith read` shows it.
    #[arg(value_name = "N")]
    message: u64,
    /// The directory to save to.
    #[arg(long, value_name = "DIR", default_value = ".")]
    to: PathBuf,
}

pub(crate) async fn run(context: &Context, args: Args) -> anyhow::Result<()> {
    let client = context.client().await?;
    let stream = resolve::place(&client, &args.place).await?;
    let message = Seq(args.message);
    let Answer::Message(found) =
        client.query(Query::Message { stream, message }).await.map_err(Failure::from)?
    else {
        return Err(resolve::unexpected().into());
    };
    client.close().await;
    if found.files.is_empty() {
        return Err(Failure::Usage(format!("message {message} has no files")).into());
    }
    let files = context.files()?;
    for about in &found.files {
        let path = free(&args.to, about)?;
        let bar = output::bar(about.name.as_str());
        let told = |at, bytes| {
            bar.set_length(bytes);
            bar.set_position(at);
        };
        let done = files.download((stream, message), about, &path, told).await;
        bar.finish_and_clear();
        done.map_err(Failure::from)?;
        if context.json {
            output::json(&json!({ "file": about.id, "name": about.name, "path": path }))?;
        } else {
            output::line(&format!("saved {}", path.display()))?;
        }
    }
    Ok(())
}

/// A path in a directory where nothing is, for a file of others.
fn free(dir: &Path, about: &Attachment) -> Result<PathBuf, Failure> {
    let name = harmless(about.name.as_str());
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => (stem, format!(".{extension}")),
        _ => (name.as_str(), String::new()),
    };
    let others = (2..TRIES).map(|n| format!("{stem} ({n}){extension}"));
    let mut paths = std::iter::once(name.clone()).chain(others).map(|name| dir.join(name));
    let taken = || Failure::Local(format!("{} has too many files of this name", dir.display()));
    paths.find(|path| std::fs::symlink_metadata(path).is_err()).ok_or_else(taken)
}

/// A name that others chose as one that means nothing here: no path, nothing hidden, not too long.
fn harmless(name: &str) -> String {
    let plain = |c: char| if c.is_control() || "/\\:*?\"<>|".contains(c) { '_' } else { c };
    let mut name: String = name.trim_start_matches(['.', '-', ' ']).chars().map(plain).collect();
    while name.len() > NAME_BYTES_MAX {
        // From the middle, so that the extension stays.
        let middle = name.char_indices().nth(name.chars().count() / 2).map_or(0, |(at, _)| at);
        name.remove(middle);
    }
    if name.is_empty() { "file".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_others_mean_nothing_here() {
        for (name, here) in [
            ("tea.jpg", "tea.jpg"),
            ("../../.bashrc", "_.._.bashrc"),
            (".bashrc", "bashrc"),
            ("-rf", "rf"),
            ("...", "file"),
            ("C:\\a", "C__a"),
            ("a\n\u{1b}[2J", "a__[2J"),
        ] {
            assert_eq!(harmless(name), here);
        }
        let long = harmless(&format!("{}.jpg", "é".repeat(200)));
        assert!(long.len() <= NAME_BYTES_MAX && long.ends_with(".jpg"), "{long}");
    }
}
