//! Invites: links that let people in, for a time and a number of uses.

use std::sync::Arc;

use crate::access;
use crate::command::Outcome;
use crate::decide::{audit, member, secret_hash};
use crate::document::{Doc, Invite, InviteRef, Key, Tally};
use crate::draft::{Draft, Stop};
use crate::event::Act;
use crate::id::{CircleId, InviteId, UserId};
use crate::permission::Permission;
use crate::refusal::Refusal;

/// The most invites that a circle has at a time.
pub const INVITES_MAX: usize = 1000;

pub(crate) fn create(
    draft: &mut Draft<'_>,
    me: UserId,
    circle: CircleId,
    seconds: Option<u32>,
    uses: Option<u32>,
) -> Result<Outcome, Stop> {
    access::in_circle(draft, me, circle)?.require(Permission::Invite, draft.now)?;
    let tally = draft.tally(circle)?.unwrap_or_default();
    if tally.invites as usize >= INVITES_MAX {
        return Err(Refusal::TooMany { max: INVITES_MAX }.into());
    }
    count(draft, circle, &tally, tally.invites + 1);
    let id = InviteId::new(draft.now, draft.random());
    let code = format!("{:032x}", draft.random());
    let code_hash = secret_hash(&code);
    let expires_at = seconds.map(|seconds| draft.now.plus_ms(u64::from(seconds) * 1000));
    let created_at = draft.now;
    let invite = Invite { id, circle, by: me, expires_at, uses_left: uses, created_at };
    draft.put(Key::Invite(code_hash.clone()), Some(Doc::Invite(Arc::new(invite))));
    draft.put(Key::InviteRef(circle, id), Some(Doc::InviteRef(Arc::new(InviteRef { code_hash }))));
    audit(draft, circle, Act::InviteCreated { invite: id, expires_at, uses })?;
    Ok(Outcome { invite: Some(id), circle: Some(circle), code: Some(code), ..Outcome::default() })
}

fn count(draft: &mut Draft<'_>, circle: CircleId, tally: &Tally, invites: u32) {
    let tally = Tally { invites, ..tally.clone() };
    draft.put(Key::Tally(circle), Some(Doc::Tally(Arc::new(tally))));
}

pub(crate) fn revoke(
    draft: &mut Draft<'_>,
    me: UserId,
    circle: CircleId,
    invite: InviteId,
) -> Result<Outcome, Stop> {
    let standing = access::in_circle(draft, me, circle)?;
    // An invite is shown to those who manage members, and to who made it.
    let found = draft.invite_ref(circle, invite)?;
    let found = match found {
        Some(found) => draft.invite(found.code_hash.clone())?.map(|doc| (found, doc)),
        None => None,
    };
    if found.as_ref().is_none_or(|(_, doc)| doc.by != me) {
        standing.require(Permission::ManageMembers, draft.now)?;
    }
    let (found, _) = found.ok_or(Refusal::NoSuchInvite)?;
    draft.put(Key::Invite(found.code_hash.clone()), None);
    draft.put(Key::InviteRef(circle, invite), None);
    let tally = draft.tally(circle)?.unwrap_or_default();
    count(draft, circle, &tally, tally.invites.saturating_sub(1));
    audit(draft, circle, Act::InviteRevoked { invite })?;
    Ok(Outcome::default())
}

/// The invite of this code, while it can be used.
///
/// # Errors
/// [`Refusal::NoSuchInvite`] for whatever reason it cannot.
pub fn find(draft: &Draft<'_>, code: &str) -> Result<Arc<Invite>, Stop> {
    let invite = draft.invite(secret_hash(code))?.ok_or(Refusal::NoSuchInvite)?;
    // It may be left of a circle that was removed.
    if draft.circle(invite.circle)?.is_none() {
        return Err(Refusal::NoSuchInvite.into());
    }
    let over = invite.expires_at.is_some_and(|at| at <= draft.now) || invite.uses_left == Some(0);
    if over { Err(Refusal::NoSuchInvite.into()) } else { Ok(invite) }
}

pub(crate) fn accept(draft: &mut Draft<'_>, me: UserId, code: &str) -> Result<Outcome, Stop> {
    let invite = find(draft, code)?;
    if draft.ban(invite.circle, me)?.is_some() {
        return Err(Refusal::NoSuchInvite.into());
    }
    let mut outcome = Outcome::default();
    // Members who follow a link again do not use it up.
    if member::add(draft, &mut outcome, invite.circle, me)? {
        audit(draft, invite.circle, Act::InviteUsed { invite: invite.id, user: me })?;
        if let Some(left) = invite.uses_left {
            let used =
                Invite { uses_left: Some(left.saturating_sub(1)), ..invite.as_ref().clone() };
            draft.put(Key::Invite(secret_hash(code)), Some(Doc::Invite(Arc::new(used))));
        }
    }
    Ok(outcome)
}
