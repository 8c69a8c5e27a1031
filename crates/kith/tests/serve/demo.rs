//! The moving picture of `kith chat` in the README: the real program in a terminal of its own, which
//! somebody types into while another answers. `cargo xtask demo` makes it anew; without that the test
//! only sees that all of it still happens.
#![cfg(target_os = "linux")]

mod film;

use crate::chat::tea;
use crate::place;
use crate::program::Person;
use crate::screen::{ENTER, ESCAPE, Window};
use film::Film;

const COLUMNS: u16 = 84;
const ROWS: u16 = 24;
const CONTROL_K: &str = "\x0b";
const F3: &str = "\x1bOR";
const SHIFT_UP: &str = "\x1b[1;2A";

/// How long a picture stands, in milliseconds.
const LETTERS: u32 = 140;
const GLANCE: u32 = 900;
const LOOK: u32 = 2200;

/// Types a text a few letters at a time, as far as it is seen in the place where one writes.
fn writes(window: &mut Window, film: &mut Film, begun: &str, text: &str) {
    let letters: Vec<char> = text.chars().collect();
    let mut written = begun.to_owned();
    for some in letters.chunks(3) {
        let some: String = some.iter().collect();
        window.types(&some);
        written.push_str(&some);
        window.sees(written.trim_end());
        film.take(window.screen(), LETTERS);
    }
}

fn shows(window: &Window, film: &mut Film, ms: u32) {
    film.take(window.screen(), ms);
}

/// What was said before.
fn before(ana: &Person, bob: &Person) {
    ana.done(&["stream", "create", "Tea", "kitchen"]);
    ana.done(&["send", "Tea/general", "Good morning! The new **oolong** is here."]);
    bob.done(&["send", "Tea/general", "Lovely. How long do you brew it?"]);
    let code = "About this long:\n```rust\nfn brew(grams: u32) -> Duration {\n    \
                Duration::from_secs(u64::from(grams) * 40)\n}\n```";
    ana.done(&["send", "Tea/general", code]);
    bob.done(&["send", "Tea/kitchen", "The kettle is descaled, @ana"]);
}

#[test]
fn the_moving_picture_shows_what_the_program_does() {
    let (_dir, data) = place();
    let (_server, ana, bob) = tea(&data);
    before(&ana, &bob);
    // The index has read it.
    crate::search::found(&ana, &["kettle"]);
    let mut film = Film::new(COLUMNS, ROWS);
    let mut window = Window::open(&ana, "Tea/general", COLUMNS, ROWS);
    window.sees("from_secs");
    window.sees("1 for you");
    shows(&window, &mut film, LOOK);
    writes(&mut window, &mut film, "", "Shall I make *one more* pot?");
    window.types(ENTER);
    window.until(|shown| shown.contains("one more pot?") && !shown.contains("on its way"));
    shows(&window, &mut film, GLANCE);
    bob.done(&["send", "Tea/general", "--reply-to", "5", "Yes please, @ana!"]);
    window.sees("Yes please");
    shows(&window, &mut film, LOOK);
    window.types(SHIFT_UP);
    window.sees("a message is selected");
    shows(&window, &mut film, GLANCE);
    window.types("+");
    window.sees("> /react");
    writes(&mut window, &mut film, "/react ", ":tea");
    window.sees(":tea:");
    shows(&window, &mut film, GLANCE);
    window.types(&format!("\t{ENTER}"));
    window.until(|shown| shown.contains("/react") && !shown.contains(":tea:"));
    window.types(ENTER);
    window.until(|shown| !shown.contains("/react") && shown.contains("1*"));
    shows(&window, &mut film, LOOK);
    window.types(CONTROL_K);
    window.sees("Go to");
    shows(&window, &mut film, GLANCE);
    writes(&mut window, &mut film, "> ", "kit");
    shows(&window, &mut film, GLANCE);
    window.types(ENTER);
    window.sees("The kettle is descaled");
    shows(&window, &mut film, LOOK);
    window.types(F3);
    window.sees("/search");
    writes(&mut window, &mut film, "/search ", "oolong");
    window.types(ENTER);
    window.sees(" for oolong");
    shows(&window, &mut film, LOOK);
    window.types(ENTER);
    window.until(|shown| shown.contains("a message is selected") && shown.contains("#2"));
    shows(&window, &mut film, LOOK);
    window.types(ESCAPE);
    window.sees("write here");
    let made = film.svg();
    assert_eq!(window.quit(), Some(0));
    if std::env::var_os("KITH_WRITE").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/pictures/terminal.svg");
        std::fs::write(path, made).unwrap();
    }
}
