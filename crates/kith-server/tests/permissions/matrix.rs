//! The tables of docs/permissions.md, read as they are written.

use std::collections::BTreeMap;

/// Whoever the columns of a row may name.
pub(crate) const PRINCIPALS: [&str; 9] =
    ["stranger", "former", "banned", "admin", "muted", "member", "bot", "moderator", "owner"];
const READERS: [&str; 5] = ["muted", "member", "bot", "moderator", "owner"];
/// What stands for an operation that is done.
pub(crate) const DONE: &str = "done";

/// What one operation on one kind of object gives each principal.
pub(crate) struct Row {
    pub(crate) operation: String,
    pub(crate) on: String,
    /// By principal: [`DONE`] or a code.
    pub(crate) cells: BTreeMap<&'static str, String>,
}

fn document() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/permissions.md");
    std::fs::read_to_string(path).unwrap()
}

/// All rows of all tables of the matrix.
pub(crate) fn rows() -> Vec<Row> {
    let document = document();
    let (_, matrix) = document.split_once("## The matrix").unwrap();
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    let lines = matrix.lines().filter(|line| line.starts_with("| `"));
    lines.map(|line| row(&cells(line))).collect()
}

fn row(columns: &[String]) -> Row {
    let [operation, on, done, refused] = columns else { panic!("four columns: {columns:?}") };
    let mut cells = BTreeMap::new();
    let mut put = |names: &str, outcome: &str| {
        for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let named: Vec<&'static str> = match name {
                "all" => PRINCIPALS.to_vec(),
                "readers" => READERS.to_vec(),
                "others" => {
                    let rest = PRINCIPALS.iter().filter(|one| !cells.contains_key(**one));
                    rest.copied().collect()
                }
                one => vec![*PRINCIPALS.iter().find(|known| **known == one).expect(one)],
            };
            for one in named {
                let twice = cells.insert(one, outcome.to_owned());
                assert!(twice.is_none(), "{operation} on {on} names {one} twice");
            }
        }
    };
    put(done, DONE);
    for part in refused.split(';').filter(|part| !part.is_empty()) {
        let (names, code) = part.split_once(':').expect(part);
        put(names, code.trim().trim_matches('`'));
    }
    let row = Row { operation: operation.trim_matches('`').to_owned(), on: on.clone(), cells };
    for one in PRINCIPALS {
        assert!(row.cells.contains_key(one), "{operation} on {on} says nothing of {one}");
    }
    row
}

/// The routes that do no operation of the WebSocket: those of REST alone, and those that are open to
/// everyone, as `METHOD /path`.
pub(crate) fn other_routes() -> Vec<String> {
    let document = document();
    let (_, others) = document.split_once("### By REST alone").unwrap();
    let quoted = others.split('`').skip(1).step_by(2);
    quoted.filter(|text| text.contains(" /")).map(str::to_owned).collect()
}
