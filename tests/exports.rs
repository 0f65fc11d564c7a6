//! Every format that goes out is read back, and is the same features: ids, values, shapes, CRS (conventions, A-X).

mod common;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use common::answers::ask;
use geo::orient::Direction;
use geo::{Area, Geometry, Orient, Winding};
use geojson::{FeatureCollection, GeoJson};
use hotblocks::config::Config;
use hotblocks::encode::format::Format;
use hotblocks::engine::Engine;
use hotblocks::engine::params::clusters::CLUSTERS;
use hotblocks::engine::params::form::F;
use hotblocks::engine::params::ranking::RANK;
use hotblocks::engine::params::table::{DENSITY, INCIDENTS, Kind};
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::ingest::formats;
use hotblocks::ingest::input::Input;
use hotblocks::layer::{Feature, Layer, Value};
use hotblocks::space::crs::Crs;
use jiff::Timestamp;
use serde_json::Value as Json;
use tower::ServiceExt;

static SNAPSHOT: LazyLock<Snapshot> = LazyLock::new(|| common::new_haven().0);

/// Layers of points, of lines and points, and of polygons with holes.
static LAYERS: LazyLock<Vec<Layer>> = LazyLock::new(|| {
    let polygons = ask(&SNAPSHOT, &DENSITY, &[("bandwidth_m", "400"), ("cell_m", "100")]);
    let clusters = ask(&SNAPSHOT, &CLUSTERS, &[("eps_m", "100"), ("min_points", "10")]);
    vec![
        ask(&SNAPSHOT, &INCIDENTS, &[]).expect("incidents"),
        ask(&SNAPSHOT, &RANK, &[("category", "all"), ("draws", "200")]).expect("blocks"),
        polygons.expect("a density"),
        clusters.expect("clusters"),
    ]
});

/// The sample over HTTP, configured as the demo is.
static ROUTER: LazyLock<axum::Router> = LazyLock::new(|| {
    let config =
        Config::open(&common::repository("data/new-haven/hotblocks.toml")).expect("the demo's configuration");
    let mut dataset = SNAPSHOT.dataset().clone();
    dataset.notice = config.notice.clone();
    hotblocks::http::router(Arc::new(Engine::new(dataset)), config.defaults().expect("usable"))
});

async fn get(path: &str, accept: Option<&str>) -> (StatusCode, HeaderMap, Vec<u8>) {
    let mut request = Request::builder().uri(path).header(header::HOST, "127.0.0.1:8080");
    if let Some(accept) = accept {
        request = request.header(header::ACCEPT, accept);
    }
    let request = request.body(Body::empty()).expect("a request");
    let (parts, body) = ROUTER.clone().oneshot(request).await.expect("an answer").into_parts();
    (parts.status, parts.headers, to_bytes(body, usize::MAX).await.expect("a body").to_vec())
}

/// Features by id: shape and fields as text, nulls left out.
type Held = HashMap<String, (Option<Geometry>, BTreeMap<String, String>)>;

/// Reads a file with the readers of `ingest`, which know nothing of the writers.
fn read(format: Format, bytes: Vec<u8>) -> (Held, Option<Crs>) {
    let name = format!("layer.{}", format.ending());
    let input = Input::of(&name, bytes).unwrap_or_else(|e| panic!("{name}: {e}"));
    let mut held = Held::new();
    let crs = formats::read(
        &input,
        |about| {
            let names: Vec<String> =
                (0..about.header.len()).map(|at| about.header.name(at).to_owned()).collect();
            Ok::<_, formats::FormatError>((names, about.crs.clone()))
        },
        |(names, _), feature| {
            let feature = feature.unwrap_or_else(|broken| panic!("{name}: {}", broken.reason));
            let fields = names.iter().cloned().zip(feature.fields.iter().map(|&f| f.to_owned()));
            let mut fields: BTreeMap<String, String> = fields.filter(|(_, text)| !text.is_empty()).collect();
            let id = fields.remove("id").unwrap_or_else(|| panic!("{name}: no id"));
            fields.remove("fid");
            assert!(held.insert(id, (feature.shape, fields)).is_none(), "{name}: an id comes twice");
        },
    );
    let (_, crs) = crs.unwrap_or_else(|e| panic!("{name}: {}", common::chain(&e)));
    (held, crs)
}

