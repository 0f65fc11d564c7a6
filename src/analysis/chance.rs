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

/// The words of every lane under one seed, from any place on: for draws that are made in parts.
///
/// ```
/// use hotblocks::analysis::chance::Words;
///
/// let (mut all, mut part) = ([0; 96], [0; 32]);
/// Words::new(1).fill(7, 0, &mut all);
/// Words::new(1).fill(7, 64, &mut part);
/// assert_eq!(all[64..], part);
/// ```
#[derive(Clone, Debug)]
pub struct Words(ChaCha8Rng);

impl Words {
    /// Of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// Writes the words of a lane from the word number `first` on.
    pub fn fill(&self, lane: u64, first: u64, words: &mut [u32]) {
        // A stream that has given words would be made twice when it is turned to another lane; a fresh one is not.
        let mut stream = self.0.clone();
        stream.set_stream(lane);
        stream.set_word_pos(u128::from(first));
        for word in words {
            *word = stream.next_u32();
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
