//! Files by the messages that refer to them: brought to exactly those who may read these.

use kith_core::decide::file::{FileLimits, Found, NewFile};
use kith_core::document::Thumbnail;
use kith_core::file::BlobHash;
use kith_core::id::FileId;
use kith_core::text::{FileName, MediaType};
use serde_json::json;

use crate::matrix::{DONE, PRINCIPALS, rows};
use crate::surface::request;
use crate::world::{World, missing};

/// A file of a user, whose content is nowhere.
async fn file_of(world: &World, who: &str) -> String {
    made_by(world, who, None).await.to_string()
}

/// An image of a user, whose contents are nowhere.
pub(crate) async fn image_of(world: &World, who: &str) -> FileId {
    let media = MediaType::parse("image/png").unwrap();
    let square = Thumbnail { hash: BlobHash::of(who.as_bytes()), media, bytes: 3 };
    made_by(world, who, Some(square)).await
}

async fn made_by(world: &World, who: &str, square: Option<Thumbnail>) -> FileId {
    let (me, hash) = (world.id(who), BlobHash::of(b"tea"));
    let new = NewFile { name: FileName::parse("a.txt").unwrap(), bytes: 3, hash: None };
    let limits = FileLimits { bytes_max: 9, user_bytes_max: 9999, user_per_day_max: 999 };
    let begun = world.hub().begin_file(me, None, &new, &limits).await.unwrap();
    let media = MediaType::parse("text/plain").unwrap();
    let found = Found { hash, media, size: None, color: None, thumbnail: None, square };
    let file = begun.file.unwrap();
    world.hub().finish_file(me, file, &found).await.unwrap();
    file
}

/// The image of a user is seen by whoever may see the user by id, and that of a circle by its members,
/// by whoever may join it, and by those who administer the site.
#[tokio::test]
async fn images_are_brought_to_whoever_may_know_whose_they_are() {
    let world = World::open().await;
    let (shown, bare) = (world.id("carol"), world.id("moderator"));
    let file = json!({ "file": image_of(&world, "carol").await }).to_string();
    let token = Some(world.token("carol"));
    let page = request(world.port, token, "PUT /users/me/avatar", &file).await;
    assert_eq!(page.status, 200, "{}", page.body);
    for on in ["a circle", "a public circle"] {
        let names = world.names("owner", on);
        let file = json!({ "file": names["file"] }).to_string();
        let line = format!("PUT /circles/{}/icon", names["circle"]);
        let page = request(world.port, Some(world.token("owner")), &line, &file).await;
        assert_eq!(page.status, 200, "{line}: {}", page.body);
    }
    let (tea, park) = (world.circle(), &world.names("owner", "a public circle")["circle"]);
    let cells = |operation: &str, on: &str| {
        rows().into_iter().find(|row| row.operation == operation && row.on == on).unwrap().cells
    };
    let (users, of_circle, join) =
        (cells("users", "a member"), cells("circle", "a circle"), cells("join", "a public circle"));
    // Those of a group that the moderator left know them, too.
    let of_bare = cells("users", "one who left a group");
    let before = world.dump().await;
    for who in PRINCIPALS {
        let knows = |cell: &str| match cell {
            DONE => "file.off".to_owned(),
            code => code.to_owned(),
        };
        let of_tea = if who == "admin" { DONE } else { of_circle[who].as_str() };
        for (path, expected) in [
            (format!("/users/{shown}/avatar"), knows(&users[who])),
            (format!("/circles/{tea}/icon"), knows(of_tea)),
            (format!("/circles/{park}/icon"), knows(&join[who])),
            // Of whoever has none.
            (
                format!("/users/{bare}/avatar"),
                match of_bare[who].as_str() {
                    DONE => "file.not_found".to_owned(),
                    code => code.to_owned(),
                },
            ),
            (format!("/users/{}/avatar", missing("u_")), "user.not_found".to_owned()),
            (format!("/circles/{}/icon", missing("c_")), "circle.not_found".to_owned()),
        ] {
            let token = Some(world.token(who));
            let page = request(world.port, token, &format!("GET {path}"), "").await;
            let problem: serde_json::Value = serde_json::from_str(&page.body).unwrap();
            assert_eq!(problem["code"], expected, "{who} on {path}");
        }
    }
    let code = &world.names("owner", "an invite")["code"];
    for (code, expected) in [(code.as_str(), "file.off"), ("nothing", "invite.not_found")] {
        let page = request(world.port, None, &format!("GET /site/invites/{code}/icon"), "").await;
        assert!(page.body.contains(expected), "{}", page.body);
    }
    assert_eq!(world.dump().await, before);
}

