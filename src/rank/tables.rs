//! Gamma quantiles as tables: a draw is a random word, a look-up and a multiplication.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::analysis::chance::WINDOW;
use crate::model::elementary::{exp, ln};

use super::special::{Tail, ln_density, ln_gamma_quantile};

/// Bits of a tail's probability within its octave: 32 knots from each power of two to the next.
const BITS: u32 = 5;

/// Knots of one tail, from 2⁻³³ to a half.
const KNOTS: usize = (32 << BITS) + 1;

/// The upper 12 + [`BITS`] bits of 0.5, the least tail in units of 2⁻³².
const BASE: u64 = 0.5_f64.to_bits() >> (52 - BITS);

/// Knots that are solved for; those between them are interpolated.
const SOLVED: usize = 8;

/// So many shapes have a table of their own; with more of them, shapes are rounded.
const MOST: usize = 4096;

/// e^(1/256) is the step of the rounded shapes.
const STEPS: f64 = 256.0;

/// Quantiles of Gamma(shape, 1) for every 32-bit word.
///
/// A word w stands for the probability (w + ½) / 2³². Each tail is cut into octaves of its probability and each octave into
/// 32 equal parts, so that the tails are as fine as the middle; the knots of every fourth of an octave are solved for, those
/// between come from cubics through ln q over ln p with the true slopes, and words between knots from a line.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// Lower tail from its end to the middle, then the upper tail from its end to the middle.
    knots: Box<[f64; 2 * KNOTS]>,
}

impl Table {
    pub(crate) fn new(shape: f64) -> Self {
        let mut knots = Box::new([0.0; 2 * KNOTS]);
        let (lower, upper) = knots.split_at_mut(KNOTS);
        fill(lower, shape, Tail::Lower);
        fill(upper, shape, Tail::Upper);
        Self { knots }
    }

    /// The quantile of a word; never falls where the word rises.
    #[inline]
    pub(crate) fn at(&self, word: u32) -> f64 {
        look_up(&self.knots, word)
    }

    /// Adds `scale` times the quantile of each word. Each sum is the same as one by one: no digit depends on the processor.
    pub(crate) fn add(&self, scale: f64, words: &[u32; WINDOW], sums: &mut [f64; WINDOW]) {
        add_all(&self.knots, scale, words, sums);
    }
}

#[inline(always)]
fn look_up(knots: &[f64; 2 * KNOTS], word: u32) -> f64 {
    // All ones in the upper half.
    let upper = word as i32 >> 31;
    let tail = f64::from(word as i32 ^ upper) + 0.5;
    let bits = tail.to_bits();
    let index = ((bits >> (52 - BITS)) - BASE) as i32 - upper * KNOTS as i32;
    // Never beyond; the compiler is told so.
    let index = (index as usize).min(2 * KNOTS - 2);
    let part = f64::from_bits((bits << BITS) & ((1 << 52) - 1) | 1.0_f64.to_bits()) - 1.0;
    let (from, to) = (knots[index], knots[index + 1]);
    from + part * (to - from)
}

#[multiversion::multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512vl+avx512dq",
    "x86_64+avx2",
    "x86_64+sse2"
))]
fn add_all(knots: &[f64; 2 * KNOTS], scale: f64, words: &[u32; WINDOW], sums: &mut [f64; WINDOW]) {
    for (sum, &word) in sums.iter_mut().zip(words) {
        *sum += scale * look_up(knots, word);
    }
}

/// The tail's probability at a knot, in units of 2⁻³².
fn tail_at(knot: usize) -> f64 {
    f64::from_bits((knot as u64 + BASE) << (52 - BITS))
}

fn fill(knots: &mut [f64], shape: f64, side: Tail) {
    // ln p, ln q and the slope of ln q over ln p.
    let solve = |knot: usize| {
        let tail = tail_at(knot) / 4_294_967_296.0;
        // The bounds leave numbers where a shape is beyond all use.
        let (s, u) = (ln(tail), ln_gamma_quantile(shape, tail, side).clamp(-1e290, 700.0));
        let slope = exp(s - ln_density(shape, u)).min(1e290);
        (s, u, if side == Tail::Lower { slope } else { -slope })
    };
    let mut left = solve(0);
    knots[0] = exp(left.1);
    for start in (0..KNOTS - 1).step_by(SOLVED) {
        let right = solve(start + SOLVED);
        let width = right.0 - left.0;
        for (at, knot) in (start + 1..).zip(&mut knots[start + 1..start + SOLVED]) {
            let x = (ln(tail_at(at) / 4_294_967_296.0) - left.0) / width;
            let (one, two) = (x * x * (3.0 - 2.0 * x), x * (1.0 - x));
            let bend = two * ((1.0 - x) * left.2 - x * right.2) * width;
            *knot = exp(left.1 + one * (right.1 - left.1) + bend);
        }
        knots[start + SOLVED] = exp(right.1);
        left = right;
    }
}

