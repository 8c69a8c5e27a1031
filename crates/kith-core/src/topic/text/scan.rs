//! Reading an update without building what it describes: whether it is one, and what it is about.
//!
//! An update is what `Y.applyUpdate` takes, in the format v1: pieces by client (text, values, marks,
//! types, gaps), then ranges of pieces that are gone. Numbers have 7 bits in a byte, the least first.
//! A scan takes no more memory than a few bytes for each run of pieces, whatever the update claims,
//! and lets through only what every client reads: one that does not would end the sessions of all
//! who get it.

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Pieces of one client that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Whose.
    pub client: u64,
    /// The first.
    pub start: u32,
    /// After the last.
    pub end: u32,
}

impl Run {
    pub(super) fn new(client: u64, start: u32, end: u32) -> Self {
        Self { client, start, end }
    }
}

/// What an update is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// How many pieces are written in it, gaps included.
    pub pieces: usize,
    /// Which there are.
    pub there: Vec<Run>,
    /// Which are gone.
    pub gone: Vec<Run>,
    /// How many of the pieces hold others: each may be inside another.
    pub nests: usize,
}

impl Scan {
    /// Whether the update says nothing at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.there.is_empty() && self.gone.is_empty()
    }
}

/// The largest number of a client: all that JavaScript counts exactly.
const CLIENT_MAX: u64 = (1 << 53) - 1;
/// The largest number of a piece.
const CLOCK_MAX: u64 = (1 << 31) - 1;
/// How deep values are nested at most.
const DEPTH_MAX: usize = 64;

type Scanned<T> = Result<T, &'static str>;

const SHORT: &str = "it ends too early";
const LARGE: &str = "a number is too large";

/// Reads an update.
///
/// # Errors
/// Why it is none.
pub fn scan(bytes: &[u8]) -> Scanned<Scan> {
    let mut read = Read(bytes);
    let mut scan = Scan::default();
    let mut clients = Distinct::default();
    for _ in 0..read.number()? {
        let pieces = read.number()?;
        if pieces == 0 {
            return Err("a client has no pieces");
        }
        let client = read.number()?;
        clients.add(client)?;
        let mut clock = read.clock()?;
        let mut run = Run::new(client, clock, clock);
        for _ in 0..pieces {
            let (length, is_gap) = piece(&mut read, client, clock, &mut scan)?;
            clock = advance(clock, length)?;
            if is_gap {
                scan.there.extend(Some(run).filter(|run| run.start < run.end));
                run = Run::new(client, clock, clock);
            }
            run.end = clock;
            scan.pieces += 1;
        }
        scan.there.extend(Some(run).filter(|run| run.start < run.end));
    }
    let mut clients = Distinct::default();
    for _ in 0..read.number()? {
        let client = read.number()?;
        clients.add(client)?;
        let mut last = None;
        for _ in 0..read.number()? {
            let start = read.clock()?;
            let end = advance(start, read.number()?)?;
            if start == end || last.is_some_and(|last| start < last) {
                return Err("what is gone is not in order");
            }
            last = Some(end);
            scan.gone.push(Run::new(client, start, end));
        }
    }
    if read.0.is_empty() { Ok(scan) } else { Err("it goes on after its end") }
}

fn advance(clock: u32, length: u64) -> Scanned<u32> {
    let after = u64::from(clock).checked_add(length).filter(|after| *after <= CLOCK_MAX);
    after.and_then(|after| u32::try_from(after).ok()).ok_or(LARGE)
}

/// Clients that may be named once each. Most often they come from the highest down.
#[derive(Default)]
struct Distinct {
    lowest: Option<u64>,
    others: std::collections::BTreeSet<u64>,
}

impl Distinct {
    fn add(&mut self, client: u64) -> Scanned<()> {
        let is_lower = self.lowest.is_none_or(|lowest| client < lowest);
        let new = match (is_lower, self.lowest) {
            (true, _) => {
                self.lowest.replace(client).is_none_or(|before| self.others.insert(before))
            }
            (false, lowest) => lowest != Some(client) && self.others.insert(client),
        };
        if new { Ok(()) } else { Err("a client is named twice") }
    }
}

/// Reads one piece: of how many it counts, and whether it is a gap.
fn piece(read: &mut Read<'_>, client: u64, clock: u32, scan: &mut Scan) -> Scanned<(u64, bool)> {
    const LEFT: u8 = 0x80;
    const RIGHT: u8 = 0x40;
    const KEY: u8 = 0x20;
    let info = read.byte()?;
    let length = match info {
        0 | 10 => read.number()?,
        _ => {
            for flag in [LEFT, RIGHT] {
                if info & flag != 0 {
                    read.neighbour(client, clock)?;
                }
            }
            if info & (LEFT | RIGHT) == 0 {
                match read.number()? {
                    1 => read.text().map(drop)?,
                    0 => read.neighbour(client, clock)?,
                    _ => return Err("a piece is nowhere"),
                }
                if info & KEY != 0 {
                    read.text()?;
                }
            }
            content(read, info & 0x1f, scan)?
        }
    };
    if length == 0 { Err("a piece is empty") } else { Ok((length, info == 10)) }
}

