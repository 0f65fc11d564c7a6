//! Cells: squares, hexagons and H3 cells that cover a place, with ids that do not depend on the place's outline.

use geo::{BoundingRect, Coord, Intersects, LineString, MultiPolygon, Polygon, Rect};
use h3o::{CellIndex, LatLng, Resolution};
use rayon::prelude::*;
use rstar::primitives::{GeomWithData, Line, Rectangle};
use rstar::{AABB, RTree};

use super::areas::CELLS;
use super::block::{Block, BlockKind, BlockSet};
use crate::space::coord::{Local, LonLat, Metres, SquareKm};
use crate::space::crs::{Crs, CrsError};

/// The most cells that one set may have: a million blocks are still ranked within seconds.
pub const MOST: usize = 1_000_000;

/// Why no cells can be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CellsError {
    /// The size is zero, negative or not a number.
    #[error("cells of {size} cannot be laid out; give a size above 0 m")]
    Size {
        /// What was asked for.
        size: Metres,
    },
    /// H3 has no such resolution.
    #[error("H3 has no resolution {resolution}; give one from 0 (continents) to 15 (rooms)")]
    Resolution {
        /// What was asked for.
        resolution: u8,
    },
    /// Too many of them.
    #[error("that would be more than {MOST} cells; give larger ones or a smaller place")]
    TooMany,
    /// The place to cover is empty.
    #[error("there is no place to cover: the mask has no polygon")]
    Nowhere,
    /// A corner cannot be brought to degrees.
    #[error("a cell's corner cannot be brought to longitude and latitude")]
    Crs(#[from] CrsError),
}

/// Square cells of a side that touch the mask, in local metres.
///
/// Corners lie at whole multiples of the side from the origin of the CRS, so the same place has the
/// same cell and the same id, `square-200m_3718_21395` (side, column, row), whatever the mask.
/// Cells are not cut at the mask's edge: each that touches it is there whole, hence every place of
/// the mask lies in one and every area is the side squared. Neighbors share their corners to the bit.
///
/// # Errors
///
/// [`CellsError`] for a side that is not above 0, beyond [`MOST`] cells, or an empty mask.
pub fn square_cells(mask: &MultiPolygon, side: Metres, crs: &Crs) -> Result<BlockSet, CellsError> {
    let (mask, bounds) = Mask::new(mask, side)?;
    let columns = range(bounds.min().x, bounds.max().x, side.0);
    let rows = range(bounds.min().y, bounds.max().y, side.0);
    let at = |col: i64, row: i64| Coord { x: col as f64 * side.0, y: row as f64 * side.0 };
    let ring = |col: i64, row: i64| {
        LineString(vec![at(col, row), at(col + 1, row), at(col + 1, row + 1), at(col, row + 1), at(col, row)])
    };
    lattice(&mask, columns, rows, crs, side.0 * side.0, &|col, row| {
        (format!("square-{}m_{col}_{row}", side.0), ring(col, row))
    })
}

/// Hexagonal cells that touch the mask, in local metres: flat sides north and south.
///
/// `width` is the distance between opposite sides, so the area is `width² √3 / 2` and a side
/// `width / √3`. Columns run north; every second one is shifted by half a width. Ids
/// (`hexagon-200m_123_456`), origin and edge as in [`square_cells`].
///
/// # Errors
///
/// As [`square_cells`].
pub fn hexagon_cells(mask: &MultiPolygon, width: Metres, crs: &Crs) -> Result<BlockSet, CellsError> {
    let (mask, bounds) = Mask::new(mask, width)?;
    // Corners lie on a lattice of half a side by half a width; whole numbers there make neighbors agree.
    let (half_side, half_width) = (width.0 / 3f64.sqrt() / 2.0, width.0 / 2.0);
    let columns = range(bounds.min().x - 2.0 * half_side, bounds.max().x + 2.0 * half_side, 3.0 * half_side);
    let rows = range(bounds.min().y - width.0, bounds.max().y + width.0, width.0);
    let ring = |col: i64, row: i64| {
        let (x, y) = (3 * col, 2 * row + col.rem_euclid(2));
        let at = |dx: i64, dy: i64| Coord { x: (x + dx) as f64 * half_side, y: (y + dy) as f64 * half_width };
        LineString(vec![at(2, 0), at(1, 1), at(-1, 1), at(-2, 0), at(-1, -1), at(1, -1), at(2, 0)])
    };
    let area = width.0 * width.0 * 3f64.sqrt() / 2.0;
    lattice(&mask, columns, rows, crs, area, &|col, row| {
        (format!("hexagon-{}m_{col}_{row}", width.0), ring(col, row))
    })
}

