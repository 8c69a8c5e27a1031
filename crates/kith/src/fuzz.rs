//! What the program reads from outside, reachable for the fuzz targets and for nobody else.

use std::ffi::OsString;

use crate::config::{Config, Given};
use crate::{cmd, http, profile};

/// Reads a configuration of a file, pairs as `--set` takes them, and an environment; whether it is
/// one, and what it says of itself.
///
/// # Errors
/// What the operator would be told.
pub fn config(
    file: &str,
    set: &[String],
    variables: &[(OsString, OsString)],
) -> Result<Vec<String>, String> {
    let given = Given { set: set.to_vec(), ..Given::default() };
    let config = Config::of(file, &given, variables).map_err(|error| error.to_string())?;
    Ok(config.entries().map(|(key, entry)| format!("{key} = {entry}")).collect())
}

/// Reads a link or code of an invite: the server, if it names one, and the code.
#[must_use]
pub fn invite(text: &str) -> Option<(Option<String>, String)> {
    let invite = cmd::join::parse(text).ok()?;
    Some((invite.server.map(|server| server.to_string()), invite.code))
}

/// Reads what a server answers over HTTP: the code of a problem.
#[must_use]
pub fn answer(body: &[u8]) -> Option<String> {
    let begun = serde_json::from_slice::<http::Begun>(body).map(|begun| begun.token);
    begun.ok().or_else(|| http::refusal(body).map(|problem| problem.code))
}

/// Reads a kept session: its server.
#[must_use]
pub fn kept(bytes: &[u8]) -> Option<String> {
    serde_json::from_slice::<profile::Session>(bytes).ok().map(|session| session.server)
}

/// Reads a file of topics up to where it is none: its lines, as they are written.
#[must_use]
pub fn topics(bytes: &[u8]) -> Vec<String> {
    cmd::topic::read_any(bytes)
}
