//! Gamma functions and quantiles for ranking: the same bits on every processor.

use crate::model::elementary::{exp, exp_m1, ln, ln_1p};

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

/// The value that a normal distribution of mean 0 and deviation 1 falls below with probability `p`; to 1e-15.
///
/// Source: Wichura (1988), *Applied Statistics* 37(3), algorithm AS 241, PPND16.
pub(crate) fn normal_quantile(p: f64) -> f64 {
    let q = p - 0.5;
    let ratio = |r: f64, above: &[f64; 8], below: &[f64; 8]| {
        let polynomial = |terms: &[f64; 8]| terms.iter().rev().fold(0.0, |sum, term| sum * r + term);
        polynomial(above) / polynomial(below)
    };
    if q.abs() <= 0.425 {
        return q * ratio(0.180_625 - q * q, &CENTER.0, &CENTER.1);
    }
    let r = (-ln(p.min(1.0 - p).max(f64::MIN_POSITIVE))).sqrt();
    let z = if r <= 5.0 { ratio(r - 1.6, &MIDDLE.0, &MIDDLE.1) } else { ratio(r - 5.0, &FAR.0, &FAR.1) };
    if q < 0.0 { -z } else { z }
}

const CENTER: ([f64; 8], [f64; 8]) = (
    [
        3.387_132_872_796_366_5,
        1.331_416_678_917_843_8e2,
        1.971_590_950_306_551_3e3,
        1.373_169_376_550_946e4,
        4.592_195_393_154_987e4,
        6.726_577_092_700_87e4,
        3.343_057_558_358_813e4,
        2.509_080_928_730_122_7e3,
    ],
    [
        1.0,
        4.231_333_070_160_091e1,
        6.871_870_074_920_579e2,
        5.394_196_021_424_751e3,
        2.121_379_430_158_659_7e4,
        3.930_789_580_009_271e4,
        2.872_908_573_572_194_3e4,
        5.226_495_278_852_545e3,
    ],
);

const MIDDLE: ([f64; 8], [f64; 8]) = (
    [
        1.423_437_110_749_683_5,
        4.630_337_846_156_546,
        5.769_497_221_460_691,
        3.647_848_324_763_204_5,
        1.270_458_252_452_368_4,
        2.417_807_251_774_506e-1,
        2.272_384_498_926_918_4e-2,
        7.745_450_142_783_414e-4,
    ],
    [
        1.0,
        2.053_191_626_637_759,
        1.676_384_830_183_803_8,
        6.897_673_349_851e-1,
        1.481_039_764_274_800_8e-1,
        1.519_866_656_361_645_7e-2,
        5.475_938_084_995_345e-4,
        1.050_750_071_644_416_9e-9,
    ],
);

const FAR: ([f64; 8], [f64; 8]) = (
    [
        6.657_904_643_501_103,
        5.463_784_911_164_114,
        1.784_826_539_917_291_3,
        2.965_605_718_285_048_7e-1,
        2.653_218_952_657_612_4e-2,
        1.242_660_947_388_078_4e-3,
        2.711_555_568_743_487_6e-5,
        2.010_334_399_292_288_1e-7,
    ],
    [
        1.0,
        5.998_322_065_558_88e-1,
        1.369_298_809_227_358e-1,
        1.487_536_129_085_061_5e-2,
        7.868_691_311_456_133e-4,
        1.846_318_317_510_054_7e-5,
        1.421_511_758_316_446e-7,
        2.044_263_103_389_939_8e-15,
    ],
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gamma_functions_agree_with_statrs_and_their_own_recurrences() {
        let mut x = 1e-6;
        while x < 1e7 {
            let theirs = statrs::function::gamma::ln_gamma(x);
            assert!((ln_gamma(x) - theirs).abs() < 2e-13 * theirs.abs().max(0.1), "{x}");
            let theirs = statrs::function::gamma::digamma(x);
            assert!((digamma(x) - theirs).abs() < 2e-12 * theirs.abs().max(1.0), "{x}");
            assert!((digamma(x + 1.0) - digamma(x) - 1.0 / x).abs() < 1e-14 / x.min(0.1), "{x}");
            let step = trigamma(x) - trigamma(x + 1.0);
            assert!((step * x * x - 1.0).abs() < 1e-13 * x.max(1.0) * 10.0, "{x}");
            x *= 1.7;
        }
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

    #[test]
    fn normal_quantiles_are_those_of_the_paper() {
        for (p, z) in [
            (0.25, -0.674_489_750_196_081_7),
            (0.001, -3.090_232_306_167_813_5),
            (1e-20, -9.262_340_089_798_408),
        ] {
            assert!((normal_quantile(p) - z).abs() < 1e-14, "{p}: {}", normal_quantile(p));
        }
        assert_eq!(normal_quantile(0.5), 0.0);
        assert!((normal_quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-14);
    }
}
