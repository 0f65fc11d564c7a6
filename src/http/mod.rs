//! The HTTP edge: routes put together; what they share lies in files of its own.

pub mod base;
mod collections;
mod guard;
mod items;
pub mod live;
mod metrics;
mod page;
mod problem;
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
use base::Access;
use problem::Problem;
use state::AppState;

/// All routes over an engine, under no other name than this machine's; `defaults` hold where a request gives no value.
pub fn router(engine: Arc<Engine>, defaults: Values) -> Router {
    router_behind(Access::default(), engine, defaults)
}

/// The same for clients that come through proxies or under a public name.
pub fn router_behind(access: Access, engine: Arc<Engine>, defaults: Values) -> Router {
    router_of(access, AppState::new(engine, defaults))
}

/// All routes over a state.
fn router_of(access: Access, state: AppState) -> Router {
    let feed = Arc::clone(&state.feed);
    Router::new()
        .merge(live::routes(&state.feed.limits))
        .route("/", get(page::index))
        .route("/page/{*file}", get(page::file))
        .route("/collections", get(collections::all))
        .route("/collections/{id}", get(collections::one))
        .route("/collections/{id}/items", get(items::items))
        .route("/xyz/{layer}/{z}/{x}/{y}", get(tiles::tile))
        .fallback(async |uri: Uri| Problem::not_found(uri.path()))
        .method_not_allowed_fallback(async || Problem::method())
        .layer(CompressionLayer::new())
        .layer(CatchPanicLayer::custom(problem::panicked))
        .layer(TraceLayer::new_for_http())
        .layer(axum::middleware::from_fn_with_state(feed, metrics::measure))
        .layer(axum::middleware::from_fn_with_state(Arc::new(access), guard::guard))
        .with_state(state)
}
