//! The boxes around what layers have, each layer its own: found once for a snapshot.

use geo::BoundingRect;

use super::snapshot::Snapshot;
use crate::space::bbox::LonLatBox;
use crate::space::printed::printed;

/// Boxes in degrees with seven decimals, as places are printed; `None` around nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Extents {
    /// Around the incidents that may be shown by themselves: none of them is sensitive.
    pub incidents: Option<LonLatBox>,
    /// Around all blocks.
    pub blocks: Option<LonLatBox>,
    /// Around all areas.
    pub areas: Option<LonLatBox>,
}

impl Extents {
    /// Finds them. Time O(incidents + vertices).
    pub(super) fn of(snapshot: &Snapshot) -> Self {
        let data = snapshot.dataset();
        let shown = data.incidents.standing().filter(|&at| !data.sensitive(at));
        let places = shown.filter_map(|at| data.incidents.lonlat(at));
        let blocks = data.block_set.blocks.iter().filter_map(|block| block.lonlat.bounding_rect());
        let areas = data.areas.iter().flat_map(|layer| &layer.areas);
        let areas = areas.filter_map(|area| area.lonlat.bounding_rect());
        Self {
            incidents: LonLatBox::around(places).map(as_printed),
            blocks: blocks.map(of_rect).reduce(LonLatBox::with).map(as_printed),
            areas: areas.map(of_rect).reduce(LonLatBox::with).map(as_printed),
        }
    }
}

fn of_rect(rect: geo::Rect) -> LonLatBox {
    LonLatBox { west: rect.min().x, south: rect.min().y, east: rect.max().x, north: rect.max().y }
}

fn as_printed(area: LonLatBox) -> LonLatBox {
    LonLatBox {
        west: printed(area.west),
        south: printed(area.south),
        east: printed(area.east),
        north: printed(area.north),
    }
}
