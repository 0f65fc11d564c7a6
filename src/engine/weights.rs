//! What incidents weigh, where a user gives them weights: reports behind each, or the harm of its class.

use super::class_groups::ClassGroups;
use super::query::Selection;
use super::ranking::{RankingError, Scoring};
use super::snapshot::Snapshot;
use crate::rank::score::By;

/// What incidents are weighed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weights {
    /// Reports behind an incident: offenses or victims, by the source's unit.
    Reports,
    /// Harm of the weightiest of its classes that is asked for, by the agency's table, as in a ranking by harm.
    Harm,
}

impl Weights {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Reports, Self::Harm];

    /// As it stands in flags and results.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Reports => "reports",
            Self::Harm => "harm",
        }
    }
}

/// The weights of some incidents.
#[derive(Clone, Debug, PartialEq)]
pub struct Weighed {
    /// What they were weighed by.
    pub by: Weights,
    /// The weight of each, in their order.
    pub each: Vec<f64>,
    /// The agency's table, where harm weighs.
    pub table: Option<String>,
    /// How many weigh nothing: their classes have no weight, or a weight of 0, or too few of their like have a place.
    pub weightless: usize,
    /// Categories that the table gives no weight.
    pub without_weight: Vec<String>,
    /// Classes of which too few have a place, by code.
    pub barred: Vec<String>,
}

/// Why incidents cannot be weighed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// There is no table of harm.
    #[error(
        "weights of harm need a table, and none ships; give the agency's own with --harm FILE or `harm = \"file.csv\"` in the configuration: columns category,weight,source,note; or weigh by `reports`"
    )]
    NoHarm,
    /// None of them weighs.
    #[error(
        "none of the {incidents} incidents weighs anything by `{table}`; add rows to it or choose other incidents"
    )]
    Nothing {
        /// How many there are.
        incidents: usize,
        /// The table.
        table: String,
    },
}

impl Snapshot {
    /// The weights of some selected incidents, by position; nothing where none are asked for.
    ///
    /// # Errors
    ///
    /// [`WeightsError`] without a table of harm, or where none of them weighs.
    pub(super) fn weighed(
        &self,
        selection: &Selection,
        weights: Option<Weights>,
        incidents: &[usize],
    ) -> Result<Option<Weighed>, WeightsError> {
        let data = self.dataset();
        let Some(by) = weights else { return Ok(None) };
        let mut found = Weighed {
            by,
            each: Vec::new(),
            table: None,
            weightless: 0,
            without_weight: Vec::new(),
            barred: Vec::new(),
        };
        match by {
            Weights::Reports => {
                let reports = |&at: &usize| f64::from(data.incidents.reports(at));
                found.each = incidents.iter().map(reports).collect();
            }
            Weights::Harm => {
                let scoring = Scoring { by: By::Harm, ..Scoring::default() };
                let groups = match ClassGroups::of(self, selection, &scoring) {
                    Ok(groups) => groups,
                    Err(RankingError::NoHarm) => return Err(WeightsError::NoHarm),
                    Err(_) => ClassGroups::default(),
                };
                let group = |at| groups.of_incident(&data.incidents, at);
                let weight = |&at: &usize| group(at).map_or(0.0, |group| group.weight);
                found.each = incidents.iter().map(weight).collect();
                found.table = data.harm.as_ref().map(|table| table.name().to_owned());
                found.without_weight = groups.without_weight;
                found.barred = groups.barred.into_iter().map(|barred| barred.code).collect();
            }
        }
        found.weightless = found.each.iter().filter(|weight| **weight == 0.0).count();
        if found.weightless == incidents.len() && !incidents.is_empty() {
            let table = found.table.unwrap_or_default();
            return Err(WeightsError::Nothing { incidents: incidents.len(), table });
        }
        Ok(Some(found))
    }
}
