//! Counts end to end: every cell against a plain count of the incidents, sums, zeros, clocks, what is compared and what is not.

#[path = "common/cases.rs"]
mod cases;
mod common;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use cases::cases;
use common::answers::{ask, get, number, parameter};
use common::command::{SAMPLE, run};
use common::town::{town as town_streets, town_of, write};
use geo::{LineString, MultiPolygon, Polygon};
use hotblocks::analysis::chance::Chance;
use hotblocks::encode;
use hotblocks::engine::Engine;
use hotblocks::engine::areas::set_areas;
use hotblocks::engine::counts::axis::Axis;
use hotblocks::engine::counts::keys::{Key, NoArea};
use hotblocks::engine::params::counts::COUNTS;
use hotblocks::engine::params::values::Values;
use hotblocks::engine::query::Query;
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::layer::{Feature, Layer, Value};
use hotblocks::model::areas::{Area, AreaKind};
use hotblocks::model::dataset::Dataset;
use hotblocks::model::horizon::Horizon;
use hotblocks::model::report::Day;
use hotblocks::rank::rate_ratio::rate_ratio;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use proptest::prelude::*;
use serde_json::Value as Json;
use tower::ServiceExt;

const CATEGORIES: [&str; 6] = ["robbery", "burglary", "larceny", "rape", "family_offense", "odd"];
const ORIGINS: [&str; 3] = ["citizen", "officer", ""];
/// West, east and north lie in areas, south in none, the next has no block, the last no place.
const PLACES: [&str; 6] = ["-90.205,38.6", "-90.195,38.6", "-90.2,38.605", "-90.2,38.595", "-90.3,38.6", ","];

fn chicago() -> TimeZone {
    TimeZone::get("America/Chicago").expect("a zone of the bundled database")
}

/// A square of degrees as an area.
fn area(name: &str, west: f64, south: f64, east: f64, north: f64) -> Area {
    let ring: LineString = [(west, south), (east, south), (east, north), (west, north)].into_iter().collect();
    let shape = MultiPolygon(vec![Polygon::new(ring, Vec::new())]);
    Area { name: Some(name.to_owned()), shape, ..Area::default() }
}

/// Incidents of a table in a town with three areas, by the clocks of Chicago, complete until a date.
fn made(rows: &str, until: Option<Date>) -> Snapshot {
    let mut dataset = town_of(rows, None).dataset().clone();
    dataset.sources.iter_mut().for_each(|source| source.zone = chicago());
    let areas = vec![
        area("West", -90.215, 38.598, -90.2015, 38.602),
        area("East", -90.1985, 38.598, -90.185, 38.602),
        area("=North", -90.201, 38.6015, -90.199, 38.612),
        area("Nobody's", -90.23, 38.58, -90.22, 38.59),
    ];
    set_areas(&mut dataset, vec![(AreaKind::Ward, areas)]).expect("near");
    let as_of = |day: Date| Day(date(1970, 1, 1).until(day).expect("days").get_days());
    dataset.horizons =
        vec![until.map(|day| Horizon { as_of: as_of(day), lag_days: 0, reports: 1 }); dataset.sources.len()];
    Snapshot::new(dataset, 1)
}

const HEADER: &str = "case_id,date,category,longitude,latitude,origin";

/// Two and a half years of seeded incidents of all kinds, some of several classes.
fn town() -> Snapshot {
    let mut chance = Chance::new(7, 1);
    let mut one = |of: &[&'static str]| of[chance.below(of.len() as u32) as usize];
    let mut rows = HEADER.to_owned();
    let begin = date(2016, 1, 1).to_zoned(TimeZone::UTC).expect("a time").timestamp().as_second();
    for n in 0..1_500_i64 {
        let second = begin + n * 52_437;
        let time = Timestamp::from_second(second).expect("a time").strftime("%Y-%m-%dT%H:%M:%S+00:00");
        let (category, place, origin) = (one(&CATEGORIES), one(&PLACES), one(&ORIGINS));
        rows.push_str(&format!("\n{n},{time},{category},{place},{origin}"));
        if n % 11 == 0 {
            rows.push_str(&format!("\n{n},{time},{},{place},{origin}", one(&CATEGORIES)));
        }
    }
    let snapshot = made(&(rows + "\n"), Some(date(2018, 5, 20)));
    let mut dataset = snapshot.dataset().clone();
    // Some are booked where they did not happen.
    (0..dataset.held.len()).step_by(17).for_each(|at| dataset.held[at] = true);
    Snapshot::new(dataset, 1)
}

static TOWN: LazyLock<Snapshot> = LazyLock::new(town);

fn counts(snapshot: &Snapshot, pairs: &[(&str, &str)]) -> Layer {
    ask(snapshot, &COUNTS, pairs).unwrap_or_else(|error| panic!("{pairs:?}: {error}"))
}

fn of(feature: &Feature, name: &str) -> f64 {
    number(get(&feature.properties, name))
}

fn row<'a>(layer: &'a Layer, id: &str) -> &'a Feature {
    layer.features.iter().find(|row| row.id == id).unwrap_or_else(|| {
        panic!("no row {id}: {:?}", layer.features.iter().map(|row| &row.id).collect::<Vec<_>>())
    })
}

