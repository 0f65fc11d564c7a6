//! The normal law from additions, multiplications and divisions alone, so that every processor gives the same bits.

use super::elementary::{exp, ln};

/// The error function, to one unit in the last place.
///
/// Source: FreeBSD's `s_erf.c` (Sun Microsystems 1993), after Remez.
pub(crate) fn erf(x: f64) -> f64 {
    let far = x.abs();
    if far < 0.84375 {
        return x + x * ratio(x * x, &ERF_NEAR);
    }
    let value = if far < 6.0 { 1.0 - upper(far) } else { 1.0 };
    if x < 0.0 { -value } else { value }
}

/// 1 less the error function, without loss where that is small.
///
/// Source: as [`erf`].
pub(crate) fn erfc(x: f64) -> f64 {
    let far = x.abs();
    if far < 0.84375 {
        let over = x * ratio(x * x, &ERF_NEAR);
        return if x < 0.25 { 1.0 - (x + over) } else { 0.5 - (x - 0.5 + over) };
    }
    let value = if far < 28.0 { upper(far) } else { 0.0 };
    if x < 0.0 { 2.0 - value } else { value }
}

/// The same from 0.84375 on.
fn upper(x: f64) -> f64 {
    if x < 1.25 {
        return 1.0 - ERF_AT_ONE - ratio(x - 1.0, &ERF_ONE);
    }
    let s = 1.0 / (x * x);
    let least = if x < 1.0 / 0.35 { ratio(s, &ERF_MIDDLE) } else { ratio(s, &ERF_FAR) };
    // The square of a part of x is exact; the rest of it goes into the second power.
    let part = f64::from_bits(x.to_bits() & !0xffff_ffff);
    exp(-part * part - 0.5625) * exp((part - x) * (part + x) + least) / x
}

/// The value that a normal distribution of mean 0 and deviation 1 falls below with probability `p`; to 1e-15.
///
/// Source: Wichura (1988), *Applied Statistics* 37(3), algorithm AS 241, PPND16.
pub(crate) fn normal_quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        return q * ratio(0.180_625 - q * q, &CENTER);
    }
    let r = (-ln(p.min(1.0 - p).max(f64::MIN_POSITIVE))).sqrt();
    let z = if r <= 5.0 { ratio(r - 1.6, &MIDDLE) } else { ratio(r - 5.0, &FAR) };
    if q < 0.0 { -z } else { z }
}

/// One polynomial over another.
fn ratio<const A: usize, const B: usize>(x: f64, terms: &([f64; A], [f64; B])) -> f64 {
    let polynomial = |terms: &[f64]| terms.iter().rev().fold(0.0, |sum, term| sum * x + term);
    polynomial(&terms.0) / polynomial(&terms.1)
}

/// erf(1), rounded to single precision.
const ERF_AT_ONE: f64 = 0.845_062_911_510_467_5;

const ERF_NEAR: ([f64; 5], [f64; 6]) = (
    [
        0.128_379_167_095_512_56,
        -0.325_042_107_247_001_5,
        -0.028_481_749_575_598_51,
        -0.005_770_270_296_489_442,
        -2.376_301_665_665_016_3e-05,
    ],
    [
        1.0,
        0.397_917_223_959_155_35,
        0.065_022_249_988_767_3,
        0.005_081_306_281_875_766,
        0.000_132_494_738_004_321_64,
        -3.960_228_278_775_368e-06,
    ],
);

const ERF_ONE: ([f64; 7], [f64; 7]) = (
    [
        -0.002_362_118_560_752_659_4,
        0.414_856_118_683_748_33,
        -0.372_207_876_035_701_3,
        0.318_346_619_901_161_75,
        -0.110_894_694_282_396_68,
        0.035_478_304_325_618_236,
        -0.002_166_375_594_868_791,
    ],
    [
        1.0,
        0.106_420_880_400_844_23,
        0.540_397_917_702_171,
        0.071_828_654_414_196_27,
        0.126_171_219_808_761_64,
        0.013_637_083_912_029_05,
        0.011_984_499_846_799_107,
    ],
);

const ERF_MIDDLE: ([f64; 8], [f64; 9]) = (
    [
        -0.009_864_944_034_847_148,
        -0.693_858_572_707_181_8,
        -10.558_626_225_323_291,
        -62.375_332_450_326_006,
        -162.396_669_462_573_47,
        -184.605_092_906_711_04,
        -81.287_435_506_306_6,
        -9.814_329_344_169_145,
    ],
    [
        1.0,
        19.651_271_667_439_257,
        137.657_754_143_519_04,
        434.565_877_475_229_23,
        645.387_271_733_267_9,
        429.008_140_027_567_83,
        108.635_005_541_779_44,
        6.570_249_770_319_282,
        -0.060_424_415_214_858_1,
    ],
);

const ERF_FAR: ([f64; 7], [f64; 8]) = (
    [
        -0.009_864_942_924_700_1,
        -0.799_283_237_680_523,
        -17.757_954_917_754_752,
        -160.636_384_855_821_92,
        -637.566_443_368_389_6,
        -1_025.095_131_611_077_2,
        -483.519_191_608_651_4,
    ],
    [
        1.0,
        30.338_060_743_482_46,
        325.792_512_996_573_9,
        1_536.729_586_084_437,
        3_199.858_219_508_595_5,
        2_553.050_406_433_164_4,
        474.528_541_206_955_37,
        -22.440_952_446_585_82,
    ],
);

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
    fn the_error_function_and_its_complement_are_those_of_mpmath() {
        let rows = include_str!("../../fixtures/reference/rank_change/erf.csv").lines().skip(1);
        let mut read = 0;
        for row in rows {
            let row: Vec<f64> = row.split(',').map(|n| n.parse().expect("a number")).collect();
            let &[x, of, complement] = &row[..] else { panic!("{row:?}") };
            assert!((erf(x) - of).abs() <= 4.5e-16 * of.abs(), "erf {x}: {:e} {of:e}", erf(x));
            let ours = erfc(x);
            assert!((ours - complement).abs() <= 4.5e-16 * complement, "erfc {x}: {ours:e} {complement:e}");
            read += 1;
        }
        assert_eq!(read, 301);
        assert_eq!((erf(0.0), erfc(0.0), erf(1e300), erf(-1e300)), (0.0, 1.0, 1.0, -1.0));
        assert_eq!((erfc(1e300), erfc(-1e300)), (0.0, 2.0));
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
