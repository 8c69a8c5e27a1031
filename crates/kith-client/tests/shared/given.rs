//! What comes of a step, and whether it is what the case says.

use kith_client::ClientError;
use kith_core::topic::same;
use kith_proto::error::Problem;
use serde_json::{Value as Json, json};

/// What came of it.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) value: Result<Json, Problem>,
    /// Of a stream.
    pub(crate) items: Vec<Json>,
    pub(crate) progress: Vec<Json>,
}

impl From<Result<Json, ClientError>> for Given {
    fn from(value: Result<Json, ClientError>) -> Self {
        let value = value.map_err(|error| match error {
            ClientError::Refused(problem) => problem,
            // Of which programs in Rust are told by another name.
            ClientError::Unknown => {
                Problem { unknown: true, ..Problem::new("client.connection_lost", "lost") }
            }
            other => panic!("{other}"),
        });
        Self { value, items: Vec::new(), progress: Vec::new() }
    }
}

impl Given {
    /// Whether it is what a step expects.
    pub(crate) fn is(&self, step: &Json) -> bool {
        let fits = |key: &str, found: Json| step.get(key).is_none_or(|asked| same(asked, &found));
        match (&self.value, step.get("refused")) {
            (Ok(value), None) => {
                fits("gives", value.clone())
                    && fits("items", json!(self.items))
                    && fits("progress", json!(self.progress))
            }
            (Err(problem), Some(code)) => {
                code == problem.code.as_str()
                    && fits("change", json!(problem.change))
                    && fits("unknown", json!(problem.unknown))
                    && fits("failure", json!(problem.failure))
            }
            _ => false,
        }
    }
}

pub(crate) fn check(step: &Json, given: &Given) {
    assert!(given.is(step), "{step} gave {given:?}");
}
