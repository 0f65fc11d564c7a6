//! Chance that can be repeated: one random stream for each seed and lane.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// A stream of random numbers that depends on its seed and lane alone.
///
/// A lane is whatever is drawn for on its own: a permutation, a block. So the number of threads changes nothing, and
/// the numbers are the same on every processor (ChaCha with 8 rounds).
///
/// ```
/// use hotblocks::analysis::chance::Chance;
///
/// let draw = |seed, lane| Chance::new(seed, lane).below(1_000_000);
/// assert_eq!(draw(1, 0), draw(1, 0));
/// assert_ne!(draw(1, 0), draw(1, 1));
/// ```
#[derive(Clone, Debug)]
pub struct Chance(ChaCha8Rng);

impl Chance {
    /// The stream of a lane under a seed.
    #[must_use]
    pub fn new(seed: u64, lane: u64) -> Self {
        let mut stream = ChaCha8Rng::seed_from_u64(seed);
        stream.set_stream(lane);
        Self(stream)
    }

    /// A whole number from 0 up to but without `n`, each equally likely; 0 where `n` is 0.
    ///
    /// Source: Lemire (2019), *ACM Trans. Model. Comput. Simul.* 29(1), nearly divisionless.
    pub fn below(&mut self, n: u32) -> u32 {
        let mut wide = u64::from(self.0.next_u32()) * u64::from(n);
        if (wide as u32) < n {
            let least = n.wrapping_neg() % n;
            while (wide as u32) < least {
                wide = u64::from(self.0.next_u32()) * u64::from(n);
            }
        }
        (wide >> 32) as u32
    }

    /// A number from 0 up to but without 1, a multiple of 2⁻⁵³.
    pub fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Puts the items into an order of chance, all orders equally likely (Fisher and Yates).
    ///
    /// More than 2³² items are out of reach of its numbers; no list of incidents is that long.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(u32::try_from(last + 1).unwrap_or(u32::MAX)) as usize;
            items.swap(last, other);
        }
    }
}

/// So many words of a lane are made together.
pub const WINDOW: usize = 64;

/// Lanes that are made together.
const PAIR: usize = 2;

/// Blocks of the cipher in a window of one lane.
const BLOCKS: usize = 4;

/// The words of every lane under one seed, window by window: for millions of short draws from anywhere.
///
/// The streams are those of [`Chance`], but for the order of the words within a window.
#[derive(Clone, Debug)]
pub struct Words([u32; 8]);

impl Words {
    /// Of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let seed = ChaCha8Rng::seed_from_u64(seed).get_seed();
        let word =
            |k: usize| u32::from_le_bytes([seed[4 * k], seed[4 * k + 1], seed[4 * k + 2], seed[4 * k + 3]]);
        Self(std::array::from_fn(word))
    }

    /// Writes a window of each of these lanes.
    pub fn fill(&self, lanes: &[u64], window: u32, words: &mut [[u32; WINDOW]]) {
        for (lanes, words) in lanes.chunks(PAIR).zip(words.chunks_mut(PAIR)) {
            if let ([one, two], [first, second]) = (lanes, &mut *words) {
                chacha8(&self.0, [*one, *two], window, [first, second]);
            } else if let ([one], [first]) = (lanes, words) {
                chacha8(&self.0, [*one, *one], window, [first, &mut [0; WINDOW]]);
            }
        }
    }
}

