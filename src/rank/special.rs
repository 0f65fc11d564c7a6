//! Gamma functions and quantiles for ranking: the same bits on every processor.

use crate::model::elementary::{exp, exp_m1, ln, ln_1p};
use crate::model::normal::normal_quantile;

const HALF_LN_TAU: f64 = 0.918_938_533_204_672_7;

/// What Stirling's formula leaves out of ln Γ(x), for x from 10 on.
fn stirling(x: f64) -> f64 {
    let z = 1.0 / (x * x);
    let terms = [
        1.0 / 12.0,
        -1.0 / 360.0,
        1.0 / 1260.0,
        -1.0 / 1680.0,
        1.0 / 1188.0,
        -691.0 / 360_360.0,
        1.0 / 156.0,
        -3617.0 / 122_400.0,
    ];
    terms.iter().rev().fold(0.0, |sum, term| sum * z + term) / x
}

/// ln Γ(x) for x above 0, to 1e-14 (absolute near its zeros at 1 and 2).
///
/// Stirling's series from 10 on, reached by Γ(x + 1) = x Γ(x). Source: Abramowitz & Stegun (1964) 6.1.15, 6.1.41.
pub(crate) fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut product) = (x, 1.0);
    while x < 10.0 {
        product *= x;
        x += 1.0;
    }
    (x - 0.5) * ln(x) - x + HALF_LN_TAU + stirling(x) - ln(product)
}

/// What Stirling's formula leaves out of ln Γ(x), for any x above 0; to 1e-14.
pub(super) fn stirling_error(x: f64) -> f64 {
    if x >= 10.0 { stirling(x) } else { ln_gamma(x) - ((x - 0.5) * ln(x) - x + HALF_LN_TAU) }
}

/// The derivative of [`ln_gamma`]. Source: Abramowitz & Stegun (1964) 6.3.5, 6.3.18.
pub(crate) fn digamma(x: f64) -> f64 {
    let (mut x, mut shift) = (x, 0.0);
    while x < 10.0 {
        shift += 1.0 / x;
        x += 1.0;
    }
    let z = 1.0 / (x * x);
    let terms = [
        1.0 / 12.0,
        -1.0 / 120.0,
        1.0 / 252.0,
        -1.0 / 240.0,
        1.0 / 132.0,
        -691.0 / 32_760.0,
        1.0 / 12.0,
        -3617.0 / 8160.0,
    ];
    ln(x) - 0.5 / x - z * terms.iter().rev().fold(0.0, |sum, term| sum * z + term) - shift
}

/// The derivative of [`digamma`]. Source: Abramowitz & Stegun (1964) 6.4.6, 6.4.12.
pub(crate) fn trigamma(x: f64) -> f64 {
    let (mut x, mut shift) = (x, 0.0);
    while x < 10.0 {
        shift += 1.0 / (x * x);
        x += 1.0;
    }
    let z = 1.0 / (x * x);
    let terms = [
        1.0 / 6.0,
        -1.0 / 30.0,
        1.0 / 42.0,
        -1.0 / 30.0,
        5.0 / 66.0,
        -691.0 / 2730.0,
        7.0 / 6.0,
        -3617.0 / 510.0,
    ];
    let series = terms.iter().rev().fold(0.0, |sum, term| sum * z + term);
    1.0 / x + 0.5 * z + z / x * series + shift
}

/// A side of a distribution: how likely it is to lie below a value, or above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tail {
    Lower,
    Upper,
}

/// ln P and ln Q of the regularised incomplete gamma function at x = eᵘ, each without loss in its own tail.
///
/// A series below x = a + 1 and Legendre's continued fraction above. Source: Abramowitz & Stegun (1964) 6.5.29, 6.5.31.
fn ln_incomplete(a: f64, u: f64) -> (f64, f64) {
    let x = exp(u);
    if x < a + 1.0 {
        let (mut term, mut sum, mut n) = (1.0, 1.0, a);
        while term > sum * 1e-17 {
            n += 1.0;
            term *= x / n;
            sum += term;
        }
        let below = (a * u - x - ln_gamma(a + 1.0) + ln(sum)).min(0.0);
        let above = -exp_m1(below);
        (below, ln(above))
    } else {
        // Lentz's way.
        let mut b = x + 1.0 - a;
        let (mut c, mut d) = (1e300, 1.0 / b);
        let mut fraction = d;
        for i in 1..100_000 {
            let i = f64::from(i);
            let over = -i * (i - a);
            b += 2.0;
            let floor = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
            d = 1.0 / floor(over * d + b);
            c = floor(b + over / c);
            let step = d * c;
            fraction *= step;
            if (step - 1.0).abs() < 1e-16 {
                break;
            }
        }
        let above = (a * u - x - ln_gamma(a) + ln(fraction)).min(0.0);
        (ln_1p(-exp(above)), above)
    }
}

/// ln of x f(x) at x = eᵘ, f the density of a Gamma(a, 1): the slope of its distribution over u.
pub(crate) fn ln_density(a: f64, u: f64) -> f64 {
    if a < 10.0 {
        return a * u - exp(u) - ln_gamma(a);
    }
    // Around its peak, where the terms above are large and cancel.
    let off = u - ln(a);
    0.5 * ln(a) - HALF_LN_TAU - stirling(a) - a * (exp_m1(off) - off)
}

/// From this shape on the quantile comes from its expansion around the normal one.
const LARGE: f64 = 1e4;

