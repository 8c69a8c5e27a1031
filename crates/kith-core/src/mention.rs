//! Finds who is meant in a message: `@name`, `@role`, `@everyone`, outside code.

/// The most mentions that one message may hold; further ones are plain text.
pub const MENTIONS_MAX: usize = 50;

/// The names after each `@` in `text`, folded to lower case, each once, in order of appearance.
///
/// An `@` counts where a word begins and outside code (`` `…` `` and lines between fences of three
/// backticks). A name is what [`UserName`](crate::text::UserName) allows; dots and dashes at its end
/// belong to the sentence.
#[must_use]
pub fn names(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            names_in_line(line, &mut found);
        }
    }
    found
}

fn names_in_line(line: &str, found: &mut Vec<String>) {
    let mut code = false;
    let mut before = ' ';
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        if c == '`' {
            // A lone backtick opens nothing.
            code = !code && rest.contains('`');
        } else if c == '@' && !code && !before.is_alphanumeric() && found.len() < MENTIONS_MAX {
            let end = rest.find(|c: char| !is_name(c)).unwrap_or(rest.len());
            let name = rest[..end].trim_end_matches(['.', '-', '_']).to_ascii_lowercase();
            if !name.is_empty() && !found.contains(&name) {
                found.push(name);
            }
        }
        before = c;
    }
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_mention_is_a_word_outside_code() {
        assert_eq!(names("hi @Ana, @bob. and @ana"), ["ana", "bob"]);
        assert_eq!(names("mail a@b.c `@code` @x"), ["x"]);
        assert_eq!(names("```\n@fenced\n```\n@after"), ["after"]);
        assert_eq!(names("a ` lone @tick"), ["tick"]);
        assert_eq!(names("@"), Vec::<String>::new());
        assert_eq!(names("(@everyone)"), ["everyone"]);
    }

    #[test]
    fn the_cases_that_pages_share_are_found_alike() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/cases/mentions/names.json");
        let cases: Vec<serde_json::Value> =
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        assert!(cases.len() > 10);
        for case in cases {
            let text = case["text"].as_str().unwrap();
            assert_eq!(serde_json::json!(names(text)), case["names"], "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_within_bounds(text in "\\PC{0,400}") {
            prop_assert!(names(&text).len() <= MENTIONS_MAX);
        }
    }
}
