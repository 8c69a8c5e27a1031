//! Bytes of one length, written in lower-case hexadecimal digits wherever they are told.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A text that is not so many bytes in lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not {0} bytes in lower-case hexadecimal digits")]
pub struct HexError(usize);

/// `N` bytes. One value has one text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Hex<const N: usize>(pub [u8; N]);

impl<const N: usize> Hex<N> {
    /// Reads the text form.
    ///
    /// # Errors
    /// [`HexError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, HexError> {
        let digits = text.as_bytes();
        if digits.len() != 2 * N {
            return Err(HexError(N));
        }
        let mut bytes = [0; N];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let (high, low) = (digit(pair[0]), digit(pair[1]));
            *byte = high.zip(low).map(|(high, low)| high << 4 | low).ok_or(HexError(N))?;
        }
        Ok(Self(bytes))
    }
}

fn digit(letter: u8) -> Option<u8> {
    match letter {
        b'0'..=b'9' => Some(letter - b'0'),
        b'a'..=b'f' => Some(letter - b'a' + 10),
        _ => None,
    }
}

impl<const N: usize> fmt::Display for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl<const N: usize> fmt::Debug for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<const N: usize> From<Hex<N>> for String {
    fn from(hex: Hex<N>) -> Self {
        hex.to_string()
    }
}

impl<const N: usize> TryFrom<String> for Hex<N> {
    type Error = HexError;

    fn try_from(text: String) -> Result<Self, HexError> {
        Self::parse(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_one_text() {
        let hex = Hex([0, 10, 255]);
        assert_eq!(hex.to_string(), "000aff");
        assert_eq!(Hex::parse("000aff"), Ok(hex));
        for wrong in ["", "000af", "000AFF", "000aff0", "000agf", "00 aff", "é0aff"] {
            assert!(Hex::<3>::parse(wrong).is_err(), "{wrong}");
        }
    }
}
