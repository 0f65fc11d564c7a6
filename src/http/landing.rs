//! `GET /`: the way in. Browsers get the map, every other client the links from which it finds the rest.

use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Value as Json, json};

use super::accept::wants_page;
use super::api::OPENAPI;
use super::api::table::routes;
use super::base::base;
use super::page;
use super::problem::Problem;
use super::query::value;
use super::state::AppState;

const JSON: &str = "application/json";
const PAGE: &str = "text/html";

/// Relation, media type, address and words of what a client may look for. What has no route is left out.
const LINKS: [(&str, &str, &str, &str); 12] = [
    ("self", JSON, "/?f=json", "This document"),
    ("alternate", PAGE, "/?f=html", "The map"),
    ("service-desc", OPENAPI, "/api", "What can be asked, as OpenAPI 3.0"),
    ("service-doc", PAGE, "/docs", "What can be asked, for people"),
    ("conformance", JSON, "/conformance", "Classes of the standards that are conformed to"),
    (
        "http://www.opengis.net/def/rel/ogc/1.0/conformance",
        JSON,
        "/conformance",
        "The same, by its longer name",
    ),
    ("data", JSON, "/collections", "The layers"),
    ("http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector", JSON, "/tiles", "Vector tiles"),
    ("http://www.opengis.net/def/rel/ogc/1.0/tiling-schemes", JSON, "/tileMatrixSets", "How tiles are cut"),
    ("tilejson", JSON, "/xyz/all.json", "Vector tiles, as TileJSON"),
    ("http://www.opengis.net/def/rel/ogc/1.0/processes", JSON, "/processes", "Analyses"),
    ("http://www.opengis.net/def/rel/ogc/1.0/job-list", JSON, "/jobs", "Analyses that were asked for"),
];

pub(super) async fn landing(State(state): State<AppState>, request: Request) -> Result<Response, Problem> {
    if wants_page(request.headers(), value(request.uri(), "f").as_deref())? {
        return page::index();
    }
    let base = base(&request);
    let data = state.open();
    let links: Vec<Json> = LINKS
        .iter()
        .filter(|(_, _, path, _)| is_there(path))
        .map(|(rel, media, path, title)| {
            json!({ "rel": rel, "type": media, "href": format!("{base}{path}"), "title": title })
        })
        .collect();
    let body = json!({
        "title": data.dataset().title,
        "description": "Incidents, ranked blocks, density and clusters of one data set",
        "notice": data.dataset().notice,
        "links": links,
    });
    Ok(([(header::CONTENT_TYPE, JSON)], body.to_string()).into_response())
}

fn is_there(address: &str) -> bool {
    let path = address.split('?').next().unwrap_or_default();
    // `/xyz/all.json` is one of `/xyz/{layer}.json`.
    let plain = |one: &str| one.replace("{layer}", "all");
    routes().any(|route| plain(route.path) == path)
}
