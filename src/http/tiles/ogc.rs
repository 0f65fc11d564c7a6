//! OGC API – Tiles 1.0: tile sets of a collection and of all layers, and the one tile matrix set.

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, RawQuery, State};
use axum::response::Response;
use serde_json::{Value as Json, json};

use super::super::accept::FORMS;
use super::super::base::Base;
use super::super::collections::{json_response as answer, operation};
use super::super::problem::Problem;
use super::super::query::marked;
use super::super::state::AppState;
use super::ready::Layers;
use super::tilejson::MOST_ZOOM;
use super::vector::{opened, without_form};
use super::{Pairs, pairs_of};
use crate::encode::mvt::{MEDIA, Tiled};
use crate::encode::tilejson::bounds;
use crate::space::tile::MAX_ZOOM;

/// The one set of tiles that there is.
const SET: &str = "WebMercatorQuad";

const SET_URI: &str = "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad";
const CRS: &str = "http://www.opengis.net/def/crs/EPSG/0/3857";
const TILESETS: &str = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector";
const SCHEME: &str = "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme";

/// Half the width of the world in metres of EPSG:3857.
const HALF: f64 = 20_037_508.342_789_244;

/// The links by which a collection (`/collections/blocks`) tells of its tiles.
pub(in crate::http) fn links(base: &str, of: &str) -> Vec<Json> {
    let link = |rel: &str, path: &str, title: &str| json!({ "rel": rel, "type": "application/json", "title": title, "href": format!("{base}{path}") });
    let name = of.rsplit('/').next().unwrap_or_default();
    vec![
        link(TILESETS, &format!("{of}/tiles"), "Vector tiles"),
        link("tilejson", &format!("/xyz/{name}.json"), "Vector tiles as TileJSON 3.0"),
        link("style", &format!("/styles/{name}.json"), "Style of MapLibre over the vector tiles"),
    ]
}

/// The layer of a collection, if it has tiles.
pub(super) fn layers(id: &str) -> Result<Layers, Problem> {
    let operation = operation(id)?;
    Layers::named(operation.collection).ok_or_else(|| Problem::no_tiles(id))
}

/// Whether there is such a set.
pub(super) fn known(set: &str) -> Result<(), Problem> {
    if set == SET { Ok(()) } else { Err(Problem::no_set(set)) }
}

fn path_of(layers: Layers) -> String {
    match layers {
        Layers::One(operation) => format!("/collections/{}/tiles", operation.collection),
        Layers::All => "/tiles".to_owned(),
    }
}

pub(super) async fn all_tilesets(
    State(state): State<AppState>,
    base: Base,
    query: RawQuery,
    pairs: Result<Query<Pairs>, QueryRejection>,
) -> Result<Response, Problem> {
    list(&state, &base, Layers::All, query, pairs).await
}

pub(super) async fn tilesets(
    State(state): State<AppState>,
    base: Base,
    id: Result<Path<String>, PathRejection>,
    query: RawQuery,
    pairs: Result<Query<Pairs>, QueryRejection>,
) -> Result<Response, Problem> {
    let Path(id) = id?;
    list(&state, &base, layers(&id)?, query, pairs).await
}

/// OGC API – Tiles, requirement class "Tilesets list": each with `dataType`, `crs` and a link to itself.
async fn list(
    state: &AppState,
    Base(base): &Base,
    layers: Layers,
    RawQuery(query): RawQuery,
    pairs: Result<Query<Pairs>, QueryRejection>,
) -> Result<Response, Problem> {
    let mut pairs = pairs_of(pairs)?;
    let (snapshot, _) = opened(state, &mut pairs)?;
    without_form(&mut pairs, &FORMS)?;
    layers.check(state, &snapshot, pairs)?.known(&snapshot)?;
    let (path, query) = (path_of(layers), marked(query.as_deref()));
    let here = format!("{base}{path}{query}");
    Ok(answer(&json!({
        "links": [{ "rel": "self", "type": "application/json", "href": here }],
        "tilesets": [{
            "title": format!("{}: {}", snapshot.dataset().title, layers.name()),
            "dataType": "vector",
            "crs": CRS,
            "tileMatrixSetURI": SET_URI,
            "links": [
                { "rel": "self", "type": "application/json", "href": format!("{base}{path}/{SET}{query}") },
                { "rel": SCHEME, "type": "application/json", "href": format!("{base}/tileMatrixSets/{SET}") },
            ],
        }],
    })))
}

pub(super) async fn all_tileset(
    State(state): State<AppState>,
    base: Base,
    set: Result<Path<String>, PathRejection>,
    query: RawQuery,
    pairs: Result<Query<Pairs>, QueryRejection>,
) -> Result<Response, Problem> {
    let Path(set) = set?;
    known(&set)?;
    one(&state, &base, Layers::All, query, pairs).await
}

