//! Which of our crates may depend on which: the layers, enforced.

use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use super::{Violation, manifest, read};
use crate::metadata::{packages, text};

/// What a crate may use of the others.
enum May {
    /// Whatever it likes; such a crate is a program, and nobody is allowed to use it.
    Anything,
    Only(&'static [&'static str]),
}

/// The layers. Dependencies of tests are free: they do not shape the program.
const LAYERS: [(&str, May); 25] = [
    ("kith-core", May::Only(&[])),
    ("kith-ws", May::Only(&[])),
    ("kith-burst", May::Only(&[])),
    ("kith-yjs", May::Only(&["kith-core"])),
    ("kith-web", May::Only(&[])),
    ("kith-relay", May::Only(&[])),
    ("kith-blob", May::Only(&["kith-core"])),
    ("kith-image", May::Only(&[])),
    ("kith-checker", May::Only(&[])),
    ("kith-proto", May::Only(&["kith-core"])),
    ("kith-store", May::Only(&["kith-core"])),
    ("kith-store-sqlite", May::Only(&["kith-store", "kith-core"])),
    ("kith-search", May::Only(&["kith-store", "kith-core"])),
    ("kith-hub", May::Only(&["kith-core", "kith-store", "kith-yjs"])),
    ("kith-gateway-tcp", May::Only(&["kith-core", "kith-hub"])),
    ("kith-gateway-topicsync", May::Only(&["kith-core", "kith-hub", "kith-ws"])),
    (
        "kith-server",
        May::Only(&[
            "kith-core",
            "kith-proto",
            "kith-ws",
            "kith-burst",
            "kith-store",
            "kith-hub",
            "kith-blob",
            "kith-image",
            "kith-gateway-tcp",
            "kith-gateway-topicsync",
            "kith-web",
            "kith-relay",
        ]),
    ),
    ("kith-client", May::Only(&["kith-core", "kith-proto", "kith-yjs"])),
    ("kith-private", May::Only(&["kith-core", "kith-proto", "kith-client"])),
    ("kith-terminal", May::Only(&["kith-core", "kith-proto", "kith-client", "kith-private"])),
    ("kith", May::Anything),
    ("kith-fuzz", May::Anything),
    ("kith-sim", May::Anything),
    (
        "kith-bench",
        May::Only(&["kith-core", "kith-burst", "kith-store", "kith-store-sqlite", "kith-yjs"]),
    ),
    ("xtask", May::Only(&[])),
];

/// Compares every dependency between our crates with the table.
pub(super) fn check(metadata: &Value) -> Result<Vec<Violation>> {
    let packages = packages(metadata)?;
    let mut ours = Vec::new();
    for package in packages {
        ours.push(text(package, "name")?);
    }
    let mut found = Vec::new();
    for package in packages {
        let name = text(package, "name")?;
        let path = manifest::path(metadata, package)?;
        let Some((_, may)) = LAYERS.iter().find(|(layer, _)| *layer == name) else {
            let what = format!("{name} has no place in the layers of xtask/src/tidy/edges.rs");
            found.push(Violation { path, line: 1, what });
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let used = text(dependency, "name")?;
            let is_for_tests = dependency["kind"] == "dev";
            if ours.contains(&used) && !is_for_tests && !allows(may, used) {
                let line = line_of(&path, used);
                let what = format!("{name} must not depend on {used}");
                found.push(Violation { path: path.clone(), line, what });
            }
        }
    }
    Ok(found)
}

fn allows(may: &May, used: &str) -> bool {
    match may {
        May::Anything => true,
        May::Only(list) => list.contains(&used),
    }
}

/// The line of the manifest that names the dependency; the first if it is spelled unexpectedly.
fn line_of(manifest: &Path, used: &str) -> usize {
    let names = |line: &str| {
        line.trim_start().strip_prefix(used).is_some_and(|rest| rest.starts_with(['.', ' ', '=']))
    };
    let text = read(manifest).unwrap_or_default();
    text.lines().position(names).map_or(1, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::check;

    fn package(name: &str, uses: &[(&str, Option<&str>)]) -> Value {
        let uses: Vec<Value> =
            uses.iter().map(|(name, kind)| json!({"name": name, "kind": kind})).collect();
        let manifest = format!("/kith/crates/{name}/Cargo.toml");
        json!({"name": name, "manifest_path": manifest, "dependencies": uses})
    }

    fn violations(packages: &[Value]) -> Vec<String> {
        check(&json!({"workspace_root": "/kith", "packages": packages}))
            .expect("complete metadata")
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn dependencies_point_downward_only() {
        let packages = [
            package("kith-core", &[("kith-store", None), ("serde", None)]),
            package("kith-store", &[("kith-core", None)]),
            package("kith", &[("kith-store", None)]),
        ];
        assert_eq!(
            violations(&packages),
            ["crates/kith-core/Cargo.toml:1: kith-core must not depend on kith-store"]
        );
    }

    #[test]
    fn tests_may_depend_on_anything_but_build_scripts_may_not() {
        let packages = [
            package("kith-core", &[("kith-ws", Some("dev"))]),
            package("kith-ws", &[("kith-core", Some("build"))]),
        ];
        assert_eq!(
            violations(&packages),
            ["crates/kith-ws/Cargo.toml:1: kith-ws must not depend on kith-core"]
        );
    }

    #[test]
    fn an_unknown_crate_must_be_placed_first() {
        let found = violations(&[package("kith-extra", &[])]).join("\n");
        assert!(found.contains("kith-extra has no place in the layers"), "{found}");
    }
}
