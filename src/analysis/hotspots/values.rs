//! The values that are tested, with their moments, and why they cannot be tested.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use crate::model::elementary::exp;

/// Why there is no statistic.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum HotSpotError {
    /// Values and neighbors are not of the same units.
    #[error("{values} values for {units} units; give one value for each")]
    Length {
        /// How many values.
        values: usize,
        /// How many units.
        units: usize,
    },
    /// Too few units to compare.
    #[error("{units} units are too few to compare; give at least {least}")]
    Few {
        /// How many units.
        units: usize,
        /// How many are needed.
        least: usize,
    },
    /// More units than 32 bits can count.
    #[error("{units} units are more than can be tested at once; give at most {most}")]
    Many {
        /// How many units.
        units: usize,
        /// How many there may be.
        most: usize,
    },
    /// A value is no number.
    #[error("the value of unit {unit} is no finite number")]
    Value {
        /// Position of the unit, from 0.
        unit: usize,
    },
    /// The values are so large that their squares are no numbers.
    #[error("the values reach {largest:e}, too far to be squared; give values within ±1e140")]
    Large {
        /// The largest of them, without its sign.
        largest: f64,
    },
    /// Every unit has the same value, so none stands out.
    #[error("all {units} units have the value {value}; at least one must differ")]
    Constant {
        /// How many units.
        units: usize,
        /// Their value.
        value: f64,
    },
    /// A unit has all others as neighbors, so its sum is that of all.
    #[error("unit {unit} has all others as neighbors; give neighbors that leave at least one of {units} out")]
    Everyone {
        /// Position of the unit, from 0.
        unit: usize,
        /// How many units.
        units: usize,
    },
    /// No unit has a neighbor.
    #[error(
        "none of {units} units has a neighbor; give a longer band, more nearest ones, or units that touch"
    )]
    Islands {
        /// How many units.
        units: usize,
    },
    /// A disc around a cell has no size.
    #[error("a disc of {steps} cells cannot be used; give a band of at least the side of a cell")]
    Band {
        /// Its radius in sides of a cell.
        steps: f64,
    },
    /// Too few or too many permutations.
    #[error("{permutations} permutations cannot be used; give from {least} to {most}")]
    Permutations {
        /// What was asked for.
        permutations: u32,
        /// The fewest.
        least: u32,
        /// The most.
        most: u32,
    },
    /// The permutations of so many neighbors do not fit in memory.
    #[error(
        "{permutations} permutations of {neighbors} neighbors are too many draws; give at most {most} permutations, or fewer neighbors"
    )]
    Draws {
        /// What was asked for.
        permutations: u32,
        /// The most neighbors that a unit has.
        neighbors: usize,
        /// The most permutations that fit.
        most: u32,
    },
    /// Not even the fewest permutations of so many neighbors fit in memory.
    #[error(
        "{least} permutations of {neighbors} neighbors, the fewest, are too many draws; give units of at most {most} neighbors"
    )]
    Neighbors {
        /// The fewest permutations.
        least: u32,
        /// The most neighbors that a unit has.
        neighbors: usize,
        /// The most that it may have.
        most: usize,
    },
    /// Too few steps of time.
    #[error("{steps} steps of time are too few for a trend; give at least {least}")]
    Steps {
        /// How many steps.
        steps: usize,
        /// How many are needed.
        least: usize,
    },
    /// A level of significance that is none.
    #[error("a level of {level} cannot be used; give one above 0 and below 1")]
    Level {
        /// What was asked for.
        level: f64,
    },
}

/// Mean and spread of the values of all units.
///
/// Of whole numbers both follow from sums of whole numbers, so they are the same in any order of the units; other
/// values are summed from the least to the greatest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Moments {
    /// How many values.
    pub(super) n: usize,
    pub(super) mean: f64,
    /// Sum of the squared deviations from the mean.
    pub(super) squares: f64,
    /// The largest value, without its sign.
    pub(super) largest: f64,
    /// Whether all are whole numbers whose sums are exact.
    pub(super) whole: bool,
}

/// Whole numbers up to here are summed as such; their squares fit in 64 bits.
const WHOLE: f64 = 2_147_483_648.0;
/// Sums up to here are exact in 64 bits.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// Their squares, summed 2³² times, are still finite.
const LARGEST: f64 = 1e140;

impl Moments {
    /// The moments of at least `least` values that are not all the same.
    pub(super) fn of(values: &[f64], least: usize) -> Result<Self, HotSpotError> {
        let n = values.len();
        if n < least {
            return Err(HotSpotError::Few { units: n, least });
        }
        if u32::try_from(n).is_err() {
            return Err(HotSpotError::Many { units: n, most: u32::MAX as usize });
        }
        if let Some(unit) = values.iter().position(|value| !value.is_finite()) {
            return Err(HotSpotError::Value { unit });
        }
        let largest = values.iter().fold(0.0, |so_far: f64, value| so_far.max(value.abs()));
        if largest > LARGEST {
            return Err(HotSpotError::Large { largest });
        }
        let constant = HotSpotError::Constant { units: n, value: values[0] };
        if values.iter().all(|value| *value == values[0]) {
            return Err(constant);
        }
        let whole = largest <= WHOLE
            && largest * n as f64 <= EXACT
            && values.iter().all(|value| value.fract() == 0.0);
        if whole {
            let add = |(sum, squares): (i64, i128), value: &f64| {
                let value = *value as i64;
                (sum + value, squares + i128::from(value * value))
            };
            let (sum, squares) = values.iter().fold((0, 0), add);
            return Ok(Self::whole(n, sum, squares, largest));
        }
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let first = sorted.iter().sum::<f64>() / n as f64;
        let mean = first + sorted.iter().map(|value| value - first).sum::<f64>() / n as f64;
        let squares: f64 = sorted.iter().map(|value| (value - mean) * (value - mean)).sum();
        if !squares.is_normal() {
            return Err(constant);
        }
        Ok(Self { n, mean, squares, largest, whole })
    }

