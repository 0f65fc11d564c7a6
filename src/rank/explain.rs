//! What a block's place in the ranking rests on: its own evidence, the city's, and who is near it at the cut-off.

use std::collections::BTreeMap;

use crate::aggregate::addresses::Addresses;
use crate::aggregate::aoristic::HOURS;
use crate::model::block::BlockId;
use crate::model::class::ClassId;

use super::peak::Peak;

/// Above this share at one address a block is one problem place: another agency's work than a whole block's.
pub const ONE_PLACE: f64 = 0.5;

/// Whether more than half of a block's incidents are at one address; not for a single incident, which is always at one.
#[must_use]
pub fn one_problem_place(addresses: &Addresses, incidents: f64) -> bool {
    incidents > 1.0 && addresses.top_address_share.is_some_and(|share| share > ONE_PLACE)
}

/// Incidents of one class, each incident in its leading class alone, so that they add up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OfClass {
    /// The class.
    pub class: ClassId,
    /// Incidents, with the parts of those that are split.
    pub incidents: f64,
}

/// Incidents of one local year of their source.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OfYear {
    /// The year.
    pub year: i16,
    /// Incidents, with the parts of those that are split.
    pub incidents: f64,
    /// Days of it, within the period, on which a source had data.
    pub observed_days: i64,
}

/// What a block's incidents are.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// Incidents that count, with the parts of those that are split.
    pub incidents: f64,
    /// Those of them that are gun crimes.
    pub gun_crimes: f64,
    /// Those of them of which the source says that someone was shot.
    pub shootings: u64,
    /// By leading class, the most frequent first.
    pub by_class: Vec<OfClass>,
    /// By origin, in the order of [`Origin::ALL`](crate::model::report::Origin::ALL).
    pub by_origin: [f64; 4],
    /// By local year.
    pub by_year: Vec<OfYear>,
    /// When in the week.
    pub week: Week,
    /// What must be known of the data behind it.
    pub quality: Quality,
}

/// When in the local week. Sexual, domestic, child and unmapped offenses are left out: an hour may tell whose they are.
#[derive(Clone, Debug, PartialEq)]
pub struct Week {
    /// Incidents by hour of the week, Monday's first hour first; those of a range shared out over it.
    pub hours: [f64; HOURS],
    /// Incidents that are counted here.
    pub incidents: u32,
    /// Incidents that are left out.
    pub left_out: u32,
    /// Those counted here of which only the day or less is known; of some, because 00:00 or 12:00 stands for it.
    pub imprecise: u32,
    /// The peak, where one can be named.
    pub peak: Option<Peak>,
}

impl Default for Week {
    fn default() -> Self {
        Self { hours: [0.0; HOURS], incidents: 0, left_out: 0, imprecise: 0, peak: None }
    }
}

/// What must be known of the data behind a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quality {
    /// Incidents with a place that are not left out, which the next two are of.
    pub placed: u32,
    /// Those of them within 10 m of a boundary: a nudge would move them to another block.
    pub near_boundary: u32,
    /// Those of them whose place was found from their address.
    pub geocoded: u32,
    /// Incidents that are held and do not count.
    pub held: u32,
    /// Incidents of the block after the day until which the data are complete.
    pub after_horizon: u32,
    /// Incidents of the whole data set that are selected and have a class that the block has.
    pub of_classes: u32,
    /// Those of them without a usable place.
    pub unlocated: u32,
}

/// How far a block's rate was drawn to the city's.
///
/// ```text
/// mean = weight · raw + (1 − weight) · city
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shrinkage {
    /// Its score over its exposure, a year.
    pub raw: f64,
    /// The mean of the prior: what a block is thought to have before its own incidents are looked at.
    pub city: f64,
    /// The posterior mean.
    pub mean: f64,
    /// The weight of the block's own data, 0 to 1; `None` where several classes have a weight each, or others had a say.
    pub weight: Option<f64>,
}

/// The weight of a block's own data under a Gamma prior with rate `beta` and a Poisson count over `exposure`.
///
/// ```text
/// (α + y) / (β + E) = w · y/E + (1 − w) · α/β,   w = E / (β + E)
/// ```
///
/// 0 without exposure, and where `beta` is infinite: blocks that do not differ.
#[must_use]
pub fn own_weight(beta: f64, exposure: f64) -> f64 {
    let weight = if beta.is_finite() { exposure / (beta + exposure) } else { 0.0 };
    if weight.is_finite() { weight } else { 0.0 }
}

/// A block in the order around the cut-off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Near {
    /// Which.
    pub block: BlockId,
    /// Its rank.
    pub rank: u32,
    /// Its score.
    pub score: f64,
    /// How probable it is that it belongs to the list; `None` without draws.
    pub p_top_n: Option<f64>,
    /// Whether its score is that of the last one of the list.
    pub tied: bool,
}

/// Who is just in the list and who just misses it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CutOff {
    /// The length of the list.
    pub top_n: u32,
    /// Blocks of the list that have the score of its last one.
    pub tied_in: u32,
    /// Blocks of the same score that are not in it: only the rule of ties keeps them out.
    pub tied_out: u32,
    /// The last of the list and the first beyond, in order.
    pub blocks: Vec<Near>,
}

/// How many blocks are shown on each side of the cut-off.
pub const BESIDE_CUT: usize = 3;

