//! The outreach list of a snapshot: what is asked of a review, what is taken from the version before, and the next version.

use jiff::ToSpan;
use jiff::civil::Date;

use super::areas::{WithinError, blocks_within, named};
use super::query::{Query, Selection};
use super::ranking::{RankedBlock, RankingError, Scoring};
use super::snapshot::Snapshot;
use crate::model::block::BlockId;
use crate::model::class::UnknownCategory;
use crate::model::period::Period;
use crate::plan::outreach::fill::room_for;
use crate::plan::outreach::register::{Capacity, Made, Register, Rules, Version};
use crate::plan::outreach::review::{Candidate, ReviewError, review};
use crate::rank::score::{By, Gun, Proactive};

/// Years that are looked back where no period is given: one year of a block is mostly noise.
pub const YEARS: i32 = 3;

/// Draws behind P(top N).
pub const DRAWS: u32 = 10_000;

/// What a review is asked for; what is not given is as in the version before, else as usual.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListAsk {
    /// What the team takes; the first version needs it.
    pub capacity: Option<Capacity>,
    /// The date of the review; until when the data are complete where not given.
    pub as_of: Option<Date>,
    /// What it is called.
    pub review: Option<&'static str>,
    /// Bonus for staying.
    pub bonus: Option<f64>,
    /// Months between reviews.
    pub review_months: Option<u32>,
    /// Least stay.
    pub stay_months: Option<u32>,
    /// Least aftercare.
    pub aftercare_months: Option<u32>,
    /// What is counted; the last [`YEARS`] years before the review where not given.
    pub period: Option<Period>,
    /// What decides the order.
    pub by: Option<By>,
    /// What counts as gun crime.
    pub gun: Option<Gun>,
    /// Whether proactive classes count.
    pub proactive: Option<Proactive>,
    /// Names of categories.
    pub categories: Option<Vec<String>>,
    /// Names of areas.
    pub within: Option<Vec<String>>,
    /// N of P(top N); as many blocks as the team takes where not given.
    pub top_n: Option<u32>,
    /// What the draws follow from.
    pub seed: u64,
    /// How many draws; [`DRAWS`] where not given.
    pub draws: Option<u32>,
    /// Whether domestic, child, sexual and unmapped incidents count.
    pub protected: Option<bool>,
}

