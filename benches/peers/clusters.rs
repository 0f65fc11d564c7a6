//! Clusters on the peers' data: DBSCAN, HDBSCAN, the outline of core points, memory, and two threads beside one.

use std::path::Path;

use geo::Area;
use hotblocks::analysis::clusters::dbscan::{Clusters, DbscanParams, dbscan};
use hotblocks::analysis::clusters::hdbscan::{HdbscanParams, hdbscan};
use hotblocks::analysis::clusters::outline::eps_outline;
use hotblocks::space::coord::{Local, Metres};

use super::clock::memory;
use super::{places, time, two_threads};

/// What is asked: points, eps and the least number of points.
fn setting(job: &str) -> Option<(usize, DbscanParams)> {
    let (n, eps, min_points) = match job {
        "dbscan-100k" => (100_000, 100.0, 20),
        "dbscan-1m" | "dbscan-bytes" | "dbscan-two-threads" => (1_000_000, 25.0, 20),
        "dbscan-1m-wide" => (1_000_000, 100.0, 200),
        _ => return None,
    };
    Some((n, DbscanParams { eps: Metres(eps), min_points }))
}

pub(super) fn run(job: &str, folder: &Path) -> Option<(f64, f64)> {
    let n_clusters = |clusters: &Clusters| clusters.n_clusters as f64;
    let all = places(folder);
    if let Some((n, params)) = setting(job) {
        let points = &all[..n.min(all.len())];
        let label = || dbscan(points, &params).expect("a city");
        return Some(match job {
            "dbscan-bytes" => {
                let before = memory("VmHWM:");
                let clusters = label();
                let bytes = (memory("VmHWM:") - before) * 1024.0 * 1024.0;
                (bytes / points.len() as f64, n_clusters(&clusters))
            }
            "dbscan-two-threads" => (two_threads(label).0, n_clusters(&label())),
            _ => time(label, n_clusters),
        });
    }
    Some(match job {
        "hdbscan-100k" | "hdbscan-1m" => {
            let n = if job == "hdbscan-1m" { all.len() } else { 100_000 };
            let params = HdbscanParams { min_cluster_size: 50, min_samples: 20 };
            time(|| hdbscan(&all[..n], &params).expect("a city"), |found| found.n_clusters as f64)
        }
        "outline-10k" => {
            let clusters =
                dbscan(&all, &DbscanParams { eps: Metres(100.0), min_points: 200 }).expect("a city");
            let core = all.iter().zip(&clusters.core).filter(|(_, core)| **core).map(|(at, _)| *at);
            // Ten thousand of them, spread over all clusters.
            let core: Vec<Local> =
                core.step_by(clusters.core.iter().filter(|c| **c).count() / 10_000).collect();
            let outline = || eps_outline(&core[..10_000], Metres(100.0)).expect("core points");
            time(outline, |outline| outline.unsigned_area())
        }
        _ => return None,
    })
}
