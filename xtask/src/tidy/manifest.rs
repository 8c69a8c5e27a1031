//! What every crate's manifest takes over from the workspace.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::Value;

use super::{Violation, read};
use crate::metadata::{packages, text};

/// Checks the manifests of all our crates.
pub(super) fn check(metadata: &Value) -> Result<Vec<Violation>> {
    let mut found = Vec::new();
    for package in packages(metadata)? {
        let path = path(metadata, package)?;
        let toml = read(&path)?;
        found.extend(missing(&toml).map(|what| Violation { path: path.clone(), line: 1, what }));
    }
    Ok(found)
}

/// A package's manifest, named from the root.
pub(super) fn path(metadata: &Value, package: &Value) -> Result<PathBuf> {
    let path = Path::new(text(package, "manifest_path")?);
    let root = text(metadata, "workspace_root")?;
    Ok(path.strip_prefix(root).unwrap_or(path).to_path_buf())
}

fn missing(toml: &str) -> impl Iterator<Item = String> {
    let rules = [("package", "license.workspace"), ("lints", "workspace")];
    let missing: Vec<_> = rules
        .into_iter()
        .filter(|(table, key)| !is_true(toml, table, key))
        .map(|(table, key)| format!("[{table}] lacks `{key} = true`"))
        .collect();
    missing.into_iter()
}

/// Whether `key = true` stands in `[table]`, spelled the one way that our manifests use.
fn is_true(toml: &str, table: &str, key: &str) -> bool {
    let mut is_inside = false;
    for line in toml.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            is_inside = header.strip_suffix(']') == Some(table);
        } else if is_inside
            && line.split_once('=').is_some_and(|(k, v)| k.trim() == key && v.trim() == "true")
        {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::missing;

    #[test]
    fn licence_and_lints_come_from_the_workspace() {
        let good = "[package]\nlicense.workspace = true\n\n[lints]\nworkspace = true\n";
        assert_eq!(missing(good).count(), 0);
        let bad = "[package]\nlicense = \"MIT\"\n\n[dependencies]\nworkspace = true\n";
        let found: Vec<String> = missing(bad).collect();
        assert_eq!(
            found,
            ["[package] lacks `license.workspace = true`", "[lints] lacks `workspace = true`"]
        );
    }
}
