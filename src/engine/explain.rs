//! Why a block stands where it stands: its incidents, the city's, its neighbors, and who is near it at the cut-off.

use std::collections::HashMap;

use super::class_groups::ClassGroups;
use super::evidence::Profile;
use super::query::{Query, Selection};
use super::ranking::{Proactive, RankedBlock, Ranking, RankingError, Scoring};
use super::snapshot::Snapshot;
use super::units::Units;
use crate::aggregate::addresses::Addresses;
use crate::analysis::hotspots::weights::NeighborsError;
use crate::model::block::{Block, BlockId};
use crate::model::exposure::{Exposure, exposure};
use crate::rank::explain::{CutOff, Evidence, Shrinkage, cut_off, one_problem_place, own_weight};
use crate::rank::gamma_poisson::How;
use crate::rank::score::{By, Gun, Per, Sharing};
use crate::rank::sentence::{Against, Noun, Told, sentence};
use crate::rank::words::observed;

/// All that a block's place rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Explained {
    /// Its place.
    pub standing: RankedBlock,
    /// Its incidents.
    pub evidence: Evidence,
    /// How many addresses they have.
    pub addresses: Addresses,
    /// Whether more than half of them are at one.
    pub one_problem_place: bool,
    /// What they are counted over.
    pub exposure: Exposure,
    /// How far its rate was drawn to the city's; `None` without exposure or fit.
    pub shrinkage: Option<Shrinkage>,
    /// Its rate by the city's; `None` without incidents or exposure.
    pub against: Option<Against>,
    /// Blocks that touch it, in the order of their ranks.
    pub neighbors: Vec<Beside>,
    /// Who is near the end of the list.
    pub cut_off: CutOff,
    /// The sentence.
    pub sentence: String,
}

/// A block beside the one that is explained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Beside {
    /// Which.
    pub block: BlockId,
    /// Its rank; `None` without incidents, or outside the areas that are ranked.
    pub rank: Option<u32>,
    /// Its incidents that count.
    pub incidents: f64,
}

