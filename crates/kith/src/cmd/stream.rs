//! `kith stream`: make, list, arrange and remove the streams of a circle.

use std::collections::BTreeMap;

use clap::Subcommand;
use kith_core::command::{Arranged, Command};
use kith_core::document::{Home, Stream};
use kith_core::id::StreamId;
use kith_core::text::{Line, SectionName, StreamName};
use kith_proto::query::{CircleWindow, Window};
use serde_json::json;

use crate::context::Context;
use crate::failure::Failure;
use crate::{output, resolve, sure};

/// Make, list, arrange or remove the streams of a circle.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  kith stream create Tea recipes
  kith stream list Tea
  kith stream arrange Tea general Drinks: green black
  kith stream remove Tea/recipes")]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Make a stream.
    #[command(after_help = "Examples:\n  kith stream create Tea recipes --about 'What to drink'")]
    Create {
        /// In which circle.
        circle: String,
        /// Its name, at most 80 characters.
        name: String,
        /// What it is about.
        #[arg(long, value_name = "TEXT")]
        about: Option<String>,
    },
    /// List the streams of a circle that you may read.
    #[command(after_help = "Examples:\n  kith stream list Tea\n  kith stream list Tea --json")]
    List {
        /// Of which circle.
        circle: String,
    },
    /// Set in which order, and in which sections, the streams of a circle are shown to everybody.
    #[command(after_help = "\
What ends in ':' is a section, and what follows it stands in it. Streams that are not named keep their \
places, behind those that are.

Examples:
  kith stream arrange Tea general news
  kith stream arrange Tea general Drinks: green black 'For the team:' shifts")]
    Arrange {
        /// Of which circle.
        circle: String,
        /// Sections and names or ids of streams, in their order.
        #[arg(required = true, value_name = "STREAM|SECTION:")]
        order: Vec<String>,
    },
    /// Remove a stream and all that is in it, for everybody and for good.
    #[command(after_help = "\
Whoever manages streams may. Messages, threads and files that nothing else refers to go with it, also the \
last stream of a circle. There is no way back but a backup; a stream that is archived keeps what was \
written, and takes no more.

Without --yes its name is asked for, on a terminal or as one line of standard input.

Examples:
  kith stream remove Tea/recipes
  kith stream remove s_01kaf2g6x40000000000000000 --yes")]
    Remove {
        /// Its name behind that of its circle, or its id.
        #[arg(value_name = "CIRCLE/STREAM")]
        stream: String,
        /// Do not ask for its name once more.
        #[arg(long)]
        yes: bool,
    },
}

pub(crate) async fn run(context: &Context, args: Args) -> anyhow::Result<()> {
    Ok(act(context, args.action).await?)
}

async fn act(context: &Context, action: Action) -> Result<(), Failure> {
    let client = context.client().await?;
    let window = resolve::window(&client).await?;
    match action {
        Action::Create { circle, name, about } => {
            let name = StreamName::parse(&name)?;
            let about = about.as_deref().map(Line::parse).transpose()?;
            let circle = resolve::circle(&window, &circle)?.circle.id;
            let make =
                Command::CreateStream { circle, name: name.clone(), about, deny: BTreeMap::new() };
            let id = client.command(make).await?.stream.ok_or_else(resolve::unexpected)?;
            if context.json {
                return output::json(&json!({ "stream": id, "name": name }));
            }
            output::line(&format!("created stream {name} ({id})"))
        }
        Action::List { circle } => list(context, resolve::circle(&window, &circle)?),
        Action::Arrange { circle, order } => {
            let of = resolve::circle(&window, &circle)?;
            let sections = sections(&order, |name| stream_of(of, name))?;
            client.command(Command::ArrangeStreams { circle: of.circle.id, sections }).await?;
            list(context, &resolve::circle_now(&client, of.circle.id).await?)
        }
        Action::Remove { stream, yes } => {
            let (of, stream) = in_circle(&window, &stream)?;
            let name = stream.name.as_ref().map(ToString::to_string).unwrap_or_default();
            if !yes {
                let (circle, members) = (&of.circle.name, of.circle.members);
                output::note(&format!(
                    "{circle}/{name} ({}) goes with all that is in it, for the {members} members of \
                     {circle} and for good",
                    stream.id
                ));
                sure::names(&name).await?;
            }
            client.command(Command::RemoveStream { stream: stream.id }).await?;
            if context.json {
                return output::json(&json!({ "removed": stream.id, "name": name }));
            }
            output::line(&format!("removed stream {}/{name} ({})", of.circle.name, stream.id))
        }
    }
}

/// Prints the streams of a circle in their order, with the sections that they stand in.
fn list(context: &Context, circle: &CircleWindow) -> Result<(), Failure> {
    let mut section = None;
    for of in &circle.streams {
        if context.json {
            output::json(of)?;
            continue;
        }
        let now = of.stream.section.as_ref();
        if let Some(name) = now.filter(|_| section != now) {
            output::line(&format!("{name}:"))?;
        }
        section = now;
        let indent = if now.is_some() { "  " } else { "" };
        let name = of.stream.name.as_ref().map(ToString::to_string).unwrap_or_default();
        output::line(&format!("{indent}{name}  {} unread  {}", of.unread, of.stream.id))?;
    }
    Ok(())
}

/// A stream and the circle that it is of: conversations are of none.
fn in_circle<'a>(
    window: &'a Window,
    wanted: &str,
) -> Result<(&'a CircleWindow, &'a Stream), Failure> {
    let stream = &resolve::stream(window, wanted)?.stream;
    let of = window.circles.iter().find(|of| stream.home == Home::Channel { circle: of.circle.id });
    let of = of.ok_or_else(|| Failure::Usage(format!("{wanted:?} is no stream of a circle")))?;
    Ok((of, stream))
}

/// The stream of a circle by its name or id.
fn stream_of(circle: &CircleWindow, wanted: &str) -> Result<StreamId, Failure> {
    Ok(resolve::within_circle(circle, wanted)?.stream.id)
}

/// Reads what was typed: what ends in a colon is a section, the rest are streams.
fn sections(
    order: &[String],
    find: impl Fn(&str) -> Result<StreamId, Failure>,
) -> Result<Vec<Arranged>, Failure> {
    let mut sections: Vec<Arranged> = vec![Arranged { section: None, streams: Vec::new() }];
    for word in order {
        if let Some(name) = word.strip_suffix(':') {
            let section = Some(SectionName::parse(name)?);
            sections.push(Arranged { section, streams: Vec::new() });
        } else if let Some(last) = sections.last_mut() {
            last.streams.push(find(word)?);
        }
    }
    sections.retain(|arranged| !arranged.streams.is_empty());
    Ok(sections)
}

#[cfg(test)]
mod tests {
    use kith_core::id::Timestamp;

    use super::*;

    #[test]
    fn what_ends_in_a_colon_is_a_section() {
        let find = |name: &str| Ok(StreamId::new(Timestamp(1), name.len() as u128));
        let read = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            let read = sections(&words, find).unwrap();
            let told = read
                .into_iter()
                .map(|one| (one.section.map(|name| name.to_string()), one.streams.len()));
            told.collect::<Vec<_>>()
        };
        let drinks = Some("Drinks".to_owned());
        assert_eq!(read(&["a", "b"]), [(None, 2)]);
        assert_eq!(read(&["a", "Drinks:", "b", "c"]), [(None, 1), (drinks.clone(), 2)]);
        assert_eq!(read(&["Empty:", "Drinks:", "b"]), [(drinks, 1)]);
        assert!(sections(&[":".to_owned()], find).is_err());
    }
}
