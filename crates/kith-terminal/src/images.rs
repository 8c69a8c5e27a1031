//! How images are shown.

/// How images of messages are shown on the whole screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Images {
    /// As well as the terminal can.
    #[default]
    Auto,
    /// By the graphics protocol of Kitty.
    Kitty,
    /// By the inline images of iTerm2.
    Iterm2,
    /// By Sixel.
    Sixel,
    /// By blocks that are half as high as a letter.
    Blocks,
    /// Not at all: a line of text says that there is one.
    Off,
}

impl Images {
    /// All of them, with their names.
    pub const ALL: [(&'static str, Self); 6] = [
        ("auto", Self::Auto),
        ("kitty", Self::Kitty),
        ("iterm2", Self::Iterm2),
        ("sixel", Self::Sixel),
        ("blocks", Self::Blocks),
        ("off", Self::Off),
    ];

    /// The one of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(of, _)| *of == name).map(|(_, images)| *images)
    }
}
