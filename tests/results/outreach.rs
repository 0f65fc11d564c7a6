//! The outreach list and the brief, end to end: three versions over time, sheets recomputed from raw incidents, hostile names, refusals.

use crate::common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use common::answers::{self, get, parameter};
use common::command::{hotblocks, told};
use geo::Geometry;
use hotblocks::encode;
use hotblocks::engine::outreach::ListAsk;
use hotblocks::engine::params::outreach::{BRIEF, LIST};
use hotblocks::engine::params::values::Values;
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::layer::answer::AnswerError;
use hotblocks::layer::{Feature, Layer, Value, list};
use hotblocks::model::category::Flags;
use hotblocks::model::period::{Period, local_date};
use hotblocks::plan::outreach::check::check;
use hotblocks::plan::outreach::reason::Change;
use hotblocks::plan::outreach::register::{Capacity, Register};
use hotblocks::space::coord::Local;
use hotblocks::space::crs::Crs;
use jiff::civil::{Date, date};
use serde_json::{Value as Json, json};

fn of_sheet<'a>(feature: &'a Feature, name: &str) -> &'a Value {
    let Value::Map(sheet) = get(&feature.properties, "sheet") else { panic!("no sheet") };
    get(sheet, name)
}

fn texts(value: &Value) -> Vec<&str> {
    let Value::List(list) = value else { panic!("{value:?} is no list") };
    list.iter().map(text).collect()
}

fn text(value: &Value) -> &str {
    let Value::Text(text) = value else { panic!("{value:?} is no text") };
    text
}

fn int(value: &Value) -> i64 {
    let Value::Int(n) = value else { panic!("{value:?} is no whole number") };
    *n
}

/// Asks for a layer by its parameters.
fn ask(snapshot: &Snapshot, brief: bool, pairs: &[(&str, &str)]) -> Result<Layer, AnswerError> {
    answers::ask(snapshot, if brief { &BRIEF } else { &LIST }, pairs)
}

fn blocks(n: u32) -> Option<Capacity> {
    Some(Capacity::Blocks(n))
}

/// Enough to tell what holds whatever the chances are.
const DRAWS: u32 = 200;

fn period(text: &str) -> Option<Period> {
    Some(text.parse().expect("a period"))
}

/// Three versions of the sample: after ten days, a year later by other ten days, and half a year later.
fn three_versions(snapshot: &Snapshot) -> Register {
    let first = ListAsk {
        capacity: blocks(6),
        as_of: Some(date(2014, 9, 30)),
        period: period("2014-09-01/2014-09-10"),
        draws: Some(DRAWS),
        seed: 1,
        ..ListAsk::default()
    };
    let list = snapshot.review(None, &first).expect("a first list");
    let later = |as_of: Date, of: &str| ListAsk {
        capacity: None,
        as_of: Some(as_of),
        period: period(of),
        ..first.clone()
    };
    let second = later(date(2015, 9, 30), "2014-09-11/2014-09-20");
    let list = snapshot.review(Some(&list), &second).expect("due");
    let third = ListAsk { capacity: blocks(8), ..later(date(2016, 3, 31), "2014-09-21/2014-09-30") };
    snapshot.review(Some(&list), &third).expect("due")
}

#[test]
fn three_versions_over_time_keep_their_blocks_and_say_why() {
    let (snapshot, ..) = common::new_haven();
    let kept = three_versions(&snapshot);
    assert_eq!(check(&kept), Ok(()));
    assert_eq!(encode::list_file::write(&kept), encode::list_file::write(&three_versions(&snapshot)));
    let on = |version: usize, change: Change| -> BTreeSet<&str> {
        let entries = kept.versions[version].entries.iter();
        entries.filter(|entry| entry.change == change).map(|entry| entry.block.as_str()).collect()
    };
    assert_eq!(on(0, Change::Entered).len(), 6);
    // Ten other days of a month are another list: what is not first any longer goes to aftercare, all six may.
    let (aftercare, entered) = (on(1, Change::ToAftercare), on(1, Change::Entered));
    assert!(!aftercare.is_empty() && aftercare.len() == entered.len(), "{aftercare:?} {entered:?}");
    assert_eq!(kept.versions[1].assigned().count(), 6);
    // Half a year later those of the second review may not leave yet.
    assert_eq!(on(2, Change::StayedByTerm), entered);
    assert_eq!(kept.versions[2].assigned().count(), 8);
    let returned = on(2, Change::Returned);
    assert!(
        aftercare.iter().all(|block| returned.contains(block) || on(2, Change::InAftercare).contains(block))
    );
    let snapshot = snapshot.with_outreach(kept).expect("over these blocks");
    let layer = ask(&snapshot, false, &[]).expect("the list that is kept");
    for (name, told) in
        [("version", Value::Int(3)), ("review", Value::text("scheduled")), ("taken", Value::Int(8))]
    {
        assert_eq!(parameter(&layer, name), &told);
    }
    assert_eq!(
        texts(parameter(&layer, "changed_rules")),
        ["Changed rule: capacity is 8blocks, and was 6blocks."]
    );
    for feature in &layer.features {
        let (change, reason) =
            (text(get(&feature.properties, "change")), text(get(&feature.properties, "reason")));
        let says = match change {
            "entered" => "Entered: ",
            "returned" => "Back from aftercare",
            "in-aftercare" => "In aftercare since 2015-09-30, at least until 2016-09-30",
            "stayed-by-term" => "at least until 2016-09-30",
            _ => "Stays",
        };
        assert!(reason.contains(says), "{change}: {reason}");
    }
}

