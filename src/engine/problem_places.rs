//! Problem places: the addresses and buildings where incidents repeat, ranked as blocks are. For analysts alone.

use super::class_groups::ClassGroups;
use super::query::{Query, Selection};
use super::ranking::{Barred, RankingError, Scoring};
use super::ranking_check::check_harm;
use super::snapshot::Snapshot;
use crate::aggregate::places::{Place, places};
use crate::model::block::BlockId;
use crate::model::exposure::DAYS_A_YEAR;
use crate::rank::draws::{DrawParams, DrawsError, Part, Position, positions};
use crate::rank::gamma_poisson::Posterior;
use crate::rank::score::{By, Per};
use crate::rank::truncated::{Truncated, truncated};

/// Addresses in their order, and all that must be known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ProblemPlaces {
    /// Those with incidents, the first first.
    pub rows: Vec<RankedPlace>,
    /// How their rates differ; `None` without incidents or time, and by harm: how many had none of a class is not known.
    pub fit: Option<Truncated>,
    /// Incidents at them.
    pub incidents: u64,
    /// Classes that harm leaves out, since too few of them have a place.
    pub barred: Vec<Barred>,
    /// Categories that harm leaves out, since they have no weight.
    pub without_weight: Vec<String>,
    /// Incidents left out since they are sexual, domestic, child or unmapped offenses.
    pub sensitive: usize,
    /// Incidents whose address names no house.
    pub no_house: usize,
    /// Incidents without an address of a source that moves its places.
    pub moved: usize,
}

/// One address with its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RankedPlace {
    /// The address.
    pub place: Place,
    /// 1 is first.
    pub rank: u32,
    /// How many others have the same score.
    pub tied_with: u32,
    /// What decides: its incidents, or what they weigh.
    pub score: f64,
    /// Its part of the block's incidents at any address, 0 to 1.
    pub share_of_block: f64,
    /// Where it stands; `None` without draws, or where nothing shows that addresses differ.
    pub position: Option<Position>,
}

/// Why addresses cannot be ranked so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProblemPlacesError {
    /// They have no sizes.
    #[error(
        "addresses have no size, so they are ranked by incidents, gun crime or harm; give --by count, --by gun or --by harm, and no --per, --half-life or --share"
    )]
    Scoring,
    /// These data have no such score.
    #[error(transparent)]
    Ranking(#[from] RankingError),
    /// Places cannot be drawn.
    #[error("the places of the addresses cannot be drawn")]
    Draws(#[from] DrawsError),
}

impl Snapshot {
    /// Ranks the addresses of all blocks, or of some.
    ///
    /// Held incidents do not count, nor sexual, domestic, child and unmapped offenses: an address tells whose they are.
    /// How many addresses had no incident is not known, so that rates are fitted to counts from 1 on
    /// ([`truncated`]), and ranks are among the addresses that have incidents. Time O(n), and of the draws.
    ///
    /// # Errors
    ///
    /// [`ProblemPlacesError`] for a scoring that addresses do not have.
    pub fn problem_places(
        &self,
        query: &Query,
        selection: &Selection,
        scoring: &Scoring,
        among: Option<&[BlockId]>,
    ) -> Result<ProblemPlaces, ProblemPlacesError> {
        if scoring.by == By::Rate || scoring.per != Per::Time || scoring.lends().is_some() {
            return Err(ProblemPlacesError::Scoring);
        }
        let data = self.dataset();
        let groups = ClassGroups::of(self, selection, scoring)?;
        check_harm(data, scoring, &groups)?;
        let group = |at: usize| groups.of_incident(&data.incidents, at);
        let wanted = among.map(|among| data.block_set.mask(among));
        let ranked = |at: usize| {
            let block = data.assignment.main(at);
            block.is_some_and(|block| wanted.as_ref().is_none_or(|mask| mask[block.0 as usize]))
                && !data.held[at]
                && selection.has(data, at)
                && group(at).is_some()
        };
        let moved: Vec<bool> = data.sources.iter().map(|source| source.anonymised.is_some()).collect();
        let found = places(
            |at| ranked(at) && !data.sensitive(at),
            |at| group(at).map_or(0.0, |group| group.weight),
            &data.incidents,
            &data.assignment,
            self.forms(),
            &moved,
        );
        let counts: Vec<u32> = found.places.iter().map(|place| place.incidents).collect();
        let years = self.observed_days(query) as f64 / DAYS_A_YEAR;
        let fit = if scoring.by == By::Harm { None } else { truncated(&counts, years) };
        let positions = drawn(scoring, &counts, fit.filter(|fit| fit.differ), years)?;
        let mut rows: Vec<RankedPlace> = (1..)
            .zip(&found.places)
            .zip(positions)
            .map(|((rank, &place), position)| RankedPlace {
                place,
                rank,
                tied_with: 0,
                score: place.weight,
                share_of_block: f64::from(place.incidents) / f64::from(found.of_block[&place.block]),
                position,
            })
            .collect();
        for tied in rows.chunk_by_mut(|a, b| a.score.total_cmp(&b.score).is_eq()) {
            let others = u32::try_from(tied.len() - 1).unwrap_or(u32::MAX);
            tied.iter_mut().for_each(|row| row.tied_with = others);
        }
        let sensitive = (0..data.incidents.len()).filter(|&at| ranked(at) && data.sensitive(at)).count();
        Ok(ProblemPlaces {
            incidents: counts.iter().map(|&n| u64::from(n)).sum(),
            rows,
            fit,
            barred: groups.barred,
            without_weight: groups.without_weight,
            sensitive,
            no_house: found.no_house,
            moved: found.moved,
        })
    }
}

/// The place of each address, where draws are asked for and addresses differ.
fn drawn(
    scoring: &Scoring,
    counts: &[u32],
    fit: Option<Truncated>,
    years: f64,
) -> Result<Vec<Option<Position>>, DrawsError> {
    let (Some(draws), Some(fit)) = (scoring.draws, fit) else { return Ok(vec![None; counts.len()]) };
    let part = |&count: &u32| {
        let posterior = Posterior { shape: fit.alpha + f64::from(count), rate: fit.beta + years };
        vec![Part { weight: 1.0, posterior }]
    };
    let rates: Vec<Vec<Part>> = counts.iter().map(part).collect();
    let params = DrawParams { top_n: scoring.top_n, draws, seed: scoring.seed, how: scoring.how };
    Ok(positions(&rates, &params)?.into_iter().map(Some).collect())
}
