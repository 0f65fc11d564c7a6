//! Blocks made from the incidents' own addresses: their ground, their incidents, and what is kept out of both.

use std::collections::BTreeMap;

use super::build::{BuildError, study_area as around_blocks};
use crate::model::block::{Assignment, BlockSet};
use crate::model::class::Classes;
use crate::model::dataset::AssignmentReport;
use crate::model::events::Events;
use crate::model::hundreds::hundred_blocks;
use crate::model::incident::{Incidents, Located};
use crate::model::report::Place;
use crate::model::reports::Ledger;
use crate::model::street_words::Words;
use crate::space::bbox::{LocalBox, LonLatBox};
use crate::space::coord::LonLat;
use crate::space::crs::{Crs, CrsError};

/// Places farther than this from the middle one, in degrees of either axis, are errors of a file and move no CRS.
const STRAY_DEGREES: f64 = 3.0;

/// So many of the rest at either end may be errors too: those farther out than half as wide as the others lie.
const STRAY_SHARE: f64 = 0.001;

/// Where all lie at one place, others may lie this far from it: 5 km.
const MARGIN_DEGREES: f64 = 0.05;

/// Half of the last digit that is kept of a place, several times over: the box holds its own corners.
const ROUNDING_DEGREES: f64 = 1e-6;

/// Where nothing has a place: the middle of a UTM zone on the equator, so that there is a plane at all.
const NOWHERE: LonLatBox = LonLatBox { west: 3.0, south: 0.0, east: 3.0, north: 0.0 };

/// The box around the located events that may be seen, without strays; that of [`NOWHERE`] around none.
pub(super) fn extent(events: &Events, ledger: &Ledger) -> LonLatBox {
    let seen = events.iter().filter(|event| {
        !event.withheld && !event.classes.iter().any(|&class| ledger.classes.get(class).flags.sensitive())
    });
    let places: Vec<LonLat> = seen
        .filter_map(|event| match ledger.reports.place(event.told_by) {
            Place::At(at) => Some(at),
            Place::Missing | Place::Withheld => None,
        })
        .collect();
    let usual = |of: fn(LonLat) -> f64| {
        let mut values: Vec<f64> = places.iter().map(|&at| of(at)).collect();
        values.sort_by(f64::total_cmp);
        let middle = quantile(&values, 0.5);
        values.retain(|value| (value - middle).abs() <= STRAY_DEGREES);
        let (from, to) = (quantile(&values, STRAY_SHARE), quantile(&values, 1.0 - STRAY_SHARE));
        let margin = ((to - from) / 2.0).max(MARGIN_DEGREES);
        from - margin..=to + margin
    };
    let (lon, lat) = (usual(LonLat::lon), usual(LonLat::lat));
    let near = |at: &LonLat| lon.contains(&at.lon()) && lat.contains(&at.lat());
    LonLatBox::around(places.iter().copied().filter(near)).unwrap_or(NOWHERE)
}

/// The value that a share of sorted ones lies below; not a number among none.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = (share * sorted.len().saturating_sub(1) as f64).round() as usize;
    sorted.get(at).copied().unwrap_or(f64::NAN)
}

/// The box around the shapes of the blocks; a point where they have none.
pub(super) fn study_area(set: &BlockSet, extent: LonLatBox, crs: &Crs) -> Result<LocalBox, CrsError> {
    if let Some(around) = around_blocks(set) {
        return Ok(around);
    }
    let (x, y) = extent.center();
    let at = LonLat::new(x, y)
        .map_err(|source| CrsError::Globe { x, y, crs: crs.to_string(), source })
        .and_then(|at| crs.to_local(at))?;
    Ok(LocalBox { min: at, max: at })
}

/// Makes the blocks and assigns by the address alone.
///
/// No block is made for, and none has, an incident whose place is kept back: one that is withheld, or
/// has no coordinates and is sexual, domestic, against a child or not mapped (counting.md 6). A
/// sensitive one with coordinates counts and is in no outline, nor is one outside the extent.
pub(super) fn assign(
    incidents: &Incidents,
    extent: LonLatBox,
    classes: &Classes,
    crs: &Crs,
    words: &Words,
) -> Result<(BlockSet, Assignment, AssignmentReport), BuildError> {
    let sensitive = |at: usize| incidents.classes(at).any(|class| classes.get(class).flags.sensitive());
    let named = |at: usize| match incidents.located(at) {
        Located::Yes | Located::Geocoded => true,
        Located::Withheld => false,
        Located::Missing | Located::Elsewhere => !sensitive(at),
    };
    let inside = LonLatBox {
        west: extent.west - ROUNDING_DEGREES,
        south: extent.south - ROUNDING_DEGREES,
        east: extent.east + ROUNDING_DEGREES,
        north: extent.north + ROUNDING_DEGREES,
    };
    let drawn = |at: usize| !sensitive(at) && incidents.lonlat(at).is_some_and(|at| inside.contains(at));
    let (set, assignment) = hundred_blocks(incidents, crs, words, named, drawn)?;
    if set.blocks.is_empty() {
        return Err(BuildError::NoAddresses);
    }
    let all = 0..incidents.len();
    let (within, without): (Vec<usize>, Vec<usize>) = all.partition(|&at| assignment.main(at).is_some());
    let mut unlocated = BTreeMap::new();
    for reason in without.iter().filter_map(|&at| incidents.located(at).reason()) {
        *unlocated.entry(reason).or_default() += 1;
    }
    let report = AssignmentReport {
        rule: "the hundred of house numbers, the crossing or the street that the address names".to_owned(),
        in_blocks: within.len(),
        unassigned: without.len() - unlocated.values().sum::<usize>(),
        unlocated,
        ..AssignmentReport::default()
    };
    Ok((set, assignment, report))
}
