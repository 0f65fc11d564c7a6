//! Density as tiles: the colors of the outlines at every pixel, one surface for all, refusals, caching.

mod common;

use std::collections::BTreeSet;
use std::io::Cursor;
use std::sync::{Arc, LazyLock};

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use common::answers::density_of;
use geo::{Contains, Geometry, MultiPolygon, Point};
use hotblocks::analysis::density::contour::value_at;
use hotblocks::config::Config;
use hotblocks::engine::Engine;
use hotblocks::engine::params::density::{OUT, SURFACE};
use hotblocks::engine::params::table::{BANDWIDTH, CELL};
use hotblocks::engine::params::values::Values;
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::layer::density_answer::surface;
use hotblocks::layer::density_tile::shaded;
use hotblocks::space::coord::LonLat;
use hotblocks::space::tile::{Tile, tile_of};
use serde_json::Value as Json;
use tower::ServiceExt;

/// The middle of New Haven.
const GREEN: (f64, f64) = (-72.927, 41.309);

fn router_of(engine: Arc<Engine>) -> axum::Router {
    let config = Config::open(&common::repository("data/new-haven/hotblocks.toml")).expect("usable");
    hotblocks::http::router(engine, config.defaults().expect("usable"))
}

static ROUTER: LazyLock<axum::Router> = LazyLock::new(|| {
    let (snapshot, ..) = common::new_haven();
    let mut dataset = snapshot.dataset().clone();
    dataset.notice = Some("a sample".to_owned());
    router_of(Arc::new(Engine::new(dataset)))
});

async fn ask_of(router: &axum::Router, path: &str, known: Option<&str>) -> (StatusCode, HeaderMap, Vec<u8>) {
    let mut request = Request::builder().uri(path).header(header::HOST, "127.0.0.1:8080");
    if let Some(tag) = known {
        request = request.header(header::IF_NONE_MATCH, tag);
    }
    let request = request.body(Body::empty()).expect("a request");
    let (parts, body) = router.clone().oneshot(request).await.expect("an answer").into_parts();
    (parts.status, parts.headers, to_bytes(body, usize::MAX).await.expect("a body").to_vec())
}

async fn ask(path: &str) -> (StatusCode, HeaderMap, Vec<u8>) {
    ask_of(&ROUTER, path, None).await
}

/// Red, green, blue and opacity of each pixel.
fn pixels(bytes: &[u8]) -> Vec<[u8; 4]> {
    let mut decoder = png::Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::ALPHA);
    let mut reader = decoder.read_info().expect("a PNG");
    assert_eq!((reader.info().width, reader.info().height), (256, 256));
    let mut out = vec![0; reader.output_buffer_size().expect("small")];
    reader.next_frame(&mut out).expect("whole");
    out.chunks_exact(4).map(|pixel| [pixel[0], pixel[1], pixel[2], pixel[3]]).collect()
}

/// The numbers of the tile around a place.
fn numbers(at: (f64, f64), zoom: u32) -> (u32, u32) {
    let world = f64::from(1_u32 << zoom);
    let south = (1.0 - at.1.to_radians().tan().asinh() / std::f64::consts::PI) / 2.0;
    (((at.0 / 360.0 + 0.5) * world) as u32, (south * world) as u32)
}

/// Longitude and latitude of a place in a tile, by the definition of Web Mercator.
fn lonlat(zoom: u32, x: u32, y: u32, px: f64, py: f64) -> Point {
    let world = f64::from(1_u32 << zoom);
    let (x, y) = ((f64::from(x) + px / 256.0) / world, (f64::from(y) + py / 256.0) / world);
    let lat = (std::f64::consts::PI * (1.0 - 2.0 * y)).sinh().atan().to_degrees();
    Point::new(x * 360.0 - 180.0, lat)
}

