//! The table of routes: what the document says, and which parameters a request may have, come from it.
//!
//! A new route is a row here and a line in its own `routes()`; a test compares this table with the router, path by
//! path and method by method. Parameters of analyses come from the one table of parameters.

use axum::extract::{MatchedPath, Request};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::super::collections::operation;
use super::super::problem::Problem;
use super::super::query::{self, pairs};
use crate::engine::params::table::{DENSITY, Kind, OFFSET, Operation, Param};

/// One method of one path.
pub(in crate::http) struct Route {
    /// `get`, `post` or `delete`.
    pub(in crate::http) method: &'static str,
    /// The path as the router has it.
    pub(in crate::http) at: &'static str,
    /// The path as clients write it, where the router cannot: an ending behind a parameter.
    pub(in crate::http) path: &'static str,
    /// A name that no other has.
    pub(in crate::http) id: &'static str,
    /// What it gives.
    pub(in crate::http) help: &'static str,
    /// What its query may have.
    pub(in crate::http) asks: Asks,
    /// What it answers when all goes well: status, media types and the name of their schema in `schemas.rs`.
    pub(in crate::http) gives: &'static [(u16, &'static [&'static str], &'static str)],
    /// What it takes: media types and the name of their schema.
    pub(in crate::http) takes: Option<(&'static [&'static str], &'static str)>,
}

/// What a query may have.
#[derive(Clone, Copy)]
pub(in crate::http) enum Asks {
    /// These and no more.
    These(&'static [Param]),
    /// What the collection of the path takes; the document has a path for each.
    Collection,
    /// What an operation takes, without pages.
    Operation(&'static Operation),
}

/// The form of an answer that is also a page.
const F: Param = Param {
    flag: "",
    wire: "f",
    kind: Kind::Word(&super::super::accept::FORMS),
    default: "what the client accepts",
    help: "Form of the answer, whatever the client accepts",
    example: "json",
};

/// Parameters that clients add to every address. They are taken and mean nothing here.
pub(in crate::http) const EXTRAS: [Param; 3] = [
    extra("api_key", "Key that some clients add to every address; nothing is asked of it here"),
    extra("token", "Token that ArcGIS adds to every address; nothing is asked of it here"),
    extra("_", "Number with which some clients get around caches; it changes nothing"),
];

const fn extra(wire: &'static str, help: &'static str) -> Param {
    Param { flag: "", wire, kind: Kind::Text, default: "none", help, example: "1" }
}

/// The other name of `offset`.
pub(in crate::http) const STARTINDEX: Param = Param {
    wire: "startindex",
    help: "The same as offset, for clients that know it by this name; give one of them",
    ..OFFSET
};

const JSON: &[&str] = &["application/json"];
const JSON_OR_PAGE: &[&str] = &["application/json", "text/html"];
const PAGE: &[&str] = &["text/html"];
const GEOJSON: &[&str] = &["application/geo+json"];
const FILES: &[&str] = &[
    "application/geo+json-seq",
    "application/x-ndjson",
    "text/csv; charset=utf-8",
    "application/flatgeobuf",
    "application/geopackage+sqlite3",
    "application/vnd.apache.parquet",
];

const fn get(path: &'static str, id: &'static str, help: &'static str) -> Route {
    Route { method: "get", at: path, path, id, help, asks: Asks::These(&[]), gives: &[], takes: None }
}

/// All routes, but for the files of the page (`/page/…`), which are no interface.
pub(in crate::http) const ROUTES: &[Route] = &[
    Route {
        asks: Asks::These(&[F]),
        gives: &[(200, JSON_OR_PAGE, "landing")],
        ..get("/", "getLanding", "The way in: links to all there is; for browsers the map")
    },
    Route {
        asks: Asks::These(&[F]),
        gives: &[(200, &[super::OPENAPI, "text/html"], "any")],
        ..get("/api", "getApi", "This document")
    },
    Route { gives: &[(200, PAGE, "text")], ..get("/docs", "getDocs", "This document for people") },
    Route {
        gives: &[(200, JSON, "conformance")],
        ..get("/conformance", "getConformance", "Classes of the standards that are conformed to")
    },
    Route {
        gives: &[(200, JSON, "collections")],
        ..get("/collections", "getCollections", "All layers, and what the data set holds")
    },
    Route {
        gives: &[(200, JSON, "collection")],
        ..get("/collections/{id}", "getCollection", "What one layer holds and takes")
    },
    Route {
        asks: Asks::Collection,
        gives: &[(200, GEOJSON, "features"), (200, FILES, "bytes")],
        ..get("/collections/{id}/items", "getItems", "A page of features")
    },
    Route {
        asks: Asks::Collection,
        gives: &[(200, GEOJSON, "features"), (200, FILES, "bytes")],
        ..get(
            "/collections/{id}/{file}",
            "getFile",
            "A page of features as `items` with an ending such as .csv, .gpkg, .fgb, .parquet; or all of them under the collection's own name, without `limit` and `offset`",
        )
    },
    Route {
        path: "/xyz/density/{z}/{x}/{y}.png",
        asks: Asks::Operation(&DENSITY),
        gives: &[(200, &["image/png"], "bytes"), (204, &[], "")],
        ..get(
            "/xyz/{layer}/{z}/{x}/{y}",
            "getDensityTile",
            "A density as a picture for maps; 204 where it is empty",
        )
    },
    Route {
        gives: &[(200, &["text/plain; charset=utf-8"], "text")],
        ..get("/livez", "getLive", "Whether the service runs")
    },
];

impl Route {
    /// Parameters of a query on this route, for the collection of the path where it has one.
    pub(super) fn params(&self, collection: Option<&Operation>) -> Vec<&'static Param> {
        let mut params: Vec<&'static Param> = match self.asks {
            Asks::These(params) => params.iter().collect(),
            Asks::Operation(operation) => operation.params.iter().collect(),
            Asks::Collection => {
                let mut all: Vec<&'static Param> =
                    collection.into_iter().flat_map(|operation| query::params(operation)).collect();
                if all.iter().any(|param| param.wire == OFFSET.wire) {
                    all.push(&STARTINDEX);
                }
                all
            }
        };
        params.extend(&EXTRAS);
        params
    }
}

