//! The same features in every format are the same features, and what is damaged is an error or a refused row.

use crate::common;

use std::io::Read;
use std::path::PathBuf;

use common::repository;
use geo::{Area, BoundingRect, Geometry, LineString, MultiPolygon};
use hotblocks::ingest::blocks::{self, BlocksError, Shapes};
use hotblocks::ingest::formats::{self, FormatError};
use hotblocks::ingest::input::{Format, Input, InputError};
use hotblocks::space::crs::Crs;

/// Shape and fields of a feature, or why it is refused.
type Row = Result<(Option<Geometry>, Vec<String>), String>;

/// What a file holds: names, CRS, and feature by feature shape and fields, or why it is refused.
#[derive(Debug)]
struct Held {
    names: Vec<String>,
    crs: Option<Crs>,
    layer: Option<String>,
    rows: Vec<Row>,
}

fn hold(input: &Input) -> Result<Held, FormatError> {
    formats::read(
        input,
        |about| {
            let names = (0..about.header.len()).map(|at| about.header.name(at).to_owned()).collect();
            Ok(Held { names, crs: about.crs.clone(), layer: about.layer.clone(), rows: Vec::new() })
        },
        |held, feature| {
            let number = held.rows.len() as u64 + 1;
            held.rows.push(match feature {
                Ok(feature) => {
                    assert_eq!(feature.number, number, "features are numbered from 1");
                    Ok((feature.shape, feature.fields.iter().map(|&f| f.to_owned()).collect()))
                }
                Err(broken) => {
                    assert_eq!(broken.line, number, "refused ones too");
                    Err(broken.reason)
                }
            });
        },
    )
}

fn made(name: &str) -> PathBuf {
    repository("fixtures/formats/made").join(name)
}

