//! Messages and bodies that are larger than others, because they bring a whole text.
//!
//! What is read of a JSON takes up to thirty times its bytes where it is many small values, so large
//! ones are looked through before they are read.

/// The largest message in JSON that brings nothing but updates into texts, in bytes: one of 2 MiB in
/// Base64, and what is beside it.
pub(crate) const UPDATE_BYTES_MAX: usize = 3 * 1024 * 1024;
/// The most values in such a message.
const UPDATE_VALUES_MAX: usize = 10_000;

/// Whether a large message has few enough values in it to be read.
pub(crate) fn is_readable(json: &[u8]) -> bool {
    values(json) <= UPDATE_VALUES_MAX
}

/// How many values there are in a JSON, about; never fewer than a reader makes of it.
pub(crate) fn values(json: &[u8]) -> usize {
    let (mut count, mut in_text, mut escaped) = (1, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b',' | b'[' | b'{' if !in_text => count += 1,
            _ => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::values;

    #[test]
    fn values_are_counted_and_what_is_in_texts_is_none() {
        for (json, count) in [
            ("1", 1),
            ("[]", 2),
            ("[1,2,3]", 4),
            (r#"{"a":[1],"b":",[{\\\",,"}"#, 4),
            (r#"["\\\\",1]"#, 3),
        ] {
            assert_eq!(values(json.as_bytes()), count, "{json}");
        }
    }
}
