//! The same draws without those that cannot matter: who is in the top, by looking only at blocks that may reach it.
//!
//! A tenth of the draws, at least a thousand, is made plainly. They give each block's expected rank and interval, and a bar:
//! the lowest value that the last place of the top had in any of them. In a further draw a block matters only if it is above the
//! bar. Since each part rises with its random word, a block whose words are all at or below one at which its parts together
//! come to the bar is below it: so most blocks are passed over at the price of their words, without a look-up. What is above
//! the bar is drawn from the same words as plainly, and the top is selected, not sorted. A draw whose top does not lie above
//! the bar is made plainly. Blocks for which the chance of mattering in a draw adds up to less than [`NEGLIGIBLE`] have not even
//! their words made: only by them can P(top N) differ from the plain one, by that much at most in expectation.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::draws::{DrawParams, Position, plain};
use super::sampler::{ROWS, Sampler};
use crate::progress::steps;

/// How many passed-over blocks may be expected above the bar in a draw.
pub const NEGLIGIBLE: f64 = 0.001;

/// Fewest plain draws.
const PILOT: u32 = 1_000;

/// Blocks whose words are made together.
const TILE: usize = 16;

/// A block that may matter: in a draw where one of its words is above `word`, or always.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    place: usize,
    word: Option<u32>,
}

/// The position of each group.
pub(super) fn positions(sampler: &Sampler, params: &DrawParams) -> Vec<Position> {
    let pilot = (params.draws / 10).max(PILOT).min(params.draws);
    let bar = AtomicU64::new(f64::MAX.to_bits());
    // Positive numbers are in the order of their bits.
    let first = plain(sampler, params, pilot, |value| {
        bar.fetch_min(value.to_bits(), Ordering::Relaxed);
    });
    let mut found = first.positions();
    if pilot == params.draws || sampler.len() <= params.top_n as usize {
        return found;
    }
    let bar = f64::from_bits(bar.into_inner());
    let candidates = candidates(sampler, bar);
    // Up to the end of each window of 64 draws.
    let rows = ROWS as u32;
    let windows: Vec<u32> = (pilot / rows..params.draws.div_ceil(rows)).collect();
    let done = steps(windows.len());
    let tops: Vec<Vec<u32>> = windows
        .par_iter()
        .map(|&window| {
            done.done(1);
            let draws = pilot.max(window * rows)..params.draws.min((window + 1) * rows);
            tops(sampler, &candidates, bar, params.top_n as usize, draws)
        })
        .collect();
    let groups = sampler.arranged().groups();
    let mut top = first.top();
    let mut of_place = vec![0; sampler.len()];
    for (at, group) in groups.iter().enumerate() {
        of_place[group.start as usize..group.end as usize].fill(at);
    }
    for &place in tops.iter().flatten() {
        top[of_place[place as usize]] += 1;
    }
    for ((position, top), group) in found.iter_mut().zip(top).zip(groups) {
        position.p_top_n = top as f64 / (u64::from(params.draws) * u64::from(group.end - group.start)) as f64;
    }
    found
}

/// Blocks that may lie above the bar, in their order.
fn candidates(sampler: &Sampler, bar: f64) -> Vec<Candidate> {
    let together = |place: usize, word: u32| {
        sampler.parts(place).fold(0.0, |sum, (table, scale)| sum + scale * table.at(word))
    };
    // The last word at which all parts together are not above the bar.
    let last_below = |place: usize| {
        if together(place, 0) > bar {
            return None;
        }
        let (mut below, mut above) = (0, u64::from(u32::MAX) + 1);
        while above - below > 1 {
            let middle = (below + above) / 2;
            if together(place, middle as u32) > bar { above = middle } else { below = middle }
        }
        Some(below as u32)
    };
    let groups = sampler.arranged().groups();
    let words: Vec<Option<u32>> = groups.par_iter().map(|group| last_below(group.start as usize)).collect();
    let chance = |at: usize| {
        let group = &groups[at];
        let parts = sampler.parts(group.start as usize).count() as f64;
        let one = words[at].map_or(1.0, |word| parts * f64::from(u32::MAX - word) / 4_294_967_296.0);
        f64::from(group.end - group.start) * one
    };
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.sort_by(|&a, &b| chance(a).total_cmp(&chance(b)).then(a.cmp(&b)));
    let mut sum = 0.0;
    order.retain(|&at| {
        sum += chance(at);
        sum > NEGLIGIBLE
    });
    order.sort_unstable();
    let of_group = |at: usize| {
        let word = words[at];
        groups[at].clone().map(move |place| Candidate { place: place as usize, word })
    };
    order.into_iter().flat_map(of_group).collect()
}

/// The blocks in the top of each of these draws, which lie in one window.
fn tops(sampler: &Sampler, candidates: &[Candidate], bar: f64, top_n: usize, draws: Range<u32>) -> Vec<u32> {
    let window = draws.start / ROWS as u32;
    let rows = draws.start as usize % ROWS..(draws.end as usize - 1) % ROWS + 1;
    let coins = sampler.coins(window);
    let mut above: Vec<Vec<u64>> = (0..ROWS).map(|_| Vec::new()).collect();
    let mut words = Vec::new();
    for tile in candidates.chunks(TILE) {
        sampler.fill(tile.iter().map(|candidate| candidate.place), window, &mut words);
        let mut words = words.as_slice();
        for &Candidate { place, word } in tile {
            let (own, rest) = words.split_at(sampler.parts(place).count());
            words = rest;
            let mut highest = [0; ROWS];
            for words in own {
                for (highest, &word) in highest.iter_mut().zip(words) {
                    *highest = word.max(*highest);
                }
            }
            // Most blocks are below the bar in all draws of the window.
            let most = highest.iter().fold(0, |most, &word| word.max(most));
            if word.is_some_and(|word| most <= word) {
                continue;
            }
            let draw = |row: usize| {
                let parts = sampler.parts(place).zip(own);
                parts.fold(0.0, |sum, ((table, scale), words)| sum + scale * table.at(words[row]))
            };
            for row in rows.clone() {
                if word.is_none_or(|word| highest[row] > word) {
                    let value = draw(row);
                    if value > bar {
                        above[row].push(sampler.key(value, place, coins[row]));
                    }
                }
            }
        }
    }
    let mut found = Vec::with_capacity(rows.len() * top_n);
    for (draw, row) in draws.zip(rows) {
        let mut keys = std::mem::take(&mut above[row]);
        let enough = keys.len() >= top_n && {
            let last = *keys.select_nth_unstable(top_n - 1).1;
            sampler.value_of(last) > bar
        };
        if !enough {
            keys = sampler.keys(draw..draw + 1);
            keys.select_nth_unstable(top_n - 1);
        }
        found.extend(keys[..top_n].iter().map(|&key| sampler.block_of(key, coins[row]) as u32));
    }
    found
}
