//! The incomplete beta function and its quantiles: the same bits on every processor.

use super::special::stirling_error;
use crate::model::elementary::{exp, ln};

/// Where a share of a Beta(a, b) lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Shares {
    /// Iₓ(a, b): how likely it is to lie below x.
    pub(crate) below: f64,
    /// And above.
    pub(crate) above: f64,
    /// How fast `below` grows with the logit of x: xᵃ (1 − x)ᵇ / B(a, b).
    pub(crate) slope: f64,
}

/// The regularised incomplete beta function at a share x, of which y = 1 − x is given too, since either can be all but 0.
///
/// The tail on x's side of the mean comes from its continued fraction (by Lentz's way), to 1e-12 relative for shapes up to
/// 1e5; the other is 1 less this one. The power in front is taken around the mean, where the gamma functions of large
/// shapes would cancel. Time O(√(a + b)).
///
/// Source: Didonato & Morris (1992), *ACM TOMS* 18(3), eq. 9, for the fraction; Loader (2000), *Fast and accurate computation of binomial probabilities*, for
/// the power in front.
pub(crate) fn incomplete_beta((a, b): (f64, f64), (x, y): (f64, f64)) -> Shares {
    let n = a + b;
    // How far x lies from the mean, in units of 1/n, from whichever of the two has more digits.
    let off = if x <= y { x * n - a } else { b - y * n };
    let power = a * ln_less(off / a, x * n / a) + b * ln_less(-off / b, y * n / b);
    let errors = stirling_error(n) - stirling_error(a) - stirling_error(b);
    let slope = exp(power + errors) * (a / n * b / std::f64::consts::TAU).sqrt();
    if off <= 0.0 {
        let below = (slope * fraction((a, b), (x, y))).min(1.0);
        Shares { below, above: 1.0 - below, slope }
    } else {
        let above = (slope * fraction((b, a), (y, x))).min(1.0);
        Shares { below: 1.0 - above, above, slope }
    }
}

/// ln(1 + u) − u, without loss where u is small; `ratio` is 1 + u.
fn ln_less(u: f64, ratio: f64) -> f64 {
    if !(-0.5..0.8).contains(&u) {
        return ln(ratio) - u;
    }
    // ln(1 + u) = 2 (r + r³/3 + r⁵/5 + …), and 2r − u = −ru.
    let r = u / (2.0 + u);
    let square = r * r;
    let (mut power, mut sum, mut odd) = (square, 0.0, 3.0);
    while power > sum * 1e-17 {
        sum += power / odd;
        power *= square;
        odd += 2.0;
    }
    r * (2.0 * sum - u)
}

/// Most steps of the fraction: it takes some √(a + b) of them.
const MOST_STEPS: u32 = 200_000;

/// The continued fraction of Iₓ(a, b) / (xᵃ yᵇ / B(a, b)), for x up to the mean or little beyond.
fn fraction((a, b): (f64, f64), (x, y): (f64, f64)) -> f64 {
    let floor = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let beyond = a * y - b * x + 1.0;
    let mut value = floor(a * beyond / (a + 1.0));
    let (mut c, mut d) = (value, 0.0);
    for m in 1..MOST_STEPS {
        let m = f64::from(m);
        let at = a + 2.0 * m - 1.0;
        let over = (a + m - 1.0) / at * ((a + b + m - 1.0) / at) * (m * (b - m) * x * x);
        let under = m + m * (b - m) * x / at + (a + m) * (beyond + m * (1.0 + y)) / (at + 2.0);
        d = 1.0 / floor(under + over * d);
        c = floor(under + over / c);
        let step = c * d;
        value *= step;
        if (step - 1.0).abs() < 3e-16 {
            break;
        }
    }
    1.0 / value
}

/// Quantiles are sought within these logits: a share of 1e-304 is none.
const FARTHEST: f64 = 700.0;

/// The logit of the share that a Beta(a, b) falls below with probability `p`, from −700 to 700.
///
/// Newton's way on the logarithm of the probability, where it is concave over the logit, kept between two bounds; over the
/// logit, since a share near 0 or 1 keeps its digits there.
///
/// Source: ours, held to SciPy's.
pub(crate) fn logit_beta_quantile(a: f64, b: f64, p: f64) -> f64 {
    if p > 0.5 { -lower_logit(b, a, 1.0 - p) } else { lower_logit(a, b, p) }
}

