//! Rows of one file whose longitude and latitude look swapped, told by the middle of all others.

use crate::model::report::Place;
use crate::model::reports::Reports;
use crate::space::coord::LonLat;
use crate::space::middle::middle;

/// Within so many degrees of the middle a place is near: an agency's ground and its surroundings.
const NEAR: f64 = 1.0;

/// So many places tell where the middle is.
const ASKED: usize = 1_001;

/// The box around the places of a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around {
    lon: (f64, f64),
    lat: (f64, f64),
}

impl Default for Around {
    fn default() -> Self {
        let nothing = (f64::INFINITY, f64::NEG_INFINITY);
        Self { lon: nothing, lat: nothing }
    }
}

impl Around {
    /// Widens the box to a place.
    #[inline]
    pub(super) fn take(&mut self, at: LonLat) {
        self.lon = (self.lon.0.min(at.lon()), self.lon.1.max(at.lon()));
        self.lat = (self.lat.0.min(at.lat()), self.lat.1.max(at.lat()));
    }

    /// Widens the box to another one.
    pub(super) fn join(&mut self, other: &Self) {
        self.lon = (self.lon.0.min(other.lon.0), self.lon.1.max(other.lon.1));
        self.lat = (self.lat.0.min(other.lat.0), self.lat.1.max(other.lat.1));
    }

    /// Whether every place in it is near to every other one.
    fn is_small(&self) -> bool {
        self.lon.1 - self.lon.0 < NEAR && self.lat.1 - self.lat.0 < NEAR
    }
}

/// How many located reports are far from the middle of their file and would be near with longitude and latitude swapped.
///
/// `around` is a box around all of them. The middle is the median of places spread over the file, so that it holds while
/// fewer than half are swapped; where most are, only blocks can tell. Time O(n), O(1) where the box is small.
pub(super) fn count(reports: &Reports, around: &Around) -> usize {
    if around.is_small() {
        return 0;
    }
    let place = |at: usize| match reports.place(at) {
        Place::At(at) => Some((at.lon(), at.lat())),
        Place::Missing | Place::Withheld => None,
    };
    let located = (0..reports.len()).filter_map(place);
    let every = located.clone().count().div_ceil(ASKED).max(1);
    let Some(middle) = middle(located.clone().step_by(every)) else { return 0 };
    let near = |(lon, lat): (f64, f64)| (lon - middle.0).abs() < NEAR && (lat - middle.1).abs() < NEAR;
    located.filter(|&(lon, lat)| !near((lon, lat)) && near((lat, lon))).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::class::ClassId;
    use crate::model::period::{Interval, Precision};
    use crate::model::report::Report;

    /// As a file of these places is counted, whether or not its box is small.
    fn count_of(places: &[(f64, f64)]) -> usize {
        let mut around = Around::default();
        places.iter().filter_map(|&(lon, lat)| LonLat::new(lon, lat).ok()).for_each(|at| around.take(at));
        let found = count(&reports(places), &around);
        let whole = Around { lon: (-180.0, 180.0), lat: (-90.0, 90.0) };
        assert_eq!(found, count(&reports(places), &whole), "the box changes nothing");
        found
    }

    fn reports(places: &[(f64, f64)]) -> Reports {
        let mut reports = Reports::default();
        let when = Interval { from: 0, seconds: 60, precision: Precision::Minute };
        for &(lon, lat) in places {
            let place = LonLat::new(lon, lat).map_or(Place::Missing, Place::At);
            reports.push(&Report::plain(ClassId(0), when, place));
        }
        reports
    }

    #[test]
    fn swapped_rows_are_told_by_the_middle_of_their_file_alone() {
        let town = |n: usize| (0..n).map(|n| (-72.93 + n as f64 * 1e-5, 41.31));
        let with = |n: usize, more: &[(f64, f64)]| {
            count_of(&town(n).chain(more.iter().copied()).collect::<Vec<_>>())
        };
        assert_eq!(with(5, &[(41.31, -72.93), (41.3, -72.9)]), 2);
        assert_eq!(with(5_000, &[(41.31, -72.93)]), 1);
        // Far, and no nearer the other way round; near both ways; nothing at all; no place.
        assert_eq!(with(5, &[(-100.0, 40.0), (0.1, 0.1), (200.0, 0.0)]), 0);
        assert_eq!(count_of(&[(41.3, 41.0), (41.0, 41.3), (41.2, 41.2)]), 0);
        assert_eq!(count_of(&[]), 0);
        // Little more than a degree apart, so that the box is hardly larger than a small one.
        assert_eq!(count_of(&[(41.3, 40.2), (41.3, 40.2), (40.2, 41.3), (41.3, 40.2)]), 1);
    }
}