pub(super) async fn tileset(
    State(state): State<AppState>,
    base: Base,
    path: Result<Path<(String, String)>, PathRejection>,
    query: RawQuery,
    pairs: Result<Query<Pairs>, QueryRejection>,
) -> Result<Response, Problem> {
    let Path((id, set)) = path?;
    let layers = layers(&id)?;
    known(&set)?;
    one(&state, &base, layers, query, pairs).await
}

/// One tile set: its bounds, its layers with their properties, and a templated link to its tiles.
async fn one(
    state: &AppState,
    Base(base): &Base,
    layers: Layers,
    RawQuery(query): RawQuery,
    pairs: Result<Query<Pairs>, QueryRejection>,
) -> Result<Response, Problem> {
    let (snapshot, ready) = layers.asked(state, pairs_of(pairs)?, &FORMS).await?;
    let all: Vec<&Tiled> = ready.iter().map(AsRef::as_ref).collect();
    let (path, query) = (format!("{base}{}/{SET}", path_of(layers)), marked(query.as_deref()));
    let b = bounds(&snapshot, &all);
    let limits = (0..=MOST_ZOOM).map(|zoom| {
        let corner = |lon: f64, lat: f64| {
            let (x, y) = crate::space::tile::on_map(lon, lat);
            let most = f64::from((1_u32 << zoom) - 1);
            let cut = |part: f64| (part * f64::from(1_u32 << zoom)).floor().clamp(0.0, most) as u32;
            (cut(x), cut(y))
        };
        let (west, north) = corner(b.west, b.north);
        let (east, south) = corner(b.east, b.south);
        json!({
            "tileMatrix": zoom.to_string(),
            "minTileRow": north, "maxTileRow": south, "minTileCol": west, "maxTileCol": east,
        })
    });
    let properties = |tiled: &Tiled| {
        let kind = |holds: &str| holds.to_lowercase();
        let all =
            tiled.fields.iter().map(|(name, holds)| ((*name).to_owned(), json!({ "type": kind(holds) })));
        json!({ "type": "object", "properties": all.collect::<serde_json::Map<String, Json>>() })
    };
    let described = all.iter().map(|tiled| {
        // Points, lines and polygons have 0, 1 and 2 dimensions; the highest is told.
        let dimension = tiled.kinds.iter().rposition(|has| *has);
        json!({
            "id": tiled.name,
            "title": tiled.legend.title,
            "dataType": "vector",
            "geometryDimension": dimension,
            "propertiesSchema": properties(tiled),
        })
    });
    Ok(answer(&json!({
        "title": format!("{}: {}", snapshot.dataset().title, layers.name()),
        "description": snapshot.dataset().notice,
        "dataType": "vector",
        "crs": CRS,
        "tileMatrixSetURI": SET_URI,
        "tileMatrixSetLimits": limits.collect::<Vec<_>>(),
        "boundingBox": {
            "lowerLeft": [b.west, b.south],
            "upperRight": [b.east, b.north],
            "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
        },
        "layers": described.collect::<Vec<_>>(),
        "links": [
            { "rel": "self", "type": "application/json", "href": format!("{path}{query}") },
            {
                "rel": "item",
                "type": MEDIA,
                "templated": true,
                "href": format!("{path}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}{query}"),
            },
            { "rel": SCHEME, "type": "application/json", "href": format!("{base}/tileMatrixSets/{SET}") },
        ],
    })))
}

pub(super) async fn matrix_sets(Base(base): Base) -> Response {
    answer(&json!({
        "tileMatrixSets": [{
            "id": SET,
            "title": "Google Maps Compatible for the World",
            "uri": SET_URI,
            "crs": CRS,
            "links": [{ "rel": "self", "type": "application/json", "href": format!("{base}/tileMatrixSets/{SET}") }],
        }],
        "links": [{ "rel": "self", "type": "application/json", "href": format!("{base}/tileMatrixSets") }],
    }))
}

/// The tile matrix set as the standard 17-083r4 defines it, as deep as tiles are drawn.
pub(super) async fn matrix_set(
    Base(base): Base,
    set: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let Path(set) = set?;
    known(&set)?;
    let matrix = |zoom: u8| {
        let along = 1_u32 << zoom;
        let cell = 2.0 * HALF / 256.0 / f64::from(along);
        json!({
            "id": zoom.to_string(),
            // A pixel of 0.28 mm, as the standard has it.
            "scaleDenominator": cell / 0.000_28,
            "cellSize": cell,
            "cornerOfOrigin": "topLeft",
            "pointOfOrigin": [-HALF, HALF],
            "tileWidth": 256,
            "tileHeight": 256,
            "matrixWidth": along,
            "matrixHeight": along,
        })
    };
    Ok(answer(&json!({
        "id": SET,
        "title": "Google Maps Compatible for the World",
        "uri": SET_URI,
        "crs": CRS,
        "orderedAxes": ["X", "Y"],
        "wellKnownScaleSet": "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible",
        "tileMatrices": (0..=MAX_ZOOM).map(matrix).collect::<Vec<_>>(),
        "links": [{ "rel": "self", "type": "application/json", "href": format!("{base}/tileMatrixSets/{SET}") }],
    })))
}