#[test]
fn a_brief_is_of_the_version_of_its_day_and_of_its_assigned_blocks_alone() {
    let (snapshot, ..) = common::new_haven();
    let kept = three_versions(&snapshot);
    let versions = kept.versions.clone();
    assert!(versions[1].assigned().count() < versions[1].entries.len(), "some are in aftercare");
    let snapshot = snapshot.with_outreach(kept).expect("over these blocks");
    // Before the first version, it is that one.
    for (day, at) in [("2014-10-05", 0), ("2015-10-05", 1), ("2016-03-31", 2), ("2014-09-20", 0)] {
        let layer = ask(&snapshot, true, &[("as_of", day), ("of", "gun")]).expect("a brief");
        let told: BTreeSet<&str> = layer.features.iter().map(|feature| feature.id.as_str()).collect();
        let assigned: BTreeSet<&str> = versions[at].assigned().map(|entry| entry.block.as_str()).collect();
        assert_eq!(told, assigned, "{day}");
    }
}

#[test]
fn what_is_held_is_in_no_brief_and_what_has_no_place_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let shot = |when, x| (when, "aggravated_assault", (x, 3.), "yes", "no", "yes");
    let snapshot = town(folder.path(), &[shot("2018-06-19 12:00", 50.), shot("2018-06-18 12:00", 60.)]);
    let mut data = snapshot.dataset().clone();
    let shootings: Vec<usize> = (0..data.incidents.len()).filter(|&at| data.shooting(at)).collect();
    assert_eq!(shootings.len(), 2);
    let told = |snapshot: Snapshot| {
        let layer = ask(&with_list(snapshot), true, &[("as_of", "2018-06-20")]).expect("a brief");
        let numbers = |name: &str| {
            let Value::Map(found) = parameter(&layer, name) else { panic!("no {name}") };
            ["in_3_days", "in_14_days"].map(|days| int(get(found, days)))
        };
        let near =
            ["shootings_3_days", "shootings_14_days"].map(|n| int(get(&layer.features[0].properties, n)));
        (near, numbers("counted"), numbers("without_a_place"))
    };
    assert_eq!(told(Snapshot::new(data.clone(), 1)), ([2, 2], [2, 2], [0, 0]));
    data.held[shootings[0]] = true;
    assert_eq!(told(Snapshot::new(data, 1)), ([1, 1], [1, 1], [0, 0]));
}

#[test]
fn days_of_a_brief_are_those_of_each_source_s_own_clock() {
    let folder = tempfile::tempdir().expect("a folder");
    // By the clock of Chicago the first is of the 17th, four days back.
    let shot = |when| (when, "aggravated_assault", (50., 3.), "yes", "no", "yes");
    let snapshot = town(folder.path(), &[shot("2018-06-18 03:00"), shot("2018-06-18 06:00")]);
    let mut data = snapshot.dataset().clone();
    data.sources[0].zone = jiff::tz::TimeZone::get("America/Chicago").expect("bundled");
    let ask_of = |data: hotblocks::model::dataset::Dataset| {
        let layer =
            ask(&with_list(Snapshot::new(data, 1)), true, &[("as_of", "2018-06-20")]).expect("a brief");
        int(get(&layer.features[0].properties, "shootings_3_days"))
    };
    assert_eq!((ask_of(snapshot.dataset().clone()), ask_of(data)), (2, 1));
}

#[test]
fn a_list_looks_back_three_years_to_the_day() {
    let folder = tempfile::tempdir().expect("a folder");
    let old = ("2012-01-01 10:00", "robbery", (100., 5.), "no", "no", "no");
    let snapshot = town(folder.path(), &[old]);
    let first = ListAsk { capacity: blocks(2), as_of: Some(date(2018, 4, 30)), ..ListAsk::default() };
    let list = snapshot.review(None, &first).expect("a list");
    assert_eq!(list.versions[0].made.period, "2015-05-01/2018-04-30");
    // What is asked of a day that is not complete ends where the data do.
    let late = ListAsk { as_of: Some(date(2018, 12, 31)), ..first };
    let until = snapshot.complete_until().expect("dated");
    assert!(until < date(2018, 12, 31));
    let period = &snapshot.review(None, &late).expect("a list").versions[0].made.period;
    assert!(period.ends_with(&until.to_string()), "{period} {until}");
}

#[test]
fn what_a_sheet_says_is_what_raw_incidents_say() {
    let (snapshot, ..) = common::new_haven();
    let ask_for = ListAsk { capacity: blocks(40), draws: Some(DRAWS), ..ListAsk::default() };
    let kept = snapshot.review(None, &ask_for).expect("a list");
    let snapshot = snapshot.with_outreach(kept).expect("over these blocks");
    let layer = ask(&snapshot, false, &[]).expect("a list");
    let data = snapshot.dataset();
    assert_eq!(layer.features.len(), 40);
    // By block: titles of the leading classes of what counts, straight from the columns.
    let mut raw: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    let mut left_out = 0;
    for at in 0..data.incidents.len() {
        let flags = data.incidents.classes(at).map(|class| data.classes.get(class).flags);
        let kept_out = [Flags::SEXUAL, Flags::DOMESTIC, Flags::CHILD, Flags::UNMAPPED];
        let protected = flags.into_iter().any(|flags| kept_out.iter().any(|flag| flags.has(*flag)));
        let zone = &data.sources[usize::from(data.incidents.source(at))].zone;
        let day = local_date(data.incidents.when(at).from, zone).expect("a date");
        let counts = !data.held[at] && day >= date(2011, 10, 1) && day <= date(2014, 9, 30);
        let Some(block) = data.assignment.main(at).filter(|_| counts) else { continue };
        if protected {
            left_out += 1;
            continue;
        }
        let row = data.classes.get(data.incidents.class(at)).category.expect("mapped");
        let title = data.classes.tree().rows()[row].title.as_str();
        let id = data.block_set.blocks[block.0 as usize].id.as_str();
        *raw.entry(id).or_default().entry(title).or_default() += 1;
    }
    assert!(left_out > 0, "the sample has protected incidents in blocks");
    let mut named = 0;
    for feature in &layer.features {
        let by = &raw[feature.id.as_str()];
        let all: usize = by.values().sum();
        assert_eq!(int(get(&feature.properties, "incidents")), all as i64, "{}", feature.id);
        let told: BTreeSet<String> =
            texts(of_sheet(feature, "known_for")).into_iter().map(str::to_owned).collect();
        let expected: BTreeSet<String> = by
            .iter()
            .filter(|(_, n)| **n >= 3)
            .map(|(title, n)| format!("{title}: {n} of {all} incidents"))
            .collect();
        assert_eq!(told, expected, "{}", feature.id);
        named += told.len();
    }
    assert!(named > 40);
    let unplaced = texts(of_sheet(&layer.features[0], "not_known")).join(" ");
    assert!(unplaced.contains("left out") && unplaced.contains("no file tells households"), "{unplaced}");
}

