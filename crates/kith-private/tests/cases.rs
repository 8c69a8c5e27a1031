//! What two devices agree on, as every implementation works it out: `tests/cases/private` is read by
//! the tests of the TypeScript SDK as well.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::fs;
use std::path::Path;

use kith_core::id::{Timestamp, UserId};
use kith_private::file::{Sum, safe_name};
use kith_private::handshake::{Between, Part, accept, commitment, reveal};
use kith_private::hex::Hex;
use kith_private::identity::Identity;
use serde_json::{Value as Json, json};

const SDP: &str = "v=0\r\na=fingerprint:sha-256 \
    0B:0B:0B:0B:0B:0B:0B:0B:0B:0B:0B:0B:0B:0B:0B:0B:0B:0B:0B:0B:0B:0B:0B:0B:0B:0B:0B:0B:0B:0B:0B:0B\r\n";

fn device(seed: u8) -> (Identity, Part) {
    let identity = Identity::from_seed(&[seed; 32]).unwrap();
    let (fingerprint, nonce) = (Hex([seed + 10; 32]), Hex([seed + 20; 32]));
    let part = Part { key: identity.key(), fingerprint, nonce };
    (identity, part)
}

fn cases() -> Json {
    let ((ana, first), (bob, second)) = (device(1), device(2));
    let user = |number| UserId::new(Timestamp(1_763_000_000_000), number);
    let between = Between { id: Hex([7; 16]), inviting: user(10), invited: user(11) };
    let committed = commitment(&between, &first);
    let (shown, one) = reveal(&between, first.clone(), &second, &ana).unwrap();
    let (proof, other) = accept(&between, &committed, &second, &shown, &bob).unwrap();
    one.conclude(&proof).unwrap();
    let signed = one.sign(&ana, 3, SDP);
    other.check(3, SDP, &signed).unwrap();
    let words: Vec<_> = one.words().iter().map(|(emoji, name)| [emoji, name]).collect();
    let sums = [(0, ""), (5, "hello"), (11, "hello world")].map(|(size, text)| {
        let sum = if text.is_empty() { Sum::of(size) } else { Sum::of(size).with(text.as_bytes()) };
        json!({ "size": size, "block": text, "sum": sum.hex() })
    });
    let names = [
        "tea.txt",
        "../../a\\b.txt",
        "..",
        ".hidden",
        "a\u{202e}b",
        "con.txt",
        "é".repeat(150).as_str(),
    ]
    .map(|offered| json!({ "offered": offered, "safe": safe_name(offered) }));
    json!({
        "id": between.id,
        "inviting": { "user": between.inviting, "seed": Hex([1_u8; 32]), "part": first, "proof": shown.proof },
        "invited": { "user": between.invited, "seed": Hex([2_u8; 32]), "part": second, "proof": proof },
        "commitment": committed,
        "words": words,
        "description": { "attempt": 3, "sdp": SDP, "proof": signed },
        "sums": sums,
        "names": names,
    })
}

#[test]
fn the_cases_are_what_this_implementation_works_out() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/private/agree.json");
    let text = serde_json::to_string_pretty(&cases()).unwrap() + "\n";
    if std::env::var_os("KITH_WRITE").is_some() {
        fs::write(&file, &text).unwrap();
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), text, "KITH_WRITE=1 writes it anew");
}
