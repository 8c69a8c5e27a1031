//! Does a command print what the README says?

/// Stands for anything: within a line, or for any number of lines when alone.
const ANYTHING: char = '…';

/// Compares line by line; `None` if all is as expected, or if nothing is expected.
pub(super) fn first_difference(expected: &[String], printed: &[String]) -> Option<String> {
    if expected.is_empty() {
        return None;
    }
    let mut furthest = (0, 0);
    if matches(expected, printed, (0, 0), &mut furthest) {
        return None;
    }
    let show = |lines: &[String], index: usize| {
        lines.get(index).map_or_else(|| "(nothing more)".to_owned(), Clone::clone)
    };
    let (expected, got) = (show(expected, furthest.0), show(printed, furthest.1));
    Some(format!("  expected: {expected}\n  printed:  {got}\n  in full:\n{}", printed.join("\n")))
}

/// Whether the lines from `at` on match; notes in `furthest` how far the comparison ever came.
fn matches(
    expected: &[String],
    printed: &[String],
    at: (usize, usize),
    furthest: &mut (usize, usize),
) -> bool {
    // Of equal progress the first attempt is shown: it is the one a reader would make.
    if at.0 > furthest.0 {
        *furthest = at;
    }
    let Some(pattern) = expected.get(at.0) else {
        return at.1 == printed.len();
    };
    if pattern.trim().chars().eq([ANYTHING]) {
        return (at.1..=printed.len())
            .any(|next| matches(expected, printed, (at.0 + 1, next), furthest));
    }
    printed.get(at.1).is_some_and(|line| line_matches(pattern, line))
        && matches(expected, printed, (at.0 + 1, at.1 + 1), furthest)
}

fn line_matches(pattern: &str, line: &str) -> bool {
    let Some((first, rest)) = pattern.split_once(ANYTHING) else {
        return pattern == line;
    };
    let Some(mut line) = line.strip_prefix(first) else {
        return false;
    };
    let mut parts = rest.split(ANYTHING).peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return line.ends_with(part);
        }
        match line.split_once(part) {
            Some((_, after)) => line = after,
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{first_difference, line_matches};

    #[test]
    fn an_ellipsis_matches_anything_in_a_line() {
        for (pattern, line, expected) in [
            ("seq 1", "seq 1", true),
            ("seq 1", "seq 12", false),
            ("seq …", "seq 12", true),
            ("… ana: hi", "10:02 ana: hi", true),
            ("a … b … c", "a x b y b z c", true),
            ("a … b … c", "a x c", false),
            ("ab…ba", "aba", false),
            ("…", "", true),
        ] {
            assert_eq!(line_matches(pattern, line), expected, "{pattern} / {line}");
        }
    }

    fn check(expected: &str, printed: &str, difference: Option<(&str, &str)>) {
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let found = first_difference(&lines(expected), &lines(printed));
        let shown = difference.map(|(expected, printed_line)| {
            format!("  expected: {expected}\n  printed:  {printed_line}\n  in full:\n{printed}")
        });
        assert_eq!(found, shown);
    }

    #[test]
    fn the_first_difference_is_shown() {
        check("", "anything", None);
        check("a\nb", "a\nb", None);
        check("a\nb", "a\nc", Some(("b", "c")));
        check("a", "a\nb", Some(("(nothing more)", "b")));
        check("a\nb", "a", Some(("b", "(nothing more)")));
    }

    #[test]
    fn an_ellipsis_alone_matches_any_number_of_lines() {
        check("…", "", None);
        check("a\n…\nd", "a\nb\nc\nd", None);
        check("a\n…", "a", None);
        check("…\nb\nc", "b\nb\nc", None);
        check("a\n…\nx", "a\nb", Some(("x", "b")));
    }
}
