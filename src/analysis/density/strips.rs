//! Incidents made ready for a raster: in vertical strips, each sorted from south to north, coincident ones as one place.

use rayon::prelude::*;

use crate::space::coord::Local;
use crate::space::grid::Grid;

/// One or more incidents with the same coordinates. Lengths are in bandwidths.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Place {
    /// Distance north of the grid's origin.
    pub(super) v: f64,
    /// Distance east of its strip's middle.
    pub(super) u: f64,
    pub(super) weight: f64,
}

/// How a grid and what lies around it is cut into strips; lengths in bandwidths.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lanes {
    /// Middle of the first strip east of the grid's origin.
    pub(super) first: f64,
    pub(super) width: f64,
    pub(super) count: usize,
}

impl Lanes {
    /// Strips as wide as `width`, or one, for places within `reach` bandwidths of the grid's centers.
    pub(super) fn new(grid: &Grid, (bandwidth, reach): (f64, f64), width: Option<f64>) -> Self {
        let across = grid.n_cols as f64 * grid.cell.0 * (1.0 / bandwidth) + 2.0 * reach;
        let width = width.unwrap_or(across).min(across);
        Self { first: width / 2.0 - reach, width, count: (across / width).ceil() as usize }
    }
}

/// The places that reach a grid.
///
/// Strips keep x small: polynomials in it lose digits with its powers, and one origin for a whole row loses eight of
/// them over 80 bandwidths.
#[derive(Debug)]
pub(super) struct Strips {
    places: Vec<Place>,
    /// Where each strip begins, and the end.
    bounds: Vec<usize>,
    /// Middle of the first strip and width of each, in bandwidths east of the grid's origin.
    first: f64,
    width: f64,
}

/// How many incidents a bucket of the sort holds about: so few are sorted by insertion.
const BUCKET: usize = 8;

