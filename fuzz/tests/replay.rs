//! Every target on its seeds, on what once failed, and on random mutations of both.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use kith_fuzz::budget::{INPUT_BYTES_MAX, within};
use kith_fuzz::mutate::{Random, mutated};
use kith_fuzz::{TARGETS, crashes, target};

/// Mutations of each target; `KITH_FUZZ_RUNS` sets another number.
const RUNS: u64 = 10_000;

fn check(name: &str) {
    let target = target(name).unwrap();
    let mut good = (target.seeds)();
    assert!(!good.is_empty());
    if let Ok(folder) = std::fs::read_dir(crashes(name)) {
        let mut paths: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        good.extend(paths.iter().map(|path| std::fs::read(path).unwrap()));
    }
    let run = |input: &[u8], what: &str| {
        let result = catch_unwind(AssertUnwindSafe(|| within(target.run, input)));
        if let Err(panic) = result {
            let path =
                std::env::temp_dir().join(format!("kith-fuzz-{name}-{}", std::process::id()));
            std::fs::write(&path, input).unwrap();
            eprintln!("{name} fails on {what}, kept in {}", path.display());
            resume_unwind(panic);
        }
    };
    // What is made once and kept, as a router is, is no input's fault.
    (target.run)(&good[0]);
    for (index, input) in good.iter().enumerate() {
        run(input, &format!("seed {index}"));
    }
    let runs = std::env::var("KITH_FUZZ_RUNS").map_or(RUNS, |runs| runs.parse().unwrap());
    for seed in 0..runs {
        let input = mutated(&good, &mut Random::new(seed), INPUT_BYTES_MAX);
        run(&input, &format!("mutation {seed}"));
    }
}

macro_rules! replay {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            check(stringify!($name));
        })*

        #[test]
        fn every_target_is_replayed() {
            let named: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(named, [$(stringify!($name)),*]);
        }
    };
}

replay! {
    ws_frames
    ws_upgrade
    cookie
    rest
    hello_json
    hello_msgpack
    request_json
    request_msgpack
    push_json
    push_msgpack
    topicsync
    ghostr
    muca
    ids
    texts
    mentions
    documents
    events
    session
    address
    answer
    config
    log
    yjs_message
    yjs_update
    yjs_json
    topics
    shown
    typed
    mark
    private
    stun
    contents
    image
    search
}
