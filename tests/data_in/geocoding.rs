//! Places from addresses, on the real city: how many are found, and how far from where the police put them.

use crate::common;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use hotblocks::assign::geocode::{Geocoder, Method};
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::ingest::blocks::{self, Shapes};
use hotblocks::ingest::input::Input;
use hotblocks::ingest::shipped;
use hotblocks::model::incident::Located;
use hotblocks::model::street_words::Words;

/// The city with its 84 months over its streets.
static CITY: LazyLock<Option<Snapshot>> = LazyLock::new(|| {
    let folder = common::st_louis()?;
    Some(common::load(&common::st_louis_months(&folder), &folder.join("streets.parquet")).0)
});

fn words() -> Words {
    let table = shipped::file("street_words.csv").expect("shipped");
    Words::parse(std::str::from_utf8(&table).expect("UTF-8")).expect("a table")
}

/// Errors in metres, each as often as it has rows.
#[derive(Default)]
struct Errors(Vec<(f64, usize)>);

impl Errors {
    fn rows(&self) -> usize {
        self.0.iter().map(|(_, rows)| rows).sum()
    }

    /// The error that a share of the rows does not exceed.
    fn quantile(&mut self, share: f64) -> f64 {
        self.0.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut left = (share * self.rows() as f64).ceil() as usize;
        for &(error, rows) in &self.0 {
            if rows >= left {
                return error;
            }
            left -= rows;
        }
        f64::NAN
    }
}

/// `5903 MINERVA AVE` as `5900 BLOCK OF MINERVA AVE`.
fn as_hundred_block(address: &str) -> Option<String> {
    let (number, street) = address.split_once(' ')?;
    Some(format!("{} BLOCK OF {street}", number.parse::<u32>().ok()? / 100 * 100))
}

#[test]
fn nine_in_ten_addresses_are_found_near_where_the_police_put_them() {
    let (Some(folder), Some(snapshot)) = (common::st_louis(), &*CITY) else { return };
    let data = snapshot.dataset();
    let (Shapes::Streets(streets), _) =
        blocks::read(&Input::at(&folder.join("streets.parquet")).expect("parquet"), None).expect("streets")
    else {
        panic!("lines")
    };
    let geocoder = Geocoder::new(&streets, &data.crs, &words());
    let sensitive = |at: usize| data.incidents.classes(at).any(|c| data.classes.get(c).flags.sensitive());
    let mut by_method: BTreeMap<Method, [Errors; 2]> = BTreeMap::new();
    let mut every = [Errors::default(), Errors::default()];
    let mut hundreds = [Errors::default(), Errors::default()];
    let (mut all, mut known) = (0, BTreeMap::new());
    for at in 0..data.incidents.len() {
        let (Some(truth), Some(address)) = (data.incidents.local(at), data.incidents.address(at)) else {
            continue;
        };
        // What was geocoded here is no truth.
        if sensitive(at) || data.incidents.located(at) != Located::Yes {
            continue;
        }
        let rows = usize::from(data.incidents.reports(at));
        all += rows;
        let first = !known.contains_key(address);
        let found = *known.entry(address).or_insert_with(|| geocoder.locate(address));
        if first && let Some(block) = as_hundred_block(address).and_then(|block| geocoder.locate(&block)) {
            hundreds[0].0.push((block.at.distance(truth).0, rows));
            hundreds[1].0.push((block.at.distance(truth).0, 1));
        }
        let Some(found) = found else { continue };
        let error = found.at.distance(truth).0;
        for [by_row, by_address] in [by_method.entry(found.method).or_default(), &mut every] {
            by_row.0.push((error, rows));
            if first {
                by_address.0.push((error, 1));
            }
        }
    }
    let found = every[0].rows() as f64 / all as f64;
    let addresses = known.values().flatten().count();
    eprintln!("found {:.2} % of {all} rows, {addresses} of {} addresses", 100.0 * found, known.len());
    // The police write no hundred-blocks: each address once, its number rounded down as other agencies do.
    // Half a block of 200 m is 50 m from its middle.
    let (median, high) = figures("hundred", &mut hundreds);
    assert!(median <= 60.0 && high <= 200.0, "{median}, {high}");
    let (median, high) = figures("all", &mut every);
    assert!(found >= 0.9, "{found}");
    assert!(median <= 50.0 && high <= 200.0, "{median}, {high}");
    assert!([Method::Range, Method::Intersection].iter().all(|method| by_method.contains_key(method)));
    for (method, errors) in &mut by_method {
        let (median, high) = figures(method.word(), errors);
        assert!(median <= 50.0 && high <= 200.0, "{method:?}: {median}, {high}");
    }
}

/// What is known of errors, by row and by address; returns median and 95th percentile by row.
fn figures(name: &str, [by_row, by_address]: &mut [Errors; 2]) -> (f64, f64) {
    let [median, high] = [0.5, 0.95].map(|share| by_row.quantile(share));
    let [plain_median, plain_high] = [0.5, 0.95].map(|share| by_address.quantile(share));
    eprintln!(
        "{name}: {} rows, median {median:.1} m, 95th percentile {high:.1} m; {} addresses, {plain_median:.1} m, {plain_high:.1} m",
        by_row.rows(),
        by_address.rows(),
    );
    (median, high)
}

#[test]
fn every_incident_in_a_block_is_there_by_one_rule_and_most_by_name_and_number() {
    let Some(snapshot) = &*CITY else { return };
    let report = &snapshot.dataset().assigned;
    let by = report.by_rule;
    eprintln!("{report:?}");
    let rules = [by.node_by_name, by.node_by_distance, by.name_and_number, by.name, by.alley, by.nearest];
    assert_eq!(rules.iter().sum::<usize>(), report.in_blocks);
    assert!(rules.iter().all(|&n| n > 0), "{by:?}");
    assert!(by.name_and_number * 10 > report.in_blocks * 7, "{by:?}");
    assert!(report.near_boundary <= by.nearest);
}

#[test]
fn pieces_of_a_street_are_named_by_their_own_hundreds() {
    let Some(snapshot) = &*CITY else { return };
    let names = |part: &str| -> Vec<&str> {
        let blocks = snapshot.dataset().block_set.blocks.iter();
        blocks.map(|block| block.name.as_str()).filter(|name| name.contains(part)).collect()
    };
    assert_eq!(names("5900 block of Minerva Ave"), ["5900 block of Minerva Ave"]);
    let apart = names("5800 block of Minerva Ave");
    assert!(apart.len() == 2 && apart.iter().all(|name| name.contains(" to ")), "{apart:?}");
}
