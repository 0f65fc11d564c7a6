//! Logarithm and exponential from additions, multiplications and divisions alone, so that every processor gives the same bits.
//!
//! The functions of the platform differ in their last digit from one processor to the next, and a last digit can turn a rank.

const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// Natural logarithm of a number above 0, to one unit in the last place; −∞ at 0.
///
/// Source: FreeBSD's `e_log.c` (Sun Microsystems 1993), after Remez.
pub(crate) fn ln(x: f64) -> f64 {
    if x < f64::MIN_POSITIVE {
        if x <= 0.0 {
            return f64::NEG_INFINITY;
        }
        return ln(x * 18_014_398_509_481_984.0) - 54.0 * std::f64::consts::LN_2;
    }
    if x == f64::INFINITY {
        return x;
    }
    // x = 2ᵏ m with m from √½ to √2.
    let bits = x.to_bits() + (0x3ff0_0000_0000_0000 - 0x3fe6_a09e_0000_0000);
    let k = (bits >> 52) as i64 - 0x3ff;
    let m = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) + 0x3fe6_a09e_0000_0000);
    let f = m - 1.0;
    let half = 0.5 * f * f;
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let even = w * (0.399_999_999_994_094_2 + w * (0.222_221_984_321_497_84 + w * 0.153_138_376_992_093_73));
    let odd = z
        * (0.666_666_666_666_673_5
            + w * (0.285_714_287_436_623_9 + w * (0.181_835_721_616_180_5 + w * 0.147_981_986_051_165_86)));
    let k = k as f64;
    s * (half + (odd + even)) + k * LN2_LOW - half + f + k * LN2_HIGH
}

/// e to a power, to one unit in the last place; 0 below −745.2, ∞ above 709.8.
///
/// Source: FreeBSD's `e_exp.c` (Sun Microsystems 2004), after Remez.
pub(crate) fn exp(x: f64) -> f64 {
    if x > 709.782_712_893_384 {
        return f64::INFINITY;
    }
    if x < -745.133_219_101_941_1 {
        return 0.0;
    }
    let k = (x * std::f64::consts::LOG2_E + if x < 0.0 { -0.5 } else { 0.5 }) as i64;
    let high = x - k as f64 * LN2_HIGH;
    let low = k as f64 * LN2_LOW;
    let r = high - low;
    let rr = r * r;
    let c = r - rr
        * (0.166_666_666_666_666_02
            + rr * (-2.777_777_777_701_559_3e-3
                + rr * (6.613_756_321_437_934e-5
                    + rr * (-1.653_390_220_546_525_2e-6 + rr * 4.138_136_797_057_238_5e-8))));
    let y = 1.0 + (r * c / (2.0 - c) - low + high);
    let two_to = |k: i64| f64::from_bits(((k + 1023) as u64) << 52);
    match k {
        -1021..=1023 => y * two_to(k),
        1024.. => y * 2.0 * two_to(k - 1),
        _ => y * two_to(k + 1000) * two_to(-1000),
    }
}

/// 2 to a power, to one unit in the last place, exact for whole ones.
pub(crate) fn exp2(x: f64) -> f64 {
    let x = x.clamp(-1_100.0, 1_100.0);
    let whole = x.round();
    let part = exp((x - whole) * std::f64::consts::LN_2);
    // In two steps, since 2 to a power below −1022 has no full exponent of its own.
    let half = (whole / 2.0).trunc();
    let two_to = |k: f64| f64::from_bits(((k as i64 + 1023) as u64) << 52);
    part * two_to(half) * two_to(whole - half)
}

/// ln(1 + x) for x above −1, without loss where x is small.
pub(crate) fn ln_1p(x: f64) -> f64 {
    let u = 1.0 + x;
    if u == 1.0 {
        x
    } else if u == f64::INFINITY || u <= 0.0 {
        ln(u)
    } else {
        // Kahan's way: the rounding of 1 + x is the same above and below.
        ln(u) * (x / (u - 1.0))
    }
}

/// exp(x) − 1, without loss where x is small.
pub(crate) fn exp_m1(x: f64) -> f64 {
    if x.abs() > 0.03 {
        return exp(x) - 1.0;
    }
    let mut sum = 1.0;
    for n in (2..=9).rev() {
        sum = 1.0 + x / f64::from(n) * sum;
    }
    x * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(ours: f64, theirs: f64, relative: f64) -> bool {
        ours == theirs || (ours - theirs).abs() <= relative * theirs.abs()
    }

    #[test]
    fn they_agree_with_the_platform_to_two_units_in_the_last_place() {
        let mut x = 1e-320_f64;
        while x < 1e300 {
            assert!(near(ln(x), x.ln(), 4.5e-16), "ln {x:e}: {:e} {:e}", ln(x), x.ln());
            x *= 1.37;
        }
        let mut x = -1_080.0_f64;
        while x < 1_030.0 {
            assert!(
                near(exp2(x), x.exp2(), 4.5e-16) || x.exp2() < 1e-300,
                "exp2 {x}: {:e} {:e}",
                exp2(x),
                x.exp2()
            );
            x += 0.37;
        }
        for whole in -1_074..=1_023 {
            assert_eq!(exp2(f64::from(whole)), f64::from(whole).exp2(), "{whole}");
        }
        assert_eq!((exp2(-2e9), exp2(2e9)), (0.0, f64::INFINITY));
        let mut x = 0.5_f64;
        while x < 2.0 {
            assert!(near(ln(x), x.ln(), 4.5e-16), "ln {x}");
            x += 0.000_713;
        }
        let mut x = -744.0_f64;
        while x < 709.0 {
            let bound = if x < -708.0 { 1e-1 } else { 4.5e-16 };
            assert!(near(exp(x), x.exp(), bound), "exp {x}: {:e} {:e}", exp(x), x.exp());
            x += 0.0137;
        }
        for k in -1000..3000 {
            let x = f64::from(k) * 1e-3 * 0.999;
            if x > -1.0 {
                assert!(near(ln_1p(x), x.ln_1p(), 1e-15), "ln_1p {x}");
                assert!(near(ln_1p(x * 1e-9), (x * 1e-9).ln_1p(), 1e-15), "ln_1p {x}e-9");
            }
            assert!(near(exp_m1(x), x.exp_m1(), 3e-14), "exp_m1 {x}");
            assert!(near(exp_m1(x * 1e-6), (x * 1e-6).exp_m1(), 1e-15), "exp_m1 {x}e-6");
        }
    }

    #[test]
    fn the_bits_are_the_same_for_ever() {
        let all: u64 = (1..2000u32)
            .map(f64::from)
            .map(|x| ln(x * 0.37).to_bits() ^ exp(x * 0.31 - 300.0).to_bits().rotate_left(7))
            .fold(0, |all, bits| all.rotate_left(5) ^ bits);
        assert_eq!(all, BITS);
    }

    const BITS: u64 = 17_264_104_547_207_455_202;

    #[test]
    fn the_ends_are_clean() {
        assert_eq!((ln(0.0), ln(1.0), exp(0.0), exp(-800.0)), (f64::NEG_INFINITY, 0.0, 1.0, 0.0));
        assert_eq!((exp(800.0), ln(f64::INFINITY)), (f64::INFINITY, f64::INFINITY));
    }
}
