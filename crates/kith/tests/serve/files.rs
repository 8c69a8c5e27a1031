//! Files at the command line: sent, read, saved, kept through crashes, backed up and checked.

use std::fs;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

use crate::program::{Person, Server, kith, run};
use crate::{PASSWORD, place};

/// Ana and bob in the circle Tea.
pub(crate) fn tea(server: &Server) -> (Person, Person) {
    let ana = Person::sign_up(server, "ana", PASSWORD);
    let bob = Person::sign_up(server, "bob", PASSWORD);
    ana.done(&["circle", "create", "Tea"]);
    let link = ana.done(&["invite", "Tea"]);
    bob.done(&["join", link.trim_end()]);
    (ana, bob)
}

const FREE: [&str; 2] = ["--set", "files.free_percent=1"];

#[test]
fn files_are_sent_and_saved_and_survive_a_crash_and_a_restore() {
    let (dir, data) = place();
    let server = Server::start(&data, &FREE);
    let (ana, bob) = tea(&server);
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let content: Vec<u8> = (0..5_000_000_u32).map(|n| (n % 251) as u8).collect();
    fs::write(path("list.bin"), &content).unwrap();
    fs::write(path("note.txt"), "black tea").unwrap();
    ana.done(&["send", "Tea/general", "--file", &path("list.bin"), "--file", &path("note.txt")]);
    let address = server.address;
    // What was acknowledged is there whatever comes.
    server.kill();
    let server = Server::start_at(address, &data);
    let read = bob.done(&["read", "Tea/general"]);
    assert!(read.contains("\n    [list.bin, 4.8 MiB]\n    [note.txt, 9 bytes]\n"), "{read}");
    let number = read.split(' ').nth(2).unwrap();
    let here = path("here");
    fs::create_dir(&here).unwrap();
    // A part that came before is not brought again.
    fs::write(path("here/list.bin.part"), &content[..3_000_000]).unwrap();
    bob.done(&["download", "Tea/general", number, "--to", &here]);
    bob.done(&["download", "Tea/general", number, "--to", &here]);
    assert!(fs::read(path("here/list.bin")).unwrap() == content);
    assert!(fs::read(path("here/list (2).bin")).unwrap() == content);
    assert_eq!(fs::read(path("here/note.txt")).unwrap(), b"black tea");
    assert_eq!(fs::read_dir(&here).unwrap().count(), 4, "nothing else is left");
    fs::write(path("here/a.txt.part"), "something else").unwrap();
    // What is there is counted when the server starts.
    while !server.get("/metrics").contains("\nkith_files_bytes 5000009\n") {}
    assert!(server.get("/metrics").contains("\nkith_files 2\n"));
    assert_eq!(server.stop("TERM"), Some(0));

    let backup = path("copy.db");
    let done = run(kith(&["backup", &backup, "--data", &data]), "");
    assert!(done.out.contains("with 2 contents of files in "), "{done:?}");
    let restored = path("restored");
    let done = run(kith(&["restore", &backup, "--data", &restored]), "");
    assert!(done.out.contains("with 2 contents of files\n"), "{done:?}");
    let checked = run(kith(&["check", "--data", &restored]), "");
    assert!(checked.out.contains(", 2 contents of files\n"), "{checked:?}");
    // One bit, and one content that is gone.
    let blobs = || {
        fs::read_dir(format!("{restored}/files/blobs"))
            .unwrap()
            .map(|dir| fs::read_dir(dir.unwrap().path()).unwrap().next().unwrap().unwrap().path())
    };
    let large = blobs().find(|path| path.metadata().unwrap().len() > 9).unwrap();
    let mut damaged = content;
    damaged[1000] ^= 4;
    fs::remove_file(&large).unwrap();
    fs::write(&large, damaged).unwrap();
    fs::remove_file(blobs().find(|path| path.metadata().unwrap().len() == 9).unwrap()).unwrap();
    let checked = run(kith(&["check", "--data", &restored]), "");
    assert_eq!(checked.code, Some(5), "{checked:?}");
    assert!(
        checked.out.contains("is damaged.\n") && checked.out.contains("is missing.\n"),
        "{checked:?}"
    );
    // What cannot be read is another matter.
    fs::remove_file(&large).unwrap();
    fs::create_dir(&large).unwrap();
    let checked = run(kith(&["check", "--data", &restored]), "");
    assert!(checked.code == Some(5) && !checked.out.contains("damaged"), "{checked:?}");
    assert!(checked.out.contains(" cannot be read: "), "{checked:?}");
    let copied = run(kith(&["backup", &path("again.db"), "--data", &restored]), "");
    assert!(copied.code == Some(5) && copied.out.contains("backed up to "), "{copied:?}");
    assert!(copied.err.contains("which cannot be read: "), "{copied:?}");
}

