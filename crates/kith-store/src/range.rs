//! Key ranges as a lower and an upper bound, so that no store interprets a prefix by itself.

use std::ops::Bound;

use crate::Range;

impl Range {
    /// The keys of the range as bounds in byte order, or `None` if no key can be in it.
    ///
    /// The lower bound is included or excluded or open, the upper is excluded or open.
    #[must_use]
    pub fn bounds(&self) -> Option<(Bound<String>, Bound<String>)> {
        let lower = match &self.after {
            Some(after) if *after >= self.prefix => Bound::Excluded(after.clone()),
            _ if self.prefix.is_empty() => Bound::Unbounded,
            _ => Bound::Included(self.prefix.clone()),
        };
        let upper = match (prefix_end(&self.prefix), &self.before) {
            (Some(end), Some(before)) => Bound::Excluded(end.min(before.clone())),
            (Some(end), None) => Bound::Excluded(end),
            (None, Some(before)) => Bound::Excluded(before.clone()),
            (None, None) => Bound::Unbounded,
        };
        let empty = match (&lower, &upper) {
            (Bound::Included(low) | Bound::Excluded(low), Bound::Excluded(high)) => low >= high,
            (Bound::Unbounded, Bound::Excluded(high)) => high.is_empty(),
            _ => false,
        };
        (!empty).then_some((lower, upper))
    }
}

/// The least text that is greater than every text that starts with `prefix`; `None` if there is
/// none, as for the empty prefix.
#[must_use]
pub fn prefix_end(prefix: &str) -> Option<String> {
    let mut end = prefix.to_owned();
    while let Some(last) = end.pop() {
        // UTF-8 sorts like the code points, of which the surrogates are left out.
        let next = match last {
            '\u{D7FF}' => Some('\u{E000}'),
            char::MAX => None,
            _ => char::from_u32(u32::from(last) + 1),
        };
        if let Some(next) = next {
            end.push(next);
            return Some(end);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_before_the_next_text_that_lacks_it() {
        assert_eq!(prefix_end(""), None);
        assert_eq!(prefix_end("a/").as_deref(), Some("a0"));
        assert_eq!(prefix_end("\u{D7FF}").as_deref(), Some("\u{E000}"));
        assert_eq!(prefix_end("a\u{10FFFF}").as_deref(), Some("b"));
        assert_eq!(prefix_end("\u{10FFFF}"), None);
    }
}
