//! What things of the world are called.

/// A text that is nowhere but in what goes by `name`.
pub(crate) fn secret(name: &str) -> String {
    format!("secret of {}", name.replace(' ', "-"))
}

/// The name of the topic that goes by `name` here.
pub(crate) fn topic_name(name: &str) -> String {
    name.replace(' ', "-")
}

/// An id that nothing has.
pub(crate) fn missing(prefix: &str) -> String {
    format!("{prefix}01h455vb4pex5vsknk084sn02q")
}
