//! Files as one types them: with spaces between, in quotes or with backslashes where they have spaces
//! themselves, as shells and terminals write them.

/// What stands between the files and what is said with them.
const TEXT: &str = "--";

/// The files, and the text behind ` -- `; `None` where a quote has no end.
pub(super) fn split(line: &str) -> Option<(Vec<String>, Option<String>)> {
    let mut files = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        if let Some(text) = rest.strip_prefix(TEXT)
            && (text.is_empty() || text.starts_with(char::is_whitespace))
        {
            return Some((files, Some(text.trim().to_owned())));
        }
        let (word, behind) = first(rest)?;
        files.push(word);
        rest = behind.trim_start();
    }
    Some((files, None))
}

fn first(text: &str) -> Option<(String, &str)> {
    let (mut word, mut quote) = (String::new(), None);
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match (c, quote) {
            (c, Some(of)) if c == of => quote = None,
            ('\'' | '"', None) => quote = Some(c),
            // On Windows it stands between directories.
            ('\\', None | Some('"')) if !cfg!(windows) => word.extend(chars.next().map(|(_, c)| c)),
            (c, None) if c.is_whitespace() => return Some((word, &text[at..])),
            (c, _) => word.push(c),
        }
    }
    quote.is_none().then_some((word, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Option<(&[&str], Option<&str>)>) {
        let owned = expected.map(|(files, text)| {
            (files.iter().map(|&file| file.to_owned()).collect(), text.map(str::to_owned))
        });
        assert_eq!(split(line), owned, "{line}");
    }

    #[test]
    fn files_are_read_as_shells_and_terminals_write_them() {
        check("tea.jpg", Some((&["tea.jpg"], None)));
        check(" a.jpg  b.pdf ", Some((&["a.jpg", "b.pdf"], None)));
        check("'/tmp/my tea.jpg' \"it's.txt\"", Some((&["/tmp/my tea.jpg", "it's.txt"], None)));
        check("a.jpg -- The menu, as promised", Some((&["a.jpg"], Some("The menu, as promised"))));
        check("a--b.jpg --c", Some((&["a--b.jpg", "--c"], None)));
        check("'never ended", None);
        check("", Some((&[], None)));
    }

    #[cfg(not(windows))]
    #[test]
    fn a_backslash_keeps_what_follows() {
        check(r"my\ tea.jpg a\'b", Some((&["my tea.jpg", "a'b"], None)));
    }
}
