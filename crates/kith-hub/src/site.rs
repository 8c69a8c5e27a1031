//! Whose the site is, and what those are told who administer it: who and what there is, never what
//! others say.

use std::sync::Arc;

use kith_core::access;
use kith_core::decide::site;
use kith_core::document::{Account, Circle, Doc, NameOwner, Registration, User};
use kith_core::id::{CircleId, FeedId, Timestamp, UserId};
use kith_store::{ROWS_MAX, Range};

use crate::keys::{last_part, prefix};
use crate::{Hub, HubError};

/// An account as administrators see it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Who.
    pub user: Arc<User>,
    /// Administers the site.
    pub site_admin: bool,
    /// Has a password: is neither a program nor a guest.
    pub password: bool,
    /// How many sessions it has.
    pub sessions: usize,
    /// When one of them was last used, to the hour.
    pub used_at: Option<Timestamp>,
    /// How many circles it is in.
    pub circles: u64,
    /// Whether it is there now.
    pub there: bool,
}

/// A circle as administrators see it.
#[derive(Clone, Debug)]
pub struct Sized {
    /// The circle.
    pub circle: Arc<Circle>,
    /// Its streams, archived ones too.
    pub streams: u32,
    /// Its topics.
    pub topics: u32,
    /// What has happened in its streams.
    pub events: u64,
}

impl Hub {
    /// Whether somebody owns the site, or nobody can get it by a token.
    ///
    /// # Errors
    /// Failures of the store.
    pub async fn is_owned(&self) -> Result<bool, HubError> {
        let offered = self.look_committed(|draft| draft.site_secret(site::OWNER.to_owned()));
        Ok(offered.await?.is_none())
    }

    /// Lets whoever tells the token of this hash own the site, if nobody administers it; says
    /// whether. Every token of before ends. To be called when the server starts: it may look at all
    /// accounts.
    ///
    /// # Errors
    /// Failures of the store.
    pub async fn offer_site(&self, token_hash: &str) -> Result<bool, HubError> {
        if self.has_administrator().await? {
            self.transact(None, None, site::withdraw).await?;
            return Ok(false);
        }
        self.transact(None, None, |draft| site::offer(draft, token_hash)).await?;
        Ok(true)
    }

    async fn has_administrator(&self) -> Result<bool, HubError> {
        self.settled().await?;
        let is_one = |account: &Account| account.site_admin;
        let mut after = None;
        loop {
            let range = Range { after: after.take(), ..all("account") };
            let rows = self.inner.store.scan(range, ROWS_MAX).await?;
            let found = rows.iter().filter_map(|row| Doc::parse_in("account", &row.body)?.ok());
            if found.into_iter().any(|doc| matches!(doc, Doc::Account(one) if is_one(&one))) {
                return Ok(true);
            }
            match rows.last() {
                Some(last) if rows.len() == ROWS_MAX => after = Some(last.key.clone()),
                _ => return Ok(false),
            }
        }
    }

    /// Refuses whoever does not administer the site.
    ///
    /// # Errors
    /// `permission.denied`.
    pub async fn may_administer(&self, me: UserId) -> Result<(), HubError> {
        self.look_committed(|draft| access::to_administer(draft, me)).await?;
        self.settled().await
    }

    /// Who may make an account, where administrators said so.
    ///
    /// # Errors
    /// Failures of the store.
    pub async fn registration(&self) -> Result<Option<Registration>, HubError> {
        let rules = self.look_committed(|draft| draft.site_rules()).await?;
        Ok(rules.and_then(|rules| rules.registration))
    }

    /// How many accounts and circles there are.
    ///
    /// # Errors
    /// As [`may_administer`](Self::may_administer).
    pub async fn counts(&self, me: UserId) -> Result<(u64, u64), HubError> {
        self.may_administer(me).await?;
        let users = self.inner.store.count(all("user")).await?;
        Ok((users, self.inner.store.count(all("circle")).await?))
    }

    /// The accounts whose names begin with `begin`, in the order of their names, after `after`; and
    /// whether there are more.
    ///
    /// # Errors
    /// As [`may_administer`](Self::may_administer).
    pub async fn accounts(
        &self,
        me: UserId,
        begin: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Listed>, bool), HubError> {
        self.may_administer(me).await?;
        let prefix = begin.trim().to_ascii_lowercase();
        let after = after.map(str::to_ascii_lowercase).filter(|after| after.starts_with(&prefix));
        let range = Range { prefix, after, ..all("name") };
        let rows = self.inner.store.scan(range, limit + 1).await?;
        let mut listed = Vec::new();
        for row in rows.iter().take(limit) {
            let Ok(owner) = serde_json::from_str::<NameOwner>(&row.body) else { continue };
            listed.extend(self.listed(owner.user).await?);
        }
        Ok((listed, rows.len() > limit))
    }

    async fn listed(&self, id: UserId) -> Result<Option<Listed>, HubError> {
        let found = self.look_committed(|draft| Ok((draft.user(id)?, draft.account(id)?))).await?;
        let (Some(user), account) = found else { return Ok(None) };
        let sessions = self.sessions(id).await?;
        let has = |is: fn(&Account) -> bool| account.as_ref().is_some_and(|account| is(account));
        Ok(Some(Listed {
            site_admin: has(|account| account.site_admin),
            password: has(|account| account.password.is_some()),
            sessions: sessions.len(),
            used_at: sessions.iter().map(|session| session.used_at).max(),
            circles: self.inner.store.count(prefix("joined", &id)).await?,
            there: self.is_there(id),
            user,
        }))
    }

    /// All circles in the order of their making, after `after`; and whether there are more.
    ///
    /// # Errors
    /// As [`may_administer`](Self::may_administer).
    pub async fn all_circles(
        &self,
        me: UserId,
        after: Option<CircleId>,
        limit: usize,
    ) -> Result<(Vec<Sized>, bool), HubError> {
        self.may_administer(me).await?;
        let range = Range { after: after.map(|after| after.to_string()), ..all("circle") };
        let rows = self.inner.store.scan(range, limit + 1).await?;
        let mut circles = Vec::new();
        for id in rows.iter().take(limit).filter_map(|row| row.key.parse::<CircleId>().ok()) {
            let look =
                |draft: &kith_core::draft::Draft<'_>| Ok((draft.circle(id)?, draft.tally(id)?));
            let (Some(circle), tally) = self.look_committed(look).await? else { continue };
            let tally = tally.unwrap_or_default();
            let streams = self.inner.store.scan(prefix("circle_stream", &id), ROWS_MAX).await?;
            let mut events = 0;
            for row in &streams {
                let stream = last_part(&row.key).and_then(|id| id.parse().ok());
                if let Some(stream) = stream {
                    events += self.inner.store.head(FeedId::Stream(stream)).await?.seq.0;
                }
            }
            let (streams, topics) = (tally.streams, tally.topics);
            circles.push(Sized { circle, streams, topics, events });
        }
        Ok((circles, rows.len() > limit))
    }

    /// Sets the password of whoever was given a link, whose token this is.
    ///
    /// # Errors
    /// `ticket.not_found`.
    pub async fn reset(&self, token: &str, password: &str) -> Result<UserId, HubError> {
        let done = self.transact(None, None, |draft| site::reset(draft, token, password)).await?;
        done.user.ok_or(HubError::Busy)
    }
}

/// All of a collection.
fn all(collection: &'static str) -> Range {
    Range { collection, prefix: String::new(), after: None, before: None, descending: false }
}