/// Why a block cannot be explained.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExplainError {
    /// It is not among those that are ranked.
    #[error(
        "the block `{name}` lies outside the areas that are ranked; leave `within` out, or name an area that it lies in"
    )]
    NotWithin {
        /// Its name.
        name: String,
    },
    /// Blocks cannot be ranked so.
    #[error(transparent)]
    Ranking(#[from] RankingError),
    /// Who touches whom cannot be found.
    #[error("the neighbors of the block cannot be found")]
    Neighbors(#[from] NeighborsError),
}

/// What sentences of one ranking have in common.
#[derive(Clone, Debug, PartialEq)]
pub struct Telling {
    noun: Noun,
    gun: bool,
    period: Option<String>,
    /// Score over exposure of all blocks together; `None` without incidents or exposure.
    city: Option<f64>,
    per: Option<&'static str>,
    harm: bool,
    half_life: Option<f64>,
    learned: Option<&'static str>,
    within: Vec<String>,
}

impl Telling {
    fn against(&self, row: &RankedBlock) -> Option<Against> {
        let city = self.city?;
        let (ratio, expected) = (row.observed / row.exposure? / city, row.expected / city);
        let said = row.rank.is_some() && ratio.is_finite() && expected.is_finite();
        said.then_some(Against { ratio, expected, per: self.per, harm: self.harm, learned: self.learned })
    }

    /// The sentence on a block with what is known of its incidents.
    #[must_use]
    pub fn sentence(&self, row: &RankedBlock, profile: &Profile) -> String {
        sentence(&Told {
            rank: row.rank,
            interval: row.position.as_ref().filter(|_| row.rank.is_some()).map(|place| (place.lo, place.hi)),
            tied_with: row.tied_with,
            within: &self.within,
            count: row.count.parts(),
            noun: self.noun.clone(),
            shootings: if self.gun { profile.shootings } else { 0 },
            period: self.period.as_deref(),
            half_life: self.half_life,
            against: self.against(row),
            peak: profile.peak.as_ref(),
        })
    }
}

impl Snapshot {
    /// Which incidents a scoring counts, by class: one of several classes counts if any of them does.
    ///
    /// # Errors
    ///
    /// [`RankingError`] for a scoring that these data cannot give.
    pub fn counts_for(
        &self,
        selection: &Selection,
        scoring: &Scoring,
    ) -> Result<impl Fn(usize) -> bool + use<'_>, RankingError> {
        let groups = ClassGroups::of(self, selection, scoring)?;
        let incidents = &self.dataset().incidents;
        Ok(move |at: usize| groups.of_incident(incidents, at).is_some())
    }

    /// How many of the incidents that a scoring counts in all blocks, or in some, each origin brought up.
    ///
    /// # Errors
    ///
    /// [`RankingError`] for a scoring that these data cannot give.
    pub fn origins(
        &self,
        selection: &Selection,
        scoring: &Scoring,
        among: Option<&[BlockId]>,
    ) -> Result<[u64; 4], RankingError> {
        let (data, counts) = (self.dataset(), self.counts_for(selection, scoring)?);
        let mut chosen = vec![among.is_none(); data.block_set.blocks.len()];
        among.into_iter().flatten().for_each(|block| chosen[block.0 as usize] = true);
        let mut origins = [0; 4];
        for at in (0..data.incidents.len()).filter(|&at| !data.held[at] && selection.has(data, at)) {
            let inside = data.assignment.main(at).is_some_and(|block| chosen[block.0 as usize]);
            if inside && counts(at) {
                origins[data.incidents.origin(at) as usize] += 1;
            }
        }
        Ok(origins)
    }

    /// Which incidents a ranking counted.
    pub fn counted_by<'a>(&'a self, ranking: &'a Ranking) -> impl Fn(usize) -> bool + 'a {
        let incidents = &self.dataset().incidents;
        move |at| incidents.classes(at).any(|class| ranking.counted[usize::from(class.0)])
    }

    /// What sentences of a ranking have in common; `within` are the names of the areas that it is of.
    #[must_use]
    pub fn telling(
        &self,
        query: &Query,
        selection: &Selection,
        ranking: &Ranking,
        within: &[String],
    ) -> Telling {
        let (scoring, (score, of)) = (ranking.scoring, ranking.city);
        let counted = self.counted_by(ranking);
        let noun = self.noun(query, &scoring, || self.all_shootings(selection, &counted));
        let days = self.observed_days(query);
        Telling {
            gun: scoring.by == By::Gun && noun != Noun::Shootings,
            noun,
            period: self.observed_dates(query).and_then(|(first, last)| observed(first, last, days)),
            city: (score > 0.0 && of > 0.0).then_some(score / of),
            per: match scoring.per {
                Per::Time => None,
                Per::Length => Some("for its length"),
                Per::Area => Some("for its area"),
                Per::Households => Some("for its households"),
            },
            harm: scoring.by == By::Harm,
            half_life: scoring.half_life,
            learned: learned(ranking),
            within: within.to_vec(),
        }
    }

    fn noun(&self, query: &Query, scoring: &Scoring, all_shootings: impl Fn() -> bool) -> Noun {
        match (scoring.by, &query.categories[..]) {
            (By::Harm, _) => Noun::Weighed,
            (By::Gun, _) if scoring.gun == Gun::Shooting || all_shootings() => Noun::Shootings,
            (By::Gun, _) => Noun::GunCrimes,
            (_, []) if scoring.proactive != Proactive::Exclude => {
                if all_shootings() {
                    Noun::Shootings
                } else {
                    Noun::Incidents
                }
            }
            (_, [one]) if scoring.proactive != Proactive::Exclude => {
                let tree = self.dataset().classes.tree();
                tree.position(one).map_or(Noun::Chosen, |at| Noun::Of(tree.rows()[at].title.clone()))
            }
            _ => Noun::Chosen,
        }
    }

    /// Explains the places of some blocks in a ranking, in their order. Time O(n + b log b).
    ///
    /// # Errors
    ///
    /// [`ExplainError::NotWithin`] if a block was not ranked, else as [`Snapshot::ranking`].
    pub fn explain(
        &self,
        query: &Query,
        selection: &Selection,
        ranking: &Ranking,
        telling: &Telling,
        blocks: &[BlockId],
    ) -> Result<Vec<Explained>, ExplainError> {
        let data = self.dataset();
        let rows: HashMap<BlockId, &RankedBlock> = ranking.rows.iter().map(|row| (row.block, row)).collect();
        let counted = self.counted_by(ranking);
        let gathered = self.gather(selection, &counted, blocks);
        let classes = self.unlocated(selection, &counted);
        let addresses = self.scored_addresses(selection, ranking, blocks);
        let beside = self.beside(blocks, &rows)?;
        let ranked: Vec<(BlockId, f64, Option<f64>)> = ranking
            .rows
            .iter()
            .filter(|row| row.rank.is_some())
            .map(|row| (row.block, row.score, row.position.as_ref().map(|place| place.p_top_n)))
            .collect();
        let cut_off = cut_off(&ranked, ranking.scoring.top_n);
        let days = self.observed_days(query);
        let one = |slot: usize| {
            let place: &Block = &data.block_set.blocks[blocks[slot].0 as usize];
            let standing = rows.get(&blocks[slot]);
            let standing = **standing.ok_or_else(|| ExplainError::NotWithin { name: place.name.clone() })?;
            let evidence = self.evidence(query, &gathered, &classes, slot);
            let profile = Profile { peak: evidence.week.peak, shootings: evidence.shootings };
            Ok(Explained {
                one_problem_place: one_problem_place(&addresses[slot], evidence.incidents),
                addresses: addresses[slot],
                exposure: exposure(place, days),
                shrinkage: shrinkage(&standing, ranking),
                against: telling.against(&standing),
                neighbors: beside[slot].clone(),
                cut_off: cut_off.clone(),
                sentence: telling.sentence(&standing, &profile),
                standing,
                evidence,
            })
        };
        (0..blocks.len()).map(one).collect()
    }

    /// The blocks that touch each, those with a rank first.
    fn beside(
        &self,
        of: &[BlockId],
        rows: &HashMap<BlockId, &RankedBlock>,
    ) -> Result<Vec<Vec<Beside>>, NeighborsError> {
        let units = Units::blocks(self);
        let neighbors = units.contiguous(self)?;
        let Units::Blocks(blocks) = &units else { return Ok(vec![Vec::new(); of.len()]) };
        let numbers: HashMap<BlockId, usize> = blocks.iter().map(|(id, _)| *id).zip(0..).collect();
        let one = |&at: &u32| {
            let block = blocks[at as usize].0;
            let row = rows.get(&block);
            let incidents = row.map_or(0.0, |row| row.count.parts());
            Beside { block, rank: row.and_then(|row| row.rank), incidents }
        };
        let all = |block: &BlockId| {
            let Some(&number) = numbers.get(block) else { return Vec::new() };
            let mut beside: Vec<Beside> = neighbors.of(number).iter().map(one).collect();
            beside.sort_by_key(|one| (one.rank.is_none(), one.rank, one.block));
            beside
        };
        Ok(of.iter().map(all).collect())
    }
}

