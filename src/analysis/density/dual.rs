//! Two densities beside each other: now and before, cases and controls.

use super::kde::Density;

/// How two densities f and g are compared; F and G are the sums of their values over the cells compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Comparison {
    /// (f + δ) / (g + δ): how many times as dense.
    Ratio,
    /// log((f + δ) / (g + δ)): above 0 denser, below thinner, the same in both directions.
    LogRatio,
    /// log((f/F + δ) / (g/G + δ)): how the shares differ, whatever the counts (Kelsall & Diggle 1995).
    LogRelativeRisk,
    /// f − g, incidents per km².
    Difference,
    /// (f/F − g/G) · (F + G) / 2: the difference if both had their mean count, incidents per km².
    RelativeDifference,
}

impl Comparison {
    /// All comparisons.
    pub const ALL: [Self; 5] =
        [Self::Ratio, Self::LogRatio, Self::LogRelativeRisk, Self::Difference, Self::RelativeDifference];

    /// As it stands in flags and results.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ratio => "ratio",
            Self::LogRatio => "log-ratio",
            Self::LogRelativeRisk => "log-relative-risk",
            Self::Difference => "difference",
            Self::RelativeDifference => "relative-difference",
        }
    }
}

/// Why two densities cannot be compared.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DualError {
    /// They lie on different grids.
    #[error("the densities lie on different grids; make both on one grid, with one bandwidth")]
    Grid,
    /// The mask is not of their length.
    #[error("{inside} cells were said to be inside or not, of {cells}; give one for each")]
    Mask {
        /// How many cells there are.
        cells: usize,
        /// How many were given.
        inside: usize,
    },
    /// A density is negative or not a number.
    #[error("the density of cell {index} is {value}; give a finite number of at least 0")]
    Value {
        /// Position of the cell, from 0.
        index: usize,
        /// Its value.
        value: f64,
    },
    /// The floor is negative or not a number.
    #[error("a floor of {floor} cannot be used; give a share of the peak from 0, for example 0.01")]
    Floor {
        /// What was given.
        floor: f64,
    },
}