/// H3 cells of a resolution that touch the mask, in degrees; their ids are H3's own.
///
/// Shapes are H3's boundaries in degrees, so they differ a little in size: areas are those of the
/// shape in the local plane. Source: Uber's H3, as implemented by the crate `h3o`.
///
/// # Errors
///
/// As [`square_cells`], and [`CellsError::Resolution`] above 15.
pub fn h3_cells(mask: &MultiPolygon, resolution: u8, crs: &Crs) -> Result<BlockSet, CellsError> {
    let level = Resolution::try_from(resolution).map_err(|_| CellsError::Resolution { resolution })?;
    let (mask, _) = Mask::new(mask, Metres(1.0))?;
    let mut seen = std::collections::BTreeSet::new();
    let mut open = Vec::new();
    // Cells that touch a polygon are connected, so from a corner's cell all of them are reached.
    for polygon in &mask.polygons {
        for &corner in polygon.exterior().coords().take(1) {
            let at = crs.from_local(Local::from(corner))?;
            // Edges are drawn straight here and bent on the globe: the corner may lie a hair beside its cell.
            let cell = LatLng::new(at.lat(), at.lon()).ok().map(|at| at.to_cell(level));
            open.extend(cell.into_iter().flat_map(|cell| cell.grid_disk::<Vec<_>>(1)));
        }
    }
    let mut blocks = Vec::new();
    while let Some(cell) = open.pop() {
        if !seen.insert(u64::from(cell)) {
            continue;
        }
        let block = h3_block(cell, crs)?;
        let geo::Geometry::Polygon(shape) = &block.local else { continue };
        if mask.touches(shape) {
            blocks.push(block);
            open.extend(cell.grid_disk::<Vec<_>>(1));
        }
        if blocks.len() > MOST {
            return Err(CellsError::TooMany);
        }
    }
    blocks.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(BlockSet { name: CELLS, blocks, alleys: Vec::new() })
}

fn h3_block(cell: CellIndex, crs: &Crs) -> Result<Block, CellsError> {
    use geo::Area as _;
    let mut lonlat = Vec::new();
    let mut local = Vec::new();
    for corner in cell.boundary().iter() {
        let (x, y) = (corner.lng(), corner.lat());
        let at =
            LonLat::new(x, y).map_err(|source| CrsError::Globe { x, y, crs: crs.to_string(), source })?;
        lonlat.push(Coord { x, y });
        local.push(Coord::from(crs.to_local(at)?));
    }
    let local = Polygon::new(LineString(local), Vec::new());
    let lonlat = Polygon::new(LineString(lonlat), Vec::new());
    Ok(block(cell.to_string(), lonlat, SquareKm::from_square_metres(local.unsigned_area()), local))
}

fn block(id: String, lonlat: Polygon, area: SquareKm, local: Polygon) -> Block {
    Block {
        name: format!("Cell {id}"),
        id,
        kind: BlockKind::Polygon,
        lonlat: lonlat.into(),
        local: local.into(),
        length: None,
        area: Some(area),
        residents: Default::default(),
        areas: Default::default(),
        streets: Vec::new(),
    }
}

/// Columns or rows whose cells lie between two coordinates.
fn range(from: f64, to: f64, step: f64) -> std::ops::RangeInclusive<i64> {
    (from / step).floor() as i64..=(to / step).floor() as i64
}

type Draw<'a> = dyn Fn(i64, i64) -> (String, LineString) + Sync + 'a;

/// The cells of a lattice that touch the mask, row by row from the south-west.
fn lattice(
    mask: &Mask,
    columns: std::ops::RangeInclusive<i64>,
    rows: std::ops::RangeInclusive<i64>,
    crs: &Crs,
    square_metres: f64,
    draw: &Draw<'_>,
) -> Result<BlockSet, CellsError> {
    let width = (columns.end() - columns.start() + 1) as f64;
    if width * (rows.end() - rows.start() + 1) as f64 > 4.0 * MOST as f64 {
        return Err(CellsError::TooMany);
    }
    let row = |row: i64| -> Result<Vec<Block>, CellsError> {
        let cells = columns.clone().map(|col| draw(col, row));
        let touching = cells.map(|(id, ring)| (id, Polygon::new(ring, Vec::new())));
        touching
            .filter(|(_, shape)| mask.touches(shape))
            .map(|(id, local)| {
                let lonlat = crs.shape_from_local(&local)?;
                Ok(block(id, lonlat, SquareKm::from_square_metres(square_metres), local))
            })
            .collect()
    };
    let rows: Vec<i64> = rows.collect();
    let rows: Vec<Vec<Block>> = rows.into_par_iter().map(row).collect::<Result<_, _>>()?;
    let blocks: Vec<Block> = rows.into_iter().flatten().collect();
    if blocks.len() > MOST {
        return Err(CellsError::TooMany);
    }
    Ok(BlockSet { name: CELLS, blocks, alleys: Vec::new() })
}

/// The place to cover, with its edges and boxes in trees.
struct Mask {
    polygons: Vec<Polygon>,
    edges: RTree<Line<[f64; 2]>>,
    boxes: RTree<GeomWithData<Rectangle<[f64; 2]>, usize>>,
}

