//! Private sessions in the model, without devices.

use kith_core::text::MessageText;
use kith_private::Way;
use kith_private::event::{Event, What};
use kith_private::handshake::SessionId;
use kith_private::peers::Trust;
use kith_private::signal::End;
use kith_private::words::Words;

use super::site::{Site, bob};
use crate::command::parse::{Style, parse};
use crate::model::{Note, PrivateCame, PrivateWish, Stage};

fn id(number: u8) -> SessionId {
    kith_private::hex::Hex([number; 16])
}

fn types(site: &mut Site, line: &str) {
    let action = parse(line, Style::Plain, &[]).unwrap().unwrap();
    site.act(action);
}

fn happens(site: &mut Site, number: u8, what: What) {
    site.privately(PrivateCame::Event(Event { id: id(number), what }));
}

/// What was said and told since the last time, and what went wrong.
fn told(site: &mut Site) -> Vec<String> {
    let notes = site.notes();
    let told = |note| match note {
        Note::Private { mark, line, .. } => {
            let by = line.by.map(|by| format!("{}: ", site.model.people().name(by)));
            Some(format!("({mark}) {}{}", by.unwrap_or_default(), line.text))
        }
        Note::Wrong(why) => Some(format!("wrong: {why}")),
        Note::Said(lines) => Some(lines.join("\n")),
        _ => None,
    };
    notes.into_iter().filter_map(told).collect()
}

/// A session with bob that is connected.
fn connected() -> Site {
    let mut site = Site::connected();
    types(&mut site, "startprivate bob");
    site.privately(PrivateCame::Invited(bob(), id(1)));
    happens(&mut site, 1, What::Accepted { user: bob() });
    let words = Words::of(&[7; 32]);
    happens(&mut site, 1, What::Agreed { user: bob(), words, trust: Trust::First });
    happens(&mut site, 1, What::Connected);
    told(&mut site);
    site.privately.clear();
    site
}

#[test]
fn somebody_is_invited_and_shown_as_unverified_until_the_words_were_compared() {
    let mut site = Site::connected();
    told(&mut site);
    types(&mut site, "startprivate bob");
    assert_eq!(site.privately, [PrivateWish::Invite(bob(), Way::Relayed)]);
    site.privately(PrivateCame::Invited(bob(), id(1)));
    happens(&mut site, 1, What::Ringing { devices: 1 });
    happens(&mut site, 1, What::Accepted { user: bob() });
    assert_eq!(
        told(&mut site),
        [
            "(not agreed yet) bob is invited",
            "(not agreed yet) the invitation is shown on their device",
            "(not agreed yet) both want to: the devices connect",
        ]
    );
    let words = Words::of(&[7; 32]);
    happens(&mut site, 1, What::Agreed { user: bob(), words, trust: Trust::Known });
    let shown = told(&mut site);
    assert_eq!(shown[0], format!("(not verified) words: {words}"));
    assert!(shown[1].contains("`verify bob` says so"), "{shown:?}");
    happens(&mut site, 1, What::Connected);
    assert_eq!(told(&mut site), ["(not verified) connected"]);
    types(&mut site, "verify bob");
    site.privately(PrivateCame::Verified(bob()));
    assert_eq!(told(&mut site), ["(verified) verified: the words were the same"]);
    types(&mut site, "private bob tea?");
    let said = MessageText::parse("tea?").unwrap();
    assert_eq!(site.privately.last(), Some(&PrivateWish::Say(id(1), bob(), said.clone())));
    happens(&mut site, 1, What::Message { text: said });
    assert_eq!(told(&mut site), ["(verified) ana: tea?", "(verified) bob: tea?"]);
    types(&mut site, "privates");
    assert_eq!(told(&mut site), ["bob: connected, verified"]);
}

