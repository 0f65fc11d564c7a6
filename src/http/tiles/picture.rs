//! `GET /xyz/density/{z}/{x}/{y}.png`: a density as pictures for any map, all of one surface.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use twox_hash::XxHash3_64;

use super::super::problem::Problem;
use super::super::query;
use super::super::state::AppState;
use super::super::wanted::datetime;
use super::Pairs;
use super::encoded::{CACHE_NEWEST, Encoded};
use crate::encode::png::png;
use crate::engine::params::table::DENSITY;
use crate::engine::params::values::Values;
use crate::layer::density_tile::shaded;
use crate::space::tile::Tile;

/// The address of tiles, as maps want it.
pub(in crate::http) const TEMPLATE: &str = "/xyz/density/{z}/{x}/{y}.png";

/// Media type of pictures.
pub(in crate::http) const PNG: &str = "image/png";

pub(super) async fn picture(
    state: AppState,
    tile: Tile,
    mut pairs: Pairs,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    datetime(&mut pairs, &state.open())?;
    let values = query::check_for_tiles(&DENSITY, &pairs)?.or(&state.defaults);
    // The client may go away, as maps do when they move on: what has been begun is ended all the same, once.
    let turn = Arc::clone(&state.tiles.turns).acquire_owned().await.map_err(Problem::inside)?;
    let work = tokio::spawn(async move {
        let picture = drawn(&state, values, tile).await;
        drop(turn);
        picture
    });
    match work.await.map_err(Problem::inside)?? {
        Some(bytes) => {
            let tag = super::encoded::tag(XxHash3_64::oneshot(&bytes));
            let encoded = Encoded { bytes: bytes.into(), tag, cut: None, is_gzip: false };
            Ok(encoded.answer(HeaderValue::from_static(PNG), CACHE_NEWEST, &headers))
        }
        None => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

/// The picture of a tile, from the one surface of these values and this generation.
async fn drawn(state: &AppState, values: Values, tile: Tile) -> Result<Option<Vec<u8>>, Problem> {
    let snapshot = state.open();
    let key = format!("{} {values:?}", snapshot.generation());
    let make = state.work(move || shaded(&snapshot, &values).map_err(Problem::from));
    let surface = state.tiles.surfaces.get(&key, make).await?;
    let draw = move || surface.picture(tile).map(|picture| png(&picture)).transpose();
    tokio::task::spawn_blocking(draw).await.map_err(Problem::inside)?.map_err(Problem::inside)
}
