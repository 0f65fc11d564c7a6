//! Vector tiles as any client reads them, by a decoder that is not ours: what lies in them, how large they are, where they are.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use common::town::{Lot, Where, table, town_of};
use geo::{Area, Geometry, Validation};
use hotblocks::config::Config;
use hotblocks::encode::mvt::{BUFFER, EXTENT, MOST_BYTES, TRUNCATED, number_of};
use hotblocks::engine::Engine;
use hotblocks::model::class::ClassId;
use hotblocks::model::incident::Located;
use hotblocks::space::coord::LonLat;
use hotblocks::space::tile::{Tile, tile_of};
use mvt_reader::Reader;
use mvt_reader::feature::Value;
use serde_json::Value as Json;
use tower::ServiceExt;

const LAYERS: [&str; 8] = [
    "incidents",
    "blocks",
    "density",
    "hotspots",
    "clusters",
    "near-repeat",
    "areas",
    "targets?budget=20blocks",
];

fn router_of(engine: Arc<Engine>) -> axum::Router {
    let config = Config::open(&common::repository("data/new-haven/hotblocks.toml")).expect("usable");
    hotblocks::http::router(engine, config.defaults().expect("usable"))
}

static SAMPLE: LazyLock<(Arc<Engine>, axum::Router)> = LazyLock::new(|| {
    let (snapshot, ..) = common::new_haven();
    let engine = Arc::new(Engine::new(snapshot.dataset().clone()));
    (Arc::clone(&engine), router_of(engine))
});

type Answer = (StatusCode, HeaderMap, Vec<u8>);

async fn ask_of(router: &axum::Router, method: Method, path: &str, given: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().method(method).uri(path).header(header::HOST, "127.0.0.1:8080");
    for (name, value) in given {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).expect("a request");
    let (parts, body) = router.clone().oneshot(request).await.expect("an answer").into_parts();
    (parts.status, parts.headers, to_bytes(body, usize::MAX).await.expect("a body").to_vec())
}

async fn ask(path: &str) -> Answer {
    ask_of(&SAMPLE.1, Method::GET, path, &[]).await
}

async fn json(path: &str) -> Json {
    let (status, _, body) = ask(path).await;
    assert_eq!(status, StatusCode::OK, "{path}: {}", String::from_utf8_lossy(&body));
    serde_json::from_slice(&body).expect("JSON")
}

/// A layer's name and its query.
fn split(layer: &str) -> (&str, String) {
    layer.split_once('?').map_or((layer, String::new()), |(name, query)| (name, format!("?{query}")))
}

/// A feature as the decoder reads it.
struct Read {
    id: u64,
    shape: Geometry<i32>,
    properties: BTreeMap<String, Value>,
}

/// The layers of a tile; version, extent and name are looked at by the way.
fn read(bytes: Vec<u8>) -> BTreeMap<String, Vec<Read>> {
    let reader = Reader::new(bytes).expect("a vector tile");
    let layers = reader.get_layer_metadata().expect("layers");
    let mut all = BTreeMap::new();
    for layer in layers {
        assert_eq!((layer.version, layer.extent), (2, EXTENT), "{}", layer.name);
        let features = reader.get_features_as::<i32>(layer.layer_index).expect("features");
        assert_eq!(features.len(), layer.feature_count);
        let read = features.into_iter().map(|feature| Read {
            id: feature.id.expect("a number"),
            shape: feature.geometry,
            properties: feature.properties.unwrap_or_default().into_iter().collect(),
        });
        let twice = all.insert(layer.name.clone(), read.collect());
        assert!(twice.is_none(), "{} is there twice", layer.name);
    }
    all
}

/// The tiles of a zoom that a box of degrees touches.
fn around(bounds: [f64; 4], zoom: u8) -> Vec<(u32, u32)> {
    let at = |lon: f64, lat: f64| tile_of(LonLat::new(lon, lat).expect("a place"), zoom);
    let (low, high) = (at(bounds[0], bounds[3]), at(bounds[2], bounds[1]));
    (low.x()..=high.x()).flat_map(|x| (low.y()..=high.y()).map(move |y| (x, y))).collect()
}

async fn bounds_of(layer: &str) -> [f64; 4] {
    let (name, query) = split(layer);
    let told = json(&format!("/xyz/{name}.json{query}")).await;
    let bounds: Vec<f64> =
        told["bounds"].as_array().expect("bounds").iter().filter_map(Json::as_f64).collect();
    bounds.try_into().expect("four numbers")
}

/// All tiles of a layer at a zoom.
async fn tiles_of(layer: &str, zoom: u8) -> Vec<((u32, u32), Vec<u8>)> {
    let (name, query) = split(layer);
    let mut tiles = Vec::new();
    for (x, y) in around(bounds_of(layer).await, zoom) {
        let (status, headers, body) = ask(&format!("/xyz/{name}/{zoom}/{x}/{y}.mvt{query}")).await;
        match status {
            StatusCode::NO_CONTENT => assert!(body.is_empty()),
            _ => {
                assert_eq!(status, StatusCode::OK, "{layer}: {}", String::from_utf8_lossy(&body));
                assert_eq!(headers[header::CONTENT_TYPE], "application/vnd.mapbox-vector-tile");
                assert!(!body.is_empty());
                tiles.push(((x, y), body));
            }
        }
    }
    tiles
}

/// All ids of a collection.
async fn ids(layer: &str) -> BTreeMap<u64, Json> {
    let (name, query) = split(layer);
    let mut all = BTreeMap::new();
    for offset in (0..).step_by(10_000) {
        let mark = if query.is_empty() { "?" } else { "&" };
        let page = json(&format!("/collections/{name}/items{query}{mark}limit=10000&offset={offset}")).await;
        let features = page["features"].as_array().expect("features").clone();
        if features.is_empty() {
            break;
        }
        for feature in features.into_iter().filter(|feature| !feature["geometry"].is_null()) {
            all.insert(number_of(feature["id"].as_str().expect("an id")), feature["properties"].clone());
        }
    }
    all
}

