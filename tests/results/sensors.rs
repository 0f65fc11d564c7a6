//! Where no sensor listens nothing was heard: of what sensors alone brought up such blocks have no exposure, everywhere alike.

use std::path::Path;

use crate::common::command::{hotblocks, told};
use crate::common::town;
use serde_json::{Value as Json, json};

const COLUMNS: usize = 12;
const ROWS: usize = 6;
/// Columns of squares, from the west, where sensors listen.
const LISTENED: usize = 8;
const SIDE: f64 = 0.002;

const LAYOUT: &str = r#"
name = "town"
title = "A town whose sensors hear half of it"
unit = "incident"
time_zone = "America/Chicago"
crs = "EPSG:4326"
required = ["lon", "lat", "when", "heard"]
[columns]
occurred = "when"
class = "what"
x = "lon"
y = "lat"
origin = "heard"
[formats]
occurred = ["%Y-%m-%d %H:%M"]
[values.origin]
sensor = ["sensor"]
citizen = ["citizen"]
"#;

/// What sensors heard in each square; the two far in the east, where none listens, were placed wrongly.
fn heard(column: usize, row: usize) -> usize {
    match (column, row) {
        (3, 2) => 23,
        (4, 2) => 17,
        (3, 3) => 14,
        (11, 5) => 2,
        (LISTENED.., _) => 0,
        _ => (column * 7 + row * 5) % 4,
    }
}

struct Town {
    folder: tempfile::TempDir,
}

fn square(column: usize, row: usize) -> Json {
    let (west, south) = (-90.2 + SIDE * column as f64, 38.6 + SIDE * row as f64);
    let (east, north) = (west + SIDE, south + SIDE);
    json!({"type": "Feature", "properties": {"name": format!("Square {column}.{row}")},
        "geometry": {"type": "Polygon", "coordinates":
            [[[west, south], [east, south], [east, north], [west, north], [west, south]]]}})
}

fn squares(columns: std::ops::Range<usize>) -> String {
    let features: Vec<Json> =
        (0..ROWS).flat_map(|row| columns.clone().map(move |column| square(column, row))).collect();
    json!({"type": "FeatureCollection", "features": features}).to_string()
}

impl Town {
    fn new() -> Self {
        let mut table = String::from("when,what,lon,lat,heard\n");
        let mut add = |n: usize, column: usize, row: usize, origin: &str| {
            let up = if origin == "sensor" { 0.3 } else { 0.7 };
            for nth in 0..n {
                let (lon, lat) = (
                    -90.2 + SIDE * (column as f64 + 0.5),
                    38.6 + SIDE * (row as f64 + up) + 1e-5 * nth as f64,
                );
                let year = 2012 + nth % 8;
                let (month, day) = (1 + (column + nth) % 12, 1 + (3 * row + nth) % 28);
                table += &format!(
                    "{year}-{month:02}-{day:02} 1{}:{:02},robbery,{lon},{lat},{origin}\n",
                    nth % 10,
                    column + row
                );
            }
        };
        for (column, row) in (0..COLUMNS).flat_map(|column| (0..ROWS).map(move |row| (column, row))) {
            add(heard(column, row), column, row, "sensor");
            add((column + 2 * row) % 5, column, row, "citizen");
        }
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| town::write(folder.path(), name, text);
        write("incidents.csv", &table);
        write("layout.toml", LAYOUT);
        write("all.geojson", &squares(0..COLUMNS));
        write("west.geojson", &squares(0..LISTENED));
        let (east, north) = (-90.2 + SIDE * LISTENED as f64, 38.6 + SIDE * ROWS as f64);
        let zone = json!({"type": "FeatureCollection", "features": [{"type": "Feature",
            "properties": {"name": "Zone 1"}, "geometry": {"type": "Polygon", "coordinates":
                [[[-90.2, 38.6], [east, 38.6], [east, north], [-90.2, north], [-90.2, 38.6]]]}}]});
        write("zone.geojson", &zone.to_string());
        Self { folder }
    }

    fn at(&self, name: &str) -> String {
        Path::join(self.folder.path(), name).to_string_lossy().into_owned()
    }

    fn run(&self, args: &[&str], blocks: &str, knows: bool) -> Json {
        let (incidents, layout, blocks) = (self.at("incidents.csv"), self.at("layout.toml"), self.at(blocks));
        let zone = format!("sensor-coverage={}", self.at("zone.geojson"));
        let mut command = hotblocks();
        command.args(args).args(["--incidents", &incidents, "--layout", &layout, "--blocks", &blocks]);
        if knows {
            command.args(["--areas", &zone]);
        }
        let (code, out, err) = told(command.args(["--format", "json"]));
        assert_eq!(code, 0, "{args:?}: {err}");
        serde_json::from_str(&out).expect("JSON")
    }

    /// Of sensors alone: where it is known where they listen, where it is not, and over the blocks where they do, alone.
    fn three(&self, args: &[&str]) -> [Json; 3] {
        let args = [args, &["--origin", "sensor"]].concat();
        [
            self.run(&args, "all.geojson", true),
            self.run(&args, "all.geojson", false),
            self.run(&args, "west.geojson", false),
        ]
    }
}