#[test]
fn the_bounds_of_a_segment_are_streets_that_meet_it_there() {
    let (snapshot, ..) = common::new_haven();
    let kept = snapshot
        .review(None, &ListAsk { capacity: blocks(60), draws: Some(DRAWS), ..ListAsk::default() })
        .expect("a list");
    let snapshot = snapshot.with_outreach(kept).expect("over these blocks");
    let layer = ask(&snapshot, false, &[]).expect("a list");
    let all = &snapshot.dataset().block_set.blocks;
    let mut checked = 0;
    for feature in &layer.features {
        let block = all.iter().find(|block| block.id == feature.id).expect("in the set");
        let words = text(of_sheet(feature, "bounds"));
        let Geometry::LineString(line) = &block.local else {
            assert!(words.starts_with("Where ") || words.starts_with("A junction of "), "{words}");
            continue;
        };
        let Some((own, ends)) = words.split_once(" between ") else { continue };
        assert!(block.name.starts_with(own), "{words}: {}", block.name);
        for (end, names) in [line.0[0], line.0[line.0.len() - 1]].into_iter().zip(ends.split(" and ")) {
            // Another way to the same: whatever other segment ends within a metre.
            let touches = |other: &&hotblocks::model::block::Block| {
                let Geometry::LineString(line) = &other.local else { return false };
                let near = |at: &geo::Coord| (at.x - end.x).hypot(at.y - end.y) < 1.0;
                other.id != block.id && (near(&line.0[0]) || near(&line.0[line.0.len() - 1]))
            };
            for name in names.split(" / ").filter(|name| *name != "a junction") {
                let met = all.iter().filter(touches).any(|other| {
                    other.streets.iter().any(|s| hotblocks::model::streets::in_words(&s.name) == name)
                });
                assert!(met, "{words}: {name} does not end there");
                checked += 1;
            }
        }
    }
    assert!(checked > 30, "{checked}");
}

/// A place some metres east and north of a corner in St. Louis, in degrees.
fn at(x: f64, y: f64) -> [f64; 2] {
    let crs = Crs::new("EPSG:32615").expect("UTM");
    let place = crs.from_local(Local { x: 740_000.0 + x, y: 4_279_000.0 + y }).expect("a place");
    [place.lon(), place.lat()]
}

fn write(folder: &Path, name: &str, features: &[Json]) -> PathBuf {
    let path = folder.join(name);
    let all = json!({"type": "FeatureCollection", "features": features});
    std::fs::write(&path, all.to_string()).expect("written");
    path
}

fn feature(name: &str, kind: &str, coordinates: Json) -> Json {
    json!({"type": "Feature", "properties": {"name": name}, "geometry": {"type": kind, "coordinates": coordinates}})
}

/// Three streets of 400 m, 300 m apart.
fn streets(folder: &Path) -> PathBuf {
    let street = |name: &str, y: f64| feature(name, "LineString", json!([at(0., y), at(400., y)]));
    write(folder, "streets.geojson", &[street("Elm St", 0.), street("Oak St", 300.), street("Ash St", 600.)])
}

/// What a sensor heard here begins at half past; who brought up the rest is not told.
fn origin(when: &str) -> &str {
    if when.ends_with(":30") { "sensor" } else { "" }
}

/// Of each row the local date and time, the kind, place, and whether someone was shot, it was domestic, and by a firearm.
type Row<'a> = (&'a str, &'a str, (f64, f64), &'a str, &'a str, &'a str);