/// When an incident began by the clock of its source.
fn local(data: &Dataset, at: usize) -> Zoned {
    let zone = data.sources[usize::from(data.incidents.source(at))].zone.clone();
    Timestamp::from_second(data.incidents.when(at).from).expect("a time").to_zoned(zone)
}

/// The key of an incident, found the long way.
fn key(data: &Dataset, at: usize, axis: &str) -> String {
    let when = local(data, at);
    let day = when.date();
    let back = |days: i64| day.saturating_sub(jiff::Span::new().days(days));
    match axis {
        "category" => {
            let class = data.incidents.classes(at).min_by_key(|&class| data.classes.seriousness(class));
            let category = class.and_then(|class| data.classes.get(class).category);
            category.map_or("unknown".to_owned(), |row| data.classes.tree().rows()[row].name.clone())
        }
        "source" => data.sources[usize::from(data.incidents.source(at))].name.clone(),
        "origin" => data.incidents.origin(at).word().to_owned(),
        "day" => day.to_string(),
        "week" => back(i64::from(day.weekday().to_monday_zero_offset())).to_string(),
        "month" => day.to_string()[..7].to_owned(),
        "year" => day.to_string()[..4].to_owned(),
        "weekday" => when.strftime("%a").to_string(),
        "hour" => when.strftime("%H").to_string(),
        other => panic!("{other}"),
    }
}

#[test]
fn every_cell_is_the_plain_count_of_its_incidents() {
    let data = TOWN.dataset();
    for by in [
        "",
        "category",
        "source",
        "origin,weekday",
        "day",
        "week",
        "month,category",
        "year,hour",
        "weekday,hour",
        "hour,category,year",
    ] {
        for period in [None, Some("2016-10-03/2017-04-09")] {
            let mut expected: BTreeMap<String, u64> = BTreeMap::new();
            // Without a period the calendar begins with the first observed day.
            let begins = by.split(',').any(|axis| ["day", "week", "month", "year"].contains(&axis));
            let begin = TOWN.observed_from().filter(|_| begins && period.is_none());
            let dates = period.map(|p| p.parse::<hotblocks::model::period::Period>().expect("a period"));
            for at in 0..data.incidents.len() {
                let day = local(data, at).date();
                if dates.is_some_and(|p| p.first() > Some(day) || p.last() < Some(day)) || begin > Some(day) {
                    continue;
                }
                let keys: Vec<String> =
                    by.split(',').filter(|axis| !axis.is_empty()).map(|axis| key(data, at, axis)).collect();
                let id = if keys.is_empty() { "all".to_owned() } else { keys.join("|") };
                *expected.entry(id).or_default() += 1;
            }
            let mut pairs = Vec::new();
            pairs.extend(period.map(|period| ("period", period)));
            pairs.extend((!by.is_empty()).then_some(("by", by)));
            let layer = counts(&TOWN, &pairs);
            let sum: f64 = layer.features.iter().map(|row| of(row, "incidents")).sum();
            assert_eq!(sum, expected.values().sum::<u64>() as f64, "{by} {period:?}");
            let found: BTreeMap<String, u64> = layer
                .features
                .iter()
                .map(|row| (row.id.clone(), of(row, "incidents") as u64))
                .filter(|(_, n)| *n > 0)
                .collect();
            assert_eq!(found, expected, "{by} {period:?}");
        }
    }
}

#[test]
fn all_weeks_all_areas_and_all_hours_are_there_also_those_with_nothing() {
    let layer = counts(&TOWN, &[("by", "ward,week"), ("period", "2010-01-04/2018-06-03")]);
    let weeks = 439; // From Monday 4 January 2010 to Sunday 3 June 2018.
    let of_ward =
        |name: &str| layer.features.iter().filter(|row| row.id.starts_with(&format!("{name}|"))).count();
    for name in ["West", "East", "=North", "Nobody's", "(outside)", "(unassigned)", "(held)", "(unlocated)"] {
        assert_eq!(of_ward(name), weeks, "{name}");
    }
    assert_eq!(of(row(&layer, "West|2010-01-04"), "incidents"), 0.0);
    assert_eq!(counts(&TOWN, &[("by", "weekday,hour"), ("period", "2016-02-01")]).features.len(), 7 * 24);
    assert_eq!(
        counts(&TOWN, &[("by", "category"), ("category", "property")]).features.len(),
        2,
        "the two of these that the data have met"
    );
}

