//! The page about the terminal lists the table as it is.

use crate::command::help::keys;
use crate::command::table::{Group, Mode, all};

const PAGE: &str = include_str!("../../../../../../docs/terminal.md");

fn listed() -> String {
    let mut text = String::new();
    for (group, heading) in Group::ALL {
        text.push_str(&format!(
            "\n### {heading}\n\n| command | keys | what it does |\n| --- | --- | --- |\n"
        ));
        for entry in all(true).filter(|entry| entry.group == group) {
            let mark = if entry.mode == Mode::Screen { " *" } else { "" };
            let (usage, about) = (entry.usage(), entry.about);
            let keys = keys(entry).replace('|', "\\|");
            text.push_str(&format!("| `{usage}`{mark} | {keys} | {about} |\n"));
        }
    }
    text.push('\n');
    text
}

/// With `KITH_WRITE` set it writes the page instead.
#[test]
fn the_page_lists_every_command_with_its_keys() {
    let (before, rest) = PAGE.split_once("<!-- commands:begin -->").unwrap();
    let (shown, after) = rest.split_once("<!-- commands:end -->").unwrap();
    if std::env::var_os("KITH_WRITE").is_some() {
        let page =
            format!("{before}<!-- commands:begin -->{}<!-- commands:end -->{after}", listed());
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/terminal.md");
        std::fs::write(path, page).unwrap();
        return;
    }
    assert_eq!(shown, listed(), "KITH_WRITE=1 cargo test -p kith-terminal writes the list anew");
}