/// The outlines of the collection with their colors, in the order in which they are drawn.
async fn outlines(query: &str) -> Vec<(MultiPolygon, [u8; 4])> {
    let (status, _, body) = ask(&format!("/collections/density/items{query}")).await;
    assert_eq!(status, StatusCode::OK);
    let json: Json = serde_json::from_slice(&body).expect("JSON");
    let property = json["legend"]["property"].as_str().expect("a property");
    let classes = json["legend"]["classes"].as_array().expect("classes").clone();
    let color = |level: &Json| {
        // What is told of a difference is rounded.
        let off = |class: &Json| {
            (class["from"].as_f64().expect("a number") - level.as_f64().expect("a number")).abs()
        };
        let class = classes.iter().min_by(|a, b| off(a).total_cmp(&off(b))).expect("a class of this level");
        assert!(off(class) < 1e-6, "{class} is not of {level}");
        let hex = class["color"].as_str().expect("a color");
        let part = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("#rrggbb");
        [part(1), part(3), part(5), 255]
    };
    let features = json["features"].as_array().expect("features").clone();
    let outline = |feature: &Json| {
        let shape: geojson::Geometry = feature["geometry"].to_string().parse().expect("a geometry");
        let Geometry::MultiPolygon(shape) = shape.try_into().expect("a geometry") else { panic!("polygons") };
        (shape, color(&feature["properties"][property]))
    };
    features.iter().map(outline).collect()
}

/// The colors that a tile shows, at pixels spread over it and at its eastern edge, each that of the last outline around it.
///
/// Within a tenth of a pixel of an outline a pixel may be on its other side; how many are is added to `near`.
async fn colors_of(
    tile: (u32, u32, u32),
    query: &str,
    outlines: &[(MultiPolygon, [u8; 4])],
    near: &mut usize,
) -> BTreeSet<[u8; 4]> {
    let (zoom, x, y) = tile;
    let (status, headers, body) = ask(&format!("/xyz/density/{zoom}/{x}/{y}.png{query}")).await;
    let pixels = if status == StatusCode::NO_CONTENT {
        vec![[0; 4]; 256 * 256]
    } else {
        let png = "image/png".parse().expect("a header");
        assert_eq!((status, &headers[header::CONTENT_TYPE]), (StatusCode::OK, &png));
        pixels(&body)
    };
    let of = |px: f64, py: f64| {
        let at = lonlat(zoom, x, y, px, py);
        let inside = outlines.iter().rev().find(|(shape, _)| shape.contains(&at));
        inside.map_or([0, 0, 0, 0], |(_, color)| *color)
    };
    let mut colors = BTreeSet::new();
    for row in (0..256).step_by(11) {
        for col in (0..256).filter(|col| col % 9 == 0 || *col == 255) {
            let (px, py) = (f64::from(col) + 0.5, f64::from(row) + 0.5);
            let found = pixels[(row * 256 + col) as usize];
            let found = if found[3] == 0 { [0, 0, 0, 0] } else { found };
            colors.insert(found);
            let expected = of(px, py);
            if found != expected {
                let around = [(0.1, 0.0), (-0.1, 0.0), (0.0, 0.1), (0.0, -0.1)];
                assert!(
                    around.iter().any(|(dx, dy)| of(px + dx, py + dy) == found),
                    "{query} tile {x}: {found:?} is not {expected:?} at {col}, {row}"
                );
                *near += 1;
            }
        }
    }
    colors
}

#[tokio::test]
async fn every_pixel_has_the_color_of_the_smallest_outline_around_it_up_to_the_edges_of_the_tiles() {
    for query in ["", "?contours=mean&levels=1.5,4&kernel=gaussian&bandwidth_m=400"] {
        let outlines = outlines(query).await;
        assert!(outlines.len() > 1);
        let (x, y) = numbers(GREEN, 14);
        let (mut colors, mut near) = (BTreeSet::new(), 0);
        for x in [x, x + 1] {
            colors.extend(colors_of((14, x, y), query, &outlines, &mut near).await);
        }
        assert!(colors.len() > outlines.len(), "{colors:?}: every class, and nothing, is to be seen");
        assert!(near < 10, "{near}");
    }
}

/// The second half of the sample's month beside the first.
const HALVES: &str = "datetime=2014-09-16/2014-09-30&compare_datetime=2014-09-01/2014-09-15";

