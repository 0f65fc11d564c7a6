//! What must hold for every ranking: of any keys, of any counts and exposures, of any incidents in a made-up town.

use crate::cases;
use crate::common;

use cases::cases;
use common::town::{Lot, Where, table, town_of};
use hotblocks::engine::query::Query;
use hotblocks::engine::ranking::{Ranking, Scoring};
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::model::exposure::{discounted_days, observed_days};
use hotblocks::rank::estimate::{Fitted, estimates};
use hotblocks::rank::gamma_poisson::{How, fit};
use hotblocks::rank::groups::groups;
use hotblocks::rank::order::{Key, order};
use hotblocks::rank::score::By;
use proptest::prelude::*;

fn keys() -> impl Strategy<Value = Vec<Key>> {
    let one = (any::<bool>(), 0..4_u32, 0..3_u32, prop::option::of(0..3_i64));
    let key = |(ranked, score, observed, latest): (bool, u32, u32, Option<i64>)| Key {
        ranked,
        score: f64::from(score),
        observed: f64::from(observed),
        latest,
    };
    prop::collection::vec(one.prop_map(key), 0..40)
}

fn counts() -> impl Strategy<Value = (Vec<u32>, Vec<f64>)> {
    let one = (prop_oneof![3 => 0..3_u32, 1 => 0..40_u32], 1..50_u32);
    prop::collection::vec(one, 2..60)
        .prop_map(|all| all.into_iter().map(|(n, exposure)| (n, f64::from(exposure) / 10.0)).unzip())
}

const CATEGORIES: [&str; 4] = ["burglary", "robbery", "drugs", "homicide"];
const WEIGHTS: &str =
    "category,weight,source,note\nburglary,3,a law,\nrobbery,50,a law,\nhomicide,900,a law,\n";
const PLACES: [Where; 4] = [Where::West, Where::East, Where::South, Where::North];
const ORIGINS: [&str; 4] = ["citizen,,", "officer,,", "sensor,,", ",,"];

/// Up to six of each category at each place, by anyone.
fn lots() -> impl Strategy<Value = Vec<Lot<'static>>> {
    let one = (1..7_usize, 0..4_usize, 0..4_usize, 0..4_usize);
    let lot = |(n, category, place, origin)| Lot(n, CATEGORIES[category], PLACES[place], ORIGINS[origin]);
    prop::collection::vec(one.prop_map(lot), 1..9)
}

fn ranked(snapshot: &Snapshot, scoring: &Scoring) -> Ranking {
    let query = Query::default();
    let selection = snapshot.select(&query).expect("all");
    snapshot.ranking(&query, &selection, scoring, None).expect("a ranking")
}

proptest! {
    #![proptest_config(cases(256, 501))]

    /// Every key is there once, ranks go 1, 2, 3, scores fall, and as many others have the score as are said to.
    #[test]
    fn an_order_holds_every_key_once_and_tells_its_ties(keys in keys()) {
        let placed = order(&keys);
        let mut seen: Vec<usize> = placed.iter().map(|p| p.at).collect();
        seen.sort_unstable();
        prop_assert!(seen.into_iter().eq(0..keys.len()));
        let n = keys.iter().filter(|key| key.ranked).count();
        for (at, place) in placed.iter().enumerate() {
            prop_assert_eq!(place.rank, (at < n).then_some(at as u32 + 1));
            let alike = |key: &&Key| key.ranked && key.score == keys[place.at].score;
            let others = if at < n { keys.iter().filter(alike).count() - 1 } else { 0 };
            prop_assert_eq!(place.tied_with as usize, others);
        }
        for pair in placed[..n].windows(2) {
            let of = |at: usize| (keys[at].score, keys[at].observed, keys[at].latest);
            prop_assert!(of(pair[0].at) >= of(pair[1].at));
        }
    }

    /// What is expected lies between what was observed and what all have, and is never below nothing or no number.
    #[test]
    fn what_is_expected_is_shrunk_and_a_number((counts, exposure) in counts()) {
        let fit = fit(&counts, &exposure).expect("a fit");
        let exposures: Vec<Option<f64>> = exposure.iter().copied().map(Some).collect();
        let group = Fitted { counts: &counts, discounted: None, borrowed: None, weight: 1.0, fit: &fit };
        let found = estimates(&[group], &exposures);
        for ((&n, &exposure), found) in counts.iter().zip(&exposure).zip(found) {
            let found = found.expect("an exposure");
            prop_assert!(0.0 <= found.lo && found.lo <= found.hi && found.hi.is_finite());
            prop_assert!(found.mean.is_finite() && found.mean > 0.0);
            let (raw, all) = (f64::from(n) / exposure, fit.alpha / fit.beta);
            if fit.how != How::NoEvidence {
                prop_assert!(raw.min(all) * (1.0 - 1e-9) <= found.mean && found.mean <= raw.max(all) * (1.0 + 1e-9));
            }
        }
        // A weight scales it, two groups add up.
        let heavy = Fitted { weight: 7.0, ..group };
        for (one, both) in estimates(&[group], &exposures).iter().zip(estimates(&[group, heavy], &exposures)) {
            let (one, both) = (one.expect("some"), both.expect("some"));
            prop_assert!((both.mean / (8.0 * one.mean) - 1.0).abs() < 1e-9 && both.lo <= both.hi);
        }
    }

    /// A group's blocks overlap its first, and the first of the next one does not.
    #[test]
    fn groups_are_what_overlaps_their_first(intervals in prop::collection::vec((1..50_u32, 0..30_u32), 0..40)) {
        let mut intervals: Vec<(u32, u32)> = intervals.into_iter().map(|(lo, more)| (lo, lo + more)).collect();
        intervals.sort_unstable();
        let found = groups(&intervals);
        let mut first = (0, (0, 0));
        for (group, interval) in found.into_iter().zip(intervals) {
            if group == first.0 {
                prop_assert!(interval.0 <= first.1.1);
            } else {
                prop_assert!(group == first.0 + 1 && (group == 1 || interval.0 > first.1.1));
                first = (group, interval);
            }
        }
    }

    /// Days that lie back count less, never more, and a longer half-life leaves more of them.
    #[test]
    fn a_longer_half_life_leaves_more_days(days in prop::collection::vec((0..900_i64, 1..400_i64), 1..5), half_life in 1.0..2000.0_f64) {
        let day = |n: i64| jiff::civil::date(2012, 1, 1) + jiff::Span::new().days(n);
        let coverage: Vec<_> = days.into_iter().map(|(from, n)| (day(from), day(from + n - 1))).collect();
        let all = observed_days(None, &coverage) as f64;
        let (some, last) = discounted_days(None, &coverage, half_life).expect("covered");
        let (more, _) = discounted_days(None, &coverage, 2.0 * half_life).expect("covered");
        prop_assert!(0.0 < some && some < more && more < all + 1e-9);
        prop_assert_eq!(Some(last), coverage.iter().map(|(_, last)| *last).max());
    }
}

