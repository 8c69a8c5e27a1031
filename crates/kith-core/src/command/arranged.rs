//! In which order streams are shown.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::StreamId;
use crate::text::SectionName;

/// Streams that are shown together, in their order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Arranged {
    /// The name of the section; none for those that stand before all sections.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<SectionName>,
    /// Its streams.
    pub streams: Vec<StreamId>,
}