fn read(name: &str) -> Held {
    let input = Input::at(&made(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    hold(&input).unwrap_or_else(|e| panic!("{name}: {}", common::chain(&e)))
}

fn of(name: &str, bytes: &[u8]) -> Result<Held, FormatError> {
    hold(&Input::of(name, bytes.to_vec())?)
}

/// Fields in one manner: numbers as numbers, days without their time.
fn field(text: &str) -> String {
    let day = text.split(['T', ' ']).next().unwrap_or_default().replace('/', "-");
    match text.parse::<f64>() {
        Ok(number) => number.to_string(),
        Err(_) if day.len() == 10 && day.starts_with(['1', '2']) => day,
        Err(_) => text.to_owned(),
    }
}

/// A shape in one manner: its lines, or its polygons by parts, holes, area and box.
fn plain(shape: Option<&Geometry>) -> String {
    let lines =
        |lines: &[LineString]| lines.iter().map(|l| format!("{:?}", l.0)).collect::<Vec<_>>().join(";");
    let polygons = |many: &MultiPolygon| {
        let holes: Vec<usize> = many.iter().map(|p| p.interiors().len()).collect();
        format!("{holes:?} {} {:?}", many.unsigned_area(), many.bounding_rect())
    };
    match shape {
        None => "nowhere".to_owned(),
        Some(Geometry::LineString(line)) => lines(std::slice::from_ref(line)),
        Some(Geometry::MultiLineString(many)) => lines(&many.0),
        Some(Geometry::Polygon(one)) => polygons(&MultiPolygon(vec![one.clone()])),
        Some(Geometry::MultiPolygon(many)) => polygons(many),
        Some(other) => format!("{other:?}"),
    }
}

const FORMATS: [&str; 8] = ["geojson", "geojsonl", "geojsons", "gpkg", "fgb", "parquet", "native", "shp.zip"];

#[test]
fn the_same_features_are_read_from_every_format() {
    for stem in ["points", "lines", "polygons"] {
        let expected = read(&format!("{stem}.geojson"));
        assert_eq!(expected.rows.len(), 5);
        for format in FORMATS {
            let name = if format == "native" {
                format!("{stem}-native.parquet")
            } else {
                format!("{stem}.{format}")
            };
            let held = read(&name);
            let crs = held.crs.expect("a CRS").to_lonlat(-90.0, 38.0).expect("a place");
            assert!((crs.lon() + 90.0).abs() < 1e-9 && (crs.lat() - 38.0).abs() < 1e-9, "{name}: {crs:?}");
            let skip = held.names.iter().position(|n| n == "fid").map_or(0, |at| at + 1);
            assert_eq!(&held.names[skip..], ["name", "number", "share", "day"], "{name}");
            assert_eq!(held.rows.len(), 5, "{name}");
            for (row, twin) in held.rows.iter().zip(&expected.rows) {
                let (shape, fields) = row.as_ref().expect(&name);
                let (twin_shape, twin_fields) = twin.as_ref().expect("the first");
                assert_eq!(plain(shape.as_ref()), plain(twin_shape.as_ref()), "{name}");
                let texts = |fields: &[String]| fields.iter().map(|f| field(f)).collect::<Vec<_>>();
                assert_eq!(texts(&fields[skip..]), texts(twin_fields), "{name}");
            }
        }
    }
}

#[test]
fn packed_files_and_other_encodings_hold_what_the_plain_ones_do() {
    let plain_rows = |held: &Held| format!("{:?}", held.rows);
    let geojson = plain_rows(&read("points.geojson"));
    for name in ["points.geojson.gz", "points-utf16.geojson"] {
        assert_eq!(plain_rows(&read(name)), geojson, "{name}");
    }
    assert_eq!(plain_rows(&read("points.gpkg.zip")), plain_rows(&read("points.gpkg")));
    for codec in ["zstd", "gzip", "lz4", "none"] {
        let name = format!("points-{codec}.parquet");
        assert_eq!(plain_rows(&read(&name)), plain_rows(&read("points.parquet")), "{name}");
    }
    let mut indexed: Vec<String> = read("points-indexed.fgb").rows.iter().map(|r| format!("{r:?}")).collect();
    let mut all: Vec<String> = read("points.fgb").rows.iter().map(|r| format!("{r:?}")).collect();
    all.retain(|row| !row.starts_with("Ok((None"));
    indexed.sort();
    all.sort();
    assert_eq!(indexed, all);
    let note = Input::at(&made("points-utf16.geojson")).expect("known").notes().join("");
    assert!(note.contains("UTF-16LE"), "{note}");
}

#[test]
fn what_a_file_is_shows_in_its_bytes_whatever_its_name() {
    let bytes = |name: &str| std::fs::read(made(name)).expect("a fixture");
    for (name, expected) in [
        ("points.geojson", Format::GeoJson),
        ("points.geojsons", Format::GeoJsonLines),
        ("points.gpkg", Format::GeoPackage),
        ("points.fgb", Format::FlatGeobuf),
        ("points.parquet", Format::GeoParquet),
        ("points.shp.zip", Format::Shapefile),
        ("points.geojson.gz", Format::GeoJson),
        ("points.gpkg.zip", Format::GeoPackage),
    ] {
        let input = Input::of("export.csv", bytes(name)).expect(name);
        assert_eq!(input.format, expected, "{name}");
        assert_eq!(hold(&input).expect(name).rows.len(), 5, "{name}");
    }
    let note = Input::of("export.csv", bytes("points.geojson")).expect("known").notes().join("");
    assert!(note.contains("export.csv: holds GeoJSON"), "{note}");
    assert_eq!(Input::of("a.csv", b"a,b\n1,2\n".to_vec()).expect("text").format, Format::Csv);
    assert!(matches!(Input::of("a.png", b"\x89PNG\0".to_vec()), Err(InputError::Format { .. })));
}

#[test]
fn incidents_are_read_from_packed_text_and_from_utf_16() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "date,category,lon,lat\n2018-01-01 10:00,robbery,-90.2,38.6\n";
    let utf16: Vec<u8> =
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, text.as_bytes()).expect("packed");
    let packed = packed.finish().expect("packed");
    for (name, bytes) in [("a.csv.gz", packed.clone()), ("a.csv", packed), ("b.csv", utf16)] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        let input = Input::at(&path).expect(name);
        assert_eq!(input.format, Format::Csv);
        let options = hotblocks::ingest::incidents::Options::default();
        let (ledger, _) = hotblocks::ingest::incidents::read(&[input], &options, &|| ()).expect(name);
        assert_eq!(ledger.reports.len(), 1, "{name}");
    }
}

