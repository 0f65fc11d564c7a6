//! Where sensors listen: a place without one is not quiet, nobody heard it.

use super::query::Selection;
use super::snapshot::Snapshot;
use crate::aggregate::counts::Count;
use crate::model::areas::AreaKind;
use crate::model::block::{Block, BlockId};
use crate::model::dataset::Dataset;
use crate::model::report::Origin;
use crate::rank::trend::persistence;

/// Whether a sensor listens in a block, by the areas of that kind that it lies in.
fn listening(data: &Dataset) -> Option<impl Iterator<Item = bool> + '_> {
    let known = data.areas.iter().any(|layer| layer.kind == AreaKind::SensorCoverage);
    let listens =
        |block: &Block| block.areas.get(&AreaKind::SensorCoverage).is_some_and(|names| !names.is_empty());
    known.then(|| data.block_set.blocks.iter().map(listens))
}

/// The blocks that were heard.
#[derive(Clone, Debug)]
pub(super) struct Heard(Option<Vec<bool>>);

impl Heard {
    /// All of them.
    pub(super) const ALL: Self = Self(None);

    /// Whether a block was.
    pub(super) fn has(&self, block: BlockId) -> bool {
        self.0.as_ref().is_none_or(|heard| heard[block.0 as usize])
    }
}

impl Snapshot {
    /// The blocks that have an exposure to what is selected: all, or, where sensors alone brought it up and it is known where they
    /// listen, those where one does.
    ///
    /// A block that lies in an area of the kind `sensor-coverage` only in part is heard. Time O(blocks).
    pub(super) fn heard(&self, selection: &Selection) -> Heard {
        Heard(listening(self.dataset()).filter(|_| selection.of_sensors_alone()).map(Iterator::collect))
    }

    /// What must be said of incidents by origin, in the order of `Origin::ALL`, where sensors brought some of them up.
    pub(super) fn said_of_sensors(&self, selection: &Selection, origins: &[u64; 4]) -> Option<String> {
        let data = self.dataset();
        let all: u64 = origins.iter().sum();
        let of_sensors: u64 = Origin::ALL
            .iter()
            .zip(origins)
            .filter(|(origin, _)| **origin == Origin::Sensor)
            .map(|(_, n)| n)
            .sum();
        let alone = selection.of_sensors_alone();
        if of_sensors == 0 && !alone {
            return None;
        }
        let blocks = data.block_set.blocks.len();
        match (listening(data).map(|heard| heard.filter(|heard| !heard).count()), alone) {
            (Some(0), _) => None,
            (Some(unheard), true) => Some(format!(
                "no sensor listens in {unheard} of {blocks} blocks: they are not quiet, they have no exposure and no rank"
            )),
            (Some(unheard), false) => Some(format!(
                "sensors brought up {of_sensors} of {all} scored incidents and listen in {} of {blocks} blocks: in the others only what somebody reported is counted; leave sensors out with origin=citizen,officer,unknown to compare all blocks alike",
                blocks - unheard
            )),
            (None, _) => Some(format!(
                "sensors brought up {of_sensors} of {all} scored incidents, and where they listen is not known, so a block without them looks quiet; give areas of the kind {}",
                AreaKind::SensorCoverage
            )),
        }
    }
}

/// [`persistence`] among the blocks that were heard; 0 for the others, which are never among the first.
pub(super) fn persistent(years: &[Vec<Count>], heard: &Heard) -> Option<Vec<f64>> {
    let Heard(Some(heard)) = heard else { return persistence(years) };
    let of_heard = |year: &Vec<Count>| -> Vec<Count> {
        year.iter().zip(heard).filter(|(_, heard)| **heard).map(|(count, _)| *count).collect()
    };
    let mut shares = persistence(&years.iter().map(of_heard).collect::<Vec<_>>())?.into_iter();
    Some(heard.iter().map(|&heard| if heard { shares.next().unwrap_or(0.0) } else { 0.0 }).collect())
}