/// From whom blocks have learned, where that told anything.
fn learned(ranking: &Ranking) -> Option<&'static str> {
    let any = ranking.groups.iter().flat_map(|group| &group.shares).any(|(_, share)| *share > 0.0);
    match ranking.scoring.share {
        Sharing::Neighbors if any => Some("its neighbors"),
        Sharing::Classes if any => Some("related classes"),
        _ => None,
    }
}

/// How far a block's rate was drawn to the city's: by the fit of each group of classes, with its weight.
fn shrinkage(row: &RankedBlock, ranking: &Ranking) -> Option<Shrinkage> {
    let exposure = row.exposure?;
    let fits: Vec<_> = ranking.groups.iter().filter_map(|group| Some((group.weight, group.fit?))).collect();
    let city = |of: &(f64, crate::rank::gamma_poisson::Fit)| of.0 * of.1.alpha / of.1.beta;
    let weight = match &fits[..] {
        [] => return None,
        _ if learned(ranking).is_some() => None,
        [(_, fit)] if fit.how != How::NoEvidence => Some(own_weight(fit.beta, exposure)),
        [_] => Some(0.0),
        _ => None,
    };
    let city = fits.iter().map(city).sum::<f64>();
    Some(Shrinkage { raw: row.observed / exposure, city, mean: row.expected, weight })
}
