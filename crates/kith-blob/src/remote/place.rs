//! Where a bucket is and who may use it, as an operator says it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use http::Uri;

/// The most characters of a prefix.
const PREFIX_CHARS_MAX: usize = 200;

/// A bucket of a store that speaks S3.
#[derive(Clone, Debug)]
pub struct Place {
    /// Where the store is.
    pub endpoint: Endpoint,
    /// The bucket, which is there already.
    pub bucket: Bucket,
    /// The region that requests are signed for.
    pub region: String,
    /// What the names of our objects begin with.
    pub prefix: Prefix,
    /// Whether the bucket is in the path and not in the name of the host.
    pub path_style: bool,
    /// Who asks.
    pub keys: Keys,
    /// Certificates, in PEM, by which the store may show who it is, beside those of the system.
    pub ca_file: Option<PathBuf>,
    /// How long a connection may take, and one attempt without a byte of an answer; what is sent
    /// has longer, by a second for each 64 KiB.
    pub timeout: Duration,
    /// How often a request is made again that came to nothing.
    pub retries: u32,
}

/// Who asks.
#[derive(Clone, Debug)]
pub struct Keys {
    /// The name of the key.
    pub access: String,
    /// What requests are signed with.
    pub secret: Secret,
}

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// What nobody is to see.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Where a store is: a scheme, a host and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    scheme: &'static str,
    authority: String,
}

impl Endpoint {
    /// Reads an address like `https://s3.example.org`.
    ///
    /// # Errors
    /// What it is instead, when it is none, or says more than where.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let wrong = "it is an address like https://s3.example.org, without a path";
        let uri: Uri = text.parse().map_err(|_| wrong)?;
        let scheme = match uri.scheme_str() {
            Some("https") => "https",
            Some("http") => "http",
            _ => return Err(wrong),
        };
        let authority = uri.authority().ok_or(wrong)?;
        if authority.as_str().contains('@') {
            return Err("it has no name and no password in it: keys have settings of their own");
        }
        if uri.path() != "/" || uri.query().is_some() || text.contains('#') {
            return Err(wrong);
        }
        Ok(Self { scheme, authority: authority.as_str().to_owned() })
    }

    /// That of Amazon in a region.
    ///
    /// # Errors
    /// When that cannot be part of an address.
    pub fn of_amazon(region: &str) -> Result<Self, &'static str> {
        if region.is_empty() || !region.bytes().all(|byte| is_name(byte, b"-")) {
            return Err("it is a name like eu-central-1");
        }
        Ok(Self { scheme: "https", authority: format!("s3.{region}.amazonaws.com") })
    }

    /// Whether others could read what is sent there.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.scheme == "http"
    }

    /// The same, asked for a bucket by the name of the host.
    pub(super) fn of_bucket(&self, bucket: &Bucket) -> Self {
        let authority = format!("{}.{}", bucket.0, self.authority);
        Self { scheme: self.scheme, authority }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

/// The name of a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket(String);

impl Bucket {
    /// Reads a name of 3 to 63 letters, digits, hyphens and dots, as S3 has them; capitals and
    /// underscores are in old ones.
    ///
    /// # Errors
    /// What it is instead.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let ends = [text.bytes().next(), text.bytes().last()];
        let good = (3..=63).contains(&text.len())
            && text.bytes().all(|byte| is_name(byte, b"-._"))
            && ends.iter().flatten().all(u8::is_ascii_alphanumeric);
        if good { Ok(Self(text.to_owned())) } else { Err("it is the name of a bucket") }
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the names of objects begin with, without slashes at its ends; it may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prefix(String);

impl Prefix {
    /// Reads a path like `kith/files`.
    ///
    /// # Errors
    /// What it is instead.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim_matches('/');
        let part = |part: &str| {
            !matches!(part, "" | "." | "..") && part.bytes().all(|byte| is_name(byte, b"-._"))
        };
        if text.is_empty() || (text.len() <= PREFIX_CHARS_MAX && text.split('/').all(part)) {
            return Ok(Self(text.to_owned()));
        }
        Err(
            "it is a path like kith/files of at most 200 letters, digits, hyphens, dots and slashes",
        )
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}", self.bucket)?;
        if !self.prefix.0.is_empty() {
            write!(f, "/{}", self.prefix.0)?;
        }
        write!(f, " at {}", self.endpoint)
    }
}

fn is_name(byte: u8, others: &[u8]) -> bool {
    byte.is_ascii_alphanumeric() || others.contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_says_where_and_nothing_else() {
        for (text, shown) in [
            ("https://s3.example.org", "https://s3.example.org"),
            ("http://127.0.0.1:9000/", "http://127.0.0.1:9000"),
            ("https://[::1]:9000", "https://[::1]:9000"),
        ] {
            assert_eq!(Endpoint::parse(text).unwrap().to_string(), shown);
        }
        for wrong in [
            "",
            "s3.example.org",
            "ftp://s3.example.org",
            "https://",
            "https://s3.example.org/bucket",
            "https://s3.example.org?a=b",
            "https://s3.example.org#a",
            "https://ana:tea@s3.example.org",
            "https://s3 example.org",
        ] {
            assert!(Endpoint::parse(wrong).is_err(), "{wrong}");
        }
        let amazon = Endpoint::of_amazon("eu-central-1").unwrap();
        let bucket = Bucket::parse("tea").unwrap();
        let named = "https://tea.s3.eu-central-1.amazonaws.com";
        assert_eq!(amazon.of_bucket(&bucket).to_string(), named);
        assert!(Endpoint::of_amazon("evil.org/").is_err());
    }

    #[test]
    fn names_of_buckets_and_prefixes_are_no_paths_to_elsewhere() {
        for good in ["tea", "black-tea.example", "Old_Tea"] {
            assert!(Bucket::parse(good).is_ok(), "{good}");
        }
        for wrong in ["", "te", "tea/", "-tea", "tea.", "tea?x", &"t".repeat(64)] {
            assert!(Bucket::parse(wrong).is_err(), "{wrong}");
        }
        for (text, read) in [("", ""), ("/", ""), ("kith", "kith"), ("/kith/files/", "kith/files")]
        {
            assert_eq!(Prefix::parse(text).unwrap().as_str(), read);
        }
        for wrong in ["a//b", "../a", "a/./b", "tea cup", &"t".repeat(201)] {
            assert!(Prefix::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_secret_is_not_shown() {
        let keys = Keys { access: "ana".to_owned(), secret: Secret::new("tea".to_owned()) };
        assert_eq!(format!("{keys:?}"), "Keys { access: \"ana\", secret: *** }");
    }
}
