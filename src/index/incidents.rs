//! Incidents by place: which lie in a box, a polygon, a circle, how many, which are the nearest.

use std::collections::BTreeMap;
use std::sync::Arc;

use rstar::primitives::GeomWithData;
use rstar::{AABB, RTree};

use super::packed::Packed;
use super::region::{Circle, Outline, Region, squared};
use crate::space::bbox::LocalBox;
use crate::space::coord::{Local, Metres};

type Entry = GeomWithData<[f64; 2], u32>;

/// The places of incidents: most of them packed in a grid, those that came since in an R-tree.
///
/// Answers are positions. Those in a vector are ascending, except for [`IncidentIndex::nearest`]; every question
/// takes a filter for period and category. A packed incident takes 21 to 25 bytes, which copies of the index share.
#[derive(Clone, Debug, Default)]
pub struct IncidentIndex {
    bulk: Arc<Packed>,
    fresh: RTree<Entry>,
    /// Taken out of the bulk, with their places.
    gone: BTreeMap<u32, Local>,
}

impl IncidentIndex {
    /// Indexes incidents by place; those without one, or with one that is not finite, are left out. Time O(n).
    #[must_use]
    pub fn build(places: impl Iterator<Item = Option<Local>> + Clone) -> Self {
        Self::default().build_over(places)
    }

    /// The same in the room of this one, if nobody else has that any more. Takes no other.
    pub(crate) fn build_over(self, places: impl Iterator<Item = Option<Local>> + Clone) -> Self {
        let finite = |(id, place): (usize, Option<Local>)| {
            let Local { x, y } = place.filter(|at| at.x.is_finite() && at.y.is_finite())?;
            Some(([x, y], number(id)))
        };
        let room = Arc::into_inner(self.bulk).unwrap_or_default();
        Self { bulk: Arc::new(room.build(places.enumerate().filter_map(finite))), ..Self::default() }
    }

    /// The room of what is packed, alone.
    pub(crate) fn room(self) -> Self {
        Self { bulk: self.bulk, ..Self::default() }
    }

    /// Adds an incident that came after the others. Time O(log n) in those that did.
    pub fn insert(&mut self, at: usize, place: Local) {
        self.fresh.insert(Entry::new([place.x, place.y], number(at)));
    }

    /// Takes an incident out, and tells whether it was there with this place.
    pub fn remove(&mut self, at: usize, place: Local) -> bool {
        let id = number(at);
        if self.fresh.remove(&Entry::new([place.x, place.y], id)).is_some() {
            return true;
        }
        let packed = !self.gone.contains_key(&id) && self.bulk.holds(id, place);
        if packed {
            self.gone.insert(id, place);
        }
        packed
    }

