//! What a block will have next: a negative binomial law that knows chance, and that blocks themselves change.

use crate::model::elementary::{exp, ln, ln_1p};

/// How blocks change from the years that are known to the one that is foretold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drift {
    /// The city's rate then over its rate now; 1 if nothing is known of it.
    pub ratio: f64,
    /// Variance of a block's own factor, whose mean is 1; 0 if blocks keep their rates.
    pub variance: f64,
}

impl Drift {
    /// Rates stay as they are: what a plain Gamma–Poisson model says.
    pub const NONE: Self = Self { ratio: 1.0, variance: 0.0 };
}

/// The law of a block's count: negative binomial with this shape and mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Predictive {
    /// The smaller, the wider; above 0.
    pub shape: f64,
    /// Incidents expected; not negative.
    pub mean: f64,
}

/// Why nothing can be foretold.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PredictError {
    /// A number that must be above 0 and finite.
    #[error("{what} is {value}; give a number above 0")]
    Positive {
        /// Which.
        what: &'static str,
        /// What was given.
        value: f64,
    },
    /// A variance below 0, or none.
    #[error("the variance of the drift is {value}; give 0 or more")]
    Variance {
        /// What was given.
        value: f64,
    },
    /// As many laws as counts are needed.
    #[error("{posteriors} blocks were known and {observed} are observed; give the same blocks")]
    Length {
        /// Known.
        posteriors: usize,
        /// Observed.
        observed: usize,
    },
    /// Nothing happened, so nothing can be learned.
    #[error("no incident was expected or none was observed; give a longer period")]
    NoIncidents,
}

impl Predictive {
    /// The law of the count over an exposure, of a block whose rate is Gamma(shape, rate) and drifts.
    ///
    /// ```text
    /// λ ~ Gamma(A, B),   λ' = λ · ρ · g,   E g = 1, Var g = ω,   y ~ Poisson(λ' E)
    /// mean = ρ E A/B,    1/shape = (1 + 1/A)(1 + ω) − 1
    /// ```
    ///
    /// λ' has the mean and the variance of that product and is taken for a gamma again. With ω = 0 and ρ = 1 it is the
    /// plain predictive law of the Gamma–Poisson model, NB(A, B/(B + E)).
    ///
    /// # Errors
    ///
    /// [`PredictError`] for a number that cannot be used.
    ///
    /// # Examples
    ///
    /// ```
    /// use hotblocks::rank::predict::{Drift, Predictive};
    ///
    /// // scipy.stats.nbinom(10.5, 5.1 / 6.1).ppf([0.05, 0.95]) = 0, 5
    /// let plain = Predictive::new(10.5, 5.1, 1.0, Drift::NONE)?;
    /// assert_eq!(plain.interval(0.9), (0, 5));
    /// let drifting = Predictive::new(10.5, 5.1, 1.0, Drift { variance: 0.5, ..Drift::NONE })?;
    /// assert_eq!(drifting.mean, plain.mean);
    /// assert!(drifting.interval(0.9).1 > 5);
    /// # Ok::<(), hotblocks::rank::predict::PredictError>(())
    /// ```
    pub fn new(shape: f64, rate: f64, exposure: f64, drift: Drift) -> Result<Self, PredictError> {
        let numbers = [("shape", shape), ("rate", rate), ("exposure", exposure), ("ratio", drift.ratio)];
        if let Some(&(what, value)) = numbers.iter().find(|(_, value)| !(*value > 0.0 && value.is_finite())) {
            return Err(PredictError::Positive { what, value });
        }
        if !(drift.variance >= 0.0 && drift.variance.is_finite()) {
            return Err(PredictError::Variance { value: drift.variance });
        }
        let spread = (1.0 + 1.0 / shape) * (1.0 + drift.variance) - 1.0;
        Ok(Self { shape: 1.0 / spread, mean: drift.ratio * exposure * shape / rate })
    }

    /// The logarithm of the chance of a count.
    #[must_use]
    pub fn ln_chance(&self, count: u32) -> f64 {
        let first = self.ln_none();
        (0..count).fold(first, |sum, k| sum + ln(self.step(k)))
    }

    fn ln_none(&self) -> f64 {
        -self.shape * ln_1p(self.mean / self.shape)
    }

    /// The chance of k + 1 over that of k.
    fn step(&self, k: u32) -> f64 {
        let k = f64::from(k);
        (self.shape + k) / (k + 1.0) * (self.mean / (self.shape + self.mean))
    }

