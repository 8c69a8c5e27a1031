//! `kith read`: read messages, and go on reading.

use std::collections::VecDeque;

use kith_client::{Client, Events, Subscribe, Update};
use kith_core::document::Message;
use kith_core::event::{Body, Event};
use kith_core::id::{FeedId, Seq, StreamId, Timestamp};
use kith_proto::query::{Answer, Query, State};

use crate::context::Context;
use crate::failure::Failure;
use crate::show::{self, Names};
use crate::{output, resolve};

/// Messages that one question asks for, at most.
const PAGE_MAX: u32 = 200;
/// Messages that are remembered as printed, for the day the server's history is another.
const PRINTED_MAX: usize = 1000;

/// Read messages.
#[derive(clap::Args)]
#[command(after_help = "\
With --follow each message is printed once, in order, through restarts of the server and losses of \
the connection; end it with Ctrl-C.

Examples:
  kith read Tea/general
  kith read @bob --limit 5
  kith read Tea/general --thread 12
  kith read Tea/general --follow --json | jq -r .text")]
pub(crate) struct Args {
    /// What: CIRCLE/STREAM, @USER, a group or an id.
    #[arg(value_name = "CIRCLE/STREAM")]
    place: String,
    /// How many of the newest messages.
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: u32,
    /// The thread of this message instead.
    #[arg(long, value_name = "N", conflicts_with = "follow")]
    thread: Option<u64>,
    /// Go on with what is posted from now on, in threads too.
    #[arg(long, short)]
    follow: bool,
}

pub(crate) async fn run(context: &Context, args: Args) -> anyhow::Result<()> {
    Ok(read(context, &args).await?)
}

async fn read(context: &Context, args: &Args) -> Result<(), Failure> {
    let (client, updates) = context.connect().await?;
    // Updates are wanted only when they are followed; unread they would hold up answers.
    let updates = args.follow.then_some(updates);
    let follows = updates.is_some();
    let stream = resolve::place(&client, &args.place).await?;
    let (names, waiting, printed) = (Names::default(), VecDeque::new(), VecDeque::new());
    let mut printer = Printer { client, json: context.json, names, updates, waiting, printed };
    if !follows {
        let messages = printer.newest(stream, args.thread.map(Seq), None, args.limit).await?;
        return printer.print(&messages).await;
    }
    // What is there up to here is asked for, what comes after is told: nothing falls between.
    let window = resolve::window(&printer.client).await?;
    let head = resolve::stream(&window, &stream.to_string())?.head;
    let messages = printer.newest(stream, None, Some(head.next()), args.limit).await?;
    printer.print(&messages).await?;
    printer.follow(stream, head).await
}

struct Printer {
    client: Client,
    json: bool,
    names: Names,
    /// Absent when nothing is followed.
    updates: Option<Events>,
    /// Updates that came while something was asked for.
    waiting: VecDeque<Update>,
    printed: VecDeque<(Seq, Timestamp)>,
}

impl Printer {
    /// The newest messages before a number, oldest first.
    async fn newest(
        &self,
        stream: StreamId,
        thread: Option<Seq>,
        mut before: Option<Seq>,
        limit: u32,
    ) -> Result<Vec<Message>, Failure> {
        let mut pages = Vec::new();
        let mut left = limit;
        while left > 0 {
            let limit = Some(left.min(PAGE_MAX));
            let ask = Query::Messages { stream, thread, before, after: None, around: None, limit };
            let Answer::Messages { messages, more } = self.client.query(ask).await? else {
                return Err(resolve::unexpected());
            };
            left = left.saturating_sub(u32::try_from(messages.len()).unwrap_or(u32::MAX));
            before = messages.first().map(|message| message.seq);
            pages.push(messages);
            if !more || before.is_none() {
                break;
            }
        }
        Ok(pages.into_iter().rev().flatten().collect())
    }

    async fn print(&mut self, messages: &[Message]) -> Result<(), Failure> {
        self.learn(messages).await?;
        for message in messages {
            let mark = (message.seq, message.at);
            if self.printed.contains(&mark) {
                continue;
            }
            show::message(message, &self.names, self.json)?;
            if self.printed.len() >= PRINTED_MAX {
                self.printed.pop_front();
            }
            self.printed.push_back(mark);
        }
        Ok(())
    }

    /// Learns who wrote these. Updates are taken meanwhile: where nobody takes them, no answer comes.
    async fn learn(&mut self, messages: &[Message]) -> Result<(), Failure> {
        let learning =
            self.names.learn(&self.client, messages.iter().map(|message| message.author));
        tokio::pin!(learning);
        loop {
            tokio::select! {
                learned = &mut learning => return learned,
                Some(update) = next(&mut self.updates) => self.waiting.push_back(update),
            }
        }
    }

    async fn follow(mut self, stream: StreamId, head: Seq) -> Result<(), Failure> {
        let feed = FeedId::Stream(stream);
        let wish = Subscribe {
            feed,
            epoch: None,
            after: Some(head),
            window: Some(PAGE_MAX),
            events_only: true,
        };
        self.client.subscribe(wish).await?;
        let mut connected = true;
        loop {
            let update = match self.waiting.pop_front() {
                Some(update) => Some(update),
                None => next(&mut self.updates).await,
            };
            let Some(update) = update else { return Err(kith_client::ClientError::Closed.into()) };
            match update {
                Update::Event(event) => {
                    if let Some(message) = posted(*event) {
                        self.print(&[message]).await?;
                    }
                }
                Update::Snapshot { state, .. } => {
                    if let State::Stream { messages, .. } = *state {
                        self.print(&messages).await?;
                    }
                }
                Update::Reset { .. } => {
                    output::note(
                        "the server's history is not the one from before: reading on from its present",
                    );
                }
                Update::Disconnected { retry_in, why } => {
                    if connected {
                        let ms = retry_in.as_millis();
                        output::note(&format!(
                            "not connected ({why}); trying again from {ms} ms on"
                        ));
                    }
                    connected = false;
                }
                Update::Connected(_) => {
                    if !connected {
                        output::note("connected again");
                    }
                    connected = true;
                }
                Update::Stopped(problem) => {
                    return Err(kith_client::ClientError::Stopped(problem).into());
                }
                Update::Refused { problem, .. } => return Err(Failure::Refused(problem)),
                Update::Closed { .. } => {
                    let refusal = kith_core::refusal::Refusal::NoSuchStream;
                    return Err(Failure::from(refusal));
                }
                Update::Hidden { .. } | Update::CaughtUp { .. } => {}
                Update::Signal { .. }
                | Update::Aware { .. }
                | Update::NotShown { .. }
                | Update::Offered(_) => {}
                // Of topics, and this is a stream.
                Update::Events(_) | Update::Behind { .. } | Update::Settled { .. } => {}
            }
        }
    }
}

async fn next(updates: &mut Option<Events>) -> Option<Update> {
    match updates {
        Some(updates) => updates.next().await,
        None => None,
    }
}

/// The message that an event posted.
fn posted(event: Event) -> Option<Message> {
    let Body::Posted { text, reply_to, thread, topic, files, mentions } = event.body else {
        return None;
    };
    Some(Message {
        seq: event.seq,
        author: event.by?,
        text,
        reply_to,
        thread,
        topic,
        files,
        mentions,
        reactions: std::collections::BTreeMap::new(),
        replies: 0,
        at: event.at,
        edited_at: None,
        edits: Vec::new(),
    })
}
