//! What `kith chat` tells a terminal that is not letters on the screen: images, by each protocol, and
//! notices. What is told of images is read in the tests of `kith-terminal`; here it comes from a file,
//! over the server, to the terminal.
#![cfg(target_os = "linux")]

use crate::chat::tea_with;
use crate::place;
use crate::program::Person;
use crate::screen::{ENTER, Window};

/// How an image of 64 pixels begins in Sixel: in bands of six pixels, the last of which is not told.
const SIXEL: &str = "\x1bP9;1;0q\"1;1;64;60";

/// Waits until the terminal was told this.
#[track_caller]
fn hears(window: &mut Window, wanted: &str) {
    let wanted = wanted.as_bytes();
    let is_told = |window: &Window| window.told().windows(wanted.len()).any(|at| at == wanted);
    let heard = window.comes_to(is_told);
    assert!(heard, "{:?} was not told", String::from_utf8_lossy(wanted));
}

/// A square, as a PNG: the upper half of each cell is red and the lower blue, which is darker. Where both
/// are alike a block may be told as a space.
fn square(path: &std::path::Path) {
    let image = image::RgbImage::from_fn(64, 64, |_, y| {
        image::Rgb(if y / 8 % 2 == 0 { [200, 0, 0] } else { [0, 0, 200] })
    });
    image.save_with_format(path, image::ImageFormat::Png).unwrap();
}

fn open(person: &Person, args: &str) -> Window {
    let mut window = Window::open(person, &format!("Tea/general {args}"), 80, 24);
    window.sees("connected");
    window
}

#[test]
fn an_image_comes_to_the_terminal_by_the_protocol_that_it_has() {
    let (dir, data) = place();
    let (_server, ana, bob) = tea_with(&data, &["--set", "files.free_percent=1"]);
    let path = dir.path().join("red.png");
    square(&path);
    bob.done(&["send", "Tea/general", "red", "--file", path.to_str().unwrap()]);
    // 64 pixels are 8 × 4 cells of a terminal that does not say how large its letters are.
    for (how, begins, ends) in [
        ("kitty", "\x1b_Gq=2,i=", "\u{10eeee}"),
        ("iterm2", "\x1b[8X\x1b]1337;File=inline=1;size=", "\x07"),
        ("sixel", SIXEL, "\x1b\\"),
        ("blocks", "▀", "\x1b["),
    ] {
        let mut window = open(&ana, &format!("--images {how}"));
        window.sees("red");
        hears(&mut window, begins);
        hears(&mut window, ends);
        assert_eq!(window.quit(), Some(0));
    }
    let mut window = open(&ana, "--images off");
    window.sees("[red.png, ");
    assert_eq!(window.quit(), Some(0));
}

/// Opens the stream in a terminal that answers this when it is asked what it is. It is typed before, so
/// that it never comes too late.
fn answering(person: &Person, environment: &str, answer: &str) -> Window {
    let program = person.command(&[]).get_program().to_str().unwrap().to_owned();
    let line = format!("read go && {environment} exec {program} chat Tea/general");
    let mut window = Window::run(person, &line, 80, 24);
    window.measures(8, 16);
    window.types(&format!("{ENTER}{answer}"));
    window
}

#[test]
fn a_terminal_that_is_asked_what_it_is_is_told_images_as_it_says() {
    let (dir, data) = place();
    let (_server, ana, bob) = tea_with(&data, &["--set", "files.free_percent=1"]);
    let path = dir.path().join("red.png");
    square(&path);
    bob.done(&["send", "Tea/general", "red", "--file", path.to_str().unwrap()]);
    const KITTY: &str = "TERM=xterm-kitty COLORTERM=truecolor";
    for (environment, asked, answer, told) in [
        ("", "\x1b[c", "\x1b[?62;4c", SIXEL),
        ("COLORTERM=truecolor", "\x1b[c", "\x1b[?62;22c", "▀"),
        ("", "\x1b[c", "\x1b[?62;22c", "[red.png, "),
        (KITTY, "\x1b[>q\x1b[c", "\x1bP>|kitty(0.36.4)\x1b\\\x1b[?62;c", "\u{10eeee}"),
        // This one would show boxes in the place of an image.
        (KITTY, "\x1b[>q\x1b[c", "\x1bP>|kitty(0.26.5)\x1b\\\x1b[?62;c", "▀"),
    ] {
        let mut window = answering(&ana, environment, answer);
        hears(&mut window, asked);
        hears(&mut window, told);
        assert_eq!(window.quit(), Some(0));
    }
}

#[test]
fn who_writes_while_one_looks_elsewhere_is_told_by_the_desktop_and_the_bell() {
    let (_dir, data) = place();
    let (_server, ana, bob) = tea_with(&data, &[]);
    let mut window = open(&ana, "--notify desktop");
    bob.done(&["dm", "ana", "are you there?"]);
    hears(&mut window, "\x1b]9;bob: are you there?\x07");
    window.types(&format!("/notify bell{ENTER}"));
    window.types(&format!("/whois bob{ENTER}"));
    window.sees("bob is bob");
    let before = window.told().len();
    bob.done(&["dm", "ana", "once more"]);
    let rings = |window: &Window| window.told()[before..].contains(&7);
    assert!(window.comes_to(rings), "the bell does not ring");
    window.sees("2 for you");
    let told = String::from_utf8_lossy(&window.told()[before..]);
    assert!(!told.contains("\x1b]9;"), "{told:?}");
    assert_eq!(window.quit(), Some(0));
}
