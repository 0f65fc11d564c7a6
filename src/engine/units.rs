//! The units that are tested for hot spots: blocks, or cells near them, with their counts and neighbors.

use geo::{
    BoundingRect, Centroid, Contains, Coord, Euclidean, Geometry, InterpolateLine, Length, Line, LinesIter,
};

use super::hotspots::HotSpotsError;
use super::query::Selection;
use super::sensors::Heard;
use super::snapshot::Snapshot;
use crate::analysis::hotspots::contiguity::{of_polygons, of_segments};
use crate::analysis::hotspots::weights::{Contiguity, Neighbors, NeighborsError};
use crate::analysis::hotspots::window::Lattice;
use crate::model::block::{BlockId, SEGMENTS, Share};
use crate::space::bbox::LocalBox;
use crate::space::coord::{Local, Metres};
use crate::space::grid::{Grid, GridError};

/// A cell belongs to the study area if it lies no farther than this from a block: where houses of a street stand.
pub const BESIDE: Metres = Metres(50.0);

/// What is tested.
#[derive(Clone, Debug)]
pub enum Units {
    /// Blocks with a shape, and their middles.
    Blocks(Vec<(BlockId, Local)>),
    /// Cells of a grid whose corners lie at whole multiples of their side from the origin of the CRS.
    Cells {
        /// The grid.
        grid: Grid,
        /// Which of its cells belong to the study area.
        mask: Vec<bool>,
    },
}

impl Units {
    /// The blocks that have a shape.
    pub(super) fn blocks(snapshot: &Snapshot) -> Self {
        Self::heard_blocks(snapshot, &Heard::ALL)
    }

    /// The same without those where nobody heard anything, see [`Snapshot::heard`].
    pub(super) fn heard_blocks(snapshot: &Snapshot, heard: &Heard) -> Self {
        let blocks = (0..).zip(&snapshot.dataset().block_set.blocks);
        let middle = |(number, block): (u32, &crate::model::block::Block)| {
            if !heard.has(BlockId(number)) {
                return None;
            }
            Some((BlockId(number), Local { x: block.local.centroid()?.x(), y: block.local.centroid()?.y() }))
        };
        Self::Blocks(blocks.filter_map(middle).collect())
    }

    /// Cells near the blocks, but for those where nobody heard anything.
    pub(super) fn cells(snapshot: &Snapshot, cell: Metres, heard: &Heard) -> Result<Self, GridError> {
        let area = snapshot.dataset().study_area.padded(BESIDE);
        let down = |at: f64| (at / cell.0).floor() * cell.0;
        let min = Local { x: down(area.min.x), y: down(area.min.y) };
        let grid = Grid::over(LocalBox { min, max: area.max }, cell)?;
        let mut mask = vec![false; grid.len()];
        let blocks = (0..).zip(&snapshot.dataset().block_set.blocks);
        for (_, block) in blocks.filter(|(number, _)| heard.has(BlockId(*number))) {
            mark(&mut mask, &grid, &block.local);
        }
        Ok(Self::Cells { grid, mask })
    }

    /// The middle of each unit.
    #[must_use]
    pub fn middles(&self) -> Vec<Local> {
        match self {
            Self::Blocks(blocks) => blocks.iter().map(|(_, middle)| *middle).collect(),
            Self::Cells { grid, mask } => {
                let inside = (0..mask.len()).filter(|&cell| mask[cell]);
                inside.map(|cell| grid.center(cell % grid.n_cols, cell / grid.n_cols)).collect()
            }
        }
    }

    /// The grid as windows want it.
    pub(super) fn lattice(&self) -> Option<Lattice<'_>> {
        match self {
            Self::Blocks(_) => None,
            Self::Cells { grid, mask } => {
                Some(Lattice { n_cols: grid.n_cols, n_rows: grid.n_rows, mask: Some(mask) })
            }
        }
    }

    /// Units that touch.
    pub(super) fn contiguous(&self, snapshot: &Snapshot) -> Result<Neighbors, NeighborsError> {
        match self {
            Self::Cells { grid, mask } => {
                Neighbors::on_grid(grid.n_cols, grid.n_rows, Some(mask), Contiguity::Queen)
            }
            Self::Blocks(blocks) => {
                let set = &snapshot.dataset().block_set;
                let shapes: Vec<&Geometry> =
                    blocks.iter().map(|(block, _)| &set.blocks[block.0 as usize].local).collect();
                if set.name == SEGMENTS {
                    of_segments(&shapes)
                } else {
                    of_polygons(&shapes, Contiguity::Queen)
                }
            }
        }
    }

    /// Incidents of each unit that `also` holds for, and how many of them lie in no unit.
    ///
    /// Blocks count all that are assigned to them, cells those that may be drawn. Parts of split incidents are parts.
    pub(super) fn counts(
        &self,
        snapshot: &Snapshot,
        selection: &Selection,
        also: impl Fn(usize) -> bool,
    ) -> (Vec<f64>, usize) {
        match self {
            Self::Blocks(blocks) => {
                let counts = snapshot.counts(selection, &also);
                let whole = u64::from(Share::WHOLE.0);
                let of = |(block, _): &(BlockId, Local)| {
                    let shares = counts[block.0 as usize].shares();
                    if shares.is_multiple_of(whole) {
                        (shares / whole) as f64
                    } else {
                        shares as f64 / whole as f64
                    }
                };
                let inside: Vec<f64> = blocks.iter().map(of).collect();
                let all = counts.iter().map(|count| count.shares()).sum::<u64>() as f64 / whole as f64;
                let outside = all - inside.iter().sum::<f64>();
                (inside, outside.round() as usize)
            }
            Self::Cells { grid, mask } => {
                let mut counts = vec![0.0; mask.len()];
                let mut outside = 0;
                for (_, at) in snapshot.drawn(selection).filter(|(at, _)| also(*at)) {
                    match cell_of(grid, at).filter(|&cell| mask[cell]) {
                        Some(cell) => counts[cell] += 1.0,
                        None => outside += 1,
                    }
                }
                (
                    counts.into_iter().zip(mask).filter_map(|(n, &inside)| inside.then_some(n)).collect(),
                    outside,
                )
            }
        }
    }
}

