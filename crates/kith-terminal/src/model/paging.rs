//! Going to places, and windows of messages that are loaded as they are looked at.

use kith_client::messages::Draft;
use kith_core::command::Command;
use kith_core::document::Message;
use kith_core::id::{FileId, Seq, StreamId};
use kith_core::text::MessageText;
use kith_proto::query::Query;

use super::answer::Purpose;
use super::place::Meant;
use super::talk::{Asking, HELD_MAX, REST_MAX};
use super::then::Then;
use super::{BACK_MAX, Link, Model, Note, OPEN_MAX, Place, Talk, Wish};

/// Messages that one question asks for.
pub(super) const PAGE: u32 = 100;
/// The most that one question may ask for: for looking through many.
const PAGE_MAX: u32 = 200;
/// Pages that one search looks through before it says how far it came.
const SEARCH_PAGES: u32 = 50;
/// Threads that are held; the one that was left longest ago goes first.
const THREADS_MAX: usize = 8;

/// A search that can go on.
#[derive(Clone, Debug)]
pub(super) struct Search {
    place: Place,
    /// What is looked for, in small letters.
    text: String,
    /// Only in older messages than this.
    before: Option<Seq>,
}

impl Model {
    /// What is known is there: go where one wanted to go.
    pub(super) fn begin(&mut self) {
        let Some(wanted) = self.wanted.take() else { return self.go_to_first() };
        match self.find_place(&wanted) {
            Meant::One(place) => self.go_to(place),
            Meant::User(name) => self.find_user(name, Then::Begin),
            Meant::None(why) => self.notes.push_back(Note::Nowhere(why)),
        }
    }

    /// Goes to the first place, if one is nowhere.
    pub fn go_to_first(&mut self) {
        let first = self.places().first().copied();
        match first {
            Some(first) if self.here.is_none() => self.go_to(first),
            Some(_) => {}
            None => {
                self.say(
                    "you are in no circle yet: join one (`join LINK`), make one (`newcircle NAME`), \
                     or write to somebody (`message USER TEXT`)",
                );
                self.notes.push_back(Note::Moved);
            }
        }
    }

    /// Goes to a place that is held, or to the thread of one that is.
    pub fn go_to(&mut self, place: Place) {
        let main = Place { thread: None, ..place };
        if let Some(root) = place.thread
            && !self.talks.contains_key(&place)
        {
            let Some(thread) = self.talks.get(&main).map(|talk| talk.thread(root)) else { return };
            self.forget_threads();
            self.talks.insert(place, thread);
            let query = Query::Message { stream: place.stream, message: root };
            self.ask(Purpose::Root(place), query);
        }
        if !self.talks.contains_key(&place) {
            return;
        }
        if let Some(left) = self.here.filter(|here| *here != place) {
            if let Some(talk) = self.talks.get_mut(&left) {
                talk.trim(REST_MAX, true);
            }
            self.before.retain(|before| *before != place);
            self.before.push(left);
            if self.before.len() > BACK_MAX {
                self.before.remove(0);
            }
        }
        (self.here, self.selected, self.at_end) = (Some(place), None, true);
        if let Some(talk) = self.talks.get_mut(&place) {
            talk.new_after = (talk.unread > 0).then_some(talk.read);
        }
        self.load();
        self.ask_present();
        self.notes.push_back(Note::Moved);
    }

    fn forget_threads(&mut self) {
        let threads: Vec<Place> =
            self.talks.keys().copied().filter(|place| place.thread.is_some()).collect();
        if threads.len() >= THREADS_MAX {
            let left = |place: &Place| self.before.iter().position(|before| before == place);
            let idle = threads.into_iter().filter(|place| {
                Some(*place) != self.here
                    && self.talks.get(place).is_some_and(|talk| talk.messages.sending() == 0)
            });
            if let Some(oldest) = idle.min_by_key(left) {
                self.talks.remove(&oldest);
                self.before.retain(|place| *place != oldest);
            }
        }
    }

