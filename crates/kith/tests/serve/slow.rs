//! `kith chat` at a terminal that does not read for a while, as at the end of a slow link.
#![cfg(target_os = "linux")]

use std::process::Stdio;
use std::time::Duration;

use crate::chat::tea_with;
use crate::place;
use crate::program::run;
use crate::screen::{ENTER, Window};

const COLUMNS: u16 = 120;
const ROWS: u16 = 40;
/// What a few whole screens take.
const SCREENS: usize = 6 * COLUMNS as usize * ROWS as usize;

#[test]
fn a_terminal_that_does_not_read_holds_up_nothing_and_shows_what_is_newest_in_the_end() {
    let (_dir, data) = place();
    let (_server, ana, bob) = tea_with(&data, &["--set", "requests_burst=10000"]);
    let mut window = Window::open(&ana, "Tea/general", COLUMNS, ROWS);
    window.sees("nothing was said here yet");
    window.sees("connected");
    window.stop();
    let mut lines: String =
        (1..=300).map(|n| format!("say number {n}, {}\n", "x".repeat(80))).collect();
    lines.push_str("say the end\n");
    let mut script = bob.command(&["chat", "Tea", "--plain"]);
    script.stdout(Stdio::null());
    assert_eq!(run(script, &lines).code, Some(0));
    // What is typed is done, though nobody sees it.
    window.types("still here");
    window.types(ENTER);
    bob.until(&["read", "Tea/general", "--limit", "3"], "ana: still here");
    window.rests(Duration::ZERO);
    assert!(!window.shown().contains("number"), "{}", window.shown());
    let before = window.told().len();
    window.go_on();
    window.until(|shown| shown.contains("the end") && shown.contains("still here"));
    window.until(|shown| !shown.contains("on its way"));
    let taken = window.told().len() - before;
    assert!(taken < SCREENS, "{taken} bytes for what is newest");
    window.types("and on it goes");
    window.sees("and on it goes");
    // Nor does it keep the program from ending.
    window.stop();
    window.types("x");
    assert_eq!(window.told_to_end(), Some(0));
}