#[test]
fn a_layer_is_named_behind_a_colon_and_several_are_listed() {
    let open = |name: &str| hold(&Input::at(&made(name)).expect(name));
    match open("layers.gpkg") {
        Err(FormatError::Layers { layers, .. }) => assert_eq!(layers, ["first", "second"]),
        other => panic!("{other:?}"),
    }
    let (first, second) =
        (open("layers.gpkg:first").expect("there"), open("layers.gpkg:second").expect("there"));
    assert_eq!((first.crs, first.layer.as_deref()), (Some(Crs::crs84()), Some("first")));
    assert_eq!((second.crs, second.rows.len()), (None, 5));
    assert!(matches!(open("layers.gpkg:third"), Err(FormatError::NoLayer { .. })));
}

#[test]
fn the_types_of_parquet_become_the_text_that_a_table_would_have() {
    let held = read("types.parquet");
    assert_eq!(held.crs, None);
    let names = [
        "utc",
        "local",
        "day",
        "time",
        "price",
        "large",
        "yes",
        "kind",
        "tags",
        "home.city",
        "home.n",
        "raw",
    ];
    assert_eq!(held.names, names);
    let (shape, fields) = held.rows[0].as_ref().expect("a row");
    assert_eq!(*shape, None);
    let expected = [
        "2018-01-01T10:30:00Z",
        "2018-01-01T10:30:00",
        "2018-01-01",
        "10:30:00",
        "-0.05",
        "18446744073709551615",
        "true",
        "théft",
        r#"["a","b\""]"#,
        "Paris",
        "7",
        "",
    ];
    assert_eq!(fields[..], expected);
    let (_, fields) = held.rows[1].as_ref().expect("a row of nulls");
    assert!(fields.iter().all(String::is_empty), "{fields:?}");
    let delta = read("delta.parquet");
    let (_, fields) = delta.rows[0].as_ref().expect("a row");
    assert_eq!(fields[..], ["18446744073709551615", "théft"]);
    let text = common::chain(
        &hold(&Input::at(&made("delta-text.parquet")).expect("known")).expect_err("delta text"),
    );
    assert!(text.contains("write the file with plain"), "{text}");
}

#[test]
fn the_crs_of_geoparquet_is_read_with_and_without_an_id_and_may_be_unknown() {
    let at = |name: &str| {
        let crs = read(name).crs.expect("a CRS");
        let place = crs.to_lonlat(276_174.343_4, 310_068.967_6).expect("a place");
        assert!(
            (place.lon() + 90.1994).abs() < 1e-6 && (place.lat() - 38.627).abs() < 1e-6,
            "{name}: {place:?}"
        );
    };
    at("crs-id.parquet");
    at("crs-no-id.parquet");
    assert_eq!(read("crs-null.parquet").crs, None);
    assert_eq!(read("crs-absent.parquet").crs, Some(Crs::crs84()));
}

