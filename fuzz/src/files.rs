//! Files: what a content is, the names of files, hashes and types, and what images are.

use kith_core::file::BlobHash;
use kith_core::text::{Color, FileName, MediaType};
use kith_image::Bounds;

/// What is said of any content is a media type, and a name never a path.
pub(crate) fn contents(input: &[u8]) {
    for is_whole in [true, false] {
        let media = kith_blob::sniff::media_type(input, is_whole);
        assert_eq!(MediaType::parse(media.as_str()), Ok(media));
    }
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(hash) = text.parse::<BlobHash>() {
        assert_eq!(hash.to_string(), text);
    }
    if let Ok(name) = FileName::parse(text) {
        assert_eq!(FileName::parse(name.as_str()), Ok(name.clone()));
        let parts: Vec<_> = std::path::Path::new(name.as_str()).components().collect();
        assert!(matches!(parts[..], [std::path::Component::Normal(_)]), "{name}");
    }
    for parsed in [Color::parse(text).is_ok(), MediaType::parse(text).is_ok()] {
        assert!(!parsed || text.is_ascii());
    }
}

/// So much that each input is quickly done with.
const BOUNDS: Bounds = Bounds { pixels_max: 1024, memory_bytes_max: 1 << 20 };

/// An image is refused, or what is told of it makes sense and what is made of it is an image.
pub(crate) fn image(input: &[u8]) {
    let Ok((told, small, square)) = kith_image::look_within(input, BOUNDS) else { return };
    assert!(u64::from(told.width) * u64::from(told.height) <= BOUNDS.pixels_max);
    assert!(Color::parse(&told.color).is_ok(), "{}", told.color);
    assert!(square.len() <= kith_image::SQUARE_BYTES_MAX);
    for (made, bytes) in [(&told.small, &small), (&told.square, &square)] {
        assert_eq!(made.bytes, bytes.len());
        assert!(matches!(made.media.as_str(), "image/jpeg" | "image/png"));
        assert!(kith_image::look_within(bytes, BOUNDS).is_ok());
    }
}

/// One image of each format, of 6 × 3 pixels, as encoders write them; and a JPEG that lies on its
/// side.
pub(crate) fn image_seeds() -> Vec<Vec<u8>> {
    use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};
    let pixels = RgbaImage::from_fn(6, 3, |x, y| {
        let [x, y] = [x, y].map(|n| u8::try_from(n).unwrap_or(0));
        Rgba([x * 40, y * 80, 7, 255 - x])
    });
    let mut seeds = Vec::new();
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP] {
        let image = match format {
            ImageFormat::Jpeg => DynamicImage::ImageRgba8(pixels.clone()).to_rgb8().into(),
            _ => DynamicImage::ImageRgba8(pixels.clone()),
        };
        let mut content = std::io::Cursor::new(Vec::new());
        image.write_to(&mut content, format).expect("it is written to memory");
        seeds.push(content.into_inner());
    }
    let mut turned = seeds[1].clone();
    let exif: &[u8] =
        b"\xff\xe1\0\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    turned.splice(2..2, exif.iter().copied());
    seeds.push(turned);
    seeds
}

pub(crate) fn content_seeds() -> Vec<Vec<u8>> {
    let mut seeds = vec![b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), b"GIF89a\x01\0\x01\0".to_vec()];
    let hash = BlobHash::of(b"tea").to_string();
    let texts =
        ["tea.jpg", "..", "a/b", "image/png", "#0a9fff", &hash, "<?xml?><svg/>", "<!doctype html>"];
    seeds.extend(texts.map(|text| text.as_bytes().to_vec()));
    seeds.push(b"%PDF-1.7".to_vec());
    seeds.push(b"PK\x03\x04".to_vec());
    seeds
}
