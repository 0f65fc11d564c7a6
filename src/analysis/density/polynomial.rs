//! The polynomials of the row sweep: what one kernel adds to the coefficients of a row.

/// A kernel (A − (x − u)²)ᵖ as N numbers: the coefficients of its polynomial in x, and how many kernels it is the sum of.
///
/// That count is a sum of whole numbers, so it is exactly 0 where no kernel reaches, while the coefficients would keep
/// the rounding of all that came and went.
pub(super) trait Polynomial<const N: usize> {
    /// Where the count stands.
    const COUNT: usize;
    /// What is the same for every row: the factors of the powers of A.
    type Part: Copy;

    /// For a place at u with a weight.
    fn part(u: f64, weight: f64) -> Self::Part;
    /// On a row, with A = 1 − v², v the row's distance from the place.
    fn kernel(part: &Self::Part, a: f64) -> [f64; N];
    /// The sum of kernels at x.
    fn value(sum: &[f64; N], x: f64) -> f64;
}

/// p = 0.
pub(super) struct Uniform;

impl Polynomial<2> for Uniform {
    const COUNT: usize = 1;
    type Part = [f64; 2];

    #[inline(always)]
    fn part(_: f64, weight: f64) -> [f64; 2] {
        [weight, 1.0]
    }

    #[inline(always)]
    fn kernel(part: &[f64; 2], _: f64) -> [f64; 2] {
        *part
    }

    #[inline(always)]
    fn value(sum: &[f64; 2], _: f64) -> f64 {
        sum[0]
    }
}

/// p = 1.
pub(super) struct Epanechnikov;

impl Polynomial<4> for Epanechnikov {
    const COUNT: usize = 3;
    /// Factors of A⁰ and A¹.
    type Part = [[f64; 4]; 2];

    #[inline(always)]
    fn part(u: f64, w: f64) -> Self::Part {
        let wu = w * u;
        [[-wu * u, 2.0 * wu, -w, 1.0], [w, 0.0, 0.0, 0.0]]
    }

    #[inline(always)]
    fn kernel(part: &Self::Part, a: f64) -> [f64; 4] {
        std::array::from_fn(|i| part[1][i] * a + part[0][i])
    }

    #[inline(always)]
    fn value(sum: &[f64; 4], x: f64) -> f64 {
        (sum[2] * x + sum[1]) * x + sum[0]
    }
}

/// p = 2. What stands in the seventh place is added to the first: there crowds have what would not fit.
pub(super) struct Quartic;

impl Polynomial<8> for Quartic {
    const COUNT: usize = 5;
    /// Factors of A⁰, A¹ and A²; the last two have no more than four.
    type Part = ([f64; 8], [f64; 4], [f64; 4]);

    #[inline(always)]
    fn part(u: f64, w: f64) -> Self::Part {
        let wu = w * u;
        let wu2 = wu * u;
        let wu3 = wu2 * u;
        (
            [wu3 * u, -4.0 * wu3, 6.0 * wu2, -4.0 * wu, w, 1.0, 0.0, 0.0],
            [-2.0 * wu2, 4.0 * wu, -2.0 * w, 0.0],
            [w, 0.0, 0.0, 0.0],
        )
    }

    #[inline(always)]
    fn kernel((zero, one, two): &Self::Part, a: f64) -> [f64; 8] {
        let mut sum = *zero;
        for i in 0..4 {
            sum[i] += (two[i] * a + one[i]) * a;
        }
        sum
    }

    #[inline(always)]
    fn value(sum: &[f64; 8], x: f64) -> f64 {
        (((sum[4] * x + sum[3]) * x + sum[2]) * x + sum[1]) * x + (sum[0] + sum[6])
    }
}

/// p = 3.
pub(super) struct Triweight;

impl Polynomial<8> for Triweight {
    const COUNT: usize = 7;
    /// Factors of A⁰ to A³; the last two have no more than four.
    type Part = ([f64; 8], [f64; 8], [f64; 4], [f64; 4]);

    #[inline(always)]
    fn part(u: f64, w: f64) -> Self::Part {
        let wu = w * u;
        let wu2 = wu * u;
        let wu3 = wu2 * u;
        let wu4 = wu3 * u;
        let wu5 = wu4 * u;
        (
            [-wu5 * u, 6.0 * wu5, -15.0 * wu4, 20.0 * wu3, -15.0 * wu2, 6.0 * wu, -w, 1.0],
            [3.0 * wu4, -12.0 * wu3, 18.0 * wu2, -12.0 * wu, 3.0 * w, 0.0, 0.0, 0.0],
            [-3.0 * wu2, 6.0 * wu, -3.0 * w, 0.0],
            [w, 0.0, 0.0, 0.0],
        )
    }

    #[inline(always)]
    fn kernel((zero, one, two, three): &Self::Part, a: f64) -> [f64; 8] {
        let mut sum: [f64; 8] = std::array::from_fn(|i| zero[i] + one[i] * a);
        let square = a * a;
        for i in 0..4 {
            sum[i] += (three[i] * a + two[i]) * square;
        }
        sum
    }

    #[inline(always)]
    fn value(sum: &[f64; 8], x: f64) -> f64 {
        let high = ((sum[6] * x + sum[5]) * x + sum[4]) * x + sum[3];
        ((high * x + sum[2]) * x + sum[1]) * x + sum[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<const N: usize, P: Polynomial<N>>(power: i32) {
        for (u, v, x, w) in [(0.3, 0.4, 0.9, 2.0), (-1.9, 0.1, -2.5, 0.25), (1.2, -0.7, 1.2, 1.0)] {
            let a = 1.0 - v * v;
            let sum = P::kernel(&P::part(u, w), a);
            let expected = w * f64::powi(a - (x - u) * (x - u), power);
            assert!((P::value(&sum, x) - expected).abs() < 1e-12, "power {power}: {sum:?}");
            assert_eq!(sum[P::COUNT], 1.0);
        }
    }

    #[test]
    fn coefficients_are_those_of_the_kernels_power() {
        check::<2, Uniform>(0);
        check::<4, Epanechnikov>(1);
        check::<8, Quartic>(2);
        check::<8, Triweight>(3);
    }
}
