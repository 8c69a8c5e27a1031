//! The versions of a string as topicsync names them, and how an edit of an older version is reckoned
//! over what happened since.
//!
//! The rules are topicsync's own, which differ from those of topics in one point: a text that was put
//! inside a part which somebody else took out is lost. Places are counted in UTF-16 code units, as the
//! one client there is counts.

use std::collections::VecDeque;

use kith_core::topic::{byte_at, units};

/// Versions that are kept to be reckoned over.
const STEPS_MAX: usize = 1000;
/// How many bytes of them.
const BYTES_MAX: usize = 256 * 1024;
/// What a version takes beside its text, about.
const STEP_BYTES: usize = 128;

/// How a string became its next version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Edit {
    /// It was replaced.
    Whole,
    /// A text was put in.
    Insert { at: u32, text: String },
    /// A text was taken out.
    Delete { at: u32, text: String },
}

/// One version and what followed it.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// The version before.
    pub(crate) before: String,
    /// What happened.
    pub(crate) edit: Edit,
    /// The version after.
    pub(crate) after: String,
}

/// The versions of one string, oldest first.
#[derive(Debug)]
pub(crate) struct Versions {
    now: String,
    steps: VecDeque<Step>,
    bytes: usize,
}

impl Versions {
    pub(crate) fn new(now: String) -> Self {
        Self { now, steps: VecDeque::new(), bytes: 0 }
    }

    /// The present version.
    pub(crate) fn now(&self) -> &str {
        &self.now
    }

    pub(crate) fn push(&mut self, step: Step) {
        self.bytes += bytes(&step);
        self.now.clone_from(&step.after);
        self.steps.push_back(step);
        while self.steps.len() > STEPS_MAX || self.bytes > BYTES_MAX {
            let Some(oldest) = self.steps.pop_front() else { break };
            self.bytes -= bytes(&oldest);
        }
    }

    /// The same with steps that are not certain yet.
    pub(crate) fn with<'a>(&'a self, more: &'a [Step]) -> View<'a> {
        View { known: self, more }
    }
}

fn bytes(step: &Step) -> usize {
    let text = match &step.edit {
        Edit::Whole => 0,
        Edit::Insert { text, .. } | Edit::Delete { text, .. } => text.len(),
    };
    STEP_BYTES + text + step.before.len() + step.after.len()
}

/// The versions of a string, with those that a transaction makes.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    known: &'a Versions,
    more: &'a [Step],
}

impl<'a> View<'a> {
    /// The present version.
    pub(crate) fn now(&self) -> &'a str {
        self.more.last().map_or(&self.known.now, |step| &step.after)
    }

    /// An edit of the version `base`, as it is now; whether it changed. `None` where that version is not
    /// known, or no longer.
    pub(crate) fn rebased(&self, edit: Edit, base: &str) -> Option<(Edit, bool)> {
        if self.now() == base {
            return Some((edit, false));
        }
        let all: Vec<&Step> = self.known.steps.iter().chain(self.more).collect();
        let since = all.iter().rposition(|step| step.before == base)?;
        let since = all.get(since..).unwrap_or_default();
        Some((since.iter().fold(edit, |edit, step| over(edit, &step.edit)), true))
    }
}

/// What an edit is after another happened, which it did not know of.
fn over(edit: Edit, earlier: &Edit) -> Edit {
    match edit {
        Edit::Whole => Edit::Whole,
        Edit::Insert { at, text } => insertion_over(at, text, earlier),
        Edit::Delete { at, text } => deletion_over(at, text, earlier),
    }
}

fn insertion_over(at: u32, text: String, earlier: &Edit) -> Edit {
    match earlier {
        Edit::Whole => Edit::Insert { at: 0, text },
        Edit::Insert { at: from, text: other } if *from < at => {
            Edit::Insert { at: at.saturating_add(units(other)), text }
        }
        Edit::Delete { at: from, text: gone } if *from < at => {
            if from.saturating_add(units(gone)) <= at {
                Edit::Insert { at: at - units(gone), text }
            } else {
                Edit::Insert { at: *from, text: String::new() }
            }
        }
        Edit::Insert { .. } | Edit::Delete { .. } => Edit::Insert { at, text },
    }
}

