//! The live engine: what a batch costs beside building everything again, and what it costs to go on for long.
//!
//! `cargo bench --bench live` measures at a million incidents; run as a test it goes through once with a thousand.
//! `HOTBLOCKS_BENCH_MAX` sets the number, `HOTBLOCKS_LIVE_SECONDS` how long operations go on.

#![expect(unsafe_code, reason = "the allocator is set as the binary sets it, before any thread starts")]

mod common;

use std::time::{Duration, Instant};

use common::clock::timed;
use common::{city, clock, sizes};
use hotblocks::engine::build::{About, Ground, build};
use hotblocks::engine::live::Live;
use hotblocks::engine::query::Query;
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::engine::{Engine, View};
use hotblocks::model::report::{Report, Status};
use hotblocks::model::reports::{Ledger, Reports};

/// Operations a second that a city's feeds bring at their worst.
const RATE: usize = 500;

/// Seconds after which memory is to be steady, of so many at most a tenth: rows were put in order then, and what that takes was taken.
const SETTLED: usize = 60;

/// Snapshots a second, at most.
const PUBLISHED: usize = 10;

fn main() {
    // SAFETY: a number is set, and no other thread runs yet.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 1 << 20);
        libc::mallopt(libc::M_TRIM_THRESHOLD, 4 << 20);
    }
    let measuring = std::env::args().any(|arg| arg == "--bench");
    let n = sizes().last().copied().unwrap_or(1_000);
    let set = std::env::var("HOTBLOCKS_LIVE_SECONDS").ok().and_then(|text| text.parse().ok());
    let seconds = set.unwrap_or(if measuring { 60 } else { 1 });
    let all = city::ledger(n + n / 4);
    let first = part(&all, 0..n);
    println!("{n} reports");
    let (full, dataset) = timed(|| {
        let ground = Ground::Streets(city::streets());
        Snapshot::new(build(first.clone(), &ground, About::default()).expect("incidents lie on streets"), 1)
    });
    println!("full build and index: {:.0} ms", ms(full));
    drop(dataset);
    let (begun, mut live) = timed(|| {
        Live::new(first, Ground::Streets(city::streets()), About::default()).expect("there are streets")
    });
    println!("live engine begun: {:.0} ms, {} MiB resident", ms(begun), resident());
    let (published, mut newest) = timed(|| live.snapshot(1));
    println!("first snapshot: {:.1} ms", ms(published));
    let mut next = n;
    for size in [1, 100] {
        let mut times: Vec<(Duration, Duration)> = Vec::new();
        for _ in 0..20 {
            let batch = batch(&all, &mut next, size);
            let (applied, change) = timed(|| live.apply(&batch).expect("known classes"));
            let generation = newest.generation() + 1;
            let (published, snapshot) = timed(|| live.snapshot(generation));
            // One report may say of an incident what is known.
            assert!(size == 1 || !change.is_empty(), "a batch changes something");
            newest = snapshot;
            times.push((applied, published));
        }
        let whole = |(a, b): &(Duration, Duration)| *a + *b;
        times.sort_by_key(whole);
        let (middle, worst) = (times[times.len() / 2], times[times.len() - 1]);
        println!(
            "{size} reports: applied {:.2} ms, published {:.2} ms (median of 20), worst {:.2} ms; full build / this: {:.0}",
            ms(middle.0),
            ms(middle.1),
            ms(whole(&worst)),
            full.as_secs_f64() / whole(&middle).as_secs_f64()
        );
    }
    let before = resident();
    let held = newest;
    newest = live.snapshot(held.generation() + 1);
    println!(
        "a second snapshot, held beside the first: {} MiB more than {before} MiB",
        resident().saturating_sub(before)
    );
    drop(held);
    let query = Query::default();
    let (ranked, _) = timed(|| newest.rank(&newest.select(&query).expect("all")));
    println!("ranks of the newest: {:.1} ms", ms(ranked));
    let engine = Engine::over(newest);
    sustained(&mut live, &engine, &all, next, seconds);
}

