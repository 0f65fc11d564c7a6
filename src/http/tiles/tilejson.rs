//! `GET /xyz/{layer}.json`: where the tiles of a layer are and what is in them, as TileJSON 3.0.

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, RawQuery, State};
use axum::response::Response;
use serde_json::json;

use super::super::accept::FORMS;
use super::super::base::Base;
use super::super::collections::json_response;
use super::super::problem::Problem;
use super::super::state::AppState;
use super::ready::Layers;
use super::{Pairs, pairs_of};
use crate::encode::mvt::Tiled;
use crate::encode::tilejson::{bounds, description, vector_layers};
use crate::http::query::marked;

/// The deepest zoom that clients need to ask for: a unit of a tile is 15 cm there.
pub(super) const MOST_ZOOM: u8 = 16;

pub(super) async fn tilejson(
    State(state): State<AppState>,
    base: Base,
    file: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
    pairs: Result<Query<Pairs>, QueryRejection>,
) -> Result<Response, Problem> {
    let Path(file) = file?;
    let layers = file.strip_suffix(".json").and_then(Layers::named);
    let layers = layers.ok_or_else(|| Problem::no_tiles(&file))?;
    let (snapshot, ready) = layers.asked(&state, pairs_of(pairs)?, &FORMS).await?;
    let all: Vec<&Tiled> = ready.iter().map(AsRef::as_ref).collect();
    let address =
        format!("{}/xyz/{}/{{z}}/{{x}}/{{y}}.mvt{}", base.0, layers.name(), marked(query.as_deref()));
    let b = bounds(&snapshot, &all);
    Ok(json_response(&json!({
        "tilejson": "3.0.0",
        "name": layers.name(),
        "description": description(&snapshot, layers.name()),
        "version": "1.0.0",
        "scheme": "xyz",
        "tiles": [address],
        "minzoom": 0,
        "maxzoom": MOST_ZOOM,
        "bounds": [b.west, b.south, b.east, b.north],
        "center": [(b.west + b.east) / 2.0, (b.south + b.north) / 2.0, 11],
        "vector_layers": vector_layers(&all, MOST_ZOOM),
    })))
}
