//! The command line as its users meet it: data to stdout, talk to stderr, exit codes, the demo.

mod common;

use std::io::{BufRead, BufReader};
use std::process::{Command as Process, Stdio};

use common::command::{run, signal};
use common::repository;
use common::town::town;

#[test]
fn refused_rows_are_counted_written_and_make_exit_code_3() {
    let folder = tempfile::tempdir().expect("a folder");
    let streets = town(folder.path());
    let incidents = folder.path().join("incidents.csv");
    let rows = "id,date,category,longitude,latitude,victim_name\n\
                1,2018-01-01 10:00,robbery,-90.205,38.6001,A\n\
                2,2018-01-02 10:00,robbery,-90.205,38.6001,B\n\
                3,someday,robbery,-90.205,38.6001,C\n\
                4,2018-01-03 10:00,robbery,38.6,-90.2,D\n\
                5,2018-01-03 10:00,burglary,abc,38.6,E\n\
                6,2018-01-03 10:00,burglary\n\
                7,2018-01-04 10:00,burglary,0,0,G\n";
    std::fs::write(&incidents, rows).expect("written");
    let rejects = folder.path().join("r.ndjson");
    let (code, out, err) = run(&[
        "rank",
        "--incidents",
        &incidents.to_string_lossy(),
        "--blocks",
        &streets,
        "--rejects",
        &rejects.to_string_lossy(),
        "--format",
        "csv",
    ]);
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("7 read · 3 kept · 4 refused"), "{err}");
    assert!(out.lines().nth(1).is_some_and(|l| l.contains("Main St") && l.contains(",2,")), "{out}");
    let refused: Vec<serde_json::Value> = std::fs::read_to_string(&rejects)
        .expect("written")
        .lines()
        .map(|l| serde_json::from_str(l).expect("JSON"))
        .collect();
    let told: Vec<_> = refused
        .iter()
        .map(|r| (r["line"].as_u64().expect("a line"), r["column"].as_str().expect("a column")))
        .collect();
    assert_eq!(told, [(4, "date"), (5, "longitude"), (6, "longitude"), (7, "")]);
    assert_eq!(refused[0]["value"], "someday");
    let all = format!("{out}{err}{refused:?}");
    for name in ["victim_name", ",A", ",B", "\"C\"", "\"D\""] {
        assert!(!all.contains(name), "a column about persons came through: {name}");
    }
}

#[test]
fn a_bad_file_says_what_where_and_how_to_mend_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let streets = town(folder.path());
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.to_string_lossy().into_owned()
    };
    let xy = file("xy.csv", "date,category,x,y\n2018-01-01 10:00,robbery,276174,310068\n");
    let odd = file("odd.csv", "a,b\n1,2\n");
    let empty = file("empty.csv", "");
    let far = file("far.csv", "date,category,longitude,latitude\n2018-01-01 10:00,robbery,2.35,48.85\n");
    let points = file(
        "points.geojson",
        r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},"geometry":{"type":"Point","coordinates":[1,2]}}]}"#,
    );
    let broken = file("broken.geojson", "{");
    for (incidents, blocks, code, says) in [
        (xy.as_str(), &*streets, 1, "--crs"),
        (&odd, &*streets, 1, "no layout fits: a, b"),
        (&empty, &*streets, 1, "is empty"),
        (&far, &*streets, 1, "is the CRS of the incidents right"),
        ("missing.csv", &*streets, 4, "cannot read `missing.csv`"),
        ("incidents.docx", &*streets, 1, "ending that is not known"),
        (&far, points.as_str(), 1, "no usable street line or polygon"),
        (&far, &broken, 1, "no GeoJSON"),
    ] {
        let (found, out, err) = run(&["rank", "--incidents", incidents, "--blocks", blocks]);
        assert_eq!(found, code, "{incidents}: {err}");
        assert!(out.is_empty() && err.contains("error: ") && err.contains(says), "{incidents}: {err}");
    }
}

