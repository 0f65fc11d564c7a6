//! A ranking over time: period against period, trends over whole periods, and nothing that is not yet complete.

use jiff::ToSpan;
use jiff::civil::{Date, date};

use super::class_groups::ClassGroups;
use super::params::ranking::VIEW;
use super::query::{Query, Selection};
use super::ranking::{RankingError, Scoring, split};
use super::sensors::{Heard, persistent};
use super::snapshot::Snapshot;
use super::units::Units;
use crate::aggregate::counts::Count;
use crate::analysis::hotspots::emerging::{EmergingParams, FEWEST_STEPS, emerging};
use crate::analysis::hotspots::exact::NORMAL_FROM;
use crate::analysis::hotspots::fdr::Fdr;
use crate::model::class::UnknownCategory;
use crate::model::exposure::observed_days;
use crate::model::period::{Period, PeriodError};
use crate::rank::change::{ChangeError, Changes, changes};
use crate::rank::concentration::ConcentrationError;
use crate::rank::score::{By, Per};
use crate::rank::trend::{BlockTrend, trends};

/// Level of the intervals of a change.
pub const LEVEL: f64 = 0.9;

/// Periods that a trend is told by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TrendBy {
    /// Calendar years.
    #[default]
    Year,
    /// Half years.
    HalfYear,
    /// Quarters.
    Quarter,
    /// Months.
    Month,
}

impl TrendBy {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Year, Self::HalfYear, Self::Quarter, Self::Month];

    /// As it stands in flags and results.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Year => "year",
            Self::HalfYear => "half-year",
            Self::Quarter => "quarter",
            Self::Month => "month",
        }
    }

    const fn months(self) -> i8 {
        match self {
            Self::Year => 12,
            Self::HalfYear => 6,
            Self::Quarter => 3,
            Self::Month => 1,
        }
    }

    /// How many of them make a year.
    #[must_use]
    pub const fn seasons(self) -> usize {
        12 / self.months() as usize
    }
}

/// Two periods, block by block.
#[derive(Clone, Debug)]
pub struct Compared {
    /// The dates that were truly compared: the later period, as far as it is complete.
    pub now: Period,
    /// And the other.
    pub before: Period,
    /// Observed days of the other and of this one.
    pub days: (i64, i64),
    /// Dates that were asked for and are left out, since not all of their incidents are known yet.
    pub left_out: Vec<Period>,
    /// What each block has now.
    pub counts: Vec<Count>,
    /// What it had.
    pub counts_before: Vec<Count>,
    /// The ratios.
    pub changes: Changes,
}

/// Trends of all blocks.
#[derive(Clone, Debug)]
pub struct Trends {
    /// What they are told by.
    pub by: TrendBy,
    /// The whole periods that were complete, in order.
    pub periods: Vec<Period>,
    /// The trend of each block; nothing where there are too few periods.
    pub blocks: Option<Vec<BlockTrend>>,
    /// Whole years behind [`Trends::persistent`].
    pub years: usize,
    /// The share of years that each block was among the first 5 % of blocks; nothing for fewer than two years.
    pub persistent: Option<Vec<f64>>,
    /// The pattern of each block as an emerging hot spot; nothing where there are too few periods.
    pub emerging: Option<Vec<Option<String>>>,
}

/// Why nothing can be said over time.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OverTimeError {
    /// There is no such category here.
    #[error(transparent)]
    Category(#[from] UnknownCategory),
    /// No incidents at all.
    #[error("there are no incidents to compare; import some first")]
    NoIncidents,
    /// A period that lies past what is complete.
    #[error("{period} begins after {until}, until when the data are complete; give dates up to then")]
    Incomplete {
        /// The period.
        period: String,
        /// The last complete date.
        until: Date,
    },
    /// Two periods that share days.
    #[error(
        "{now} and {before} share days, on which incidents would count on both sides; give two periods apart"
    )]
    Overlap {
        /// The later.
        now: Period,
        /// The other.
        before: Period,
    },
    /// The periods cannot be compared.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// Nothing can be said of concentration.
    #[error(transparent)]
    Concentration(#[from] ConcentrationError),
    /// The incidents cannot be chosen so.
    #[error(transparent)]
    Ranking(#[from] RankingError),
    /// A score that is no number of incidents.
    #[error(
        "over time and for concentration incidents are counted, not {by} per {per}; give by=count or by=gun, and no per"
    )]
    Score {
        /// What was asked for.
        by: &'static str,
        /// Divided by what.
        per: &'static str,
    },
    /// Whole incidents of a period are compared.
    #[error("over time and for concentration whole incidents are counted; leave `{param}` out")]
    Lent {
        /// What does not go with it.
        param: &'static str,
    },
    /// A date out of the calendar.
    #[error(transparent)]
    Period(#[from] PeriodError),
}

