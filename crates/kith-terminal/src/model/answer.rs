//! What questions were for, and what becomes of their answers.

use kith_client::ClientError;
use kith_core::command::{Command, Outcome};
use kith_core::id::{CircleId, Seq, StreamId, UserId};
use kith_core::text::OpId;
use kith_proto::error::Problem;
use kith_proto::query::{Answer, Found, Query};
use serde_json::Value as Json;

use super::circle::MEMBERS_MAX;
use super::manage::Wanted;
use super::paging::Search;
use super::talk::Asking;
use super::then::Then;
use super::{Model, Note, Place};

/// What was asked for, and why.
#[derive(Debug)]
pub(super) enum Purpose {
    /// Everything that the user is in.
    Window,
    /// How a stream stands.
    Stream,
    Names(Vec<UserId>),
    Page {
        place: Place,
        asking: Asking,
        life: u32,
    },
    /// The message that a thread is of.
    Root(Place),
    /// What is unread in the threads of a stream, to go to one of them.
    UnreadThread(StreamId),
    Find {
        search: Search,
        pages: u32,
    },
    /// Messages of all places, and those that were found while names are asked for.
    Search {
        text: String,
        found: Option<Box<Found>>,
    },
    Present(CircleId),
    /// Who else is there, to be told: since when, if not at any time.
    WhoElse {
        circles: Vec<CircleId>,
        since: Option<u64>,
        found: Vec<UserId>,
    },
    /// The members of a circle, and whether they are to be told.
    Members {
        circle: CircleId,
        told: bool,
    },
    Slashes(CircleId),
    Services,
    Blocks {
        found: Option<Vec<UserId>>,
    },
    PublicCircles {
        name: String,
    },
    /// The user of a name, for something to be done.
    User {
        name: String,
        then: Then,
    },
    /// The stream that was opened or made, to be gone to or written in.
    Opened {
        then: Then,
    },
    /// A stream that was just opened or made.
    Fresh {
        then: Then,
    },
    Posted {
        place: Place,
        op: OpId,
    },
    Read,
    Invite,
    /// How a circle is, to be told or to be changed.
    Circle {
        to: Option<Wanted>,
    },
    /// A circle was changed.
    CircleSet(CircleId),
    /// A change of which it is told when it is done.
    Told(String),
    Called,
}

impl Purpose {
    /// Whether it is a change, as opposed to a question.
    pub(super) fn is_change(&self) -> bool {
        matches!(
            self,
            Self::Posted { .. }
                | Self::Told(_)
                | Self::Invite
                | Self::CircleSet(_)
                | Self::Opened { .. }
                | Self::Called
        )
    }
}

impl Purpose {
    /// Whether later commands may be about what comes of it.
    pub(super) fn leads_on(&self) -> bool {
        !matches!(
            self,
            Self::Stream
                | Self::Read
                | Self::Present(_)
                | Self::Slashes(_)
                | Self::Members { told: false, .. }
                | Self::Posted { .. }
                | Self::Called
        )
    }
}

/// What an error says to a person.
fn sentence(error: &ClientError) -> String {
    match error.problem() {
        Some(Problem { failure: Some(failure), .. }) => failure.message.to_string(),
        Some(problem) => problem.message.clone(),
        None => error.to_string(),
    }
}

impl Model {
    pub(super) fn done(&mut self, ticket: u64, result: Result<Outcome, ClientError>) {
        let Some(purpose) = self.purposes.remove(&ticket) else { return };
        match (purpose, result) {
            (Purpose::Posted { place, op }, Ok(outcome)) => {
                if let Some(talk) = self.talks.get_mut(&place) {
                    talk.messages.done(&op, &outcome);
                }
            }
            (Purpose::Posted { place, op }, Err(error)) => {
                let problem = match &error {
                    ClientError::Refused(problem) => problem.clone(),
                    // The end of the client: whether it was sent is not known.
                    _ => Problem::new("client.ended", sentence(&error)),
                };
                if let Some(talk) = self.talks.get_mut(&place) {
                    talk.messages.failed(&op, problem);
                }
                self.wrong(format!("not sent: {}", sentence(&error)));
            }
            (Purpose::Told(line), Ok(_)) => self.say(line),
            (Purpose::Invite, Ok(outcome)) => match outcome.code {
                Some(code) => self.say(format!("{}/invite/{code}", self.server)),
                None => self.wrong("the invite was made and its code was lost: make another"),
            },
            (Purpose::CircleSet(circle), Ok(_)) => {
                self.ask(Purpose::Circle { to: None }, Query::Circle { circle });
            }
            (Purpose::Opened { then }, Ok(outcome)) => {
                if let Some(stream) = outcome.stream {
                    self.ask(Purpose::Fresh { then }, Query::Stream { stream });
                } else if let Some(circle) = outcome.circle {
                    self.ask(Purpose::Fresh { then }, Query::Circle { circle });
                }
            }
            (Purpose::Opened { then: Then::Begin }, Err(error)) => {
                self.notes.push_back(Note::Nowhere(sentence(&error)));
            }
            // That something is not marked as read is no news.
            (Purpose::Read, _) | (_, Ok(_)) => {}
            (_, Err(error)) => self.wrong(sentence(&error)),
        }
    }

