//! `GET /collections/{id}/items.csv` and its like, and whole layers as files: `/collections/{id}/{id}.gpkg`.

use axum::Router;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{OriginalUri, Path, Query, Request, State};
use axum::response::Response;
use axum::routing::get;
use serde_json::{Value as Json, json};

use super::collections::operation;
use super::items::{self, Asked, Came};
use super::problem::Problem;
use super::query::required;
use super::state::AppState;
use crate::encode::format::Format;
use crate::engine::params::form::BOM;
use crate::engine::params::table::Operation;
use crate::engine::params::values::Values;

/// What the name of a page of features begins with.
const ITEMS: &str = "items";

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/collections/{id}/{file}", get(file))
}

async fn file(
    State(state): State<AppState>,
    path: Result<Path<(String, String)>, PathRejection>,
    OriginalUri(uri): OriginalUri,
    pairs: Result<Query<Vec<(String, String)>>, QueryRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let Path((id, file)) = path?;
    let operation = operation(&id)?;
    let Query(pairs) = pairs?;
    let named = file.rsplit_once('.').filter(|(name, _)| *name == ITEMS || *name == id);
    let (name, format) = named
        .and_then(|(name, ending)| Some((name, Format::by_ending(ending)?)))
        .ok_or_else(|| Problem::no_file(uri.path(), &id))?;
    let asked = Asked { operation, ending: Some(format), whole: name != ITEMS };
    items::answer(state, asked, Came::of(&request, uri.path()), pairs).await
}

/// What the names of files may end in, the commonest ending of each format.
pub(super) fn endings() -> Vec<&'static str> {
    Format::ALL.into_iter().filter_map(|format| format.endings().first().copied()).collect()
}

/// Formats that are offered as files of a whole layer.
const BULK: [Format; 5] =
    [Format::GeoPackage, Format::FlatGeobuf, Format::GeoParquet, Format::Csv, Format::CsvExcel];

/// Links to files of a whole layer, where it can be had without a parameter that somebody must choose.
pub(super) fn enclosures(operation: &Operation, defaults: &Values, base: &str) -> Vec<Json> {
    let open = required(operation).iter().any(|param| !defaults.has(param));
    let chosen = open || defaults.lacking(&[operation]).is_some();
    let id = operation.collection;
    let link = |format: Format| {
        let query = if format == Format::CsvExcel { format!("?{}=true", BOM.wire) } else { String::new() };
        json!({
            "rel": "enclosure",
            "type": format.media(),
            "title": format!("All of {id} as {}", format.title()),
            "href": format!("{base}/collections/{id}/{id}.{}{query}", format.ending()),
        })
    };
    if chosen { Vec::new() } else { BULK.into_iter().map(link).collect() }
}