    /// The chance of fewer than so many, and of so many or fewer.
    #[must_use]
    pub fn below_and_upto(&self, count: u32) -> (f64, f64) {
        let mut log = self.ln_none();
        let (mut below, mut upto) = (0.0, exp(log));
        for k in 0..count {
            log += ln(self.step(k));
            (below, upto) = (upto, upto + exp(log));
        }
        (below.min(1.0), upto.min(1.0))
    }

    /// The smallest count that so much of the law lies at or below.
    #[must_use]
    pub fn quantile(&self, p: f64) -> u32 {
        // A grain below p, so that sums that should meet it do.
        let p = p.min(1.0 - 1e-12) - 1e-14;
        let mut log = self.ln_none();
        let (mut k, mut upto) = (0, exp(log));
        while upto < p && k < u32::MAX {
            log += ln(self.step(k));
            upto += exp(log);
            k += 1;
            // Beyond the mean, terms that no longer add anything.
            if f64::from(k) > self.mean && log < -745.0 {
                break;
            }
        }
        k
    }

    /// The equal-tailed interval of whole counts, both ends included: it holds `level` of the law or more.
    #[must_use]
    pub fn interval(&self, level: f64) -> (u32, u32) {
        (self.quantile((1.0 - level) / 2.0), self.quantile((1.0 + level) / 2.0))
    }

    /// How much of a count lies in the interval of exactly `level`: 1 inside, 0 outside, a part at an end.
    ///
    /// Whole counts have no interval of exactly 90 %: of a block with one incident in ten years, "none" alone is 90 %. So
    /// an end is in the interval with the chance that makes it exactly `level`, and that chance is given here in place of a
    /// throw. Its mean over blocks is `level` if the law is right. Source: Czado, Gneiting & Held (2009), *Biometrics*
    /// 65(4) (non-randomized PIT).
    #[must_use]
    pub fn fair_part(&self, level: f64, count: u32) -> f64 {
        let (below, upto) = self.below_and_upto(count);
        let (low, high) = ((1.0 - level) / 2.0, (1.0 + level) / 2.0);
        if upto - below <= 1e-15 {
            return f64::from(u8::from((low..=high).contains(&upto)));
        }
        (upto.clamp(low, high) - below.clamp(low, high)) / (upto - below)
    }
}

