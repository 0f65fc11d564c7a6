//! Ranks the blocks of a snapshot: score, what is expected of each, and how sure its place is.

use std::sync::Arc;

use super::class_groups::ClassGroups;
use super::grouped::{Grouped, NO_GROUP};
use super::query::{Query, Selection};
use super::ranking::{Group, RankedBlock, Ranking, RankingError, Scoring, split};
use super::ranking_check::check_harm;
use super::snapshot::Snapshot;
use crate::model::block::BlockId;
use crate::model::exposure::{DAYS_A_YEAR, Exposure, exposure};
use crate::rank::draws::{DrawParams, Position, positions};
use crate::rank::estimate::{Estimate, Fitted, estimates, parts};
use crate::rank::gamma_poisson::{self, Fit};
use crate::rank::groups::groups;
use crate::rank::order::{Key, order};
use crate::rank::score::{By, thin};

impl Snapshot {
    /// The ranking as [`Snapshot::ranking`] makes it, or as it was made for whoever asked last: pages and boxes of one list
    /// are of one ranking.
    ///
    /// # Errors
    ///
    /// As [`Snapshot::ranking`].
    pub fn ranking_kept(
        &self,
        query: &Query,
        selection: &Selection,
        scoring: &Scoring,
        among: Option<&[BlockId]>,
    ) -> Result<Arc<Ranking>, RankingError> {
        let asked = (query.clone(), *scoring, among.map(<[BlockId]>::to_vec));
        self.kept.rankings.get(self.number, asked, || self.ranking(query, selection, scoring, among))
    }

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
        let mask = among.map(|among| data.block_set.mask(among));
        let days = self.observed_days(query);
        let heard = self.heard(selection);
        let over = |days: f64| -> Vec<Option<f64>> {
            let of = |(number, block)| {
                heard
                    .has(BlockId(number))
                    .then(|| scoring.per.exposure(&Exposure { days, ..exposure(block, 0) }))?
            };
            (0..).zip(blocks).map(of).collect()
        };
        let all_time = over(days as f64);
        let whole = !split(data);
        self.check(scoring, days, &all_time, whole)?;
        let decay = self.decay(query, scoring);
        let left = decay.as_ref().map_or(days as f64, |(_, days)| *days);
        let exposures = if decay.is_some() { over(left) } else { all_time.clone() };
        let decay = decay.map(|(decay, _)| decay);
        let n_groups = groups.groups.len();
        let grouped = self.grouped(selection, &groups.of, n_groups, mask.as_deref(), decay.as_ref());
        // The distribution of rates is that of whole incidents over the whole time.
        let fits = fits(&grouped.of_group, &all_time, whole)?;
        let shared = self.shared(scoring, &groups.groups, &grouped.of_group, &exposures)?;
        let fitted: Vec<Fitted<'_>> = (0..n_groups)
            .filter_map(|at| {
                let discounted = grouped.discounted.get(at).map(Vec::as_slice);
                let (counts, weight) = (&grouped.of_group[at], groups.groups[at].weight);
                let borrowed = shared.get(at).map(|shared| &shared.posteriors[..]);
                Some(Fitted { counts, discounted, borrowed, weight, fit: fits[at].as_ref()? })
            })
            .collect();
        let estimates =
            if fitted.is_empty() { vec![None; blocks.len()] } else { estimates(&fitted, &exposures) };
        let wanted: Vec<BlockId> = match among {
            Some(among) => among.to_vec(),
            None => (0u32..).zip(blocks).map(|(at, _)| BlockId(at)).collect(),
        };
        let scored = Scored { scoring, groups: &groups, grouped: &grouped, exposures: &exposures };
        let observed = (0..blocks.len()).filter_map(|at| Some((scored.observed(at), exposures[at]?)));
        let city = observed.fold((0.0, 0.0), |sum, of| (sum.0 + of.0, sum.1 + of.1));
        let unplaced: Vec<RankedBlock> =
            wanted.iter().map(|&block| scored.row(block, estimates[block.0 as usize])).collect();
        let divided = scoring.divided();
        let keys: Vec<Key> = unplaced
            .iter()
            .map(|row| key(row, row.exposure.is_some() || !divided && heard.has(row.block)))
            .collect();
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
        let total = |counts: &Vec<u32>| counts.iter().map(|&n| u64::from(n)).sum();
        let listed = groups.groups.iter().enumerate().map(|(at, group)| Group {
            name: group.name.clone(),
            weight: group.weight,
            source: group.source.clone(),
            note: group.note.clone(),
            incidents: total(&grouped.of_group[at]),
            fit: fits[at],
            shares: shared.get(at).map_or_else(Vec::new, |shared| shared.shares.clone()),
            gain: shared.get(at).map(|shared| shared.gain),
        });
        let said_of_sensors = self.said_of_sensors(selection, &grouped.origins);
        Ok(Ranking {
            scoring: *scoring,
            groups: listed.collect(),
            counted: groups.of.iter().map(|group| *group != NO_GROUP).collect(),
            city,
            years: days as f64 / DAYS_A_YEAR,
            discounted_years: left / DAYS_A_YEAR,
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
            warnings: groups.warnings.iter().cloned().chain(said_of_sensors).collect(),
            rows,
        })
    }
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
    /// Incidents of a block with their weights, less the older they are where there is a half-life.
    fn observed(&self, at: usize) -> f64 {
        let of_group = |group: usize| match self.grouped.discounted.get(group) {
            Some(discounted) => discounted[at],
            None => f64::from(self.grouped.of_group[group][at]),
        };
        match (self.scoring.by, self.scoring.half_life) {
            (By::Harm, _) => {
                let weights = self.groups.groups.iter().map(|group| group.weight);
                weights.enumerate().map(|(group, weight)| weight * of_group(group)).sum()
            }
            (_, Some(_)) => of_group(0),
            _ => self.grouped.counts[at].parts(),
        }
    }

    fn row(&self, block: BlockId, estimate: Option<Estimate>) -> RankedBlock {
        let at = block.0 as usize;
        let (count, observed) = (self.grouped.counts[at], self.observed(at));
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

/// What orders a row; `comparable` where it may have a rank at all.
fn key(row: &RankedBlock, comparable: bool) -> Key {
    Key {
        ranked: row.count.shares() > 0 && comparable,
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
