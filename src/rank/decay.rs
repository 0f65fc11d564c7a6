//! Several years, the older ones counting for less.

use super::gamma_poisson::{Fit, FitError, Posterior, fit};

/// Why years cannot be put together.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DecayError {
    /// No year.
    #[error("no year of counts; give one or more, the newest first")]
    NoYear,
    /// A half-life that is none.
    #[error("a half-life of {half_life} years; give a number above 0, infinity for no decay")]
    HalfLife {
        /// What was given.
        half_life: f64,
    },
    /// Years of different blocks.
    #[error(
        "year {year} (from 0, newest first) has {counts} counts and {exposures} exposures, the first {blocks} counts"
    )]
    Length {
        /// Which year.
        year: usize,
        /// Its counts.
        counts: usize,
        /// Its exposures.
        exposures: usize,
        /// Counts of the first.
        blocks: usize,
    },
    /// The years together cannot be fitted.
    #[error("the years together cannot be fitted")]
    Fit {
        /// Why.
        #[from]
        source: FitError,
    },
}

/// One year of all blocks.
#[derive(Clone, Copy, Debug)]
pub struct Year<'a> {
    /// Incidents per block, zeros included.
    pub counts: &'a [u32],
    /// Exposure per block.
    pub exposure: &'a [f64],
}

/// What several years say when the older ones count for less.
#[derive(Clone, Debug, PartialEq)]
pub struct Decayed {
    /// The distribution of rates over blocks, from all years alike.
    pub fit: Fit,
    /// Incidents per block, each at its year's weight.
    pub counts: Vec<f64>,
    /// Exposure per block, likewise.
    pub exposure: Vec<f64>,
}

/// Puts years together with weights that halve with every half-life.
///
/// ```text
/// wₖ = 2^(−k / half-life),  k = 0 for the newest year;   Y = Σ wₖ yₖ,  E = Σ wₖ Eₖ;   λ | y ~ Gamma(α + Y, β + E)
/// ```
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `years` | counts and exposures, the newest first | years of `n` | incidents, years |
/// | `half_life` | age at which a year counts half; infinite for all alike | – | years |
/// | returns | effective counts and exposures, and the prior | `n` | incidents, years |
///
/// The weights make a rate that drifts: what is known of it fades by the same factor each year (Gamma–Poisson with discounting).
/// The prior comes from all years alike, since a discounted count varies less than a Poisson and would hide how much blocks differ.
/// A half-life is a choice; three years with a half-life of one is usual for lists that stand for months. The platform's functions are not
/// called. Time O(years × n) and a fit. Source: Smith & Miller (1986), *JRSS B* 48(1); Harvey & Fernandes (1989), *JBES* 7(4).
///
/// # Limits
///
/// All blocks drift alike; a block that changed at once is seen late.
///
/// # Errors
///
/// [`DecayError`] for no year, a half-life of 0 or less, years of different length, and what [`fit`] refuses.
///
/// # Examples
///
/// ```
/// use hotblocks::rank::decay::{Year, decayed};
///
/// let years = [[4, 0, 1], [2, 3, 0], [8, 1, 0]];
/// let years: Vec<Year> = years.iter().map(|counts| Year { counts, exposure: &[1.0; 3] }).collect();
/// let decayed = decayed(&years, 1.0)?;
/// // 4 + 2/2 + 8/4 and 1 + 1/2 + 1/4.
/// assert_eq!((decayed.counts[0], decayed.exposure[0]), (7.0, 1.75));
/// # Ok::<(), hotblocks::rank::decay::DecayError>(())
/// ```
pub fn decayed(years: &[Year], half_life: f64) -> Result<Decayed, DecayError> {
    let newest = years.first().ok_or(DecayError::NoYear)?;
    if half_life.is_nan() || half_life <= 0.0 {
        return Err(DecayError::HalfLife { half_life });
    }
    let blocks = newest.counts.len();
    for (year, one) in years.iter().enumerate() {
        let (counts, exposures) = (one.counts.len(), one.exposure.len());
        if counts != blocks || exposures != blocks {
            return Err(DecayError::Length { year, counts, exposures, blocks });
        }
    }
    let all = |at: usize| years.iter().fold(0u32, |sum, year| sum.saturating_add(year.counts[at]));
    let whole: Vec<u32> = (0..blocks).map(all).collect();
    let over: Vec<f64> = (0..blocks).map(|at| years.iter().map(|year| year.exposure[at]).sum()).collect();
    let fit = fit(&whole, &over)?;
    let halved = |age: f64| super::elementary::exp(-age / half_life * std::f64::consts::LN_2);
    let (mut counts, mut exposure) = (vec![0.0; blocks], vec![0.0; blocks]);
    for (age, year) in (0u32..).zip(years) {
        // Whole half-lives are halvings to the last digit.
        let halvings = f64::from(age) / half_life;
        let weight = if halvings.fract() == 0.0 && halvings < 1000.0 {
            0.5_f64.powi(halvings as i32)
        } else {
            halved(f64::from(age))
        };
        for at in 0..blocks {
            counts[at] += weight * f64::from(year.counts[at]);
            exposure[at] += weight * year.exposure[at];
        }
    }
    Ok(Decayed { fit, counts, exposure })
}

