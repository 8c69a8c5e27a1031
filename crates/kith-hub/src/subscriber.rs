//! One live connection as the hub knows it, and what takes its access away.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use kith_core::access;
use kith_core::command::Outcome;
use kith_core::decide::account;
use kith_core::document::{Doc, Key, Session, SiteSecret};
use kith_core::draft::{Changes, Draft, Stop};
use kith_core::event::Body;
use kith_core::id::{CircleId, FeedId, SessionId, UserId};
use tokio::sync::Notify;

use crate::item::{Batch, Closed, Grant, Item};
use crate::keys::{last_part, prefix};
use crate::mailbox::{Bell, Mailbox};
use crate::presence::Status;
use crate::{Hub, HubError, Inner};

/// Why the hub ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Its session was revoked or the account disabled.
    Revoked,
    /// It has to sign in again, so that its rights are looked up anew.
    Again,
    /// It did not take what was being written when its access was taken.
    Stuck,
}

/// One live connection.
pub struct Subscriber {
    /// A number that no other connection of this run has.
    pub id: u64,
    /// Whose it is.
    pub user: UserId,
    /// Under which session.
    pub session: SessionId,
    /// The number under which it shows something of itself, once it does.
    pub(crate) client: OnceLock<u64>,
    pub(crate) token_hash: String,
    pub(crate) mailbox: Mailbox,
    pub(crate) grants: Mutex<HashMap<FeedId, Arc<Grant>>>,
    blocked: Mutex<Arc<HashSet<UserId>>>,
    blocks: AtomicBool,
    ended: OnceLock<End>,
    end: Notify,
}

impl Subscriber {
    /// Waits for items and takes up to about `bytes` of them. `None` once the hub ended it.
    pub async fn next(self: &Arc<Self>, bytes: usize) -> Option<Batch> {
        let items = self.mailbox.take(bytes, false).await?;
        Some(Batch { subscriber: Arc::clone(self), items })
    }

    /// As [`next`](Self::next), with [bundles](Item::Bundle) as they are.
    pub async fn next_bundles(self: &Arc<Self>, bytes: usize) -> Option<Batch> {
        let items = self.mailbox.take(bytes, true).await?;
        Some(Batch { subscriber: Arc::clone(self), items })
    }

    /// Begins to write something that is not taken from what waits: a batch with nothing in it. Look at
    /// [`access_version`](Self::access_version) after it has begun.
    #[must_use]
    pub fn hold(self: &Arc<Self>) -> Batch {
        self.mailbox.hold();
        Batch { subscriber: Arc::clone(self), items: Vec::new() }
    }

    /// Has `bell` rung whenever something waits, in place of [`next`](Self::next).
    pub fn attach(&self, bell: Weak<dyn Bell>) {
        self.mailbox.attach(bell);
    }

    /// Takes up to about `bytes` of what waits now into `items`, which is empty. If it puts anything
    /// there, revocations wait until [`wrote`](Self::wrote) is called.
    pub fn take(&self, bytes: usize, items: &mut Vec<Item>) {
        self.mailbox.take_now(bytes, false, items);
    }

    /// As [`take`](Self::take), with [bundles](Item::Bundle) as they are.
    pub fn take_bundles(&self, bytes: usize, items: &mut Vec<Item>) {
        self.mailbox.take_now(bytes, true, items);
    }

    /// Notes that what was taken is written; says whether more waits.
    pub fn wrote(&self) -> bool {
        self.mailbox.done()
    }

    /// Puts an encoded answer behind everything that waits already.
    pub fn reply(&self, bytes: Bytes) {
        self.mailbox.put(Item::Reply(bytes));
    }

    /// A number to be told with [`reply_guarded`](Self::reply_guarded): take it before looking.
    #[must_use]
    pub fn access_version(&self) -> u64 {
        self.mailbox.version()
    }

    /// Puts an answer that holds what the user was allowed to read at `version`. When access is
    /// taken before it is sent, `instead` is sent.
    pub fn reply_guarded(&self, answer: Bytes, instead: Bytes, version: u64) {
        self.mailbox.put_guarded(answer, instead, version);
    }

    /// How many bytes wait for it.
    #[must_use]
    pub fn waiting_bytes(&self) -> usize {
        self.mailbox.bytes()
    }

    /// How often something was taken from what waits for it.
    #[must_use]
    pub fn batches(&self) -> u64 {
        self.mailbox.taken()
    }

    /// Whether its user blocks anybody, which few do.
    #[must_use]
    pub fn blocks(&self) -> bool {
        self.blocks.load(Ordering::Acquire)
    }