#[tokio::test]
async fn of_a_comparison_every_pixel_has_the_color_of_the_last_outline_around_it_and_none_between_up_and_down()
 {
    let (x, y) = numbers(GREEN, 13);
    for (query, directions) in [
        (format!("?{HALVES}"), 2),
        (format!("?{HALVES}&comparison=difference&kernel=gaussian&bandwidth_m=400"), 2),
        (format!("?{HALVES}&comparison=log-relative-risk&edge=uniform&category=property"), 2),
        ("?category=property&against=person&comparison=log-relative-risk".to_owned(), 2),
        // All are never fewer than some of them.
        ("?category=property&against=all&comparison=difference".to_owned(), 1),
    ] {
        let outlines = outlines(&query).await;
        let (mut colors, mut near) = (BTreeSet::new(), 0);
        for (x, y) in [(x, y), (x + 1, y), (x, y + 1), (x - 1, y)] {
            colors.extend(colors_of((13, x, y), &query, &outlines, &mut near).await);
        }
        assert!(colors.remove(&[0, 0, 0, 0]), "{query}: nothing is drawn where little differs");
        // Of the colors upwards red is the most, of those downwards blue.
        let is_up = |color: &&[u8; 4]| color[0] > color[2];
        let (up, down) = (colors.iter().filter(is_up).count(), colors.iter().filter(|c| !is_up(c)).count());
        assert!(
            colors.len() > 1 && usize::from(up > 0) + usize::from(down > 0) == directions,
            "{query} {up} {down}"
        );
        assert!(near < 20, "{query} {near}");
        // Cells have the same levels.
        let path = format!("/xyz/density/13/{x}/{y}.png{query}");
        assert_eq!(ask(&path).await.2, ask(&format!("{path}&out=cells")).await.2);
    }
}

#[tokio::test]
async fn a_tile_of_a_comparison_says_what_it_is_of_has_a_tag_and_is_empty_where_nothing_differs() {
    let (x, y) = numbers(GREEN, 13);
    let path = format!("/xyz/density/13/{x}/{y}.png?{HALVES}");
    let (status, headers, body) = ask(&path).await;
    assert_eq!(status, StatusCode::OK);
    let decoder = png::Decoder::new(Cursor::new(&body)).read_info().expect("a PNG");
    let said = decoder.info().utf8_text[0].get_text().expect("text");
    for words in [
        "Ratio of the densities per observed day:",
        "incidents of 2014-09-16/2014-09-30 (person, property; 15 days)",
        "incidents of 2014-09-01/2014-09-15 (person, property; 15 days)",
        "bandwidth 250 m",
        "is added to both",
    ] {
        assert!(said.contains(words), "{said} has no {words}");
    }
    assert!(said.ends_with("a sample"), "{said}");
    let tag = headers[header::ETAG].to_str().expect("text").to_owned();
    let (status, again, body) = ask_of(&ROUTER, &path, Some(&tag)).await;
    assert_eq!(
        (status, body.len(), &again[header::ETAG]),
        (StatusCode::NOT_MODIFIED, 0, &headers[header::ETAG])
    );
    let (status, other, _) = ask_of(&ROUTER, &format!("{path}&comparison=difference"), Some(&tag)).await;
    assert_eq!(status, StatusCode::OK);
    assert_ne!(other[header::ETAG], headers[header::ETAG]);
    // Far away, and where a period is compared with itself.
    let itself = "datetime=2014-09-01/2014-09-15&compare_datetime=2014-09-01/2014-09-15";
    for empty in [
        format!("/xyz/density/13/0/0.png?{HALVES}"),
        format!("/xyz/density/13/{x}/{y}.png?{itself}"),
        format!("/xyz/density/13/{x}/{y}.png?{itself}&comparison=difference"),
        format!(
            "/xyz/density/13/{x}/{y}.png?datetime=1990-01-01/1990-01-02&compare_datetime=1990-01-03/1990-01-04"
        ),
    ] {
        let (status, _, body) = ask(&empty).await;
        assert_eq!((status, body.len()), (StatusCode::NO_CONTENT, 0), "{empty}");
    }
}