/// What a feature holds, in the words that a table has.
fn told(feature: &Feature) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    for (name, value) in hotblocks::encode::csv::flat(feature) {
        let text = match value {
            Value::Null => continue,
            Value::Text(text) => text,
            Value::Float(n) => n.to_string(),
            value => hotblocks::encode::csv::cell(&value),
        };
        fields.insert(name.to_owned(), text);
    }
    fields
}

/// Two fields that mean the same: numbers in another notation, the same instant with another offset.
fn same(a: &str, b: &str) -> bool {
    let number = |text: &str| text.parse::<f64>().ok();
    let instant = |text: &str| text.parse::<Timestamp>().ok();
    a == b
        || number(a).is_some_and(|n| Some(n) == number(b))
        || instant(a).is_some_and(|at| Some(at) == instant(b))
        || [(a, "1"), (a, "0")]
            .iter()
            .any(|(flag, digit)| *digit == b && *flag == if b == "1" { "true" } else { "false" })
}

/// The same shape, but for what seven decimals leave out. Rings may begin and turn elsewhere: their area and box count.
fn close(read: &Geometry, sent: &Geometry) -> bool {
    use geo::{BoundingRect, CoordsIter};
    let near = |a: geo::Coord, b: geo::Coord| (a.x - b.x).abs() <= 5.1e-8 && (a.y - b.y).abs() <= 5.1e-8;
    let places = match read {
        Geometry::Polygon(_) | Geometry::MultiPolygon(_) => {
            let (a, b) = (read.bounding_rect().expect("a box"), sent.bounding_rect().expect("a box"));
            near(a.min(), b.min())
                && near(a.max(), b.max())
                && (read.unsigned_area() - sent.unsigned_area()).abs() < 1e-8
        }
        _ => read.coords_iter().zip(sent.coords_iter()).all(|(a, b)| near(a, b)),
    };
    std::mem::discriminant(read) == std::mem::discriminant(sent)
        && read.coords_count() == sent.coords_count()
        && places
}

#[test]
fn a_x1_each_binary_format_is_read_back_with_the_same_ids_values_shapes_and_crs() {
    for layer in LAYERS.iter() {
        assert!(layer.features.len() > 1, "{}", layer.name);
        for format in [Format::FlatGeobuf, Format::GeoPackage, Format::GeoParquet] {
            let what = format!("{} as {}", layer.name, format.title());
            let (held, crs) = read(format, format.write(layer).expect("written"));
            let at = crs.expect("a CRS").to_lonlat(-72.9, 41.3).expect("a place");
            assert!((at.lon() + 72.9).abs() < 1e-9 && (at.lat() - 41.3).abs() < 1e-9, "{what}: {at:?}");
            assert_eq!(held.len(), layer.features.len(), "{what}");
            for feature in &layer.features {
                let (shape, fields) =
                    held.get(&feature.id).unwrap_or_else(|| panic!("{what}: no {}", feature.id));
                match (shape, &feature.geometry) {
                    (Some(read), Some(sent)) => {
                        assert!(close(read, sent), "{what} {}: {read:?} {sent:?}", feature.id)
                    }
                    (read, sent) => assert_eq!(read.is_some(), sent.is_some(), "{what} {}", feature.id),
                }
                let expected = told(feature);
                assert_eq!(
                    fields.keys().collect::<Vec<_>>(),
                    expected.keys().collect::<Vec<_>>(),
                    "{what} {}",
                    feature.id
                );
                for (name, text) in fields {
                    assert!(
                        same(&expected[name], text),
                        "{what} {} {name}: `{text}` was `{}`",
                        feature.id,
                        expected[name]
                    );
                }
            }
        }
    }
}

