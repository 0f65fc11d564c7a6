//! Why a block is where it is: sentences and records read back and counted again from raw incidents.

use crate::common;

mod recount;
mod retold;

use std::collections::{BTreeMap, BTreeSet};

use common::answers;
use common::command::run;
use hotblocks::analysis::chance::Chance;
use hotblocks::encode;
use hotblocks::engine::over_time::TrendBy;
use hotblocks::engine::params::explain::EXPLAIN;
use hotblocks::engine::query::Query;
use hotblocks::engine::ranking::Scoring;
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::layer::answer::AnswerError;
use hotblocks::layer::explain::{Detail, explain};
use hotblocks::layer::{Ask, Layer, Page};
use hotblocks::model::horizon::Horizon;
use hotblocks::model::incident::Located;
use hotblocks::model::period::local_date;
use hotblocks::model::report::Day;
use hotblocks::rank::score::By;
use recount::{Asked, Recounted, recount};
use serde_json::Value as Json;

/// How many blocks are drawn to be told and counted again.
const BLOCKS: usize = 200;

fn everything(asked: Asked) -> Ask {
    let query = Query { period: asked.period, ..Query::default() };
    Ask { query, within: Vec::new(), page: Page::ALL }
}

fn scoring(asked: Asked, draws: u32) -> Scoring {
    let by = if asked.gun { By::Gun } else { By::Count };
    Scoring { by, top_n: 20, draws: (draws > 0).then_some(draws), ..Scoring::default() }
}

/// Blocks of chance: three of four have incidents; and all with held ones, which are few.
fn drawn(all: &[Recounted], seed: u64) -> Vec<usize> {
    let mut chance = Chance::new(seed, 0);
    let some: Vec<usize> = (0..all.len()).filter(|&block| all[block].n > 0).collect();
    let mut chosen: BTreeSet<usize> = (0..all.len()).filter(|&block| all[block].held > 0).take(20).collect();
    while chosen.len() < BLOCKS.min(all.len()) {
        let from_some = chance.below(4) > 0 && chosen.len() < some.len();
        let n = if from_some { some.len() } else { all.len() };
        let at = chance.below(u32::try_from(n).expect("few")) as usize;
        chosen.insert(if from_some { some[at] } else { at });
    }
    chosen.into_iter().collect()
}

fn json(layer: &Layer) -> Json {
    serde_json::from_str(&encode::json::rows(layer)).expect("JSON")
}

fn number(row: &Json, path: &str) -> f64 {
    row.pointer(path).and_then(Json::as_f64).unwrap_or_else(|| panic!("no number at {path} in {row:#}"))
}

/// Tells some blocks of chance and counts them again; the rows as they were told.
fn check(snapshot: &Snapshot, asked: Asked, seed: u64, draws: u32) -> Vec<Json> {
    let data = snapshot.dataset();
    let all = recount(snapshot, asked);
    let chosen = drawn(&all, seed);
    let ids: Vec<&str> = chosen.iter().map(|&block| data.block_set.blocks[block].id.as_str()).collect();
    let layer =
        explain(snapshot, &everything(asked), &ids, &scoring(asked, draws), TrendBy::Year, Detail::Analyst)
            .expect("records");
    assert_eq!(layer.features.len(), chosen.len());
    let told = json(&layer);
    let rows = told["rows"].as_array().expect("rows").clone();
    let touching = touching(snapshot);
    for (row, &block) in rows.iter().zip(&chosen) {
        record(row, &all[block], snapshot, asked, &layer);
        place(row, block, &all, draws > 0);
        sentence(row, &all[block], &all, snapshot, asked);
        let beside: BTreeSet<&str> =
            touching[block].iter().map(|&at| data.block_set.blocks[at].id.as_str()).collect();
        let named = row["neighbors"].as_array().expect("neighbors").iter();
        assert_eq!(
            named.map(|one| one["block"].as_str().expect("an id")).collect::<BTreeSet<_>>(),
            beside,
            "{row:#}"
        );
        let named = row["neighbors"].as_array().expect("neighbors").iter();
        let ranks: Vec<u64> = named.map(|one| one["rank"].as_u64().unwrap_or(u64::MAX)).collect();
        assert!(ranks.is_sorted(), "those with a rank first, in its order: {ranks:?}");
    }
    rows
}