#[tokio::test]
async fn a_t1_tilejson_tells_bounds_zooms_and_every_layer_with_its_properties() {
    for layer in LAYERS.into_iter().chain(["all"]) {
        let (name, query) = split(layer);
        let told = json(&format!("/xyz/{name}.json{query}")).await;
        assert_eq!(told["tilejson"], "3.0.0");
        let template = format!("http://127.0.0.1:8080/xyz/{name}/{{z}}/{{x}}/{{y}}.mvt{query}");
        assert_eq!(told["tiles"], serde_json::json!([template]));
        assert!(told["minzoom"].as_u64() < told["maxzoom"].as_u64());
        let [west, south, east, north] = bounds_of(layer).await;
        assert!(-73.1 < west && west < east && east < -72.7 && 41.2 < south && south < north && north < 41.4);
        let known: BTreeMap<&str, &Json> = told["vector_layers"]
            .as_array()
            .expect("layers")
            .iter()
            .map(|layer| (layer["id"].as_str().expect("a name"), &layer["fields"]))
            .collect();
        for zoom in [11, 14] {
            for (_, tile) in tiles_of(layer, zoom).await {
                for (name, features) in read(tile) {
                    let fields = known.get(name.as_str()).unwrap_or_else(|| panic!("{name} is not told of"));
                    for (property, value) in features.iter().flat_map(|feature| &feature.properties) {
                        let holds = match value {
                            Value::String(_) => "String",
                            Value::Bool(_) => "Boolean",
                            _ => "Number",
                        };
                        assert_eq!(fields[property], holds, "{name}.{property}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn a_t1_what_a_document_is_asked_with_does_not_spoil_the_tiles_it_points_to() {
    let told = json("/xyz/blocks.json?f=json&_=17&category=all").await;
    let template = told["tiles"][0].as_str().expect("a template").to_owned();
    assert_eq!(template, "http://127.0.0.1:8080/xyz/blocks/{z}/{x}/{y}.mvt?category=all");
    let path = template.trim_start_matches("http://127.0.0.1:8080");
    let middle = tile_of(LonLat::new(-72.927, 41.309).expect("a place"), 13);
    let (x, y) = (middle.x().to_string(), middle.y().to_string());
    let at = |path: &str| path.replace("{z}", "13").replace("{x}", &x).replace("{y}", &y);
    assert_eq!(ask(&at(path)).await.0, StatusCode::OK, "{path}");
    // Clients add to every address what means nothing here.
    assert_eq!(ask(&at(&format!("{path}&_=17"))).await.0, StatusCode::OK, "{path}");
    let (status, headers, _) = ask(&at("/xyz/density/{z}/{x}/{y}.png?_=17&token=a")).await;
    assert_eq!((status, headers[header::CONTENT_TYPE].as_bytes()), (StatusCode::OK, b"image/png".as_slice()));
    // What has no tiles has a legend of the snapshot that is asked for, as what has some.
    for id in ["blocks?", "list?capacity=5blocks&"] {
        let (name, query) = id.split_once('?').expect("a mark");
        let newest = name_of(&SAMPLE.1).await;
        let (status, ..) = ask(&format!("/collections/{name}/legend?{query}f=json&snapshot={newest}")).await;
        assert_eq!(status, StatusCode::OK, "{id}");
        let (status, ..) = ask(&format!("/collections/{name}/legend?{query}snapshot={newest}99")).await;
        assert_eq!(status, StatusCode::GONE, "{id}");
    }
}

/// Twice the area by the surveyor's formula, above 0 where a ring runs clockwise on the map.
fn doubled(ring: &geo::LineString<i32>) -> i64 {
    ring.lines()
        .map(|line| {
            let [a, b, c, d] = [line.start.x, line.end.y, line.end.x, line.start.y].map(i64::from);
            a * b - c * d
        })
        .sum()
}

fn check_shape(shape: &Geometry<i32>, whole: &mut usize) {
    use geo::{CoordsIter, MapCoords};
    let reach = -BUFFER.cast_signed()..=(EXTENT + BUFFER).cast_signed();
    let is_area = matches!(shape, Geometry::Polygon(_) | Geometry::MultiPolygon(_));
    for at in shape.coords_iter() {
        assert!(reach.contains(&at.x) && reach.contains(&at.y), "{at:?}");
    }
    let polygons: Vec<geo::Polygon<i32>> = match shape {
        Geometry::Polygon(one) => vec![one.clone()],
        Geometry::MultiPolygon(several) => several.0.clone(),
        _ => Vec::new(),
    };
    assert_eq!(is_area, !polygons.is_empty());
    for polygon in polygons {
        assert!(doubled(polygon.exterior()) > 0, "{polygon:?}");
        assert!(polygon.interiors().iter().all(|ring| doubled(ring) < 0), "{polygon:?}");
        let polygon = polygon.map_coords(|at| geo::Coord { x: f64::from(at.x), y: f64::from(at.y) });
        assert!(polygon.is_valid(), "{polygon:?}: {:?}", polygon.validation_errors());
        *whole += usize::from(polygon.unsigned_area() > 1.0);
    }
}

#[tokio::test]
async fn a_t2_tiles_are_of_version_2_with_valid_polygons_wound_right_within_the_buffer() {
    let mut polygons = 0;
    for layer in ["hotspots?cell_m=150", "density", "clusters", "targets?budget=20blocks", "blocks", "areas"]
    {
        for zoom in [8, 12, 13, 15] {
            for (_, tile) in tiles_of(layer, zoom).await {
                for feature in read(tile).values().flatten() {
                    check_shape(&feature.shape, &mut polygons);
                }
            }
        }
    }
    assert!(polygons > 500, "{polygons} polygons");
}

/// The same over the sample's blocks that are polygons, which share edges, with areas around them.
#[tokio::test]
async fn a_t2_polygons_of_blocks_stay_valid_at_every_zoom_and_none_is_lost() {
    let (snapshot, ..) = common::new_haven_polygons();
    let all: BTreeSet<u64> =
        snapshot.dataset().block_set.blocks.iter().map(|block| number_of(&block.id)).collect();
    let extent = snapshot.dataset().extent;
    let router = router_of(Arc::new(Engine::new(snapshot.dataset().clone())));
    for zoom in 0..=16 {
        let (mut seen, mut whole) = (BTreeSet::new(), 0);
        let tiles = around([extent.west, extent.south, extent.east, extent.north], zoom);
        for (x, y) in tiles.iter().step_by(1 + tiles.len() / 600) {
            let path = format!("/xyz/blocks/{zoom}/{x}/{y}.mvt");
            let (status, _, body) = ask_of(&router, Method::GET, &path, &[]).await;
            if status == StatusCode::OK {
                for feature in read(body).values().flatten() {
                    check_shape(&feature.shape, &mut whole);
                    seen.insert(feature.id);
                }
            }
        }
        if tiles.len() < 600 {
            assert_eq!(seen, all, "zoom {zoom}");
        }
    }
}

#[tokio::test]
async fn a_t3_all_tiles_of_a_zoom_together_hold_every_item_and_each_incident_once() {
    for layer in LAYERS
        .into_iter()
        .chain(["blocks?category=robbery", "incidents?category=robbery&datetime=2010-01-01/.."])
    {
        let items = ids(layer).await;
        assert!(!items.is_empty() || layer == "areas", "{layer}");
        for zoom in [13, 15] {
            let mut seen: BTreeMap<u64, usize> = BTreeMap::new();
            let mut told = BTreeMap::new();
            for (_, tile) in tiles_of(layer, zoom).await {
                for (name, features) in read(tile) {
                    assert_eq!(name, split(layer).0, "nothing is left out");
                    for feature in features {
                        *seen.entry(feature.id).or_default() += 1;
                        told.insert(feature.id, feature.properties);
                    }
                }
            }
            assert_eq!(seen.keys().collect::<Vec<_>>(), items.keys().collect::<Vec<_>>(), "{layer} {zoom}");
            if layer.starts_with("incidents") {
                assert!(seen.values().all(|n| *n == 1), "an incident is in two tiles");
            }
            for (id, item) in &items {
                for (property, value) in &told[id] {
                    let same = match (value, property.as_str()) {
                        (_, "id") => true,
                        (Value::String(day), "day") => {
                            item["from"].as_str().is_some_and(|from| from.starts_with(day))
                        }
                        (Value::String(text), _) => item[property] == text.as_str(),
                        (Value::UInt(n), _) => item[property] == *n,
                        (Value::SInt(n) | Value::Int(n), _) => item[property] == *n,
                        (Value::Double(n), _) => item[property].as_f64() == Some(*n),
                        (Value::Bool(flag), _) => item[property] == *flag,
                        _ => false,
                    };
                    assert!(same, "{layer} {property}: {value:?} and {}", item[property]);
                }
            }
        }
    }
}

#[tokio::test]
async fn a_t4_an_empty_tile_is_204_one_outside_the_matrix_404_and_junk_400() {
    for (path, status, says) in [
        ("/xyz/incidents/14/0/0.mvt", 204, ""),
        ("/xyz/all/9/511/0.mvt", 204, ""),
        ("/collections/blocks/tiles/WebMercatorQuad/14/0/0", 204, ""),
        ("/tiles/WebMercatorQuad/22/4194303/0", 204, ""),
        ("/xyz/blocks/3/8/0.mvt", 404, "from 0 to 7"),
        ("/xyz/blocks/23/0/0.mvt", 404, "from 0 to 22"),
        ("/collections/blocks/tiles/WebMercatorQuad/3/0/8", 404, "from 0 to 7"),
        ("/xyz/blocks/3/-1/0.mvt", 400, "whole number"),
        ("/xyz/blocks/3/0x1/0.mvt", 400, "whole number"),
        ("/xyz/blocks/z/0/0.mvt", 400, "whole number"),
        ("/tiles/WebMercatorQuad/3/0/one", 400, "whole number"),
        ("/xyz/blocks/3/0/0", 404, ".mvt"),
        ("/xyz/blocks/3/0/0.geojson", 404, ".mvt"),
        ("/xyz/bloks/3/0/0.mvt", 404, "blocks"),
        ("/xyz/bloks.json", 404, "blocks"),
        ("/styles/all.qml", 404, "all"),
        ("/collections/blocks/tiles/WorldCRS84Quad", 404, "WebMercatorQuad"),
        ("/collections/blocks/tiles/WorldCRS84Quad/0/0/0", 404, "WebMercatorQuad"),
        ("/tileMatrixSets/WorldCRS84Quad", 404, "WebMercatorQuad"),
        ("/collections/explain/tiles", 404, "tiles"),
        ("/xyz/blocks/3/0/0.mvt?categry=robbery", 400, "category"),
        ("/xyz/all/3/0/0.mvt?by=rate", 400, "by"),
        ("/xyz/blocks/3/0/0.mvt?limit=5", 400, "limit"),
        ("/xyz/blocks/3/0/0.mvt?category=robery", 400, "robbery"),
        ("/xyz/blocks/3/0/0.mvt?snapshot=x", 400, "`snapshot` is `x`"),
        ("/xyz/blocks/3/0/0.mvt?snapshot=1", 400, "`snapshot` is `1`"),
        ("/xyz/blocks/3/0/0.mvt?snapshot=0-1", 410, "not kept"),
        ("/xyz/blocks/3/0/0.mvt?f=png", 400, "give one of mvt"),
        ("/collections/blocks/tiles/WebMercatorQuad/3/0/0?f=json", 400, "give one of mvt"),
        ("/collections/blocks/tiles/WebMercatorQuad/3/0/0?categry=x", 400, "tiles of blocks"),
        ("/styles/blocks.qml?f=json", 400, "give one of qml"),
        ("/styles/blocks.json?f=qml", 400, "give one of html, json"),
        ("/xyz/density/3/0/0.mvt?bandwidth_rule=nonsense", 400, "bandwidth_rule"),
    ] {
        let (code, headers, body) = ask(path).await;
        assert_eq!(code.as_u16(), status, "{path}: {}", String::from_utf8_lossy(&body));
        if status == 204 {
            assert!(body.is_empty() && !headers.contains_key(header::CONTENT_TYPE), "{path}");
        } else {
            assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json", "{path}");
            let problem: Json = serde_json::from_slice(&body).expect("JSON");
            assert!(problem["detail"].as_str().expect("a detail").contains(says), "{path}: {problem}");
        }
    }
    for method in [Method::PUT, Method::POST, Method::DELETE] {
        let (status, headers, _) = ask_of(&SAMPLE.1, method, "/xyz/blocks/3/0/0.mvt", &[]).await;
        assert_eq!(
            (status, &headers[header::ALLOW]),
            (StatusCode::METHOD_NOT_ALLOWED, &"GET,HEAD".parse().expect("text"))
        );
    }
}

#[tokio::test]
async fn a_t5_under_the_number_of_a_snapshot_a_tile_keeps_its_bytes_when_data_come() {
    let (old, ..) = common::new_haven();
    let mut other = old.dataset().clone();
    let gone = (0..other.incidents.len()).filter(|at| at % 3 == 0);
    gone.for_each(|at| other.held[at] = true);
    let engine = Arc::new(Engine::new(old.dataset().clone()));
    let router = router_of(Arc::clone(&engine));
    let middle = tile_of(LonLat::new(-72.927, 41.309).expect("a place"), 13);
    for layer in ["incidents", "blocks", "all"] {
        let newest = format!("/xyz/{layer}/13/{}/{}.mvt", middle.x(), middle.y());
        let held = format!("{newest}?snapshot={}", name_of(&router).await);
        let before = ask_of(&router, Method::GET, &newest, &[]).await;
        assert_eq!(before.1[header::CACHE_CONTROL], "private, no-cache");
        publish(&engine, other.clone());
        let (status, headers, bytes) = ask_of(&router, Method::GET, &held, &[]).await;
        assert_eq!((status, &bytes), (StatusCode::OK, &before.2), "{layer}");
        assert_eq!(
            headers[header::CACHE_CONTROL],
            "private, max-age=3600",
            "a withdrawal reaches every cache"
        );
        let after = ask_of(&router, Method::GET, &newest, &[]).await;
        assert_ne!(after.2, before.2, "{layer}");
        assert_ne!(after.1[header::ETAG], before.1[header::ETAG]);
        // Tags follow from the content: where nothing has changed, the client need not load again.
        publish(&engine, old.dataset().clone());
        let tag = before.1[header::ETAG].to_str().expect("text");
        let again = ask_of(&router, Method::GET, &newest, &[("if-none-match", tag)]).await;
        assert_eq!((again.0, again.2.len()), (StatusCode::NOT_MODIFIED, 0), "{layer}");
        assert_eq!(again.1[header::ETAG], tag);
    }
    let name = name_of(&router).await;
    let path = format!("/xyz/blocks/13/{}/{}.mvt?snapshot={name}", middle.x(), middle.y());
    assert_eq!(ask_of(&router, Method::GET, &path, &[]).await.0, StatusCode::OK);
    for _ in 0..20 {
        publish(&engine, old.dataset().clone());
    }
    assert_eq!(ask_of(&router, Method::GET, &path, &[]).await.0, StatusCode::GONE);
}

/// The name of the newest state of a service.
async fn name_of(router: &axum::Router) -> String {
    let (_, _, body) = ask_of(router, Method::GET, "/readyz", &[]).await;
    let ready: Json = serde_json::from_slice(&body).expect("JSON");
    ready["snapshot"].as_str().expect("a name").to_owned()
}

#[tokio::test]
async fn a_t5_the_name_of_a_state_is_one_for_features_and_tiles_and_none_of_another_run() {
    let (data, ..) = common::new_haven();
    let router = router_of(Arc::new(Engine::new(data.dataset().clone())));
    let (_, _, page) = ask_of(&router, Method::GET, "/collections/blocks/items?limit=1", &[]).await;
    let page: Json = serde_json::from_slice(&page).expect("JSON");
    let next = page["links"].as_array().expect("links").iter().find(|link| link["rel"] == "next");
    let next = next.and_then(|link| link["href"].as_str()).expect("more");
    let of_items = next.split("snapshot=").nth(1).expect("a state").split('&').next().expect("a name");
    assert_eq!(of_items, name_of(&router).await);
    // The same generation of the same data in another run: nobody can know that the data are the same.
    let anew = router_of(Arc::new(Engine::new(data.dataset().clone())));
    for path in [
        "/xyz/blocks/14/4874/6148.mvt?",
        "/xyz/blocks.json?",
        "/styles/blocks.json?",
        "/collections/blocks/legend?",
        "/tiles?",
        "/collections/blocks/items?limit=1&",
    ] {
        let path = format!("{path}snapshot={of_items}");
        let (status, ..) = ask_of(&router, Method::GET, &path, &[]).await;
        assert!(matches!(status.as_u16(), 200 | 204), "{path}: {status}");
        assert_eq!(ask_of(&anew, Method::GET, &path, &[]).await.0, StatusCode::GONE, "{path}");
    }
}

#[tokio::test]
async fn what_is_not_given_is_refused_alike_of_items_tiles_and_legends() {
    let (data, ..) = common::new_haven();
    let engine = Arc::new(Engine::new(data.dataset().clone()));
    // Nothing is configured.
    let router = hotblocks::http::router(engine, hotblocks::engine::params::values::Values::default());
    // 400 for what the document requires, 422 for what another parameter could stand for.
    for (layer, parameter, code) in [
        ("density", "bandwidth_m", 422),
        ("clusters?eps_m=100", "min_points", 400),
        ("targets", "budget", 400),
        ("near-repeat", "distances_m", 400),
        ("near-repeat?distances_m=100,200", "days", 400),
    ] {
        let (layer, eps) = split(layer);
        for path in [
            format!("/collections/{layer}/items{eps}"),
            format!("/xyz/{layer}/3/2/3.mvt{eps}"),
            format!("/collections/{layer}/tiles/WebMercatorQuad/3/3/2{eps}"),
            format!("/xyz/{layer}.json{eps}"),
            format!("/collections/{layer}/legend{eps}"),
        ] {
            let (status, _, body) = ask_of(&router, Method::GET, &path, &[]).await;
            let problem: Json = serde_json::from_slice(&body).expect("JSON");
            assert_eq!(
                (status.as_u16(), &problem["parameter"]),
                (code, &parameter.into()),
                "{path}: {problem}"
            );
        }
    }
}

#[tokio::test]
async fn near_repeats_whose_edges_nobody_has_configured_are_no_layer_of_all_and_come_when_they_are_given() {
    let (data, ..) = common::new_haven();
    let engine = Arc::new(Engine::new(data.dataset().clone()));
    let router = hotblocks::http::router(engine, hotblocks::engine::params::values::Values::default());
    let get = async |path: &str| -> Json {
        let (status, _, body) = ask_of(&router, Method::GET, path, &[]).await;
        assert_eq!(status, StatusCode::OK, "{path}: {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).expect("JSON")
    };
    let listed = get("/collections").await;
    let has = |told: &Json, list: &str| told[list].to_string().contains("near-repeat");
    assert!(!has(&listed, "collections"), "no client finds a layer that it cannot load");
    // What tells of it is there all the same, and says what it wants.
    let one = get("/collections/near-repeat").await;
    assert!(one["links"].to_string().contains("/xyz/near-repeat.json"));
    let (status, _, page) = ask_of(&router, Method::GET, "/collections/near-repeat?f=html", &[]).await;
    assert!(status == StatusCode::OK && String::from_utf8_lossy(&page).contains("distances_m"));
    for path in
        ["/", "/api", "/xyz/all.json", "/styles/all.json", "/collections/near-repeat/schema", "/tiles"]
    {
        get(path).await;
    }
    let all = get("/xyz/all.json").await;
    assert!(!has(&all, "vector_layers"));
    let given = "distances_m=100,200&days=7,14&category=person,property";
    let told = get(&format!("/xyz/near-repeat.json?{given}")).await;
    assert!(has(&told, "vector_layers") && told["tiles"][0].as_str().is_some_and(|at| at.ends_with(given)));
    let zones = get(&format!("/collections/near-repeat/items?{given}")).await;
    assert!(zones["features"].as_array().is_some_and(|all| all.len() > 1));
    // Where they are configured, as in the sample, it is a layer among the others, with the same answer.
    let same = json("/collections/near-repeat/items").await;
    assert_eq!((&same["features"], &same["legend"]), (&zones["features"], &zones["legend"]));
    assert_eq!(same["legend"]["property"], "risk");
    assert!(has(&json("/collections").await, "collections"));
    assert!(has(&json("/xyz/all.json").await, "vector_layers"));
    // The table of pairs has no shapes, and neither have its tests.
    for (query, parameter, says) in [
        ("show=pairs", "show", "zones, chains"),
        ("permutations=99", "permutations", "not a parameter"),
        ("distances_m=200,100", "distances_m", "the shorter first"),
    ] {
        for path in
            ["/collections/near-repeat/items", "/xyz/near-repeat.json", "/collections/near-repeat/legend"]
        {
            let (status, _, body) = ask(&format!("{path}?{query}")).await;
            let problem: Json = serde_json::from_slice(&body).expect("JSON");
            assert_eq!(
                (status, &problem["parameter"]),
                (StatusCode::BAD_REQUEST, &parameter.into()),
                "{problem}"
            );
            assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(says)), "{problem}");
        }
    }
    let chains = json("/collections/near-repeat/items?show=chains&distances_m=50&days=7").await;
    assert!(
        chains["features"]
            .as_array()
            .is_some_and(|all| all.iter().all(|one| one["properties"]["chain"].is_u64()))
    );
    assert_eq!(json("/collections/near-repeat/legend?show=chains").await["title"], "Chains");
}

/// Ids in a tile over the whole town, which incidents carry with their feed.
async fn tile_of_town(query: &str) -> usize {
    let middle = tile_of(LonLat::new(-72.927, 41.309).expect("a place"), 8);
    let path = format!("/xyz/incidents/8/{}/{}.mvt?category=all&{query}", middle.x(), middle.y());
    let (status, _, body) = ask(&path).await;
    assert!(matches!(status.as_u16(), 200 | 204), "{path}: {}", String::from_utf8_lossy(&body));
    if body.is_empty() { 0 } else { read(body).remove("incidents").map_or(0, |all| all.len()) }
}

#[tokio::test]
async fn a_f11_map_and_table_agree_on_a_time_of_day_and_counts_by_days_say_so() {
    let mut seen = Vec::new();
    for time in [
        "2014-09-05",
        "2014-09-05T12:00:00Z/2014-09-05T18:00:00Z",
        "2014-09-05T12:00:00Z/PT6H",
        "2014-09-05/P2D",
        "../2014-09-05T05:00:00-04:00",
    ] {
        let page =
            json(&format!("/collections/incidents/items?category=all&limit=10000&datetime={time}")).await;
        let table = page["numberMatched"].as_u64().expect("a number");
        assert_eq!(
            u64::try_from(tile_of_town(&format!("datetime={time}")).await).expect("few"),
            table,
            "{time}"
        );
        seen.push(table);
    }
    assert!(0 < seen[1] && seen[1] == seen[2] && seen[1] < seen[0] && seen[0] < seen[3], "{seen:?}");
    // What counts by days says which it has counted, on the map the same as in the table.
    let clock = json("/collections/blocks/items?category=all&datetime=2014-09-05T12:00:00Z/PT6H").await;
    let day = json("/collections/blocks/items?category=all&datetime=2014-09-05").await;
    assert_eq!(clock["features"], day["features"]);
    let warned = |page: &Json| page["provenance"]["warnings"].to_string().contains("whole local days");
    assert!(warned(&clock) && !warned(&day), "{}", clock["provenance"]["warnings"]);
    assert!(clock["provenance"]["warnings"].to_string().contains("2014-09-05/2014-09-05"));
    let middle = tile_of(LonLat::new(-72.927, 41.309).expect("a place"), 13);
    let tile = async |layer: &str, time: &str| {
        let path = format!("/xyz/{layer}/13/{}/{}.mvt?category=all&datetime={time}", middle.x(), middle.y());
        let (status, _, body) = ask(&path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {}", String::from_utf8_lossy(&body));
        body
    };
    for layer in ["blocks", "hotspots"] {
        let [a, b] = [tile(layer, "2014-09-05T12:00:00Z/PT6H").await, tile(layer, "2014-09-05").await];
        assert_eq!(a, b, "{layer}");
    }
    assert_ne!(tile("all", "2014-09-05T12:00:00Z/PT6H").await, tile("all", "2014-09-05").await);
    let id = clock["features"][0]["id"].as_str().expect("an id");
    json(&format!("/collections/blocks/items/{id}?datetime=2014-09-05T12:00:00Z")).await;
}

/// Publishes a data set under the next generation number.
fn publish(engine: &Engine, dataset: hotblocks::model::dataset::Dataset) {
    let generation = engine.open(&hotblocks::engine::View::all()).generation() + 1;
    engine.publish(Arc::new(hotblocks::engine::snapshot::Snapshot::new(dataset, generation)), 0);
}

/// The town with 40,000 incidents more, spread over it.
fn crowded() -> hotblocks::model::dataset::Dataset {
    let mut rows = table(&[Lot(31, "robbery", Where::West, "citizen,yes,no")]);
    for at in 0..40_000_u32 {
        let (x, y) = (f64::from(at % 199) / 199.0, f64::from((at * 7) % 211) / 211.0);
        let place = format!("{:.6},{:.6}", -90.208 + 0.016 * x, 38.592 + 0.016 * y);
        rows.push_str(&format!(
            "more-{at},2018-01-{:02} 10:00,burglary,{place},citizen,no,no\n",
            1 + at % 28
        ));
    }
    town_of(&rows, None).dataset().clone()
}

#[tokio::test]
async fn a_t6_a_tile_stays_below_its_bound_and_says_what_was_left_out() {
    let data = crowded();
    let n = data.incidents.len();
    let router = router_of(Arc::new(Engine::new(data)));
    for layer in ["incidents", "all"] {
        let (status, headers, body) =
            ask_of(&router, Method::GET, &format!("/xyz/{layer}/8/63/98.mvt"), &[]).await;
        assert_eq!(status, StatusCode::OK);
        assert!(
            body.len() <= MOST_BYTES && body.len() > MOST_BYTES * 9 / 10,
            "{layer}: {} bytes",
            body.len()
        );
        let tile = read(body);
        let kept = tile["incidents"].len();
        assert!(kept > 15_000 && kept < n, "{kept}");
        let told = &tile[TRUNCATED][0].properties;
        assert_eq!(told["layer"], Value::String("incidents".to_owned()));
        assert_eq!((&told["kept"], &told["of"]), (&Value::UInt(kept as u64), &Value::UInt(n as u64)));
        let header = headers["x-hotblocks-truncated"].to_str().expect("text");
        assert!(header.contains(&format!("incidents={kept}/{n}")), "{header}");
        // A sample over the whole town, not one corner of it.
        let west = tile["incidents"]
            .iter()
            .filter(|f| matches!(f.shape, Geometry::Point(at) if at.x() < 2048))
            .count();
        assert!(tile["incidents"].len() > 100 && (west == 0 || west <= kept), "{west} of {kept}");
    }
    // Deeper in, all are there: four tiles of a zoom hold them once each.
    let mut seen = BTreeSet::new();
    for (x, y) in around([-90.21, 38.59, -90.19, 38.61], 15) {
        let (status, headers, body) =
            ask_of(&router, Method::GET, &format!("/xyz/incidents/15/{x}/{y}.mvt"), &[]).await;
        if status == StatusCode::OK {
            assert!(!headers.contains_key("x-hotblocks-truncated"));
            for feature in &read(body)["incidents"] {
                assert!(seen.insert(feature.id));
            }
        }
    }
    assert_eq!(seen.len(), n);
}

#[tokio::test]
async fn a_t7_both_sorts_of_addresses_give_equal_bytes_packed_or_plain() {
    let middle = tile_of(LonLat::new(-72.927, 41.309).expect("a place"), 14);
    for layer in LAYERS.into_iter().chain(["all", "incidents?category=robbery", "blocks?by=rate"]) {
        let (name, query) = split(layer);
        let (x, y) = (middle.x(), middle.y());
        let of = if name == "all" { "/tiles".to_owned() } else { format!("/collections/{name}/tiles") };
        let xyz = ask(&format!("/xyz/{name}/14/{x}/{y}.mvt{query}")).await;
        let ogc = ask(&format!("{of}/WebMercatorQuad/14/{y}/{x}{query}")).await;
        assert_eq!((xyz.0, &xyz.2), (ogc.0, &ogc.2), "{layer}");
        let mark = if query.is_empty() { "?" } else { "&" };
        let named = ask(&format!("{of}/WebMercatorQuad/14/{y}/{x}{query}{mark}f=mvt&_=17")).await;
        assert_eq!(named.2, xyz.2, "{layer}");
        if xyz.0 == StatusCode::NO_CONTENT {
            continue;
        }
        let path = format!("/xyz/{name}/14/{x}/{y}.mvt{query}");
        for _ in 0..2 {
            let packed = ask_of(&SAMPLE.1, Method::GET, &path, &[("accept-encoding", "gzip, br")]).await;
            assert_eq!(packed.1[header::ETAG], xyz.1[header::ETAG]);
            if packed.1.contains_key(header::CONTENT_ENCODING) {
                assert_eq!(packed.1[header::CONTENT_ENCODING], "gzip");
                let mut plain = Vec::new();
                std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&packed.2[..]), &mut plain)
                    .expect("gzip");
                assert_eq!(plain, xyz.2, "{layer}");
            } else {
                assert!(packed.2 == xyz.2 && packed.2.len() < 1024, "{layer}: {} bytes", packed.2.len());
            }
        }
        let head = ask_of(&SAMPLE.1, Method::HEAD, &path, &[]).await;
        assert_eq!((head.0, head.2.len()), (StatusCode::OK, 0));
        assert_eq!(head.1[header::CONTENT_LENGTH], xyz.2.len().to_string());
    }
}

/// An answer, and whether it was given before any route was looked for: those of routes carry a mark.
async fn at_the_door(router: &axum::Router, path: &str, given: &[(&str, &str)]) -> (Answer, bool) {
    let mut request = Request::builder().uri(path).header(header::HOST, "127.0.0.1:8080");
    for (name, value) in given {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).expect("a request");
    let (parts, body) = router.clone().oneshot(request).await.expect("an answer").into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("a body").to_vec();
    ((parts.status, parts.headers, body), parts.extensions.is_empty())
}

#[tokio::test]
async fn a_tile_that_is_kept_is_answered_as_by_the_routes() {
    let data = crowded();
    let engine = Arc::new(Engine::new(data.clone()));
    let router = router_of(Arc::clone(&engine));
    let paths = [
        "/xyz/incidents/8/63/98.mvt",
        "/xyz/incidents/8/63/98.pbf?category=burglary&f=mvt",
        "/tiles/WebMercatorQuad/8/98/63",
        "/collections/blocks/tiles/WebMercatorQuad/8/98/63",
        "/xyz/blocks/8/63/98.mvt?by=rate",
        "/xyz/blocks/8/3/3.mvt",
    ];
    let mut seen = BTreeSet::new();
    for path in paths {
        // The first is a packed one: what is said of it alone is said of no other.
        let first = [("accept-encoding", "gzip")];
        let tag = ask_of(&router, Method::GET, path, &first).await.1.remove(header::ETAG);
        let tag = tag.as_ref().map_or("W/\"0\"", |tag| tag.to_str().expect("a tag"));
        for packed in ["gzip", ""] {
            for known in ["W/\"1\"", tag] {
                let given = [("accept-encoding", packed), ("if-none-match", known)];
                // What comes from a page of a site that may not read goes to the routes, and is answered as any.
                let foreign = [given[0], given[1], ("origin", "https://elsewhere.example")];
                let (by_routes, is_early) = at_the_door(&router, path, &foreign).await;
                assert!(!is_early, "{path}");
                at_the_door(&router, path, &given).await;
                let (early, is_early) = at_the_door(&router, path, &given).await;
                assert!(is_early, "{path} {given:?}");
                assert_eq!(early, by_routes, "{path} {given:?}");
                seen.insert((early.0, early.1.contains_key("x-hotblocks-truncated")));
                seen.insert((early.0, early.1.contains_key(header::CONTENT_ENCODING)));
            }
        }
    }
    let (ok, same) = (StatusCode::OK, StatusCode::NOT_MODIFIED);
    let expected = [(ok, false), (ok, true), (same, false), (same, true), (StatusCode::NO_CONTENT, false)];
    assert_eq!(seen, expected.into());
    // What is not the same for all goes on to the routes.
    for (method, path, name, value, status) in [
        (Method::HEAD, paths[0], "accept", "*/*", ok),
        (Method::POST, paths[0], "accept", "*/*", StatusCode::METHOD_NOT_ALLOWED),
        (Method::GET, paths[0], "host", "elsewhere.example", StatusCode::FORBIDDEN),
        (Method::GET, paths[0], "origin", "http://localhost:9", ok),
        (Method::GET, "/xyz/incidents/8/63/98.mvt/", "accept", "*/*", StatusCode::NOT_FOUND),
        (Method::GET, "/xyz/incidents/8/63/+98.mvt", "accept", "*/*", StatusCode::BAD_REQUEST),
        (Method::GET, "/xyz/all/8/63/98", "accept", "*/*", StatusCode::NOT_FOUND),
        (
            Method::GET,
            "/collections/all/tiles/WebMercatorQuad/8/98/63",
            "accept",
            "*/*",
            StatusCode::NOT_FOUND,
        ),
        (
            Method::GET,
            "/collections/blocks/items/WebMercatorQuad/8/98/63",
            "accept",
            "*/*",
            StatusCode::NOT_FOUND,
        ),
    ] {
        let request = Request::builder().method(&method).uri(path).header(name, value);
        let answer = router.clone().oneshot(request.body(Body::empty()).expect("a request")).await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status(), status, "{method} {path} {name}");
        assert_eq!(
            answer.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN),
            name == "origin",
            "{method} {path}"
        );
    }
    // Nothing of an older state is told once there is a newer one.
    let (old, _) = at_the_door(&router, paths[0], &[]).await;
    publish(
        &engine,
        town_of(&table(&[Lot(31, "robbery", Where::West, "citizen,yes,no")]), None).dataset().clone(),
    );
    let (new, is_early) = at_the_door(&router, paths[0], &[]).await;
    assert!(!is_early && new.1[header::ETAG] != old.1[header::ETAG] && new.2.len() < old.2.len());
}

/// What the standard's own suite follows: links whose relation begins with `…/tilesets-`, `item` with its three places.
#[tokio::test]
async fn a_t7_tile_sets_are_found_from_the_collection_by_their_links() {
    let rel = |json: &Json, rel: &str| {
        let links = json["links"].as_array().expect("links");
        let link = links.iter().find(|link| link["rel"].as_str().is_some_and(|r| r.starts_with(rel)));
        let href =
            link.unwrap_or_else(|| panic!("no {rel} in {json}"))["href"].as_str().expect("a text").to_owned();
        href.strip_prefix("http://127.0.0.1:8080").expect("absolute").to_owned()
    };
    for from in ["/", "/collections/blocks", "/collections/incidents"] {
        let landing = json(&format!("{from}?f=json").replace("s?f=json", "s")).await;
        let list = json(&rel(&landing, "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector")).await;
        let set = &list["tilesets"][0];
        for of in [set, &json(&rel(set, "self")).await] {
            assert_eq!(
                (&of["dataType"], &of["crs"]),
                (&"vector".into(), &"http://www.opengis.net/def/crs/EPSG/0/3857".into())
            );
            assert!(of["tileMatrixSetURI"].as_str().expect("an address").ends_with("/WebMercatorQuad"));
            let matrix = json(&rel(of, "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme")).await;
            assert_eq!(matrix["tileMatrices"][0]["matrixWidth"], 1);
            let scale = matrix["tileMatrices"][0]["scaleDenominator"].as_f64().expect("a number");
            // OGC 17-083r4, annex D.1.
            assert!((scale - 559_082_264.028_717).abs() < 1e-3, "{scale}");
        }
        let whole = json(&rel(set, "self")).await;
        let template = rel(&whole, "item");
        assert!(template.ends_with("/{tileMatrix}/{tileRow}/{tileCol}"));
        let limits = &whole["tileMatrixSetLimits"][13];
        let middle = tile_of(LonLat::new(-72.927, 41.309).expect("a place"), 13);
        for (least, most, at) in
            [("minTileRow", "maxTileRow", middle.y()), ("minTileCol", "maxTileCol", middle.x())]
        {
            let bound = |name: &str| limits[name].as_u64().expect("a number");
            assert!((bound(least)..=bound(most)).contains(&at.into()), "{limits}");
        }
        let path = template.replace("{tileMatrix}", "13").replace("{tileRow}", &middle.y().to_string());
        assert_eq!(
            ask(&path.replace("{tileCol}", &middle.x().to_string())).await.0,
            StatusCode::OK,
            "{from}"
        );
    }
    let listed = json("/tileMatrixSets").await;
    assert_eq!(listed["tileMatrixSets"][0]["id"], "WebMercatorQuad");
}

#[tokio::test]
async fn what_is_told_of_tiles_refuses_the_names_that_the_tiles_refuse() {
    let of_layers = ["blocks", "incidents", "targets"].map(|layer| {
        let needs = if layer == "targets" { "budget=1km&" } else { "" };
        [
            format!("/collections/{layer}/tiles?{needs}"),
            format!("/collections/{layer}/tiles/WebMercatorQuad?{needs}"),
            format!("/collections/{layer}/tiles/WebMercatorQuad/12/0/0?{needs}"),
            format!("/xyz/{layer}.json?{needs}"),
        ]
    });
    let of_all = ["/tiles?", "/tiles/WebMercatorQuad?", "/xyz/all.json?"].map(str::to_owned);
    for path in of_layers.into_iter().flatten().chain(of_all) {
        for bad in ["category=nonsense", "category=person,", "category=,"] {
            let (status, headers, body) = ask(&format!("{path}{bad}")).await;
            let told = String::from_utf8_lossy(&body);
            assert_eq!(status, StatusCode::BAD_REQUEST, "{path}{bad}: {told}");
            assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json", "{path}{bad}");
            assert!(told.contains(r#""parameter":"category""#), "{path}{bad}: {told}");
        }
    }
    let (status, ..) = ask("/collections/blocks/tiles?category=person").await;
    assert_eq!(status, StatusCode::OK);
    let (status, _, body) = ask("/collections/blocks/tiles?within=Nowhere").await;
    let told = String::from_utf8_lossy(&body);
    assert!(status == StatusCode::BAD_REQUEST && told.contains(r#""parameter":"within""#), "{told}");
}

#[tokio::test]
async fn a_t8_sensitive_incidents_and_those_in_no_category_are_in_no_tile() {
    let mut data = crowded();
    // Every seventh incident is sensitive from now on: its class gets the flag by being in no category.
    let (sample, ..) = common::new_haven();
    let sensitive: Vec<usize> =
        (0..sample.dataset().incidents.len()).filter(|&at| sample.dataset().sensitive(at)).collect();
    assert!(!sensitive.is_empty(), "the sample has sensitive incidents");
    let shown = ids("incidents").await;
    let mut drawn = BTreeSet::new();
    for layer in ["incidents", "all"] {
        for (_, tile) in tiles_of(layer, 14).await {
            drawn.extend(read(tile).remove("incidents").unwrap_or_default().into_iter().map(|f| f.id));
        }
    }
    for at in sensitive {
        let data = sample.dataset();
        let source = &data.sources[usize::from(data.incidents.source(at))].name;
        let id = number_of(&format!("{source}:{}", data.incidents.id(at)));
        assert!(!drawn.contains(&id) && !shown.contains_key(&id), "{}", data.incidents.id(at));
    }
    // The same where the rows name a protected offense beside another one.
    data.notice = None;
    let mut rows = table(&[Lot(31, "robbery", Where::West, "citizen,yes,no")]);
    for (id, category) in
        [("a", "rape"), ("b", "domestic_violence"), ("c", "burglary"), ("d", "what is that")]
    {
        rows.push_str(&format!("{id},2018-01-05 10:00,{category},-90.2001,38.6001,citizen,no,no\n"));
    }
    let town = town_of(&rows, None);
    let data = town.dataset();
    let open = (0..data.incidents.len())
        .filter(|&at| !data.sensitive(at) && data.incidents.located(at) == Located::Yes);
    let open = open.count();
    assert!(open < data.incidents.len());
    assert!((0..data.incidents.len()).any(|at| data.incidents.class(at) != ClassId(0)));
    let router = router_of(Arc::new(Engine::new(data.clone())));
    let (_, _, body) = ask_of(&router, Method::GET, "/xyz/incidents/8/63/98.mvt", &[]).await;
    assert_eq!(read(body)["incidents"].len(), open);
    let (_, _, body) = ask_of(&router, Method::GET, "/xyz/incidents.json", &[]).await;
    let told: Json = serde_json::from_slice(&body).expect("JSON");
    assert!(told["bounds"][0].as_f64().is_some_and(|west| west < -90.204), "{told}");
}

#[tokio::test]
async fn legend_style_and_items_have_the_same_colors_and_the_style_asks_only_this_service() {
    for layer in LAYERS {
        let (name, query) = split(layer);
        let mark = if query.is_empty() { "?" } else { "&" };
        let items = json(&format!("/collections/{name}/items{query}{mark}limit=1")).await;
        let legend = json(&format!("/collections/{name}/legend{query}")).await;
        for part in ["title", "property", "unit", "classes", "none"] {
            assert_eq!(legend[part], items["legend"][part], "{name}.{part}");
        }
        let style = json(&format!("/styles/{name}.json{query}")).await;
        assert_eq!(style["version"], 8);
        let url = format!("http://127.0.0.1:8080/xyz/{name}.json{query}");
        assert_eq!(style["sources"]["hotblocks"]["url"], url);
        let text = style.to_string();
        assert_eq!(text.matches("http").count(), 1, "{text}");
        let layers = style["layers"].as_array().expect("layers");
        assert!(name == "areas" || layers.len() > 1, "{text}");
        let classes = legend["classes"].as_array().expect("classes").iter();
        let (_, headers, body) = ask(&format!("/styles/{name}.qml{query}")).await;
        let qml = String::from_utf8(body).expect("text");
        assert_eq!(headers[header::CONTENT_TYPE], "application/xml");
        for class in classes {
            let color = class["color"].as_str().expect("a color");
            assert!(layers.len() == 1 || text.contains(color), "{name}: {color} is not in the style");
            let part = |at: usize| u8::from_str_radix(&color[at..at + 2], 16).expect("#rrggbb");
            assert!(qml.contains(&format!("{},{},{},255", part(1), part(3), part(5))), "{name}: {qml}");
        }
    }
    let all = json("/styles/all.json").await;
    let sources: BTreeSet<&str> = all["layers"]
        .as_array()
        .expect("layers")
        .iter()
        .filter_map(|layer| layer["source-layer"].as_str())
        .collect();
    assert!(sources.contains("incidents") && sources.contains("blocks"), "{sources:?}");
}

#[test]
fn the_number_of_a_feature_is_that_of_the_published_hash() {
    // XXH3-64 of nothing is 2d06800538d394c2 (xxHash's own test vector).
    assert_eq!(number_of(""), 0x2d06_8005_38d3_94c2_u64 >> 11);
    assert!(number_of("new-haven:1") < 1 << 53 && Tile::new(0, 0, 0).is_ok());
}
