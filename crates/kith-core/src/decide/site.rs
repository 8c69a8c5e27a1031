//! The site's administration: who has it, how the first gets it, and what it may do to others. What it
//! does is told in the site's feed, which keeps who did it.

use std::sync::Arc;

use crate::access;
use crate::command::Outcome;
use crate::decide::{account, secret_hash};
use crate::document::{Account, Doc, Key, Registration, Reset, SiteRules, SiteSecret};
use crate::draft::{Draft, Stop};
use crate::event::Body;
use crate::id::{FeedId, UserId};
use crate::refusal::Refusal;

/// The secret of the site under which the hash of the owner's token is, while nobody owns the site.
pub const OWNER: &str = "owner";

/// Lets whoever tells the token of this hash own the site, in place of every token of before.
///
/// # Errors
/// What loading says.
pub fn offer(draft: &mut Draft<'_>, token_hash: &str) -> Result<Outcome, Stop> {
    let offered = SiteSecret { secret: token_hash.to_owned(), made_at: draft.now };
    draft.put(Key::Secret(OWNER.to_owned()), Some(Doc::Secret(Arc::new(offered))));
    Ok(Outcome::default())
}

/// Lets nobody own the site by a token any more.
///
/// # Errors
/// What loading says.
pub fn withdraw(draft: &mut Draft<'_>) -> Result<Outcome, Stop> {
    if draft.site_secret(OWNER.to_owned())?.is_some() {
        draft.put(Key::Secret(OWNER.to_owned()), None);
    }
    Ok(Outcome::default())
}

/// Checks that a token lets own the site.
///
/// # Errors
/// [`Refusal::NoSuchTicket`], whether it was wrong or has been used.
pub fn offered(draft: &Draft<'_>, token: &str) -> Result<(), Stop> {
    match draft.site_secret(OWNER.to_owned())? {
        Some(offered) if offered.secret == secret_hash(token) => Ok(()),
        _ => Err(Refusal::NoSuchTicket.into()),
    }
}

/// Makes a user the owner of a site that nobody owns: an administrator, the first.
///
/// # Errors
/// As [`offered`], and [`Refusal::NoSuchUser`].
pub fn claim(draft: &mut Draft<'_>, user: UserId, token: &str) -> Result<Outcome, Stop> {
    offered(draft, token)?;
    withdraw(draft)?;
    set_admin(draft, user, true)?;
    Ok(Outcome { user: Some(user), ..Outcome::default() })
}

/// Makes a user administer the site, or no longer.
pub(crate) fn set_admin(draft: &mut Draft<'_>, user: UserId, admin: bool) -> Result<(), Stop> {
    let account = draft.account(user)?.ok_or(Refusal::NoSuchUser)?;
    if account.site_admin != admin {
        let account = Account { site_admin: admin, ..account.as_ref().clone() };
        draft.put(Key::Account(user), Some(Doc::Account(Arc::new(account))));
        draft.emit(FeedId::Site, Body::AdminSet { user, admin })?;
    }
    Ok(())
}

/// For how long a new password can be set with a link: a day.
pub const RESET_MS: u64 = 24 * 3600 * 1000;

/// Refuses whoever does not administer the site, and those who do what would leave it without them.
fn over_other(draft: &Draft<'_>, me: UserId, user: UserId) -> Result<(), Stop> {
    access::to_administer(draft, me)?;
    if me == user {
        return Err(Refusal::AdminStays.into());
    }
    if draft.user(user)?.is_none() {
        return Err(Refusal::NoSuchUser.into());
    }
    Ok(())
}

fn done(user: UserId) -> Outcome {
    Outcome { user: Some(user), ..Outcome::default() }
}

/// Locks an account and ends its sessions, or unlocks it.
pub(crate) fn disable(
    draft: &mut Draft<'_>,
    me: UserId,
    user: UserId,
    disabled: bool,
) -> Result<Outcome, Stop> {
    over_other(draft, me, user)?;
    if draft.user(user)?.is_some_and(|user| user.disabled == disabled) {
        return Ok(done(user));
    }
    account::set_disabled(draft, user, disabled)
}

