//! Incidents in an R-tree: which lie in a box, a polygon, a circle, which are the nearest.

use geo::Intersects;
use rstar::primitives::GeomWithData;
use rstar::{AABB, RTree};

use crate::space::bbox::LocalBox;
use crate::space::coord::{Local, Metres};

/// An R-tree over the places of incidents; every question takes a filter for period and category.
///
/// Answers are positions, ascending, except for [`IncidentIndex::nearest`].
#[derive(Clone, Debug)]
pub struct IncidentIndex {
    tree: RTree<GeomWithData<[f64; 2], u32>>,
}

impl IncidentIndex {
    /// Indexes incidents by place; those without one are left out. Time O(n log n).
    #[must_use]
    pub fn build(places: impl Iterator<Item = Option<Local>>) -> Self {
        let located = places.enumerate().filter_map(|(at, place)| {
            let place = place?;
            Some(GeomWithData::new([place.x, place.y], u32::try_from(at).ok()?))
        });
        Self { tree: RTree::bulk_load(located.collect()) }
    }

    /// How many incidents have a place.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tree.size()
    }

    /// Whether none has.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Incidents in a box, its edges included.
    #[must_use]
    pub fn within_box(&self, area: LocalBox, keep: impl Fn(usize) -> bool) -> Vec<usize> {
        let envelope = AABB::from_corners([area.min.x, area.min.y], [area.max.x, area.max.y]);
        let found = self.tree.locate_in_envelope(&envelope);
        ascending(found.map(|entry| entry.data as usize).filter(|&at| keep(at)))
    }

    /// Incidents in a polygon, its edges included, its holes not.
    #[must_use]
    pub fn within_polygon(&self, area: &geo::Polygon, keep: impl Fn(usize) -> bool) -> Vec<usize> {
        let Some(bounds) = LocalBox::around(area.exterior().coords().map(|&at| at.into())) else {
            return Vec::new();
        };
        let envelope = AABB::from_corners([bounds.min.x, bounds.min.y], [bounds.max.x, bounds.max.y]);
        let inside = self
            .tree
            .locate_in_envelope(&envelope)
            .filter(|entry| area.intersects(&geo::Coord { x: entry.geom()[0], y: entry.geom()[1] }));
        ascending(inside.map(|entry| entry.data as usize).filter(|&at| keep(at)))
    }

    /// Incidents no further than a radius from a place.
    #[must_use]
    pub fn within_radius(&self, center: Local, radius: Metres, keep: impl Fn(usize) -> bool) -> Vec<usize> {
        if radius.0.is_nan() || radius.0 < 0.0 {
            return Vec::new();
        }
        let found = self.tree.locate_within_distance([center.x, center.y], radius.0 * radius.0);
        ascending(found.map(|entry| entry.data as usize).filter(|&at| keep(at)))
    }

    /// The `k` incidents nearest to a place, nearest first, equally near ones by position.
    #[must_use]
    pub fn nearest(&self, to: Local, k: usize, keep: impl Fn(usize) -> bool) -> Vec<(usize, Metres)> {
        if k == 0 {
            return Vec::new();
        }
        let mut found: Vec<(usize, f64)> = Vec::new();
        for (entry, d2) in self.tree.nearest_neighbor_iter_with_distance_2(&[to.x, to.y]) {
            if found.len() >= k && d2 > found[k - 1].1 {
                break;
            }
            if keep(entry.data as usize) {
                found.push((entry.data as usize, d2));
            }
        }
        found.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        found.truncate(k);
        found.into_iter().map(|(at, d2)| (at, Metres(d2.sqrt()))).collect()
    }
}

fn ascending(found: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut found: Vec<usize> = found.collect();
    found.sort_unstable();
    found
}
