//! The real Hocuspocus, which keeps its documents in memory here.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::Place;
use crate::server::{Server, free_port, program};

/// An exact version, so that figures can be compared.
const PACKAGE: &str = "@hocuspocus/server@4.7.0";

const PROGRAM: &str = r"
const { Server } = require('@hocuspocus/server');
new Server({ address: '127.0.0.1', port: +process.argv[2], quiet: true }).listen();
";

/// Installs it below the directory, if it is not there; says why not, if it cannot.
pub(super) fn install(dir: &Path) -> Result<bool> {
    let dir = dir.join("bench-peers").join("hocuspocus");
    if dir.join("node_modules").join("@hocuspocus").exists() {
        return Ok(true);
    }
    std::fs::create_dir_all(&dir)?;
    std::fs::write(dir.join("package.json"), r#"{"private":true}"#)?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--save-exact", "--ignore-scripts", PACKAGE]);
    let is_there = npm.current_dir(&dir).output().is_ok_and(|made| made.status.success());
    if !is_there {
        eprintln!("  left out: {PACKAGE} cannot be installed (npm, and a way to its registry)");
    }
    Ok(is_there)
}

pub(super) fn start(dir: &Path) -> Result<Place> {
    let port = free_port()?;
    let file = std::fs::canonicalize(dir.join("bench-peers").join("hocuspocus"))?.join("server.js");
    std::fs::write(&file, PROGRAM)?;
    let mut command = program("node");
    command.arg(file).arg(port.to_string());
    let server = Server::listening(command, port)?;
    // Nobody asks who the editors are.
    let tokens = ["any".to_owned(), "any".to_owned()];
    Ok(Place { server, path: "/", document: "novel".to_owned(), tokens })
}
