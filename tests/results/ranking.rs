//! Ranked blocks end to end: what is scored, how sure each place is, what is refused and what is said.

use crate::common;

use std::collections::HashMap;
use std::sync::LazyLock;

use common::answers::{self, get, number, parameter};
use common::command::run;
use common::town::{Lot, Where, table, town, town_of, town_with, write};
use common::{chain, new_haven, new_haven_polygons, repository};
use hotblocks::aggregate::addresses::{Forms, addresses};
use hotblocks::encode;
use hotblocks::engine::params::ranking::RANK;
use hotblocks::engine::query::Query;
use hotblocks::engine::ranking::{Proactive, RankingError, Scoring};
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::layer::answer::AnswerError;
use hotblocks::layer::{Feature, Layer, Value};
use hotblocks::model::block::{BlockId, Intersections};
use hotblocks::model::dataset::Placing;
use hotblocks::model::exposure::exposure;
use hotblocks::rank::score::{By, Gun, Per, Sharing};
use serde_json::Value as Json;

/// The sample, loaded once.
static SAMPLE: LazyLock<Snapshot> = LazyLock::new(|| new_haven().0);

fn ask(snapshot: &Snapshot, pairs: &[(&str, &str)]) -> Result<Layer, AnswerError> {
    answers::ask(snapshot, &RANK, pairs)
}

fn refused(snapshot: &Snapshot, pairs: &[(&str, &str)]) -> (Option<&'static str>, String) {
    // A layer is too long to be shown.
    let Err(error) = ask(snapshot, pairs) else { panic!("{pairs:?} has an answer") };
    (error.parameter(), chain(&error))
}

fn of<'a>(feature: &'a Feature, name: &str) -> &'a Value {
    get(&feature.properties, name)
}

fn warnings(layer: &Layer) -> String {
    let Value::List(said) = parameter(layer, "warnings") else { panic!("no warnings") };
    said.iter().map(encode::csv::cell).collect::<Vec<_>>().join("\n")
}

#[test]
fn by_count_the_order_is_that_of_the_incidents_one_by_one() {
    let snapshot = &*SAMPLE;
    let data = snapshot.dataset();
    let query = Query { categories: vec!["person".into(), "property".into()], ..Query::default() };
    let selection = snapshot.select(&query).expect("known");
    let mut naive: HashMap<BlockId, (u64, i64)> = HashMap::new();
    for at in (0..data.incidents.len()).filter(|&at| !data.held[at] && selection.has(data, at)) {
        if let Some(block) = data.assignment.main(at) {
            let own = naive.entry(block).or_insert((0, i64::MIN));
            *own = (own.0 + 1, own.1.max(data.incidents.when(at).from));
        }
    }
    let mut expected: Vec<(BlockId, (u64, i64))> = naive.into_iter().collect();
    expected.sort_by_key(|(block, (n, latest))| (std::cmp::Reverse((*n, *latest)), *block));
    let ranking = snapshot.ranking(&query, &selection, &Scoring::default(), None).expect("a ranking");
    assert_eq!(ranking.rows.len(), data.block_set.blocks.len());
    for (rank, ((block, (n, latest)), row)) in (1..).zip(expected.iter().zip(&ranking.rows)) {
        assert_eq!((row.rank, row.block, row.count.incidents()), (Some(rank), *block, *n));
        assert_eq!((row.count.latest, row.score), (Some(*latest), *n as f64));
    }
    assert!(ranking.rows[expected.len()..].iter().all(|row| row.rank.is_none() && row.score == 0.0));
    let plain = snapshot.rank(&selection);
    assert!(plain.iter().zip(&ranking.rows).all(|(a, b)| {
        (a.block, a.rank, a.tied_with, a.count) == (b.block, b.rank, b.tied_with, b.count)
    }));
    let total: u64 = expected.iter().map(|(_, (n, _))| n).sum();
    assert_eq!((ranking.incidents, ranking.origins), (total, [0, 0, 0, total]));
}

