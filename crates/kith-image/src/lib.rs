//! What can be told of an image: its size, its colour, and a small image of it, made anew.
//!
//! It runs in a process of its own, with little memory and time ([`run`]): whoever uploads images
//! chooses what is decoded.

use std::io::{Cursor, Read, Write};

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use serde::{Deserialize, Serialize};

/// The most pixels of an image that is decoded.
pub const PIXELS_MAX: u64 = 40_000_000;
/// The most bytes of an image that is looked at.
pub const BYTES_MAX: u64 = 64 * 1024 * 1024;
/// The width and height that a small image has at most.
pub const SMALL: u32 = 640;
/// The most bytes of a small image.
pub const SMALL_BYTES_MAX: usize = 2 * 1024 * 1024;
/// The width and height that a square has at most.
pub const SQUARE: u32 = 192;
/// The most bytes of a square.
pub const SQUARE_BYTES_MAX: usize = 256 * 1024;
/// The most bytes of what is said before it.
pub const HEAD_BYTES_MAX: usize = 1024;
/// Memory that decoding may ask for, in bytes.
const MEMORY: u64 = 512 * 1024 * 1024;
/// All memory of the process, in bytes: the program and its libraries count as well.
#[cfg(unix)]
const PROCESS_MEMORY: u64 = 1536 * 1024 * 1024;
/// Seconds of a processor.
#[cfg(unix)]
const SECONDS: u64 = 10;
/// How good a small image is, of 100.
const QUALITY: u8 = 82;
const FORMATS: [ImageFormat; 4] =
    [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP];

/// Why nothing can be told of an image.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is none of the formats that are decoded.
    #[error("this is no PNG, JPEG, GIF or WebP")]
    Format,
    /// It has too many pixels.
    #[error("an image has too many pixels, or none")]
    TooLarge,
    /// It is damaged, or takes too much memory.
    #[error(transparent)]
    Image(#[from] image::ImageError),
    /// It could not be read, or the answer not be written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The answer could not be written.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// What is told of an image, before the bytes of those that were made of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// In pixels, upright.
    pub width: u32,
    /// In pixels, upright.
    pub height: u32,
    /// On the whole, as `#rrggbb`.
    pub color: String,
    /// The small image, whose bytes come first.
    pub small: Made,
    /// The square, whose bytes come behind them.
    pub square: Made,
}

/// An image that was made of another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// Its type.
    #[serde(rename = "type")]
    pub media: String,
    /// How many bytes it has.
    pub bytes: usize,
}

/// How much an image may take.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Pixels, which are counted before anything is decoded.
    pub pixels_max: u64,
    /// Memory that decoding may ask for.
    pub memory_bytes_max: u64,
}

/// Looks at an image: what is told of it, the small image and the square.
///
/// # Errors
/// When it is none that is decoded, too large or damaged.
pub fn look(content: &[u8]) -> Result<(Told, Vec<u8>, Vec<u8>), Error> {
    look_within(content, Bounds { pixels_max: PIXELS_MAX, memory_bytes_max: MEMORY })
}

/// The same within other bounds.
///
/// # Errors
/// As [`look`].
pub fn look_within(content: &[u8], bounds: Bounds) -> Result<(Told, Vec<u8>, Vec<u8>), Error> {
    let mut reader = ImageReader::new(Cursor::new(content)).with_guessed_format()?;
    if !reader.format().is_some_and(|format| FORMATS.contains(&format)) {
        return Err(Error::Format);
    }
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(bounds.memory_bytes_max);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    // Before anything is decoded.
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > bounds.pixels_max || width == 0 || height == 0 {
        return Err(Error::TooLarge);
    }
    let orientation = decoder.orientation()?;
    let mut image = DynamicImage::from_decoder(decoder)?;
    let mut square = middle(&image);
    square.apply_orientation(orientation);
    let is_large = width > SMALL || height > SMALL;
    if is_large {
        image = image.thumbnail(2 * SMALL, 2 * SMALL);
        image = image.resize(SMALL, SMALL, image::imageops::FilterType::CatmullRom);
    }
    image.apply_orientation(orientation);
    // What turns the small one turns the whole.
    let is_turned = (image.width() > image.height()) != (width > height) && width != height;
    let (width, height) = if is_turned { (height, width) } else { (width, height) };
    let pixels = image.to_rgba8();
    let color = color_of(&pixels);
    let (small, small_bytes) = made(&pixels)?;
    let (square, square_bytes) = made(&square.to_rgba8())?;
    Ok((Told { width, height, color, small, square }, small_bytes, square_bytes))
}

/// The square in the middle of an image, as large as it is or made smaller.
fn middle(image: &DynamicImage) -> DynamicImage {
    let (width, height) = (image.width(), image.height());
    let side = width.min(height);
    let cut = image.crop_imm((width - side) / 2, (height - side) / 2, side, side);
    if side <= SQUARE {
        return cut;
    }
    let cut = if side > 2 * SQUARE { cut.thumbnail(2 * SQUARE, 2 * SQUARE) } else { cut };
    cut.resize_exact(SQUARE, SQUARE, image::imageops::FilterType::CatmullRom)
}

/// Writes an image: as a JPEG or, where something shines through, as a PNG.
fn made(pixels: &image::RgbaImage) -> Result<(Made, Vec<u8>), Error> {
    let is_opaque = pixels.pixels().all(|pixel| pixel.0[3] == u8::MAX);
    let mut bytes = Cursor::new(Vec::new());
    let media = if is_opaque {
        let rgb = DynamicImage::ImageRgba8(pixels.clone()).to_rgb8();
        JpegEncoder::new_with_quality(&mut bytes, QUALITY).encode_image(&rgb)?;
        "image/jpeg"
    } else {
        pixels.write_to(&mut bytes, ImageFormat::Png)?;
        "image/png"
    };
    let bytes = bytes.into_inner();
    Ok((Made { media: media.to_owned(), bytes: bytes.len() }, bytes))
}

/// The mean of all pixels, as far as they can be seen.
fn color_of(pixels: &image::RgbaImage) -> String {
    let mut sum = [0_u64; 4];
    for pixel in pixels.pixels() {
        let [red, green, blue, alpha] = pixel.0.map(u64::from);
        for (sum, part) in sum.iter_mut().zip([red * alpha, green * alpha, blue * alpha, alpha]) {
            *sum += part;
        }
    }
    let [red, green, blue] = [sum[0], sum[1], sum[2]].map(|part| part / sum[3].max(1));
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// The work of a process of its own: looks at the image that comes in, and writes a line about it, then
/// the small one, then the square.
///
/// # Errors
/// As [`look`]; and when the process cannot be confined.
pub fn run(input: impl Read, mut output: impl Write) -> Result<(), Error> {
    confine()?;
    let mut content = Vec::new();
    input.take(BYTES_MAX + 1).read_to_end(&mut content)?;
    if content.len() as u64 > BYTES_MAX {
        return Err(Error::TooLarge);
    }
    let (told, small, square) = look(&content)?;
    serde_json::to_writer(&mut output, &told)?;
    output.write_all(b"\n")?;
    output.write_all(&small)?;
    output.write_all(&square)?;
    Ok(output.flush()?)
}

/// Takes everything from the process that it does not need: much memory, much time, and writing files.
fn confine() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        for (resource, most) in [
            (Resource::As, PROCESS_MEMORY),
            (Resource::Cpu, SECONDS),
            (Resource::Fsize, 0),
            (Resource::Core, 0),
            (Resource::Nofile, 16),
        ] {
            let limit = Rlimit { current: Some(most), maximum: Some(most) };
            setrlimit(resource, limit)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
