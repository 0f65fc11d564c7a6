//! Tiles of the map: plain addresses (`/xyz/…`), those of OGC API – Tiles, what says where they are, legends and styles.

mod door;
mod encoded;
mod kept;
mod legend;
mod ogc;
mod picture;
mod ready;
mod tilejson;
mod vector;

use axum::Router;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use ready::Layers;

use super::api::route::is_extra;
use super::problem::Problem;
use super::state::AppState;
use crate::engine::params::table::DENSITY;
use crate::space::tile::{Tile, TileError};
pub(super) use door::{Door, Doors};
pub(super) use kept::Tiles;
pub(super) use legend::QML;
pub(super) use ogc::links;
pub(super) use picture::{PNG, TEMPLATE};
pub(super) use ready::{OF_ALL, TILED};
pub(super) use vector::FORM;

/// Where the tiles themselves are.
const ROUTES: [&str; 3] = [
    "/xyz/{layer}/{z}/{x}/{y}",
    "/tiles/{set}/{z}/{row}/{col}",
    "/collections/{id}/tiles/{set}/{z}/{row}/{col}",
];

/// The tiles themselves.
pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route(ROUTES[0], get(xyz))
        .route(ROUTES[1], get(all_of_matrix))
        .route(ROUTES[2], get(of_matrix))
        .method_not_allowed_fallback(async || Problem::method())
}

/// What says where they are and how they are drawn.
pub(super) fn documents() -> Router<AppState> {
    Router::new()
        .route("/xyz/{file}", get(tilejson::tilejson))
        .route("/tiles", get(ogc::all_tilesets))
        .route("/tiles/{set}", get(ogc::all_tileset))
        .route("/tileMatrixSets", get(ogc::matrix_sets))
        .route("/tileMatrixSets/{set}", get(ogc::matrix_set))
        .route("/collections/{id}/tiles", get(ogc::tilesets))
        .route("/collections/{id}/tiles/{set}", get(ogc::tileset))
        .route("/collections/{id}/legend", get(legend::legend))
        .route("/styles/{file}", get(legend::style))
}

/// Collection, tile matrix set, zoom, row and column.
type InCollection = (String, String, String, String, String);

/// Names and values of a query, as they came.
pub(super) type Pairs = Vec<(String, String)>;

/// Those of a query, without what clients add to every address: it means nothing here.
fn pairs_of(pairs: Result<Query<Pairs>, QueryRejection>) -> Result<Pairs, Problem> {
    let Query(mut pairs) = pairs?;
    pairs.retain(|(name, _)| !is_extra(name));
    Ok(pairs)
}

/// `GET /xyz/{layer}/{z}/{x}/{y}.mvt`, and `.png` of a density.
async fn xyz(
    State(state): State<AppState>,
    path: Result<Path<(String, String, String, String)>, PathRejection>,
    RawQuery(query): RawQuery,
    pairs: Result<Query<Pairs>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Path((layer, z, x, y)) = path?;
    if let Some(y) = y.strip_suffix(".png").filter(|_| layer == DENSITY.collection) {
        return picture::picture(state, place(&z, "x", &x, "y", y)?, pairs_of(pairs)?, headers).await;
    }
    let known = Layers::named(&layer);
    let y = y.strip_suffix(".mvt").or_else(|| y.strip_suffix(".pbf")).filter(|_| known.is_some());
    let (Some(layers), Some(y)) = (known, y) else { return Err(Problem::no_tiles(&layer)) };
    vector::tile(state, layers, place(&z, "x", &x, "y", y)?, query, pairs_of(pairs)?, headers).await
}

/// `GET /collections/{id}/tiles/WebMercatorQuad/{tileMatrix}/{tileRow}/{tileCol}`.
async fn of_matrix(
    State(state): State<AppState>,
    path: Result<Path<InCollection>, PathRejection>,
    RawQuery(query): RawQuery,
    pairs: Result<Query<Pairs>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Path((id, set, z, row, col)) = path?;
    let layers = ogc::layers(&id)?;
    ogc::known(&set)?;
    let tile = place(&z, "tileCol", &col, "tileRow", &row)?;
    vector::tile(state, layers, tile, query, pairs_of(pairs)?, headers).await
}

/// `GET /tiles/WebMercatorQuad/{tileMatrix}/{tileRow}/{tileCol}`.
async fn all_of_matrix(
    State(state): State<AppState>,
    path: Result<Path<(String, String, String, String)>, PathRejection>,
    RawQuery(query): RawQuery,
    pairs: Result<Query<Pairs>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Path((set, z, row, col)) = path?;
    ogc::known(&set)?;
    let tile = place(&z, "tileCol", &col, "tileRow", &row)?;
    vector::tile(state, Layers::All, tile, query, pairs_of(pairs)?, headers).await
}

/// The tile of these numbers: 400 for what is no number, 404 for a tile that is not of this world.
fn place(z: &str, x_name: &'static str, x: &str, y_name: &'static str, y: &str) -> Result<Tile, Problem> {
    let z_name = if x_name == "x" { "z" } else { "tileMatrix" };
    let number = |name: &'static str, text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !digits {
            return Err(Problem::tile(name, format!("`{name}` is `{text}`; give a whole number")));
        }
        // More digits than fit name a tile as well, only not one of this world.
        Ok(text.parse::<u64>().unwrap_or(u64::MAX))
    };
    Tile::new(number(z_name, z)?, number(x_name, x)?, number(y_name, y)?).map_err(|error| match error {
        TileError::Beyond { axis, .. } => {
            Problem::beyond(if axis == "x" { x_name } else { y_name }, error.to_string())
        }
        _ => Problem::beyond(z_name, error.to_string()),
    })
}
