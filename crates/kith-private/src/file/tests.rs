//! Names that do no harm, and blocks that are what was sent.

use proptest::prelude::*;

use super::*;

#[test]
fn a_name_is_safe_whatever_was_offered() {
    for (offered, safe) in [
        ("tea.txt", "tea.txt"),
        ("../../etc/passwd", "passwd"),
        ("C:\\windows\\win.ini", "win.ini"),
        ("..", "file"),
        ("", "file"),
        ("/", "file"),
        (".bashrc", "bashrc"),
        ("a\u{202e}txt.exe", "a_txt.exe"),
        ("a\nb\0c", "a_b_c"),
        ("con.txt", "_con.txt"),
        ("NUL", "_NUL"),
        ("a. . ", "a"),
        ("Tee für zwei.txt", "Tee für zwei.txt"),
    ] {
        assert_eq!(safe_name(offered), safe, "{offered:?}");
    }
    assert_eq!(safe_name(&"é".repeat(150)), "é".repeat(100));
}

fn pass(bytes: &[u8]) {
    let directory = tempfile::tempdir().unwrap();
    let (from, to) = (directory.path().join("from"), directory.path().join("to"));
    fs::write(&from, bytes).unwrap();
    let mut source = Source::open(&from).unwrap();
    let mut sink = Sink::create(&to, source.size()).unwrap();
    while sink.kept() < source.size() {
        assert!(source.agrees(sink.kept(), &sink.sum().hex()));
        let block = source.block(sink.kept()).unwrap();
        sink.keep(&block).unwrap();
    }
    assert!(source.agrees(sink.kept(), &sink.sum().hex()));
    assert!(!to.exists());
    let sum = source.sum().unwrap().hex();
    assert_eq!(sink.finish(&sum).unwrap(), to);
    assert_eq!(fs::read(&to).unwrap(), bytes);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
}

#[test]
fn files_of_every_length_arrive() {
    let block = usize::try_from(BLOCK_BYTES).unwrap();
    let bytes: Vec<u8> = (0..2 * block + 1).map(|place| (place * 7 % 251) as u8).collect();
    for length in [0, 1, block - 1, block, block + 1, 2 * block, 2 * block + 1] {
        pass(&bytes[..length]);
    }
}

#[test]
fn what_is_damaged_or_there_already_is_not_kept() {
    let directory = tempfile::tempdir().unwrap();
    let to = directory.path().join("to");
    let mut sink = Sink::create(&to, 3).unwrap();
    assert!(Sink::create(&to, 3).is_err(), "another is written there");
    assert!(sink.keep(b"abcd").is_err());
    sink.keep(b"abc").unwrap();
    assert!(sink.finish(&Sum::of(3).with(b"abd").hex()).is_err());
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    let mut sink = Sink::create(&to, 3).unwrap();
    sink.keep(b"abc").unwrap();
    fs::write(&to, "mine").unwrap();
    assert!(sink.finish(&Sum::of(3).with(b"abc").hex()).is_err());
    assert_eq!(fs::read(&to).unwrap(), b"mine");
    assert!(Sink::create(&to, 3).is_err(), "it is there");
}

#[test]
fn a_file_that_changes_on_its_way_is_noticed() {
    let directory = tempfile::tempdir().unwrap();
    let from = directory.path().join("from");
    fs::write(&from, b"abc").unwrap();
    let mut source = Source::open(&from).unwrap();
    source.block(0).unwrap();
    fs::write(&from, b"abd").unwrap();
    assert!(source.block(0).is_err());
    fs::write(&from, b"a").unwrap();
    assert!(source.block(0).is_err());
    assert!(Source::open(directory.path()).is_err());
}

proptest! {
    #[test]
    fn a_safe_name_stays_in_its_directory(offered in ".{0,300}") {
        let name = safe_name(&offered);
        prop_assert!(!name.is_empty() && name.len() <= NAME_BYTES_MAX + 1);
        prop_assert!(!name.contains(['/', '\\', '\0']) && !name.starts_with('.'));
        prop_assert_eq!(Path::new(&name).file_name().unwrap().to_str(), Some(name.as_str()));
        prop_assert_eq!(safe_name(&name), name);
    }
}
