//! Reading and writing logs, the recorder, and the edges of a report.

use std::{
    io::{self, Write},
    thread,
};

use kith_checker::{
    Kind, MAX_VIOLATIONS, Record, Recorder, check, check_lines, principal_of, write_lines,
};

use crate::model::{Bug, run};

#[test]
fn lines_and_memory_agree() {
    for bug in [Bug::None, Bug::DropOne, Bug::LoseTail] {
        let (log, _) = run(7, 1000, bug);
        let mut lines = Vec::new();
        write_lines(&mut lines, &log).unwrap();
        assert_eq!(check_lines(lines.as_slice()).unwrap(), check(log));
    }
}

#[test]
fn a_torn_or_strange_line_is_malformed() {
    let (log, _) = run(7, 300, Bug::None);
    let mut lines = Vec::new();
    write_lines(&mut lines, &log).unwrap();
    lines.extend_from_slice(b"\n{\"t\":\"quiet\",\"cli");
    let report = check_lines(lines.as_slice()).unwrap();
    assert_eq!((report.total, report.has(Kind::Malformed)), (1, true), "{report}");
    let strange = check_lines(&b"{\"t\":\"quiet\",\"client\":\"a\",\"feed\":\"f\",\"x\":1}\n"[..]);
    assert!(strange.unwrap().has(Kind::Malformed));
}

#[test]
fn the_form_of_a_line_is_fixed() {
    let line = r#"{"t":"deliver","client":"ann/1","feed":"f","epoch":1,"seq":2,"hash":"h"}"#;
    let record: Record = serde_json::from_str(line).unwrap();
    assert!(matches!(&record, Record::Deliver { op: None, seq: 2, .. }));
    assert_eq!(serde_json::to_string(&record).unwrap(), line);
    assert_eq!((principal_of("ann/1"), principal_of("ann")), ("ann", "ann"));
}

#[test]
fn the_list_is_capped_and_the_count_is_not() {
    let seen = |seq| Record::Deliver {
        client: "a".to_owned(),
        feed: "f".to_owned(),
        epoch: 1,
        seq,
        op: None,
        hash: "h".to_owned(),
    };
    let report = check((0..1000).map(|_| seen(u64::MAX)));
    assert_eq!(report.violations.len(), MAX_VIOLATIONS);
    assert_eq!(report.by_kind[&Kind::Duplicate], 999);
    assert!(report.total > 1000 && report.to_string().contains("saw it twice"));
}

#[test]
fn huge_numbers_do_not_take_huge_time() {
    let feed = || "f".to_owned();
    let report = check([
        Record::Logged { feed: feed(), epoch: 1, seq: u64::MAX, op: None, hash: "h".to_owned() },
        Record::Head { feed: feed(), epoch: 1, seq: u64::MAX },
    ]);
    assert!(report.has(Kind::Gap));
}

#[test]
fn the_recorder_keeps_one_order_for_all() {
    let recorder = Recorder::memory();
    thread::scope(|scope| {
        for thread in 0..4 {
            let recorder = recorder.clone();
            scope.spawn(move || {
                for number in 0..500 {
                    let client = format!("c{thread}");
                    recorder.record(Record::Unknown { client, op: number.to_string() });
                }
            });
        }
    });
    let log = recorder.take();
    assert_eq!((log.len(), recorder.take().len()), (2000, 0));
    for thread in 0..4 {
        let ops = log.iter().filter_map(|record| match record {
            Record::Unknown { client, op } if *client == format!("c{thread}") => Some(op),
            _ => None,
        });
        assert!(ops.eq((0..500).map(|number| number.to_string()).collect::<Vec<_>>().iter()));
    }
}

#[test]
fn a_failing_writer_is_told() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::other("full"))
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let recorder = Recorder::writer(Full);
    let record = Record::Quiet { client: "a".to_owned(), feed: "f".to_owned() };
    recorder.record(record.clone());
    recorder.record(record);
    assert!(recorder.flush().is_err());
}
