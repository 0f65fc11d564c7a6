//! The ground that a density is of: study areas, where sensors listen, blocks, or what lies along streets.

use geo::MultiPolygon;

use super::density_ask::{DensityAsk, DensityError};
use super::snapshot::Snapshot;
use crate::analysis::density::edge::Edge;
use crate::analysis::density::kde::KdeParams;
use crate::analysis::density::mask::Mask;
use crate::model::areas::AreaKind;
use crate::model::block::BlockKind;
use crate::space::coord::Metres;
use crate::space::grid::Grid;

/// What the study area of a density is: where edges are corrected, and what means and shares of area are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// Areas of the kind study-area.
    Areas,
    /// Areas of the kind sensor-coverage, where only what sensors brought up is looked at.
    Sensors,
    /// The blocks, where these are polygons.
    Blocks,
    /// What lies along the streets that are blocks, up to [`ALONG`].
    Streets,
    /// The box around all blocks.
    Box,
}

impl Ground {
    /// For people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Areas => "areas of the kind study-area",
            Self::Sensors => "areas of the kind sensor-coverage",
            Self::Blocks => "blocks",
            Self::Streets => "within 200 m of a street",
            Self::Box => "box around the blocks",
        }
    }
}

/// Ground along a street is study area up to so far from it: half a long block.
pub const ALONG: Metres = Metres(200.0);

impl Snapshot {
    /// The study area on its grid, and what it is: areas of that kind, else blocks that are areas, else the ground along streets.
    ///
    /// Of sensors alone it is where they listen, as far as that is known. The second grid is the same, padded by the kernel, for a
    /// density that goes on beyond the border.
    pub(super) fn mask(
        &self,
        ask: &DensityAsk,
        params: &KdeParams,
        of_sensors: bool,
    ) -> Result<(Mask, Grid, Ground), DensityError> {
        let data = self.dataset();
        let area = data.study_area;
        // The bell is padded by what the eye sees of it; beyond is a hundred-millionth of it.
        let reach = Metres(params.bandwidth.0 * params.kernel.reach().min(2.0));
        let padded = Grid::over(area.padded(reach), ask.cell)?;
        let grid = if ask.edge == Edge::None { padded } else { Grid::over(area, ask.cell)? };
        let of_kind = |kind: AreaKind| {
            let layers = data.areas.iter().filter(|layer| layer.kind == kind);
            let areas = layers.flat_map(|layer| &layer.areas).flat_map(|area| area.local.0.clone());
            Mask::of_area(&grid, &MultiPolygon(areas.collect()))
        };
        let listened =
            of_sensors.then(|| of_kind(AreaKind::SensorCoverage)).filter(|mask| mask.n_inside() > 0);
        let of_areas = of_kind(AreaKind::StudyArea);
        let shapes = || data.block_set.blocks.iter().map(|block| (block.kind, &block.local));
        let polygons = shapes().filter(|(kind, _)| *kind == BlockKind::Polygon);
        let polygons = polygons.flat_map(|(_, shape)| match shape {
            geo::Geometry::Polygon(polygon) => vec![polygon.clone()],
            geo::Geometry::MultiPolygon(many) => many.0.clone(),
            _ => Vec::new(),
        });
        let lines = || {
            shapes().filter(|(kind, _)| *kind == BlockKind::Segment).flat_map(|(_, shape)| match shape {
                geo::Geometry::LineString(line) => std::slice::from_ref(line),
                geo::Geometry::MultiLineString(many) => &many.0[..],
                _ => &[],
            })
        };
        let (mask, ground) = if let Some(mask) = listened {
            (mask, Ground::Sensors)
        } else if of_areas.n_inside() > 0 {
            (of_areas, Ground::Areas)
        } else {
            let polygons = MultiPolygon(polygons.collect());
            if !polygons.0.is_empty() {
                (Mask::of_area(&grid, &polygons), Ground::Blocks)
            } else if lines().next().is_some() {
                (Mask::of_lines(&grid, lines(), ALONG), Ground::Streets)
            } else {
                (Mask::of_box(&grid, area), Ground::Box)
            }
        };
        Ok((mask, padded, ground))
    }
}
