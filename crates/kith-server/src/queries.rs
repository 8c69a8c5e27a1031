//! Questions and their answers: the same for the WebSocket and REST.

use std::sync::Arc;

use kith_core::document::{Circle, Message};
use kith_core::id::{CircleId, Seq, SessionId, StreamId, Timestamp, TopicId, UserId};
use kith_core::text::Line;
use kith_core::topic::Kind;
use kith_hub::HubError;
use kith_hub::presence::Status;
use kith_hub::read::Page;
use kith_hub::read::inbox::{self, Place};
use kith_hub::search::Asked;
use kith_proto::error::Problem;
use kith_proto::query::{
    Answer, Banned, CircleCard, CircleWindow, Edit, Found, Hit, Inbox, InboxEntry, InboxPlace,
    OpenCall, Present, Query, SessionCard, StreamUnread, StreamWindow, ThreadCard, ThreadUnread,
    TopicWindow, Traffic, Window,
};

use crate::app::App;
use crate::wire::to_wire;
use crate::{admin, metrics, services};

/// The most messages, users or members of one answer.
const PAGE_MAX: u32 = 200;
/// Messages of one answer when nothing else is asked.
const MESSAGES: u32 = 50;
/// Topics of one answer when nothing else is asked.
const TOPICS: u32 = 100;
/// About how many bytes the values of topics take that are in one answer.
const VALUES_BYTES_MAX: usize = 1024 * 1024;
/// Services of one answer when nothing else is asked.
const SERVICES: u32 = 100;
/// Calls of one answer when nothing else is asked.
const CALLS: u32 = 100;
/// Hits of one answer when nothing else is asked, and at most.
const HITS: u32 = 20;
const HITS_MAX: u32 = 100;
/// Members and circles of one answer when nothing else is asked.
const MEMBERS: u32 = 100;

/// Answers `query` of a user.
pub(crate) async fn answer(
    app: &App,
    me: UserId,
    session: SessionId,
    query: Query,
) -> Result<Answer, Problem> {
    find(app, me, session, query).await.map_err(|error| app.problem(&error))
}

