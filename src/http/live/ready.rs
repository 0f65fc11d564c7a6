//! `GET /readyz`: whether the service should be sent requests now.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::feed::Feed;
use crate::http::state::AppState;
use crate::store::room::has_room;

pub(super) async fn ready(State(state): State<AppState>) -> Response {
    let feed = &state.feed;
    let checks = checks(feed);
    let ready = checks.iter().all(|(_, ok)| *ok);
    let named: serde_json::Map<_, _> =
        checks.iter().map(|(name, ok)| ((*name).to_owned(), (*ok).into())).collect();
    let mut body = json!({ "ready": ready, "checks": named, "snapshot": feed.token(feed.newest().0) });
    if ready {
        return ([(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response();
    }
    let failing: Vec<&str> = checks.iter().filter(|(_, ok)| !ok).map(|(name, _)| *name).collect();
    let status = StatusCode::SERVICE_UNAVAILABLE;
    body["type"] = "urn:hotblocks:problem:not-ready".into();
    body["title"] = "Not ready".into();
    body["status"] = status.as_u16().into();
    body["detail"] = format!("no requests should be sent here now: {}", failing.join(", ")).into();
    (status, [(header::CONTENT_TYPE, "application/problem+json")], body.to_string()).into_response()
}

/// What must hold; an engine always has a snapshot.
fn checks(feed: &Feed) -> [(&'static str, bool); 4] {
    let room = feed.folder().is_none_or(has_room);
    [("store", !feed.has_failed()), ("snapshot", true), ("disk", room), ("running", !feed.is_stopping())]
}