#[test]
fn a_wrong_word_is_a_usage_error() {
    let far = "x.csv";
    for (args, says) in [
        (
            &["density", "--incidents", far, "--blocks", far, "--bandwidth", "250", "--cell", "50m"][..],
            "unit",
        ),
        (&["rank", "--incidents", far][..], "--blocks is not given"),
        (&["rank", "--blocks", far][..], "--incidents is not given"),
        (&["rank", "--incidents", far, "--blocks", far, "--period", "2018-02-01/2018-01-01"][..], "swap"),
        (&["rank", "--incidents", far, "--blocks", far, "--top", "0"][..], "from 1"),
        (&["rnak"][..], "rank"),
    ] {
        let (code, _, err) = run(args);
        assert_eq!(code, 2, "{args:?}: {err}");
        assert!(err.contains(says), "{args:?}: {err}");
    }
    let sample = repository("data/new-haven/new_haven_merged.shp");
    let streets = repository("data/new-haven/newhaven_nework.shp");
    let (code, _, err) = run(&[
        "density",
        "--incidents",
        &sample.to_string_lossy(),
        "--blocks",
        &streets.to_string_lossy(),
        "--cell",
        "50m",
    ]);
    assert_eq!(code, 2);
    assert!(err.contains("--bandwidth is not given"), "no bandwidth is assumed: {err}");
    // Every parameter has the name of its flag here, also where the answer itself finds that it is lacking.
    let files = ["--incidents", &sample.to_string_lossy(), "--blocks", &streets.to_string_lossy()];
    for (args, says) in [
        (&["rank", "--view", "change"][..], "--compare-period is not given and not configured; Dates to"),
        (&["list"], "--capacity is not given and not configured; What the team takes"),
        (&["plan"], "--shifts is not given and not configured; File of shifts"),
        (&["plan", "--officers", "2", "--hours", "18:00-02:00"], "--free is not given and not configured"),
    ] {
        let (code, _, err) = run(&[args, &files].concat());
        assert_eq!(code, 2, "{args:?}: {err}");
        assert!(err.contains(says) && err.contains("e.g. "), "{args:?}: {err}");
    }
}

#[test]
fn an_address_that_others_could_reach_is_refused() {
    for address in ["0.0.0.0:0", "[::]:0"] {
        let (code, out, err) = run(&["demo", "--listen", address]);
        assert_eq!(code, 5, "{err}");
        assert!(err.contains("loopback") && !out.contains("http://"), "{err}");
    }
}

#[test]
fn the_three_formats_hold_the_same_blocks_in_the_same_order() {
    let config = repository("data/new-haven/hotblocks.toml");
    let config = config.to_string_lossy();
    let ask = |format: &str| {
        let (code, out, err) = run(&[
            "rank",
            "--config",
            &config,
            "--top",
            "7",
            "--format",
            format,
            "--period",
            "2014-09-01/2014-09-20",
        ]);
        assert_eq!(code, 0, "{err}");
        assert!(out.contains("one month, capped sample: not a statement about New Haven"), "{format}");
        out
    };
    let json: serde_json::Value =
        serde_json::from_str(&ask("geojson")).expect("stdout is JSON and nothing else");
    let csv = ask("csv");
    let table = ask("table");
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let column = |name: &str| header.iter().position(|column| column == name).expect("a column");
    let (name, incidents) = (column("name"), column("incidents"));
    let rows: Vec<csv::StringRecord> = reader.records().map(|r| r.expect("a row")).collect();
    assert_eq!(rows.len(), 7);
    for (feature, row) in json["features"].as_array().expect("features").iter().zip(&rows) {
        assert_eq!(feature["id"].as_str(), row.get(0));
        assert_eq!(feature["properties"]["name"].as_str(), row.get(name));
        assert_eq!(feature["properties"]["incidents"].to_string(), row[incidents]);
        assert!(table.contains(&row[name]), "{} is not in the table", &row[name]);
    }
}

/// Rows with an address and the coordinates given, or none: 0,0.
fn addressed(folder: &std::path::Path, rows: &[(&str, &str, &str)]) -> String {
    let mut text = String::from("incidentid,date,category,address,longitude,latitude\n");
    for (n, (category, address, place)) in rows.iter().enumerate() {
        text += &format!("i{n},2018-01-01 10:00,{category},{address},{place}\n");
    }
    let file = folder.join("addressed.csv");
    std::fs::write(&file, text).expect("written");
    file.to_string_lossy().into_owned()
}

