//! Power losses at every call to the file system, and calls that fail: what was acknowledged is
//! there afterwards, and nothing that was refused.
//!
//! The real store writes under strace, whose record of all calls is then cut at each of them; or
//! strace makes one call fail. `KITH_POWER_SEEDS` sets how many power losses are tried after each
//! call (4 unless set), `KITH_POWER_STRIDE` makes every so many-th call fail (3 unless set).
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "power/disk.rs"]
mod disk;
#[path = "power/trace.rs"]
mod trace;
#[path = "power/workload.rs"]
mod workload;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kith_store::conformance::{batch, document};
use kith_store::memory::MemoryStore;
use kith_store::{Store, StoreError};
use kith_store_sqlite::{Options, SqliteStore, check};
use tempfile::TempDir;

use crate::disk::{Dice, Disk};
use crate::trace::Call;
use crate::workload::{REOPENED, STEPS, dump, take};

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

/// A directory for files that are written for a test's sake: in memory, where there is such a place.
fn place() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

fn open(dir: &Path) -> Result<SqliteStore, StoreError> {
    // The mark is written after every commit, so that nothing depends on the clock.
    // Some commits go into the tables at once, some wait.
    let options = Options {
        mark_every: Duration::ZERO,
        readers: 1,
        pending_bytes: 6000,
        ..Options::default()
    };
    SqliteStore::open(&dir.join("kith.db"), options)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

/// Without a power loss all steps come to their end; the other tests run this one under strace.
#[test]
fn child() {
    let own = place();
    let dir = std::env::var_os("KITH_POWER_DIR").map_or(own.path().to_owned(), PathBuf::from);
    steps(&dir);
    if dir == own.path() {
        inspect(&dir, &states(), Said { begun: STEPS, done: STEPS }, "at the end");
    }
}

/// Takes all steps, says which are done, and stops at the first that is not.
fn steps(dir: &Path) {
    // Behind what the test's runner has begun its line with.
    say("");
    let told = |what: &str, error: &StoreError| {
        let kind = match error {
            StoreError::Full => "full",
            StoreError::Conflict { .. } | StoreError::Invalid(_) => "refused",
            _ => "unknown",
        };
        say(&format!("{what} {kind} {error}"));
    };
    let mut store = match open(dir) {
        Ok(store) => store,
        Err(error) => return told("open", &error),
    };
    for step in 0..STEPS {
        if REOPENED.contains(&step) {
            drop(store);
            store = match open(dir) {
                Ok(store) => store,
                Err(error) => return told("open", &error),
            };
        }
        say(&format!("take {step}"));
        match runtime().block_on(take(&store, step)) {
            Ok(()) => say(&format!("done {step}")),
            Err(error) => return told(&format!("failed {step}"), &error),
        }
    }
    drop(store);
    say("end");
}

/// The states after each step, the first before all of them.
fn states() -> Vec<String> {
    runtime().block_on(async {
        let store = MemoryStore::new();
        let mut states = vec![dump(&store).await.unwrap()];
        for step in 0..STEPS {
            take(&store, step).await.unwrap();
            states.push(dump(&store).await.unwrap());
        }
        states
    })
}

/// The steps that were said to be begun and to be done.
#[derive(Clone, Copy, Debug, Default)]
struct Said {
    begun: usize,
    done: usize,
}

impl Said {
    fn hear(&mut self, line: &str) {
        let step = |prefix| line.strip_prefix(prefix).and_then(|step| step.parse().ok());
        self.begun = step("take ").map_or(self.begun, |step: usize| step + 1);
        self.done = step("done ").map_or(self.done, |step: usize| step + 1);
    }
}

/// Opens what is in `dir` and compares it; it can also be written to.
fn inspect(dir: &Path, states: &[String], said: Said, place: &str) {
    let store = open(dir).unwrap_or_else(|error| panic!("{place}: {error}"));
    runtime().block_on(async {
        let found = dump(&store).await.unwrap();
        let allowed = said.done..=said.begun;
        let at = allowed.clone().find(|step| states[*step] == found);
        assert!(at.is_some(), "{place}: neither of the states {allowed:?}:\n{found}");
        let more = batch(vec![], vec![document("more", "key", "1")]);
        store.commit(vec![more]).await.remove(0).unwrap();
    });
    drop(store);
    assert_eq!(check(&dir.join("kith.db")).unwrap(), [], "{place}");
}

#[test]
fn a_power_loss_after_any_call_loses_nothing_that_was_acknowledged() {
    let (dir, traced) = (place(), place());
    let trace = traced.path().join("trace");
    let ran = trace::run(dir.path(), "child", &trace, &[]);
    assert!(ran.status.success(), "{ran:?}");
    let mut calls = trace::read(&std::fs::read_to_string(trace).unwrap(), dir.path());
    let end = calls.iter().position(|call| *call == Call::Say("end".to_owned()));
    calls.truncate(end.expect("the child came to its end"));
    let states = states();
    let (mut disk, mut said) = (Disk::default(), Said::default());
    let (mut crashes, mut syncs) = (0, 0);
    for (at, call) in calls.iter().enumerate() {
        if let Call::Say(line) = call {
            said.hear(line);
        }
        syncs += usize::from(matches!(call, Call::Sync(_)));
        if !disk.call(call) {
            continue;
        }
        for seed in 0..number("KITH_POWER_SEEDS", 4) {
            let image = place();
            let mut dice = Dice(at as u64 * 1_000_003 + seed);
            disk.crash(&mut dice, image.path());
            inspect(image.path(), &states, said, &format!("call {at}, seed {seed}, {said:?}"));
            crashes += 1;
        }
    }
    assert!(syncs > STEPS && crashes >= 2000, "{syncs} syncs, {crashes} crashes");
}

/// How often the child makes each of these calls.
fn counts(trace: &str) -> BTreeMap<&'static str, usize> {
    let calls = ["pwrite64", "fdatasync", "fsync", "ftruncate", "rename"];
    let count =
        |name: &str| trace.lines().filter(|line| line.contains(&format!(" {name}("))).count();
    calls.into_iter().map(|name| (name, count(name))).filter(|(_, count)| *count > 0).collect()
}

