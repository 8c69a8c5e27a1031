//! Markdown as lines of a terminal.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::clean;
use super::code;
use super::wrap::{Prefix, wrap};
use super::{Ink, Line, Look, Span};

/// Quotes and lists within each other that are set in; what is deeper stands where they end.
const DEPTH_MAX: usize = 5;

/// How far code is set in.
const CODE_INDENT: usize = 2;

/// Whose eyes a text is shown to.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    /// The unique name of whoever reads: where it is mentioned it stands out.
    pub name: &'a str,
}

/// The lines of a text of anybody's, none wider than `width` columns (at least 2).
#[must_use]
pub fn render(text: &str, width: usize, reader: Reader<'_>) -> Vec<Line> {
    let text = clean::lines(text);
    let mut page = Page {
        width,
        reader,
        lines: Vec::new(),
        current: Line::new(),
        blocks: Vec::new(),
        fresh: false,
        looks: vec![Look::default()],
        code: None,
        link: None,
    };
    for event in Parser::new_ext(&text, Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS) {
        page.event(event);
    }
    page.end_line();
    if page.lines.is_empty() {
        page.lines.push(Line::new());
    }
    page.lines
}

/// Something that sets its lines in.
enum Block {
    Quote,
    /// The number of the next item, where items have numbers.
    List(Option<u64>),
    /// The sign of an item, until it is shown, and how wide it is.
    Item {
        sign: Option<String>,
        width: usize,
    },
}

struct Page<'a> {
    width: usize,
    reader: Reader<'a>,
    lines: Vec<Line>,
    current: Line,
    blocks: Vec<Block>,
    /// A quote was just begun.
    fresh: bool,
    looks: Vec<Look>,
    /// The language and what was read so far of a block of code.
    code: Option<(String, String)>,
    /// The target of a link and where its text begins.
    link: Option<(String, String)>,
}