/// The tables of all shapes that occur.
#[derive(Clone, Debug)]
pub(crate) struct Tables {
    tables: Vec<Table>,
    of: BTreeMap<u64, u32>,
    rounded: bool,
}

impl Tables {
    /// Of shapes above 0, in any order and with repetitions.
    pub(crate) fn new(shapes: impl Iterator<Item = f64>) -> Self {
        let mut all: Vec<u64> = shapes.map(f64::to_bits).collect();
        all.sort_unstable();
        all.dedup();
        let rounded = all.len() > MOST;
        if rounded {
            for bits in &mut all {
                *bits = round(f64::from_bits(*bits)).to_bits();
            }
            all.dedup();
        }
        let tables = all.par_iter().map(|&bits| Table::new(f64::from_bits(bits))).collect();
        Self { tables, of: all.into_iter().zip(0..).collect(), rounded }
    }

    /// The number of a shape's table, and the shape that it is for.
    pub(crate) fn of(&self, shape: f64) -> (u32, f64) {
        let shape = if self.rounded { round(shape) } else { shape };
        (self.of.get(&shape.to_bits()).copied().unwrap_or(0), shape)
    }

    pub(crate) fn table(&self, number: u32) -> &Table {
        &self.tables[number as usize]
    }
}

/// The nearest shape of the grid.
fn round(shape: f64) -> f64 {
    exp((ln(shape) * STEPS).round() / STEPS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_near_the_quantile_everywhere_and_never_falls() {
        for shape in [1e-3, 0.02, 0.3, 1.0, 2.5, 40.0, 3_000.0, 1e9, 1e15] {
            let table = Table::new(shape);
            let mut before = 0.0;
            let mut worst = 0.0_f64;
            for k in 0..32_768u32 {
                // Words near both ends and all over.
                let word = match k % 3 {
                    0 => k * k,
                    1 => u32::MAX - k * k,
                    _ => k.wrapping_mul(131_071),
                };
                let (tail, side) = if word >> 31 == 0 {
                    ((f64::from(word) + 0.5) / 4_294_967_296.0, Tail::Lower)
                } else {
                    ((f64::from(!word) + 0.5) / 4_294_967_296.0, Tail::Upper)
                };
                if k % 50 < 3 {
                    let exact = exp(ln_gamma_quantile(shape, tail, side));
                    let off = (table.at(word) - exact).abs();
                    worst = worst.max(off / shape.sqrt());
                }
                let word = k << 17;
                assert!(table.at(word) >= before, "{shape}: falls at {word}");
                before = table.at(word);
            }
            assert!(table.at(u32::MAX).is_finite() && table.at(0) >= 0.0);
            assert!(
                worst < if shape < 0.1 { 3e-3 } else { 5e-4 },
                "{shape:e}: {worst:e} of a standard deviation"
            );
        }
    }

    #[test]
    fn mean_and_variance_of_a_table_are_those_of_the_distribution() {
        for shape in [0.05_f64, 0.4, 1.3, 20.0, 900.0] {
            let table = Table::new(shape);
            let n = 1 << 20;
            let all = (0..n).map(|k: u32| table.at((k << 12) + 2048));
            let (sum, square) = all.fold((0.0, 0.0), |(sum, square), x| (sum + x, square + x * x));
            let mean = sum / f64::from(n);
            let variance = square / f64::from(n) - mean * mean;
            assert!((mean / shape - 1.0).abs() < 2e-4, "{shape}: mean {mean}");
            assert!((variance / shape - 1.0).abs() < 1e-3, "{shape}: variance {variance}");
        }
    }

    #[test]
    fn sums_of_many_words_are_those_of_each_word_to_the_bit() {
        let table = Table::new(0.37);
        let words: [u32; WINDOW] = std::array::from_fn(|k| (k as u32 + 1).wrapping_mul(2_654_435_769));
        let mut sums = [0.7; WINDOW];
        table.add(1.3, &words, &mut sums);
        assert!(
            words
                .iter()
                .zip(sums)
                .all(|(&word, sum)| (0.7 + 1.3 * table.at(word)).to_bits() == sum.to_bits())
        );
    }

    #[test]
    fn many_shapes_are_rounded_to_few_tables_and_each_is_found() {
        let shapes: Vec<f64> = (1..20_000).map(|k| f64::from(k) * 0.001 + 0.05).collect();
        let tables = Tables::new(shapes.iter().copied());
        assert!(tables.tables.len() < 1800, "{}", tables.tables.len());
        for &shape in &shapes {
            let (number, rounded) = tables.of(shape);
            assert!((rounded / shape).ln().abs() < 0.51 / STEPS);
            assert_eq!(tables.of.get(&rounded.to_bits()), Some(&number));
        }
        let few = Tables::new([0.5, 1.5, 0.5].into_iter());
        assert_eq!((few.tables.len(), few.of(1.5)), (2, (1, 1.5)));
    }
}
