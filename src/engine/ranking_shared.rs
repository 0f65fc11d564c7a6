//! Blocks learn from related classes or from the blocks around them, as much as that tells.

use super::class_groups::ClassGroup;
use super::ranking::{RankingError, Scoring};
use super::snapshot::Snapshot;
use super::units::Units;
use crate::rank::gamma_poisson::Posterior;
use crate::rank::neighbors::around;
use crate::rank::power_prior::{Lender, borrow};
use crate::rank::score::Sharing;

/// What is known of the blocks of one group of classes after they have learned from others.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Shared {
    /// By block; `None` without an exposure.
    pub posteriors: Vec<Option<Posterior>>,
    /// From whom, and what share of an incident each of theirs is worth.
    pub shares: Vec<(String, f64)>,
    /// How much ln L is above that without sharing.
    pub gain: f64,
}

/// Counts and exposures that are lent.
type Lent = (Vec<f64>, Vec<f64>);

impl Snapshot {
    /// What the blocks of each group have learned; empty where nothing is to be shared or no block has an exposure.
    pub(super) fn shared(
        &self,
        scoring: &Scoring,
        groups: &[ClassGroup],
        of_group: &[Vec<u32>],
        exposures: &[Option<f64>],
    ) -> Result<Vec<Shared>, RankingError> {
        let some: Vec<usize> = (0..exposures.len()).filter(|&at| exposures[at].is_some()).collect();
        if scoring.share == Sharing::None || some.is_empty() {
            return Ok(Vec::new());
        }
        let exposure: Vec<f64> = some.iter().filter_map(|&at| exposures[at]).collect();
        let among = |values: &[u32]| -> Vec<u32> { some.iter().map(|&at| values[at]).collect() };
        let counts: Vec<Vec<u32>> = of_group.iter().map(|counts| among(counts)).collect();
        let lists = if scoring.share == Sharing::Neighbors { self.near(&some)? } else { Vec::new() };
        let one = |at: usize| {
            let (names, lent): (Vec<String>, Vec<Lent>) = match scoring.share {
                Sharing::Neighbors => {
                    (vec!["neighbors".to_owned()], vec![around(&counts[at], &exposure, &lists)?])
                }
                _ => (0..counts.len())
                    .filter(|&other| other != at)
                    .map(|other| {
                        let lent = counts[other].iter().map(|&n| f64::from(n)).collect();
                        (groups[other].name.clone(), (lent, exposure.clone()))
                    })
                    .unzip(),
            };
            let lenders: Vec<Lender<'_>> =
                lent.iter().map(|(counts, exposure)| Lender { counts, exposure }).collect();
            let found = borrow(&counts[at], &exposure, &lenders)?;
            let mut posteriors = vec![None; exposures.len()];
            // Who learns nothing keeps what its own incidents say.
            let learns = found.shares.iter().any(|share| *share > 0.0);
            for (&block, posterior) in some.iter().zip(&found.posteriors).filter(|_| learns) {
                posteriors[block] = Some(*posterior);
            }
            let shares = names.into_iter().zip(found.shares).collect();
            Ok(Shared { posteriors, shares, gain: found.gain })
        };
        (0..counts.len()).map(one).collect()
    }

    /// Of each of these blocks, those of them that touch it, by their place in the list.
    fn near(&self, some: &[usize]) -> Result<Vec<Vec<u32>>, RankingError> {
        let units = Units::blocks(self);
        let neighbors = units.contiguous(self)?;
        let Units::Blocks(shaped) = units else { return Ok(vec![Vec::new(); some.len()]) };
        let mut place = vec![None; self.dataset().block_set.blocks.len()];
        for (at, &block) in (0u32..).zip(some) {
            place[block] = Some(at);
        }
        let mut lists = vec![Vec::new(); some.len()];
        for (unit, (block, _)) in shaped.iter().enumerate() {
            let Some(own) = place[block.0 as usize] else { continue };
            let near =
                neighbors.of(unit).iter().filter_map(|&other| place[shaped[other as usize].0.0 as usize]);
            lists[own as usize] = near.filter(|other| *other != own).collect();
        }
        Ok(lists)
    }
}
