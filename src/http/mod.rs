//! The HTTP edge: routes put together; what they share lies in files of its own.

mod collections;
mod counts;
mod guard;
mod items;
mod page;
mod problem;
mod processes;
mod query;
pub mod serve;
mod shelf;
mod state;
mod tiles;

use std::sync::Arc;

use axum::Router;
use axum::http::Uri;
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::trace::TraceLayer;

use crate::engine::Engine;
use crate::engine::params::values::Values;
use problem::Problem;
use state::AppState;

/// All routes over an engine; `defaults` hold where a request gives no value.
pub fn router(engine: Arc<Engine>, defaults: Values) -> Router {
    Router::new()
        .route("/", get(page::index))
        .route("/page/{*file}", get(page::file))
        .route("/livez", get(async || "ok\n"))
        .route("/collections", get(collections::all))
        .route("/collections/{id}", get(collections::one))
        .route("/collections/{id}/items", get(items::items))
        .route("/xyz/{layer}/{z}/{x}/{y}", get(tiles::tile))
        .merge(counts::routes())
        .merge(processes::routes())
        .fallback(async |uri: Uri| Problem::not_found(uri.path()))
        .method_not_allowed_fallback(async || Problem::method())
        .layer(CompressionLayer::new())
        .layer(CatchPanicLayer::custom(problem::panicked))
        .layer(TraceLayer::new_for_http())
        .layer(axum::middleware::from_fn(guard::guard))
        .with_state(AppState::new(engine, defaults))
}