pub(crate) fn encoded(image: RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut content = std::io::Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(image).write_to(&mut content, format).unwrap();
    content.into_inner()
}

/// The most memory that the server had, in KiB.
#[cfg(target_os = "linux")]
fn peak_kib(server: &Server) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
#[cfg(target_os = "linux")]
fn images_have_a_size_and_bombs_do_not_reach_the_server() {
    let (dir, data) = place();
    let server = Server::start(&data, &FREE);
    let (ana, bob) = tea(&server);
    let send = |name: &str, content: &[u8]| {
        let path = dir.path().join(name);
        fs::write(&path, content).unwrap();
        ana.done(&["send", "Tea/general", "--file", path.to_str().unwrap()]);
        let read = bob.done(&["read", "Tea/general", "--limit", "1", "--json"]);
        let message: serde_json::Value = serde_json::from_str(&read).unwrap();
        message["files"][0].clone()
    };
    let orange = RgbImage::from_pixel(1600, 900, Rgb([250, 120, 10]));
    let file = send("orange.png", &encoded(orange, ImageFormat::Png));
    assert_eq!((&file["width"], &file["height"]), (&1600.into(), &900.into()), "{file}");
    assert_eq!((&file["type"], &file["thumbnail"]), (&"image/png".into(), &true.into()));
    assert!(file["color"].as_str().unwrap().starts_with("#f"), "{file}");

    // Two are shown with it, and what others see is small and square.
    let path = dir.path().join("orange.png");
    let path = path.to_str().unwrap();
    let told = ana.done(&["profile", "--name", "Ana Ł", "--avatar", path]);
    assert!(told.contains("shown as Ana Ł, with an image"), "{told}");
    ana.done(&["circle", "icon", "Tea", path]);
    let me: serde_json::Value = serde_json::from_str(&ana.done(&["profile", "--json"])).unwrap();
    let account =
        serde_json::json!({ "name": "bob", "password": PASSWORD.trim_end(), "kind": "token" });
    let begun = server.post("/api/v1/sessions", None, &account.to_string());
    let begun: serde_json::Value =
        serde_json::from_str(begun.split_once("\r\n\r\n").unwrap().1).unwrap();
    let token = begun["token"].as_str().unwrap();
    let id = me["id"].as_str().unwrap();
    let page = server.bytes_as(&format!("/api/v1/users/{id}/avatar"), token);
    let body = page.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    let square = image::load_from_memory(&page[body..]).unwrap();
    assert_eq!((square.width(), square.height()), (192, 192));
    let note = dir.path().join("note.txt");
    fs::write(&note, "black tea").unwrap();
    let refused = ana.say(&["profile", "--avatar", note.to_str().unwrap()]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("no image that can be shown"), "{refused:?}");

    let before = peak_kib(&server);
    // 36 million pixels in few bytes: decoded, they take more than 100 MiB.
    let wide = send("wide.png", &encoded(RgbImage::new(6000, 6000), ImageFormat::Png));
    assert!(wide["bytes"].as_u64().unwrap() < 1_000_000);
    assert!(wide["width"].is_null() || wide["width"] == 6000, "{wide}");
    // Says that it has ten thousand million pixels.
    let mut claims = encoded(RgbImage::new(8, 8), ImageFormat::Png);
    claims[16..24].copy_from_slice(&[0, 1, 0x86, 0xa0, 0, 1, 0x86, 0xa0]);
    let mut gif = b"GIF89a\xff\xff\xff\xff\x80\0\0\0\0\0\xff\xff\xff".to_vec();
    gif.extend(b",\0\0\0\0\xff\xff\xff\xff\0\x02\x02D\x01\0;");
    let mut jpeg = encoded(RgbImage::new(8, 8), ImageFormat::Jpeg);
    let at = jpeg.windows(2).position(|two| two == b"\xff\xc0").unwrap();
    jpeg[at + 5..at + 9].fill(0xff);
    for (name, bomb) in [("a.png", claims), ("a.gif", gif), ("a.jpg", jpeg)] {
        let file = send(name, &bomb);
        assert!(file["width"].is_null() && file["thumbnail"].is_null(), "{name}: {file}");
    }
    let grown = peak_kib(&server).saturating_sub(before);
    assert!(grown < 64 * 1024, "the server grew by {grown} KiB");
    assert_eq!(server.stop("TERM"), Some(0));
}
