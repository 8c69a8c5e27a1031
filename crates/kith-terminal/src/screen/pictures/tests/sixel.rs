//! What terminals with Sixel are told of an image: read as they read it, and compared with the image.

use std::collections::BTreeMap;

use super::*;

const BEGIN: &str = "\x1bP";
const END: &str = "\x1b\\";
/// Pixels of a band: each letter of data is so many below each other.
const BAND: u32 = 6;
/// The most colours of the terminals that have fewest.
const COLOURS_MAX: usize = 256;

/// Numbers with semicolons between, and what stands behind.
fn numbers(text: &str) -> (Vec<u32>, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap();
    let (numbers, behind) = text.split_at(end);
    (numbers.split(';').map(|number| number.parse().unwrap()).collect(), behind)
}

/// What clears the cells in which an image stands, and what stands behind: nothing but letters that are
/// deleted (ECH), and a cursor that goes down and up as many rows.
fn cleared(mut text: &str) -> (Vec<u32>, &str) {
    let (mut rows, mut widths) = (0_i64, Vec::new());
    while let Some(rest) = text.strip_prefix("\x1b[") {
        let (count, behind) = numbers(rest);
        match (behind.chars().next().unwrap(), &count[..]) {
            ('X', [wide]) => widths.push(*wide),
            ('B', [1]) => rows += 1,
            ('A', [up]) => rows -= i64::from(*up),
            other => panic!("{other:?}"),
        }
        text = &behind[1..];
    }
    assert_eq!(rows, 0, "the cursor is where it was");
    (widths, text)
}

/// Reads an image by the rules of the VT340's manual (chapter 14, Sixel Graphics). None of its pixels is
/// left out, and none stands elsewhere.
#[track_caller]
pub(super) fn told(text: &str) -> RgbImage {
    let (how, rest) = numbers(text.strip_prefix(BEGIN).unwrap());
    // Pixels that are as high as wide are told by the raster attributes; pixels that are not told stay.
    assert_eq!(how.len(), 3, "{how:?}");
    let (raster, mut rest) = numbers(rest.strip_prefix("q\"").unwrap());
    let [1, 1, width, height] = raster[..] else { panic!("{raster:?}") };
    let mut image = RgbImage::new(width, height);
    let mut painted = vec![0_u8; (width * height) as usize];
    let mut colours = BTreeMap::new();
    let (mut x, mut band, mut ink) = (0, 0, None);
    while !rest.starts_with(END) {
        let (letter, behind) = rest.split_at(1);
        rest = behind;
        let (count, data) = match letter {
            "#" => {
                let (told, behind) = numbers(rest);
                rest = behind;
                if let [number, 2, parts @ ..] = &told[..] {
                    // Hundredths of red, green and blue.
                    let parts: [u32; 3] = parts.try_into().unwrap();
                    let parts = parts.map(|part| {
                        assert!(part <= 100, "{part}");
                        u8::try_from((part * 255 + 50) / 100).unwrap()
                    });
                    colours.insert(*number, Rgb(parts));
                    ink = Some(*number);
                } else {
                    let [number] = told[..] else { panic!("{told:?}") };
                    ink = Some(number);
                }
                continue;
            }
            "$" => {
                x = 0;
                continue;
            }
            "-" => {
                (x, band) = (0, band + 1);
                continue;
            }
            "!" => {
                let (count, behind) = numbers(rest);
                let [count] = count[..] else { panic!("{count:?}") };
                let data;
                (data, rest) = behind.split_at(1);
                (count, data)
            }
            data => (1, data),
        };
        let bits = data.as_bytes()[0].checked_sub(b'?').filter(|bits| *bits < 64);
        let bits = bits.unwrap_or_else(|| panic!("{data:?} is no data"));
        for x in x..x + count {
            for bit in (0..BAND).filter(|bit| bits >> bit & 1 == 1) {
                let y = band * BAND + bit;
                image.put_pixel(x, y, colours[&ink.expect("it has a colour")]);
                painted[(y * width + x) as usize] += 1;
            }
        }
        x += count;
    }
    assert_eq!(rest, END);
    assert!(colours.len() <= COLOURS_MAX, "{}", colours.len());
    assert!(painted.iter().all(|times| *times == 1), "each pixel is told once");
    image
}

/// The one cell that tells of an image, its place, and what it is told.
#[track_caller]
fn drawn(show: &Show) -> Option<((u16, u16), RgbImage)> {
    let buffer = show.terminal.backend().buffer();
    let cells = buffer.content().iter().enumerate();
    let mut found = cells.filter(|(_, cell)| cell.symbol().contains(BEGIN));
    let (at, cell) = found.next()?;
    assert!(found.next().is_none(), "one cell tells of it");
    let (widths, image) = cleared(cell.symbol());
    let image = told(image);
    assert!(widths.iter().all(|wide| *wide == image.width().div_ceil(8)), "{widths:?}");
    Some((buffer.pos_of(at), image))
}

/// Shows an image; what is told of it.
#[track_caller]
fn check(bytes: &[u8]) -> RgbImage {
    drawn(&showing(Images::Sixel, bytes)).unwrap().1
}

#[test]
fn sixel_tells_every_pixel() {
    let image = colourful();
    let told = check(&png(&image));
    assert_eq!(told.dimensions(), image.dimensions());
    // Of so many colours, each pixel has one that is near, and larger parts have their own.
    let far = |one: [u8; 3], other: [u8; 3]| {
        one.into_iter().zip(other).map(|(one, other)| u32::from(one.abs_diff(other))).sum::<u32>()
    };
    let all = told.pixels().zip(image.pixels());
    let sum: u32 = all.map(|(told, pixel)| far(told.0, [pixel[0], pixel[1], pixel[2]])).sum();
    let mean = f64::from(sum) / f64::from(image.width() * image.height());
    assert!(mean < 30.0, "{mean} of 765");
    for (x, y) in [(0, 0), (192, 0), (0, 128), (192, 128)] {
        let mean = |at: &dyn Fn(u32, u32) -> [u8; 3]| {
            let mut sum = [0_u32; 3];
            for (x, y) in (x..x + 64).flat_map(|x| (y..y + 64).map(move |y| (x, y))) {
                at(x, y).into_iter().zip(&mut sum).for_each(|(part, sum)| *sum += u32::from(part));
            }
            sum.map(|sum| u8::try_from(sum / (64 * 64)).unwrap())
        };
        let told = mean(&|x, y| told.get_pixel(x, y).0);
        let wanted = mean(&|x, y| {
            let pixel = image.get_pixel(x, y);
            [pixel[0], pixel[1], pixel[2]]
        });
        assert!(far(told, wanted) < 12, "at {x}, {y}: {told:?} for {wanted:?}");
    }
}

#[test]
fn sixel_is_told_a_large_image_as_large_as_it_is_shown() {
    let told = check(&tea(ImageFormat::Png, 640, 480));
    assert_eq!(told.dimensions(), (256, 192));
    for (x, y, pixel) in told.enumerate_pixels() {
        let wanted = match x {
            ..126 => [200, 0, 0],
            // Between its halves the colours are mixed.
            126..130 => continue,
            _ => [0, 200, 0],
        };
        let near = pixel.0.iter().zip(wanted).all(|(one, other)| one.abs_diff(other) < 3);
        assert!(near, "{x}, {y}: {pixel:?}");
    }
}

#[test]
fn what_sixel_tells_stays_among_the_messages_wherever_they_are_scrolled() {
    stays(Images::Sixel, |show| drawn(show).map(|((_, y), image)| (y, image.height())));
}
