//! What the program does at a terminal: it asks for the password twice and does not show it.
#![cfg(target_os = "linux")]

use std::io::{BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use crate::program::{PATIENCE, Person, Server};
use crate::{PASSWORD, place};

/// The program at a terminal of its own, which `script` makes.
struct Terminal {
    child: Child,
    keys: ChildStdin,
    screen: BufReader<ChildStdout>,
    /// What was shown so far.
    shown: String,
    /// The file of the terminal.
    file: String,
}

impl Terminal {
    fn run(person: &Person, args: &str) -> Self {
        let program = person.command(&[]);
        let shell = format!("tty && exec {} {args}", program.get_program().to_str().unwrap());
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--command", &shell, "/dev/null"]);
        for (name, value) in program.get_envs() {
            match value {
                Some(value) => script.env(name, value),
                None => script.env_remove(name),
            };
        }
        script.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = script.spawn().unwrap();
        let keys = child.stdin.take().unwrap();
        let screen = BufReader::new(child.stdout.take().unwrap());
        let mut terminal = Self { child, keys, screen, shown: String::new(), file: String::new() };
        terminal.until("\n");
        terminal.file = terminal.shown.trim().to_owned();
        terminal
    }

    /// Reads until the screen ends with this.
    fn until(&mut self, end: &str) {
        while !self.shown.ends_with(end) {
            let mut byte = [0];
            assert_eq!(self.screen.read(&mut byte).unwrap(), 1, "the end, after {:?}", self.shown);
            self.shown.push(char::from(byte[0]));
        }
    }

    /// Whether what is typed is shown.
    fn echoes(&self) -> bool {
        let state = Command::new("stty").args(["-a", "-F", &self.file]).output().unwrap();
        let state = String::from_utf8(state.stdout).unwrap();
        state.split_whitespace().any(|word| word == "echo")
    }

    /// Types a line as soon as nobody would see it.
    fn answer(&mut self, prompt: &str, line: &str) {
        self.until(prompt);
        // The prompt is there a moment before the echo is switched off.
        let asked = Instant::now();
        while self.echoes() {
            assert!(asked.elapsed() < PATIENCE, "what is typed after {prompt:?} is shown");
        }
        self.keys.write_all(line.as_bytes()).unwrap();
    }

    /// The exit code, and everything that was shown.
    fn end(mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        self.screen.read_to_string(&mut rest).unwrap();
        drop(self.keys);
        (self.child.wait().unwrap().code(), self.shown + &rest)
    }
}

#[test]
fn a_password_is_asked_for_twice_and_never_shown() {
    let (_dir, data) = place();
    let server = Server::start(&data, &[]);
    let ana = Person::new(format!("http://{}", server.address));
    let mut terminal = Terminal::run(&ana, "signup ana");
    terminal.answer("Password: ", PASSWORD);
    terminal.answer("Once more: ", "correct horse batterie\n");
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(2), "{shown}");
    assert!(shown.contains("the two passwords are not the same"), "{shown}");
    assert!(!shown.contains("horse"), "{shown}");

    let mut terminal = Terminal::run(&ana, "signup ana");
    terminal.answer("Password: ", PASSWORD);
    terminal.answer("Once more: ", PASSWORD);
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("signed up as ana"), "{shown}");
    assert!(!shown.contains("horse"), "{shown}");

    let mut terminal = Terminal::run(&ana, "login ana");
    terminal.answer("Password: ", PASSWORD);
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(!shown.contains("horse") && !shown.contains("Once more"), "{shown}");
}
