//! Images that are as they should be, and images that are not.

use image::{Rgba, RgbaImage};

use super::*;

fn picture(width: u32, height: u32, alpha: u8, format: ImageFormat) -> Vec<u8> {
    let pixels = RgbaImage::from_pixel(width, height, Rgba([200, 100, 50, alpha]));
    let image = DynamicImage::ImageRgba8(pixels);
    let image = match format {
        ImageFormat::Jpeg => DynamicImage::ImageRgb8(image.to_rgb8()),
        _ => image,
    };
    let mut content = Cursor::new(Vec::new());
    image.write_to(&mut content, format).unwrap();
    content.into_inner()
}

#[test]
fn an_image_has_a_size_a_colour_and_a_small_one() {
    for format in FORMATS {
        let (told, small, _) = look(&picture(1300, 650, 255, format)).unwrap();
        assert_eq!((told.width, told.height), (1300, 650), "{format:?}");
        assert_eq!(told.small.bytes, small.len());
        let (again, _, _) = look(&small).unwrap();
        assert_eq!((again.width, again.height), (640, 320), "{format:?}");
        let red = u8::from_str_radix(&told.color[1..3], 16).unwrap();
        assert!((195..=205).contains(&red), "{format:?}: {}", told.color);
        assert_eq!(told.small.media, "image/jpeg");
    }
    let (told, _, _) = look(&picture(1, 3, 100, ImageFormat::Png)).unwrap();
    assert_eq!((told.width, told.height, told.small.media.as_str()), (1, 3, "image/png"));
    assert_eq!(told.color, "#c86432", "what shines through has no colour");
}

#[test]
fn an_image_has_a_square_of_its_middle() {
    for (width, height, side) in [(1300, 650, SQUARE), (20, 5000, 20), (1, 1, 1), (193, 192, 192)] {
        for alpha in [255, 100] {
            let (told, _, square) = look(&picture(width, height, alpha, ImageFormat::Png)).unwrap();
            assert_eq!(told.square.bytes, square.len());
            assert!(square.len() <= SQUARE_BYTES_MAX);
            let (again, _, _) = look(&square).unwrap();
            assert_eq!((again.width, again.height), (side, side), "of {width} × {height}");
        }
    }
    // Red in the middle, and blue at both ends.
    let pixels = RgbaImage::from_fn(900, 300, |x, _| match x {
        300..600 => Rgba([255, 0, 0, 255]),
        _ => Rgba([0, 0, 255, 255]),
    });
    let mut content = Cursor::new(Vec::new());
    pixels.write_to(&mut content, ImageFormat::Png).unwrap();
    let (_, _, square) = look(&content.into_inner()).unwrap();
    let square = image::load_from_memory(&square).unwrap().to_rgb8();
    assert!(square.pixels().all(|pixel| pixel.0[0] > 200 && pixel.0[2] < 60), "only the middle");
}

/// The worst that a square can be: nothing in it is like anything else, and it shines through.
#[test]
fn a_square_is_small_whatever_is_in_it() {
    let mut state = 1_u32;
    let pixels = RgbaImage::from_fn(SQUARE, SQUARE, |_, _| {
        Rgba([0; 4].map(|_: u8| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        }))
    });
    let mut content = Cursor::new(Vec::new());
    pixels.write_to(&mut content, ImageFormat::Png).unwrap();
    let (told, _, _) = look(&content.into_inner()).unwrap();
    assert!(told.square.bytes <= SQUARE_BYTES_MAX, "{}", told.square.bytes);
}

/// A JPEG whose EXIF says that it lies on its side.
#[test]
fn an_image_is_shown_upright() {
    let mut content = picture(30, 20, 255, ImageFormat::Jpeg);
    let exif: &[u8] =
        b"\xff\xe1\0\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    content.splice(2..2, exif.iter().copied());
    let (told, small, square) = look(&content).unwrap();
    assert_eq!((told.width, told.height), (20, 30));
    for made in [small, square] {
        let tells = made.windows(4).any(|four| four == b"Exif");
        assert!(!tells, "nothing is told of where it was made");
    }
}

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut crc = !0_u32;
    for byte in kind.iter().chain(data) {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    [&length[..], kind, data, &(!crc).to_be_bytes()].concat()
}

/// The beginning of a PNG that says it has so many pixels.
fn claims(width: u32, height: u32) -> Vec<u8> {
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend([8, 6, 0, 0, 0]);
    [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(b"IHDR", &header), chunk(b"IDAT", b"x\x9c")].concat()
}

#[test]
fn what_is_no_image_or_would_be_too_large_is_refused_before_it_is_decoded() {
    for (width, height) in
        [(100_000, 100_000), (6400, 6400), (u32::MAX >> 1, 1), (1, u32::MAX >> 1)]
    {
        assert!(look(&claims(width, height)).is_err(), "{width} x {height}");
    }
    assert!(matches!(look(&claims(50_000, 50_000)), Err(Error::TooLarge)));
    let gif = b"GIF89a\xff\xff\xff\xff\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\xff\xff\xff\xff\0\x02\x02D\x01\0;";
    assert!(look(gif).is_err());
    for nothing in
        [&b""[..], b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"BM\0\0", b"II*\0", b"%PDF-1.7"]
    {
        assert!(matches!(look(nothing), Err(Error::Format)), "{nothing:?}");
    }
}

#[test]
fn a_damaged_image_is_an_error_and_never_a_panic() {
    for format in FORMATS {
        let whole = picture(40, 30, 200, format);
        for at in 0..whole.len() {
            let _ = look(&whole[..at]);
            let mut damaged = whole.clone();
            damaged[at] ^= 0x55;
            let _ = look(&damaged);
        }
    }
}
