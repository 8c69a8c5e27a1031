//! Why the rules say no: stable codes, a sentence for a person, and when to try again.

use crate::id::{CircleId, FeedId, Seq};
use crate::service::Failure;
use crate::text::ServiceName;
use crate::topic::Kind;

/// Why an operation was refused. Every variant is the caller's to fix; a fault of ours is never here.
///
/// What a caller may not know of is refused exactly as what does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each message says it")]
#[non_exhaustive]
pub enum Refusal {
    #[error("{field} is empty")]
    Empty { field: &'static str },
    #[error("{field} is longer than {max} characters")]
    TooLong { field: &'static str, max: usize },
    #[error("{field} is not of the right form")]
    Malformed { field: &'static str },
    #[error("there is no such user")]
    NoSuchUser,
    #[error("there is no such circle")]
    NoSuchCircle,
    #[error("there is no such stream")]
    NoSuchStream,
    #[error("there is no such topic")]
    NoSuchTopic,
    #[error("there is no such feed")]
    NoSuchFeed,
    #[error("you do not follow this feed")]
    NotFollowed,
    #[error("there is no message {0} in this stream")]
    NoSuchMessage(Seq),
    #[error("there is no such file, or it is not yours to use")]
    NoSuchFile,
    #[error("a message, a user or a circle refers to this file")]
    FileInUse,
    #[error("this file is no image that can be shown: choose a PNG, JPEG, GIF or WebP")]
    NoImage,
    #[error("a file has at most {max} bytes here")]
    FileTooLarge { max: u64 },
    #[error("your files may take {max} bytes, and would take more")]
    FileQuota { max: u64 },
    #[error("you may upload {max} files a day")]
    FilesPerDay { max: u32, wait_ms: u64 },
    #[error("there is no such role")]
    NoSuchRole,
    #[error("this invite is not valid, or no longer")]
    NoSuchInvite,
    #[error("an administrator cannot do this to themselves: another has to")]
    AdminStays,
    #[error("this account has no password: it is a program's or a guest's")]
    NoPassword,
    #[error("this link is not valid, or has been used")]
    NoSuchTicket,
    #[error("there is no such session")]
    NoSuchSession,
    #[error("that user is not a member")]
    NotMember,
    #[error("you may not do this: it needs the permission {permission}")]
    Forbidden { permission: &'static str },
    #[error("you may not do this to somebody of your own rank or above")]
    Outranked,
    #[error("this name is taken")]
    NameTaken,
    #[error("you are timed out in this circle")]
    TimedOut { wait_ms: u64 },
    #[error("this stream is slow: wait before your next message")]
    TooSoon { wait_ms: u64 },
    #[error("this stream is archived")]
    Archived,
    #[error("you cannot write to this user")]
    Blocked,
    #[error("there are {max} already, which is the most")]
    TooMany { max: usize },
    #[error("a circle cannot be without its owner: hand it over first")]
    OwnerStays,
    #[error("this role is part of every circle and cannot be removed")]
    RoleStays,
    #[error("only the author can do this")]
    NotAuthor,
    #[error("the account is disabled")]
    Disabled,
    #[error("this is not the present password")]
    WrongPassword,
    #[error("registration is closed here: ask for an invite")]
    RegistrationClosed,
    #[error("this operation was done more than 30 days ago, and its answer is no longer known")]
    OpExpired,
    #[error("this operation id was used for something else")]
    OpReused,
    #[error("this is no value of the kind {}", kind.name())]
    WrongKind { kind: Kind },
    #[error("a topic of the kind {} cannot be changed like this", kind.name())]
    WrongChange { kind: Kind },
    #[error("the number would be too large")]
    Overflow,
    #[error("the set has this item already")]
    ItemThere,
    #[error("the set has no such item")]
    NoSuchItem,
    #[error("the list has no such element")]
    NoSuchElement,
    #[error("this name of an element is taken, or not to be chosen")]
    ElementTaken,
    #[error("there is no such place in the value")]
    OutOfRange,
    #[error("the path leads nowhere")]
    NoSuchPath,
    #[error("this key is taken")]
    KeyTaken,
    #[error("this refers to a state that is no longer known, or not yet")]
    Stale,
    #[error("the value would take more than {max} bytes, or hold more than it may")]
    TooLarge { max: usize },
    #[error("values are in each other more than {max} deep")]
    TooDeep { max: usize },
    #[error("this would take more than {max} bytes to tell")]
    TooMuchToTell { max: usize },
    #[error("change {place}: {refusal}")]
    Part { place: usize, refusal: Box<Refusal> },
    #[error("this is no update of a Yjs document: {why}")]
    BadUpdate { why: &'static str },
    #[error(
        "the step edits a Yjs document, which only the program that did so can take back: skip it"
    )]
    NoWayBack,
    #[error("the topic is not as was asked for")]
    NotAsAsked,
    #[error("others have changed this since")]
    Overwritten,
    #[error("more changes in a second than this topic allows")]
    TooFast { wait_ms: u64 },
    #[error("the schema is no good: {why}")]
    BadSchema { why: String },
    #[error("the value does not conform to the topic's schema at {place:?}: {why}")]
    Invalid { place: String, why: String },
    #[error("whether a topic is ephemeral is decided when it is made")]
    LifetimeStays,
    #[error("only a topic of the kind json is asked for a Yjs document: a text always has one")]
    NoDocument,
    #[error("whether a topic has a Yjs document is decided when it is made")]
    DocumentStays,
    #[error("the changes are of topics of several circles")]
    SeveralCircles,
    #[error("{guard} guards this topic, and nobody is there whom it could be asked for")]
    Guarded { circle: CircleId, guard: ServiceName },
    #[error("the changes are of topics of several guards")]
    SeveralGuards,
    #[error("this guards no such topic: {why}")]
    BadGuard { why: &'static str },
    #[error("the guard of the topic refuses it: see what it says")]
    Guard { place: Option<usize>, failure: Box<Failure> },
    #[error("nobody is there who may guard this topic")]
    NoGuard,
    #[error("the guard of the topic has too much to do: try again")]
    GuardBusy,
    #[error("the guard of the topic did not answer in time")]
    GuardLate,
    #[error("the guard of the topic is gone, and nothing was done")]
    GuardGone,
    #[error("the guard of the topic gave no answer that could be done: {why}")]
    BadVerdict { why: String },
    #[error("others change the same all the time, and the guard could not decide")]
    Overtaken,
    #[error("there is nothing to take back")]
    NothingToUndo,
    #[error("there is nothing to do again")]
    NothingToRedo,
    #[error("nobody offers this service here")]
    NoSuchService,
    #[error("only the server offers services of this name")]
    ReservedService,
    #[error("others offer this service with another policy")]
    OtherPolicy,
    #[error("too many calls wait for this service: try again")]
    ServiceBusy,
    #[error("the provider of the service is gone")]
    ServiceGone,
    #[error("the service did not answer in time")]
    ServiceLate,
    #[error("the call was cancelled")]
    CallCancelled,
    #[error("you did not take what the service sent")]
    CallerTooSlow,
    #[error("there is no such call, or it has ended")]
    NoSuchCall,
    #[error("a call of this number is open")]
    CallOpen,
    #[error("the caller has not asked for more")]
    NoCredit,
    #[error("a value of a service takes at most {max} bytes")]
    LargeValue { max: usize },
    #[error("your access changed: ask again")]
    AccessChanged,
    #[error("there is no filter {filter:?}: in quotes it is looked for as text")]
    UnknownFilter { filter: String },
    #[error("the filter {filter:?} cannot be read: {why}")]
    BadFilter { filter: &'static str, why: &'static str },
    #[error("this is no place from which a search goes on")]
    BadCursor,
    #[error("there is no search on this server")]
    NoSearch,
    #[error("too many searches at once: try again")]
    SearchBusy,
    #[error("the search took too long: look for less at once")]
    SearchLate,
    #[error("{feed} has only {head} events, and you claim to have seen more")]
    Ahead { feed: FeedId, head: Seq },
}

impl Refusal {
    /// Part of the protocol: rename a variant freely, never its code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty { .. } => "input.empty",
            Self::TooLong { .. } => "input.too_long",
            Self::Malformed { .. } => "input.malformed",
            Self::NoSuchUser => "user.not_found",
            Self::NoSuchCircle => "circle.not_found",
            Self::NoSuchStream => "stream.not_found",
            Self::NoSuchTopic => "topic.not_found",
            Self::NoSuchFeed => "feed.not_found",
            Self::NotFollowed => "feed.not_followed",
            Self::NoSuchMessage(_) => "message.not_found",
            Self::NoSuchFile => "file.not_found",
            Self::FileInUse => "file.in_use",
            Self::NoImage => "file.no_image",
            Self::FileTooLarge { .. } => "file.too_large",
            Self::FileQuota { .. } => "file.quota",
            Self::FilesPerDay { .. } => "file.too_many",
            Self::NoSuchRole => "role.not_found",
            Self::NoSuchInvite => "invite.not_found",
            Self::AdminStays => "site.admin_stays",
            Self::NoPassword => "user.no_password",
            Self::NoSuchTicket => "ticket.not_found",
            Self::NoSuchSession => "session.not_found",
            Self::NotMember => "member.not_found",
            Self::Forbidden { .. } => "permission.denied",
            Self::Outranked => "permission.outranked",
            Self::NameTaken => "name.taken",
            Self::TimedOut { .. } => "member.timed_out",
            Self::TooSoon { .. } => "stream.too_soon",
            Self::Archived => "stream.archived",
            Self::Blocked => "user.blocked",
            Self::TooMany { .. } => "limit.too_many",
            Self::OwnerStays => "circle.owner_stays",
            Self::RoleStays => "role.stays",
            Self::NotAuthor => "message.not_author",
            Self::Disabled => "user.disabled",
            Self::WrongPassword => "password.wrong",
            Self::RegistrationClosed => "site.registration_closed",
            Self::OpExpired => "op.expired",
            Self::OpReused => "op.reused",
            Self::WrongKind { .. } => "topic.wrong_kind",
            Self::WrongChange { .. } => "topic.wrong_change",
            Self::Overflow => "topic.overflow",
            Self::ItemThere => "topic.item_there",
            Self::NoSuchItem => "topic.item_not_found",
            Self::NoSuchElement => "topic.element_not_found",
            Self::ElementTaken => "topic.element_taken",
            Self::OutOfRange => "topic.out_of_range",
            Self::NoSuchPath => "topic.path_not_found",
            Self::KeyTaken => "topic.key_taken",
            Self::Stale => "topic.stale",
            Self::Overwritten => "topic.overwritten",
            Self::TooFast { .. } => "topic.too_fast",
            Self::BadSchema { .. } => "topic.bad_schema",
            Self::Invalid { .. } => "topic.invalid",
            Self::LifetimeStays => "topic.lifetime_stays",
            Self::NoDocument => "topic.no_document",
            Self::DocumentStays => "topic.document_stays",
            Self::SeveralCircles => "topic.several_circles",
            Self::Guarded { .. } => "topic.guarded",
            Self::SeveralGuards => "topic.several_guards",
            Self::BadGuard { .. } => "topic.bad_guard",
            Self::Guard { .. } => "topic.refused",
            Self::NoGuard => "guard.not_found",
            Self::GuardBusy => "guard.busy",
            Self::GuardLate => "guard.late",
            Self::GuardGone => "guard.gone",
            Self::BadVerdict { .. } => "guard.bad_answer",
            Self::Overtaken => "guard.overtaken",
            Self::NothingToUndo => "undo.nothing",
            Self::NothingToRedo => "redo.nothing",
            Self::TooLarge { .. } | Self::TooMuchToTell { .. } => "topic.too_large",
            Self::TooDeep { .. } => "topic.too_deep",
            Self::BadUpdate { .. } => "topic.bad_update",
            Self::NoWayBack => "topic.no_way_back",
            Self::Part { refusal, .. } => refusal.code(),
            Self::NotAsAsked => "topic.not_as_asked",
            Self::NoSuchService => "service.not_found",
            Self::ReservedService => "service.reserved",
            Self::OtherPolicy => "service.other_policy",
            Self::ServiceBusy => "service.busy",
            Self::ServiceGone => "service.gone",
            Self::ServiceLate => "service.late",
            Self::CallCancelled => "service.cancelled",
            Self::CallerTooSlow => "service.too_slow",
            Self::NoSuchCall => "call.not_found",
            Self::CallOpen => "call.open",
            Self::NoCredit => "service.no_credit",
            Self::LargeValue { .. } => "service.too_large",
            Self::AccessChanged => "access.changed",
            Self::UnknownFilter { .. } => "search.unknown_filter",
            Self::BadFilter { .. } => "search.bad_filter",
            Self::BadCursor => "search.bad_cursor",
            Self::NoSearch => "search.off",
            Self::SearchBusy => "search.busy",
            Self::SearchLate => "search.late",
            Self::Ahead { .. } => "feed.ahead",
        }
    }

    /// Which of the changes of a transaction it is about, counted from 0; `None` when it is about the
    /// whole.
    #[must_use]
    pub fn change(&self) -> Option<usize> {
        match self {
            Self::Part { place, .. } => Some(*place),
            Self::Guard { place, .. } => *place,
            _ => None,
        }
    }

    /// What a guard said that refused it.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Guard { failure, .. } => Some(failure),
            _ => None,
        }
    }

    /// After how many milliseconds trying again can help; `None` if it cannot.
    #[must_use]
    pub fn retry_ms(&self) -> Option<u64> {
        match self {
            Self::TimedOut { wait_ms } | Self::TooSoon { wait_ms } | Self::TooFast { wait_ms } => {
                Some(*wait_ms)
            }
            Self::FilesPerDay { wait_ms, .. } => Some(*wait_ms),
            Self::ServiceBusy | Self::GuardBusy => Some(1000),
            Self::SearchBusy => Some(500),
            Self::Overtaken => Some(100),
            Self::AccessChanged => Some(0),
            Self::Part { refusal, .. } => refusal.retry_ms(),
            _ => None,
        }
    }
}
