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

    /// The theme that fits the terminal, as far as its environment says what it is: of a variable, `set`
    /// gives the value.
    ///
    /// Sources: <https://no-color.org>; `COLORFGBG` as rxvt and Konsole set it.
    #[must_use]
    pub fn usual(set: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name| set(name).filter(|value| !value.is_empty());
        if set("NO_COLOR").is_some() {
            return Self::None;
        }
        // "foreground;background", in the numbers of the sixteen colours.
        let background =
            set("COLORFGBG").and_then(|colours| colours.rsplit(';').next()?.parse().ok());
        match background {
            Some(7 | 15) => Self::Light,
            Some(0..=255_u8) | None => Self::Dark,
        }
    }

    /// The theme of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(of, _)| *of == name).map(|(_, theme)| *theme)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(environment: &[(&str, &str)], expected: ThemeName) {
        let set = |name: &str| {
            environment.iter().find(|(of, _)| *of == name).map(|(_, value)| (*value).to_owned())
        };
        assert_eq!(ThemeName::usual(set), expected, "{environment:?}");
    }

    #[test]
    fn the_usual_theme_is_the_one_that_fits_the_terminal() {
        check(&[], ThemeName::Dark);
        check(&[("COLORFGBG", "0;15")], ThemeName::Light);
        check(&[("COLORFGBG", "0;7")], ThemeName::Light);
        check(&[("COLORFGBG", "15;0")], ThemeName::Dark);
        check(&[("COLORFGBG", "7;8")], ThemeName::Dark);
        // As rxvt says it that knows of pictures behind the text.
        check(&[("COLORFGBG", "0;default;15")], ThemeName::Light);
        for unknown in ["", ";", "15;", "default;default", "0;-1", "0;1515", "light"] {
            check(&[("COLORFGBG", unknown)], ThemeName::Dark);
        }
    }

    #[test]
    fn whoever_wants_no_colours_has_none_whatever_the_terminal_is() {
        check(&[("NO_COLOR", "1")], ThemeName::None);
        check(&[("NO_COLOR", "0"), ("COLORFGBG", "0;15")], ThemeName::None);
        // Set to nothing, it is not set.
        check(&[("NO_COLOR", "")], ThemeName::Dark);
        check(&[("NO_COLOR", ""), ("COLORFGBG", "0;15")], ThemeName::Light);
    }
}
