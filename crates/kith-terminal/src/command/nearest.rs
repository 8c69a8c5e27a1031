//! Which known word was meant by one that is not known.

/// The longest word that is compared, in characters.
const CHARS_MAX: usize = 40;

/// How many letters have to be put in, taken out, changed or swapped with their neighbour.
fn distance(one: &[char], other: &[char]) -> usize {
    let width = other.len() + 1;
    let mut rows = vec![0; (one.len() + 1) * width];
    for i in 0..=one.len() {
        for j in 0..=other.len() {
            rows[i * width + j] = if i == 0 || j == 0 {
                i + j
            } else {
                let same = usize::from(one[i - 1] != other[j - 1]);
                let changed = rows[(i - 1) * width + j - 1] + same;
                let shorter = rows[(i - 1) * width + j] + 1;
                let longer = rows[i * width + j - 1] + 1;
                let mut least = changed.min(shorter).min(longer);
                if i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] {
                    least = least.min(rows[(i - 2) * width + j - 2] + 1);
                }
                least
            };
        }
    }
    rows[rows.len() - 1]
}

/// The one of `known` that is nearest to `word`, if any is near.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let letters = |word: &str| word.to_lowercase().chars().take(CHARS_MAX).collect::<Vec<_>>();
    let word = letters(word);
    let allowed = match word.len() {
        0 | 1 => return None,
        2..=3 => 1,
        4..=7 => 2,
        _ => 3,
    };
    let found = known.into_iter().map(|known| (distance(&word, &letters(known)), known));
    found.filter(|(far, _)| *far <= allowed).min_by_key(|(far, _)| *far).map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_the_word_that_was_meant() {
        let known = ["join", "message", "whoelse", "whoelsesince", "go"];
        let meant = |word| nearest(word, known);
        assert_eq!(meant("jion"), Some("join"));
        assert_eq!(meant("mesage"), Some("message"));
        assert_eq!(meant("whoelsince"), Some("whoelsesince"));
        assert_eq!(meant("WHOELSE"), Some("whoelse"));
        assert_eq!(meant("dance"), None);
        assert_eq!(meant("x"), None);
        assert_eq!(meant(&"m".repeat(10_000)), None);
    }
}
