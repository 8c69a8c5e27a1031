//! What this client knows and shows: circles, conversations, windows of messages, people. Pure:
//! what comes goes in, wishes and notes come out; there is no terminal, socket or clock in it.

mod act;
mod answer;
mod called;
mod circle;
mod feed;
mod files;
mod manage;
mod note;
mod paging;
mod people;
mod place;
mod private;
mod search;
mod talk;
#[cfg(test)]
pub(crate) mod tests;
mod then;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;

use kith_client::{ClientError, Subscribe, Update};
use kith_core::command::{Command, Outcome};
use kith_core::document::User;
use kith_core::id::{CircleId, Seq, StreamId, Timestamp, UserId};
use kith_core::text::OpId;
use kith_proto::frame::{Signal, Status};
use kith_proto::query::{Answer, Query};
use kith_proto::service::Call;
use serde_json::Value as Json;

pub use called::Called;
pub use circle::{CircleView, Slash};
pub use files::{FileCame, FileWish, Outgoing, Transfer};
pub use note::{Ended, Link, Note};
pub use people::People;
pub use place::{Place, fit};
pub use private::{PrivateCame, PrivateLine, PrivateTalk, PrivateWish, Stage};
pub use search::Results;
pub use talk::Talk;

use answer::Purpose;
use files::Transfers;
use paging::Search;

/// Changes and questions without an answer, at most; what is typed beyond is refused with a word.
pub const OPEN_MAX: usize = 200;
/// Places that one can go back to.
const BACK_MAX: usize = 50;
/// Up to how long one waits for each member of a circle whose streams changed, so that not all of them
/// ask at once.
const SPREAD_MS: u64 = 2;
const SPREAD_MAX_MS: u64 = 30_000;
/// After so long without a key one is idle.
const IDLE_MS: u64 = 5 * 60 * 1000;

/// Something to be done for the model. Wishes are carried out in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    /// Make a change; its end is told under the number.
    Do(u64, OpId, Command),
    /// Ask; the answer is told under the number.
    Get(u64, Query),
    /// Call a service; the result is told under the number.
    Call(u64, Box<Call>),
    /// Follow these feeds.
    Follow(Vec<Subscribe>),
    /// Tell those who are there now.
    Signal(Signal),
    /// Do something in private sessions.
    Private(Box<PrivateWish>),
    /// Do something with files; what comes of it is told under the number.
    File(u64, Box<FileWish>),
}

/// Something that came.
#[derive(Debug)]
pub enum Came {
    /// Unasked.
    Update(Update),
    /// The end of a change.
    Done(u64, Result<Outcome, ClientError>),
    /// The answer to a question.
    Got(u64, Result<Answer, ClientError>),
    /// The result of a call.
    Returned(u64, Result<Json, ClientError>),
    /// Of private sessions.
    Private(PrivateCame),
    /// Of a file.
    File(u64, FileCame),
}

/// All of it.
#[derive(Debug)]
pub struct Model {
    me: User,
    /// The address of the server, for links.
    server: String,
    series: String,
    ops: u64,
    tickets: u64,
    now: Timestamp,
    /// How far the server's clock is ahead.
    ahead_ms: i64,
    link: Link,
    circles: BTreeMap<CircleId, CircleView>,
    talks: BTreeMap<Place, Talk>,
    people: People,
    here: Option<Place>,
    before: Vec<Place>,
    selected: Option<Seq>,
    at_end: bool,
    search: Option<Search>,
    /// What the server found last.
    results: Option<Results>,
    offset_minutes: i16,
    /// Private sessions, by the other user.
    privates: BTreeMap<UserId, PrivateTalk>,
    transfers: Transfers,
    /// Where files are kept that one takes or saves.
    downloads: PathBuf,
    purposes: BTreeMap<u64, Purpose>,
    wishes: VecDeque<Wish>,
    notes: VecDeque<Note>,
    /// When to ask anew for everything that the user is in.
    refresh_at: Option<Timestamp>,
    active_at: Timestamp,
    status: Status,
    typed_at: Timestamp,
    /// Where to go once it is known what there is.
    wanted: Option<String>,
    ready: bool,
}

