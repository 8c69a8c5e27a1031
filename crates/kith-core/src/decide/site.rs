//! The site's administration: who has it, and how the first gets it.

use std::sync::Arc;

use crate::command::Outcome;
use crate::decide::secret_hash;
use crate::document::{Account, Doc, Key, SiteSecret};
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
