//! Ranks the blocks of a snapshot: score, what is expected of each, and how sure its place is.

use super::class_groups::ClassGroups;
use super::grouped::Grouped;
use super::query::{Query, Selection};
use super::ranking::{Group, RankedBlock, Ranking, RankingError, Scoring, split};
use super::snapshot::Snapshot;
use crate::model::block::BlockId;
use crate::model::dataset::Dataset;
use crate::model::exposure::{DAYS_A_YEAR, exposure};
use crate::quality::share::LEAST_LOCATED;
use crate::rank::draws::{DrawParams, Position, positions};
use crate::rank::estimate::{Estimate, Fitted, estimates, parts};
use crate::rank::gamma_poisson::{self, Fit};
use crate::rank::groups::groups;
use crate::rank::order::{Key, order};
use crate::rank::score::{By, Per, thin};

impl Snapshot {
    /// Ranks blocks, all or some among themselves.
    ///
    /// The rates of all blocks of the set are fitted, also where some are ranked: what is expected of a block does not
    /// depend on the list that it stands in. Held incidents never count.
    ///
    /// # Errors
    ///
    /// [`RankingError`] for a scoring that these data cannot give.
    pub fn ranking(
        &self,
        query: &Query,
        selection: &Selection,
        scoring: &Scoring,
        among: Option<&[BlockId]>,
    ) -> Result<Ranking, RankingError> {
        let data = self.dataset();
        let blocks = &data.block_set.blocks;
        let groups = ClassGroups::of(self, selection, scoring)?;
        check_harm(data, scoring, &groups)?;
        let mask = among.map(|among| {
            let mut mask = vec![false; blocks.len()];
            among.iter().for_each(|block| mask[block.0 as usize] = true);
            mask
        });
        let grouped = self.grouped(selection, &groups.of, groups.groups.len(), mask.as_deref());
        let days = self.observed_days(query);
        let exposures: Vec<Option<f64>> =
            blocks.iter().map(|block| scoring.per.exposure(&exposure(block, days))).collect();
        let whole = !split(data);
        self.check(scoring, days, &exposures, whole)?;
        let fits = fits(&grouped.of_group, &exposures, whole)?;
        let fitted: Vec<Fitted<'_>> = fits
            .iter()
            .zip(&groups.groups)
            .zip(&grouped.of_group)
            .filter_map(|((fit, group), counts)| {
                Some(Fitted { counts, weight: group.weight, fit: fit.as_ref()? })
            })
            .collect();
        let estimates =
            if fitted.is_empty() { vec![None; blocks.len()] } else { estimates(&fitted, &exposures) };
        let wanted: Vec<BlockId> = match among {
            Some(among) => among.to_vec(),
            None => (0u32..).zip(blocks).map(|(at, _)| BlockId(at)).collect(),
        };
        let scored = Scored { scoring, groups: &groups, grouped: &grouped, exposures: &exposures };
        let unplaced: Vec<RankedBlock> =
            wanted.iter().map(|&block| scored.row(block, estimates[block.0 as usize])).collect();
        let divided = scoring.divided();
        let keys: Vec<Key> = unplaced.iter().map(|row| key(row, divided)).collect();
        let positions = drawn(scoring, &fitted, &unplaced)?;
        let mut rows: Vec<RankedBlock> = order(&keys)
            .iter()
            .map(|place| RankedBlock {
                rank: place.rank,
                tied_with: place.tied_with,
                position: positions[place.at],
                ..unplaced[place.at]
            })
            .collect();
        group(&mut rows);
        let without: Vec<&RankedBlock> = rows.iter().filter(|row| row.exposure.is_none()).collect();
        let totals = grouped.of_group.iter().map(|counts| counts.iter().map(|&n| u64::from(n)).sum());
        let listed = groups.groups.iter().zip(&fits).zip(totals).map(|((group, fit), incidents)| Group {
            name: group.name.clone(),
            weight: group.weight,
            source: group.source.clone(),
            note: group.note.clone(),
            incidents,
            fit: *fit,
        });
        Ok(Ranking {
            scoring: *scoring,
            groups: listed.collect(),
            years: days as f64 / DAYS_A_YEAR,
            incidents: grouped.origins.iter().sum(),
            origins: grouped.origins,
            proactive: grouped.proactive,
            barred: groups.barred.clone(),
            without_weight: groups.without_weight.clone(),
            without_exposure: without.len(),
            incidents_without_exposure: without.iter().map(|row| row.count.incidents()).sum(),
            thin: thin(rows.iter().filter_map(|row| row.exposure)),
            no_evidence: !fitted.is_empty()
                && fitted.iter().all(|of| of.fit.how == gamma_poisson::How::NoEvidence),
            warnings: groups.warnings.clone(),
            rows,
        })
    }

