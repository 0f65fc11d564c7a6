//! Local Moran: high among high, low among low, and those that differ from their neighbors.

use rayon::prelude::*;

use super::exact::{Own, exact_p};
use super::permute::{Permutations, permuted_p};
use super::values::{HotSpotError, Moments};
use super::weights::Neighbors;

/// How a unit lies to its neighbors, each beside the mean of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quadrant {
    /// High among high.
    HighHigh,
    /// Low among low.
    LowLow,
    /// High among low.
    HighLow,
    /// Low among high.
    LowHigh,
}

impl Quadrant {
    /// Its class on a map: 3 high among high, 1 high among low, -1 low among high, -3 low among low.
    #[must_use]
    pub const fn bin(self) -> i8 {
        match self {
            Self::HighHigh => 3,
            Self::HighLow => 1,
            Self::LowHigh => -1,
            Self::LowLow => -3,
        }
    }

    /// As it stands in results.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::HighHigh => "high-high",
            Self::LowLow => "low-low",
            Self::HighLow => "high-low",
            Self::LowHigh => "low-high",
        }
    }
}

/// The local Moran of all units, in their order.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalMoran {
    /// Iᵢ; above 0 is like its neighbors, below 0 unlike them, 0 for a unit without any.
    pub i: Vec<f64>,
    /// Iᵢ less what is expected given the unit's own value, in standard deviations.
    pub z: Vec<f64>,
    /// High is above the mean; the mean itself is low. `None` for a unit without neighbors.
    pub quadrant: Vec<Option<Quadrant>>,
}

/// Compares every unit with its neighbors: local Moran's I.
///
/// ```text
/// Iᵢ = (n − 1) dᵢ (Σⱼ dⱼ / kᵢ) / Σ d²,   d = x − x̄,   j = the kᵢ neighbors of i
/// ```
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `values` | counts or rates per unit, zeros included | `n` | any |
/// | `neighbors` | who is near whom, the unit itself not; weights 1/kᵢ | `n` lists | – |
/// | returns | I, its z and its quadrant in the order of `values` | `n` | –, standard deviations |
///
/// Null hypothesis of z: given the value of the unit, the values of all others lie in any order on them. Mean and
/// variance are exact for it; the shape is taken as normal. Whether a quadrant is more than chance, z or
/// [`local_moran_permuted`] must tell. Time O(n + links).
/// Source: Anselin (1995), *Geographical Analysis* 27(2); conditional moments: Sokal, Oden & Thomson (1998), ibid. 30(4).
///
/// # Limits
///
/// For few neighbors and sparse counts the normal shape is far off: take [`local_moran_permuted`].
///
/// # Errors
///
/// As [`super::gistar::gi_star`], with at least three units.
///
/// # Examples
///
/// ```
/// use hotblocks::analysis::hotspots::local_moran::{Quadrant, local_moran};
/// use hotblocks::analysis::hotspots::weights::{Contiguity, Neighbors};
///
/// let row = Neighbors::on_grid(4, 1, None, Contiguity::Rook)?;
/// let found = local_moran(&[1.0, 2.0, 4.0, 5.0], &row)?;
/// // d = −2, −1, 1, 2 and Σd² = 10: the first is 3 · −2 · −1 / 10.
/// assert!((found.i[0] - 0.6).abs() < 1e-15);
/// assert_eq!(found.quadrant[3], Some(Quadrant::HighHigh));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn local_moran(values: &[f64], neighbors: &Neighbors) -> Result<LocalMoran, HotSpotError> {
    let moments = check(values, neighbors)?;
    let (n, squares) = (moments.n as f64, moments.squares);
    let one = |unit: usize| {
        let near = neighbors.of(unit);
        if near.is_empty() {
            return (0.0, 0.0, None);
        }
        let (k, own) = (near.len() as f64, values[unit] - moments.mean);
        let lag = near.iter().map(|&to| values[to as usize] - moments.mean).sum::<f64>() / k;
        let expected = -own / (n - 1.0);
        let others = (squares - own * own * n / (n - 1.0)) / (n - 2.0);
        let variance = others * (1.0 / k - 1.0 / (n - 1.0));
        // Where all others are alike, every order of them gives the same.
        let vary = variance > squares * f64::EPSILON;
        let z = if vary && own != 0.0 { (lag - expected) / variance.sqrt() * own.signum() } else { 0.0 };
        ((n - 1.0) * own * lag / squares, z, Some(quadrant(own > 0.0, lag > 0.0)))
    };
    let all: Vec<(f64, f64, Option<Quadrant>)> =
        (0..values.len()).into_par_iter().with_min_len(4096).map(one).collect();
    Ok(LocalMoran {
        i: all.iter().map(|(i, ..)| *i).collect(),
        z: all.iter().map(|(_, z, _)| *z).collect(),
        quadrant: all.iter().map(|(.., quadrant)| *quadrant).collect(),
    })
}

/// The p-values of local Moran by conditional permutation, two-sided as in [`super::gistar::gi_star_permuted`].
///
/// Given its own value, the I of a unit rises or falls with the sum of its neighbors, so that sum is what is compared.
/// A unit at the mean or without neighbors has p = 1: its I never changes.
///
/// # Errors
///
/// As [`local_moran`], and [`HotSpotError::Permutations`] or [`HotSpotError::Draws`] for too few or too many.
pub fn local_moran_permuted(
    values: &[f64],
    neighbors: &Neighbors,
    permutations: &Permutations,
) -> Result<Vec<f64>, HotSpotError> {
    let moments = check(values, neighbors)?;
    let near = |unit: usize| neighbors.of(unit).iter().map(|&to| values[to as usize]).sum();
    let sums: Vec<f64> = (0..values.len()).into_par_iter().with_min_len(4096).map(near).collect();
    let mut p = permuted_p(values, &moments, &sums, |unit| neighbors.of(unit).len(), permutations)?;
    p.iter_mut().zip(values).filter(|(_, value)| **value == moments.mean).for_each(|(p, _)| *p = 1.0);
    Ok(p)
}

