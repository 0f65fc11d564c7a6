//! An exact density is the sum of its kernels at every cell, whatever the grid's shape.

use crate::cases;

use cases::cases;
use hotblocks::analysis::density::kde::{KdeParams, kde};
use hotblocks::analysis::density::kernel::Kernel;
use hotblocks::space::coord::{Local, Metres};
use hotblocks::space::grid::Grid;
use proptest::prelude::*;

/// Grids of a few rows and up to forty bandwidths across.
fn grid() -> impl Strategy<Value = Grid> {
    let origin = prop::sample::select(vec![0.0, -330.0, 500_000.0]);
    (origin, 1..250_usize, 1..14_usize).prop_map(|(at, n_cols, n_rows)| Grid {
        origin: Local { x: at, y: at },
        cell: Metres(10.0),
        n_cols,
        n_rows,
    })
}

/// Places within two bandwidths of the grid, by their share of its sides, with a weight.
fn places() -> impl Strategy<Value = Vec<(f64, f64, f64)>> {
    prop::collection::vec((-0.3..1.3_f64, -0.3..1.3_f64, 0.01..5.0_f64), 1..60)
}

proptest! {
    #![proptest_config(cases(300, 0x6772_6964))]

    #[test]
    fn an_exact_density_is_the_sum_of_its_kernels_at_every_cell(
        grid in grid(), places in places(), h in 21.0..90.0_f64, kernel in prop::sample::select(Kernel::ALL.to_vec()),
    ) {
        let (width, height) = (grid.n_cols as f64 * 10.0, grid.n_rows as f64 * 10.0);
        let place = |&(x, y, _): &(f64, f64, f64)| Local { x: grid.origin.x + x * width, y: grid.origin.y + y * height };
        let points: Vec<Local> = places.iter().map(place).collect();
        let weights: Vec<f64> = places.iter().map(|place| place.2).collect();
        let params = KdeParams { kernel, bandwidth: Metres(h) };
        let density = kde(&points, Some(&weights), &grid, &params).expect("good input");
        let peak = density.per_km2.iter().fold(0.0_f64, |most, &one| most.max(one));
        // A kernel alone at its center.
        let alone = kde(&[Local { x: 5.0, y: 5.0 }], None, &Grid { origin: Local { x: 0.0, y: 0.0 }, n_cols: 1, n_rows: 1, ..grid }, &params)
            .expect("good input").per_km2[0];
        for row in 0..grid.n_rows {
            for col in 0..grid.n_cols {
                let center = grid.center(col, row);
                let sum: f64 = points.iter().zip(&weights).map(|(point, weight)| {
                    let r = center.distance(*point).0 / h;
                    let share = match kernel {
                        Kernel::Gaussian => (-0.5 * r * r * kernel.sigma(Metres(1.0)).0.powi(-2)).exp(),
                        _ if r >= 1.0 => 0.0,
                        Kernel::Uniform => 1.0,
                        Kernel::Triangular => 1.0 - r,
                        Kernel::Epanechnikov => 1.0 - r * r,
                        Kernel::Quartic => (1.0 - r * r).powi(2),
                        Kernel::Triweight => (1.0 - r * r).powi(3),
                        other => panic!("{other:?} is new: say what it is"),
                    };
                    weight * share * alone
                }).sum();
                let found = density.per_km2[row * grid.n_cols + col];
                // On its rim a uniform kernel is either there or not.
                let rim = kernel == Kernel::Uniform && points.iter().any(|p| (center.distance(*p).0 - h).abs() < 1e-3);
                prop_assert!(rim || (found - sum).abs() <= 1e-6 * peak.max(sum), "{kernel:?} {col} {row}: {found}, not {sum}");
            }
        }
    }
}
