//! Files that go with messages, and files that are saved.

use kith_core::command::Command;
use kith_core::event::Body;
use kith_core::file::{Attachment, BlobHash};
use kith_core::id::{FileId, Seq, Timestamp};
use kith_core::text::{FileName, MediaType};

use super::site::{Site, bob, posted, stream};
use crate::command::Action;
use crate::command::parse::{Style, parse};
use crate::model::{FileCame, FileWish, Note};

pub(crate) fn file(n: u128) -> FileId {
    FileId::new(Timestamp(1), n)
}

/// A picture of tea.
pub(crate) fn picture(n: u128, name: &str) -> Attachment {
    Attachment {
        id: file(n),
        name: FileName::parse(name).unwrap(),
        media: MediaType::parse("image/jpeg").unwrap(),
        bytes: 48_213,
        hash: BlobHash::of(b"tea"),
        width: Some(1600),
        height: Some(1200),
        color: None,
        thumbnail: true,
    }
}

/// Bob posts files in a stream.
pub(crate) fn post_files(site: &mut Site, text: &str, files: Vec<Attachment>) -> Seq {
    let Body::Posted { text, reply_to, thread, topic, mentions, .. } = posted(text) else {
        unreachable!("what is posted is posted");
    };
    let body = Body::Posted { text, reply_to, thread, topic, files, mentions };
    let seq = site.happen(stream(1), bob(), None, body);
    site.settle();
    seq
}

fn types(site: &mut Site, line: &str) {
    site.act(parse(line, Style::Screen, &[]).unwrap().unwrap());
}

fn wrong(site: &mut Site) -> String {
    match site.notes().pop() {
        Some(Note::Wrong(why)) => why,
        note => panic!("{note:?}"),
    }
}

#[test]
fn files_go_up_one_after_another_and_then_their_message_is_posted() {
    let mut site = Site::connected();
    types(&mut site, "/attach 'my tea.jpg' menu.pdf -- The menu");
    let [(ticket, FileWish::Upload { path, name, op })] = &site.files[..] else {
        panic!("{:?}", site.files)
    };
    assert_eq!((path.to_str(), name.as_str()), (Some("my tea.jpg"), "my tea.jpg"));
    let (ticket, op) = (*ticket, op.clone());
    site.notes();
    for at in [10, 250, 500, 1000] {
        site.file(ticket, FileCame::Progress { at, bytes: 1000 });
    }
    let told = |percent| Note::Progress { name: "my tea.jpg".to_owned(), percent };
    assert_eq!(site.notes(), [told(25), told(50)]);
    assert!(!site.model.is_idle());
    site.file(ticket, FileCame::Uploaded(file(1)));
    assert!(matches!(&site.files[1], (of, FileWish::Upload { name, .. })
        if *of == ticket && name.as_str() == "menu.pdf"));
    // What failed goes on under the same name.
    site.file(ticket, FileCame::Failed("the disk is gone".to_owned()));
    assert_eq!(wrong(&mut site), "not sent: the disk is gone");
    types(&mut site, "/retry");
    let (FileWish::Upload { op: second, .. }, FileWish::Upload { op: again, .. }) =
        (&site.files[1].1, &site.files[2].1)
    else {
        panic!("{:?}", site.files)
    };
    assert!(second == again && *again != op);
    site.file(ticket, FileCame::Uploaded(file(2)));
    let posted = site.commands.last();
    assert!(
        matches!(posted, Some(Command::Post { text, files, .. })
            if text.as_str() == "The menu" && *files == [file(1), file(2)]),
        "{posted:?}"
    );
    assert_eq!(site.model.transfers().count(), 0);
    assert!(site.model.is_idle());
}

#[test]
fn what_cannot_be_attached_is_told_and_what_failed_can_be_dropped() {
    let mut site = Site::connected();
    types(&mut site, "/attach / -- text");
    assert!(wrong(&mut site).starts_with("/ cannot be sent under its name"));
    types(&mut site, "/attach a b c d e f g h i j k");
    assert_eq!(wrong(&mut site), "at most 10 files go with a message");
    types(&mut site, "/attach -- text");
    assert_eq!(wrong(&mut site), "`attach` needs FILES, files of this machine");
    types(&mut site, "/attach tea.jpg");
    let ticket = site.files[0].0;
    site.file(ticket, FileCame::Failed("too large".to_owned()));
    types(&mut site, "/discard");
    let here = site.model.here().unwrap();
    assert_eq!(site.model.outgoing(here).count(), 0);
    site.act(Action::Discard);
    assert_eq!(wrong(&mut site), "nothing was refused here");
}

#[test]
fn files_of_messages_are_saved_where_one_says() {
    let mut site = Site::connected();
    let files = vec![picture(1, "tea.jpg"), picture(2, "pot.jpg")];
    let seq = post_files(&mut site, "look", files);
    site.post(1, bob(), "nice");
    types(&mut site, "/download");
    let [(first, FileWish::Download { message, about, directory, .. }), (other, _)] =
        &site.files[..]
    else {
        panic!("{:?}", site.files)
    };
    assert_eq!((*message, about.name.as_str()), (seq, "tea.jpg"));
    assert_eq!(directory.to_str(), Some("."));
    let (first, other) = (*first, *other);
    types(&mut site, &format!("/save #{seq} /tmp"));
    assert_eq!(wrong(&mut site), "tea.jpg is being saved already");
    site.file(first, FileCame::Saved("./tea.jpg".into()));
    assert!(site.notes().contains(&Note::Said(vec!["saved ./tea.jpg".to_owned()])));
    site.file(other, FileCame::Failed("the disk is full".to_owned()));
    assert_eq!(wrong(&mut site), "pot.jpg is not saved: the disk is full");
    types(&mut site, &format!("/download {}", seq.next()));
    assert_eq!(wrong(&mut site), format!("message #{} has no files", seq.next()));
    types(&mut site, &format!("/download {seq} /tmp/tea things"));
    let (_, FileWish::Download { directory, .. }) = site.files.last().unwrap() else {
        panic!("{:?}", site.files)
    };
    assert_eq!(directory.to_str(), Some("/tmp/tea things"));
}