/// The p-values of local Moran over all permutations at once, as [`super::gistar::gi_star_exact`].
///
/// # Errors
///
/// As [`local_moran`].
pub fn local_moran_exact(values: &[f64], neighbors: &Neighbors) -> Result<Option<Vec<f64>>, HotSpotError> {
    let moments = check(values, neighbors)?;
    let near = |unit: usize| neighbors.of(unit).iter().map(|&to| values[to as usize]).sum();
    let sums: Vec<f64> = (0..values.len()).into_par_iter().with_min_len(4096).map(near).collect();
    let Some(mut p) = exact_p(values, &sums, |unit| neighbors.of(unit).len(), Own::Stays) else {
        return Ok(None);
    };
    p.iter_mut().zip(values).filter(|(_, value)| **value == moments.mean).for_each(|(p, _)| *p = 1.0);
    Ok(Some(p))
}

fn quadrant(high: bool, among_high: bool) -> Quadrant {
    match (high, among_high) {
        (true, true) => Quadrant::HighHigh,
        (true, false) => Quadrant::HighLow,
        (false, true) => Quadrant::LowHigh,
        (false, false) => Quadrant::LowLow,
    }
}

fn check(values: &[f64], neighbors: &Neighbors) -> Result<Moments, HotSpotError> {
    let units = neighbors.n_units();
    if values.len() != units {
        return Err(HotSpotError::Length { values: values.len(), units });
    }
    let moments = Moments::of(values, 3)?;
    if neighbors.n_links() == 0 {
        return Err(HotSpotError::Islands { units });
    }
    match (0..units).find(|&unit| neighbors.of(unit).len() + 1 >= units) {
        Some(unit) => Err(HotSpotError::Everyone { unit, units }),
        None => Ok(moments),
    }
}

#[cfg(test)]
mod tests {
    use super::super::weights::Contiguity;
    use super::*;

    #[test]
    fn each_quadrant_is_told() {
        // A high corner, a low corner, and in each a single one that differs.
        let values = [9., 9., 9., 1., 1., 1., 9., 1., 9., 1., 9., 1., 9., 9., 9., 1., 1., 1.];
        let queen = Neighbors::on_grid(6, 3, None, Contiguity::Queen).expect("usable");
        let found = local_moran(&values, &queen).expect("usable");
        use Quadrant::{HighHigh, HighLow, LowHigh, LowLow};
        assert_eq!(
            [0, 7, 10, 17].map(|unit| found.quadrant[unit]),
            [HighHigh, LowHigh, HighLow, LowLow].map(Some)
        );
        assert!(found.i[0] > 0.0 && found.i[7] < 0.0 && found.z[7] < -2.0 && found.z[17] > 0.0);
    }

    #[test]
    fn an_island_and_a_unit_at_the_mean_have_nothing_to_tell() {
        let near = Neighbors::from_lists(vec![vec![1], vec![0], vec![], vec![1]]).expect("usable");
        let values = [1.0, 5.0, 9.0, 5.0];
        let found = local_moran(&values, &near).expect("usable");
        assert_eq!((found.i[2], found.z[2], found.quadrant[2]), (0.0, 0.0, None));
        assert_eq!((found.i[3], found.z[3]), (0.0, 0.0));
        let p = local_moran_permuted(&values, &near, &Permutations { count: 999, seed: 1 }).expect("usable");
        assert_eq!((p[1], p[2], p[3]), (1.0, 1.0, 1.0));
    }

    #[test]
    fn one_unit_that_differs_leaves_nothing_to_permute_around_it() {
        let queen = Neighbors::on_grid(3, 3, None, Contiguity::Rook).expect("usable");
        let mut values = [2.0; 9];
        values[4] = 7.0;
        let found = local_moran(&values, &queen).expect("usable");
        assert_eq!(found.z[4], 0.0);
        assert!(found.z.iter().chain(&found.i).all(|number| number.is_finite()));
        let p = local_moran_permuted(&values, &queen, &Permutations { count: 999, seed: 1 }).expect("usable");
        assert_eq!(p[4], 1.0);
    }

    #[test]
    fn units_that_cannot_be_compared_are_refused() {
        let pair = Neighbors::from_lists(vec![vec![1], vec![0]]).expect("usable");
        assert_eq!(local_moran(&[1.0, 2.0], &pair), Err(HotSpotError::Few { units: 2, least: 3 }));
        let all = Neighbors::from_lists(vec![vec![1, 2], vec![0], vec![]]).expect("usable");
        assert_eq!(local_moran(&[1.0, 2.0, 4.0], &all), Err(HotSpotError::Everyone { unit: 0, units: 3 }));
        assert_eq!(local_moran(&[1.0, 2.0], &all), Err(HotSpotError::Length { values: 2, units: 3 }));
        let none = Neighbors::from_lists(vec![vec![]; 3]).expect("usable");
        assert_eq!(local_moran(&[1.0, 2.0, 4.0], &none), Err(HotSpotError::Islands { units: 3 }));
    }
}
