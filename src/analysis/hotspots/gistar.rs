//! Gi*: where a unit and its neighbors together lie above or below chance.

use rayon::prelude::*;

use super::exact::{Own, exact_p};
use super::permute::{Permutations, permuted_p};
use super::values::{HotSpotError, Moments};
use super::weights::Neighbors;

/// Scores every unit with Getis–Ord Gi*: how far it and its neighbors lie above chance.
///
/// ```text
/// Gi* = (Σⱼ wᵢⱼ xⱼ − x̄ Wᵢ) / (s √[(n Wᵢ − Wᵢ²) / (n − 1)]),   Wᵢ = Σⱼ wᵢⱼ,   s² = Σⱼ xⱼ²/n − x̄²
/// ```
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `counts` | incidents per unit, zeros included | `n` | incidents |
/// | `neighbors` | who is near whom; weights 1, the unit itself added | `n` lists | – |
/// | returns | z-scores in the order of `counts`; above 0 is hot | `n` | standard deviations |
///
/// Null hypothesis: the values lie in any order on the units with the same chance. [`super::values::two_sided_p`] of z
/// is its p where the sum is near normal; for sparse counts take [`gi_star_permuted`]. Weights divided by their sum
/// give the same z. A unit without neighbors is scored by its own value.
/// Time O(n + links). Source: Ord & Getis (1995), *Geographical Analysis* 27(4).
///
/// # Limits
///
/// High counts, not high risk: for risk, pass rates. Units on the rim have fewer neighbors.
///
/// # Errors
///
/// [`HotSpotError::Length`] if the inputs differ in length, [`HotSpotError::Few`], [`HotSpotError::Value`] or
/// [`HotSpotError::Constant`] if the values cannot be compared, [`HotSpotError::Everyone`] if a unit has all others as
/// neighbors, [`HotSpotError::Islands`] if none has any.
///
/// # Examples
///
/// The six points of PySAL's `esda.G_Local` documentation, with its answers:
///
/// ```
/// use hotblocks::analysis::hotspots::{gistar::gi_star, weights::Neighbors};
/// use hotblocks::space::coord::{Local, Metres};
///
/// let at = [(10., 10.), (20., 10.), (40., 10.), (15., 20.), (30., 20.), (30., 30.)];
/// let neighbors = Neighbors::within(&at.map(|(x, y)| Local { x, y }), Metres(15.0))?;
/// let z = gi_star(&[2.0, 3.0, 3.2, 5.0, 8.0, 7.0], &neighbors)?;
/// assert!((z[0] - -1.397_276_26).abs() < 1e-8 && (z[5] - 2.024_243_31).abs() < 1e-8);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn gi_star(counts: &[f64], neighbors: &Neighbors) -> Result<Vec<f64>, HotSpotError> {
    let scores = scores(counts, neighbors)?;
    let near = |unit: usize| sum_of(counts, neighbors.of(unit)) + counts[unit];
    let one = |unit: usize| scores.z(near(unit), neighbors.of(unit).len() + 1);
    Ok((0..counts.len()).into_par_iter().with_min_len(4096).map(one).collect())
}

/// The p-values of Gi* by conditional permutation: how often chance alone does as much.
///
/// ```text
/// p = min(1, 2 (min(r₊, r₋) + 1) / (R + 1)),   r₊ (r₋) = permutations with a sum as high (as low) or more so
/// ```
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `counts` | incidents per unit, zeros included | `n` | incidents |
/// | `neighbors` | who is near whom; the unit itself added | `n` lists | – |
/// | `permutations` | how many, and the seed | | |
/// | returns | two-sided p-values in the order of `counts` | `n` | – |
///
/// Null hypothesis: given the value of the unit, the values of all others lie in any order on them. Two-sided: twice
/// the smaller tail. How the draws are shared: [`super::permute`]. A unit without neighbors has p = 1, since nothing
/// that is permuted enters its sum. Time O(R · most neighbors + n log R).
/// Source: Anselin (1995), *Geographical Analysis* 27(2); p with 1 added: Davison & Hinkley (1997), ch. 4.
///
/// # Limits
///
/// No p is below 2/(R + 1): with many units tested, none may pass a false discovery rate for want of permutations.
///
/// # Errors
///
/// As [`gi_star`], and [`HotSpotError::Permutations`] or [`HotSpotError::Draws`] for too few or too many.
pub fn gi_star_permuted(
    counts: &[f64],
    neighbors: &Neighbors,
    permutations: &Permutations,
) -> Result<Vec<f64>, HotSpotError> {
    let scores = scores(counts, neighbors)?;
    let near = |unit: usize| sum_of(counts, neighbors.of(unit));
    let others: Vec<f64> = (0..counts.len()).into_par_iter().with_min_len(4096).map(near).collect();
    permuted_p(counts, &scores.moments, &others, |unit| neighbors.of(unit).len(), permutations)
}

