//! Reads what somebody typed to search: words, `"phrases"`, `-exclusions` and `filters:`.

use super::{BEGIN_CHARS_MIN, Clause, Mark, Search, date, is_alone, words};
use crate::id::Timestamp;
use crate::refusal::Refusal;

/// The most characters of a search.
pub const CHARS_MAX: usize = 500;
/// The most words of a search.
pub const WORDS_MAX: usize = 32;
/// The most filters of a search.
pub const FILTERS_MAX: usize = 32;

/// Reads a search. `offset` is how many minutes the clocks of whoever asks are ahead of UTC.
///
/// # Errors
/// A refusal when it is empty, too long, has a filter that there is not, or one that says nothing.
pub fn parse(text: &str, now: Timestamp, offset: i16) -> Result<Search, Refusal> {
    if text.chars().count() > CHARS_MAX {
        return Err(Refusal::TooLong { field: "search", max: CHARS_MAX });
    }
    let mut reader = Reader { search: Search::default(), now, offset, words: 0, filters: 0 };
    let mut rest = text.trim_start();
    // Whoever is still typing the last word means whatever it may become.
    let open = !text.ends_with(|c: char| c.is_whitespace() || c == '"');
    while !rest.is_empty() {
        let (term, behind) = term(rest);
        rest = behind.trim_start();
        reader.read(&term, open && rest.is_empty())?;
    }
    if reader.words == 0 && reader.filters == 0 {
        return Err(Refusal::Empty { field: "search" });
    }
    Ok(reader.search)
}

/// One thing that was typed.
struct Term<'a> {
    /// Behind a `-`.
    negated: bool,
    /// What stands before the first `:`, where it may be the name of a filter.
    key: Option<&'a str>,
    /// The rest, without its quotes.
    value: &'a str,
    /// Whether it was in quotes.
    quoted: bool,
}

fn term(text: &str) -> (Term<'_>, &str) {
    let (negated, text) = match text.strip_prefix('-') {
        Some(rest) if rest.starts_with(|c: char| !c.is_whitespace() && c != '-') => (true, rest),
        _ => (false, text),
    };
    let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    let key = &text[..end];
    let filter = text[end..].strip_prefix(':').filter(|value| {
        // `https://`, `std::io` and `:-)` are words.
        !key.is_empty() && !value.starts_with("//") && !value.starts_with(':')
    });
    let (key, value) = match filter {
        Some(value) => (Some(key), value),
        None => (None, text),
    };
    let (value, quoted, behind) = match value.strip_prefix('"') {
        Some(inside) => {
            let close = inside.find('"').unwrap_or(inside.len());
            (&inside[..close], true, inside.get(close + 1..).unwrap_or_default())
        }
        None => {
            // A quote begins a phrase, wherever it stands.
            let space = |c: char| c.is_whitespace() || (c == '"' && key.is_none());
            let end = value.find(space).unwrap_or(value.len());
            (&value[..end], false, &value[end..])
        }
    };
    (Term { negated, key, value, quoted }, behind)
}

struct Reader {
    search: Search,
    now: Timestamp,
    offset: i16,
    words: usize,
    filters: usize,
}

impl Reader {
    fn read(&mut self, term: &Term<'_>, open: bool) -> Result<(), Refusal> {
        match term.key {
            Some(key) => self.filter(&key.to_ascii_lowercase(), term),
            None => self.clause(term, open),
        }
    }

    fn clause(&mut self, term: &Term<'_>, open: bool) -> Result<(), Refusal> {
        let words: Vec<String> = words(term.value).into_iter().map(|word| word.text).collect();
        let Some(last) = words.last() else { return Ok(()) };
        self.words += words.len();
        if self.words > WORDS_MAX {
            return Err(Refusal::TooMany { max: WORDS_MAX });
        }
        let starred = !term.quoted && term.value.ends_with('*');
        let typing = open && !term.quoted && !term.negated;
        let begins =
            (starred || typing) && !is_alone(last) && last.chars().count() >= BEGIN_CHARS_MIN;
        let clause = Clause { words, begins };
        let clauses = if term.negated { &mut self.search.must_not } else { &mut self.search.must };
        if !clauses.contains(&clause) {
            clauses.push(clause);
        }
        Ok(())
    }

    fn filter(&mut self, key: &str, term: &Term<'_>) -> Result<(), Refusal> {
        self.filters += 1;
        if self.filters > FILTERS_MAX {
            return Err(Refusal::TooMany { max: FILTERS_MAX });
        }
        let value = term.value.trim();
        let search = &mut self.search;
        match key {
            "from" => {
                let name = value.strip_prefix('@').unwrap_or(value);
                named("from", name)?;
                let list = if term.negated { &mut search.not_from } else { &mut search.from };
                list.push(name.to_owned());
            }
            "in" => {
                named("in", value)?;
                let list = if term.negated { &mut search.not_within } else { &mut search.within };
                list.push(value.to_owned());
            }
            "has" => {
                let why = "there is has:link, has:code, has:file, has:image, has:reaction, has:pin and has:topic";
                let mark = match value.to_ascii_lowercase().as_str() {
                    "link" | "links" => Mark::Link,
                    "code" => Mark::Code,
                    "file" | "files" => Mark::File,
                    "image" | "images" => Mark::Image,
                    "reaction" | "reactions" => Mark::Reaction,
                    "pin" | "pins" => Mark::Pin,
                    "topic" | "topics" => Mark::Topic,
                    _ => return Err(Refusal::BadFilter { filter: "has", why }),
                };
                self.mark(mark, term.negated);
            }
            "is" => {
                let why = "there is is:thread and is:pinned";
                let mark = match value.to_ascii_lowercase().as_str() {
                    "thread" => Mark::Thread,
                    "pinned" => Mark::Pin,
                    _ => return Err(Refusal::BadFilter { filter: "is", why }),
                };
                self.mark(mark, term.negated);
            }
            "before" => self.time("before", term)?,
            "after" => self.time("after", term)?,
            "on" => self.time("on", term)?,
            "during" => self.time("during", term)?,
            _ => return Err(Refusal::UnknownFilter { filter: key.chars().take(32).collect() }),
        }
        Ok(())
    }