#[test]
fn a_x1_sequences_and_lines_are_the_features_of_the_collection_and_csv_has_their_values() {
    for layer in LAYERS.iter() {
        let text = |format: Format| String::from_utf8(format.write(layer).expect("written")).expect("UTF-8");
        let GeoJson::FeatureCollection(FeatureCollection { features, .. }) =
            text(Format::GeoJson).parse().expect("GeoJSON")
        else {
            panic!("no collection")
        };
        let lines = text(Format::NdJson);
        let parsed = |line: &str| match line.parse::<GeoJson>() {
            Ok(GeoJson::Feature(feature)) => feature,
            other => panic!("no feature: {other:?}"),
        };
        assert_eq!(lines.lines().map(parsed).collect::<Vec<_>>(), features, "{}", layer.name);
        let sequence = text(Format::GeoJsonSeq);
        // A-X3: each text begins with a record separator and ends with a line feed, RFC 8142, 2.
        assert!(sequence.starts_with('\u{1e}') && sequence.ends_with('\n'));
        let texts: Vec<_> = sequence.split('\u{1e}').skip(1).map(parsed).collect();
        assert_eq!(texts, features);
        for format in [Format::Csv, Format::CsvExcel] {
            let text = text(format);
            let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
            let names = reader.headers().expect("a header").clone();
            let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("a row")).collect();
            assert_eq!(rows.len(), layer.features.len());
            for (row, feature) in rows.iter().zip(&layer.features) {
                let field = |name: &str| {
                    &row[names.iter().position(|n| n == name).unwrap_or_else(|| panic!("no {name}"))]
                };
                assert_eq!(field("id"), feature.id);
                for (name, text) in told(feature) {
                    assert!(
                        same(&text, field(&name)) || field(&name) == format!("'{text}"),
                        "{name}: {text}"
                    );
                }
                if let (Some(Geometry::Point(at)), true) =
                    (feature.geometry.as_deref(), names.iter().any(|name| name == "lon"))
                {
                    let found: f64 = field("lon").parse().expect("a number");
                    assert!((found - at.x()).abs() < 1e-7);
                }
            }
        }
    }
}

#[test]
fn a_x2_shapes_have_seven_decimals_at_most_and_follow_the_right_hand_rule() {
    let mut polygons = 0;
    for layer in LAYERS.iter() {
        // Ours are wound right already: here they come the other way around.
        let mut layer = layer.clone();
        for shape in layer.features.iter_mut().filter_map(|f| f.geometry.as_mut()) {
            *shape = match shape.clone().into_geometry() {
                Geometry::Polygon(one) => one.orient(Direction::Reversed).into(),
                Geometry::MultiPolygon(many) => many.orient(Direction::Reversed).into(),
                other => other.into(),
            };
        }
        let layer = &layer;
        let text = String::from_utf8(Format::GeoJson.write(layer).expect("written")).expect("UTF-8");
        let json: Json = serde_json::from_str(&text).expect("JSON");
        assert!(json.get("crs").is_none());
        for feature in json["features"].as_array().expect("features") {
            decimals(&feature["geometry"]["coordinates"]);
        }
        for format in [Format::GeoJson, Format::FlatGeobuf, Format::GeoPackage, Format::GeoParquet] {
            for (id, (shape, _)) in read(format, with_ids(layer, format)).0 {
                let many = match shape {
                    Some(Geometry::Polygon(one)) => geo::MultiPolygon(vec![one]),
                    Some(Geometry::MultiPolygon(many)) => many,
                    _ => continue,
                };
                for one in many {
                    polygons += 1;
                    assert!(
                        one.exterior().is_ccw() && one.unsigned_area() > 0.0,
                        "{id} as {}",
                        format.title()
                    );
                    assert!(one.interiors().iter().all(Winding::is_cw), "{id} as {}", format.title());
                }
            }
        }
    }
    assert!(polygons > 20, "{polygons}");
}

/// A layer as bytes; of GeoJSON the ids are also properties, since the reader looks there alone.
fn with_ids(layer: &Layer, format: Format) -> Vec<u8> {
    let mut layer = layer.clone();
    if format == Format::GeoJson {
        layer.features.iter_mut().for_each(|f| f.properties.insert(0, ("id", Value::text(f.id.clone()))));
    }
    format.write(&layer).expect("written")
}

fn decimals(coordinates: &Json) {
    match coordinates {
        Json::Array(parts) => parts.iter().for_each(decimals),
        number => {
            let text = number.to_string();
            let behind = text.split_once('.').map_or("", |(_, behind)| behind);
            assert!(behind.len() <= 7 && !text.contains('e'), "{text}");
        }
    }
}

#[test]
fn a_layer_of_nothing_and_one_without_places_are_files_too() {
    let mut nothing = LAYERS[1].clone();
    nothing.features.clear();
    let mut nowhere = LAYERS[1].clone();
    nowhere.features.truncate(3);
    nowhere.features[1].geometry = None;
    for format in [Format::FlatGeobuf, Format::GeoPackage, Format::GeoParquet] {
        assert_eq!(read(format, format.write(&nothing).expect("written")).0.len(), 0, "{}", format.title());
        let held = read(format, format.write(&nowhere).expect("written")).0;
        let shapes = nowhere.features.iter().map(|f| held[&f.id].0.is_some()).collect::<Vec<_>>();
        assert_eq!(shapes, [true, false, true], "{}", format.title());
    }
}

