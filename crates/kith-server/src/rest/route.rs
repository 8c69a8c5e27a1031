//! What a row of the table of routes says: how it is called, what it does, what it answers.

use std::pin::Pin;
use std::sync::Arc;

use axum::routing::MethodFilter;
use kith_core::command::Command;
use kith_proto::error::Problem;
use kith_proto::query::{Answer, Query};
use kith_proto::service;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;

use super::call::Call;
use super::reply::{self, Page, Reply};
use super::shapes;
use crate::app::App;

/// What every path of the table begins with.
pub(super) const ROOT: &str = "/api/v1";

/// A JSON Schema, made where it is needed.
pub(super) type Shape = fn(&mut SchemaGenerator) -> Schema;
/// Work that is neither one question nor one command.
pub(super) type Work =
    fn(Arc<App>, Call) -> Pin<Box<dyn Future<Output = Result<Reply, Problem>> + Send>>;

/// As [`Work`], with a body that is read as it comes.
pub(super) type Intake = fn(
    Arc<App>,
    Call,
    axum::body::Body,
) -> Pin<Box<dyn Future<Output = Result<Reply, Problem>> + Send>>;

/// The method of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Verb {
    pub(super) fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
            Self::Put => MethodFilter::PUT,
            Self::Patch => MethodFilter::PATCH,
            Self::Delete => MethodFilter::DELETE,
        }
    }

    /// As OpenAPI writes it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Put => "put",
            Self::Patch => "patch",
            Self::Delete => "delete",
        }
    }
}

/// What a route does.
#[derive(Clone, Copy)]
pub(super) enum Action {
    /// Asks a question; the second function makes the answer JSON.
    Ask(fn(&Call) -> Result<Query, Problem>, fn(&Call, &Answer) -> Result<Value, Problem>),
    /// Does a command.
    Do(fn(&Call) -> Result<Command, Problem>),
    /// Calls a service.
    Invoke(fn(&Call) -> Result<service::Call, Problem>),
    /// Signs somebody up or in: needs no session.
    Begin(Work),
    /// Does something that REST alone offers, for whoever has a session.
    Own(Work),
    /// Takes the bytes of a file in.
    Take(Intake),
    /// Brings the bytes of a file.
    Bring(Work),
    /// Shows a page that is the same for everyone.
    Show(fn() -> Page),
}

/// The kind of value that a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An id with this prefix.
    Id(&'static str),
    /// A whole number.
    Number,
    /// A text of at most so many characters.
    Text(usize),
}

/// A parameter of the query.
#[derive(Clone, Copy, Debug)]
pub(super) struct Param {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) about: &'static str,
}

/// The parameters of a list in the order of names.
pub(super) const BY_NAME: &[Param] = &[
    Param {
        name: "begin",
        kind: Kind::Text(200),
        about: "Only those whose names begin like this.",
    },
    Param {
        name: "after",
        kind: Kind::Text(200),
        about: "Only those whose names come after this one.",
    },
    Param { name: "limit", kind: Kind::Number, about: "At most 200; 100 if absent." },
];

/// A body: its schema, and an example that is accepted.
#[derive(Clone, Copy)]
pub(super) struct Body {
    pub(super) shape: Shape,
    pub(super) example: &'static str,
}

/// A row of the table.
#[derive(Clone, Copy)]
pub(super) struct Route {
    pub(super) verb: Verb,
    /// Below [`ROOT`], with its parameters in braces.
    pub(super) path: &'static str,
    pub(super) summary: &'static str,
    pub(super) action: Action,
    pub(super) query: &'static [Param],
    pub(super) body: Option<Body>,
    /// The answer; `None` for pages.
    pub(super) shape: Option<Shape>,
    /// Codes that are particular to it.
    pub(super) errors: &'static [&'static str],
    /// Whether it answers 201.
    pub(super) creates: bool,
    /// Whether its body may be as large as the largest value.
    pub(super) large: bool,
    /// Whether it takes the session cookie away.
    pub(super) signs_out: bool,
    /// The part of the path that names the operation, instead of the header `Idempotency-Key`.
    pub(super) named_by: Option<&'static str>,
}

/// The schema of a type.
pub(super) fn shape<T: JsonSchema>(schemas: &mut SchemaGenerator) -> Schema {
    schemas.subschema_for::<T>()
}

/// A question, whose answer is a `T`.
pub(super) const fn get<T: JsonSchema>(
    path: &'static str,
    summary: &'static str,
    ask: fn(&Call) -> Result<Query, Problem>,
) -> Route {
    Route { shape: Some(shape::<T>), ..bare(Verb::Get, path, summary, Action::Ask(ask, plain)) }
}

/// A command, whose answer is its outcome.
pub(super) const fn act(
    verb: Verb,
    path: &'static str,
    summary: &'static str,
    make: fn(&Call) -> Result<Command, Problem>,
) -> Route {
    Route { shape: Some(shape::<shapes::Outcome>), ..bare(verb, path, summary, Action::Do(make)) }
}

/// A call of a service, whose answer is its result.
pub(super) const fn invoke(
    path: &'static str,
    summary: &'static str,
    make: fn(&Call) -> Result<service::Call, Problem>,
) -> Route {
    let action = Action::Invoke(make);
    Route { shape: Some(shape::<shapes::Returned>), ..bare(Verb::Post, path, summary, action) }
}

/// A way in.
pub(super) const fn begin<T: JsonSchema>(
    path: &'static str,
    summary: &'static str,
    work: Work,
) -> Route {
    Route { shape: Some(shape::<T>), ..bare(Verb::Post, path, summary, Action::Begin(work)) }
}