    /// Whom its user blocks.
    #[must_use]
    pub fn blocked(&self) -> Arc<HashSet<UserId>> {
        Arc::clone(&self.blocked.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until the hub ends it, and says why.
    pub async fn ended(&self) -> End {
        loop {
            let end = self.end.notified();
            if let Some(why) = self.ended.get() {
                return *why;
            }
            end.await;
        }
    }

    /// Whether the hub has ended it.
    pub(crate) fn is_over(&self) -> bool {
        self.ended.get().is_some()
    }

    pub(crate) fn grants(&self) -> MutexGuard<'_, HashMap<FeedId, Arc<Grant>>> {
        self.grants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn block(&self, change: impl FnOnce(&mut Arc<HashSet<UserId>>)) {
        let mut blocked = self.blocked.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut blocked);
        self.blocks.store(!blocked.is_empty(), Ordering::Release);
    }

    pub(crate) fn finish(&self, why: End) {
        let _ = self.ended.set(why);
        for grant in self.grants().values() {
            grant.revoke();
        }
        self.mailbox.end();
        self.end.notify_waiters();
    }
}

impl Hub {
    /// The session of a token, if it is valid now.
    ///
    /// # Errors
    /// `session.not_found`, `user.disabled`, or a failure of the store.
    pub async fn authenticate(&self, token_hash: &str) -> Result<Arc<Session>, HubError> {
        let session = self.look_committed(|draft| account::session(draft, token_hash)).await?;
        if session.is_stale(self.now()) {
            self.touch(token_hash).await;
        }
        Ok(session)
    }

    /// Notes that a session is in use. That a store which takes no writes does not note it is no
    /// reason to let nobody in.
    pub(crate) async fn touch(&self, token_hash: &str) {
        if let Err(error) =
            self.transact(None, None, |draft| account::touch(draft, token_hash)).await
        {
            tracing::warn!(%error, "the use of a session was not noted");
        }
    }

    /// The secret of the site for `name`; the first who asks makes it from `random`.
    ///
    /// # Errors
    /// Failures of the store.
    pub async fn site_secret(&self, name: &str, random: [u128; 2]) -> Result<String, HubError> {
        let name = name.to_owned();
        if let Some(kept) = self.look_committed(|draft| draft.site_secret(name.clone())).await? {
            return Ok(kept.secret.clone());
        }
        let [one, two] = random;
        self.transact(None, None, |draft| {
            if draft.site_secret(name.clone())?.is_none() {
                let secret = format!("{one:032x}{two:032x}");
                let made = SiteSecret { secret, made_at: draft.now };
                draft.put(Key::Secret(name.clone()), Some(Doc::Secret(Arc::new(made))));
            }
            Ok(Outcome::default())
        })
        .await?;
        let kept = self.look_committed(|draft| draft.site_secret(name.clone())).await?;
        kept.map(|kept| kept.secret.clone()).ok_or(HubError::Busy)
    }

    /// Brings a connection in, and how its user is there. Its session is looked at again once it is
    /// known to the hub, so that no revocation falls in between. Wait for it to its end: whoever gives
    /// it up halfway leaves the connection behind, which nobody can [let go](Self::disconnect) then.
    ///
    /// # Errors
    /// As [`authenticate`](Self::authenticate).
    pub async fn connect_as(
        &self,
        token_hash: &str,
        status: Status,
    ) -> Result<Arc<Subscriber>, HubError> {
        let session = self.authenticate(token_hash).await?;
        let user = session.user;
        let blocked = Arc::new(self.blocks_of(user).await?);
        let subscriber = {
            let mut table = self.inner.fan.table();
            table.connections += 1;
            let (id, aware) = (self.inner.presence.next_id(), Arc::clone(&self.inner.aware));
            let subscriber = Arc::new(Subscriber {
                id,
                client: OnceLock::new(),
                user,
                session: session.id,
                token_hash: token_hash.to_owned(),
                mailbox: Mailbox::new(self.inner.limits.mailbox_bytes, aware, id),
                grants: Mutex::default(),
                blocks: AtomicBool::new(!blocked.is_empty()),
                blocked: Mutex::new(blocked),
                ended: OnceLock::new(),
                end: Notify::new(),
            });
            table.subscribers.entry(user).or_default().push(Arc::clone(&subscriber));
            subscriber
        };
        let again = async {
            self.authenticate(token_hash).await?;
            let blocked = Arc::new(self.blocks_of(user).await?);
            subscriber.block(|all| *all = blocked);
            Ok(())
        };
        if let Err(error) = again.await {
            self.disconnect(&subscriber).await;
            return Err(error);
        }
        self.set_status(&subscriber, Some(status));
        Ok(subscriber)
    }