/// Blocks that share an end of a street, by comparing all ends.
fn touching(snapshot: &Snapshot) -> Vec<BTreeSet<usize>> {
    let blocks = &snapshot.dataset().block_set.blocks;
    let mut at_end: BTreeMap<(u64, u64), BTreeSet<usize>> = BTreeMap::new();
    let ends = |shape: &geo::Geometry| match shape {
        geo::Geometry::Point(point) => vec![point.0],
        geo::Geometry::LineString(line) => vec![line.0[0], line.0[line.0.len() - 1]],
        other => panic!("no street: {other:?}"),
    };
    for (number, block) in blocks.iter().enumerate() {
        for end in ends(&block.local) {
            at_end.entry((end.x.to_bits(), end.y.to_bits())).or_default().insert(number);
        }
    }
    let mut beside = vec![BTreeSet::new(); blocks.len()];
    for together in at_end.values() {
        for &one in together {
            beside[one].extend(together.iter().filter(|&&other| other != one));
        }
    }
    beside
}

fn record(row: &Json, raw: &Recounted, snapshot: &Snapshot, asked: Asked, layer: &Layer) {
    let data = snapshot.dataset();
    assert_eq!(row["incidents"], raw.n, "{row:#}");
    assert_eq!(row["gun_crimes"], raw.gun);
    let mut by_class: BTreeMap<(String, String), usize> = BTreeMap::new();
    for class in row["by_class"].as_array().expect("classes") {
        let text = |name: &str| class[name].as_str().expect("a text").to_owned();
        *by_class.entry((text("category"), text("label"))).or_default() +=
            number(class, "/incidents") as usize;
    }
    assert_eq!(by_class, raw.by_class);
    for origin in ["citizen", "officer", "sensor", "unknown"] {
        assert_eq!(row["by_origin"][origin], raw.by_origin.get(origin).copied().unwrap_or(0), "{origin}");
    }
    let years = row["by_year"].as_array().expect("years").iter();
    let by_year: BTreeMap<i64, usize> = years
        .map(|of| (of["year"].as_i64().expect("a year"), number(of, "/incidents") as usize))
        .filter(|(_, n)| *n > 0)
        .collect();
    assert_eq!(by_year, raw.by_year);
    for (day, name) in
        ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"].iter().enumerate()
    {
        for hour in 0..24 {
            let told = number(row, &format!("/week/{name}/{hour}"));
            let counted = raw.hours[day * 24 + hour];
            assert!((told - counted).abs() < 0.006, "{name} {hour}: {told} for {counted}");
        }
    }
    let week = [("incidents", raw.in_week), ("imprecise", raw.imprecise), ("left_out", raw.left_out)];
    week.iter().for_each(|(name, n)| assert_eq!(row["week"][name], *n, "{name}"));
    assert_eq!(row["peak_hours"].as_str().map(str::to_owned), recount::peak(&raw.began));
    assert_eq!(row["addresses"]["n_addresses"], raw.addresses.len());
    let top = raw.addresses.values().max().copied().unwrap_or(0);
    match row["addresses"]["top_address_share"].as_f64() {
        Some(share) => assert!((share - top as f64 / raw.n as f64).abs() < 0.000_6, "{share}"),
        None => assert_eq!(raw.n, 0),
    }
    assert_eq!(row["addresses"]["one_problem_place"], raw.n > 1 && 2 * top > raw.n);
    let held = row["data_quality"]["held"].as_u64();
    assert_eq!(held, Some(raw.held as u64));
    // The located share of its classes, over the whole data set.
    let of_classes =
        |at: &usize| raw.leading.contains(&data.incidents.class(*at).0) && recount::asked(data, *at, asked);
    if raw.n > 0 {
        let (mut of, mut nowhere) = (0, 0);
        for at in (0..data.incidents.len()).filter(of_classes) {
            of += 1;
            let placed = matches!(data.incidents.located(at), Located::Yes | Located::Geocoded);
            nowhere += usize::from(!placed && data.assignment.main(at).is_none());
        }
        let located = 1.0 - nowhere as f64 / of as f64;
        assert!((number(row, "/data_quality/located_share") - located).abs() < 0.000_6, "{row:#}");
    }
    assert!(layer.provenance.iter().any(|(name, _)| *name == "parameters"));
}