    pub(super) fn got(&mut self, ticket: u64, result: Result<Answer, ClientError>) {
        let Some(purpose) = self.purposes.remove(&ticket) else { return };
        let answer = match result {
            Ok(answer) => answer,
            Err(error) => return self.not_got(purpose, &error),
        };
        match (purpose, answer) {
            (Purpose::Window, Answer::Window(window)) => self.window(window),
            (Purpose::Stream, Answer::Stream(stream)) => self.learn_stream(&stream),
            (Purpose::Names(asked), Answer::Users(users)) => self.people.learn_all(&asked, users),
            (Purpose::Page { place, asking, life }, Answer::Messages { messages, more }) => {
                self.paged(place, asking, life, messages, more);
            }
            (Purpose::Root(place), Answer::Message(message)) => {
                self.people.want(message.author);
                if let Some(talk) = self.talks.get_mut(&place) {
                    talk.messages.page(vec![message]);
                }
            }
            (Purpose::UnreadThread(stream), Answer::Unread(of)) => {
                let unread = of.threads.iter().filter(|thread| thread.unread > 0);
                let best = unread.max_by_key(|thread| (thread.mentions, thread.thread));
                match best {
                    Some(best) => self.go_to(Place { stream, thread: Some(best.thread) }),
                    None => self.go_to(Self::stream_place(stream)),
                }
            }
            (Purpose::Find { search, pages }, Answer::Messages { messages, more }) => {
                self.looked(search, pages, &messages, more);
            }
            (Purpose::Search { text, found: None }, Answer::Search(found)) => {
                self.found_all(text, found);
            }
            (Purpose::Search { text, found: Some(found) }, Answer::Users(users)) => {
                self.hits_of(&text, *found, users);
            }
            (Purpose::Present(circle), Answer::Present(present)) => {
                present.iter().for_each(|of| self.people.want(of.user));
                if let Some(view) = self.circles.get_mut(&circle) {
                    let some = present.into_iter().take(MEMBERS_MAX);
                    view.present = some.map(|of| (of.user, of)).collect();
                }
            }
            (Purpose::WhoElse { circles, since, mut found }, Answer::Present(present)) => {
                found.extend(present.iter().map(|of| of.user));
                self.who_else(circles, since, found);
            }
            (Purpose::WhoElse { circles, since, mut found }, Answer::Came(users)) => {
                found.extend(users);
                self.who_else(circles, since, found);
            }
            (Purpose::Members { circle, told }, Answer::Members { members, more }) => {
                self.members(circle, told, members, more);
            }
            (Purpose::Slashes(circle), Answer::Services { services, .. }) => {
                if let Some(view) = self.circles.get_mut(&circle) {
                    services.iter().for_each(|card| view.offered(card));
                }
            }
            (Purpose::Services, Answer::Services { services, .. }) if services.is_empty() => {
                self.say("no services are offered here");
            }
            (Purpose::Services, Answer::Services { services, .. }) => {
                let line = |card: &kith_proto::service::Card| match &card.about {
                    Some(about) => format!("{}: {about}", card.name),
                    None => card.name.to_string(),
                };
                self.notes.push_back(Note::Said(services.iter().map(line).collect()));
            }
            (Purpose::Blocks { found: None }, Answer::Blocks(users)) if !users.is_empty() => {
                let some: Vec<UserId> = users.iter().copied().take(200).collect();
                self.ask(Purpose::Blocks { found: Some(users) }, Query::Users { users: some });
            }
            (Purpose::Blocks { .. }, Answer::Blocks(_)) => self.say("you block nobody"),
            (Purpose::Blocks { found: Some(asked) }, Answer::Users(users)) => {
                self.people.learn_all(&asked, users);
                let names = asked.iter().map(|user| self.people.name(*user)).collect();
                self.notes.push_back(Note::Said(names));
            }
            (Purpose::PublicCircles { name }, Answer::Circles { circles, more }) => {
                self.public_circles(name, &circles, more);
            }
            (Purpose::User { then, .. }, Answer::User(user)) => {
                self.people.learn(user.clone());
                self.with_user(&user, then);
            }
            (Purpose::Circle { to }, Answer::Circle(of)) => self.circle_is(of.circle, to),
            (Purpose::Fresh { then }, Answer::Stream(stream)) => {
                let place = Self::stream_place(stream.stream.id);
                self.learn_stream(&stream);
                self.at_place(place, then);
            }
            (Purpose::Fresh { then }, Answer::Circle(of)) => {
                let first = of.streams.first().map(|of| Self::stream_place(of.stream.id));
                of.streams.iter().for_each(|of| self.learn_stream(of));
                self.refresh();
                if let Some(first) = first {
                    self.at_place(first, then);
                }
            }
            _ => self.wrong("the server gave an answer that does not fit the question"),
        }
    }