    /// Lets a connection go.
    pub async fn disconnect(&self, subscriber: &Arc<Subscriber>) {
        subscriber.finish(End::Again);
        let feeds: Vec<FeedId> = subscriber.grants().drain().map(|(feed, _)| feed).collect();
        self.inner.services.leave(&self.inner, subscriber.id);
        self.inner.aware.leave(subscriber.id);
        {
            let mut table = self.inner.fan.table();
            for feed in &feeds {
                table.tidy(*feed);
            }
            let mut gone = false;
            if let Some(list) = table.subscribers.get_mut(&subscriber.user) {
                let before = list.len();
                list.retain(|other| other.id != subscriber.id);
                gone = list.len() < before;
                if list.is_empty() {
                    table.subscribers.remove(&subscriber.user);
                }
            }
            if gone {
                table.connections -= 1;
            }
        }
        feeds.into_iter().for_each(|feed| self.let_go(feed));
        self.set_status(subscriber, None);
    }

    async fn blocks_of(&self, user: UserId) -> Result<HashSet<UserId>, HubError> {
        let rows = self.inner.store.scan(prefix("block", &user), kith_store::ROWS_MAX).await?;
        Ok(rows.iter().filter_map(|row| last_part(&row.key)?.parse().ok()).collect())
    }
}

/// Whose access may have changed.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    circles: BTreeSet<CircleId>,
    members: BTreeSet<(CircleId, UserId)>,
    feeds: BTreeSet<FeedId>,
    users: BTreeSet<UserId>,
    sessions: BTreeSet<String>,
    blocks: Vec<(UserId, UserId, bool)>,
}

impl Scope {
    pub(crate) fn is_empty(&self) -> bool {
        self.circles.is_empty()
            && self.members.is_empty()
            && self.feeds.is_empty()
            && self.users.is_empty()
            && self.sessions.is_empty()
            && self.blocks.is_empty()
    }

    /// Whether a session may have ended.
    pub(crate) fn may_end(&self, user: UserId, token_hash: &str) -> bool {
        self.users.contains(&user) || self.sessions.contains(token_hash)
    }

    /// Whether one of two users blocks the other from now on.
    pub(crate) fn blocks_between(&self, users: [UserId; 2]) -> bool {
        let mut new = self.blocks.iter().filter(|(.., blocked)| *blocked);
        new.any(|(me, user, _)| users.contains(me) && users.contains(user))
    }

    /// Whether a user's access may have changed.
    pub(crate) fn touches(&self, user: UserId) -> bool {
        !self.circles.is_empty()
            || !self.feeds.is_empty()
            || !self.sessions.is_empty()
            || self.users.contains(&user)
            || self.members.iter().any(|(_, member)| *member == user)
    }
}

/// Whose access `changes` may have taken.
pub(crate) fn scope_of(changes: &Changes) -> Scope {
    let mut scope = Scope::default();
    for drafted in &changes.events {
        match (drafted.event.feed, &drafted.event.body) {
            (FeedId::Circle(circle), Body::MemberLeft { user, .. }) => {
                scope.members.insert((circle, *user));
            }
            (FeedId::Circle(circle), Body::MemberChanged { member }) => {
                scope.members.insert((circle, member.user));
            }
            (
                FeedId::Circle(circle),
                Body::RoleSet { .. }
                | Body::RoleRemoved { .. }
                | Body::OwnerChanged { .. }
                | Body::CircleRemoved { .. },
            ) => {
                scope.circles.insert(circle);
            }
            // The site itself removes what nobody could get at any more.
            (_, Body::StreamRemoved {} | Body::TopicRemoved {}) if drafted.event.by.is_none() => {}
            (
                feed,
                Body::StreamNarrowed { .. }
                | Body::StreamRemoved {}
                | Body::GroupLeft { .. }
                | Body::TopicNarrowed { .. }
                | Body::TopicRemoved {},
            ) => {
                scope.feeds.insert(feed);
            }
            (FeedId::Site, Body::UserChanged { user, disabled: true, .. }) => {
                scope.users.insert(*user);
            }
            (FeedId::User(me), Body::Blocked { user }) => scope.blocks.push((me, *user, true)),
            (FeedId::User(me), Body::Unblocked { user }) => scope.blocks.push((me, *user, false)),
            _ => {}
        }
    }
    for (key, doc) in changes.documents.iter() {
        match key {
            Key::Session(hash) if doc.is_none() => {
                scope.sessions.insert(hash.clone());
            }
            Key::Account(user) => {
                scope.users.insert(*user);
            }
            _ => {}
        }
    }
    scope
}