#[test]
fn the_same_layer_gives_the_same_bytes() {
    for layer in LAYERS.iter() {
        for format in Format::ALL {
            assert!(
                format.write(layer).expect("written") == format.write(layer).expect("written"),
                "{}",
                format.title()
            );
        }
    }
}

#[test]
fn a_geopackage_says_of_itself_what_the_standard_demands() {
    let bytes = Format::GeoPackage.write(&LAYERS[1]).expect("written");
    let line = LAYERS[1]
        .features
        .iter()
        .find(|f| matches!(f.geometry.as_deref(), Some(Geometry::LineString(_))))
        .expect("a line");
    // GeoPackage 1.3.1, requirements 2 and 1: application id and the begin of an SQLite file.
    assert_eq!((&bytes[..16], &bytes[68..72]), (&b"SQLite format 3\0"[..], &b"GPKG"[..]));
    let file = tempfile::NamedTempFile::with_suffix(".gpkg").expect("a file");
    std::fs::write(file.path(), &bytes).expect("written");
    let db = rusqlite::Connection::open(file.path()).expect("a database");
    let one = |sql: &str| {
        db.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap_or_else(|e| panic!("{sql}: {e}"))
    };
    assert_eq!(one("PRAGMA integrity_check"), "ok");
    assert_eq!(one("SELECT count(*)||'' FROM pragma_foreign_key_check"), "0");
    assert_eq!(one("SELECT data_type||srs_id FROM gpkg_contents"), "features4326");
    assert_eq!(one("SELECT geometry_type_name||z||m FROM gpkg_geometry_columns"), "GEOMETRY00");
    assert_eq!(one("SELECT type FROM pragma_table_info('blocks') WHERE name = 'rank'"), "INTEGER");
    assert_eq!(one("SELECT type FROM pragma_table_info('blocks') WHERE name = 'latest'"), "DATE");
    assert!(one("SELECT metadata FROM gpkg_metadata").contains("\"layer\":\"blocks\""));
    assert_eq!(one("SELECT count(*)||'' FROM blocks WHERE id IS NULL OR geom IS NULL"), "0");
    // The box before a shape, by which readers choose: west, east, south, north behind magic, flags and CRS.
    let blob: Vec<u8> = db
        .query_row("SELECT geom FROM blocks WHERE id = ?1", [&line.id], |row| row.get(0))
        .expect("a line of the layer");
    let side = |at: usize| f64::from_le_bytes(blob[8 + 8 * at..16 + 8 * at].try_into().expect("eight bytes"));
    let box_of = line.geometry.as_deref().and_then(geo::BoundingRect::bounding_rect).expect("a box");
    for (found, expected) in
        (0..4).map(side).zip([box_of.min().x, box_of.max().x, box_of.min().y, box_of.max().y])
    {
        assert!((found - expected).abs() < 1e-7, "{found} {expected}");
    }
    let changed = one("SELECT last_change FROM gpkg_contents");
    assert!(changed.starts_with("2014-09-") && changed.ends_with("T00:00:00.000Z"), "{changed}");
}