fn incidents(folder: &Path, rows: &[Row<'_>]) -> PathBuf {
    let mut out = String::from("date,category,lon,lat,shooting,domestic,firearm,origin\n");
    for (when, category, (x, y), shot, domestic, firearm) in rows {
        let [lon, lat] = at(*x, *y);
        out.push_str(&format!(
            "{when},{category},{lon},{lat},{shot},{domestic},{firearm},{}\n",
            origin(when)
        ));
    }
    let path = folder.join("incidents.csv");
    std::fs::write(&path, out).expect("written");
    path
}

/// Robberies on Elm Street and Oak Street, enough for a list of two.
const ROBBERIES: [Row<'static>; 7] = [
    ("2018-05-01 10:00", "robbery", (100., 5.), "no", "no", "no"),
    ("2018-05-02 10:00", "robbery", (150., 5.), "no", "no", "no"),
    ("2018-05-03 10:00", "robbery", (200., 5.), "no", "no", "no"),
    ("2018-05-04 10:00", "robbery", (250., 5.), "no", "no", "no"),
    ("2018-05-05 10:00", "robbery", (100., 305.), "no", "no", "no"),
    ("2018-05-06 10:00", "robbery", (150., 305.), "no", "no", "no"),
    ("2018-05-07 10:00", "robbery", (150., 605.), "no", "no", "no"),
];

fn town(folder: &Path, more: &[Row<'_>]) -> Snapshot {
    let rows = [&ROBBERIES[..], more].concat();
    common::load(&[incidents(folder, &rows)], &streets(folder)).0
}

fn with_list(snapshot: Snapshot) -> Snapshot {
    let first = ListAsk { capacity: blocks(2), as_of: Some(date(2018, 6, 20)), ..ListAsk::default() };
    let kept = snapshot.review(None, &first).expect("a list");
    snapshot.with_outreach(kept).expect("over these blocks")
}

#[test]
fn protected_incidents_are_left_out_unless_they_are_turned_on_and_the_result_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let domestic = |n: &'static str| (n, "aggravated_assault", (100., 605.), "no", "yes", "no");
    let many =
        ["2018-05-10 10:00", "2018-05-11 10:00", "2018-05-12 10:00", "2018-05-13 10:00", "2018-05-14 10:00"];
    let child = ("2018-05-15 10:00", "child_offense", (300., 605.), "no", "no", "no");
    let rows: Vec<Row<'_>> = many.map(domestic).into_iter().chain([child]).collect();
    let snapshot = town(folder.path(), &rows);
    let names = |layer: &Layer| -> Vec<String> {
        layer.features.iter().map(|f| text(get(&f.properties, "name")).to_owned()).collect()
    };
    let asked = [("capacity", "1blocks"), ("as_of", "2018-06-20")];
    let usual = ask(&snapshot, false, &asked).expect("a list");
    assert_eq!(
        (names(&usual), parameter(&usual, "include_protected")),
        (vec!["Elm St".to_owned()], &Value::text("no"))
    );
    assert!(text(parameter(&usual, "left_out")).contains("domestic, child and sexual"));
    let all = ask(&snapshot, false, &[&asked[..], &[("include_protected", "yes")]].concat()).expect("a list");
    assert_eq!(
        (names(&all), parameter(&all, "include_protected")),
        (vec!["Ash St".to_owned()], &Value::text("yes"))
    );
    assert_eq!(parameter(&all, "left_out"), &Value::Null);
    // Nor do they show in the sheet of a block that is on the list by others.
    let wide = ask(&snapshot, false, &[("capacity", "3blocks"), ("as_of", "2018-06-20")]).expect("a list");
    let ash = wide
        .features
        .iter()
        .find(|f| get(&f.properties, "name") == &Value::text("Ash St"))
        .expect("by one robbery");
    assert_eq!((int(get(&ash.properties, "incidents")), texts(of_sheet(ash, "known_for")).len()), (1, 0));
    let told = format!("{:?}", ash.properties);
    assert!(!told.contains("assault") && !told.contains("Child"), "{told}");
}

#[test]
fn a_brief_counts_confirmed_shootings_by_plain_geometry_and_days() {
    let folder = tempfile::tempdir().expect("a folder");
    let shot = |when, x, y| (when, "aggravated_assault", (x, y), "yes", "no", "yes");
    let rows = [
        shot("2018-06-20 23:00", 50., 3.),
        shot("2018-06-18 00:00", 60., 3.),
        shot("2018-06-17 23:00", 70., 3.),
        shot("2018-06-07 00:30", 80., 3.),
        shot("2018-06-06 23:30", 90., 3.),
        // Within 400 ft of Oak Street, and its block is Elm's none: 115 m south of it.
        shot("2018-06-19 12:00", 200., 185.),
        // 121 m and 123 m north of Ash Street's end: 600 + 121.
        shot("2018-06-19 12:00", 450., 300.),
        // Domestic: never told, though someone was shot.
        ("2018-06-19 12:00", "aggravated_assault", (50., 3.), "yes", "yes", "yes"),
        // By a firearm, and nobody was shot.
        ("2018-06-19 12:00", "robbery", (55., 3.), "no", "no", "yes"),
    ];
    let snapshot = with_list(town(folder.path(), &rows));
    let data = snapshot.dataset();
    for (of, shots) in [("shootings", true), ("gun", false)] {
        for (delay, end) in [("0", date(2018, 6, 20)), ("24", date(2018, 6, 19))] {
            let asked = [("as_of", "2018-06-20"), ("delay_hours", delay), ("of", of)];
            let layer = ask(&snapshot, true, &asked).expect("a brief");
            assert_eq!(layer.features.len(), 2, "both blocks of the list, whatever happened near them");
            for feature in &layer.features {
                let block = data.block_set.blocks.iter().position(|b| b.id == feature.id).expect("a block");
                let Geometry::LineString(line) = &data.block_set.blocks[block].local else {
                    panic!("a street")
                };
                let expected = [3, 14].map(|days| {
                    let first = end.checked_sub(jiff::ToSpan::days(days - 1)).expect("a date");
                    let near = (0..data.incidents.len()).filter(|&i| {
                        let flags: Vec<Flags> =
                            data.incidents.classes(i).map(|c| data.classes.get(c).flags).collect();
                        let kind = if shots {
                            flags.iter().any(|flags| flags.has(Flags::SHOOTING))
                        } else {
                            data.incidents.classes(i).any(|class| data.classes.gun_crime(class))
                        };
                        let day = local_date(data.incidents.when(i).from, &jiff::tz::TimeZone::UTC)
                            .expect("a date");
                        let place = data.incidents.local(i).expect("located");
                        let (a, b) = (line.0[0], line.0[1]);
                        let (dx, dy) = (b.x - a.x, b.y - a.y);
                        let t = ((place.x - a.x) * dx + (place.y - a.y) * dy) / (dx * dx + dy * dy);
                        let t = t.clamp(0.0, 1.0);
                        let far = (place.x - a.x - t * dx).hypot(place.y - a.y - t * dy);
                        kind && !flags.iter().any(|flags| flags.protected())
                            && (first..=end).contains(&day)
                            && far <= 121.92
                    });
                    near.count() as i64
                });
                let name = |days: u32| {
                    if shots { format!("shootings_{days}_days") } else { format!("gun_crimes_{days}_days") }
                };
                let told = [3, 14].map(|days| int(get(&feature.properties, &name(days))));
                assert_eq!(told, expected, "{of} {delay} {}", feature.id);
            }
        }
    }
    let layer = ask(&snapshot, true, &[("as_of", "2018-06-20")]).expect("a brief");
    // Of the six of fourteen days a sensor heard one; the other that it heard was a day earlier.
    let Value::Map(origins) = parameter(&layer, "origin_shares") else { panic!("no shares") };
    let shares = ["sensor", "citizen", "unknown"].map(|origin| answers::number(get(origins, origin)));
    assert_eq!(shares, [0.167, 0.0, 0.833]);
    let elm = &layer.features[0].properties;
    assert_eq!(
        (get(elm, "name"), get(elm, "shootings_3_days"), get(elm, "shootings_14_days")),
        (&Value::text("Elm St"), &Value::Int(2), &Value::Int(4))
    );
    let oak = &layer.features[1].properties;
    assert_eq!((int(get(oak, "shootings_3_days")), int(get(oak, "shootings_14_days"))), (2, 2));
    let told = format!("{:?}", layer.features);
    assert!(told.contains("200 to 400 ft away") && !told.contains("2018-06-19") && !told.contains("12:00"));
    // No place of a victim: every coordinate is one of a block.
    let coordinates = |f: &Feature| format!("{:?}", f.geometry);
    let lines: BTreeSet<String> =
        data.block_set.blocks.iter().map(|b| format!("{:?}", Some(b.lonlat.clone()))).collect();
    assert!(layer.features.iter().all(|f| lines.contains(&coordinates(f))));
}

#[test]
fn where_nobody_knows_who_was_shot_the_brief_says_so_and_counts_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let armed = ("2018-06-19 12:00", "robbery", (55., 3.), "", "no", "yes");
    let snapshot = with_list(town(folder.path(), &[armed]));
    let layer = ask(&snapshot, true, &[]).expect("an answer");
    assert!(layer.features.is_empty() && parameter(&layer, "known") == &Value::Bool(false));
    assert!(
        layer.notice.as_deref().is_some_and(|notice| notice.contains("not known here")),
        "{:?}",
        layer.notice
    );
    let gun = ask(&snapshot, true, &[("of", "gun")]).expect("an answer");
    assert_eq!(parameter(&gun, "of"), &Value::text("gun crimes"));
    assert!(gun.features.iter().any(|f| int(get(&f.properties, "gun_crimes_3_days")) == 1));
    // The day is that of the data, never the clock's.
    let until = snapshot.complete_until().expect("dated").to_string();
    assert_eq!(parameter(&gun, "as_of"), &Value::text(until));
    let late = ask(&snapshot, true, &[("of", "gun"), ("as_of", "2019-01-01")]).expect("an answer");
    assert_eq!(parameter(&late, "incomplete"), &Value::Bool(true));
    assert!(late.notice.is_some_and(|notice| notice.contains("complete until")));
    let folder = tempfile::tempdir().expect("a folder");
    let without = ask(&town(folder.path(), &[]), true, &[]).expect_err("no list");
    assert!(without.parameter() == Some("within") && without.to_string().contains("--list"), "{without}");
}