/// Makes the N-th call of each kind fail, for every stride-th N, once or from then on.
fn fail(error: &str, ever: bool) {
    let traced = place();
    let trace = traced.path().join("trace");
    let whole = place();
    assert!(trace::run(whole.path(), "child", &trace, &[]).status.success());
    let counts = counts(&std::fs::read_to_string(&trace).unwrap());
    assert!(counts.len() >= 3, "{counts:?}");
    let states = states();
    let stride = usize::try_from(number("KITH_POWER_STRIDE", 3)).unwrap();
    let mut failures = 0;
    for (name, count) in counts {
        // Of the rare calls each is made to fail.
        let stride = if count < 40 { 1 } else { stride * count.div_ceil(150) };
        for at in (1..=count).step_by(stride) {
            let dir = place();
            let when = if ever { format!("{at}+") } else { at.to_string() };
            let inject = format!("inject={name}:error={error}:when={when}");
            let ran = trace::run(dir.path(), "child", &trace, &["-e", &inject]);
            let out = String::from_utf8_lossy(&ran.stdout).into_owned();
            let place = format!("{inject}: {out}");
            let mut said = Said::default();
            out.lines().for_each(|line| said.hear(line));
            let failed =
                out.lines().any(|line| line.starts_with("failed ") || line.starts_with("open "));
            // What was refused for good is not there; of the rest nobody knows.
            let refused = |line: &str| {
                let kind = line.split(' ').nth(2);
                line.starts_with("failed ") && matches!(kind, Some("full" | "refused"))
            };
            if out.lines().any(refused) {
                said.begun = said.done;
            }
            assert!(failed || out.lines().any(|line| line == "end"), "{place}");
            failures += usize::from(failed);
            inspect(dir.path(), &states, said, &place);
        }
    }
    // Of those within the settling of commits nobody is told: nothing is lost by them.
    assert!(failures > 10, "only {failures} failures were noticed");
}

#[test]
fn a_failed_call_is_never_an_acknowledgement() {
    fail("EIO", false);
}

#[test]
fn calls_that_fail_from_then_on_are_never_acknowledgements() {
    fail("EIO", true);
}

#[test]
fn a_full_disk_is_never_an_acknowledgement() {
    fail("ENOSPC", true);
}

#[test]
fn a_quota_that_is_used_up_is_never_an_acknowledgement() {
    fail("EDQUOT", false);
}