#[test]
fn an_invitation_is_accepted_or_refused_by_its_name() {
    let mut site = Site::connected();
    told(&mut site);
    happens(&mut site, 1, What::Invited { user: bob() });
    let shown = told(&mut site);
    assert!(shown[0].contains("`acceptprivate bob`"), "{shown:?}");
    types(&mut site, "startprivate bob");
    assert!(told(&mut site)[0].contains("`acceptprivate bob` accepts it"));
    types(&mut site, "private bob hello");
    assert_eq!(told(&mut site), ["wrong: nothing can be said yet: an invitation to you"]);
    types(&mut site, "acceptprivate bob direct");
    types(&mut site, "stopprivate BOB");
    let wanted = [PrivateWish::Accept(id(1), bob(), Way::Direct), PrivateWish::End(id(1))];
    assert_eq!(site.privately, wanted);
    happens(&mut site, 1, What::Ended { user: bob(), why: End::Refused });
    assert_eq!(told(&mut site), [format!("(not agreed yet) over: {}", End::Refused.sentence())]);
    types(&mut site, "private bob hello");
    let none = "wrong: there is no private session with bob: `startprivate bob` invites them";
    assert_eq!(told(&mut site), [none]);
    types(&mut site, "acceptprivate cyd");
    assert!(told(&mut site)[0].contains("`startprivate cyd`"));
}

#[test]
fn where_there_is_no_way_it_says_how_to_agree_to_one() {
    let mut site = Site::connected();
    told(&mut site);
    types(&mut site, "startprivate bob");
    let why = "there is no relay. `startprivate USER direct` agrees to it".to_owned();
    site.privately(PrivateCame::Refused(Some(bob()), why.clone()));
    assert_eq!(told(&mut site), [format!("wrong: {why}")]);
    assert_eq!(site.model.private(bob()).map(|talk| talk.stage()), Some(Stage::Over));
    types(&mut site, "startprivate bob direct");
    assert_eq!(site.privately.last(), Some(&PrivateWish::Invite(bob(), Way::Direct)));
}

#[test]
fn files_are_taken_when_one_says_so_and_told_of_as_they_come() {
    let mut site = connected();
    types(&mut site, "sendfile bob /tmp/my tea.txt");
    let path = std::path::PathBuf::from("/tmp/my tea.txt");
    assert_eq!(site.privately, [PrivateWish::SendFile(id(1), bob(), path)]);
    site.privately.clear();
    let offered = What::Offered { file: 3, name: "tea.bin".to_owned(), size: 5_000_000 };
    happens(&mut site, 1, offered);
    assert!(told(&mut site)[0].contains("file 3 is offered: tea.bin, 5.0 MB. `takefile bob 3`"));
    assert_eq!(site.privately, []);
    types(&mut site, "takefile bob 4");
    assert_eq!(told(&mut site), ["wrong: there is no file 4"]);
    types(&mut site, "takefile bob 3");
    let kept = std::path::PathBuf::from("./tea.bin");
    assert_eq!(site.privately, [PrivateWish::TakeFile(id(1), bob(), 3, kept.clone())]);
    for bytes in [400_000, 500_000, 900_000, 1_100_000, 5_000_000] {
        happens(&mut site, 1, What::Progress { file: 3, ours: false, bytes, size: 5_000_000 });
    }
    happens(&mut site, 1, What::Whole { file: 3, path: Some(kept) });
    assert_eq!(
        told(&mut site),
        [
            "(not verified) file 3: 500 kB of 5.0 MB",
            "(not verified) file 3: 1.1 MB of 5.0 MB",
            "(not verified) file 3 is kept as ./tea.bin",
        ]
    );
}

#[test]
fn whoever_is_blocked_is_talked_to_no_longer() {
    let mut site = connected();
    types(&mut site, "block bob");
    assert_eq!(site.privately, [PrivateWish::Block(bob())]);
    happens(&mut site, 1, What::Ended { user: bob(), why: End::Ended });
    assert_eq!(site.model.private(bob()).map(|talk| talk.stage()), Some(Stage::Over));
}

#[test]
fn what_belongs_to_no_session_of_ours_is_not_shown() {
    let mut site = connected();
    happens(&mut site, 9, What::Connected);
    happens(&mut site, 9, What::Ended { user: bob(), why: End::Crossed });
    assert_eq!(told(&mut site), Vec::<String>::new());
    assert_eq!(site.model.private(bob()).map(|talk| talk.stage()), Some(Stage::Connected));
}
