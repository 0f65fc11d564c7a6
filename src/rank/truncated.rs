//! Addresses with incidents, of how many nobody knows: the Gamma–Poisson fit to counts from 1 on.

use super::special::ln_gamma;
use crate::model::elementary::{exp, exp_m1, ln, ln_1p};

/// The Gamma prior of rates, of which only counts from 1 on were seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Truncated {
    /// Shape; at its lower end the counts follow Fisher's logarithmic series.
    pub alpha: f64,
    /// Rate, in units of exposure.
    pub beta: f64,
    /// Whether places differ: else each has the mean of all.
    pub differ: bool,
}

/// The smallest shape that is looked for: below it nothing changes but the number of places without an incident.
pub const LEAST_SHAPE: f64 = 1e-3;

/// From this shape on places do not differ: counts of equal places vary by a thousandth less.
pub const MOST_SHAPE: f64 = 1e3;

/// Fits a Gamma prior to counts from 1 on, all over the same exposure, by maximum likelihood.
///
/// ```text
/// P[y] = NB(y; α, β) / (1 − NB(0; α, β)),   NB(y) = Γ(α+y) / (Γ(α) y!) · (β/(β+E))^α · (E/(β+E))^y
/// ```
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `counts` | incidents of each place, none of them 0 | `n` | incidents |
/// | `exposure` | of every place, above 0 | – | years |
/// | returns | prior of the rate | – | incidents a year |
///
/// Fitted as if every place had been seen, counts from 1 on vary less than chance, and places that differ much would seem
/// equal. `None` for no counts or no exposure. Given the shape, the mean of the counts decides the rate (its score
/// equation is monotone and solved by bisection); the shape is searched on a logarithmic scale from
/// [`LEAST_SHAPE`] to [`MOST_SHAPE`]: a scan, then a golden section. Time O(k) for k different counts.
/// Source: Sampford (1955), *Biometrika* 42, the truncated negative binomial.
///
/// # Limits
///
/// At the least shape the prior is that of the logarithmic series, and the mean rate of all places, seen and
/// unseen, says nothing; posteriors of places that were seen do not hang on it.
///
/// # Examples
///
/// Fisher's logarithmic series with x = 0.5 has P(y) = x^y / (−y ln(1−x)): 72 %, 18 %, 6 %, 2 %, 1 %.
///
/// ```
/// use hotblocks::rank::truncated::{LEAST_SHAPE, truncated};
///
/// let counts: Vec<u32> = [(1, 721), (2, 180), (3, 60), (4, 23), (5, 9), (6, 4), (7, 2), (8, 1)]
///     .into_iter().flat_map(|(y, n)| vec![y; n]).collect();
/// let fit = truncated(&counts, 1.0).expect("counts");
/// assert!(fit.alpha < 0.1 && (1.0 / (fit.beta + 1.0) - 0.5).abs() < 0.02, "{fit:?}");
/// ```
#[must_use]
pub fn truncated(counts: &[u32], exposure: f64) -> Option<Truncated> {
    let usable = exposure > 0.0 && exposure.is_finite() && !counts.is_empty();
    if !usable || counts.contains(&0) {
        return None;
    }
    let mut of: Vec<(u32, f64)> = Vec::new();
    let mut sorted = counts.to_vec();
    sorted.sort_unstable();
    for same in sorted.chunk_by(|a, b| a == b) {
        of.push((same[0], same.len() as f64));
    }
    let n = counts.len() as f64;
    let mean = of.iter().map(|(y, times)| f64::from(*y) * times).sum::<f64>() / n;
    let equal = |alpha: f64, x: f64, differ| Truncated { alpha, beta: exposure * (1.0 - x) / x, differ };
    if mean <= 1.0 {
        // Nobody came twice: the rate is as low as can be told, and nobody differs.
        let x = 1.0 / (2.0 * n * MOST_SHAPE).max(2.0);
        return Some(equal(MOST_SHAPE, x, false));
    }
    let likelihood = |ln_alpha: f64| {
        let alpha = exp(ln_alpha);
        ln_likelihood(&of, alpha, solve(alpha, mean))
    };
    let (low, high) = (ln(LEAST_SHAPE), ln(MOST_SHAPE));
    const STEPS: u32 = 28;
    let at = |step: u32| low + (high - low) * f64::from(step) / f64::from(STEPS);
    let best =
        (0..=STEPS).map(|step| (step, likelihood(at(step)))).reduce(|a, b| if b.1 > a.1 { b } else { a })?.0;
    let ln_alpha = golden(&likelihood, at(best.saturating_sub(1)), at((best + 1).min(STEPS)));
    let alpha = exp(ln_alpha).clamp(LEAST_SHAPE, MOST_SHAPE);
    // Two units of twice the likelihood are what one more parameter brings by chance alone.
    let gain = 2.0 * (likelihood(ln(alpha)) - likelihood(high));
    Some(equal(alpha, solve(alpha, mean), gain > 2.0))
}