#[test]
fn areas_and_what_is_in_none_add_up_to_the_tally_and_held_incidents_are_in_no_area() {
    for by in ["area", "ward,category", "week,ward", "ward,weekday,origin", "category,ward,year"] {
        for category in ["all", "rape", "person", "larceny"] {
            let layer = counts(&TOWN, &[("by", by), ("category", category)]);
            let value = |row: &Feature| match get(&row.properties, "incidents") {
                Value::Null => 0.0,
                value => number(value),
            };
            let sum: f64 = layer.features.iter().map(value).sum();
            let Value::Map(tally) = get(&layer.provenance, "counts") else { panic!("counts") };
            assert_eq!(sum, number(get(tally, "incidents")), "{by} {category}");
            let held: f64 = layer
                .features
                .iter()
                .filter(|row| *get(&row.properties, "place") == Value::text("held"))
                .map(value)
                .sum();
            assert_eq!(held, number(get(tally, "held")), "{by} {category}");
        }
    }
    // By areas alone each has what the layer of areas tells of it, which leaves held ones out as well.
    let layer = counts(&TOWN, &[("by", "ward")]);
    let areas = ask(&TOWN, &hotblocks::engine::params::table::AREAS, &[]).expect("areas");
    for area in &areas.features {
        let Value::Text(name) = get(&area.properties, "name") else { panic!("a name") };
        assert_eq!(of(row(&layer, name), "incidents"), of(area, "incidents"), "{name}");
    }
}

#[test]
fn no_cell_of_an_area_tells_of_few_protected_incidents_by_themselves() {
    let data = TOWN.dataset();
    let protected =
        |at: usize| data.incidents.classes(at).any(|class| data.classes.get(class).flags.protected());
    let mut hidden = 0;
    for (by, axis) in [("ward,week", "week"), ("ward,category", "category"), ("ward,hour", "hour")] {
        for category in ["all", "rape"] {
            let layer = counts(&TOWN, &[("by", by), ("category", category)]);
            let names: Vec<String> = (0..data.incidents.len())
                .filter(|&at| category == "all" || key(data, at, "category") == "rape")
                .filter(|&at| !data.held[at])
                .filter_map(|at| {
                    let block = &data.block_set.blocks[data.assignment.main(at)?.0 as usize];
                    let ward = block.areas[&AreaKind::Ward].first().map_or("(outside)", String::as_str);
                    Some(format!("{ward}|{}|{}", key(data, at, axis), protected(at)))
                })
                .collect();
            let mut cells: BTreeMap<&str, [u32; 2]> = BTreeMap::new();
            for name in &names {
                let (cell, is) = name.rsplit_once('|').expect("three parts");
                cells.entry(cell).or_default()[usize::from(is == "true")] += 1;
            }
            for (cell, [plain, protected]) in cells {
                let told = get(&row(&layer, cell).properties, "incidents");
                if plain == 0 && protected < 5 {
                    assert_eq!(*told, Value::Null, "{by} {category} {cell}");
                    hidden += 1;
                } else if *told != Value::Null {
                    assert_eq!(number(told), f64::from(plain + protected), "{by} {category} {cell}");
                }
            }
            // No line hides one place alone, whose number its sum would tell.
            let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
            for row in
                layer.features.iter().filter(|row| *get(&row.properties, "withheld") == Value::Bool(true))
            {
                *lines.entry(row.id.split_once('|').expect("two parts").1).or_default() += 1;
            }
            assert!(lines.values().all(|&n| n > 1), "{lines:?}");
        }
    }
    assert!(hidden > 20, "the town has such cells: {hidden}");
}

#[test]
fn within_an_area_only_its_incidents_count() {
    let all = counts(&TOWN, &[("by", "ward,year")]);
    let west = counts(&TOWN, &[("by", "year"), ("within", "West")]);
    for year in ["2016", "2017", "2018"] {
        assert_eq!(of(row(&west, year), "incidents"), of(row(&all, &format!("West|{year}")), "incidents"));
    }
    let wards = counts(&TOWN, &[("by", "ward"), ("within", "West")]);
    assert!(wards.features.iter().all(|row| row.id == "West" || of(row, "incidents") == 0.0));
    assert!(!wards.features.iter().any(|row| row.id == "(held)"), "what has no block is in no area");
}

/// A town with one incident at each of these times.
fn at_times(times: &[String], until: Option<Date>) -> Snapshot {
    let rows =
        (0..).zip(times).map(|(n, time): (usize, _)| format!("\n{n},{time},robbery,-90.205,38.6,citizen"));
    made(&(HEADER.to_owned() + &rows.collect::<String>() + "\n"), until)
}

#[test]
fn hours_and_days_are_those_of_the_local_clock_also_where_it_changes() {
    let times = [
        "2018-03-11T07:59:00+00:00", // 01:59 before the jump
        "2018-03-11T08:01:00+00:00", // 03:01 after it
        "2018-03-12T04:59:00+00:00", // 23:59 of the day of 23 hours
        "2018-03-12T05:02:00+00:00", // two minutes past midnight of the next, since 00:01 stands for unknown
        "2018-11-04T06:30:00+00:00", // 01:30 for the first time
        "2018-11-04T07:30:00+00:00", // 01:30 for the second
        "2018-11-05T05:59:00+00:00", // 23:59 of the day of 25 hours
    ];
    let town = at_times(&times.map(str::to_owned), Some(date(2018, 11, 30)));
    let layer = counts(&town, &[("by", "day,hour"), ("period", "2018-03-11/2018-11-04")]);
    for (id, n) in [
        ("2018-03-11|01", 1.0),
        ("2018-03-11|02", 0.0),
        ("2018-03-11|03", 1.0),
        ("2018-03-11|23", 1.0),
        ("2018-03-12|00", 1.0),
        ("2018-11-04|01", 2.0),
        ("2018-11-04|23", 1.0),
    ] {
        assert_eq!(of(row(&layer, id), "incidents"), n, "{id}");
    }
    let sundays = counts(&town, &[("by", "weekday")]);
    assert_eq!((of(row(&sundays, "Sun"), "incidents"), of(row(&sundays, "Mon"), "incidents")), (6.0, 1.0));
}