#[test]
fn an_area_is_a_unit_of_a_brief_by_itself_and_distance_is_to_its_edge() {
    use hotblocks::engine::areas::set_areas;
    use hotblocks::model::areas::{Area, AreaKind};
    let folder = tempfile::tempdir().expect("a folder");
    let shot = |when, x, y| (when, "aggravated_assault", (x, y), "yes", "no", "yes");
    let rows = [
        shot("2018-06-20 10:00", 100., 150.),
        shot("2018-06-10 10:00", 320., 150.),
        shot("2018-06-20 10:00", 324., 150.),
        shot("2018-06-20 10:00", 100., 550.),
    ];
    let mut data = town(folder.path(), &rows).dataset().clone();
    let corners = [at(0., 100.), at(200., 100.), at(200., 200.), at(0., 200.), at(0., 100.)];
    let ring: geo::LineString = corners.iter().map(|[x, y]| (*x, *y)).collect();
    let hill = Area {
        name: Some("Hill".to_owned()),
        shape: geo::MultiPolygon(vec![geo::Polygon::new(ring, Vec::new())]),
        ..Area::default()
    };
    set_areas(&mut data, vec![(AreaKind::Neighborhood, vec![hill])]).expect("near");
    let snapshot = Snapshot::new(data, 1);
    let layer = ask(&snapshot, true, &[("within", "hill"), ("as_of", "2018-06-20")]).expect("a brief");
    assert_eq!(layer.features.len(), 1);
    let hill = &layer.features[0].properties;
    assert_eq!((get(hill, "name"), get(hill, "kind")), (&Value::text("Hill"), &Value::text("neighborhood")));
    // One inside, one 120 m east of it; 124 m is beyond 400 ft.
    assert_eq!((int(get(hill, "shootings_3_days")), int(get(hill, "shootings_14_days"))), (1, 2));
    let Value::Map(bands) = get(hill, "bands") else { panic!("no bands") };
    assert_eq!((int(get(bands, "on_block_14_days")), int(get(bands, "from_200_to_400_ft_14_days"))), (1, 1));
    let unknown = ask(&snapshot, true, &[("within", "Hil")]).expect_err("misspelt");
    assert!(
        unknown.parameter() == Some("within") && unknown.to_string().contains("did you mean"),
        "{unknown}"
    );
}