impl Snapshot {
    /// Compares the query's period with another, block by block; days that are not yet complete are left out of both.
    ///
    /// # Errors
    ///
    /// [`OverTimeError`] for an unknown category, a period past what is complete, periods that share days, or one without
    /// incidents.
    pub fn compared(
        &self,
        query: &Query,
        before: Period,
        scoring: &Scoring,
    ) -> Result<Compared, OverTimeError> {
        let mut left_out = Vec::new();
        let now = self.complete(query.period, &mut left_out)?;
        let before = self.complete(Some(before), &mut left_out)?;
        if now.first() <= before.last() && before.first() <= now.last() {
            return Err(OverTimeError::Overlap { now, before });
        }
        let of = |period: Period| -> Result<(Vec<Count>, i64), OverTimeError> {
            let query = Query { period: Some(period), ..query.clone() };
            Ok((self.counted(&self.select(&query)?, scoring)?, self.observed_days(&query)))
        };
        let ((counts, days), (counts_before, days_before)) = (of(now)?, of(before)?);
        let found =
            changes(&whole(&counts_before), &whole(&counts), (days_before as f64, days as f64), LEVEL)?;
        Ok(Compared {
            now,
            before,
            days: (days_before, days),
            left_out,
            counts,
            counts_before,
            changes: found,
        })
    }

    /// Trends of all blocks over the whole periods up to the end of the query's period, or until when data are complete.
    ///
    /// # Errors
    ///
    /// [`OverTimeError`] for an unknown category, or data without incidents.
    pub fn trends(&self, query: &Query, by: TrendBy, scoring: &Scoring) -> Result<Trends, OverTimeError> {
        let periods = self.whole_periods(query, by)?;
        let counts = self.counts_by(query, &periods, scoring)?;
        let series: Vec<Vec<u32>> = counts.iter().map(|counts| whole(counts)).collect();
        // Too few periods are no failure: nothing is told then, and the answer says so.
        let blocks = trends(&series, by.seasons()).ok();
        let by_year = if by == TrendBy::Year {
            counts
        } else {
            self.counts_by(query, &self.whole_periods(query, TrendBy::Year)?, scoring)?
        };
        let heard = self.heard(&self.select(query)?);
        Ok(Trends {
            by,
            blocks,
            years: by_year.len(),
            persistent: persistent(&by_year, &heard),
            emerging: self.emerging_patterns(&series, &heard),
            periods,
        })
    }

    /// A period as far as its days are complete; what is left out is added to `left_out`.
    fn complete(&self, asked: Option<Period>, left_out: &mut Vec<Period>) -> Result<Period, OverTimeError> {
        let (first_known, last_known) = self.dates().ok_or(OverTimeError::NoIncidents)?;
        let until = self.complete_until().unwrap_or(last_known);
        let first = asked.and_then(Period::first).unwrap_or(first_known);
        let last = asked.and_then(Period::last).unwrap_or(last_known);
        if first > until {
            let period = Period::new(Some(first), Some(last))?.to_string();
            return Err(OverTimeError::Incomplete { period, until });
        }
        if last > until {
            left_out.push(Period::new(Some(until.saturating_add(1.day())), Some(last))?);
        }
        Ok(Period::new(Some(first), Some(last.min(until)))?)
    }