    fn not_got(&mut self, purpose: Purpose, error: &ClientError) {
        match purpose {
            // What was asked for by the program itself, of something that may be gone.
            Purpose::Stream
            | Purpose::Names(_)
            | Purpose::Present(_)
            | Purpose::Slashes(_)
            | Purpose::Root(_)
            | Purpose::Members { told: false, .. } => {}
            Purpose::Page { place, life, .. } => {
                self.not_paged(place, life);
                self.wrong(sentence(error));
            }
            Purpose::Search { text, .. } => {
                self.not_found(&text);
                self.wrong(sentence(error));
            }
            Purpose::User { name, then } => {
                let is_gone =
                    error.problem().is_some_and(|problem| problem.code == "user.not_found");
                let why =
                    if is_gone { format!("there is no user `{name}`") } else { sentence(error) };
                match then {
                    Then::Begin => self.notes.push_back(Note::Nowhere(why)),
                    _ => self.wrong(why),
                }
            }
            _ => self.wrong(sentence(error)),
        }
    }

    pub(super) fn returned(&mut self, ticket: u64, result: Result<Json, ClientError>) {
        if self.purposes.remove(&ticket).is_none() {
            return;
        }
        match result {
            // A word for the caller alone, if it has one.
            Ok(value) => match value.get("text").and_then(Json::as_str) {
                Some(text) => {
                    let lines = text.lines().map(str::to_owned).collect();
                    self.notes.push_back(Note::Said(lines));
                }
                None if value.is_null() => {}
                None => self.say(value.to_string()),
            },
            Err(error) => self.wrong(sentence(&error)),
        }
    }

    fn members(
        &mut self,
        circle: CircleId,
        told: bool,
        members: Vec<kith_core::document::Member>,
        more: bool,
    ) {
        let last = members.last().map(|member| member.user);
        members.iter().for_each(|member| self.people.want(member.user));
        let Some(view) = self.circles.get_mut(&circle) else { return };
        view.members.extend(members.into_iter().map(|member| (member.user, member)));
        if told && more && view.members.len() < MEMBERS_MAX {
            let query = Query::Members { circle, after: last, limit: Some(200) };
            return self.ask(Purpose::Members { circle, told }, query);
        }
        if told {
            self.notes.push_back(Note::Members(circle));
        }
    }

    /// Asks the next circle who is there; after the last one it is told.
    pub(super) fn who_else(
        &mut self,
        mut circles: Vec<CircleId>,
        since: Option<u64>,
        mut found: Vec<UserId>,
    ) {
        if let Some(circle) = circles.pop() {
            let query = match since {
                Some(seconds) => Query::Came { circle, seconds },
                None => Query::Present { circle },
            };
            return self.ask(Purpose::WhoElse { circles, since, found }, query);
        }
        found.retain(|user| *user != self.me.id);
        found.sort_unstable();
        found.dedup();
        found.iter().for_each(|user| self.people.want(*user));
        self.notes.push_back(Note::Users(found));
    }

    fn public_circles(
        &mut self,
        name: String,
        circles: &[kith_proto::query::CircleCard],
        more: bool,
    ) {
        let found: Vec<_> = circles
            .iter()
            .filter(|of| of.name.to_lowercase() == name.to_lowercase() || of.id.to_string() == name)
            .collect();
        match (&found[..], circles.last()) {
            ([one], _) => {
                let circle = one.id;
                self.change(Purpose::Opened { then: Then::Go }, Command::Join { circle });
            }
            ([], Some(last)) if more => {
                let after = Some(last.id);
                self.ask(Purpose::PublicCircles { name }, Query::PublicCircles { after });
            }
            ([], _) => self.wrong(format!("there is no public circle `{name}`")),
            _ => self.wrong(format!("`{name}` is the name of several circles: name its id")),
        }
    }

    /// The last message of one's own that is held here.
    pub(super) fn my_last(&self) -> Option<Seq> {
        let mine = self.talk_here()?.confirmed().filter(|message| message.author == self.me.id);
        mine.last().map(|message| message.seq)
    }
}
