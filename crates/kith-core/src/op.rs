//! Names of operations in series: `k7f3-1`, `k7f3-2` and so on.
//!
//! Whether an operation was done before has to be looked up by its name. Of a series it is enough to
//! know the highest number that was done: a greater one is new, whatever the client that counts is
//! like. So clients that number their operations save the look-up, and nobody else pays for it.

use crate::text::OpId;

/// The most digits of a number in a series.
const DIGITS_MAX: usize = 15;
/// Between the series and the number in the key of a document: it is in no name.
const BETWEEN: char = '~';

impl OpId {
    /// The series and the number of a name that ends in `-` and a number of at most 15 digits
    /// without leading zeros.
    #[must_use]
    pub fn in_series(&self) -> Option<(&str, u64)> {
        let (series, number) = self.as_str().rsplit_once('-')?;
        let plain = !number.starts_with('0') && number.bytes().all(|byte| byte.is_ascii_digit());
        if series.is_empty() || !plain || number.len() > DIGITS_MAX {
            return None;
        }
        Some((series, number.parse().ok()?))
    }

    /// The name as part of a key: those of one series stand together, in the order of their numbers.
    #[must_use]
    pub fn key(&self) -> String {
        match self.in_series() {
            // A letter for the number of digits: then texts sort like numbers.
            Some((series, number)) => {
                let digits = u8::try_from(number.to_string().len()).unwrap_or(u8::MAX);
                let digits = char::from(b'a'.saturating_add(digits));
                format!("{series}{BETWEEN}{digits}{number}")
            }
            None => self.as_str().to_owned(),
        }
    }

    /// What the keys of all names of a series begin with.
    #[must_use]
    pub fn series_prefix(series: &str) -> String {
        format!("{series}{BETWEEN}")
    }

    /// The name that has this key.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        let parsed = match key.rsplit_once(BETWEEN) {
            Some((series, number)) => Self::parse(&format!("{series}-{}", number.get(1..)?)),
            None => Self::parse(key),
        };
        parsed.ok().filter(|op| op.key() == key)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn op(text: &str) -> OpId {
        OpId::parse(text).unwrap()
    }

    #[test]
    fn a_name_may_be_of_a_series() {
        assert_eq!(op("k7f3-1").in_series(), Some(("k7f3", 1)));
        assert_eq!(op("a-b-90").in_series(), Some(("a-b", 90)));
        assert_eq!(op("a-999999999999999").in_series(), Some(("a", 999_999_999_999_999)));
        for other in ["a", "7", "-7", "a-", "a-0", "a-07", "a-7b", "a-1000000000000000"] {
            assert_eq!(op(other).in_series(), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn keys_sort_like_numbers_and_tell_the_name(
            one in 1..999_999_999_999_999_u64,
            two in 1..9_999_u64,
            any in "[a-z.:_-]{0,3}-?[0-9]{0,5}",
        ) {
            let (first, second) = (op(&format!("a-{one}")), op(&format!("a-{two}")));
            prop_assert_eq!(one.cmp(&two), first.key().cmp(&second.key()));
            prop_assert!(first.key().starts_with(&OpId::series_prefix("a")));
            if let Ok(any) = OpId::parse(&any) {
                prop_assert_eq!(OpId::from_key(&any.key()), Some(any));
            }
        }

        #[test]
        fn no_other_key_tells_a_name(key in "[ab]{0,2}[-~]{0,2}[a-d]?[0-9]{0,3}") {
            if let Some(op) = OpId::from_key(&key) {
                prop_assert_eq!(op.key(), key);
            }
        }
    }
}
