//! Areas: every block knows the areas that it lies in; layers in two state planes; the words on the command line and over HTTP.

use crate::common;

use std::path::{Path, PathBuf};

use common::command::hotblocks;
use common::repository;
use geo::MapCoords;
use hotblocks::engine::areas::{WithinError, blocks_within, named, set_areas};
use hotblocks::engine::build::{About, Ground, build};
use hotblocks::ingest::blocks::{Purpose, Shapes, read, read_for};
use hotblocks::ingest::input::Input;
use hotblocks::model::areas::{Area, AreaKind};
use hotblocks::model::dataset::Dataset;
use hotblocks::space::coord::{Local, LonLat};
use hotblocks::space::crs::Crs;
use serde_json::{Value as Json, json};

fn write(folder: &Path, name: &str, json: &Json) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, json.to_string()).expect("written");
    path
}

/// A place some metres east and north of a corner in St. Louis, in degrees.
fn at(x: f64, y: f64) -> [f64; 2] {
    let crs = Crs::new("EPSG:32615").expect("UTM");
    let place = crs.from_local(Local { x: 740_000.0 + x, y: 4_279_000.0 + y }).expect("a place");
    [place.lon(), place.lat()]
}

fn feature(properties: Json, kind: &str, coordinates: Json) -> Json {
    json!({"type": "Feature", "properties": properties, "geometry": {"type": kind, "coordinates": coordinates}})
}

fn collection(features: Vec<Json>) -> Json {
    json!({"type": "FeatureCollection", "features": features})
}

fn rectangle(properties: Json, (x0, y0): (f64, f64), (x1, y1): (f64, f64)) -> Json {
    let ring = [at(x0, y0), at(x1, y0), at(x1, y1), at(x0, y1), at(x0, y0)];
    feature(properties, "Polygon", json!([ring]))
}

/// Two neighborhoods side by side, 1 km each, with the border at x = 1000.
fn west_and_east(folder: &Path) -> PathBuf {
    let areas = vec![
        rectangle(json!({"name": "West", "pop2020": "1200"}), (0., 0.), (1000., 1000.)),
        rectangle(json!({"name": "East, Upper", "pop2020": "NaN"}), (1000., 0.), (2000., 1000.)),
    ];
    write(folder, "hoods.geojson", &collection(areas))
}

/// Streets: across the border, along it, up to it, 5 m beside it; all meet others at their ends.
fn streets(folder: &Path) -> PathBuf {
    let street = |name: &str, places: &[(f64, f64)]| {
        let line: Vec<[f64; 2]> = places.iter().map(|&(x, y)| at(x, y)).collect();
        feature(json!({"name": name}), "LineString", json!(line))
    };
    let streets = vec![
        street("Across St", &[(700., 100.), (1100., 100.)]),
        street("Border Ave", &[(1000., 300.), (1000., 500.), (1000., 700.)]),
        street("Beside Ave", &[(1005., 750.), (1005., 950.)]),
        street("Ending St", &[(800., 500.), (1000., 500.)]),
        street("Outside St", &[(3000., 100.), (3300., 100.)]),
    ];
    write(folder, "streets.geojson", &collection(streets))
}

fn incidents(folder: &Path) -> PathBuf {
    let mut rows = String::from("date,category,lon,lat\n");
    for (n, (x, y)) in [(750., 110.), (1050., 110.), (1004., 400.), (850., 505.)].into_iter().enumerate() {
        let [lon, lat] = at(x, y);
        rows.push_str(&format!("2018-01-0{} 10:00,robbery,{lon},{lat}\n", n + 1));
    }
    let path = folder.join("incidents.csv");
    std::fs::write(&path, rows).expect("written");
    path
}

fn areas_of(path: &Path, kind: AreaKind) -> Vec<Area> {
    let input = Input::at(path).expect("a known ending");
    let (shapes, _) = read_for(&input, None, Purpose::Areas(kind)).expect("areas");
    let Shapes::Areas(areas) = shapes else { panic!("polygons") };
    areas
}

fn dataset(incident_file: &Path, block_file: &Path) -> Dataset {
    let options = hotblocks::ingest::incidents::Options::default();
    let input = Input::at(incident_file).expect("csv");
    let (ledger, _) = hotblocks::ingest::incidents::read(&[input], &options, &|| ()).expect("incidents");
    let ground = Ground::from(read(&Input::at(block_file).expect("known"), None).expect("blocks").0);
    build(ledger, &ground, About::default()).expect("a data set")
}

