//! How good a hit is: how exactly it says what was asked, how little else, and how new it is.
//!
//! Nothing of it depends on other messages. How rare a word is elsewhere would say something of
//! messages that the searcher may not read.

use kith_core::id::Timestamp;

/// What a message has that says all words as whole words.
const EXACT: u64 = 250;
/// What a message has that says them one behind the other.
const PHRASE: u64 = 450;
/// What a message has that says nothing else.
const BRIEF: u64 = 300;
/// Words beside which that is worth half.
const BRIEF_WORDS: u64 = 12;
/// What a message has that was posted now.
const NEW: u64 = 400;
/// The age at which that is worth half: 30 days.
const NEW_MS: u64 = 30 * 24 * 3600 * 1000;

/// How a message says what was asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Says {
    pub(crate) exactly: bool,
    pub(crate) as_phrase: bool,
}

/// The score of a message of so many words, posted `at`.
pub(crate) fn score(says: Says, words: u64, at: Timestamp, now: Timestamp) -> u32 {
    let age = now.since_ms(at);
    let sum = u64::from(says.exactly) * EXACT
        + u64::from(says.as_phrase) * PHRASE
        + BRIEF * BRIEF_WORDS / (BRIEF_WORDS + words)
        + NEW * NEW_MS / NEW_MS.saturating_add(age);
    u32::try_from(sum).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 24 * 3600 * 1000;

    fn of(exactly: bool, as_phrase: bool, words: u64, days: u64) -> u32 {
        score(
            Says { exactly, as_phrase },
            words,
            Timestamp(1000 * DAY - days * DAY),
            Timestamp(1000 * DAY),
        )
    }

    #[test]
    fn exact_brief_and_new_messages_come_first() {
        assert!(of(true, false, 10, 1) > of(false, false, 10, 1));
        assert!(of(true, true, 10, 100) > of(true, false, 10, 1));
        assert!(of(true, false, 5, 1) > of(true, false, 50, 1));
        assert!(of(true, false, 10, 1) > of(true, false, 10, 100));
        assert!(of(true, false, 10, 0) > of(false, false, 1, 0));
        assert!(of(true, true, 8000, 900) > of(false, false, 8000, 900));
    }
}
