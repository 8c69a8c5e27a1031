//! Old clients that have come in, and what they are told.

use serde_json::{Value as Json, json};

use crate::old::{Old, login};
use crate::site::Site;

/// A client of muca that has joined, and what it was told of who is there.
pub(crate) async fn joined(site: &Site, name: &str, uid: &str) -> (Old, Json) {
    let mut client = Old::open(site.muca, false).await;
    client.send(&json!({"CMD": "JOIN", "UN": name, "UID": uid})).await;
    assert_eq!(client.object().await, json!({"CMD": "ACK", "TYPE": "OKAY"}));
    let list = client.object().await;
    assert_eq!(list["CMD"], "LIST");
    (client, list["DATA"].clone())
}

/// A client of ghostr's second version that has signed in, or up.
pub(crate) async fn signed_in(site: &Site, name: &str) -> Old {
    let mut client = Old::open(site.ghostr, false).await;
    client.send(&login(name, "secret")).await;
    let answer = client.object().await;
    let is_in = answer["status"] == "SUCCESS" || answer["status"] == "USERNAME_NOT_EXIST";
    assert!(is_in, "{answer}");
    client
}

/// A client of ghostr's first version that has signed in, or up.
pub(crate) async fn first_in(site: &Site, name: &str) -> Old {
    first_in_from([127, 0, 0, 1], site, name).await
}

/// The same, at an address of its own.
pub(crate) async fn first_in_from(address: [u8; 4], site: &Site, name: &str) -> Old {
    let mut client = Old::open_from(address, site.ghostr, true).await;
    client.raw(&format!("TYPE: AUTH;;WHO: {name};;PASW: secret;;NEW: 1;;")).await;
    assert_eq!(client.text().await, "TYPE: AUTH;;PASW: 1;;ATMP: 3;;");
    client
}

/// What a client of ghostr's second version is told of somebody.
pub(crate) fn heard(action: &str, from: &str, text: &str) -> Json {
    json!({"action": action, "from": from, "message": text})
}

/// The next text that says something in it.
pub(crate) async fn reads(client: &mut Old, text: &str) -> String {
    loop {
        let got = client.text().await;
        if got.contains(text) {
            return got;
        }
    }
}
