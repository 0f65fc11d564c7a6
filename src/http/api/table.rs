//! The table of routes: what the document says, and which parameters a request may have, come from it.
//!
//! A new route is a row here and a line in its own `routes()`; a test compares this table with the router, path by
//! path and method by method. Parameters of analyses come from the one table of parameters.

use axum::extract::{MatchedPath, Request};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::super::collections::operation;
use super::super::counts::COUNTS_FORM;
use super::super::live::body::MEDIA;
use super::super::live::digest::ATOM;
use super::super::live::parameters::{EVENTS, INGEST};
use super::super::problem::Problem;
use super::super::processes::LISTING;
use super::super::query::{self, pairs};
use super::super::tiles::{FORM, SNAPSHOT};
use super::tile_routes::{JSON_FORM, TILE_ROUTES};
use crate::encode::mvt::MEDIA as TILE_MEDIA;
use crate::engine::params::counts::COUNTS;
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
    /// What makes the layer of the collection, and what one feature of it takes.
    Feature,
    /// What an operation takes, without pages.
    Operation(&'static Operation),
    /// The same with the form of the answer.
    OperationAs(&'static Operation, &'static Param),
    /// Nothing; the document has a path for each process.
    Process,
    /// What the layer of the path takes as tiles, without pages; the document has a path for each.
    Layer,
    /// What the collection of the path takes, without pages; the document has a path for each.
    Legend,
}

/// The form of an answer that is also a page.
pub(super) const F: Param = Param {
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

pub(super) const JSON: &[&str] = &["application/json"];
const JSON_OR_PAGE: &[&str] = &["application/json", "text/html"];
const PAGE: &[&str] = &["text/html"];
const FEATURE_OR_PAGE: &[&str] = &["application/geo+json", "text/html"];
const SCHEMA: &[&str] = &[super::super::fields::SCHEMA];
const CSV: &[&str] = &["text/csv; charset=utf-8; header=present"];
/// Every form of features, as `encode::format` has them.
const FORMS: &[&str] = &[
    "application/geo+json",
    "application/geo+json-seq",
    "application/x-ndjson",
    "text/csv; charset=utf-8",
    "application/flatgeobuf",
    "application/geopackage+sqlite3",
    "application/vnd.apache.parquet",
];

pub(super) const fn get(path: &'static str, id: &'static str, help: &'static str) -> Route {
    Route { method: "get", at: path, path, id, help, asks: Asks::These(&[]), gives: &[], takes: None }
}

const COUNTS_ROUTE: Route = Route {
    asks: Asks::OperationAs(&COUNTS, &COUNTS_FORM),
    gives: &[(200, &["application/json", "text/csv; charset=utf-8; header=present"], "any")],
    ..get("/counts", "getCounts", "Incidents by area, category, time and more, as a table")
};

/// All routes, but for those of tiles.
const ROUTES: &[Route] = &[
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
        asks: Asks::These(&[F]),
        gives: &[(200, JSON_OR_PAGE, "collections")],
        ..get("/collections", "getCollections", "All layers, and what the data set holds")
    },
    Route {
        asks: Asks::These(&[F]),
        gives: &[(200, JSON_OR_PAGE, "collection")],
        ..get("/collections/{id}", "getCollection", "What one layer holds and takes")
    },
    Route {
        asks: Asks::Collection,
        gives: &[(200, FORMS, "features")],
        ..get("/collections/{id}/items", "getItems", "A page of features")
    },
    Route {
        asks: Asks::Feature,
        gives: &[(200, FEATURE_OR_PAGE, "feature")],
        ..get("/collections/{id}/items/{fid}", "getFeature", "One feature by its id")
    },
    Route {
        gives: &[(200, SCHEMA, "any")],
        ..get(
            "/collections/{id}/queryables",
            "getQueryables",
            "Fields that features are chosen by, as JSON Schema",
        )
    },
    Route {
        gives: &[(200, SCHEMA, "any")],
        ..get("/collections/{id}/schema", "getSchema", "Fields that features have, as JSON Schema")
    },
    Route {
        asks: Asks::Collection,
        gives: &[(200, FORMS, "features")],
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
    COUNTS_ROUTE,
    Route {
        at: "/counts.json",
        path: "/counts.json",
        id: "getCountsJson",
        gives: &[(200, JSON, "any")],
        ..COUNTS_ROUTE
    },
    Route {
        at: "/counts.csv",
        path: "/counts.csv",
        id: "getCountsCsv",
        gives: &[(200, CSV, "text")],
        ..COUNTS_ROUTE
    },
    Route {
        gives: &[(200, JSON, "processes")],
        ..get("/processes", "getProcesses", "Analyses that can be run with inputs of one's own")
    },
    Route {
        asks: Asks::Process,
        gives: &[(200, JSON, "process")],
        ..get("/processes/{id}", "getProcess", "What an analysis takes and gives")
    },
    Route {
        method: "post",
        asks: Asks::Process,
        gives: &[(200, &["application/geo+json", "application/json"], "any"), (201, JSON, "job")],
        takes: Some((JSON, "execution")),
        ..get(
            "/processes/{id}/execution",
            "execute",
            "Runs an analysis, at once where it is short, else as a job",
        )
    },
    Route {
        asks: Asks::These(&LISTING),
        gives: &[(200, JSON, "jobs")],
        ..get("/jobs", "getJobs", "Analyses that were asked for, the newest first")
    },
    Route {
        path: "/jobs/{jobId}",
        gives: &[(200, JSON, "job")],
        ..get("/jobs/{id}", "getJob", "How far an analysis is")
    },
    Route {
        method: "delete",
        path: "/jobs/{jobId}",
        gives: &[(200, JSON, "job")],
        ..get("/jobs/{id}", "dismissJob", "Dismisses an analysis: it is not begun, or nothing of it is kept")
    },
    Route {
        path: "/jobs/{jobId}/results",
        gives: &[(200, &["application/geo+json", "application/json"], "any")],
        ..get("/jobs/{id}/results", "getResults", "What came of an analysis")
    },
    Route {
        gives: &[(200, &["text/plain; charset=utf-8"], "text")],
        ..get("/livez", "getLive", "Whether the service runs")
    },
    Route {
        gives: &[(200, JSON, "any")],
        ..get(
            "/readyz",
            "getReady",
            "Whether the service should be sent requests now; 503 with the reason where not",
        )
    },
    Route {
        method: "post",
        asks: Asks::These(&INGEST),
        takes: Some((MEDIA, "text")),
        gives: &[(200, JSON, "any")],
        ..get("/ingest/{source}", "ingest", "Takes a file of incidents in; answers once it is on disk")
    },
    Route {
        gives: &[(200, JSON, "any")],
        ..get("/ingest/reports/{id}", "getReport", "The rows of a request that were refused, for an hour")
    },
    Route {
        method: "post",
        takes: Some((JSON, "any")),
        gives: &[(200, JSON, "any"), (201, JSON, "any")],
        ..get("/alerts", "alert", "Takes one event of a sensor in, its revision or its withdrawal")
    },
    Route {
        gives: &[(200, &[ATOM], "text")],
        ..get("/areas/{area}/feed.atom", "getDigest", "What rules found in an area, as an Atom feed")
    },
    Route {
        asks: Asks::These(&EVENTS),
        gives: &[(200, &["text/event-stream"], "text")],
        ..get(
            "/events",
            "getEvents",
            "What happens, as it happens, by server-sent events; resumes by Last-Event-ID",
        )
    },
];

/// All routes, but for the files of the page (`/page/…`), which are no interface.
pub(in crate::http) fn routes() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().chain(TILE_ROUTES)
}