/// Who is near the end of a list of `top_n`. Time O(b).
///
/// `ranked` are the blocks with a rank in their order: block, score and P(top N). Ties are equal scores.
///
/// # Examples
///
/// ```
/// use hotblocks::model::block::BlockId;
/// use hotblocks::rank::explain::cut_off;
///
/// let scores = [9.0, 5.0, 3.0, 3.0, 3.0, 1.0];
/// let ranked: Vec<_> = (0..).map(BlockId).zip(scores).map(|(block, score)| (block, score, None)).collect();
/// let cut = cut_off(&ranked, 3);
/// assert_eq!((cut.tied_in, cut.tied_out, cut.blocks.len()), (1, 2, 6));
/// assert_eq!(cut_off(&ranked, 10).tied_out, 0);
/// ```
#[must_use]
pub fn cut_off(ranked: &[(BlockId, f64, Option<f64>)], top_n: u32) -> CutOff {
    let n = (top_n as usize).min(ranked.len());
    let Some(&(_, last, _)) = n.checked_sub(1).and_then(|at| ranked.get(at)) else {
        return CutOff { top_n, ..CutOff::default() };
    };
    let tied = |rows: &[(BlockId, f64, Option<f64>)]| {
        u32::try_from(rows.iter().filter(|row| row.1 == last).count()).unwrap_or(u32::MAX)
    };
    let tied_out = tied(&ranked[n..]);
    let range = n.saturating_sub(BESIDE_CUT)..(n + BESIDE_CUT).min(ranked.len());
    let near = |at: usize| {
        let (block, score, p_top_n) = ranked[at];
        let rank = u32::try_from(at + 1).unwrap_or(u32::MAX);
        Near { block, rank, score, p_top_n, tied: tied_out > 0 && score == last }
    };
    CutOff {
        top_n,
        tied_in: if tied_out > 0 { tied(&ranked[..n]) } else { 0 },
        tied_out,
        blocks: range.map(near).collect(),
    }
}

/// Adds up what comes by key, the greatest first, of equal ones the first key.
#[must_use]
pub fn most_first<K: Ord + Copy>(parts: impl Iterator<Item = (K, f64)>) -> Vec<(K, f64)> {
    let mut sums: BTreeMap<K, f64> = BTreeMap::new();
    for (key, part) in parts {
        *sums.entry(key).or_default() += part;
    }
    let mut sums: Vec<(K, f64)> = sums.into_iter().collect();
    sums.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranked(scores: &[f64]) -> Vec<(BlockId, f64, Option<f64>)> {
        (0..).map(BlockId).zip(scores).map(|(block, &score)| (block, score, Some(0.5))).collect()
    }

    #[test]
    fn the_cut_shows_three_on_each_side_and_who_is_tied_across_it() {
        let cut = cut_off(&ranked(&[9., 8., 7., 6., 5., 5., 5., 2., 1.]), 5);
        let ranks: Vec<u32> = cut.blocks.iter().map(|near| near.rank).collect();
        assert_eq!(ranks, [3, 4, 5, 6, 7, 8]);
        assert_eq!(
            cut.blocks.iter().map(|near| near.tied).collect::<Vec<_>>(),
            [false, false, true, true, true, false]
        );
        assert_eq!((cut.tied_in, cut.tied_out), (1, 2));
        // Ties that end with the list are no matter.
        let cut = cut_off(&ranked(&[9., 5., 5., 2.]), 3);
        assert_eq!((cut.tied_in, cut.tied_out), (0, 0));
        assert!(cut.blocks.iter().all(|near| !near.tied));
    }

    #[test]
    fn an_empty_ranking_has_no_cut() {
        let cut = cut_off(&[], 10);
        assert!(cut.blocks.is_empty() && cut.tied_out == 0 && cut.top_n == 10);
        assert!(cut_off(&ranked(&[1.0]), 0).blocks.is_empty());
    }

    #[test]
    fn the_own_weight_makes_the_posterior_mean() {
        let (alpha, beta, y, e) = (0.7, 1.9, 14.0, 3.0);
        let w = own_weight(beta, e);
        let mean = w * y / e + (1.0 - w) * alpha / beta;
        assert!((mean - (alpha + y) / (beta + e)).abs() < 1e-12);
        assert_eq!(
            (own_weight(beta, 0.0), own_weight(f64::INFINITY, 3.0), own_weight(0.0, 0.0)),
            (0.0, 0.0, 0.0)
        );
    }

    #[test]
    fn one_problem_place_is_more_than_half_of_at_least_two() {
        let at = |share| Addresses { n_addresses: 3, top_address_share: share };
        assert!(one_problem_place(&at(Some(0.51)), 20.0));
        assert!(!one_problem_place(&at(Some(0.5)), 20.0));
        assert!(!one_problem_place(&at(None), 0.0));
        assert!(!one_problem_place(&at(Some(1.0)), 1.0));
    }

    #[test]
    fn sums_come_the_greatest_first_whatever_the_order() {
        let parts = [(3, 1.0), (1, 2.0), (2, 2.0), (3, 0.5)];
        assert_eq!(most_first(parts.into_iter()), [(1, 2.0), (2, 2.0), (3, 1.5)]);
        assert_eq!(most_first(parts.into_iter().rev()), [(1, 2.0), (2, 2.0), (3, 1.5)]);
    }
}
