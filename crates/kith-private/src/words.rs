//! The words by which two people check that nobody is between them: the emoji of Matrix, which two
//! people can tell apart by looks and by name.

use std::fmt;

/// How many words there are in a sequence.
pub const WORDS: usize = 7;

/// The words, each with what it is called. A place in this list is 6 bits.
pub const ALL: [(&str, &str); 64] = [
    ("🐶", "dog"),
    ("🐱", "cat"),
    ("🦁", "lion"),
    ("🐎", "horse"),
    ("🦄", "unicorn"),
    ("🐷", "pig"),
    ("🐘", "elephant"),
    ("🐰", "rabbit"),
    ("🐼", "panda"),
    ("🐓", "rooster"),
    ("🐧", "penguin"),
    ("🐢", "turtle"),
    ("🐟", "fish"),
    ("🐙", "octopus"),
    ("🦋", "butterfly"),
    ("🌷", "flower"),
    ("🌳", "tree"),
    ("🌵", "cactus"),
    ("🍄", "mushroom"),
    ("🌏", "globe"),
    ("🌙", "moon"),
    ("☁️", "cloud"),
    ("🔥", "fire"),
    ("🍌", "banana"),
    ("🍎", "apple"),
    ("🍓", "strawberry"),
    ("🌽", "corn"),
    ("🍕", "pizza"),
    ("🎂", "cake"),
    ("❤️", "heart"),
    ("😀", "smiley"),
    ("🤖", "robot"),
    ("🎩", "hat"),
    ("👓", "glasses"),
    ("🔧", "spanner"),
    ("🎅", "santa"),
    ("👍", "thumbs up"),
    ("☂️", "umbrella"),
    ("⌛", "hourglass"),
    ("⏰", "clock"),
    ("🎁", "gift"),
    ("💡", "light bulb"),
    ("📕", "book"),
    ("✏️", "pencil"),
    ("📎", "paperclip"),
    ("✂️", "scissors"),
    ("🔒", "lock"),
    ("🔑", "key"),
    ("🔨", "hammer"),
    ("☎️", "telephone"),
    ("🏁", "flag"),
    ("🚂", "train"),
    ("🚲", "bicycle"),
    ("✈️", "aeroplane"),
    ("🚀", "rocket"),
    ("🏆", "trophy"),
    ("⚽", "ball"),
    ("🎸", "guitar"),
    ("🎺", "trumpet"),
    ("🔔", "bell"),
    ("⚓", "anchor"),
    ("🎧", "headphones"),
    ("📁", "folder"),
    ("📌", "pin"),
];

/// Seven words: 42 bits of what two devices agreed on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Words([u8; WORDS]);

impl Words {
    /// The words of the first 42 bits of a hash.
    #[must_use]
    pub fn of(hash: &[u8; 32]) -> Self {
        let bits = hash[..8].iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        let mut words = [0; WORDS];
        let mut shift = 64;
        for word in &mut words {
            shift -= 6;
            *word = (bits >> shift & 63) as u8;
        }
        Self(words)
    }

    /// Each emoji and its name, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.0.into_iter().map(|place| ALL[usize::from(place % 64)])
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (emoji, name)) in self.iter().enumerate() {
            write!(f, "{}{emoji} {name}", if place == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_word_is_there_once() {
        assert_eq!(ALL.iter().map(|(emoji, _)| emoji).collect::<BTreeSet<_>>().len(), 64);
        assert_eq!(ALL.iter().map(|(_, name)| name).collect::<BTreeSet<_>>().len(), 64);
    }

    #[test]
    fn words_are_the_first_bits_in_their_order() {
        let mut hash = [0; 32];
        assert_eq!(Words::of(&hash).0, [0; 7]);
        // 000000 000001 000010 000011 000100 000101 000110, and what follows does not matter.
        hash[..6].copy_from_slice(&[0x00, 0x10, 0x83, 0x10, 0x51, 0xbf]);
        assert_eq!(Words::of(&hash).0, [0, 1, 2, 3, 4, 5, 6]);
        let shown = "🐶 dog, 🐱 cat, 🦁 lion, 🐎 horse, 🦄 unicorn, 🐷 pig, 🐘 elephant";
        assert_eq!(Words::of(&hash).to_string(), shown);
    }
}