#[test]
fn hundred_blocks_are_ranked_and_written_where_nothing_has_coordinates() {
    let folder = tempfile::tempdir().expect("a folder");
    let none = "0,0";
    let file = addressed(
        folder.path(),
        &[
            ("robbery", "101 MAIN ST", none),
            ("burglary", "107 MAIN ST", none),
            ("rape", "207 MAIN ST", none),
            ("robbery", "OAK AVE / MAIN ST", none),
            ("robbery", "", none),
        ],
    );
    let (code, out, err) =
        run(&["rank", "--incidents", &file, "--blocks", "addresses", "--format", "geojson"]);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("nothing has a place"), "{err}");
    let json: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    let told: Vec<_> = json["features"]
        .as_array()
        .expect("features")
        .iter()
        .map(|f| (f["properties"]["name"].as_str().expect("a name"), f["properties"]["incidents"].as_u64()))
        .collect();
    assert_eq!(told, [("100 block of Main St", Some(2)), ("Oak Ave / Main St", Some(1))]);
    assert!(json["features"].as_array().expect("features").iter().all(|f| f["geometry"].is_null()));
    assert!(!out.contains("200 block"), "no address tells where a rape was: {out}");
    let made = &json["provenance"];
    assert_eq!((&made["block_set"], &made["counts"]["in_blocks"]), (&"hundred-blocks".into(), &3.into()));
    let unlocated = made["counts"]["unlocated"].as_object().expect("reasons");
    assert_eq!(unlocated.values().filter_map(serde_json::Value::as_u64).sum::<u64>(), 2);
    for command in [
        &["density", "--bandwidth", "250m", "--cell", "50m"][..],
        &["clusters", "--eps", "100m", "--min-points", "3"],
    ] {
        let (code, _, err) = run(&[command, &["--incidents", &file, "--blocks", "addresses"]].concat());
        assert_eq!(code, 0, "{err}");
    }
    let (code, out, err) = run(&["blocks", "from-addresses", "--incidents", &file]);
    assert_eq!(code, 0, "{err}");
    let json: serde_json::Value = serde_json::from_str(&out).expect("stdout is JSON and nothing else");
    assert_eq!(
        (json["features"].as_array().map(Vec::len), &json["block_set"]),
        (Some(2), &"hundred-blocks".into())
    );
    let without = addressed(folder.path(), &[("robbery", "", "-90.2,38.6")]);
    let (code, _, err) = run(&["rank", "--incidents", &without, "--blocks", "addresses"]);
    assert_eq!(code, 1);
    assert!(err.contains("none of the incidents has an address"), "{err}");
}

#[test]
fn an_outline_of_a_hundred_block_is_drawn_around_what_may_be_seen() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = addressed(
        folder.path(),
        &[
            ("robbery", "101 MAIN ST", "-90.2,38.6"),
            ("robbery", "103 MAIN ST", "-90.201,38.6"),
            ("robbery", "105 MAIN ST", "-90.2,38.601"),
            ("rape", "107 MAIN ST", "-90.19,38.59"),
            ("rape", "307 MAIN ST", "-90.18,38.6"),
            ("robbery", "109 MAIN ST", "20.5,-5.5"),
            ("robbery", "111 MAIN ST", "-96.2,38.6"),
        ],
    );
    let (code, out, err) =
        run(&["rank", "--incidents", &file, "--blocks", "addresses", "--format", "geojson"]);
    assert_eq!(code, 0, "{err}");
    let json: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(json["provenance"]["crs"], "EPSG:32615", "a stray moves no CRS");
    let shape = json["features"][1]["geometry"].to_string();
    assert!(json["features"][0]["geometry"]["type"] == "Polygon" && shape == "null", "{out}");
    let outlines = format!("{}{shape}", json["features"][0]["geometry"]);
    assert!(
        outlines.contains("38.601")
            && !outlines.contains("-90.19")
            && !outlines.contains("-96")
            && !outlines.contains("38.59"),
        "{outlines}"
    );
    assert_eq!(json["features"][0]["properties"]["incidents"], 6);
}

