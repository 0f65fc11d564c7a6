//! Households as exposure, as budget and as capacity: polygons that tell how many live in them, and one that does not.

use crate::common;

use common::command::hotblocks;
use common::command::told;
use serde_json::{Value as Json, json};

/// Households of six squares in a row, from the west, and how many burglaries there were in each.
const SQUARES: [(Option<f64>, usize); 6] =
    [(Some(40.0), 24), (Some(200.0), 30), (None, 12), (Some(10.0), 9), (Some(60.0), 6), (Some(90.0), 27)];

struct Row {
    _folder: tempfile::TempDir,
    files: [String; 2],
}

fn row() -> Row {
    row_of(SQUARES)
}

fn row_of(squares: [(Option<f64>, usize); 6]) -> Row {
    let folder = tempfile::tempdir().expect("a folder");
    let side = 0.002;
    let square = |(at, (households, _)): (usize, &(Option<f64>, usize))| {
        let (west, south) = (-90.2 + side * at as f64, 38.6);
        let (east, north) = (west + side, south + side);
        json!({"type": "Feature", "properties": {"name": format!("Square {at}"), "households": households},
            "geometry": {"type": "Polygon", "coordinates":
                [[[west, south], [east, south], [east, north], [west, north], [west, south]]]}})
    };
    let features: Vec<Json> = squares.iter().enumerate().map(square).collect();
    let mut table = String::from("date,category,longitude,latitude\n");
    for (at, (_, n)) in squares.iter().enumerate() {
        for day in 0..*n {
            let lon = -90.2 + side * (at as f64 + 0.5);
            table += &format!("2018-01-{:02} 10:{day:02},burglary,{lon},38.601\n", 1 + day % 31);
        }
    }
    let write = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.to_string_lossy().into_owned()
    };
    let blocks = json!({"type": "FeatureCollection", "features": features}).to_string();
    let files = [write("incidents.csv", table), write("blocks.geojson", blocks)];
    Row { _folder: folder, files }
}

impl Row {
    fn ask(&self, args: &[&str]) -> Json {
        let [incidents, blocks] = &self.files;
        let inputs = ["--incidents", incidents, "--blocks", blocks, "--format", "json"];
        let (code, out, err) = told(hotblocks().args(args).args(inputs));
        assert_eq!(code, 0, "{args:?}: {err}");
        serde_json::from_str(&out).expect("JSON")
    }
}

fn square(row: &Json) -> usize {
    let name = row["name"].as_str().expect("a name");
    name.strip_prefix("Square ").and_then(|at| at.parse().ok()).unwrap_or_else(|| panic!("{name}"))
}

#[test]
fn a_rate_per_household_divides_by_years_and_households_and_draws_to_the_city_s() {
    let row = row();
    let answer = row.ask(&["rank", "--by", "rate", "--per", "households", "--draws", "500"]);
    let rows = answer["rows"].as_array().expect("rows");
    let told = &answer["provenance"]["parameters"];
    let fit = &told["fit"][0];
    let (alpha, beta) = (fit["alpha"].as_f64().expect("a fit"), fit["beta"].as_f64().expect("a fit"));
    let years = told["observed_days"].as_f64().expect("days") / 365.25;
    let expected = |at: usize| {
        let (households, n) = SQUARES[at];
        Some((alpha + n as f64) / (beta + years * households?))
    };
    let mut order: Vec<usize> = (0..SQUARES.len()).filter(|&at| expected(at).is_some()).collect();
    order.sort_by(|&a, &b| expected(b).partial_cmp(&expected(a)).expect("numbers"));
    let ranked: Vec<&Json> = rows.iter().filter(|row| row["rank"].is_number()).collect();
    assert_eq!(ranked.iter().map(|row| square(row)).collect::<Vec<_>>(), order);
    for row in &ranked {
        let rate = row["rate_mean"].as_f64().expect("a rate");
        assert!((rate / expected(square(row)).expect("households") - 1.0).abs() < 1e-4, "{row:#}");
    }
    // By counts another square is first, and what has no households is told.
    let first = |by: &Json| square(&by["rows"][0]);
    assert_ne!(first(&answer), first(&row.ask(&["rank", "--draws", "0"])));
    assert_eq!(told["without_exposure"], 1);
    assert!(told["warnings"].to_string().contains("12 scored incidents"), "{told:#}");
}

/// Every choice of neighboring squares, its households and its burglaries; a row's connected parts are its runs.
fn best_run(budget: f64) -> usize {
    let mut best = 0;
    for from in 0..SQUARES.len() {
        let (mut households, mut n) = (0.0, 0);
        for (own, more) in &SQUARES[from..] {
            let Some(own) = own else { break };
            (households, n) = (households + own, n + more);
            if households <= budget {
                best = best.max(n);
            }
        }
    }
    best
}

#[test]
fn one_place_within_a_budget_of_households_is_the_best_run_of_squares() {
    let row = row();
    for budget in [45.0, 75.0, 160.0, 245.0] {
        let budget_told = format!("{budget}households");
        let answer = row.ask(&["areas", "--budget", &budget_told, "--most-places", "1"]);
        let rows = answer["rows"].as_array().expect("rows");
        let sum = |name: &str| rows.iter().map(|row| row[name].as_f64().expect(name)).sum::<f64>();
        assert!(rows.len() == 1 && sum("households") <= budget, "{answer:#}");
        assert_eq!(sum("incidents"), best_run(budget) as f64, "{budget}: {answer:#}");
        assert_eq!(answer["provenance"]["parameters"]["gap"], 0.0);
    }
}

#[test]
fn squares_where_nobody_lives_cost_as_much_as_one_household() {
    let row = row_of(SQUARES.map(|(_, n)| (Some(0.0), n)));
    let answer = row.ask(&["areas", "--budget", "2households", "--most-places", "1"]);
    let rows = answer["rows"].as_array().expect("rows");
    assert_eq!(
        (rows.len(), rows[0]["blocks"].as_u64()),
        (1, Some(2)),
        "not all of them for nothing: {answer:#}"
    );
    assert_eq!(rows[0]["incidents"], 54.0);
}

#[test]
fn a_list_is_filled_to_so_many_households() {
    let row = row();
    let answer =
        row.ask(&["list", "--capacity", "150households", "--as-of", "2018-02-01", "--draws", "2000"]);
    let taken: Vec<usize> =
        answer["versions"][0]["blocks"].as_array().expect("blocks").iter().map(square).collect();
    let households: f64 = taken.iter().map(|&at| SQUARES[at].0.expect("one with households")).sum();
    // The surest are Squares 1, 5 and 0; 1 alone is more than the team can serve, 5 and 0 are not.
    assert!(
        households <= 150.0 && taken.contains(&5) && taken.contains(&0) && !taken.contains(&1),
        "{taken:?}"
    );
}
