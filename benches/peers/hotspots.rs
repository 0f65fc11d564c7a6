//! Hot spots on the peers' data: Gi* on 100,000 cells and on 10,000 blocks, analytic and with 999 permutations.

use std::path::Path;

use geo::Geometry;
use hotblocks::analysis::hotspots::contiguity::of_polygons;
use hotblocks::analysis::hotspots::gistar::{gi_star, gi_star_permuted};
use hotblocks::analysis::hotspots::permute::Permutations;
use hotblocks::analysis::hotspots::weights::Contiguity;
use hotblocks::analysis::hotspots::window::{Lattice, Window, gi_star_on_grid, gi_star_on_grid_permuted};
use hotblocks::index::blocks::BlockIndex;
use hotblocks::space::coord::Metres;

use super::{blocks, places, time};

/// Cells of 40 m over the city of `make_data.py`.
const CITY: Lattice<'static> = Lattice { n_cols: 250, n_rows: 400, mask: None };
const CELL: Metres = Metres(40.0);
const WEST: f64 = 268_000.0;
const SOUTH: f64 = 302_000.0;
const QUEEN: Window = Window::Square { steps: 1 };
const PERMUTATIONS: Permutations = Permutations { count: 999, seed: 1 };

pub(super) fn run(job: &str, folder: &Path) -> Option<(f64, f64)> {
    let hot = |z: &Vec<f64>| z.iter().filter(|&&z| z > 1.96).count() as f64;
    let near = "units of the peers' city have neighbors and differ";
    Some(match job {
        "gi-star-cells" => {
            let counts = cells(folder);
            time(|| gi_star_on_grid(&counts, &CITY, QUEEN).expect(near), hot)
        }
        "gi-star-band" => {
            let (counts, band) = (cells(folder), Window::within(Metres(200.0), CELL));
            time(|| gi_star_on_grid(&counts, &CITY, band).expect(near), hot)
        }
        "gi-star-permuted" => {
            let counts = cells(folder);
            let z = gi_star_on_grid(&counts, &CITY, QUEEN).expect(near);
            let high =
                |p: &Vec<f64>| p.iter().zip(&z).filter(|&(&p, &z)| z > 0.0 && p <= 0.05).count() as f64;
            time(|| gi_star_on_grid_permuted(&counts, &CITY, QUEEN, &PERMUTATIONS).expect(near), high)
        }
        "gi-star-blocks" => {
            let blocks = blocks(folder);
            let shapes: Vec<&Geometry> = blocks.iter().map(|block| &block.local).collect();
            let mut counts = vec![0.0; blocks.len()];
            let found = BlockIndex::build(&blocks).containing_all(&places(folder));
            found.into_iter().flatten().for_each(|block| counts[block.0 as usize] += 1.0);
            let all = || {
                let neighbors = of_polygons(&shapes, Contiguity::Queen).expect("polygons");
                let z = gi_star(&counts, &neighbors).expect(near);
                (z, gi_star_permuted(&counts, &neighbors, &PERMUTATIONS).expect(near))
            };
            time(all, |(z, _)| hot(z))
        }
        _ => return None,
    })
}

fn cells(folder: &Path) -> Vec<u32> {
    let mut counts = vec![0; CITY.n_cols * CITY.n_rows];
    for at in places(folder) {
        let col = (((at.x - WEST) / CELL.0) as usize).min(CITY.n_cols - 1);
        let row = (((at.y - SOUTH) / CELL.0) as usize).min(CITY.n_rows - 1);
        counts[row * CITY.n_cols + col] += 1;
    }
    counts
}