impl Model {
    /// The model of a user who has just connected. `series` is a text that no other client names
    /// its operations with, `wanted` the place to begin at.
    #[must_use]
    pub fn new(
        me: User,
        server: String,
        series: String,
        wanted: Option<String>,
        now: Timestamp,
    ) -> Self {
        let mut people = People::default();
        people.learn(me.clone());
        Self {
            me,
            server,
            series,
            ops: 0,
            tickets: 0,
            now,
            ahead_ms: 0,
            link: Link::Up,
            circles: BTreeMap::new(),
            talks: BTreeMap::new(),
            people,
            here: None,
            before: Vec::new(),
            selected: None,
            at_end: true,
            search: None,
            results: None,
            offset_minutes: 0,
            privates: BTreeMap::new(),
            transfers: Transfers::default(),
            downloads: PathBuf::from("."),
            purposes: BTreeMap::new(),
            wishes: VecDeque::new(),
            notes: VecDeque::new(),
            refresh_at: None,
            active_at: now,
            status: Status::Online,
            typed_at: Timestamp(0),
            wanted,
            ready: false,
        }
    }

    /// Files that one takes are kept in this directory, unless one says where.
    #[must_use]
    pub fn downloads_to(self, downloads: PathBuf) -> Self {
        Self { downloads, ..self }
    }

    /// The user.
    #[must_use]
    pub fn me(&self) -> &User {
        &self.me
    }

