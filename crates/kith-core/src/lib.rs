//! The rules of Kith, pure: no I/O, no clock, no randomness. Time and random numbers are arguments.
//!
//! Everything that is ordered is a feed ([`id::FeedId`]) of numbered events ([`event::Event`]).
//! [`command::decide`] says what a command would add to feeds and change in documents
//! ([`document`]); [`reduce`](reduce::reduce) says what an event does to documents, for servers
//! and clients alike; [`access`] is the one home of authorization.

pub mod access;
pub mod aware;
pub mod chain;
pub mod command;
pub mod decide;
pub mod document;
pub mod draft;
pub mod event;
pub mod file;
pub mod id;
pub mod index;
pub mod limit;
pub mod mention;
pub mod op;
pub mod permission;
pub mod reduce;
pub mod refusal;
pub mod scratch;
pub mod search;
pub mod service;
mod spelled;
pub mod text;
pub mod topic;
pub mod written;
