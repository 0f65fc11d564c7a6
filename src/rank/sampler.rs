//! Draws of all blocks, as keys that sort by rank.

use super::arranged::Arranged;
use super::tables::{Table, Tables};
use crate::analysis::chance::Words;

/// Draws that are made together: one refill of the random stream.
pub(super) const ROWS: usize = 64;

/// Blocks whose draws are written together: one line of the cache.
const TILE: usize = 8;

/// The lane of the coins; no block has it.
const COINS: u64 = u64::MAX;

/// What a draw of one part needs.
#[derive(Clone, Copy, Debug)]
struct Source {
    table: u32,
    /// Weight over rate.
    scale: f64,
}

/// Draws from the posteriors of arranged blocks.
#[derive(Debug)]
pub(super) struct Sampler<'a> {
    arranged: &'a Arranged<'a>,
    words: Words,
    tables: Tables,
    sources: Vec<Source>,
    /// Where the sources of each block begin, and the end.
    starts: Vec<u32>,
    /// Bits of a key that hold the block.
    width: u32,
}

impl<'a> Sampler<'a> {
    pub(super) fn new(arranged: &'a Arranged<'a>, seed: u64) -> Self {
        let parts = || arranged.blocks().iter().flat_map(|block| block.iter());
        let tables = Tables::new(parts().map(|part| part.posterior.shape));
        let mut last = (f64::NAN, (0, 0.0));
        let mut found = |shape: f64| {
            if last.0 != shape {
                last = (shape, tables.of(shape));
            }
            last.1
        };
        let sources = parts()
            .map(|part| {
                let (table, rounded) = found(part.posterior.shape);
                // The mean is kept where the shape is rounded.
                let scale = part.weight / part.posterior.rate * (part.posterior.shape / rounded);
                Source { table, scale: scale.min(1e290) }
            })
            .collect();
        let mut starts = vec![0];
        for block in arranged.blocks() {
            starts.push(starts[starts.len() - 1] + u32::try_from(block.len()).unwrap_or(u32::MAX));
        }
        let width = (usize::BITS - arranged.blocks().len().saturating_sub(1).leading_zeros()).max(1);
        Self { arranged, words: Words::new(seed), tables, sources, starts, width }
    }

    pub(super) fn arranged(&self) -> &'a Arranged<'a> {
        self.arranged
    }

    /// How many blocks.
    pub(super) fn len(&self) -> usize {
        self.arranged.blocks().len()
    }

    /// How many draws of all blocks are held at once: some tens of megabytes.
    pub(super) fn rows(&self) -> usize {
        let most = ((1 << 22) / self.len().max(1)).clamp(1, ROWS);
        1 << most.ilog2()
    }

    fn sources(&self, place: usize) -> &[Source] {
        &self.sources[self.starts[place] as usize..self.starts[place + 1] as usize]
    }

    /// Table and scale of each part of a block.
    pub(super) fn parts(&self, place: usize) -> impl Iterator<Item = (&Table, f64)> {
        self.sources(place).iter().map(|source| (self.tables.table(source.table), source.scale))
    }

    /// The random words of one part of a block, from the draw `first` on.
    pub(super) fn fill(&self, place: usize, part: usize, first: u32, words: &mut [u32]) {
        self.words.fill((place as u64) << 16 | part as u64, u64::from(first), words);
    }

    /// The coins of draws that turn ties.
    pub(super) fn coins(&self, first: u32, coins: &mut [u32]) {
        self.words.fill(COINS, u64::from(first), coins);
    }

    /// Keys of `rows` draws of all blocks, draw after draw: the least key has the highest rate.
    pub(super) fn keys(&self, first: u32, rows: usize) -> Vec<u64> {
        let n = self.len();
        let mut keys = vec![0; rows * n];
        let (mut words, mut coins) = ([0; ROWS], [0; ROWS]);
        self.coins(first, &mut coins[..rows]);
        for tile in (0..n).step_by(TILE) {
            let many = TILE.min(n - tile);
            let mut values = [[0.0; ROWS]; TILE];
            for (place, values) in (tile..tile + many).zip(&mut values) {
                for (part, (table, scale)) in self.parts(place).enumerate() {
                    self.fill(place, part, first, &mut words[..rows]);
                    for (value, &word) in values.iter_mut().zip(&words[..rows]) {
                        *value += scale * table.at(word);
                    }
                }
            }
            for (row, keys) in keys.chunks_mut(n).enumerate() {
                for (at, key) in keys[tile..tile + many].iter_mut().enumerate() {
                    *key = self.key(values[at][row], tile + at, coins[row]);
                }
            }
        }
        keys
    }

    /// The key of a value that is 0 or more: what it lacks to the largest number, but for its last bits, then the block, turned
    /// by the draw's coin so that each of two equal values comes first as often.
    #[inline]
    pub(super) fn key(&self, value: f64, place: usize, coin: u32) -> u64 {
        let lacks = (i64::MAX as u64) - value.to_bits();
        let block = (place as u64 ^ u64::from(coin)) & ((1 << self.width) - 1);
        (lacks >> (self.width - 1)) << self.width | block
    }

    /// The block of a key.
    #[inline]
    pub(super) fn block_of(&self, key: u64, coin: u32) -> usize {
        ((key ^ u64::from(coin)) & ((1 << self.width) - 1)) as usize
    }

    /// The least value that the block of a key may have.
    pub(super) fn value_of(&self, key: u64) -> f64 {
        let lacks = (key >> self.width) << (self.width - 1) | ((1 << (self.width - 1)) - 1);
        f64::from_bits((i64::MAX as u64) - lacks)
    }
}
