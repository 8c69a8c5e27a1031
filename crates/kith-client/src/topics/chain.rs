//! Edits of a string that were made on a text which has become another: reckoned over what came
//! before them.

use kith_core::topic::{Fact, Splice, difference};

/// What came before an edit that did not know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Edit {
    /// A part of the text was replaced.
    Splice(Splice),
    /// The whole text was replaced.
    Whole,
}

impl Edit {
    /// What a fact does to a string.
    pub(super) fn of(fact: &Fact) -> Self {
        match fact {
            Fact::Splice(splice) => Self::Splice(splice.clone()),
            _ => Self::Whole,
        }
    }

    /// What makes one text of another.
    pub(super) fn between(before: &str, after: &str) -> Option<Self> {
        difference(before, after).map(Self::Splice)
    }
}

/// Reckons an edit over those that came before it; gives back what they do to the text after it.
pub(super) fn pass(edit: &mut Splice, earlier: Vec<Edit>) -> Vec<Edit> {
    let mut later = Vec::new();
    for one in earlier {
        match one {
            Edit::Whole => {
                *edit = edit.over_set();
                later = vec![Edit::Whole];
            }
            Edit::Splice(one) => {
                later.extend(one.past(edit).into_iter().map(Edit::Splice));
                *edit = edit.over(&one);
            }
        }
    }
    later
}
