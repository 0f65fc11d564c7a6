//! How often each block had which rank.

use rayon::prelude::*;

use super::arranged::Arranged;
use super::draws::Position;

/// Ranks up to here have bins of their own.
const EXACT: u32 = 128;

/// Bins from each further power of two to the next.
const PARTS: u32 = 32;

/// The bin of a rank, 1 first.
fn bin(rank: u32) -> usize {
    let from_0 = rank - 1;
    if from_0 < EXACT {
        return from_0 as usize;
    }
    let octave = from_0.ilog2();
    let within = (from_0 >> (octave - PARTS.ilog2())) - PARTS;
    (EXACT + (octave - EXACT.ilog2()) * PARTS + within) as usize
}

/// First and last rank of a bin.
fn ranks(bin: usize) -> (u32, u32) {
    let bin = bin as u32;
    if bin < EXACT {
        return (bin + 1, bin + 1);
    }
    let (octave, within) = ((bin - EXACT) / PARTS, (bin - EXACT) % PARTS);
    let shift = octave + EXACT.ilog2() - PARTS.ilog2();
    (((PARTS + within) << shift) + 1, (PARTS + within + 1) << shift)
}

/// One group of blocks with the same parts.
#[derive(Clone, Debug, Default)]
struct Tally {
    top: u64,
    sum: u64,
}

/// Ranks of all draws so far, by groups of blocks that have the same parts.
#[derive(Clone, Debug)]
pub(super) struct Histograms<'a> {
    arranged: &'a Arranged<'a>,
    top_n: u32,
    draws: u64,
    tallies: Vec<Tally>,
    bins: Vec<u32>,
    n_bins: usize,
}

impl<'a> Histograms<'a> {
    pub(super) fn new(arranged: &'a Arranged<'a>, top_n: u32) -> Self {
        let n_blocks = u32::try_from(arranged.blocks().len()).unwrap_or(u32::MAX);
        let n_bins = if n_blocks == 0 { 1 } else { bin(n_blocks) + 1 };
        let n_groups = arranged.groups().len();
        let (tallies, bins) = (vec![Tally::default(); n_groups], vec![0; n_groups * n_bins]);
        Self { arranged, top_n, draws: 0, tallies, bins, n_bins }
    }

    /// Adds draws: each list holds the ranks of all blocks in one draw after the other.
    pub(super) fn add(&mut self, ranked: &[Vec<u32>]) {
        let n = self.arranged.blocks().len();
        self.draws += ranked.iter().map(|ranks| (ranks.len() / n) as u64).sum::<u64>();
        let top_n = self.top_n;
        let groups = self.arranged.groups().par_iter();
        self.tallies.par_iter_mut().zip(self.bins.par_chunks_mut(self.n_bins)).zip(groups).for_each(
            |((tally, bins), group)| {
                for place in group.clone() {
                    for ranks in ranked {
                        for &rank in ranks[place as usize..].iter().step_by(n) {
                            bins[bin(rank)] += 1;
                            tally.sum += u64::from(rank);
                            tally.top += u64::from(rank <= top_n);
                        }
                    }
                }
            },
        );
    }

    /// The position of each group.
    pub(super) fn positions(&self) -> Vec<Position> {
        let n_blocks = self.arranged.blocks().len() as u32;
        let one = |((tally, bins), group): ((&Tally, &[u32]), &std::ops::Range<u32>)| {
            let all = self.draws * u64::from(group.end - group.start);
            // The bin in which so many twentieths of all are reached.
            let reached = |twentieths: u64| {
                let mut sum = 0;
                let found = bins.iter().position(|&times| {
                    sum += u64::from(times);
                    sum * 20 >= all * twentieths
                });
                ranks(found.unwrap_or(0))
            };
            Position {
                p_top_n: tally.top as f64 / all as f64,
                mean: tally.sum as f64 / all as f64,
                lo: reached(1).0,
                hi: reached(19).1.min(n_blocks),
            }
        };
        self.tallies.iter().zip(self.bins.chunks(self.n_bins)).zip(self.arranged.groups()).map(one).collect()
    }

    /// How often each group was in the top.
    pub(super) fn top(&self) -> Vec<u64> {
        self.tallies.iter().map(|tally| tally.top).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rank_lies_in_one_bin_no_wider_than_a_thirty_second_of_it() {
        let mut last = 0;
        for rank in 1..300_000 {
            let at = bin(rank);
            let (from, to) = ranks(at);
            assert!(from <= rank && rank <= to, "{rank}: {from} to {to}");
            assert!(rank > EXACT || from == to);
            assert!((to - from) * PARTS <= from, "{rank}: {from} to {to}");
            assert!(at == last || at == last + 1);
            last = at;
        }
    }
}
