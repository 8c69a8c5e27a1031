//! The server: sessions over WebSocket, REST, sign-in, metrics. It turns frames and requests into
//! commands and events into frames; the rules are the core's, the order is the hub's.

pub mod admin;
mod app;
pub mod auth;
mod aware;
mod bulk;
mod crowd;
mod device;
pub mod files;
#[doc(hidden)]
pub mod fuzz;
mod host;
mod limits;
pub mod listen;
pub mod metrics;
mod origin;
mod page;
mod queries;
pub mod relay;
mod rest;
mod services;
pub mod settings;
pub mod tcp;
mod topicsync;
mod wire;
mod ws;
mod yjs;

pub use app::{App, processors};