fn neighborhoods_of<'a>(data: &'a Dataset, name: &str) -> &'a [String] {
    let block = data.block_set.blocks.iter().find(|b| b.name.starts_with(name));
    &block.unwrap_or_else(|| panic!("no block {name}")).areas[&AreaKind::Neighborhood]
}

fn small_town(folder: &Path) -> Dataset {
    let mut data = dataset(&incidents(folder), &streets(folder));
    let hoods = areas_of(&west_and_east(folder), AreaKind::Neighborhood);
    set_areas(&mut data, vec![(AreaKind::Neighborhood, hoods)]).expect("near");
    data
}

#[test]
fn a_street_on_the_border_lies_in_both_areas_and_one_that_ends_there_in_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = small_town(folder.path());
    for (street, hoods) in [
        ("Across St", &["West", "East, Upper"][..]),
        ("Border Ave", &["West", "East, Upper"]),
        ("Beside Ave", &["East, Upper", "West"]),
        ("Ending St", &["West"]),
        ("Outside St", &[]),
    ] {
        let mut found = neighborhoods_of(&data, street).to_vec();
        if street == "Beside Ave" {
            // Its whole length lies within 10 m of both: the order of the file.
            found.reverse();
        }
        assert_eq!(found, hoods, "{street}");
    }
    let node = data.block_set.blocks.iter().find(|b| b.id.starts_with("node")).expect("a node");
    assert_eq!(node.areas[&AreaKind::Neighborhood], ["West", "East, Upper"], "{}", node.name);
}

#[test]
fn a_polygon_lies_where_a_twentieth_of_it_lies_and_the_largest_share_comes_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let blocks = vec![
        rectangle(json!({"name": "mostly east"}), (900., 100.), (1400., 200.)),
        rectangle(json!({"name": "hardly west"}), (980., 300.), (1480., 400.)),
        rectangle(json!({"name": "all west"}), (100., 100.), (300., 200.)),
    ];
    let blocks = write(folder.path(), "blocks.geojson", &collection(blocks));
    let mut data = dataset(&incidents(folder.path()), &blocks);
    let hoods = areas_of(&west_and_east(folder.path()), AreaKind::Neighborhood);
    set_areas(&mut data, vec![(AreaKind::Neighborhood, hoods)]).expect("near");
    assert_eq!(neighborhoods_of(&data, "mostly east"), ["East, Upper", "West"]);
    assert_eq!(neighborhoods_of(&data, "hardly west"), ["East, Upper"]);
    assert_eq!(neighborhoods_of(&data, "all west"), ["West"]);
}

#[test]
fn a_name_finds_its_blocks_and_one_that_is_unknown_or_of_two_kinds_is_an_error_with_the_mend() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut data = dataset(&incidents(folder.path()), &streets(folder.path()));
    let ask = |data: &Dataset, text: &str| named(data, &[text.to_owned()]);
    assert!(matches!(ask(&data, "West"), Err(WithinError::NoAreas { .. })));
    let file = west_and_east(folder.path());
    let hoods = areas_of(&file, AreaKind::Neighborhood);
    let wards = vec![Area { name: Some("WEST".to_owned()), ..hoods[0].clone() }];
    set_areas(&mut data, vec![(AreaKind::Neighborhood, hoods), (AreaKind::Ward, wards)]).expect("near");
    let east = ask(&data, "east, upper").expect("a name with a comma");
    assert_eq!(east, [(AreaKind::Neighborhood, "East, Upper".to_owned())]);
    let both = ask(&data, "ward:west,neighborhood:West").expect("two, separated by a comma");
    assert_eq!(both.len(), 2);
    assert_eq!(blocks_within(&data, &both).len(), blocks_within(&data, &both[..1]).len());
    let text = ask(&data, "west").expect_err("two kinds").to_string();
    assert!(text.contains("neighborhood:West") && text.contains("ward:WEST"), "{text}");
    let text = ask(&data, "ward:wset").expect_err("misspelt").to_string();
    assert!(text.contains("did you mean"), "{text}");
}

