//! Texts as they are shown: cleaned of what could command a terminal, laid out in lines of styled
//! spans that never pass a width. What a look is in colours is a theme's business.

pub mod clean;
pub mod code;
pub mod markdown;
pub mod when;
pub mod wrap;

/// What a piece of text is, which a theme gives a colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Ink {
    #[default]
    Text,
    Dim,
    Heading,
    Quote,
    Link,
    Mention,
    /// A mention of whoever reads.
    Me,
    Code,
    Keyword,
    Literal,
    Number,
    Comment,
    Type,
    Function,
}

/// How a piece of text looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Look {
    pub ink: Ink,
    pub bold: bool,
    pub italic: bool,
    pub strike: bool,
    pub underline: bool,
}

impl Look {
    /// A plain look in an ink.
    #[must_use]
    pub fn of(ink: Ink) -> Self {
        Self { ink, ..Self::default() }
    }
}

/// A piece of text of one look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The text, without line breaks.
    pub text: String,
    /// Its look.
    pub look: Look,
}

impl Span {
    /// A piece of text of one look.
    pub fn new(text: impl Into<String>, look: Look) -> Self {
        Self { text: text.into(), look }
    }
}

/// A line of text.
pub type Line = Vec<Span>;

/// The text of a line without its looks.
#[must_use]
pub fn plain(line: &[Span]) -> String {
    line.iter().map(|span| span.text.as_str()).collect()
}
