//! An independent checker of what a run promised its clients.
//!
//! Clients write down what they asked, what they were answered and what they
//! were shown; after the run the server's final log is added. [`check()`] then
//! says, in one pass and a settling of accounts (time and memory linear in the
//! log), every promise that was broken. It shares no code with the server.
//!
//! A report without violations about an empty run proves nothing: look at
//! [`Report::acked`] and [`Report::delivered`] too.
//!
//! Clients are named `principal` or `principal/device`: a fence holds for every
//! device of the principal. Operation ids are unique in the whole run.

mod check;
mod cursor;
mod intern;
mod jsonl;
mod record;
mod recorder;
mod report;
mod settle;
mod transaction;
mod violation;

pub use check::{Checker, check};
pub use jsonl::{check_lines, write_lines};
pub use record::{Record, principal_of};
pub use recorder::Recorder;
pub use report::{MAX_VIOLATIONS, Report};
pub use violation::{Kind, Violation};
