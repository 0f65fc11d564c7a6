//! Patrol plans of the sample, end to end: officers, hours and a speed in, a week of stops out, and what it does not say.

use crate::common;

use std::collections::BTreeMap;

use common::answers;
use common::command::{SAMPLE, hotblocks, told};
use hotblocks::encode;
use hotblocks::engine::areas::set_areas;
use hotblocks::engine::params::patrol::PLAN;
use hotblocks::engine::patrol::Patrolled;
use hotblocks::engine::query::Query;
use hotblocks::engine::ranking::Scoring;
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::layer::answer::AnswerError;
use hotblocks::layer::{Layer, Value};
use hotblocks::model::areas::{Area, AreaKind};
use serde_json::Value as Json;

fn ask(snapshot: &Snapshot, pairs: &[(&str, &str)]) -> Result<Layer, AnswerError> {
    answers::ask(snapshot, &PLAN, pairs)
}

const EVENING: [(&str, &str); 4] =
    [("officers", "2"), ("hours", "18:00-02:00"), ("free", "0.4"), ("speed", "30km/h")];

fn evening<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let given = EVENING.iter().filter(|(name, _)| more.iter().all(|(other, _)| other != name));
    given.copied().chain(more.iter().copied()).collect()
}

/// Rows and parameters as a reader of JSON finds them.
fn read(layer: &Layer) -> (Vec<Json>, Json) {
    let mut answer: Json = serde_json::from_str(&encode::json::rows(layer)).expect("JSON");
    let parameters = answer["provenance"]["parameters"].take();
    (answer["rows"].as_array().cloned().expect("rows"), parameters)
}

fn sum(rows: &[Json], name: &str) -> f64 {
    rows.iter().map(|row| row[name].as_f64().unwrap_or_else(|| panic!("{name} of {row}"))).sum()
}

#[test]
fn the_sample_has_a_plan_whose_minutes_add_up_in_every_sheet() {
    let (snapshot, ..) = common::new_haven();
    let (stops, told) = read(&ask(&snapshot, &EVENING).expect("a plan"));
    let (officers, of_officers) = read(&ask(&snapshot, &evening(&[("sheet", "officers")])).expect("a plan"));
    let (areas, _) = read(&ask(&snapshot, &evening(&[("sheet", "areas")])).expect("a plan"));
    assert_eq!(told, of_officers, "one plan, told in three ways");
    assert_eq!((officers.len(), areas.len()), (14, 10));
    for duty in &officers {
        let of = |name: &str| duty[name].as_u64().expect("minutes");
        let spent = ["calls_minutes", "stop_minutes", "travel_minutes", "rest_minutes"].map(of);
        assert_eq!(spent.iter().sum::<u64>(), 480, "{duty}");
        assert_eq!((of("calls_minutes"), of("minutes"), of("stops") * 15), (288, 480, of("stop_minutes")));
    }
    assert!(stops.len() > 50, "{}", stops.len());
    assert_eq!(sum(&officers, "stops") as usize, stops.len());
    assert_eq!(sum(&areas, "stops") as usize, stops.len());
    assert_eq!(told["stops"].as_u64(), Some(stops.len() as u64));
    let present = told["present_per_week"].as_f64().expect("a number");
    assert!((sum(&areas, "present_per_week") - present).abs() < 1e-4);
    assert!((sum(&stops, "present") - present).abs() < 1e-5);
    let number = |name: &str| told[name].as_f64().unwrap_or_else(|| panic!("{name}"));
    assert!(present > 0.0 && present < number("reached_per_week") && present <= number("bound_per_week"));
    assert!(number("reached_per_week") < number("expected_per_week"));
    assert!(number("expected_per_week") < number("expected_everywhere_per_week"));
    assert!((0.0..0.2).contains(&number("present_share")) && (0.0..1.0).contains(&number("gap")));
    assert!(number("next_hour_adds") > 0.0 && number("next_officer_adds") > 0.0);
}

