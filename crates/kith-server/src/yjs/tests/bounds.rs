//! Several documents on one connection, and what is too much.

use super::*;

/// What a connection is told, with what is told of nobody left out.
async fn heard(client: &mut Client) -> Vec<u8> {
    loop {
        let message = client.next().await;
        if message != [1, 1, 0] && message != [9] {
            return message;
        }
    }
}

/// What a message about a document of this name is.
fn about(name: &str, message: &[u8]) -> Vec<u8> {
    [&wire::prefix(name), message].concat()
}

/// Opens a document on a connection of Hocuspocus; what it is told.
async fn open(client: &mut Client, name: &str) -> Vec<u8> {
    client.say(&about(name, &[2, 0, 0, 0])).await;
    heard(client).await
}

fn welcome(name: &str) -> Vec<u8> {
    about(name, b"\x02\x02\x0aread-write")
}

/// Whether what was said last about a document is kept; what comes before that is let pass.
async fn is_saved(client: &mut Client, prefix: &[u8]) -> bool {
    loop {
        if let Some([8, kept]) = heard(client).await.strip_prefix(prefix) {
            return *kept == 1;
        }
    }
}

/// Asks for all of a document in which nothing is yet, and tells that there is no more here.
async fn begin(client: &mut Client, name: &str) {
    client.say(&about(name, &[0, 0, 1, 0])).await;
    assert_eq!(heard(client).await, about(name, &[0, 0, 1, 0]), "what it is asked for");
    assert_eq!(heard(client).await, about(name, &[0, 1, 2, 0, 0]), "what it misses");
    has_all(client, name).await;
}

/// Tells that there is nothing here that the server misses.
async fn has_all(client: &mut Client, name: &str) {
    client.say(&about(name, &[0, 1, 2, 0, 0])).await;
    assert_eq!(heard(client).await, about(name, &[8, 1]));
}

/// Writes in a document, which is told to this session and saved.
async fn writes(client: &mut Client, name: &str, update: &[u8]) {
    client.say(&about(name, &did(update))).await;
    assert_eq!(heard(client).await, about(name, &did(update)));
    assert_eq!(heard(client).await, about(name, &[8, 1]));
}

/// How somebody is told what they miss, which is one update.
fn missed(update: &[u8]) -> Vec<u8> {
    [&[0, 1], &did(update)[2..]].concat()
}

/// The client 7 writes the letter that is its `clock`-th.
fn letter(clock: u64) -> Vec<u8> {
    let mut update = vec![1, 1, 7];
    wire::put(&mut update, clock);
    match clock.checked_sub(1) {
        None => update.extend([4, 1, 4, b't', b'e', b'x', b't']),
        Some(before) => {
            update.extend([132, 7]);
            wire::put(&mut update, before);
        }
    }
    update.extend([1, b'a', 0]);
    update
}

/// An update that inserts a text of so many bytes.
fn long(clock: u64, bytes: usize) -> Vec<u8> {
    let mut update = vec![1, 1, 7];
    wire::put(&mut update, clock);
    update.extend([4, 1, 4, b't', b'e', b'x', b't']);
    wire::put_chunk(&mut update, &vec![b'a'; bytes]);
    update.push(0);
    update
}

