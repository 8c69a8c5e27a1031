//! Networks that are made for one test: an internet with the server in it, and homes behind routers that
//! change addresses. All of it is in namespaces that go with the test.

use std::os::unix::fs::MetadataExt;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// Where the server is, seen from everywhere.
pub(crate) const SERVER: &str = "203.0.113.1";

/// How a router changes ports.
#[derive(Clone, Copy)]
pub(crate) enum Nat {
    /// It keeps them where it can, so that all who are spoken to see the same.
    Cone,
    /// Each who is spoken to sees another.
    Symmetric,
}

/// Runs a tool of the system to its end.
fn tool(command: &[&str]) -> Result<Output, String> {
    let (program, args) = command.split_first().expect("a tool");
    let ended = Command::new(program).args(args).stdin(Stdio::null()).output();
    let ended = ended.map_err(|error| format!("`{program}` does not start: {error}"))?;
    match ended.status.success() {
        true => Ok(ended),
        false => {
            let said = String::from_utf8_lossy(&ended.stderr);
            Err(format!("`{}` fails: {}", command.join(" "), said.trim()))
        }
    }
}

/// What is missing here to make networks, and how to get it; nothing where nothing is.
pub(crate) fn missing() -> Option<String> {
    if !cfg!(target_os = "linux") {
        return Some("network namespaces are Linux's".to_owned());
    }
    for (program, arg) in [("ip", "-V"), ("nft", "-v")] {
        if let Err(why) = tool(&[program, arg]) {
            return Some(format!("{why}: `cargo xtask setup` installs it"));
        }
    }
    let world = World { name: name() };
    let made = world.namespace("x").and_then(|()| world.nft("x", "add table ip nat"));
    made.err().map(|why| format!("{why}: run the tests as root, or with CAP_SYS_ADMIN"))
}

/// Whether these tests must run whatever is missing: root can make networks, and a CI that has it and
/// leaves them out would look as if they passed.
pub(crate) fn is_owed() -> bool {
    let is_ci = std::env::var("CI").is_ok_and(|value| value == "true");
    is_ci && std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

fn name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("kith-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// All networks of a test.
pub(crate) struct World {
    name: String,
}

impl World {
    /// An internet, with a server's place in it and nobody else.
    pub(crate) fn new() -> Self {
        let world = Self { name: name() };
        world.namespace("net").expect("a namespace");
        world.ip("net", "link add br0 type bridge");
        world.ip("net", "link set br0 up");
        world.ip("net", &format!("addr add {SERVER}/24 dev br0"));
        // Counts what comes to the relay.
        for rule in [
            "add table ip count",
            "add chain ip count input { type filter hook input priority 0; }",
            "add rule ip count input udp dport 3478 counter",
        ] {
            world.nft("net", rule).expect("a rule");
        }
        world
    }

    /// The full name of a namespace.
    pub(crate) fn within(&self, namespace: &str) -> String {
        format!("{}-{namespace}", self.name)
    }

    fn namespace(&self, namespace: &str) -> Result<(), String> {
        tool(&["ip", "netns", "add", &self.within(namespace)])?;
        tool(&["ip", "-n", &self.within(namespace), "link", "set", "lo", "up"]).map(drop)
    }

    fn ip(&self, namespace: &str, command: &str) {
        let namespace = self.within(namespace);
        let mut all = vec!["ip", "-n", &namespace];
        all.extend(command.split(' '));
        tool(&all).expect("the network is made");
    }

    fn nft(&self, namespace: &str, command: &str) -> Result<Output, String> {
        let namespace = self.within(namespace);
        let mut all = vec!["ip", "netns", "exec", &namespace, "nft"];
        all.extend(command.split(' '));
        tool(&all)
    }

    /// A router with one address in the internet, of which this is the last number.
    pub(crate) fn router(&self, router: &str, address: u8, nat: Nat) {
        self.namespace(router).expect("a namespace");
        let (inner, outer) = (self.within("net"), self.within(router));
        let link = ["ip", "link", "add", "name", router, "netns", &inner, "type", "veth"];
        let peer = ["peer", "name", "wan", "netns", &outer];
        tool(&[&link[..], &peer[..]].concat()).expect("the network is made");
        self.ip("net", &format!("link set dev {router} master br0"));
        self.ip("net", &format!("link set dev {router} up"));
        self.ip(router, &format!("addr add 203.0.113.{address}/24 dev wan"));
        self.ip(router, "link set wan up");
        let forwards = ["sysctl", "-qw", "net.ipv4.ip_forward=1"];
        tool(&[&["ip", "netns", "exec", &outer], &forwards[..]].concat()).expect("it forwards");
        let masquerade = match nat {
            Nat::Cone => "masquerade",
            Nat::Symmetric => "masquerade fully-random",
        };
        for rule in [
            "add table ip nat",
            "add chain ip nat out { type nat hook postrouting priority 100; }",
            &format!("add rule ip nat out oifname wan {masquerade}"),
            // As routers do: what nobody asked for is not answered.
            "add table ip own",
            "add chain ip own input { type filter hook input priority 0; }",
            "add rule ip own input iifname wan udp dport 1-65535 drop",
        ] {
            self.nft(router, rule).expect("a rule");
        }
    }

    /// A home behind a router: a machine with an address of which these are the last two numbers.
    pub(crate) fn home(&self, home: &str, router: &str, (network, address): (u8, u8)) {
        self.namespace(home).expect("a namespace");
        let (outer, inner) = (self.within(router), self.within(home));
        let link = ["ip", "link", "add", "name", home, "netns", &outer, "type", "veth"];
        let peer = ["peer", "name", "eth0", "netns", &inner];
        tool(&[&link[..], &peer[..]].concat()).expect("the network is made");
        let is_first = self.lan(router);
        if is_first {
            self.ip(router, "link add lan type bridge");
            self.ip(router, "link set lan up");
            self.ip(router, &format!("addr add 192.168.{network}.1/24 dev lan"));
        }
        self.ip(router, &format!("link set dev {home} master lan"));
        self.ip(router, &format!("link set dev {home} up"));
        self.ip(home, &format!("addr add 192.168.{network}.{address}/24 dev eth0"));
        self.ip(home, "link set eth0 up");
        self.ip(home, &format!("route add default via 192.168.{network}.1"));
    }

    /// Whether a router has no network of its own yet.
    fn lan(&self, router: &str) -> bool {
        tool(&["ip", "-n", &self.within(router), "link", "show", "lan"]).is_err()
    }

    /// Plugs a home in, or out.
    pub(crate) fn plug(&self, home: &str, router: &str, is_in: bool) {
        self.ip(router, &format!("link set dev {home} {}", if is_in { "up" } else { "down" }));
    }

    /// How many bytes came to the relay.
    pub(crate) fn relayed(&self) -> u64 {
        let listed = self.nft("net", "list chain ip count input").expect("the counter");
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        let bytes = listed.split("bytes ").nth(1).and_then(|rest| rest.split_whitespace().next());
        bytes.expect("a counter").parse().expect("a number")
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let listed = tool(&["ip", "netns", "list"]).map(|ended| ended.stdout).unwrap_or_default();
        let ours = format!("{}-", self.name);
        for line in String::from_utf8_lossy(&listed).lines() {
            let name = line.split(' ').next().unwrap_or_default();
            if name.starts_with(&ours) {
                let _ = tool(&["ip", "netns", "del", name]);
            }
        }
    }
}