/// Lets another administer the site, or no longer. A program never does. Who begins to has to sign in
/// anew: sessions of administrators are shorter.
pub(crate) fn appoint(
    draft: &mut Draft<'_>,
    me: UserId,
    user: UserId,
    admin: bool,
) -> Result<Outcome, Stop> {
    over_other(draft, me, user)?;
    let account = draft.account(user)?.filter(|account| account.password.is_some());
    match account {
        None if admin => return Err(Refusal::NoPassword.into()),
        Some(account) if admin && !account.site_admin => {
            draft.put(Key::Account(user), Some(Doc::Account(Arc::new(account.ended()))));
        }
        _ => {}
    }
    set_admin(draft, user, admin)?;
    Ok(done(user))
}

/// Ends all sessions of a user.
pub(crate) fn end_sessions(
    draft: &mut Draft<'_>,
    me: UserId,
    user: UserId,
) -> Result<Outcome, Stop> {
    over_other(draft, me, user)?;
    let account = draft.account(user)?.ok_or(Refusal::NoSuchUser)?;
    draft.put(Key::Account(user), Some(Doc::Account(Arc::new(account.ended()))));
    draft.emit(FeedId::Site, Body::SessionsEnded { user })?;
    Ok(done(user))
}

/// Makes a link by which whoever has it sets a new password, once and for a day. The outcome holds its
/// token, this once; the one before ends.
pub(crate) fn offer_reset(
    draft: &mut Draft<'_>,
    me: UserId,
    user: UserId,
) -> Result<Outcome, Stop> {
    over_other(draft, me, user)?;
    let account = draft.account(user)?.ok_or(Refusal::NoSuchUser)?;
    if account.password.is_none() {
        return Err(Refusal::NoPassword.into());
    }
    // The user's id says whose it is; the rest is the secret.
    let token = format!("{user}-{:032x}{:032x}", draft.random(), draft.random());
    let reset = Reset { token_hash: secret_hash(&token), expires_at: draft.now.plus_ms(RESET_MS) };
    let account = Account { reset: Some(reset), ..account.as_ref().clone() };
    draft.put(Key::Account(user), Some(Doc::Account(Arc::new(account))));
    draft.emit(FeedId::Site, Body::PasswordResetOffered { user })?;
    Ok(Outcome { code: Some(token), ..done(user) })
}

/// Whose password a token sets.
///
/// # Errors
/// [`Refusal::NoSuchTicket`], whether it was wrong, is over or has been used.
pub fn resets(draft: &Draft<'_>, token: &str) -> Result<UserId, Stop> {
    let user = token.split_once('-').and_then(|(user, _)| user.parse::<UserId>().ok());
    let user = user.ok_or(Refusal::NoSuchTicket)?;
    let account = draft.account(user)?;
    let reset = account.as_ref().and_then(|account| account.reset.as_ref());
    let is_valid = reset.is_some_and(|reset| {
        reset.expires_at > draft.now && reset.token_hash == secret_hash(token)
    });
    if is_valid { Ok(user) } else { Err(Refusal::NoSuchTicket.into()) }
}

/// Sets the password of whoever was given a link; all sessions end, and so does the link.
///
/// # Errors
/// As [`resets`].
pub fn reset(draft: &mut Draft<'_>, token: &str, password: &str) -> Result<Outcome, Stop> {
    let user = resets(draft, token)?;
    account::set_password(draft, user, password.to_owned())?;
    draft.by = Some(user);
    draft.emit(FeedId::Site, Body::PasswordReset { user })?;
    Ok(done(user))
}

/// Sets who may make an account from now on; `None` for what the configuration says.
pub(crate) fn change(
    draft: &mut Draft<'_>,
    me: UserId,
    registration: Option<Registration>,
) -> Result<Outcome, Stop> {
    access::to_administer(draft, me)?;
    let before = draft.site_rules()?.unwrap_or_default();
    if before.registration != registration {
        draft.emit(FeedId::Site, Body::SiteChanged { registration })?;
        let rules = SiteRules { registration };
        draft.put(Key::SiteRules(), Some(Doc::SiteRules(Arc::new(rules))));
    }
    Ok(Outcome::default())
}