/// Takes the access of those who may no longer read, and gives back whom the fence waits for.
pub(crate) fn recheck(inner: &Arc<Inner>, scope: &Scope) -> Vec<Arc<Subscriber>> {
    let touched: Vec<Arc<Subscriber>> = {
        let mut table = inner.fan.table();
        table.revocations += 1;
        let all = table.subscribers.values().flatten();
        all.filter(|one| scope.touches(one.user)).map(Arc::clone).collect()
    };
    inner.readings.revoke(|user| scope.touches(user));
    crate::service::recheck(inner, scope);
    hide(inner, scope);
    let mut fenced = crate::presence::shown::part(inner, &scope.blocks);
    let now = inner.env.now();
    let shown = inner.aware.revoked(&touched);
    for (subscriber, shown) in touched.into_iter().zip(shown) {
        let state = inner.state();
        let draft = Draft::new(&state.cache, now, None, None, 0);
        let ended = end_of_session(&draft, &subscriber, scope);
        let (closed, lost) =
            if ended.is_some() { Default::default() } else { lost_feeds(&draft, &subscriber) };
        let hidden = crate::aware::to_clear(&draft, &subscriber, shown);
        drop(state);
        hidden.into_iter().for_each(|feed| inner.aware.clear(subscriber.id, feed));
        if let Some(why) = ended {
            subscriber.finish(why);
        }
        subscriber.mailbox.revoke();
        let ended = closed.iter().map(|closed| closed.feed).chain(lost.iter().copied());
        for feed in ended {
            inner.fan.table().tidy(feed);
            crate::live::let_go(inner, feed);
        }
        closed.into_iter().for_each(|closed| subscriber.mailbox.put(Item::Closed(closed)));
        lost.into_iter().for_each(|feed| subscriber.mailbox.lag(feed));
        fenced.push(subscriber);
    }
    fenced
}

/// As [`recheck`], where it is not known whether the changes were made.
pub(crate) fn doubt(inner: &Arc<Inner>, mut scope: Scope) -> Vec<Arc<Subscriber>> {
    let blockers: Vec<UserId> = scope.blocks.drain(..).map(|(me, ..)| me).collect();
    {
        let table = inner.fan.table();
        let found = blockers.iter().filter_map(|me| table.subscribers.get(me)).flatten();
        found.for_each(|subscriber| subscriber.finish(End::Again));
    }
    if scope.is_empty() { Vec::new() } else { recheck(inner, &scope) }
}

/// Brings what users hide up to date: blocks take effect on what waits already.
fn hide(inner: &Arc<Inner>, scope: &Scope) {
    let table = inner.fan.table();
    for (me, user, blocked) in &scope.blocks {
        for subscriber in table.subscribers.get(me).into_iter().flatten() {
            subscriber.block(|all| {
                let all = Arc::make_mut(all);
                let _ = if *blocked { all.insert(*user) } else { all.remove(user) };
            });
            subscriber.see_anew();
        }
    }
}

fn end_of_session(draft: &Draft<'_>, subscriber: &Subscriber, scope: &Scope) -> Option<End> {
    let mine = scope.may_end(subscriber.user, &subscriber.token_hash);
    match mine.then(|| account::session(draft, &subscriber.token_hash))? {
        Ok(_) => None,
        Err(Stop::Refused(_)) => Some(End::Revoked),
        Err(Stop::Missing(_)) => Some(End::Again),
    }
}

/// Revokes the grants that are no longer right, and those that cannot be looked up at once: their
/// reader subscribes again, which looks them up in peace.
fn lost_feeds(draft: &Draft<'_>, subscriber: &Subscriber) -> (Vec<Closed>, Vec<FeedId>) {
    let (mut closed, mut lost) = (Vec::new(), Vec::new());
    subscriber.grants().retain(|feed, grant| {
        match access::to_read(draft, subscriber.user, *feed) {
            Ok(_) => return true,
            Err(Stop::Refused(_)) => {
                let removed = access::is_gone(draft, *feed).unwrap_or(false);
                closed.push(Closed { feed: *feed, removed });
            }
            Err(Stop::Missing(_)) => lost.push(*feed),
        }
        grant.revoke();
        false
    });
    (closed, lost)
}

/// Waits until nothing that was taken from these mailboxes before is still being written; a
/// connection that does not take it in time is cut.
pub(crate) async fn fence(subscribers: Vec<Arc<Subscriber>>, limit: Duration) {
    let deadline = tokio::time::Instant::now() + limit;
    for subscriber in subscribers {
        if tokio::time::timeout_at(deadline, subscriber.mailbox.fence()).await.is_err() {
            subscriber.finish(End::Stuck);
        }
    }
}