impl Page<'_> {
    fn look(&self) -> Look {
        self.looks.last().copied().unwrap_or_default()
    }

    fn with(&mut self, change: impl FnOnce(&mut Look)) {
        let mut look = self.look();
        change(&mut look);
        self.looks.push(look);
    }

    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => match &mut self.code {
                Some((_, code)) => code.push_str(&text),
                None => self.words(&text),
            },
            Event::Code(text) => {
                let look = Look { ink: Ink::Code, ..self.look() };
                self.add(&text, look);
            }
            Event::Html(text) | Event::InlineHtml(text) => {
                for (index, line) in text.split('\n').enumerate() {
                    if index > 0 {
                        self.end_line();
                    }
                    self.words(line);
                }
            }
            Event::SoftBreak | Event::HardBreak => self.break_line(),
            Event::Rule => {
                self.begin_block();
                self.current.push(Span::new("───", Look::of(Ink::Dim)));
                self.end_line();
            }
            Event::TaskListMarker(done) => {
                let look = self.look();
                self.add(if done { "[x] " } else { "[ ] " }, look);
            }
            // Not asked for.
            Event::FootnoteReference(_) | Event::InlineMath(_) | Event::DisplayMath(_) => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph => self.begin_block(),
            Tag::Heading { level, .. } => {
                self.begin_block();
                let underline = level <= HeadingLevel::H2;
                self.with(|look| {
                    (look.ink, look.bold, look.underline) = (Ink::Heading, true, underline);
                });
            }
            Tag::BlockQuote(_) => {
                self.begin_block();
                self.blocks.push(Block::Quote);
                self.fresh = true;
                self.with(|look| look.ink = Ink::Quote);
            }
            Tag::CodeBlock(kind) => {
                self.begin_block();
                let language = match kind {
                    CodeBlockKind::Fenced(info) => {
                        info.split([' ', ',']).next().unwrap_or_default().to_owned()
                    }
                    CodeBlockKind::Indented => String::new(),
                };
                self.code = Some((language, String::new()));
            }
            Tag::List(first) => {
                self.begin_block();
                self.blocks.push(Block::List(first));
            }
            Tag::Item => {
                self.end_line();
                let sign = match self.blocks.last_mut() {
                    Some(Block::List(Some(number))) => {
                        *number = number.saturating_add(1);
                        format!("{}. ", number.saturating_sub(1))
                    }
                    _ => "• ".to_owned(),
                };
                let width = super::wrap::width(&sign);
                self.blocks.push(Block::Item { sign: Some(sign), width });
            }
            Tag::Emphasis => self.with(|look| look.italic = true),
            Tag::Strong => self.with(|look| look.bold = true),
            Tag::Strikethrough => self.with(|look| look.strike = true),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.link = Some((dest_url.to_string(), String::new()));
                self.with(|look| (look.ink, look.underline) = (Ink::Link, true));
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph => self.end_line(),
            TagEnd::Heading(_) => {
                self.end_line();
                self.looks.pop();
            }
            TagEnd::BlockQuote(_) => {
                self.end_line();
                self.blocks.pop();
                self.looks.pop();
            }
            TagEnd::Item => {
                self.show_sign();
                self.end_line();
                self.blocks.pop();
            }
            TagEnd::List(_) => {
                self.end_line();
                self.blocks.pop();
            }
            TagEnd::CodeBlock => self.end_code(),
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough => {
                self.looks.pop();
            }
            TagEnd::Link | TagEnd::Image => {
                self.looks.pop();
                // Where a link leads is seen before it is followed.
                if let Some((to, text)) = self.link.take()
                    && !to.is_empty()
                    && to != text
                {
                    self.add(&format!(" ({})", clean::line(&to)), Look::of(Ink::Dim));
                }
            }
            _ => {}
        }
    }

    fn end_code(&mut self) {
        let Some((language, text)) = self.code.take() else { return };
        self.blocks.push(Block::Item { sign: None, width: CODE_INDENT });
        for line in code::highlight(&text, &language) {
            self.current.extend(line);
            self.break_line();
        }
        self.blocks.pop();
    }

    fn add(&mut self, text: &str, look: Look) {
        if let Some((_, shown)) = &mut self.link {
            shown.push_str(text);
        }
        // What was written as an entity is anybody's choice as well.
        self.current.push(Span::new(clean::line(text), look));
    }

    /// Text outside code: who is meant and where addresses lead stands out, and emoji that were written
    /// by their short names are shown.
    fn words(&mut self, text: &str) {
        let look = self.look();
        if self.link.is_some() {
            return self.add(text, look);
        }
        let mut rest = text;
        let mut before = self.current.last().and_then(|span| span.text.chars().last());
        while !rest.is_empty() {
            if !before.is_some_and(char::is_alphanumeric)
                && let Some((length, emoji)) = short_name(rest)
            {
                self.add(emoji, look);
                (rest, before) = (&rest[length..], Some(':'));
                continue;
            }
            let (length, look) = match rest.chars().next() {
                Some('@') if !before.is_some_and(char::is_alphanumeric) => self.mention(rest, look),
                Some('h') if rest.starts_with("https://") || rest.starts_with("http://") => {
                    let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                    (end, Look { ink: Ink::Link, underline: true, ..look })
                }
                _ => {
                    let begin = rest.chars().next().map_or(0, char::len_utf8);
                    let next =
                        rest[begin..].find(['@', 'h', ':']).map_or(rest.len(), |at| begin + at);
                    (next, look)
                }
            };
            let (word, behind) = rest.split_at(length);
            before = word.chars().last();
            self.add(word, look);
            rest = behind;
        }
    }

    /// How long the mention is that the text begins with, and how it looks.
    fn mention(&self, text: &str, look: Look) -> (usize, Look) {
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let name = &text[1..];
        let name = &name[..name.find(|c| !is_name(c)).unwrap_or(name.len())];
        let name = name.trim_end_matches(['.', '-', '_']);
        if name.is_empty() {
            return (1, look);
        }
        let is_me = name.eq_ignore_ascii_case(self.reader.name) || name == "everyone";
        let ink = if is_me { Ink::Me } else { Ink::Mention };
        (1 + name.len(), Look { ink, bold: true, ..look })
    }

    /// A new paragraph stands apart from what is before it, unless it begins a quote or an item.
    fn begin_block(&mut self) {
        self.end_line();
        let in_item = matches!(self.blocks.last(), Some(Block::Item { .. } | Block::List(_)));
        if !self.lines.is_empty() && !in_item && !self.fresh {
            self.break_line();
        }
    }

    /// Ends the line if there is something in it.
    fn end_line(&mut self) {
        if !self.current.is_empty() {
            self.break_line();
        }
    }

    /// An item without a text shows its sign all the same.
    fn show_sign(&mut self) {
        if matches!(self.blocks.last(), Some(Block::Item { sign: Some(_), .. }))
            && self.current.is_empty()
        {
            self.break_line();
        }
    }

    fn break_line(&mut self) {
        self.fresh = false;
        let line = std::mem::take(&mut self.current);
        let dim = Look::of(Ink::Quote);
        let mut prefix = Prefix::default();
        for block in self.blocks.iter_mut().take(DEPTH_MAX) {
            match block {
                Block::Quote => {
                    prefix.first.push(Span::new("│ ", dim));
                    prefix.rest.push(Span::new("│ ", dim));
                }
                Block::List(_) => {}
                Block::Item { sign, width } => {
                    let blank = " ".repeat(*width);
                    let first = sign.take().unwrap_or_else(|| blank.clone());
                    prefix.first.push(Span::new(first, Look::default()));
                    prefix.rest.push(Span::new(blank, Look::default()));
                }
            }
        }
        self.lines.extend(wrap(&line, self.width, &prefix));
    }
}

