//! `GET /collections/{id}/items/{fid}`: one feature by its id.

use axum::Router;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{OriginalUri, Path, Query, Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value as Json, json};

use super::base::base;
use super::collections::{GEOJSON, operation};
use super::crs::Crs;
use super::problem::Problem;
use super::query::{self, encoded};
use super::state::AppState;
use super::{html, wanted};
use crate::encode::geojson;
use crate::engine::params::choosing::CRS;
use crate::engine::params::form::F;
use crate::layer::Layer;
use crate::layer::choose::one;

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/collections/{id}/items/{fid}", get(item))
}

async fn item(
    State(state): State<AppState>,
    path: Result<Path<(String, String)>, PathRejection>,
    OriginalUri(uri): OriginalUri,
    pairs: Result<Query<Vec<(String, String)>>, QueryRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let Path((id, fid)) = path?;
    let operation = operation(&id)?;
    let Query(mut pairs) = pairs?;
    let base = base(&request);
    let anew = format!("{base}{}", uri.path());
    let snapshot = wanted::snapshot(&state, &pairs, &anew)?;
    let links = links(&base, &id, &fid, &pairs);
    wanted::datetime(&mut pairs, &snapshot)?;
    let given = query::check_for_one(&operation, &pairs)?;
    query::bounded(&given, &state.defaults)?;
    let page = html::wanted_of_one(request.headers(), &given)?;
    let crs = Crs::read(&CRS, given.text(&CRS), &snapshot)?;
    let values = wanted::values(&state, &operation, &given, &snapshot)?;
    query::complete(&operation, &values, &snapshot)?;
    let name = operation.collection;
    let make = move || {
        let feature = one(&snapshot, &operation, &values, &fid)?;
        let feature = feature.ok_or_else(|| Problem::no_feature(name, &fid))?;
        let mut layer = Layer::of_one(name, feature, snapshot.dataset().notice.clone());
        crs.project(&mut layer)?;
        Ok(crs.told(if page {
            html::item(&base, &layer, &links).into_response()
        } else {
            let body =
                layer.features.first().map_or_else(String::new, |feature| geojson::one(feature, links));
            ([(header::CONTENT_TYPE, GEOJSON)], body).into_response()
        }))
    };
    state.work(make).await
}

/// The address of a feature: its id may have any letters.
pub(super) fn address(base: &str, collection: &str, fid: &str) -> String {
    // A slash or comma would be part of the path.
    let fid = encoded(fid).replace('/', "%2F");
    format!("{base}/collections/{collection}/items/{fid}")
}

fn links(base: &str, collection: &str, fid: &str, pairs: &[(String, String)]) -> Json {
    let asked = || pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let own = query::written(asked());
    let in_form = |form| query::written(asked().filter(|(name, _)| *name != F.wire).chain([(F.wire, form)]));
    let address = address(base, collection, fid);
    json!([
        { "rel": "self", "type": GEOJSON, "href": format!("{address}{own}") },
        { "rel": "alternate", "type": "text/html", "href": format!("{address}{}", in_form("html")) },
        { "rel": "collection", "type": "application/json", "href": format!("{base}/collections/{collection}") },
    ])
}
