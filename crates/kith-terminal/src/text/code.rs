//! Colours of code, by the grammars that are inside the program.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxSet};

use super::{Ink, Line, Look, Span};

/// Longest code that gets colours, in bytes; what is longer is shown without.
const BYTES_MAX: usize = 6000;
/// Longest line that gets colours, in bytes.
const LINE_BYTES_MAX: usize = 400;
/// After so long the rest of a text is shown without colours: grammars are regular expressions, and
/// a text may be made to be slow.
const TIME_MAX: Duration = Duration::from_millis(250);

struct Grammars {
    set: SyntaxSet,
    inks: Vec<(Scope, Ink)>,
}

/// Which scopes have which ink, the first that fits from the innermost on.
const INKS: [(&str, Ink); 13] = [
    ("comment", Ink::Comment),
    ("punctuation.definition.comment", Ink::Comment),
    ("string", Ink::Literal),
    ("punctuation.definition.string", Ink::Literal),
    ("constant.numeric", Ink::Number),
    ("constant", Ink::Number),
    ("keyword.operator", Ink::Code),
    ("keyword", Ink::Keyword),
    ("storage", Ink::Keyword),
    ("entity.name.function", Ink::Function),
    ("support.function", Ink::Function),
    ("entity.name", Ink::Type),
    ("support.type", Ink::Type),
];

fn grammars() -> &'static Grammars {
    static GRAMMARS: OnceLock<Grammars> = OnceLock::new();
    GRAMMARS.get_or_init(|| Grammars {
        set: SyntaxSet::load_defaults_newlines(),
        inks: INKS.iter().filter_map(|(name, ink)| Some((Scope::new(name).ok()?, *ink))).collect(),
    })
}

fn ink(stack: &ScopeStack) -> Ink {
    let inks = &grammars().inks;
    let of = |scope: &Scope| inks.iter().find(|(begin, _)| begin.is_prefix_of(*scope));
    stack.as_slice().iter().rev().find_map(of).map_or(Ink::Code, |(_, ink)| *ink)
}

/// The lines of a piece of code, which is clean, in the colours of its language where that is known.
#[must_use]
pub fn highlight(code: &str, language: &str) -> Vec<Line> {
    within(code, language, TIME_MAX)
}

fn within(code: &str, language: &str, time_max: Duration) -> Vec<Line> {
    let code = code.strip_suffix('\n').unwrap_or(code);
    let plain = |line: &str| vec![Span::new(line, Look::of(Ink::Code))];
    if language.is_empty() || code.len() > BYTES_MAX {
        return code.split('\n').map(plain).collect();
    }
    let set = &grammars().set;
    let Some(syntax) = set.find_syntax_by_token(language) else {
        return code.split('\n').map(plain).collect();
    };
    let began = Instant::now();
    let mut state = Some((ParseState::new(syntax), ScopeStack::new()));
    let mut lines = Vec::new();
    for line in code.split('\n') {
        // Behind a line without colours nothing is known of the rest.
        let colours =
            state.take().filter(|_| line.len() <= LINE_BYTES_MAX && began.elapsed() <= time_max);
        let Some((mut parse, mut stack)) = colours else {
            lines.push(plain(line));
            continue;
        };
        match colour(&format!("{line}\n"), &mut parse, &mut stack, set) {
            Some(spans) => {
                lines.push(spans);
                state = Some((parse, stack));
            }
            None => lines.push(plain(line)),
        }
    }
    lines
}

fn colour(
    line: &str,
    parse: &mut ParseState,
    stack: &mut ScopeStack,
    set: &SyntaxSet,
) -> Option<Line> {
    let changes = parse.parse_line(line, set).ok()?;
    let mut spans = Line::new();
    let mut from = 0;
    let mut add = |text: &str, ink: Ink| {
        let text = text.trim_end_matches('\n');
        match spans.last_mut() {
            _ if text.is_empty() => {}
            Some(last) if last.look.ink == ink => last.text.push_str(text),
            _ => spans.push(Span::new(text, Look::of(ink))),
        }
    };
    for (at, change) in &changes {
        add(line.get(from..*at)?, ink(stack));
        from = *at;
        stack.apply(change).ok()?;
    }
    add(line.get(from..)?, ink(stack));
    Some(spans)
}

#[cfg(test)]
mod tests {
    use super::super::plain;
    use super::*;

    fn inks(code: &str, language: &str) -> Vec<(String, Ink)> {
        let lines = within(code, language, Duration::MAX);
        lines.into_iter().flatten().map(|span| (span.text, span.look.ink)).collect()
    }

    #[test]
    fn code_has_the_colours_of_its_language() {
        let found = inks("let tea = \"hot\"; // ready\nfn pour() {}\n", "rust");
        let has = |text: &str, ink| found.iter().any(|(of, is)| of.trim() == text && *is == ink);
        assert!(has("\"hot\"", Ink::Literal), "{found:?}");
        assert!(has("// ready", Ink::Comment), "{found:?}");
        assert!(has("pour", Ink::Function), "{found:?}");
        assert!(has("fn", Ink::Keyword), "{found:?}");
    }

    #[test]
    fn what_takes_too_long_is_shown_without_colours() {
        let code = "fn pour() {}\nfn drink() {}";
        let lines = within(code, "rust", Duration::ZERO);
        assert_eq!(lines.iter().map(|line| plain(line)).collect::<Vec<_>>().join("\n"), code);
        assert!(lines.iter().flatten().all(|span| span.look.ink == Ink::Code), "{lines:?}");
    }

    #[test]
    fn no_letter_is_lost_in_any_language() {
        let code = "a <b> 'c\n\"d {% \\ $(\n\n```\n/* é 茶";
        for language in ["", "rust", "sh", "html", "js", "python", "klingon", "c", "json", "sql"] {
            let text: Vec<String> =
                highlight(code, language).iter().map(|line| plain(line)).collect();
            assert_eq!(text.join("\n"), code, "{language}");
        }
        let long = "x".repeat(LINE_BYTES_MAX + 1);
        assert_eq!(inks(&long, "rust"), [(long.clone(), Ink::Code)]);
    }
}