#[test]
fn of_a_file_of_places_the_names_alone_are_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let lot = json!({
        "type": "Feature",
        "properties": {"name": "12 Elm St", "OWNER": "DOE JANE"},
        "geometry": {"type": "Point", "coordinates": at(100., 20.)}
    });
    let lots = write(folder.path(), "lots.geojson", &[lot]);
    let written = folder.path().join("written.geojson");
    let import = |kind: &str| {
        let out = hotblocks()
            .args(["import", "context", "--kind", kind])
            .arg(&lots)
            .arg("-o")
            .arg(&written)
            .output();
        let out = out.expect("runs");
        (out.status.code().unwrap_or(-1), String::from_utf8(out.stderr).expect("UTF-8"))
    };
    let (code, err) = import("vacant-lots");
    assert!(code == 0 && err.contains("1 places") && !err.contains("DOE"), "{code} {err}");
    let text = std::fs::read_to_string(&written).expect("written");
    assert!(text.contains("12 Elm St") && !text.contains("DOE"), "{text}");
    let (code, err) = import("Vacant lots");
    assert!(code == 2 && err.contains("vacant-lots"), "{err}");
}

/// Runs a command over files: exit code, stdout and stderr.
fn run(files: &[(&str, &Path)], args: &[&str]) -> (i32, String, String) {
    let mut command = hotblocks();
    command.arg(args[0]);
    for (flag, file) in files {
        command.arg(flag).arg(file);
    }
    told(command.args(&args[1..]))
}

const HOSTILE: &str = "<script>alert(1)</script>\" onload='x' & =cmd|'/c calc'!A0";

#[test]
fn hostile_names_are_text_in_every_format_and_the_page_asks_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let street = |name: &str, y: f64| feature(name, "LineString", json!([at(0., y), at(400., y)]));
    let evil = format!("={HOSTILE}");
    let roads = write(folder.path(), "roads.geojson", &[street(&evil, 0.), street("Oak St", 300.)]);
    let square = json!([[at(-50., -50.), at(450., -50.), at(450., 50.), at(-50., 50.), at(-50., -50.)]]);
    let hoods = write(folder.path(), "hoods.geojson", &[feature(HOSTILE, "Polygon", square)]);
    let lots = write(folder.path(), "lots.geojson", &[feature(HOSTILE, "Point", json!(at(100., 20.)))]);
    let points = incidents(folder.path(), &ROBBERIES);
    let (hoods, lots) =
        (format!("neighborhood={}", hoods.display()), format!("vacant-lots={}", lots.display()));
    let files = [("--incidents", points.as_path()), ("--blocks", roads.as_path())];
    let more = ["--areas", hoods.as_str(), "--context", lots.as_str()];
    let with = |args: &[&str]| run(&files, &[args, &more[..]].concat());
    let kept = folder.path().join("list.json");
    let kept = kept.to_str().expect("UTF-8");
    let (code, _, err) = with(&["list", "--capacity", "2blocks", "--as-of", "2018-06-20", "-o", kept]);
    assert_eq!(code, 0, "{err}");
    let (code, html, err) = with(&["list", "--previous", kept, "--format", "html"]);
    assert_eq!(code, 0, "{err}");
    assert!(html.contains("&lt;script&gt;") && html.contains("Priority block for support"));
    assert!(
        !html.contains("<script")
            && !html.contains("onload='")
            && !html.contains("http:")
            && !html.contains("https:")
    );
    assert!(html.contains("default-src 'none'"));
    for tag in html.split('<').skip(1) {
        let name =
            tag.split(|c: char| !(c.is_ascii_alphanumeric() || c == '!')).find(|part| !part.is_empty());
        const KNOWN: [&str; 32] = [
            "!doctype", "html", "head", "meta", "title", "style", "body", "header", "main", "p", "h1", "h2",
            "table", "thead", "tbody", "tr", "th", "td", "a", "section", "span", "div", "dl", "dt", "dd",
            "ul", "li", "svg", "path", "circle", "img", "br",
        ];
        assert!(name.is_some_and(|name| KNOWN.contains(&name)), "<{tag}");
    }
    let (_, csv, _) = with(&["list", "--previous", kept, "--format", "csv"]);
    let mut rows = csv::Reader::from_reader(csv.as_bytes());
    for row in rows.records() {
        for cell in &row.expect("as many cells as columns") {
            assert!(!cell.starts_with(['=', '+', '-', '@']), "{cell}");
        }
    }
    let (_, geojson, _) = with(&["list", "--previous", kept, "--format", "geojson"]);
    let answer: Json = serde_json::from_str(&geojson).expect("GeoJSON");
    let elm = &answer["features"][0]["properties"];
    assert_eq!(elm["areas"]["neighborhood"][0], HOSTILE);
    assert!(
        elm["sheet"]["nearby"][0]
            .as_str()
            .expect("a sentence")
            .starts_with("vacant lots: 1 within 300 m; nearest ")
    );
    assert!(!format!("{html}{csv}{geojson}").to_lowercase().contains("dangerous"));
}

