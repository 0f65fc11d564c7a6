//! Incidents in a square of the map: since they are stored along a Z-order curve, those of a tile follow each other.

use crate::model::incident::{Incidents, z_order};
use crate::space::coord::Mercator;
use crate::space::tile::Tile;

/// How many bits a coordinate of the map has.
const BITS: u32 = 32;

/// Positions of the incidents in a tile, in their order. Each place of the world lies in one tile of a zoom: a tile owns its
/// western and its southern edge.
///
/// Time O(log n), and O(1) for each answer and each incident that came since the others were sorted.
#[must_use]
pub fn in_tile(incidents: &Incidents, tile: Tile) -> Vec<usize> {
    let first = z_order(south_west(tile));
    // 4^(32 - z) places lie in a tile; at zoom 0 that is one more than fits.
    let beyond = 1_u64.checked_shl(2 * (BITS - u32::from(tile.z()))).and_then(|n| first.checked_add(n));
    let sorted = incidents.sorted();
    let until = |bound: u64| below(sorted, |at| incidents.along(at) < bound);
    let end = match beyond {
        Some(beyond) => until(beyond),
        // Those without a place come last.
        None => below(sorted, |at| incidents.mercator(at).is_some()),
    };
    let run = until(first).min(end)..end;
    // Mostly none came or went since.
    if incidents.unsorted() == 0 {
        return run.collect();
    }
    let late = (sorted..incidents.len()).filter(|&at| {
        let key = incidents.along(at);
        key >= first && beyond.is_none_or(|beyond| key < beyond) && incidents.mercator(at).is_some()
    });
    let mut found: Vec<usize> = run.chain(late).filter(|&at| !incidents.gone(at)).collect();
    if sorted < incidents.len() {
        incidents.sort(&mut found);
    }
    found
}

/// The first position up to `n` for which something no longer holds that holds of all before it.
pub(crate) fn below(n: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut from, mut to) = (0, n);
    while from < to {
        let middle = from + (to - from) / 2;
        if holds(middle) { from = middle + 1 } else { to = middle }
    }
    from
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
    use crate::model::incident::Late;
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
        let of = |at: usize| incidents.lonlat(at).map(|place| tile_of(place, zoom));
        let most = (1_u32 << zoom) - 1;
        let near = |at: u32| at.saturating_sub(1)..=(at + 1).min(most);
        let tiles: std::collections::BTreeSet<(u32, u32)> = (0..incidents.len())
            .filter_map(of)
            .flat_map(|tile| near(tile.x()).flat_map(move |x| near(tile.y()).map(move |y| (x, y))))
            .collect();
        let mut seen = vec![0; incidents.len()];
        for (x, y) in tiles {
            let tile = Tile::new(zoom.into(), x.into(), y.into()).expect("a tile");
            for at in in_tile(incidents, tile) {
                seen[at] += 1;
                let (told, place) = (of(at).expect("a place"), incidents.mercator(at).expect("a place"));
                // On the edge between two rows the place of the globe may fall to the other one.
                let on_edge = i64::from(place.y).rem_euclid(1 << (32 - zoom)) == 0;
                assert!(told == tile || (on_edge && told.x() == x), "zoom {zoom}: {told:?} and {tile:?}");
            }
        }
        for (at, seen) in seen.into_iter().enumerate() {
            assert_eq!(seen, usize::from(incidents.mercator(at).is_some()), "zoom {zoom}, {at}");
        }
    }

    #[test]
    fn each_incident_is_in_the_one_tile_around_it_at_every_zoom() {
        let stored = Incidents::store(spread(1_500));
        for zoom in [0, 1, 7, 11, 14, 18, 22] {
            check(&stored, zoom);
        }
    }

    #[test]
    fn incidents_that_came_since_are_found_in_their_place() {
        let (rows, more) = (Incidents::store(spread(300)), Incidents::store(spread(700)));
        let mut grown = rows.clone();
        let sorted = grown.sorted();
        // In the order of their places already, since they were stored.
        for (nth, at) in (0..more.len()).filter(|at| at % 3 == 0).enumerate() {
            let row = grown.push(&more, at, None);
            let before = below(sorted, |known| grown.along(known) <= grown.along(row));
            grown.place(&[Late { nth, before, row }]);
        }
        assert!(grown.sorted() < grown.len());
        for zoom in [0, 9, 13] {
            check(&grown, zoom);
            let whole = Tile::new(0, 0, 0).expect("a tile");
            let keys: Vec<u64> = in_tile(&grown, whole).into_iter().map(|at| grown.along(at)).collect();
            assert!(keys.is_sorted());
        }
    }
}
