//! Requests with bytes in them, over sockets of their own.

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::site::Server;

/// An answer.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

fn head(token: &str, line: &str, headers: &str, length: usize) -> String {
    let (method, path) = line.split_once(' ').unwrap();
    format!(
        "{method} /api/v1{path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {token}\r\n\
         connection: close\r\n{headers}content-length: {length}\r\n\r\n"
    )
}

impl Server {
    /// A request with some more headers, each with its end of line.
    pub(crate) async fn bytes(&self, token: &str, line: &str, headers: &str, body: &[u8]) -> Got {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        stream.write_all(head(token, line, headers, body.len()).as_bytes()).await.unwrap();
        // Whoever is refused early is hung up on in the middle.
        let _ = stream.write_all(body).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(answer[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Got { status, head, body: answer[end + 4..].to_vec() }
    }

    /// Begins a request and sends a part of its body; the connection is up to the caller.
    pub(crate) async fn half(
        &self,
        token: &str,
        line: &str,
        part: &[u8],
        length: usize,
    ) -> TcpStream {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let head = head(token, line, "upload-offset: 0\r\n", length);
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(part).await.unwrap();
        stream
    }

    /// Begins an upload; its id.
    pub(crate) async fn begin(&self, token: &str, name: &str, bytes: usize) -> String {
        let body = serde_json::json!({ "name": name, "bytes": bytes }).to_string();
        let (status, told) = self.rest(token, "POST /files", &body).await;
        assert_eq!(status, 201, "{told}");
        told["id"].as_str().unwrap().to_owned()
    }

    /// Sends bytes of an upload.
    pub(crate) async fn patch(&self, token: &str, id: &str, offset: usize, body: &[u8]) -> Got {
        let offset = format!("upload-offset: {offset}\r\n");
        self.bytes(token, &format!("PATCH /files/{id}"), &offset, body).await
    }

    /// Uploads a file in one piece; its id.
    pub(crate) async fn upload(&self, token: &str, name: &str, content: &[u8]) -> String {
        let id = self.begin(token, name, content.len()).await;
        let got = self.patch(token, &id, 0, content).await;
        assert_eq!(got.status, 200, "{}", got.json());
        id
    }

    /// Posts a message with files; where it is, below `/streams`.
    pub(crate) async fn post_files(&self, token: &str, stream: &str, files: &[&str]) -> String {
        let name = files.first().unwrap_or(&"none").replace("f_", "m");
        let body = serde_json::json!({ "files": files }).to_string();
        let line = format!("PUT /streams/{stream}/messages/{name}");
        let (status, told) = self.rest(token, &line, &body).await;
        assert_eq!(status, 200, "{told}");
        format!("/streams/{stream}/messages/{}", told["events"][0]["seq"])
    }

    /// How many contents are stored.
    pub(crate) fn stored(&self) -> usize {
        let dirs = std::fs::read_dir(self.dir.path().join("blobs")).unwrap();
        dirs.map(|dir| std::fs::read_dir(dir.unwrap().path()).unwrap().count()).sum()
    }

    /// Contents of uploads that are on their way.
    pub(crate) fn coming(&self) -> usize {
        std::fs::read_dir(self.dir.path().join("uploads")).unwrap().count()
    }
}