#[test]
fn a_time_that_the_source_does_not_know_is_at_no_hour() {
    // Half of all are at 00:00 to the minute: a pile, which stands for 'unknown'.
    let time =
        |n: i64| format!("2018-01-{:02}T{}:00+00:00", 1 + n % 28, if n % 2 == 0 { "06:00" } else { "18:30" });
    let town = at_times(&(0..100).map(time).collect::<Vec<_>>(), None);
    let layer = counts(&town, &[("by", "hour")]);
    assert_eq!(of(row(&layer, "(unknown)"), "incidents"), 50.0);
    assert_eq!((of(row(&layer, "00"), "incidents"), of(row(&layer, "12"), "incidents")), (0.0, 50.0));
    assert_eq!(*get(&row(&layer, "(unknown)").properties, "hour"), Value::Null);
    let all = counts(&TOWN, &[("by", "hour")]);
    assert_eq!(all.features.len(), 24, "no row for what there is not");
}

/// So many incidents at noon on each of these days.
fn on_days(days: &[(Date, usize)], until: Option<Date>) -> Snapshot {
    let times = days.iter().flat_map(|(day, n)| vec![format!("{day}T18:00:00+00:00"); *n]);
    at_times(&times.collect::<Vec<_>>(), until)
}

/// Daily incidents from 2016 on: `n(day)` of them.
fn daily(last: Date, until: Option<Date>, n: impl Fn(Date) -> usize) -> Snapshot {
    let days: Vec<(Date, usize)> = date(2016, 1, 1)
        .series(jiff::Span::new().days(1))
        .take_while(|day| *day <= last)
        .map(|day| (day, n(day)))
        .collect();
    on_days(&days, until)
}

#[test]
fn the_last_28_days_and_the_year_to_date_end_where_the_data_are_complete() {
    // One a day, two from 2018 on, and after the horizon hardly any yet.
    let until = date(2018, 3, 10);
    let town = daily(date(2018, 3, 31), Some(until), |day| if day.year() == 2018 { 2 } else { 1 });
    let layer = counts(&town, &[]);
    let all = row(&layer, "all");
    for (name, n) in [
        ("last_28_days", 56.0),
        ("last_28_days_year_ago", 28.0),
        ("year_to_date", 2.0 * 69.0),
        ("year_to_date_year_ago", 69.0),
    ] {
        assert_eq!(of(all, name), n, "{name}");
    }
    assert_eq!(*parameter(&layer, "last_28_days"), Value::text("2018-02-11/2018-03-10"));
    assert_eq!(*parameter(&layer, "year_to_date_year_ago"), Value::text("2017-01-01/2017-03-10"));
    assert_eq!(*parameter(&layer, "not_complete"), Value::text("2018-03-11/2018-03-31"));
    let expected = rate_ratio(28, 56, (28.0, 28.0), 0.9).expect("incidents");
    assert!((of(all, "last_28_days_ratio") - 2.0).abs() < 1e-9);
    assert!((of(all, "last_28_days_lo") - expected.lo).abs() < 1e-4);
    assert!((of(all, "last_28_days_hi") - expected.hi.expect("some before")).abs() < 1e-4);
    assert_eq!(of(all, "last_28_days_percent"), 100.0);
    assert_eq!(
        of(all, "incidents"),
        (366 + 365 + 2 * 90) as f64,
        "all that is known is counted all the same"
    );
}

#[test]
fn nothing_past_the_horizon_is_compared() {
    let town = daily(date(2018, 3, 31), Some(date(2018, 3, 10)), |_| 1);
    let layer =
        counts(&town, &[("by", "week"), ("period", "2018-02-01/2018-03-31"), ("compare", "year-ago")]);
    let told = |id: &str| {
        let row = row(&layer, id);
        (get(&row.properties, "complete").clone(), get(&row.properties, "change_note").clone())
    };
    let (no, yes) = (Value::Bool(false), Value::Bool(true));
    assert_eq!(told("2018-01-29"), (no.clone(), Value::text("not complete")), "it begins before the period");
    assert_eq!(told("2018-02-05"), (yes, Value::text("base under 10")));
    assert_eq!(
        told("2018-03-05"),
        (no.clone(), Value::text("not complete")),
        "its Sunday is past the horizon"
    );
    assert_eq!(told("2018-03-26"), (no, Value::text("not complete")));
    let incomplete = &row(&layer, "2018-03-05").properties;
    assert_eq!(
        (get(incomplete, "compared_before"), get(incomplete, "change_ratio")),
        (&Value::Null, &Value::Null)
    );
    // A period that reaches past it is cut, and so is what it is compared with.
    let layer = counts(&town, &[("period", "2018-03-01/2018-03-31"), ("compare", "previous")]);
    assert_eq!(*parameter(&layer, "compared"), Value::text("2018-03-01/2018-03-10"));
    assert_eq!(*parameter(&layer, "compared_before"), Value::text("2018-02-19/2018-02-28"));
    let all = row(&layer, "all");
    assert_eq!((of(all, "incidents"), of(all, "compared"), of(all, "compared_before")), (31.0, 10.0, 10.0));
    assert_eq!(of(all, "change_percent"), 0.0);
    let error = ask(&town, &COUNTS, &[("period", "2018-03-20/2018-03-31"), ("compare", "previous")]);
    assert!(error.expect_err("past it").to_string().contains("2018-03-10"));
}

