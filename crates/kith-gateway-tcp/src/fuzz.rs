//! What reads old clients, reachable for the fuzz targets and for nobody else.

use crate::ghostr::{Fields, read_v2};
use crate::json::{Broken, Objects};
use crate::muca::Said;

/// Reads what a muca client says, in pieces of so many bytes; what came of it, in words.
#[must_use]
pub fn muca(input: &[u8], piece: usize) -> String {
    let next = |objects: &mut Objects| {
        let object = objects.next()?;
        Ok(object.map(|object| format!("{:?}", Said::read(&object))))
    };
    told(input, piece, Objects::push, next)
}

/// Reads what a ghostr client says in either of its protocols; as [`muca`].
#[must_use]
pub fn ghostr(input: &[u8], piece: usize) -> String {
    let v2 = |objects: &mut Objects| {
        let object = objects.next()?;
        Ok(object.map(|object| format!("{:?}", read_v2(&object))))
    };
    let v1 = |fields: &mut Fields| Ok(fields.next()?.map(|asked| format!("{asked:?}")));
    told(input, piece, Objects::push, v2) + &told(input, piece, Fields::push, v1)
}

/// What a reader makes of the pieces of an input, until it is broken.
fn told<R: Default>(
    input: &[u8],
    piece: usize,
    push: impl Fn(&mut R, &[u8]),
    next: impl Fn(&mut R) -> Result<Option<String>, Broken>,
) -> String {
    let mut reader = R::default();
    let mut told = String::new();
    for piece in input.chunks(piece.max(1)) {
        push(&mut reader, piece);
        loop {
            match next(&mut reader) {
                Ok(Some(one)) => told.push_str(&one),
                Ok(None) => break,
                Err(_) => return told + "broken",
            }
        }
    }
    told
}
