//! Messages and times as lines of text.

use std::collections::HashMap;

use kith_client::Client;
use kith_core::document::Message;
use kith_core::id::{Timestamp, UserId};
use kith_proto::query::Hit;

use crate::failure::Failure;
use crate::output;
use crate::resolve;

/// Users that one question asks for, at most.
const USERS_MAX: usize = 200;

/// A time in UTC, to the minute.
pub(crate) fn time(at: Timestamp) -> String {
    let minutes = at.0 / 60_000;
    let (days, minutes) = (minutes / 1440, minutes % 1440);
    let (year, month, day) = date(days);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}Z", minutes / 60, minutes % 60)
}

/// The Gregorian date of a number of days since 1970, after Howard Hinnant's `civil_from_days`.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

/// Knows the names of users that were asked for once.
#[derive(Default)]
pub(crate) struct Names {
    known: HashMap<UserId, String>,
}

impl Names {
    /// Learns the names of these users, as far as they may be seen.
    pub(crate) async fn learn(
        &mut self,
        client: &Client,
        users: impl IntoIterator<Item = UserId>,
    ) -> Result<(), Failure> {
        let mut unknown: Vec<UserId> =
            users.into_iter().filter(|user| !self.known.contains_key(user)).collect();
        unknown.sort_unstable();
        unknown.dedup();
        for some in unknown.chunks(USERS_MAX) {
            let found = resolve::users(client, some.to_vec()).await?;
            self.known.extend(some.iter().map(|user| (*user, user.to_string())));
            self.known.extend(found.iter().map(|user| (user.id, user.name.to_string())));
        }
        Ok(())
    }

    /// The name, or the id where it is not known.
    pub(crate) fn of(&self, user: UserId) -> String {
        self.known.get(&user).cloned().unwrap_or_else(|| user.to_string())
    }
}

/// Prints a message that was found, of a stream of this name.
pub(crate) fn hit(hit: &Hit, place: &str, names: &Names, json: bool) -> Result<(), Failure> {
    let author = names.of(hit.message.author);
    if json {
        let mut value =
            serde_json::to_value(hit).map_err(|error| Failure::Local(error.to_string()))?;
        value["author_name"] = author.into();
        value["place"] = place.into();
        return output::json(&value);
    }
    let text: String = hit.snippet.iter().map(|piece| piece.text.as_str()).collect();
    let message = &hit.message;
    let thread = message.thread.map(|root| format!(" (in thread {root})")).unwrap_or_default();
    output::line(&format!("{} {place} {} {author}{thread}: {text}", time(message.at), message.seq))
}

/// Prints a message.
pub(crate) fn message(message: &Message, names: &Names, json: bool) -> Result<(), Failure> {
    let author = names.of(message.author);
    if json {
        let mut value =
            serde_json::to_value(message).map_err(|error| Failure::Local(error.to_string()))?;
        value["author_name"] = author.into();
        return output::json(&value);
    }
    output::line(&text(message, &author))
}

/// A message as text. Its later lines stand back, so that none can pass for another message.
fn text(message: &Message, author: &str) -> String {
    let text = message.text.as_str().replace("\r\n", "\n").replace('\n', "\n    ");
    let thread = message.thread.map(|root| format!(" (in thread {root})")).unwrap_or_default();
    let edited = if message.edited_at.is_some() { " (edited)" } else { "" };
    let files: String = message.files.iter().map(|file| format!("\n    {}", file.line())).collect();
    format!("{} {} {author}{thread}: {text}{edited}{files}", time(message.at), message.seq)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_dates_in_utc() {
        for (ms, shown) in [
            (0, "1970-01-01 00:00Z"),
            (951_782_399_000, "2000-02-28 23:59Z"),
            (951_782_400_000, "2000-02-29 00:00Z"),
            (1_763_000_000_000, "2025-11-13 02:13Z"),
            (4_107_542_400_000, "2100-03-01 00:00Z"),
        ] {
            assert_eq!(time(Timestamp(ms)), shown);
        }
    }
}
