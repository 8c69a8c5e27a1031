//! Searching everything that the user may read: the server finds, and what it found is held until the
//! next search.

use kith_core::document::User;
use kith_core::id::UserId;
use kith_core::search::Order;
use kith_proto::query::{Found, Hit, Query};

use super::answer::Purpose;
use super::then::Then;
use super::{Model, Note, Place};

/// Hits that one question asks for.
const PAGE: u32 = 20;
/// Hits that are held.
const HELD_MAX: usize = 500;

/// What was found.
#[derive(Debug)]
pub struct Results {
    text: String,
    hits: Vec<Hit>,
    next: Option<String>,
    behind: bool,
    asking: bool,
}

impl Results {
    /// What was looked for.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The hits, the best first.
    #[must_use]
    pub fn hits(&self) -> &[Hit] {
        &self.hits
    }

    /// Whether there are more than are held.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.next.is_some() && self.hits.len() < HELD_MAX
    }

    /// Whether what was said last may be missing.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.behind
    }
}

impl Model {
    /// Days in searches begin where clocks are so many minutes ahead of UTC.
    #[must_use]
    pub fn ahead_of_utc(self, offset_minutes: i16) -> Self {
        Self { offset_minutes, ..self }
    }

    /// What was found last.
    #[must_use]
    pub fn results(&self) -> Option<&Results> {
        self.results.as_ref()
    }

    /// Searches, or tells once more what was found last.
    pub(super) fn search_all(&mut self, text: Option<String>) {
        match (text, &self.results) {
            (Some(text), _) => {
                let results =
                    Results { text, hits: Vec::new(), next: None, behind: false, asking: false };
                self.results = Some(results);
                self.ask_results();
            }
            (None, Some(_)) => self.notes.push_back(Note::Results { from: 0 }),
            (None, None) => self.wrong("`search` needs TEXT, a text: nothing was looked for"),
        }
    }

    /// Asks for more of what was found, if there is more.
    pub fn more_results(&mut self) {
        if self.results.as_ref().is_some_and(|results| results.has_more() && !results.asking) {
            self.ask_results();
        }
    }

    fn ask_results(&mut self) {
        let Some(results) = &mut self.results else { return };
        results.asking = true;
        let query = Query::Search {
            text: results.text.clone(),
            order: Order::Rank,
            after: results.next.clone(),
            limit: Some(PAGE),
            offset_minutes: self.offset_minutes,
        };
        let text = results.text.clone();
        self.ask(Purpose::Search { text, found: None }, query);
    }

    /// Hits came: they are told once it is known who wrote them.
    pub(super) fn found_all(&mut self, text: String, found: Found) {
        let mut users = authors(&found);
        users.retain(|user| !self.people.is_settled(*user));
        if users.is_empty() {
            return self.hits_of(&text, found, Vec::new());
        }
        self.ask(Purpose::Search { text, found: Some(Box::new(found)) }, Query::Users { users });
    }

    /// Holds hits, now that these users are known.
    pub(super) fn hits_of(&mut self, text: &str, found: Found, users: Vec<User>) {
        self.people.learn_all(&authors(&found), users);
        // Something else is looked for meanwhile.
        let Some(results) = self.results.as_mut().filter(|results| results.text == text) else {
            return;
        };
        let from = results.hits.len();
        results.hits.extend(found.hits);
        results.hits.truncate(HELD_MAX);
        (results.next, results.behind) = (found.next, found.behind);
        results.asking = false;
        self.notes.push_back(Note::Results { from });
    }

    /// No hits came.
    pub(super) fn not_found(&mut self, text: &str) {
        if let Some(results) = self.results.as_mut().filter(|results| results.text == text) {
            results.asking = false;
        }
    }

    /// Goes to the message that was found at a place of the list, counted from 0.
    pub fn open_result(&mut self, at: usize) {
        let hit = self.results.as_ref().and_then(|results| results.hits.get(at));
        let Some(Hit { stream, message, .. }) = hit else {
            return self.wrong("nothing was found under this number: `search TEXT` searches");
        };
        let (place, seq) = (Place { stream: *stream, thread: message.thread }, message.seq);
        let then = Then::Show(place, seq);
        if self.talks.contains_key(&Self::stream_place(place.stream)) {
            self.at_place(place, then);
        } else {
            self.ask(Purpose::Fresh { then }, Query::Stream { stream: place.stream });
        }
    }
}

fn authors(found: &Found) -> Vec<UserId> {
    let mut users: Vec<UserId> = found.hits.iter().map(|hit| hit.message.author).collect();
    users.sort_unstable();
    users.dedup();
    users
}
