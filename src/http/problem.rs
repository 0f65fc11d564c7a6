//! Every failure over HTTP: an RFC 9457 problem document. 4xx tells all, 5xx nothing but an id.

use std::any::Any;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value as Json, json};

use crate::engine::params::nearest::meant;
use crate::engine::params::table::Param;
use crate::engine::params::values::BadValue;
use crate::layer::answer::AnswerError;

/// The type of a parameter that is not declared.
pub(super) const UNKNOWN_PARAMETER: &str = "unknown-parameter";

/// A failure and how to mend it.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    status: StatusCode,
    kind: &'static str,
    title: &'static str,
    detail: String,
    parameter: Option<String>,
    allowed: Box<[&'static str]>,
    /// Where the same is had as it is now.
    newest: Option<Box<Json>>,
}

impl Problem {
    /// A problem by its status, the last word of its type (or its whole address, where another standard has named it), its
    /// title and what is to be said of this one.
    pub(super) fn new(status: StatusCode, kind: &'static str, title: &'static str, detail: String) -> Self {
        Self { status, kind, title, detail, parameter: None, allowed: Box::default(), newest: None }
    }

    /// The same of a parameter, a header or a field.
    pub(super) fn about(self, parameter: &str) -> Self {
        Self { parameter: Some(parameter.to_owned()), ..self }
    }

    /// The same with what could be given instead.
    pub(super) fn among(self, allowed: Vec<&'static str>) -> Self {
        Self { allowed: allowed.into(), ..self }
    }

    /// A failure that the framework words by itself, or leaves without words.
    pub(super) fn of(status: StatusCode, words: String) -> Self {
        let title = status.canonical_reason().unwrap_or("Failure");
        let kind = match status {
            StatusCode::PAYLOAD_TOO_LARGE => "too-large",
            StatusCode::URI_TOO_LONG => "address",
            StatusCode::UNSUPPORTED_MEDIA_TYPE => "media-type",
            StatusCode::TOO_MANY_REQUESTS => "too-many",
            StatusCode::SERVICE_UNAVAILABLE => "unavailable",
            StatusCode::NOT_ACCEPTABLE => "not-acceptable",
            _ if status.is_server_error() => "internal",
            _ => "request",
        };
        let detail = if words.is_empty() { title.to_owned() } else { words };
        Self::new(status, kind, title, detail)
    }

    /// A parameter without which there is no answer.
    pub(super) fn not_given(param: &Param) -> Self {
        Self { status: StatusCode::BAD_REQUEST, ..AnswerError::NotGiven(*param).into() }
    }

    /// What is wrong and how to mend it.
    pub(super) fn detail(&self) -> &str {
        &self.detail
    }

    /// Nothing lives at this path.
    pub(super) fn not_found(path: &str) -> Self {
        let detail = format!("there is nothing at `{path}`; the way in is /collections");
        Self::new(StatusCode::NOT_FOUND, "not-found", "Not found", detail)
    }

    /// No feature has this id.
    pub(super) fn no_feature(collection: &str, id: &str) -> Self {
        let detail = format!("{collection} has no feature `{id}` that may be shown");
        Self::new(StatusCode::NOT_FOUND, "no-feature", "No such feature", detail)
    }

    /// A state of the data that is no longer kept.
    pub(super) fn walk_gone(snapshot: &str, newest: String) -> Self {
        let detail = format!(
            "the state `{snapshot}` of the data is no longer kept; begin anew at {newest}, whose pages are of one newer state"
        );
        let gone = Self::new(StatusCode::GONE, "gone", "No longer kept", detail).about("snapshot");
        Self { newest: Some(Box::new(newest.into())), ..gone }
    }

    /// A parameter that cannot be used, in these words.
    pub(super) fn unusable(status: StatusCode, name: &str, detail: String) -> Self {
        Self::new(status, "parameter", "A parameter cannot be used", detail).about(name)
    }

    /// A parameter that cannot be used, with why.
    pub(super) fn parameter(name: &str, why: &dyn std::fmt::Display) -> Self {
        Self::unusable(StatusCode::BAD_REQUEST, name, format!("`{name}` cannot be used: {why}"))
    }

    /// A value that is well by itself, and not for who asks to decide.
    pub(super) fn agency(bad: BadValue) -> Self {
        Self { status: StatusCode::FORBIDDEN, ..bad.into() }
    }

