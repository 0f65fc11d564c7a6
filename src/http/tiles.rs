//! `GET /xyz/density/{z}/{x}/{y}.png`: a density as pictures for any map, all of one surface.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use super::query;
use super::state::AppState;
use crate::encode::png::png;
use crate::engine::params::table::DENSITY;
use crate::engine::params::values::Values;
use crate::layer::density_tile::shaded;
use crate::space::tile::{Tile, TileError};

/// The address of tiles, as maps want it.
pub(super) const TEMPLATE: &str = "/xyz/density/{z}/{x}/{y}.png";

/// Media type of pictures.
pub(super) const PNG: &str = "image/png";

type Place = (String, String, String, String);

pub(super) async fn tile(
    State(state): State<AppState>,
    path: Result<Path<Place>, PathRejection>,
    pairs: Result<Query<Vec<(String, String)>>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Path((layer, z, x, y)) = path.map_err(|e| Problem::query(e.to_string()))?;
    let y = y.strip_suffix(".png").filter(|_| layer == DENSITY.collection);
    let tile = place(&z, &x, y.ok_or_else(|| Problem::no_tiles(TEMPLATE))?)?;
    let Query(pairs) = pairs.map_err(|e| Problem::query(e.to_string()))?;
    let values = query::check_for_tiles(&DENSITY, &pairs)?.or(&state.defaults);
    // The client may go away, as maps do when they move on: what has been begun is ended all the same, once.
    let turn = Arc::clone(&state.tiles.turns).acquire_owned().await.map_err(Problem::inside)?;
    let work = tokio::spawn(async move {
        let picture = picture(&state, values, tile).await;
        drop(turn);
        picture
    });
    match work.await.map_err(Problem::inside)?? {
        Some(bytes) => Ok(answer(bytes, &headers)),
        None => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

fn place(z: &str, x: &str, y: &str) -> Result<Tile, Problem> {
    let number = |name: &'static str, text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let number = if digits { text.parse::<u64>().ok() } else { None };
        number.ok_or_else(|| Problem::tile(name, format!("`{name}` is `{text}`; give a whole number")))
    };
    Tile::new(number("z", z)?, number("x", x)?, number("y", y)?).map_err(|error| {
        let name = if let TileError::Beyond { axis, .. } = error { axis } else { "z" };
        Problem::tile(name, error.to_string())
    })
}

/// The picture of a tile, from the one surface of these values and this generation.
async fn picture(state: &AppState, values: Values, tile: Tile) -> Result<Option<Vec<u8>>, Problem> {
    let snapshot = state.open();
    let key = format!("{} {values:?}", snapshot.generation());
    let make = state.work(move || shaded(&snapshot, &values).map_err(Problem::from));
    let surface = state.tiles.surfaces.get(&key, make).await?;
    let draw = move || surface.picture(tile).map(|picture| png(&picture)).transpose();
    tokio::task::spawn_blocking(draw).await.map_err(Problem::inside)?.map_err(Problem::inside)
}

/// The picture, or only that it has not changed. Its tag follows from its bytes, so it also holds after a new start.
fn answer(bytes: Vec<u8>, headers: &HeaderMap) -> Response {
    let mut hash = DefaultHasher::new();
    bytes.hash(&mut hash);
    let tag = format!("\"{:016x}\"", hash.finish());
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut known = known.flat_map(|value| value.split(',')).map(|one| one.trim().trim_start_matches("W/"));
    if known.any(|one| one == tag || one == "*") {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response();
    }
    ([(header::CONTENT_TYPE, PNG.to_owned()), (header::ETAG, tag)], bytes).into_response()
}
