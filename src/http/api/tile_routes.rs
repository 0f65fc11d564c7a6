//! Rows of the table of routes: tiles, what says where they are, legends and styles.

use super::super::tiles::{self, FORM};
use super::route::{Asks, F, Route};
use super::table::{JSON_OR_PAGE, get};
use crate::encode::mvt::MEDIA;
use crate::engine::params::choosing::SNAPSHOT;
use crate::engine::params::table::Param;

const TILE: &[(u16, &[&str], &str)] = &[(200, &[MEDIA], "bytes"), (204, &[], "")];

const OF_ALL: &[Param] =
    &[tiles::OF_ALL[0], tiles::OF_ALL[1], tiles::OF_ALL[2], tiles::OF_ALL[3], SNAPSHOT, F];
const OF_ALL_TILES: &[Param] =
    &[tiles::OF_ALL[0], tiles::OF_ALL[1], tiles::OF_ALL[2], tiles::OF_ALL[3], SNAPSHOT, FORM];

/// All of them.
pub(super) const TILE_ROUTES: &[Route] = &[
    Route {
        path: "/xyz/{layer}/{z}/{x}/{y}.mvt",
        asks: Asks::Layer,
        gives: TILE,
        ..get("/xyz/{layer}/{z}/{x}/{y}", "getTile", "A vector tile of one layer; 204 where it is empty")
    },
    Route {
        path: "/xyz/all/{z}/{x}/{y}.mvt",
        asks: Asks::These(OF_ALL_TILES),
        gives: TILE,
        ..get(
            "/xyz/{layer}/{z}/{x}/{y}",
            "getTileOfAll",
            "A vector tile of all layers; 204 where it is empty",
        )
    },
    Route {
        path: "/xyz/{layer}.json",
        asks: Asks::Layer,
        gives: &[(200, JSON_OR_PAGE, "any")],
        ..get("/xyz/{file}", "getTileJson", "Where the tiles of a layer are, as TileJSON 3.0")
    },
    Route {
        path: "/xyz/all.json",
        asks: Asks::These(OF_ALL),
        gives: &[(200, JSON_OR_PAGE, "any")],
        ..get("/xyz/{file}", "getTileJsonOfAll", "Where the tiles of all layers are, as TileJSON 3.0")
    },
    Route {
        path: "/styles/{layer}.json",
        asks: Asks::Layer,
        gives: &[(200, JSON_OR_PAGE, "any")],
        ..get("/styles/{file}", "getStyle", "A style of MapLibre over the tiles of a layer")
    },
    Route {
        path: "/styles/{layer}.qml",
        asks: Asks::Layer,
        gives: &[(200, &[tiles::QML], "text")],
        ..get("/styles/{file}", "getQgisStyle", "A style of QGIS for the features of a layer")
    },
    Route {
        path: "/styles/all.json",
        asks: Asks::These(OF_ALL),
        gives: &[(200, JSON_OR_PAGE, "any")],
        ..get("/styles/{file}", "getStyleOfAll", "A style of MapLibre over the tiles of all layers")
    },
    Route {
        asks: Asks::Legend,
        gives: &[(200, JSON_OR_PAGE, "any")],
        ..get("/collections/{id}/legend", "getLegend", "What the colors of a layer mean")
    },
    Route {
        asks: Asks::Layer,
        gives: &[(200, JSON_OR_PAGE, "any")],
        ..get("/collections/{id}/tiles", "getTilesets", "Tile sets of a layer")
    },
    Route {
        path: "/collections/{id}/tiles/WebMercatorQuad",
        asks: Asks::Layer,
        gives: &[(200, JSON_OR_PAGE, "any")],
        ..get("/collections/{id}/tiles/{set}", "getTileset", "The tile set of a layer")
    },
    Route {
        path: "/collections/{id}/tiles/WebMercatorQuad/{tileMatrix}/{tileRow}/{tileCol}",
        asks: Asks::Layer,
        gives: TILE,
        ..get(
            "/collections/{id}/tiles/{set}/{z}/{row}/{col}",
            "getTileOfSet",
            "A vector tile of one layer; 204 where it is empty",
        )
    },
    Route {
        asks: Asks::These(OF_ALL),
        gives: &[(200, JSON_OR_PAGE, "any")],
        ..get("/tiles", "getTilesetsOfAll", "Tile sets of all layers")
    },
    Route {
        path: "/tiles/WebMercatorQuad",
        asks: Asks::These(OF_ALL),
        gives: &[(200, JSON_OR_PAGE, "any")],
        ..get("/tiles/{set}", "getTilesetOfAll", "The tile set of all layers")
    },
    Route {
        path: "/tiles/WebMercatorQuad/{tileMatrix}/{tileRow}/{tileCol}",
        asks: Asks::These(OF_ALL_TILES),
        gives: TILE,
        ..get(
            "/tiles/{set}/{z}/{row}/{col}",
            "getTileOfAllSet",
            "A vector tile of all layers; 204 where it is empty",
        )
    },
    Route {
        asks: Asks::These(&[F]),
        gives: &[(200, JSON_OR_PAGE, "any")],
        ..get("/tileMatrixSets", "getMatrixSets", "How tiles are cut")
    },
    Route {
        path: "/tileMatrixSets/WebMercatorQuad",
        asks: Asks::These(&[F]),
        gives: &[(200, JSON_OR_PAGE, "any")],
        ..get("/tileMatrixSets/{set}", "getMatrixSet", "The tile matrix set WebMercatorQuad")
    },
];
