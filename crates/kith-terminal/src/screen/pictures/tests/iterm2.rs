//! What terminals with the inline images of iTerm2 are told of an image: read as they read it, and
//! compared with the image. The protocol is <https://iterm2.com/documentation-images.html>.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::GenericImage;

use super::*;

const BEGIN: &str = "\x1b]1337;File=";
const END: char = '\x07';

/// Reads a row of an image, behind as many letters that are deleted.
#[track_caller]
fn told(text: &str) -> RgbaImage {
    let (clear, text) = text.split_once(BEGIN).unwrap();
    let (about, data) = text.strip_suffix(END).unwrap().split_once(':').unwrap();
    let about: Vec<(&str, &str)> =
        about.split(';').map(|pair| pair.split_once('=').unwrap()).collect();
    let key = |name: &str| about.iter().find(|(of, _)| *of == name).map(|(_, value)| *value);
    // It is shown, not saved.
    assert_eq!(key("inline"), Some("1"));
    let png = STANDARD.decode(data).unwrap();
    assert_eq!(key("size"), Some(png.len().to_string().as_str()));
    let image = image::load_from_memory_with_format(&png, ImageFormat::Png).unwrap().into_rgba8();
    // As large as it is: nothing is made larger or smaller.
    let pixels = |count: u32| format!("{count}px");
    assert_eq!(key("width"), Some(pixels(image.width()).as_str()));
    assert_eq!(key("height"), Some(pixels(image.height()).as_str()));
    assert_eq!(clear, format!("\x1b[{}X", image.width().div_ceil(8)));
    image
}

/// All rows of an image, the first of them on this row of the screen; `None` if there are none.
#[track_caller]
fn drawn(show: &Show) -> Option<(u16, RgbaImage)> {
    let buffer = show.terminal.backend().buffer();
    let cells = buffer.content().iter().enumerate();
    let cells = cells.filter(|(_, cell)| cell.symbol().contains(BEGIN));
    let rows: Vec<_> = cells.map(|(at, cell)| (buffer.pos_of(at), told(cell.symbol()))).collect();
    let ((x, first), row) = rows.first()?;
    let height = rows.iter().map(|(_, row)| row.height()).sum();
    let mut image = RgbaImage::new(row.width(), height);
    let mut below = 0;
    for (number, (at, row)) in (*first..).zip(&rows) {
        assert_eq!(*at, (*x, number), "one row below the other");
        image.copy_from(row, 0, below).unwrap();
        below += row.height();
    }
    Some((*first, image))
}

/// Shows an image; what is told of it.
#[track_caller]
fn check(bytes: &[u8]) -> RgbaImage {
    drawn(&showing(Images::Iterm2, bytes)).unwrap().1
}

#[test]
fn iterm2_is_told_every_pixel() {
    let image = colourful();
    assert!(check(&png(&image)) == image);
}

#[test]
fn iterm2_is_told_a_large_image_as_large_as_it_is_shown() {
    let told = check(&tea(ImageFormat::Png, 640, 480));
    assert_eq!(told.dimensions(), (256, 192));
    for (x, y, pixel) in told.enumerate_pixels() {
        let wanted = match x {
            ..126 => [200, 0, 0, 255],
            // Between its halves the colours may be mixed.
            126..130 => continue,
            _ => [0, 200, 0, 255],
        };
        assert_eq!(pixel.0, wanted, "{x}, {y}");
    }
}

#[test]
fn what_iterm2_tells_stays_among_the_messages_wherever_they_are_scrolled() {
    stays(Images::Iterm2, |show| drawn(show).map(|(y, image)| (y, image.height())));
}
