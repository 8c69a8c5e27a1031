//! Whose the site is.

use kith_core::decide::site;
use kith_core::document::{Account, Doc};
use kith_store::{ROWS_MAX, Range};

use crate::{Hub, HubError};

impl Hub {
    /// Whether somebody owns the site, or nobody can get it by a token.
    ///
    /// # Errors
    /// Failures of the store.
    pub async fn is_owned(&self) -> Result<bool, HubError> {
        let offered = self.look_committed(|draft| draft.site_secret(site::OWNER.to_owned()));
        Ok(offered.await?.is_none())
    }

    /// Lets whoever tells the token of this hash own the site, if nobody administers it; says
    /// whether. Every token of before ends. To be called when the server starts: it may look at all
    /// accounts.
    ///
    /// # Errors
    /// Failures of the store.
    pub async fn offer_site(&self, token_hash: &str) -> Result<bool, HubError> {
        if self.has_administrator().await? {
            self.transact(None, None, site::withdraw).await?;
            return Ok(false);
        }
        self.transact(None, None, |draft| site::offer(draft, token_hash)).await?;
        Ok(true)
    }

    async fn has_administrator(&self) -> Result<bool, HubError> {
        self.settled().await?;
        let is_one = |account: &Account| account.site_admin;
        let mut after = None;
        loop {
            let range = Range {
                collection: "account",
                prefix: String::new(),
                after: after.take(),
                before: None,
                descending: false,
            };
            let rows = self.inner.store.scan(range, ROWS_MAX).await?;
            let found = rows.iter().filter_map(|row| Doc::parse_in("account", &row.body)?.ok());
            if found.into_iter().any(|doc| matches!(doc, Doc::Account(one) if is_one(&one))) {
                return Ok(true);
            }
            match rows.last() {
                Some(last) if rows.len() == ROWS_MAX => after = Some(last.key.clone()),
                _ => return Ok(false),
            }
        }
    }
}
