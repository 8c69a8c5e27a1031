//! `kith send`: post a message.

use std::io::Read;
use std::path::{Path, PathBuf};

use kith_client::{Client, shared_name};
use kith_core::command::Command;
use kith_core::id::{FileId, Seq, StreamId};
use kith_core::text::{FileName, MessageText};
use serde_json::json;

use crate::context::Context;
use crate::failure::Failure;
use crate::{output, resolve};

/// More cannot be a message: 8000 characters of at most 4 bytes, and some space around.
const TEXT_BYTES_MAX: u64 = 64 * 1024;

/// Post a message.
#[derive(clap::Args)]
#[command(after_help = "\
Ends when the message is on the server's disk, however often the connection is lost meanwhile.

Examples:
  kith send Tea/general Good morning!
  kith send @bob 'Only for you'
  uptime | kith send Ops/status -
  kith send Tea/general --file tea.jpg --file menu.pdf
  kith send Tea/general The menu --file menu.pdf
  kith send Tea/general --reply-to 12 Yes")]
pub(crate) struct Args {
    /// Where: CIRCLE/STREAM, @USER, a group or an id.
    #[arg(value_name = "CIRCLE/STREAM")]
    place: String,
    /// What, in Markdown, at most 8000 characters; '-' reads it from standard input.
    #[arg(required_unless_present = "files")]
    text: Vec<String>,
    /// A file that goes with it; may be repeated, up to 10 times.
    #[arg(long = "file", value_name = "PATH")]
    files: Vec<PathBuf>,
    /// The number of the message that it answers.
    #[arg(long, value_name = "N")]
    reply_to: Option<u64>,
    /// The number of the message in whose thread it goes.
    #[arg(long, value_name = "N")]
    thread: Option<u64>,
}

pub(crate) async fn run(context: &Context, args: Args) -> anyhow::Result<()> {
    let text = if args.text.is_empty() { MessageText::none() } else { text(&args.text)? };
    let names = args.files.iter().map(|path| name_of(path)).collect::<Result<Vec<_>, _>>()?;
    let client = context.client().await?;
    let stream = resolve::place(&client, &args.place).await?;
    let (reply_to, thread) = (args.reply_to.map(Seq), args.thread.map(Seq));
    let files = upload(context, &args.files, &names).await?;
    Ok(post(
        context,
        &client,
        Command::Post { stream, text, reply_to, thread, topic: None, files },
        stream,
    )
    .await?)
}

/// What a file is called for others.
fn name_of(path: &Path) -> Result<FileName, Failure> {
    shared_name(path).map_err(|refusal| {
        Failure::Usage(format!("{} cannot be sent under its name: {refusal}", path.display()))
    })
}

/// Sends one file up; its id.
pub(super) async fn upload_one(context: &Context, path: &Path) -> Result<FileId, Failure> {
    let sent = upload(context, &[path.to_owned()], &[name_of(path)?]).await?;
    sent.first().copied().ok_or_else(resolve::unexpected)
}

/// Sends files up, with a bar on a terminal.
async fn upload(
    context: &Context,
    paths: &[PathBuf],
    names: &[FileName],
) -> Result<Vec<FileId>, Failure> {
    let mut sent = Vec::new();
    if paths.is_empty() {
        return Ok(sent);
    }
    let files = context.files()?;
    for (path, name) in paths.iter().zip(names) {
        let bar = output::bar(name.as_str());
        let told = |at, bytes| {
            bar.set_length(bytes);
            bar.set_position(at);
        };
        let file = files.upload(path, name, told).await;
        bar.finish_and_clear();
        sent.push(file?.id);
    }
    Ok(sent)
}

/// The text of the arguments, or of standard input.
pub(super) fn text(words: &[String]) -> Result<MessageText, Failure> {
    if words != ["-"] {
        return Ok(MessageText::parse(&words.join(" "))?);
    }
    let mut text = String::new();
    std::io::stdin()
        .lock()
        .take(TEXT_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(|error| Failure::Local(format!("standard input: {error}")))?;
    Ok(MessageText::parse(&text)?)
}

/// Posts. Programs are told the number of the message.
pub(super) async fn post(
    context: &Context,
    client: &Client,
    post: Command,
    stream: StreamId,
) -> Result<(), Failure> {
    let outcome = client.command(post).await?;
    let seq = outcome.events.first().map(|place| place.seq);
    client.close().await;
    if context.json {
        return output::json(&json!({ "stream": stream, "seq": seq }));
    }
    Ok(())
}
