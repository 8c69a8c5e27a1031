//! Which layer wins, what is said of what is wrong, and who may listen where.

use super::*;

struct Case {
    file: &'static str,
    variables: &'static [(&'static str, &'static str)],
    set: &'static [&'static str],
    listen: Option<&'static str>,
}

const NONE: Case = Case { file: "", variables: &[], set: &[], listen: None };

fn load(case: &Case) -> Result<Config, String> {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(FILE), case.file).unwrap();
    let given = Given {
        data: Some(dir.path().to_str().unwrap().to_owned()),
        config: None,
        set: case.set.iter().map(|&pair| pair.to_owned()).collect(),
    };
    let variables = case.variables.iter().map(|&(name, value)| (name.into(), value.into()));
    let layers = Layers::read(&given, case.listen, variables);
    layers.and_then(Config::from_layers).map_err(|error| {
        assert_eq!(error.code, crate::environment::EXIT_USAGE);
        error.to_string().replace(dir.path().to_str().unwrap(), "DIR")
    })
}

fn source(config: &Config, key: &str) -> String {
    let (_, entry) = config.entries().find(|(name, _)| *name == key).unwrap();
    entry.source.tell(key)
}

#[test]
fn later_layers_win() {
    let file = "session_days = 1\nlog = 'warn'\n[storage]\nsync = 'none'\n";
    let variables: &[_] =
        &[("KITH_SESSION_DAYS", "2"), ("KITH_AUTH_MS", "7"), ("KITH_STORAGE__SYNC", "full")];
    let config = load(&Case { file, variables, set: &["session_days = 3"], ..NONE }).unwrap();
    assert_eq!(config.settings.session_days, 3);
    assert_eq!(config.settings.auth_ms, 7);
    assert_eq!(config.log, "warn");
    assert_eq!(config.durability, Durability::Full);
    assert_eq!(source(&config, "session_days"), "flag --set session_days");
    assert_eq!(source(&config, "auth_ms"), "environment KITH_AUTH_MS");
    assert!(source(&config, "log").ends_with("kith.toml:log"));
    assert_eq!(source(&config, "data"), "flag --data");
    assert_eq!(source(&config, "heartbeat_ms"), "default");
}

#[test]
fn registration_is_open_on_loopback_only() {
    use kith_server::settings::Registration::{Closed, Invite, Open};
    for (listen, set, expected) in [
        (None, &[][..], Open),
        (Some("[::1]:0"), &[], Open),
        (Some("0.0.0.0:1"), &[], Invite),
        (Some("0.0.0.0:1"), &["registration=open"], Open),
        (None, &["registration=closed"], Closed),
        (None, &["registration=\"invite\""], Invite),
    ] {
        let config = load(&Case { listen, set, ..NONE }).unwrap();
        assert_eq!(config.settings.registration, expected, "{listen:?} {set:?}");
    }
}

