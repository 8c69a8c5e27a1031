//! Looking into images, in a process of its own that has little memory and time: whatever an image
//! does to its decoder, the server goes on.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use kith_core::text::{Color, MediaType};
use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::sync::Semaphore;

/// What the program is told to be this process.
pub const PICTURE: &str = "picture";
/// How long it may take.
const TIME: Duration = Duration::from_secs(20);
/// Images that are looked into at a time; others wait.
const PLACES: usize = 2;
/// The most bytes that it may say.
const SAID_BYTES_MAX: u64 = (kith_image::HEAD_BYTES_MAX
    + kith_image::SMALL_BYTES_MAX
    + kith_image::SQUARE_BYTES_MAX) as u64;

/// The program that looks into images.
pub(super) struct Painter {
    program: PathBuf,
    places: Semaphore,
}

/// What was found in an image.
pub(super) struct Picture {
    pub(super) size: (u32, u32),
    pub(super) color: Option<Color>,
    pub(super) small: Made,
    pub(super) square: Made,
}

/// An image that was made of it.
pub(super) struct Made {
    pub(super) media: MediaType,
    pub(super) bytes: bytes::Bytes,
}

impl Painter {
    pub(super) fn new(program: PathBuf) -> Self {
        Self { program, places: Semaphore::new(PLACES) }
    }

    /// Looks into an image; `None` when nothing can be told of it, for whatever reason.
    pub(super) async fn look(&self, path: &Path) -> Option<Picture> {
        let _place = self.places.acquire().await.ok()?;
        match tokio::time::timeout(TIME, self.ask(path)).await {
            Ok(Ok(said)) => read(said),
            Ok(Err(error)) => {
                tracing::warn!(%error, "images cannot be looked into");
                None
            }
            Err(_) => None,
        }
    }

    async fn ask(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        let content = tokio::fs::File::open(path).await?.into_std().await;
        let mut child = Command::new(&self.program)
            .arg(PICTURE)
            .env_clear()
            .stdin(content)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let mut said = Vec::new();
        if let Some(output) = child.stdout.take() {
            output.take(SAID_BYTES_MAX + 1).read_to_end(&mut said).await?;
        }
        let ended = child.wait().await?;
        Ok(if ended.success() { said } else { Vec::new() })
    }
}

/// Reads what the process said; `None` when it said nothing good.
fn read(said: Vec<u8>) -> Option<Picture> {
    let end = said.iter().take(kith_image::HEAD_BYTES_MAX).position(|byte| *byte == b'\n')?;
    let told: kith_image::Told = serde_json::from_slice(said.get(..end)?).ok()?;
    let mut small = bytes::Bytes::from(said).slice(end + 1..);
    if told.small.bytes > small.len() {
        return None;
    }
    let square = small.split_off(told.small.bytes);
    Some(Picture {
        size: (told.width, told.height),
        color: Color::parse(&told.color).ok(),
        small: made(&told.small, small)?,
        square: made(&told.square, square)?,
    })
}

/// An image of this process; `None` for what it never makes.
fn made(told: &kith_image::Made, bytes: bytes::Bytes) -> Option<Made> {
    let media = MediaType::parse(&told.media).ok()?;
    let is_made = matches!(media.as_str(), "image/jpeg" | "image/png");
    (is_made && bytes.len() == told.bytes && !bytes.is_empty()).then_some(Made { media, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_process_says_is_believed_only_where_it_makes_sense() {
        let head = |media: &str, small: usize, square: usize| {
            let made = |bytes: usize| serde_json::json!({ "type": media, "bytes": bytes });
            let (small, square) = (made(small), made(square));
            let told = serde_json::json!({
                "width": 2, "height": 3, "color": "#0a0b0c", "small": small, "square": square,
            });
            format!("{told}\n")
        };
        let said = |head: &str, images: &[u8]| read([head.as_bytes(), images].concat());
        let good = said(&head("image/png", 4, 2), b"\x89PNGok").expect("it makes sense");
        assert_eq!((good.size, good.small.bytes.as_ref()), ((2, 3), &b"\x89PNG"[..]));
        assert_eq!(good.square.bytes.as_ref(), b"ok");
        assert!(said("", b"").is_none());
        assert!(said("{}\n", b"").is_none());
        for (small, square) in [(7, 1), (4, 3), (6, 0), (0, 6), (3, 2), (usize::MAX, 4)] {
            let cut = said(&head("image/png", small, square), b"\x89PNGok");
            assert!(cut.is_none(), "{small} and {square} of 6 bytes");
        }
        assert!(said(&head("text/html", 4, 2), b"\x89PNGok").is_none());
        assert!(said(&"x".repeat(3000), b"").is_none());
    }
}