/// The same for a probability of at most a half.
fn lower_logit(a: f64, b: f64, p: f64) -> f64 {
    let goal = ln(p);
    let (mut low, mut high) = (-FARTHEST, FARTHEST);
    let mut logit = (ln(a) - ln(b)).clamp(low, high);
    for _ in 0..200 {
        let odds = exp(-logit.abs());
        let (less, more) = (odds / (1.0 + odds), 1.0 / (1.0 + odds));
        let share = if logit <= 0.0 { (less, more) } else { (more, less) };
        let at = incomplete_beta((a, b), share);
        if at.below < p {
            low = logit;
        } else {
            high = logit;
        }
        let newton = logit + (goal - ln(at.below)) * at.below / at.slope;
        // Also where nothing lies below as far as a double can tell, and the step is no number.
        let next = if newton > low && newton < high { newton } else { f64::midpoint(low, high) };
        let step = (next - logit).abs();
        logit = next;
        if step < 4e-15 * logit.abs().max(1.0) {
            break;
        }
    }
    logit
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> impl Iterator<Item = Vec<f64>> + '_ {
        text.lines().skip(1).map(|row| row.split(',').map(|n| n.parse().expect("a number")).collect())
    }

    #[test]
    fn both_tails_of_small_and_large_shapes_are_those_of_mpmath() {
        let mut read = 0;
        for row in rows(include_str!("../../fixtures/reference/rank_change/beta.csv")) {
            let &[a, b, x, below, above] = &row[..] else { panic!("{row:?}") };
            for ((a, b), (x, y), below, above) in
                [((a, b), (x, 1.0 - x), below, above), ((b, a), (1.0 - x, x), above, below)]
            {
                let ours = incomplete_beta((a, b), (x, y));
                assert!((ours.below / below - 1.0).abs() < 1e-12, "{row:?}: {ours:?}");
                assert!((ours.above / above - 1.0).abs() < 1e-12, "{row:?}: {ours:?}");
            }
            read += 1;
        }
        assert_eq!(read, 249);
    }

    #[test]
    fn the_slope_is_how_fast_the_probability_grows_with_the_logit() {
        let share = |logit: f64| (exp(logit) / (1.0 + exp(logit)), 1.0 / (1.0 + exp(logit)));
        for (a, b, logit) in [(0.7, 3.0, -2.5), (12.0, 4.5, 1.1), (300.0, 200.0, 0.4), (1.0, 0.02, 4.0)] {
            let below = |step: f64| incomplete_beta((a, b), share(logit + step)).below;
            let slope = incomplete_beta((a, b), share(logit)).slope;
            assert!(((below(1e-4) - below(-1e-4)) / 2e-4 / slope - 1.0).abs() < 1e-5, "{a} {b}");
        }
    }

    #[test]
    fn a_quantile_leaves_its_probability_below_it_and_turns_with_its_sides() {
        for a in [0.02, 0.5, 1.0, 8.25, 900.5, 1e5, 3e6] {
            for b in [0.02, 0.5, 1.0, 8.25, 900.5, 1e5, 3e6] {
                for p in [1e-6, 0.05, 0.5, 0.9, 1.0 - 1e-9] {
                    let logit = logit_beta_quantile(a, b, p);
                    let turned = -logit_beta_quantile(b, a, 1.0 - p);
                    assert!(
                        (logit - turned).abs() <= 1e-11 * logit.abs().max(1.0),
                        "{a} {b} {p}: {logit} {turned}"
                    );
                    if logit.abs() > 699.0 {
                        continue;
                    }
                    let odds = exp(-logit.abs());
                    let (less, more) = (odds / (1.0 + odds), 1.0 / (1.0 + odds));
                    let share = if logit <= 0.0 { (less, more) } else { (more, less) };
                    let found = incomplete_beta((a, b), share);
                    let off = if p <= 0.5 { found.below / p - 1.0 } else { found.above / (1.0 - p) - 1.0 };
                    assert!(off.abs() < 1e-10, "{a} {b} {p}: {found:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_all_on_one_side_ends_at_the_bounds() {
        assert!(logit_beta_quantile(0.001, 5.0, 0.05) < -699.9);
        assert!(logit_beta_quantile(5.0, 0.001, 0.95) > 699.9);
        let nothing = incomplete_beta((3.0, 2.0), (0.0, 1.0));
        assert_eq!((nothing.below, nothing.above, nothing.slope), (0.0, 1.0, 0.0));
        let all = incomplete_beta((3.0, 2.0), (1.0, 0.0));
        assert_eq!((all.below, all.above), (1.0, 0.0));
    }

    #[test]
    fn the_bits_are_the_same_for_ever() {
        let shapes = [0.3, 1.0, 7.5, 140.0, 20_000.0];
        let all = shapes
            .iter()
            .flat_map(|a| shapes.map(|b| (*a, b)))
            .map(|(a, b)| [0.05, 0.5, 0.95].map(|p| logit_beta_quantile(a, b, p).to_bits()));
        let all: u64 = all.flatten().fold(0, |all, bits| all.rotate_left(5) ^ bits);
        assert_eq!(all, BITS);
    }

    const BITS: u64 = 14_668_560_176_752_967_057;
}
