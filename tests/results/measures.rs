//! Further measures beside incidents: victims and offenses, by the unit that a source says its rows are of.

use crate::common::command::{hotblocks, told};
use crate::common::town;
use serde_json::{Value as Json, json};

/// Three rows of one event at one place and one row of another at the next, by a source of some unit.
fn ranked(unit: &str) -> Vec<Json> {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| town::write(folder.path(), name, text);
    let square = |at: usize| {
        let (west, south) = (-90.2 + 0.002 * at as f64, 38.6);
        let (east, north) = (west + 0.002, south + 0.002);
        json!({"type": "Feature", "properties": {"name": format!("Square {at}")}, "geometry":
            {"type": "Polygon", "coordinates":
                [[[west, south], [east, south], [east, north], [west, north], [west, south]]]}})
    };
    let squares: Vec<Json> = (0..2).map(square).collect();
    let blocks =
        write("blocks.geojson", &json!({"type": "FeatureCollection", "features": squares}).to_string());
    let row = |id: &str, lon: f64| format!("{id},2018-03-01 10:00,robbery,{lon},38.601\n");
    let of_first = row("a", -90.199).repeat(3);
    let mut command = hotblocks();
    command.args(["rank", "--draws", "0", "--format", "json", "--blocks", &blocks]);
    let layout = format!(
        "name = \"{unit}s\"\ntitle = \"Rows of one {unit} each\"\nunit = \"{unit}\"\ntime_zone = \"UTC\"\ncrs = \"EPSG:4326\"\n\
         required = [\"{unit}id\", \"lon\"]\n[columns]\nid = \"{unit}id\"\noccurred = \"when\"\nclass = \"what\"\nx = \"lon\"\ny = \"lat\"\n\
         [formats]\noccurred = [\"%Y-%m-%d %H:%M\"]\n"
    );
    let table = format!("{unit}id,when,what,lon,lat\n{of_first}{}", row("b", -90.197));
    let layout = write(&format!("{unit}.toml"), &layout);
    command.args(["--incidents", &write(&format!("{unit}.csv"), &table), "--layout", &layout]);
    let (code, out, err) = told(&mut command);
    assert_eq!(code, 0, "{unit}: {err}");
    let answer: Json = serde_json::from_str(&out).expect("JSON");
    answer["rows"].as_array().expect("rows").clone()
}

#[test]
fn reports_are_victims_or_offenses_where_the_source_counts_those_and_neither_decides_a_rank() {
    for (unit, victims, offenses) in [
        ("victim", [json!(3), json!(1)], [Json::Null, Json::Null]),
        ("offense", [Json::Null, Json::Null], [json!(3), json!(1)]),
        ("incident", [Json::Null, Json::Null], [Json::Null, Json::Null]),
    ] {
        let rows = ranked(unit);
        let told = |field: &str| -> Vec<Json> { rows.iter().map(|row| row[field].clone()).collect() };
        assert_eq!((told("victims"), told("offenses")), (victims.to_vec(), offenses.to_vec()), "{unit}");
        // One incident each, so they are tied whatever else is told of them.
        assert_eq!((told("incidents"), told("tied_with")), (vec![json!(1); 2], vec![json!(1); 2]), "{unit}");
    }
}
