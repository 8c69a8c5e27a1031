//! Names as small numbers, so that maps and comparisons stay cheap.

use std::{collections::HashMap, sync::Arc};

#[derive(Debug, Default)]
pub(crate) struct Interner {
    ids: HashMap<Arc<str>, usize>,
    names: Vec<Arc<str>>,
}

impl Interner {
    pub(crate) fn id(&mut self, name: &str) -> usize {
        if let Some(&id) = self.ids.get(name) {
            return id;
        }
        let id = self.names.len();
        let name: Arc<str> = name.into();
        self.names.push(Arc::clone(&name));
        self.ids.insert(name, id);
        id
    }

    pub(crate) fn name(&self, id: usize) -> String {
        self.names[id].as_ref().to_owned()
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }
}