#[test]
fn the_ranked_blocks_of_an_area_name_their_areas_in_every_format() {
    let folder = tempfile::tempdir().expect("a folder");
    let (points, lines, hoods) =
        (incidents(folder.path()), streets(folder.path()), west_and_east(folder.path()));
    let written = folder.path().join("written.geojson");
    hotblocks()
        .args(["import", "areas", "--kind", "neighborhood", "-o"])
        .args([&written, &hoods])
        .assert()
        .success();
    let rank = |areas: &str, more: &[&str]| {
        let mut command = hotblocks();
        command.args(["rank", "--incidents"]).arg(&points).arg("--blocks").arg(&lines);
        command.args(["--areas", areas]).args(more).assert()
    };
    let named = format!("neighborhood={}", hoods.display());
    for areas in [named.as_str(), &written.display().to_string()] {
        let done = rank(areas, &["--within", "west", "--format", "geojson"]).success();
        let answer: Json = serde_json::from_slice(&done.get_output().stdout).expect("GeoJSON");
        let rows = answer["features"].as_array().expect("features");
        assert!(rows.iter().all(|f| {
            f["properties"]["areas"]["neighborhood"].as_array().is_some_and(|a| a.contains(&json!("West")))
        }));
        assert!(
            !rows.iter().any(|f| f["properties"]["name"].as_str().is_some_and(|n| n.starts_with("Outside")))
        );
        assert_eq!(rows[0]["properties"]["rank"], 1);
        assert_eq!(answer["provenance"]["parameters"]["within"], json!(["neighborhood:West"]));
    }
    let done = rank(&named, &["--format", "csv", "--within", "East, Upper"]).success();
    let text = String::from_utf8(done.get_output().stdout.clone()).expect("UTF-8");
    let mut rows = csv::Reader::from_reader(text.as_bytes());
    let column =
        rows.headers().expect("a header").iter().position(|h| h == "neighborhood").expect("a column");
    assert!(rows.records().all(|row| row.expect("a row")[column].contains("East, Upper")));
    let wrong = rank(&named, &["--within", "Wset"]).code(2);
    let text = String::from_utf8_lossy(&wrong.get_output().stderr).into_owned();
    assert!(text.contains("did you mean `West`"), "{text}");
    let wrong = rank(&format!("precinct={}", hoods.display()), &[]).code(2);
    let text = String::from_utf8_lossy(&wrong.get_output().stderr).into_owned();
    assert!(text.contains("there are neighborhood, ward, district, beat, zip"), "{text}");
    let wrong = rank(&hoods.display().to_string(), &[]).code(2);
    let text = String::from_utf8_lossy(&wrong.get_output().stderr).into_owned();
    assert!(text.contains("--areas neighborhood="), "{text}");
}

#[test]
fn an_import_of_areas_tells_overlaps_repairs_and_values_that_cannot_be_used() {
    let folder = tempfile::tempdir().expect("a folder");
    let bow = [at(3000., 0.), at(4000., 1000.), at(4000., 0.), at(3000., 1000.), at(3000., 0.)];
    let areas = vec![
        rectangle(json!({"name": "A", "pop": -5}), (0., 0.), (1000., 1000.)),
        rectangle(json!({"name": "B", "pop": 7}), (900., 0.), (2000., 1000.)),
        feature(json!({"name": "Bow"}), "Polygon", json!([bow])),
        json!({"type": "Feature", "properties": {"name": "Nowhere"}, "geometry": null}),
    ];
    let file = write(folder.path(), "wards.geojson", &collection(areas));
    let done = hotblocks().args(["import", "areas", "--kind", "ward"]).arg(&file).assert().code(3);
    let text = String::from_utf8_lossy(&done.get_output().stderr).into_owned();
    for said in [
        "4 read · 3 kept · 1 refused: 1 no geometry",
        "population from column `pop`; 1 values are no number of 0 or more and were left out, the first `-5` in line 1",
        "repaired",
        "3 areas of kind ward, 3 names (A, B, Bow)",
        "2.500 km² covered",
        "overlaps 0.1000 km², 4.000 %, the most between A and B",
    ] {
        assert!(text.contains(said), "`{said}` is not in:\n{text}");
    }
}