/// The rank by the stated rule, counted as those that come before.
fn place(row: &Json, block: usize, all: &[Recounted], drawn: bool) {
    let own = &all[block];
    let key = |at: usize| (all[at].n, all[at].latest, std::cmp::Reverse(at));
    let before = (0..all.len()).filter(|&other| other != block && key(other) > key(block)).count();
    if own.n == 0 {
        assert!(row["rank"].is_null() && row["peak_hours"].is_null(), "{row:#}");
        return;
    }
    assert_eq!(row["rank"], before + 1);
    let tied = all.iter().filter(|other| other.n == own.n).count() - 1;
    assert_eq!(row["tied_with"], tied);
    let (total, blocks) = (all.iter().map(|one| one.n).sum::<usize>() as f64, all.len() as f64);
    let times = own.n as f64 / (total / blocks);
    assert!((number(row, "/times_city") / times - 1.0).abs() < 1e-3, "{row:#}");
    if drawn {
        let (lo, hi) = (number(row, "/rank_lo"), number(row, "/rank_hi"));
        assert!(1.0 <= lo && lo <= hi && hi <= blocks && (0.0..=1.0).contains(&number(row, "/p_top_n")));
        // Drawn to the mean: between what it has and what a block has, in the parts that are told.
        let of = |name: &str| number(row, &format!("/shrinkage/{name}"));
        let mean = of("own_weight") * of("raw_rate") + (1.0 - of("own_weight")) * of("city_mean");
        assert!((mean / of("rate_mean") - 1.0).abs() < 1e-3, "{row:#}");
        assert!((of("city_mean") / of("raw_rate") * times - 1.0).abs() < 0.05, "{row:#}");
        assert!(of("rate_lo") < of("rate_mean") && of("rate_mean") < of("rate_hi"));
    }
    let cut = row["cut_off"]["blocks"].as_array().expect("blocks");
    let mut counts: Vec<usize> = all.iter().map(|one| one.n).filter(|&n| n > 0).collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let n = counts.len().min(20);
    let ranks: Vec<usize> = cut.iter().map(|near| number(near, "/rank") as usize).collect();
    assert_eq!(ranks, (n - n.min(3) + 1..=(n + 3).min(counts.len())).collect::<Vec<_>>());
    let scores: Vec<usize> = cut.iter().map(|near| number(near, "/score") as usize).collect();
    assert_eq!(scores, counts[n - n.min(3)..(n + 3).min(counts.len())]);
    let out = counts[n..].iter().filter(|&&score| score == counts[n - 1]).count();
    assert_eq!(row["cut_off"]["tied_out"], out);
}

/// What the sentence says, against the raw counts.
fn sentence(row: &Json, raw: &Recounted, all: &[Recounted], snapshot: &Snapshot, asked: Asked) {
    let said = row["sentence"].as_str().expect("a sentence");
    let Some(told) = retold::read(said) else {
        assert_eq!(raw.n, 0, "{said}");
        return;
    };
    assert_eq!(told.rank as usize, number(row, "/rank") as usize, "{said}");
    assert_eq!(told.level_with as usize, number(row, "/tied_with") as usize, "{said}");
    assert_eq!(told.n, raw.n as f64, "{said}");
    let noun = match (asked.gun, raw.n) {
        (false, 1) => "incident",
        (false, _) => "incidents",
        (true, 1) => "gun crime",
        (true, _) => "gun crimes",
    };
    assert_eq!(told.noun, noun, "{said}");
    // Neither the sample nor St. Louis tells who was shot.
    assert!(!said.contains("shooting") && told.known_shootings == 0 && raw.shootings == 0, "{said}");
    let likely = row["rank_lo"].as_u64().zip(row["rank_hi"].as_u64());
    assert_eq!(told.likely.map(|(lo, hi)| (u64::from(lo), u64::from(hi))), likely, "{said}");
    let (least, most) = told.days.expect("a period");
    let days = snapshot.observed_days(&everything(asked).query) as f64;
    assert!((least..=most).contains(&days), "{said}: {days} days");
    let mean = all.iter().map(|one| one.n).sum::<usize>() as f64 / all.len() as f64;
    let (least, most) = told.times.expect("a comparison");
    assert!((least..=most).contains(&(raw.n as f64 / mean)), "{said}: {}", raw.n as f64 / mean);
    // What is expected of it: (α + y) / (β + E) by the city's mean, from the parts of the record.
    let years = days / 365.25;
    let expected = row["shrinkage"]["rate_mean"].as_f64().expect("a rate") * years / mean;
    assert!((number(row, "/times_city_expected") / expected - 1.0).abs() < 1e-3, "{row:#}");
    let (least, most) = told.expected.expect("a comparison");
    // Of what is not above the city's rate it is not told.
    let told_of = raw.n as f64 / mean >= 1.15;
    assert!(!told_of || (least * 0.999..=most * 1.001).contains(&expected), "{said}: {expected}");
    assert_eq!(told.peak, recount::peak(&raw.began), "{said}");
    // Two years or one month are too few to tell.
    assert_eq!(row["trend"]["trend"], "cannot tell", "{row:#}");
    let public = row["public_sentence"].as_str().expect("a sentence");
    assert!(public.contains("for support") && !public.contains("incident"), "{public}");
    assert_eq!(public.starts_with("Priority block for support"), told.rank <= 20, "{public}");
}

#[test]
fn records_and_sentences_of_200_blocks_of_the_sample_are_what_raw_incidents_say() {
    let (snapshot, ..) = common::new_haven();
    let rows = check(&snapshot, Asked { period: None, gun: false }, 2024, 1_000);
    assert_eq!(rows.len(), BLOCKS);
    assert!(rows.iter().any(|row| row["addresses"]["one_problem_place"] == true));
    let week = "2014-09-08/2014-09-21".parse().expect("a period");
    check(&snapshot, Asked { period: Some(week), gun: true }, 7, 0);
}

