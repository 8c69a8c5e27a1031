//! What comes unasked.

use std::time::Duration;

use kith_client::{Subscribe, Update};
use kith_core::document::Home;
use kith_core::event::{Body, Event, FeedKind, Leaving};
use kith_core::id::{CircleId, FeedId, Seq, StreamId, UserId};
use kith_proto::frame::{Signaled, Status, Welcome};
use kith_proto::query::{Present, Query, State, StreamWindow, Window};

use super::answer::Purpose;
use super::circle::MEMBERS_MAX;
use super::talk::{HELD_MAX, REST_MAX};
use super::{CircleView, Ended, Link, Model, Note, Place, Talk, Wish};

/// Feeds that are followed, at most; of streams beyond, counts are told with the window alone.
const FOLLOWED_MAX: usize = 2000;
/// Messages that a snapshot of a stream brings.
const SNAPSHOT: u32 = 50;

fn wish(feed: FeedId, after: Option<Seq>) -> Subscribe {
    Subscribe { feed, epoch: None, after, window: Some(SNAPSHOT), events_only: false }
}

impl Model {
    pub(super) fn update(&mut self, update: Update) {
        match update {
            Update::Connected(welcome) => self.connected(&welcome),
            Update::Disconnected { retry_in, why } => self.disconnected(retry_in, why),
            Update::Stopped(problem) => self.notes.push_back(Note::Ended(Ended::Stopped(problem))),
            Update::Event(event) => self.event(&event),
            Update::Hidden { feed: FeedId::Stream(stream), seq } => {
                for talk in self.talks_of(stream) {
                    talk.messages.hidden(seq);
                }
            }
            Update::Snapshot { feed, seq, state } => self.snapshot(feed, seq, *state),
            Update::Signal { feed, user, what } => self.signal(feed, user, &what),
            Update::Offered(card) => {
                if let Some(view) = self.circles.get_mut(&card.circle) {
                    view.offered(&card);
                }
            }
            Update::Refused { feed: FeedId::Stream(stream), .. }
            | Update::Closed { feed: FeedId::Stream(stream), removed: false } => {
                self.closed(stream);
            }
            Update::Closed { feed: FeedId::Stream(stream), removed: true } => self.gone(stream),
            Update::Refused { .. } | Update::Closed { .. } => self.refresh(),
            // Of topics, of what others show, and what snapshots tell as well.
            Update::Events(_)
            | Update::Behind { .. }
            | Update::Settled { .. }
            | Update::Hidden { .. }
            | Update::Reset { .. }
            | Update::CaughtUp { .. }
            | Update::Aware { .. }
            | Update::NotShown { .. } => {}
        }
    }

    fn connected(&mut self, welcome: &Welcome) {
        self.me = welcome.user.clone();
        self.people.learn(welcome.user.clone());
        let ahead = i128::from(welcome.now.0) - i128::from(self.now.0);
        self.ahead_ms = i64::try_from(ahead).unwrap_or_default();
        let was_down = self.link != Link::Up;
        self.link = Link::Up;
        self.circles.values_mut().for_each(|view| view.asked = false);
        // First, so that nothing happens unseen between what the server tells and what it is asked.
        if !self.ready {
            let mine = wish(FeedId::User(self.me.id), None);
            self.wishes.push_back(Wish::Follow(vec![mine]));
        }
        self.refresh();
        if self.ready {
            self.ask_present();
        }
        if self.status != Status::Online {
            self.set_status(self.status);
        }
        if was_down {
            self.notes.push_back(Note::Link);
        }
    }

    fn disconnected(&mut self, retry_in: Duration, why: String) {
        let was_up = self.link == Link::Up;
        let wait = u64::try_from(retry_in.as_millis()).unwrap_or(u64::MAX);
        self.link = Link::Down { why, retry_at: self.now.plus_ms(wait) };
        for view in self.circles.values_mut() {
            view.present.clear();
        }
        if was_up {
            self.notes.push_back(Note::Link);
        }
    }

    /// What is held of a stream and its threads.
    pub(super) fn talks_of(&mut self, stream: StreamId) -> impl Iterator<Item = &mut Talk> {
        let places = Place { stream, thread: None }..=Place { stream, thread: Some(Seq(u64::MAX)) };
        self.talks.range_mut(places).map(|(_, talk)| talk)
    }