    /// Goes back to where one was before.
    pub(super) fn back(&mut self) {
        match (self.before.pop(), self.here) {
            (Some(place), _) => {
                let left = self.here.take();
                self.go_to(place);
                if let Some(talk) = left.and_then(|left| self.talks.get_mut(&left)) {
                    talk.trim(REST_MAX, true);
                }
            }
            (None, Some(Place { stream, thread: Some(_) })) => {
                self.go_to(Self::stream_place(stream));
            }
            (None, _) => self.wrong("there is nowhere to go back to"),
        }
    }

    /// Loads the first page of the present place, if there is none.
    fn load(&mut self) {
        let Some(talk) = self.talk_here() else { return };
        let few = talk.confirmed().count() < usize::try_from(PAGE / 2).unwrap_or(50);
        if few && talk.has_older() {
            self.page(Asking::Older);
        }
    }

    /// Asks for messages of the present place, unless some are asked for already.
    pub(super) fn page(&mut self, asking: Asking) {
        let Some(place) = self.here else { return };
        let Some(talk) = self.talks.get_mut(&place) else { return };
        match asking {
            Asking::Older | Asking::Newer if talk.asking.is_some() => return,
            Asking::Older | Asking::Newer => {}
            // What takes the place of everything does not wait for what was asked before.
            Asking::Latest | Asking::Around(_) | Asking::Oldest => talk.life += 1,
        }
        let first = talk.confirmed().next().map(|message| message.seq);
        let (mut before, mut after, mut limit) = (None, None, PAGE);
        match asking {
            Asking::Older if !talk.older => return,
            Asking::Older => before = first,
            Asking::Newer => match talk.messages.ask_newer() {
                Some(seq) => after = Some(seq),
                None => return,
            },
            Asking::Latest => drop(talk.messages.ask_newer()),
            Asking::Around(seq) => (before, limit) = (Some(seq.next()), PAGE / 2),
            Asking::Oldest => after = Some(Seq(0)),
        }
        talk.asking = Some(asking);
        let life = talk.life;
        let Place { stream, thread } = place;
        let query =
            Query::Messages { stream, thread, before, after, around: None, limit: Some(limit) };
        self.ask(Purpose::Page { place, asking, life }, query);
    }

    /// A page came.
    pub(super) fn paged(
        &mut self,
        place: Place,
        asking: Asking,
        life: u32,
        messages: Vec<Message>,
        more: bool,
    ) {
        messages.iter().for_each(|message| self.people.want(message.author));
        let here = self.here == Some(place);
        let Some(talk) = self.talks.get_mut(&place) else { return };
        if talk.life != life {
            return;
        }
        talk.asking = None;
        let mut again = false;
        match asking {
            Asking::Older => {
                talk.messages.page(messages);
                talk.older = more;
                talk.trim(HELD_MAX, false);
            }
            Asking::Newer => {
                talk.messages.newer_page(messages, more);
                talk.trim(HELD_MAX, true);
            }
            Asking::Latest => {
                talk.messages.show(messages);
                talk.messages.newer_page(Vec::new(), false);
                (talk.older, again) = (more, talk.messages.is_cut());
                talk.life += 1;
            }
            Asking::Around(_) => {
                talk.messages.show(messages);
                (talk.older, again) = (more, true);
                talk.life += 1;
            }
            Asking::Oldest => {
                talk.messages.show(messages);
                if !more {
                    talk.messages.newer_page(Vec::new(), false);
                }
                talk.older = false;
                talk.life += 1;
            }
        }
        if !here {
            return;
        }
        match asking {
            Asking::Older | Asking::Newer => self.notes.push_back(Note::Paged),
            Asking::Around(seq) => self.found(place, seq),
            Asking::Latest => self.notes.push_back(Note::Moved),
            Asking::Oldest => self.found_first(place),
        }
        if again {
            self.page(Asking::Newer);
        }
    }

