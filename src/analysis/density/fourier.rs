//! Complex Fourier transforms in single precision of sixteen lines at once, one in each lane of a vector.
//!
//! Nothing is put in order: the forward transform leaves frequencies where its last step has them, and the backward one
//! begins there. None of the versions fuses a product with a sum, so that all processors give the same bytes.

use std::f64::consts::PI;

use multiversion::multiversion;

/// Lines that are transformed together.
pub(super) const LANES: usize = 16;

/// One point of each line.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Point {
    pub(super) re: [f32; LANES],
    pub(super) im: [f32; LANES],
}

impl Point {
    pub(super) const ZERO: Self = Self { re: [0.0; LANES], im: [0.0; LANES] };
}

/// The steps of a transform.
pub(super) struct Plan {
    len: usize,
    steps: Vec<Step>,
}

/// Splits blocks of a transform into as many smaller ones as its radix says.
struct Step {
    radix: usize,
    /// Points of a block.
    block: usize,
    /// For each point of a smaller block exp(−2πi jq / block), q from 1 to the radix − 1: real and imaginary part.
    twiddles: Vec<f32>,
}

impl Plan {
    /// For a length of [`fast`].
    pub(super) fn new(len: usize) -> Self {
        let (mut steps, mut block) = (Vec::new(), len);
        for radix in [4, 2, 3] {
            while block.is_multiple_of(radix) {
                steps.push(Step::new(radix, block));
                block /= radix;
            }
        }
        Self { len, steps }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The frequency at each position after the forward transform.
    pub(super) fn frequencies(&self) -> Vec<usize> {
        let (mut found, mut times) = (vec![0], 1);
        // Positions are told by the steps from the coarsest on, frequencies count the first step's as ones.
        for step in &self.steps {
            found = found.iter().flat_map(|f| (0..step.radix).map(move |q| f + q * times)).collect();
            times *= step.radix;
        }
        found
    }

    /// Transforms the points of [`LANES`] lines: X(f) = Σ x(t) exp(−2πi ft / len).
    pub(super) fn forward(&self, points: &mut [Point]) {
        forward(&self.steps, points);
    }

    /// The way back, times the length.
    pub(super) fn backward(&self, points: &mut [Point]) {
        backward(&self.steps, points);
    }
}

impl Step {
    fn new(radix: usize, block: usize) -> Self {
        let turn = |jq: usize| {
            let (sin, cos) = (2.0 * PI * (jq % block) as f64 / block as f64).sin_cos();
            [cos as f32, -sin as f32]
        };
        let twiddles = (0..block / radix).flat_map(|j| (1..radix).flat_map(move |q| turn(j * q))).collect();
        Self { radix, block, twiddles }
    }
}

/// The smallest length from n on that is 16 · 2ᵃ 3ᵇ.
pub(super) fn fast(n: usize) -> usize {
    let smooth = |mut n: usize| {
        for p in [2, 3] {
            while n.is_multiple_of(p) {
                n /= p;
            }
        }
        n == 1
    };
    let n = n.max(1).next_multiple_of(LANES);
    (n..).step_by(LANES).find(|&n| smooth(n)).unwrap_or(n)
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2", "x86_64+avx+avx2"))]
fn forward(steps: &[Step], points: &mut [Point]) {
    forward_any(steps, points);
}

#[inline(always)]
fn forward_any(steps: &[Step], points: &mut [Point]) {
    let Some((first, rest)) = steps.split_first() else { return };
    go::<false>(first, points);
    // The parts of the first step one after the other: each stays in the nearest cache.
    for part in points.chunks_exact_mut(first.block / first.radix) {
        for step in rest {
            part.chunks_exact_mut(step.block).for_each(|block| go::<false>(step, block));
        }
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2", "x86_64+avx+avx2"))]
fn backward(steps: &[Step], points: &mut [Point]) {
    backward_any(steps, points);
}

#[inline(always)]
fn backward_any(steps: &[Step], points: &mut [Point]) {
    let Some((first, rest)) = steps.split_first() else { return };
    for part in points.chunks_exact_mut(first.block / first.radix) {
        for step in rest.iter().rev() {
            part.chunks_exact_mut(step.block).for_each(|block| go::<true>(step, block));
        }
    }
    go::<true>(first, points);
}

/// Splits a block into smaller ones, or joins those to it on the way back.
#[inline(always)]
fn go<const BACK: bool>(step: &Step, block: &mut [Point]) {
    let part = block.len() / step.radix;
    let (a, rest) = block.split_at_mut(part);
    match step.radix {
        4 => {
            let (b, rest) = rest.split_at_mut(part);
            let (c, d) = rest.split_at_mut(part);
            let points = a.iter_mut().zip(b).zip(c).zip(d);
            for ((((a, b), c), d), w) in points.zip(step.twiddles.as_chunks().0) {
                if BACK { join_4(a, b, c, d, w) } else { split_4(a, b, c, d, w) }
            }
        }
        3 => {
            let (b, c) = rest.split_at_mut(part);
            for (((a, b), c), w) in a.iter_mut().zip(b).zip(c).zip(step.twiddles.as_chunks().0) {
                if BACK { join_3(a, b, c, w) } else { split_3(a, b, c, w) }
            }
        }
        _ => {
            for ((a, b), w) in a.iter_mut().zip(rest).zip(step.twiddles.as_chunks().0) {
                if BACK { join_2(a, b, w) } else { split_2(a, b, w) }
            }
        }
    }
}

#[inline(always)]
fn split_4(a: &mut Point, b: &mut Point, c: &mut Point, d: &mut Point, w: &[f32; 6]) {
    let &[re_1, im_1, re_2, im_2, re_3, im_3] = w;
    for i in 0..LANES {
        let (sum_re, sum_im) = (a.re[i] + c.re[i], a.im[i] + c.im[i]);
        let (gap_re, gap_im) = (a.re[i] - c.re[i], a.im[i] - c.im[i]);
        let (more_re, more_im) = (b.re[i] + d.re[i], b.im[i] + d.im[i]);
        let (less_re, less_im) = (b.re[i] - d.re[i], b.im[i] - d.im[i]);
        (a.re[i], a.im[i]) = (sum_re + more_re, sum_im + more_im);
        let (re, im) = (gap_re + less_im, gap_im - less_re);
        (b.re[i], b.im[i]) = (re * re_1 - im * im_1, re * im_1 + im * re_1);
        let (re, im) = (sum_re - more_re, sum_im - more_im);
        (c.re[i], c.im[i]) = (re * re_2 - im * im_2, re * im_2 + im * re_2);
        let (re, im) = (gap_re - less_im, gap_im + less_re);
        (d.re[i], d.im[i]) = (re * re_3 - im * im_3, re * im_3 + im * re_3);
    }
}

#[inline(always)]
fn join_4(a: &mut Point, b: &mut Point, c: &mut Point, d: &mut Point, w: &[f32; 6]) {
    let &[re_1, im_1, re_2, im_2, re_3, im_3] = w;
    for i in 0..LANES {
        let (b_re, b_im) = (b.re[i] * re_1 + b.im[i] * im_1, b.im[i] * re_1 - b.re[i] * im_1);
        let (c_re, c_im) = (c.re[i] * re_2 + c.im[i] * im_2, c.im[i] * re_2 - c.re[i] * im_2);
        let (d_re, d_im) = (d.re[i] * re_3 + d.im[i] * im_3, d.im[i] * re_3 - d.re[i] * im_3);
        let (sum_re, sum_im) = (a.re[i] + c_re, a.im[i] + c_im);
        let (gap_re, gap_im) = (a.re[i] - c_re, a.im[i] - c_im);
        let (more_re, more_im) = (b_re + d_re, b_im + d_im);
        let (less_re, less_im) = (b_re - d_re, b_im - d_im);
        (a.re[i], a.im[i]) = (sum_re + more_re, sum_im + more_im);
        (b.re[i], b.im[i]) = (gap_re - less_im, gap_im + less_re);
        (c.re[i], c.im[i]) = (sum_re - more_re, sum_im - more_im);
        (d.re[i], d.im[i]) = (gap_re + less_im, gap_im - less_re);
    }
}

/// √3 / 2.
const HIGH: f32 = 0.866_025_4;

#[inline(always)]
fn split_3(a: &mut Point, b: &mut Point, c: &mut Point, w: &[f32; 4]) {
    let &[re_1, im_1, re_2, im_2] = w;
    for i in 0..LANES {
        let (sum_re, sum_im) = (b.re[i] + c.re[i], b.im[i] + c.im[i]);
        let (gap_re, gap_im) = ((b.re[i] - c.re[i]) * HIGH, (b.im[i] - c.im[i]) * HIGH);
        let (mid_re, mid_im) = (a.re[i] - 0.5 * sum_re, a.im[i] - 0.5 * sum_im);
        (a.re[i], a.im[i]) = (a.re[i] + sum_re, a.im[i] + sum_im);
        let (re, im) = (mid_re + gap_im, mid_im - gap_re);
        (b.re[i], b.im[i]) = (re * re_1 - im * im_1, re * im_1 + im * re_1);
        let (re, im) = (mid_re - gap_im, mid_im + gap_re);
        (c.re[i], c.im[i]) = (re * re_2 - im * im_2, re * im_2 + im * re_2);
    }
}

#[inline(always)]
fn join_3(a: &mut Point, b: &mut Point, c: &mut Point, w: &[f32; 4]) {
    let &[re_1, im_1, re_2, im_2] = w;
    for i in 0..LANES {
        let (b_re, b_im) = (b.re[i] * re_1 + b.im[i] * im_1, b.im[i] * re_1 - b.re[i] * im_1);
        let (c_re, c_im) = (c.re[i] * re_2 + c.im[i] * im_2, c.im[i] * re_2 - c.re[i] * im_2);
        let (sum_re, sum_im) = (b_re + c_re, b_im + c_im);
        let (gap_re, gap_im) = ((b_re - c_re) * HIGH, (b_im - c_im) * HIGH);
        let (mid_re, mid_im) = (a.re[i] - 0.5 * sum_re, a.im[i] - 0.5 * sum_im);
        (a.re[i], a.im[i]) = (a.re[i] + sum_re, a.im[i] + sum_im);
        (b.re[i], b.im[i]) = (mid_re - gap_im, mid_im + gap_re);
        (c.re[i], c.im[i]) = (mid_re + gap_im, mid_im - gap_re);
    }
}

#[inline(always)]
fn split_2(a: &mut Point, b: &mut Point, w: &[f32; 2]) {
    let &[w_re, w_im] = w;
    for i in 0..LANES {
        let (re, im) = (a.re[i] - b.re[i], a.im[i] - b.im[i]);
        (a.re[i], a.im[i]) = (a.re[i] + b.re[i], a.im[i] + b.im[i]);
        (b.re[i], b.im[i]) = (re * w_re - im * w_im, re * w_im + im * w_re);
    }
}

#[inline(always)]
fn join_2(a: &mut Point, b: &mut Point, w: &[f32; 2]) {
    let &[w_re, w_im] = w;
    for i in 0..LANES {
        let (re, im) = (b.re[i] * w_re + b.im[i] * w_im, b.im[i] * w_re - b.re[i] * w_im);
        (b.re[i], b.im[i]) = (a.re[i] - re, a.im[i] - im);
        (a.re[i], a.im[i]) = (a.re[i] + re, a.im[i] + im);
    }
}

/// Multiplies the points of each line with the factor that each position has.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2", "x86_64+avx+avx2"))]
pub(super) fn multiply(points: &mut [Point], positions: &[u32], factors: &[[f32; LANES]]) {
    for (point, &at) in points.iter_mut().zip(positions) {
        let factor = &factors[at as usize];
        point.re.iter_mut().zip(factor).for_each(|(re, factor)| *re *= factor);
        point.im.iter_mut().zip(factor).for_each(|(im, factor)| *im *= factor);
    }
}

/// Turns a square of points: lanes become points and points lanes.
#[inline(always)]
pub(super) fn turn(from: &[Point; LANES], to: &mut [Point; LANES]) {
    for (i, to) in to.iter_mut().enumerate() {
        for (j, from) in from.iter().enumerate() {
            to.re[j] = from.re[i];
        }
        for (j, from) in from.iter().enumerate() {
            to.im[j] = from.im[i];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines whose points are unlike each other.
    fn lines(len: usize) -> Vec<Point> {
        let at = |t: usize, lane: usize, k: usize| (t * 37 + lane * 11 + k * 5) % 23;
        let point = |t| Point {
            re: std::array::from_fn(|lane| at(t, lane, 1) as f32 - 9.0),
            im: std::array::from_fn(|lane| at(t, lane, 2) as f32 - 13.0),
        };
        (0..len).map(point).collect()
    }

    #[test]
    fn a_transform_is_the_sum_of_its_definition_and_the_way_back_is_the_length_times_the_lines() {
        // With every radix first and last, none twice and all.
        for len in [16, 32, 48, 96, 144, 192, 288] {
            let (plan, lines) = (Plan::new(len), lines(len));
            let mut points = lines.clone();
            plan.forward(&mut points);
            for (point, f) in points.iter().zip(plan.frequencies()) {
                for lane in [0, 7, 15] {
                    let (mut re, mut im) = (0.0, 0.0);
                    for (t, x) in lines.iter().enumerate() {
                        let (sin, cos) = (-2.0 * PI * (f * t % len) as f64 / len as f64).sin_cos();
                        let (x_re, x_im) = (f64::from(x.re[lane]), f64::from(x.im[lane]));
                        re += x_re * cos - x_im * sin;
                        im += x_re * sin + x_im * cos;
                    }
                    let off = (f64::from(point.re[lane]) - re).hypot(f64::from(point.im[lane]) - im);
                    assert!(off < 1e-5 * 13.0 * len as f64, "{len}, {f}: {point:?} is not {re}, {im}");
                }
            }
            plan.backward(&mut points);
            for (back, x) in points.iter().zip(&lines) {
                for lane in 0..LANES {
                    let off = |back: f32, x: f32| (back / len as f32 - x).abs();
                    assert!(
                        off(back.re[lane], x.re[lane]).max(off(back.im[lane], x.im[lane])) < 1e-4,
                        "{len}"
                    );
                }
            }
        }
    }

    #[test]
    fn every_version_of_the_steps_gives_the_same_bytes() {
        let (plan, lines) = (Plan::new(288), lines(288));
        let bits = |points: &[Point]| -> Vec<u32> {
            points.iter().flat_map(|point| point.re.iter().chain(&point.im).map(|x| x.to_bits())).collect()
        };
        let (mut ours, mut plain) = (lines.clone(), lines);
        plan.forward(&mut ours);
        forward_any(&plan.steps, &mut plain);
        assert_eq!(bits(&ours), bits(&plain));
        plan.backward(&mut ours);
        backward_any(&plan.steps, &mut plain);
        assert_eq!(bits(&ours), bits(&plain));
    }

    #[test]
    fn lengths_have_no_prime_factor_above_3_and_are_whole_vectors() {
        assert_eq!([0, 1, 17, 33, 576, 577, 1089].map(fast), [16, 16, 32, 48, 576, 768, 1152]);
    }

    #[test]
    fn a_turned_square_has_lanes_for_points() {
        let from: [Point; LANES] = lines(LANES).try_into().expect("a square");
        let mut to = [Point::ZERO; LANES];
        turn(&from, &mut to);
        for (i, to) in to.iter().enumerate() {
            for (j, from) in from.iter().enumerate() {
                assert_eq!((to.re[j], to.im[j]), (from.re[i], from.im[i]));
            }
        }
    }
}