impl Strips {
    /// Incidents that weigh something and lie within `reach` bandwidths of the grid's centers; strips as wide as `width`, or one.
    pub(super) fn new(
        points: &[Local],
        weights: Option<&[f64]>,
        grid: &Grid,
        (bandwidth, reach): (f64, f64),
        width: Option<f64>,
    ) -> Self {
        let scale = 1.0 / bandwidth;
        let across = grid.n_cols as f64 * grid.cell.0 * scale + 2.0 * reach;
        let along = grid.n_rows as f64 * grid.cell.0 * scale + 2.0 * reach;
        let Lanes { first, width, count: n_strips } = Lanes::new(grid, (bandwidth, reach), width);
        let per_strip = (points.len() / BUCKET / n_strips).clamp(1, 16 * grid.n_rows + 16);
        let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
        let north_of = |p: Local| (p.y - grid.origin.y) * scale;
        let east_of = |p: Local| (p.x - grid.origin.x) * scale;
        let per_bucket = per_strip as f64 / along;
        let bucket = |i: usize| {
            let (east, north) = (east_of(points[i]) + reach, north_of(points[i]) + reach);
            let inside = east > 0.0 && east < across && north > 0.0 && north < along && weight(i) > 0.0;
            let strip = ((east / width) as usize).min(n_strips - 1);
            let band = ((north * per_bucket) as usize).min(per_strip - 1);
            if inside { (strip * per_strip + band) as u32 } else { u32::MAX }
        };
        // A counting sort into buckets, each of them sorted, is a third of the time of one sort.
        let keys: Vec<u32> = (0..points.len()).into_par_iter().map(bucket).collect();
        let mut ends = vec![0_u32; n_strips * per_strip + 1];
        for &key in keys.iter().filter(|key| **key != u32::MAX) {
            ends[key as usize + 1] += 1;
        }
        for at in 1..ends.len() {
            ends[at] += ends[at - 1];
        }
        let mut places = vec![Place::default(); ends[ends.len() - 1] as usize];
        let mut next = ends.clone();
        for (i, &key) in keys.iter().enumerate().filter(|(_, key)| **key != u32::MAX) {
            let middle = first + (key as usize / per_strip) as f64 * width;
            // Adding 0 turns -0 into 0, which the order of bits would tell apart.
            let u = east_of(points[i]) - middle + 0.0;
            let slot = &mut next[key as usize];
            places[*slot as usize] = Place { v: north_of(points[i]) + 0.0, u, weight: weight(i) };
            *slot += 1;
        }
        sort_each(&mut places, &ends, weights.is_some());
        let bounds = merge(&mut places, ends.iter().step_by(per_strip).map(|&end| end as usize));
        Self { places, bounds, first, width }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// How many strips there are.
    pub(super) fn len(&self) -> usize {
        self.bounds.len() - 1
    }

    /// Middle of a strip, in bandwidths east of the grid's origin.
    pub(super) fn middle(&self, strip: usize) -> f64 {
        self.first + strip as f64 * self.width
    }

    /// How wide each strip is, in bandwidths.
    pub(super) fn width(&self) -> f64 {
        self.width
    }

    /// The places of a strip whose v lies between two bounds, from south to north.
    pub(super) fn between(&self, strip: usize, south: f64, north: f64) -> &[Place] {
        let places = &self.places[self.bounds[strip]..self.bounds[strip + 1]];
        let from = places.partition_point(|p| p.v <= south);
        let to = from + places[from..].partition_point(|p| p.v < north);
        &places[from..to]
    }
}

/// Sorts each bucket by v, u and, where weights differ, by weight, so that every later sum has one order.
fn sort_each(places: &mut [Place], ends: &[u32], weighted: bool) {
    let mut buckets = Vec::with_capacity(ends.len());
    let mut rest = places;
    for pair in ends.windows(2) {
        let (bucket, after) = rest.split_at_mut((pair[1] - pair[0]) as usize);
        if bucket.len() > 1 {
            buckets.push(bucket);
        }
        rest = after;
    }
    let key = |p: &Place| (u128::from(ordered(p.v)) << 64) | u128::from(ordered(p.u));
    buckets.par_iter_mut().for_each(|bucket| {
        if weighted {
            bucket.sort_unstable_by_key(|p| (key(p), ordered(p.weight)));
        } else {
            bucket.sort_unstable_by_key(key);
        }
    });
}

/// Whole numbers in the order of the floats: a sort by them needs no branches.
#[inline]
fn ordered(x: f64) -> u64 {
    let bits = x.to_bits();
    let mask = if bits >> 63 == 1 { u64::MAX } else { 1 << 63 };
    bits ^ mask
}

/// Puts coincident neighbors of a strip together, and gives the strips' new bounds.
fn merge(places: &mut Vec<Place>, ends: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut bounds = vec![0];
    let (mut kept, mut from) = (0, 0);
    for end in ends.skip(1) {
        let begin = kept;
        for at in from..end {
            let place = places[at];
            if kept > begin && places[kept - 1].u == place.u && places[kept - 1].v == place.v {
                places[kept - 1].weight += place.weight;
            } else {
                places[kept] = place;
                kept += 1;
            }
        }
        from = end;
        bounds.push(kept);
    }
    places.truncate(kept);
    bounds
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::coord::Metres;

    const GRID: Grid =
        Grid { origin: Local { x: 100.0, y: 0.0 }, cell: Metres(10.0), n_cols: 40, n_rows: 10 };

    #[test]
    fn places_lie_in_their_strips_from_south_to_north_and_once() {
        let points: Vec<Local> = (0..4000)
            .map(|i| Local { x: f64::from(i * 7 % 60) * 10.0, y: f64::from(i * 13 % 31) * 5.0 - 20.0 })
            .collect();
        let strips = Strips::new(&points, None, &GRID, (50.0, 1.0), Some(4.0));
        assert_eq!(strips.len(), 3);
        let mut held = 0.0;
        for strip in 0..strips.len() {
            let places = strips.between(strip, -2.0, 9.0);
            assert!(places.windows(2).all(|w| (w[0].v, w[0].u) < (w[1].v, w[1].u)));
            assert!(places.iter().all(|p| p.u.abs() <= 2.0));
            held += places.iter().map(|p| p.weight).sum::<f64>();
        }
        let reaches = |p: &&Local| p.x > 50.0 && p.x < 550.0 && p.y > -50.0 && p.y < 150.0;
        assert_eq!(held, points.iter().filter(reaches).count() as f64);
    }

    #[test]
    fn the_order_of_floats_is_that_of_their_numbers() {
        let sorted = [f64::MIN, -1.5, -1e-300, 0.0, 1e-300, 2.0, f64::MAX];
        assert!(sorted.windows(2).all(|w| ordered(w[0]) < ordered(w[1])));
    }
}
