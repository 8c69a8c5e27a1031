//! Loads images, one after another, beside everything else. They may be anybody's: the server made small
//! ones of them, and what it sends is read within limits as if it had not.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, ImageReader, Limits};
use kith_client::Files;
use kith_core::id::FileId;
use ratatui::layout::Size;
use ratatui_image::Resize;
use ratatui_image::picker::{Picker, ProtocolType};
use ratatui_image::protocol::halfblocks::Halfblocks;
use ratatui_image::sliced::SlicedProtocol;
use tokio::sync::mpsc;

use super::detect::Font;
use super::{Pictures, Wanted};

/// The most pixels of an image on a side, and the most bytes that reading it may take.
const SIDE_MAX: u32 = 1024;
const BYTES_MAX: u64 = 32 * 1024 * 1024;
/// Images that may wait here.
const WAITING_MAX: usize = 4;

type Order = (Wanted, ProtocolType, Font);
type Came = (FileId, Option<SlicedProtocol>);

/// Loads images. Needs a tokio runtime.
pub(in crate::screen) struct Loader {
    orders: mpsc::Sender<Order>,
    came: mpsc::Receiver<Came>,
}

impl Loader {
    pub(in crate::screen) fn start(files: Files) -> Self {
        let (orders, taken) = mpsc::channel(WAITING_MAX);
        let (told, came) = mpsc::channel(WAITING_MAX);
        tokio::spawn(load_all(files, taken, told));
        Self { orders, came }
    }

    /// Takes what is wanted, as far as there is room.
    pub(in crate::screen) fn take_from(&self, pictures: &mut Pictures) {
        while let Ok(permit) = self.orders.try_reserve() {
            match pictures.next_wanted() {
                Some(order) => permit.send(order),
                None => return,
            }
        }
    }

    /// The next one that was loaded, or was not. May be dropped without loss.
    pub(in crate::screen) async fn next(&mut self) -> Option<Came> {
        self.came.recv().await
    }
}

async fn load_all(files: Files, mut orders: mpsc::Receiver<Order>, told: mpsc::Sender<Came>) {
    while let Some((wanted, kind, font)) = orders.recv().await {
        let brought = files.thumbnail((wanted.stream, wanted.message), wanted.file).await;
        let image = match brought {
            Ok(bytes) => {
                let made = move || made(&bytes, kind, font, wanted.size);
                tokio::task::spawn_blocking(made).await.ok().flatten()
            }
            Err(_) => None,
        };
        if told.send((wanted.file, image)).await.is_err() {
            return;
        }
    }
}

/// Reads an image, and makes of it what the terminal wants, in so many cells.
pub(super) fn made(
    bytes: &[u8],
    kind: ProtocolType,
    font: Font,
    size: Size,
) -> Option<SlicedProtocol> {
    let image = read(bytes)?;
    if kind == ProtocolType::Halfblocks {
        return Halfblocks::new(image, size).ok().map(SlicedProtocol::Halfblocks);
    }
    #[expect(deprecated, reason = "the other way asks the terminal, and steals what is typed")]
    let mut picker = Picker::from_fontsize(font);
    picker.set_protocol_type(kind);
    let resize = Resize::Fit(Some(image::imageops::FilterType::Triangle));
    SlicedProtocol::new_with_resize(&picker, image, size, resize).ok()
}

fn read(bytes: &[u8]) -> Option<DynamicImage> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
    // What thumbnails are; nothing else is read.
    if !matches!(reader.format(), Some(ImageFormat::Png | ImageFormat::Jpeg)) {
        return None;
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_MAX);
    limits.max_image_height = Some(SIDE_MAX);
    limits.max_alloc = Some(BYTES_MAX);
    reader.limits(limits);
    reader.decode().ok()
}
