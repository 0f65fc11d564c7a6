//! What the live feed refuses, as problem documents, with the seconds after which to try again.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::http::problem::Problem;

/// A refusal, and whether to come again.
#[derive(Debug)]
pub(super) struct Refusal {
    /// In a box, since nearly nothing is refused.
    problem: Box<Problem>,
    retry_after: Option<u32>,
}

impl Refusal {
    fn new(status: StatusCode, kind: &'static str, title: &'static str, detail: String) -> Self {
        Problem::new(status, kind, title, detail).into()
    }

    fn after(self, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// What is refused names a parameter, a header or a field.
    pub(super) fn of(self, name: &str) -> Self {
        Self { problem: Box::new(self.problem.about(name)), ..self }
    }

    /// The service was started without a store.
    pub(super) fn no_store() -> Self {
        let detail = "this service takes nothing in: it was started from files; start it with --store";
        Self::new(StatusCode::NOT_FOUND, "no-store", "Nothing is taken in here", detail.to_owned())
    }

    /// There is more than is taken at a time.
    pub(super) fn busy() -> Self {
        let detail = "more waits to be written than is taken at a time; nothing of this request was kept";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "busy", "Too much at a time", detail.to_owned()).after(1)
    }

    /// There are too many clients of the feed.
    pub(super) fn clients(most: usize) -> Self {
        let detail = format!("{most} clients listen already, and no more are served");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "clients", "Too many clients", detail).after(5)
    }

    /// There are too many clients of the feed from one address.
    pub(super) fn clients_of_one(most: usize) -> Self {
        let detail = format!(
            "{most} clients of this address listen already, and no more are served; a proxy before this service is to be \
             named in trusted_proxies, so that its clients are told apart"
        );
        Self::new(StatusCode::TOO_MANY_REQUESTS, "clients", "Too many clients", detail).after(5)
    }

    /// A body did not come in time.
    pub(super) fn late() -> Self {
        let detail =
            "the body did not come in time; nothing of this request was kept; send it in smaller parts";
        Self::new(StatusCode::REQUEST_TIMEOUT, "late", "The body did not come in time", detail.to_owned())
    }

    /// The store cannot be written to.
    pub(super) fn stopped() -> Self {
        let detail = "the store cannot be written to, and the log says why; nothing of this request was \
                      acknowledged, nothing more is taken until the service is started again, and reading goes on";
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "store",
            "The store cannot be written to",
            detail.to_owned(),
        )
        .after(60)
    }

    /// The disk has no room.
    pub(super) fn full() -> Self {
        let detail = "the disk of the store is full; nothing of this request was kept";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "full", "The disk is full", detail.to_owned()).after(60)
    }

    /// A key that stands for another request.
    pub(super) fn key() -> Self {
        let detail = "this key came before with another body; a key stands for one request";
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "key",
            "The key stands for another request",
            detail.to_owned(),
        )
        .of("Idempotency-Key")
    }

    /// The service is being stopped.
    pub(super) fn stopping() -> Self {
        let detail = "the service is being stopped; nothing of this request was kept";
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "stopping",
            "The service is being stopped",
            detail.to_owned(),
        )
        .after(5)
    }

    /// A body that is too large, as it came or unpacked.
    pub(super) fn large(detail: String) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "large", "The body is too large", detail)
    }

    /// A body of a kind that is not taken.
    pub(super) fn media(detail: String) -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "media-type",
            "The body is of a kind that is not taken",
            detail,
        )
    }

    /// A body that cannot be used.
    pub(super) fn unusable(detail: String) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "body", "The body cannot be used", detail)
    }

    /// An incident that is too old to be kept.
    pub(super) fn expired() -> Self {
        let detail =
            "it is older than what is kept of its source here (retention), and nothing of it was kept";
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "expired",
            "The incident is too old to be kept",
            detail.to_owned(),
        )
    }

    /// A parameter or a header that cannot be used.
    pub(super) fn parameter(name: &str, detail: String) -> Self {
        Problem::unusable(StatusCode::BAD_REQUEST, name, detail).into()
    }

    /// There is no such report of refused rows, or none any more.
    pub(super) fn no_report(id: &str) -> Self {
        let detail =
            format!("there is no report `{id}`, or none any more; the last ones are kept for an hour");
        Self::new(StatusCode::NOT_FOUND, "no-report", "No such report", detail)
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self { problem: Box::new(problem), retry_after: None }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = self.problem.into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