    /// From the exact sums of `n` whole numbers and of their squares.
    pub(super) fn whole(n: usize, sum: i64, squares: i128, largest: f64) -> Self {
        let spread = n as i128 * squares - i128::from(sum) * i128::from(sum);
        Self { n, mean: sum as f64 / n as f64, squares: spread as f64 / n as f64, largest, whole: true }
    }

    /// How far two sums of so many values may lie apart by rounding alone.
    pub(super) fn slack(&self, terms: usize) -> f64 {
        if self.whole { 0.0 } else { 8.0 * f64::EPSILON * self.largest * (terms + 1) as f64 }
    }
}

/// The two-sided p-value of a standard normal z: 2 Φ(−|z|), to 13 digits also far out in the tail.
///
/// Null hypothesis: z is a standard normal deviate. Beyond |z| = 37.4 it is 0, the least that 64 bits hold nearly.
/// Source: Abramowitz & Stegun (1964), 26.2.11 and 26.2.14.
///
/// ```
/// use hotblocks::analysis::hotspots::values::two_sided_p;
///
/// assert!((two_sided_p(3.134_896_710_85) - 0.001_719_146_31).abs() < 1e-11);
/// assert_eq!(two_sided_p(0.0), 1.0);
/// ```
#[must_use]
pub fn two_sided_p(z: f64) -> f64 {
    // √(2/π) exp(−z²/2), with what z² loses by rounding.
    let (z, square) = (z.abs(), z * z);
    if square > MOST_SQUARE {
        return 0.0;
    }
    let lost = z.mul_add(z, -square);
    let twice_density = FRAC_2_SQRT_PI * FRAC_1_SQRT_2 * exp(-0.5 * square) * (1.0 - 0.5 * lost);
    if z < TAIL {
        // z + z³/3 + z⁵/15 + …: all terms are positive, so none cancels another.
        let (mut term, mut sum, mut odd) = (z, z, 1.0);
        while term > sum * f64::EPSILON * 0.1 {
            odd += 2.0;
            term *= square / odd;
            sum += term;
        }
        return (1.0 - twice_density * sum).clamp(0.0, 1.0);
    }
    // Laplace's continued fraction 1/(z + 1/(z + 2/(z + …))), from as deep as a double can tell.
    let depth = (37.0 / (2.0 * z)).powi(2) + 12.0;
    let fraction = (1..depth as u32).rev().fold(z, |below, at| z + f64::from(at) / below);
    twice_density / fraction
}

/// From here on the tail is computed by itself, since one less the rest would lose digits.
const TAIL: f64 = 2.0;
/// Beyond, p is no normal number of 64 bits.
const MOST_SQUARE: f64 = 1400.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_do_not_depend_on_the_order() {
        let values = [0.1, 7.25, 1e6, 0.3, -4.7, 0.1, 1e-9];
        let mut turned = values;
        turned.reverse();
        assert_eq!(Moments::of(&values, 2), Moments::of(&turned, 2));
    }

    #[test]
    fn p_values_are_right_to_thirteen_digits_far_out() {
        // By Python's decimal with 60 digits, from the same two expansions.
        let expected = [
            (0.5, 0.617_075_077_451_973_8),
            (1.5, 0.133_614_402_537_716_14),
            (2.0, 0.045_500_263_896_358_42),
            (2.5, 0.012_419_330_651_552_27),
            (4.0, 6.334_248_366_623_985e-5),
            (8.0, 1.244_192_114_854_356_8e-15),
            (20.0, 5.507_248_237_212_467_5e-89),
            (37.0, 1.145_114_244_504_915_4e-299),
        ];
        for (z, p) in expected {
            assert!((two_sided_p(z) / p - 1.0).abs() < 1e-13, "{z}: {:e}", two_sided_p(z));
            assert_eq!(two_sided_p(z), two_sided_p(-z));
        }
        assert_eq!((two_sided_p(0.0), two_sided_p(1e300), two_sided_p(f64::INFINITY)), (1.0, 0.0, 0.0));
    }

    #[test]
    fn what_cannot_be_compared_is_refused() {
        assert_eq!(Moments::of(&[1.0], 2), Err(HotSpotError::Few { units: 1, least: 2 }));
        assert_eq!(Moments::of(&[1.0, f64::NAN], 2), Err(HotSpotError::Value { unit: 1 }));
        assert_eq!(Moments::of(&[2.5; 3], 2), Err(HotSpotError::Constant { units: 3, value: 2.5 }));
        assert_eq!(Moments::of(&[1.0, 1e200], 2), Err(HotSpotError::Large { largest: 1e200 }));
    }

    #[test]
    fn whole_numbers_and_their_tenths_have_the_same_shape() {
        let counts = [0.0, 3.0, 1.0, 9.0, 2.0];
        let whole = Moments::of(&counts, 2).expect("usable");
        let tenths = Moments::of(&counts.map(|count| count / 10.0), 2).expect("usable");
        assert!(whole.whole && !tenths.whole);
        assert_eq!((whole.mean, whole.squares), (3.0, 50.0));
        assert!((tenths.mean - 0.3).abs() < 1e-15 && (tenths.squares - 0.5).abs() < 1e-15);
    }
}
