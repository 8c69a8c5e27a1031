//! Commits on their way into the tables, and the body that each has in the log.
//!
//! Numbers are little-endian; a text is its length in 32 bits and its bytes. A group is a number of
//! batches; a batch is a number of appends and a number of writes; an append is the feed's name,
//! the number that it follows, and events; an event is its body and its hash; a write is the
//! collection, the key, whether there is a body (1) or not (0), and the body. An append without
//! events says that the feed forgets them up to the number that it would follow.

use kith_core::chain::ChainHash;
use kith_core::id::{FeedId, Seq};
use kith_store::{Batch, StoredEvent, Trim};

/// One commit of one or more batches.
#[derive(Debug)]
pub(crate) struct Group {
    /// Its number.
    pub(crate) no: u64,
    pub(crate) batches: Vec<Batch>,
    /// The size of its encoding.
    pub(crate) bytes: usize,
}

/// A document's write as it was read back: its collection may be one that no program knows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Write {
    pub(crate) collection: String,
    pub(crate) key: String,
    pub(crate) body: Option<String>,
}

/// A batch as it was read back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) appends: Vec<(FeedId, Vec<StoredEvent>)>,
    pub(crate) trims: Vec<Trim>,
    pub(crate) writes: Vec<Write>,
}

pub(crate) fn encode<'a>(batches: impl ExactSizeIterator<Item = &'a Batch>, out: &mut Vec<u8>) {
    number(out, batches.len());
    for batch in batches {
        number(out, batch.appends.len() + batch.trims.len());
        for append in &batch.appends {
            text(out, &append.feed.to_string());
            out.extend_from_slice(&append.after.0.to_le_bytes());
            number(out, append.events.len());
            for event in &append.events {
                text(out, &event.body);
                out.extend_from_slice(&event.hash.0);
            }
        }
        for Trim { feed, through } in &batch.trims {
            text(out, &feed.to_string());
            out.extend_from_slice(&through.0.to_le_bytes());
            number(out, 0);
        }
        number(out, batch.writes.len());
        for write in &batch.writes {
            text(out, write.key.collection);
            text(out, &write.key.key);
            out.push(u8::from(write.body.is_some()));
            text(out, write.body.as_deref().unwrap_or_default());
        }
    }
}

/// The lengths here are bounded by [`Batch::check`] and the size of a group, far below 32 bits.
fn number(out: &mut Vec<u8>, number: usize) {
    out.extend_from_slice(&u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
}

fn text(out: &mut Vec<u8>, text: &str) {
    number(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

/// Reads a group back; `None` if it is not one.
pub(crate) fn decode(bytes: &[u8]) -> Option<Vec<Read>> {
    let mut input = Input(bytes);
    let count = input.number()?;
    let batches = (0..count).map(|_| batch(&mut input)).collect::<Option<Vec<_>>>()?;
    input.0.is_empty().then_some(batches)
}

fn batch(input: &mut Input<'_>) -> Option<Read> {
    let count = input.number()?;
    let (mut appends, mut trims) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let (feed, after, events) = append(input)?;
        match events.is_empty() {
            true => trims.push(Trim { feed, through: after }),
            false => appends.push((feed, events)),
        }
    }
    let count = input.number()?;
    let writes = (0..count).map(|_| write(input)).collect::<Option<Vec<_>>>()?;
    Some(Read { appends, trims, writes })
}

fn append(input: &mut Input<'_>) -> Option<(FeedId, Seq, Vec<StoredEvent>)> {
    let feed = input.text()?.parse().ok()?;
    let after = u64::from_le_bytes(input.array()?);
    let count = input.number()?;
    let event = |place: u32| {
        let body = input.text()?.into();
        let seq = Seq(after.checked_add(u64::from(place) + 1)?);
        Some(StoredEvent { seq, body, hash: ChainHash(input.array()?) })
    };
    Some((feed, Seq(after), (0..count).map(event).collect::<Option<Vec<_>>>()?))
}

fn write(input: &mut Input<'_>) -> Option<Write> {
    let (collection, key) = (input.text()?.to_owned(), input.text()?.to_owned());
    let [is_there] = input.array()?;
    let body = input.text()?;
    Some(Write { collection, key, body: (is_there == 1).then(|| body.to_owned()) })
}

struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn number(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = usize::try_from(self.number()?).ok()?;
        std::str::from_utf8(self.take(length)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use kith_store::Head;
    use kith_store::conformance::{FEED, append, batch, document, trim};
    use proptest::prelude::*;

    use super::*;

    fn of(batches: &[Batch]) -> Vec<u8> {
        let mut bytes = Vec::new();
        encode(batches.iter(), &mut bytes);
        bytes
    }

    #[test]
    fn a_group_is_read_as_written_and_no_part_of_it_is_one() {
        let mut gone = document("c", "gone", "");
        gone.body = None;
        let events = append(FEED, Head::default(), &["1", "{\"a\":\"\u{e4}\"}"]);
        let written = [
            batch(vec![events.clone()], vec![document("c", "k", "[]"), gone]),
            trim(FEED, 1),
            batch(vec![], vec![]),
        ];
        let bytes = of(&written);
        let read = decode(&bytes).unwrap();
        assert_eq!(read.len(), 3);
        assert_eq!(read[0].appends, vec![(FEED, events.events)]);
        let told: Vec<_> =
            read[0].writes.iter().map(|w| (w.key.as_str(), w.body.as_deref())).collect();
        assert_eq!(told, vec![("k", Some("[]")), ("gone", None)]);
        assert_eq!(read[1].trims, trim(FEED, 1).trims);
        assert_eq!(read[2], Read { appends: vec![], trims: vec![], writes: vec![] });
        for cut in 0..bytes.len() {
            assert!(decode(&bytes[..cut]).is_none(), "cut at {cut}");
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        assert!(decode(&longer).is_none());
    }

    proptest! {
        #[test]
        fn whatever_is_read_harms_nobody(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes);
        }
    }
}
