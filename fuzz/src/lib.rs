//! Fuzz targets: one function per parser of what comes from outside.
//!
//! A target takes any bytes and panics where the parser breaks a promise: it panics itself, accepts
//! something that it then writes differently, or takes more memory than [`budget`] allows.
//! `cargo xtask fuzz` runs them under libFuzzer, guided by coverage; the test `replay` runs the
//! seeds, every input that once failed (`fuzz/crashes/`), and some random mutations of both with
//! every change. The second needs neither C++ nor another build of everything, so it is what CI does.
//!
//! The crate is a member of the workspace, since it adds one small library to it; libFuzzer comes
//! only with the feature that `cargo xtask fuzz` switches on, in a target directory of its own.
//!
//! Covered: WebSocket frames and the upgrade; messages of topicsync,
//! ghostr and muca; the session cookie; hello, request and push in both
//! encodings; ids, names, texts, mentions, searches; documents and events as they are stored; every REST
//! route's path, query, headers and body; addresses, invites, answers and the kept session of the
//! program; the client's session and its list of messages against any server; the configuration
//! from file, environment and flags; files of topics; the log and the mark beside the database; the messages of
//! Yjs's clients, the updates in them and the JSON that these come to; what the terminal client shows of
//! texts and reads of what is typed; what the devices of private sessions say to each other, to the server
//! and to the relay; what contents of files are, and images.
//!
//! Not ours, and so not here: HTTP heads (hyper), TLS and PEM (rustls), the command line (clap), the
//! database file and backups (SQLite; `kith-store-sqlite/tests/damage.rs` flips their bits).

pub mod budget;
mod client;
mod codec;
mod core;
mod files;
mod http;
pub mod mutate;
mod private;
mod program;
mod tcp;
mod terminal;
mod topicsync;
mod ws;
mod yjs;

use std::path::{Path, PathBuf};

/// A parser under test.
#[derive(Clone, Copy)]
pub struct Target {
    /// What it is called on the command line and in `fuzz/crashes/`.
    pub name: &'static str,
    /// Takes any bytes; panics where a promise is broken.
    pub run: fn(&[u8]),
    /// Inputs that reach far, to start from.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All targets.
pub const TARGETS: &[Target] = &[
    Target { name: "ws_frames", run: ws::frames, seeds: ws::frame_seeds },
    Target { name: "ws_upgrade", run: http::upgrade, seeds: http::upgrade_seeds },
    Target { name: "cookie", run: http::cookie, seeds: http::cookie_seeds },
    Target { name: "rest", run: http::rest, seeds: http::rest_seeds },
    Target { name: "hello_json", run: codec::hello_json, seeds: codec::hello_json_seeds },
    Target { name: "hello_msgpack", run: codec::hello_msgpack, seeds: codec::hello_msgpack_seeds },
    Target { name: "request_json", run: codec::request_json, seeds: codec::request_json_seeds },
    Target {
        name: "request_msgpack",
        run: codec::request_msgpack,
        seeds: codec::request_msgpack_seeds,
    },
    Target { name: "push_json", run: codec::push_json, seeds: codec::push_json_seeds },
    Target { name: "push_msgpack", run: codec::push_msgpack, seeds: codec::push_msgpack_seeds },
    Target { name: "topicsync", run: topicsync::messages, seeds: topicsync::message_seeds },
    Target { name: "ghostr", run: tcp::ghostr, seeds: tcp::ghostr_seeds },
    Target { name: "muca", run: tcp::muca, seeds: tcp::muca_seeds },
    Target { name: "ids", run: core::ids, seeds: core::id_seeds },
    Target { name: "texts", run: core::texts, seeds: core::text_seeds },
    Target { name: "mentions", run: core::mentions, seeds: core::text_seeds },
    Target { name: "documents", run: core::documents, seeds: core::document_seeds },
    Target { name: "events", run: core::events, seeds: core::event_seeds },
    Target { name: "session", run: client::session, seeds: client::seeds },
    Target { name: "address", run: program::address, seeds: program::address_seeds },
    Target { name: "answer", run: program::answer, seeds: program::answer_seeds },
    Target { name: "config", run: program::config, seeds: program::config_seeds },
    Target { name: "log", run: program::log, seeds: program::log_seeds },
    Target { name: "yjs_message", run: yjs::message, seeds: yjs::message_seeds },
    Target { name: "yjs_update", run: yjs::update, seeds: yjs::update_seeds },
    Target { name: "yjs_json", run: yjs::json, seeds: yjs::json_seeds },
    Target { name: "topics", run: program::topics, seeds: program::topics_seeds },
    Target { name: "shown", run: terminal::shown, seeds: terminal::shown_seeds },
    Target { name: "typed", run: terminal::typed, seeds: terminal::typed_seeds },
    Target { name: "mark", run: program::mark, seeds: program::mark_seeds },
    Target { name: "private", run: private::frames, seeds: private::frame_seeds },
    Target { name: "stun", run: private::stun, seeds: private::stun_seeds },
    Target { name: "contents", run: files::contents, seeds: files::content_seeds },
    Target { name: "image", run: files::image, seeds: files::image_seeds },
    Target { name: "search", run: core::search, seeds: core::search_seeds },
];

/// The target of a name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// Where the inputs are kept that once made a target fail.
#[must_use]
pub fn crashes(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("crashes").join(target)
}