/// Compares two densities cell by cell.
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `f` | the density that is asked about: now, or cases | `n_cols × n_rows` | incidents per km² |
/// | `g` | what it is compared with: before, or controls | `n_cols × n_rows` | incidents per km² |
/// | `inside` | which cells are compared; `None`: all | `n_cols × n_rows` | – |
/// | `floor` | ε of δ = ε · peak of g (of g/G for the relative risk); 0 adds nothing | | – |
/// | returns | the comparison, or `None` | `n_cols × n_rows` | of [`Comparison`] |
///
/// **Zeros**: with a floor above 0 every cell inside has a value, near 0 (a ratio near 1) where both are empty; unless g is
/// 0 everywhere, whose peak gives no floor. Without one, a cell where g is 0 has no ratio and a cell where f or g is 0 has no logarithm: `None`, never an infinity. A surface
/// without any incidents has no shares: then the relative comparisons are `None` everywhere.
///
/// Time O(cells). Source: Bithell (1990), *Statistics in Medicine* 9; Kelsall & Diggle (1995), *Statistics in Medicine* 14;
/// the floor as `epsilon` of sparr's `risk`; the other measures of Levine (2013), *`CrimeStat` IV*, ch. 10.
///
/// # Limits
///
/// Both densities want one bandwidth: else their difference shows the bandwidths. A ratio of two small numbers is large by
/// chance: look at counts, too.
///
/// # Errors
///
/// [`DualError`].
///
/// # Examples
///
/// ```
/// use hotblocks::analysis::density::{dual::{Comparison, compare}, kde::Density};
/// use hotblocks::space::coord::{Local, Metres};
/// use hotblocks::space::grid::Grid;
///
/// let grid = Grid { origin: Local { x: 0.0, y: 0.0 }, cell: Metres(10.0), n_cols: 3, n_rows: 1 };
/// let (now, before) = (vec![6.0, 2.0, 0.0], vec![3.0, 0.0, 1.0]);
/// let (now, before) = (Density { grid, per_km2: now }, Density { grid, per_km2: before });
/// let ratio = compare(&now, &before, None, Comparison::Ratio, 0.0)?;
/// assert_eq!(ratio, [Some(2.0), None, Some(0.0)]);
/// let log = compare(&now, &before, None, Comparison::LogRelativeRisk, 0.0)?;
/// assert_eq!(log, [Some(0.0), None, None]); // ¾ of the incidents then and now
/// # Ok::<(), hotblocks::analysis::density::dual::DualError>(())
/// ```
pub fn compare(
    f: &Density,
    g: &Density,
    inside: Option<&[bool]>,
    comparison: Comparison,
    floor: f64,
) -> Result<Vec<Option<f64>>, DualError> {
    let cells = f.per_km2.len();
    if f.grid != g.grid || cells != g.per_km2.len() {
        return Err(DualError::Grid);
    }
    if let Some(inside) = inside.filter(|inside| inside.len() != cells) {
        return Err(DualError::Mask { cells, inside: inside.len() });
    }
    if !(floor >= 0.0 && floor.is_finite()) {
        return Err(DualError::Floor { floor });
    }
    for values in [&f.per_km2, &g.per_km2] {
        if let Some(index) = values.iter().position(|v| !(*v >= 0.0 && v.is_finite())) {
            return Err(DualError::Value { index, value: values[index] });
        }
    }
    let is_inside = |i: usize| inside.is_none_or(|inside| inside[i]);
    let sum = |d: &Density| (0..cells).filter(|&i| is_inside(i)).map(|i| d.per_km2[i]).sum::<f64>();
    let peak = (0..cells).filter(|&i| is_inside(i)).map(|i| g.per_km2[i]).fold(0.0, f64::max);
    let (all_f, all_g) = (sum(f), sum(g));
    let delta = floor * peak;
    let one = |i: usize| -> Option<f64> {
        let (f, g) = (f.per_km2[i], g.per_km2[i]);
        // Logarithms apart: a quotient of two finite numbers may be none.
        let log = |a: f64, b: f64| (a > 0.0 && b > 0.0).then(|| a.ln() - b.ln());
        let value = match comparison {
            Comparison::Ratio => (g + delta > 0.0).then(|| (f + delta) / (g + delta))?,
            Comparison::LogRatio => log(f + delta, g + delta)?,
            Comparison::Difference => f - g,
            _ if !(all_f > 0.0 && all_g > 0.0) => return None,
            Comparison::LogRelativeRisk => log(f / all_f + delta / all_g, g / all_g + delta / all_g)?,
            Comparison::RelativeDifference => (f / all_f - g / all_g) * f64::midpoint(all_f, all_g),
        };
        value.is_finite().then_some(value)
    };
    Ok((0..cells).map(|i| is_inside(i).then(|| one(i)).flatten()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::coord::{Local, Metres};
    use crate::space::grid::Grid;

    fn density(per_km2: &[f64]) -> Density {
        let origin = Local { x: 0.0, y: 0.0 };
        Density {
            grid: Grid { origin, cell: Metres(10.0), n_cols: per_km2.len(), n_rows: 1 },
            per_km2: per_km2.to_vec(),
        }
    }

    #[test]
    fn no_comparison_is_infinite_whatever_is_zero() {
        let (f, g) = (density(&[0.0, 0.0, 5.0, 1e-300, 1e300]), density(&[0.0, 2.0, 0.0, 1e300, 1e-300]));
        for comparison in Comparison::ALL {
            for floor in [0.0, 0.01] {
                for (f, g) in [(&f, &g), (&f, &density(&[0.0; 5])), (&density(&[0.0; 5]), &g)] {
                    let found = compare(f, g, None, comparison, floor).expect("good input");
                    assert!(found.iter().flatten().all(|v| v.is_finite()), "{comparison:?} {found:?}");
                }
            }
        }
        let floored = compare(&f, &g, None, Comparison::LogRatio, 0.01).expect("good input");
        assert!(floored.iter().all(Option::is_some), "{floored:?}");
        assert_eq!(floored[0], Some(0.0));
    }

    #[test]
    fn what_lies_outside_counts_for_nothing() {
        let (f, g) = (density(&[1.0, 3.0, 90.0]), density(&[2.0, 2.0, 7.0]));
        let found = compare(&f, &g, Some(&[true, true, false]), Comparison::RelativeDifference, 0.0);
        assert_eq!(found, Ok(vec![Some(-1.0), Some(1.0), None]));
    }

    #[test]
    fn what_cannot_be_compared_is_refused() {
        let (f, g) = (density(&[1.0, 2.0]), density(&[1.0, 2.0, 3.0]));
        let refused = |f: &Density, g: &Density, inside: Option<&[bool]>, floor| {
            compare(f, g, inside, Comparison::Ratio, floor).expect_err("was accepted")
        };
        assert_eq!(refused(&f, &g, None, 0.0), DualError::Grid);
        assert_eq!(refused(&f, &f, Some(&[true]), 0.0), DualError::Mask { cells: 2, inside: 1 });
        assert!(matches!(refused(&f, &f, None, -1.0), DualError::Floor { .. }));
        assert!(matches!(
            refused(&f, &density(&[1.0, f64::NAN]), None, 0.0),
            DualError::Value { index: 1, .. }
        ));
    }
}