impl Route {
    fn gives_tiles(&self) -> bool {
        self.gives.iter().any(|(_, media, _)| media.contains(&TILE_MEDIA))
    }

    /// Parameters of a query on this route, for the collection of the path where it has one.
    pub(super) fn params(&self, collection: Option<&Operation>) -> Vec<&'static Param> {
        let mut params: Vec<&'static Param> = match self.asks {
            Asks::These(params) => params.iter().collect(),
            Asks::Feature => collection.into_iter().flat_map(query::params_of_one).collect(),
            Asks::Operation(operation) => operation.params.iter().collect(),
            Asks::OperationAs(operation, form) => operation.params.iter().chain([form]).collect(),
            Asks::Process => Vec::new(),
            Asks::Layer | Asks::Legend => {
                let own = collection.into_iter().flat_map(|operation| operation.params);
                own.chain([&SNAPSHOT, if self.gives_tiles() { &FORM } else { &JSON_FORM }]).collect()
            }
            Asks::Collection => {
                let mut all: Vec<&'static Param> = collection.into_iter().flat_map(query::params).collect();
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
    let rows = || routes().filter(|route| route.at == at && route.method.eq_ignore_ascii_case(method));
    if asked.is_empty() || rows().next().is_none() {
        return Ok(None);
    }
    // An unknown collection is for the handler to say.
    // The layer of `/xyz/blocks.json` stands before the dot.
    let named = path.split('/').nth(2).and_then(|name| name.split('.').next());
    let collection = named.and_then(|id| operation(id).ok());
    let allowed: Vec<&'static str> =
        rows().flat_map(|route| route.params(collection.as_ref())).map(|param| param.wire).collect();
    for (name, _) in &asked {
        if collection.is_none() && rows().any(|route| matches!(route.asks, Asks::Collection | Asks::Feature))
        {
            break;
        }
        if name == "query" && !allowed.contains(&"query") {
            return Err(Problem::query_of_arcgis(path, allowed));
        }
        if !allowed.contains(&name.as_str()) {
            return Err(Problem::unknown_parameter(name, path, allowed));
        }
    }
    let value = |wire: &str| asked.iter().find(|(name, _)| name == wire).map(|(_, value)| value);
    if let Some((index, _)) = value(STARTINDEX.wire).zip(value(OFFSET.wire)).filter(|(a, b)| a != b) {
        return Err(Problem::not_both(STARTINDEX.wire, OFFSET.wire, index));
    }
    let is_extra = |name: &str| EXTRAS.iter().any(|extra| extra.wire == name);
    if !asked.iter().any(|(name, _)| is_extra(name) || name == STARTINDEX.wire) {
        return Ok(None);
    }
    let both = value(OFFSET.wire).is_some();
    let goes = |name: &str| is_extra(name) || (both && name == STARTINDEX.wire);
    let rest = asked.iter().filter(|(name, _)| !goes(name));
    let rest = rest
        .cloned()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::format::Format;

    #[test]
    fn every_form_of_features_is_in_the_document() {
        for format in Format::ALL {
            assert!(FORMS.contains(&format.media()), "{}", format.media());
        }
    }
}
