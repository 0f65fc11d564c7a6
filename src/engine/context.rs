//! Places around blocks: brought to the plane of a data set, and those that are near a block.

use std::collections::BTreeMap;
use std::sync::Arc;

use geo::{BoundingRect, Coord, Distance, Euclidean, Geometry, MapCoords, Rect};

use super::snapshot::Snapshot;
use crate::model::block::BlockId;
use crate::model::context::{ContextFeature, ContextKind, ContextLayer, ContextPlace};
use crate::model::dataset::Dataset;
use crate::space::bbox::apart;
use crate::space::coord::{LonLat, Metres};
use crate::space::crs::CrsError;

/// How near is near: a walk of four minutes.
pub const NEARBY: Metres = Metres(300.0);

/// How many are named where fewer are near.
pub const NEAREST: usize = 3;

/// Gives a data set its places around blocks. Files of one kind make one layer.
///
/// A place so far from the blocks that their CRS cannot hold it is near to none of them and left out; how many
/// were is returned by kind.
pub fn set_context(
    dataset: &mut Dataset,
    files: Vec<(ContextKind, Vec<ContextFeature>)>,
) -> BTreeMap<ContextKind, usize> {
    let mut far = BTreeMap::new();
    let mut layers: Vec<ContextLayer> = Vec::new();
    for (kind, features) in files {
        let to_local = |at: Coord| {
            let crs = dataset.crs.to_string();
            let place = LonLat::new(at.x, at.y);
            let place = place.map_err(|source| CrsError::Globe { x: at.x, y: at.y, crs, source })?;
            dataset.crs.to_local(place).map(Coord::from)
        };
        let n = features.len();
        let place = |feature: ContextFeature| {
            let local = feature.shape.try_map_coords(to_local).ok()?;
            Some(ContextPlace { name: feature.name, local })
        };
        let places: Vec<ContextPlace> = features.into_iter().filter_map(place).collect();
        if places.len() < n {
            *far.entry(kind.clone()).or_default() += n - places.len();
        }
        match layers.iter_mut().find(|layer| layer.kind == kind) {
            Some(layer) => layer.places.extend(places),
            None => layers.push(ContextLayer { kind, places }),
        }
    }
    layers.sort_by(|a, b| a.kind.cmp(&b.kind));
    dataset.context = Arc::new(layers);
    far
}

/// What is near a block of one kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Nearby<'a> {
    /// What it is.
    pub kind: &'a ContextKind,
    /// How many are within [`NEARBY`].
    pub within: usize,
    /// All of those, or where they are fewer the nearest [`NEAREST`]: the nearest first, of equally near ones the first of the file.
    pub places: Vec<(Option<&'a str>, Metres)>,
}

impl Snapshot {
    /// What is near a block, kind by kind; distances are between the nearest points of both, 0 where they touch.
    ///
    /// Time O(places), with a look at the boxes first. A block without a shape has nothing near.
    #[must_use]
    pub fn nearby(&self, block: BlockId) -> Vec<Nearby<'_>> {
        let data = self.dataset();
        let shape = &data.block_set.blocks[block.0 as usize].local;
        let Some(around) = shape.bounding_rect() else { return Vec::new() };
        data.context.iter().map(|layer| of_layer(layer, shape, around)).collect()
    }
}

fn of_layer<'a>(layer: &'a ContextLayer, shape: &Geometry, around: Rect) -> Nearby<'a> {
    // By how far their boxes are, so that exact distances are computed for the nearest alone.
    let boxed = |place: &ContextPlace| place.local.bounding_rect().map(|other| apart(around, other));
    let mut order: Vec<(f64, usize)> =
        layer.places.iter().enumerate().filter_map(|(at, place)| Some((boxed(place)?, at))).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut found: Vec<(f64, usize)> = Vec::new();
    for (least, at) in order {
        let third = found.get(NEAREST - 1).map_or(f64::INFINITY, |(d, _)| *d);
        if least > NEARBY.0.max(third) {
            break;
        }
        let exact = (Euclidean.distance(shape, &layer.places[at].local), at);
        let before = found.partition_point(|near| (near.0, near.1) < exact);
        found.insert(before, exact);
    }
    let within = found.iter().filter(|(d, _)| *d <= NEARBY.0).count();
    found.truncate(within.max(NEAREST));
    let named = |(d, at): (f64, usize)| (layer.places[at].name.as_deref(), Metres(d));
    Nearby { kind: &layer.kind, within, places: found.into_iter().map(named).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::Point;

    fn layer(places: &[(f64, f64)]) -> ContextLayer {
        let place = |&(x, y): &(f64, f64)| ContextPlace { name: None, local: Point::new(x, y).into() };
        ContextLayer { kind: "schools".parse().expect("a word"), places: places.iter().map(place).collect() }
    }

    fn near(places: &[(f64, f64)]) -> (usize, Vec<f64>) {
        let street: Geometry = geo::LineString::from(vec![(0.0, 0.0), (100.0, 100.0)]).into();
        let layer = layer(places);
        let found = of_layer(&layer, &street, street.bounding_rect().expect("it has"));
        (found.within, found.places.iter().map(|(_, d)| (d.0 * 1e6).round() / 1e6).collect())
    }

    #[test]
    fn all_within_300_m_are_there_or_else_the_nearest_three() {
        // In a corner of the box of a diagonal street, yet 70.71 m from it.
        assert_eq!(near(&[(0.0, 100.0)]), (1, vec![70.710_678]));
        let row: Vec<(f64, f64)> = (1..=5).map(|n| (100.0, 100.0 + 75.0 * f64::from(n))).collect();
        assert_eq!(near(&row), (4, vec![75.0, 150.0, 225.0, 300.0]));
        let far = [(100.0, 1100.0), (100.0, 600.0), (100.0, 5100.0), (100.0, 900.0), (100.0, 350.0)];
        assert_eq!(near(&far), (1, vec![250.0, 500.0, 800.0]));
        assert_eq!(near(&[]), (0, vec![]));
    }

    #[test]
    fn what_lies_on_the_street_is_0_m_away() {
        let lot = Rect::new((-10.0, -10.0), (10.0, 10.0)).to_polygon();
        let mut layer = layer(&[]);
        layer.places.push(ContextPlace { name: Some("Lot".into()), local: lot.into() });
        let street: Geometry = geo::LineString::from(vec![(0.0, 0.0), (100.0, 100.0)]).into();
        let found = of_layer(&layer, &street, street.bounding_rect().expect("it has"));
        assert_eq!((found.within, found.places), (1, vec![(Some("Lot"), Metres(0.0))]));
    }
}
