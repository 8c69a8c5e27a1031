//! Carries the model's wishes out over a connection, and what comes of them back.

mod files;
mod private;

use std::sync::Arc;
use std::time::Duration;

use kith_client::{Client, ClientError, Files};
use kith_core::command::Command;
use kith_core::text::OpId;
use kith_proto::error::Problem;
use tokio::sync::{Semaphore, mpsc};

use crate::model::{Came, Model, Wish};
use files::Porter;

pub(crate) use private::Setup;

/// Wishes that may wait for the connection; more stay in the model.
const WISHES_MAX: usize = 256;
/// Answers that may wait for the model.
const CAME_MAX: usize = 256;
/// Questions that are open at a time: a server has a limit for each user.
const QUESTIONS_MAX: usize = 8;
/// The shortest and the longest pause before something is said again.
const WAIT_MS: u64 = 20;
const WAIT_MS_MAX: u64 = 10_000;

/// Carries wishes out, in order.
#[derive(Debug)]
pub(crate) struct Carrier {
    wishes: mpsc::Sender<Wish>,
    came: mpsc::Receiver<Came>,
}

impl Carrier {
    /// Needs a tokio runtime, on which it lives as long as this.
    pub(crate) fn start(client: Client, files: Files, setup: Setup) -> Self {
        let (wishes, taken) = mpsc::channel(WISHES_MAX);
        let (told, came) = mpsc::channel(CAME_MAX);
        tokio::spawn(carry_all(client, files, setup, taken, told));
        Self { wishes, came }
    }

    /// Takes what the model wishes, as far as there is room.
    pub(crate) fn take_from(&self, model: &mut Model) {
        while let Ok(permit) = self.wishes.try_reserve() {
            match model.next_wish() {
                Some(wish) => permit.send(wish),
                None => return,
            }
        }
    }

    /// What came of a wish. May be dropped without loss.
    pub(crate) async fn next(&mut self) -> Option<Came> {
        self.came.recv().await
    }
}

async fn carry_all(
    client: Client,
    files: Files,
    setup: Setup,
    mut wishes: mpsc::Receiver<Wish>,
    told: mpsc::Sender<Came>,
) {
    let questions = Arc::new(Semaphore::new(QUESTIONS_MAX));
    let (lane, changes) = mpsc::channel(WISHES_MAX);
    tokio::spawn(make_all(client.clone(), changes, told.clone()));
    let (privately, private_wishes) = mpsc::channel(WISHES_MAX);
    tokio::spawn(private::carry(client.clone(), setup, private_wishes, told.clone()));
    let porter = Porter::new(files, told.clone());
    while let Some(wish) = wishes.recv().await {
        let (client, told) = (client.clone(), told.clone());
        match wish {
            Wish::Do(ticket, op, command) => {
                if lane.send((ticket, op, command)).await.is_err() {
                    return;
                }
            }
            Wish::Get(ticket, query) => {
                let questions = Arc::clone(&questions);
                tokio::spawn(async move {
                    let Ok(_turn) = questions.acquire().await else { return };
                    let got = loop {
                        match client.query(query.clone()).await {
                            Err(ClientError::Refused(why)) if is_of_the_moment(&why) => {
                                pause(&why).await;
                            }
                            got => break got,
                        }
                    };
                    let _ = told.send(Came::Got(ticket, got)).await;
                });
            }
            Wish::Call(ticket, call) => {
                tokio::spawn(async move {
                    let returned = client.call(*call).await;
                    let _ = told.send(Came::Returned(ticket, returned)).await;
                });
            }
            Wish::Follow(feeds) => {
                if client.subscribe_all(feeds).await.is_err() {
                    return;
                }
            }
            Wish::Private(wish) => {
                if privately.send(*wish).await.is_err() {
                    return;
                }
            }
            Wish::File(ticket, wish) => porter.carry(ticket, *wish),
            Wish::Signal(signal) => {
                tokio::spawn(async move {
                    // What is told of the moment is of no use later.
                    let _: Result<(), ClientError> = client.signal(signal).await;
                });
            }
        }
    }
}

/// Makes changes one after another: what is typed is posted in the order of typing, also where a
/// server that was asked too much at once wants to be asked again.
async fn make_all(
    client: Client,
    mut changes: mpsc::Receiver<(u64, OpId, Command)>,
    told: mpsc::Sender<Came>,
) {
    while let Some((ticket, op, command)) = changes.recv().await {
        let done = loop {
            match client.command_as(op.clone(), command.clone()).await {
                Err(ClientError::Refused(problem)) if is_of_the_moment(&problem) => {
                    pause(&problem).await;
                }
                done => break done,
            }
        };
        // A program that has ended wants to know nothing.
        if told.send(Came::Done(ticket, done)).await.is_err() {
            return;
        }
    }
}

/// Whether the server refuses it for having too much to do, and not for what it is.
fn is_of_the_moment(problem: &Problem) -> bool {
    problem.retry_ms.is_some()
        && ["rate.", "server.", "store."].iter().any(|of| problem.code.starts_with(of))
}

async fn pause(problem: &Problem) {
    let wait = problem.retry_ms.unwrap_or_default().clamp(WAIT_MS, WAIT_MS_MAX);
    tokio::time::sleep(Duration::from_millis(wait)).await;
}