/// So many operations a second: new reports, revisions and withdrawals, with snapshots as often as they are published.
fn sustained(live: &mut Live, engine: &Engine, all: &Ledger, mut next: usize, seconds: u64) {
    let (begin, first) = (Instant::now(), engine.open(&View::all()).generation());
    let each = Duration::from_secs(1) / u32::try_from(PUBLISHED).expect("ten");
    let (mut slots, mut worst, mut busy, mut done) = (0_u32, Duration::ZERO, Duration::ZERO, 0);
    let settled = SETTLED.min(seconds as usize / 10).max(1);
    // What it takes once the first seconds are over, and from then on.
    let (mut from, mut sizes) = (resident(), Vec::new());
    while begin.elapsed() < Duration::from_secs(seconds) {
        let batch = batch(all, &mut next, RATE / PUBLISHED);
        let (took, _) = timed(|| {
            live.apply(&batch).expect("known classes");
            let snapshot = live.snapshot(first + 1 + u64::from(slots));
            engine.publish(snapshot, begin.elapsed().as_secs());
        });
        done += RATE / PUBLISHED;
        worst = worst.max(took);
        busy += took;
        slots += 1;
        sizes.push(resident());
        if slots as usize == settled * PUBLISHED {
            from = resident();
        }
        if let Some(rest) = (each * slots).checked_sub(begin.elapsed()) {
            std::thread::sleep(rest);
        }
    }
    println!(
        "{done} operations in {:.1} s: {:.0} a second, {:.0} % of the time busy, the slowest batch and snapshot {:.0} ms",
        begin.elapsed().as_secs_f64(),
        done as f64 / begin.elapsed().as_secs_f64(),
        100.0 * busy.as_secs_f64() / begin.elapsed().as_secs_f64(),
        ms(worst)
    );
    let after = &mut sizes[(settled * PUBLISHED).min(slots as usize - 1)..];
    after.sort_unstable();
    let (middle, most) = (after[after.len() / 2], after[after.len() - 1]);
    let within = |now: &&usize| now.abs_diff(middle) * 20 <= middle;
    println!(
        "resident: {from} MiB after {settled} s, {} MiB at the end; {middle} MiB in the middle of the time, within 5 % of that {:.1} % of it, {most} MiB at most (while rows are put in order); {} reports are kept",
        resident(),
        100.0 * after.iter().filter(within).count() as f64 / after.len() as f64,
        live.ledger().reports.len()
    );
}

/// Some reports of a ledger, alone.
fn part(all: &Ledger, which: std::ops::Range<usize>) -> Ledger {
    let reports: Reports = which.map(|at| all.reports.get(at)).collect();
    of(all, reports)
}

fn of(all: &Ledger, reports: Reports) -> Ledger {
    Ledger { sources: all.sources.clone(), files: Vec::new(), classes: all.classes.clone(), reports }
}

/// The next reports: of ten four are new, four withdraw the oldest, two revise one; so there are always as many incidents.
fn batch(all: &Ledger, next: &mut usize, size: usize) -> Ledger {
    let mut reports = Reports::default();
    for _ in 0..size {
        let at = *next;
        *next += 1;
        let new = all.reports.get(at % all.reports.len());
        let id = format!("new-{at}");
        let oldest = all.reports.get((at / 10 * 4 + (at % 10).saturating_sub(4)) % all.reports.len());
        let any = all.reports.get(at.wrapping_mul(7_919) % all.reports.len());
        let revision = i64::try_from(at).unwrap_or(i64::MAX);
        reports.push(&match at % 10 {
            0..=3 => Report { id: Some(&id), revision, ..new },
            4..=7 => Report { revision, status: Status::Withdrawn, ..oldest },
            _ => Report { revision, class: new.class, ..any },
        });
    }
    of(all, reports)
}

fn ms(time: Duration) -> f64 {
    1_000.0 * time.as_secs_f64()
}

/// Resident memory in MiB.
fn resident() -> usize {
    clock::memory("VmRSS:") as usize
}