/// The streets of the sample as GeoJSON, from one to another, in a CRS of the older kind if one is named.
fn sample_streets(folder: &Path, name: &str, range: std::ops::Range<usize>, crs: Option<&str>) -> PathBuf {
    let file = repository("data/new-haven/newhaven_nework.shp");
    let (shapes, _) = read(&Input::at(&file).expect("shp"), None).expect("streets");
    let Shapes::Streets(streets) = shapes else { panic!("lines") };
    let target = crs.map(|code| Crs::new(code).expect("known"));
    let place = |at: &LonLat| match &target {
        None => [at.lon(), at.lat()],
        Some(crs) => {
            let local = crs.to_local(*at).expect("near");
            // Files seldom have more than a hundredth of a foot.
            [(local.x * 100.0).round() / 100.0, (local.y * 100.0).round() / 100.0]
        }
    };
    let range = range.start..range.end.min(streets.len());
    let features = streets[range]
        .iter()
        .map(|s| {
            feature(
                json!({"name": s.name, "used_as": s.used_as.word(),
                    "from_left": s.numbers.left.map(|n| n.from), "to_left": s.numbers.left.map(|n| n.to),
                    "from_right": s.numbers.right.map(|n| n.from), "to_right": s.numbers.right.map(|n| n.to)}),
                "LineString",
                json!(s.line.iter().map(place).collect::<Vec<_>>()),
            )
        })
        .collect();
    let mut all = collection(features);
    if let Some(code) = crs {
        all["crs"] = json!({"type": "name", "properties": {"name": code}});
    }
    write(folder, name, &all)
}

fn export(folder: &Path, blocks: &[&Path]) -> Json {
    let mut command = hotblocks();
    command.args(["rank", "--format", "geojson", "--incidents"]);
    command.arg(repository("data/new-haven/new_haven_merged.shp")).arg("--blocks").args(blocks);
    let done = command.args(["--top", "100000"]).current_dir(folder).assert().success();
    serde_json::from_slice(&done.get_output().stdout).expect("GeoJSON")
}

#[test]
fn streets_of_two_state_planes_that_overlap_are_the_blocks_of_the_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = sample_streets(folder.path(), "whole.geojson", 0..usize::MAX, None);
    let first = sample_streets(folder.path(), "first.geojson", 0..900, None);
    let second = sample_streets(folder.path(), "second.geojson", 600..usize::MAX, Some("EPSG:2234"));
    let feet = std::fs::read_to_string(&second).expect("written");
    assert!(feet.contains("EPSG:2234") && !feet.contains("[-72."), "US feet");
    let one = export(folder.path(), &[&whole]);
    let two = export(folder.path(), &[&first, &second]);
    let rows = |answer: &Json| -> std::collections::BTreeMap<String, Json> {
        let all = answer["features"].as_array().expect("features");
        all.iter().map(|f| (f["id"].as_str().expect("an id").to_owned(), f.clone())).collect()
    };
    let (one, two) = (rows(&one), rows(&two));
    assert!(one.len() > 2000);
    assert_eq!(one.keys().collect::<Vec<_>>(), two.keys().collect::<Vec<_>>());
    for (id, block) in &one {
        for property in ["name", "kind", "incidents", "rank"] {
            assert_eq!(block["properties"][property], two[id]["properties"][property], "{id} {property}");
        }
        let shape = |f: &Json| -> geo::Geometry {
            let geometry: geojson::Geometry = serde_json::from_value(f["geometry"].clone()).expect("a shape");
            geo::Geometry::<f64>::try_from(geometry)
                .expect("a shape")
                .map_coords(|c| geo::Coord { x: c.x * 83_400.0, y: c.y * 111_200.0 })
        };
        use geo::CoordsIter;
        let (a, b) = (shape(block), shape(&two[id]));
        assert_eq!(a.coords_count(), b.coords_count(), "{id}");
        let far = a
            .coords_iter()
            .zip(b.coords_iter())
            .map(|(p, q)| (p.x - q.x).hypot(p.y - q.y))
            .fold(0.0, f64::max);
        assert!(far <= 0.1, "{id} lies {far} m apart");
    }
}

#[test]
fn polygons_of_two_files_are_one_block_each_and_streets_with_polygons_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = std::fs::read_to_string(repository("data/new-haven/derived_newhaven_blocks.geojson"))
        .expect("shipped");
    let all: Json = serde_json::from_str(&text).expect("GeoJSON");
    let features = all["features"].as_array().expect("features");
    let first = write(folder.path(), "first.geojson", &collection(features[..800].to_vec()));
    let second = write(folder.path(), "second.geojson", &collection(features[500..].to_vec()));
    let done = hotblocks().args(["import", "blocks"]).args([&first, &second]).assert().success();
    let said = String::from_utf8_lossy(&done.get_output().stderr).into_owned();
    assert!(said.contains("300 polygons stand in two files"), "{said}");
    assert!(said.contains(&format!("{} polygons", "1,279")), "{said}");
    let mixed = hotblocks()
        .args(["import", "blocks"])
        .args([&first, &repository("data/new-haven/newhaven_nework.shp")])
        .assert()
        .code(2);
    assert!(String::from_utf8_lossy(&mixed.get_output().stderr).contains("one sort"));
}

