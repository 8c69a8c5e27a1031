//! Accounts and sessions: made by the site on behalf of whoever proved who they are.

use std::sync::Arc;

use crate::command::Outcome;
use crate::decide::invite;
use crate::document::{Account, Doc, Key, Session, SessionRef, User};
use crate::draft::{Draft, Stop};
use crate::event::Body;
use crate::id::{FeedId, SessionId, Timestamp, UserId};
use crate::refusal::Refusal;
use crate::text::{DisplayName, Label, UserName};

/// What a new account needs.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Its unique name.
    pub name: UserName,
    /// What it is shown as; its name, if nothing else.
    pub display_name: Option<DisplayName>,
    /// A password hash in PHC form; `None` for a bot or a guest.
    pub password: Option<String>,
    /// The human whose program it is.
    pub bot_of: Option<UserId>,
    /// May administer the site.
    pub site_admin: bool,
}

/// Makes an account; with an invite's code the new user joins its circle in the same step.
///
/// # Errors
/// When the name is taken or the invite is not valid.
pub fn register(
    draft: &mut Draft<'_>,
    new: &NewAccount,
    invite_code: Option<&str>,
) -> Result<Outcome, Stop> {
    if draft.name_owner(new.name.folded())?.is_some() {
        return Err(Refusal::NameTaken.into());
    }
    let user = UserId::new(draft.now, draft.random());
    let display_name = match &new.display_name {
        Some(display_name) => display_name.clone(),
        None => DisplayName::parse(new.name.as_str())?,
    };
    let account = Account {
        password: new.password.clone(),
        site_admin: new.site_admin,
        endings: 0,
        reset: None,
    };
    draft.put(Key::Account(user), Some(Doc::Account(Arc::new(account))));
    draft.by = Some(user);
    let body =
        Body::UserRegistered { user, name: new.name.clone(), display_name, bot_of: new.bot_of };
    draft.emit(FeedId::Site, body)?;
    if new.site_admin {
        draft.emit(FeedId::Site, Body::AdminSet { user, admin: true })?;
    }
    let mut outcome = match invite_code {
        Some(code) => invite::accept(draft, user, code)?,
        None => Outcome::default(),
    };
    outcome.user = Some(user);
    Ok(outcome)
}

/// Checks that a password which was compared with `hash` is still the account's: comparing takes a
/// while, and meanwhile it may have been changed.
///
/// # Errors
/// [`Refusal::WrongPassword`].
pub fn still_password(draft: &Draft<'_>, user: UserId, hash: &str) -> Result<(), Stop> {
    let account = draft.account(user)?;
    match account.as_ref().and_then(|account| account.password.as_deref()) {
        Some(present) if present == hash => Ok(()),
        _ => Err(Refusal::WrongPassword.into()),
    }
}

/// The most sessions of one user; the server ends the oldest to make room.
pub const SESSIONS_MAX: usize = 100;

/// How long a session lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// After how many milliseconds without use it ends; 0 for never.
    pub idle_ms: u64,
}

/// Begins a session of a user whose token has this hash.
///
/// # Errors
/// When the account is disabled.
pub fn start_session(
    draft: &mut Draft<'_>,
    user: UserId,
    token_hash: &str,
    label: &Label,
    lifetime: Lifetime,
) -> Result<Outcome, Stop> {
    if draft.user(user)?.is_none_or(|user| user.disabled) {
        return Err(Refusal::Disabled.into());
    }
    let id = SessionId::new(draft.now, draft.random());
    let Lifetime { expires_at, idle_ms } = lifetime;
    let (created_at, used_at) = (draft.now, draft.now);
    let endings = draft.account(user)?.map_or(0, |account| account.endings);
    let label = label.clone();
    let session = Session { id, user, label, created_at, expires_at, used_at, idle_ms, endings };
    let token_hash = token_hash.to_owned();
    draft.put(Key::Session(token_hash.clone()), Some(Doc::Session(Arc::new(session))));
    draft
        .put(Key::SessionRef(user, id), Some(Doc::SessionRef(Arc::new(SessionRef { token_hash }))));
    Ok(Outcome { user: Some(user), session: Some(id), ..Outcome::default() })
}

/// The session of this token hash, if it is valid now.
///
/// # Errors
/// [`Refusal::NoSuchSession`] when there is none, or no longer; [`Refusal::Disabled`].
pub fn session(draft: &Draft<'_>, token_hash: &str) -> Result<Arc<Session>, Stop> {
    let gone = || Stop::from(Refusal::NoSuchSession);
    let session = draft.session(token_hash.to_owned())?.ok_or_else(gone)?;
    let account = draft.account(session.user)?.ok_or_else(gone)?;
    if session.is_over(draft.now) || session.endings != account.endings {
        return Err(gone());
    }
    if draft.user(session.user)?.is_none_or(|user| user.disabled) {
        return Err(Refusal::Disabled.into());
    }
    Ok(session)
}

/// Notes that a session is in use, where that was not noted for an hour.
///
/// # Errors
/// As [`session`].
pub fn touch(draft: &mut Draft<'_>, token_hash: &str) -> Result<Outcome, Stop> {
    let found = session(draft, token_hash)?;
    if found.is_stale(draft.now) {
        let used = Session { used_at: draft.now, ..found.as_ref().clone() };
        draft.put(Key::Session(token_hash.to_owned()), Some(Doc::Session(Arc::new(used))));
    }
    Ok(Outcome::default())
}

/// Sets a new password and ends all sessions that began before: before in the order of decisions,
/// whatever the clock said.
///
/// # Errors
/// [`Refusal::NoSuchUser`].
pub fn set_password(
    draft: &mut Draft<'_>,
    user: UserId,
    password: String,
) -> Result<Outcome, Stop> {
    let account = draft.account(user)?.ok_or(Refusal::NoSuchUser)?;
    let account = Account { password: Some(password), reset: None, ..account.ended() };
    draft.put(Key::Account(user), Some(Doc::Account(Arc::new(account))));
    Ok(Outcome { user: Some(user), ..Outcome::default() })
}

/// Disables an account, or enables it again. Disabling ends its sessions.
///
/// # Errors
/// [`Refusal::NoSuchUser`].
pub fn set_disabled(draft: &mut Draft<'_>, user: UserId, disabled: bool) -> Result<Outcome, Stop> {
    let known = draft.user(user)?.ok_or(Refusal::NoSuchUser)?;
    if disabled && let Some(account) = draft.account(user)? {
        draft.put(Key::Account(user), Some(Doc::Account(Arc::new(account.ended()))));
    }
    super::user::become_so(draft, User { disabled, ..known.as_ref().clone() })?;
    Ok(Outcome { user: Some(user), ..Outcome::default() })
}
