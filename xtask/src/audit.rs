//! `cargo xtask audit`: licences, duplicates and known advisories of what we depend on.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use serde_json::Value;

use crate::license::is_allowed;
use crate::metadata::{everything, packages, text};
use crate::step::{cargo, run, works};

/// Crates of which two versions would mean two runtimes, two TLS stacks or types that do not meet.
const SINGLE: [&str; 7] = ["axum", "bytes", "hyper", "rusqlite", "rustls", "serde", "tokio"];

/// Checks licences and duplicates itself, and advisories where `cargo deny` is installed.
pub(crate) fn audit() -> Result<()> {
    let metadata = everything()?;
    let packages = packages(&metadata)?;
    let mut problems = license_problems(packages)?;
    problems.extend(duplicates(packages)?);
    for problem in &problems {
        eprintln!("{problem}");
    }
    if !problems.is_empty() {
        bail!("{} problem(s) with the dependencies", problems.len());
    }
    eprintln!("audit: the licences of {} packages are fine", packages.len());
    if works(&mut cargo("deny --version")) {
        deny()
    } else {
        eprintln!("audit: cargo-deny is not installed, so advisories were not checked");
        Ok(())
    }
}

fn license_problems(packages: &[Value]) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for package in packages {
        let who = format!("{} {}", text(package, "name")?, text(package, "version")?);
        // A package with only a licence file would need a person to read it: none so far.
        let Some(license) = package["license"].as_str() else {
            problems.push(format!("{who}: names no licence"));
            continue;
        };
        match is_allowed(license) {
            Ok(true) => {}
            Ok(false) => problems.push(format!("{who}: licence not allowed: {license}")),
            Err(error) => problems.push(format!("{who}: unreadable licence {license}: {error}")),
        }
    }
    Ok(problems)
}

/// Returns the forbidden duplicates and notes the others.
fn duplicates(packages: &[Value]) -> Result<Vec<String>> {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in packages {
        versions.entry(text(package, "name")?).or_default().push(text(package, "version")?);
    }
    let mut problems = Vec::new();
    for (name, versions) in versions.iter().filter(|(_, versions)| versions.len() > 1) {
        let versions = versions.join(", ");
        if SINGLE.contains(name) {
            problems.push(format!("{name}: there must be only one version, found {versions}"));
        } else {
            eprintln!("note: {name} is used in {versions}");
        }
    }
    Ok(problems)
}

/// Runs `cargo deny`; a database that cannot be fetched is no fault of the change under test.
fn deny() -> Result<()> {
    run(&mut cargo("deny check bans licenses"))?;
    let output = cargo("deny check advisories").output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        Ok(())
    } else if said.contains("failed to fetch advisory database") {
        eprintln!("audit: the advisory database cannot be fetched, so advisories were not checked");
        Ok(())
    } else {
        bail!("`cargo deny check advisories` failed:\n{said}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{duplicates, license_problems};

    #[test]
    fn a_second_tokio_is_a_problem_a_second_syn_is_not() {
        let packages = [
            json!({"name": "syn", "version": "2.0.0"}),
            json!({"name": "syn", "version": "3.0.0"}),
            json!({"name": "tokio", "version": "0.3.0"}),
            json!({"name": "tokio", "version": "1.0.0"}),
        ];
        let problems = duplicates(&packages).expect("complete metadata");
        assert_eq!(problems, ["tokio: there must be only one version, found 0.3.0, 1.0.0"]);
    }

    #[test]
    fn a_package_without_an_allowed_licence_is_named() {
        let packages = [
            json!({"name": "a", "version": "1.0.0", "license": "MIT"}),
            json!({"name": "b", "version": "1.0.0", "license": null}),
            json!({"name": "c", "version": "1.0.0", "license": "GPL-3.0"}),
            json!({"name": "d", "version": "1.0.0", "license": "MIT OR"}),
        ];
        let problems = license_problems(&packages).expect("complete metadata").join("\n");
        assert_eq!(
            problems,
            "b 1.0.0: names no licence\n\
             c 1.0.0: licence not allowed: GPL-3.0\n\
             d 1.0.0: unreadable licence MIT OR: expected a licence, found the end"
        );
    }
}
