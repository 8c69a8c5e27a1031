//! Private sessions between two machines behind routers that change addresses, over the real server and
//! with real programs, each in a network namespace of its own.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "nat/net.rs"]
mod net;
#[path = "serve/program.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod program;
#[path = "serve/talk.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod talk;

use libtest_mimic::{Arguments, Trial};
use net::{Nat, SERVER, World, is_owed, missing};
use program::{Person, Server, kith_in, run};
use talk::{Talk, share_a_circle};
use tempfile::TempDir;

const PASSWORD: &str = "correct horse battery\n";
/// What is sent to see which way it takes.
const FILE_BYTES: u64 = 2 << 20;
/// What is sent while networks go away and come back.
const LARGE_BYTES: u64 = 1_000_000_000;

fn main() {
    let missing = missing();
    let is_owed = is_owed();
    if let Some(why) = &missing {
        eprintln!("not run: {why}");
    }
    let tests: [(&str, fn()); 5] = [
        ("behind_different_routers_they_connect_directly", || {
            let routers = ("ra", "rb");
            assert!(relayed_between(routers, Nat::Cone, "--direct", false) < FILE_BYTES / 10);
        }),
        ("behind_the_same_router_they_connect_directly", || {
            let routers = ("ra", "ra");
            assert!(relayed_between(routers, Nat::Cone, "--direct", false) < FILE_BYTES / 10);
        }),
        ("behind_routers_that_show_everybody_other_ports_they_are_relayed", || {
            let routers = ("ra", "rb");
            assert!(relayed_between(routers, Nat::Symmetric, "--direct", true) > FILE_BYTES);
        }),
        ("those_who_show_no_address_are_relayed", || {
            let routers = ("ra", "rb");
            assert!(relayed_between(routers, Nat::Cone, "", true) > FILE_BYTES);
        }),
        ("a_file_arrives_whole_though_the_network_was_gone", a_file_survives_the_network),
    ];
    let tests = tests.into_iter().map(|(name, test)| {
        let why = missing.clone();
        let trial = Trial::test(name, move || match why {
            Some(why) => Err(format!("no networks can be made here: {why}").into()),
            None => {
                test();
                Ok(())
            }
        });
        trial.with_ignored_flag(missing.is_some() && !is_owed)
    });
    libtest_mimic::run(&Arguments::from_args(), tests.collect()).exit();
}

/// Two persons at machines of a world, and the server.
struct Site {
    world: World,
    ana: Person,
    bob: Person,
    _server: Server,
    place: TempDir,
}

impl Site {
    fn new((first, second): (&str, &str), nat: Nat, turn: bool) -> Self {
        let world = World::new();
        world.router(first, 10, nat);
        world.home("a", first, (7, 2));
        if first != second {
            world.router(second, 20, nat);
        }
        world.home("b", second, if first == second { (7, 3) } else { (8, 2) });
        let place = tempfile::tempdir().unwrap();
        let data = place.path().join("data").to_str().unwrap().to_owned();
        let listen = format!("{SERVER}:8080");
        let mut command =
            kith_in(&world.within("net"), &["serve", "--listen", &listen, "--data", &data]);
        let (relay, turn) = (format!("relay.listen={SERVER}:3478"), format!("relay.turn={turn}"));
        for pair in ["registration=open", "allow_plain_http=true", &relay, &turn] {
            command.args(["--set", pair]);
        }
        let server = Server::begin(command);
        let person = |name: &str, home: &str| {
            let person = Person::new(format!("http://{SERVER}:8080")).within(&world.within(home));
            let done = run(person.command(&["signup", name]), PASSWORD);
            assert_eq!(done.code, Some(0), "{done:?}");
            person
        };
        let (ana, bob) = (person("ana", "a"), person("bob", "b"));
        share_a_circle(&ana, &bob);
        Self { world, ana, bob, _server: server, place }
    }

    /// A session that is connected.
    fn connect(&self, way: &str) -> (Talk, Talk) {
        let way: Vec<&str> = (!way.is_empty()).then_some(way).into_iter().collect();
        let mut invited = Talk::begin(&self.bob, &way);
        invited.until("waiting for an invitation");
        let mut inviting = Talk::begin(&self.ana, &[&["bob"], &way[..]].concat());
        invited.until("ana invites you");
        invited.say("/accept");
        inviting.until("connected");
        invited.until("connected");
        (inviting, invited)
    }

    /// Writes a file of so many bytes, each told by its place.
    fn write(&self, size: u64) -> std::path::PathBuf {
        let path = self.place.path().join("large.bin");
        let file = std::fs::File::create(&path).unwrap();
        let mut file = std::io::BufWriter::new(file);
        for place in 0..size / 8 {
            let word = place.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
            std::io::Write::write_all(&mut file, &word).unwrap();
        }
        path
    }
}

fn is_same(one: &std::path::Path, other: &str) -> bool {
    let same = std::process::Command::new("cmp").arg("-s").arg(one).arg(other).status();
    same.unwrap().success()
}

/// How many bytes came to the relay while two talked and passed a file.
fn relayed_between(routers: (&str, &str), nat: Nat, way: &str, turn: bool) -> u64 {
    let site = Site::new(routers, nat, turn);
    let (mut inviting, mut invited) = site.connect(way);
    inviting.say("tea?");
    assert_eq!(invited.until("ana: "), "tea?");
    let sent = site.write(FILE_BYTES);
    inviting.say(&format!("/send {}", sent.display()));
    invited.until("file 1: large.bin");
    invited.say("/take 1");
    let kept = invited.until("file 1 is kept as ");
    assert!(is_same(&sent, &kept));
    inviting.say("/end");
    invited.until("over: the session was ended");
    site.world.relayed()
}

fn a_file_survives_the_network() {
    let size = std::env::var("KITH_FILE_BYTES").map_or(LARGE_BYTES, |size| size.parse().unwrap());
    let site = Site::new(("ra", "rb"), Nat::Cone, true);
    let (mut inviting, mut invited) = site.connect("--direct");
    let sent = site.write(size);
    inviting.say(&format!("/send {}", sent.display()));
    invited.until("file 1: large.bin");
    invited.say("/take 1");
    // Either side's network goes, in the middle.
    for (home, router) in [("a", "ra"), ("b", "rb")] {
        invited.until("file 1: ");
        site.world.plug(home, router, false);
        invited.until("the connection was lost");
        inviting.until("the connection was lost");
        site.world.plug(home, router, true);
        invited.until("connected");
    }
    let kept = invited.until("file 1 is kept as ");
    assert!(is_same(&sent, &kept));
    inviting.until("our file 1 arrived");
}
