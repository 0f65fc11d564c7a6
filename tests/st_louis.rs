//! St. Louis, real: all 84 monthly files over the city's streets, against a script that we did not write in Rust.

mod common;

use std::collections::{BTreeMap, HashMap};
use std::process::Command;

use geo::Contains;
use hotblocks::analysis::density::kde::KdeParams;
use hotblocks::engine::query::Query;
use hotblocks::ingest::incidents::{self, Options};
use hotblocks::ingest::input::Input;
use hotblocks::ingest::refused::Account;
use hotblocks::model::incident::Located;
use hotblocks::model::report::{Place, Sign};
use hotblocks::model::reports::Ledger;
use hotblocks::space::coord::Metres;

/// Year of the coded month and two-digit class.
type Key = (i16, String);

/// Sums of `Count`, and totals of plus, minus, rows and rows at 0,0, as the Python script has them.
fn outside_totals(folder: &std::path::Path) -> (BTreeMap<Key, i64>, BTreeMap<String, i64>) {
    let script = common::repository("fixtures/st_louis_totals.py");
    let out =
        Command::new("python3").arg(script).arg(folder.join("incidents")).output().expect("python3 runs");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let text = String::from_utf8(out.stdout).expect("UTF-8");
    let (mut sums, mut totals) = (BTreeMap::new(), BTreeMap::new());
    for line in text.lines() {
        match line.split(',').collect::<Vec<_>>()[..] {
            [year, class, sum] if class.len() == 2 => {
                let key = (year.parse().expect("a year"), class.to_owned());
                sums.insert(key, sum.parse::<i64>().expect("a sum"));
            }
            [name, value] if value.parse::<i64>().is_ok() => {
                totals.insert(name.to_owned(), value.parse().expect("a number"));
            }
            _ => {}
        }
    }
    (sums, totals)
}

fn ledger_of(folder: &std::path::Path) -> (Ledger, Account) {
    let inputs: Vec<Input> =
        common::st_louis_months(folder).iter().map(|f| Input::at(f).expect("csv")).collect();
    assert_eq!(inputs.len(), 84);
    incidents::read(&inputs, &Options::default(), &|| ()).expect("readable")
}

/// The key of a report: its coded month is kept as that month's last day.
fn key(ledger: &Ledger, at: usize) -> Key {
    let report = ledger.reports.get(at);
    let day = report.recorded.expect("every row has a coded month").0;
    let date = jiff::civil::date(1970, 1, 1).saturating_add(jiff::Span::new().days(day));
    assert_eq!(date.day(), date.days_in_month());
    (date.year(), ledger.classes.get(report.class).code[..2].to_owned())
}

#[test]
fn reports_less_corrections_are_the_official_totals_of_every_year_and_class() {
    let Some(folder) = common::st_louis() else { return };
    let (ledger, account) = ledger_of(&folder);
    let (sums, totals) = outside_totals(&folder);
    assert_eq!(account.read as i64, totals["rows"]);
    assert_eq!(account.read, account.kept + account.refused.len());
    assert_eq!(account.refused.len(), 0, "{:?}", account.reasons());
    assert_eq!(account.flags.no_place as i64, totals["rows_at_0_0"]);
    let mut places: HashMap<(u64, u64), i64> = HashMap::new();
    for report in ledger.reports.iter() {
        if let Place::At(at) = report.place {
            *places.entry((at.lon().to_bits(), at.lat().to_bits())).or_default() += 1;
        }
    }
    assert_eq!(places.into_values().max(), Some(totals["rows_at_largest_place"]));
    let mut ours: BTreeMap<Key, i64> = BTreeMap::new();
    for (at, report) in ledger.reports.iter().enumerate() {
        *ours.entry(key(&ledger, at)).or_default() += if report.sign == Sign::Adds { 1 } else { -1 };
    }
    assert_eq!(ours, sums);
    let minus = ledger.reports.iter().filter(|r| r.sign == Sign::TakesBack).count();
    assert_eq!(minus as i64, totals["minus_rows"]);
}

/// What the rows of a year and class came to.
#[derive(Debug, Default)]
struct Sum {
    /// Reports of incidents with a place, in a block or in none, held or not.
    mapped: i64,
    /// Reports of incidents without one: none was given, or it is too far away.
    unlocated: i64,
    /// Reports of incidents whose place is kept back.
    withheld: i64,
    /// Corrections that find no report.
    unmatched: i64,
    /// Reports that are taken back by a correction, less corrections that take one back.
    taken_back: i64,
}