#[test]
fn geocoding_and_intersections_are_told_and_can_be_chosen() {
    let folder = tempfile::tempdir().expect("a folder");
    let streets = town(folder.path());
    let file = addressed(
        folder.path(),
        &[
            ("robbery", "", "-90.205,38.6001"),
            ("robbery", "OAK AVE / MAIN ST", "0,0"),
            ("rape", "OAK AVE / MAIN ST", "0,0"),
            ("robbery", "ELM ST / MAIN ST", "0,0"),
        ],
    );
    let ask = |flags: &[&str]| {
        let given = ["rank", "--incidents", &file, "--blocks", &streets, "--format", "geojson"];
        let (code, out, err) = run(&[&given, flags].concat());
        assert_eq!(code, 0, "{err}");
        (serde_json::from_str::<serde_json::Value>(&out).expect("JSON"), err)
    };
    let (json, err) = ask(&[]);
    assert!(err.contains("1 at intersections by name") && err.contains("1 of these geocoded"), "{err}");
    let made = &json["provenance"];
    assert_eq!((&made["counts"]["geocoded"], &made["counts"]["in_blocks"]), (&1.into(), &2.into()));
    assert_eq!((&made["assigned_by"]["node_by_name"], &made["intersections"]), (&1.into(), &"node".into()));
    assert_eq!(json["features"][0]["properties"]["n_addresses"], 1);
    let (json, err) = ask(&["--geocode", "off"]);
    assert_eq!(json["provenance"]["counts"]["geocoded"], 0);
    assert!(!err.contains("geocoded"), "{err}");
    let (json, err) = ask(&["--intersections", "split"]);
    assert!(err.contains("split equally"), "{err}");
    let first = &json["features"][0]["properties"];
    assert_eq!((&first["score"], &first["incidents"]), (&1.25.into(), &1.into()));
    assert_eq!(json["features"][1]["properties"]["score"], 0.25);
    let (_, err) = ask(&["--intersections", "exclude"]);
    assert!(err.contains("1 at intersections left out"), "{err}");
    let (code, table, _) =
        run(&["rank", "--incidents", &file, "--blocks", &streets, "--intersections", "split"]);
    assert!(code == 0 && table.contains("1.25") && table.contains("equal parts"), "{table}");
    let (code, _, err) =
        run(&["rank", "--incidents", &file, "--blocks", &streets, "--intersections", "half"]);
    assert!(code == 2 && err.contains("node, split, first, exclude"), "{err}");
}

#[test]
fn a_density_is_drawn_with_any_kernel_in_contours_cells_and_as_geotiff() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = repository("data/new-haven/hotblocks.toml").to_string_lossy().into_owned();
    let density = |more: &[&str]| {
        let (code, out, err) = run(&[&["density", "--config", &config], more].concat());
        (code, if code == 0 { out } else { err })
    };
    let json = |more: &[&str]| -> serde_json::Value {
        let (code, out) = density(&[&["--format", "geojson"], more].concat());
        assert_eq!(code, 0, "{out}");
        serde_json::from_str(&out).expect("JSON")
    };
    let number = |value: &serde_json::Value| value.as_f64().expect("a number");
    let made = |json: &serde_json::Value| json["provenance"]["parameters"].clone();
    let quartic = made(&json(&[]));
    let bell = made(&json(&["--kernel", "gaussian", "--unit", "mi2"]));
    assert_eq!((&quartic["kernel"], &bell["kernel"]), (&"quartic".into(), &"gaussian".into()));
    // The two are made to smooth alike, and a square mile is 2.59 km².
    assert_eq!(quartic["sigma_m"], bell["sigma_m"]);
    let ratio = number(&bell["peak_per_mi2"]) / number(&quartic["peak_per_km2"]) / 2.589_988;
    // Over a single place the bell is 4/3 as high.
    assert!((1.0..1.3334).contains(&ratio), "{ratio}");
    let binned = made(&json(&["--mode", "binned"]));
    let off = (number(&binned["peak_per_km2"]) - number(&quartic["peak_per_km2"])).abs();
    assert!(off > 0.0 && off <= number(&binned["error_at_most_per_km2"]));
    let cells = json(&["--out", "cells"]);
    let features = cells["features"].as_array().expect("features");
    let values: Vec<f64> = features.iter().map(|f| number(&f["properties"]["density_per_km2"])).collect();
    let peak = values.iter().copied().fold(0.0, f64::max);
    assert!((peak - number(&quartic["peak_per_km2"])).abs() < 1e-3);
    // Cells of 50 m hold the incidents between them.
    let held = values.iter().sum::<f64>() * 0.0025;
    assert!((held / number(&quartic["incidents"]) - 1.0).abs() < 1e-3, "{held}");
    let file = folder.path().join("density.tif");
    let (code, err) = density(&["-o", &file.to_string_lossy()]);
    assert_eq!(code, 0, "{err}");
    let bytes = std::fs::read(&file).expect("was written");
    let mut picture = tiff::decoder::Decoder::new(std::io::Cursor::new(bytes)).expect("a TIFF");
    let tiff::decoder::DecodingResult::F32(values) = picture.read_image().expect("an image") else {
        panic!("not floats")
    };
    assert!((f64::from(values.iter().copied().fold(0.0, f32::max)) - peak).abs() < 1e-3 * peak);
    let (code, err) = density(&["--mode", "binned", "--edge", "uniform"]);
    assert!(code != 0 && err.contains("edge correction"), "{err}");
    let (code, err) = density(&["--kernel", "biweight"]);
    assert!(code == 2 && err.contains("triweight"), "{err}");
}