#[tokio::test]
async fn f_the_ending_and_accept_each_choose_the_format() {
    for format in Format::ALL {
        let by_f = get(&format!("/collections/blocks/items?limit=20&f={}", format.word()), None).await;
        assert_eq!(by_f.0, StatusCode::OK, "{}", String::from_utf8_lossy(&by_f.2));
        assert_eq!(by_f.1[header::CONTENT_TYPE], format.media());
        assert_eq!(by_f.1["ogc-numberreturned"], "20");
        // GeoJSON has its own address within.
        let within = format == Format::GeoJson;
        for ending in format.endings() {
            let (status, headers, body) =
                get(&format!("/collections/blocks/items.{ending}?limit=20"), None).await;
            assert_eq!(
                (status, &headers[header::CONTENT_TYPE]),
                (StatusCode::OK, &by_f.1[header::CONTENT_TYPE]),
                "{ending}"
            );
            assert!(within || body == by_f.2, "{ending}");
        }
        if format != Format::CsvExcel {
            let media = format.media().split(';').next().expect("a type");
            let (_, headers, body) = get("/collections/blocks/items?limit=20", Some(media)).await;
            assert_eq!(headers[header::CONTENT_TYPE], format.media());
            assert!(within || body == by_f.2, "{media}");
        }
    }
    let (_, headers, body) = get("/collections/blocks/items?limit=2&f=json", None).await;
    assert_eq!(headers[header::CONTENT_TYPE], "application/geo+json");
    let json: Json = serde_json::from_slice(&body).expect("JSON");
    let alternates: Vec<&str> = json["links"]
        .as_array()
        .expect("links")
        .iter()
        .filter(|link| link["rel"] == "alternate")
        .map(|link| link["href"].as_str().expect("an address"))
        .collect();
    assert!(
        alternates.contains(&"http://127.0.0.1:8080/collections/blocks/items?limit=2&f=gpkg"),
        "{alternates:?}"
    );
    for address in alternates {
        let path = address.strip_prefix("http://127.0.0.1:8080").expect("absolute");
        assert_eq!(get(path, None).await.0, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn a_whole_layer_as_geojson_has_its_links_as_a_page_of_it_has() {
    let (status, headers, body) = get("/collections/blocks/blocks.geojson", None).await;
    assert_eq!(status, StatusCode::OK);
    assert!(headers[header::CONTENT_DISPOSITION].to_str().is_ok_and(|file| file.contains("blocks.geojson")));
    let whole: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    let rels: Vec<&str> =
        whole["links"].as_array().expect("links").iter().filter_map(|link| link["rel"].as_str()).collect();
    assert!(rels.contains(&"self") && rels.contains(&"collection") && !rels.contains(&"next"), "{rels:?}");
    assert_eq!(whole["numberReturned"], whole["numberMatched"]);
    assert_eq!(
        whole["features"].as_array().map(Vec::len),
        whole["numberMatched"].as_u64().map(|n| n as usize)
    );
}

#[tokio::test]
async fn the_document_tells_of_pages_and_of_whole_files_with_the_parameters_of_each() {
    let document: serde_json::Value =
        serde_json::from_slice(&get("/api", Some("application/json")).await.2).expect("JSON");
    let names = |path: &str| -> Vec<String> {
        let parameters = document["paths"][path]["get"]["parameters"].as_array().expect(path);
        let reference = |one: &serde_json::Value| one["$ref"].as_str()?.rsplit('/').next().map(str::to_owned);
        parameters.iter().filter_map(reference).collect()
    };
    for (path, has_pages) in [
        ("/collections/blocks/items.{format}", true),
        ("/collections/blocks/blocks.{format}", false),
        ("/collections/plan/items.{format}", true),
        ("/collections/plan/plan.{format}", false),
    ] {
        for name in ["limit", "offset", "startindex"] {
            assert_eq!(names(path).iter().any(|known| known == name), has_pages, "{path} {name}");
        }
        let file = path.replace("{format}", "geojson");
        let status = get(&format!("{file}?limit=1"), None).await.0;
        // A plan wants to know its shifts as well.
        assert!(has_pages || status == StatusCode::BAD_REQUEST, "{file}");
    }
}

#[tokio::test]
async fn what_cannot_be_had_is_a_problem_that_says_what_can() {
    for (path, accept, status, text) in [
        ("/collections/blocks/items?f=xlsx", None, 400, "geojson"),
        ("/collections/blocks/items.csv?f=gpkg", None, 422, "leave one of them out"),
        ("/collections/blocks/items.csv?f=html", None, 422, "leave one of them out"),
        ("/collections/blocks/items.gpkg?bom=true", None, 422, "only CSV"),
        ("/collections/blocks/items?bom=yes", None, 400, "true"),
        ("/collections/blocks/items.xlsx", None, 404, ".gpkg"),
        ("/collections/blocks/other.csv", None, 404, "/collections/blocks/items"),
        ("/collections/nothing/items.csv", None, 404, "there are incidents"),
        ("/collections/blocks/blocks.gpkg?limit=10", None, 400, "limit"),
        ("/collections/blocks/items", Some("image/png"), 406, "text/csv"),
    ] {
        let (found, headers, body) = get(path, accept).await;
        let body = String::from_utf8(body).expect("UTF-8");
        assert_eq!(
            (found.as_u16(), &headers[header::CONTENT_TYPE]),
            (status, &"application/problem+json".parse().expect("a value")),
            "{path}: {body}"
        );
        assert!(body.contains(text), "{path}: {body}");
    }
    let (status, headers, _) = get("/collections/blocks/items", Some("text/plain, application/json")).await;
    assert_eq!(
        (status, headers[header::CONTENT_TYPE].as_bytes()),
        (StatusCode::OK, &b"application/geo+json"[..])
    );
}

#[tokio::test]
async fn a_whole_layer_is_linked_as_a_file_and_is_whole() {
    let (_, _, body) = get("/collections/blocks", None).await;
    let json: Json = serde_json::from_slice(&body).expect("JSON");
    let links = json["links"].as_array().expect("links");
    let files: Vec<&Json> = links.iter().filter(|link| link["rel"] == "enclosure").collect();
    assert_eq!(files.len(), 5);
    assert!(files.iter().any(|link| link["title"] == "All of blocks as CSV for Excel"));
    let (_, _, page) = get("/collections/blocks/items?limit=1", None).await;
    let matched =
        serde_json::from_slice::<Json>(&page).expect("JSON")["numberMatched"].as_u64().expect("a number");
    assert!(matched > 1000);
    for link in files {
        let href = link["href"].as_str().expect("an address");
        let (status, headers, body) =
            get(href.strip_prefix("http://127.0.0.1:8080").expect("absolute"), None).await;
        assert_eq!(status, StatusCode::OK, "{href}");
        assert_eq!(headers[header::CONTENT_TYPE].to_str().ok(), link["type"].as_str());
        assert_eq!(headers["ogc-numberreturned"], matched.to_string().as_str());
        assert!(
            headers[header::CONTENT_DISPOSITION]
                .to_str()
                .expect("text")
                .starts_with("attachment; filename=\"blocks")
        );
        assert_eq!(href.ends_with("bom=true"), body.starts_with(b"\xef\xbb\xbf"), "{href}");
    }
    let (_, _, body) = get("/collections/explain", None).await;
    assert!(!String::from_utf8_lossy(&body).contains("enclosure"), "one block is explained at a time");
}

#[tokio::test]
async fn pages_of_a_table_are_linked_in_the_head() {
    let (_, headers, _) = get("/collections/blocks/items?limit=5&f=csv", None).await;
    let links: Vec<&str> = headers.get_all(header::LINK).iter().map(|v| v.to_str().expect("text")).collect();
    let next = "<http://127.0.0.1:8080/collections/blocks/items?f=csv&limit=5&offset=5&snapshot=";
    let media = ">; rel=\"next\"; type=\"text/csv; charset=utf-8\"";
    assert!(links.iter().any(|link| link.starts_with(next) && link.ends_with(media)), "{links:?}");
}

#[test]
fn the_words_of_f_are_those_of_the_formats() {
    let Kind::Word(words) = F.kind else { panic!("words") };
    let mut formats = Format::ALL.map(Format::word).to_vec();
    formats.insert(0, "json");
    // Pages are for people, and no form of a file.
    formats.push("html");
    assert_eq!(words, formats);
}

#[test]
fn the_command_line_writes_formats_by_word_and_by_ending() {
    let folder = tempfile::tempdir().expect("a folder");
    for (ending, word) in [("csv", Some("csv-excel")), ("csv", None), ("fgb", None), ("json", None)] {
        let file = folder.path().join(format!("{}.{ending}", word.unwrap_or("plain")));
        let name = file.to_string_lossy().into_owned();
        let mut args = ["rank"].to_vec();
        args.extend(common::command::SAMPLE);
        args.extend(["--top", "20", "-o", &name]);
        args.extend(word.into_iter().flat_map(|word| ["--format", word]));
        let (_, _, err) = common::command::run(&args);
        let bytes = std::fs::read(&file).unwrap_or_else(|e| panic!("{name}: {e} {err}"));
        match (ending, word) {
            ("csv", Some(_)) => assert!(bytes.starts_with(b"\xef\xbb\xbfid,rank,")),
            ("csv", None) => {
                assert!(bytes.starts_with(b"id,rank,") && !bytes.windows(3).any(|w| w == b"WKT"))
            }
            ("fgb", _) => assert_eq!(read(Format::FlatGeobuf, bytes).0.len(), 20),
            // Rows without shapes, as --format json.
            _ => assert_eq!(
                serde_json::from_slice::<Json>(&bytes).expect("JSON")["rows"].as_array().map(Vec::len),
                Some(20)
            ),
        }
    }
}
