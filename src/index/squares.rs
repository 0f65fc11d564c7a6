//! Incidents in a square of the map: since they are stored along a Z-order curve, those of a tile follow each other.

use std::ops::Range;

use crate::model::incident::{Incidents, z_order};
use crate::space::coord::Mercator;
use crate::space::tile::Tile;

/// How many bits a coordinate of the map has.
const BITS: u32 = 32;

/// How far the order along the curve holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Squares {
    /// Incidents before this position are in order; the others are looked at one by one.
    sorted: usize,
}

impl Squares {
    /// Looks how far incidents are stored in order. Time O(n), a nanosecond or two each.
    #[must_use]
    pub fn of(incidents: &Incidents) -> Self {
        let mut last = 0;
        let sorted = (0..incidents.len()).find(|&at| {
            let key = key(incidents, at);
            let breaks = key < last;
            last = key;
            breaks
        });
        Self { sorted: sorted.unwrap_or(incidents.len()) }
    }

    /// Positions of the incidents in a tile, ascending. Each place of the world lies in one tile of a zoom: a tile owns its
    /// western and its southern edge.
    ///
    /// Time O(log n) and O(answers), as long as the order holds.
    pub fn within(self, incidents: &Incidents, tile: Tile) -> impl Iterator<Item = usize> + '_ {
        let first = z_order(south_west(tile));
        // 4^(32 - z) places lie in a tile; at zoom 0 that is one more than fits.
        let beyond = 1_u64.checked_shl(2 * (BITS - u32::from(tile.z()))).and_then(|n| first.checked_add(n));
        let run = self.run(incidents, first, beyond);
        let loose = (self.sorted..incidents.len()).filter(move |&at| {
            let key = key(incidents, at);
            key >= first && beyond.is_none_or(|beyond| key < beyond) && incidents.mercator(at).is_some()
        });
        run.chain(loose)
    }

    fn run(self, incidents: &Incidents, first: u64, beyond: Option<u64>) -> Range<usize> {
        let until = |bound: u64| below(self.sorted, |at| key(incidents, at) < bound);
        let end = match beyond {
            Some(beyond) => until(beyond),
            // Those without a place come last.
            None => below(self.sorted, |at| incidents.mercator(at).is_some()),
        };
        until(first).min(end)..end
    }
}

/// The first position up to `n` for which something no longer holds.
fn below(n: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut from, mut to) = (0, n);
    while from < to {
        let middle = from + (to - from) / 2;
        if holds(middle) { from = middle + 1 } else { to = middle }
    }
    from
}

/// Where an incident lies along the curve; those without a place lie behind all others.
fn key(incidents: &Incidents, at: usize) -> u64 {
    incidents.mercator(at).map_or(u64::MAX, z_order)
}

/// The place of a tile that comes first along the curve.
#[must_use]
pub fn south_west(tile: Tile) -> Mercator {
    let side = 1_u64 << (BITS - u32::from(tile.z()));
    let rows = 1_u64 << tile.z();
    let units = |n: u64| {
        let unsigned = u32::try_from(n * side).expect("a tile lies in the world");
        (unsigned ^ 0x8000_0000).cast_signed()
    };
    Mercator { x: units(u64::from(tile.x())), y: units(rows - 1 - u64::from(tile.y())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::class::ClassId;
    use crate::model::incident::{Incident, Located};
    use crate::model::period::{Interval, Precision};
    use crate::model::report::{Origin, Status};
    use crate::space::coord::{Local, LonLat};
    use crate::space::tile::tile_of;

    fn incident(id: usize, at: Option<(f64, f64)>) -> Incident {
        let place = at.map(|(lon, lat)| LonLat::new(lon, lat).expect("on the globe"));
        Incident {
            source: 0,
            id: id.to_string(),
            when: Interval { from: 0, seconds: 60, precision: Precision::Minute },
            classes: vec![ClassId(0)],
            reports: 1,
            located: if at.is_some() { Located::Yes } else { Located::Missing },
            mercator: place.map_or(Mercator { x: 0, y: 0 }, Mercator::from),
            local: Local::default(),
            address: None,
            intersection: false,
            origin: Origin::Unknown,
            status: Status::Confirmed,
        }
    }

    fn spread(n: usize) -> Vec<Incident> {
        let part = |at: usize, by: usize| ((at * by) % 9973) as f64 / 9973.0;
        (0..n)
            .map(|at| {
                let place = (-90.0 + part(at, 7919), 38.0 + part(at, 104_729));
                incident(at, (at % 11 != 0).then_some(place))
            })
            .collect()
    }

    /// Every incident with a place in exactly one tile, and in that which contains it.
    fn check(incidents: &Incidents, zoom: u8) {
        let squares = Squares::of(incidents);
        let tiles: std::collections::BTreeSet<(u32, u32)> = (0..incidents.len())
            .filter_map(|at| incidents.lonlat(at))
            .map(|at| tile_of(at, zoom))
            .map(|tile| (tile.x(), tile.y()))
            .collect();
        let mut seen = vec![0; incidents.len()];
        for (x, y) in tiles {
            let tile = Tile::new(zoom.into(), x.into(), y.into()).expect("a tile");
            for at in squares.within(incidents, tile) {
                seen[at] += 1;
                assert_eq!(incidents.lonlat(at).map(|at| tile_of(at, zoom)), Some(tile), "zoom {zoom}");
            }
        }
        for (at, seen) in seen.into_iter().enumerate() {
            assert_eq!(seen, usize::from(incidents.mercator(at).is_some()), "zoom {zoom}, {at}");
        }
    }

    #[test]
    fn each_incident_is_in_the_one_tile_around_it_at_every_zoom() {
        let stored = Incidents::store(spread(1_500));
        assert_eq!(Squares::of(&stored).sorted, stored.len());
        for zoom in [0, 1, 7, 11, 14, 18, 22] {
            check(&stored, zoom);
        }
    }

    #[test]
    fn incidents_that_came_since_and_are_not_in_order_are_found_as_well() {
        let rows = spread(300);
        let told = |&at: &u32| crate::model::incident::Told {
            source: 0,
            id: rows[at as usize].id.as_str().into(),
            when: rows[at as usize].when,
            classes: &rows[at as usize].classes,
            reports: 1,
            located: rows[at as usize].located,
            mercator: rows[at as usize].mercator,
            local: Local::default(),
            address: None,
            intersection: false,
            origin: Origin::Unknown,
            status: Status::Confirmed,
        };
        let order: Vec<u32> = (0..300).collect();
        let stored = Incidents::gather(&order, Default::default(), |part| part.iter().map(told).collect());
        assert!(Squares::of(&stored).sorted < 300);
        for zoom in [0, 9, 13] {
            check(&stored, zoom);
        }
    }
}