    fn check(
        &self,
        scoring: &Scoring,
        days: i64,
        exposures: &[Option<f64>],
        whole: bool,
    ) -> Result<(), RankingError> {
        let per = scoring.per;
        if scoring.by == By::Count && per != Per::Time {
            return Err(RankingError::CountPer { per: per.word() });
        }
        if scoring.divided() && !whole {
            return Err(RankingError::Parts { what: "rates and harm are estimated", of: "by" });
        }
        if scoring.draws.is_some() && !whole {
            return Err(RankingError::Parts { what: "places are drawn from the rates", of: "draws" });
        }
        if scoring.divided() && days == 0 {
            let told =
                self.dates().map_or_else(|| "the data".to_owned(), |(first, last)| format!("{first}/{last}"));
            return Err(RankingError::NotObserved { coverage: told });
        }
        if per != Per::Time && exposures.iter().all(Option::is_none) {
            let of = match per {
                Per::Length => "a length",
                Per::Area => "an area",
                Per::Households | Per::Time => "households",
            };
            return Err(RankingError::NoExposure { per: per.word(), of });
        }
        Ok(())
    }
}

fn check_harm(data: &Dataset, scoring: &Scoring, groups: &ClassGroups) -> Result<(), RankingError> {
    if scoring.by != By::Harm || !groups.groups.is_empty() {
        return Ok(());
    }
    let table = data.harm.as_ref().map_or_else(String::new, |table| table.name().to_owned());
    let why = match (groups.barred.len(), groups.without_weight.len()) {
        (0, 0) => "there is none, or all are proactive".to_owned(),
        (0, n) => {
            format!("the table has no weight for {n} categories ({})", groups.without_weight.join(", "))
        }
        (n, _) => {
            format!("of {n} classes fewer than {:.0} % of the incidents have a place", 100.0 * LEAST_LOCATED)
        }
    };
    Err(RankingError::NothingWeighs { table, why })
}

/// A fit for each group with incidents, over the blocks that have an exposure.
fn fits(
    of_group: &[Vec<u32>],
    exposures: &[Option<f64>],
    whole: bool,
) -> Result<Vec<Option<Fit>>, RankingError> {
    let observed: Vec<f64> = exposures.iter().copied().flatten().collect();
    let fit = |counts: &Vec<u32>| {
        let counts: Vec<u32> =
            counts.iter().zip(exposures).filter_map(|(&n, exposure)| exposure.map(|_| n)).collect();
        if !whole || observed.is_empty() {
            return Ok(None);
        }
        Ok(Some(gamma_poisson::fit(&counts, &observed)?))
    };
    of_group.iter().map(fit).collect()
}

/// What rows are made of.
struct Scored<'a> {
    scoring: &'a Scoring,
    groups: &'a ClassGroups,
    grouped: &'a Grouped,
    exposures: &'a [Option<f64>],
}

impl Scored<'_> {
    fn row(&self, block: BlockId, estimate: Option<Estimate>) -> RankedBlock {
        let at = block.0 as usize;
        let count = self.grouped.counts[at];
        let observed = match self.scoring.by {
            By::Harm => {
                let harms = self.groups.groups.iter().zip(&self.grouped.of_group);
                harms.map(|(group, counts)| group.weight * f64::from(counts[at])).sum()
            }
            _ => count.parts(),
        };
        let exposure = self.exposures[at];
        let raw = exposure.map_or(0.0, |exposure| observed / exposure);
        let estimate = estimate.unwrap_or(Estimate { mean: raw, lo: raw, hi: raw });
        RankedBlock {
            block,
            rank: None,
            tied_with: 0,
            count,
            score: if self.scoring.divided() { estimate.mean } else { observed },
            observed,
            exposure,
            expected: estimate.mean,
            lo: estimate.lo,
            hi: estimate.hi,
            position: None,
            group: None,
        }
    }
}

/// Numbers the groups of ranked rows that cannot be told apart.
fn group(rows: &mut [RankedBlock]) {
    let interval = |row: &RankedBlock| row.rank.and(row.position).map(|place| (place.lo, place.hi));
    let intervals: Vec<(u32, u32)> = rows.iter().map_while(interval).collect();
    for (row, group) in rows.iter_mut().zip(groups(&intervals)) {
        row.group = Some(group);
    }
}

fn key(row: &RankedBlock, divided: bool) -> Key {
    Key {
        ranked: row.count.shares() > 0 && (row.exposure.is_some() || !divided),
        score: row.score,
        observed: row.observed,
        latest: row.count.latest,
    }
}

/// The place of each row, where draws are asked for; rows without an exposure have none.
fn drawn(
    scoring: &Scoring,
    fitted: &[Fitted<'_>],
    rows: &[RankedBlock],
) -> Result<Vec<Option<Position>>, RankingError> {
    let mut found = vec![None; rows.len()];
    let Some(draws) = scoring.draws.filter(|_| !fitted.is_empty()) else { return Ok(found) };
    let with: Vec<(usize, f64)> = (0..).zip(rows).filter_map(|(at, row)| Some((at, row.exposure?))).collect();
    let blocks: Vec<_> =
        with.iter().map(|&(at, exposure)| parts(fitted, rows[at].block.0 as usize, exposure)).collect();
    let params = DrawParams { top_n: scoring.top_n, draws, seed: scoring.seed, how: scoring.how };
    for (&(at, _), position) in with.iter().zip(positions(&blocks, &params)?) {
        found[at] = Some(position);
    }
    Ok(found)
}