#[test]
fn weeks_and_months_are_compared_with_those_before_and_those_of_a_year_ago() {
    let town = daily(date(2018, 6, 30), None, |day| usize::from(day.day() <= 20 || day.year() == 2018));
    let month = |compare| {
        counts(&town, &[("by", "month"), ("period", "2018-01-01/2018-03-31"), ("compare", compare)])
    };
    let (ago, before) = (month("year-ago"), month("previous"));
    let february = |layer: &Layer| {
        let row = row(layer, "2018-02");
        (of(row, "compared"), of(row, "compared_before"))
    };
    assert_eq!((february(&ago), february(&before)), ((28.0, 20.0), (28.0, 31.0)));
    // By the day February is no quieter than January, which has 31.
    assert_eq!(of(row(&before, "2018-02"), "change_ratio"), 1.0);
    let week = counts(&town, &[("by", "week"), ("period", "2018-01-08/2018-01-14"), ("compare", "year-ago")]);
    let first = row(&week, "2018-01-08");
    assert_eq!((of(first, "compared"), of(first, "compared_before")), (7.0, 7.0), "9 to 15 January 2017");
    let error = ask(&town, &COUNTS, &[("by", "week"), ("compare", "2016-01-01/2016-02-01")]);
    assert!(error.expect_err("other dates").to_string().contains("year-ago"));
}

/// A stray of 1900, then 20 incidents a day from Wednesday 2015-01-07 on, complete until 2015-04-30.
fn with_a_stray() -> Snapshot {
    let mut days = vec![(date(1900, 5, 1), 2)];
    days.extend(
        date(2015, 1, 7)
            .series(jiff::Span::new().days(1))
            .take_while(|day| *day <= date(2015, 4, 30))
            .map(|day| (day, 20)),
    );
    on_days(&days, Some(date(2015, 4, 30)))
}

fn warned(layer: &Layer, says: &str) -> bool {
    layer.warnings().any(|warning| warning.contains(says))
}

#[test]
fn the_calendar_begins_where_the_data_do_and_what_lies_before_is_told() {
    let snapshot = with_a_stray();
    let all = counts(&snapshot, &[]);
    let n = of(&all.features[0], "incidents");
    assert_eq!(n, 2.0 + 114.0 * 20.0, "without a calendar nothing is left out");
    for (by, first, rows) in
        [("week", "2015-01-05", 17), ("month", "2015-01", 4), ("year", "2015", 1), ("day", "2015-01-07", 114)]
    {
        let found = counts(&snapshot, &[("by", by)]);
        assert_eq!((found.features[0].id.as_str(), found.features.len()), (first, rows), "{by}");
        let sum: f64 = found.features.iter().map(|row| of(row, "incidents")).sum();
        assert_eq!(sum + 2.0, n, "{by}");
        assert!(warned(&found, "2 incidents are from before 2015-01-07"), "{by}");
        assert!(!warned(&found, "they count"), "{by}: they do not");
        assert_eq!(*parameter(&found, "left_out_before"), Value::text("1900-05-01/2015-01-06"));
        assert_eq!(number(parameter(&found, "incidents_left_out_before")), 2.0);
        // What is told of all of them is told of those in the rows.
        let Value::Map(told) = get(&found.provenance, "counts") else { panic!("counts") };
        assert_eq!(number(get(told, "incidents")), sum, "{by}");
    }
    // Who gives a period has it.
    let asked = counts(&snapshot, &[("by", "year"), ("period", "1900-05-01/2015-04-30")]);
    assert_eq!((asked.features.len(), of(row(&asked, "1900"), "incidents")), (116, 2.0));
    assert!(warned(&asked, "they count"));
    let none = counts(&snapshot, &[("by", "week"), ("period", "2015-02-01/..")]);
    assert!(!warned(&none, "before"));
}

#[test]
fn a_unit_that_was_not_observed_on_all_of_its_days_is_not_complete() {
    let snapshot = with_a_stray();
    let complete = |found: &Layer, id: &str| get(&row(found, id).properties, "complete").clone();
    let years = counts(&snapshot, &[("by", "year"), ("period", "1900-01-01/2015-12-31")]);
    for year in ["1900", "1901", "2014", "2015"] {
        assert_eq!(complete(&years, year), Value::Bool(false), "{year}");
    }
    let months =
        counts(&snapshot, &[("by", "month"), ("period", "2014-11-01/2015-04-30"), ("compare", "previous")]);
    for (month, is) in [("2014-11", false), ("2015-01", false), ("2015-02", true), ("2015-04", true)] {
        assert_eq!(complete(&months, month), Value::Bool(is), "{month}");
    }
    assert_eq!(*get(&row(&months, "2014-12").properties, "change_note"), Value::text("not complete"));
    let weeks = counts(&snapshot, &[("by", "week"), ("period", "2014-12-22/2015-02-01")]);
    for (week, is) in [("2014-12-22", false), ("2015-01-05", false), ("2015-01-12", true)] {
        assert_eq!(complete(&weeks, week), Value::Bool(is), "{week}");
    }
}

