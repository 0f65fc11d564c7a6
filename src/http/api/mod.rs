//! What the service says of itself: the document of its routes, as OpenAPI and as a page, and its conformance classes.

mod conformance;
pub(super) mod declared;
mod document;
mod page;
pub(super) mod parameters;
mod process_routes;
pub(super) mod route;
mod schemas;
pub(super) mod table;
mod tile_routes;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;

use super::accept::wants_page;
use super::base::base;
use super::problem::Problem;
use super::query::value;
use super::state::AppState;

/// Media type of the document: exactly this one is what clients look for.
pub(super) const OPENAPI: &str = "application/vnd.oai.openapi+json;version=3.0";

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/api", get(api)).route("/docs", get(docs)).route("/conformance", get(classes))
}

async fn api(State(state): State<AppState>, request: Request) -> Result<Response, Problem> {
    let is_page = wants_page(request.headers(), value(request.uri(), "f").as_deref())?;
    let document = document::document(&state.open(), &state.defaults, &base(&request));
    Ok(if is_page {
        page::page(&document)
    } else {
        ([(header::CONTENT_TYPE, OPENAPI)], document.to_string()).into_response()
    })
}

async fn docs(State(state): State<AppState>, request: Request) -> Response {
    page::page(&document::document(&state.open(), &state.defaults, &base(&request)))
}

async fn classes() -> Response {
    let body = json!({ "conformsTo": conformance::CLASSES.map(|(class, _)| class) });
    ([(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
