//! The live feed: reports and alerts in, events out, and whether the service is ready.

mod alerts;
pub(super) mod body;
mod delivery;
pub(super) mod digest;
mod door;
mod events;
mod expiry;
pub(super) mod feed;
mod hub;
mod ingest;
mod limits;
pub(super) mod parameters;
mod publisher;
mod ready;
mod refusal;
mod reports;
mod told;
mod watch;
mod webhook;
mod writer;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

pub(super) use door::{Door, Doors};
pub use feed::Taking;
pub use limits::{Limits, Retaining};
pub use webhook::{Webhook, WebhookError};

use super::state::AppState;

/// The routes of the live feed but that of alerts; a body of at most so many bytes is read.
pub(super) fn routes(limits: &Limits) -> Router<AppState> {
    Router::new()
        .route("/ingest/{source}", post(ingest::ingest).layer(DefaultBodyLimit::max(limits.body)))
        .route("/ingest/reports/{id}", get(ingest::report))
        .route("/events", get(events::events))
        .route("/areas/{area}/feed.atom", get(digest::digest))
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(ready::ready))
}

/// The route of alerts.
pub(super) fn alerts() -> Router<AppState> {
    Router::new().route(alerts::ROUTE, post(alerts::alert).layer(DefaultBodyLimit::max(alerts::MOST_BYTES)))
}
