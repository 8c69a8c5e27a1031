//! Whole screens of `kith chat`, in terminals of several sizes and in each theme, as they were when
//! somebody looked at them last: they lie in `screens/`, and `KITH_WRITE=1` writes what is seen.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::chat::{Typist, tea_with};
use crate::place;
use crate::program::{Person, Server, run};
use crate::screen::{CONTROL_K, ENTER, ESCAPE, Window};

const F1: &str = "\x1bOP";
pub(crate) const SIZES: [(u16, u16); 4] = [(60, 20), (80, 24), (120, 40), (200, 50)];
/// What is said last.
pub(crate) const LAST: &str = "tea.example";
/// For how long nothing may change before what is seen is written.
const REST: Duration = Duration::from_secs(1);

/// A screen without what differs from run to run: times, the day, and what is encrypted.
pub(crate) fn bare(shown: &str) -> String {
    let mut bare = String::new();
    for line in shown.lines() {
        let mut letters: Vec<char> = line.chars().collect();
        for at in 0..letters.len().saturating_sub(4) {
            let is_digit = |at: usize| letters[at].is_ascii_digit();
            if letters[at + 2] == ':' && [0, 1, 3, 4].into_iter().all(|n| is_digit(at + n)) {
                [0, 1, 3, 4].into_iter().for_each(|n| letters[at + n] = '0');
            }
        }
        let line: String = letters.into_iter().collect();
        bare += without_wait(&without_date(&without_day(&line))).trim_end();
        bare.push('\n');
    }
    bare
}

/// A line with the same date for every day.
fn without_date(line: &str) -> String {
    let date = |at: usize| {
        let date = line.get(at..at + 10)?;
        let is = |(at, c): (usize, char)| {
            if matches!(at, 4 | 7) { c == '-' } else { c.is_ascii_digit() }
        };
        date.chars().enumerate().all(is).then_some(date)
    };
    match (0..line.len()).find_map(date) {
        Some(date) => line.replace(date, "YYYY-MM-DD"),
        None => line.to_owned(),
    }
}

/// A line with the same stroke for every day, also where something stands above the end of its name.
fn without_day(line: &str) -> String {
    const STROKE: &str = "── ";
    let Some((before, rest)) = line.split_once(STROKE) else { return line.to_owned() };
    let (name, after) = rest.split_at(rest.find(['─', '│']).unwrap_or(rest.len()));
    let is_day = ["Mon", "Tues", "Wednes", "Thurs", "Fri", "Satur", "Sun"].iter().any(|day| {
        let day = format!("{day}day, ");
        name.starts_with(&day) || (name.len() > 3 && day.starts_with(name))
    });
    if !is_day {
        return line.to_owned();
    }
    let after = after.trim_start_matches('─');
    let width = line.chars().count() - before.chars().count() - after.chars().count();
    format!("{before}{STROKE}DAY {}{after}", "─".repeat(width - 7))
}

#[test]
fn a_day_is_the_same_whichever_it_is() {
    let lines = [
        "x│── Monday, 5 October 2026 ────────────│y",
        "x│── Wednesday, 14 September 2026 ──────│y",
        "x│── Sunday,│> ▏   │───────│y",
        "x│── Wednesda│> ▏ │───────│y",
        "x│── Thursday│> ▏ │───────│y",
        "x│── Saturday│> ▏ │───────│y",
        "x│── Sundries ─────│y",
    ];
    let whole = format!("x│── DAY {}│y", "─".repeat(31));
    let cut = |rest: &str| format!("x│── DAY {rest}");
    let wanted = [
        whole.clone(),
        whole,
        cut("───│> ▏   │───────│y"),
        cut("────│> ▏ │───────│y"),
        cut("────│> ▏ │───────│y"),
        cut("────│> ▏ │───────│y"),
        lines[6].to_owned(),
    ];
    assert_eq!(lines.map(without_day), wanted);
}