impl Decayed {
    /// What is known of each block's rate in the newest year.
    #[must_use]
    pub fn posteriors(&self) -> Vec<Posterior> {
        let one = |(&count, &exposure)| self.fit.posterior_of(count, exposure);
        self.counts.iter().zip(&self.exposure).map(one).collect()
    }

    /// The same for ranking, see [`Fit::for_ranks`].
    #[must_use]
    pub fn for_ranks(&self) -> Vec<Posterior> {
        let one = |(&count, &exposure)| self.fit.for_ranks_of(count, exposure);
        self.counts.iter().zip(&self.exposure).map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YEARS: [[u32; 5]; 3] = [[4, 0, 1, 0, 2], [2, 3, 0, 0, 1], [8, 1, 0, 0, 7]];

    fn years(exposure: &[f64]) -> Vec<Year<'_>> {
        YEARS.iter().map(|counts| Year { counts, exposure }).collect()
    }

    #[test]
    fn without_decay_the_years_are_one_long_year() {
        let found = decayed(&years(&[1.0; 5]), f64::INFINITY).expect("good input");
        let whole = [14, 4, 1, 0, 10];
        let fit = fit(&whole, &[3.0; 5]).expect("good input");
        let together: Vec<Posterior> = whole.iter().map(|&count| fit.posterior(count, 3.0)).collect();
        assert_eq!(found.posteriors(), together);
    }

    #[test]
    fn what_is_known_fades_by_the_same_factor_each_year() {
        // aₜ = ω aₜ₋₁ + yₜ, with a half-life of two years.
        let found = decayed(&years(&[0.5; 5]), 2.0).expect("good input");
        let omega = 0.5_f64.sqrt();
        for at in 0..5 {
            let a = YEARS.iter().rev().fold(0.0, |a, year| omega * a + f64::from(year[at]));
            assert!((found.counts[at] - a).abs() < 1e-12, "{at}");
        }
        assert!((found.exposure[0] - 0.5 * (1.0 + omega + 0.5)).abs() < 1e-12);
    }

    #[test]
    fn a_short_half_life_leaves_the_newest_year() {
        let found = decayed(&years(&[1.0; 5]), 0.01).expect("good input");
        assert!(found.counts.iter().zip(YEARS[0]).all(|(a, b)| (a - f64::from(b)).abs() < 1e-12));
    }

    #[test]
    fn what_cannot_be_put_together_is_refused() {
        assert_eq!(decayed(&[], 1.0), Err(DecayError::NoYear));
        for half_life in [0.0, -1.0, f64::NAN] {
            let told = decayed(&years(&[1.0; 5]), half_life).expect_err("bad input").to_string();
            assert!(told.contains("above 0"), "{told}");
        }
        let uneven = [Year { counts: &[1, 2], exposure: &[1.0; 2] }, Year { counts: &[1], exposure: &[1.0] }];
        assert!(decayed(&uneven, 1.0).expect_err("bad input").to_string().contains("year 1"));
    }
}