#[test]
fn cells_and_polygons_that_are_written_are_ranked_under_their_own_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let outline = vec![rectangle(json!({"name": "town"}), (0., 0.), (2000., 1000.))];
    let outline = write(folder.path(), "outline.geojson", &collection(outline));
    let (points, lines) = (incidents(folder.path()), streets(folder.path()));
    let set = |args: &[&str]| -> Json {
        let made = folder.path().join("made.geojson");
        hotblocks()
            .arg("blocks")
            .args(args)
            .arg("--within")
            .arg(&outline)
            .arg("-o")
            .arg(&made)
            .assert()
            .success();
        let mut rank = hotblocks();
        rank.args(["rank", "--format", "geojson", "--top", "10000", "--incidents"])
            .arg(&points)
            .arg("--blocks");
        let done = rank.arg(&made).assert().success();
        serde_json::from_slice(&done.get_output().stdout).expect("GeoJSON")
    };
    let street_file = lines.display().to_string();
    for (args, name, kind) in [
        (&["cells", "--kind", "square", "--cell", "200m"][..], "cells", "square-200m_"),
        (&["cells", "--kind", "hexagon", "--cell", "0.2km"], "cells", "hexagon-200m_"),
        (&["cells", "--kind", "h3", "--resolution", "9"], "cells", "89"),
        (&["from-streets", &street_file], "polygons", "polygon-"),
    ] {
        let answer = set(args);
        assert_eq!(answer["provenance"]["block_set"], name, "{args:?}");
        let rows = answer["features"].as_array().expect("features");
        assert!(rows.iter().all(|f| f["id"].as_str().is_some_and(|id| id.starts_with(kind))), "{args:?}");
        let incidents: u64 = rows.iter().filter_map(|f| f["properties"]["incidents"].as_u64()).sum();
        assert_eq!(incidents, 4, "{args:?}: what goes in comes out");
    }
}

#[test]
fn the_5900_block_of_minerva_lies_in_hamilton_heights_and_most_blocks_in_one_neighborhood() {
    let Some(folder) = common::st_louis() else { return };
    let mut data = dataset(&folder.join("incidents/2018/august2018.csv"), &folder.join("streets.parquet"));
    let hoods = areas_of(&folder.join("neighborhoods.parquet"), AreaKind::Neighborhood);
    set_areas(&mut data, vec![(AreaKind::Neighborhood, hoods)]).expect("near");
    assert_eq!(neighborhoods_of(&data, "5900 block of Minerva Ave"), ["Hamilton Heights"]);
    let blocks = &data.block_set.blocks;
    let lie_in = |n: usize| blocks.iter().filter(|b| b.areas[&AreaKind::Neighborhood].len() == n).count();
    assert!(lie_in(1) > blocks.len() * 3 / 4, "{} of {}", lie_in(1), blocks.len());
    assert!(lie_in(2) > blocks.len() / 10 && lie_in(0) < blocks.len() / 1000);
}

#[test]
fn polygons_lie_in_as_many_neighborhoods_as_geos_finds() {
    let Some(folder) = common::st_louis() else { return };
    let mut data =
        dataset(&folder.join("incidents/2018/august2018.csv"), &folder.join("blocks_derived.gpkg"));
    let hoods = areas_of(&folder.join("neighborhoods.parquet"), AreaKind::Neighborhood);
    set_areas(&mut data, vec![(AreaKind::Neighborhood, hoods)]).expect("near");
    let mut found = [0; 4];
    for block in &data.block_set.blocks {
        found[block.areas[&AreaKind::Neighborhood].len().min(3)] += 1;
    }
    // geopandas.overlay in EPSG:32615 with shares of 5 % and more: see `fixtures/st_louis_neighborhoods.py`.
    assert_eq!(found, [15, 7073, 288, 15]);
}

