//! From a command to the rule that decides it.

use super::{Command, Outcome};
use crate::decide::guard::Passed;
use crate::decide::topic::{self, Wanted};
use crate::decide::undo::{self, Way};
use crate::decide::{
    circle, invite, member, message, preference, reading, role, site, stream, user,
};
use crate::draft::{Draft, Stop};
use crate::id::UserId;
use crate::refusal::Refusal;

/// Decides what `command` of `me` changes, where these guards have passed it: whoever calls this has seen
/// that they [may](crate::decide::guard::may_guard) and did.
///
/// # Errors
/// As [`decide`].
pub fn decide_passed(
    draft: &mut Draft<'_>,
    me: UserId,
    command: &Command,
    passed: &Passed,
) -> Result<Outcome, Stop> {
    match command {
        Command::Change { changes, when, group } => {
            enabled(draft, me)?;
            topic::transact(draft, me, changes, when, group.as_ref(), passed)
        }
        _ => decide(draft, me, command),
    }
}

/// Refuses whoever may do nothing any more.
fn enabled(draft: &Draft<'_>, me: UserId) -> Result<(), Stop> {
    match draft.user(me)? {
        Some(user) if !user.disabled => Ok(()),
        _ => Err(Refusal::Disabled.into()),
    }
}

/// Decides what `command` of `me` changes.
///
/// # Errors
/// A refusal, or a document that has to be loaded first.
pub fn decide(draft: &mut Draft<'_>, me: UserId, command: &Command) -> Result<Outcome, Stop> {
    enabled(draft, me)?;
    match command {
        Command::ChangeUser { display_name } => user::change(draft, me, display_name),
        Command::SetAvatar { file } => user::depict(draft, me, *file),
        Command::Block { user } => user::block(draft, me, *user),
        Command::Unblock { user } => user::unblock(draft, me, *user),
        Command::RevokeSession { session } => user::revoke_session(draft, me, *session),
        Command::ClaimSite { token } => site::claim(draft, me, token),
        Command::SetDisabled { user, disabled } => site::disable(draft, me, *user, *disabled),
        Command::SetAdmin { user, admin } => site::appoint(draft, me, *user, *admin),
        Command::EndSessions { user } => site::end_sessions(draft, me, *user),
        Command::OfferReset { user } => site::offer_reset(draft, me, *user),
        Command::ChangeSite { registration } => site::change(draft, me, *registration),
        Command::CreateCircle { name, public } => circle::create(draft, me, name, *public),
        Command::ChangeCircle { circle, name, about, public, idle_seconds } => {
            let (about, public, idle_seconds) = (about.as_ref(), *public, *idle_seconds);
            let to = circle::Wanted { name, about, public, idle_seconds };
            circle::change(draft, me, *circle, &to)
        }
        Command::SetIcon { circle, file } => circle::depict(draft, me, *circle, *file),
        Command::ChangeOwner { circle, owner } => circle::change_owner(draft, me, *circle, *owner),
        Command::RemoveCircle { circle } => circle::remove(draft, me, *circle),
        Command::Join { circle } => member::join(draft, me, *circle),
        Command::AcceptInvite { code } => invite::accept(draft, me, code),
        Command::Leave { circle } => member::leave(draft, me, *circle),
        Command::CreateRole { circle, name, allow, rank } => {
            role::create(draft, me, *circle, &role::wanted(name, *allow, *rank))
        }
        Command::ChangeRole { circle, role, name, allow, rank } => {
            role::change(draft, me, *circle, *role, &role::wanted(name, *allow, *rank))
        }
        Command::RemoveRole { circle, role } => role::remove(draft, me, *circle, *role),
        Command::SetRoles { circle, user, roles } => role::give(draft, me, *circle, *user, roles),
        Command::SetNickname { circle, user, nickname } => {
            member::rename(draft, me, *circle, *user, nickname.as_ref())
        }
        Command::TimeOut { circle, user, seconds, reason } => {
            member::time_out(draft, me, *circle, *user, *seconds, reason.as_ref())
        }
        Command::Kick { circle, user, reason } => {
            member::kick(draft, me, *circle, *user, reason.as_ref())
        }
        Command::Ban { circle, user, reason } => {
            member::ban(draft, me, *circle, *user, reason.as_ref())
        }
        Command::Unban { circle, user } => member::unban(draft, me, *circle, *user),
        Command::CreateInvite { circle, seconds, uses } => {
            invite::create(draft, me, *circle, *seconds, *uses)
        }
        Command::RevokeInvite { circle, invite } => invite::revoke(draft, me, *circle, *invite),
        Command::CreateStream { circle, name, about, deny } => {
            stream::create(draft, me, *circle, name, about.as_ref(), deny)
        }
        Command::ChangeStream { stream, name, about, archived, slow_seconds } => {
            let to = stream::Wanted {
                name,
                about: about.as_ref(),
                archived: *archived,
                slow_seconds: *slow_seconds,
            };
            stream::change(draft, me, *stream, &to)
        }
        Command::NarrowStream { stream, deny } => stream::narrow(draft, me, *stream, deny),
        Command::RemoveStream { stream } => stream::remove(draft, me, *stream),
        Command::ArrangeStreams { circle, sections } => {
            stream::arrange(draft, me, *circle, sections)
        }
        Command::SetPreference { key, value } => preference::set(draft, me, key, value),
        Command::OpenDirect { user } => stream::open_direct(draft, me, *user),
        Command::CreateGroup { users, name } => {
            stream::create_group(draft, me, users, name.as_ref())
        }
        Command::AddToGroup { stream, users } => stream::add_to_group(draft, me, *stream, users),
        Command::LeaveGroup { stream } => stream::leave_group(draft, me, *stream),
        Command::Post { stream, text, reply_to, thread, topic, files } => {
            let (reply_to, thread, topic) = (*reply_to, *thread, *topic);
            let about = message::About { reply_to, thread, topic, files };
            message::post(draft, me, *stream, text, about)
        }
        Command::Edit { stream, message, text } => {
            message::edit(draft, me, *stream, *message, text)
        }
        Command::Delete { stream, message } => message::delete(draft, me, *stream, *message),
        Command::React { stream, message, emoji } => {
            message::react(draft, me, *stream, *message, emoji)
        }
        Command::Unreact { stream, message, emoji } => {
            message::unreact(draft, me, *stream, *message, emoji)
        }
        Command::Pin { stream, message, pinned } => {
            message::pin(draft, me, *stream, *message, *pinned)
        }
        Command::CreateTopic { circle, name, holds, value, rules, deny, replace } => {
            let value = value.as_ref();
            let wanted = Wanted { name, holds: *holds, value, rules, deny, replace: *replace };
            topic::create(draft, me, *circle, &wanted)
        }
        Command::ChangeTopic { topic, name, rules } => {
            topic::change(draft, me, *topic, name, rules)
        }
        Command::NarrowTopic { topic, deny } => topic::narrow(draft, me, *topic, deny),
        Command::RemoveTopic { topic } => topic::remove(draft, me, *topic),
        Command::Change { changes, when, group } => {
            topic::transact(draft, me, changes, when, group.as_ref(), &Passed::new())
        }
        Command::Undo { circle, skip } => undo::turn(draft, me, *circle, Way::Back, *skip),
        Command::Redo { circle, skip } => undo::turn(draft, me, *circle, Way::Again, *skip),
        Command::Read { stream, thread, seq } => {
            reading::read_to(draft, me, *stream, *thread, *seq)
        }
    }
}
