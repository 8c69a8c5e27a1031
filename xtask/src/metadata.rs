//! What `cargo metadata` says of the workspace and of the packages it uses.

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::step::{cargo, output};

/// The workspace's own crates only; needs no registry.
pub(crate) fn workspace() -> Result<Value> {
    parse(&output(&mut cargo("metadata --no-deps --format-version 1"))?)
}

/// Every package in use on any platform, ours included.
pub(crate) fn everything() -> Result<Value> {
    parse(&output(&mut cargo("metadata --format-version 1"))?)
}

/// The packages listed in what either function returned.
pub(crate) fn packages(metadata: &Value) -> Result<&[Value]> {
    metadata["packages"].as_array().map(Vec::as_slice).context("`cargo metadata` lists no packages")
}

/// A text field of a package or dependency that cargo always fills in.
pub(crate) fn text<'a>(value: &'a Value, field: &str) -> Result<&'a str> {
    value[field].as_str().with_context(|| format!("`cargo metadata` gives no {field}"))
}

fn parse(json: &str) -> Result<Value> {
    serde_json::from_str(json).context("`cargo metadata` did not print JSON")
}
