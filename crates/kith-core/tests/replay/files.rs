//! Files in a history: kept for as long as something refers to them.

use std::collections::BTreeMap;

use kith_core::document::{Doc, Key};
use kith_core::id::FileId;
use proptest::prelude::*;

use crate::{history, steps};

proptest! {
    #[test]
    fn files_are_kept_for_as_long_as_something_refers_to_them(steps in steps()) {
        let world = history(&steps, |_, _, _, _| {});
        let icons = world.documents.values().filter_map(|doc| match doc {
            Doc::User(user) => user.avatar.as_deref(),
            Doc::Circle(circle) => circle.icon.as_deref(),
            _ => None,
        });
        let mut uses: BTreeMap<FileId, u32> = BTreeMap::new();
        for icon in icons {
            *uses.entry(icon.file).or_default() += 1;
        }
        for (key, doc) in &world.documents {
            let (Key::File(id), Doc::File(file)) = (key, doc) else { continue };
            let used = uses.remove(id).unwrap_or_default();
            prop_assert_eq!(file.uses, used);
            prop_assert_eq!(file.expires_at.is_none(), used > 0);
            let line = file.expires_at.map(|at| Key::FileEnd(at, *id));
            let is_listed = line.is_some_and(|line| world.documents.contains_key(&line));
            prop_assert_eq!(is_listed, used == 0);
        }
        prop_assert!(uses.is_empty(), "what is referred to is there");
    }
}
