//! Polygons to blocks.

use geo::{Area as _, Coord, MapCoords, MultiPolygon};

use super::block::{Block, BlockKind, BlockSet};
use crate::space::coord::{LonLat, SquareKm};
use crate::space::crs::{Crs, CrsError};

/// One polygon of a file, in degrees.
#[derive(Clone, Debug)]
pub struct Area {
    /// Its id in the file.
    pub id: Option<String>,
    /// Its name in the file.
    pub name: Option<String>,
    /// Its shape, outer rings counter-clockwise.
    pub shape: MultiPolygon,
}

/// Makes a block of every polygon, with its area in the local plane.
///
/// # Errors
///
/// [`CrsError`] for a polygon too far from the area of the local CRS.
pub fn polygons(areas: &[Area], crs: &Crs) -> Result<BlockSet, CrsError> {
    let unique = all_differ(areas.iter().map(|area| area.id.as_deref()));
    let block = |(number, area): (usize, &Area)| {
        let local = area.shape.try_map_coords(|at| {
            let lonlat = LonLat::new(at.x, at.y).map_err(|source| CrsError::Globe {
                x: at.x,
                y: at.y,
                crs: crs.to_string(),
                source,
            })?;
            crs.to_local(lonlat).map(Coord::from)
        })?;
        let id = area.id.clone().filter(|_| unique).unwrap_or_else(|| number.to_string());
        Ok(Block {
            name: area.name.clone().unwrap_or_else(|| format!("Block {id}")),
            id: format!("polygon-{id}"),
            kind: BlockKind::Polygon,
            length: None,
            area: Some(SquareKm::from_square_metres(local.unsigned_area())),
            lonlat: simplest(area.shape.clone()),
            local: simplest(local),
            streets: Vec::new(),
        })
    };
    let blocks = (1..).zip(areas).map(block).collect::<Result<_, CrsError>>()?;
    Ok(BlockSet { name: "polygons", blocks, alleys: Vec::new() })
}

/// Whether all have an id and no two the same.
fn all_differ<'a>(ids: impl Iterator<Item = Option<&'a str>>) -> bool {
    let mut seen = std::collections::HashSet::new();
    ids.into_iter().all(|id| id.is_some_and(|id| seen.insert(id)))
}

fn simplest(mut shape: MultiPolygon) -> geo::Geometry {
    match shape.0.len() {
        1 => shape.0.remove(0).into(),
        _ => shape.into(),
    }
}