#[test]
fn notes_and_reviews_are_picked_from_their_lists_and_what_was_given_is_not_repeated() {
    let folder = tempfile::tempdir().expect("a folder");
    let (points, roads) = (incidents(folder.path(), &ROBBERIES), streets(folder.path()));
    let files = [("--incidents", points.as_path()), ("--blocks", roads.as_path())];
    let file = folder.path().join("list.json");
    let kept = file.to_str().expect("UTF-8");
    let made = run(&files, &["list", "--capacity", "1blocks", "--as-of", "2018-06-20", "-o", kept]);
    assert_eq!(made.0, 0, "{}", made.2);
    let before = std::fs::read_to_string(&file).expect("written");
    let again = run(&files, &["list", "--capacity", "1blocks", "--as-of", "2018-06-21", "-o", kept]);
    assert!(again.0 == 2 && again.2.contains("outreach list that is kept"), "{}", again.2);
    assert_eq!(
        std::fs::read_to_string(&file).expect("still there"),
        before,
        "a first list replaced one that is kept"
    );
    let list: Json = serde_json::from_str(&before).expect("JSON");
    let id = list["versions"][0]["blocks"][0]["id"].as_str().expect("an id").to_owned();
    let previous = ["list", "--previous", kept, "--as-of", "2018-07-01", "-o", kept];
    for (args, says) in [
        (vec!["--note".to_owned(), format!("{id}=met Jane Doe")], "no note of the list"),
        (vec!["--note".to_owned(), format!("{id}=")], "visited"),
        (vec!["--note".to_owned(), id.clone()], "segment-12=visited"),
        (vec!["--note".to_owned(), "segment-99=visited".to_owned()], "on no version of the list"),
        (vec!["--review".to_owned(), "for Jane Doe".to_owned()], "spring"),
        (vec!["--capacity".to_owned(), "2blocks".to_owned()], "2018-12-20"),
    ] {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let (code, out, err) = run(&files, &[&previous[..], &args].concat());
        assert!(code == 2 && out.is_empty() && err.contains(says), "{args:?}: {code} {err}");
        assert!(args[0] == "--review" || !err.contains("Doe"), "{err}");
        assert_eq!(std::fs::read_to_string(&file).expect("still there"), before, "{args:?} changed the list");
    }
    let visited = format!("{id}=visited");
    let (code, _, err) = run(&files, &[&previous[..], &["--note", visited.as_str()]].concat());
    assert_eq!(code, 0, "{err}");
    let after: Json = serde_json::from_str(&std::fs::read_to_string(&file).expect("written")).expect("JSON");
    assert_eq!(after["notes"], json!([{"date": "2018-07-01", "id": id, "note": "visited"}]));
    assert_eq!(after["versions"], list["versions"], "a note is no review");
    let (_, csv, _) = run(&files, &["list", "--previous", kept, "--format", "csv"]);
    assert!(csv.contains("2018-07-01 visited"), "{csv}");
    let early = [
        "list",
        "--previous",
        kept,
        "--as-of",
        "2018-09-01",
        "--review",
        "extraordinary",
        "--capacity",
        "2blocks",
    ];
    let (code, table, err) = run(&files, &early);
    assert!(code == 0 && table.contains("stayed-by-term") && table.contains("entered"), "{err} {table}");
    let (code, _, err) = run(&files, &["list", "--note", visited.as_str(), "--as-of", "2018-09-01"]);
    assert!(code == 2 && err.contains("--previous"), "{err}");
}

#[test]
fn a_list_over_other_blocks_or_with_a_made_up_past_is_refused_with_the_mend() {
    let folder = tempfile::tempdir().expect("a folder");
    let (points, roads) = (incidents(folder.path(), &ROBBERIES), streets(folder.path()));
    let files = [("--incidents", points.as_path()), ("--blocks", roads.as_path())];
    let file = folder.path().join("list.json");
    let kept = file.to_str().expect("UTF-8");
    let made = run(&files, &["list", "--capacity", "2blocks", "--as-of", "2018-06-20", "-o", kept]);
    assert_eq!(made.0, 0, "{}", made.2);
    let whole = std::fs::read_to_string(&file).expect("written");
    let list: Json = serde_json::from_str(&whole).expect("JSON");
    let [first, second] =
        [0, 1].map(|at| list["versions"][0]["blocks"][at]["id"].as_str().expect("an id").to_owned());
    for (from, to, says) in [
        (format!("\"id\": \"{first}\""), "\"id\": \"segment-99\"".to_owned(), "no block `segment-99`"),
        (format!("\"id\": \"{first}\""), format!("\"id\": \"{second}\""), "twice"),
        ("\"name\": \"Elm St\"".to_owned(), "\"name\": \"Home of Jane Doe\"".to_owned(), "another name"),
        ("\"n_blocks\": 3".to_owned(), "\"n_blocks\": 4".to_owned(), "the same --blocks file"),
        ("\"date\": \"2018-06-20\"".to_owned(), "\"date\": \"2018-06-31\"".to_owned(), "a date as"),
        ("\"since\": \"2018-06-20\"".to_owned(), "\"since\": \"2018-06-21\"".to_owned(), "date after"),
        ("\"notes\": []".to_owned(), "\"notes\": [], \"contact\": \"Jane Doe\"".to_owned(), "unknown field"),
    ] {
        let tampered = whole.replacen(&from, &to, 1);
        assert_ne!(tampered, whole, "{from}");
        std::fs::write(&file, tampered).expect("written");
        for command in [&["list", "--previous", kept][..], &["brief", "--list", kept]] {
            let (code, out, err) = run(&files, command);
            assert!(code == 1 && out.is_empty() && err.contains(says), "{to}: {code} {err}");
            assert!(!err.contains("Doe"), "{err}");
        }
    }
    let (code, _, err) = run(&files, &["list", "--previous", "nowhere.json"]);
    assert!(code == 4 && err.contains("nowhere.json"), "{err}");
}

#[test]
fn degenerate_input_has_a_clear_answer_or_a_clear_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let snapshot = town(folder.path(), &[]);
    let of = |pairs: &[(&str, &str)]| ask(&snapshot, false, pairs);
    // More room than blocks with incidents; nothing in the period; one block only.
    let all = of(&[("capacity", "100blocks"), ("as_of", "2018-06-20")]).expect("a list");
    assert_eq!((all.features.len(), int(parameter(&all, "taken"))), (3, 3));
    let none = of(&[("capacity", "5blocks"), ("as_of", "2018-06-20"), ("datetime", "2017-01-01/2017-12-31")]);
    let none = none.expect("an empty list");
    assert_eq!((none.features.len(), int(parameter(&none, "taken"))), (0, 0));
    let empty = snapshot.review(
        None,
        &ListAsk {
            capacity: blocks(5),
            period: period("2017-01-01/2017-12-31"),
            as_of: Some(date(2018, 6, 20)),
            ..ListAsk::default()
        },
    );
    let paper =
        list::paper(&snapshot, &empty.expect("an empty list")).expect("no category").expect("a version");
    assert!(encode::sheets::page(&paper).contains("none is assigned"));
    for (pairs, at_fault, says) in [
        (&[][..], "capacity", "capacity"),
        (&[("capacity", "5households")], "capacity", "25blocks"),
        (
            &[("capacity", "5blocks"), ("as_of", "2018-06-20"), ("datetime", "2018-01-01/2018-12-31")],
            "datetime",
            "2018-06-20",
        ),
        (&[("capacity", "5blocks"), ("category", "sorcery")], "category", "sorcery"),
        (&[("capacity", "5blocks"), ("within", "Nowhere")], "within", "--areas"),
    ] {
        let error = of(pairs).expect_err("was answered");
        let told = common::chain(&error);
        assert!(error.parameter() == Some(at_fault) && told.contains(says), "{pairs:?}: {told}");
    }
}

