//! Several edits of one string as they are asked for together, and the edit between two texts.

use super::splice::{Splice, part, units};

/// The same as edits that were made one after another, but all counted on the text before the
/// first: what a transaction asks for, whose parts do not know of each other. They are in the order
/// of their places, and no two touch.
#[must_use]
pub fn compose(splices: &[Splice]) -> Vec<Splice> {
    let mut edits = Vec::new();
    for next in splices {
        add(&mut edits, next);
    }
    edits.retain(|edit: &Splice| !edit.is_nothing());
    edits
}

/// Adds an edit that was made after all the others; those that it touches become one with it.
fn add(edits: &mut Vec<Splice>, next: &Splice) {
    let (begin, end) = (i64::from(next.at), i64::from(next.at) + count(&next.delete));
    // How far places have moved that lie after the edits that were passed.
    let mut moved = 0;
    let mut first = 0;
    while let Some(edit) = edits.get(first) {
        if i64::from(edit.at) + moved + count(&edit.insert) >= begin {
            break;
        }
        moved += count(&edit.insert) - count(&edit.delete);
        first += 1;
    }
    let mut whole = Splice { at: narrow(begin - moved), ..Splice::default() };
    let (mut tail, mut told, mut last) = (String::new(), begin, first);
    while let Some(edit) = edits.get(last) {
        let start = i64::from(edit.at) + moved;
        let stop = start + count(&edit.insert);
        if start > end {
            break;
        }
        if start < begin {
            whole.at = edit.at;
            whole.insert = part(&edit.insert, 0, narrow(begin - start));
        }
        whole.delete += &part(&next.delete, narrow(told - begin), narrow(start - begin));
        whole.delete += &edit.delete;
        told = told.max(stop);
        tail = part(&edit.insert, narrow(end - start), units(&edit.insert));
        moved += count(&edit.insert) - count(&edit.delete);
        last += 1;
    }
    whole.delete += &part(&next.delete, narrow(told - begin), units(&next.delete));
    whole.insert += &next.insert;
    whole.insert += &tail;
    edits.splice(first..last, [whole]);
}

fn count(text: &str) -> i64 {
    i64::from(units(text))
}

/// A place; what lies before the text is its beginning.
fn narrow(place: i64) -> u32 {
    u32::try_from(place.max(0)).unwrap_or(u32::MAX)
}

/// One edit that makes one text of another; `None` where they are the same.
#[must_use]
pub fn difference(before: &str, after: &str) -> Option<Splice> {
    if before == after {
        return None;
    }
    let same: usize = before
        .chars()
        .zip(after.chars())
        .take_while(|(one, two)| one == two)
        .map(|(one, _)| one.len_utf8())
        .sum();
    let (head, before) = before.split_at(same);
    let after = after.get(same..).unwrap_or_default();
    let same: usize = before
        .chars()
        .rev()
        .zip(after.chars().rev())
        .take_while(|(one, two)| one == two)
        .map(|(one, _)| one.len_utf8())
        .sum();
    let middle = |text: &str| text.get(..text.len() - same).unwrap_or_default().to_owned();
    Some(Splice { at: units(head), delete: middle(before), insert: middle(after), turn: None })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::topic::splice::byte_at;

    /// Makes the edit, which has to fit.
    fn make(text: &mut String, edit: &Splice) {
        let from = byte_at(text, edit.at).expect("it begins in the text");
        let until = byte_at(text, edit.at + units(&edit.delete)).expect("it ends in the text");
        assert_eq!(&text[from..until], edit.delete);
        text.replace_range(from..until, &edit.insert);
    }

    fn made(text: &str, edits: &[Splice]) -> String {
        let mut text = text.to_owned();
        edits.iter().for_each(|edit| make(&mut text, edit));
        text
    }

    /// An edit of a text, at the share of its characters that was drawn.
    fn edit(text: &str, (from, count, insert): &(usize, usize, String)) -> Splice {
        let chars = text.chars().count();
        let from = from % (chars + 1);
        let head: String = text.chars().take(from).collect();
        let delete: String = text.chars().skip(from).take(*count).collect();
        Splice { at: units(&head), delete, insert: insert.clone(), turn: None }
    }

    fn drawn() -> impl Strategy<Value = (usize, usize, String)> {
        (0..40_usize, 0..5_usize, "[xé😀]{0,3}")
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn two_edits_meet_in_the_same_text(text in "[a-cß😀]{0,12}", one in drawn(), two in drawn()) {
            let (earlier, later) = (edit(&text, &one), edit(&text, &two));
            let here = made(&text, &[earlier.clone(), later.over(&earlier)]);
            let mut there = vec![later.clone()];
            there.extend(earlier.past(&later));
            prop_assert_eq!(here, made(&text, &there));
        }

        #[test]
        fn edits_together_do_what_they_did_in_turn(
            text in "[a-cß😀]{0,12}",
            all in prop::collection::vec(drawn(), 0..8),
        ) {
            let (mut now, mut edits) = (text.clone(), Vec::new());
            for drawn in &all {
                let edit = edit(&now, drawn);
                make(&mut now, &edit);
                edits.push(edit);
            }
            let together = compose(&edits);
            let touch = together.windows(2).find(|two| two[0].at + units(&two[0].delete) >= two[1].at);
            prop_assert_eq!(touch, None);
            // From the last to the first no place has moved, and as the server reckons none has.
            let back: Vec<Splice> = together.iter().rev().cloned().collect();
            prop_assert_eq!(&made(&text, &back), &now);
            let mut done: Vec<Splice> = Vec::new();
            for edit in &together {
                let edit = done.iter().fold(edit.clone(), |edit, earlier| edit.over(earlier));
                done.push(edit);
            }
            prop_assert_eq!(&made(&text, &done), &now);
        }

        #[test]
        fn the_difference_makes_one_text_of_the_other(one in "[abß😀]{0,8}", two in "[abß😀]{0,8}") {
            let edit = difference(&one, &two);
            prop_assert_eq!(edit.is_none(), one == two);
            prop_assert_eq!(made(&one, edit.as_slice()), two);
        }
    }
}
