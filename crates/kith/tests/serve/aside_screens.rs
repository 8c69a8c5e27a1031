//! Whole screens of private sessions that are connected, in terminals of several sizes, as those in
//! `screens.rs`: with the same words for all of them.
#![cfg(target_os = "linux")]

use crate::chat::Typist;
use crate::place;
use crate::screen::{ENTER, Window};
use crate::screens::{LAST, bare, chat, is, stage};

const SIZES: [(u16, u16); 3] = [(60, 24), (80, 24), (120, 40)];
/// Rows below the lines of a session: what is told, where one writes, and the state.
const BELOW: usize = 3;

/// The screen with the same line in the place of the words, however many lines these take: what follows
/// goes up, and below it is as much room as they left.
fn wordless(window: &Window) -> String {
    let screen = window.screen();
    let (rows, columns) = screen.size();
    let cell = |row, column| {
        let cell = screen.cell(row, column).unwrap();
        match cell.contents() {
            _ if cell.is_wide_continuation() => String::new(),
            "" => " ".to_owned(),
            text => text.to_owned(),
        }
    };
    let mut cells: Vec<Vec<String>> = (0..rows.get())
        .map(|row| (0..columns.get()).map(|column| cell(row, column)).collect())
        .collect();
    // Between the circles and the members.
    let edges: Vec<usize> = (0..cells[1].len()).filter(|column| cells[1][*column] == "│").collect();
    let from = edges.first().map_or(0, |edge| edge + 1);
    let to = edges.get(1).copied().unwrap_or(cells[1].len());
    let text = |row: &Vec<String>| row[from..to].concat();
    let begins = |row: &Vec<String>| text(row).get(2..3) == Some(":");
    let Some(words) = cells.iter().position(|row| text(row).contains(" words: ")) else {
        return bare(&window.shown());
    };
    let more = cells[words + 1..].iter().take_while(|row| !begins(row)).count();
    let last = cells.len() - BELOW;
    let blank = vec![" ".to_owned(); to - from];
    for row in words + 1..last {
        let below = cells.get(row + more).filter(|_| row + more < last);
        let below = below.map_or_else(|| blank.clone(), |row| row[from..to].to_vec());
        cells[row].splice(from..to, below);
    }
    let said = "00:00 words: the same seven for both";
    cells[words].splice(from..to, said.chars().map(String::from).chain(blank).take(to - from));
    bare(&cells.iter().map(|row| row.concat()).collect::<Vec<_>>().join("\n"))
}

#[track_caller]
fn looks(window: &mut Window, name: &str, (columns, rows): (u16, u16), ready: &str) {
    is(window, &format!("aside_{name}_{columns}x{rows}"), ready, wordless);
}

/// Ana and bob talk in a session: on the whole screen, and line by line.
fn meet(window: &mut Window, there: &mut Typist) {
    window.types(&format!("/startprivate bob{ENTER}"));
    there.until("ana invites you to a private session");
    // Who accepts sooner keeps them from being told.
    window.sees("the invitation is shown");
    there.types("acceptprivate ana");
    there.until("connected");
    window.types(&format!("tea?{ENTER}"));
    there.until("ana: tea?");
    there.types("private ana yes, black");
    window.sees("bob: yes, black");
}

fn part(window: &mut Window, there: &mut Typist) {
    window.types(&format!("/stopprivate bob{ENTER}"));
    there.until("over: the session was ended");
    window.sees("private with bob, over");
}

#[test]
fn a_private_session_is_as_it_was_at_each_size() {
    let (_dir, data) = place();
    let (_server, ana, _bob, mut there) = stage(&data);
    let open = |size| {
        let mut window = chat(&ana, "Tea/general --theme dark", size);
        window.sees("ana · connected");
        window.sees(LAST);
        (size, window)
    };
    let mut windows: Vec<_> = SIZES.into_iter().map(open).collect();
    // The device that is met first, and then the same: it is known, and nobody has compared the words.
    for (size, window) in &mut windows {
        meet(window, &mut there);
        looks(window, "connected", *size, "yes, black");
        part(window, &mut there);
        looks(window, "over", *size, "private with bob, over");
    }
    let (_, first) = &mut windows[0];
    meet(first, &mut there);
    first.types(&format!("/verify bob{ENTER}"));
    first.sees("the words were the same");
    part(first, &mut there);
    // Nobody is invited more than six times in a minute; and what was said before would not fit.
    for size in SIZES.into_iter().take(2) {
        let (_, mut window) = open(size);
        meet(&mut window, &mut there);
        looks(&mut window, "verified", size, "yes, black");
        part(&mut window, &mut there);
        assert_eq!(window.quit(), Some(0));
    }
    for (_, window) in windows {
        assert_eq!(window.quit(), Some(0));
    }
}

#[test]
fn who_types_in_a_private_session_is_seen_to() {
    let (_dir, data) = place();
    let (_server, ana, bob, there) = stage(&data);
    assert_eq!(there.end(), Some(0));
    let mut here = chat(&ana, "Tea/general", (80, 24));
    let mut there = chat(&bob, "Tea/general", (80, 24));
    here.sees("connected");
    there.sees("connected");
    here.types(&format!("/startprivate bob{ENTER}"));
    there.sees("ana invites you");
    there.types(&format!("/acceptprivate ana{ENTER}"));
    there.sees("private with ana, connected");
    here.sees("private with bob, connected");
    there.types("I am thinking");
    here.sees("bob is typing");
    there.types(ENTER);
    here.sees("bob: I am thinking");
    here.until(|shown| !shown.contains("bob is typing"));
    assert_eq!((here.quit(), there.quit()), (Some(0), Some(0)));
}