#[test]
fn a_configuration_names_areas_and_several_block_files() {
    let folder = tempfile::tempdir().expect("a folder");
    incidents(folder.path());
    west_and_east(folder.path());
    let blocks = vec![rectangle(json!({"name": "one"}), (700., 0.), (800., 200.))];
    write(folder.path(), "one.geojson", &collection(blocks));
    let blocks = vec![rectangle(json!({"name": "two"}), (1000., 0.), (1100., 200.))];
    write(folder.path(), "two.geojson", &collection(blocks));
    let text = "incidents = [\"incidents.csv\"]\nblocks = [\"one.geojson\", \"two.geojson\"]\n[areas]\nneighborhood = \"hoods.geojson\"\n";
    let config = folder.path().join("hotblocks.toml");
    std::fs::write(&config, text).expect("written");
    let out = folder.path().join("out");
    let lengths = ["--bandwidth", "200m", "--cell", "50m", "--eps", "50m", "--min-points", "3"];
    hotblocks()
        .args(["export", "--config"])
        .arg(&config)
        .args(lengths)
        .arg("-o")
        .arg(&out)
        .assert()
        .success();
    let read = |file: &str| -> Json {
        serde_json::from_slice(&std::fs::read(out.join(file)).expect("written")).expect("GeoJSON")
    };
    assert_eq!(read("blocks.geojson")["numberMatched"], 2);
    let areas = read("areas.geojson");
    let of = |name: &str, property: &str| {
        let all = areas["features"].as_array().expect("features");
        let area = all.iter().find(|f| f["properties"]["name"] == name).expect("the area");
        area["properties"][property].clone()
    };
    assert_eq!((of("West", "blocks"), of("West", "incidents")), (json!(1), json!(1)));
    assert_eq!((of("East, Upper", "blocks"), of("East, Upper", "incidents")), (json!(1), json!(1)));
    assert_eq!((of("West", "population"), of("East, Upper", "population")), (json!(1200.0), Json::Null));
}

#[test]
fn a_block_tells_how_long_how_large_and_over_how_many_households_it_was_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    let blocks = vec![
        rectangle(json!({"name": "lived in", "HH": "41", "Total_Pop": 90}), (700., 0.), (900., 200.)),
        rectangle(
            json!({"name": "not a number", "HH": "n/a", "Total_Pop": "-1"}),
            (1000., 0.),
            (1100., 200.),
        ),
    ];
    let file = write(folder.path(), "blocks.geojson", &collection(blocks));
    let points = incidents(folder.path());
    let rank = |more: &[&str]| -> Vec<Json> {
        let mut command = hotblocks();
        command.args(["rank", "--format", "geojson", "--incidents"]).arg(&points).arg("--blocks").arg(&file);
        let done = command.args(more).assert().success();
        let answer: Json = serde_json::from_slice(&done.get_output().stdout).expect("GeoJSON");
        let mut rows: Vec<Json> = answer["features"]
            .as_array()
            .expect("features")
            .iter()
            .map(|f| f["properties"].clone())
            .collect();
        rows.sort_by_key(|row| row["name"].to_string());
        rows
    };
    let rows = rank(&[]);
    assert_eq!((&rows[0]["households"], &rows[0]["population"]), (&json!(41.0), &json!(90.0)));
    assert_eq!((&rows[1]["households"], &rows[1]["population"]), (&Json::Null, &Json::Null));
    let area = rows[0]["area_km2"].as_f64().expect("an area");
    assert!((area - 0.04).abs() < 1e-5, "{area}");
    // Incidents are known from 1 to 4 January; a longer period was not observed for longer.
    assert_eq!(rows[0]["observed_days"], 4.0);
    assert_eq!(rank(&["--period", "2018-01-02/2018-12-31"])[0]["observed_days"], 3.0);
}

#[test]
fn crimes_of_years_before_do_not_make_a_file_of_one_month_cover_years() {
    let Some(folder) = common::st_louis() else { return };
    let data = dataset(&folder.join("incidents/2018/august2018.csv"), &folder.join("blocks_derived.gpkg"));
    let (first, last) = data.dates().expect("dates");
    assert!(first.year() < 2018, "{first} to {last}");
    let day = |text: &str| text.parse::<jiff::civil::Date>().expect("a date");
    assert_eq!(data.coverage(), [(day("2018-08-01"), day("2018-08-31"))]);
}

#[test]
fn an_area_that_two_files_of_a_kind_have_is_there_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut data = dataset(&incidents(folder.path()), &streets(folder.path()));
    let whole = areas_of(&west_and_east(folder.path()), AreaKind::Neighborhood);
    let halves = vec![(AreaKind::Neighborhood, whole[..1].to_vec()), (AreaKind::Neighborhood, whole.clone())];
    set_areas(&mut data, halves).expect("near");
    assert_eq!(data.areas.len(), 1);
    let names: Vec<&str> = data.areas[0].areas.iter().map(|area| area.name.as_str()).collect();
    assert_eq!(names, ["West", "East, Upper"]);
}
