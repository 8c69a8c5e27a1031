//! Takes JSON objects out of a stream of bytes, however they were cut or joined on the way.

use serde_json::{Map, Value as Json};

/// The most bytes of one object.
pub(crate) const OBJECT_BYTES_MAX: usize = 64 * 1024;
/// How deep values may be in each other.
const DEPTH_MAX: usize = 32;

/// What came is no sequence of objects, or one of them is too large or too deep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Broken;

/// What may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// The beginning of an object, outside of all.
    Object,
    Value,
    /// A value, or the end of a list.
    Item,
    /// A key, or the end of an object.
    Member,
    Key,
    Colon,
    /// A comma, or the end.
    Comma,
}

/// What is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Within {
    Between,
    /// A text, and whether it is a key.
    Text {
        key: bool,
    },
    /// Behind a backslash in a text.
    Escape {
        key: bool,
    },
    /// What is left of `true`, `false` or `null`.
    Word(&'static [u8]),
    Number,
}

/// Whole objects out of what was pushed. Each byte is looked at once, and what cannot be JSON any more is
/// told at once: nobody waits for the rest of something that has none.
pub(crate) struct Objects {
    buffer: Vec<u8>,
    /// How far it was looked at.
    looked: usize,
    next: Next,
    within: Within,
    /// What is open; true for objects.
    open: Vec<bool>,
}

impl Default for Objects {
    fn default() -> Self {
        let (buffer, open) = (Vec::new(), Vec::new());
        Self { buffer, looked: 0, next: Next::Object, within: Within::Between, open }
    }
}

impl Objects {
    /// Adds what was read.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next object, if all of it is there.
    ///
    /// # Errors
    /// [`Broken`]; what comes after it is not read any more.
    pub(crate) fn next(&mut self) -> Result<Option<Map<String, Json>>, Broken> {
        while let Some(byte) = self.buffer.get(self.looked).copied() {
            if self.next == Next::Object && byte.is_ascii_whitespace() {
                self.buffer.drain(..=self.looked);
                continue;
            }
            self.step(byte)?;
            self.looked += 1;
            if self.looked > OBJECT_BYTES_MAX {
                return Err(Broken);
            }
            if self.open.is_empty() {
                let object = serde_json::from_slice(&self.buffer[..self.looked]);
                self.buffer.drain(..self.looked);
                (self.looked, self.next) = (0, Next::Object);
                return object.map(Some).map_err(|_| Broken);
            }
        }
        Ok(None)
    }

