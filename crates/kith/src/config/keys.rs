//! The keys there are, their defaults, and what a wrong one was probably meant to be.

use kith_server::settings::Settings;
use toml::{Table, Value};

use super::files::SECRET_KEY;

/// What the server itself may be told, with its defaults.
pub(super) fn settings() -> Table {
    // The settings are a flat struct of texts, numbers and flags.
    Table::try_from(Settings::default()).unwrap_or_default()
}

/// All keys with their defaults. An empty text stands for "not set".
pub(super) fn defaults() -> Table {
    let mut all = settings();
    let texts = [
        ("listen", "127.0.0.1:8080"),
        ("data", "kith-data"),
        ("tls.certificate", ""),
        ("tls.key", ""),
        ("log", "info"),
        ("log_format", "text"),
        ("storage.sync", "full"),
        ("files.store", "disk"),
        ("files.s3.endpoint", ""),
        ("files.s3.bucket", ""),
        ("files.s3.region", "us-east-1"),
        ("files.s3.prefix", ""),
        ("files.s3.access_key", ""),
        (SECRET_KEY, ""),
        ("files.s3.secret_key_file", ""),
        ("files.s3.ca_file", ""),
    ];
    all.extend(texts.map(|(key, value)| (key.to_owned(), Value::String(value.to_owned()))));
    let others = [
        ("allow_plain_http", Value::Boolean(false)),
        ("files.s3.allow_plain_http", Value::Boolean(false)),
        ("files.s3.path_style", Value::Boolean(true)),
        ("files.s3.timeout_ms", Value::Integer(30_000)),
        ("files.s3.retries", Value::Integer(3)),
    ];
    all.extend(others.map(|(key, value)| (key.to_owned(), value)));
    all
}

/// Whether the value of a key is never shown.
pub(super) fn is_secret(key: &str) -> bool {
    key == SECRET_KEY
}

/// The name of a key in the environment.
pub(super) fn variable(key: &str) -> String {
    format!("KITH_{}", key.replace('.', "__").to_uppercase())
}

/// The name most like `wrong`, and how many letters differ.
pub(super) fn closest<'a>(
    wrong: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Option<(&'a str, usize)> {
    names
        .into_iter()
        .map(|name| (name, distance(wrong, name)))
        .min_by_key(|(_, distance)| *distance)
}

/// The least insertions, removals and replacements that make `b` of `a`.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for ((to, pair), left) in b.iter().zip(row.windows(2)).zip(1..) {
            let [diagonal, above] = pair else { continue };
            let replaced = diagonal + usize::from(from != *to);
            let inserted = next.get(left - 1).map_or(usize::MAX, |before| before + 1);
            next.push(replaced.min(above + 1).min(inserted));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_name_is_the_one_meant() {
        let all = defaults();
        let names = || all.keys().map(String::as_str);
        for (wrong, meant) in [
            ("registraton", ("registration", 1)),
            ("tls.certificat", ("tls.certificate", 1)),
            ("listen", ("listen", 0)),
            ("logformat", ("log_format", 1)),
            ("storage.synk", ("storage.sync", 1)),
        ] {
            let found = closest(wrong, names());
            assert_eq!(found, Some(meant), "{wrong}");
        }
    }

    #[test]
    fn every_key_has_its_own_variable() {
        assert_eq!(variable("tls.certificate"), "KITH_TLS__CERTIFICATE");
        let all = defaults();
        let names: std::collections::BTreeSet<_> = all.keys().map(|key| variable(key)).collect();
        assert_eq!(names.len(), all.len());
    }
}
