//! The net under all handlers: a failure that is no problem document yet becomes one.

use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;

/// More than this of a plain failure is not repeated.
const MOST_WORDS: usize = 4096;

/// Gives every failure the form of RFC 9457, also those that the framework words by itself. Pages stay pages.
pub(super) async fn failures(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    let media = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let dressed =
        media.is_some_and(|m| m.starts_with("application/problem+json") || m.starts_with("text/html"));
    if !(status.is_client_error() || status.is_server_error()) || dressed {
        return response;
    }
    let (parts, body) = response.into_parts();
    // What a failure inside says of itself may tell of data; only a client's own fault is repeated to it.
    let words = if status.is_client_error() {
        to_bytes(body, MOST_WORDS).await.unwrap_or_default()
    } else {
        Default::default()
    };
    let words = String::from_utf8_lossy(&words).trim().to_owned();
    let mut problem = Problem::of(status, words).into_response();
    for (name, value) in &parts.headers {
        if ![header::CONTENT_TYPE, header::CONTENT_LENGTH, header::CONTENT_ENCODING].contains(name) {
            problem.headers_mut().append(name, value.clone());
        }
    }
    problem
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::http::StatusCode;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn a_h_every_failure_is_a_problem_and_what_is_inside_stays_inside() {
        for (status, says, told) in [
            (StatusCode::PAYLOAD_TOO_LARGE, "length limit exceeded", true),
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, "Expected request with JSON", true),
            (StatusCode::NOT_ACCEPTABLE, "", false),
            (StatusCode::INTERNAL_SERVER_ERROR, "secret table", false),
            (StatusCode::SERVICE_UNAVAILABLE, "not yet", false),
        ] {
            let plain = get(move || async move { (status, [(header::RETRY_AFTER, "5")], says) });
            let router = Router::new().route("/", plain).layer(axum::middleware::from_fn(failures));
            let request = Request::builder().uri("/").body(Body::empty()).expect("a request");
            let response = router.oneshot(request).await.expect("an answer");
            assert_eq!(response.status(), status);
            assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
            assert_eq!(response.headers()[header::RETRY_AFTER], "5");
            let body = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
            let body = String::from_utf8_lossy(&body);
            assert_eq!(!says.is_empty() && body.contains(says), told, "{body}");
            assert!(body.contains(&format!("\"status\":{}", status.as_u16())), "{body}");
        }
    }
}
