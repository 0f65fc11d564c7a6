//! Global Moran: whether there is any pattern at all, before one looks where.

use rayon::prelude::*;

use super::permute::Permutations;
use super::values::{HotSpotError, Moments, two_sided_p};
use super::weights::Neighbors;
use crate::analysis::chance::Chance;
use crate::progress::steps;

/// What a neighbor weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weighting {
    /// One over the number of neighbors: every unit with neighbors counts alike (`W` in R's `spdep`).
    RowStandardized,
    /// One: a unit with many neighbors counts more (`B`).
    Binary,
}

/// Global Moran's I with its moments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moran {
    /// Above `expected`: like lies near like.
    pub i: f64,
    /// −1/(n − 1).
    pub expected: f64,
    /// Variance where the values lie in any order on the units.
    pub variance: f64,
    /// Variance where the values are drawn from one normal law.
    pub normal_variance: f64,
    /// z by `variance`.
    pub z: f64,
    /// Two-sided p of `z`.
    pub p: f64,
    /// z by `normal_variance`.
    pub normal_z: f64,
    /// Two-sided p of `normal_z`.
    pub normal_p: f64,
}

/// Measures whether near units are alike: global Moran's I.
///
/// ```text
/// I = (n / S₀) Σᵢⱼ wᵢⱼ dᵢ dⱼ / Σ d²,   d = x − x̄,   S₀ = Σᵢⱼ wᵢⱼ,   E I = −1/(n − 1)
/// ```
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `values` | counts or rates per unit, zeros included | `n` | any |
/// | `neighbors` | who is near whom, the unit itself not | `n` lists | – |
/// | `weighting` | what a neighbor weighs | | |
/// | returns | I with mean, variances and z | | |
///
/// Null hypotheses: randomisation (`variance`, `z`) and normality (`normal_variance`, `normal_z`); both two-sided.
/// All `n` units count, those without neighbors too. Where no order of the values changes I, z is 0.
/// Time O(links · log of the most neighbors). Source: Cliff & Ord (1981), *Spatial Processes*, ch. 2.
///
/// # Errors
///
/// As [`super::gistar::gi_star`], with at least four units; that all are neighbors of all is no error.
///
/// # Examples
///
/// The 5 × 5 grid of [`super::window`]; R's `spdep::moran.test` gives 0.1626183167:
///
/// ```
/// use hotblocks::analysis::hotspots::moran::{Weighting, moran};
/// use hotblocks::analysis::hotspots::weights::{Contiguity, Neighbors};
///
/// let counts = [0, 1, 0, 2, 1, 1, 3, 2, 0, 0, 0, 4, 9, 3, 1, 0, 1, 5, 2, 0, 1, 0, 0, 1, 0].map(f64::from);
/// let queen = Neighbors::on_grid(5, 5, None, Contiguity::Queen)?;
/// assert!((moran(&counts, &queen, Weighting::RowStandardized)?.i - 0.162_618_316_7).abs() < 1e-10);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn moran(values: &[f64], neighbors: &Neighbors, weighting: Weighting) -> Result<Moran, HotSpotError> {
    let moments = check(values, neighbors)?;
    // In standard deviations, so that their fourth powers are numbers and their squares sum up to n.
    let deviation: Vec<f64> = standard(values, &moments);
    let sums = Sums::of(neighbors, weighting);
    Ok(told(&deviation, cross(&deviation, neighbors, weighting), &sums))
}

/// I with its moments, from Σᵢⱼ wᵢⱼ dᵢ dⱼ in standard deviations and the sums over the weights.
pub(super) fn told(deviation: &[f64], cross: f64, sums: &Sums) -> Moran {
    let n = deviation.len() as f64;
    let i = cross / sums.s0;
    let expected = -1.0 / (n - 1.0);
    let &Sums { s0, s1, s2 } = sums;
    let s0_squared = s0 * s0;
    let normal = (n * n * s1 - n * s2 + 3.0 * s0_squared) / (s0_squared * (n * n - 1.0));
    let fourth: f64 = deviation.iter().map(|d| d.powi(4)).sum();
    let kurtosis = fourth / n;
    let plain = n * ((n * n - 3.0 * n + 3.0) * s1 - n * s2 + 3.0 * s0_squared);
    let peaked = kurtosis * ((n * n - n) * s1 - 2.0 * n * s2 + 6.0 * s0_squared);
    let random = (plain - peaked) / ((n - 1.0) * (n - 2.0) * (n - 3.0) * s0_squared);
    let (normal_variance, variance) = (normal - expected * expected, random - expected * expected);
    let score = |variance: f64, second: f64| {
        if variance > 1e-12 * second { (i - expected) / variance.sqrt() } else { 0.0 }
    };
    let (z, normal_z) = (score(variance, random), score(normal_variance, normal));
    Moran {
        i,
        expected,
        variance: variance.max(0.0),
        normal_variance: normal_variance.max(0.0),
        z,
        p: two_sided_p(z),
        normal_z,
        normal_p: two_sided_p(normal_z),
    }
}

