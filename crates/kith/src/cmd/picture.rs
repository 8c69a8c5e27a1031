//! `kith picture`: looks into one image that comes in, for a server that runs it as a process of its own.

/// Looks into an image.
///
/// # Errors
/// When nothing can be told of it.
pub(crate) fn run() -> anyhow::Result<()> {
    Ok(kith_image::run(std::io::stdin().lock(), std::io::stdout().lock())?)
}
