//! From reports to a data set, and the questions that every change of the filter asks.

mod common;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use common::{city, naive, sizes};
use divan::Bencher;
use divan::counter::ItemsCount;
use hotblocks::engine::build::{About, Ground, build};
use hotblocks::engine::counts::Compare;
use hotblocks::engine::counts::axis::{Axis, Unit};
use hotblocks::engine::query::Query;
use hotblocks::engine::ranking::Scoring;
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::index::blocks::BlockIndex;
use hotblocks::rank::gamma_poisson::fit;

fn main() {
    divan::main();
}

fn ground() -> Ground {
    Ground::Streets(city::streets())
}

/// One snapshot a size, since a large one takes seconds to make.
fn snapshot(n: usize) -> Arc<Snapshot> {
    static MADE: LazyLock<Mutex<HashMap<usize, Arc<Snapshot>>>> = LazyLock::new(Mutex::default);
    let mut made = MADE.lock().expect("no bench panicked");
    let make = || {
        let dataset = build(city::ledger(n), &ground(), About::default()).expect("incidents lie on streets");
        Arc::new(Snapshot::new(dataset, 1))
    };
    Arc::clone(made.entry(n).or_insert_with(make))
}

/// One year of two categories.
fn query() -> Query {
    Query {
        period: Some("2015-01-01/2015-12-31".parse().expect("a period")),
        categories: vec!["burglary".to_owned(), "larceny".to_owned()],
        ..Query::default()
    }
}

#[divan::bench(args = sizes(), sample_count = 3, sample_size = 1, max_time = 4)]
fn dataset(bencher: Bencher, n: usize) {
    let (ledger, ground) = (city::ledger(n), ground());
    bencher
        .counter(ItemsCount::new(n))
        .with_inputs(|| ledger.clone())
        .bench_values(|ledger| build(ledger, &ground, About::default()).expect("incidents lie on streets"));
}

#[divan::bench(args = sizes(), sample_count = 10, sample_size = 1, max_time = 1)]
fn rank_after_a_filter_change(bencher: Bencher, n: usize) {
    let snapshot = snapshot(n);
    bencher.counter(ItemsCount::new(n)).bench(|| {
        let selection = snapshot.select(&query()).expect("known categories");
        snapshot.rank(&selection)
    });
}

/// The same without stored blocks: each selected incident looks for its block again.
#[divan::bench(args = sizes(), sample_count = 3, sample_size = 1, max_time = 1)]
fn rank_after_a_filter_change_naive(bencher: Bencher, n: usize) {
    let snapshot = snapshot(n);
    let data = snapshot.dataset();
    let index = BlockIndex::build(&data.block_set.blocks);
    bencher.counter(ItemsCount::new(n)).bench(|| {
        let selection = snapshot.select(&query()).expect("known categories");
        let chosen = (0..data.incidents.len()).filter(|&at| selection.has(data, at));
        naive::rank(
            chosen.map(|at| index.nearest_segment(data.incidents.local(at)?).map(|(block, _)| block.0)),
        )
    });
}

/// The same with what is expected of each block and its interval, as a map asks for it: no places are drawn.
#[divan::bench(args = sizes(), sample_count = 10, sample_size = 1, max_time = 1)]
fn ranking_after_a_filter_change(bencher: Bencher, n: usize) {
    let snapshot = snapshot(n);
    bencher.counter(ItemsCount::new(n)).bench(|| {
        let query = query();
        let selection = snapshot.select(&query).expect("known categories");
        snapshot.ranking(&query, &selection, &Scoring::default(), None).expect("a ranking")
    });
}

/// The same one incident and one block after the other: each asks for its period and classes, each for its interval.
#[divan::bench(args = sizes(), sample_count = 3, sample_size = 1, max_time = 1)]
fn ranking_after_a_filter_change_naive(bencher: Bencher, n: usize) {
    let snapshot = snapshot(n);
    let data = snapshot.dataset();
    bencher.counter(ItemsCount::new(n)).bench(|| {
        let query = query();
        let selection = snapshot.select(&query).expect("known categories");
        let mut counts = vec![0u32; data.block_set.blocks.len()];
        for at in (0..data.incidents.len()).filter(|&at| !data.held[at] && selection.has(data, at)) {
            if let Some(block) = data.assignment.main(at) {
                counts[block.0 as usize] += 1;
            }
        }
        let years = snapshot.observed_days(&query) as f64 / 365.25;
        let fit = fit(&counts, &vec![years; counts.len()]).expect("a fit");
        let posterior = |&count: &u32| fit.posterior(count, years);
        let mut rows: Vec<_> =
            counts.iter().map(|n| (*n, posterior(n).mean(), posterior(n).interval(0.9))).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.0));
        rows
    });
}

/// Counts by category and week of all years, each beside a year ago, as a dashboard draws them.
#[divan::bench(args = sizes(), sample_count = 10, sample_size = 1, max_time = 1)]
fn counts_by_category_and_week(bencher: Bencher, n: usize) {
    let snapshot = snapshot(n);
    let by = [Axis::Category, Axis::Calendar(Unit::Week)];
    bencher.counter(ItemsCount::new(n)).bench(|| {
        snapshot.cross_counts(&Query::default(), &[], &by, Some(Compare::YearAgo)).expect("counts")
    });
}

/// Counts by weekday and hour, with the last 28 days and the year to date.
#[divan::bench(args = sizes(), sample_count = 10, sample_size = 1, max_time = 1)]
fn counts_by_weekday_and_hour(bencher: Bencher, n: usize) {
    let snapshot = snapshot(n);
    let by = [Axis::Weekday, Axis::Hour];
    bencher
        .counter(ItemsCount::new(n))
        .bench(|| snapshot.cross_counts(&query(), &[], &by, None).expect("counts"));
}

/// One weekday and hour after the other asks its zone what its clock shows: the naive way, without any comparison.
#[divan::bench(args = sizes(), sample_count = 3, sample_size = 1, max_time = 1)]
fn counts_by_weekday_and_hour_naive(bencher: Bencher, n: usize) {
    let snapshot = snapshot(n);
    let data = snapshot.dataset();
    bencher.counter(ItemsCount::new(n)).bench(|| {
        let selection = snapshot.select(&query()).expect("known categories");
        let mut counts: HashMap<(i8, i8), u64> = HashMap::new();
        for at in (0..data.incidents.len()).filter(|&at| selection.has(data, at)) {
            let zone = data.sources[usize::from(data.incidents.source(at))].zone.clone();
            let when = jiff::Timestamp::from_second(data.incidents.when(at).from).expect("a time");
            let local = when.to_zoned(zone);
            *counts.entry((local.weekday().to_monday_zero_offset(), local.hour())).or_default() += 1;
        }
        counts
    });
}

#[divan::bench(args = sizes(), sample_count = 10, sample_size = 1, max_time = 1)]
fn tally(bencher: Bencher, n: usize) {
    let snapshot = snapshot(n);
    bencher.counter(ItemsCount::new(n)).bench(|| {
        let selection = snapshot.select(&query()).expect("known categories");
        snapshot.tally(&selection)
    });
}
