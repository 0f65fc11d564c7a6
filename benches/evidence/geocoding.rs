//! How near to the police's own coordinates an address brings an incident, and which rules gave incidents their blocks.

use std::collections::{BTreeMap, HashMap};

use hotblocks::assign::geocode::{Geocoded, Geocoder, Method};
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::model::address::Address;
use hotblocks::model::incident::Located;
use hotblocks::model::streets::Street;
use hotblocks::space::coord::Local;

use crate::machine::thousands;
use crate::validation::Page;

/// What was asked of geocoding: the share found, the median error and its 95th percentile in metres.
const FOUND: f64 = 0.9;
const MEDIAN: f64 = 50.0;
const HIGH: f64 = 200.0;

/// Addresses of one sort, each with the rows that have it.
#[derive(Default)]
struct Sort {
    rows: usize,
    /// Errors in metres with their rows.
    errors: Vec<(f64, usize)>,
}

impl Sort {
    fn add(&mut self, found: Option<Geocoded>, truth: Local, rows: usize) {
        self.rows += rows;
        self.errors.extend(found.map(|found| (found.at.distance(truth).0, rows)));
    }

    fn found(&self) -> usize {
        self.errors.iter().map(|(_, rows)| rows).sum()
    }

    /// The error that a share of the rows does not exceed.
    fn quantile(&mut self, share: f64) -> f64 {
        self.errors.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut left = (share * self.found() as f64).ceil() as usize;
        for &(error, rows) in &self.errors {
            if rows >= left {
                return error;
            }
            left -= rows;
        }
        f64::NAN
    }
}

/// Writes both tables of a data set over streets.
pub(crate) fn section(page: &mut Page, snapshot: &Snapshot, streets: &[Street]) {
    accuracy(page, snapshot, streets);
    rules(page, snapshot);
}

fn accuracy(page: &mut Page, snapshot: &Snapshot, streets: &[Street]) {
    let data = snapshot.dataset();
    let geocoder = Geocoder::new(streets, &data.crs, &data.words);
    let mut by_method: BTreeMap<Method, Sort> = BTreeMap::new();
    let (mut all, mut known): (Sort, HashMap<&str, Option<Geocoded>>) = Default::default();
    for at in 0..data.incidents.len() {
        let sensitive = data.incidents.classes(at).any(|class| data.classes.get(class).flags.sensitive());
        let (Some(truth), Some(text)) = (data.incidents.local(at), data.incidents.address(at)) else {
            continue;
        };
        if sensitive || data.incidents.located(at) != Located::Yes {
            continue;
        }
        let rows = usize::from(data.incidents.reports(at));
        let first = !known.contains_key(text);
        let found = *known.entry(text).or_insert_with(|| geocoder.locate(text));
        all.add(found, truth, rows);
        let method = match Address::parse(text, &data.words) {
            Some(Address::House(number, _)) => {
                if let Some((_, street)) = text.split_once(' ').filter(|_| first) {
                    let made_up = format!("{} BLOCK OF {street}", number / 100 * 100);
                    by_method.entry(Method::Hundred).or_default().add(geocoder.locate(&made_up), truth, 1);
                }
                Method::Range
            }
            Some(Address::Crossing(..)) => Method::Intersection,
            _ => continue,
        };
        by_method.entry(method).or_default().add(found, truth, rows);
    }
    page.say("Places from addresses: every incident that has an address and coordinates and is of no sensitive class is looked up as if it had none. The error is how far the place lies from the coordinates that the police give. ");
    page.say(&format!(
        "Asked: {:.0} % found, median {MEDIAN:.0} m, 95th percentile {HIGH:.0} m. The police write no hundred-blocks; `hundred` takes each different house address once with its number rounded down, as other agencies publish, and half a block of 200 m is 50 m from its middle: the tests hold it to a median of 60 m.\n\n",
        100.0 * FOUND
    ));
    page.say("| method | rows | found | median | 95th percentile | as asked |\n|---|--:|--:|--:|--:|---|\n");
    let rows = by_method.iter_mut().map(|(method, sort)| (method.word(), sort)).chain([("all", &mut all)]);
    for (method, sort) in rows {
        let found = sort.found() as f64 / sort.rows as f64;
        let [median, high] = [0.5, 0.95].map(|share| sort.quantile(share));
        let misses =
            [(found < FOUND, "found"), (median > MEDIAN, "median"), (high > HIGH, "95th percentile")];
        let misses: Vec<&str> = misses.into_iter().filter_map(|(miss, of)| miss.then_some(of)).collect();
        page.row(&[
            if method == "all" { method.to_owned() } else { format!("`{method}`") },
            thousands(sort.rows),
            format!("{:.2} %", 100.0 * found),
            format!("{median:.1} m"),
            format!("{high:.1} m"),
            if misses.is_empty() { "yes".to_owned() } else { format!("no: {}", misses.join(", ")) },
        ]);
    }
    let missing = data.assigned.unlocated.get("missing").copied().unwrap_or_default();
    let geocoded = data.assigned.geocoded;
    page.say(&format!(
        "\n{} of the {} incidents whose coordinates are missing got a place from their address; sensitive and withheld ones never do.\n\n",
        thousands(geocoded),
        thousands(missing + geocoded),
    ));
}

fn rules(page: &mut Page, snapshot: &Snapshot) {
    let assigned = &snapshot.dataset().assigned;
    page.say("How incidents came to their blocks; each by the first rule that found one, in this order:\n\n| rule | incidents | share |\n|---|--:|--:|\n");
    let share = |n: usize| format!("{:.1} %", 100.0 * n as f64 / assigned.in_blocks as f64);
    let by = assigned.by_rule.named();
    for (rule, n) in by.into_iter().filter(|(rule, _)| *rule != "excluded") {
        page.row(&[format!("`{rule}`"), thousands(n), share(n)]);
    }
    let sum: usize = by.iter().map(|(_, n)| n).sum();
    let agrees = page.check(sum == assigned.in_blocks);
    page.say(&format!("\nTogether they are the {} in blocks: {agrees}.\n\n", thousands(assigned.in_blocks)));
}
