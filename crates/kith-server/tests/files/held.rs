//! Contents that are stored and removed at the same time.

use std::path::Path;
use std::sync::Arc;

use kith_blob::Depot;
use serde_json::json;

use crate::gated::{Gated, Step};
use crate::site::Server;
use crate::{Tea, hash, image};

/// Ana and bob, and their files in a place that has gates.
async fn open() -> (Tea, Gated) {
    let mut gated = None;
    let depot = |dir: &Path| {
        let blobs = gated.insert(Gated::new(dir)).clone();
        Depot::with(Arc::new(blobs), dir).unwrap()
    };
    let server = Server::open_over(depot, |_| ()).await;
    (Tea::with(server).await, gated.unwrap())
}

#[tokio::test]
async fn a_content_that_is_slow_to_be_stored_holds_up_no_other() {
    let (tea, gated) = open().await;
    let (server, ana, bob) = (&tea.server, &tea.ana, &tea.bob);
    let gate = gated.shut(Step::Store, b"black tea");
    let id = server.begin(ana, "a.txt", 9).await;
    let meanwhile = async {
        gate.reached().await;
        let other = server.upload(bob, "b.txt", b"coffee").await;
        assert_eq!(server.stored(), 2);
        assert_eq!(server.rest(bob, &format!("DELETE /files/{other}"), "").await.0, 200);
        assert_eq!(server.stored(), 1, "it is gone at once");
        server.upload(bob, "c.txt", b"water").await;
        gate.open();
    };
    let (got, ()) = tokio::join!(server.patch(ana, &id, 0, b"black tea"), meanwhile);
    assert_eq!(got.json()["file"]["hash"], hash(b"black tea"), "{}", got.json());
}

#[tokio::test]
async fn a_content_that_an_upload_found_there_stays_when_its_last_file_goes() {
    let (tea, gated) = open().await;
    let (server, ana, bob) = (&tea.server, &tea.ana, &tea.bob);
    let first = server.upload(ana, "a.txt", b"black tea").await;
    let gate = gated.shut(Step::Store, b"black tea");
    let second = server.begin(bob, "b.txt", 9).await;
    let meanwhile = async {
        gate.reached().await;
        assert_eq!(server.rest(ana, &format!("DELETE /files/{first}"), "").await.0, 200);
        gate.open();
    };
    let (got, ()) = tokio::join!(server.patch(bob, &second, 0, b"black tea"), meanwhile);
    assert_eq!(got.status, 200, "{}", got.json());
    let message = server.post_files(bob, &tea.stream, &[&second]).await;
    let got = tea.get(ana, &format!("{message}/files/{second}"), "").await;
    assert_eq!((got.status, got.body.as_slice()), (200, &b"black tea"[..]));
}

#[tokio::test]
async fn a_content_is_not_stored_again_before_its_removal_is_through() {
    let (tea, gated) = open().await;
    let (server, ana, bob) = (&tea.server, &tea.ana, &tea.bob);
    for avatar in [b"one", b"two"] {
        let file = json!({ "file": image(server, ana, "a", avatar).await }).to_string();
        assert_eq!(server.rest(ana, "PUT /users/me/avatar", &file).await.0, 200);
    }
    let gate = gated.shut(Step::Remove, b"one");
    tokio::select! {
        _ = server.app.expire_files() => panic!("it waits for the removal"),
        // Here it is dropped, as where whoever asked is gone; the removal is on its way.
        () = gate.reached() => {}
    }
    let id = server.begin(bob, "b.txt", 3).await;
    let meanwhile = async {
        // All of it came.
        while tea.get(bob, &format!("/files/{id}"), "").await.json()["offset"] != 3 {}
        gate.open();
    };
    let (got, ()) = tokio::join!(server.patch(bob, &id, 0, b"one"), meanwhile);
    assert_eq!(got.status, 200, "{}", got.json());
    let message = server.post_files(bob, &tea.stream, &[&id]).await;
    let got = tea.get(ana, &format!("{message}/files/{id}"), "").await;
    assert_eq!((got.status, got.body.as_slice()), (200, &b"one"[..]));
}
