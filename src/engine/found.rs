//! Which selected incidents lie where: in a box, a polygon, around a place, nearest to it.

use super::query::Selection;
use super::snapshot::Snapshot;
use crate::space::bbox::{LocalBox, LonLatBox};
use crate::space::coord::{Local, LonLat, Metres};

impl Snapshot {
    /// Selected incidents in a box of degrees, or anywhere; those without a place only in the latter.
    #[must_use]
    pub fn incidents(&self, selection: &Selection, within: Option<LonLatBox>) -> Vec<usize> {
        let chosen = |at: usize| selection.has(self.dataset(), at);
        match within {
            None => self.dataset().incidents.standing().filter(|&at| chosen(at)).collect(),
            Some(area) => {
                let incidents = &self.dataset().incidents;
                // Most lie well inside, and need no degrees to tell.
                let inner = area.inner();
                let exactly = |at: usize| {
                    incidents.mercator(at).is_some_and(|place| {
                        inner.is_some_and(|inner| inner.has(place)) || area.contains(place.into())
                    })
                };
                let mut found: Vec<usize> = area
                    .parts()
                    .into_iter()
                    .flat_map(|part| match self.to_local(part) {
                        Some(local) => self.index.within_box(local, |at| chosen(at) && exactly(at)),
                        None => (0..self.dataset().incidents.len())
                            .filter(|&at| chosen(at) && exactly(at))
                            .collect(),
                    })
                    .collect();
                self.dataset().incidents.sort(&mut found);
                found.dedup();
                found
            }
        }
    }

    /// Selected incidents in a polygon of the local plane, its edges included.
    #[must_use]
    pub fn within_polygon(&self, selection: &Selection, area: &geo::Polygon) -> Vec<usize> {
        self.in_order(self.index.within_polygon(area, |at| selection.has(self.dataset(), at)))
    }

    /// Selected incidents no further than a radius from a place.
    #[must_use]
    pub fn within_radius(&self, selection: &Selection, center: Local, radius: Metres) -> Vec<usize> {
        self.in_order(self.index.within_radius(center, radius, |at| selection.has(self.dataset(), at)))
    }

    /// The `k` selected incidents nearest to a place, nearest first.
    #[must_use]
    pub fn nearest(&self, selection: &Selection, to: Local, k: usize) -> Vec<(usize, Metres)> {
        let incidents = &self.dataset().incidents;
        self.index.nearest_by(to, k, |at| selection.has(self.dataset(), at), incidents.ranks())
    }

    fn in_order(&self, mut found: Vec<usize>) -> Vec<usize> {
        self.dataset().incidents.sort(&mut found);
        found
    }

    /// The local box around a box of degrees, a little larger than it; `None` if it is far larger
    /// than the study area, where a projected box would no longer hold it.
    fn to_local(&self, area: LonLatBox) -> Option<LocalBox> {
        const STEPS: u32 = 16;
        let near = self.dataset().extent;
        if area.west < near.west - 2.0
            || area.east > near.east + 2.0
            || area.south < near.south - 2.0
            || area.north > near.north + 2.0
        {
            return None;
        }
        let edge = |t: f64| {
            let (lon, lat) =
                (area.west + t * (area.east - area.west), area.south + t * (area.north - area.south));
            [(lon, area.south), (lon, area.north), (area.west, lat), (area.east, lat)]
        };
        let points = (0..=STEPS).flat_map(|i| edge(f64::from(i) / f64::from(STEPS)));
        let local = points
            .map(|(lon, lat)| LonLat::new(lon, lat).ok().and_then(|at| self.dataset().crs.to_local(at).ok()));
        let all: Option<Vec<Local>> = local.collect();
        let tight = LocalBox::around(all?)?;
        // Between two steps an edge bulges by less than 1/1000 of the box.
        Some(tight.padded(Metres(1.0 + 0.001 * tight.width().0.max(tight.height().0))))
    }
}