/// The state of a connection without for how long it still waits.
fn without_wait(line: &str) -> String {
    let Some((before, rest)) = line.split_once("again in ") else { return line.to_owned() };
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let words: Vec<&str> =
        rest.split("  ").map(str::trim).filter(|word| !word.is_empty()).collect();
    format!("{before}again in N {}", words.join("  "))
}

/// In a zone where it is noon: a day ends for nobody while this runs.
pub(crate) fn chat(person: &Person, args: &str, (columns, rows): (u16, u16)) -> Window {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let west = i64::try_from(now.as_secs() / 3600 % 24).unwrap() - 12;
    let path = person.command(&[]).get_program().to_str().unwrap().to_owned();
    let line = format!("TZ=NOON{west:+} exec {path} chat {args} --bind 127.0.0.1:0");
    Window::run(person, &line, columns, rows)
}

/// The screen, and below it each cell's colours, those that are the same by the same letter.
fn inked(window: &Window) -> String {
    let mut inked = bare(&window.shown());
    let mut inks = BTreeMap::from([("Default on Default".to_owned(), '.')]);
    let mut cells = String::new();
    let screen = window.screen();
    let (rows, columns) = screen.size();
    for row in 0..rows.get() {
        for column in 0..columns.get() {
            let cell = screen.cell(row, column).unwrap();
            let mut ink = format!("{:?} on {:?}", cell.fgcolor(), cell.bgcolor());
            let marks = [
                (cell.bold(), "bold"),
                (cell.dim(), "dim"),
                (cell.italic(), "italic"),
                (cell.underline(), "underlined"),
                (cell.inverse(), "reversed"),
            ];
            for (_, mark) in marks.iter().filter(|(is, _)| *is) {
                write!(ink, ", {mark}").unwrap();
            }
            let next = char::from(b'a' + u8::try_from(inks.len() - 1).unwrap());
            let letter = *inks.entry(ink).or_insert(next);
            cells.push(letter);
        }
        cells.truncate(cells.trim_end_matches('.').len());
        cells.push('\n');
    }
    inked += &cells;
    let mut inks: Vec<(char, String)> =
        inks.into_iter().map(|(ink, letter)| (letter, ink)).collect();
    inks.sort();
    for (letter, ink) in inks {
        writeln!(inked, "{letter} {ink}").unwrap();
    }
    inked
}

/// Waits until the screen is as it was, once this is on it.
#[track_caller]
pub(crate) fn is(window: &mut Window, name: &str, ready: &str, look: impl Fn(&Window) -> String) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/serve/screens");
    let file = folder.join(format!("{name}.txt"));
    if std::env::var_os("KITH_WRITE").is_some() {
        window.sees(ready);
        window.rests(REST);
        return std::fs::write(file, look(window)).unwrap();
    }
    let wanted = std::fs::read_to_string(&file).unwrap_or_default();
    let seen = window.comes_to(|window| look(window) == wanted);
    assert!(seen, "{name} is not as it was:\n{}\nbut:\n{wanted}", look(window));
}

/// The same at each size.
#[track_caller]
fn are(windows: &mut [((u16, u16), Window)], name: &str, ready: &str) {
    for ((columns, rows), window) in windows {
        let name = format!("{name}_{columns}x{rows}");
        is(window, &name, ready, |window| bare(&window.shown()));
    }
}

fn all_type(windows: &mut [((u16, u16), Window)], keys: &str) {
    windows.iter_mut().for_each(|(_, window)| window.types(keys));
}

/// Leaves what stands above the rest.
#[track_caller]
fn leave(windows: &mut [((u16, u16), Window)], text: &str) {
    all_type(windows, ESCAPE);
    windows.iter_mut().for_each(|(_, window)| window.until(|shown| !shown.contains(text)));
}