#[test]
fn records_and_sentences_of_200_blocks_of_st_louis_are_what_raw_incidents_say() {
    let Some(folder) = common::st_louis() else { return };
    let months = common::st_louis_months(&folder);
    let (snapshot, ..) = common::load(&months[months.len() - 24..], &folder.join("streets.parquet"));
    let last = "2017-01-01/2018-12-31".parse().expect("a period");
    let rows = check(&snapshot, Asked { period: Some(last), gun: true }, 2024, 200);
    assert!(rows.iter().any(|row| number(row, "/week/imprecise") > 0.0), "times at 00:00 stand for unknown");
    let rows = check(&snapshot, Asked { period: None, gun: false }, 5, 0);
    assert!(rows.iter().any(|row| !row["peak_hours"].is_null()), "a peak is named somewhere");
}

fn ask(snapshot: &Snapshot, pairs: &[(&str, &str)]) -> Result<Layer, AnswerError> {
    answers::ask(snapshot, &EXPLAIN, pairs)
}

#[test]
fn over_http_protected_classes_are_together_and_nowhere_in_the_hours() {
    let (snapshot, ..) = common::new_haven();
    let data = snapshot.dataset();
    let protected =
        |at: usize| data.incidents.classes(at).any(|class| data.classes.get(class).flags.protected());
    let mut seen = 0;
    for at in (0..data.incidents.len()).filter(|&at| protected(at) && !data.held[at]) {
        let Some(block) = data.assignment.main(at).filter(|_| seen < 5) else { continue };
        seen += 1;
        let id = &data.block_set.blocks[block.0 as usize].id;
        let public = json(&ask(&snapshot, &[("block", id), ("draws", "0")]).expect("a record"));
        let row = &public["rows"][0];
        let mut together =
            row["by_class"].as_array().expect("classes").iter().filter(|of| of["category"] == "protected");
        assert!(number(together.next_back().expect("one row"), "/incidents") >= 1.0);
        for class in data.classes.rows().iter().filter(|class| class.flags.protected()) {
            assert!(!row["by_class"].to_string().contains(&class.label), "{}", class.label);
        }
        assert!(number(row, "/week/left_out") >= 1.0);
        let analyst = everything(Asked { period: None, gun: false });
        let scoring = Scoring::default();
        let analyst = json(
            &explain(&snapshot, &analyst, &[id], &scoring, TrendBy::Year, Detail::Analyst).expect("a record"),
        );
        let label = &data.classes.get(data.incidents.class(at)).label;
        assert!(
            analyst["rows"][0]["by_class"].to_string().contains(label) || !protected_leads(&snapshot, at)
        );
    }
    assert_eq!(seen, 5);
}

fn protected_leads(snapshot: &Snapshot, at: usize) -> bool {
    let data = snapshot.dataset();
    data.classes.get(data.incidents.class(at)).flags.protected()
}

#[test]
fn a_block_is_found_by_id_or_name_and_an_unknown_one_has_neighbors() {
    let (snapshot, ..) = common::new_haven();
    let first = ask(&snapshot, &[("block", "segment-2018"), ("draws", "0")]).expect("by id");
    let same = ask(&snapshot, &[("block", "union ave,  Columbus Ave to Church St S"), ("draws", "0")])
        .expect("by name");
    assert_eq!(first.features, same.features);
    let unknown = ask(&snapshot, &[("block", "Union Ave, Columbus to Church")]).expect_err("no such block");
    assert_eq!(unknown.parameter(), Some("block"));
    assert!(
        unknown.to_string().contains("`Union Ave, Columbus Ave to Church St S` (segment-2018)"),
        "{unknown}"
    );
    assert_eq!(ask(&snapshot, &[]).expect_err("no block").parameter(), Some("block"));
}

#[test]
fn the_same_seed_gives_the_same_record() {
    let (snapshot, ..) = common::new_haven();
    let pairs = [("block", "segment-1933"), ("draws", "500"), ("seed", "3"), ("top", "5")];
    let (a, b) = (ask(&snapshot, &pairs).expect("a record"), ask(&snapshot, &pairs).expect("a record"));
    assert_eq!(encode::json::rows(&a), encode::json::rows(&b));
    assert!(
        json(&a)["rows"][0]["sentence"].as_str().expect("said").contains("(likely "),
        "{:?}",
        a.features[0]
    );
}

