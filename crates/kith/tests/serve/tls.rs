//! A server that speaks TLS itself, with a certificate from files.

use std::fs::{self, File};
use std::path::Path;

use crate::program::{Ended, Person, Server, kith, run};
use crate::{PASSWORD, place};

/// Writes a new certificate for `localhost` and its key; their paths.
fn certificate(dir: &Path, name: &str) -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let path = |kind: &str| dir.join(format!("{name}.{kind}")).to_str().unwrap().to_owned();
    let (certificate, key) = (path("crt"), path("key"));
    fs::write(&certificate, made.cert.pem()).unwrap();
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    (certificate, key)
}

fn set(certificate: &str, key: &str) -> [String; 4] {
    let set = || "--set".to_owned();
    [set(), format!("tls.certificate={certificate}"), set(), format!("tls.key={key}")]
}

#[test]
fn requests_and_sockets_pass_through_tls() {
    let (dir, data) = place();
    let (trusted, key) = certificate(dir.path(), "server");
    let mut command = kith(&["serve", "--listen", "127.0.0.1:0", "--data", &data]);
    command.args(set(&trusted, &key)).args(["--set", "log=trace"]);
    let log = dir.path().join("log");
    command.stderr(File::create(&log).unwrap());
    let server = Server::begin(command);
    let ana = Person::new(format!("https://localhost:{}", server.address.port()));
    let trusting = |args: &[&str], input: &str| {
        let mut command = ana.command(args);
        command.env("SSL_CERT_FILE", &trusted).env_remove("SSL_CERT_DIR");
        run(command, input)
    };
    // Signing up is REST, all else a WebSocket.
    let signed_up = trusting(&["signup", "ana"], PASSWORD);
    assert_eq!(signed_up.out, "signed up as ana\n", "{signed_up:?}");
    for args in [&["circle", "create", "Tea"][..], &["send", "Tea/general", "hello there"]] {
        let done = trusting(args, "");
        assert_eq!(done.code, Some(0), "{done:?}");
    }
    let read = trusting(&["read", "Tea/general"], "");
    assert!(read.out.contains("hello there"), "{read:?}");
    let link = trusting(&["invite", "Tea"], "");
    assert!(link.out.starts_with("https://localhost:"), "{link:?}");

    let (other, _) = certificate(dir.path(), "other");
    let mut doubting = ana.command(&["read", "Tea/general"]);
    doubting.env("SSL_CERT_FILE", other).env_remove("SSL_CERT_DIR");
    let refused = run(doubting, "");
    assert_eq!(refused.code, Some(4), "{refused:?}");
    assert!(refused.err.contains("certificate"), "{refused:?}");
    assert_eq!(server.stop("TERM"), Some(0));

    // The library of TLS tells much, but nothing of what it carries.
    let log = fs::read_to_string(log).unwrap();
    assert!(log.contains("TRACE"), "{log}");
    for secret in [PASSWORD.trim_end(), "hello there", link.out.trim_end(), "PRIVATE KEY"] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

#[test]
fn a_certificate_that_cannot_be_used_is_named() {
    let (dir, data) = place();
    let (certificate_file, key) = certificate(dir.path(), "server");
    let (_, other_key) = certificate(dir.path(), "other");
    let missing = dir.path().join("missing.pem").to_str().unwrap().to_owned();
    let empty = dir.path().join("empty.pem").to_str().unwrap().to_owned();
    fs::write(&empty, "nothing\n").unwrap();
    let serve = |certificate: &str, key: &str| -> Ended {
        let mut command = kith(&["serve", "--listen", "127.0.0.1:0", "--data", &data]);
        command.args(set(certificate, key));
        run(command, "")
    };
    for (certificate, key, said) in [
        (&*missing, &*key, &*format!("cannot read {missing}")),
        (&certificate_file, &missing, &format!("cannot read {missing}")),
        (&empty, &key, &format!("cannot read {empty}")),
        (&certificate_file, &empty, &format!("cannot read {empty}")),
        (&certificate_file, &other_key, "the certificate cannot be used"),
        (&certificate_file, "", "tls.certificate is set, but tls.key is not"),
    ] {
        let refused = serve(certificate, key);
        assert_eq!((refused.code, refused.out.as_str()), (Some(2), ""), "{refused:?}");
        assert!(refused.err.contains(said), "{said}: {refused:?}");
        assert!(!Path::new(&data).exists(), "{said}");
    }
}