#[test]
fn cells_and_standard_errors_are_drawn_in_thirds_of_their_peak() {
    let (snapshot, ..) = common::new_haven();
    for word in ["density", "standard-error"] {
        let mut values = Values::default();
        for (param, text) in [(&BANDWIDTH, "400"), (&CELL, "60"), (&OUT, "cells"), (&SURFACE, word)] {
            values.set_wire(param, text).expect("within bounds");
        }
        let raster = density_of(surface(&snapshot, &values).expect("a surface"));
        let shaded = shaded(&snapshot, &values).expect("a surface");
        let (x, y) = numbers(GREEN, 13);
        let tile = Tile::new(13, x.into(), y.into()).expect("a tile");
        assert_eq!(tile, tile_of(LonLat::new(GREEN.0, GREEN.1).expect("a place"), 13));
        let picture = shaded.picture(tile).expect("something to be seen");
        let peak = raster.peak();
        let mut seen = [0; 4];
        for (at, class) in picture.pixels.iter().enumerate().step_by(3) {
            let (px, py) = ((at % 256) as f64 + 0.5, (at / 256) as f64 + 0.5);
            let place = tile.place(px, py, &snapshot.dataset().crs).expect("near");
            let value = value_at(&raster, place);
            let expected = if value > 0.0 {
                1 + [1.0, 2.0].iter().filter(|n| value >= peak * **n / 3.0).count()
            } else {
                0
            };
            // A tenth of a pixel is 1.5 m: the surface does not change much over it.
            let edge = [1.0, 2.0].iter().any(|n| (value - peak * n / 3.0).abs() < 0.02 * peak)
                || value < 0.02 * peak;
            assert!(usize::from(*class) == expected || edge, "{word} {at}: {class} is not {expected}");
            seen[usize::from(*class)] += 1;
        }
        assert!(seen.iter().all(|n| *n > 50), "{word}: {seen:?}");
        assert!(shaded.picture(Tile::new(13, 0, 0).expect("a tile")).is_none());
    }
}

#[tokio::test]
async fn what_is_no_tile_is_refused_with_the_bound() {
    for (path, status, parameter, says) in [
        ("/xyz/density/23/0/0.png", 404, "z", "from 0 to 22"),
        ("/xyz/density/-1/0/0.png", 400, "z", "whole number"),
        ("/xyz/density/1e1/0/0.png", 400, "z", "whole number"),
        ("/xyz/density/99999999999999999999/0/0.png", 404, "z", "from 0 to 22"),
        ("/xyz/density/3/8/0.png", 404, "x", "from 0 to 7"),
        ("/xyz/density/3/0/8.png", 404, "y", "from 0 to 7"),
        ("/xyz/density/3/0/.png", 400, "y", "whole number"),
        ("/xyz/density/3/%ff/0.png", 400, "", "UTF-8"),
        ("/xyz/density/3/0/0.jpg", 404, "", "/xyz/density/{z}/{x}/{y}.png"),
        ("/xyz/blocks/3/0/0.png", 404, "", "/xyz/density/{z}/{x}/{y}.png"),
        ("/xyz/density/3/0", 404, "", "nothing at"),
        ("/xyz/density/3/0/0.png?bandwith_m=5", 400, "bandwith_m", "did you mean `bandwidth_m`"),
        ("/xyz/density/3/0/0.png?limit=5", 400, "limit", "not a parameter of tiles of density"),
        ("/xyz/density/3/0/0.png?bandwidth_m=-5", 400, "bandwidth_m", "from 1 m"),
        ("/xyz/density/3/0/0.png?cell_m=0.1", 422, "cell_m", "smallest side"),
        ("/xyz/density/3/0/0.png?network=continuous", 422, "network", "no surface"),
        ("/xyz/density/3/0/0.png?network=continuous&against=all", 422, "network", "no surface"),
        ("/xyz/density/3/0/0.png?surface=standard-error", 422, "surface", "`cells`"),
        (
            "/xyz/density/3/0/0.png?surface=standard-error&against=all",
            422,
            "surface",
            "leave one of them out",
        ),
        ("/xyz/density/3/0/0.png?against=robery", 422, "against", "robbery"),
        ("/xyz/density/3/0/0.png?category=robery", 400, "category", "robbery"),
    ] {
        let (code, headers, body) = ask(path).await;
        assert_eq!(code.as_u16(), status, "{path}: {}", String::from_utf8_lossy(&body));
        assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json", "{path}");
        let problem: Json = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(problem["parameter"].as_str().unwrap_or_default(), parameter, "{path}: {problem}");
        assert!(problem["detail"].as_str().expect("a detail").contains(says), "{path}: {problem}");
    }
}

