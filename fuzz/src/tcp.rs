//! What clients of ghostr and muca say, over plain TCP.

use kith_gateway_tcp::fuzz;

/// However it is cut, it is read alike or refused.
fn same(read: fn(&[u8], usize) -> String, input: &[u8]) {
    let whole = read(input, usize::MAX);
    for piece in [1, 7] {
        assert_eq!(read(input, piece), whole);
    }
}

pub(crate) fn muca(input: &[u8]) {
    same(fuzz::muca, input);
}

pub(crate) fn muca_seeds() -> Vec<Vec<u8>> {
    let texts = [
        r#"{"CMD": "JOIN", "UN": "Ann", "UID": "ann@x.org"}{"CMD": "PING"}"#,
        r#"{"CMD": "SEND", "MSG": "caf\u00e9 }{\n", "TO": ["ben@x.org", "col@x.org"], "FROM": "ann@x.org"}"#,
    ];
    texts.map(|text| text.as_bytes().to_vec()).into()
}

pub(crate) fn ghostr(input: &[u8]) {
    same(fuzz::ghostr, input);
}

pub(crate) fn ghostr_seeds() -> Vec<Vec<u8>> {
    let texts = [
        r#"{"action": "login", "username": "ana", "password": "pw", "private_port": "50001"}"#,
        r#"{"action": "whoelsesince", "since": 2.5} {"action": "message", "user": "bo", "message": "x"}"#,
        "TYPE: LOGON;;WHO: ana;;\nTYPE: AUTH;;WHO: ana;;PASW: 1;;NEW: 0;;",
        "TYPE: MSG;;FROM: ana;;TO: bo;;BODY: 10:30;;;TYPE: WHOELSESINCE;;WHEN: 60;;FROM: ana;;",
    ];
    texts.map(|text| text.as_bytes().to_vec()).into()
}