/// Why there is no next version.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutreachError {
    /// A first list without a capacity.
    #[error("a first list needs a capacity, as 25blocks or 600households")]
    NoCapacity,
    /// No day to speak of.
    #[error("these data do not say until when they are complete; give the date of the review")]
    NoDate,
    /// What is counted lies after the review.
    #[error("the period ends on {last}, after the review of {as_of}; end it on {as_of} or before")]
    Period {
        /// Its last day.
        last: Date,
        /// The review.
        as_of: Date,
    },
    /// There is no such category here.
    #[error(transparent)]
    Category(#[from] UnknownCategory),
    /// There is no such area here.
    #[error(transparent)]
    Within(#[from] WithinError),
    /// The blocks cannot be ranked so.
    #[error(transparent)]
    Ranking(#[from] RankingError),
    /// The rules do not allow it.
    #[error(transparent)]
    Review(#[from] ReviewError),
}

/// What a version of a list was scored by.
#[must_use]
pub fn scoring(made: &Made) -> Scoring {
    Scoring { by: made.by, gun: made.gun, proactive: made.proactive, ..Scoring::default() }
}

impl Snapshot {
    /// Which incidents a version's scores and sheets count.
    ///
    /// # Errors
    ///
    /// [`UnknownCategory`] if the data set does not have one of its categories.
    pub fn outreach_selection(&self, made: &Made) -> Result<(Query, Selection), UnknownCategory> {
        let query = Query {
            period: made.period.parse().ok(),
            categories: made.categories.clone(),
            ..Query::default()
        };
        let selection = self.select(&query)?;
        Ok((query, if made.protected { selection } else { selection.without_sensitive() }))
    }

    /// Holds a review: the list with one version more.
    ///
    /// # Errors
    ///
    /// [`OutreachError`] for what cannot be used, or if no review is due.
    pub fn review(&self, previous: Option<&Register>, ask: &ListAsk) -> Result<Register, OutreachError> {
        let data = self.dataset();
        let last: Option<&Version> = previous.and_then(Register::last);
        let rules = rules(last, ask)?;
        let as_of = ask.as_of.or_else(|| self.complete_until()).ok_or(OutreachError::NoDate)?;
        let period = self.counted_period(ask.period, as_of)?;
        let texts = ask.within.clone().or_else(|| last.map(|last| last.made.within.clone()));
        let within = named(data, &texts.unwrap_or_default())?;
        let mut made = Made {
            by: ask.by.or_else(|| last.map(|last| last.made.by)).unwrap_or_default(),
            gun: ask.gun.or_else(|| last.map(|last| last.made.gun)).unwrap_or_default(),
            proactive: ask.proactive.or_else(|| last.map(|last| last.made.proactive)).unwrap_or_default(),
            top_n: 1,
            seed: ask.seed,
            draws: ask.draws.unwrap_or(DRAWS).max(1),
            period: period.to_string(),
            categories: (ask.categories.clone())
                .or_else(|| last.map(|last| last.made.categories.clone()))
                .unwrap_or_default(),
            within: within.iter().map(|(kind, name)| format!("{kind}:{name}")).collect(),
            protected: ask.protected.or_else(|| last.map(|last| last.made.protected)).unwrap_or(false),
            no_evidence: false,
            complete_until: self.complete_until(),
        };
        let (query, selection) = self.outreach_selection(&made)?;
        let among = (!within.is_empty()).then(|| blocks_within(data, &within));
        let candidates = self.candidates((&query, &selection), among.as_deref(), ask, &rules, &mut made)?;
        let version = review(last, &candidates, &rules, &made, as_of, ask.review)?;
        let mut list = previous.cloned().unwrap_or_else(|| Register {
            block_set: data.block_set.name.to_owned(),
            n_blocks: data.block_set.blocks.len(),
            ..Register::default()
        });
        list.versions.push(version);
        Ok(list)
    }

    /// The period that is counted: what is given, else the last years of which there are data, ended where these are complete.
    fn counted_period(&self, given: Option<Period>, as_of: Date) -> Result<Period, OutreachError> {
        let end = self.complete_until().map_or(as_of, |until| until.min(as_of));
        let (first, last) = match given {
            Some(period) => (period.first(), period.last().unwrap_or(end)),
            None => {
                let years = end.checked_sub(YEARS.years()).and_then(|day| day.tomorrow()).ok();
                // Not before anybody looked.
                let known = self.observed_from();
                (years.max(known.filter(|first| *first <= end)), end)
            }
        };
        if last > as_of {
            return Err(OutreachError::Period { last, as_of });
        }
        Period::new(first, Some(last))
            .map_err(|_| OutreachError::Period { last: first.unwrap_or(last), as_of })
    }

    /// Every block that is asked about with its chance; N, the draws and whether blocks differ at all go into `made`.
    fn candidates(
        &self,
        (query, selection): (&Query, &Selection),
        among: Option<&[BlockId]>,
        ask: &ListAsk,
        rules: &Rules,
        made: &mut Made,
    ) -> Result<Vec<Candidate>, OutreachError> {
        let blocks = &self.dataset().block_set.blocks;
        let usual = scoring(made);
        let candidates = |scoring: &Scoring| -> Result<(Vec<Candidate>, bool), RankingError> {
            let ranking = self.ranking(query, selection, scoring, among)?;
            let candidate = |row: &RankedBlock| {
                let block = &blocks[row.block.0 as usize];
                Candidate {
                    block: block.id.clone(),
                    name: block.name.clone(),
                    order: row.block.0,
                    p: row.position.map_or(0.0, |position| position.p_top_n),
                    score: row.score,
                    latest: row.count.latest.filter(|_| row.rank.is_some()),
                    households: block.residents.households,
                }
            };
            Ok((ranking.rows.iter().map(candidate).collect(), ranking.no_evidence))
        };
        made.top_n = match (ask.top_n, rules.capacity) {
            (Some(n), _) => n,
            (None, Capacity::Blocks(n)) => n,
            // As many blocks as the team would take if what is expected were certain.
            (None, capacity) => room_for(candidates(&usual)?.0, capacity),
        };
        let scoring = Scoring { top_n: made.top_n, seed: made.seed, draws: Some(made.draws), ..usual };
        let (candidates, no_evidence) = candidates(&scoring)?;
        made.no_evidence = no_evidence;
        Ok(candidates)
    }
}

/// The rules: what is given, else those of the version before, else the usual ones.
fn rules(last: Option<&Version>, ask: &ListAsk) -> Result<Rules, OutreachError> {
    let capacity = ask.capacity.or(last.map(|last| last.rules.capacity)).ok_or(OutreachError::NoCapacity)?;
    let before = last.map_or(Rules::of(capacity), |last| Rules { capacity, ..last.rules });
    Ok(Rules {
        capacity,
        bonus: ask.bonus.unwrap_or(before.bonus),
        review_months: ask.review_months.unwrap_or(before.review_months),
        stay_months: ask.stay_months.unwrap_or(before.stay_months),
        aftercare_months: ask.aftercare_months.unwrap_or(before.aftercare_months),
    })
}