/// A street of three blocks, each between two cross streets, and the incidents of a table on it.
fn town(rows: &[(&str, f64, &str)]) -> (tempfile::TempDir, [String; 2]) {
    let folder = tempfile::tempdir().expect("a folder");
    let street = |name: &str, line: String| {
        format!(
            r#"{{"type":"Feature","properties":{{"name":"{name}"}},"geometry":{{"type":"LineString","coordinates":[{line}]}}}}"#
        )
    };
    let mut streets =
        vec![street("Main St", "[-90.204,38.6],[-90.202,38.6],[-90.2,38.6],[-90.198,38.6]".into())];
    for (name, lon) in
        [("First St", -90.204), ("Second St", -90.202), ("Third St", -90.2), ("Fourth St", -90.198)]
    {
        streets.push(street(name, format!("[{lon},38.599],[{lon},38.6],[{lon},38.601]")));
    }
    let blocks = format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, streets.join(","));
    let mut table = String::from("date,category,longitude,latitude,address\n");
    rows.iter()
        .for_each(|(date, lon, address)| table += &format!("{date},robbery,{lon},38.60005,{address}\n"));
    let files = [("streets.geojson", blocks), ("incidents.csv", table)].map(|(name, text)| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.to_string_lossy().into_owned()
    });
    (folder, files)
}

#[test]
fn degenerate_blocks_are_told_plainly() {
    // The first block has one house with all of its incidents over weeks, the second days without an hour, the third none.
    let mut rows: Vec<(String, f64, &str)> =
        (1..=12).map(|day| (format!("2018-03-{:02} 22:{day:02}", 2 * day), -90.203, "12 Main St")).collect();
    rows.extend((1..=12).map(|day| (format!("2018-04-{day:02}"), -90.201, "34 Main St")));
    let rows: Vec<(&str, f64, &str)> =
        rows.iter().map(|(date, lon, address)| (date.as_str(), *lon, *address)).collect();
    let (_folder, [streets, incidents]) = town(&rows);
    let explain = |block: &str| {
        let args = ["explain", block, "--incidents", &incidents, "--blocks", &streets, "--format", "json"];
        let (code, out, err) = run(&args);
        assert_eq!(code, 0, "{err}");
        serde_json::from_str::<Json>(&out).expect("JSON")["rows"][0].clone()
    };
    let names = |n: u32| {
        format!(
            "Main St, {} St to {} St",
            ["First", "Second", "Third"][n as usize],
            ["Second", "Third", "Fourth"][n as usize]
        )
    };
    let one = explain(&names(0));
    assert_eq!(
        (&one["addresses"]["one_problem_place"], &one["addresses"]["n_addresses"]),
        (&true.into(), &1.into())
    );
    assert!(one["sentence"].as_str().expect("said").contains("12 incidents in"), "{one:#}");
    assert!(one["peak_hours"].as_str().is_some_and(|peak| peak.starts_with("daily 2")), "{one:#}");
    let hourless = explain(&names(1));
    assert!(
        hourless["peak_hours"].is_null() && !hourless["sentence"].to_string().contains("peak"),
        "{hourless:#}"
    );
    assert_eq!(hourless["week"]["imprecise"], 12);
    assert!(
        hourless["data_quality"]["flags"].to_string().contains("100 % have a day but no hour"),
        "{hourless:#}"
    );
    let none = explain(&names(2));
    assert!(none["rank"].is_null() && none["times_city"].is_null() && none["incidents"] == 0, "{none:#}");
    assert!(none["sentence"].as_str().expect("said").starts_with("Not ranked: no incidents in"), "{none:#}");
    assert!(!none.to_string().contains("NaN") && none["by_class"].as_array().is_some_and(Vec::is_empty));
}

const SAMPLE: [&str; 4] =
    ["--incidents", "data/new-haven/new_haven_merged.shp", "--blocks", "data/new-haven/newhaven_nework.shp"];

#[test]
fn the_command_speaks_to_people_and_an_unknown_block_ends_with_4() {
    let (code, out, err) = run(&[&["explain", "segment-2018", "--draws", "200"][..], &SAMPLE].concat());
    assert_eq!(code, 0, "{err}");
    assert!(
        out.contains("sentence: Ranked 1st (likely 1st") && out.contains("33 incidents in 1 month"),
        "{out}"
    );
    assert!(out.contains("Monday") && out.contains("one problem place: true"), "{out}");
    let (code, out, err) = run(&[&["explain", "Whaley Avenue"][..], &SAMPLE].concat());
    assert!(code == 4 && out.is_empty() && err.contains("the nearest names are `Whal"), "{code} {err}");
    let (code, _, err) = run(&[&["explain"][..], &SAMPLE].concat());
    assert!(code == 2 && err.contains("BLOCK"), "{err}");
}

