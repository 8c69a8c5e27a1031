//! `kith chat` on the whole screen, in a terminal of its own that `script` makes, with a server and
//! others who talk.
#![cfg(target_os = "linux")]

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use rustix::termios::{Action, tcflow, tcgetwinsize, tcsetwinsize};

use crate::chat::{Typist, tea, tea_with};
use crate::place;
use crate::program::{PATIENCE, Person, Server};

pub(crate) const ENTER: &str = "\r";
pub(crate) const ESCAPE: &str = "\x1b";
pub(crate) const CONTROL_K: &str = "\x0b";
const CONTROL_Z: &str = "\x1a";
const CONTROL_Q: &str = "\x11";
const PAGE_UP: &str = "\x1b[5~";
const SHIFT_UP: &str = "\x1b[1;2A";

fn some(size: u16) -> NonZeroU16 {
    NonZeroU16::new(size).unwrap()
}

/// The program in a terminal of some size.
pub(crate) struct Window {
    child: Child,
    keys: ChildStdin,
    output: Receiver<Vec<u8>>,
    parser: vt100::Parser,
    /// All that came so far.
    told: Vec<u8>,
    /// The file of the terminal.
    file: String,
}

impl Window {
    pub(crate) fn open(person: &Person, args: &str, columns: u16, rows: u16) -> Self {
        let program = person.command(&[]);
        let path = program.get_program().to_str().unwrap();
        Self::run(person, &format!("exec {path} chat {args}"), columns, rows)
    }

    /// What a line of a shell runs, in a terminal of some size.
    pub(crate) fn run(person: &Person, line: &str, columns: u16, rows: u16) -> Self {
        let program = person.command(&[]);
        let size = format!("stty cols {columns} rows {rows}");
        let shell = format!("{size} && tty && {line}");
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--command", &shell, "/dev/null"]);
        script.env("TERM", "xterm-256color").env_remove("NO_COLOR").env_remove("COLORFGBG");
        // It is no other terminal than this.
        for name in ["COLORTERM", "TERM_PROGRAM", "LC_TERMINAL", "KONSOLE_VERSION", "TMUX"] {
            script.env_remove(name);
        }
        for (name, value) in program.get_envs() {
            match value {
                Some(value) => script.env(name, value),
                None => script.env_remove(name),
            };
        }
        script.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = script.spawn().unwrap();
        let keys = child.stdin.take().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let mut file = Vec::new();
        while !file.ends_with(b"\n") {
            let mut byte = [0];
            assert_eq!(stdout.read(&mut byte).unwrap(), 1);
            file.push(byte[0]);
        }
        let file = String::from_utf8(file).unwrap().trim().to_owned();
        let (sender, output) = mpsc::channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = stdout.read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        let parser = vt100::Parser::new(some(rows), some(columns), 0);
        Self { child, keys, output, parser, told: Vec::new(), file }
    }

