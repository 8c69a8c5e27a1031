//! What a world has in its store, to see whether it is as it was and as it should be.

use kith_core::document::COLLECTIONS;
use kith_store::{Range, Store};

use crate::world::World;

impl World {
    /// What is wrong with the documents, by the events.
    pub(crate) async fn problems(&self) -> Vec<String> {
        let verified = kith_hub::verify::verify(&self.store).await.unwrap();
        verified.problems.into_iter().map(|problem| problem.what).collect()
    }

    /// Everything that is stored, as text.
    pub(crate) async fn dump(&self) -> String {
        let mut text = String::new();
        for feed in self.store.feeds(None, usize::MAX).await.unwrap() {
            text.push_str(&format!("{feed} {:?}\n", self.store.head(feed).await.unwrap()));
        }
        for collection in COLLECTIONS {
            let prefix = String::new();
            let range = Range { collection, prefix, after: None, before: None, descending: false };
            for row in self.store.scan(range, usize::MAX).await.unwrap() {
                text.push_str(&format!("{collection} {} {}\n", row.key, row.body));
            }
        }
        text
    }
}