#[test]
fn the_list_says_the_sentence_that_explain_says() {
    let list = |more: &[&str]| {
        let (code, out, err) =
            run(&[&["rank", "--top", "5", "--draws", "300", "--format", "json"][..], more, &SAMPLE].concat());
        assert_eq!(code, 0, "{err}");
        serde_json::from_str::<Json>(&out).expect("JSON")["rows"].as_array().expect("rows").clone()
    };
    for by in [&["--by", "count"][..], &["--by", "gun"], &["--by", "rate", "--per", "length"]] {
        let rows = list(by);
        assert_eq!(rows.len(), 5);
        for row in &rows[..2] {
            let id = row["id"].as_str().expect("an id");
            let args = ["explain", id, "--top", "5", "--draws", "300", "--format", "json"];
            let (_, out, _) = run(&[&args[..], by, &SAMPLE].concat());
            let told = serde_json::from_str::<Json>(&out).expect("JSON")["rows"][0].clone();
            assert_eq!((&row["sentence"], &row["peak_hours"]), (&told["sentence"], &told["peak_hours"]));
            assert!(retold::read(row["sentence"].as_str().expect("said")).is_some());
        }
    }
    let by_length = list(&["--by", "rate", "--per", "length"]);
    assert!(
        by_length[0]["sentence"].as_str().expect("said").contains("the city's rate for its length"),
        "{}",
        by_length[0]
    );
    let (_, table, _) = run(&[&["rank", "--top", "3", "--draws", "0"][..], &SAMPLE].concat());
    assert!(!table.contains("sentence"), "a line must fit a terminal: {table}");
}

#[test]
fn within_areas_the_sentence_names_them_and_others_are_refused() {
    let (snapshot, ..) = common::new_haven();
    let mut dataset = snapshot.dataset().clone();
    let polygons = common::repository("data/new-haven/derived_newhaven_blocks.geojson");
    let input = hotblocks::ingest::input::Input::at(&polygons).expect("a known ending");
    use hotblocks::ingest::blocks::{Purpose, Shapes, read_for};
    use hotblocks::model::areas::AreaKind;
    let Shapes::Areas(areas) = read_for(&input, None, Purpose::Areas(AreaKind::Beat)).expect("polygons").0
    else {
        panic!("polygons")
    };
    let some: Vec<_> = areas.into_iter().take(20).collect();
    hotblocks::engine::areas::set_areas(&mut dataset, vec![(AreaKind::Beat, some)]).expect("near");
    let name = dataset.areas[0].areas[0].name.clone();
    let snapshot = Snapshot::new(dataset, 1);
    let blocks = &snapshot.dataset().block_set.blocks;
    let lies = |block: &&hotblocks::model::block::Block| {
        block.areas.get(&AreaKind::Beat).is_some_and(|names| names.contains(&name))
    };
    let inside = blocks.iter().find(lies).expect("a block").id.clone();
    let outside = blocks.iter().find(|block| !lies(block)).expect("a block").id.clone();
    let within = format!("beat:{name}");
    let told =
        json(&ask(&snapshot, &[("block", &inside), ("within", &within), ("draws", "0")]).expect("a record"));
    let said = told["rows"][0]["sentence"].as_str().expect("said");
    assert!(said.contains(&format!(" within {name}")), "{said}");
    let refused = ask(&snapshot, &[("block", &outside), ("within", &within)]).expect_err("was told");
    assert!(
        refused.parameter() == Some("within") && refused.to_string().contains("outside the areas"),
        "{refused}"
    );
}

#[test]
fn years_weekdays_and_hours_are_those_of_the_source_s_clock() {
    // In Chicago these are three Sunday evenings, the first on New Year's Eve of 2017.
    let nights = ["2018-01-01 03:10", "2018-01-08 03:20", "2018-01-15 03:30"];
    let rows: Vec<(&str, f64, &str)> =
        nights.iter().cycle().take(12).map(|&night| (night, -90.203, "12 Main St")).collect();
    let (_folder, [streets, incidents]) = town(&rows);
    let (snapshot, ..) = common::load(&[incidents.into()], std::path::Path::new(&streets));
    let mut dataset = snapshot.dataset().clone();
    dataset.sources[0].zone = jiff::tz::TimeZone::get("America/Chicago").expect("a zone");
    let snapshot = Snapshot::new(dataset, 1);
    let block = [("block", "Main St, First St to Second St"), ("draws", "0")];
    let told = json(&ask(&snapshot, &block).expect("a record"));
    let row = &told["rows"][0];
    let n =
        recount(&snapshot, Asked { period: None, gun: false }).iter().map(|one| one.n).max().expect("blocks");
    assert_eq!(row["incidents"], n);
    let years: Vec<(i64, f64)> = row["by_year"]
        .as_array()
        .expect("years")
        .iter()
        .map(|of| (of["year"].as_i64().expect("a year"), number(of, "/incidents")))
        .collect();
    assert_eq!((years.len(), years[0].0, years[1].0), (2, 2017, 2018));
    assert!(years.iter().all(|(_, n)| *n >= 1.0) && years[0].1 + years[1].1 == n as f64, "{years:?}");
    assert_eq!(number(row, "/week/Sunday/21"), n as f64);
    assert!(row["peak_hours"].is_null() || row["peak_hours"].as_str().expect("hours").starts_with("Sunday"));
}