/// The p-value of global Moran by permutation: how often the values in any other order do as much; two-sided.
///
/// ```text
/// p = min(1, 2 (min(r₊, r₋) + 1) / (R + 1)),   r₊ (r₋) = permutations with an I as high (as low) or more so
/// ```
///
/// Each permutation has a lane of its own. Time O(R (n + links)).
///
/// # Errors
///
/// As [`moran`], and [`HotSpotError::Permutations`] for too few or too many.
pub fn moran_permuted(
    values: &[f64],
    neighbors: &Neighbors,
    weighting: Weighting,
    permutations: &Permutations,
) -> Result<f64, HotSpotError> {
    let moments = check(values, neighbors)?;
    permutations.check(0)?;
    let deviation = standard(values, &moments);
    let observed = cross(&deviation, neighbors, weighting);
    // Two orders of the values with the same I differ by rounding.
    let slack = 1e-12 * moments.n as f64;
    let lanes_done = steps(permutations.count as usize);
    let one = |lane: u64| {
        lanes_done.done(1);
        let mut turned = deviation.clone();
        Chance::new(permutations.seed, lane).shuffle(&mut turned);
        let i = cross(&turned, neighbors, weighting);
        (u32::from(i >= observed - slack), u32::from(i <= observed + slack))
    };
    let lanes = (0..u64::from(permutations.count)).into_par_iter().map(one);
    let (as_high, as_low) = lanes.reduce(|| (0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    Ok((2.0 * f64::from(as_high.min(as_low) + 1) / f64::from(permutations.count + 1)).min(1.0))
}

/// How many standard deviations each value lies above the mean.
pub(super) fn standard(values: &[f64], moments: &Moments) -> Vec<f64> {
    let deviation = (moments.squares / moments.n as f64).sqrt();
    values.iter().map(|value| (value - moments.mean) / deviation).collect()
}

fn check(values: &[f64], neighbors: &Neighbors) -> Result<Moments, HotSpotError> {
    let units = neighbors.n_units();
    if values.len() != units {
        return Err(HotSpotError::Length { values: values.len(), units });
    }
    if neighbors.n_links() == 0 {
        return Err(HotSpotError::Islands { units });
    }
    Moments::of(values, 4)
}

/// Σᵢⱼ wᵢⱼ dᵢ dⱼ.
fn cross(deviation: &[f64], neighbors: &Neighbors, weighting: Weighting) -> f64 {
    let one = |(unit, own): (usize, &f64)| {
        let near = neighbors.of(unit);
        let sum: f64 = near.iter().map(|&to| deviation[to as usize]).sum();
        own * sum * weight(near.len(), weighting)
    };
    deviation.iter().enumerate().map(one).sum()
}

/// What each of `k` neighbors weighs.
fn weight(k: usize, weighting: Weighting) -> f64 {
    match weighting {
        Weighting::RowStandardized => 1.0 / k.max(1) as f64,
        Weighting::Binary => 1.0,
    }
}

/// The sums over the weights that the moments need.
pub(super) struct Sums {
    pub(super) s0: f64,
    pub(super) s1: f64,
    pub(super) s2: f64,
}

impl Sums {
    fn of(neighbors: &Neighbors, weighting: Weighting) -> Self {
        let units = neighbors.n_units();
        let out = |unit: usize| weight(neighbors.of(unit).len(), weighting);
        let (mut rows, mut columns, mut s1) = (vec![0.0; units], vec![0.0; units], 0.0);
        for (unit, row) in rows.iter_mut().enumerate() {
            let own = out(unit);
            for &to in neighbors.of(unit) {
                let to = to as usize;
                let back = neighbors.of(to).binary_search(&(unit as u32)).map_or(0.0, |_| out(to));
                *row += own;
                columns[to] += own;
                // ½ Σᵢⱼ (wᵢⱼ + wⱼᵢ)²: a link that is not mutual is met once, but stands for both ways.
                s1 += if back == 0.0 { own * own } else { 0.5 * (own + back) * (own + back) };
            }
        }
        let s2 = rows.iter().zip(&columns).map(|(row, column)| (row + column) * (row + column)).sum();
        Self { s0: rows.iter().sum(), s1, s2 }
    }
}

#[cfg(test)]
mod tests {
    use super::super::weights::Contiguity;
    use super::*;

    fn board(n: usize) -> Vec<f64> {
        (0..n * n).map(|cell| ((cell / n + cell % n) % 2) as f64).collect()
    }

    #[test]
    fn a_chess_board_is_as_unlike_its_neighbors_as_can_be() {
        let rook = Neighbors::on_grid(8, 8, None, Contiguity::Rook).expect("usable");
        let found = moran(&board(8), &rook, Weighting::Binary).expect("usable");
        assert!((found.i + 1.0).abs() < 1e-12 && found.z < -10.0 && found.p < 1e-20);
        let permutations = Permutations { count: 999, seed: 2 };
        assert_eq!(moran_permuted(&board(8), &rook, Weighting::Binary, &permutations), Ok(0.002));
    }

    #[test]
    fn the_moments_are_those_of_all_orders_of_the_values() {
        // Four values on a path with a link that is not mutual, all 24 orders.
        let near = Neighbors::from_lists(vec![vec![1], vec![0, 2], vec![1, 3], vec![1]]).expect("usable");
        let values = [0.0, 1.0, 4.0, 9.0];
        for weighting in [Weighting::Binary, Weighting::RowStandardized] {
            let found = moran(&values, &near, weighting).expect("usable");
            let mut all = Vec::new();
            for order in 0..256_usize {
                let at = [order % 4, order / 4 % 4, order / 16 % 4, order / 64];
                if (0..4).all(|unit| at.contains(&unit)) {
                    all.push(moran(&at.map(|unit| values[unit]), &near, weighting).expect("usable").i);
                }
            }
            let mean = all.iter().sum::<f64>() / 24.0;
            let variance = all.iter().map(|i| (i - mean) * (i - mean)).sum::<f64>() / 24.0;
            assert_eq!(all.len(), 24);
            assert!((mean - found.expected).abs() < 1e-12 && (variance - found.variance).abs() < 1e-12);
        }
    }

    #[test]
    fn where_all_are_neighbors_of_all_no_order_changes_anything() {
        let all = Neighbors::from_lists((0..5).map(|i| (0..5).filter(|&j| j != i).collect()).collect())
            .expect("usable");
        let found = moran(&[1.0, 2.0, 3.0, 4.0, 7.0], &all, Weighting::Binary).expect("usable");
        assert!((found.i - found.expected).abs() < 1e-12);
        assert_eq!((found.z, found.p), (0.0, 1.0));
    }

    #[test]
    fn the_size_of_the_values_changes_nothing() {
        let rook = Neighbors::on_grid(5, 5, None, Contiguity::Rook).expect("good input");
        let values: Vec<f64> = (0..25).map(|cell| f64::from(cell * 7 % 11)).collect();
        let plain = moran(&values, &rook, Weighting::RowStandardized).expect("good input");
        for size in [1e-100, 1e77, 1e100, 1e138] {
            let large: Vec<f64> = values.iter().map(|value| value * size).collect();
            let found = moran(&large, &rook, Weighting::RowStandardized).expect("good input");
            assert!(
                (found.i - plain.i).abs() < 1e-12 && (found.z - plain.z).abs() < 1e-11,
                "{size:e}: {found:?}"
            );
        }
        let huge: Vec<f64> = values.iter().map(|value| value * 1e140).collect();
        assert_eq!(moran(&huge, &rook, Weighting::Binary), Err(HotSpotError::Large { largest: 1e141 }));
    }

    #[test]
    fn what_cannot_be_measured_is_refused() {
        let rook = Neighbors::on_grid(2, 2, None, Contiguity::Rook).expect("usable");
        let of = |values: &[f64]| moran(values, &rook, Weighting::Binary).expect_err("refused");
        assert_eq!(of(&[1.0; 4]), HotSpotError::Constant { units: 4, value: 1.0 });
        assert_eq!(of(&[1.0; 3]), HotSpotError::Length { values: 3, units: 4 });
        let few = Permutations { count: 99, seed: 0 };
        let refused = HotSpotError::Permutations { permutations: 99, least: 999, most: 99_999 };
        assert_eq!(moran_permuted(&[1.0, 2.0, 3.0, 5.0], &rook, Weighting::Binary, &few), Err(refused));
    }
}
