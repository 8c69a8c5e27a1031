//! The names of the themes.

/// A theme by its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ThemeName {
    /// For a dark terminal.
    #[default]
    Dark,
    /// For a light terminal.
    Light,
    /// Without colours.
    None,
}

impl ThemeName {
    /// All of them, with their names.
    pub const ALL: [(&'static str, Self); 3] =
        [("dark", Self::Dark), ("light", Self::Light), ("none", Self::None)];

    /// The theme of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(of, _)| *of == name).map(|(_, theme)| *theme)
    }
}