fn deletion_over(at: u32, mut text: String, earlier: &Edit) -> Edit {
    let end = at.saturating_add(units(&text));
    match earlier {
        Edit::Whole => Edit::Delete { at: 0, text: String::new() },
        Edit::Insert { at: from, text: other } if *from <= at => {
            Edit::Delete { at: at.saturating_add(units(other)), text }
        }
        Edit::Insert { at: from, text: other } => {
            if *from < end
                && let Some(place) = byte_at(&text, from - at)
            {
                text.insert_str(place, other);
            }
            Edit::Delete { at, text }
        }
        Edit::Delete { at: from, text: gone } => {
            let until = from.saturating_add(units(gone));
            let shared = at.max(*from)..end.min(until);
            if shared.start < shared.end {
                let places = byte_at(&text, shared.start - at).zip(byte_at(&text, shared.end - at));
                if let Some((start, stop)) = places {
                    text.replace_range(start..stop, "");
                }
                Edit::Delete { at: at.min(*from), text }
            } else if *from < at {
                Edit::Delete { at: at.saturating_sub(units(gone)), text }
            } else {
                Edit::Delete { at, text }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn insert(at: u32, text: &str) -> Edit {
        Edit::Insert { at, text: text.to_owned() }
    }

    fn delete(at: u32, text: &str) -> Edit {
        Edit::Delete { at, text: text.to_owned() }
    }

    #[test]
    fn edits_are_reckoned_over_as_topicsync_does() {
        for (edit, earlier, expected) in [
            (insert(4, "x"), Edit::Whole, insert(0, "x")),
            (insert(4, "x"), insert(3, "ab"), insert(6, "x")),
            (insert(4, "x"), insert(4, "ab"), insert(4, "x")),
            (insert(4, "x"), delete(2, "ab"), insert(2, "x")),
            (insert(4, "x"), delete(3, "ab"), insert(3, "")),
            (insert(4, "x"), delete(4, "ab"), insert(4, "x")),
            (delete(2, "cd"), Edit::Whole, delete(0, "")),
            (delete(2, "cd"), insert(2, "xy"), delete(4, "cd")),
            (delete(2, "cd"), insert(3, "xy"), delete(2, "cxyd")),
            (delete(2, "cd"), insert(4, "xy"), delete(2, "cd")),
            (delete(2, "cd"), delete(0, "ab"), delete(0, "cd")),
            (delete(2, "cd"), delete(1, "bc"), delete(1, "d")),
            (delete(2, "cd"), delete(3, "de"), delete(2, "c")),
            (delete(2, "cd"), delete(1, "bcde"), delete(1, "")),
            (delete(2, "c\u{1f375}d"), delete(3, "\u{1f375}"), delete(2, "cd")),
        ] {
            assert_eq!(over(edit.clone(), &earlier), expected, "{edit:?} over {earlier:?}");
        }
    }

    #[test]
    fn a_version_that_came_back_is_the_present_one() {
        let mut versions = Versions::new("s_init".to_owned());
        let step = |before: &str, edit, after: &str| {
            let (before, after) = (before.to_owned(), after.to_owned());
            Step { before, edit, after }
        };
        versions.push(step("s_init", insert(1, "X"), "1_1"));
        versions.push(step("1_1", delete(1, "X"), "s_init"));
        let view = versions.with(&[]);
        assert_eq!(view.rebased(insert(5, "y"), "s_init"), Some((insert(5, "y"), false)));
        assert_eq!(view.rebased(insert(5, "y"), "1_1"), Some((insert(4, "y"), true)));
        assert_eq!(view.rebased(insert(5, "y"), "other"), None);
    }

    #[test]
    fn old_versions_are_forgotten() {
        let mut versions = Versions::new("0".to_owned());
        for turn in 0..2 * STEPS_MAX {
            let (before, after) = (turn.to_string(), (turn + 1).to_string());
            versions.push(Step { before, edit: insert(0, &"x".repeat(200)), after });
        }
        assert!(versions.steps.len() < STEPS_MAX && versions.bytes <= BYTES_MAX);
        assert_eq!(versions.with(&[]).rebased(insert(0, ""), "0"), None);
        assert_eq!(versions.now(), (2 * STEPS_MAX).to_string());
    }
}
