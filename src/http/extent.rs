//! Where and when the features of a collection are, as its document tells it.

use serde_json::{Value as Json, json};

use crate::engine::params::clusters::CLUSTERS;
use crate::engine::params::ranking::RANK;
use crate::engine::params::table::{AREAS, BANDWIDTH, CELL, DENSITY, EPS, INCIDENTS, Operation};
use crate::engine::params::values::Values;
use crate::engine::snapshot::Snapshot;
use crate::engine::units::BESIDE;
use crate::model::period::{Period, local_time};
use crate::space::bbox::LonLatBox;

/// Metres of a degree of latitude, at the least.
const DEGREE: f64 = 110_500.0;

/// `extent` of a collection: a box that holds all that its features are by the configuration, and the first and the last
/// second of the dates of the data.
pub(super) fn extent(snapshot: &Snapshot, operation: &Operation, defaults: &Values) -> Json {
    let b = area(snapshot, operation, defaults);
    json!({
        "spatial": { "bbox": [[b.west, b.south, b.east, b.north]] },
        "temporal": { "interval": [interval(snapshot)] },
    })
}

/// The box around incidents, blocks or areas; of what an analysis draws around these, with a margin as wide as it reaches.
fn area(snapshot: &Snapshot, operation: &Operation, defaults: &Values) -> LonLatBox {
    let all = snapshot.extents();
    let length = |param| defaults.length(param).map_or(0.0, |length| length.0);
    let (parts, margin) = match operation.collection {
        id if id == INCIDENTS.collection => (vec![all.incidents], 0.0),
        id if id == RANK.collection => (vec![all.blocks], 0.0),
        id if id == AREAS.collection => (vec![all.areas], 0.0),
        id if id == CLUSTERS.collection => (vec![all.incidents, all.blocks], length(&EPS)),
        // The kernel is drawn to twice its bandwidth at most, and a cell ends beyond it.
        id if id == DENSITY.collection => (vec![all.blocks], 2.0 * length(&BANDWIDTH) + length(&CELL)),
        _ => (vec![all.blocks, all.areas], BESIDE.0 + length(&CELL)),
    };
    let found = parts.into_iter().flatten().reduce(LonLatBox::with).unwrap_or(snapshot.dataset().extent);
    beside(found, margin)
}

/// A box with a margin in metres, within the globe.
fn beside(area: LonLatBox, metres: f64) -> LonLatBox {
    if metres <= 0.0 {
        return area;
    }
    let lat = metres / DEGREE;
    let poleward = area.south.abs().max(area.north.abs()) + lat;
    let lon = lat / poleward.min(89.9).to_radians().cos();
    LonLatBox {
        west: (area.west - lon).max(-180.0),
        south: (area.south - lat).max(-90.0),
        east: (area.east + lon).min(180.0),
        north: (area.north + lat).min(90.0),
    }
}

/// The first and the last second of the local dates of all incidents, with their offsets: the standard wants times there.
fn interval(snapshot: &Snapshot) -> Json {
    let period = snapshot.dates().and_then(|(first, last)| Period::new(Some(first), Some(last)).ok());
    let zone = snapshot.dataset().sources.first().map(|source| &source.zone);
    match period.zip(zone) {
        Some((period, zone)) => {
            let (from, to) = period.seconds_in(zone);
            json!([local_time(from, zone), local_time(to - 1, zone)])
        }
        None => json!([null, null]),
    }
}