    /// How many incidents have a place.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bulk.len() + self.fresh.size() - self.gone.len()
    }

    /// Whether none has.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes that the packed part holds.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bulk.bytes()
    }

    /// Incidents in a box, its edges included.
    #[must_use]
    pub fn within_box(&self, area: LocalBox, keep: impl Fn(usize) -> bool) -> Vec<usize> {
        self.ascending(&area, keep)
    }

    /// How many incidents lie in a box, its edges included.
    #[must_use]
    pub fn count_within_box(&self, area: LocalBox) -> usize {
        self.count(&area)
    }

    /// Incidents in a polygon, its edges included, its holes not.
    #[must_use]
    pub fn within_polygon(&self, area: &geo::Polygon, keep: impl Fn(usize) -> bool) -> Vec<usize> {
        Outline::new(area).map_or_else(Vec::new, |outline| self.ascending(&outline, keep))
    }

    /// How many incidents lie in a polygon, its edges included, its holes not.
    #[must_use]
    pub fn count_within_polygon(&self, area: &geo::Polygon) -> usize {
        Outline::new(area).map_or(0, |outline| self.count(&outline))
    }

    /// Incidents no further than a radius from a place.
    #[must_use]
    pub fn within_radius(&self, center: Local, radius: Metres, keep: impl Fn(usize) -> bool) -> Vec<usize> {
        Circle::new(center, radius).map_or_else(Vec::new, |circle| self.ascending(&circle, keep))
    }

    /// The same without a filter and in no order that means anything, which takes a fifth of the time.
    #[must_use]
    pub fn ids_within_radius(&self, center: Local, radius: Metres) -> Vec<u32> {
        Circle::new(center, radius).map_or_else(Vec::new, |circle| self.find(&circle))
    }

    /// How many incidents lie no further than a radius from a place. Looks only at those near the rim.
    #[must_use]
    pub fn count_within_radius(&self, center: Local, radius: Metres) -> usize {
        Circle::new(center, radius).map_or(0, |circle| self.count(&circle))
    }

    /// How many of them a filter keeps.
    #[must_use]
    pub fn count_within_radius_of(
        &self,
        center: Local,
        radius: Metres,
        keep: impl Fn(usize) -> bool,
    ) -> usize {
        let mut count = 0;
        if let Some(circle) = Circle::new(center, radius) {
            self.each(&circle, |at, _| count += usize::from(keep(at)));
        }
        count
    }

    /// The `k` incidents nearest to a place, nearest first, equally near ones by position.
    #[must_use]
    pub fn nearest(&self, to: Local, k: usize, keep: impl Fn(usize) -> bool) -> Vec<(usize, Metres)> {
        self.nearest_by(to, k, keep, |at| at)
    }

    /// The same with equally near ones by their rank.
    #[must_use]
    pub fn nearest_by<R: Ord>(
        &self,
        to: Local,
        k: usize,
        keep: impl Fn(usize) -> bool,
        rank: impl Fn(usize) -> R,
    ) -> Vec<(usize, Metres)> {
        if k == 0 {
            return Vec::new();
        }
        let mut found = self.nearest_packed(to, k, &keep);
        let fresh = self.fresh.nearest_neighbor_iter_with_distance_2(&[to.x, to.y]);
        let mut last = f64::NEG_INFINITY;
        for (kept, (entry, far)) in fresh.filter(|(entry, _)| keep(entry.data as usize)).enumerate() {
            // Those equally near as the last must be seen, to be told apart by position.
            if kept >= k && far > last {
                break;
            }
            found.push((far, entry.data));
            last = far;
        }
        let rank = |id: u32| rank(id as usize);
        found.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then_with(|| rank(a.1).cmp(&rank(b.1))));
        found.truncate(k);
        found.into_iter().map(|(far, id)| (id as usize, Metres(far.sqrt()))).collect()
    }

    /// At least the `k` nearest of the bulk with their squared distances, found in circles that grow.
    fn nearest_packed(&self, to: Local, k: usize, keep: &impl Fn(usize) -> bool) -> Vec<(f64, u32)> {
        let mut found = Vec::new();
        let Some(bounds) = self.bulk.bounds().filter(|_| to.x.is_finite() && to.y.is_finite()) else {
            return found;
        };
        let beyond = |at: f64, low: f64, high: f64| (low - at).max(at - high).max(0.0);
        let reach = beyond(to.x, bounds.min.x, bounds.max.x).hypot(beyond(to.y, bounds.min.y, bounds.max.y));
        let across = bounds.width().0.hypot(bounds.height().0);
        let first = self.bulk.spacing_at(to) * (k as f64).sqrt() * 0.7;
        let mut beyond_reach = first.max(across * 1e-9);
        loop {
            // All at one place, or a circle around the whole box: there is nothing further out.
            let all = beyond_reach == 0.0 || beyond_reach > across + (reach + across) * 1e-9;
            let radius = if all { f64::INFINITY } else { reach + beyond_reach };
            let circle = Circle::new(to, Metres(radius));
            let circle = circle.expect("no distance is negative");
            self.bulk.each(&circle, |id, at| {
                if !self.gone.contains_key(&id) && keep(id as usize) {
                    found.push((squared(at, to), id));
                }
            });
            if found.len() >= k || all {
                return found;
            }
            found.clear();
            beyond_reach *= 2.0;
        }
    }

    fn count(&self, region: &impl Region) -> usize {
        let gone = self.gone.values().filter(|at| region.has([at.x, at.y])).count();
        self.bulk.count(region) + self.fresh_in(region).count() - gone
    }

    fn each(&self, region: &impl Region, mut each: impl FnMut(usize, [f64; 2])) {
        self.bulk.each(region, |id, at| {
            if self.gone.is_empty() || !self.gone.contains_key(&id) {
                each(id as usize, at);
            }
        });
        for entry in self.fresh_in(region) {
            each(entry.data as usize, *entry.geom());
        }
    }

    fn find(&self, region: &impl Region) -> Vec<u32> {
        let mut found = self.bulk.find(region);
        if !self.gone.is_empty() {
            found.retain(|id| !self.gone.contains_key(id));
        }
        found.extend(self.fresh_in(region).map(|entry| entry.data));
        found
    }

    fn fresh_in(&self, region: &impl Region) -> impl Iterator<Item = &Entry> {
        let LocalBox { min, max } = region.bounds();
        let around = AABB::from_corners([min.x, min.y], [max.x, max.y]);
        self.fresh.locate_in_envelope(&around).filter(|entry| region.has(*entry.geom()))
    }

    fn ascending(&self, region: &impl Region, keep: impl Fn(usize) -> bool) -> Vec<usize> {
        let mut found = self.find(region);
        found.retain(|&id| keep(id as usize));
        // A mark for every incident costs less than sorting more than one in 32 of them.
        let Some(&last) = found.iter().max() else { return Vec::new() };
        if found.len() < last as usize / 32 {
            found.sort_unstable();
            return found.into_iter().map(|id| id as usize).collect();
        }
        let mut marks = vec![0_u64; last as usize / 64 + 1];
        for id in &found {
            marks[*id as usize / 64] |= 1 << (id % 64);
        }
        let mut ordered = Vec::with_capacity(found.len());
        for (word, mut mark) in marks.into_iter().enumerate() {
            while mark != 0 {
                ordered.push(word * 64 + mark.trailing_zeros() as usize);
                mark &= mark - 1;
            }
        }
        ordered
    }
}

fn number(at: usize) -> u32 {
    u32::try_from(at).expect("fewer than 2³² incidents")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_takes_the_room_of_another_that_nobody_has() {
        let places =
            |n: u32, y: f64| (0..n).map(move |x| (x % 9 != 4).then_some(Local { x: f64::from(x), y }));
        for held in [false, true] {
            let spare = IncidentIndex::build(places(9_000, 1.0));
            let (kept, there) = (held.then(|| spare.clone()), Arc::downgrade(&spare.bulk));
            let mut over = spare.room().build_over(places(8_000, 2.0));
            assert_eq!(there.strong_count(), usize::from(held), "none but who holds it has the other still");
            assert_eq!((over.len(), kept.map_or(8_000, |kept| kept.len())), (7_111, 8_000));
            let fresh = IncidentIndex::build(places(8_000, 2.0));
            assert_eq!(format!("{:?}", over.bulk), format!("{:?}", fresh.bulk));
            over.insert(20_000, Local { x: 0.5, y: 0.5 });
            assert!(over.remove(3, Local { x: 3.0, y: 2.0 }));
            let room = over.room();
            assert!(
                room.fresh.size() == 0 && room.gone.is_empty(),
                "of room nothing is left that came or went"
            );
        }
    }
}