    /// Everything that the user is in, as the server told it.
    pub(super) fn window(&mut self, window: Window) {
        let ids: Vec<CircleId> = window.circles.iter().map(|of| of.circle.id).collect();
        self.circles.retain(|circle, _| ids.contains(circle));
        let mut streams = window.conversations;
        let mut follows = Vec::new();
        for of in window.circles {
            streams.extend(of.streams);
            match self.circles.get_mut(&of.circle.id) {
                // What was told of it meanwhile is newer.
                Some(view) if of.head < view.seq => {}
                Some(view) => {
                    (view.circle, view.member, view.seq) = (of.circle, of.member, of.head);
                }
                None => {
                    follows.push(wish(FeedId::Circle(of.circle.id), Some(of.head)));
                    let view = CircleView::new(of.circle, of.member, of.head);
                    self.circles.insert(view.circle.id, view);
                }
            }
        }
        let kept: Vec<StreamId> = streams.iter().map(|of| of.stream.id).collect();
        let gone: Vec<StreamId> =
            self.talks().map(|talk| talk.place().stream).filter(|id| !kept.contains(id)).collect();
        gone.into_iter().for_each(|stream| self.drop_stream(stream));
        follows.extend(streams.iter().filter_map(|of| self.hold_stream(of)));
        if !follows.is_empty() {
            self.wishes.push_back(Wish::Follow(follows));
        }
        self.reach_privately();
        if !self.ready {
            self.ready = true;
            self.begin();
        }
    }

    /// A stream that the user is in, as the server told it.
    pub(super) fn learn_stream(&mut self, of: &StreamWindow) {
        if let Some(follow) = self.hold_stream(of) {
            self.wishes.push_back(Wish::Follow(vec![follow]));
        }
    }

    /// Holds a stream as the server told it; how to follow it, if it is not followed yet.
    fn hold_stream(&mut self, of: &StreamWindow) -> Option<Subscribe> {
        let place = Self::stream_place(of.stream.id);
        if let Home::Direct { users } = &of.stream.home {
            users.iter().for_each(|user| self.people.want(*user));
        }
        if let Home::Group { users, .. } = &of.stream.home {
            users.iter().for_each(|user| self.people.want(*user));
        }
        match self.talks.get_mut(&place) {
            // What was counted before the last event that is here is counted again.
            Some(talk) if of.head >= talk.messages.seq() => {
                (talk.read, talk.unread, talk.mentions) = (of.read, of.unread, of.mentions);
                talk.counted = of.head;
                if talk.seen > talk.read {
                    (talk.unread, talk.mentions) = (0, 0);
                }
            }
            Some(_) => {}
            None => {
                // Of a stream that came to be while this runs, what was said before it was asked for is
                // told like what is said from now on.
                let missed = self.ready && of.unread > 0 && of.unread <= u64::from(SNAPSHOT);
                let from = if missed { of.read } else { of.head };
                self.talks.insert(place, Talk::new(of, from));
                let follow = wish(FeedId::Stream(of.stream.id), Some(from));
                return (self.talks.len() <= FOLLOWED_MAX).then_some(follow);
            }
        }
        None
    }

    fn snapshot(&mut self, feed: FeedId, seq: Seq, state: State) {
        match (feed, state) {
            (FeedId::Stream(stream), State::Stream { stream: document, messages }) => {
                for message in &messages {
                    self.people.want(message.author);
                }
                for talk in self.talks_of(stream) {
                    let thread = talk.place().thread;
                    let some = messages.iter().filter(|message| {
                        thread.is_none() || message.thread == thread || Some(message.seq) == thread
                    });
                    let some = some.cloned().collect();
                    talk.messages.snapshot(seq, document.clone(), some);
                    (talk.older, talk.asking) = (true, None);
                    talk.life += 1;
                }
                self.ask(Purpose::Stream, Query::Stream { stream });
                if self.here.is_some_and(|here| here.stream == stream) {
                    self.notes.push_back(Note::Moved);
                }
            }
            (FeedId::Circle(id), State::Circle { circle, member }) => {
                if let Some(view) = self.circles.get_mut(&id) {
                    (view.circle, view.member, view.seq) = (circle, member, seq);
                    // What was told of its streams before it is told no more.
                    self.refresh();
                }
            }
            _ => {}
        }
    }

