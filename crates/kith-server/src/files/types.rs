//! Which types of files are taken.

use kith_core::text::MediaType;

/// What the setting `files.types` says.
#[derive(Clone, Debug, Default)]
pub(super) struct Types {
    allowed: Vec<String>,
    refused: Vec<String>,
}

impl Types {
    /// Reads a list like `image/*, video/mp4` or `!text/html`.
    pub(super) fn parse(list: &str) -> Self {
        let mut types = Self::default();
        for one in list.split(',').map(|one| one.trim().to_ascii_lowercase()) {
            match one.strip_prefix('!') {
                Some(refused) => types.refused.push(refused.trim().to_owned()),
                None if one.is_empty() => {}
                None => types.allowed.push(one),
            }
        }
        types
    }

    /// Whether files of this type are taken: those that are named, or all where none is, but for
    /// those that are refused.
    pub(super) fn take(&self, media: &MediaType) -> bool {
        let fits = |one: &String| match one.strip_suffix('*') {
            Some(begin) => media.as_str().starts_with(begin),
            None => media.as_str() == one,
        };
        (self.allowed.is_empty() || self.allowed.iter().any(fits)) && !self.refused.iter().any(fits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_taken_that_are_named_and_not_refused() {
        for (list, media, taken) in [
            ("", "text/html", true),
            ("image/*", "image/png", true),
            ("image/*", "text/html", false),
            (" Image/PNG , text/plain", "image/png", true),
            ("!text/html", "text/html", false),
            ("!text/html", "image/png", true),
            ("image/*,!image/svg+xml", "image/svg+xml", false),
            ("*,! application/*", "application/zip", false),
        ] {
            let media = MediaType::parse(media).unwrap();
            assert_eq!(Types::parse(list).take(&media), taken, "{list} {media}");
        }
    }
}