#[test]
fn export_writes_all_layers_and_prints_the_list() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = repository("data/new-haven/hotblocks.toml");
    let out_folder = folder.path().join("layers");
    let (code, out, err) =
        run(&["export", "--config", &config.to_string_lossy(), "-o", &out_folder.to_string_lossy()]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("confirm or release: 1 UNION AVE"), "{out}");
    for layer in ["incidents", "blocks", "density", "clusters", "hotspots", "near-repeat"] {
        let text = std::fs::read_to_string(out_folder.join(format!("{layer}.geojson"))).expect(layer);
        let parsed: geojson::FeatureCollection = text.parse().expect("GeoJSON");
        assert!(parsed.features.len() > 1, "{layer}");
    }
    assert_eq!(std::fs::read_to_string(out_folder.join("rank.csv")).expect("the list").lines().count(), 11);
}

#[test]
fn hotspots_are_told_as_csv_and_what_cannot_be_tested_says_how_to_mend_it() {
    let config = repository("data/new-haven/hotblocks.toml");
    let config = config.to_string_lossy();
    let cells = ["hotspots", "--config", &config, "--units", "cells", "--cell", "500m", "--format", "csv"];
    let (code, out, err) = run(&cells);
    assert_eq!(code, 0, "{err}");
    let head = out.lines().next().expect("a header");
    assert!(
        ["incidents", "neighbors", "z", "p_permuted", "q", "bin"].iter().all(|name| head.contains(name)),
        "{head}"
    );
    assert!(out.lines().nth(1).is_some_and(|line| line.contains("square-500m_")), "{out}");
    let (code, _, err) = run(&[&cells[..], &["--neighbors", "band", "--band", "200m"]].concat());
    assert!(code != 0 && err.contains("give a longer band"), "{err}");
    let (code, _, err) = run(&[&cells[..], &["--statistic", "hotness"]].concat());
    assert!(code == 2 && err.contains("gi-star"), "{err}");
}

#[test]
fn the_demo_prints_ten_blocks_and_serves_the_map_where_it_says() {
    let mut demo = Process::new(assert_cmd::cargo::cargo_bin("hotblocks"))
        .args(["demo", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("runs");
    let mut lines = BufReader::new(demo.stdout.take().expect("piped")).lines();
    let mut seen = Vec::new();
    let address = loop {
        let line = lines.next().expect("the demo says its address").expect("UTF-8");
        if let Some((_, rest)) = line.split_once("http://") {
            break rest.split('/').next().expect("an address").to_owned();
        }
        seen.push(line);
    };
    assert_eq!(
        seen.iter().filter(|l| l.contains("segment") && l.contains("2014-09")).count()
            + seen.iter().filter(|l| l.contains(" node ") && l.contains("2014-09")).count(),
        10,
        "{seen:#?}"
    );
    let mut stream = std::net::TcpStream::connect(&address).expect("it listens");
    use std::io::{Read, Write};
    write!(stream, "GET /livez HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("ok\n"), "{answer}");
    // SIGTERM, and it ends by itself with 0.
    assert!(signal("TERM", demo.id()));
    assert_eq!(demo.wait().expect("ended").code(), Some(0));
}

#[test]
fn a_pipe_sees_no_progress_bar_and_a_closed_one_is_no_failure() {
    let config = repository("data/new-haven/hotblocks.toml");
    let (_, out, err) = run(&["rank", "--config", &config.to_string_lossy()]);
    assert!(!out.contains('\r') && !err.contains('\r') && !err.contains('\u{1b}'), "{err}");
    let mut child = Process::new(assert_cmd::cargo::cargo_bin("hotblocks"))
        .args(["rank", "--config", &config.to_string_lossy(), "--top", "2000", "--format", "geojson"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("runs");
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("ended").code(), Some(0));
}