/// The emoji whose short name between colons a text begins with, and how long that is.
fn short_name(text: &str) -> Option<(usize, &'static str)> {
    let (name, _) = text.strip_prefix(':')?.split_once(':')?;
    let emoji = emojis::get_by_shortcode(&name.to_ascii_lowercase())?;
    Some((name.len() + 2, emoji.as_str()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{plain, wrap};
    use super::*;

    const ANA: Reader<'_> = Reader { name: "ana" };

    fn shown(text: &str, width: usize) -> String {
        render(text, width, ANA).iter().map(|line| plain(line)).collect::<Vec<_>>().join("\n")
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(shown(text, 30), expected);
    }

    #[test]
    fn markdown_is_shown_as_lines() {
        check("one\ntwo", "one\ntwo");
        check("# Tea\n\nhot *and* **strong**", "Tea\n\nhot and strong");
        check("- a\n- b\n  1. c\n  2. d", "• a\n• b\n  1. c\n  2. d");
        check("a\n> b\n>\n> c", "a\n\n│ b\n│ \n│ c");
        check("> quoted\n> more\n\nanswer", "│ quoted\n│ more\n\nanswer");
        check("[tea](https://tea.example)", "tea (https://tea.example)");
        check("<https://tea.example>", "https://tea.example");
        check("a <b>c</b> &lt;", "a <b>c</b> <");
        check("- [x] done\n- [ ] open", "• [x] done\n• [ ] open");
        check("```rust\nfn a() {\n    b\n}\n```\nend", "  fn a() {\n      b\n  }\n\nend");
        check("", "");
        check(
            ":tada: (:+1:) a:tada:, :no: `:tada:` 10:30:00",
            "🎉 (👍) a:tada:, :no: :tada:\n10:30:00",
        );
        check("---", "───");
    }

    #[test]
    fn who_is_meant_stands_out() {
        let spans: Vec<(String, Ink)> = render("hi @bob, @ana. a@b `@ana`", 60, ANA)
            .into_iter()
            .flatten()
            .map(|span| (span.text, span.look.ink))
            .filter(|(_, ink)| *ink != Ink::Text)
            .collect();
        let expected = [("@bob", Ink::Mention), ("@ana", Ink::Me), ("@ana", Ink::Code)];
        assert_eq!(spans, expected.map(|(text, ink)| (text.to_owned(), ink)));
    }

    #[test]
    fn entities_cannot_command_the_terminal() {
        let text = shown("a&#27;[2Jb &#x202e; [x](a&#x9b;b)", 60);
        assert!(!text.chars().any(|c| c != '\n' && clean::is_commanding(c)), "{text:?}");
    }

    proptest! {
        #[test]
        fn no_line_is_too_wide_and_none_commands(
            text in prop_oneof![any::<String>(), "[-#>*_`0-9. \n@a茶👍\\[\\]()!|~&;x]{0,120}"],
            width in 2_usize..60,
        ) {
            for line in render(&text, width, ANA) {
                let line = plain(&line);
                prop_assert!(wrap::width(&line) <= width, "{line:?}");
                prop_assert!(!line.chars().any(clean::is_commanding), "{line:?}");
            }
        }
    }
}