// Where documents are looked into by threads of their own, time has to pass as it does.
#[tokio::test]
async fn a_connection_speaks_of_several_documents_and_each_by_itself() {
    let world = World::new().await;
    let mut client = world.visit(Dialect::Named);
    let (tea, milk) = (format!("{}/tea", world.circle), format!("{}/milk", world.circle));
    // A client may name each of its sessions after a zero.
    let session = format!("{milk}\0kx3v");
    for name in [&tea, &session] {
        assert_eq!(open(&mut client, name).await, welcome(name));
        begin(&mut client, name).await;
    }
    for name in [&tea, &session] {
        writes(&mut client, name, EDIT).await;
    }
    // The name without the session is not the session's: nobody speaks of it.
    client.say(&about(&milk, &did(&letter(1)))).await;
    let mut other = world.visit(Dialect::Plain(milk.clone()));
    other.say(&[0, 0, 1, 0]).await;
    assert_eq!(heard(&mut other).await, [0, 0, 3, 1, 7, 1]);
    assert_eq!(heard(&mut other).await, missed(EDIT));
    // One is closed; the other goes on.
    client.say(&about(&session, &[7])).await;
    writes(&mut client, &tea, &letter(1)).await;
    other.say(&did(&letter(1))).await;
    assert_eq!(heard(&mut other).await, did(&letter(1)));
    client.say(&about(&session, &did(&letter(2)))).await;
    client.say(&about(&tea, &did(&letter(2)))).await;
    assert_eq!(heard(&mut client).await, about(&tea, &did(&letter(2))), "not of the closed one");
    assert_eq!(heard(&mut client).await, about(&tea, &[8, 1]));
    // It can be opened again, and then has what it missed.
    assert_eq!(open(&mut client, &session).await, welcome(&session));
    client.say(&about(&session, &[0, 0, 3, 1, 7, 1])).await;
    assert_eq!(heard(&mut client).await, about(&session, &[0, 0, 3, 1, 7, 2]));
    assert_eq!(heard(&mut client).await, about(&session, &missed(&letter(1))));
}

#[tokio::test]
async fn several_sessions_of_a_client_have_one_document_open() {
    let world = World::new().await;
    let mut client = world.visit(Dialect::Named);
    let session = |name: &str| format!("{}/tea\0{name}", world.circle);
    let (one, two) = (session("1"), session("2"));
    assert_eq!(open(&mut client, &one).await, welcome(&one));
    begin(&mut client, &one).await;
    writes(&mut client, &one, EDIT).await;
    // Who comes later misses what was written, and each is told what the other writes.
    assert_eq!(open(&mut client, &two).await, welcome(&two));
    client.say(&about(&two, &[0, 0, 1, 0])).await;
    assert_eq!(heard(&mut client).await, about(&two, &[0, 0, 3, 1, 7, 1]));
    assert_eq!(heard(&mut client).await, about(&two, &missed(EDIT)));
    has_all(&mut client, &two).await;
    client.say(&about(&two, &did(&letter(1)))).await;
    assert_eq!(heard(&mut client).await, about(&one, &did(&letter(1))));
    assert_eq!(heard(&mut client).await, about(&two, &did(&letter(1))));
    assert_eq!(heard(&mut client).await, about(&two, &[8, 1]), "saved for whoever wrote it");
    // They see each other, and nonsense is seen by nobody, nor that somebody else is gone.
    client.say(&about(&one, &there(1, "[7]"))).await;
    client.say(&about(&two, &there(1, "null"))).await;
    let name = r#"{"user":{"name":"ana"}}"#;
    client.say(&about(&one, &there(2, name))).await;
    assert_eq!(heard(&mut client).await, about(&two, &there(2, name)));
    let three = session("3");
    assert_eq!(open(&mut client, &three).await, welcome(&three));
    client.say(&about(&three, &[0, 0, 3, 1, 7, 2])).await;
    assert_eq!(heard(&mut client).await, about(&three, &[0, 0, 3, 1, 7, 2]));
    assert_eq!(heard(&mut client).await, about(&three, &[0, 1, 2, 0, 0]));
    assert_eq!(heard(&mut client).await, about(&three, &there(2, name)), "who was there before");
    client.say(&about(&three, &[7])).await;
    // One goes, with what it shows; the other stays, until the document does not.
    client.say(&about(&one, &[7])).await;
    assert_eq!(heard(&mut client).await, about(&two, &there(3, "null")));
    writes(&mut client, &two, &letter(2)).await;
    assert_eq!(open(&mut client, &one).await, welcome(&one));
    let hub = &world.app.hub;
    let ana = world.app.auth.caller(&world.token).await.unwrap().user;
    let tea = kith_core::text::TopicName::parse("tea").unwrap();
    let topic = hub.topic_named(ana, world.circle, &tea).await.unwrap().id;
    hub.execute(ana, None, &Command::RemoveTopic { topic }).await.unwrap();
    for name in [&two, &one] {
        assert!(heard(&mut client).await.starts_with(&about(name, &[7])));
    }
}