/// For every year of the coded month and every class:
///
/// ```text
/// sum of Count = mapped + unlocated + withheld - unmatched + taken back,
/// ```
///
/// where 'taken back' counts +1 in the year of the report and -1 in that of its correction. A pair stands mostly in
/// one year, and always in one class: over all years it is 0, and then the sum of Count is what is said without it.
#[test]
fn mapped_unlocated_withheld_and_unmatched_are_the_official_totals_of_every_year_and_class() {
    let Some(folder) = common::st_louis() else { return };
    let (ledger, _) = ledger_of(&folder);
    let (official, _) = outside_totals(&folder);
    let (snapshot, ..) = common::load(&common::st_louis_months(&folder), &folder.join("streets.parquet"));
    let data = snapshot.dataset();
    let located: HashMap<&str, Located> =
        (0..data.incidents.len()).map(|at| (data.incidents.id(at), data.incidents.located(at))).collect();
    let resolution = &data.resolution;
    let mut sums: BTreeMap<Key, Sum> = BTreeMap::new();
    let mut stands = vec![true; ledger.reports.len()];
    for &(report, correction) in &resolution.taken_back {
        assert_eq!(ledger.reports.sign(correction), Sign::TakesBack);
        assert_eq!(ledger.reports.class(report), ledger.reports.class(correction));
        (stands[report], stands[correction]) = (false, false);
        sums.entry(key(&ledger, report)).or_default().taken_back += 1;
        sums.entry(key(&ledger, correction)).or_default().taken_back -= 1;
    }
    for &at in &resolution.unmatched {
        stands[at] = false;
        sums.entry(key(&ledger, at)).or_default().unmatched += 1;
    }
    for at in (0..ledger.reports.len()).filter(|&at| stands[at]) {
        let report = ledger.reports.get(at);
        assert_eq!(report.sign, Sign::Adds);
        let sum = sums.entry(key(&ledger, at)).or_default();
        // Reports without an id are one incident only where they are of one place, so theirs is the incident's.
        let place = report.id.map_or_else(
            || match report.place {
                Place::At(_) => Located::Yes,
                Place::Missing => Located::Missing,
                Place::Withheld => Located::Withheld,
            },
            |id| located[id],
        );
        match place {
            Located::Yes => sum.mapped += 1,
            // The file gives no place for what was geocoded.
            Located::Missing | Located::Elsewhere | Located::Geocoded => sum.unlocated += 1,
            Located::Withheld => sum.withheld += 1,
        }
    }
    let said = |s: &Sum| s.mapped + s.unlocated + s.withheld - s.unmatched + s.taken_back;
    let ours: BTreeMap<Key, i64> = sums.iter().map(|(key, sum)| (key.clone(), said(sum))).collect();
    assert_eq!(ours, official);
    let mut by_class: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    for ((_, class), sum) in &sums {
        let both = by_class.entry(class).or_default();
        *both = (both.0 + said(sum) - sum.taken_back, both.1 + sum.taken_back);
    }
    for (class, (sum, taken_back)) in by_class {
        let years = official.iter().filter(|((_, c), _)| c == class).map(|(_, n)| n).sum::<i64>();
        assert_eq!((sum, taken_back), (years, 0), "class {class}");
    }
    assert!(sums.values().any(|sum| sum.taken_back != 0), "some are taken back in a later year");

    // The same reports, counted over the incidents: no other ones, and none twice.
    let reports = |wanted: &dyn Fn(usize) -> bool| -> i64 {
        (0..data.incidents.len())
            .filter(|&at| wanted(at))
            .map(|at| i64::from(data.incidents.reports(at)))
            .sum()
    };
    let of = |part: fn(&Sum) -> i64| sums.values().map(part).sum::<i64>();
    let is = |at: usize| data.incidents.located(at);
    assert_eq!(of(|s| s.mapped), reports(&|at| is(at) == Located::Yes));
    assert_eq!(of(|s| s.withheld), reports(&|at| is(at) == Located::Withheld));
    assert_eq!(
        of(|s| s.unlocated),
        reports(&|at| [Located::Missing, Located::Elsewhere, Located::Geocoded].contains(&is(at)))
    );
    // Mapped is in a block or in none, and held lies in either.
    let all = snapshot.select(&Query::default()).expect("all");
    let ranked = snapshot.rank(&all);
    let in_ranks: u64 = ranked.iter().map(|row| row.count.reports).sum();
    let out_of_ranks =
        reports(&|at| is(at).has_place() && (data.held[at] || data.assignment.main(at).is_none()));
    let geocoded = reports(&|at| is(at) == Located::Geocoded);
    assert!(geocoded > 0, "some addresses are found");
    assert_eq!(of(|s| s.mapped) + geocoded, in_ranks as i64 + out_of_ranks);
    // Counts have no sign, and no block has more incidents than reports: nothing was subtracted from any.
    for row in &ranked {
        assert!(row.count.incidents() <= row.count.reports, "{row:?}");
        assert_eq!(row.count.incidents() == 0, row.count.reports == 0, "{row:?}");
    }
}

