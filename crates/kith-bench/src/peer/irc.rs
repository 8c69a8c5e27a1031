//! `InspIRCd`: a chat server in C++, a line for each message.

use std::path::Path;

use anyhow::Result;

use super::Peer;
use crate::server::{Server, free_port, program};
use crate::swarm::{Script, step};

pub(crate) struct InspIrcd;

fn enter(name: &str) -> Vec<u8> {
    format!("NICK {name}\r\nUSER {name} 0 * :{name}\r\n").into_bytes()
}

impl Peer for InspIrcd {
    fn name(&self) -> &'static str {
        "inspircd"
    }

    fn start(&self, dir: &Path) -> Result<Server> {
        let port = free_port()?;
        let dir = dir.to_string_lossy();
        let config = format!(
            r#"<server name="irc.example" description="bench" network="bench" id="001">
<bind address="127.0.0.1" port="{port}" type="clients">
<connect name="main" allow="*" timeout="300" pingfreq="60m" hardsendq="1000000000" softsendq="1000000000" recvq="10000000" threshold="1000000" commandrate="1000000000" fakelag="no" localmax="100000" globalmax="100000" maxchans="1000" maxconnwarn="no" resolvehostnames="no" useident="no">
<performance softlimit="100000" somaxconn="4096" netbuffersize="65534" quietbursts="yes">
<pid file="{dir}/pid"><path configdir="{dir}" datadir="{dir}" logdir="{dir}" runtimedir="{dir}">
<log method="file" type="*" level="default" target="{dir}/log">
<admin name="n" nick="n" email="n@example.org">
"#
        );
        let file = format!("{dir}/inspircd.conf");
        std::fs::write(&file, config)?;
        let mut command = program("inspircd");
        command.args(["--nofork", "--runasroot", "--config", &file]);
        Server::listening(command, port)
    }

    fn reader(&self, room: usize, number: usize) -> Script {
        vec![
            step(enter(&format!("r{number}")), " 422 "),
            step(format!("JOIN #r{room}\r\n"), " 366 "),
        ]
    }

    fn publisher(&self, room: usize) -> Script {
        vec![step(enter(&format!("p{room}")), " 422 "), step(format!("JOIN #r{room}\r\n"), " 366 ")]
    }

    fn frame(&self, room: usize, _seq: u32, text: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("PRIVMSG #r{room} :{text}\r\n").as_bytes());
    }
}
