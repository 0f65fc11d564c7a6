//! Draws of all blocks, as keys that sort by rank.

use std::ops::Range;

use super::arranged::Arranged;
use super::tables::{Table, Tables};
use crate::analysis::chance::{WINDOW, Words};

/// Draws that are made together: one window of the random streams.
pub(super) const ROWS: usize = WINDOW;

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
    pub(super) fn rows(&self) -> u32 {
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

    /// The random words of all parts of these blocks, in 64 draws from a multiple of 64 on.
    pub(super) fn fill(
        &self,
        places: impl Iterator<Item = usize>,
        window: u32,
        words: &mut Vec<[u32; ROWS]>,
    ) {
        let lane =
            |place: usize| (0..self.sources(place).len() as u64).map(move |part| (place as u64) << 16 | part);
        let lanes: Vec<u64> = places.flat_map(lane).collect();
        words.resize(lanes.len(), [0; ROWS]);
        self.words.fill(&lanes, window, words);
    }

    /// The coins of 64 draws that turn ties.
    pub(super) fn coins(&self, window: u32) -> [u32; ROWS] {
        let mut coins = [[0; ROWS]];
        self.words.fill(&[COINS], window, &mut coins);
        coins[0]
    }

    /// Keys of draws of all blocks, draw after draw: the least key has the highest rate. The draws lie in one window.
    pub(super) fn keys(&self, draws: Range<u32>) -> Vec<u64> {
        let n = self.len();
        let (window, first) = (draws.start / ROWS as u32, draws.start as usize % ROWS);
        let mut keys = vec![0; draws.len() * n];
        let mut words = Vec::new();
        let coins = self.coins(window);
        for tile in (0..n).step_by(TILE) {
            let many = TILE.min(n - tile);
            let mut values = [[0.0; ROWS]; TILE];
            self.fill(tile..tile + many, window, &mut words);
            let mut words = words.iter();
            for (place, values) in (tile..tile + many).zip(&mut values) {
                for ((table, scale), words) in self.parts(place).zip(&mut words) {
                    table.add(scale, words, values);
                }
            }
            for (row, keys) in (first..).zip(keys.chunks_mut(n)) {
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
