//! Images on the screen, and images that are none.

mod iterm2;
mod kitty;
mod sixel;

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Cell;
use ratatui::layout::Size;
use ratatui::style::Color;
use ratatui_image::picker::ProtocolType;

use super::detect::{Able, Font};
use super::load::made;
use super::*;
use crate::model::tests::files::{file, picture, post_files};
use crate::screen::tests::{Show, day};

const FONT: Font = Font::new(8, 16);

/// An image, half red and half green.
fn tea(format: ImageFormat, width: u32, height: u32) -> Vec<u8> {
    let image = RgbImage::from_fn(width, height, |x, _| {
        Rgb(if x < width / 2 { [200, 0, 0] } else { [0, 200, 0] })
    });
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(image).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// An image with many colours, as large as its 32 × 12 cells.
fn colourful() -> RgbaImage {
    RgbaImage::from_fn(256, 192, |x, y| {
        Rgba([x, y, x ^ y, 255 - x.abs_diff(y) / 2].map(|of| u8::try_from(of).unwrap()))
    })
}

fn png(image: &RgbaImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// Brings an image for each that is wanted; how many those were.
fn bring(show: &mut Show, bytes: &[u8]) -> usize {
    let mut count = 0;
    while let Some((wanted, kind, font)) = show.app().pictures.next_wanted() {
        let image = made(bytes, kind, font, wanted.size);
        show.app().pictures.came(wanted.file, image);
        count += 1;
    }
    count
}

/// Loads what is wanted; how many that were.
fn load(show: &mut Show) -> usize {
    let count = bring(show, &tea(ImageFormat::Png, 640, 480));
    show.turn();
    count
}

/// A screen with an image between messages, shown in a way.
fn shown(how: Images) -> Show {
    shown_in(how, 60, 24)
}

fn shown_in(how: Images, width: u16, height: u16) -> Show {
    let mut site = day();
    post_files(&mut site, "the pot", vec![picture(1, "pot.jpg")]);
    let mut show = Show::new(site, width, height);
    show.app().pictures.set(how);
    show.turn();
    show
}

#[test]
fn room_is_kept_for_an_image_and_nothing_moves_when_it_comes() {
    let mut show = shown(Images::Blocks);
    let before = show.screen();
    let coloured = |show: &Show| {
        let cells = show.terminal.backend().buffer().content();
        let is_red = |colour| matches!(colour, Color::Rgb(150.., ..100, _));
        cells.iter().filter(|cell| is_red(cell.bg) || is_red(cell.fg)).count()
    };
    assert_eq!(coloured(&show), 0);
    assert_eq!(load(&mut show), 1);
    // Half of its 32 × 12 cells, as far as letters do not stand between its colours.
    assert!(coloured(&show) > 150, "{}", coloured(&show));
    let after = show.screen();
    insta::assert_snapshot!("image", after);
    let without = |screen: &str| screen.replace(['▀', '▄'], " ");
    assert_eq!(without(&before), without(&after));
    // What is scrolled out of sight above is cut off there.
    for _ in 0..8 {
        show.with_site(|site| {
            site.post(1, crate::model::tests::site::bob(), "more");
        });
    }
    show.turn();
    insta::assert_snapshot!("image_cut", show.screen());
    show.app().pictures.set(Images::Off);
    show.turn();
    assert!(show.screen().contains("[pot.jpg, 47.1 KiB]") && !show.screen().contains('▀'));
}

#[test]
fn each_protocol_writes_what_its_terminals_read() {
    // What they are told has tests of its own; so has Kitty, which is told once alone.
    for (how, begins) in [(Images::Iterm2, "\x1b]1337;File=inline=1;"), (Images::Sixel, "\x1bP")] {
        let mut show = shown(how);
        load(&mut show);
        let drawn = |show: &Show| {
            let cells = show.terminal.backend().buffer().content();
            cells.iter().any(|cell| cell.symbol().contains(begins))
        };
        assert!(drawn(&show), "{how:?}");
        // What is shown above it is not wiped off by it.
        show.control('k');
        assert!(!drawn(&show), "{how:?}");
        show.key(crossterm::event::KeyCode::Esc);
        assert!(drawn(&show), "{how:?}");
    }
}

#[test]
fn blocks_are_two_pixels_below_each_other() {
    // As many pixels as there are halves of its 32 × 12 cells.
    let image = RgbaImage::from_fn(32, 24, |x, y| {
        let parts = [x * 8, y * 10, (x ^ y) * 4, 255];
        Rgba(parts.map(|of| u8::try_from(of).unwrap()))
    });
    let mut show = shown(Images::Blocks);
    assert_eq!(bring(&mut show, &png(&image)), 1);
    show.draw();
    let buffer = show.terminal.backend().buffer();
    let is_block = |cell: &&Cell| matches!(cell.symbol(), "▀" | "▄");
    let cells: Vec<_> = buffer.content().iter().filter(is_block).collect();
    assert_eq!(cells.len(), 32 * 12);
    for (at, cell) in (0..).zip(cells) {
        let (x, y) = (at % 32, at / 32 * 2);
        let rgb = |y| {
            let Rgba([red, green, blue, _]) = *image.get_pixel(x, y);
            Color::Rgb(red, green, blue)
        };
        let told = match cell.symbol() {
            "▀" => (cell.fg, cell.bg),
            _ => (cell.bg, cell.fg),
        };
        assert_eq!(told, (rgb(y), rgb(y + 1)), "{x}, {y}");
    }
}

#[test]
fn without_colours_there_is_a_line_of_text() {
    let mut show = shown(Images::Blocks);
    show.app().theme = super::super::theme::Theme::new(ThemeName::None);
    show.turn();
    assert_eq!(show.app().pictures.size(&picture(1, "a.jpg"), 60, ThemeName::None), None);
    assert!(show.screen().contains("[pot.jpg, 47.1 KiB]"));
}

#[test]
fn images_fit_into_rows_columns_and_what_the_server_makes() {
    let mut pictures = Pictures::new(Able::text(), Images::Auto);
    let sized = |width, height| {
        let (width, height) = (Some(width), Some(height));
        Attachment { width, height, ..picture(1, "a.jpg") }
    };
    assert_eq!(pictures.size(&sized(640, 480), 80, ThemeName::Dark), None);
    pictures.set(Images::Blocks);
    for ((width, height), columns, expected) in [
        ((1600, 1200), 80, Some((32, 12))),
        ((1600, 1200), 10, Some((10, 4))),
        ((16, 16), 80, Some((2, 1))),
        ((40_000, 1), 80, Some((60, 1))),
        ((1, 40_000), 80, Some((1, 12))),
        ((u32::MAX, u32::MAX), 80, Some((24, 12))),
        ((0, 10), 80, None),
        ((100, 100), 0, None),
    ] {
        let size = pictures.size(&sized(width, height), columns, ThemeName::Dark);
        assert_eq!(size, expected.map(Size::from), "{width}x{height} in {columns}");
    }
    let none = Attachment { thumbnail: false, ..picture(1, "a.jpg") };
    assert_eq!(pictures.size(&none, 80, ThemeName::Dark), None);
}

#[test]
fn what_is_no_image_or_too_large_is_not_read() {
    let size = Size::new(20, 10);
    for kind in
        [ProtocolType::Halfblocks, ProtocolType::Kitty, ProtocolType::Iterm2, ProtocolType::Sixel]
    {
        for (width, height) in [(640, 480), (1, 640), (640, 1), (1, 1)] {
            for format in [ImageFormat::Png, ImageFormat::Jpeg] {
                let image = made(&tea(format, width, height), kind, FONT, size).unwrap();
                let (wide, high) = (image.size().width, image.size().height);
                assert!(wide <= 20 && high <= 10, "{kind:?} {width}x{height}: {wide}x{high}");
            }
        }
    }
    let refused = |bytes: &[u8]| made(bytes, ProtocolType::Halfblocks, FONT, size).is_none();
    assert!(refused(b""));
    assert!(refused(b"\x89PNG\r\n\x1a\nnothing"));
    assert!(refused(&tea(ImageFormat::Gif, 20, 20)));
    assert!(refused(&tea(ImageFormat::Png, 1025, 10)));
    let mut bomb = tea(ImageFormat::Png, 20, 20);
    // The width and the height of its head.
    bomb[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
    assert!(refused(&bomb));
    let cut = tea(ImageFormat::Jpeg, 200, 200);
    made(&cut[..cut.len() / 2], ProtocolType::Halfblocks, FONT, size);
}

#[test]
fn what_could_not_be_loaded_is_asked_for_again_after_a_lost_connection() {
    let mut pictures = Pictures::new(Able::text(), Images::Blocks);
    let wanted = Wanted {
        stream: crate::model::tests::site::stream(1),
        message: Seq(2),
        file: file(1),
        size: Size::new(2, 2),
    };
    pictures.want(vec![wanted, wanted]);
    assert!(pictures.next_wanted().is_some() && pictures.next_wanted().is_none());
    pictures.came(file(1), None);
    pictures.want(vec![wanted]);
    assert!(pictures.next_wanted().is_none());
    pictures.retry();
    pictures.want(vec![wanted]);
    assert!(pictures.next_wanted().is_some());
}

/// Shows an image by a protocol, in a terminal that was told nothing before.
fn showing(images: Images, bytes: &[u8]) -> Show {
    let mut show = shown(images);
    assert_eq!(bring(&mut show, bytes), 1);
    show.draw();
    show
}

/// Fails where an image leaves its place as messages move it; `drawn` tells on which row of the screen it
/// begins, and how many pixels high it is, if it is there.
#[track_caller]
fn stays(images: Images, drawn: impl Fn(&Show) -> Option<(u16, u32)>) {
    let pot = tea(ImageFormat::Png, 256, 192);
    for height in [8, 9, 11, 14, 17, 20, 23] {
        let mut show = shown_in(images, 60, height);
        let mut seen = 0;
        for _ in 0..15 {
            bring(&mut show, &pot);
            // What was there before is no part of it.
            show.terminal = Terminal::new(TestBackend::new(60, height)).unwrap();
            show.draw();
            if let Some((y, pixels)) = drawn(&show) {
                let rows = u16::try_from(pixels.div_ceil(16)).unwrap();
                // Below are who types, where one writes, and the state.
                assert!(y + rows <= height - 3, "{rows} rows from {y} on of {height}");
                seen += 1;
            }
            show.with_site(|site| {
                site.post(1, crate::model::tests::site::bob(), "more");
            });
            show.turn();
        }
        assert!(seen > 0, "{height}");
    }
}
