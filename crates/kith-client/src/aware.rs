//! Awareness: what this client and others show of themselves to those who follow a feed with them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kith_core::aware::AwareState;
use kith_core::id::{FeedId, SessionId, UserId};
use kith_proto::frame::Shown;
use tokio::sync::watch;

use crate::client::Client;
use crate::driver::Call;
use crate::error::ClientError;
use crate::update::Update;

/// What somebody else shows in a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    /// Under which session.
    pub session: SessionId,
    /// Whose session it is, as the server knows it.
    pub user: UserId,
    /// What: whatever their program says.
    pub state: AwareState,
}

/// What others show in a feed, by the number of the connection that shows it: a session that is open
/// twice has two.
pub type Others = Arc<BTreeMap<u64, Other>>;

/// What this client and others show in one feed, for as long as the client follows it. Made by
/// [`Client::aware`].
#[derive(Clone, Debug)]
pub struct Aware {
    client: Client,
    feed: FeedId,
    others: watch::Receiver<Others>,
}

impl Aware {
    pub(crate) fn new(client: Client, feed: FeedId, others: watch::Receiver<Others>) -> Self {
        Self { client, feed, others }
    }

    /// Shows a state in place of the one before, `None` for nothing any more. Of many in a short time
    /// the newest is told, and again after every reconnection. Where it may not be shown,
    /// [`Update::NotShown`] says why.
    ///
    /// # Errors
    /// Only the end of the client.
    pub async fn set(&self, state: Option<AwareState>) -> Result<(), ClientError> {
        self.client.tell(Call::Show(self.feed, state)).await
    }

    /// What others show now; nothing while there is no connection, or the feed is not followed.
    #[must_use]
    pub fn others(&self) -> Others {
        Arc::clone(&self.others.borrow())
    }

    /// Waits until others show something else than was last waited for; `false` when the client has
    /// ended.
    pub async fn changed(&mut self) -> bool {
        self.others.changed().await.is_ok()
    }
}

/// What others show in all feeds, which the client's task keeps and its handles watch.
#[derive(Debug, Default)]
pub(crate) struct Sight(Mutex<HashMap<FeedId, watch::Sender<Others>>>);

impl Sight {
    fn feeds(&self) -> MutexGuard<'_, HashMap<FeedId, watch::Sender<Others>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn of(&self, feed: FeedId) -> watch::Receiver<Others> {
        self.feeds().entry(feed).or_default().subscribe()
    }

    /// Takes in what is told.
    pub(crate) fn update(&self, update: &Update) {
        match update {
            Update::CaughtUp { feed, .. } | Update::Closed { feed, .. } => self.clear(*feed),
            Update::Refused { feed, .. } => self.clear(*feed),
            Update::Aware { feed, all, states } => {
                let mut feeds = self.feeds();
                feeds.entry(*feed).or_default().send_modify(|others| {
                    let others = Arc::make_mut(others);
                    if *all {
                        others.clear();
                    }
                    states.iter().for_each(|shown| show(others, shown));
                });
            }
            Update::Disconnected { .. } | Update::Stopped(_) => {
                let feeds: Vec<FeedId> = self.feeds().keys().copied().collect();
                feeds.into_iter().for_each(|feed| self.clear(feed));
            }
            _ => {}
        }
    }

    /// Nobody is known to show anything in a feed.
    pub(crate) fn clear(&self, feed: FeedId) {
        let mut feeds = self.feeds();
        let Some(others) = feeds.get(&feed) else { return };
        if others.receiver_count() == 0 {
            feeds.remove(&feed);
        } else {
            others.send_if_modified(|others| {
                let any = !others.is_empty();
                *others = Others::default();
                any
            });
        }
    }

    /// Ends what handles wait for.
    pub(crate) fn end(&self) {
        self.feeds().clear();
    }
}

fn show(others: &mut BTreeMap<u64, Other>, shown: &Shown) {
    let Shown { client, session, user, .. } = *shown;
    match shown.state.clone() {
        Some(state) => others.insert(client, Other { session, user, state }),
        None => others.remove(&client),
    };
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use kith_core::id::Seq;
    use kith_proto::error::Problem;
    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::*;

    const CASES: &str = include_str!("../../../tests/cases/aware/others.json");
    const FEED: &str = "s_01h455vb4pex5vsknk084sn02q";

    #[derive(Deserialize)]
    struct Case {
        name: String,
        steps: Vec<Step>,
    }

    #[derive(Deserialize)]
    struct Step {
        told: Told,
        others: Value,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Told {
        CaughtUp {},
        Aware {
            #[serde(default)]
            all: bool,
            states: Vec<Shown>,
        },
        Refused {},
        Closed {},
        Lost {},
    }

    impl Told {
        fn update(self, feed: FeedId) -> Update {
            match self {
                Self::CaughtUp {} => Update::CaughtUp { feed, seq: Seq(1) },
                Self::Aware { all, states } => Update::Aware { feed, all, states },
                Self::Refused {} => {
                    let problem = Problem::new("stream.not_found", "there is no such stream");
                    Update::Refused { feed, problem }
                }
                Self::Closed {} => Update::Closed { feed, removed: false },
                Self::Lost {} => {
                    Update::Disconnected { retry_in: Duration::ZERO, why: "it was lost".to_owned() }
                }
            }
        }
    }

    fn told(others: &Others) -> Value {
        let each = others.iter().map(|(client, Other { session, user, state })| {
            (client.to_string(), json!({ "session": session, "user": user, "state": state }))
        });
        Value::Object(each.collect())
    }

    #[test]
    fn what_others_show_is_what_the_cases_say() {
        for Case { name, steps } in serde_json::from_str::<Vec<Case>>(CASES).unwrap() {
            let (sight, feed) = (Sight::default(), FEED.parse().unwrap());
            let watched = sight.of(feed);
            for Step { told: step, others } in steps {
                sight.update(&step.update(feed));
                assert_eq!(told(&watched.borrow()), others, "{name}");
            }
        }
    }
}
