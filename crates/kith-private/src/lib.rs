//! Private sessions: two devices connect directly, encrypted from end to end, and the server only
//! introduces them. `docs/private.md` says what is said and why it can be believed.

mod client;
pub mod event;
pub mod file;
pub mod frame;
pub mod handshake;
pub mod hex;
pub mod identity;
pub mod invitation;
mod link;
pub mod peers;
mod private;
pub mod relay;
mod session;
pub mod signal;
pub mod signals;
pub mod words;

pub use link::LinkError;
pub use private::{Events, Options, Private, Way};