/// The p-values of Gi* over all permutations at once, where counts are whole numbers: [`super::exact`].
///
/// ```text
/// p = min(1, 2 min(P(S ≥ s), P(S ≤ s))),   s the sum over a unit and its k neighbors, S that of any k + 1 units
/// ```
///
/// Null hypothesis: that of [`gi_star`], the values lie in any order on the units; so this is the p of z where counts are too sparse
/// for the normal law. There is no noise and no smallest p, so a false discovery rate can be met by a single unit of many.
/// Where [`gi_star_permuted`] keeps the unit's own value and asks about its neighbors alone, this asks about all of them together.
/// `None` where a count is no whole number, or large counts of many neighbors would take too long. No p is below
/// [`LEAST_P`](super::exact::LEAST_P). Time O(n + most · k² · values) for counts up to `most` around a unit.
///
/// # Errors
///
/// As [`gi_star`].
pub fn gi_star_exact(counts: &[f64], neighbors: &Neighbors) -> Result<Option<Vec<f64>>, HotSpotError> {
    scores(counts, neighbors)?;
    let near = |unit: usize| sum_of(counts, neighbors.of(unit)) + counts[unit];
    let sums: Vec<f64> = (0..counts.len()).into_par_iter().with_min_len(4096).map(near).collect();
    Ok(exact_p(counts, &sums, |unit| neighbors.of(unit).len() + 1, Own::Drawn))
}

fn sum_of(counts: &[f64], units: &[u32]) -> f64 {
    units.iter().map(|&unit| counts[unit as usize]).sum()
}

/// What z follows from, beside the sum of a unit.
pub(super) struct Scores {
    pub(super) moments: Moments,
    /// For each number of units in a sum: what is expected, and one over its standard deviation.
    of_size: Vec<(f64, f64)>,
}

impl Scores {
    /// For sums of up to `most` units, which leave at least one unit out.
    pub(super) fn new(moments: Moments, most: usize) -> Self {
        let n = moments.n as f64;
        let variance = moments.squares / n;
        let size = |k: usize| {
            let k = k as f64;
            (moments.mean * k, 1.0 / (variance * k * (n - k) / (n - 1.0)).sqrt())
        };
        Self { moments, of_size: std::iter::once((0.0, 0.0)).chain((1..=most).map(size)).collect() }
    }

    pub(super) fn z(&self, sum: f64, size: usize) -> f64 {
        let (expected, over_deviation) = self.of_size[size];
        (sum - expected) * over_deviation
    }
}

fn scores(counts: &[f64], neighbors: &Neighbors) -> Result<Scores, HotSpotError> {
    let units = neighbors.n_units();
    if counts.len() != units {
        return Err(HotSpotError::Length { values: counts.len(), units });
    }
    let moments = Moments::of(counts, 2)?;
    if neighbors.n_links() == 0 {
        return Err(HotSpotError::Islands { units });
    }
    if let Some(unit) = (0..units).find(|&unit| neighbors.of(unit).len() + 1 >= units) {
        return Err(HotSpotError::Everyone { unit, units });
    }
    let most = (0..units).map(|unit| neighbors.of(unit).len() + 1).max().unwrap_or(1);
    Ok(Scores::new(moments, most))
}

#[cfg(test)]
mod tests {
    use super::super::values::two_sided_p;
    use super::super::weights::Contiguity;
    use super::*;

    fn refused(counts: &[f64], neighbors: &Neighbors) -> HotSpotError {
        let error = gi_star(counts, neighbors).expect_err("refused");
        assert_eq!(gi_star_permuted(counts, neighbors, &Permutations { count: 999, seed: 0 }), Err(error));
        error
    }

    #[test]
    fn the_middle_of_the_golden_grid_stands_out() {
        let counts =
            [0, 1, 0, 2, 1, 1, 3, 2, 0, 0, 0, 4, 9, 3, 1, 0, 1, 5, 2, 0, 1, 0, 0, 1, 0].map(f64::from);
        let queen = Neighbors::on_grid(5, 5, None, Contiguity::Queen).expect("usable");
        let z = gi_star(&counts, &queen).expect("usable");
        assert!((z[12] - 3.134_896_711).abs() < 1e-9);
        assert!((two_sided_p(z[12]) - 0.001_719_146_31).abs() < 1e-11);
    }

    #[test]
    fn an_island_is_scored_by_its_own_value() {
        let near = Neighbors::from_lists(vec![vec![1], vec![0], vec![]]).expect("usable");
        let z = gi_star(&[1.0, 2.0, 6.0], &near).expect("usable");
        // Mean 3, population variance 14/3: (6 − 3) / √(14/3).
        assert!((z[2] - 3.0 / (14.0_f64 / 3.0).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn what_cannot_stand_out_is_refused() {
        let queen = Neighbors::on_grid(3, 3, None, Contiguity::Queen).expect("usable");
        assert_eq!(refused(&[1.0; 9], &queen), HotSpotError::Constant { units: 9, value: 1.0 });
        assert_eq!(refused(&[1.0; 8], &queen), HotSpotError::Length { values: 8, units: 9 });
        let mut counts: Vec<f64> = (0..9).map(f64::from).collect();
        assert_eq!(refused(&counts, &queen), HotSpotError::Everyone { unit: 4, units: 9 });
        counts[3] = f64::INFINITY;
        assert_eq!(refused(&counts, &queen), HotSpotError::Value { unit: 3 });
        let alone = Neighbors::from_lists(vec![vec![]]).expect("usable");
        assert_eq!(refused(&[1.0], &alone), HotSpotError::Few { units: 1, least: 2 });
        let islands = Neighbors::from_lists(vec![vec![]; 3]).expect("usable");
        assert_eq!(refused(&[1.0, 2.0, 3.0], &islands), HotSpotError::Islands { units: 3 });
    }
}
