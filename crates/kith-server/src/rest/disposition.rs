//! What a browser does with a file, and what it calls it.

use std::fmt::Write;

/// The value of `Content-Disposition` (RFC 6266): the name in ASCII for old readers, and as it is for
/// all others.
pub(super) fn disposition(inline: bool, name: &str) -> String {
    let kind = if inline { "inline" } else { "attachment" };
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_graphic() && !"\"\\%;".contains(c) || c == ' ' { c } else { '_' })
        .collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_nothing_but_itself() {
        assert_eq!(
            disposition(false, "Łódź \"1\";x=%41\r\n.pdf"),
            "attachment; filename=\"__d_ _1__x=_41__.pdf\"; \
             filename*=UTF-8''%C5%81%C3%B3d%C5%BA%20%221%22%3Bx%3D%2541%0D%0A.pdf"
        );
        assert_eq!(
            disposition(true, "a.png"),
            "inline; filename=\"a.png\"; filename*=UTF-8''a.png"
        );
    }
}
