//! Problem places: addresses are ranked for analysts at the command line, and nowhere else.

use crate::common;

use std::collections::BTreeMap;

use common::command::{SAMPLE, hotblocks, told};
use hotblocks::engine::params::ranking::RANK;
use hotblocks::engine::params::table::OPERATIONS;
use hotblocks::engine::query::Query;
use hotblocks::engine::ranking::Scoring;
use hotblocks::layer::problem_places::problem_places;
use hotblocks::layer::{Ask, Page};
use hotblocks::model::address::Address;
use hotblocks::rank::score::{By, Per};
use hotblocks::rank::truncated::truncated;
use serde_json::Value as Json;

fn run(args: &[&str]) -> (i32, String, String) {
    told(hotblocks().arg("rank").args(args).args(SAMPLE))
}

#[test]
fn addresses_are_those_of_the_raw_incidents_without_sensitive_ones() {
    let (snapshot, ..) = common::new_haven();
    let data = snapshot.dataset();
    // By block and house: incidents that count, and all of the block's.
    let (mut houses, mut of_block, mut left_out) = (BTreeMap::new(), BTreeMap::new(), 0);
    for at in (0..data.incidents.len()).filter(|&at| !data.held[at]) {
        let Some(block) = data.assignment.main(at) else { continue };
        if data.incidents.classes(at).any(|class| data.classes.get(class).flags.sensitive()) {
            left_out += 1;
            continue;
        }
        let read = data.incidents.address(at).and_then(|text| Address::parse(text, &data.words));
        let key = match read {
            Some(Address::House(..)) => format!("{read:?}"),
            Some(_) => continue,
            None => format!("{:?}", data.incidents.local(at)),
        };
        *houses.entry((block, key)).or_insert(0_usize) += 1;
        *of_block.entry(block).or_insert(0_usize) += 1;
    }
    let (code, out, err) =
        run(&["--unit", "addresses", "--top", "100000", "--format", "json", "--draws", "500"]);
    assert_eq!(code, 0, "{err}");
    let answer: Json = serde_json::from_str(&out).expect("JSON");
    let rows = answer["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), houses.len());
    let mut expected: Vec<usize> = houses.values().copied().collect();
    expected.sort_unstable_by(|a, b| b.cmp(a));
    let count = |row: &Json, name: &str| row[name].as_u64().expect("a count") as usize;
    assert_eq!(rows.iter().map(|row| count(row, "incidents")).collect::<Vec<_>>(), expected);
    for (rank, row) in (1..).zip(rows) {
        assert_eq!(row["rank"], rank);
        assert_eq!(
            count(row, "tied_with"),
            expected.iter().filter(|&&n| n == count(row, "incidents")).count() - 1
        );
    }
    let first = &rows[0];
    let ((block, _), n) = houses.iter().max_by_key(|(_, n)| **n).expect("some");
    let share = *n as f64 / of_block[block] as f64;
    assert!(
        (first["share_of_block"].as_f64().expect("a share") - share).abs() < 0.000_6
            || first["tied_with"] != 0
    );
    assert!(
        first["name"].as_str().is_some_and(|name| name.starts_with(|c: char| c.is_ascii_digit())),
        "{first}"
    );
    let (lo, hi) = (count(first, "rank_lo"), count(first, "rank_hi"));
    assert!(1 <= lo && lo <= hi && hi < 100, "the first address is not lost in the crowd: {first}");
    let told = &answer["provenance"]["parameters"];
    assert_eq!(told["left_out"]["sexual_domestic_child_unmapped"], left_out);
    assert!(left_out > 0);
}

#[test]
fn addresses_are_in_no_collection_and_have_no_weights() {
    for operation in OPERATIONS {
        let word =
            |p: &&hotblocks::engine::params::table::Param| format!("{:?}", p.kind).contains("addresses");
        assert!(!operation.params.iter().any(|p| word(&p)), "{}", operation.collection);
        assert_ne!(operation.collection, "addresses");
    }
    assert!(!RANK.params.iter().any(|p| p.flag == "unit"));
    for bad in
        [&["--by", "rate"][..], &["--by", "rate", "--per", "length"], &["--by", "gun", "--per", "length"]]
    {
        let (code, out, err) = run(&[&["--unit", "addresses"][..], bad].concat());
        assert!(
            code == 2
                && out.is_empty()
                && err.contains("addresses have no size")
                && err.contains("--by harm"),
            "{bad:?}: {err}"
        );
    }
    let (code, out, err) = run(&["--unit", "addresses", "--view", "bias"]);
    assert!(code == 2 && out.is_empty() && err.contains("a list alone"), "{err}");
    let (code, _, err) = run(&["--unit", "houses"]);
    assert!(code == 2 && err.contains("blocks, addresses"), "{err}");
}

#[test]
fn a_category_that_is_protected_has_no_addresses() {
    let (snapshot, ..) = common::new_haven();
    let rank = |categories: &[&str], by, per| {
        let query =
            Query { categories: categories.iter().map(|&c| c.to_owned()).collect(), ..Query::default() };
        let ask = Ask { query, within: Vec::new(), page: Page::ALL };
        problem_places(&snapshot, &ask, &Scoring { by, per, ..Scoring::default() })
    };
    let none = rank(&["family_offense"], By::Count, Per::Time).expect("an empty list");
    assert!(none.features.is_empty() && none.matched == 0);
    let gun = rank(&[], By::Gun, Per::Time).expect("a list");
    let all = rank(&[], By::Count, Per::Time).expect("a list");
    assert!(!gun.features.is_empty() && gun.matched < all.matched);
    assert!(rank(&[], By::Harm, Per::Time).is_err());
}

#[test]
fn the_list_is_the_same_again_and_for_the_table_too() {
    let args = ["--unit", "addresses", "--draws", "300", "--seed", "9"];
    let (first, again) = (run(&args), run(&args));
    assert_eq!(first.0, 0, "{}", first.2);
    assert_eq!(first.1, again.1);
    assert!(first.1.contains("share_of_block") && first.1.lines().count() > 10, "{}", first.1);
}

#[test]
fn rates_of_addresses_are_by_the_days_of_the_period() {
    let (snapshot, ..) = common::new_haven();
    let query = Query { period: "2014-09-05/2014-09-19".parse().ok(), ..Query::default() };
    let selection = snapshot.select(&query).expect("all");
    let scoring = Scoring { draws: None, ..Scoring::default() };
    let found = snapshot.problem_places(&query, &selection, &scoring, None).expect("addresses");
    let counts: Vec<u32> = found.rows.iter().map(|row| row.place.incidents).collect();
    let fit = found.fit.expect("addresses repeat");
    assert_eq!(Some(fit), truncated(&counts, 15.0 / 365.25));
    assert_ne!(Some(fit), truncated(&counts, 30.0 / 365.25));
}

#[test]
fn by_harm_an_address_has_the_weights_of_its_incidents() {
    let (snapshot, ..) = common::new_haven();
    let data = snapshot.dataset();
    let weights = [("robbery", 70.0), ("burglary", 20.0), ("larceny", 1.5)];
    let folder = tempfile::tempdir().expect("a folder");
    let table = folder.path().join("own.csv");
    let rows: String = weights.iter().map(|(name, weight)| format!("{name},{weight},ours,\n")).collect();
    std::fs::write(&table, format!("category,weight,source,note\n{rows}")).expect("written");
    let weight = |at: usize| {
        let of = |class| {
            let row = data.classes.get(class).category.map(|at| &*data.classes.tree().rows()[at].name);
            weights.iter().find(|(name, _)| row == Some(name)).map(|(_, weight)| *weight)
        };
        data.incidents.classes(at).filter_map(of).reduce(f64::max)
    };
    let mut houses: BTreeMap<_, f64> = BTreeMap::new();
    for at in (0..data.incidents.len()).filter(|&at| !data.held[at] && !data.sensitive(at)) {
        let (Some(block), Some(weight)) = (data.assignment.main(at), weight(at)) else { continue };
        let read = data.incidents.address(at).and_then(|text| Address::parse(text, &data.words));
        let key = match read {
            Some(Address::House(..)) => format!("{read:?}"),
            Some(_) => continue,
            None => format!("{:?}", data.incidents.local(at)),
        };
        *houses.entry((block, key)).or_default() += weight;
    }
    let mut expected: Vec<f64> = houses.into_values().collect();
    expected.sort_by(|a, b| b.total_cmp(a));
    let path = table.to_string_lossy();
    let args =
        ["--unit", "addresses", "--by", "harm", "--harm", &path, "--top", "100000", "--format", "json"];
    let (code, out, err) = run(&args);
    assert_eq!(code, 0, "{err}");
    let answer: Json = serde_json::from_str(&out).expect("JSON");
    let rows = answer["rows"].as_array().expect("rows");
    let scores: Vec<f64> = rows.iter().map(|row| row["score"].as_f64().expect("a score")).collect();
    assert!(expected.len() > 100 && scores.len() == expected.len(), "{} {}", scores.len(), expected.len());
    assert!(scores.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-9));
    // The order is not that of counts, and no place is drawn.
    assert!(!rows.is_sorted_by_key(|row| std::cmp::Reverse(row["incidents"].as_u64())));
    assert!(rows[0]["rank_lo"].is_null() && rows[0]["p_top_n"].is_null());
    let told = &answer["provenance"]["parameters"];
    assert_eq!((&told["harm"], &told["draws"]), (&"own.csv".into(), &Json::Null));
    assert!(told["without_weight"].as_array().is_some_and(|left| left.len() > 3), "{told:#}");
}
