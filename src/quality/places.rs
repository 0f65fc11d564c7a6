//! The quality of places over the blocks: strays, swapped coordinates, points that stand for 'unknown', anonymised ones.

use std::collections::HashMap;

use geo::{Euclidean, Geometry, InterpolateLine};

use crate::index::blocks::BlockIndex;
use crate::model::block::SEGMENTS;
use crate::model::dataset::Dataset;
use crate::model::incident::Incidents;
use crate::space::coord::{Local, LonLat, Metres};

/// Beyond the blocks by so much a place is outside the study area: a large lot reaches so far.
pub const MARGIN: Metres = Metres(150.0);

/// So many incidents at one place outside the study area are a point that stands for 'unknown'.
pub const SENTINEL: usize = 10;

/// How near to the middle of a segment a place is taken for moved there.
pub const AT_MIDDLE: Metres = Metres(5.0);

/// Incidents that share their place with so many others may have been moved.
pub const SHARED_BY: usize = 6;

/// The share of such incidents at the middle of a segment from which on the data are anonymised.
pub const ANONYMISED: f64 = 0.3;

/// What is to be known of the places.
#[derive(Clone, Debug, Default)]
pub struct PlaceQuality {
    /// Incidents with a place.
    pub located: usize,
    /// Of these, outside the study area.
    pub outside: usize,
    /// Of those outside, which would lie inside if longitude and latitude were swapped.
    pub swapped: usize,
    /// Places outside that many incidents share, with their number, the most first.
    pub sentinels: Vec<(LonLat, usize)>,
    /// Incidents at the middle of a segment that at least [`SHARED_BY`] share; 0 without segments.
    pub at_middles: usize,
}

impl PlaceQuality {
    /// Whether the places were moved to the middle of their block: then nothing finer than a block can be said.
    ///
    /// Source: the rule of thumb of the project's notes on methods, 2.1.
    #[must_use]
    pub fn block_midpoints(&self) -> bool {
        self.located > 0 && self.at_middles as f64 >= ANONYMISED * self.located as f64
    }
}

/// Looks at the places of a data set. Time O(n log b).
#[must_use]
pub fn of(data: &Dataset) -> PlaceQuality {
    let study_area = data.study_area.padded(MARGIN);
    let mut quality = PlaceQuality::default();
    let mut shared: HashMap<(u64, u64), (Local, LonLat, usize)> = HashMap::new();
    for at in data.incidents.standing() {
        let Some(lonlat) = data.incidents.lonlat(at) else { continue };
        let Some(local) = data.incidents.local(at) else { continue };
        quality.located += 1;
        shared.entry((local.x.to_bits(), local.y.to_bits())).or_insert((local, lonlat, 0)).2 += 1;
    }
    let elsewhere = elsewhere(&data.incidents);
    quality.located += elsewhere.values().sum::<usize>();
    let inside = |local: Local| study_area.contains(local);
    let swapped = |at: LonLat| at.swapped().and_then(|at| data.crs.to_local(at).ok()).is_some_and(inside);
    let outside = shared.values().filter(|(local, ..)| !inside(*local)).map(|(_, at, n)| (*at, *n));
    let far =
        elsewhere.into_iter().map(|((x, y), n)| (LonLat::from(crate::space::coord::Mercator { x, y }), n));
    for (at, n) in outside.chain(far) {
        quality.outside += n;
        quality.swapped += if swapped(at) { n } else { 0 };
        if n >= SENTINEL {
            quality.sentinels.push((at, n));
        }
    }
    quality.sentinels.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.lon().total_cmp(&b.0.lon())));
    if data.block_set.name == SEGMENTS {
        quality.at_middles = at_middles(data, shared.values().map(|(local, _, n)| (*local, *n)));
    }
    quality
}

/// Incidents too far from the blocks to have local coordinates, by place.
fn elsewhere(incidents: &Incidents) -> HashMap<(i32, i32), usize> {
    let mut places = HashMap::new();
    for at in incidents.standing() {
        if let Some(at) = incidents.elsewhere(at) {
            *places.entry((at.x, at.y)).or_default() += 1;
        }
    }
    places
}

/// Incidents at places that many share, within [`AT_MIDDLE`] of the middle of the nearest segment.
fn at_middles(data: &Dataset, places: impl Iterator<Item = (Local, usize)>) -> usize {
    let blocks = &data.block_set.blocks;
    let index = BlockIndex::build(blocks);
    let at_middle = |place: Local| {
        let Some((segment, _)) = index.nearest_segment(place) else { return false };
        let Geometry::LineString(line) = &blocks[segment.0 as usize].local else { return false };
        let middle = Euclidean.point_at_ratio_from_start(line, 0.5);
        middle.is_some_and(|middle| Local::from(middle.0).distance(place).0 <= AT_MIDDLE.0)
    };
    places.filter(|(place, n)| *n >= SHARED_BY && at_middle(*place)).map(|(_, n)| n).sum()
}