/// Of each row with a name, some of its fields.
fn by_name<'a>(answer: &'a Json, fields: &[&str]) -> Vec<(&'a str, Vec<&'a Json>)> {
    let rows = answer["rows"].as_array().expect("rows");
    let mut told: Vec<(&str, Vec<&Json>)> = rows
        .iter()
        .map(|row| (row["name"].as_str().expect("a name"), fields.iter().map(|field| &row[field]).collect()))
        .collect();
    told.sort_by_key(|(name, _)| *name);
    told
}

fn column(name: &str) -> usize {
    name.trim_start_matches("Square ").split_once('.').and_then(|(c, _)| c.parse().ok()).expect("a column")
}

#[test]
fn of_sensors_alone_blocks_are_ranked_as_if_the_others_were_not_there() {
    let town = Town::new();
    for by in [&["rank", "--by", "count"][..], &["rank", "--by", "rate"]] {
        let [known, unknown, west] = town.three(&[by, &["--draws", "300", "--top", "100"]].concat());
        let fields = [
            "rank",
            "incidents",
            "rate_mean",
            "rate_lo",
            "rate_hi",
            "p_top",
            "rank_expected",
            "rank_lo",
            "rank_hi",
        ];
        let heard = |answer: &Json| {
            let told = by_name(answer, &fields);
            let told: Vec<_> = told
                .into_iter()
                .filter(|(name, _)| column(name) < LISTENED)
                .map(|row| format!("{row:?}"))
                .collect();
            assert_eq!(told.len(), LISTENED * ROWS);
            told
        };
        assert_eq!(heard(&known), heard(&west));
        assert_ne!(heard(&unknown), heard(&west), "zeros that nobody heard draw rates down");
        for (name, told) in by_name(&known, &["rank", "rank_expected"]) {
            assert!(column(name) < LISTENED || told.iter().all(|told| told.is_null()), "{name}: {told:?}");
        }
        let said = |answer: &Json| answer["provenance"]["parameters"]["warnings"].to_string();
        assert!(said(&known).contains("no sensor listens in 24 of 72 blocks"), "{}", said(&known));
        assert!(said(&unknown).contains("where they listen is not known"), "{}", said(&unknown));
        assert_eq!(known["provenance"]["parameters"]["without_exposure"], 24);
    }
}

#[test]
fn what_others_brought_up_is_ranked_everywhere_and_a_mixture_says_what_is_missing() {
    let town = Town::new();
    let of = |origin: &str, knows| {
        town.run(&["rank", "--by", "rate", "--draws", "100", "--origin", origin], "all.geojson", knows)
    };
    let (known, unknown) = (of("citizen", true), of("citizen", false));
    let without_areas = |answer: &Json| {
        let mut rows = answer["rows"].as_array().expect("rows").clone();
        rows.iter_mut().for_each(|row| drop(row.as_object_mut().and_then(|row| row.remove("areas"))));
        rows
    };
    assert_eq!(without_areas(&known), without_areas(&unknown));
    assert!(!known["provenance"]["parameters"]["warnings"].to_string().contains("sensor"));
    let mixed = of("citizen,sensor", true);
    let said = mixed["provenance"]["parameters"]["warnings"].to_string();
    assert!(said.contains("listen in 48 of 72 blocks"), "{said}");
    assert!(mixed["provenance"]["parameters"].get("without_exposure").is_none(), "{mixed:#}");
}

#[test]
fn hot_spots_scans_concentration_and_densities_leave_out_what_was_not_heard() {
    let town = Town::new();
    let near = ["--permutations", "999"];
    let [known, unknown, west] = town.three(&[&["hotspots"], &near[..]].concat());
    let z = |answer: &Json| format!("{:?}", by_name(answer, &["z", "p", "q"]));
    assert_eq!(z(&known), z(&west));
    assert_ne!(z(&unknown), z(&west));
    let outside = |answer: &Json| answer["provenance"]["parameters"]["outside"].clone();
    assert_eq!((outside(&known), outside(&unknown)), (json!(2), json!(0)));

    let told = |answer: &Json| answer["rows"].to_string();
    let [known, unknown, west] = town.three(&["rank", "--view", "concentration"]);
    assert_eq!(told(&known), told(&west));
    assert_ne!(told(&unknown), told(&west));

    let scan = ["clusters", "--method", "scan", "--eps", "400m", "--min-points", "3", "--exposure", "area"];
    let [known, unknown, west] = town.three(&scan);
    assert_eq!(told(&known), told(&west));
    assert_ne!(told(&unknown), told(&west));
    assert_eq!(known["provenance"]["parameters"]["without_exposure"], 2);

    let density =
        ["density", "--bandwidth", "300m", "--cell", "50m", "--edge", "uniform", "--contours", "mean"];
    let [known, unknown, _] = town.three(&density);
    let ground = |answer: &Json| answer["provenance"]["parameters"]["study_area"].clone();
    assert_eq!(ground(&known), "areas of the kind sensor-coverage", "{known:#}");
    assert_ne!(ground(&known), ground(&unknown));
}