    fn signal(&mut self, feed: FeedId, user: UserId, what: &Signaled) {
        self.people.want(user);
        match (feed, what) {
            (_, Signaled::Typing { stream, thread }) => {
                let (now, place) = (self.now, Place { stream: *stream, thread: *thread });
                if user != self.me.id
                    && let Some(talk) = self.talks.get_mut(&place)
                {
                    talk.types(user, now);
                }
            }
            (FeedId::Circle(circle), Signaled::Presence { status }) => {
                let now = self.server_now();
                if let Some(view) = self.circles.get_mut(&circle) {
                    if *status == Status::Offline {
                        view.present.remove(&user);
                    } else if view.present.len() < MEMBERS_MAX || view.present.contains_key(&user) {
                        let since = view.present.get(&user).map_or(now, |present| present.since);
                        let present = Present { user, status: *status, since };
                        view.present.insert(user, present);
                    }
                }
            }
            (_, Signaled::Presence { .. }) => {}
        }
    }

    fn event(&mut self, event: &Event) {
        if let Some(by) = event.by {
            self.people.want(by);
        }
        match event.feed {
            FeedId::Stream(stream) => self.in_stream(stream, event),
            FeedId::Circle(circle) => self.in_circle(circle, event),
            FeedId::User(_) => self.in_user(event),
            FeedId::Topic(_) | FeedId::Live(_) | FeedId::Audit(_) | FeedId::Site => {}
        }
    }

    fn in_stream(&mut self, stream: StreamId, event: &Event) {
        let (here, at_end) = (self.here, self.at_end);
        for talk in self.talks_of(stream) {
            talk.messages.event(event);
            let is_here = here == Some(talk.place());
            // What is looked at is kept, at whichever end it is.
            talk.trim(if is_here { HELD_MAX } else { REST_MAX }, !is_here || at_end);
        }
        match &event.body {
            Body::Posted { thread, .. } => self.posted(stream, *thread, event),
            Body::Edited { message, text, .. } => {
                self.changed(stream, event, format!("edited #{message}: {text}"));
            }
            Body::Deleted { message, .. } => {
                self.changed(stream, event, format!("deleted #{message}"));
                self.ask(Purpose::Stream, Query::Stream { stream });
            }
            Body::Reacted { message, emoji } => {
                self.changed(stream, event, format!("reacted to #{message}: {emoji}"));
            }
            Body::Unreacted { message, emoji } => {
                self.changed(stream, event, format!("took back from #{message}: {emoji}"));
            }
            Body::Pinned { message } => {
                self.changed(stream, event, format!("pinned #{message}"));
            }
            Body::Unpinned { message } => {
                self.changed(stream, event, format!("pins #{message} no longer"));
            }
            _ => {}
        }
    }

    fn changed(&mut self, stream: StreamId, event: &Event, what: String) {
        let place = Self::stream_place(stream);
        self.notes.push_back(Note::Changed { place, by: event.by, what });
    }

    fn posted(&mut self, stream: StreamId, thread: Option<Seq>, event: &Event) {
        let Body::Posted { mentions, .. } = &event.body else { return };
        let me = self.me.id;
        let (main, place) = (Self::stream_place(stream), Place { stream, thread });
        if let (Some(by), Some(talk)) = (event.by, self.talks.get_mut(&place)) {
            talk.types_no_longer(by);
        }
        let Some(talk) = self.talks.get(&main) else { return };
        let circle = talk.circle();
        let roles = circle.map(|circle| self.my_roles(circle)).unwrap_or_default();
        let means_me = mentions.everyone
            || mentions.users.contains(&me)
            || mentions.roles.iter().any(|role| roles.contains(role));
        let others = event.by != Some(me);
        if let Some(talk) = self.talks.get_mut(&main)
            && others
            && event.seq > talk.counted
        {
            talk.unread += u64::from(thread.is_none());
            talk.mentions += u64::from(means_me);
        }
        let for_me = others && (means_me || circle.is_none());
        self.notes.push_back(Note::Posted { place, seq: event.seq, for_me });
    }

