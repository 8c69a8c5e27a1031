//! Files that `kith chat` saves over a network that breaks.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::chat::{Typist, tea_with};
use crate::place;
use crate::program::Person;

/// So many bytes go through, and then the network breaks, once.
const BREAKS_AT: u64 = 12_000_000;
const SIZE: usize = 16_000_000;

/// A network in front of a server.
struct Network {
    address: SocketAddr,
    /// Bytes that came from the server.
    came: Arc<AtomicU64>,
}

impl Network {
    fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let came = Arc::<AtomicU64>::default();
        let counted = Arc::clone(&came);
        std::thread::spawn(move || {
            for near in listener.incoming() {
                let (Ok(near), Ok(far)) = (near, TcpStream::connect(server)) else { return };
                let (back, forth) = (near.try_clone().unwrap(), far.try_clone().unwrap());
                let counted = Arc::clone(&counted);
                std::thread::spawn(move || pass(near, forth, &AtomicU64::new(0), None));
                std::thread::spawn(move || pass(far, back, &counted, Some(BREAKS_AT)));
            }
        });
        Self { address, came }
    }
}

/// Passes on what comes, until as many bytes came as it breaks at.
fn pass(mut from: TcpStream, mut to: TcpStream, came: &AtomicU64, breaks_at: Option<u64>) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        let before = came.fetch_add(count as u64, Ordering::Relaxed);
        let breaks = |at| before < at && before + count as u64 >= at;
        if breaks_at.is_some_and(breaks) || to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    // Both ways, and for both sides.
    for end in [&from, &to] {
        let _ = end.shutdown(std::net::Shutdown::Both);
    }
}

#[test]
fn a_file_goes_on_where_it_was_when_the_network_broke() {
    let (dir, data) = place();
    let (server, _ana, bob) = tea_with(&data, &["--set", "files.free_percent=1"]);
    let content: Vec<u8> = (0..SIZE).map(|n| (n % 251) as u8).collect();
    let sent = dir.path().join("list.bin");
    fs::write(&sent, &content).unwrap();
    bob.done(&["send", "Tea/general", "--file", sent.to_str().unwrap()]);
    let network = Network::before(server.address);
    let cyd = Person::new(format!("http://{}", network.address));
    let done = crate::program::run(cyd.command(&["login", "ana"]), crate::PASSWORD);
    assert_eq!(done.code, Some(0), "{done:?}");
    let keep = dir.path().join("here");
    fs::create_dir(&keep).unwrap();
    let args = ["chat", "Tea", "--plain", "--save", keep.to_str().unwrap()];
    let mut chat = Typist::start(&cyd, &args);
    chat.until("list.bin");
    chat.types("download");
    chat.until("saved");
    assert!(fs::read(keep.join("list.bin")).unwrap() == content);
    assert_eq!(fs::read_dir(&keep).unwrap().count(), 1, "nothing else is left");
    // It broke, and what had come was not brought again.
    let came = network.came.load(Ordering::Relaxed);
    assert!(came > BREAKS_AT && came < SIZE as u64 + 4_000_000, "{came} bytes came");
    assert_eq!(chat.end(), Some(0));
}