#[test]
fn geojson_comes_as_one_feature_as_plain_objects_and_with_its_old_crs_anywhere() {
    let feature = r#"{"type":"Feature","properties":{"a":{"b": [1, 2]}},"geometry":{"type":"Point","coordinates":[1,2,3]}}"#;
    let held = of("a.geojson", feature.as_bytes()).expect("one feature");
    let (shape, fields) = held.rows[0].as_ref().expect("a row");
    assert_eq!(
        (shape.clone(), fields[0].as_str()),
        (Some(geo::Point::new(1.0, 2.0).into()), r#"{"b":[1,2]}"#)
    );

    let objects = "{\"x\":1,\"y\":2}\n\n{\"y\":\"3\",\"type\":\"b\"}\n[1]\n";
    for name in ["a.ndjson", "a.jsonl"] {
        let held = of(name, objects.as_bytes()).expect(name);
        assert_eq!((held.names, held.crs), (vec!["x".to_owned(), "y".into(), "type".into()], None));
        assert_eq!(held.rows[1].as_ref().expect("a row").1, ["", "3", "b"]);
        assert!(held.rows[2].as_ref().expect_err("no object").contains("no feature"));
    }
    let list = of("a.json", br#"[{"x":1},{"x":2}]"#).expect("a list of objects");
    assert_eq!((list.names, list.rows.len()), (vec!["x".to_owned()], 2));

    let behind = format!(
        r#"{{"features":[{feature}],"crs":{{"type":"name","properties":{{"name":"urn:ogc:def:crs:EPSG::26996"}}}},"type":"FeatureCollection"}}"#
    );
    assert_eq!(
        of("a.json", behind.as_bytes()).expect("old").crs,
        Some(Crs::new("EPSG:26996").expect("known"))
    );
    let unknown = format!(r#"{{"type":"FeatureCollection","crs":null,"features":[{feature}]}}"#);
    assert_eq!(of("a.json", unknown.as_bytes()).expect("unknown").crs, None);
    let lines = format!("{feature}\n{feature}\n");
    assert_eq!(of("a.geojson", lines.as_bytes()).expect("lines under another name").rows.len(), 2);
}

#[test]
fn json_that_is_deep_or_of_other_things_is_an_error_and_no_crash() {
    let deep = "[".repeat(200_000);
    let feature =
        format!(r#"{{"type":"Feature","properties":{{"a":{deep}{}}},"geometry":null}}"#, "]".repeat(200_000));
    let held = of("deep.geojson", feature.as_bytes()).expect("nothing of it is looked into");
    assert_eq!(held.rows[0].as_ref().expect("a row").1[0].len(), 400_000);
    let geometry = format!(
        r#"{{"type":"Feature","geometry":{{"type":"Polygon","coordinates":{deep}{}}}}}"#,
        "]".repeat(200_000)
    );
    let held = of("deep.geojson", geometry.as_bytes()).expect("a file");
    assert!(held.rows[0].is_err());
    for text in [
        deep.as_str(),
        "{",
        "{}",
        "[",
        "[1",
        "7",
        "",
        r#"{"type":"Topology"}"#,
        r#"{"type":"FeatureCollection"}"#,
        r#"{"type":"FeatureCollection","features":{}}"#,
        r#"{"type":"Point","coordinates":[1,2]}"#,
    ] {
        let error = of("a.geojson", text.as_bytes()).expect_err(text);
        assert!(error.to_string().contains("a.geojson"), "{error}");
    }
    let many: Vec<String> = (0..5000).map(|n| format!("{{\"k{n}\":1}}")).collect();
    assert!(matches!(of("a.ndjson", many.join("\n").as_bytes()), Err(FormatError::Columns { .. })));
}

#[test]
fn a_bomb_is_stopped_at_its_bound() {
    let bytes = std::fs::read(made("points.geojson.gz")).expect("a fixture");
    let input = Input::of("a.geojson.gz", bytes).expect("known").with_limit(500);
    let text = common::chain(&hold(&input).expect_err("987 bytes"));
    assert!(text.contains("more than 500 bytes") && text.contains("unpack it"), "{text}");
    let archive = std::fs::read(made("polygons.shp.zip")).expect("a fixture");
    let input = Input::of("a.zip", archive).expect("known").with_limit(100);
    assert!(common::chain(&hold(&input).expect_err("more than 100 bytes")).contains("more than 100 bytes"));
}

#[test]
fn an_archive_of_several_files_or_none_says_what_it_holds() {
    let archive = |names: &[&str]| {
        let (mut bytes, mut directory) = (Vec::new(), Vec::new());
        for name in names {
            let at = bytes.len() as u32;
            bytes.extend(b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
            bytes.extend((name.len() as u16).to_le_bytes());
            bytes.extend([0, 0]);
            bytes.extend(name.as_bytes());
            directory.extend(b"PK\x01\x02\x14\0\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
            directory.extend((name.len() as u16).to_le_bytes());
            directory.extend([0; 12]);
            directory.extend(at.to_le_bytes());
            directory.extend(name.as_bytes());
        }
        let (at, length) = (bytes.len() as u32, directory.len() as u32);
        bytes.extend(directory);
        bytes.extend(b"PK\x05\x06\0\0\0\0\0\0\0\0");
        bytes.extend(length.to_le_bytes());
        bytes.extend(at.to_le_bytes());
        bytes.extend([0, 0]);
        bytes
    };
    let open = |names: &[&str]| Input::of("a.zip", archive(names));
    match open(&["a.csv", "b/c.geojson", "read.txt"]) {
        Err(InputError::Several { found, .. }) => assert_eq!(found, ["a.csv", "b/c.geojson"]),
        other => panic!("{other:?}"),
    }
    assert!(matches!(open(&["a.xml", "b/"]), Err(InputError::NothingInside { .. })));
    assert!(matches!(open(&["../../etc/a.csv", "notes.json"]).map(|i| i.format), Ok(Format::Csv)));
    let whole = archive(&["a.csv"]);
    for length in 0..whole.len() {
        let _ = Input::of("a.zip", whole[..length].to_vec());
    }
}

/// A generator without chance: the same numbers every time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}

/// `HOTBLOCKS_ROUNDS=40000 HOTBLOCKS_ONLY=parquet` looks for longer into the files so named.
#[test]
fn a_file_cut_off_or_overwritten_anywhere_is_an_error_or_read_and_never_a_crash() {
    let rounds = std::env::var("HOTBLOCKS_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(150);
    let only = std::env::var("HOTBLOCKS_ONLY").unwrap_or_default();
    let mut names: Vec<_> =
        std::fs::read_dir(made("")).expect("the fixtures").map(|e| e.expect("readable").path()).collect();
    names.sort();
    for path in names {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if !name.contains(&only) {
            continue;
        }
        let whole = std::fs::read(&path).expect("a fixture");
        let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15 ^ whole.len() as u64);
        for round in 0..rounds {
            let mut bytes = whole.clone();
            if round % 3 == 0 {
                bytes.truncate(numbers.below(whole.len()));
            } else {
                for _ in 0..=numbers.below(4) {
                    let at = numbers.below(bytes.len());
                    let wide = [0xff, 0x7f, 0x80, 0, 1, numbers.below(256) as u8][numbers.below(6)];
                    let length = [1, 1, 2, 4, 8][numbers.below(5)];
                    bytes.iter_mut().skip(at).take(length).for_each(|byte| *byte = wide);
                }
            }
            if let Ok(input) = Input::of(&name, bytes) {
                let input = input.with_limit(64 << 20);
                let _ = hold(&input);
                let _ = blocks::read(&input, None);
            }
        }
    }
}

#[test]
fn a_stream_gives_the_bytes_that_the_whole_has() {
    for name in ["points.geojson.gz", "points-utf16.geojson", "points.geojson", "points.shp.zip"] {
        let input = Input::at(&made(name)).expect(name);
        let mut streamed = Vec::new();
        input.open().expect(name).read_to_end(&mut streamed).expect(name);
        assert_eq!(streamed, *input.whole().expect(name), "{name}");
        assert!(!streamed.is_empty());
    }
}

/// A shape written as WKT by `fixtures/formats/make.py`, as GeoJSON coordinates.
fn coordinates(wkt: &str) -> String {
    let (kind, text) = wkt.split_once(' ').expect("a kind");
    let kind = if kind == "POLYGON" { "Polygon" } else { "MultiPolygon" };
    let text = text.replace('(', "[").replace(')', "]");
    let mut json = String::new();
    for pair in text.split(", ") {
        let (open, rest) = pair.split_at(pair.rfind('[').map_or(0, |at| at + 1));
        let (numbers, close) = rest.split_at(rest.find(']').unwrap_or(rest.len()));
        // So small that a degree may stand for a metre.
        let (x, y) = numbers.split_once(' ').expect("two numbers");
        let degrees = |n: &str| n.parse::<f64>().expect("a number") / 1000.0;
        json += &format!("{open}[{},{}]{close},", degrees(x), degrees(y));
    }
    format!(r#"{{"type":"{kind}","coordinates":{}}}"#, json.trim_end_matches(','))
}

#[test]
fn broken_polygons_are_repaired_to_the_area_that_shapely_gives_them() {
    let table = std::fs::read_to_string(repository("fixtures/formats/broken.tsv")).expect("a fixture");
    for row in table.lines().skip(1) {
        let [name, wkt, area]: [&str; 3] =
            row.split('\t').collect::<Vec<_>>().try_into().expect("three columns");
        let feature =
            format!(r#"{{"type":"Feature","properties":{{"id":"{name}"}},"geometry":{}}}"#, coordinates(wkt));
        let input = Input::of("broken.geojson", feature.into_bytes()).expect("known");
        let (shapes, account) =
            blocks::read(&input, None).unwrap_or_else(|e| panic!("{name}: {}", common::chain(&e)));
        let Shapes::Areas(areas) = shapes else { panic!("polygons") };
        let expected: f64 = area.parse().expect("a number");
        let found = areas[0].shape.unsigned_area() * 1e6;
        assert!((found - expected).abs() < 1e-6 * expected, "{name}: {found} instead of {expected}");
        let note = account.notes.iter().find(|note| note.contains("repaired")).expect(name);
        assert!(note.contains(&format!("1 broken polygons were repaired: {name}")), "{note}");
    }
}

#[test]
fn what_no_repair_can_mend_is_refused_by_its_id() {
    let feature = |id: &str, ring: &str| {
        format!(
            r#"{{"type":"Feature","properties":{{"id":"{id}"}},"geometry":{{"type":"Polygon","coordinates":[{ring}]}}}}"#
        )
    };
    let features = [
        feature("good", "[[0,0],[0.01,0],[0.01,0.01],[0,0]]"),
        feature("flat", "[[0,0],[0.01,0.01],[0.02,0.02],[0,0]]"),
        feature("short", "[[0,0],[0.01,0.01]]"),
        feature("far", "[[0,0],[1e300,0],[1e300,1e300],[0,0]]"),
        feature("empty", ""),
        feature("twice", "[[0,0],[0,0],[0.01,0],[0.01,0],[0.01,0.01],[0,0]]"),
        feature("open", "[[0,0],[0.01,0],[0.01,0.01],[0,0.01]]"),
    ];
    let text = format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","));
    let input = Input::of("areas.geojson", text.into_bytes()).expect("known");
    let (_, account) = blocks::read(&input, None).expect("some are good");
    let refused: Vec<(&str, &str)> =
        account.refused.iter().map(|r| (r.value.as_str(), r.reason.as_str())).collect();
    assert_eq!(account.kept, 3, "{refused:?}");
    assert_eq!(refused.iter().map(|r| r.0).collect::<Vec<_>>(), ["flat", "short", "far", "empty"]);
    assert_eq!((account.read, account.kept + account.refused.len()), (7, 7));
}

#[test]
fn blocks_come_from_every_format_and_a_table_of_text_is_none() {
    for format in FORMATS {
        let name = if format == "native" {
            "polygons-native.parquet".to_owned()
        } else {
            format!("polygons.{format}")
        };
        let input = Input::at(&made(&name)).expect("known");
        let (shapes, account) =
            blocks::read(&input, None).unwrap_or_else(|e| panic!("{name}: {}", common::chain(&e)));
        let Shapes::Areas(areas) = shapes else { panic!("polygons") };
        assert_eq!((areas.len(), account.refused.len()), (4, 1), "{name}");
        assert_eq!(account.refused[0].reason, "no geometry", "{name}");
        assert_eq!(areas.iter().map(|a| a.name.as_deref()).collect::<Vec<_>>()[0], Some("Aldgate"), "{name}");
    }
    let text = Input::of("a.csv", b"a,b\n1,2\n".to_vec()).expect("text");
    assert!(matches!(blocks::read(&text, None), Err(BlocksError::Format(FormatError::Text { .. }))));
}

#[test]
fn a_crs_may_be_given_as_a_code_or_as_wkt() {
    // By pyproj: `CRS("EPSG:2234").to_wkt("WKT1_ESRI")`.
    let wkt = r#"PROJCS["NAD_1983_StatePlane_Connecticut_FIPS_0600_Feet",GEOGCS["GCS_North_American_1983",DATUM["D_North_American_1983",SPHEROID["GRS_1980",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Lambert_Conformal_Conic"],PARAMETER["False_Easting",1000000.0],PARAMETER["False_Northing",500000.0],PARAMETER["Central_Meridian",-72.75],PARAMETER["Standard_Parallel_1",41.8666666666667],PARAMETER["Standard_Parallel_2",41.2],PARAMETER["Latitude_Of_Origin",40.8333333333333],UNIT["US survey foot",0.304800609601219]]"#;
    let wkt = Crs::new(wkt).expect("WKT");
    let place = wkt.to_lonlat(950_000.0, 670_000.0).expect("near New Haven");
    assert!((place.lon() + 72.9).abs() < 0.2 && (place.lat() - 41.3).abs() < 0.2, "{place:?}");
    for code in ["EPSG:2234", "ESRI:102656", "epsg:2234"] {
        let other = Crs::new(code).expect(code).to_lonlat(950_000.0, 670_000.0).expect("a place");
        assert!(
            (other.lon() - place.lon()).abs() < 1e-4 && (other.lat() - place.lat()).abs() < 1e-4,
            "{code}"
        );
    }
}
