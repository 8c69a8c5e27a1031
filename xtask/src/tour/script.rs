//! Runs the tour's commands in one bash, in a folder of their own, and tells their outputs apart.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::Command;
use crate::step::works;

/// Longer than any newcomer would wait.
const TIME_MAX: Duration = Duration::from_secs(120);

/// What a tour that takes too long gets to end in order.
const GRACE: Duration = Duration::from_secs(5);

/// Where `kith serve` listens unless told otherwise.
const LISTEN_DEFAULT: &str = "127.0.0.1:8080";

/// What the script needs around the commands: servers are waited for, and stopped at the end.
const PRELUDE: &str = r#"
tour_pids=""
tour_stop() {
    for tour_pid in $tour_pids; do
        kill "$tour_pid" 2>/dev/null || true
        wait "$tour_pid" 2>/dev/null || true
    done
}
trap tour_stop EXIT
trap 'exit 143' TERM

# tour_answers ADDRESS: whether something accepts connections there.
tour_answers() {
    local host="${1%:*}" port="${1##*:}"
    host="${host#[}"
    (exec 7<>"/dev/tcp/${host%]}/$port") 2>/dev/null
}
# A person would need a moment to type on, a script does not: wait until the server accepts.
tour_wait() {
    for _ in {1..200}; do
        if ! kill -0 "$2" 2>/dev/null; then
            echo "the server ended before it listened on $1"
            return 1
        fi
        if tour_answers "$1"; then return 0; fi
        sleep 0.1
    done
    echo "the server does not listen on $1"
    return 1
}
"#;

/// How the tour went.
pub(super) struct Outcome {
    /// What each command printed, up to the last that began.
    pub(super) printed: Vec<Vec<String>>,
    pub(super) is_success: bool,
    pub(super) status: String,
    /// What the commands in the background printed, under a heading; empty if nothing.
    pub(super) background: String,
}

/// Runs the commands with the programs in `programs` first in the path.
pub(super) fn run(commands: &[Command], programs: &Path) -> Result<Outcome> {
    let place = Place::new()?;
    let mark = format!("tour-{}-command", std::process::id());
    let (script, output) = (place.0.join("script"), place.0.join("output"));
    fs::write(&script, write_script(commands, &mark)).context("cannot write the tour's script")?;
    // A file, not a pipe: whatever the tour leaves running cannot keep us waiting for its end.
    let sink = File::create(&output).context("cannot create the tour's output")?;

    let mut bash = Process::new("bash");
    bash.arg("-eu")
        .arg(&script)
        .current_dir(place.0.join("work"))
        .env("PATH", path_with(programs)?)
        .env("HOME", place.0.join("home"))
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .stdout(sink.try_clone().context("cannot share the tour's output")?)
        .stderr(sink);
    for (name, _) in std::env::vars_os() {
        // The newcomer has neither settings nor data yet.
        let shown = name.to_string_lossy();
        if shown.starts_with("KITH_") || shown.starts_with("XDG_") {
            bash.env_remove(&name);
        }
    }
    let status = wait(spawn(&mut bash)?)?;

    let text = fs::read(&output).context("cannot read the tour's output")?;
    let background = fs::read(place.0.join("background")).unwrap_or_default();
    let background = String::from_utf8_lossy(&background);
    Ok(Outcome {
        printed: split(&String::from_utf8_lossy(&text), &mark),
        is_success: status.is_some_and(|status| status.success()),
        status: status.map_or_else(
            || format!("not done after {} s", TIME_MAX.as_secs()),
            |status| status.to_string(),
        ),
        background: match background.trim_end() {
            "" => String::new(),
            text => format!("\nin the background:\n{text}"),
        },
    })
}

/// The tour's own folder, gone when it is over.
struct Place(PathBuf);

impl Place {
    fn new() -> Result<Self> {
        /// Tests run several tours in one process.
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("kith-tour-{}-{count}", std::process::id());
        let place = Self(std::env::temp_dir().join(name));
        for part in ["work", "home"] {
            let part = place.0.join(part);
            fs::create_dir_all(&part)
                .with_context(|| format!("cannot create {}", part.display()))?;
        }
        Ok(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Nothing depends on it; the system clears its folder for temporary files in time.
        drop(fs::remove_dir_all(&self.0));
    }
}

fn path_with(programs: &Path) -> Result<std::ffi::OsString> {
    let old = std::env::var_os("PATH").unwrap_or_default();
    let all = std::iter::once(programs.to_path_buf()).chain(std::env::split_paths(&old));
    std::env::join_paths(all).context("the build folder's name cannot stand in PATH")
}

/// Each command after a line with the mark and its number, so that outputs can be told apart.
fn write_script(commands: &[Command], mark: &str) -> String {
    let mut script = PRELUDE.to_owned();
    let mut add = |text: std::fmt::Arguments<'_>| {
        script.write_fmt(text).expect("writing to a String cannot fail");
        script.push('\n');
    };
    for (index, command) in commands.iter().enumerate() {
        // The empty line ends an output that does not end itself.
        add(format_args!("printf '\\n{mark} {index}\\n'"));
        if !is_background(&command.text) {
            add(format_args!("{}", command.text));
            continue;
        }
        let address = listens_on(&command.text);
        if let Some(address) = &address {
            add(format_args!(
                "if tour_answers \"{address}\"; then echo '{address} is in use'; exit 1; fi"
            ));
        }
        // Its output may come at any time, so it goes elsewhere.
        add(format_args!("exec 8>&1 9>&2 >>../background 2>&1"));
        add(format_args!("{}", command.text));
        add(format_args!("tour_pids=\"$! $tour_pids\"; exec >&8 2>&9 8>&- 9>&-"));
        if let Some(address) = &address {
            add(format_args!("tour_wait \"{address}\" $!"));
        }
    }
    script
}

