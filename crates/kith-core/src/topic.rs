//! Typed values that programs keep in sync: what a topic holds, what may be asked of it, and what
//! then happens.
//!
//! A [`Change`] is what somebody asks; [`State::resolve`] makes a [`Fact`] of it, which says exactly
//! what happens on the present value, or refuses it. [`State::apply`] folds a fact into the value:
//! servers, clients and history all do it in the same way. A fact holds what it replaced, so that
//! [`State::revert`] can tell what takes it back, also after others have gone on.

mod change;
mod compose;
mod fact;
pub mod guard;
mod json;
mod list;
mod path;
mod resolve;
mod revert;
pub(crate) mod schema;
mod splice;
mod state;
pub mod text;
mod trace;
mod value;

#[cfg(test)]
mod tests;

pub use change::{Anchor, Asked, Change, Condition, Spot};
pub use compose::{compose, difference};
pub use fact::{Fact, Growth};
pub use guard::{Granted, Proposal, Proposed, Verdict};
pub use json::same;
pub use path::{Path, Step};
pub use resolve::DEPTH_MAX;
pub use splice::{Splice, Turn, byte_at, units};
pub use state::{Recent, State};
pub use value::{Element, Kind, Value};