/// The logarithm of the value that a Gamma(shape, 1) leaves the probability `tail` below or above.
///
/// Newton's way on the logarithm of the probability over the logarithm of the value, where it is concave, so that it cannot
/// miss; from a shape of 10,000 on the expansion of Cornish and Fisher. Relative error of the value below 1e-10.
///
/// Source: Goldberg & Levine (1946), *Ann. Math. Stat.* 17(2), for the expansion; the rest is ours, held to SciPy's.
pub(crate) fn ln_gamma_quantile(shape: f64, tail: f64, side: Tail) -> f64 {
    let z = match side {
        Tail::Lower => normal_quantile(tail),
        Tail::Upper => -normal_quantile(tail),
    };
    let a = shape;
    if a >= LARGE {
        let root = a.sqrt();
        let z2 = z * z;
        let value = a + z * root + (z2 - 1.0) / 3.0 + z * (z2 - 7.0) / (36.0 * root)
            - (6.0 * z2 * z2 + 14.0 * z2 - 32.0) / (1620.0 * a)
            + z * (9.0 * z2 * z2 + 256.0 * z2 - 433.0) / (38_880.0 * a * root);
        return ln(value);
    }
    // A small shape lies near 0 with most of its mass: there its upper tail is sought from below.
    let by_lower = side == Tail::Lower || tail > 0.5 || tail >= 0.5 * a;
    let goal = match side {
        Tail::Lower => ln(tail),
        Tail::Upper if by_lower => ln_1p(-tail),
        Tail::Upper => ln(tail),
    };
    let hilferty = 1.0 - 1.0 / (9.0 * a) + z / (3.0 * a.sqrt());
    let mut u = if a > 1.0 && hilferty > 0.1 {
        ln(a) + 3.0 * ln(hilferty)
    } else if by_lower {
        (goal + ln_gamma(a + 1.0)) / a
    } else {
        ln(-goal + a)
    };
    if u < -745.0 {
        // Below the smallest number: P is the first term of its series.
        return u;
    }
    for _ in 0..200 {
        let (below, above) = ln_incomplete(a, u);
        let density = ln_density(a, u);
        let step = if by_lower {
            (goal - below) * exp(below - density)
        } else {
            (above - goal) * exp(above - density)
        };
        u += step.clamp(-50.0, 50.0);
        if step.abs() < 4e-15 * u.abs().max(1.0) {
            break;
        }
    }
    u
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gamma_functions_agree_with_mpmath_and_their_own_recurrences() {
        let rows = include_str!("../../fixtures/reference/rank_change/gamma.csv").lines().skip(1);
        let mut read = 0;
        for row in rows {
            let row: Vec<f64> = row.split(',').map(|n| n.parse().expect("a number")).collect();
            let &[x, ln_of, first, second] = &row[..] else { panic!("{row:?}") };
            assert!((ln_gamma(x) - ln_of).abs() < 3e-14 * ln_of.abs().max(0.1), "{x}");
            assert!((digamma(x) - first).abs() < 2e-15 * first.abs().max(1.0), "{x}");
            assert!((trigamma(x) / second - 1.0).abs() < 2e-15, "{x}");
            assert!((digamma(x + 1.0) - digamma(x) - 1.0 / x).abs() < 1e-14 / x.min(0.1), "{x}");
            // Γ(x) = √(2π/x) (x/e)ˣ exp(error)
            let stirling = (x - 0.5) * ln(x) - x + HALF_LN_TAU + stirling_error(x);
            assert!((stirling - ln_of).abs() < 3e-14 * ln_of.abs().max(0.1), "{x}");
            read += 1;
        }
        assert_eq!(read, 120);
        // Abramowitz & Stegun (1964) 6.3.2 and 6.4.2.
        assert!((digamma(1.0) + 0.577_215_664_901_532_9).abs() < 1e-14);
        assert!((trigamma(1.0) - std::f64::consts::PI.powi(2) / 6.0).abs() < 1e-14);
    }

    #[test]
    fn a_quantile_leaves_its_probability_below_it() {
        for shape in [1e-4, 0.003, 0.05, 0.3, 0.9, 1.0, 1.7, 9.0, 30.5, 400.0, 9_000.0] {
            for tail in [1e-10, 1e-4, 0.025, 0.05, 0.3, 0.5] {
                for side in [Tail::Lower, Tail::Upper] {
                    let u = ln_gamma_quantile(shape, tail, side);
                    let (below, above) = if u > -700.0 {
                        ln_incomplete(shape, u)
                    } else {
                        let below = shape * u - ln_gamma(shape + 1.0);
                        (below, ln(-exp_m1(below)))
                    };
                    let got = if side == Tail::Lower { below } else { above };
                    assert!(
                        (got - ln(tail)).abs() < 3e-12 * shape.max(1.0),
                        "{shape} {tail} {side:?}: {got}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_expansion_meets_the_search_where_it_takes_over() {
        for tail in [1e-9, 1e-3, 0.025, 0.4] {
            for side in [Tail::Lower, Tail::Upper] {
                let by_search = ln_gamma_quantile(LARGE * (1.0 - 1e-13), tail, side);
                let by_expansion = ln_gamma_quantile(LARGE, tail, side);
                assert!((by_search - by_expansion).abs() < 1e-10, "{tail} {side:?}");
            }
        }
    }
}