#[test]
fn a_plan_says_on_what_evidence_it_stands_and_what_it_does_not_say() {
    let (snapshot, ..) = common::new_haven();
    let layer = ask(&snapshot, &evening(&[("top", "400"), ("officers", "1")])).expect("a plan");
    let (_, told) = read(&layer);
    let warnings = told["warnings"].to_string();
    for says in ["Koper (1995)", "not on gun violence", "present is not prevented", "get no stop"] {
        assert!(warnings.contains(says), "{says}: {warnings}");
    }
    let unserved = told["unserved"].as_array().expect("a list");
    assert!(
        !unserved.is_empty()
            && unserved.iter().all(|area| area["why"].as_str().is_some_and(|why| why.len() > 20))
    );
    let paper = encode::plan::sheets(&layer);
    assert!(paper.contains("! ") && paper.contains("not on gun violence"));
    for word in ["prevents", "dangerous", "guarantee", "NaN"] {
        assert!(!paper.contains(word), "{word}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_one_the_same_minutes() {
    let (snapshot, ..) = common::new_haven();
    let text = |seed: &str| {
        let layer = ask(&snapshot, &evening(&[("seed", seed)])).expect("a plan");
        (encode::csv::rows(&layer), encode::plan::sheets(&layer), read(&layer).0)
    };
    let (one, again, two) = (text("7"), text("7"), text("8"));
    assert_eq!(one, again);
    assert_ne!(one.2, two.2);
    let minutes = |rows: &[Json]| {
        let mut of: BTreeMap<String, u64> = BTreeMap::new();
        for row in rows {
            let key = format!("{} {} {} {}", row["shift"], row["begins"], row["officer"], row["area"]);
            *of.entry(key).or_default() += row["minutes"].as_u64().expect("minutes");
        }
        of
    };
    assert_eq!(minutes(&one.2), minutes(&two.2));
}

#[test]
fn what_is_expected_is_the_posterior_mean_of_the_ranking_at_the_hours_of_the_incidents() {
    let (snapshot, ..) = common::new_haven();
    let query = Query::default();
    let selection = snapshot.select(&query).expect("all");
    let scoring = Scoring::default();
    let ranking = snapshot.ranking(&query, &selection, &scoring, None).expect("a ranking");
    let (areas, told) = read(&ask(&snapshot, &evening(&[("sheet", "areas"), ("top", "5")])).expect("a plan"));
    let blocks = &snapshot.dataset().block_set.blocks;
    for row in ranking.rows.iter().take(5) {
        let id = &blocks[row.block.0 as usize].id;
        let area = areas.iter().find(|area| area["id"] == **id).expect("the first five");
        let a_week = row.expected * 7.0 / 365.25;
        assert!((area["expected_per_week"].as_f64().expect("a number") - a_week).abs() < 1e-5, "{id}");
    }
    let everywhere: f64 = ranking.rows.iter().map(|row| row.expected).sum::<f64>() * 7.0 / 365.25;
    assert!((told["expected_everywhere_per_week"].as_f64().expect("a number") - everywhere).abs() < 1e-3);
}

/// The hour of the week that a clock of the source shows, Monday 00:00 being 0.
fn hour_of(second: i64, zone: &jiff::tz::TimeZone) -> usize {
    let at = jiff::Timestamp::from_second(second).expect("a year that can be told").to_zoned(zone.clone());
    let day = usize::try_from(at.weekday().to_monday_zero_offset()).expect("a day of the week");
    day * 24 + usize::try_from(at.hour()).expect("an hour")
}

#[test]
fn hours_are_those_of_the_incidents_by_their_clock_drawn_towards_the_city_s() {
    let (snapshot, ..) = common::new_haven();
    let data = snapshot.dataset();
    let query = Query { categories: vec!["property".to_owned()], ..Query::default() };
    let selection = snapshot.select(&query).expect("known");
    let ground = snapshot
        .patrol_ground(&query, &selection, &Scoring::default(), &[], Patrolled::Blocks(8), &[])
        .expect("areas");
    let blocks = &data.block_set.blocks;
    let place = |id: &str| blocks.iter().position(|block| block.id == id).expect("a block");
    let mut of_block = vec![vec![0.0; 168]; ground.areas.len()];
    let mut city = vec![0.0; 168];
    for at in (0..data.incidents.len()).filter(|&at| !data.held[at] && selection.has(data, at)) {
        let Some(block) = data.assignment.main(at) else { continue };
        let (when, zone) =
            (data.incidents.when(at), &data.sources[usize::from(data.incidents.source(at))].zone);
        assert!(!snapshot.time_piles().any(), "of the sample every time is one");
        let area = ground.areas.iter().position(|area| place(&area.id) == block.0 as usize);
        // Minute by minute; what lasts a week or more says nothing of the hour.
        let all = if when.seconds >= 604_800 { 168 * 60 } else { when.seconds.div_ceil(60) };
        for minute in 0..all {
            let weight = if when.seconds >= 604_800 {
                1.0 / f64::from(all)
            } else {
                f64::from((when.seconds - minute * 60).min(60)) / f64::from(when.seconds)
            };
            let hour = hour_of(when.from + i64::from(minute) * 60, zone);
            city[hour] += weight;
            if let Some(area) = area {
                of_block[area][hour] += weight;
            }
        }
    }
    let total: f64 = city.iter().sum();
    for (area, own) in ground.areas.iter().zip(&of_block) {
        let (n, a_week): (f64, f64) = (own.iter().sum(), area.hours.iter().sum());
        assert!(n >= 1.0 && a_week > 0.0, "{}", area.id);
        for hour in 0..168 {
            let prior = (city[hour] + 1.0) / (total + 168.0);
            let share = ground.strength.map_or(prior, |k| (own[hour] + k * prior) / (n + k));
            let told = area.hours[hour] / a_week;
            assert!((told - share).abs() < 1e-4, "{} hour {hour}: {told} {share}", area.id);
        }
    }
}

#[test]
fn a_time_that_stands_for_unknown_makes_no_peak() {
    let at = |n: usize, when: &str, first: usize| -> String {
        (0..n)
            .map(|i| format!("{},2018-01-{:02} {when},fraud,-90.205,38.6\n", first + i, 1 + i % 28))
            .collect()
    };
    // Most at noon and a minute past midnight, where nobody knows; of the others half at ten in the evening.
    let known: String = (0..24).map(|hour| at(1, &format!("{hour:02}:30"), 100 + hour)).collect();
    let rows = format!(
        "id,date,category,longitude,latitude\n{}{}{}{known}",
        at(30, "12:00", 200),
        at(30, "00:01", 300),
        at(24, "22:10", 400)
    );
    let town = common::town::town_of(&rows, None);
    let query = Query::default();
    let selection = town.select(&query).expect("known");
    let ground = town
        .patrol_ground(&query, &selection, &Scoring::default(), &[], Patrolled::Blocks(1), &[])
        .expect("a block");
    let mut day = [0.0; 24];
    ground.areas[0].hours.iter().enumerate().for_each(|(hour, harm)| day[hour % 24] += harm);
    let most = (0..24).max_by(|a, b| day[*a].total_cmp(&day[*b]));
    assert_eq!(most, Some(22), "{day:?}");
    assert!(day[12] < 1.2 * day[11] && day[0] < 1.2 * day[1], "{day:?}");
}

#[test]
fn every_answer_that_rests_on_counts_tells_who_brought_them_up() {
    use common::town::{Lot, Where, town_with};
    let lots = [
        Lot(6, "robbery", Where::West, "citizen,yes,"),
        Lot(2, "robbery", Where::East, "officer,yes,"),
        Lot(2, "burglary", Where::South, "officer,,"),
    ];
    let town = town_with(&lots, Some("category,weight,source,note\nrobbery,5,own,\n"));
    let of = |operation, pairs: &[(&str, &str)]| -> Json {
        let layer =
            answers::ask(&town, operation, pairs).unwrap_or_else(|error| panic!("{pairs:?}: {error}"));
        read(&layer).1
    };
    use hotblocks::engine::params::{outreach::LIST, ranking::RANK};
    for (told, citizen) in [
        (of(&PLAN, &EVENING), 0.6),
        (of(&PLAN, &[("sites", "1")]), 0.6),
        (of(&RANK, &[("view", "concentration")]), 0.6),
        (of(&RANK, &[("view", "concentration"), ("by", "gun")]), 0.75),
        (of(&LIST, &[("capacity", "2blocks"), ("as_of", "2018-01-31"), ("by", "gun")]), 0.75),
    ] {
        assert_eq!(told["origin_shares"]["citizen"], citizen, "{told}");
        let all: f64 =
            told["origin_shares"].as_object().expect("shares").values().filter_map(Json::as_f64).sum();
        assert!((all - 1.0).abs() < 1e-9, "{told}");
    }
    let harm = of(&PLAN, &evening(&[("by", "harm")]));
    assert_eq!(
        (&harm["origin_shares"]["citizen"], &harm["without_weight"][0]),
        (&0.75.into(), &"burglary".into())
    );
    assert!(harm["barred"].is_array() && harm["warnings"].to_string().contains("without a weight"), "{harm}");
}

#[test]
fn areas_as_patrol_areas_say_that_a_stop_does_not_see_all_of_them() {
    let told = |more: &[(&str, &str)]| {
        read(&ask(&with_beats(), &evening(more)).expect("a plan")).1["warnings"].to_string()
    };
    let wide = "a stop counts as presence in the whole";
    assert!(told(&[("patrol", "areas"), ("within", "beat:West,beat:East")]).contains(wide));
    assert!(!told(&[("patrol", "blocks")]).contains(wide));
}

/// The sample with two beats, west and east of the middle.
fn with_beats() -> Snapshot {
    let (snapshot, ..) = common::new_haven();
    let mut data = snapshot.dataset().clone();
    let box_ = data.extent;
    let middle = (box_.west + box_.east) / 2.0;
    let beat = |name: &str, west: f64, east: f64| Area {
        name: Some(name.to_owned()),
        shape: geo::MultiPolygon(vec![geo::Rect::new((west, box_.south), (east, box_.north)).to_polygon()]),
        ..Area::default()
    };
    let beats = vec![
        beat("West", box_.west, middle),
        beat("East", middle, box_.east),
        Area {
            shape: geo::MultiPolygon(vec![
                geo::Rect::new((box_.west, box_.north + 0.01), (box_.east, box_.north + 0.02)).to_polygon(),
            ]),
            ..beat("North", 0.0, 1.0)
        },
    ];
    set_areas(&mut data, vec![(AreaKind::Beat, beats)]).expect("near");
    Snapshot::new(data, 1)
}

#[test]
fn officers_stay_in_their_beats_and_what_lies_in_none_is_named() {
    let snapshot = with_beats();
    let file = |beat: &str| format!("name,days,from,to,officers,beat\nlate,Fri Sat,18:00,02:00,2,{beat}\n");
    let plan = |text: &str, more: &[(&str, &str)]| {
        let pairs = [&[("shifts", text), ("free", "0.5"), ("speed", "20mph"), ("top", "12")], more].concat();
        ask(&snapshot, &pairs)
    };
    let (areas, told) = read(&plan(&file("west"), &[("sheet", "areas")]).expect("a plan"));
    let served: Vec<&Json> = areas.iter().filter(|area| area["stops"].as_u64() > Some(0)).collect();
    assert!(
        !served.is_empty() && served.iter().all(|area| area["beats"] == serde_json::json!(["beat:West"])),
        "{served:?}"
    );
    let outside: Vec<&Json> = areas.iter().filter(|area| area["beats"] == serde_json::json!([])).collect();
    assert!(
        !outside.is_empty()
            && outside.iter().all(|area| area["unserved"].to_string().contains("no shift may enter"))
    );
    assert_eq!(told["travel_per_stop"][0]["beat"], "beat:West");
    assert!(told["unserved"].as_array().is_some_and(|unserved| unserved.len() >= outside.len()));
    let empty = plan(&file("north"), &[]).expect_err("was planned");
    assert!(
        empty.parameter() == Some("shifts")
            && empty.to_string().contains("no patrol area lies in `beat:North`"),
        "{empty}"
    );
    let unknown = plan(&file("wset"), &[]).expect_err("was planned");
    assert!(unknown.parameter() == Some("shifts") && unknown.to_string().contains("West"), "{unknown}");
    let named =
        plan(&file(""), &[("patrol", "areas"), ("within", "beat:West,beat:East"), ("sheet", "areas")])
            .expect("a plan");
    let (areas, told) = read(&named);
    // Streets across the middle lie in both beats and are expected once: in the one that was named first.
    let of = |name: &str| told[name].as_f64().expect("a number");
    let (of_areas, everywhere) = (of("expected_per_week"), of("expected_everywhere_per_week"));
    assert!((of_areas / everywhere - 1.0).abs() < 1e-4, "{of_areas} of {everywhere}");
    // They make an area no part of the other beat: most of its blocks would have to.
    let elsewhere =
        plan(&file("east"), &[("patrol", "areas"), ("within", "beat:West")]).expect_err("was planned");
    assert!(elsewhere.to_string().contains("no patrol area lies in `beat:East`"), "{elsewhere}");
    let mut names: Vec<&str> = areas.iter().map(|area| area["name"].as_str().expect("a name")).collect();
    names.sort_unstable();
    assert_eq!(names, ["East", "West"]);
}

#[test]
fn a_week_has_dates_and_its_hour_that_no_clock_shows_is_nobody_s() {
    let (snapshot, ..) = common::new_haven();
    let night = evening(&[("hours", "22:00-06:00"), ("week", "2026-03-08"), ("sheet", "officers")]);
    let (officers, told) = read(&ask(&snapshot, &night).expect("a plan"));
    assert_eq!(told["week"], "2026-03-02");
    for duty in officers {
        let short = duty["date"] == "2026-03-07";
        assert_eq!(duty["minutes"].as_u64(), Some(if short { 420 } else { 480 }), "{duty}");
        let spent: u64 = ["calls_minutes", "stop_minutes", "travel_minutes", "rest_minutes"]
            .iter()
            .map(|name| duty[*name].as_u64().expect("minutes"))
            .sum();
        assert_eq!(Some(spent), duty["minutes"].as_u64());
    }
    let night = evening(&[("hours", "22:00-06:00"), ("week", "2026-11-01")]);
    let (stops, told) = read(&ask(&snapshot, &night).expect("a plan"));
    assert!(
        told["warnings"].to_string().contains("come twice")
            && stops.iter().all(|stop| stop["date"].is_string())
    );
}

#[test]
fn what_nobody_could_work_is_refused_at_its_parameter() {
    let (snapshot, ..) = common::new_haven();
    let header = "name,days,from,to,officers\n";
    let rows = |rows: &str| format!("{header}{rows}");
    let check = |pairs: &[(&str, &str)], parameter: &str, says: &str| {
        let refused = ask(&snapshot, pairs).expect_err("was planned");
        assert!(
            refused.parameter() == Some(parameter) && refused.to_string().contains(says),
            "{pairs:?}: {refused}"
        );
    };
    check(&EVENING[1..], "officers", "needs both");
    check(&[EVENING[0], EVENING[2], EVENING[3]], "hours", "needs both");
    check(&EVENING[2..], "shifts", "not given");
    check(&EVENING[..3], "speed", "not given");
    check(&[EVENING[0], EVENING[1], EVENING[3]], "free", "not given");
    check(&evening(&[("speed", "30")]), "speed", "unit");
    check(&evening(&[("speed", "0km/h")]), "speed", "from 1 to 150");
    check(&evening(&[("hours", "18:00-18:00")]), "hours", "no length");
    check(&evening(&[("hours", "18:00-18:12")]), "stop_minutes", "fewer than a stop");
    check(&evening(&[("weekdays", "sometimes")]), "weekdays", "Mon-Fri");
    check(&evening(&[("free", "0.02")]), "free", "larger share");
    check(&evening(&[("patrol", "areas")]), "within", "none is named");
    check(&evening(&[("shifts", &rows("a,Fri,18:00,02:00,1"))]), "officers", "one of the two");
    check(&evening(&[("datetime", "2001-01-01/2001-01-02")]), "patrol", "nothing to patrol");
    let file = |text: &str, says: &str| {
        let text = rows(text);
        check(&[("shifts", &text), ("free", "0.4"), ("speed", "30km/h")], "shifts", says);
    };
    file("a,Fri,18:00,02:00,0", "from 1 to 1000");
    file("a,Fri,18:00,02:00,1\na,Fri,20:00,22:00,1", "on duty twice");
    file("", "no shift");
}

#[test]
fn the_command_prints_one_table_a_shift_and_reads_shifts_from_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let shifts = folder.path().join("shifts.csv");
    std::fs::write(
        &shifts,
        "name,days,from,to,officers\nlate,Fri Sat,18:00,02:00,2\nday,Mon,08:00,16:00,1\n",
    )
    .expect("written");
    let run = |args: &[&str]| told(hotblocks().arg("plan").args(SAMPLE).args(args));
    let file = shifts.display().to_string();
    let given = ["--shifts", &file, "--free", "0.4", "--speed", "20mph"];
    let (code, paper, said) = run(&given);
    assert_eq!(code, 0, "{said}");
    let heads: Vec<&str> =
        paper.lines().filter(|line| line.starts_with("late: ") || line.starts_with("day: ")).collect();
    assert_eq!(
        heads,
        ["day: Mon 08:00 to Mon 16:00", "late: Fri 18:00 to Sat 02:00", "late: Sat 18:00 to Sun 02:00"]
    );
    assert_eq!(paper.matches("travel_minutes\n").count(), 3, "{paper}");
    let (_, json, _) = run(&[&given[..], &["--format", "geojson"]].concat());
    let answer: Json = serde_json::from_str(&json).expect("GeoJSON");
    assert!(
        answer["features"].as_array().is_some_and(|stops| stops.iter().all(|s| s["geometry"].is_object()))
    );
    for (args, code, says) in [
        (&["--free", "0.4", "--speed", "20mph"][..], 2, "--shifts"),
        (&["--officers", "2", "--hours", "18:00-02:00", "--speed", "20mph"], 2, "--free"),
        (
            &[
                "--officers",
                "2",
                "--hours",
                "18:00-02:00",
                "--free",
                "0.4",
                "--speed",
                "20mph",
                "--stop",
                "17",
            ],
            2,
            "16",
        ),
        (&["--shifts", "nothing.csv", "--free", "0.4", "--speed", "20mph"], 4, "nothing.csv"),
    ] {
        let (ended, out, err) = run(args);
        assert!(ended == code && out.is_empty() && err.contains(says), "{args:?}: {ended} {err}");
    }
}

#[test]
fn the_values_of_a_plan_are_finite() {
    let (snapshot, ..) = common::new_haven();
    for sheet in ["stops", "areas", "officers"] {
        let layer = ask(&snapshot, &evening(&[("sheet", sheet), ("category", "property"), ("every", "4h")]))
            .expect("a plan");
        let finite = |value: &Value| !matches!(value, Value::Float(number) if !number.is_finite());
        assert!(layer.features.iter().flat_map(|row| &row.properties).all(|(_, value)| finite(value)));
    }
}

#[test]
fn sites_are_near_to_what_is_expected_and_what_they_serve_adds_up() {
    let (snapshot, ..) = common::new_haven();
    let layer = ask(&snapshot, &[("sites", "3")]).expect("sites");
    let (sites, told) = read(&layer);
    assert_eq!((sites.len(), told["method"].as_str()), (3, Some("p-median")));
    let expected = told["expected_per_week"].as_f64().expect("a number");
    assert!((sum(&sites, "expected_per_week") - expected).abs() < 1e-4);
    assert!((sum(&sites, "share") - 1.0).abs() < 1e-5);
    // Every block is served by its nearest site, and the mean distance is that of all of them.
    let selection = snapshot.select(&Query::default()).expect("all");
    let ranking =
        snapshot.ranking(&Query::default(), &selection, &Scoring::default(), None).expect("a ranking");
    let blocks = &snapshot.dataset().block_set.blocks;
    let middle = |at: usize| geo::Centroid::centroid(&blocks[at].local).expect("a shape");
    let chosen: Vec<_> = sites
        .iter()
        .map(|site| blocks.iter().position(|b| site["id"].as_str() == Some(&b.id)).expect("a block"))
        .map(middle)
        .collect();
    let nearest = |at: usize| {
        let own = middle(at);
        let away = chosen.iter().map(|site| (site.x() - own.x()).hypot(site.y() - own.y()));
        away.fold(f64::INFINITY, f64::min)
    };
    let (weight, far) = ranking.rows.iter().fold((0.0, 0.0), |(weight, far), row| {
        (weight + row.expected, far + row.expected * nearest(row.block.0 as usize))
    });
    let mean = told["mean_distance_m"].as_f64().expect("a number");
    assert!((far / weight - mean).abs() < 0.06, "{} {mean}", far / weight);
    let more = read(&ask(&snapshot, &[("sites", "6")]).expect("sites")).1;
    assert!(more["mean_distance_m"].as_f64().expect("a number") < mean);
    let reach = read(&ask(&snapshot, &[("sites", "3"), ("reach_m", "500")]).expect("sites"));
    assert_eq!(reach.1["method"].as_str(), Some("maximal covering"));
    assert!(
        (sum(&reach.0, "covered_per_week") - reach.1["covered_per_week"].as_f64().expect("it")).abs() < 1e-4
    );
    assert!(reach.1["covered_share"].as_f64().is_some_and(|share| share > 0.0 && share < 1.0));
}

#[test]
fn sites_take_nothing_of_a_week_of_patrols_and_a_reach_needs_sites() {
    let (snapshot, ..) = common::new_haven();
    let refused = |pairs: &[(&str, &str)]| ask(&snapshot, pairs).expect_err("refused");
    for (name, text) in [("officers", "2"), ("speed", "30km/h"), ("sheet", "areas"), ("top", "5")] {
        let error = refused(&[("sites", "2"), (name, text)]);
        assert_eq!(error.parameter(), Some(name));
    }
    assert_eq!(refused(&evening(&[("reach_m", "500")])).parameter(), Some("reach_m"));
    let error = refused(&[("sites", "100"), ("within", "nowhere")]);
    assert_eq!(error.parameter(), Some("within"));
    // What is configured for patrols stays out of the way.
    let given = answers::values(&PLAN, &[("sites", "2")]).or(&answers::values(&PLAN, &EVENING));
    assert!(hotblocks::layer::answer::answer(&snapshot, &PLAN, &given, hotblocks::layer::Page::ALL).is_ok());
}
