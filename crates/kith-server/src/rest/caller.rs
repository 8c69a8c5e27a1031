//! Who calls: by token, or by cookie with proof that no foreign page sent it.

use http::header::{AUTHORIZATION, COOKIE};
use http::request::Parts;
use http::{HeaderMap, Method};
use kith_proto::error::Problem;

use crate::app::App;
use crate::auth::{self, Caller};
use crate::origin;
use crate::settings::Settings;

/// The session cookie where the server is reached without TLS.
const COOKIE_PLAIN: &str = "kith_session";
/// The session cookie where it is reached with TLS: browsers take this name from no other host.
const COOKIE_SECURE: &str = "__Host-kith";
/// The cookies by which a device is known, named as those of sessions are.
const DEVICE_PLAIN: &str = "kith_device";
const DEVICE_SECURE: &str = "__Host-kith-device";
/// How long a device is known: as long as browsers keep a cookie, 400 days.
const DEVICE_SECONDS: u64 = 400 * 24 * 3600;
/// A page of another origin cannot send this header unless the server lets it, which it does not,
/// whatever pages may ask.
const PROOF: &str = "x-kith-request";

/// Who sent a request. Counts nothing.
pub(super) async fn of(app: &App, head: &Parts) -> Result<Caller, Problem> {
    let token = match head.headers.get(AUTHORIZATION) {
        Some(value) => {
            let text = value.to_str().map_err(|_| auth::failed())?;
            let (scheme, token) = text.split_once(' ').ok_or_else(auth::failed)?;
            if !scheme.eq_ignore_ascii_case("bearer") {
                return Err(auth::failed());
            }
            token.trim().to_owned()
        }
        None => {
            let token = cookie_of(&head.headers, &app.settings).ok_or_else(auth::failed)?;
            if head.method != Method::GET && head.method != Method::HEAD {
                prove(&head.headers, &app.settings)?;
            }
            token
        }
    };
    app.auth.caller(&token).await
}

/// Checks that a page of ours, or no page at all, sent a request.
pub(super) fn prove(headers: &HeaderMap, settings: &Settings) -> Result<(), Problem> {
    if headers.contains_key(PROOF) && origin::is_ours(headers, settings) {
        return Ok(());
    }
    let message = "a cookie changes something only with the header X-Kith-Request, sent by a page \
                   of this server";
    Err(Problem::new("auth.failed", message))
}

/// The token in the session cookie, by the name that it has on this server.
pub(crate) fn cookie_of(headers: &HeaderMap, settings: &Settings) -> Option<String> {
    named(headers, settings, name(settings))
}

/// The value of a cookie, unless a page of others sends it.
fn named(headers: &HeaderMap, settings: &Settings, name: &str) -> Option<String> {
    if !origin::is_ours(headers, settings) {
        return None;
    }
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    pairs.find(|(found, _)| found.trim() == name).map(|(_, token)| token.trim().to_owned())
}

fn name(settings: &Settings) -> &'static str {
    if is_secure(settings) { COOKIE_SECURE } else { COOKIE_PLAIN }
}

fn is_secure(settings: &Settings) -> bool {
    settings.public_url.starts_with("https://")
}

/// The `Set-Cookie` that begins a session in a browser.
pub(super) fn set_cookie(settings: &Settings, token: &str) -> String {
    let age = u64::from(settings.session_days) * 24 * 3600;
    line(settings, name(settings), token, age)
}

/// The `Set-Cookie` that ends it.
pub(super) fn clear_cookie(settings: &Settings) -> String {
    line(settings, name(settings), "", 0)
}

fn device_name(settings: &Settings) -> &'static str {
    if is_secure(settings) { DEVICE_SECURE } else { DEVICE_PLAIN }
}

/// The `Set-Cookie` by which a browser is known the next time.
pub(super) fn set_device(settings: &Settings, device: &str) -> String {
    line(settings, device_name(settings), device, DEVICE_SECONDS)
}

/// What the browser is known by.
pub(super) fn device_of(headers: &HeaderMap, settings: &Settings) -> Option<String> {
    named(headers, settings, device_name(settings))
}

fn line(settings: &Settings, name: &str, token: &str, age_seconds: u64) -> String {
    let secure = if is_secure(settings) { "; Secure" } else { "" };
    format!("{name}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age_seconds}{secure}")
}