    /// Whether there is a connection.
    #[must_use]
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// Whether it is known what the user is in.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.ready
    }

    /// The time of the last thing that happened.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// How the user says to be there.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// The circles, in the order of their making.
    pub fn circles(&self) -> impl Iterator<Item = &CircleView> {
        self.circles.values()
    }

    /// A circle.
    #[must_use]
    pub fn circle(&self, circle: CircleId) -> Option<&CircleView> {
        self.circles.get(&circle)
    }

    /// The circle of the present place.
    #[must_use]
    pub fn circle_here(&self) -> Option<&CircleView> {
        self.circle(self.talk_here()?.circle()?)
    }

    /// What is held of a place.
    #[must_use]
    pub fn talk(&self, place: Place) -> Option<&Talk> {
        self.talks.get(&place)
    }

    /// All that is held, threads apart.
    pub fn talks(&self) -> impl Iterator<Item = &Talk> {
        self.talks.values().filter(|talk| talk.place().thread.is_none())
    }

    /// What is held of the present place.
    #[must_use]
    pub fn talk_here(&self) -> Option<&Talk> {
        self.talk(self.here?)
    }

    /// The present place.
    #[must_use]
    pub fn here(&self) -> Option<Place> {
        self.here
    }

    /// Whose names are known.
    #[must_use]
    pub fn people(&self) -> &People {
        &self.people
    }

    /// The message that commands without a number are about.
    #[must_use]
    pub fn selected(&self) -> Option<Seq> {
        self.selected
    }

    /// Selects a message of the present place, or none.
    pub fn select(&mut self, message: Option<Seq>) {
        self.selected = message;
    }

    /// How many messages and other changes have no answer yet.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.purposes.values().filter(|purpose| purpose.is_change()).count()
    }

    /// Whether nothing is asked or changed that has no answer yet.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.purposes.is_empty() && self.wishes.is_empty() && self.transfers.is_idle()
    }

    /// Whether a question waits for its answer on which later commands may depend.
    #[must_use]
    pub fn is_asking(&self) -> bool {
        self.purposes.values().any(|purpose| purpose.leads_on())
    }

    /// The next thing to be done.
    pub fn next_wish(&mut self) -> Option<Wish> {
        self.wishes.pop_front()
    }

    /// The next thing to be shown.
    pub fn next_note(&mut self) -> Option<Note> {
        self.notes.pop_front()
    }

    /// Time has passed. Whether something changed that is shown.
    pub fn tick(&mut self, now: Timestamp) -> bool {
        self.now = now;
        let mut changed = matches!(self.link, Link::Down { .. });
        for talk in self.talks.values_mut() {
            changed |= talk.forget_typing(now);
        }
        changed |= self.forget_private_typing(now);
        if self.link == Link::Up {
            self.mark_read();
            if self.refresh_at.is_some_and(|at| at <= now) {
                self.refresh();
            }
            if self.status == Status::Online && now.since_ms(self.active_at) >= IDLE_MS {
                self.set_status(Status::Idle);
                changed = true;
            }
        }
        changed
    }

    /// The user did something.
    pub fn is_active(&mut self, now: Timestamp) {
        (self.now, self.active_at) = (now, now);
        if self.status == Status::Idle {
            self.set_status(Status::Online);
        }
    }

    fn set_status(&mut self, status: Status) {
        self.status = status;
        self.wishes.push_back(Wish::Signal(Signal::Presence { status }));
    }

    /// The user is writing in the present place.
    pub fn is_typing(&mut self) {
        let Some(here) = self.here else { return };
        if self.link == Link::Up && self.now.since_ms(self.typed_at) >= talk::TYPING_AGAIN_MS {
            self.typed_at = self.now;
            let Place { stream, thread } = here;
            self.wishes.push_back(Wish::Signal(Signal::Typing { stream, thread }));
        }
    }

    /// Whether the newest messages of the present place are shown: only then are older ones
    /// forgotten first.
    pub fn set_at_end(&mut self, at_end: bool) {
        self.at_end = at_end;
    }

    /// Somebody sees the newest messages of the present place: they are read.
    pub fn see(&mut self) {
        if let Some(here) = self.here
            && let Some(talk) = self.talks.get_mut(&here)
        {
            talk.see();
        }
    }

    fn say(&mut self, line: impl Into<String>) {
        self.notes.push_back(Note::Said(vec![line.into()]));
    }

    fn wrong(&mut self, line: impl Into<String>) {
        self.notes.push_back(Note::Wrong(line.into()));
    }

    fn ticket(&mut self, purpose: Purpose) -> u64 {
        self.tickets += 1;
        self.purposes.insert(self.tickets, purpose);
        self.tickets
    }

    fn ask(&mut self, purpose: Purpose, query: Query) {
        let ticket = self.ticket(purpose);
        self.wishes.push_back(Wish::Get(ticket, query));
    }

    fn new_op(&mut self) -> Option<OpId> {
        self.ops += 1;
        OpId::parse(&format!("{}-{}", self.series, self.ops)).ok()
    }

    /// Makes a change, unless too many have no answer yet.
    fn change(&mut self, purpose: Purpose, command: Command) {
        if self.queued() >= OPEN_MAX {
            return self.wrong(format!("{OPEN_MAX} changes wait for an answer: wait for them"));
        }
        if let Some(op) = self.new_op() {
            let ticket = self.ticket(purpose);
            self.wishes.push_back(Wish::Do(ticket, op, command));
        }
    }

    /// Asks anew for everything that the user is in.
    pub fn refresh(&mut self) {
        if self.purposes.values().any(|purpose| matches!(purpose, Purpose::Window)) {
            // What comes of that question may not have what happened meanwhile.
            self.refresh_at = Some(self.now);
        } else {
            self.refresh_at = None;
            self.ask(Purpose::Window, Query::Window {});
        }
    }

    /// Asks anew in a moment: the more members a circle has, the longer that may be.
    fn refresh_soon(&mut self, members: u64) {
        let most = members.saturating_mul(SPREAD_MS).min(SPREAD_MAX_MS);
        // Whoever it is, a place of their own within that time.
        let own = self.me.created_at.0 ^ self.now.0;
        let at = self.now.plus_ms(own % most.max(1));
        self.refresh_at = Some(self.refresh_at.map_or(at, |before| before.min(at)));
    }

    /// Asks for the names that are wanted and not known.
    fn ask_names(&mut self) {
        let asking = self.purposes.values().any(|purpose| matches!(purpose, Purpose::Names(_)));
        if !asking && let Some(users) = self.people.take_wanted() {
            self.ask(Purpose::Names(users.clone()), Query::Users { users });
        }
    }

    /// Something came.
    pub fn handle(&mut self, came: Came, now: Timestamp) {
        self.now = now;
        match came {
            Came::Update(update) => self.update(update),
            Came::Done(ticket, result) => self.done(ticket, result),
            Came::Got(ticket, result) => self.got(ticket, result),
            Came::Returned(ticket, result) => self.returned(ticket, result),
            Came::Private(came) => self.private_came(came),
            Came::File(ticket, came) => self.file_came(ticket, came),
        }
        self.ask_names();
    }

    /// The server's time.
    fn server_now(&self) -> Timestamp {
        Timestamp(self.now.0.saturating_add_signed(self.ahead_ms))
    }

    /// The roles of the user in a circle.
    fn my_roles(&self, circle: CircleId) -> BTreeSet<kith_core::id::RoleId> {
        let Some(view) = self.circles.get(&circle) else { return BTreeSet::new() };
        let mut roles = view.member.roles.clone();
        roles.insert(view.circle.everyone);
        roles
    }

    fn stream_place(stream: StreamId) -> Place {
        Place { stream, thread: None }
    }
}