#[tokio::test]
async fn over_http_the_kept_list_is_a_layer_a_proposal_is_not_kept_and_the_brief_follows_it() {
    use axum::body::{Body, to_bytes};
    use axum::http::{Request, header};
    use tower::ServiceExt;
    let folder = tempfile::tempdir().expect("a folder");
    let shot = ("2018-06-19 12:00", "aggravated_assault", (55., 3.), "yes", "no", "yes");
    let snapshot = with_list(town(folder.path(), &[shot]));
    let engine = std::sync::Arc::new(hotblocks::engine::Engine::of(snapshot));
    let router = hotblocks::http::router(engine, Values::default());
    let get = async |path: &str| -> (u16, Json) {
        let request = Request::builder().uri(path).header(header::HOST, "127.0.0.1:8080");
        let answer =
            router.clone().oneshot(request.body(Body::empty()).expect("a request")).await.expect("one");
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body(), usize::MAX).await.expect("a body");
        (status, serde_json::from_slice(&body).expect("JSON"))
    };
    let (status, kept) = get("/collections/list/items").await;
    assert_eq!((status, &kept["provenance"]["parameters"]["version"]), (200, &json!(1)));
    assert_eq!(kept["legend"]["title"], "Priority blocks for support");
    let (status, proposal) =
        get("/collections/list/items?review=extraordinary&as_of=2018-08-01&capacity=3blocks").await;
    assert_eq!(
        (status, &proposal["provenance"]["parameters"]["version"], &proposal["numberMatched"]),
        (200, &json!(2), &json!(3))
    );
    let (_, again) = get("/collections/list/items").await;
    assert_eq!(again["features"], kept["features"]);
    let (status, problem) = get("/collections/list/items?as_of=2018-08-01&capacity=3blocks").await;
    assert_eq!((status, &problem["parameter"]), (422, &json!("review")), "{problem}");
    let (status, brief) = get("/collections/brief/items?as_of=2018-06-20").await;
    assert_eq!((status, &brief["features"][0]["properties"]["shootings_3_days"]), (200, &json!(1)));
    let (status, problem) = get("/collections/brief/items?as_of=2018-06-31").await;
    assert_eq!((status, &problem["parameter"]), (400, &json!("as_of")), "{problem}");
}

#[test]
fn places_from_a_table_are_nearby_and_one_beyond_the_crs_is_left_out_and_said_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let roads = write(
        folder.path(),
        "roads.geojson",
        &[feature("Elm St", "LineString", json!([at(0., 0.), at(400., 0.)]))],
    );
    let points = incidents(folder.path(), &ROBBERIES);
    let [lon, lat] = at(100., 20.);
    let table = folder.path().join("clinics.csv");
    std::fs::write(&table, format!("name,lon,lat\nStreet Clinic,{lon},{lat}\nFar Away,{},0\n", lon + 90.0))
        .expect("writes");
    let clinics = format!("clinics={}", table.display());
    let files = [("--incidents", points.as_path()), ("--blocks", roads.as_path())];
    let args = ["list", "--capacity", "1blocks", "--as-of", "2018-06-20", "--format", "geojson"];
    let (code, out, err) = run(&files, &[&args[..], &["--context", &clinics]].concat());
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("clinics: 1 of the places lie so far"), "{err}");
    let answer: Json = serde_json::from_str(&out).expect("GeoJSON");
    let nearby = answer["features"][0]["properties"]["sheet"]["nearby"][0].as_str().expect("a sentence");
    assert!(nearby.contains("Street Clinic") && !nearby.contains("Far Away"), "{nearby}");
}

#[test]
fn the_sheet_of_a_gun_list_tells_the_gun_crimes_first_and_the_list_what_was_observed() {
    let folder = tempfile::tempdir().expect("a folder");
    let armed = |when, y| (when, "robbery", (100., y), "no", "no", "yes");
    let rows = [
        armed("2018-05-10 10:00", 5.),
        armed("2018-05-11 10:00", 5.),
        armed("2018-05-12 10:00", 5.),
        armed("2018-05-13 10:00", 305.),
    ];
    let snapshot = town(folder.path(), &rows);
    let asked = [("capacity", "2blocks"), ("as_of", "2018-06-20"), ("by", "gun")];
    let list = ask(&snapshot, false, &asked).expect("a list");
    let of = |name: &str| {
        let found = list.features.iter().find(|f| get(&f.properties, "name") == &Value::text(name));
        found.unwrap_or_else(|| panic!("{name} is not on the list"))
    };
    let (elm, oak) = (of("Elm St"), of("Oak St"));
    assert_eq!((int(get(&elm.properties, "incidents")), int(get(&elm.properties, "scored"))), (7, 3));
    assert_eq!(texts(of_sheet(elm, "known_for"))[0], "Gun crimes: 3 of 7 incidents");
    // Fewer than three would tell of one event.
    assert_eq!(int(get(&oak.properties, "scored")), 1);
    assert!(!texts(of_sheet(oak, "known_for")).iter().any(|told| told.contains("Gun")));
    // Three years are asked about, and 13 days of them were observed.
    assert_eq!(int(parameter(&list, "observed_days")), 13);
    assert!(text(parameter(&list, "scored")).contains("in 2018-05-01/2018-05-13"), "{list:?}");
}