#[tokio::test]
async fn a_file_is_brought_to_whoever_may_read_its_message_and_to_nobody_else() {
    let world = World::open().await;
    for row in rows().iter().filter(|row| row.operation == "messages") {
        let stream = match row.on.as_str() {
            "no such stream" => continue,
            on => world.stream(on),
        };
        let writers = ["owner", "member"];
        let Some((author, file, seq)) = posted(&world, stream, &writers).await else {
            // Nobody writes there any more.
            continue;
        };
        for who in PRINCIPALS {
            let token = Some(world.token(who));
            for (end, missing_file) in [("", false), ("/thumbnail", false), ("", true)] {
                let id = if missing_file { missing("f_") } else { file.clone() };
                let line = format!("GET /streams/{stream}/messages/{seq}/files/{id}{end}");
                let page = request(world.port, token, &line, "").await;
                let problem: serde_json::Value = serde_json::from_str(&page.body).unwrap();
                let expected = match row.cells[who].as_str() {
                    DONE if missing_file || end == "/thumbnail" => "file.not_found",
                    // The content is nowhere; it would be brought.
                    DONE => "file.off",
                    code => code,
                };
                assert_eq!(problem["code"], expected, "{who} on {} of {author}", row.on);
            }
        }
    }
}

/// Has the first of these who may post a file in a stream: who, which file, and which message.
async fn posted(world: &World, stream: &str, who: &[&str]) -> Option<(String, String, u64)> {
    for one in who {
        let file = file_of(world, one).await;
        let line = format!("PUT /streams/{stream}/messages/f{}", &file[2..]);
        let body = json!({ "files": [file] }).to_string();
        let page = request(world.port, Some(world.token(one)), &line, &body).await;
        if page.status == 200 {
            let told: serde_json::Value = serde_json::from_str(&page.body).unwrap();
            return Some(((*one).to_owned(), file, told["events"][0]["seq"].as_u64().unwrap()));
        }
    }
    None
}

#[tokio::test]
async fn a_file_of_somebody_else_is_as_if_it_were_not_there() {
    let world = World::open().await;
    let file = file_of(&world, "member").await;
    let before = world.dump().await;
    for who in PRINCIPALS.into_iter().filter(|who| *who != "member") {
        for line in [
            "GET /files/{}",
            "DELETE /files/{}",
            "GET /files/{}/content",
            "GET /files/{}/thumbnail",
        ] {
            let token = Some(world.token(who));
            let theirs = request(world.port, token, &line.replace("{}", &file), "").await;
            let none = request(world.port, token, &line.replace("{}", &missing("f_")), "").await;
            assert_eq!(theirs.status, 404, "{who} {line}");
            assert_eq!(theirs, none, "{who} {line}");
        }
    }
    assert_eq!(world.dump().await, before);
}

/// Attaching needs its permission, beside what posting needs.
#[tokio::test]
async fn who_may_not_attach_may_still_write() {
    let world = World::open().await;
    let stream = world.stream("a channel");
    let deny =
        json!({ "deny": { (world.names("member", "a text")["everyone"].clone()): ["attach"] } })
            .to_string();
    let line = format!("PUT /streams/{stream}/deny");
    let page = request(world.port, Some(world.token("owner")), &line, &deny).await;
    assert_eq!(page.status, 200, "{}", page.body);
    for (who, status) in [("member", 403), ("owner", 200)] {
        let file = file_of(&world, who).await;
        for (n, body, status) in
            [("a", json!({ "files": [file] }), status), ("b", json!({ "text": "hi" }), 200)]
        {
            let line = format!("PUT /streams/{stream}/messages/{n}{who}");
            let page = request(world.port, Some(world.token(who)), &line, &body.to_string()).await;
            assert_eq!(page.status, status, "{who} {body}: {}", page.body);
            assert!(status == 200 || page.body.contains("permission.denied"));
        }
    }
}