/// Reads what a piece holds: of how many it counts.
fn content(read: &mut Read<'_>, kind: u8, scan: &mut Scan) -> Scanned<u64> {
    match kind {
        1 => return read.number(),
        3 => read.chunk().map(drop)?,
        4 => {
            let units = read.text()?.chars().map(char::len_utf16);
            return Ok(units.map(|units| units as u64).sum());
        }
        5 => read.json()?,
        6 => {
            read.text()?;
            read.json()?;
        }
        7 => {
            scan.nests += 1;
            match read.byte()? {
                0..=2 | 4 | 6 => {}
                3 => read.text().map(drop)?,
                _ => return Err("it has a type that is not known"),
            }
        }
        8 => {
            let count = read.number()?;
            for _ in 0..count {
                read.value(0)?;
            }
            return Ok(count);
        }
        9 => {
            read.text()?;
            read.value(0)?;
        }
        _ => return Err("it has a piece that is not known"),
    }
    Ok(1)
}

/// The rest of an update.
struct Read<'a>(&'a [u8]);

impl<'a> Read<'a> {
    fn byte(&mut self) -> Scanned<u8> {
        let (first, rest) = self.0.split_first().ok_or(SHORT)?;
        self.0 = rest;
        Ok(*first)
    }

    fn take(&mut self, count: u64) -> Scanned<&'a [u8]> {
        let count = usize::try_from(count).map_err(|_| SHORT)?;
        let (taken, rest) = self.0.split_at_checked(count).ok_or(SHORT)?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Scanned<u64> {
        let mut number = 0;
        for shift in (0..53).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            match byte {
                // Written longer than it has to be, which no client does.
                0 if shift > 0 => return Err("a number is not as short as it can be"),
                0x80.. => {}
                _ if number > CLIENT_MAX => return Err(LARGE),
                _ => return Ok(number),
            }
        }
        Err(LARGE)
    }

    fn clock(&mut self) -> Scanned<u32> {
        advance(0, self.number()?)
    }

    /// A piece that must be there before. One of the same client that comes later never is.
    fn neighbour(&mut self, client: u64, clock: u32) -> Scanned<()> {
        let (other, at) = (self.number()?, self.clock()?);
        if other == client && at >= clock { Err("a piece stands on itself") } else { Ok(()) }
    }

    fn chunk(&mut self) -> Scanned<&'a [u8]> {
        let count = self.number()?;
        self.take(count)
    }

    fn text(&mut self) -> Scanned<&'a str> {
        std::str::from_utf8(self.chunk()?).map_err(|_| "a text is not UTF-8")
    }

    fn json(&mut self) -> Scanned<()> {
        serde_json::from_str::<Json>(self.text()?)
            .map(drop)
            .map_err(|_| "it holds JSON that is none")
    }

    /// A value as Yjs writes it.
    fn value(&mut self, depth: usize) -> Scanned<()> {
        if depth > DEPTH_MAX {
            return Err("values are nested too deep");
        }
        match self.byte()? {
            127 | 126 | 121 | 120 => {}
            125 => self.signed()?,
            124 => self.take(4).map(drop)?,
            123 | 122 => self.take(8).map(drop)?,
            119 => self.text().map(drop)?,
            118 => {
                for _ in 0..self.number()? {
                    self.text()?;
                    self.value(depth + 1)?;
                }
            }
            117 => {
                for _ in 0..self.number()? {
                    self.value(depth + 1)?;
                }
            }
            116 => self.chunk().map(drop)?,
            _ => return Err("it has a value that is not known"),
        }
        Ok(())
    }

    /// A number whose first byte holds its sign and 6 bits.
    fn signed(&mut self) -> Scanned<()> {
        let first = self.byte()?;
        let mut number = u64::from(first & 0x3f);
        let mut more = first >= 0x80;
        for shift in (6..55).step_by(7) {
            if !more {
                break;
            }
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            more = byte >= 0x80;
        }
        if more || number > CLIENT_MAX { Err(LARGE) } else { Ok(()) }
    }
}

/// Any JSON, read and not kept.
struct Json;

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Json {
    type Value = Self;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self, A::Error> {
        while entries.next_entry::<Self, Self>()?.is_some() {}
        Ok(self)
    }
}

/// Writes a number as updates have it.
pub(super) fn write_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}