#[test]
fn what_is_wrong_is_named() {
    let check = |case: Case, expected: &str| assert_eq!(load(&case).unwrap_err(), expected);
    check(
        Case { set: &["registraton=open"], ..NONE },
        "there is no key \"registraton\": did you mean registration?",
    );
    check(
        Case { file: "[tls]\ncertificat = ''", ..NONE },
        "there is no key \"tls.certificat\" in DIR/kith.toml: did you mean tls.certificate?",
    );
    check(
        Case { set: &["session_days=many"], ..NONE },
        "session_days = \"many\" (flag --set session_days) is not valid: it is a whole number",
    );
    check(
        Case { set: &["session_days=0"], ..NONE },
        "session_days = 0 (flag --set session_days) is not valid: it is at least 1",
    );
    check(
        Case { variables: &[("KITH_LISTEN", "8080")], ..NONE },
        "listen = \"8080\" (environment KITH_LISTEN) is not valid: it is an address and port like \
         127.0.0.1:8080",
    );
    check(Case { set: &["listen"], ..NONE }, "--set takes key=value, not \"listen\"");
    check(Case { set: &["tls.key=x"], ..NONE }, "tls.key is set, but tls.certificate is not");
    check(
        Case { set: &["log_format=xml"], ..NONE },
        "log_format = \"xml\" (flag --set log_format) is not valid: it is json or text",
    );
    // The parser of such filters panics on texts that are nearly one.
    check(
        Case { set: &["log=info,a[b}c]"], ..NONE },
        "log = \"info,a[b}c]\" (flag --set log) is not valid: it is off, error, warn, info, debug or \
         trace: a directive is TARGET=LEVEL",
    );
    check(
        Case { file: "data = 'x'", ..NONE },
        "DIR/kith.toml is found by where the data is, so it cannot set data: remove it, or name \
         the file with --config",
    );
    let error = load(&Case { set: &["session_days=-1"], ..NONE }).unwrap_err();
    assert!(error.starts_with("session_days = -1 (flag --set session_days)"), "{error}");
    let error = load(&Case { set: &["registration=some"], ..NONE }).unwrap_err();
    assert!(error.contains("`open`, `invite`, `closed`"), "{error}");
    let error = load(&Case { file: "listen = ", ..NONE }).unwrap_err();
    assert!(error.starts_with("DIR/kith.toml: "), "{error}");
}

#[test]
fn a_variable_that_is_nearly_a_key_is_warned_of() {
    let variables: &[_] =
        &[("KITH_REGISTRATON", "open"), ("KITH_PORT", "tcp://10.0.0.1:80"), ("KITH_SERVER", "x")];
    let config = load(&Case { variables, ..NONE }).unwrap();
    assert_eq!(
        config.warnings(),
        ["KITH_REGISTRATON sets nothing: did you mean KITH_REGISTRATION?"]
    );
}

#[test]
fn passwords_never_cross_a_network_as_plain_text_unasked() {
    let check = |set: &'static [&'static str], listen: &'static str| {
        load(&Case { set, listen: Some(listen), ..NONE }).unwrap().check_exposure().is_ok()
    };
    assert!(check(&[], "127.0.0.1:80"));
    assert!(check(&[], "[::1]:80"));
    assert!(!check(&[], "0.0.0.0:80"));
    assert!(!check(&["public_url=http://chat.example.org"], "0.0.0.0:80"));
    assert!(check(&["public_url=https://chat.example.org"], "0.0.0.0:80"));
    assert!(check(&["tls.certificate=a", "tls.key=b"], "0.0.0.0:80"));
    assert!(check(&["allow_plain_http=true"], "0.0.0.0:80"));
}

#[test]
fn the_topicsync_gateway_is_off_and_then_for_this_machine_alone() {
    let topicsync = |set: &'static [&'static str]| load(&Case { set, ..NONE });
    let config = topicsync(&[]).unwrap();
    assert_eq!((config.topicsync, config.settings.topicsync_circle.as_str()), (None, ""));
    let config = topicsync(&[
        "gateway.topicsync.circle=home",
        "gateway.topicsync.user=ana",
        "gateway.topicsync.listen=127.0.0.1:8765",
    ]);
    let config = config.unwrap();
    assert_eq!(config.topicsync, Some("127.0.0.1:8765".parse().unwrap()));
    assert_eq!(config.settings.topicsync_user, "ana");
    let file = "[gateway.topicsync]\ncircle = 'home'\nuser = 'ana'\nlisten = '0.0.0.0:8765'\n";
    let refused = load(&Case { file, ..NONE }).unwrap_err();
    assert!(refused.contains("gateway.topicsync.public"), "{refused}");
    let public: &[_] = &["gateway.topicsync.public=true"];
    assert!(load(&Case { file, set: public, ..NONE }).unwrap().topicsync.is_some());
    let refused = topicsync(&["gateway.topicsync.circle=home"]).unwrap_err();
    assert_eq!(refused, "gateway.topicsync.circle is set, but gateway.topicsync.user is not");
    let refused = topicsync(&["gateway.topicsync.listen=127.0.0.1:1"]).unwrap_err();
    assert_eq!(refused, "gateway.topicsync.listen is set, but gateway.topicsync.circle is not");
}

