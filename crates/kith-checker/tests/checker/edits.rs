//! Random single edits of a clean log: caught exactly when they matter.

use kith_checker::{Kind, Record, check};
use proptest::prelude::*;

use crate::model::{Bug, run};

/// The client and feed of a record that belongs to one subscription.
fn subscription(record: &Record) -> Option<(&str, &str)> {
    match record {
        Record::Deliver { client, feed, .. }
        | Record::Snapshot { client, feed, .. }
        | Record::Reset { client, feed, .. }
        | Record::Quiet { client, feed } => Some((client, feed)),
        _ => None,
    }
}

/// The next record of the same subscription.
fn following(log: &[Record], at: usize) -> Option<usize> {
    let wanted = subscription(&log[at]);
    (at + 1..log.len()).find(|&next| subscription(&log[next]) == wanted)
}

fn is_delivery(record: &Record) -> bool {
    matches!(record, Record::Deliver { .. })
}

fn pick(log: &[Record], choice: prop::sample::Index) -> usize {
    let all: Vec<usize> = (0..log.len()).filter(|&at| is_delivery(&log[at])).collect();
    *choice.get(&all)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_deletion(seed in 0u64..1000, choice: prop::sample::Index) {
        let (mut log, _) = run(seed, 400, Bug::None);
        let at = pick(&log, choice);
        let matters = following(&log, at)
            .is_some_and(|next| is_delivery(&log[next]) || matches!(log[next], Record::Quiet { .. }));
        log.remove(at);
        let report = check(log);
        prop_assert_eq!(report.is_clean(), !matters, "{}", report);
    }

    #[test]
    fn a_duplication(seed in 0u64..1000, choice: prop::sample::Index) {
        let (mut log, _) = run(seed, 400, Bug::None);
        let at = pick(&log, choice);
        log.insert(at, log[at].clone());
        prop_assert!(check(log).has(Kind::Duplicate));
    }

    #[test]
    fn a_swap(seed in 0u64..1000, choice: prop::sample::Index) {
        let (mut log, _) = run(seed, 400, Bug::None);
        let at = pick(&log, choice);
        if let Some(next) = following(&log, at).filter(|&next| is_delivery(&log[next])) {
            log.swap(at, next);
            prop_assert!(check(log).has(Kind::Gap));
        }
    }

    #[test]
    fn neighbours_of_two_subscriptions_may_swap(seed in 0u64..1000, choice: prop::sample::Index) {
        let (mut log, _) = run(seed, 400, Bug::None);
        let at = pick(&log, choice);
        let next = at + 1;
        if is_delivery(&log[next]) && subscription(&log[at]) != subscription(&log[next]) {
            log.swap(at, next);
            let report = check(log);
            prop_assert!(report.is_clean(), "{}", report);
        }
    }
}
