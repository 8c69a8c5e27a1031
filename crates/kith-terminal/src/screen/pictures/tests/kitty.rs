//! What Kitty is told of an image: read as it reads it, and compared with the image.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;

const BEGIN: &str = "\x1b_G";
const END: &str = "\x1b\\";
/// What stands in a cell in the place of a piece of the image.
const PLACEHOLDER: char = '\u{10eeee}';
/// The most letters of data at a time, which is a rule of the protocol.
const CHUNK_MAX: usize = 4096;

/// Reads what tells of an image; its number, the image, and what stands behind. The protocol is
/// <https://sw.kovidgoyal.net/kitty/graphics-protocol/>.
#[track_caller]
fn told(mut text: &str) -> (u32, RgbaImage, &str) {
    let mut bytes = Vec::new();
    let mut about = None;
    loop {
        let (piece, behind) = text.strip_prefix(BEGIN).unwrap().split_once(END).unwrap();
        let (keys, data) = piece.split_once(';').unwrap();
        let keys: Vec<(&str, &str)> =
            keys.split(',').map(|key| key.split_once('=').unwrap()).collect();
        let key = |name: &str| keys.iter().find(|(of, _)| *of == name).map(|(_, value)| *value);
        let number = |name: &str| key(name).unwrap().parse::<u32>().unwrap();
        if about.is_none() {
            // Four bytes of each pixel that are not compressed, to be shown where placeholders stand.
            let how = ["a", "U", "f", "t", "o"].map(key);
            assert_eq!(how, [Some("T"), Some("1"), Some("32"), Some("d"), None]);
            about = Some((number("i"), number("s"), number("v")));
        }
        // An answer would be taken for something that is typed.
        assert_eq!(key("q"), Some("2"));
        assert!(data.len() <= CHUNK_MAX, "{}", data.len());
        bytes.extend(STANDARD.decode(data).unwrap());
        text = behind;
        match key("m") {
            Some("1") => {}
            more => {
                assert_eq!(more, Some("0"));
                break;
            }
        }
    }
    let (id, width, height) = about.unwrap();
    (id, RgbaImage::from_raw(width, height, bytes).unwrap(), text)
}

/// The cells of images, and the one that tells of an image.
fn drawn(show: &Show) -> (Vec<&Cell>, Vec<&Cell>) {
    let cells = show.terminal.backend().buffer().content().iter();
    let cells = cells.filter(|cell| cell.symbol().contains(PLACEHOLDER));
    cells.partition(|cell| !cell.symbol().contains(BEGIN))
}

/// Shows an image once; what Kitty is told of it.
#[track_caller]
fn check(show: &mut Show, bytes: &[u8]) -> RgbaImage {
    assert_eq!(bring(show, bytes), 1);
    show.draw();
    let (cells, telling) = drawn(show);
    let [first] = telling[..] else { panic!("{} cells tell of it", telling.len()) };
    let (id, image, behind) = told(first.symbol());
    assert!(behind.starts_with(PLACEHOLDER), "{behind:?}");
    // All of it is placed, and the colour says which image that is.
    assert_eq!(cells.len() + 1, 32 * 12);
    let [_, red, green, blue] = id.to_be_bytes();
    let is_its = |cell: &Cell| cell.fg == Color::Rgb(red, green, blue);
    assert!(cells.into_iter().chain([first]).all(is_its));
    image
}

#[test]
fn kitty_is_told_every_pixel() {
    let image = colourful();
    let told = check(&mut shown(Images::Kitty), &png(&image));
    assert_eq!(told.dimensions(), image.dimensions());
    let differ = told.enumerate_pixels().find(|(x, y, pixel)| image.get_pixel(*x, *y) != *pixel);
    assert_eq!(differ, None);
}

#[test]
fn kitty_is_told_a_large_image_as_large_as_it_is_shown() {
    let told = check(&mut shown(Images::Kitty), &tea(ImageFormat::Png, 640, 480));
    assert_eq!(told.dimensions(), (256, 192));
    for (x, y, pixel) in told.enumerate_pixels() {
        // Between its halves the colours are mixed.
        match x {
            ..126 => assert_eq!(*pixel, Rgba([200, 0, 0, 255]), "{x}, {y}"),
            126..130 => {}
            _ => assert_eq!(*pixel, Rgba([0, 200, 0, 255]), "{x}, {y}"),
        }
    }
}

#[test]
fn kitty_is_told_once_and_anew_when_it_may_have_forgotten() {
    let mut show = shown(Images::Kitty);
    let image = tea(ImageFormat::Png, 640, 480);
    let first = check(&mut show, &image);
    show.turn();
    let (cells, telling) = drawn(&show);
    assert_eq!((cells.len(), telling.len()), (32 * 12, 0));
    // Everything is drawn anew.
    show.control('l');
    assert_eq!(drawn(&show).0.len(), 0);
    assert!(check(&mut show, &image) == first);
}