proptest! {
    #![proptest_config(cases(24, 502))]

    /// Harm is the weighted sum by block, shares by origin add up, and rows in another order give the same ranking.
    #[test]
    fn harm_is_what_the_rows_weigh_in_any_order(lots in lots()) {
        let text = table(&lots);
        let snapshot = town_of(&text, Some(WEIGHTS));
        let weight = |category: &str| match category { "burglary" => 3.0, "robbery" => 50.0, "homicide" => 900.0, _ => 0.0 };
        let mut naive = [0.0; 4];
        let mut n = 0;
        for Lot(count, category, place, _) in &lots {
            naive[PLACES.iter().position(|p| *p as u8 == *place as u8).expect("a place")] += *count as f64 * weight(category);
            n += if weight(category) > 0.0 { *count } else { 0 };
        }
        prop_assume!(n > 0);
        let scoring = Scoring { by: By::Harm, draws: Some(100), top_n: 2, ..Scoring::default() };
        let ranking = ranked(&snapshot, &scoring);
        let mut observed: Vec<f64> = ranking.rows.iter().map(|row| row.observed).filter(|harm| *harm > 0.0).collect();
        let mut expected: Vec<f64> = naive.into_iter().filter(|harm| *harm > 0.0).collect();
        observed.sort_by(f64::total_cmp);
        expected.sort_by(f64::total_cmp);
        prop_assert_eq!(observed, expected);
        prop_assert_eq!((ranking.incidents, ranking.origins.iter().sum::<u64>()), (n as u64, n as u64));
        let p: f64 = ranking.rows.iter().filter_map(|row| row.position).map(|place| place.p_top_n).sum();
        prop_assert!((p - 2.0).abs() < 1e-9, "{p}");
        let mut lines: Vec<&str> = text.lines().collect();
        lines[1..].reverse();
        let reversed = ranked(&town_of(&(lines.join("\n") + "\n"), Some(WEIGHTS)), &scoring);
        prop_assert_eq!(reversed.rows, ranking.rows);
    }

    /// One more incident never costs its block a place.
    #[test]
    fn one_more_incident_costs_no_place(lots in lots(), place in 0..4_usize) {
        let before = town_of(&table(&lots), None);
        let more = [&lots[..], &[Lot(1, "burglary", PLACES[place], ",,")]].concat();
        let after = town_of(&table(&more), None);
        let name = ["West", "East", "South", "North"][place];
        let middle = |snapshot: &Snapshot| {
            let blocks = &snapshot.dataset().block_set.blocks;
            let find = |block: &hotblocks::model::block::Block| {
                use geo::Centroid;
                let at = block.lonlat.centroid().expect("a shape");
                block.length.is_some() && match place { 0 => at.x() < -90.201, 1 => at.x() > -90.199, 2 => at.y() < 38.599, _ => at.y() > 38.601 }
            };
            blocks.iter().position(find).unwrap_or_else(|| panic!("no segment in the {name}"))
        };
        let rank = |snapshot: &Snapshot| {
            let at = middle(snapshot);
            let rows = ranked(snapshot, &Scoring::default()).rows;
            rows.iter().position(|row| row.block.0 as usize == at).expect("every block once")
        };
        prop_assert!(rank(&after) <= rank(&before));
    }
}