#[test]
fn within_areas_it_is_told_how_many_have_no_place() {
    let rows = format!(
        "{HEADER}\n1,2016-01-02T12:00:00+00:00,rape,,,citizen\n2,2016-01-03T12:00:00+00:00,rape,,,citizen\n\
         3,2016-01-04T12:00:00+00:00,robbery,-90.205,38.6,citizen\n"
    );
    let snapshot = made(&rows, Some(date(2016, 1, 31)));
    let found = counts(&snapshot, &[("category", "rape"), ("within", "West")]);
    assert_eq!(of(&found.features[0], "incidents"), 0.0);
    assert!(
        warned(&found, "2 of 2 incidents have no usable place"),
        "{:?}",
        found.warnings().collect::<Vec<_>>()
    );
    let located = counts(&snapshot, &[("category", "robbery"), ("within", "West")]);
    assert!(!warned(&located, "usable place"));
    let everywhere = counts(&snapshot, &[("category", "rape")]);
    assert_eq!(of(&everywhere.features[0], "incidents"), 2.0);
    assert!(!warned(&everywhere, "usable place"));
}

#[test]
fn no_percentage_is_told_on_a_base_under_ten_and_none_of_what_was_not_observed() {
    let with = |before: usize, now: usize| {
        // Incidents on other days as well, so that all of both months is observed.
        let mut days = vec![(date(2016, 1, 1), 30), (date(2018, 4, 30), 30)];
        days.extend([(date(2017, 3, 9), before), (date(2018, 3, 9), now)]);
        let town = on_days(&days, None);
        counts(&town, &[("period", "2018-03-01/2018-03-31"), ("compare", "year-ago")])
    };
    for (before, now, percent, note) in [
        (9, 18, None, Some("base under 10")),
        (10, 20, Some(100.0), None),
        (10, 0, Some(-100.0), None),
        (0, 4, None, Some("none before")),
        (0, 0, None, Some("none in either")),
    ] {
        let layer = with(before, now);
        let told = &row(&layer, "all").properties;
        let text = note.map_or(Value::Null, Value::text);
        assert_eq!(*get(told, "change_note"), text, "{before} {now}");
        assert_eq!(*get(told, "change_percent"), percent.map_or(Value::Null, Value::Float), "{before} {now}");
        let has = |name: &str| *get(told, name) != Value::Null;
        assert_eq!(has("change_ratio"), before > 0, "{before} {now}");
        assert_eq!(has("change_lo"), before + now > 0, "{before} {now}");
    }
    let sample = counts(&common::new_haven().0, &[]);
    let all = &row(&sample, "all").properties;
    assert_eq!(*get(all, "last_28_days_note"), Value::text("not observed before"));
    assert_eq!(
        (get(all, "last_28_days_year_ago"), get(all, "last_28_days_ratio")),
        (&Value::Null, &Value::Null)
    );
}

#[test]
fn a_rate_is_by_the_observed_day_and_no_source_that_was_not_there_makes_a_rise() {
    // Data begin on 16 January 2017, so that 16 of 31 days of that January were observed.
    let days: Vec<(Date, usize)> = date(2017, 1, 16)
        .series(jiff::Span::new().days(1))
        .take_while(|day| *day <= date(2018, 1, 31))
        .map(|day| (day, 1))
        .collect();
    let town = on_days(&days, None);
    let ask_january = |snapshot: &Snapshot, by: &str| {
        let mut pairs = vec![("period", "2018-01-01/2018-01-31"), ("compare", "year-ago")];
        pairs.extend((!by.is_empty()).then_some(("by", by)));
        counts(snapshot, &pairs)
    };
    let layer = ask_january(&town, "");
    let all = row(&layer, "all");
    assert_eq!((of(all, "compared"), of(all, "compared_before")), (31.0, 16.0));
    assert_eq!(of(all, "change_ratio"), 1.0);
    // Half of them are of a second source that began in 2018.
    let mut rows = HEADER.to_owned();
    days.iter()
        .for_each(|(day, _)| rows.push_str(&format!("\na{day},{day}T18:00:00+00:00,robbery,-90.205,38.6,")));
    let more = (1..=31).map(|n| {
        let time = format!("2018-01-{n:02}T18:0");
        format!(
            "\nb,UTC,b{n},1,confirmed,{time}0:00+00:00,{time}1:00+00:00,minute,,01=robbery,,1,,,-90.195,38.6"
        )
    });
    let head = "source,zone,id,revision,status,from,until,precision,recorded,classes,origin,reports,place,address,lon,lat";
    let folder = tempfile::tempdir().expect("a folder");
    let files = [("a.csv", rows + "\n"), ("b.csv", head.to_owned() + &more.collect::<String>() + "\n")]
        .map(|(name, text)| write(folder.path(), name, &text).into());
    let (both, account, _) = common::load(&files, town_streets(folder.path()).as_ref());
    assert!(account.refused.is_empty(), "{:?}", account.refused);
    let layer = ask_january(&both, "");
    let all = &row(&layer, "all").properties;
    assert_eq!((get(all, "compared"), get(all, "change_ratio")), (&Value::Int(62), &Value::Null));
    assert_eq!(*get(all, "change_note"), Value::text("other sources before"));
    let each = ask_january(&both, "source");
    assert_eq!(of(row(&each, "lonlat"), "change_ratio"), 1.0, "by its own days");
    assert_eq!(*get(&row(&each, "b").properties, "change_note"), Value::text("not observed before"));
}