/// Refuses parameters that the document does not have, before anything else is done.
///
/// OGC API Features, requirement 8: an unknown parameter is a 400. What clients add to every address is
/// taken away here, so that no handler meets it, and `startindex` becomes `offset`.
pub(in crate::http) async fn declared(mut request: Request, next: Next) -> Response {
    match checked(&request) {
        Ok(None) => {}
        Ok(Some(query)) => rewrite(&mut request, &query),
        Err(problem) => return problem.into_response(),
    }
    next.run(request).await
}

/// The query without what clients add; `None` where nothing changes.
fn checked(request: &Request) -> Result<Option<Vec<(String, String)>>, Problem> {
    let asked = pairs(request.uri());
    let at = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str).unwrap_or_default();
    let method = if *request.method() == Method::HEAD { "GET" } else { request.method().as_str() };
    let path = request.uri().path();
    let rows = || ROUTES.iter().filter(|route| route.at == at && route.method.eq_ignore_ascii_case(method));
    if asked.is_empty() || rows().next().is_none() {
        return Ok(None);
    }
    // An unknown collection is for the handler to say.
    let collection = path.split('/').nth(2).and_then(|id| operation(id).ok());
    let allowed: Vec<&'static str> =
        rows().flat_map(|route| route.params(collection.as_ref())).map(|param| param.wire).collect();
    for (name, _) in &asked {
        if collection.is_none() && rows().any(|route| matches!(route.asks, Asks::Collection)) {
            break;
        }
        if name == "query" && !allowed.contains(&"query") {
            return Err(Problem::query_of_arcgis(path, allowed));
        }
        if !allowed.contains(&name.as_str()) {
            return Err(Problem::unknown_parameter(name, path, allowed));
        }
    }
    let has = |wire: &str| asked.iter().any(|(name, _)| name == wire);
    if has(STARTINDEX.wire) && has(OFFSET.wire) {
        return Err(Problem::repeated(STARTINDEX.wire));
    }
    let is_extra = |name: &str| EXTRAS.iter().any(|extra| extra.wire == name);
    if !asked.iter().any(|(name, _)| is_extra(name) || name == STARTINDEX.wire) {
        return Ok(None);
    }
    let rest = asked
        .into_iter()
        .filter(|(name, _)| !is_extra(name))
        .map(|(name, value)| (if name == STARTINDEX.wire { OFFSET.wire.to_owned() } else { name }, value));
    Ok(Some(rest.collect()))
}

fn rewrite(request: &mut Request, asked: &[(String, String)]) {
    let query: Vec<String> = asked
        .iter()
        .map(|(name, value)| format!("{}={}", query::encoded(name), query::encoded(value)))
        .collect();
    let mark = if query.is_empty() { "" } else { "?" };
    let path = request.uri().path();
    if let Ok(uri) = format!("{path}{mark}{}", query.join("&")).parse() {
        *request.uri_mut() = uri;
    }
}
