//! How well areas of one kind cover a place: what two of them claim, and what none does.

use geo::{Area as _, BooleanOps, BoundingRect};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use super::areas::AreaLayer;
use crate::space::coord::SquareKm;

/// Areas of one kind, measured in the local plane.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// What they cover, each place once.
    pub covered: SquareKm,
    /// What pairs of them have in common, pair by pair.
    pub overlap: SquareKm,
    /// The two that have most in common, by position, with how much.
    pub worst: Option<(usize, usize, SquareKm)>,
    /// What is enclosed by them and lies in none.
    pub gaps: SquareKm,
}

impl Coverage {
    /// The part of the covered ground that pairs have in common, 0 to 1.
    #[must_use]
    pub fn overlap_share(&self) -> f64 {
        if self.covered.0 > 0.0 { self.overlap.0 / self.covered.0 } else { 0.0 }
    }
}

/// Measures overlaps and gaps of a layer. Borders drawn twice overlap by slivers: judge by the share.
///
/// Time O(n log n) for n areas of which each has few neighbors.
#[must_use]
pub fn coverage(layer: &AreaLayer) -> Coverage {
    let boxes: Vec<Option<AABB<[f64; 2]>>> = layer
        .areas
        .iter()
        .map(|area| {
            let r = area.local.bounding_rect()?;
            Some(AABB::from_corners([r.min().x, r.min().y], [r.max().x, r.max().y]))
        })
        .collect();
    let entries = boxes.iter().enumerate().filter_map(|(at, b)| {
        let b = (*b)?;
        Some(GeomWithData::new(Rectangle::from_corners(b.lower(), b.upper()), at))
    });
    let tree = RTree::bulk_load(entries.collect());
    let mut answer = Coverage::default();
    for (a, around) in boxes.iter().enumerate() {
        let Some(around) = around else { continue };
        let mut others: Vec<usize> =
            tree.locate_in_envelope_intersecting(around).map(|entry| entry.data).filter(|&b| b > a).collect();
        others.sort_unstable();
        for b in others {
            let common = layer.areas[a].local.intersection(&layer.areas[b].local).unsigned_area();
            let common = SquareKm::from_square_metres(common);
            answer.overlap.0 += common.0;
            if common > answer.worst.map_or(SquareKm(0.0), |worst| worst.2) {
                answer.worst = Some((a, b, common));
            }
        }
    }
    let union = geo::algorithm::bool_ops::unary_union(layer.areas.iter().flat_map(|area| area.local.iter()));
    answer.covered = SquareKm::from_square_metres(union.unsigned_area());
    let holes = union.iter().flat_map(geo::Polygon::interiors);
    let hole = |ring: &geo::LineString| geo::Polygon::new(ring.clone(), Vec::new()).unsigned_area();
    answer.gaps = SquareKm::from_square_metres(holes.map(hole).fold(0.0, |sum, area| sum + area));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::areas::{AreaKind, NamedArea};
    use geo::{LineString, MultiPolygon, Polygon};

    #[test]
    fn overlaps_and_gaps_are_told_in_square_kilometres() {
        let area = |x0: f64, y0: f64, x1: f64, y1: f64| {
            let ring: LineString = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)].into_iter().collect();
            let local = MultiPolygon(vec![Polygon::new(ring, Vec::new())]);
            NamedArea {
                id: String::new(),
                name: String::new(),
                residents: Default::default(),
                area: SquareKm(0.0),
                lonlat: local.clone(),
                local,
            }
        };
        // Four sides of a frame of 3 km with a hole of 1 km; two of them overlap by 1 km².
        let areas = vec![
            area(0., 0., 3000., 1000.),
            area(0., 2000., 3000., 3000.),
            area(0., 0., 1000., 3000.),
            area(2000., 1000., 3000., 2000.),
        ];
        let found = coverage(&AreaLayer { kind: AreaKind::Ward, areas });
        assert!((found.covered.0 - 8.0).abs() < 1e-6, "{found:?}");
        assert!((found.overlap.0 - 2.0).abs() < 1e-6 && (found.overlap_share() - 0.25).abs() < 1e-6);
        assert!((found.gaps.0 - 1.0).abs() < 1e-6);
        assert_eq!(found.worst.map(|w| (w.0, w.1)), Some((0, 2)));
    }
}