#[test]
fn what_cannot_be_counted_is_refused_with_the_mend() {
    let refused = |snapshot: &Snapshot, pairs: &[(&str, &str)], parameter: &str, says: &str| {
        let error = ask(snapshot, &COUNTS, pairs).expect_err("refused");
        assert_eq!(error.parameter(), Some(parameter), "{pairs:?}: {error}");
        assert!(error.to_string().contains(says), "{pairs:?}: {error}");
    };
    let town = &*TOWN;
    refused(town, &[("by", "week,month")], "by", "week and month cannot both");
    refused(town, &[("by", "ward,district")], "by", "ward and district cannot both");
    refused(town, &[("by", "beat")], "by", "there are ward");
    refused(&common::new_haven().0, &[("by", "area")], "by", "--areas");
    refused(town, &[("by", "day,hour,category")], "by", "more than 100000 cells");
    refused(town, &[("by", "day"), ("period", "0001-01-01/9998-12-31")], "by", "more than 100000 cells");
    refused(town, &[("compare", "last-year")], "compare", "year-ago");
    refused(town, &[("compare", "previous")], "period", "a period of its own");
    refused(
        town,
        &[("period", "2017-01-01/2017-06-30"), ("compare", "2017-06-30/2017-07-01")],
        "compare",
        "share days",
    );
    refused(town, &[("period", "2016-01-01/2017-12-31"), ("compare", "year-ago")], "compare", "share days");
    refused(town, &[("period", "2030-01-01/..")], "period", "no day between");
    refused(town, &[("category", "robery")], "category", "robbery");
    refused(town, &[("within", "Nowhere")], "within", "no area");
    let mut values = Values::default();
    assert!(values.set_wire(&COUNTS.params[5], "block").is_err(), "blocks are ranked, not counted");
}

proptest! {
    #![proptest_config(cases(24, 2026))]

    #[test]
    fn the_order_of_axes_changes_no_cell_and_every_axis_adds_up_to_the_tally(
        axes in proptest::sample::subsequence(vec!["ward", "category", "origin", "week", "weekday"], 1..=3).prop_shuffle(),
        first in 0..700_i64,
        days in 0..400_i64,
        category in proptest::sample::select(vec!["all", "person", "rape", "property", "unknown"]),
    ) {
        let begin = date(2016, 1, 1).saturating_add(jiff::Span::new().days(first));
        let period = format!("{begin}/{}", begin.saturating_add(jiff::Span::new().days(days)));
        let query = Query {
            period: Some(period.parse().expect("a period")),
            categories: if category == "all" { Vec::new() } else { vec![category.to_owned()] },
            ..Query::default()
        };
        let by = |axes: &[&str]| -> Vec<Axis> { axes.iter().filter_map(|word| Axis::from_word(word)).collect() };
        let found = TOWN.cross_counts(&query, &[], &by(&axes), None).expect("counts");
        let tally = TOWN.tally(&TOWN.select(&query).expect("known"));
        let sum: u64 = found.rows.iter().filter_map(|row| row.incidents).sum();
        prop_assert_eq!(sum, tally.incidents as u64);
        let mut sorted = axes.clone();
        sorted.sort_unstable();
        let other = TOWN.cross_counts(&query, &[], &by(&sorted), None).expect("counts");
        let place: Vec<usize> =
            sorted.iter().map(|word| axes.iter().position(|own| own == word).expect("the same")).collect();
        let told = |keys: &[Key]| format!("{keys:?}");
        let mut a: Vec<(String, Option<u64>)> = found
            .rows
            .iter()
            .map(|row| (told(&place.iter().map(|&at| row.keys[at].clone()).collect::<Vec<_>>()), row.incidents))
            .collect();
        let mut b: Vec<(String, Option<u64>)> = other.rows.iter().map(|row| (told(&row.keys), row.incidents)).collect();
        a.sort();
        b.sort();
        prop_assert_eq!(a, b);
        let withheld = |row: &hotblocks::engine::counts::CountRow| row.keys.contains(&Key::NoArea(NoArea::Withheld));
        if found.rows.iter().any(|row| row.incidents.is_none()) {
            prop_assert!(found.rows.iter().any(|row| withheld(row) && row.incidents > Some(0)));
        }
    }
}