    fn step(&mut self, byte: u8) -> Result<(), Broken> {
        match self.within {
            Within::Between => self.between(byte),
            Within::Text { key } => {
                match byte {
                    b'"' => self.ends(if key { Next::Colon } else { Next::Comma }),
                    b'\\' => self.within = Within::Escape { key },
                    0..=0x1f => return Err(Broken),
                    _ => {}
                }
                Ok(())
            }
            // What follows `\u` is looked at when the object is parsed.
            Within::Escape { key } => match byte {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' | b'u' => {
                    self.within = Within::Text { key };
                    Ok(())
                }
                _ => Err(Broken),
            },
            Within::Word(left) => match left.split_first() {
                Some((first, rest)) if *first == byte => {
                    self.within = Within::Word(rest);
                    if rest.is_empty() {
                        self.ends(Next::Comma);
                    }
                    Ok(())
                }
                _ => Err(Broken),
            },
            Within::Number => match byte {
                b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E' => Ok(()),
                _ => {
                    self.ends(Next::Comma);
                    self.between(byte)
                }
            },
        }
    }

    fn ends(&mut self, next: Next) {
        (self.within, self.next) = (Within::Between, next);
    }

    fn between(&mut self, byte: u8) -> Result<(), Broken> {
        if byte.is_ascii_whitespace() {
            return Ok(());
        }
        match (self.next, byte) {
            (Next::Object | Next::Value | Next::Item, b'{') => self.opens(true)?,
            (Next::Value | Next::Item, b'[') => self.opens(false)?,
            (Next::Value | Next::Item, _) => {
                self.within = match byte {
                    b'"' => Within::Text { key: false },
                    b't' => Within::Word(b"rue"),
                    b'f' => Within::Word(b"alse"),
                    b'n' => Within::Word(b"ull"),
                    b'-' | b'0'..=b'9' => Within::Number,
                    b']' if self.next == Next::Item => return self.closes(false),
                    _ => return Err(Broken),
                };
            }
            (Next::Member | Next::Key, b'"') => self.within = Within::Text { key: true },
            (Next::Member, b'}') => return self.closes(true),
            (Next::Colon, b':') => self.next = Next::Value,
            (Next::Comma, b',') => {
                let in_object = self.open.last() == Some(&true);
                self.next = if in_object { Next::Key } else { Next::Value };
            }
            (Next::Comma, b'}') => return self.closes(true),
            (Next::Comma, b']') => return self.closes(false),
            _ => return Err(Broken),
        }
        Ok(())
    }

    fn opens(&mut self, is_object: bool) -> Result<(), Broken> {
        if self.open.len() >= DEPTH_MAX {
            return Err(Broken);
        }
        self.open.push(is_object);
        self.next = if is_object { Next::Member } else { Next::Item };
        Ok(())
    }

    fn closes(&mut self, is_object: bool) -> Result<(), Broken> {
        if self.open.pop() != Some(is_object) {
            return Err(Broken);
        }
        self.ends(Next::Comma);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// All objects of a text that comes in pieces of so many bytes, and whether it is broken after them.
    fn read(text: &[u8], piece: usize) -> (Vec<Json>, bool) {
        let mut objects = Objects::default();
        let mut all = Vec::new();
        for piece in text.chunks(piece.max(1)) {
            objects.push(piece);
            loop {
                match objects.next() {
                    Ok(Some(object)) => all.push(Json::Object(object)),
                    Ok(None) => break,
                    Err(Broken) => return (all, true),
                }
            }
        }
        (all, false)
    }

    fn check(text: &str, expected: &[Json], broken: bool) {
        for piece in [1, 2, 3, 1000] {
            let (all, is_broken) = read(text.as_bytes(), piece);
            assert_eq!((all.as_slice(), is_broken), (expected, broken), "{text:?} by {piece}");
        }
    }

    #[test]
    fn objects_are_found_however_they_are_cut_and_joined() {
        let both = [json!({"a": "}{"}), json!({"b": [1, -2.5e3, true, null, {"c": {}}, []]})];
        check(r#"{"a":"}{"}{"b": [1, -2.5e3, true, null, {"c": {}}, []]}"#, &both, false);
        let spaced = " \n{\"a\" : \"}{\"}\r\n {\"b\":[1,-2.5e3,true,null,{\"c\":{}},[]]} ";
        check(spaced, &both, false);
        check(r#"{"a":"\"\\\u00e9"}{"#, &[json!({"a": "\"\\é"})], false);
        check("{}{}", &[json!({}), json!({})], false);
    }

    #[test]
    fn what_is_no_object_is_told_at_once() {
        for bad in [
            "x",
            "[1]",
            "\"a\"",
            "}",
            "{x",
            r#"{"action": nonsense"#,
            "{\"a\":\"\n",
            r#"{"a":"\x"#,
            r#"{"a":1]"#,
            r#"{"a":[1}"#,
            r#"{"a":1,}"#,
            r#"{"a":1 2"#,
            r#"{"a":01}"#,
            r#"{"a":1e}"#,
            r#"{"a":"\ud800"}"#,
        ] {
            check(&format!(r#"{{"a":1}}{bad}"#), &[json!({"a": 1})], true);
        }
        check(r#"{"a":1}{"a""#, &[json!({"a": 1})], false);
        assert!(read(b"{\"a\":\"\xff\"}", 100).1, "what is no text");
    }

    #[test]
    fn size_and_depth_have_an_end() {
        let deep = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(read(deep(DEPTH_MAX - 1).as_bytes(), 7).0.len(), 1);
        assert!(read(deep(DEPTH_MAX).as_bytes(), 7).1);
        let long = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8));
        assert_eq!(read(long(OBJECT_BYTES_MAX).as_bytes(), 1000).0.len(), 1);
        assert!(read(long(OBJECT_BYTES_MAX + 1).as_bytes(), 1000).1);
        let mut objects = Objects::default();
        objects.push(" ".repeat(1000).as_bytes());
        assert_eq!(objects.next(), Ok(None));
        assert!(objects.buffer.is_empty(), "space is not kept");
    }

    proptest! {
        #[test]
        fn the_objects_of_a_text_are_those_that_serde_finds(text in r#"[{}\[\]":,a\\ 1tue.]{0,24}"#, piece in 1_usize..9) {
            let (all, _) = read(text.as_bytes(), piece);
            let stream = serde_json::Deserializer::from_str(&text).into_iter::<Map<String, Json>>();
            let expected: Vec<Json> = stream.map_while(Result::ok).map(Json::Object).collect();
            prop_assert_eq!(all, expected, "{}", text);
        }
    }
}