    pub(crate) fn types(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    pub(crate) fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    pub(crate) fn shown(&self) -> String {
        self.parser.screen().contents()
    }

    /// Waits until the screen is as wanted.
    #[track_caller]
    pub(crate) fn until(&mut self, wanted: impl Fn(&str) -> bool) {
        if !self.comes_to(|window| wanted(&window.shown())) {
            panic!("not as it should be:\n{}", self.shown());
        }
    }

    /// Waits until it is as wanted; whether it comes to that.
    pub(crate) fn comes_to(&mut self, wanted: impl Fn(&Self) -> bool) -> bool {
        let began = Instant::now();
        while !wanted(self) {
            match self.output.recv_timeout(PATIENCE.saturating_sub(began.elapsed())) {
                Ok(bytes) => self.process(&bytes),
                Err(_) => return false,
            }
        }
        true
    }

    /// Waits until nothing has changed for a while.
    pub(crate) fn rests(&mut self, rest: Duration) {
        while let Ok(bytes) = self.output.recv_timeout(rest) {
            self.process(&bytes);
        }
    }

    /// Waits until this is on the screen.
    #[track_caller]
    pub(crate) fn sees(&mut self, text: &str) {
        self.until(|shown| shown.contains(text));
    }

    fn resize(&mut self, columns: u16, rows: u16) {
        let (width, height) = (columns.to_string(), rows.to_string());
        let args = ["-F", &self.file, "cols", &width, "rows", &height];
        assert!(Command::new("stty").args(args).status().unwrap().success());
        self.parser.screen_mut().set_size(some(rows), some(columns));
    }

    /// Ends the program by its key; the exit code.
    #[track_caller]
    pub(crate) fn quit(mut self) -> Option<i32> {
        self.types(CONTROL_Q);
        self.ends()
    }

    /// Waits until the program has ended; the exit code.
    #[track_caller]
    fn ends(mut self) -> Option<i32> {
        let began = Instant::now();
        loop {
            match self.output.recv_timeout(PATIENCE.saturating_sub(began.elapsed())) {
                Ok(bytes) => self.process(&bytes),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end:\n{}", self.shown()),
            }
        }
        // The terminal is as it was.
        assert!(!self.parser.screen().alternate_screen());
        self.child.wait().unwrap().code()
    }

    fn process(&mut self, bytes: &[u8]) {
        self.told.extend_from_slice(bytes);
        self.parser.process(bytes);
    }

    /// What the terminal was told so far.
    pub(crate) fn told(&self) -> &[u8] {
        &self.told
    }

    /// The terminal takes nothing more of what the program writes.
    pub(crate) fn stop(&self) {
        self.flow(Action::OOff);
    }

    /// It takes it again.
    pub(crate) fn go_on(&self) {
        self.flow(Action::OOn);
    }

    fn flow(&self, action: Action) {
        tcflow(self.terminal(), action).unwrap();
    }

    fn terminal(&self) -> File {
        File::options().read(true).write(true).open(&self.file).unwrap()
    }

    /// Its letters have so many pixels.
    pub(crate) fn measures(&self, wide: u16, high: u16) {
        let terminal = self.terminal();
        let mut size = tcgetwinsize(&terminal).unwrap();
        (size.ws_xpixel, size.ws_ypixel) = (size.ws_col * wide, size.ws_row * high);
        tcsetwinsize(&terminal, size).unwrap();
    }

    /// Tells the program to end, as the system does; the exit code.
    pub(crate) fn told_to_end(mut self) -> Option<i32> {
        let script = self.child.id();
        let children = format!("/proc/{script}/task/{script}/children");
        let program = std::fs::read_to_string(children).unwrap();
        let args = ["-s", "TERM", program.trim()];
        assert!(Command::new("kill").args(args).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // The program ends with its terminal, also where a test has failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn two_people_talk_at_several_sizes() {
    for (columns, rows) in [(60, 20), (80, 24), (120, 40)] {
        let (_dir, data) = place();
        let (_server, ana, bob) = tea(&data);
        bob.done(&["send", "Tea/general", "Good **morning** @ana"]);
        let mut window = Window::open(&ana, "Tea/general", columns, rows);
        window.sees("Good morning @ana");
        window.sees("#general");
        window.types("are you there?");
        window.types(ENTER);
        window.until(|shown| shown.contains("are you there?") && !shown.contains("on its way"));
        bob.done(&["send", "Tea/general", "--reply-to", "3", "yes, I am"]);
        window.sees("┌ ana: are you there?");
        window.sees("yes, I am");
        // A direct message is counted beside its place, and read there.
        bob.done(&["dm", "ana", "psst"]);
        window.sees("1 for you");
        window.types(CONTROL_K);
        window.sees("Go to");
        window.types("@bob");
        window.types(ENTER);
        window.sees("psst");
        window.until(|shown| !shown.contains("for you"));
        window.types("/jion Tea");
        window.types(ENTER);
        window
            .until(|shown| shown.contains("unknown command `/jion`") && shown.contains("`/join`?"));
        window.types(ESCAPE);
        window.sees("write here");
        assert_eq!(window.quit(), Some(0));
    }
}

#[test]
fn what_is_typed_while_the_server_is_away_arrives_once() {
    let (_dir, data) = place();
    let (server, ana, bob) = tea(&data);
    let address = server.address;
    let mut window = Window::open(&ana, "Tea/general", 80, 24);
    window.sees("connected");
    window.sees("nothing was said here yet");
    server.kill();
    window.sees("not connected");
    window.types("written in between");
    window.types(ENTER);
    window.sees("… on its way");
    window.sees("1 waiting");
    let _server = Server::start_at(address, &data);
    window.until(|shown| !shown.contains("on its way") && !shown.contains("not connected"));
    window.sees("written in between");
    assert_eq!(window.quit(), Some(0));
    let said = bob.done(&["read", "Tea/general"]);
    assert_eq!(said.matches("written in between").count(), 1, "{said}");
}

#[test]
fn it_follows_the_size_of_its_terminal() {
    let (_dir, data) = place();
    let (_server, ana, bob) = tea(&data);
    bob.done(&["send", "Tea/general", "a line that is long enough to be broken at forty columns"]);
    let mut window = Window::open(&ana, "Tea/general", 120, 40);
    window.sees("broken at forty columns");
    window.sees("1 of 2 here");
    window.resize(40, 10);
    window.until(|shown| !shown.contains("#general") && shown.contains("a line that is long"));
    window.resize(20, 5);
    window.until(|shown| shown.lines().all(|line| line.chars().count() <= 20));
    window.resize(80, 24);
    window.sees("#general");
    window.sees("F1 help");
    assert_eq!(window.quit(), Some(0));
}

#[test]
fn ctrl_z_goes_back_to_the_shell_and_fg_to_where_one_was() {
    let (_dir, data) = place();
    let (_server, ana, bob) = tea(&data);
    let program = ana.command(&[]);
    let path = program.get_program().to_str().unwrap();
    // A shell that somebody types into has jobs.
    let mut window = Window::run(&ana, "ENV= PS1='shell: ' exec sh -i", 80, 24);
    window.sees("shell: ");
    window.types(&format!("{path} chat Tea/general{ENTER}"));
    window.sees("connected");
    window.types("half a thou");
    window.sees("half a thou");
    window.types(CONTROL_Z);
    window.until(|shown| shown.contains("Stopped") && shown.trim_end().ends_with("shell:"));
    assert!(!window.parser.screen().alternate_screen());
    window.types(&format!("echo as $((6 * 7)) usual{ENTER}"));
    window.sees("as 42 usual");
    bob.done(&["send", "Tea/general", "said meanwhile"]);
    window.types(&format!("fg{ENTER}"));
    window.until(|shown| shown.contains("half a thou") && shown.contains("said meanwhile"));
    assert!(window.parser.screen().alternate_screen());
    window.types("ght");
    window.sees("half a thought");
    window.types(ENTER);
    window.until(|shown| shown.contains("write here") && !shown.contains("on its way"));
    window.types(CONTROL_Q);
    window.sees("shell: ");
    assert!(!window.parser.screen().alternate_screen());
    assert!(bob.done(&["read", "Tea/general"]).contains("ana: half a thought"));
}

#[test]
fn the_words_of_ghostr_work_on_the_whole_screen() {
    let (_dir, data) = place();
    let (_server, ana, bob) = tea(&data);
    let mut other = Typist::start(&bob, &["chat", "Tea", "--plain"]);
    other.until("--- Tea/general");
    let mut window = Window::open(&ana, "Tea/general", 160, 30);
    window.sees("connected");
    let does = |window: &mut Window, line: &str| window.types(&format!("{line}{ENTER}"));
    // What follows at once would be a key with Alt.
    let leaves = |window: &mut Window, text: &str| {
        window.types(ESCAPE);
        window.until(|shown| !shown.contains(text));
    };
    does(&mut window, "/whoelse");
    window.until(|shown| shown.contains("Who else") && shown.contains("│bob"));
    leaves(&mut window, "Who else");
    does(&mut window, "/whoelsesince 3600");
    window.until(|shown| shown.contains("Who else") && shown.contains("│bob"));
    leaves(&mut window, "Who else");
    does(&mut window, "/message bob for you alone");
    other.until("[@ana] #2 ana: for you alone");
    window.sees("on its way to @bob");
    does(&mut window, "/broadcast to everybody");
    other.until(" ana: to everybody");
    does(&mut window, "/block bob");
    window.sees("bob is blocked");
    other.types("message ana do you hear me?");
    other.until("error: not sent: ");
    does(&mut window, "/unblock bob");
    window.sees("bob is blocked no longer");
    other.types("say once more");
    window.sees("once more");
    does(&mut window, "/startprivate nobody");
    window.sees("there is no user `nobody`");
    for line in ["/private bob hello", "/stopprivate bob", "/sendfile bob tea.txt"] {
        does(&mut window, line);
        window.sees("there is no private session with bob: `/startprivate bob` invites them");
        leaves(&mut window, "no private session");
    }
    does(&mut window, "/message --help");
    window.sees("/message USER TEXT");
    leaves(&mut window, "/message USER TEXT");
    does(&mut window, "/logout");
    assert_eq!(window.ends(), Some(0));
    assert_eq!(ana.say(&["chat", "--plain"]).code, Some(3));
}

#[test]
fn messages_are_found_selected_and_edited() {
    let (_dir, data) = place();
    let (_server, ana, bob) = tea_with(&data, &["--set", "requests_burst=10000"]);
    let mut lines: String = (1..=250).map(|n| format!("say number {n}.\n")).collect();
    lines.push_str("say the end\n");
    let mut script = bob.command(&["chat", "Tea", "--plain"]);
    script.stdout(Stdio::null());
    let ended = crate::program::run(script, &lines);
    assert_eq!(ended.code, Some(0));
    let mut window = Window::open(&ana, "Tea/general", 80, 24);
    window.sees("the end");
    window.types(PAGE_UP);
    window.until(|shown| !shown.contains("the end"));
    window.types("/find number 17.");
    window.types(ENTER);
    window.sees("number 17.");
    window.sees("a message is selected");
    window.types(ESCAPE);
    window.sees("write here");
    window.types("a vresion");
    window.types(ENTER);
    window.until(|shown| shown.contains("a vresion") && !shown.contains("on its way"));
    window.types(SHIFT_UP);
    window.sees("a message is selected");
    window.types("e");
    window.sees("> /edit 253 a vresion");
    window.types("\x15/edit 253 a version");
    window.types(ENTER);
    window.sees("a version (edited)");
    assert_eq!(window.quit(), Some(0));
}