#[test]
fn a_record_counts_what_came_after_the_last_complete_day_and_not_on_it() {
    let (snapshot, ..) = common::new_haven();
    let (data, until) = (snapshot.dataset(), snapshot.complete_until().expect("dated"));
    let first = data.sources[0].clone();
    // Two days before the end of the data, so that some came after it.
    let before = until.checked_sub(jiff::ToSpan::days(2)).expect("a date");
    let last = before.duration_since(jiff::civil::date(1970, 1, 1)).as_hours() / 24;
    let last = Day(i32::try_from(last).expect("a day of our time"));
    let mut cut = data.clone();
    cut.horizons = vec![Some(Horizon { as_of: Day(last.0 + 30), lag_days: 30, reports: 1_000 })];
    let snapshot = Snapshot::new(cut, 1);
    assert_eq!(snapshot.complete_until(), Some(before));
    let data = snapshot.dataset();
    let day = |at: usize| local_date(data.incidents.when(at).from, &first.zone).expect("a date");
    let mut found = 0;
    for (at, block) in data.block_set.blocks.iter().enumerate() {
        let mine: Vec<usize> = (0..data.incidents.len())
            .filter(|&i| !data.held[i] && data.assignment.main(i).is_some_and(|main| main.0 as usize == at))
            .collect();
        let after = mine.iter().filter(|&&i| day(i) > before).count();
        if after == 0 || !mine.iter().any(|&i| day(i) == before) {
            continue;
        }
        let told = json(&ask(&snapshot, &[("block", block.id.as_str()), ("draws", "0")]).expect("a record"));
        assert_eq!(number(&told["rows"][0], "/data_quality/after_horizon"), after as f64, "{}", block.name);
        found += 1;
    }
    assert!(found > 0);
}

#[test]
fn a_rate_is_drawn_wholly_to_the_city_s_without_evidence_and_by_weights_of_harm() {
    // One incident shows no block to differ from another.
    let (_folder, [streets, incidents]) = town(&[("2018-03-01 22:00", -90.203, "12 Main St")]);
    let (snapshot, ..) = common::load(&[incidents.into()], std::path::Path::new(&streets));
    let block = [("block", "Main St, First St to Second St"), ("draws", "0")];
    let told = json(&ask(&snapshot, &block).expect("a record"));
    let drawn = &told["rows"][0]["shrinkage"];
    assert_eq!(number(drawn, "/own_weight"), 0.0, "{told:#}");
    assert_eq!(number(drawn, "/rate_mean"), number(drawn, "/city_mean"));

    let folder = tempfile::tempdir().expect("a folder");
    let table = folder.path().join("own.csv");
    std::fs::write(&table, "category,weight,source,note\nrobbery,70,ours,\nburglary,20,ours,\n")
        .expect("written");
    let (snapshot, ..) = common::new_haven();
    let first = snapshot.rank(&snapshot.select(&Query::default()).expect("all"))[0].block;
    let id = snapshot.dataset().block_set.blocks[first.0 as usize].id.as_str();
    let harm = ["--by", "harm", "--harm", &table.to_string_lossy(), "--draws", "0", "--format", "json"];
    let (code, out, err) = run(&[&["explain", id][..], &SAMPLE, &harm].concat());
    assert_eq!(code, 0, "{err}");
    let told: Json = serde_json::from_str(&out).expect("JSON");
    let fits = told["provenance"]["parameters"]["fit"].as_array().expect("fits");
    assert_eq!(fits.len(), 2, "{fits:?}");
    let city: f64 =
        fits.iter().map(|fit| number(fit, "/weight") * number(fit, "/alpha") / number(fit, "/beta")).sum();
    let said = number(&told["rows"][0], "/shrinkage/city_mean");
    assert!((said / city - 1.0).abs() < 1e-4, "{said} {city}");
}

#[test]
fn a_year_that_a_period_cuts_has_the_days_within_it() {
    let (snapshot, ..) = common::new_haven();
    let selection = snapshot.select(&Query::default()).expect("all");
    let first = snapshot.rank(&selection)[0].block;
    let id = snapshot.dataset().block_set.blocks[first.0 as usize].id.clone();
    for (period, days) in [("2014-09-05/2014-09-20", 16), ("2014-09-11/..", 20), ("../2014-09-04", 4)] {
        let pairs = [("block", id.as_str()), ("draws", "0"), ("datetime", period)];
        let told = json(&ask(&snapshot, &pairs).expect("a record"));
        let row = &told["rows"][0];
        let years = row["by_year"].as_array().expect("years");
        assert_eq!((years.len(), number(&years[0], "/observed_days")), (1, f64::from(days)), "{period}");
        assert_eq!(number(row, "/exposure/observed_days"), f64::from(days), "{period}");
        assert_eq!(number(&years[0], "/incidents"), number(row, "/incidents"), "{period}");
    }
}

