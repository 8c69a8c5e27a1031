//! Sessions that upload files in pieces and post them, over bare HTTP: what was acknowledged of an
//! upload is there after every kill, what a message refers to is whole, and what nothing refers to
//! goes.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kith_core::file::BlobHash;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::World;
use crate::dice;

/// How long the server may take to let go of what nothing refers to: it looks twice a minute.
const PATIENCE: Duration = Duration::from_secs(120);
/// The most bytes of a file, and of a piece of it.
const FILE_BYTES_MAX: u64 = 150_000;
const PIECE_BYTES_MAX: u64 = 60_000;

/// A file that a message refers to, or did until it was deleted.
pub(crate) struct Posted {
    file: String,
    message: u64,
    content: Vec<u8>,
    deleted: bool,
}

pub(crate) struct Bearer {
    world: Arc<World>,
    index: usize,
    count: usize,
}

impl Bearer {
    pub(crate) fn new(world: Arc<World>, index: usize) -> Self {
        Self { world, index, count: 0 }
    }

    pub(crate) async fn run(mut self, stop: Arc<AtomicBool>) -> Vec<Posted> {
        let mut posted = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            self.count += 1;
            posted.push(self.bear().await);
        }
        posted
    }

    /// Uploads a file and posts it; every third message is deleted again.
    async fn bear(&self) -> Posted {
        let op = format!("bearer{}-{}", self.index, self.count);
        // Like no other, so that each is stored on its own.
        let mut content = op.clone().into_bytes();
        let more = usize::try_from(dice(FILE_BYTES_MAX)).unwrap();
        content.extend((0..more).map(|at| (at % 251) as u8));
        let begin = json!({ "name": format!("{op}.bin"), "bytes": content.len() }).to_string();
        let begun = self.until("POST", "/files", &key(&format!("{op}.up")), begin.as_bytes()).await;
        let file = begun["id"].as_str().unwrap().to_owned();
        self.send(&file, &content).await;
        let line = format!("/streams/{}/messages/{op}", self.world.files);
        let refers = json!({ "files": [file] }).to_string();
        let told = self.until("PUT", &line, "", refers.as_bytes()).await;
        let message = told["events"][0]["seq"].as_u64().unwrap();
        let deleted = self.count.is_multiple_of(3);
        if deleted {
            let line = format!("/streams/{}/messages/{message}", self.world.files);
            self.until("DELETE", &line, &key(&format!("{op}.gone")), b"").await;
        }
        Posted { file, message, content, deleted }
    }

    /// Sends a content in pieces of any size, from where the upload stands after each kill.
    async fn send(&self, file: &str, content: &[u8]) {
        let path = format!("/files/{file}");
        let mut acknowledged = 0;
        loop {
            let told = self.until("GET", &path, "", b"").await;
            let at = usize::try_from(told["offset"].as_u64().unwrap()).unwrap();
            assert!(at >= acknowledged, "{at} bytes of {file}: {acknowledged} were acknowledged");
            if told["file"].is_object() {
                assert_eq!(told["file"]["hash"], BlobHash::of(content).to_string());
                return;
            }
            let piece = usize::try_from(1 + dice(PIECE_BYTES_MAX)).unwrap();
            let end = content.len().min(at + piece);
            let offset = format!("upload-offset: {at}\r\n");
            let sent = self.ask("PATCH", &path, &offset, &content[at..end]).await;
            if let Some((200, body)) = sent {
                let told: Value = serde_json::from_slice(&body).unwrap();
                acknowledged = usize::try_from(told["offset"].as_u64().unwrap()).unwrap();
                assert_eq!(acknowledged, end);
            }
        }
    }

    /// Asks until it is answered that it is done.
    async fn until(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Value {
        loop {
            match self.ask(method, path, headers, body).await {
                Some((200 | 201, body)) => return serde_json::from_slice(&body).unwrap(),
                Some((503, _)) | None => tokio::time::sleep(Duration::from_millis(10)).await,
                Some((status, body)) => {
                    panic!("{method} {path}: {status} {}", String::from_utf8_lossy(&body))
                }
            }
        }
    }

    async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: &[u8],
    ) -> Option<(u16, Vec<u8>)> {
        request(&self.world, self.index, (method, path), headers, body).await
    }
}

fn key(op: &str) -> String {
    format!("idempotency-key: {op}\r\n")
}

/// The status and the body of an answer; `None` where it did not come, or not all of it.
async fn request(
    world: &World,
    user: usize,
    (method, path): (&str, &str),
    headers: &str,
    body: &[u8],
) -> Option<(u16, Vec<u8>)> {
    let (port, token, length) = (world.port, world.token(user), body.len());
    let mut socket = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    let head = format!(
        "{method} /api/v1{path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n\
         authorization: Bearer {token}\r\ncontent-type: application/json\r\n{headers}\
         content-length: {length}\r\nconnection: close\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).await.ok()?;
    socket.write_all(body).await.ok()?;
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.ok()?;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?.to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "))?;
    let body = answer.split_off(end + 4);
    let status = head.split(' ').nth(1)?.parse().ok()?;
    (length.trim().parse() == Ok(body.len())).then_some((status, body))
}

/// Every file of a message that was acknowledged is as it was sent, and those of deleted ones are
/// gone, with all that belongs to no file.
pub(crate) async fn are_whole(world: &World, posted: &[Posted], data: &Path) {
    let get = |path: String| async move { request(world, 0, ("GET", &path), "", b"").await };
    for one in posted.iter().filter(|one| !one.deleted) {
        let Posted { file, message, content, .. } = one;
        let path = format!("/streams/{}/messages/{message}/files/{file}", world.files);
        let (status, brought) = get(path).await.expect("the server is there");
        assert_eq!(status, 200, "{file} of message {message}");
        assert!(brought == *content, "{file} of message {message} is not what was sent");
    }
    let kept = posted.iter().filter(|one| !one.deleted).count();
    let gone = async {
        while entries(&data.join("files/blobs")).await != kept
            || count(&data.join("files/uploads")).await != 0
        {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let left = tokio::time::timeout(PATIENCE, gone).await;
    assert!(left.is_ok(), "more is left than the {kept} files that messages refer to");
}

async fn count(dir: &Path) -> usize {
    let Ok(mut entries) = tokio::fs::read_dir(dir).await else { return 0 };
    let mut count = 0;
    while let Ok(Some(_)) = entries.next_entry().await {
        count += 1;
    }
    count
}

/// How many files are in the directories of a directory.
async fn entries(dir: &Path) -> usize {
    let Ok(mut dirs) = tokio::fs::read_dir(dir).await else { return 0 };
    let mut all = 0;
    while let Ok(Some(dir)) = dirs.next_entry().await {
        all += count(&dir.path()).await;
    }
    all
}