#[test]
fn with_equal_exposure_what_is_expected_keeps_the_order_of_counts() {
    let snapshot = &*SAMPLE;
    let query = Query { categories: vec!["person".into(), "property".into()], ..Query::default() };
    let selection = snapshot.select(&query).expect("known");
    let ranking = snapshot.ranking(&query, &selection, &Scoring::default(), None).expect("a ranking");
    for pair in ranking.rows.windows(2) {
        let (a, b) = (&pair[0], &pair[1]);
        assert_eq!(a.count.incidents().cmp(&b.count.incidents()), a.expected.total_cmp(&b.expected));
        assert!(a.lo <= a.expected && a.expected <= a.hi && a.lo > 0.0, "{a:?}");
    }
    // Shrinkage keeps the total: each block is drawn to the mean, which stays.
    let mean = ranking.incidents as f64 / ranking.years / ranking.rows.len() as f64;
    let expected = ranking.rows.iter().map(|row| row.expected).sum::<f64>() / ranking.rows.len() as f64;
    assert!((expected / mean - 1.0).abs() < 1e-3, "{expected} and {mean}");
    let first = &ranking.rows[0];
    assert!(first.expected < first.count.parts() / ranking.years, "the first is drawn down: {first:?}");
    let rate = Scoring { by: By::Rate, ..Scoring::default() };
    let by_rate = snapshot.ranking(&query, &selection, &rate, None).expect("a ranking");
    let blocks =
        |rows: &[hotblocks::engine::ranking::RankedBlock]| rows.iter().map(|r| r.block).collect::<Vec<_>>();
    assert_eq!(blocks(&by_rate.rows), blocks(&ranking.rows));
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_places_add_up() {
    let snapshot = &*SAMPLE;
    let few = [("category", "person,property"), ("draws", "400"), ("top", "20"), ("seed", "7")];
    let layer = ask(snapshot, &few).expect("a list");
    let again = ask(snapshot, &few).expect("a list");
    assert!(encode::csv::rows(&layer) == encode::csv::rows(&again));
    let other = ask(snapshot, &[&few[..3], &[("seed", "8")]].concat()).expect("a list");
    assert!(encode::csv::rows(&layer) != encode::csv::rows(&other));
    let ids = |layer: &Layer| layer.features.iter().map(|f| f.id.clone()).collect::<Vec<_>>();
    assert!(ids(&layer) == ids(&other), "chance moves no one in the order of counts");
    for (name, told) in [("draws", 400), ("seed", 7), ("top_n", 20)] {
        assert_eq!(parameter(&layer, name), &Value::Int(told));
    }
    // P of all blocks together is N, since N of them are in the top of each draw.
    let sum: f64 = layer.features.iter().map(|f| number(of(f, "p_top_n"))).sum();
    assert!((sum - 20.0).abs() < 0.0005 * layer.features.len() as f64, "{sum}");
    for row in layer.features.iter().take(50) {
        let (lo, hi) = (number(of(row, "rank_lo")), number(of(row, "rank_hi")));
        let p = number(of(row, "p_top_n"));
        assert!(1.0 <= lo && lo <= hi && (0.0..=1.0).contains(&p), "{:?}", row.properties);
    }
    // The first of a group and each of the others may stand in the same place.
    let ranked: Vec<&Feature> = layer.features.iter().filter(|f| of(f, "rank") != &Value::Null).collect();
    assert!(number(of(ranked[ranked.len() - 1], "group")) > 1.0);
    for pair in ranked.windows(2) {
        let step = number(of(pair[1], "group")) - number(of(pair[0], "group"));
        assert!(step == 0.0 || step == 1.0);
    }
    let first = &layer.features[0];
    assert!(number(of(first, "p_top_n")) > number(of(&layer.features[40], "p_top_n")));
    let without = ask(snapshot, &few[..1]).expect("a list");
    assert_eq!(parameter(&without, "draws"), &Value::Null);
    assert!(ids(&without) == ids(&layer));
    for name in ["rank_lo", "rank_hi", "rank_mean", "p_top_n"] {
        assert_eq!(of(&without.features[0], name), &Value::Null);
    }
    assert!(number(of(&without.features[0], "rate_hi")) > number(of(&without.features[0], "rate_lo")));
}

#[test]
fn gun_crime_is_counted_by_class_and_shootings_only_where_a_source_knows() {
    let snapshot = &*SAMPLE;
    let data = snapshot.dataset();
    let gun = |at: usize| data.incidents.classes(at).any(|class| data.classes.gun_crime(class));
    let naive = (0..data.incidents.len())
        .filter(|&at| gun(at) && !data.held[at] && data.assignment.main(at).is_some())
        .count();
    let layer = ask(snapshot, &[("by", "gun")]).expect("a list");
    assert!(naive > 0);
    assert_eq!(parameter(&layer, "scored"), &Value::count(naive));
    let listed: f64 = layer.features.iter().map(|f| number(of(f, "incidents"))).sum();
    assert_eq!(listed, naive as f64);
    assert_eq!(layer.legend.title, "Gun crimes per block");
    let (at, why) = refused(snapshot, &[("by", "gun"), ("gun", "shooting")]);
    assert!(at == Some("gun") && why.contains("rank by gun crime"), "{why}");
    let town = town_with(
        &[
            Lot(3, "aggravated_assault", Where::West, ",yes,no"),
            Lot(1, "aggravated_assault", Where::East, ",yes,yes"),
            Lot(5, "weapons", Where::East, ",yes,no"),
            Lot(2, "simple_assault", Where::South, ",no,no"),
        ],
        None,
    );
    let crimes = ask(&town, &[("by", "gun")]).expect("a list");
    let first = |layer: &Layer| (of(&layer.features[0], "score").clone(), layer.matched);
    assert_eq!(first(&crimes).0, Value::Int(3));
    assert_eq!(parameter(&crimes, "scored"), &Value::Int(4), "carrying is no gun crime");
    let shot = ask(&town, &[("by", "gun"), ("gun", "shooting")]).expect("a list");
    assert_eq!((first(&shot).0, parameter(&shot, "scored")), (Value::Int(1), &Value::Int(1)));
    assert_ne!(shot.features[0].id, crimes.features[0].id);
}

#[test]
fn a_rate_is_shrunk_and_blocks_without_the_exposure_have_no_rank_and_are_counted() {
    let snapshot = &*SAMPLE;
    let layer = ask(snapshot, &[("by", "rate"), ("per", "length"), ("category", "person,property")]);
    let layer = layer.expect("a list");
    let nodes = snapshot.dataset().block_set.blocks.iter().filter(|block| block.length.is_none()).count();
    assert!(nodes > 0);
    assert_eq!(parameter(&layer, "without_exposure"), &Value::count(nodes));
    assert!(number(parameter(&layer, "thin")) > 0.0);
    let said = warnings(&layer);
    assert!(said.contains("have no length") && said.contains("stubs"), "{said}");
    for row in &layer.features {
        if of(row, "length_m") == &Value::Null {
            assert_eq!(
                (of(row, "rank"), of(row, "score"), of(row, "rate_lo")),
                (&Value::Null, &Value::Null, &Value::Null)
            );
        }
    }
    let ranked: Vec<&Feature> = layer.features.iter().filter(|f| of(f, "rank") != &Value::Null).collect();
    assert!(ranked.windows(2).all(|w| number(of(w[0], "score")) >= number(of(w[1], "score"))));
    let first = ranked[0];
    let raw = number(of(first, "rate_per_km_year")) / 10.0;
    assert!(
        number(of(first, "score")) < raw,
        "one incident on a stub is drawn to the mean: {:?}",
        first.properties
    );
    assert_eq!(layer.legend.property, Some("score"));
    let (polygons, ..) = new_haven_polygons();
    let layer = ask(&polygons, &[("by", "rate"), ("per", "area"), ("category", "person,property")]);
    assert_eq!(parameter(&layer.expect("a list"), "without_exposure"), &Value::Int(0));
}

#[test]
fn what_these_data_cannot_give_is_refused_with_the_parameter_and_the_mend() {
    let snapshot = &*SAMPLE;
    for (pairs, parameter, says) in [
        (&[("by", "harm")][..], "by", "--harm FILE"),
        (&[("per", "length")][..], "per", "give by=rate"),
        (&[("by", "rate"), ("per", "households")][..], "per", "no block has households"),
        (&[("by", "rate"), ("per", "area")][..], "per", "no block has an area"),
        (
            &[("by", "rate"), ("datetime", "2001-01-01/2001-12-31")][..],
            "datetime",
            "no source has data in the period",
        ),
        (&[("draws", "7")][..], "draws", "give 100 to"),
    ] {
        let (at, why) = refused(snapshot, pairs);
        assert!(at == Some(parameter) && why.contains(says), "{pairs:?}: {at:?} {why}");
    }
    let mut dataset = snapshot.dataset().clone();
    dataset.placing = Placing { intersections: Intersections::Split, ..dataset.placing };
    let split = Snapshot::new(dataset, 1);
    for pairs in [&[("draws", "400")][..], &[("by", "rate")]] {
        let (at, why) = refused(&split, pairs);
        assert!(at == Some(pairs[0].0) && why.contains("intersections=node"), "{why}");
    }
    assert!(ask(&split, &[]).is_ok(), "by count parts of incidents can be ranked");
}

#[test]
fn degenerate_input_gives_a_clear_answer_and_no_number_that_is_none() {
    let snapshot = &*SAMPLE;
    // No incidents.
    let layer = ask(snapshot, &[("datetime", "2001-01-01/2001-12-31"), ("draws", "200")]).expect("a list");
    assert!(layer.features.iter().all(|f| of(f, "rank") == &Value::Null && of(f, "score") == &Value::Int(0)));
    assert!(warnings(&layer).contains("no incident is scored"));
    // Incidents, but none of this kind.
    let town =
        town_with(&[Lot(9, "burglary", Where::West, ",,"), Lot(9, "burglary", Where::East, ",,")], None);
    let none = ask(&town, &[("by", "gun"), ("draws", "200")]).expect("a list");
    assert!(none.features.iter().all(|f| of(f, "rank") == &Value::Null), "no gun crime, no rank");
    // Hardly any difference: an answer, and chance is told as such.
    let alike: Vec<Lot<'_>> =
        [Where::West, Where::East, Where::South, Where::North].map(|at| Lot(4, "burglary", at, ",,")).into();
    let town = town_with(&alike, None);
    let layer = ask(&town, &[("draws", "200"), ("top", "1")]).expect("a list");
    assert!(warnings(&layer).contains("no evidence that blocks differ"), "{}", warnings(&layer));
    let places: Vec<f64> = layer.features.iter().map(|f| number(of(f, "p_top_n"))).collect();
    assert!(places.iter().all(|p| (p - places[0]).abs() < 1e-9), "all as likely: {places:?}");
    assert_eq!(of(&layer.features[0], "tied_with"), &Value::Int(3));
    // One block.
    let selection = town.select(&Query::default()).expect("all");
    let scoring = Scoring { draws: Some(200), ..Scoring::default() };
    let alone = town.ranking(&Query::default(), &selection, &scoring, Some(&[BlockId(0)]));
    let alone = alone.expect("a ranking");
    assert_eq!((alone.rows.len(), alone.rows[0].position.map(|p| (p.lo, p.hi))), (1, Some((1, 1))));
    let nobody = town.ranking(&Query::default(), &selection, &scoring, Some(&[]));
    assert!(nobody.expect("a ranking").rows.is_empty());
    for layer in [&none, &layer] {
        for text in [encode::csv::rows(layer), encode::json::rows(layer), encode::table::table(layer)] {
            assert!(!text.contains("NaN") && !text.contains("inf,"), "{text}");
        }
    }
}

const WEIGHTS: &str = "category,weight,source,note\n\
                       robbery,50,policy 12,\n\
                       burglary,10,policy 12,homes and shops alike\n\
                       drugs,90,policy 12,\n";

#[test]
fn harm_is_the_weighted_sum_without_what_police_find_where_they_look() {
    let some = [
        Lot(12, "burglary", Where::West, "citizen,,"),
        Lot(6, "robbery", Where::East, "citizen,,"),
        Lot(20, "drugs", Where::South, "officer,,"),
        Lot(4, "larceny", Where::South, "citizen,,"),
    ];
    let town = town_with(&some, Some(WEIGHTS));
    let query = Query::default();
    let selection = town.select(&query).expect("all");
    let scoring = Scoring { by: By::Harm, ..Scoring::default() };
    let ranking = town.ranking(&query, &selection, &scoring, None).expect("a ranking");
    let observed: Vec<f64> = ranking.rows.iter().filter(|r| r.rank.is_some()).map(|r| r.observed).collect();
    assert_eq!(observed, [300.0, 120.0]);
    assert_eq!(
        ranking.groups.iter().map(|g| (g.name.as_str(), g.weight)).collect::<Vec<_>>(),
        [("robbery", 50.0), ("burglary", 10.0)]
    );
    assert_eq!((&ranking.without_weight[..], ranking.incidents), (&["larceny".to_owned()][..], 18));
    assert_eq!((ranking.origins, ranking.proactive), ([18, 0, 0, 0], 0));
    let with = Scoring { proactive: Proactive::Include, ..scoring };
    let with = town.ranking(&query, &selection, &with, None).expect("a ranking");
    assert_eq!(with.rows[0].observed, 1800.0);
    assert_eq!((with.origins, with.proactive), ([18, 20, 0, 0], 20));
    let layer = ask(&town, &[("by", "harm")]).expect("a list");
    assert_eq!(parameter(&layer, "harm"), &Value::text("own.csv"));
    assert_eq!(parameter(&layer, "proactive"), &Value::text("excluded"));
    assert!(warnings(&layer).contains("without a weight and left out of harm: larceny"));
    let Value::List(fits) = parameter(&layer, "fit") else { panic!("no fits") };
    let Value::Map(burglary) = &fits[1] else { panic!("no map") };
    assert_eq!(get(burglary, "source"), &Value::text("policy 12"));
    assert_eq!(get(burglary, "note"), &Value::text("homes and shops alike"));
    // Ten times the weights are ten times the harm, and no other order.
    let heavier = town_with(&some, Some(&WEIGHTS.replace("0,policy", "00,policy")));
    let selection = heavier.select(&query).expect("all");
    let heavier = heavier.ranking(&query, &selection, &scoring, None).expect("a ranking");
    for (a, b) in ranking.rows.iter().zip(&heavier.rows).take(2) {
        assert!(a.block == b.block && (b.expected / a.expected - 10.0).abs() < 1e-9);
    }
}

#[test]
fn an_incident_of_several_classes_weighs_as_its_weightiest_and_counts_once() {
    let mut rows = "source,zone,id,revision,status,from,until,precision,recorded,classes,origin,reports,place,lon,lat,address\n".to_owned();
    for (id, classes) in
        [("A", "03=robbery;05=burglary"), ("B", "03=robbery;05=burglary"), ("C", "05=burglary")]
    {
        rows += &format!(
            "made,UTC,{id},,confirmed,2018-01-01T10:00:00+00:00,2018-01-01T10:01:00+00:00,minute,2018-01-02,{classes},citizen,1,located,-90.205,38.6,\n"
        );
    }
    for (weights, harm) in [((90.0, 50.0), 230.0), ((50.0, 90.0), 270.0)] {
        let (robbery, burglary) = weights;
        let text =
            format!("category,weight,source,note\nrobbery,{robbery},a test,\nburglary,{burglary},a test,\n");
        let town = town_of(&rows, Some(&text));
        let query = Query::default();
        let selection = town.select(&query).expect("all");
        let scoring = Scoring { by: By::Harm, ..Scoring::default() };
        let first = town.ranking(&query, &selection, &scoring, None).expect("a ranking").rows[0];
        assert_eq!((first.observed, first.count.incidents()), (harm, 3));
    }
}

#[test]
fn a_class_of_which_too_few_have_a_place_is_barred_from_harm_and_named() {
    let some = |nowhere| {
        [
            Lot(17, "robbery", Where::West, ",,"),
            Lot(nowhere, "robbery", Where::Nowhere, ",,"),
            Lot(9, "burglary", Where::East, ",,"),
        ]
    };
    let by_harm = |nowhere| ask(&town_with(&some(nowhere), Some(WEIGHTS)), &[("by", "harm")]);
    // 17 of 20 are 85 %: enough.
    let enough = by_harm(3).expect("a list");
    assert_eq!(parameter(&enough, "barred"), &Value::List(vec![]));
    let barred = by_harm(4).expect("a list");
    let Value::List(classes) = parameter(&barred, "barred") else { panic!("no list") };
    let Value::Map(robbery) = &classes[0] else { panic!("no map") };
    assert_eq!(
        (get(robbery, "category"), get(robbery, "incidents")),
        (&Value::text("robbery"), &Value::Int(21))
    );
    assert_eq!(parameter(&barred, "scored"), &Value::Int(9));
    assert!(
        warnings(&barred)
            .contains("is left out of harm: 81 % of its 21 incidents have a place, and it takes 85 %")
    );
    // With nothing else that weighs there is no list.
    let alone = town_with(&some(4)[..2], Some(WEIGHTS));
    let (at, why) = refused(&alone, &[("by", "harm")]);
    assert!(at == Some("by") && why.contains("fewer than 85 %") && why.contains("own.csv"), "{why}");
    // Counts are not barred: they compare no class with another.
    assert_eq!(parameter(&ask(&alone, &[]).expect("a list"), "scored"), &Value::Int(17));
}

#[test]
fn the_bias_view_tells_what_moves_without_proactive_offenses_and_by_origin() {
    let town = town_with(
        &[
            Lot(8, "drugs", Where::West, "officer,,"),
            Lot(1, "robbery", Where::West, "officer,,"),
            Lot(5, "burglary", Where::East, "citizen,,"),
            Lot(2, "burglary", Where::South, "sensor,,"),
            Lot(1, "burglary", Where::South, ",,"),
        ],
        None,
    );
    let layer = ask(&town, &[("view", "bias"), ("top", "1")]).expect("a view");
    let row = |at: usize| {
        let names = [
            "rank_with",
            "rank_without",
            "moved",
            "rank_without_officer",
            "rank_citizen",
            "rank_officer",
            "rank_sensor",
        ];
        names.map(|name| match of(&layer.features[at], name) {
            Value::Int(n) => Some(*n),
            _ => None,
        })
    };
    let one = Some;
    assert_eq!(
        row(0),
        [one(1), one(3), one(2), None, None, one(1), None],
        "the west is high by what officers found"
    );
    assert_eq!(row(1), [one(2), one(1), one(-1), one(1), one(1), None, None]);
    assert_eq!(row(2), [one(3), one(2), one(-1), one(2), None, None, one(1)]);
    let shares = ["citizen_share", "officer_share", "sensor_share", "unknown_share"]
        .map(|n| of(&layer.features[2], n));
    assert_eq!(shares.map(number), [0.0, 0.0, 0.667, 0.333]);
    assert_eq!(of(&layer.features[0], "officer_share"), &Value::Float(1.0));
    assert_eq!(parameter(&layer, "leave_top_n_without_proactive"), &Value::Int(1));
    assert_eq!(parameter(&layer, "enter_top_n_without_proactive"), &Value::Int(1));
    let Value::Map(shares) = parameter(&layer, "origin_shares") else { panic!("no shares") };
    assert_eq!(get(shares, "officer"), &Value::Float(0.529));
    let sample = &*SAMPLE;
    let said = warnings(&ask(sample, &[("view", "bias")]).expect("a view"));
    assert!(said.contains("unknown for 100 %"), "{said}");
}

#[test]
fn blocks_of_an_area_are_ranked_among_themselves_with_the_citys_fit() {
    let snapshot = &*SAMPLE;
    let query = Query { categories: vec!["person".into(), "property".into()], ..Query::default() };
    let selection = snapshot.select(&query).expect("known");
    let some: Vec<BlockId> =
        (0..snapshot.dataset().block_set.blocks.len() as u32).step_by(9).map(BlockId).collect();
    let scoring = Scoring { draws: Some(300), top_n: 5, ..Scoring::default() };
    let all = snapshot.ranking(&query, &selection, &scoring, None).expect("a ranking");
    let among = snapshot.ranking(&query, &selection, &scoring, Some(&some)).expect("a ranking");
    assert_eq!(among.rows.len(), some.len());
    let order: Vec<BlockId> = all.rows.iter().map(|r| r.block).filter(|b| some.contains(b)).collect();
    assert_eq!(among.rows.iter().map(|r| r.block).collect::<Vec<_>>(), order);
    assert_eq!(among.groups[0].fit, all.groups[0].fit);
    let counted: u64 = among.rows.iter().map(|r| r.count.incidents()).sum();
    assert_eq!(among.incidents, counted);
    let sum: f64 = among.rows.iter().filter_map(|r| r.position).map(|p| p.p_top_n).sum();
    assert!((sum - 5.0).abs() < 1e-6, "{sum}");
    assert!(among.rows.iter().all(|r| r.position.is_some_and(|p| p.hi as usize <= some.len())));
}

#[test]
fn blocks_learn_from_related_classes_and_from_the_blocks_that_touch_them() {
    let some = [
        Lot(9, "aggravated_assault", Where::West, ",yes,no"),
        Lot(2, "homicide", Where::West, ",yes,yes"),
        Lot(1, "homicide", Where::South, ",yes,yes"),
        Lot(1, "aggravated_assault", Where::East, ",yes,no"),
    ];
    let town = town_with(&some, None);
    let query = Query::default();
    let selection = town.select(&query).expect("all");
    let ranked = |share| {
        let scoring = Scoring { by: By::Gun, share, draws: Some(200), ..Scoring::default() };
        town.ranking(&query, &selection, &scoring, None).expect("a ranking")
    };
    let (alone, classes, near) =
        (ranked(Sharing::None), ranked(Sharing::Classes), ranked(Sharing::Neighbors));
    let names: Vec<&str> = classes.groups.iter().map(|group| group.name.as_str()).collect();
    assert_eq!(names, ["homicide", "aggravated_assault"], "the most serious first");
    assert_eq!(classes.groups[0].shares[0].0, "aggravated_assault");
    assert_eq!(near.groups[0].shares[0].0, "neighbors");
    assert!(alone.groups[0].shares.is_empty() && alone.groups[0].gain.is_none());
    for ranking in [&classes, &near] {
        assert_eq!((ranking.incidents, ranking.rows.len()), (alone.incidents, alone.rows.len()));
        assert!(ranking.groups.iter().all(|group| group.gain.is_some_and(|gain| gain >= -1e-9)));
        let shares = ranking.groups.iter().flat_map(|group| &group.shares);
        assert!(shares.into_iter().all(|(_, share)| (0.0..=1.0).contains(share)));
        assert!(ranking.rows.iter().all(|row| row.expected.is_finite() && row.lo <= row.hi));
        assert_eq!(ranking.rows[0].block, alone.rows[0].block);
        // What is expected decides, since it now says more than the counts.
        assert!(ranking.rows.iter().all(|row| row.score == row.expected));
    }
    for (pairs, says) in [
        (&[("share", "classes")][..], "give share=neighbors"),
        (&[("share", "neighbors"), ("half_life_days", "30")][..], "not both"),
    ] {
        let (at, why) = refused(&town, pairs);
        assert!(at == Some("share") && why.contains(says), "{why}");
    }
    let layer = ask(&town, &[("by", "gun"), ("share", "classes")]).expect("a list");
    assert!(warnings(&layer).contains("intervals of their sum are too short"));
    assert_eq!(parameter(&layer, "share"), &Value::text("classes"));
    let sample = ask(&SAMPLE, &[("share", "neighbors"), ("category", "person,property")]).expect("a list");
    let Value::List(fits) = parameter(&sample, "fit") else { panic!("no fits") };
    let Value::Map(fit) = &fits[0] else { panic!("no fit") };
    assert!(number(get(fit, "gain")) >= 0.0);
}

#[test]
fn with_a_half_life_the_recent_counts_more_and_less_is_known() {
    let snapshot = &*SAMPLE;
    let query = Query { categories: vec!["person".into(), "property".into()], ..Query::default() };
    let selection = snapshot.select(&query).expect("known");
    let ranked = |half_life| {
        let scoring = Scoring { half_life, ..Scoring::default() };
        snapshot.ranking(&query, &selection, &scoring, None).expect("a ranking")
    };
    let (all, recent) = (ranked(None), ranked(Some(10.0)));
    // Thirty days are three half-lives: 10 / ln 2 · (1 − 1/8) days are left.
    let left = 10.0 / std::f64::consts::LN_2 * (1.0 - 0.125) / 365.25;
    assert!((recent.discounted_years - left).abs() < 1e-9 && recent.years == all.years);
    let data = snapshot.dataset();
    let end = "2014-09-30/2014-09-30".parse::<hotblocks::model::period::Period>().expect("a day");
    let mut naive: HashMap<BlockId, f64> = HashMap::new();
    for at in (0..data.incidents.len()).filter(|&at| !data.held[at] && selection.has(data, at)) {
        if let Some(block) = data.assignment.main(at) {
            let zone = &data.sources[usize::from(data.incidents.source(at))].zone;
            let age = (end.seconds_in(zone).1 - data.incidents.when(at).from) as f64 / 86_400.0;
            *naive.entry(block).or_default() += (-age / 10.0).exp2();
        }
    }
    for row in &recent.rows {
        let expected = naive.get(&row.block).copied().unwrap_or_default();
        assert!((row.score - expected).abs() < 1e-4, "{row:?}");
        let fit = recent.groups[0].fit.expect("a fit");
        let known = fit.posterior_of(row.score, recent.discounted_years).mean();
        assert!((row.expected / known - 1.0).abs() < 1e-9, "{row:?}");
    }
    assert!(recent.rows.is_sorted_by(|a, b| a.score >= b.score));
    let order = |ranking: &hotblocks::engine::ranking::Ranking| {
        ranking.rows.iter().take(20).map(|row| row.block).collect::<Vec<_>>()
    };
    assert_ne!(order(&all), order(&recent));
    assert_eq!(all.groups[0].fit, recent.groups[0].fit, "the blocks differ as they did");
    // A half-life that no one outlives changes nothing.
    let never = ranked(Some(1e9));
    for (a, b) in all.rows.iter().zip(&never.rows) {
        assert!(a.count.shares() == b.count.shares() && (a.expected - b.expected).abs() < 1e-4 * a.expected);
    }
    let layer = ask(snapshot, &[("half_life_days", "10"), ("by", "rate")]).expect("a list");
    assert_eq!(parameter(&layer, "half_life_days"), &Value::Float(10.0));
}

#[test]
fn exposures_are_years_times_size() {
    let snapshot = &*SAMPLE;
    let query = Query::default();
    let selection = snapshot.select(&query).expect("all");
    let scoring = Scoring { by: By::Rate, per: Per::Length, gun: Gun::Crime, ..Scoring::default() };
    let ranking = snapshot.ranking(&query, &selection, &scoring, None).expect("a ranking");
    let days = snapshot.observed_days(&query);
    assert_eq!(days, 30);
    for row in &ranking.rows {
        let block = &snapshot.dataset().block_set.blocks[row.block.0 as usize];
        let expected = exposure(block, days).length.map(|length| 30.0 / 365.25 * length.0 / 100.0);
        match (row.exposure, expected) {
            (Some(a), Some(b)) => assert!((a - b).abs() < 1e-12),
            (a, b) => assert!(a.is_none() && b.is_none()),
        }
    }
    let error = snapshot.ranking(&query, &selection, &Scoring { by: By::Count, ..scoring }, None);
    assert!(matches!(error, Err(RankingError::CountPer { per: "length" })));
}

#[test]
fn the_command_line_ranks_by_a_table_of_weights_and_names_the_line_that_it_cannot_use() {
    let folder = tempfile::tempdir().expect("a folder");
    let incidents = table(&[Lot(12, "burglary", Where::West, ",,"), Lot(6, "robbery", Where::East, ",,")]);
    let incidents = write(folder.path(), "incidents.csv", &incidents);
    let streets = town(folder.path());
    let rank =
        |more: &[&str]| run(&[&["rank", "--incidents", &incidents, "--blocks", &streets], more].concat());
    let (code, _, err) = rank(&["--by", "harm"]);
    assert!(
        code == 2 && err.contains("--harm FILE") && err.contains("category,weight,source,note"),
        "{code} {err}"
    );
    let weights = write(folder.path(), "weights.csv", WEIGHTS);
    let (code, out, err) = rank(&["--by", "harm", "--harm", &weights, "--format", "json"]);
    assert_eq!(code, 0, "{err}");
    let json: Json = serde_json::from_str(&out).expect("JSON");
    assert_eq!(json["rows"][0]["incidents"], 6);
    assert_eq!(json["provenance"]["parameters"]["harm"], "weights.csv");
    assert_eq!(json["provenance"]["parameters"]["draws"], 10_000, "a list says how sure it is");
    assert!(json["rows"][0]["p_top_n"].is_number() && json["rows"][0]["rank_lo"] == 1);
    for (text, says) in [
        (&WEIGHTS.replace("burglary", "burglry"), "line 3: `burglry` is no category here"),
        (&WEIGHTS.replace(",50,", ",heavy,"), "line 2: the weight is `heavy`"),
        (&WEIGHTS.replace("weight", "points"), "no column `weight`"),
    ] {
        let broken = write(folder.path(), "broken.csv", text);
        let (code, _, err) = rank(&["--by", "harm", "--harm", &broken]);
        assert!(code == 1 && err.contains(says), "{code} {err}");
    }
    let (code, _, err) = rank(&["--by", "harm", "--harm", "missing.csv"]);
    assert!(code == 4 && err.contains("missing.csv"), "{err}");
    let (code, out, err) = rank(&["--by", "harm", "--harm", "equal", "--draws", "0", "--format", "json"]);
    assert_eq!(code, 0, "{err}");
    let json: Json = serde_json::from_str(&out).expect("JSON");
    assert_eq!((&json["rows"][0]["incidents"], &json["rows"][0]["p_top_n"]), (&12.into(), &Json::Null));
    write(
        folder.path(),
        "own.toml",
        "incidents = [\"incidents.csv\"]\nblocks = \"streets.geojson\"\nharm = \"weights.csv\"\n[parameters]\nby = \"harm\"\ndraws = 0\n",
    );
    let (code, out, err) = run(&["rank", "--config", &folder.path().join("own.toml").to_string_lossy()]);
    assert!(code == 0 && out.contains("harm weights.csv"), "{out}{err}");
}

#[test]
fn a_table_for_people_says_how_sure_each_place_is_in_lines_that_fit() {
    let config = repository("data/new-haven/hotblocks.toml").to_string_lossy().into_owned();
    let (code, out, err) = run(&["rank", "--config", &config, "--top", "5", "--seed", "3", "--draws", "500"]);
    assert_eq!(code, 0, "{err}");
    let (_, again, _) = run(&["rank", "--config", &config, "--top", "5", "--seed", "3", "--draws", "500"]);
    assert_eq!(out, again);
    let lines: Vec<&str> = out.lines().collect();
    let header = lines.iter().position(|line| line.trim_start().starts_with("rank ")).expect("a header");
    assert_eq!(lines.len() - header, 6);
    for word in ["likely", "p_top_n", "tied_with", "name", "incidents"] {
        assert!(lines[header].contains(word), "{}", lines[header]);
    }
    assert!(lines[header + 1].contains('–'), "{}", lines[header + 1]);
    assert!(lines[header..].iter().all(|line| line.chars().count() <= 120), "{out}");
    assert!(out.contains("! who brought incidents up is unknown for 100 % of them"), "{out}");
}

#[test]
fn the_addresses_of_every_block_are_those_of_a_scan_over_all_incidents() {
    let data = SAMPLE.dataset();
    let query = Query::default();
    let selection = SAMPLE.select(&query).expect("all");
    let ranking = SAMPLE.ranking(&query, &selection, &Scoring::default(), None).expect("a ranking");
    let blocks: Vec<BlockId> = (0..data.block_set.blocks.len() as u32).map(BlockId).collect();
    let of_block = |block: BlockId| {
        let of_it = move |at: &usize| data.assignment.shares(*at).any(|(of, _)| of == block);
        data.incidents.standing().filter(|&at| !data.held[at] && selection.has(data, at)).filter(of_it)
    };
    // Every twentieth block, and each that an incident at either end of the data set lies in.
    let ends =
        data.incidents.standing().take(20).chain(data.incidents.standing().skip(data.incidents.len() - 20));
    let ends = ends.filter_map(|at| data.assignment.main(at));
    let some: Vec<BlockId> = blocks.iter().copied().step_by(20).chain(ends).collect();
    let forms = Forms::of(&data.incidents, &data.words);
    let expected = addresses(of_block, &data.incidents, &data.assignment, &forms, &some);
    // Some of them first, then all, then all again.
    assert_eq!(SAMPLE.scored_addresses(&selection, &ranking, &some[30..60]), expected[30..60]);
    for _ in 0..2 {
        assert_eq!(SAMPLE.scored_addresses(&selection, &ranking, &some), expected);
    }
    assert!(expected.iter().filter(|one| one.n_addresses > 1).count() > 20);
}
