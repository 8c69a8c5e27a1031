//! The gateways for ghostr and muca, two chats of the time before WebSockets: their clients,
//! unmodified, talk in one circle with everybody else.
//!
//! Both speak over plain TCP without anything between two messages, and take whatever one read gives
//! for exactly one message. What is shared is here: taking objects out of bytes however they were cut
//! (`json.rs`), writing one at a time with pauses between them (`paced.rs`), and following what happens
//! in a circle and in the conversations of a user (`follow.rs`). What works, and where it differs, is
//! in `docs/gateways/ghostr.md` and `docs/gateways/muca.md`.

mod door;
mod ended;
mod follow;
#[doc(hidden)]
pub mod fuzz;

pub mod ghostr;
mod home;
mod json;
pub mod muca;
mod object;
mod paced;
mod people;
mod reader;
mod texts;

pub use door::{Door, Shut, Waiting};