    /// A page did not come.
    pub(super) fn not_paged(&mut self, place: Place, life: u32) {
        if let Some(talk) = self.talks.get_mut(&place)
            && talk.life == life
        {
            talk.asking = None;
        }
    }

    /// Loads older messages of the present place.
    pub fn load_older(&mut self) {
        self.page(Asking::Older);
    }

    /// Loads newer messages of the present place, where they are not held.
    pub fn load_newer(&mut self) {
        self.page(Asking::Newer);
    }

    /// Holds the newest messages of the present place.
    pub fn load_latest(&mut self) {
        if self.talk_here().is_some_and(Talk::has_newer) {
            self.page(Asking::Latest);
        }
    }

    /// Holds the first messages of the present place.
    pub fn load_oldest(&mut self) {
        match self.talk_here() {
            Some(talk) if talk.has_older() => self.page(Asking::Oldest),
            Some(talk) => self.found_first(talk.place()),
            None => {}
        }
    }

    /// Goes to a message of the present place.
    pub(super) fn jump(&mut self, seq: Seq) {
        let Some(talk) = self.talk_here() else { return self.wrong("you are nowhere") };
        let place = talk.place();
        if talk.confirmed().any(|message| message.seq == seq) {
            return self.found(place, seq);
        }
        self.page(Asking::Around(seq));
    }

    fn found_first(&mut self, place: Place) {
        let first = self.talks.get(&place).and_then(|talk| talk.confirmed().next());
        if let Some(seq) = first.map(|message| message.seq) {
            self.at_end = false;
            self.notes.push_back(Note::First(seq));
        }
    }

    fn found(&mut self, place: Place, seq: Seq) {
        let nearest = self.talks.get(&place).and_then(|talk| {
            talk.confirmed().map(|message| message.seq).take_while(|held| *held <= seq).last()
        });
        match nearest {
            Some(nearest) => {
                self.selected = Some(nearest);
                self.at_end = false;
                self.notes.push_back(Note::Found(nearest));
            }
            None => self.wrong(format!("there is no message #{seq} here")),
        }
    }

    /// Looks for a text in older messages of the present place, or goes on with the last search.
    pub(super) fn find(&mut self, text: Option<String>) {
        let Some(place) = self.here else { return self.wrong("you are nowhere") };
        let search = match (text, self.search.take()) {
            (Some(text), _) => Search { place, text: text.to_lowercase(), before: self.selected },
            (None, Some(search)) if search.place == place => search,
            (None, _) => {
                return self.wrong("`find` needs TEXT, a text: nothing was looked for here");
            }
        };
        self.look(search, SEARCH_PAGES);
    }

    /// Looks through what is held, then further back.
    fn look(&mut self, mut search: Search, pages: u32) {
        let Some(talk) = self.talks.get(&search.place) else { return };
        let is_older = |seq: Seq| search.before.is_none_or(|before| seq < before);
        let held: Vec<&Message> =
            talk.confirmed().filter(|message| is_older(message.seq)).collect();
        let hit = held.iter().rev().find(|message| contains(message, &search.text));
        if let Some(seq) = hit.map(|message| message.seq) {
            search.before = Some(seq);
            let place = search.place;
            self.search = Some(search);
            return self.found(place, seq);
        }
        let first = talk.confirmed().next().map(|message| message.seq);
        let from = match (search.before, first) {
            (Some(before), Some(first)) => Some(before.min(first)),
            (before, first) => before.or(first),
        };
        if !talk.has_older() {
            self.search = None;
            return self.wrong(format!("no older message has `{}`", search.text));
        }
        search.before = from;
        self.look_back(search, pages);
    }

    fn look_back(&mut self, search: Search, pages: u32) {
        let Place { stream, thread } = search.place;
        let (before, limit) = (search.before, Some(PAGE_MAX));
        let query = Query::Messages { stream, thread, before, after: None, around: None, limit };
        self.ask(Purpose::Find { search, pages }, query);
    }

