//! What users decide for themselves: how they are shown, whom they block, which sessions they end.

use crate::command::Outcome;
use crate::decide::{file, tell};
use crate::document::{Key, User};
use crate::draft::{Draft, Stop};
use crate::event::Body;
use crate::id::{FeedId, FileId, SessionId, UserId};
use crate::refusal::Refusal;
use crate::text::DisplayName;

pub(crate) fn change(
    draft: &mut Draft<'_>,
    me: UserId,
    display_name: &DisplayName,
) -> Result<Outcome, Stop> {
    let known = draft.user(me)?.ok_or(Refusal::NoSuchUser)?;
    become_so(draft, User { display_name: display_name.clone(), ..known.as_ref().clone() })
}

/// Notes how a user is from now on.
pub(crate) fn become_so(draft: &mut Draft<'_>, user: User) -> Result<Outcome, Stop> {
    let User { id, display_name, avatar, disabled, .. } = user;
    let body = Body::UserChanged { user: id, display_name, avatar, disabled };
    draft.emit(FeedId::Site, body)?;
    Ok(Outcome::default())
}

/// Has a user shown with the image of a file of theirs, or with none.
pub(crate) fn depict(
    draft: &mut Draft<'_>,
    me: UserId,
    wanted: Option<FileId>,
) -> Result<Outcome, Stop> {
    let known = draft.user(me)?.ok_or(Refusal::NoSuchUser)?;
    match file::depict(draft, me, wanted, known.avatar.as_deref())? {
        Some(avatar) => become_so(draft, User { avatar, ..known.as_ref().clone() }),
        None => Ok(Outcome::default()),
    }
}

pub(crate) fn block(draft: &mut Draft<'_>, me: UserId, user: UserId) -> Result<Outcome, Stop> {
    if me == user || draft.user(user)?.is_none() {
        return Err(Refusal::NoSuchUser.into());
    }
    let mut outcome = Outcome::default();
    if draft.block(me, user)?.is_none() {
        tell(draft, &mut outcome, FeedId::User(me), Body::Blocked { user })?;
    }
    Ok(outcome)
}

pub(crate) fn unblock(draft: &mut Draft<'_>, me: UserId, user: UserId) -> Result<Outcome, Stop> {
    let mut outcome = Outcome::default();
    if draft.block(me, user)?.is_some() {
        tell(draft, &mut outcome, FeedId::User(me), Body::Unblocked { user })?;
    }
    Ok(outcome)
}

pub(crate) fn revoke_session(
    draft: &mut Draft<'_>,
    me: UserId,
    session: SessionId,
) -> Result<Outcome, Stop> {
    let found = draft.session_ref(me, session)?.ok_or(Refusal::NoSuchSession)?;
    draft.put(Key::Session(found.token_hash.clone()), None);
    draft.put(Key::SessionRef(me, session), None);
    Ok(Outcome { session: Some(session), ..Outcome::default() })
}