/// A stream with some of all that there is, and another with something for ana.
fn talk(ana: &Person, bob: &Person) {
    ana.done(&["stream", "create", "Tea", "ops"]);
    let script = |person: &Person, lines: &str| {
        let ended = run(person.command(&["chat", "Tea", "--plain"]), lines);
        assert_eq!(ended.code, Some(0), "{ended:?}");
    };
    bob.done(&["send", "Tea/general", "Good *morning* @ana, is there **tea**? See `kettle --on`"]);
    bob.done(&["send", "Tea/general", "```rust\nfn pour(cups: u8) {}\n```\n- green\n- black"]);
    script(ana, "react 2 👍\nsay a first vresion\nedit 5 a first version\nreply 2 black, please\n");
    bob.done(&["send", "Tea/general", "--thread", "2", "the kettle is on"]);
    bob.done(&["send", "Tea/general", "--thread", "2", "and the cups are warm"]);
    let long = "a line that is long enough to be broken where there is little room for it, and \
                that has a link to https://tea.example/how-to-pour and nothing else of interest";
    bob.done(&["send", "Tea/general", long]);
    bob.done(&["send", "Tea/ops", "@ana the kettle is hot"]);
}

/// A server on which ana has read what is in Tea/general, and bob is there.
pub(crate) fn stage(data: &str) -> (Server, Person, Person, Typist) {
    let set = ["relay.listen=127.0.0.1:0", "relay.turn=true", "requests_burst=10000"];
    let set: Vec<_> = set.into_iter().flat_map(|pair| ["--set", pair]).collect();
    let (server, ana, bob) = tea_with(data, &set);
    talk(&ana, &bob);
    let mut there = Typist::start(&bob, &["chat", "Tea", "--plain", "--bind", "127.0.0.1:0"]);
    there.until("--- Tea/general");
    let mut reads = Window::open(&ana, "Tea/general", 80, 24);
    reads.sees(LAST);
    ana.until(&["circle", "list"], "1 unread");
    assert_eq!(reads.quit(), Some(0));
    (server, ana, bob, there)
}

#[test]
fn every_view_is_as_it_was_at_each_size() {
    let (_dir, data) = place();
    let (server, ana, _bob, mut there) = stage(&data);
    let mut windows: Vec<_> = SIZES
        .into_iter()
        .map(|size| (size, chat(&ana, "Tea/general --theme dark", size)))
        .collect();
    are(&mut windows, "stream", LAST);
    all_type(&mut windows, CONTROL_K);
    are(&mut windows, "switcher", "Go to");
    leave(&mut windows, "Go to");
    all_type(&mut windows, F1);
    are(&mut windows, "help", "Talking");
    leave(&mut windows, "Talking");
    all_type(&mut windows, &format!("/search kettle{ENTER}"));
    are(&mut windows, "search", "is hot");
    leave(&mut windows, "is hot");
    all_type(&mut windows, &format!("/members{ENTER}"));
    are(&mut windows, "members", "Members");
    leave(&mut windows, "Members");
    all_type(&mut windows, &format!("/thread 2{ENTER}"));
    are(&mut windows, "thread", "cups are warm");
    all_type(&mut windows, &format!("/back{ENTER}"));
    are(&mut windows, "stream", LAST);
    for window in &mut windows {
        let one = std::slice::from_mut(window);
        all_type(one, &format!("/startprivate bob{ENTER}"));
        one[0].1.sees("private with bob, waiting for an answer");
        there.until("ana invites you to a private session");
        are(one, "private", "waiting for an answer");
        all_type(one, &format!("/stopprivate bob{ENTER}"));
        there.until("over:");
        leave(one, "private with bob");
    }
    server.kill();
    all_type(&mut windows, "are you there?");
    all_type(&mut windows, ENTER);
    are(&mut windows, "disconnected", "on its way");
    for (_, window) in windows {
        assert_eq!(window.quit(), Some(0));
    }
}

#[test]
fn every_theme_is_as_it_was() {
    let (_dir, data) = place();
    let (_server, ana, _bob, _there) = stage(&data);
    for theme in ["dark", "light", "none"] {
        let mut window = chat(&ana, &format!("Tea/general --theme {theme}"), (100, 30));
        is(&mut window, &format!("theme_{theme}"), LAST, inked);
        assert_eq!(window.quit(), Some(0));
    }
}
