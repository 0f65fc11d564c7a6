//! The HTTP edge: routes put together; what they share lies in files of its own.

mod accept;
mod api;
pub mod base;
mod collections;
mod connections;
mod counts;
mod cross_origin;
mod crs;
mod extent;
mod failures;
mod fields;
mod files;
mod format;
mod guard;
mod html;
mod item;
mod items;
mod landing;
pub mod live;
mod metrics;
mod page;
mod pages;
mod problem;
mod processes;
mod query;
mod refusals;
mod revalidate;
pub mod serve;
mod shelf;
mod state;
mod tiles;
mod walks;
mod wanted;

use std::sync::Arc;

use axum::Router;
use axum::http::Uri;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use tower::Layer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, Predicate, SizeAbove};
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
    Router::new().fallback_service(service_of(access, reading(engine, defaults)))
}

/// The routes of [`router`] as they show themselves: what is answered before any of them is not among them.
pub fn routes(engine: Arc<Engine>, defaults: Values) -> Router {
    routes_of(Access::default().into(), reading(engine, defaults))
}

/// A state that takes nothing in.
fn reading(engine: Arc<Engine>, defaults: Values) -> AppState {
    let feed = live::feed::Feed::reading(Arc::clone(&engine));
    AppState::new(engine, defaults, feed)
}

/// Alerts are many, and their answers are small and of no snapshot: nothing is packed, tagged or made a page of.
fn alerts() -> Router<AppState> {
    live::alerts()
        .method_not_allowed_fallback(async || Problem::method())
        .layer(from_fn(api::declared::declared))
        .layer(CatchPanicLayer::custom(problem::panicked))
        .layer(from_fn(failures::failures))
        .layer(TraceLayer::new_for_http().on_failure(()))
}

/// All routes over a state. What a kept tile or an alert passes on its way is the same each time, so it is not passed again.
fn service_of(access: Access, state: AppState) -> tiles::Door<live::Door<Router>> {
    let access = Arc::new(access);
    let routes = routes_of(Arc::clone(&access), state.clone());
    let alerts = live::Doors::to(Arc::clone(&access), state.clone()).layer(routes);
    tiles::Doors::to(access, state).layer(alerts)
}

fn routes_of(access: Arc<Access>, state: AppState) -> Router {
    let feed = Arc::clone(&state.feed);
    // Small answers grow by it, events must not wait for more of their kind, and pictures are compressed already.
    let worth_it = DefaultPredicate::new().and(SizeAbove::new(1024));
    Router::new()
        .merge(live::routes(&state.feed.limits))
        .route("/", get(landing::landing))
        .route("/page/{*file}", get(page::file))
        .route("/collections", get(collections::all))
        .route("/collections/{id}", get(collections::one))
        .route("/collections/{id}/items", get(items::items))
        .merge(files::routes())
        .merge(fields::routes())
        .merge(item::routes())
        .merge(api::routes())
        .merge(counts::routes())
        .merge(processes::routes())
        .merge(tiles::documents())
        .fallback(async |uri: Uri| Problem::not_found(uri.path()))
        .method_not_allowed_fallback(async || Problem::method())
        // From the inside out.
        .layer(from_fn(pages::pages))
        .layer(from_fn(api::declared::declared))
        .layer(CatchPanicLayer::custom(problem::panicked))
        .layer(from_fn(failures::failures))
        .layer(CompressionLayer::new().compress_when(worth_it))
        .layer(from_fn_with_state(state.clone(), revalidate::revalidate))
        // A failure inside is logged where it happens; one that is told on purpose, as that it is not ready, is none.
        .layer(TraceLayer::new_for_http().on_failure(()))
        .merge(alerts())
        // Tiles are many: they check, tag and pack for themselves.
        .merge(tiles::routes().layer(CatchPanicLayer::custom(problem::panicked)))
        .layer(from_fn_with_state(feed, metrics::measure))
        .layer(cross_origin::layer(Arc::clone(&access)))
        .layer(from_fn_with_state(Arc::clone(&access), guard::guard))
        .with_state(state)
}
