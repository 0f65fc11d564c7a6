//! Pages of what is JSON by itself: one plain form for all documents that have no page of their own.

use axum::body::to_bytes;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::Value as Json;

use super::accept::wants_page;
use super::api::table::routes;
use super::base::base;
use super::html;
use super::problem::Problem;
use super::query::value;

/// Makes a page of a JSON answer for who wants one: by `f`, else by what the client accepts.
///
/// OGC API – Features, requirements class HTML: every answer is also had as a page. An address that ends in its
/// form is what it says unless `f` says otherwise.
pub(super) async fn pages(request: Request, next: Next) -> Response {
    let Some(help) = wanted(&request) else { return next.run(request).await };
    let base = base(&request);
    let response = next.run(request).await;
    let media = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_json = media.is_some_and(|media| media.ends_with("/json") || media.ends_with("+json"));
    if response.status() != StatusCode::OK || !is_json {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let told = match to_bytes(body, usize::MAX).await {
        Ok(bytes) => serde_json::from_slice::<Json>(&bytes).map_err(Problem::inside),
        Err(error) => Err(Problem::inside(error)),
    };
    match told {
        Ok(told) => {
            let page = html::document(&base, help, &told);
            parts.headers.remove(header::CONTENT_LENGTH);
            // The page is no older than what it is made of, and is not that.
            let tag = parts.headers.get(header::ETAG).and_then(|tag| tag.to_str().ok());
            let own = tag.and_then(|tag| tag.strip_suffix('"')).map(|tag| format!("{tag}-page\""));
            if let Some(own) = own.and_then(|own| HeaderValue::try_from(own).ok()) {
                parts.headers.insert(header::ETAG, own);
            }
            parts.headers.extend(page.headers().clone());
            Response::from_parts(parts, page.into_body())
        }
        Err(problem) => problem.into_response(),
    }
}

/// What a page is of, where the client wants one and the route makes none itself.
fn wanted(request: &Request) -> Option<&'static str> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return None;
    }
    let at = request.extensions().get::<MatchedPath>()?.as_str();
    let route = routes().find(|route| route.at == at && route.has_plain_page())?;
    let form = value(request.uri(), "f");
    let path = request.uri().path();
    let by_name = form.is_none() && [".json", ".csv", ".qml"].iter().any(|ending| path.ends_with(ending));
    // A form that is not offered is for the handler to refuse.
    let wants = !by_name && wants_page(request.headers(), form.as_deref()).unwrap_or(false);
    wants.then_some(route.help)
}