    /// The last run of whole periods that were observed and complete, up to the end of the query's period.
    fn whole_periods(&self, query: &Query, by: TrendBy) -> Result<Vec<Period>, OverTimeError> {
        let (first_known, last_known) = self.dates().ok_or(OverTimeError::NoIncidents)?;
        let until = self.complete_until().unwrap_or(last_known);
        let end = query.period.and_then(Period::last).map_or(until, |last| last.min(until));
        let coverage = self.coverage();
        let mut first = date(first_known.year(), 1, 1);
        let mut run: Vec<Period> = Vec::new();
        while first <= end {
            let next = first.saturating_add(by.months().months());
            let last = next.saturating_sub(1.day());
            if last > end || next <= first {
                break;
            }
            let period = Period::new(Some(first), Some(last))?;
            let days = i64::from(first.until(next).map_or(0, |span| span.get_days()));
            if observed_days(Some(period), coverage) == days {
                run.push(period);
            } else {
                run.clear();
            }
            first = next;
        }
        Ok(run)
    }

    /// What every block has in each of these periods.
    fn counts_by(
        &self,
        query: &Query,
        periods: &[Period],
        scoring: &Scoring,
    ) -> Result<Vec<Vec<Count>>, OverTimeError> {
        let of = |period: &Period| {
            let query = Query { period: Some(*period), ..query.clone() };
            self.counted(&self.select(&query)?, scoring)
        };
        periods.iter().map(of).collect()
    }

    /// The selected incidents of every block that a score counts.
    pub(super) fn counted(
        &self,
        selection: &Selection,
        scoring: &Scoring,
    ) -> Result<Vec<Count>, OverTimeError> {
        if !matches!(scoring.by, By::Count | By::Gun) || scoring.per != Per::Time {
            return Err(OverTimeError::Score { by: scoring.by.word(), per: scoring.per.word() });
        }
        if let Some(param) = scoring.lends() {
            return Err(OverTimeError::Lent { param });
        }
        if split(self.dataset()) {
            let what = "changes and concentration are told";
            return Err(RankingError::Parts { what, of: VIEW.wire }.into());
        }
        let groups = ClassGroups::of(self, selection, scoring)?;
        Ok(self.grouped(selection, &groups.of, groups.groups.len(), None, None).counts)
    }

    /// The pattern of each block by Gi* from period to period; nothing for too few periods or blocks without neighbors.
    fn emerging_patterns(&self, series: &[Vec<u32>], heard: &Heard) -> Option<Vec<Option<String>>> {
        const STEPS_BACK: usize = 1;
        if series.len() < FEWEST_STEPS + STEPS_BACK {
            return None;
        }
        let units = Units::heard_blocks(self, heard);
        let near = units.contiguous(self).ok()?;
        let Units::Blocks(blocks) = &units else { return None };
        let step = |counts: &Vec<u32>| -> Vec<f64> {
            blocks.iter().map(|(block, _)| f64::from(counts[block.0 as usize])).collect()
        };
        let cube: Vec<Vec<f64>> = series.iter().map(step).collect();
        let params = EmergingParams {
            steps_back: STEPS_BACK,
            fdr: Fdr::BenjaminiHochberg,
            q_at_most: super::hotspots::LEVEL,
            trend_p_at_most: super::hotspots::LEVEL,
            normal_from: NORMAL_FROM,
        };
        let found = emerging(&cube, &near, &params).ok()?;
        let mut patterns = vec![None; self.dataset().block_set.blocks.len()];
        for ((block, _), pattern) in blocks.iter().zip(&found.pattern) {
            patterns[block.0 as usize] =
                pattern.map(|(side, pattern)| format!("{} {}", pattern.word(), side.word()));
        }
        Some(patterns)
    }
}

/// Whole incidents of every block.
pub(crate) fn whole(counts: &[Count]) -> Vec<u32> {
    counts.iter().map(|count| u32::try_from(count.incidents()).unwrap_or(u32::MAX)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_seasons_of_periods_fit_a_year() {
        for by in TrendBy::ALL {
            assert_eq!(by.seasons() * by.months() as usize, 12, "{}", by.word());
        }
    }
}
