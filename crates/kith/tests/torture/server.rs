//! The real program, started and killed.

use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
}

impl Server {
    /// Starts the program on `port` (0: any) and waits until it says that it listens.
    pub(crate) async fn start(data: &Path, port: u16) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_kith"))
            .args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data"])
            .arg(data)
            .args(["--set", "registration=open", "--set", "sign_ups_per_minute=60000"])
            .args(["--set", "requests_per_second=1000", "--set", "requests_burst=100000"])
            .args([
                "--set",
                "connections_per_user=1000",
                "--set",
                "password_memory_kib=64",
                "--set",
                "log=error",
            ])
            .args(["--set", "files.user_per_day=1000000", "--set", "files.free_percent=1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next_line().await.unwrap().expect("the server says where it listens");
        let port = line.rsplit(':').next().unwrap().trim_end_matches('/').parse().unwrap();
        Self { child, port }
    }

    /// Ends the program without a word, as a crash would.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }
}

/// Every event and document is as it should be, by the program's own word.
pub(crate) async fn is_whole(data: &Path) {
    let mut check = Command::new(env!("CARGO_BIN_EXE_kith"));
    let checked = check.arg("check").arg("--data").arg(data).output().await.unwrap();
    assert!(checked.status.success(), "{checked:?}");
}