    fn mark(&mut self, mark: Mark, negated: bool) {
        let search = &mut self.search;
        let marks = if negated { &mut search.has_not } else { &mut search.has };
        marks.insert(mark);
    }

    /// Several times narrow each other.
    fn time(&mut self, filter: &'static str, term: &Term<'_>) -> Result<(), Refusal> {
        if term.negated {
            return Err(Refusal::BadFilter { filter, why: "a time cannot be left out" });
        }
        let why = "a time is like 2026-11-22, 2026-11, 2026-11-22T14:30, yesterday or 7d";
        let span = date::parse(&term.value.trim().to_ascii_lowercase(), self.now, self.offset)
            .ok_or(Refusal::BadFilter { filter, why })?;
        let (since, until) = match filter {
            "before" => (None, Some(span.begin)),
            "after" => (Some(span.end), None),
            _ => (Some(span.begin), Some(span.end)),
        };
        let search = &mut self.search;
        search.since = search.since.max(since);
        search.until = match (search.until, until) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        Ok(())
    }
}

fn named(filter: &'static str, value: &str) -> Result<(), Refusal> {
    if value.is_empty() {
        return Err(Refusal::BadFilter { filter, why: "it says no name" });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Search {
        parse(text, Timestamp(1_795_307_400_000), 0).unwrap()
    }

    fn clause(words: &[&str], begins: bool) -> Clause {
        Clause { words: words.iter().map(|word| (*word).to_owned()).collect(), begins }
    }

    fn refused(text: &str) -> &'static str {
        parse(text, Timestamp(0), 0).unwrap_err().code()
    }

    #[test]
    fn words_phrases_and_exclusions_are_told_apart() {
        let found = read("Tea \"with milk\" -sugar foo.bar");
        assert_eq!(
            found.must,
            [
                clause(&["tea"], false),
                clause(&["with", "milk"], false),
                clause(&["foo", "bar"], true)
            ]
        );
        assert_eq!(found.must_not, [clause(&["sugar"], false)]);
        assert_eq!(read("tea \"open").must, [clause(&["tea"], false), clause(&["open"], false)]);
        assert_eq!(read("a - b ").must, [clause(&["a"], false), clause(&["b"], false)]);
        assert_eq!(read("x\"y z\" ").must, [clause(&["x"], false), clause(&["y", "z"], false)]);
    }

    #[test]
    fn filters_are_read() {
        let found = read(
            "from:@ana from:bob -from:cyd in:tea in:\"Big Circle/ops\" has:link -has:PIN is:thread",
        );
        assert_eq!(found.from, ["ana", "bob"]);
        assert_eq!(found.not_from, ["cyd"]);
        assert_eq!(found.within, ["tea", "Big Circle/ops"]);
        assert_eq!(found.has, BTreeSet::from([Mark::Link, Mark::Thread]));
        assert_eq!(found.has_not, BTreeSet::from([Mark::Pin]));
        assert!(found.must.is_empty());
    }

    #[test]
    fn times_narrow_each_other() {
        let day = 86_400_000;
        let found = read("after:2026-11-01 before:2026-11-22 before:2026-12-01");
        let first = 1_793_491_200_000;
        assert_eq!(found.since, Some(Timestamp(first + day)));
        assert_eq!(found.until, Some(Timestamp(1_795_305_600_000)));
        let found = read("on:today");
        assert_eq!(found.since, Some(Timestamp(1_795_305_600_000)));
        assert_eq!(found.until, Some(Timestamp(1_795_305_600_000 + day)));
    }

    #[test]
    fn what_looks_like_a_filter_and_is_none_is_a_word() {
        assert_eq!(
            read("https://example.org ").must,
            [clause(&["https", "example", "org"], false)]
        );
        assert_eq!(read("std::io ").must, [clause(&["std", "io"], false)]);
        assert_eq!(read("12:30 ").must, [clause(&["12", "30"], false)]);
        assert_eq!(read("\"error:disk\"").must, [clause(&["error", "disk"], false)]);
    }

    #[test]
    fn what_cannot_be_answered_is_refused_with_a_code() {
        assert_eq!(refused(""), "input.empty");
        assert_eq!(refused(" !? \"\" "), "input.empty");
        assert_eq!(refused(&"x".repeat(501)), "input.too_long");
        assert_eq!(refused(&"x ".repeat(33)), "limit.too_many");
        assert_eq!(refused(&"from:a ".repeat(33)), "limit.too_many");
        assert_eq!(refused("error:disk"), "search.unknown_filter");
        for bad in
            ["from:", "from:@", "has:nothing", "is:", "before:soon", "-after:2026", "in:\"\""]
        {
            assert_eq!(refused(bad), "search.bad_filter", "{bad}");
        }
    }

    proptest! {
        #[test]
        fn anything_typed_is_read_or_refused(text in "(\\PC|[ \"-:]|from:|has:|on:){0,60}") {
            if let Ok(search) = parse(&text, Timestamp(1_795_307_400_000), 60) {
                let clauses = || search.must.iter().chain(&search.must_not);
                prop_assert!(clauses().all(|clause| !clause.words.is_empty()));
                prop_assert!(clauses().map(|clause| clause.words.len()).sum::<usize>() <= WORDS_MAX);
            }
        }
    }
}