fn served(snapshot: &Snapshot) -> axum::Router {
    hotblocks::http::router(Arc::new(Engine::new(snapshot.dataset().clone())), Values::default())
}

async fn http(router: &axum::Router, path: &str, accept: &str) -> (StatusCode, String, String) {
    let request =
        Request::builder().uri(path).header(header::HOST, "127.0.0.1:8080").header(header::ACCEPT, accept);
    let response =
        router.clone().oneshot(request.body(Body::empty()).expect("a request")).await.expect("an answer");
    let (parts, body) = response.into_parts();
    let media = parts.headers[header::CONTENT_TYPE].to_str().expect("text").to_owned();
    let body = to_bytes(body, usize::MAX).await.expect("a body");
    (parts.status, media, String::from_utf8(body.to_vec()).expect("UTF-8"))
}

#[tokio::test]
async fn counts_come_as_json_and_csv_with_the_same_numbers_and_no_formula() {
    let router = served(&TOWN);
    let query = "by=ward,category&period=2017-01-01/2017-12-31&compare=year-ago";
    let (status, media, body) = http(&router, &format!("/counts?{query}"), "*/*").await;
    assert_eq!((status, media.as_str()), (StatusCode::OK, "application/json"), "{body}");
    let json: Json = serde_json::from_str(&body).expect("JSON");
    let rows = json["rows"].as_array().expect("rows");
    assert_eq!(json["links"][1]["href"], format!("http://127.0.0.1:8080/counts.csv?{query}"));
    // A form that is asked for is not that of the other form's address.
    let (.., body) = http(&router, &format!("/counts?f=json&{query}"), "*/*").await;
    let json: Json = serde_json::from_str(&body).expect("JSON");
    assert_eq!(json["links"][1]["href"], format!("http://127.0.0.1:8080/counts.csv?{query}"));
    let (_, media, _) = http(&router, &format!("/counts?{query}"), "text/csv;q=0, application/json").await;
    assert_eq!(media, "application/json");
    for (path, accept) in [
        (format!("/counts?{query}"), "text/csv"),
        (format!("/counts.csv?{query}"), "*/*"),
        (format!("/counts?f=csv&{query}"), "application/json"),
    ] {
        let (status, media, body) = http(&router, &path, accept).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        assert!(media.starts_with("text/csv"), "{path}: {media}");
        let mut table = csv::Reader::from_reader(body.as_bytes());
        let header = table.headers().expect("a header").clone();
        let at = |name: &str| header.iter().position(|known| known == name).expect("a column");
        let lines: Vec<csv::StringRecord> = table.records().map(|line| line.expect("a row")).collect();
        assert_eq!(lines.len(), rows.len());
        for (line, row) in lines.iter().zip(rows) {
            for name in ["incidents", "compared_before", "change_ratio", "change_percent"] {
                let told = if row[name].is_null() { String::new() } else { row[name].to_string() };
                let (a, b) = (line[at(name)].parse::<f64>().ok(), told.parse::<f64>().ok());
                assert_eq!(a, b, "{name} of {}", row["id"]);
            }
            assert!(line.iter().all(|cell| !cell.starts_with(['=', '@', '+'])), "{line:?}");
        }
        assert!(lines.iter().any(|line| &line[at("area")] == "'=North"));
    }
    for (query, parameter) in [
        ("by=block", "by"),
        ("datetime=2017-01-01/..", "datetime"),
        ("limit=10", "limit"),
        ("f=xlsx", "f"),
        ("by=ward&by=week", "by"),
    ] {
        let (status, media, body) = http(&router, &format!("/counts?{query}"), "*/*").await;
        let json: Json = serde_json::from_str(&body).expect("JSON");
        assert_eq!(
            (status, media.as_str()),
            (StatusCode::BAD_REQUEST, "application/problem+json"),
            "{query}"
        );
        assert_eq!(json["parameter"], parameter, "{query}: {body}");
    }
}

#[test]
fn the_command_counts_and_compares_as_the_service_does() {
    let arguments = |command: &'static str| [&[command][..], &SAMPLE[..]].concat();
    let (code, out, err) =
        run(&[&arguments("counts")[..], &["--by", "week", "category", "--format", "csv"]].concat());
    assert_eq!(code, 0, "{err}");
    let layer = counts(&common::new_haven().0, &[("by", "week,category")]);
    assert_eq!(out, encode::csv::rows(&layer));
    let halves = ["--period", "2014-09-16/2014-09-30", "--compare-period", "2014-09-01/2014-09-15"];
    let (code, out, err) = run(&[&arguments("compare")[..], &halves, &["--format", "csv"]].concat());
    assert_eq!(code, 0, "{err}");
    let (_, ranked, _) =
        run(&[&arguments("rank")[..], &halves, &["--view", "change", "--format", "csv"]].concat());
    assert_eq!(out, ranked);
    assert!(out.lines().count() == 11 && out.starts_with("id,rank,"), "{out}");
    let (code, _, err) = run(&arguments("compare"));
    assert!(code == 2 && err.contains("--compare-period"), "{code} {err}");
}
