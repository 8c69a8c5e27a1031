//! `kith send`: post a message.

use std::io::Read;

use kith_client::Client;
use kith_core::command::Command;
use kith_core::id::{Seq, StreamId};
use kith_core::text::MessageText;
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
  kith send Tea/general --reply-to 12 Yes")]
pub(crate) struct Args {
    /// Where: CIRCLE/STREAM, @USER, a group or an id.
    #[arg(value_name = "CIRCLE/STREAM")]
    place: String,
    /// What, in Markdown, at most 8000 characters; '-' reads it from standard input.
    #[arg(required = true)]
    text: Vec<String>,
    /// The number of the message that it answers.
    #[arg(long, value_name = "N")]
    reply_to: Option<u64>,
    /// The number of the message in whose thread it goes.
    #[arg(long, value_name = "N")]
    thread: Option<u64>,
}

pub(crate) async fn run(context: &Context, args: Args) -> anyhow::Result<()> {
    let text = text(&args.text)?;
    let client = context.client().await?;
    let stream = resolve::place(&client, &args.place).await?;
    let (reply_to, thread) = (args.reply_to.map(Seq), args.thread.map(Seq));
    Ok(post(
        context,
        &client,
        Command::Post { stream, text, reply_to, thread, topic: None },
        stream,
    )
    .await?)
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