fn is_background(command: &str) -> bool {
    command.ends_with('&') && !command.ends_with("&&")
}

/// The address on which this command will listen, if it starts a server.
fn listens_on(command: &str) -> Option<String> {
    if !command.contains("kith serve") {
        return None;
    }
    let mut words = command.split_whitespace();
    while let Some(word) = words.next() {
        if let Some(value) = word.strip_prefix("--listen") {
            let value = value.strip_prefix('=').or_else(|| words.next())?;
            return Some(value.trim_matches(['"', '\'']).to_owned());
        }
    }
    Some(LISTEN_DEFAULT.to_owned())
}

/// The outputs between the marks, without the empty lines at their ends.
fn split(text: &str, mark: &str) -> Vec<Vec<String>> {
    let mut outputs: Vec<Vec<String>> = Vec::new();
    for line in text.lines() {
        if line.strip_prefix(mark).is_some_and(|rest| rest.starts_with(' ')) {
            outputs.push(Vec::new());
        } else if let Some(output) = outputs.last_mut() {
            output.push(line.trim_end().to_owned());
        }
    }
    for output in &mut outputs {
        let last = output.iter().rposition(|line| !line.is_empty());
        output.truncate(last.map_or(0, |index| index + 1));
    }
    outputs
}

/// In a process group of its own where there are such, so that all of it can be ended together.
fn spawn(bash: &mut Process) -> Result<Child> {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(bash, 0);
    bash.spawn().context("cannot start `bash`, which the tour needs")
}

/// Waits for bash, and then ends what it left running; `None` if it took too long.
fn wait(mut bash: Child) -> Result<Option<ExitStatus>> {
    let group = bash.id();
    // Bash's own `kill`: the program of that name is missing on small systems.
    let signal =
        |name| works(Process::new("bash").args(["-c", &format!("kill {name} -- -{group}")]));
    let status = poll(&mut bash, TIME_MAX)?;
    if status.is_none() && signal("-TERM") {
        poll(&mut bash, GRACE)?;
    }
    if signal("-KILL") {
        eprintln!("tour: something did not end on its own and was killed");
    }
    bash.wait().context("cannot wait for `bash`")?;
    Ok(status)
}

fn poll(bash: &mut Child, time_max: Duration) -> Result<Option<ExitStatus>> {
    let deadline = Instant::now() + time_max;
    loop {
        let status = bash.try_wait().context("cannot wait for `bash`")?;
        if status.is_some() || Instant::now() >= deadline {
            return Ok(status);
        }
        sleep(Duration::from_millis(20));
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Command, listens_on, run, split};

    #[test]
    fn a_server_is_found_with_its_address() {
        for (command, address) in [
            ("kith serve --data d &", Some("127.0.0.1:8080")),
            ("kith serve --listen 127.0.0.1:1 &", Some("127.0.0.1:1")),
            ("kith serve --listen='[::1]:1' &", Some("[::1]:1")),
            ("kith watch tea &", None),
        ] {
            assert_eq!(listens_on(command).as_deref(), address, "{command}");
        }
    }

    #[test]
    fn outputs_are_told_apart() {
        let text = "\nm 0\na\n\nb  \n\nm 1\n\nm 2\nno line end\n";
        assert_eq!(split(text, "m"), [vec!["a", "", "b"], vec![], vec!["no line end"]]);
    }

    fn commands(texts: &[&str]) -> Vec<Command> {
        let command = |text: &&str| Command { line: 1, text: (*text).to_owned(), expected: vec![] };
        texts.iter().map(command).collect()
    }

    #[test]
    fn commands_share_one_shell_and_the_background_is_stopped() {
        let tour = commands(&["a=5", "sleep 600 &", "echo $a; echo error >&2", "ls", "printf end"]);
        let outcome = run(&tour, Path::new("/")).expect("bash runs");
        assert!(outcome.is_success, "{}", outcome.status);
        assert_eq!(outcome.printed, [vec![], vec![], vec!["5", "error"], vec![], vec!["end"]]);
    }

    #[test]
    fn the_first_failure_ends_the_tour() {
        let tour = commands(&["echo a", "echo b; false", "echo c"]);
        let outcome = run(&tour, Path::new("/")).expect("bash runs");
        assert!(!outcome.is_success);
        assert_eq!(outcome.printed, [["a"], ["b"]]);
    }

    #[test]
    fn a_server_that_does_not_start_ends_the_tour() {
        let serve = "kith serve --listen 127.0.0.1:1 &";
        let tour = commands(&["kith() { echo no; }", serve, "echo on"]);
        let outcome = run(&tour, Path::new("/")).expect("bash runs");
        assert!(!outcome.is_success);
        let said = vec!["the server ended before it listened on 127.0.0.1:1"];
        assert_eq!(outcome.printed, [vec![], said]);
        assert_eq!(outcome.background, "\nin the background:\nno");
    }
}
