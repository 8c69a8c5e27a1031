//! Reads from old clients.

use serde_json::{Map, Value as Json};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::json::{Broken, Objects};

/// Bytes read at a time.
const CHUNK: usize = 4096;

/// What came.
#[derive(Debug)]
pub(crate) enum Got {
    /// An object.
    Object(Map<String, Json>),
    /// The end.
    Gone,
    /// Something that is no object.
    Broken,
}

/// The bytes of a client, as objects.
pub(crate) struct Reader<R> {
    input: R,
    objects: Objects,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    pub(crate) fn new(input: R) -> Self {
        Self { input, objects: Objects::default() }
    }

    /// Some bytes; none at the end. Whoever gives up waiting loses none.
    pub(crate) async fn bytes(&mut self) -> Vec<u8> {
        let mut chunk = [0; CHUNK];
        let count = self.input.read(&mut chunk).await.unwrap_or(0);
        chunk[..count].to_vec()
    }

    /// Adds bytes that were read otherwise, as if they came now.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.objects.push(bytes);
    }

    /// The next object. Whoever gives up waiting loses nothing.
    pub(crate) async fn object(&mut self) -> Got {
        loop {
            match self.objects.next() {
                Ok(Some(object)) => return Got::Object(object),
                Ok(None) => {}
                Err(Broken) => return Got::Broken,
            }
            let bytes = self.bytes().await;
            if bytes.is_empty() {
                return Got::Gone;
            }
            self.objects.push(&bytes);
        }
    }
}
