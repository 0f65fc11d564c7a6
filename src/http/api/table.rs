//! The table of routes: what the document says, and which parameters a request may have, come from it.
//!
//! A new route is a row here and a line in its own `routes()`; a test compares this table with the router, path by
//! path and method by method. Parameters of analyses come from the one table of parameters.

use super::super::live::body::FILES;
use super::super::live::digest::ATOM;
use super::super::live::parameters::{EVENTS, INGEST};
use super::process_routes::PROCESS_ROUTES;
use super::route::{Asks, F, PAGE_FORM, Route};
use super::tile_routes::TILE_ROUTES;
use crate::engine::params::table::DENSITY;

pub(super) const JSON: &[&str] = &["application/json"];
pub(super) const JSON_OR_PAGE: &[&str] = &["application/json", "text/html"];
const PAGE: &[&str] = &["text/html"];
const FEATURE_OR_PAGE: &[&str] = &["application/geo+json", "text/html"];
const SCHEMA: &[&str] = &[super::super::fields::SCHEMA, "text/html"];
/// Every form of features, as `encode::format` has them, and a page at the end.
const FORMS: &[&str] = &[
    "application/geo+json",
    "application/geo+json-seq",
    "application/x-ndjson",
    "text/csv; charset=utf-8",
    "application/flatgeobuf",
    "application/geopackage+sqlite3",
    "application/vnd.apache.parquet",
    "text/html",
];

/// The same as files: no page for browsers is among them.
const FILES_OF_FEATURES: &[&str] = FORMS.split_last().expect("several").1;

pub(super) const fn get(path: &'static str, id: &'static str, help: &'static str) -> Route {
    Route { method: "get", at: path, path, id, help, asks: Asks::These(&[]), gives: &[], takes: None }
}

/// All routes, but for those of tiles, counts and processes.
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
    Route {
        asks: Asks::These(&[PAGE_FORM]),
        gives: &[(200, PAGE, "text")],
        ..get("/docs", "getDocs", "This document for people")
    },
    Route {
        asks: Asks::These(&[F]),
        gives: &[(200, JSON_OR_PAGE, "conformance")],
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
        path: "/collections/{id}/items/{featureId}",
        asks: Asks::Feature,
        gives: &[(200, FEATURE_OR_PAGE, "feature")],
        ..get("/collections/{id}/items/{fid}", "getFeature", "One feature by its id")
    },
    Route {
        asks: Asks::These(&[F]),
        gives: &[(200, SCHEMA, "any")],
        ..get(
            "/collections/{id}/queryables",
            "getQueryables",
            "Fields that features are chosen by, as JSON Schema",
        )
    },
    Route {
        asks: Asks::These(&[F]),
        gives: &[(200, SCHEMA, "any")],
        ..get("/collections/{id}/schema", "getSchema", "Fields that features have, as JSON Schema")
    },
    Route {
        path: "/collections/{id}/items.{format}",
        asks: Asks::Collection,
        gives: &[(200, FILES_OF_FEATURES, "features")],
        ..get("/collections/{id}/{file}", "getFile", "A page of features in the format that its name ends in")
    },
    Route {
        path: "/collections/{id}/{id}.{format}",
        asks: Asks::Whole,
        gives: &[(200, FILES_OF_FEATURES, "features")],
        ..get(
            "/collections/{id}/{file}",
            "getWhole",
            "All features in the format that its name ends in, without pages",
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
    Route {
        asks: Asks::These(&[F]),
        gives: &[(200, JSON_OR_PAGE, "any")],
        ..get(
            "/readyz",
            "getReady",
            "Whether the service should be sent requests now; 503 with the reason where not",
        )
    },
    Route {
        method: "post",
        asks: Asks::These(&INGEST),
        takes: Some((FILES, "text")),
        gives: &[(200, JSON, "any")],
        ..get("/ingest/{source}", "ingest", "Takes a file of incidents in; answers once it is on disk")
    },
    Route {
        asks: Asks::These(&[F]),
        gives: &[(200, JSON_OR_PAGE, "any")],
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
    ROUTES.iter().chain(TILE_ROUTES).chain(PROCESS_ROUTES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::format::Format;

    #[test]
    fn every_form_of_features_is_in_the_document() {
        for format in Format::ALL {
            assert!(FILES_OF_FEATURES.contains(&format.media()), "{}", format.media());
        }
    }
}