#[tokio::test]
async fn a_tile_without_density_has_no_content_and_one_with_it_comes_only_when_it_has_changed() {
    let (x, y) = numbers(GREEN, 13);
    for empty in ["/xyz/density/13/0/0.png", "/xyz/density/22/0/4194303.png"] {
        let (status, _, body) = ask(empty).await;
        assert_eq!((status, body.len()), (StatusCode::NO_CONTENT, 0), "{empty}");
    }
    let never = format!("/xyz/density/13/{x}/{y}.png?datetime=1990-01-01/1990-01-02");
    assert_eq!(ask(&never).await.0, StatusCode::NO_CONTENT);
    let path = format!("/xyz/density/13/{x}/{y}.png");
    let (status, headers, body) = ask(&path).await;
    assert_eq!(
        (status, &headers[header::CACHE_CONTROL]),
        (StatusCode::OK, &"private, no-cache".parse().expect("a header"))
    );
    let tag = headers[header::ETAG].to_str().expect("text").to_owned();
    assert_eq!(ask(&path).await.2, body, "the same on repeat");
    for known in [tag.clone(), format!("\"other\", W/{tag}"), "*".to_owned()] {
        let (status, headers, body) = ask_of(&ROUTER, &path, Some(&known)).await;
        assert_eq!((status, body.len()), (StatusCode::NOT_MODIFIED, 0), "{known}");
        assert_eq!(headers[header::ETAG], tag);
    }
    let (status, headers, _) = ask_of(&ROUTER, &format!("{path}?levels=0.6"), Some(&tag)).await;
    assert_eq!(status, StatusCode::OK);
    assert_ne!(headers[header::ETAG].to_str().expect("text"), tag);
    let decoder = png::Decoder::new(Cursor::new(&body)).read_info().expect("a PNG");
    let said = decoder.info().utf8_text[0].get_text().expect("text");
    assert!(said.starts_with("Density of") && said.ends_with("a sample"), "{said}");
    let one: Json = serde_json::from_slice(&ask("/collections/density").await.2).expect("JSON");
    let links = one["links"].as_array().expect("links");
    let link = links.iter().find(|link| link["rel"] == "tiles").expect("a link to the tiles");
    assert_eq!(link["href"], "http://127.0.0.1:8080/xyz/density/{z}/{x}/{y}.png");
}

#[tokio::test]
async fn many_tiles_asked_for_at_once_are_the_same_as_one_after_the_other() {
    let (x, y) = numbers(GREEN, 15);
    let paths: Vec<String> = (0..24)
        .map(|at| format!("/xyz/density/15/{}/{}.png?bandwidth_m=333", x + at % 4, y + at / 4))
        .collect();
    let mut asked = tokio::task::JoinSet::new();
    for (at, path) in paths.iter().cloned().enumerate() {
        asked.spawn(async move { (at, ask(&path).await) });
    }
    let mut answers = asked.join_all().await;
    answers.sort_by_key(|(at, _)| *at);
    for (path, (_, (status, _, body))) in paths.iter().zip(answers) {
        let (again, _, same) = ask(path).await;
        assert_eq!((status, body), (again, same), "{path}");
    }
}

#[tokio::test]
async fn after_new_data_a_tile_shows_the_new_data() {
    let (old, ..) = common::new_haven();
    let mut other = old.dataset().clone();
    // Whatever was in the west of the town is held now.
    let middle = other.study_area.min.x + other.study_area.width().0 / 2.0;
    for at in 0..other.incidents.len() {
        other.held[at] |= other.incidents.local(at).is_some_and(|place| place.x < middle);
    }
    let engine = Arc::new(Engine::new(old.dataset().clone()));
    let router = router_of(Arc::clone(&engine));
    let (x, y) = numbers(GREEN, 12);
    let path = format!("/xyz/density/12/{x}/{y}.png");
    let before = ask_of(&router, &path, None).await;
    engine.publish(Arc::new(Snapshot::new(other.clone(), 2)), 0);
    let after = ask_of(&router, &path, None).await;
    let fresh = ask_of(&router_of(Arc::new(Engine::new(other))), &path, None).await;
    assert_eq!((after.0, &after.2), (StatusCode::OK, &fresh.2));
    assert_ne!(before.2, after.2);
}
