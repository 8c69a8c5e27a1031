//! What reads old clients, reachable for the fuzz targets and for nobody else.

use crate::ghostr::{Fields, read_v2};
use crate::json::Objects;
use crate::muca::Said;

/// Reads what a muca client says, in pieces of so many bytes; what came of it, in words.
#[must_use]
pub fn muca(input: &[u8], piece: usize) -> String {
    let mut objects = Objects::default();
    let mut told = String::new();
    for piece in input.chunks(piece.max(1)) {
        objects.push(piece);
        loop {
            match objects.next() {
                Ok(Some(object)) => told.push_str(&format!("{:?}", Said::read(&object))),
                Ok(None) => break,
                Err(_) => return told + "broken",
            }
        }
    }
    told
}

/// Reads what a ghostr client says in either of its protocols; as [`muca`].
#[must_use]
pub fn ghostr(input: &[u8], piece: usize) -> String {
    ghostr_v2(input, piece) + &ghostr_v1(input, piece)
}

fn ghostr_v2(input: &[u8], piece: usize) -> String {
    let mut objects = Objects::default();
    let mut told = String::new();
    for piece in input.chunks(piece.max(1)) {
        objects.push(piece);
        loop {
            match objects.next() {
                Ok(Some(object)) => told.push_str(&format!("{:?}", read_v2(&object))),
                Ok(None) => break,
                Err(_) => return told + "broken",
            }
        }
    }
    told
}

fn ghostr_v1(input: &[u8], piece: usize) -> String {
    let mut fields = Fields::default();
    let mut told = String::new();
    for piece in input.chunks(piece.max(1)) {
        fields.push(piece);
        loop {
            match fields.next() {
                Ok(Some(asked)) => told.push_str(&format!("{asked:?}")),
                Ok(None) => break,
                Err(_) => return told + "broken",
            }
        }
    }
    told
}