    /// A page to look through came.
    pub(super) fn looked(
        &mut self,
        mut search: Search,
        pages: u32,
        messages: &[Message],
        more: bool,
    ) {
        let first = messages.first().map(|message| message.seq);
        let hit = messages.iter().rev().find(|message| contains(message, &search.text));
        if let Some(hit) = hit {
            search.before = Some(hit.seq);
            let (place, seq) = (search.place, hit.seq);
            self.search = Some(search);
            if self.here == Some(place) {
                self.jump(seq);
            }
            return;
        }
        search.before = first.or(search.before);
        if !more {
            self.search = None;
            return self.wrong(format!("no older message has `{}`", search.text));
        }
        if pages > 1 && self.here == Some(search.place) {
            return self.look_back(search, pages - 1);
        }
        let at = search.before.unwrap_or_default();
        self.wrong(format!("not found back to #{at}; `find` looks further back"));
        self.search = Some(search);
    }

    /// Posts in a place. It is shown at once, and sent when there is a connection.
    pub(super) fn post(&mut self, place: Place, text: &str, reply_to: Option<Seq>) -> bool {
        let text = match MessageText::parse(text) {
            Ok(text) => text,
            Err(refusal) => {
                self.wrong(refusal.to_string());
                return false;
            }
        };
        self.post_with(place, text, reply_to, Vec::new())
    }

    /// The same with files that the server has.
    pub(super) fn post_with(
        &mut self,
        place: Place,
        text: MessageText,
        reply_to: Option<Seq>,
        files: Vec<FileId>,
    ) -> bool {
        if self.queued() >= OPEN_MAX {
            self.wrong(format!("{OPEN_MAX} changes wait for an answer: wait for them"));
            return false;
        }
        let Some(op) = self.new_op() else { return false };
        let Some(talk) = self.talks.get_mut(&place) else {
            self.wrong("that place is not there any more");
            return false;
        };
        let draft = Draft { text, reply_to, thread: place.thread, topic: None, files };
        let command = talk.messages.send(op.clone(), draft);
        let ticket = self.ticket(Purpose::Posted { place, op: op.clone() });
        self.wishes.push_back(Wish::Do(ticket, op, command));
        if self.here == Some(place) {
            self.load_latest();
        }
        true
    }

    /// Tells the server how far the user has read.
    pub(super) fn mark_read(&mut self) {
        let due: Vec<(Place, Seq)> = self
            .talks
            .values_mut()
            .filter(|talk| talk.seen > talk.read)
            .map(|talk| {
                talk.read = talk.seen;
                (talk.place(), talk.seen)
            })
            .collect();
        for (Place { stream, thread }, seq) in due {
            self.change(Purpose::Read, Command::Read { stream, thread, seq });
        }
    }

    /// Asks who is in the circle of the present place, if that is not known.
    pub(super) fn ask_present(&mut self) {
        let Some(circle) = self.talk_here().and_then(Talk::circle) else { return };
        let Some(view) = self.circles.get_mut(&circle) else { return };
        if self.link == Link::Up && !view.asked {
            view.asked = true;
            self.ask(Purpose::Present(circle), Query::Present { circle });
            let begin = "chat/".to_owned();
            let services = Query::Services { circle, begin, after: None, limit: Some(200) };
            self.ask(Purpose::Slashes(circle), services);
            let members = Query::Members { circle, after: None, limit: Some(200) };
            self.ask(Purpose::Members { circle, told: false }, members);
        }
    }

    /// What is held of a stream whose last message is not known to be read is marked as read.
    pub(super) fn read_all(&mut self, stream: StreamId) {
        let place = Self::stream_place(stream);
        if let Some(talk) = self.talks.get_mut(&place) {
            talk.see();
        }
        self.mark_read();
    }
}

fn contains(message: &Message, text: &str) -> bool {
    message.text.as_str().to_lowercase().contains(text)
}
