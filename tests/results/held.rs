//! Incidents that are held count nowhere: not in origins, lists of addresses, briefs, records or hours of a plan.

use crate::common;

use common::answers::{self, get};
use hotblocks::aggregate::aoristic::HOURS;
use hotblocks::engine::params::explain::EXPLAIN;
use hotblocks::engine::patrol::Patrolled;
use hotblocks::engine::query::Query;
use hotblocks::engine::ranking::Scoring;
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::layer::Value;
use hotblocks::model::block::BlockId;

/// The sample with those incidents held that `which` says, by their place in the data.
fn holding(snapshot: &Snapshot, which: impl Fn(usize) -> bool) -> Snapshot {
    let mut data = snapshot.dataset().clone();
    for at in 0..data.held.len() {
        data.held[at] |= which(at);
    }
    Snapshot::new(data, 1)
}

#[test]
fn a_block_whose_incidents_are_all_held_counts_for_none_and_says_how_many() {
    let (before, ..) = common::new_haven();
    let (query, scoring) = (Query::default(), Scoring { draws: None, ..Scoring::default() });
    let selection = before.select(&query).expect("all");
    let first = before.rank(&selection)[0].block;
    let in_first = |at: usize| before.dataset().assignment.main(at) == Some(first);
    let counted =
        (0..before.dataset().held.len()).filter(|&at| !before.dataset().held[at] && in_first(at)).count();
    assert!(counted > 20, "{counted}");
    let after = holding(&before, in_first);

    let alone = [first];
    let origins = |snapshot: &Snapshot, among: Option<&[BlockId]>| {
        snapshot.origins(&selection, &scoring, among).expect("a scoring").iter().sum::<u64>()
    };
    assert_eq!(origins(&before, Some(&alone)), counted as u64);
    assert_eq!(origins(&after, Some(&alone)), 0);
    assert_eq!(origins(&before, None) - origins(&after, None), counted as u64);

    let places = |snapshot: &Snapshot| {
        let found = snapshot.problem_places(&query, &selection, &scoring, None).expect("addresses");
        let of_first = found.rows.iter().filter(|row| row.place.block == first).count();
        (of_first > 0, found.sensitive)
    };
    assert!(places(&before).0 && !places(&after).0);
    let data = before.dataset();
    let sensitive = (0..data.held.len()).filter(|&at| {
        let block = data.assignment.main(at);
        !data.held[at] && block.is_some_and(|block| block != first) && data.sensitive(at)
    });
    assert_eq!(places(&after).1, sensitive.count(), "those left out are those that would count");

    let id = &data.block_set.blocks[first.0 as usize].id;
    let record = answers::ask(&after, &EXPLAIN, &[("block", id.as_str())]).expect("a record");
    let told = &record.features[0].properties;
    assert_eq!((answers::number(get(told, "incidents")), get(told, "rank")), (0.0, &Value::Null));
    let Value::Map(quality) = get(told, "data_quality") else { panic!("no quality") };
    let held = (0..data.held.len()).filter(|&at| in_first(at)).count();
    assert_eq!(get(quality, "held"), &Value::count(held));
}

#[test]
fn the_hours_of_a_plan_know_nothing_of_what_is_held() {
    let (snapshot, ..) = common::new_haven();
    // Before noon everything is held.
    let hour = |at: usize| {
        let from = snapshot.dataset().incidents.when(at).from;
        let zone = &snapshot.dataset().sources[0].zone;
        jiff::Timestamp::from_second(from).expect("a time").to_zoned(zone.clone()).hour()
    };
    let after = holding(&snapshot, |at| hour(at) < 12);
    let query = Query::default();
    let selection = after.select(&query).expect("all");
    let scoring = Scoring { draws: None, ..Scoring::default() };
    let ground = after
        .patrol_ground(&query, &selection, &scoring, &[], Patrolled::Blocks(10), &[])
        .expect("areas to patrol");
    for area in &ground.areas {
        assert_eq!(area.hours.len(), HOURS);
        let least = area.hours.iter().copied().fold(f64::INFINITY, f64::min);
        let most = area.hours.iter().copied().fold(0.0, f64::max);
        for (hour, harm) in area.hours.iter().enumerate().filter(|(hour, _)| (1..12).contains(&(hour % 24))) {
            assert!((harm - least).abs() < 1e-12 * most, "{} at {hour}: {harm} {least}", area.id);
        }
        assert!(most > 3.0 * least, "{most} {least}");
    }
}