/// ChaCha with 8 rounds, a window of two lanes at once, each step over all of their blocks.
///
/// Source: Bernstein (2008), *ChaCha, a variant of Salsa20*.
#[multiversion::multiversion(targets("x86_64+avx512f+avx512bw+avx512vl", "x86_64+avx2", "x86_64+sse2"))]
fn chacha8(key: &[u32; 8], lanes: [u64; PAIR], window: u32, words: [&mut [u32; WINDOW]; PAIR]) {
    const WIDE: usize = PAIR * BLOCKS;
    let mut s = [[0_u32; WIDE]; 16];
    for at in 0..WIDE {
        let constants = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];
        let lane = lanes[at / BLOCKS];
        let block = u64::from(window) * BLOCKS as u64 + (at % BLOCKS) as u64;
        let last = [block as u32, (block >> 32) as u32, lane as u32, (lane >> 32) as u32];
        for (word, value) in s.iter_mut().zip(constants.into_iter().chain(*key).chain(last)) {
            word[at] = value;
        }
    }
    let begin = s;
    // A macro, so that every index is a constant and the state stays in registers.
    macro_rules! step {
        ($x:expr, $y:expr, $turned:expr, $by:expr) => {
            for at in 0..WIDE {
                s[$x][at] = s[$x][at].wrapping_add(s[$y][at]);
                s[$turned][at] = (s[$turned][at] ^ s[$x][at]).rotate_left($by);
            }
        };
    }
    macro_rules! quarter {
        ($a:expr, $b:expr, $c:expr, $d:expr) => {
            step!($a, $b, $d, 16);
            step!($c, $d, $b, 12);
            step!($a, $b, $d, 8);
            step!($c, $d, $b, 7);
        };
    }
    for _ in 0..4 {
        quarter!(0, 4, 8, 12);
        quarter!(1, 5, 9, 13);
        quarter!(2, 6, 10, 14);
        quarter!(3, 7, 11, 15);
        quarter!(0, 5, 10, 15);
        quarter!(1, 6, 11, 12);
        quarter!(2, 7, 8, 13);
        quarter!(3, 4, 9, 14);
    }
    for (lane, words) in words.into_iter().enumerate() {
        for (k, words) in words.chunks_exact_mut(BLOCKS).enumerate() {
            for (at, word) in words.iter_mut().enumerate() {
                let from = lane * BLOCKS + at;
                *word = s[k][from].wrapping_add(begin[k][from]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_same_for_ever() {
        let mut chance = Chance::new(7, 3);
        let drawn: Vec<u32> = (0..6).map(|_| chance.below(1000)).collect();
        assert_eq!(drawn, [525, 181, 522, 92, 719, 979]);
    }

    #[test]
    fn windows_hold_the_words_of_the_stream() {
        for (seed, lane, window) in [(1, 0, 0), (7, 3 << 16 | 4, 5), (9, u64::MAX, 156)] {
            let mut chance = Chance::new(seed, lane);
            let mut stream: Vec<u32> = (0..(window + 1) * WINDOW).map(|_| chance.0.next_u32()).collect();
            let mut found = [[0; WINDOW]; 3];
            Words::new(seed).fill(&[lane, lane ^ 1, lane], window as u32, &mut found);
            assert_eq!(found[0], found[2]);
            assert_ne!(found[0], found[1]);
            stream[window * WINDOW..].sort_unstable();
            found[0].sort_unstable();
            assert_eq!(stream[window * WINDOW..], found[0]);
        }
    }

    #[test]
    fn every_number_below_comes_equally_often() {
        let mut chance = Chance::new(1, 0);
        let mut seen = [0u32; 7];
        for _ in 0..70_000 {
            seen[chance.below(7) as usize] += 1;
        }
        // Six standard deviations of a binomial of 70,000 with 1/7.
        assert!(seen.iter().all(|n| n.abs_diff(10_000) < 560), "{seen:?}");
        assert_eq!(chance.below(0), 0);
    }

    #[test]
    fn every_order_comes_equally_often() {
        let mut seen = std::collections::BTreeMap::new();
        for lane in 0..24_000 {
            let mut items = [0, 1, 2, 3];
            Chance::new(5, lane).shuffle(&mut items);
            *seen.entry(items).or_insert(0u32) += 1;
        }
        assert_eq!(seen.len(), 24);
        assert!(seen.values().all(|n| n.abs_diff(1000) < 190), "{seen:?}");
    }

    #[test]
    fn a_unit_number_is_below_one() {
        let mut chance = Chance::new(1, 1);
        let mean =
            (0..10_000).map(|_| chance.unit()).inspect(|u| assert!((0.0..1.0).contains(u))).sum::<f64>();
        assert!((mean / 10_000.0 - 0.5).abs() < 0.02);
    }
}
