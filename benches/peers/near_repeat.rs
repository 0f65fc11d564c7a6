//! Our near repeats and scans on the peers' data: the first incidents, on days of one year.

use std::path::Path;

use hotblocks::analysis::near_repeat::bands::{DAY, Metric};
use hotblocks::analysis::near_repeat::knox::{KnoxParams, knox};
use hotblocks::analysis::scan::space_time::{SpaceTimeParams, space_time_scan};
use hotblocks::analysis::scan::spatial::{ScanParams, scan};
use hotblocks::space::coord::{Local, Metres};

use super::{places, time};

/// How many incidents.
const N: usize = 100_000;

pub(crate) fn run(job: &str, folder: &Path) -> Option<(f64, f64)> {
    Some(match job {
        "knox" => knox_of(folder, 999, DAY),
        "knox-9" => knox_of(folder, 9, DAY),
        "knox-minutes" => knox_of(folder, 999, 60),
        "scan" => {
            // The first incidents as places of blocks: one to each, of 0 to 20.
            let points: Vec<Local> = places(folder).into_iter().take(10_000).collect();
            let counts: Vec<u64> = (0..points.len() as u64).map(|i| i * i % 21).collect();
            let exposure: Vec<f64> = (0..points.len()).map(|i| 50.0 + (i * 31 % 100) as f64).collect();
            let params = ScanParams { share: 0.1, radius: None, least: 3, permutations: 999, seed: 1 };
            let job = || scan(&points, &counts, &exposure, &params).expect("good input");
            time(job, |found| found.clusters.len() as f64)
        }
        "space-time-scan" => {
            let points: Vec<Local> = places(folder).into_iter().take(10_000).collect();
            let days: Vec<i64> = (0..points.len() as i64).map(|i| i * 7_919 % 365).collect();
            let params = SpaceTimeParams {
                radius: Metres(500.0),
                share: 0.5,
                days: 28,
                least: 3,
                every: 1.0,
                permutations: 999,
                seed: 1,
            };
            let job = || space_time_scan(&points, &days, (0, 364), &params).expect("good input");
            time(job, |found| found.clusters.len() as f64)
        }
        _ => return None,
    })
}

/// Times in steps of a unit: all its multiples within a year come.
fn knox_of(folder: &Path, permutations: u32, unit: i64) -> (f64, f64) {
    let points: Vec<Local> = places(folder).into_iter().take(N).collect();
    let units = 365 * DAY / unit;
    let times: Vec<i64> = (0..points.len() as i64).map(|i| i * 7_919 % units * unit).collect();
    let params = KnoxParams {
        distances: [100.0, 200.0, 400.0].map(Metres).into(),
        times: [7, 14, 28].map(|days| days * DAY).into(),
        metric: Metric::Euclidean,
        same_place: false,
        permutations,
        seed: 1,
    };
    let table = || knox(&points, &times, &params).expect("good input");
    time(table, |table| table.cells.iter().map(|cell| cell.observed).sum::<u64>() as f64)
}
