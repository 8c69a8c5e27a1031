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
        let First { word, behind, is_open } = first(rest);
        if is_open {
            return None;
        }
        files.push(word);
        rest = behind.trim_start();
    }
    Some((files, None))
}

/// The file that is begun at the end of the line: in how many characters it is written, and what they
/// mean; `None` in the text behind ` -- `.
pub(crate) fn begun(line: &str) -> Option<(usize, String)> {
    let mut rest = line.trim_start();
    loop {
        if rest.strip_prefix(TEXT).is_some_and(|text| text.starts_with(char::is_whitespace)) {
            return None;
        }
        let First { word, behind, .. } = first(rest);
        if behind.is_empty() {
            return Some((rest.chars().count(), word));
        }
        rest = behind.trim_start();
    }
}

/// A file as it has to be written, to be read as one.
pub(crate) fn quoted(file: &str) -> String {
    let is_plain = |c: char| !c.is_whitespace() && !matches!(c, '\'' | '"' | '\\');
    if cfg!(windows) {
        // No name has a quote there.
        return match file.contains(char::is_whitespace) {
            true => format!("\"{file}\""),
            false => file.to_owned(),
        };
    }
    if file.chars().all(is_plain) && file != TEXT {
        return file.to_owned();
    }
    if !file.contains('\'') {
        return format!("'{file}'");
    }
    format!("\"{}\"", file.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A word, what is behind it, and whether its quote has no end yet.
struct First<'a> {
    word: String,
    behind: &'a str,
    is_open: bool,
}

fn first(text: &str) -> First<'_> {
    let (mut word, mut quote) = (String::new(), None);
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match (c, quote) {
            (c, Some(of)) if c == of => quote = None,
            ('\'' | '"', None) => quote = Some(c),
            // On Windows it stands between directories.
            ('\\', None | Some('"')) if !cfg!(windows) => word.extend(chars.next().map(|(_, c)| c)),
            (c, None) if c.is_whitespace() => {
                return First { word, behind: &text[at..], is_open: false };
            }
            (c, _) => word.push(c),
        }
    }
    First { word, behind: "", is_open: quote.is_some() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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

    #[test]
    fn what_is_begun_is_the_last_file() {
        let begun = |line: &str| begun(line).map(|(chars, word)| format!("{chars} {word}"));
        let some = |told: &str| Some(told.to_owned());
        assert_eq!(begun(""), some("0 "));
        assert_eq!(begun("tea"), some("3 tea"));
        assert_eq!(begun("tea.jpg "), some("0 "));
        assert_eq!(begun("tea.jpg 'my m"), some("5 my m"));
        assert_eq!(begun("'my dir/'me"), some("11 my dir/me"));
        assert_eq!(begun("'a b' -- the m"), None);
        assert_eq!(begun("--"), some("2 --"));
    }

    proptest! {
        #[test]
        fn a_file_that_is_written_is_read_again(file in "[^\\p{Cc}]{1,20}", more in any::<bool>()) {
            let line = format!("{}{}", quoted(&file), if more { " x" } else { "" });
            prop_assume!(!(cfg!(windows) && file.contains(['"', '\''])));
            let (files, text) = split(&line).unwrap();
            prop_assert_eq!((&files[0], text), (&file, None));
            prop_assert_eq!(begun(&quoted(&file)).unwrap().1, file);
        }
    }
}