async fn find(app: &App, me: UserId, session: SessionId, query: Query) -> Result<Answer, HubError> {
    let hub = &app.hub;
    Ok(match query {
        Query::Ping {} => Answer::Pong { now: hub.now() },
        Query::Window {} => Answer::Window(window(app, me).await?),
        Query::Circle { circle } => Answer::Circle(circle_window(app, me, circle).await?),
        Query::Stream { stream } => Answer::Stream(stream_window(app, me, stream).await?),
        Query::Messages { stream, thread, before, after, around, limit } => {
            let limit = page(limit, MESSAGES);
            let page = Page { thread, before, after, limit };
            let (messages, more) = match around {
                Some(seq) => around_message(app, me, stream, seq, page).await?,
                None => hub.messages(me, stream, page).await?,
            };
            Answer::Messages { messages: owned(messages), more }
        }
        Query::Message { stream, message } => {
            Answer::Message(hub.message(me, stream, message).await?.as_ref().clone())
        }
        Query::Search { text, order, after, limit, offset_minutes } => {
            let limit = limit.unwrap_or(HITS).clamp(1, HITS_MAX) as usize;
            let (text, after) = (text.as_str(), after.as_deref());
            let asked = Asked { text, order, after, limit, offset: offset_minutes };
            Answer::Search(found(hub.search(me, asked).await?))
        }
        Query::Topic { topic, seq } => Answer::Topic(topic_window(app, me, topic, seq).await?),
        Query::History { topic, before, limit } => {
            let limit = page(limit, MESSAGES);
            let (events, more) = hub.history(me, topic, before, limit).await?;
            Answer::History { events, more }
        }
        Query::TopicByName { circle, name } => {
            let topic = app.hub.topic_named(me, circle, &name).await?.id;
            Answer::Topic(topic_window(app, me, topic, None).await?)
        }
        Query::Topics { circle, begin, after, limit } => {
            let limit = page(limit, TOPICS);
            let (topics, more) = hub.topics(me, circle, &begin, after.as_deref(), limit).await?;
            let topics = topics.into_iter().map(Arc::unwrap_or_clone).collect();
            Answer::Topics { topics, more }
        }
        Query::TopicValues { circle, begin, after, limit } => {
            let (topics, more) =
                topic_values(app, me, circle, &begin, after, page(limit, TOPICS)).await?;
            Answer::TopicValues { topics, more }
        }
        Query::Undoable { circle } => {
            let (undo, redo) = hub.undoable(me, circle).await?;
            let count = |steps| u32::try_from(steps).unwrap_or(u32::MAX);
            Answer::Undoable { undo: count(undo), redo: count(redo) }
        }
        Query::Unread { stream } => Answer::Unread(unread(app, me, stream).await?),
        Query::Users { users } => {
            let mut found = Vec::new();
            for user in users.into_iter().take(PAGE_MAX as usize) {
                match hub.user(me, user).await {
                    Ok(user) => found.push(user.as_ref().clone()),
                    Err(HubError::Refused(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            Answer::Users(found)
        }
        Query::UserByName { name } => Answer::User(hub.user_by_name(&name).await?.as_ref().clone()),
        Query::Members { circle, after, limit } => {
            let limit = page(limit, MEMBERS);
            let (members, more) = hub.members(me, circle, after, limit).await?;
            let members = members.iter().map(|member| member.as_ref().clone()).collect();
            Answer::Members { members, more }
        }
        Query::Bans { circle, after, limit } => {
            let (bans, more) = hub.bans(me, circle, after, page(limit, MEMBERS)).await?;
            let told = bans.iter().map(|(user, ban)| Banned {
                user: user.as_ref().clone(),
                by: ban.by,
                reason: ban.reason.clone(),
                at: ban.at,
            });
            Answer::Bans { bans: told.collect(), more }
        }
        Query::Present { circle } => present(hub.present(me, circle).await?),
        Query::PresentInConversations {} => present(hub.present_in_conversations(me).await?),
        Query::Came { circle, seconds } => {
            let now = hub.now();
            let after = Timestamp(now.0.saturating_sub(seconds.saturating_mul(1000)));
            Answer::Came(hub.came(me, circle, after).await?)
        }
        Query::Services { circle, begin, after, limit } => {
            let limit = page(limit, SERVICES);
            let mut found = hub.services(me, circle, &begin).await?;
            found.retain(|card| after.as_deref().is_none_or(|after| card.name.as_str() > after));
            let more = found.len() > limit;
            found.truncate(limit);
            Answer::Services { services: found.into_iter().map(services::card).collect(), more }
        }
        Query::Calls { circle, limit } => {
            let limit = page(limit, CALLS);
            let (calls, more) = hub.open_calls(me, circle, limit).await?;
            Answer::Calls { calls: calls.into_iter().map(open_call).collect(), more }
        }
        Query::Traffic { feeds } => {
            let mut told = Vec::new();
            for feed in feeds.into_iter().take(PAGE_MAX as usize) {
                told.push(traffic(&hub.traffic(me, feed).await?));
            }
            Answer::Traffic(told)
        }
        Query::Edits { stream, message } => {
            let versions = hub.versions(me, stream, message).await?.into_iter();
            Answer::Edits(versions.map(|one| Edit { at: one.at, text: one.text }).collect())
        }
        Query::Inbox { before, unread, limit } => {
            let before = before.map(|InboxPlace { at, stream, seq }| Place { at, stream, seq });
            let (entries, next) = hub.inbox(me, before, unread, page(limit, MESSAGES)).await?;
            let next = next.map(|Place { at, stream, seq }| InboxPlace { at, stream, seq });
            let entries = entries.into_iter().map(inbox_entry).collect();
            Answer::Inbox(Inbox { entries, next })
        }
        Query::Threads { limit } => {
            let (threads, more) = hub.unread_threads(me, page(limit, MESSAGES)).await?;
            Answer::Threads { threads: threads.into_iter().map(thread_card).collect(), more }
        }
        Query::Preferences {} => Answer::Preferences(hub.preferences(me).await?),
        Query::Site {} => Answer::Site(admin::site(app, me).await?),
        Query::Accounts { begin, after, limit } => {
            let limit = page(limit, MESSAGES);
            let (found, more) = hub.accounts(me, &begin, after.as_deref(), limit).await?;
            Answer::Accounts { accounts: found.into_iter().map(admin::account).collect(), more }
        }
        Query::AllCircles { after, limit } => {
            let (found, more) = hub.all_circles(me, after, page(limit, MESSAGES)).await?;
            Answer::AllCircles { circles: found.iter().map(admin::circle).collect(), more }
        }
        Query::Health {} => {
            hub.may_administer(me).await?;
            Answer::Health(metrics::health(app))
        }
        Query::PublicCircles { after } => {
            let (circles, more) = hub.public_circles(me, after, MEMBERS as usize).await?;
            Answer::Circles { circles: circles.iter().map(|circle| card(circle)).collect(), more }
        }
        Query::Invites { circle } => {
            let invites = hub.invites(me, circle).await?;
            Answer::Invites(invites.iter().map(|invite| invite.as_ref().clone()).collect())
        }
        Query::InviteTarget { code } => {
            Answer::InviteTarget(card(&*hub.invite_target(me, &code).await?))
        }
        Query::Sessions {} => {
            let sessions = hub.sessions(me).await?;
            let cards = sessions.iter().map(|one| SessionCard {
                id: one.id,
                label: one.label.clone(),
                created_at: one.created_at,
                expires_at: one.expires_at,
                used_at: one.used_at,
                current: one.id == session,
            });
            Answer::Sessions(cards.collect())
        }
        Query::Blocks {} => Answer::Blocks(hub.blocks(me).await?),
    })
}

fn page(asked: Option<u32>, otherwise: u32) -> usize {
    asked.unwrap_or(otherwise).clamp(1, PAGE_MAX) as usize
}

fn owned(messages: Vec<Arc<Message>>) -> Vec<Message> {
    messages.into_iter().map(Arc::unwrap_or_clone).collect()
}

fn found(hits: kith_hub::search::Hits) -> Found {
    let told = hits.hits.into_iter().map(|hit| Hit {
        stream: hit.stream,
        message: Arc::unwrap_or_clone(hit.message),
        snippet: hit.snippet,
    });
    Found { hits: told.collect(), next: hits.next, behind: hits.behind }
}

/// A circle as those see it who are not in it.
pub(crate) fn card(circle: &Circle) -> CircleCard {
    CircleCard {
        id: circle.id,
        name: circle.name.as_str().to_owned(),
        about: circle.about.as_ref().map(Line::as_str).map(str::to_owned),
        icon: circle.icon.clone(),
        members: circle.members,
    }
}

fn inbox_entry(entry: inbox::Entry) -> InboxEntry {
    let inbox::Entry { stream, message, reply, mention, unread } = entry;
    InboxEntry { stream, message: Arc::unwrap_or_clone(message), reply, mention, unread }
}

fn thread_card(thread: inbox::Thread) -> ThreadCard {
    let inbox::Thread { stream, root, last, unread } = thread;
    ThreadCard {
        stream,
        thread: unread.thread,
        root: root.map(Arc::unwrap_or_clone),
        last: Arc::unwrap_or_clone(last),
        read: unread.read,
        unread: unread.unread,
        mentions: unread.mentions,
    }
}

fn open_call(call: kith_hub::service::OpenCall) -> OpenCall {
    let kith_hub::service::OpenCall { name, user, provider, age_ms, left_ms } = call;
    OpenCall { name, user, provider, age_ms, left_ms }
}

fn traffic(traffic: &kith_hub::read::Traffic) -> Traffic {
    let followers = u32::try_from(traffic.followers).unwrap_or(u32::MAX);
    Traffic { feed: traffic.feed, followers, seq: traffic.seq }
}

async fn topic_window(
    app: &App,
    me: UserId,
    topic: TopicId,
    seq: Option<Seq>,
) -> Result<TopicWindow, HubError> {
    let (seq, topic, state) = match seq {
        Some(seq) => app.hub.topic_value_at(me, topic, seq).await?,
        None => app.hub.topic_value(me, topic).await?,
    };
    let (mut text, mut json) = (None, None);
    match (topic.form(), topic.holds) {
        (Kind::Text, Kind::Json) => json = app.hub.json_plain(Arc::clone(&state)).await?,
        (Kind::Text, _) => text = app.hub.text_plain(Arc::clone(&state)).await?,
        _ => {}
    }
    Ok(TopicWindow { topic: topic.as_ref().clone(), seq, value: state.value.to_json(), text, json })
}

async fn topic_values(
    app: &App,
    me: UserId,
    circle: CircleId,
    begin: &str,
    mut after: Option<String>,
    limit: usize,
) -> Result<(Vec<TopicWindow>, bool), HubError> {
    let mut told = Vec::new();
    let mut bytes = 0;
    loop {
        let (topics, more) = app.hub.topics(me, circle, begin, after.as_deref(), limit).await?;
        after = topics.last().map(|topic| topic.name.as_str().to_owned());
        for topic in topics {
            let (seq, topic, state) = match app.hub.topic_value(me, topic.id).await {
                // It went away meanwhile.
                Err(HubError::Refused(_)) => continue,
                found => found?,
            };
            bytes += state.weight();
            if bytes > VALUES_BYTES_MAX && !told.is_empty() {
                return Ok((told, true));
            }
            let (topic, value) = (topic.as_ref().clone(), state.value.to_json());
            told.push(TopicWindow { topic, seq, value, text: None, json: None });
        }
        if !more || !told.is_empty() {
            return Ok((told, more));
        }
    }
}

async fn around_message(
    app: &App,
    me: UserId,
    stream: StreamId,
    seq: Seq,
    page: Page,
) -> Result<(Vec<Arc<Message>>, bool), HubError> {
    let half = (page.limit / 2).max(1);
    // Nothing stands behind the last number there is.
    let before = Some(Seq(seq.0.saturating_add(1)));
    let older = Page { before, after: None, limit: half, ..page };
    let newer = Page { before: None, after: Some(seq), limit: half, ..page };
    let (mut messages, more_before) = app.hub.messages(me, stream, older).await?;
    let (after, more_after) = app.hub.messages(me, stream, newer).await?;
    messages.extend(after);
    Ok((messages, more_before || more_after))
}

async fn unread(app: &App, me: UserId, stream: StreamId) -> Result<StreamUnread, HubError> {
    let (own, threads) = app.hub.unread(me, stream).await?;
    let thread = |found: kith_hub::read::Unread| ThreadUnread {
        thread: found.thread,
        read: found.read,
        unread: found.unread,
        mentions: found.mentions,
    };
    Ok(StreamUnread {
        read: own.read,
        unread: own.unread,
        mentions: own.mentions,
        threads: threads.into_iter().map(thread).collect(),
    })
}

async fn window(app: &App, me: UserId) -> Result<Window, HubError> {
    let site_admin = match app.hub.may_administer(me).await {
        Ok(()) => true,
        Err(HubError::Refused(_)) => false,
        Err(error) => return Err(error),
    };
    let mut window = Window { site_admin, ..Window::default() };
    for (circle, _) in app.hub.circles(me).await? {
        window.circles.extend(if_there(circle_window(app, me, circle.id).await)?);
    }
    for stream in app.hub.conversations(me).await? {
        window.conversations.extend(if_there(stream_window(app, me, stream.id).await)?);
    }
    Ok(window)
}

/// What is in a window; `None` when the user lost it meanwhile.
fn if_there<T>(found: Result<T, HubError>) -> Result<Option<T>, HubError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(HubError::Refused(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn circle_window(app: &App, me: UserId, circle: CircleId) -> Result<CircleWindow, HubError> {
    let (circle, member, head) = app.hub.circle_now(me, circle).await?;
    // What is changed of them from here on is told in the circle, after `head`.
    let mut streams = Vec::new();
    for stream in app.hub.streams(me, circle.id).await? {
        streams.extend(if_there(stream_window(app, me, stream.id).await)?);
    }
    streams.sort_by_key(|of| of.stream.place());
    let (circle, member) = (circle.as_ref().clone(), member.as_ref().clone());
    Ok(CircleWindow { circle, member, head, streams })
}

async fn stream_window(app: &App, me: UserId, stream: StreamId) -> Result<StreamWindow, HubError> {
    let (found, head) = app.hub.stream_now(me, stream).await?;
    let (own, threads) = app.hub.unread(me, stream).await?;
    Ok(StreamWindow {
        stream: found.as_ref().clone(),
        head,
        read: own.read,
        unread: own.unread,
        mentions: own.mentions + threads.iter().map(|thread| thread.mentions).sum::<u64>(),
    })
}

fn present(all: Vec<(UserId, Status, Timestamp)>) -> Answer {
    let told = all.into_iter().map(|(user, status, since)| {
        let status = to_wire(status);
        Present { user, status, since }
    });
    Answer::Present(told.collect())
}