#[tokio::test]
async fn sessions_that_ask_at_once_are_all_answered() {
    let world = World::new().await;
    let mut writer = world.visit(Dialect::Plain(format!("{}/tea", world.circle)));
    writer.say(&[0, 0, 1, 0]).await;
    for _ in 0..2 {
        heard(&mut writer).await;
    }
    writer.say(&did(EDIT)).await;
    assert_eq!(heard(&mut writer).await, did(EDIT));
    let mut client = world.visit(Dialect::Named);
    let name = |number: u32| format!("{}/tea\0{number}", world.circle);
    // As a client of Hocuspocus says it: all of it before it hears the first answer.
    let said = (0..5).flat_map(|number| {
        [&[2, 0, 0, 0][..], &[0, 0, 1, 0]].map(|message| framed(&about(&name(number), message)))
    });
    client.0.write_all(&said.collect::<Vec<_>>().concat()).await.unwrap();
    let missed = missed(EDIT);
    let mut answered = std::collections::BTreeSet::new();
    while answered.len() < 5 {
        let told = heard(&mut client).await;
        answered.extend((0..5).filter(|number| told == about(&name(*number), &missed)));
    }
    // Each says that it has begun; then nothing is told twice.
    for number in 0..5 {
        client.say(&about(&name(number), &[0, 1, 2, 0, 0])).await;
    }
    for edit in [letter(1), letter(2)] {
        writer.say(&did(&edit)).await;
        let mut left: Vec<Vec<u8>> =
            (0..5).map(|number| about(&name(number), &did(&edit))).collect();
        while !left.is_empty() {
            let told = heard(&mut client).await;
            left.retain(|wanted| *wanted != told);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_document_is_told_to_eight_sessions_of_a_connection() {
    let world = World::new().await;
    let mut client = world.visit(Dialect::Named);
    let name = |number: u32| format!("{}/tea\0{number}", world.circle);
    for number in 0..8 {
        assert_eq!(open(&mut client, &name(number)).await, welcome(&name(number)));
    }
    let why = b"\x02\x01\x20at most 8 sessions of a document";
    assert_eq!(open(&mut client, &name(8)).await, about(&name(8), &why[..]));
    client.say(&about(&name(3), &[7])).await;
    assert_eq!(open(&mut client, &name(8)).await, welcome(&name(8)));
}

#[tokio::test(start_paused = true)]
async fn a_connection_has_a_hundred_documents_and_no_more() {
    let world = World::new().await;
    let mut client = world.visit(Dialect::Named);
    let name = |number: u32| format!("{}/notes/{number}", world.circle);
    for number in 0..100 {
        assert_eq!(open(&mut client, &name(number)).await, welcome(&name(number)));
    }
    let why = b"\x02\x01\x27at most 100 documents on one connection";
    assert_eq!(open(&mut client, &name(100)).await, about(&name(100), &why[..]));
    client.say(&about(&name(7), &[7])).await;
    assert_eq!(open(&mut client, &name(100)).await, welcome(&name(100)));
    assert_eq!(open(&mut client, &name(7)).await, about(&name(7), &why[..]));
    // The connection and what it speaks of live on.
    begin(&mut client, &name(99)).await;
}

#[tokio::test]
async fn what_is_too_large_ends_a_client_of_y_websocket_and_is_told_to_one_of_hocuspocus() {
    let world = World::new().await;
    // More pieces than a document may have, in an update that is no larger than one may be.
    let mut pieces = vec![1];
    wire::put(&mut pieces, 500_001);
    pieces.extend([7, 0]);
    pieces.extend([0, 1].repeat(500_001));
    pieces.push(0);
    for update in [long(0, 2 * 1024 * 1024), pieces] {
        assert!(update.len() < MESSAGE_BYTES_MAX);
        let mut plain = world.plain().await;
        plain.say(&did(&update)).await;
        assert_eq!(heard(&mut plain).await[..2], [2, 0], "why");
        assert_eq!(heard(&mut plain).await, close::TOO_LARGE.to_be_bytes());
        let (mut named, prefix) = world.named().await;
        named.say(&[prefix.as_slice(), &did(&update)].concat()).await;
        assert!(!is_saved(&mut named, &prefix).await);
    }
    // Each may be, and all together may not: a document takes 4 MiB.
    let (mut named, prefix) = world.named().await;
    let mut plain = world.plain().await;
    for clock in [0, 2_000_000] {
        let update = did(&long(clock, 2_000_000));
        named.say(&[prefix.as_slice(), &update].concat()).await;
        assert!(is_saved(&mut named, &prefix).await);
        while heard(&mut plain).await.len() < update.len() {}
    }
    let last = did(&long(4_000_000, 2_000_000));
    named.say(&[prefix.as_slice(), &last].concat()).await;
    assert!(!is_saved(&mut named, &prefix).await);
    plain.say(&last).await;
    assert_eq!(heard(&mut plain).await[..2], [2, 0], "why");
    assert_eq!(heard(&mut plain).await, close::TOO_LARGE.to_be_bytes());
    // Nothing of what was refused is in it, and it can still be opened.
    let mut late = world.visit(Dialect::Plain(world.name()));
    late.say(&[0, 0, 1, 0]).await;
    let mut vector = vec![1, 7];
    wire::put(&mut vector, 4_000_000);
    let mut asked = vec![0, 0];
    wire::put_chunk(&mut asked, &vector);
    assert_eq!(heard(&mut late).await, asked);
    assert!(heard(&mut late).await.len() > 4_000_000);
}

#[tokio::test(start_paused = true)]
async fn a_message_beyond_the_largest_is_not_even_read() {
    let world = World::new().await;
    let mut plain = world.plain().await;
    plain.try_to_say(&vec![0; MESSAGE_BYTES_MAX + 1]).await;
    assert_eq!(heard(&mut plain).await, 1009_u16.to_be_bytes());
}

#[tokio::test(start_paused = true)]
async fn whoever_writes_faster_than_the_disk_is_not_read_from() {
    let world = World::new().await;
    let mut client = world.plain().await;
    let held = world.may.acquire().await.unwrap();
    // So many are taken, and as much as the connection holds; then nothing more.
    let mut said = Vec::new();
    for clock in 0.. {
        let edit = did(&letter(clock));
        let frame = framed(&edit);
        let sent = tokio::time::timeout(Duration::from_secs(1), client.0.write_all(&frame));
        if sent.await.is_err() {
            break;
        }
        said.push(edit);
        assert!(said.len() < 10_000, "all that is said is taken");
    }
    assert!(said.len() > 1000, "{} were taken", said.len());
    drop(held);
    for edit in &said {
        assert_eq!(heard(&mut client).await, *edit);
    }
}

/// The server edits as a client too, for those who speak no Yjs.
#[tokio::test]
async fn whoever_writes_as_the_server_is_refused() {
    let world = World::new().await;
    let (mut named, prefix) = world.named().await;
    let mut plain = world.plain().await;
    let hub = &world.app.hub;
    let ana = world.app.auth.caller(&world.token).await.unwrap().user;
    let notes = kith_core::text::TopicName::parse("notes").unwrap();
    let topic = hub.topic_named(ana, world.circle, &notes).await.unwrap().id;
    let splice = serde_json::json!({"splice": {"at": 0, "insert": "tea"}});
    let asked = kith_core::topic::Asked { topic, change: serde_json::from_value(splice).unwrap() };
    let command = Command::Change { changes: vec![asked], when: Vec::new(), group: None };
    hub.execute(ana, None, &command).await.unwrap();
    let written = heard(&mut plain).await;
    let scan = kith_core::topic::text::scan(&written[3..]).unwrap();
    let mut forged = vec![1, 1];
    wire::put(&mut forged, scan.there[0].client);
    forged.extend([3, 4, 1, 4, b't', b'e', b'x', b't', 1, b'z', 0]);
    named.say(&[prefix.as_slice(), &did(&forged)].concat()).await;
    assert!(!is_saved(&mut named, &prefix).await);
    plain.say(&did(&forged)).await;
    assert_eq!(heard(&mut plain).await[..2], [2, 0], "why");
    assert_eq!(heard(&mut plain).await, close::MALFORMED.to_be_bytes());
    // What the server wrote may be told it again, and the others go on.
    named.say(&[prefix.as_slice(), &written].concat()).await;
    assert!(is_saved(&mut named, &prefix).await);
    named.say(&[prefix.as_slice(), &did(EDIT)].concat()).await;
    assert!(is_saved(&mut named, &prefix).await);
}
