//! Planted bugs: each one must be caught, by the kind that fits it.

use kith_checker::{Kind, Record, check};

use crate::model::{Bug, run};

const STEPS: usize = 3000;
const SEEDS: u64 = 12;

const BUGS: &[(Bug, Kind)] = &[
    (Bug::AckThenLose, Kind::Lost),
    (Bug::AckWrongSeq, Kind::Lost),
    (Bug::NumberTwice, Kind::Duplicate),
    (Bug::ReuseSeq, Kind::EpochBack),
    (Bug::RetryTwice, Kind::Duplicate),
    (Bug::FailedVisible, Kind::AbortedRead),
    (Bug::FailedShownOnce, Kind::AbortedRead),
    (Bug::DropOne, Kind::Gap),
    (Bug::DeliverTwice, Kind::Duplicate),
    (Bug::SwapTwo, Kind::Gap),
    (Bug::OtherHash, Kind::Phantom),
    (Bug::OtherOp, Kind::Disagreement),
    (Bug::ForeignFeed, Kind::Phantom),
    (Bug::SkipFence, Kind::AfterFence),
    (Bug::FenceOneDevice, Kind::AfterFence),
    (Bug::LateAfterFence, Kind::AfterFence),
    (Bug::SilentJump, Kind::Gap),
    (Bug::StaleSnapshot, Kind::EpochBack),
    (Bug::SnapshotTooHigh, Kind::Duplicate),
    (Bug::LoseTail, Kind::Phantom),
    (Bug::LoseTail, Kind::Lost),
    (Bug::LoseTailSameEpoch, Kind::EpochBack),
    (Bug::LoseTailSameEpoch, Kind::Disagreement),
    (Bug::NoResetAfterRestore, Kind::Gap),
    (Bug::OldEpochFrame, Kind::EpochBack),
    (Bug::StuckAtEnd, Kind::Behind),
];

type Edit = fn(&mut Vec<Record>);

/// Lies in the final log itself.
const EDITS: &[(&str, Edit, Kind)] = &[
    ("the head is behind its log", |log| with_head(log, |_, seq| *seq -= 1), Kind::Behind),
    ("the head is beyond its log", |log| with_head(log, |_, seq| *seq += 1), Kind::Gap),
    ("the epoch fell back", |log| with_head(log, |epoch, _| *epoch -= 1), Kind::EpochBack),
    ("the log has a gap", |log| drop(log.remove(row(log))), Kind::Gap),
    (
        "the log has one event twice",
        |log| {
            let again = log[row(log)].clone();
            log.push(again);
        },
        Kind::EpochBack,
    ),
    ("the log was not read", |log| log.retain(|r| !is_final(r)), Kind::Malformed),
    (
        "an answer to nothing",
        |log| {
            let (client, op) = ("p0/d0".to_owned(), "nobody".to_owned());
            log.push(Record::Ok { client, op, seq: 1, epoch: 1 });
        },
        Kind::Malformed,
    ),
];

fn is_final(record: &Record) -> bool {
    matches!(record, Record::Head { .. } | Record::Logged { .. })
}

fn row(log: &[Record]) -> usize {
    log.iter()
        .position(|r| matches!(r, Record::Logged { seq: 4, op: Some(_), .. }))
        .expect("the log has an operation at #4 in some feed")
}

fn with_head(log: &mut [Record], change: fn(&mut u64, &mut u64)) {
    for record in log {
        if let Record::Head { epoch, seq, .. } = record {
            return change(epoch, seq);
        }
    }
}

#[test]
fn a_correct_run_is_clean() {
    for seed in 0..40 {
        let (log, _) = run(seed, STEPS, Bug::None);
        let count = |wanted: fn(&Record) -> bool| log.iter().filter(|r| wanted(r)).count();
        assert!(count(|r| matches!(r, Record::Fence { .. })) > 5);
        assert!(count(|r| matches!(r, Record::Reset { .. })) > 5);
        assert!(count(|r| matches!(r, Record::Snapshot { .. })) > 5);
        let report = check(log);
        assert!(report.is_clean(), "seed {seed}: {report}");
        assert!(report.acked > 500 && report.delivered > 2000, "{report}");
        assert_eq!((report.clients, report.feeds), (8, 3));
    }
}

#[test]
fn every_planted_bug_is_caught() {
    let mut caught = 0;
    for &(bug, kind) in BUGS {
        let mut fired = 0;
        for seed in 0..SEEDS {
            let (log, times) = run(seed, STEPS, bug);
            if times == 0 {
                continue;
            }
            fired += 1;
            let report = check(log);
            assert!(report.has(kind), "{bug:?} with seed {seed} is not {kind}: {report}");
        }
        assert!(fired * 2 > SEEDS, "{bug:?} was acted out only {fired} times");
        caught += 1;
    }
    for &(what, edit, kind) in EDITS {
        for seed in 0..SEEDS {
            let (mut log, _) = run(seed, STEPS, Bug::None);
            edit(&mut log);
            let report = check(log);
            assert!(report.has(kind), "{what} with seed {seed} is not {kind}: {report}");
        }
        caught += 1;
    }
    assert_eq!(caught, BUGS.len() + EDITS.len());
    assert!(caught >= 20);
}