/// Incidents of each block of the sample, each counting half for every ten days back from the end of the month.
fn aged(snapshot: &Snapshot) -> Vec<f64> {
    let data = snapshot.dataset();
    let end = "2014-09-30/2014-09-30".parse::<hotblocks::model::period::Period>().expect("a day");
    let mut scores = vec![0.0; data.block_set.blocks.len()];
    let all = snapshot.select(&Query::default()).expect("no category");
    for at in (0..data.incidents.len()).filter(|&at| !data.held[at] && all.has(data, at)) {
        let zone = &data.sources[usize::from(data.incidents.source(at))].zone;
        let days = (end.seconds_in(zone).1 - data.incidents.when(at).from) as f64 / 86_400.0;
        if let Some(block) = data.assignment.main(at) {
            scores[block.0 as usize] += (-days / 10.0).exp2();
        }
    }
    scores
}

#[test]
fn a_record_with_a_half_life_explains_the_list_that_has_it() {
    let (snapshot, ..) = common::new_haven();
    let scores = aged(&snapshot);
    let blocks = &snapshot.dataset().block_set.blocks;
    let mut order: Vec<usize> = (0..blocks.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let city = scores.iter().sum::<f64>() / blocks.len() as f64;
    for (rank, &block) in (1..).zip(&order[..5]) {
        let pairs = [("block", &*blocks[block].id), ("half_life_days", "10"), ("draws", "200")];
        let told = json(&ask(&snapshot, &pairs).expect("a record"));
        let row = &told["rows"][0];
        assert_eq!(row["rank"], rank, "{row:#}");
        assert!((number(row, "/score") - scores[block]).abs() < 1e-4, "{row:#}");
        assert!((number(row, "/times_city") / (scores[block] / city) - 1.0).abs() < 1e-3, "{row:#}");
        let said = row["sentence"].as_str().expect("said");
        assert!(said.contains(" (each counts half for every 10 days that it lies back), "), "{said}");
        let of = |name: &str| number(row, &format!("/shrinkage/{name}"));
        let mean = of("own_weight") * of("raw_rate") + (1.0 - of("own_weight")) * of("city_mean");
        assert!((mean / of("rate_mean") - 1.0).abs() < 1e-3, "{row:#}");
        let plain =
            json(&ask(&snapshot, &[("block", &*blocks[block].id), ("draws", "0")]).expect("a record"));
        // Whole incidents and their trend are the same, and so is what they weigh less of.
        assert_eq!(row["incidents"], plain["rows"][0]["incidents"]);
        assert_eq!(row["trend"], plain["rows"][0]["trend"]);
        assert!(!row["trend"].is_null());
        assert!(of("own_weight") < number(&plain["rows"][0], "/shrinkage/own_weight"));
    }
}

#[test]
fn a_record_says_what_neighbors_tell() {
    let (snapshot, ..) = common::new_haven();
    let asked = |block: &str, share: &str| {
        let pairs = [("block", block), ("share", share), ("category", "person,property"), ("draws", "0")];
        json(&ask(&snapshot, &pairs).expect("a record"))
    };
    let (alone, told) = (asked("segment-2018", "none"), asked("segment-2018", "neighbors"));
    let learns = told["provenance"]["parameters"]["fit"][0]["learns_from"][0]["share"].as_f64();
    assert!(learns.is_some_and(|share| share > 0.0), "{told:#}");
    let (row, alone) = (&told["rows"][0], &alone["rows"][0]);
    let said = row["sentence"].as_str().expect("said");
    assert!(said.contains(" with what its neighbors tell)"), "{said}");
    assert!(!alone["sentence"].as_str().expect("said").contains("neighbors"));
    assert_ne!(row["shrinkage"]["rate_mean"], alone["shrinkage"]["rate_mean"]);
    assert!(row["shrinkage"]["own_weight"].is_null() && !alone["shrinkage"]["own_weight"].is_null());
    // The list says the same sentence.
    let args =
        ["rank", "--share", "neighbors", "--category", "person,property", "--top", "10", "--draws", "0"];
    let (code, out, err) = run(&[&args[..], &["--format", "json"], &SAMPLE].concat());
    assert_eq!(code, 0, "{err}");
    let list: Json = serde_json::from_str(&out).expect("JSON");
    let first = &list["rows"][0];
    let again = asked(first["id"].as_str().expect("an id"), "neighbors");
    assert_eq!(first["sentence"], again["rows"][0]["sentence"]);
}
