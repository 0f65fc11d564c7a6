//! What a batch of reports did to the incidents, for those who wait to be told.

use crate::model::dataset::Dataset;
use crate::model::report::Status;
use crate::space::coord::LonLat;

/// What a batch did, an incident at most once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    /// Incidents that were not there before.
    pub added: Vec<Changed>,
    /// Incidents that were there and are told otherwise now.
    pub revised: Vec<Changed>,
    /// Incidents that are there no more: withdrawn, taken back, or told by a firmer feed's incident from now on.
    pub withdrawn: Vec<Changed>,
}

impl Change {
    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.revised.is_empty() && self.withdrawn.is_empty()
    }
}

/// One incident of a change.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    /// Its source.
    pub source: String,
    /// Its id there.
    pub id: String,
    /// How far it has been looked at; [`Status::Withdrawn`] of what is there no more.
    pub status: Status,
    /// The revision that stands, or stood; 0 where the source counts none.
    pub revision: i64,
    /// What a layer of single incidents may tell of it; `None` where any of its classes is sensitive.
    pub shown: Option<Shown>,
}

/// What may be told of a single incident.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// Its category, by name.
    pub category: Option<String>,
    /// The id of its block.
    pub block: Option<String>,
    /// Where.
    pub at: Option<LonLat>,
}

/// What may be told of the incident at a position.
pub(super) fn shown(data: &Dataset, at: usize) -> Option<Shown> {
    let block = data.assignment.main(at).map(|block| data.block_set.blocks[block.0 as usize].id.clone());
    let class = data.classes.get(data.incidents.class(at));
    let category = class.category.map(|row| data.classes.tree().rows()[row].name.clone());
    (!data.sensitive(at)).then(|| Shown { category, block, at: data.incidents.lonlat(at) })
}