    fn in_circle(&mut self, circle: CircleId, event: &Event) {
        let me = self.me.id;
        let Some(view) = self.circles.get_mut(&circle) else { return };
        // What the server told of the circle since may have it already.
        let is_new = event.seq > view.seq;
        view.seq = view.seq.max(event.seq);
        match &event.body {
            Body::MemberJoined { user } => {
                view.circle.members += u64::from(is_new);
                self.people.want(*user);
                // Their membership is asked for when the list is.
                view.asked = false;
            }
            Body::MemberChanged { member } if member.user == me => {
                if is_new {
                    view.member = member.clone();
                }
                self.refresh();
            }
            Body::FeedsChanged { of: FeedKind::Streams } => {
                let members = view.circle.members;
                self.refresh_soon(members);
            }
            Body::FeedsChanged { of: FeedKind::Topics } => {}
            Body::MemberChanged { member } => {
                if let Some(held) = view.members.get_mut(&member.user) {
                    *held = member.clone();
                }
            }
            Body::MemberLeft { user, .. } => {
                view.circle.members = view.circle.members.saturating_sub(u64::from(is_new));
                view.members.remove(user);
                view.present.remove(user);
            }
            _ => self.refresh(),
        }
    }

    fn in_user(&mut self, event: &Event) {
        match &event.body {
            Body::CircleJoined { .. } | Body::ConversationOpened { .. } => self.refresh(),
            Body::CircleLeft { circle, how } => {
                let name = self.circles.get(circle).map(|view| view.circle.name.to_string());
                match (name, how) {
                    (Some(name), Leaving::Kicked | Leaving::Banned) => {
                        self.wrong(format!("you were made to leave {name}"));
                    }
                    (Some(name), Leaving::CircleRemoved) => {
                        self.wrong(format!("{name} was removed, with all that was in it"));
                        self.circles.remove(circle);
                    }
                    (_, Leaving::Left) | (None, _) => {}
                }
                self.refresh();
            }
            Body::ConversationLeft { stream } => self.closed(*stream),
            // What was told of who is there was not told of whom one blocked.
            Body::Unblocked { .. } => {
                self.circles.values_mut().for_each(|view| view.asked = false);
                self.ask_present();
            }
            // Mentions of threads count in their stream.
            Body::ReadTo { stream, .. } => {
                self.ask(Purpose::Stream, Query::Stream { stream: *stream });
            }
            _ => {}
        }
    }

    /// The user may read a stream no longer.
    fn closed(&mut self, stream: StreamId) {
        let place = Self::stream_place(stream);
        if self.talks.contains_key(&place) {
            let name = self.full_name(place);
            if self.here.is_some_and(|here| here.stream == stream) {
                self.wrong(format!("you can no longer read {name}"));
            }
            self.removed(stream);
        }
    }

    /// A stream was removed. Where its circle was, that is told of the circle.
    fn gone(&mut self, stream: StreamId) {
        let place = Self::stream_place(stream);
        let circle = self.talks.get(&place).and_then(Talk::circle);
        let is_alone = circle.is_some_and(|circle| self.circles.contains_key(&circle));
        if is_alone && self.here.is_some_and(|here| here.stream == stream) {
            let name = self.full_name(place);
            self.wrong(format!("{name} was removed, with all that was in it"));
        }
        self.removed(stream);
    }

    /// There is no such stream any more.
    fn removed(&mut self, stream: StreamId) {
        self.drop_stream(stream);
        self.refresh();
    }

    fn drop_stream(&mut self, stream: StreamId) {
        self.talks.retain(|place, _| place.stream != stream);
        self.before.retain(|place| place.stream != stream);
        if self.here.is_some_and(|here| here.stream == stream) {
            self.here = None;
            let to = self.before.pop().or_else(|| self.places().first().copied());
            match to {
                Some(to) => self.go_to(to),
                None => self.notes.push_back(Note::Moved),
            }
        }
    }
}