fn cell_of(grid: &Grid, at: Local) -> Option<usize> {
    let (col, row) = ((at.x - grid.origin.x) / grid.cell.0, (at.y - grid.origin.y) / grid.cell.0);
    let inside = col >= 0.0 && row >= 0.0 && col < grid.n_cols as f64 && row < grid.n_rows as f64;
    inside.then(|| row as usize * grid.n_cols + col as usize)
}

/// Marks the cells near a shape: along its lines in steps of a quarter of a cell, and those with their middle inside.
fn mark(mask: &mut [bool], grid: &Grid, shape: &Geometry) {
    let mut near = |at: Coord| {
        for (dx, dy) in [
            (0., 0.),
            (1., 0.),
            (-1., 0.),
            (0., 1.),
            (0., -1.),
            (0.7, 0.7),
            (0.7, -0.7),
            (-0.7, 0.7),
            (-0.7, -0.7),
        ] {
            let beside = Local { x: at.x + dx * BESIDE.0, y: at.y + dy * BESIDE.0 };
            if let Some(cell) = cell_of(grid, beside) {
                mask[cell] = true;
            }
        }
    };
    match shape {
        Geometry::Point(at) => near(at.0),
        Geometry::MultiPoint(several) => several.iter().for_each(|at| near(at.0)),
        Geometry::LineString(line) => line.lines().for_each(|line| along(line, grid.cell, &mut near)),
        Geometry::MultiLineString(lines) => {
            lines.lines_iter().for_each(|line| along(line, grid.cell, &mut near))
        }
        Geometry::Polygon(polygon) => polygon.lines_iter().for_each(|line| along(line, grid.cell, &mut near)),
        Geometry::MultiPolygon(several) => {
            several.lines_iter().for_each(|line| along(line, grid.cell, &mut near))
        }
        _ => {}
    }
    if let (Geometry::Polygon(_) | Geometry::MultiPolygon(_), Some(around)) = (shape, shape.bounding_rect()) {
        let clamp = |at: f64, from: f64, n: usize| (((at - from) / grid.cell.0).max(0.0) as usize).min(n - 1);
        let cols = clamp(around.min().x, grid.origin.x, grid.n_cols)
            ..=clamp(around.max().x, grid.origin.x, grid.n_cols);
        for row in clamp(around.min().y, grid.origin.y, grid.n_rows)
            ..=clamp(around.max().y, grid.origin.y, grid.n_rows)
        {
            for col in cols.clone() {
                let inside = &mut mask[row * grid.n_cols + col];
                *inside = *inside || shape.contains(&Coord::from(grid.center(col, row)));
            }
        }
    }
}

fn along(line: Line, cell: Metres, near: &mut impl FnMut(Coord)) {
    let length = Euclidean.length(&line);
    let steps = (length / (cell.0.min(4.0 * BESIDE.0) / 4.0)).ceil().max(1.0) as usize;
    for step in 0..=steps {
        near(Euclidean.point_at_ratio_from_start(&line, step as f64 / steps as f64).0);
    }
}

/// Which neighbors of a set of units; with [`Near::Band`] the length that was chosen.
pub(super) fn neighbors(units: &Units, snapshot: &Snapshot, near: Near) -> Result<Neighbors, HotSpotsError> {
    Ok(match near {
        Near::Contiguity => units.contiguous(snapshot)?,
        Near::Band(band) => Neighbors::within(&units.middles(), band)?,
        Near::Nearest(k) => Neighbors::nearest(&units.middles(), k)?,
    })
}

/// Who is near whom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Near {
    /// Units that touch: a corner is enough; streets share an intersection.
    Contiguity,
    /// Units whose middles are no farther apart.
    Band(Metres),
    /// So many nearest ones.
    Nearest(usize),
}