#[test]
fn the_84_files_are_one_command_that_reports_rows_and_incidents() {
    let Some(folder) = common::st_louis() else { return };
    let mut command = assert_cmd::Command::cargo_bin("hotblocks").expect("the binary is built");
    command.arg("rank").arg("--incidents").args(common::st_louis_months(&folder)).arg("--blocks");
    let done = command.arg(folder.join("streets.parquet")).args(["--format", "csv", "--top", "100"]).assert();
    let done = done.success();
    let said = String::from_utf8_lossy(&done.get_output().stderr).into_owned();
    let (_, totals) = outside_totals(&folder);
    let rows = totals["rows"];
    let rows = format!("{},{:03}", rows / 1000, rows % 1000);
    assert!(said.contains(&format!("incidents: {rows} read · {rows} kept · 0 refused")), "{said}");
    assert!(said.contains("warning: ") && said.contains("until when the data are complete"), "{said}");
    assert!(said.contains(&format!("{rows} reports: ")) && said.contains("the rest are "), "{said}");
    let out = String::from_utf8_lossy(&done.get_output().stdout).into_owned();
    let mut table = csv::Reader::from_reader(out.as_bytes());
    let header = table.headers().expect("a header").clone();
    let at = |name: &str| header.iter().position(|column| column == name).expect(name);
    let (incidents, reports) = (at("incidents"), at("reports"));
    let rows: Vec<csv::StringRecord> = table.records().map(|row| row.expect("a row")).collect();
    assert_eq!(rows.len(), 100);
    for row in rows {
        let number = |at: usize| row[at].parse::<u64>().expect("a count");
        assert!(number(incidents) <= number(reports), "{row:?}");
    }
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
    // Headquarters are found. Their coordinate has 348 rows; the largest of these files, 1,010, is a shop on South
    // Grand, where thefts happen, and stays in the ranks. No coordinate but 0,0 has more.
    let held: Vec<_> = data.held_places.iter().map(|p| p.name.as_str()).collect();
    assert!(held.contains(&"1915 OLIVE ST"), "{held:?}");
    assert!(!held.iter().any(|name| name.contains("S GRAND BLVD")), "{held:?}");
    // Days after the horizon are told, and a period that ends there has none.
    let until = snapshot.complete_until().expect("St. Louis tells when it recorded");
    let (first, last) = snapshot.dates().expect("incidents");
    assert!(until < last && tally.after_complete > 0, "{tally:?}");
    let after = |period: String| {
        let query = Query { period: Some(period.parse().expect("a period")), ..Query::default() };
        let tally = snapshot.tally(&snapshot.select(&query).expect("all"));
        (tally.after_complete, tally.incidents)
    };
    assert_eq!(after(format!("{first}/{until}")).0, 0);
    let (later, of) = after(format!("{}/{last}", until.tomorrow().expect("a day")));
    assert_eq!((later, later), (tally.after_complete, of));
    // Seven years of files are seven years, not a month more.
    let years = jiff::civil::date(2012, 1, 1).until(jiff::civil::date(2019, 1, 1)).expect("days").get_days();
    assert_eq!(snapshot.observed_days(&Query::default()), i64::from(years));
    let ranked = snapshot.rank(&all);
    assert!(ranked[0].count.incidents() > ranked[50].count.incidents());

    let selection = snapshot
        .select(&Query {
            period: Some("2018-01-01/2018-12-31".parse().expect("a year")),
            categories: vec!["robbery".into()],
            ..Query::default()
        })
        .expect("known");
    let result =
        snapshot.density(&selection, &KdeParams::quartic(Metres(300.0)), Metres(50.0)).expect("a density");
    let places = common::drawn(&snapshot, &selection);
    for contour in &result.contours {
        let inside = places.iter().filter(|p| contour.shape.contains(&geo::Point::new(p.x, p.y))).count();
        assert_eq!(inside, contour.inside);
        let asked = (contour.level * places.len() as f64).ceil() as usize;
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