/// Learns the drift from a year that is known: how far its counts strayed from what the years before foretold.
///
/// The ratio is observed over expected. The variance maximizes the likelihood of the counts under [`Predictive`].
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `posteriors` | shape and rate of each block's gamma, from the years before | `m` | –, years |
/// | `observed` | incidents of each block in the known year | `m` | incidents |
/// | `exposure` | of that year | – | years |
/// | returns | what to give [`Predictive::new`] for a year as far ahead; the ratio to be set to 1 where the city is not known to go on so | | |
///
/// Time O(incidents) for each of some sixty steps.
///
/// # Limits
///
/// It learns how blocks changed once. A year that nobody could foresee, it does not foresee either. Foretelling two years
/// ahead takes a drift learned over two.
///
/// # Errors
///
/// [`PredictError`] for numbers that cannot be used, or where nothing happened.
pub fn fit_drift(posteriors: &[(f64, f64)], observed: &[u32], exposure: f64) -> Result<Drift, PredictError> {
    if posteriors.len() != observed.len() {
        return Err(PredictError::Length { posteriors: posteriors.len(), observed: observed.len() });
    }
    let mut expected = 0.0;
    for &(shape, rate) in posteriors {
        expected += Predictive::new(shape, rate, exposure, Drift::NONE)?.mean;
    }
    let ratio = observed.iter().map(|&n| f64::from(n)).sum::<f64>() / expected;
    if !(ratio > 0.0 && ratio.is_finite()) {
        return Err(PredictError::NoIncidents);
    }
    let likelihood = |variance: f64| -> Result<f64, PredictError> {
        let mut sum = 0.0;
        for (&(shape, rate), &count) in posteriors.iter().zip(observed) {
            sum += Predictive::new(shape, rate, exposure, Drift { ratio, variance })?.ln_chance(count);
        }
        Ok(sum)
    };
    let (mut low, mut high) = (ln(1e-6), ln(10.0));
    let golden = (5f64.sqrt() - 1.0) / 2.0;
    while high - low > 1e-6 {
        let (left, right) = (high - golden * (high - low), low + golden * (high - low));
        if likelihood(exp(left))? >= likelihood(exp(right))? {
            high = right;
        } else {
            low = left;
        }
    }
    let variance = exp(f64::midpoint(low, high));
    let keeps = likelihood(0.0)? >= likelihood(variance)?;
    Ok(Drift { ratio, variance: if keeps { 0.0 } else { variance } })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::chance::Chance;

    fn law(shape: f64, mean: f64) -> Predictive {
        Predictive { shape, mean }
    }

    #[test]
    fn the_law_adds_up_and_its_ends_are_where_they_should_be() {
        for (shape, mean) in [(0.3, 0.05), (2.0, 3.0), (15.0, 40.0), (5.0, 900.0), (1e7, 2.0)] {
            let law = law(shape, mean);
            let (lo, hi) = law.interval(0.9);
            assert!(law.below_and_upto(lo).1 >= 0.05 - 1e-9 && law.below_and_upto(hi).1 >= 0.95 - 1e-9);
            assert!(law.below_and_upto(lo).0 <= 0.05 && law.below_and_upto(hi).0 <= 0.95);
            let far = (mean + 60.0 * (mean + mean * mean / shape).sqrt() + 60.0) as u32;
            assert!((law.below_and_upto(far).1 - 1.0).abs() < 1e-9, "{shape} {mean}");
        }
    }

    #[test]
    fn the_fair_interval_holds_exactly_its_level() {
        for (shape, mean) in [(0.3, 0.05), (0.3, 0.6), (2.0, 3.0), (15.0, 40.0)] {
            let law = law(shape, mean);
            let held: f64 = (0..2_000).map(|k| law.ln_chance(k).exp() * law.fair_part(0.9, k)).sum();
            assert!((held - 0.9).abs() < 1e-9, "{held}");
        }
    }

    #[test]
    fn without_drift_it_is_the_plain_law_and_drift_widens_it_at_the_same_mean() {
        let plain = Predictive::new(10.5, 5.1, 1.0, Drift::NONE).expect("usable");
        assert!((plain.shape - 10.5).abs() < 1e-9 && (plain.mean - 10.5 / 5.1).abs() < 1e-12);
        let wide = Predictive::new(10.5, 5.1, 1.0, Drift { ratio: 2.0, variance: 0.3 }).expect("usable");
        assert!(wide.shape < plain.shape && (wide.mean - 2.0 * plain.mean).abs() < 1e-12);
    }

    #[test]
    fn a_drift_that_was_put_in_is_found_again() {
        // Each block is known well; next year its rate is off by a factor 1/2 or 3/2: a variance of 1/4.
        let posteriors: Vec<(f64, f64)> = (0..600).map(|n| (200.0 + f64::from(n % 300), 10.0)).collect();
        let mut chance = Chance::new(3, 1);
        let counts = |chance: &mut Chance, factors: [f64; 2]| -> Vec<u32> {
            let one = |&(shape, rate): &(f64, f64)| {
                let mean = shape / rate * factors[chance.below(2) as usize];
                (0..5_000).filter(|_| chance.unit() < mean / 5_000.0).count() as u32
            };
            posteriors.iter().map(one).collect()
        };
        let drifted = counts(&mut chance, [0.5, 1.5]);
        let found = fit_drift(&posteriors, &drifted, 1.0).expect("usable");
        assert!((found.variance - 0.25).abs() < 0.05 && (found.ratio - 1.0).abs() < 0.06, "{found:?}");
        let kept = counts(&mut chance, [0.8, 0.8]);
        let found = fit_drift(&posteriors, &kept, 1.0).expect("usable");
        assert!(found.variance < 0.005 && (found.ratio - 0.8).abs() < 0.02, "{found:?}");
    }

    #[test]
    fn what_foretells_nothing_is_refused() {
        assert!(Predictive::new(0.0, 1.0, 1.0, Drift::NONE).is_err());
        assert!(Predictive::new(1.0, 1.0, f64::INFINITY, Drift::NONE).is_err());
        assert!(Predictive::new(1.0, 1.0, 1.0, Drift { ratio: 1.0, variance: -0.1 }).is_err());
        assert!(Predictive::new(1.0, 1.0, 1.0, Drift { ratio: f64::NAN, variance: 0.0 }).is_err());
        assert_eq!(fit_drift(&[(1.0, 1.0)], &[0], 1.0), Err(PredictError::NoIncidents));
        assert!(fit_drift(&[(1.0, 1.0)], &[], 1.0).is_err());
        assert_eq!(fit_drift(&[], &[], 1.0), Err(PredictError::NoIncidents));
    }
}
