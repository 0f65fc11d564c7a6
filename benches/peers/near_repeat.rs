//! Our near repeats on the peers' data: the first 100,000 incidents, on days of one year.

use std::path::Path;

use hotblocks::analysis::near_repeat::bands::{DAY, Metric};
use hotblocks::analysis::near_repeat::knox::{KnoxParams, knox};
use hotblocks::space::coord::{Local, Metres};

use super::{places, time};

/// How many incidents.
const N: usize = 100_000;

pub(crate) fn run(job: &str, folder: &Path) -> Option<(f64, f64)> {
    let permutations = match job {
        "knox" => 999,
        "knox-9" => 9,
        _ => return None,
    };
    let points: Vec<Local> = places(folder).into_iter().take(N).collect();
    let times: Vec<i64> = (0..points.len() as i64).map(|i| i * 7_919 % 365 * DAY).collect();
    let params = KnoxParams {
        distances: [100.0, 200.0, 400.0].map(Metres).into(),
        times: [7, 14, 28].map(|days| days * DAY).into(),
        metric: Metric::Euclidean,
        same_place: false,
        permutations,
        seed: 1,
    };
    let table = || knox(&points, &times, &params).expect("good input");
    Some(time(table, |table| table.cells.iter().map(|cell| cell.observed).sum::<u64>() as f64))
}
