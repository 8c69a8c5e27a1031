//! Where the contents of files are: on the disk, in a bucket, or nowhere.

use std::path::{Path, PathBuf};
use std::time::Duration;

use kith_blob::place::{Bucket, Endpoint, Keys, Place, Prefix, Secret};

use super::layers::Layers;
use crate::environment::Exit;

/// The longest time of one attempt, in milliseconds.
const TIMEOUT_MS_MAX: i64 = 3_600_000;
/// The most times that a request is made again.
const RETRIES_MAX: i64 = 20;
/// The most bytes of a file with a secret.
const SECRET_BYTES_MAX: u64 = 4096;

const STORE: &str = "files.store";
const ENDPOINT: &str = "files.s3.endpoint";
const BUCKET: &str = "files.s3.bucket";
const REGION: &str = "files.s3.region";
const PREFIX: &str = "files.s3.prefix";
const ACCESS_KEY: &str = "files.s3.access_key";
pub(super) const SECRET_KEY: &str = "files.s3.secret_key";
const SECRET_KEY_FILE: &str = "files.s3.secret_key_file";
const CA_FILE: &str = "files.s3.ca_file";

/// Which place contents are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FilesStore {
    /// The data directory.
    Disk,
    /// The bucket.
    S3,
    /// There are no files.
    Off,
}

/// What is said of files.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    /// Where contents are.
    pub(crate) store: FilesStore,
    /// The bucket, which may be named before it is used.
    bucket: Option<Place>,
    /// The file with the secret of its key, where that is in none of the settings.
    secret_file: Option<PathBuf>,
}

impl Files {
    /// The bucket, with the secret of its key. Blocks.
    ///
    /// # Errors
    /// When there is none, or the file with the secret cannot be read.
    pub(crate) fn bucket(&self) -> Result<Place, Exit> {
        let none = || Exit::usage(format!("{BUCKET} is not set: there is no bucket"));
        let mut place = self.bucket.clone().ok_or_else(none)?;
        if let Some(path) = &self.secret_file {
            place.keys.secret = read(path)
                .map_err(|why| Exit::usage(format!("cannot read {}: {why}", path.display())))?;
        }
        Ok(place)
    }
}

fn read(path: &Path) -> Result<Secret, String> {
    use std::io::Read;
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    file.take(SECRET_BYTES_MAX).read_to_string(&mut text).map_err(|error| error.to_string())?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err("there is no secret in it".to_owned()),
        secret if secret.chars().any(|c| c.is_control() || c.is_whitespace()) => {
            Err("a secret is one line without spaces".to_owned())
        }
        secret => Ok(Secret::new(secret.to_owned())),
    }
}

/// Reads what is said of files.
pub(super) fn files(layers: &Layers) -> Result<Files, Exit> {
    let store = match layers.text(STORE) {
        "disk" => FilesStore::Disk,
        "s3" => FilesStore::S3,
        "off" => FilesStore::Off,
        _ => return Err(layers.invalid(STORE, "it is disk, s3 or off")),
    };
    if layers.text(BUCKET).is_empty() {
        let keys = [ENDPOINT, PREFIX, ACCESS_KEY, SECRET_KEY, SECRET_KEY_FILE, CA_FILE];
        let set = keys.into_iter().find(|key| !layers.text(key).is_empty());
        return match set.or((store == FilesStore::S3).then_some("files.store=s3")) {
            Some(set) => Err(Exit::usage(format!("{set} is set, but {BUCKET} is not"))),
            None => Ok(Files { store, bucket: None, secret_file: None }),
        };
    }
    let (bucket, secret_file) = bucket(layers)?;
    Ok(Files { store, bucket: Some(bucket), secret_file })
}

fn bucket(layers: &Layers) -> Result<(Place, Option<PathBuf>), Exit> {
    let path =
        |key: &str| Some(layers.text(key)).filter(|text| !text.is_empty()).map(PathBuf::from);
    let wrong = |key: &'static str| move |why: &'static str| layers.invalid(key, why);
    let region = layers.text(REGION);
    let amazon = Endpoint::of_amazon(region).map_err(wrong(REGION))?;
    let endpoint = match layers.text(ENDPOINT) {
        "" => amazon,
        text => Endpoint::parse(text).map_err(wrong(ENDPOINT))?,
    };
    if endpoint.is_plain() && !layers.flag("files.s3.allow_plain_http") {
        let why = "what is in files would cross the network as plain text: it begins with https, or \
                   files.s3.allow_plain_http is true";
        return Err(layers.invalid(ENDPOINT, why));
    }
    let access = layers.text(ACCESS_KEY);
    if access.is_empty() || access.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(Exit::usage(format!("{BUCKET} is set, but {ACCESS_KEY} is not")));
    }
    let secret_file = path(SECRET_KEY_FILE);
    match (layers.text(SECRET_KEY), &secret_file) {
        ("", None) => {
            let why = format!("{BUCKET} is set, but neither {SECRET_KEY} nor {SECRET_KEY_FILE} is");
            return Err(Exit::usage(why));
        }
        ("", Some(_)) | (_, None) => {}
        _ => return Err(Exit::usage(format!("both {SECRET_KEY} and {SECRET_KEY_FILE} are set"))),
    }
    let place = Place {
        endpoint,
        bucket: Bucket::parse(layers.text(BUCKET)).map_err(wrong(BUCKET))?,
        region: region.to_owned(),
        prefix: Prefix::parse(layers.text(PREFIX)).map_err(wrong(PREFIX))?,
        path_style: layers.flag("files.s3.path_style"),
        keys: Keys {
            access: access.to_owned(),
            secret: Secret::new(layers.text(SECRET_KEY).to_owned()),
        },
        ca_file: path(CA_FILE),
        timeout: Duration::from_millis(
            number(layers, "files.s3.timeout_ms", 1, TIMEOUT_MS_MAX)?.into(),
        ),
        retries: number(layers, "files.s3.retries", 0, RETRIES_MAX)?,
    };
    Ok((place, secret_file))
}

fn number(layers: &Layers, key: &str, least: i64, most: i64) -> Result<u32, Exit> {
    let given = layers.value(key).as_integer().filter(|number| (least..=most).contains(number));
    let number = given.and_then(|number| u32::try_from(number).ok());
    number.ok_or_else(|| layers.invalid(key, &format!("it is a number from {least} to {most}")))
}