impl Mask {
    fn new(mask: &MultiPolygon, size: Metres) -> Result<(Self, Rect), CellsError> {
        if !(size.0 > 0.0 && size.0.is_finite()) {
            return Err(CellsError::Size { size });
        }
        let bounds = mask.bounding_rect().ok_or(CellsError::Nowhere)?;
        let rings = mask.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()));
        let edges = rings.flat_map(LineString::lines);
        let edges = edges.map(|l| Line::new([l.start.x, l.start.y], [l.end.x, l.end.y])).collect();
        let boxes = mask.iter().enumerate().filter_map(|(at, polygon)| {
            let r = polygon.bounding_rect()?;
            let corners = Rectangle::from_corners([r.min().x, r.min().y], [r.max().x, r.max().y]);
            Some(GeomWithData::new(corners, at))
        });
        let boxes = RTree::bulk_load(boxes.collect());
        Ok((Self { polygons: mask.0.clone(), edges: RTree::bulk_load(edges), boxes }, bounds))
    }

    /// Whether an edge of the mask runs through the cell, or the cell lies inside as a whole.
    fn touches(&self, cell: &Polygon) -> bool {
        let Some(r) = cell.bounding_rect() else { return false };
        let around = AABB::from_corners([r.min().x, r.min().y], [r.max().x, r.max().y]);
        let edge = |line: &Line<[f64; 2]>| geo::Line::new(line.from, line.to);
        if self.edges.locate_in_envelope_intersecting(&around).any(|l| cell.intersects(&edge(l))) {
            return true;
        }
        let corner = cell.exterior().0[0];
        self.boxes
            .locate_in_envelope_intersecting(&AABB::from_point([corner.x, corner.y]))
            .any(|entry| self.polygons[entry.data].intersects(&corner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::Area as _;

    fn crs() -> Crs {
        Crs::new("EPSG:32615").expect("UTM")
    }

    fn mask() -> MultiPolygon {
        let corners = [(740_013., 4_279_007.), (742_551., 4_279_100.), (741_900., 4_281_313.)];
        let ring: LineString = corners.into_iter().collect();
        MultiPolygon(vec![Polygon::new(ring, Vec::new())])
    }

    #[test]
    fn the_same_place_has_the_same_cell_whatever_the_mask() {
        let large = square_cells(&mask(), Metres(200.0), &crs()).expect("cells");
        let mut small = mask();
        small.0[0] = Polygon::new(
            [(740_900., 4_279_300.), (741_500., 4_279_300.), (741_500., 4_279_900.)].into_iter().collect(),
            Vec::new(),
        );
        for (cells, name) in [
            (square_cells(&small, Metres(200.0), &crs()), "square"),
            (hexagon_cells(&small, Metres(200.0), &crs()), "hexagon"),
        ] {
            let cells = cells.expect("cells");
            assert!(cells.blocks.len() > 4 && cells.blocks[0].id.starts_with(name));
            if name == "square" {
                for cell in &cells.blocks {
                    let twin = large.blocks.iter().find(|b| b.id == cell.id).expect("the larger mask has it");
                    assert_eq!(twin.local, cell.local);
                }
            }
        }
        assert!(large.blocks.iter().any(|b| b.id == "square-200m_3703_21398"), "{}", large.blocks[0].id);
    }

    #[test]
    fn areas_are_true_to_the_shape() {
        for set in [
            square_cells(&mask(), Metres(150.0), &crs()),
            hexagon_cells(&mask(), Metres(150.0), &crs()),
            h3_cells(&mask(), 9, &crs()),
        ] {
            let set = set.expect("cells");
            assert_eq!(set.name, "cells");
            for cell in &set.blocks {
                let geo::Geometry::Polygon(shape) = &cell.local else { panic!("a polygon") };
                let stated = cell.area.expect("an area").0;
                assert!((stated - shape.signed_area() / 1e6).abs() < 1e-9, "{}", cell.id);
            }
        }
    }

    #[test]
    fn h3_ids_are_those_of_h3() {
        // City Hall of St. Louis; the index is h3-py's latlng_to_cell(38.627, -90.1994, 9).
        let city_hall = LonLat::new(-90.1994, 38.6270).expect("on the globe");
        let at = crs().to_local(city_hall).expect("near");
        let ring: LineString = [(at.x, at.y), (at.x + 1., at.y), (at.x, at.y + 1.)].into_iter().collect();
        let set = h3_cells(&MultiPolygon(vec![Polygon::new(ring, vec![])]), 9, &crs()).expect("cells");
        assert_eq!(set.blocks.len(), 1);
        assert_eq!(set.blocks[0].id, "892640c822bffff");
    }

    #[test]
    fn sizes_that_make_no_cells_are_refused() {
        for side in [0.0, -5.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(square_cells(&mask(), Metres(side), &crs()), Err(CellsError::Size { .. })));
            assert!(matches!(hexagon_cells(&mask(), Metres(side), &crs()), Err(CellsError::Size { .. })));
        }
        assert!(matches!(square_cells(&mask(), Metres(0.01), &crs()), Err(CellsError::TooMany)));
        assert!(matches!(h3_cells(&mask(), 16, &crs()), Err(CellsError::Resolution { .. })));
        let nowhere = MultiPolygon(Vec::new());
        assert!(matches!(square_cells(&nowhere, Metres(100.0), &crs()), Err(CellsError::Nowhere)));
    }
}