/// x = E / (β + E) so that the truncated mean is that of the counts.
///
/// `mean = α x / (1−x) / (1 − (1−x)^α)`, which grows with x from 1 to ∞.
fn solve(alpha: f64, mean: f64) -> f64 {
    let expected = |x: f64| {
        let ln_q = ln_1p(-x);
        alpha * x / (1.0 - x) / -exp_m1(alpha * ln_q)
    };
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if expected(middle) < mean { low = middle } else { high = middle }
    }
    f64::midpoint(low, high).clamp(1e-15, 1.0 - 1e-15)
}

fn ln_likelihood(of: &[(u32, f64)], alpha: f64, x: f64) -> f64 {
    let ln_q = ln_1p(-x);
    let ln_seen = ln(-exp_m1(alpha * ln_q));
    let one = |y: f64| {
        ln_gamma(alpha + y) - ln_gamma(alpha) - ln_gamma(y + 1.0) + alpha * ln_q + y * ln(x) - ln_seen
    };
    of.iter().map(|&(y, times)| times * one(f64::from(y))).sum()
}

/// Where a function of one peak between two ends is greatest.
fn golden(f: &impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    const RATIO: f64 = 0.618_033_988_749_894_9;
    for _ in 0..60 {
        let (left, right) = (high - RATIO * (high - low), low + RATIO * (high - low));
        if f(left) < f(right) { low = left } else { high = right }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::chance::Chance;

    /// Counts of a negative binomial with α = 2 and mean m, from sums of exponentials.
    fn draw(chance: &mut Chance, mean: f64) -> u32 {
        let rate = -(chance.unit() * chance.unit()).max(1e-300).ln() * mean / 2.0;
        let (mut product, mut n) = (1.0, 0);
        loop {
            product *= chance.unit();
            if product <= (-rate).exp() {
                return n;
            }
            n += 1;
        }
    }

    #[test]
    fn the_prior_of_all_places_comes_back_from_those_that_were_seen() {
        let mut chance = Chance::new(1, 0);
        let counts: Vec<u32> = (0..60_000).map(|_| draw(&mut chance, 1.5)).filter(|&y| y > 0).collect();
        let fit = truncated(&counts, 3.0).expect("counts");
        // α = 2, mean 1.5 in 3 years: β = 4.
        assert!((fit.alpha - 2.0).abs() < 0.3 && (fit.beta / fit.alpha - 2.0).abs() < 0.1, "{fit:?}");
        assert!(fit.differ);
    }

    #[test]
    fn places_that_do_not_differ_are_said_not_to() {
        let mut chance = Chance::new(2, 0);
        let poisson = |chance: &mut Chance| {
            let (mut product, mut n) = (chance.unit(), 0);
            while product > (-1.2_f64).exp() {
                product *= chance.unit();
                n += 1;
            }
            n
        };
        let counts: Vec<u32> = (0..3_000).map(|_| poisson(&mut chance)).filter(|&y| y > 0).collect();
        let fit = truncated(&counts, 1.0).expect("counts");
        assert!(!fit.differ && (fit.alpha / fit.beta - 1.2).abs() < 0.1, "{fit:?}");
        let once = truncated(&[1; 40], 1.0).expect("counts");
        assert!(!once.differ && once.alpha.is_finite() && once.beta.is_finite() && once.beta > 0.0);
    }

    #[test]
    fn nothing_and_zeros_have_no_fit() {
        for (counts, exposure) in [(&[][..], 1.0), (&[0, 1], 1.0), (&[1, 2], 0.0), (&[1, 2], f64::NAN)] {
            assert_eq!(truncated(counts, exposure), None, "{counts:?} {exposure}");
        }
        let far = truncated(&[1, 1, 1, 1_000_000], 1.0).expect("counts");
        assert!(far.alpha.is_finite() && far.beta > 0.0 && far.differ, "{far:?}");
        let one = truncated(&[7], 2.0).expect("a count");
        assert!(one.alpha.is_finite() && one.beta > 0.0 && !one.differ, "{one:?}");
    }
}
