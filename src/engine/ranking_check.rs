//! What a scoring needs of the data: exposures, whole incidents, weights, an observed period.

use super::class_groups::ClassGroups;
use super::grouped::Decay;
use super::query::Query;
use super::ranking::{RankingError, Scoring};
use super::snapshot::Snapshot;
use crate::model::dataset::Dataset;
use crate::model::exposure::discounted_days;
use crate::model::period::Period;
use crate::quality::share::LEAST_LOCATED;
use crate::rank::score::{By, Gun, Per, Sharing};

impl Snapshot {
    /// Whether a scoring can be given for exposures over so many days; `whole` where blocks have whole incidents.
    pub(super) fn check(
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
            return Err(RankingError::Parts {
                what: "rates, harm and what is shared are estimated",
                of: "by",
            });
        }
        if let Some(half_life) = scoring.half_life.filter(|days| !(*days > 0.0 && days.is_finite())) {
            return Err(RankingError::HalfLife { half_life });
        }
        if scoring.half_life.is_some() && !whole {
            return Err(RankingError::Parts { what: "a half-life is", of: "half_life_days" });
        }
        if scoring.share != Sharing::None && scoring.half_life.is_some() {
            return Err(RankingError::ShareOfDiscounted);
        }
        let told_apart = scoring.by == By::Harm || scoring.by == By::Gun && scoring.gun == Gun::Crime;
        if scoring.share == Sharing::Classes && !told_apart {
            let by = if scoring.by == By::Gun { scoring.gun.word() } else { scoring.by.word() };
            return Err(RankingError::OneClass { by });
        }
        if scoring.draws.is_some() && !whole {
            return Err(RankingError::Parts { what: "places are drawn from the rates", of: "draws" });
        }
        if (scoring.divided() || scoring.half_life.is_some()) && days == 0 {
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

    /// How incidents count less the older they are, from the last observed day of the period, and the days that are left.
    pub(super) fn decay(&self, query: &Query, scoring: &Scoring) -> Option<(Decay, f64)> {
        let half_life = scoring.half_life?;
        let (days, last) = discounted_days(query.period, self.coverage(), half_life)?;
        let day = Period::new(Some(last), Some(last)).ok()?;
        let ends = self.dataset().sources.iter().map(|source| day.seconds_in(&source.zone).1).collect();
        Some((Decay { ends, half_life }, days))
    }
}

/// Whether any class is left that weighs.
pub(super) fn check_harm(
    data: &Dataset,
    scoring: &Scoring,
    groups: &ClassGroups,
) -> Result<(), RankingError> {
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
