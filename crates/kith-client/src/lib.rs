//! The Rust SDK: a connection that reconnects, resumes every feed without gap or repeat, and brings
//! every operation to its end.
//!
//! ```no_run
//! # use kith_client::{Auth, Client, ClientError, Options, Update};
//! # async fn follow(feed: kith_core::id::FeedId) -> Result<(), ClientError> {
//! let options = Options::new("http://127.0.0.1:8080", Auth::Token("kith_…".to_owned()));
//! let (client, mut events) = Client::connect(options).await?;
//! client.subscribe(kith_client::follow(feed)).await?;
//! while let Some(update) = events.next().await {
//!     if let Update::Event(event) = update { eprintln!("{:?}", event.body) }
//! }
//! # Ok(()) }
//! ```
//!
//! A [`Topic`] is a value that programs share. A change shows at once; if the server refuses it, it
//! is taken back:
//!
//! ```no_run
//! # use kith_client::{Changing, Client, ClientError};
//! # async fn drink(client: Client, circle: kith_core::id::CircleId) -> Result<(), ClientError> {
//! # let name = kith_core::text::TopicName::parse("cups").expect("a name");
//! let cups = client.topic(circle, &name).await?;
//! let sent = cups.add(1);
//! eprintln!("{:?}", cups.value());
//! if let Err(why) = sent.await { eprintln!("taken back: {why}") }
//! # Ok(()) }
//! ```
//!
//! [`session`] is the protocol without I/O; [`messages`] is the list of messages and [`topics`] are
//! the values that a program shows while its own changes are still on their way.

pub mod address;
mod aware;
pub mod backoff;
mod client;
mod desk;
mod driver;
mod error;
mod files;
mod guard;
pub mod messages;
mod services;
pub mod session;
mod shelf;
mod topic;
pub mod topics;
mod transaction;
pub mod transport;
mod update;

pub use aware::{Aware, Other, Others};
pub use client::{Client, Events, Options, new_op};
pub use error::ClientError;
pub use files::{FileError, Files, free_path, shared_name};
pub use guard::{Asking, Guarding, Judgement};
pub use kith_proto::codec::Encoding;
pub use kith_proto::frame::{Auth, Subscribe};
pub use kith_proto::service;
pub use services::{Call, Items, Offered, Part};
pub use topic::{News, Topic, Watch};
pub use transaction::{Changing, On, Sent, Transaction};
pub use update::Update;

use kith_core::id::FeedId;

/// A wish to follow `feed` from its present state on, with a window of the server's choice.
#[must_use]
pub fn follow(feed: FeedId) -> Subscribe {
    Subscribe { feed, epoch: None, after: None, window: None, events_only: false }
}
