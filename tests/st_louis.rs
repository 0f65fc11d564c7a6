//! St. Louis, real: all 84 monthly files over the city's streets, against a script that we did not write in Rust.

mod common;

use std::collections::BTreeMap;
use std::process::Command;

use geo::Contains;
use hotblocks::analysis::kde::KdeParams;
use hotblocks::engine::query::Query;
use hotblocks::ingest::incidents::{self, Options};
use hotblocks::ingest::input::Input;
use hotblocks::model::report::Sign;
use hotblocks::space::coord::Metres;

/// Sum of `Count` by class, plus, minus, rows and rows at 0,0, as the Python script has them.
fn outside_totals(folder: &std::path::Path) -> (BTreeMap<String, i64>, BTreeMap<String, i64>) {
    let script = common::repository("fixtures/st_louis_totals.py");
    let out =
        Command::new("python3").arg(script).arg(folder.join("incidents")).output().expect("python3 runs");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let text = String::from_utf8(out.stdout).expect("UTF-8");
    let (mut by_class, mut totals) = (BTreeMap::new(), BTreeMap::new());
    for line in text.lines() {
        match line.split(',').collect::<Vec<_>>()[..] {
            [_, class, sum] if class.len() == 2 => {
                *by_class.entry(class.to_owned()).or_insert(0) += sum.parse::<i64>().expect("a sum");
            }
            [name, value] if value.parse::<i64>().is_ok() => {
                totals.insert(name.to_owned(), value.parse().expect("a number"));
            }
            _ => {}
        }
    }
    (by_class, totals)
}

#[test]
fn reports_less_corrections_are_the_official_totals_of_every_class() {
    let Some(folder) = common::st_louis() else { return };
    let inputs: Vec<Input> =
        common::st_louis_months(&folder).iter().map(|f| Input::at(f).expect("csv")).collect();
    assert_eq!(inputs.len(), 84);
    let (ledger, account) = incidents::read(&inputs, &Options::default(), &|| ()).expect("readable");
    let (by_class, totals) = outside_totals(&folder);
    assert_eq!(account.read as i64, totals["rows"]);
    assert_eq!(account.read, account.kept + account.refused.len());
    assert_eq!(account.refused.len(), 0, "{:?}", account.reasons());
    let mut ours: BTreeMap<String, i64> = BTreeMap::new();
    for report in ledger.reports.iter() {
        let class = ledger.classes.get(report.class).code[..2].to_owned();
        *ours.entry(class).or_default() += if report.sign == Sign::Adds { 1 } else { -1 };
    }
    assert_eq!(ours, by_class);
    let minus = ledger.reports.iter().filter(|r| r.sign == Sign::TakesBack).count();
    assert_eq!(minus as i64, totals["minus_rows"]);
}

#[test]
fn the_whole_city_is_ranked_and_every_report_is_accounted_for() {
    let Some(folder) = common::st_louis() else { return };
    let (snapshot, ..) = common::load(&common::st_louis_months(&folder), &folder.join("streets.parquet"));
    let data = snapshot.dataset();
    let r = &data.resolution;
    let in_incidents: usize =
        (0..data.incidents.len()).map(|at| usize::from(data.incidents.reports(at))).sum();
    assert_eq!(r.reports, r.superseded + r.withdrawn + 2 * r.cancelled + r.unmatched.len() + in_incidents);
    assert_eq!(in_incidents, data.incidents.len() + r.merged);
    // Of 3,521 corrections with a complaint 3,371 match; without one (2012, early 2013) most do.
    assert!(r.cancelled >= 3_371 && r.unmatched.len() < 400, "{r:?}");
    assert_eq!(data.crs.to_string(), "EPSG:32615");
    // US feet read rightly: the middle of the incidents lies in the city.
    let all = snapshot.select(&Query::default()).expect("all");
    let tally = snapshot.tally(&all);
    let unlocated: usize = tally.unlocated.values().sum();
    assert_eq!(tally.in_blocks + tally.unassigned + tally.held + unlocated, tally.incidents);
    assert!(tally.in_blocks as f64 / tally.incidents as f64 > 0.95, "{tally:?}");
    assert!(tally.unlocated["withheld"] > 1_000, "rapes lie at 0,0: {tally:?}");
    let headquarters: Vec<_> = data.held_places.iter().map(|p| p.name.as_str()).collect();
    assert!(headquarters.contains(&"1915 OLIVE ST"), "{headquarters:?}");
    let ranked = snapshot.rank(&all);
    assert!(ranked[0].count.incidents() > ranked[50].count.incidents());

    let selection = snapshot
        .select(&Query {
            period: Some("2018-01-01/2018-12-31".parse().expect("a year")),
            categories: vec!["robbery".into()],
            ..Query::default()
        })
        .expect("known");
    let result = snapshot
        .density(&selection, &KdeParams { bandwidth: Metres(300.0) }, Metres(50.0))
        .expect("a density");
    let places = common::drawn(&snapshot, &selection);
    for contour in &result.contours {
        let inside = places.iter().filter(|p| contour.shape.contains(&geo::Point::new(p.x, p.y))).count();
        assert_eq!(inside, contour.inside);
        let asked = (contour.share * places.len() as f64).ceil() as usize;
        assert!((asked..asked + 10).contains(&inside), "{inside} of {asked}");
    }
}

#[test]
fn files_of_18_20_and_26_columns_give_the_same_kind_of_incident() {
    let Some(folder) = common::st_louis() else { return };
    for (file, with_id) in
        [("2012/april2012.csv", false), ("2018/august2018.csv", true), ("2017/may2017.csv", true)]
    {
        let input = Input::at(&folder.join("incidents").join(file)).expect("csv");
        let (ledger, account) = incidents::read(&[input], &Options::default(), &|| ()).expect(file);
        assert!(account.kept > 3_000 && account.refused.is_empty(), "{file}: {:?}", account.reasons());
        assert_eq!(ledger.sources[0].name, "slmpd");
        let ids = ledger.reports.iter().filter(|r| r.id.is_some()).count();
        assert_eq!(ids > ledger.reports.len() / 2, with_id, "{file}: {ids} ids");
    }
}

#[test]
fn a_wrong_crs_is_refused_with_where_everything_landed() {
    let Some(folder) = common::st_louis() else { return };
    let input = Input::at(&folder.join("incidents/2018/august2018.csv")).expect("csv");
    // The layout says US feet; one that says metres instead, as the code's neighbor does.
    let layout = std::fs::read_to_string(common::repository("data/layouts/slmpd.toml")).expect("shipped");
    let wrong = layout.replace("ESRI:102696", "EPSG:2815");
    assert_ne!(wrong, layout);
    let wrong = Options { layout: Some(("wrong.toml".to_owned(), wrong)), ..Options::default() };
    let (ledger, _) = incidents::read(&[input], &wrong, &|| ()).expect("readable");
    let blocks = Input::at(&folder.join("streets.parquet")).expect("parquet");
    let (shapes, _) = hotblocks::ingest::blocks::read(&blocks, None).expect("streets");
    let hotblocks::ingest::blocks::Shapes::Streets(streets) = shapes else { panic!("lines") };
    let ground = hotblocks::engine::build::Ground::Streets(streets);
    let error = hotblocks::engine::build::build(ledger, &ground, hotblocks::engine::build::About::default())
        .expect_err("Lake Huron is not St. Louis");
    let text = error.to_string();
    assert!(text.contains("--crs") && text.contains("latitude 38"), "{text}");
}