    /// A parameter that is well by itself, but not with the others or not with these data.
    pub(super) fn not_together(name: &str, why: &dyn std::fmt::Display) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, ..Self::parameter(name, why) }
    }

    /// There is no such collection.
    pub(super) fn no_collection(id: &str, known: &[&'static str]) -> Self {
        let detail = format!("there is no collection `{id}`; there are {}", known.join(", "));
        Self::new(StatusCode::NOT_FOUND, "no-collection", "No such collection", detail)
    }

    /// Another method than those that are offered.
    pub(super) fn method() -> Self {
        let detail = "this method is not offered here; the header Allow tells which are".to_owned();
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method", "Method not allowed", detail)
    }

    /// A request that does not come from this machine's own pages.
    pub(super) fn foreign_host(host: &str) -> Self {
        let detail = format!(
            "`{host}` is no name of this machine's loopback address; use http://127.0.0.1, or serve with --public-url"
        );
        Self::new(StatusCode::FORBIDDEN, "host", "Host not permitted", detail)
    }

    /// A query that cannot be read.
    pub(super) fn query(detail: String) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "query", "The query cannot be read", detail)
    }

    /// A parameter that the collection does not have.
    pub(super) fn unknown_parameter(name: &str, address: &str, allowed: Vec<&'static str>) -> Self {
        let near = meant(name, allowed.iter().copied());
        let hint = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        let detail = format!("`{name}` is not a parameter of {address}{hint}");
        Self::new(StatusCode::BAD_REQUEST, UNKNOWN_PARAMETER, "Unknown query parameter", detail)
            .about(name)
            .among(allowed)
    }

    /// What is no name of a state of the data, such as a bare number.
    pub(super) fn no_snapshot(given: &str, newest: &str) -> Self {
        let detail = format!(
            "`snapshot` is `{given}`, which names no state of the data; give a name as links, /readyz and /events have it, such as `{newest}`, the newest, or leave it out"
        );
        Self::unusable(StatusCode::BAD_REQUEST, "snapshot", detail)
    }

    /// A snapshot that is kept no longer, or never was.
    pub(super) fn gone(snapshot: &str) -> Self {
        let detail = format!("snapshot `{snapshot}` is not kept; leave `snapshot` out for the newest");
        Self::new(StatusCode::GONE, "gone", "The snapshot is gone", detail).about("snapshot")
    }

    /// A tile that is not of this world.
    pub(super) fn beyond(name: &str, detail: String) -> Self {
        Self { status: StatusCode::NOT_FOUND, ..Self::tile(name, detail) }
    }

    /// What is no number of a tile.
    pub(super) fn tile(name: &str, detail: String) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "tile", "There is no such tile", detail).about(name)
    }

    /// A parameter that is given twice.
    pub(super) fn repeated(name: &str) -> Self {
        let detail = format!("`{name}` is given twice; give it once, several values separated by commas");
        Self::unusable(StatusCode::BAD_REQUEST, name, detail)
    }

    /// Something went wrong inside: the log has it under the id that the client is told.
    pub(super) fn inside(error: impl std::error::Error) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let chain = chain(&error);
        tracing::error!(id, chain, "a request failed");
        let detail = format!("something went wrong here; the log tells more under id {id}");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal error", detail)
    }
}

impl From<PathRejection> for Problem {
    fn from(bad: PathRejection) -> Self {
        Self::query(bad.to_string())
    }
}

impl From<QueryRejection> for Problem {
    fn from(bad: QueryRejection) -> Self {
        Self::query(bad.to_string())
    }
}

impl From<BadValue> for Problem {
    fn from(bad: BadValue) -> Self {
        Self::unusable(StatusCode::BAD_REQUEST, &bad.name, bad.to_string())
    }
}

/// 400 for a name that is not among those that the document lists, 422 where each value is well but not with the
/// others or not with these data.
impl From<AnswerError> for Problem {
    fn from(error: AnswerError) -> Self {
        let Some(parameter) = error.parameter() else { return Self::inside(error) };
        let status = match error {
            AnswerError::Category(_) | AnswerError::Within(_) => StatusCode::BAD_REQUEST,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Self::unusable(status, parameter, error.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = json!({
            "type": if self.kind.contains(':') { self.kind.to_owned() } else { format!("urn:hotblocks:problem:{}", self.kind) },
            "title": self.title,
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        let near = self.parameter.as_deref().and_then(|name| meant(name, self.allowed.iter().copied()));
        let near = near.filter(|_| self.kind == UNKNOWN_PARAMETER);
        if let Some(parameter) = self.parameter {
            body["parameter"] = parameter.into();
        }
        if let Some(near) = near {
            body["nearest"] = near.into();
        }
        if !self.allowed.is_empty() {
            body["allowed"] = self.allowed.to_vec().into();
        }
        if let Some(newest) = self.newest {
            body["links"] = json!([{ "rel": "latest-version", "href": *newest }]);
        }
        (self.status, [(header::CONTENT_TYPE, "application/problem+json")], body.to_string()).into_response()
    }
}

/// An error with its causes, in one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}

/// The answer to a request whose handler panicked.
pub(super) fn panicked(cause: Box<dyn Any + Send + 'static>) -> Response {
    let text = cause
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| cause.downcast_ref::<&str>().copied())
        .unwrap_or("a panic");
    Problem::inside(std::io::Error::other(text.to_owned())).into_response()
}