#[test]
fn the_relay_is_off_and_then_says_where_it_is() {
    let relay = |set: &[&str]| {
        let set = set.iter().map(|pair| format!("relay.{pair}"));
        let given = Given { set: set.collect(), ..Given::default() };
        Config::of("", &given, &[]).map_err(|error| error.to_string())
    };
    assert_eq!(relay(&[]).unwrap().relay, None);
    let config = relay(&["listen=127.0.0.1:3478"]).unwrap();
    assert_eq!(config.relay, Some("127.0.0.1:3478".parse().unwrap()));
    assert!(!config.settings.relay_turn);
    let refused = relay(&["listen=0.0.0.0:3478", "turn=true"]).unwrap_err();
    assert!(refused.contains("set relay.address"), "{refused}");
    assert!(relay(&["listen=[::]:3478", "address=203.0.113.7", "host=turn.example.org"]).is_ok());
    for (set, key) in [("address=x", "relay.address"), ("host=a:1/b", "relay.host")] {
        let refused = relay(&["listen=127.0.0.1:3478", set]).unwrap_err();
        assert!(refused.starts_with(key), "{refused}");
    }
    for set in ["turn=true", "address=203.0.113.7", "host=turn.example.org"] {
        let refused = relay(&[set]).unwrap_err();
        assert!(refused.ends_with("is set, but relay.listen is not"), "{refused}");
    }
}

#[test]
fn gateways_over_tcp_are_off_and_then_for_this_machine_alone() {
    for name in ["ghostr", "muca"] {
        let with = |set: &[&str]| {
            let set = set.iter().map(|pair| format!("gateway.{name}.{pair}"));
            let given = Given { set: set.collect(), ..Given::default() };
            Config::of("", &given, &[]).map_err(|error| error.to_string())
        };
        let listens = |config: &Config| match name {
            "ghostr" => config.ghostr,
            _ => config.muca,
        };
        assert_eq!(listens(&with(&[]).unwrap()), None);
        let config = with(&["listen=127.0.0.1:4000", "circle=home"]).unwrap();
        assert_eq!(listens(&config), Some("127.0.0.1:4000".parse().unwrap()));
        let refused = with(&["listen=0.0.0.0:4000", "circle=home"]).unwrap_err();
        assert!(refused.contains(&format!("gateway.{name}.public is true")), "{refused}");
        assert!(with(&["listen=0.0.0.0:4000", "circle=home", "public=true"]).is_ok());
        for (one, other) in [("listen", "circle"), ("circle", "listen")] {
            let refused = with(&[&format!("{one}=127.0.0.1:1")]).unwrap_err();
            let said = format!("gateway.{name}.{one} is set, but gateway.{name}.{other} is not");
            assert_eq!(refused, said);
        }
    }
    let set: &[_] = &["gateway.ghostr.block_seconds=0"];
    assert!(load(&Case { set, ..NONE }).unwrap_err().contains("it is at least 1"));
}

#[test]
fn silence_is_limited_where_a_gateway_says_so() {
    let with = |set: String| {
        let given = Given { set: vec![set], ..Given::default() };
        Config::of("", &given, &[]).map_err(|error| error.to_string())
    };
    for gateway in ["ghostr", "muca", "topicsync", "yjs"] {
        let key = format!("gateway.{gateway}.idle_seconds");
        for seconds in [0, 1, 31_536_000] {
            let config = with(format!("{key}={seconds}")).unwrap();
            let shown = config.entries().find(|(one, _)| *one == key).unwrap().1;
            assert_eq!(shown.value.as_integer(), Some(seconds));
        }
        for (wrong, why) in [("31536001", "it is at most 31536000"), ("-1", "-1"), ("x", "number")]
        {
            let refused = with(format!("{key}={wrong}")).unwrap_err();
            assert!(refused.starts_with(&key) && refused.contains(why), "{refused}");
        }
    }
}