/// Something that anyone may ask.
pub(super) const fn open<T: JsonSchema>(
    path: &'static str,
    summary: &'static str,
    work: Work,
) -> Route {
    Route { shape: Some(shape::<T>), ..bare(Verb::Get, path, summary, Action::Begin(work)) }
}

/// Something that REST alone offers.
pub(super) const fn own<T: JsonSchema>(
    verb: Verb,
    path: &'static str,
    summary: &'static str,
    work: Work,
) -> Route {
    Route { shape: Some(shape::<T>), ..bare(verb, path, summary, Action::Own(work)) }
}

/// Something that takes the bytes of a file in.
pub(super) const fn take<T: JsonSchema>(
    verb: Verb,
    path: &'static str,
    summary: &'static str,
    work: Intake,
) -> Route {
    Route { shape: Some(shape::<T>), ..bare(verb, path, summary, Action::Take(work)) }
}

/// The bytes of a file.
pub(super) const fn bring(path: &'static str, summary: &'static str, work: Work) -> Route {
    bare(Verb::Get, path, summary, Action::Bring(work))
}

/// Bytes that anyone may ask for.
pub(super) const fn bring_to_all(path: &'static str, summary: &'static str, work: Work) -> Route {
    bare(Verb::Get, path, summary, Action::Begin(work))
}

/// A page that is the same for everyone.
pub(super) const fn show(path: &'static str, summary: &'static str, page: fn() -> Page) -> Route {
    bare(Verb::Get, path, summary, Action::Show(page))
}

const fn bare(verb: Verb, path: &'static str, summary: &'static str, action: Action) -> Route {
    Route {
        verb,
        path,
        summary,
        action,
        query: &[],
        body: None,
        shape: None,
        errors: &[],
        creates: false,
        large: false,
        signs_out: false,
        named_by: None,
    }
}

impl Route {
    pub(super) const fn query(self, query: &'static [Param]) -> Self {
        Self { query, ..self }
    }

    pub(super) const fn body<T: JsonSchema>(self, example: &'static str) -> Self {
        Self { body: Some(Body { shape: shape::<T>, example }), ..self }
    }

    pub(super) const fn errors(self, errors: &'static [&'static str]) -> Self {
        Self { errors, ..self }
    }

    pub(super) const fn creates(self) -> Self {
        Self { creates: true, ..self }
    }

    /// Takes bodies with a whole value in them.
    pub(super) const fn large(self) -> Self {
        Self { large: true, ..self }
    }

    pub(super) const fn signs_out(self) -> Self {
        Self { signs_out: true, ..self }
    }

    pub(super) const fn named_by(self, parameter: &'static str) -> Self {
        Self { named_by: Some(parameter), ..self }
    }

    /// Makes the answer JSON in its own way.
    pub(super) const fn tell(self, tell: fn(&Call, &Answer) -> Result<Value, Problem>) -> Self {
        match self.action {
            Action::Ask(ask, _) => Self { action: Action::Ask(ask, tell), ..self },
            _ => self,
        }
    }

    /// Whether anyone may call it.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.action, Action::Begin(_) | Action::Show(_))
    }

    pub(super) fn full_path(&self) -> String {
        format!("{ROOT}{}", self.path)
    }

    /// The names of the parameters in its path.
    pub(super) fn parameters(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }

    /// All codes that it may answer with.
    pub(super) fn codes(&self) -> Vec<&'static str> {
        let mut codes = self.errors.to_vec();
        // A parameter that the route does not know.
        codes.push("input.invalid");
        if !self.is_open() {
            codes.extend(["auth.failed", "rate.limited", "server.busy", "store.failed"]);
        }
        if !self.query.is_empty() || self.parameters().next().is_some() {
            codes.push("input.malformed");
        }
        if self.body.is_some() {
            codes.extend(["input.too_large", "input.too_slow"]);
            codes.extend(["input.empty", "input.too_long", "input.malformed"]);
        }
        if matches!(self.action, Action::Do(_)) {
            codes.extend(["input.malformed", "op.reused", "op.expired", "store.full"]);
            if codes.contains(&"permission.denied") {
                codes.push("member.timed_out");
            }
        }
        codes.sort_unstable();
        codes.dedup();
        codes
    }
}

/// What a parameter of a path takes, and what it is.
pub(super) fn path_parameter(route: &Route, name: &str) -> Option<(Kind, &'static str)> {
    Some(match name {
        "circle" => (Kind::Id("c_"), "The circle."),
        "user" => (Kind::Id("u_"), "The user."),
        "stream" => (Kind::Id("s_"), "The stream."),
        "topic" => (Kind::Id("t_"), "The topic."),
        "file" => (Kind::Id("f_"), "The file."),
        "role" => (Kind::Id("r_"), "The role."),
        "invite" => (Kind::Id("i_"), "The invite."),
        "session" => (Kind::Id("d_"), "The session."),
        "message" if route.named_by == Some("message") => (
            Kind::Text(64),
            "The name that the client gives the message: said twice, it is posted once.",
        ),
        "message" => (Kind::Number, "The number of the message."),
        "emoji" => (Kind::Text(16), "The reaction: an emoji, percent-encoded."),
        "code" => (Kind::Text(128), "The secret of the invite."),
        "key" => (Kind::Text(100), "The name of the preference."),
        "name" => (Kind::Text(32), "The name, in any case."),
        _ => return None,
    })
}

/// An answer as JSON: without its tag where it is an object.
fn plain(_: &Call, answer: &Answer) -> Result<Value, Problem> {
    let mut value = reply::json(answer)?;
    let tagged = value.as_object_mut().filter(|tagged| tagged.len() == 1);
    let inner = tagged.and_then(|tagged| tagged.values_mut().next());
    let inner = inner.filter(|inner| inner.is_object()).map(Value::take);
    Ok(inner.unwrap_or(value))
}
