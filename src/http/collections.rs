//! `GET /collections` and `/collections/{id}`: which layers there are, and what the data set holds.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Value as Json, json};

use super::accept::wants_page;
use super::base::base;
use super::extent::extent;
use super::fields::{QUERYABLES, SCHEMA};
use super::files::enclosures;
use super::problem::Problem;
use super::query::{lacks, value};
use super::state::AppState;
use super::tiles::{PNG, TEMPLATE, TILED, links as tile_links};
use super::{crs, html};
use crate::engine::params::form::F;
use crate::engine::params::table::{BANDWIDTH, CELL, DENSITY, EPS, MIN_POINTS, OPERATIONS, Operation, Param};
use crate::engine::params::values::Values;
use crate::engine::snapshot::Snapshot;

/// Media type of features.
pub(super) const GEOJSON: &str = "application/geo+json";

/// The operation behind a collection.
pub(super) fn operation(id: &str) -> Result<Operation, Problem> {
    let known = OPERATIONS.map(|op| op.collection);
    let found = OPERATIONS.into_iter().find(|op| op.collection == id);
    found.ok_or_else(|| Problem::no_collection(id, &known))
}

/// A name in a path, if it is text.
pub(super) fn name(path: Result<Path<String>, PathRejection>) -> Result<String, Problem> {
    Ok(path?.0)
}

pub(super) async fn all(State(state): State<AppState>, request: Request) -> Result<Response, Problem> {
    let (snapshot, base) = (state.open(), base(&request));
    let as_page = wants_page(request.headers(), value(request.uri(), F.wire).as_deref())?;
    // Map clients ask each listed layer for its features as it stands: one that needs a parameter is no layer to them.
    let as_it_stands = |op: &&Operation| {
        lacks(op, &state.defaults, &snapshot).next().is_none() && state.defaults.lacking(&[*op]).is_none()
    };
    let listed = OPERATIONS.iter().filter(as_it_stands);
    let collections: Vec<Json> = listed.map(|op| collection(&snapshot, op, &state.defaults, &base)).collect();
    let body = json!({
        "title": snapshot.dataset().title,
        "description": "Incidents, ranked blocks, density and clusters of one data set",
        "links": [{ "rel": "self", "type": "application/json", "href": format!("{base}/collections") }],
        "collections": collections,
        "dataset": dataset(&state, &snapshot),
    });
    Ok(if as_page { html::collections(&base, &body) } else { json_response(&body) })
}

pub(super) async fn one(
    State(state): State<AppState>,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let operation = operation(&name(id)?)?;
    let as_page = wants_page(request.headers(), value(request.uri(), F.wire).as_deref())?;
    let base = base(&request);
    let body = collection(&state.open(), &operation, &state.defaults, &base);
    Ok(if as_page { html::collection(&base, &body) } else { json_response(&body) })
}

/// An answer in JSON.
pub(super) fn json_response(body: &Json) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

fn collection(snapshot: &Snapshot, operation: &Operation, defaults: &Values, base: &str) -> Json {
    let data = snapshot.dataset();
    let id = operation.collection;
    let link = |rel: &str, media: &str, path: String| json!({ "rel": rel, "type": media, "href": format!("{base}{path}") });
    let mut links = vec![
        link("self", "application/json", format!("/collections/{id}")),
        link("items", GEOJSON, format!("/collections/{id}/items")),
    ];
    links.push(link(QUERYABLES, SCHEMA, format!("/collections/{id}/queryables")));
    links.push(link("describedby", SCHEMA, format!("/collections/{id}/schema")));
    links.push(link("alternate", "text/html", format!("/collections/{id}?f=html")));
    links.extend(enclosures(operation, defaults, base));
    if id == DENSITY.collection {
        let mut tiles = link("tiles", PNG, TEMPLATE.to_owned());
        tiles["templated"] = true.into();
        links.push(tiles);
    }
    if TILED.iter().any(|tiled| tiled.collection == id) {
        links.extend(tile_links(base, &format!("/collections/{id}")));
    }
    links.push(link("legend", "application/json", format!("/collections/{id}/legend")));
    json!({
        "id": id,
        "title": format!("{}: {id}", data.title),
        "description": operation.help,
        "itemType": "feature",
        "notice": data.notice,
        "extent": extent(snapshot, operation, defaults),
        "crs": crs::uris(snapshot),
        "storageCrs": crs::CRS84,
        "parameters": super::query::params(operation).map(parameter).collect::<Vec<_>>(),
        "links": links,
    })
}

fn parameter(param: &Param) -> Json {
    json!({ "name": param.wire, "description": param.help, "default": param.default })
}

fn dataset(state: &AppState, snapshot: &Snapshot) -> Json {
    let (data, defaults) = (snapshot.dataset(), &state.defaults);
    let zone = data.sources.first().map(|s| &s.zone);
    let dates = snapshot.dates();
    json!({
        "name": data.title,
        "notice": data.notice,
        "block_set": data.block_set.name,
        "blocks": data.block_set.blocks.len(),
        "local_crs": data.crs.to_string(),
        "time_zone": zone.and_then(|z| z.iana_name()),
        "first_date": dates.map(|d| d.0.to_string()),
        "last_date": dates.map(|d| d.1.to_string()),
        "complete_until": snapshot.complete_until().map(|day| day.to_string()),
        "incidents": data.incidents.count(),
        // Whether there is something to hear on `/events`.
        "live": state.feed.takes_in(),
        "categories": categories(snapshot),
        "defaults": {
            "category": defaults.categories.clone().unwrap_or_default(),
            BANDWIDTH.wire: defaults.length(&BANDWIDTH).map(|l| l.0),
            CELL.wire: defaults.length(&CELL).map(|l| l.0),
            EPS.wire: defaults.length(&EPS).map(|l| l.0),
            MIN_POINTS.wire: defaults.count(&MIN_POINTS),
        },
    })
}

/// Categories with incidents, parents before children. Classes in none of them are counted in `unknown` and not named:
/// what a source writes there may name persons.
fn categories(snapshot: &Snapshot) -> Vec<Json> {
    let rows = snapshot.dataset().classes.tree().rows();
    let counts = snapshot.categories();
    let mapped = rows.iter().zip(counts).filter(|(_, n)| **n > 0).map(|(row, n)| {
        let parent = row.parent.map(|at| rows[at].name.as_str());
        json!({ "name": row.name, "title": row.title, "parent": parent, "incidents": n })
    });
    mapped.collect()
}
