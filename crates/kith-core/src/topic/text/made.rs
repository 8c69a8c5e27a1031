//! Updates that make a document of a value: as if somebody had written all of it at once.

use serde_json::{Map, Number, Value as Json};

use super::scan::write_number;
use super::{JSON, ROOT, Update};
use crate::topic::json;

/// As whom a first value is written: no editor has this number.
const CLIENT: u8 = 0;
/// Bits and numbers of the format: a piece that stands on the one at its left, that is an entry, that
/// is a text, a type or values.
const LEFT: u8 = 0x80;
const ENTRY: u8 = 0x20;
const STRING: u8 = 4;
const TYPE: u8 = 7;
const VALUES: u8 = 8;
/// Which type it is.
const ARRAY: u8 = 0;
const MAP: u8 = 1;
/// The largest whole number that is written as one: what fits into 32 bits for every client.
const WHOLE_MAX: u64 = 0x7fff_ffff;

/// Puts a text into a document in which nothing is yet.
pub(super) fn of_text(text: &str) -> Update {
    let mut made = Made::default();
    made.begin(STRING, None, &Holder::Root(ROOT), None);
    made.text(text);
    made.done()
}

/// Puts entries into the map of a document in which nothing is yet: objects and arrays as types that
/// are edited in their parts.
pub(super) fn of_entries(entries: &Map<String, Json>) -> Update {
    let mut made = Made::default();
    made.entries(&Holder::Root(JSON), entries);
    made.done()
}

/// In what a piece is.
enum Holder {
    Root(&'static str),
    Piece(u32),
}

/// Pieces of one client, from its first on.
#[derive(Default)]
struct Made {
    bytes: Vec<u8>,
    pieces: u64,
    clock: u32,
}

impl Made {
    fn done(self) -> Update {
        let mut bytes = Vec::with_capacity(self.bytes.len() + 8);
        match self.pieces {
            0 => bytes.push(0),
            pieces => {
                bytes.push(1);
                write_number(&mut bytes, pieces);
                bytes.extend([CLIENT, 0]);
                bytes.extend(self.bytes);
            }
        }
        // Nothing is gone.
        bytes.push(0);
        Update(bytes.into())
    }

    fn number(&mut self, number: u64) {
        write_number(&mut self.bytes, number);
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// Begins a piece: behind `left`, or in a holder, there maybe under a key.
    fn begin(&mut self, content: u8, left: Option<u32>, holder: &Holder, key: Option<&str>) {
        self.pieces += 1;
        let entry = if key.is_some() { ENTRY } else { 0 };
        if let Some(left) = left {
            self.bytes.extend([content | LEFT | entry, CLIENT]);
            return self.number(left.into());
        }
        self.bytes.push(content | entry);
        match holder {
            Holder::Root(name) => {
                self.bytes.push(1);
                self.text(name);
            }
            Holder::Piece(clock) => {
                self.bytes.extend([0, CLIENT]);
                self.number((*clock).into());
            }
        }
        if let Some(key) = key {
            self.text(key);
        }
    }

    fn entries(&mut self, holder: &Holder, entries: &Map<String, Json>) {
        for (key, value) in entries {
            self.one(value, None, holder, Some(key));
        }
    }

    /// Writes one value; where it is, by its last number.
    fn one(&mut self, value: &Json, left: Option<u32>, holder: &Holder, key: Option<&str>) -> u32 {
        let place = self.clock;
        match value {
            Json::Array(items) => {
                self.begin(TYPE, left, holder, key);
                self.bytes.push(ARRAY);
                self.clock += 1;
                self.items(place, items);
            }
            Json::Object(entries) => {
                self.begin(TYPE, left, holder, key);
                self.bytes.push(MAP);
                self.clock += 1;
                self.entries(&Holder::Piece(place), entries);
            }
            plain => {
                self.begin(VALUES, left, holder, key);
                self.bytes.push(1);
                self.plain(plain);
                self.clock += 1;
            }
        }
        place
    }

    fn items(&mut self, array: u32, items: &[Json]) {
        let holder = Holder::Piece(array);
        let mut left = None;
        let is_type = |value: &Json| value.is_array() || value.is_object();
        for run in items.chunk_by(|one, two| !is_type(one) && !is_type(two)) {
            match run {
                [one] => left = Some(self.one(one, left, &holder, None)),
                many => {
                    self.begin(VALUES, left, &holder, None);
                    self.number(many.len() as u64);
                    many.iter().for_each(|value| self.plain(value));
                    self.clock += u32::try_from(many.len()).unwrap_or(u32::MAX);
                    left = Some(self.clock - 1);
                }
            }
        }
    }

    /// A value that holds no others, as Yjs writes it.
    fn plain(&mut self, value: &Json) {
        match value {
            Json::Bool(true) => self.bytes.push(120),
            Json::Bool(false) => self.bytes.push(121),
            Json::Number(number) => self.amount(number),
            Json::String(text) => {
                self.bytes.push(119);
                self.text(text);
            }
            _ => self.bytes.push(126),
        }
    }

    fn amount(&mut self, number: &Number) {
        match json::int(number) {
            Some(whole) if whole.unsigned_abs() <= WHOLE_MAX => {
                self.bytes.push(125);
                // The first byte has the sign and 6 bits.
                let (size, sign) = (whole.unsigned_abs(), if whole < 0 { 0x40 } else { 0 });
                let more = if size > 0x3f { 0x80 } else { 0 };
                self.bytes.push(more | sign | (size & 0x3f) as u8);
                if more > 0 {
                    self.number(size >> 6);
                }
            }
            _ => {
                self.bytes.push(123);
                let float = number.as_f64().unwrap_or_default();
                self.bytes.extend(float.to_be_bytes());
            }
        }
    }
}
