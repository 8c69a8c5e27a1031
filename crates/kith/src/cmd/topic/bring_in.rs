//! `kith topic import`.

use std::fs::File;
use std::io::{BufRead, BufReader};

use kith_client::address::Address;
use kith_core::command::Outcome;
use kith_core::document::Circle;
use kith_core::id::TopicId;
use kith_core::text::TopicName;
use kith_proto::error::Problem;
use serde_json::json;

use super::file::{Line, Lines, Record};
use crate::context::Context;
use crate::failure::Failure;
use crate::{http, output, resolve};

/// How often a topic is tried to which the server gives no answer.
const TRIES: u32 = 5;

/// Where topics go.
struct Place<'a> {
    address: Address,
    token: String,
    circle: &'a Circle,
    replace: bool,
    /// What the operations of this run are called.
    series: String,
}

pub(super) async fn run(
    context: &Context,
    circle: &str,
    file: &str,
    replace: bool,
) -> Result<(), Failure> {
    let from: Box<dyn BufRead> = match file {
        "-" => Box::new(BufReader::new(std::io::stdin())),
        path => {
            let opened = File::open(path);
            Box::new(BufReader::new(
                opened.map_err(|error| Failure::Local(format!("{path}: {error}")))?,
            ))
        }
    };
    let (mut lines, _) = Lines::open(from)?;
    let client = context.client().await?;
    let window = resolve::window(&client).await?;
    client.close().await;
    let circle = &resolve::circle(&window, circle)?.circle;
    let (address, session) = context.session()?;
    let place = Place { address, token: session.token, circle, replace, series: series()? };
    let (mut done, mut refused) = (0_u64, 0_u64);
    let ended = loop {
        match lines.next() {
            Ok(Some(Line::Topic(record))) => {
                let name = record.name.clone();
                match place.bring(*record, done + refused).await {
                    Ok(topic) => {
                        done += 1;
                        if context.json {
                            output::json(&json!({ "name": name, "topic": topic }))?;
                        }
                    }
                    Err(Failure::Refused(problem)) => {
                        refused += 1;
                        told(context, &name, &problem)?;
                    }
                    Err(failure) => break Err(failure),
                }
            }
            Ok(Some(Line::End(end))) if end.topics == done + refused => break Ok(()),
            Ok(None | Some(Line::End(_) | Line::KithTopics(_))) => {
                break Err(Failure::Usage("the file is not whole: topics are missing".to_owned()));
            }
            Err(failure) => break Err(failure),
        }
    };
    if context.json {
        output::json(&json!({ "imported": done, "refused": refused }))?;
    } else {
        output::line(&format!("imported {done} topics into {}", circle.name))?;
    }
    ended?;
    match refused {
        0 => Ok(()),
        count => {
            let all = done + refused;
            let message = format!("{count} of {all} topics were refused");
            Err(Failure::Refused(Problem::new("client.incomplete", message)))
        }
    }
}

/// A name for this run that nobody else gives.
fn series() -> Result<String, Failure> {
    let mut random = [0; 12];
    getrandom::fill(&mut random).map_err(|error| {
        Failure::Local(format!("this machine gives no random numbers: {error}"))
    })?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn told(context: &Context, name: &TopicName, problem: &Problem) -> Result<(), Failure> {
    if context.json {
        return output::json(&json!({ "name": name, "refused": problem }));
    }
    output::line(&format!("refused {name}: {} ({})", problem.message, problem.code))
}

impl Place<'_> {
    /// Makes a topic, or sets it: all of it, or nothing.
    async fn bring(&self, record: Record, number: u64) -> Result<Option<TopicId>, Failure> {
        let body = record.request(self.circle, self.replace).map_err(|role| {
            let message = format!("it denies something to {role:?}, and there is no one such role");
            Failure::Refused(Problem::new("role.not_found", message))
        })?;
        let body = body.to_string();
        let path = format!("/circles/{}/topics", self.circle.id);
        let op = format!("{}-{}", self.series, number + 1);
        let mut tries = 0;
        loop {
            let made =
                http::change::<Outcome>(&self.address, &path, &self.token, &op, body.clone());
            match made.await {
                Ok(outcome) => return Ok(outcome.topic),
                Err(Failure::Refused(problem)) if problem.code == "auth.failed" => {
                    return Err(Failure::NotSignedIn(problem.message));
                }
                Err(Failure::Refused(problem)) => match super::wait_of(&problem) {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => return Err(Failure::Refused(problem)),
                },
                Err(Failure::Unreachable(_)) if tries < TRIES => {
                    tries += 1;
                    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                }
                Err(failure) => return Err(failure),
            }
        }
    }
}
