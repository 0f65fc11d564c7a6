//! Areas: named territories of a kind, and polygons that become blocks.

use std::cell::Cell;
use std::fmt;
use std::str::FromStr;

use geo::{Area as _, Coord, CoordsIter, MapCoords, MultiPolygon};

use super::block::{Block, BlockKind, BlockSet};
use super::exposure::Residents;
use crate::space::bbox::LonLatBox;
use crate::space::coord::{Local, LonLat, SquareKm};
use crate::space::crs::{Crs, CrsError};

/// What an area is to those who live and work in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AreaKind {
    /// Where people say they live.
    Neighborhood,
    /// Elects a member of the council.
    Ward,
    /// Of the police.
    District,
    /// The part of a district that one patrol has.
    Beat,
    /// A ZIP code.
    Zip,
    /// Territory of an agency.
    Jurisdiction,
    /// What a study is about.
    StudyArea,
    /// Where shot detectors or other sensors listen: a block outside is not quiet, nobody heard it.
    SensorCoverage,
}

/// A word that is no kind of area.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is no kind of area; there are {}", AreaKind::ALL.map(AreaKind::word).join(", "))]
pub struct UnknownKind {
    /// What was given.
    pub word: String,
}

impl AreaKind {
    /// All kinds, in the order in which results name them.
    pub const ALL: [Self; 8] = [
        Self::Neighborhood,
        Self::Ward,
        Self::District,
        Self::Beat,
        Self::Zip,
        Self::Jurisdiction,
        Self::StudyArea,
        Self::SensorCoverage,
    ];

    /// As it stands in commands, configuration and results.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Neighborhood => "neighborhood",
            Self::Ward => "ward",
            Self::District => "district",
            Self::Beat => "beat",
            Self::Zip => "zip",
            Self::Jurisdiction => "jurisdiction",
            Self::StudyArea => "study-area",
            Self::SensorCoverage => "sensor-coverage",
        }
    }
}

impl fmt::Display for AreaKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for AreaKind {
    type Err = UnknownKind;

    fn from_str(word: &str) -> Result<Self, UnknownKind> {
        let plain = word.trim().to_ascii_lowercase();
        let found = Self::ALL.into_iter().find(|kind| kind.word() == plain);
        found.ok_or_else(|| UnknownKind { word: word.to_owned() })
    }
}

/// One polygon of a file, in degrees.
#[derive(Clone, Debug)]
pub struct Area {
    /// Its id in the file.
    pub id: Option<String>,
    /// Its name in the file.
    pub name: Option<String>,
    /// What the file itself says it is: the kind of an area, in the file's own word.
    pub kind: Option<String>,
    /// The block set that the file itself says it belongs to, as `cells` do.
    pub block_set: Option<String>,
    /// Who lives there.
    pub residents: Residents,
    /// Its shape, outer rings counter-clockwise.
    pub shape: MultiPolygon,
}

impl Default for Area {
    /// Nothing is known of it, and it is nowhere.
    fn default() -> Self {
        Self {
            id: None,
            name: None,
            kind: None,
            block_set: None,
            residents: Residents::default(),
            shape: MultiPolygon(Vec::new()),
        }
    }
}

/// A named area in the local plane.
#[derive(Clone, Debug)]
pub struct NamedArea {
    /// Its id in the file, else its number there.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Who lives there.
    pub residents: Residents,
    /// Its size in the local plane.
    pub area: SquareKm,
    /// Shape in degrees.
    pub lonlat: MultiPolygon,
    /// Shape in local metres.
    pub local: MultiPolygon,
}

/// All areas of one kind, a layer of its own.
#[derive(Clone, Debug)]
pub struct AreaLayer {
    /// What they are.
    pub kind: AreaKind,
    /// The areas, in the order of their file.
    pub areas: Vec<NamedArea>,
}

impl AreaLayer {
    /// Brings areas to the local plane; one without a name is named by its kind and id.
    ///
    /// # Errors
    ///
    /// [`CrsError`] for an area too far from the zone of the local CRS.
    pub fn new(kind: AreaKind, areas: &[Area], crs: &Crs) -> Result<Self, CrsError> {
        let unique = all_differ(areas.iter().map(|area| area.id.as_deref()));
        let named = |(number, area): (usize, &Area)| {
            let local = to_local(&area.shape, crs)?;
            let id = area.id.clone().filter(|_| unique).unwrap_or_else(|| number.to_string());
            Ok(NamedArea {
                name: area.name.clone().unwrap_or_else(|| format!("{kind} {id}")),
                id,
                residents: area.residents,
                area: SquareKm::from_square_metres(local.unsigned_area()),
                lonlat: area.shape.clone(),
                local,
            })
        };
        Ok(Self { kind, areas: (1..).zip(areas).map(named).collect::<Result<_, CrsError>>()? })
    }
}

/// The block set of polygons that are neither streets nor cells.
pub const POLYGONS: &str = "polygons";

/// The block set of regular cells.
pub const CELLS: &str = "cells";

/// Makes a block of every polygon, with its area in the local plane.
///
/// The set is [`CELLS`] if the file says so of every polygon, and ids stay as they are there; else
/// it is [`POLYGONS`].
///
/// # Errors
///
/// [`CrsError`] for a polygon too far from the area of the local CRS.
pub fn polygons(areas: &[Area], crs: &Crs) -> Result<BlockSet, CrsError> {
    let unique = all_differ(areas.iter().map(|area| area.id.as_deref()));
    let cells = areas.iter().all(|area| area.block_set.as_deref() == Some(CELLS));
    let block = |(number, (area, local)): (usize, (&Area, MultiPolygon))| {
        let id = area.id.clone().filter(|_| unique).unwrap_or_else(|| number.to_string());
        let word = if cells { "Cell" } else { "Block" };
        Block {
            name: area.name.clone().unwrap_or_else(|| format!("{word} {id}")),
            id: if cells { id } else { format!("polygon-{id}") },
            kind: BlockKind::Polygon,
            length: None,
            area: Some(SquareKm::from_square_metres(local.unsigned_area())),
            residents: area.residents,
            areas: Default::default(),
            lonlat: simplest(area.shape.clone()).into(),
            local: simplest(local),
            streets: Vec::new(),
        }
    };
    let blocks = (1..).zip(areas.iter().zip(all_to_local(areas, crs)?)).map(block).collect();
    Ok(BlockSet { name: if cells { CELLS } else { POLYGONS }, blocks, alleys: Vec::new() })
}

/// The box around polygons; `None` without any.
#[must_use]
pub fn extent(areas: &[Area]) -> Option<LonLatBox> {
    let coords = areas.iter().flat_map(|area| area.shape.exterior_coords_iter());
    LonLatBox::around(coords.filter_map(|at| LonLat::new(at.x, at.y).ok()))
}

/// A shape in degrees, brought to local metres.
///
/// # Errors
///
/// [`CrsError`] for a place off the globe or too far from the area of the local CRS.
pub fn to_local(shape: &MultiPolygon, crs: &Crs) -> Result<MultiPolygon, CrsError> {
    shape.try_map_coords(|at| {
        let lonlat = LonLat::new(at.x, at.y).map_err(|source| CrsError::Globe {
            x: at.x,
            y: at.y,
            crs: crs.to_string(),
            source,
        })?;
        crs.to_local(lonlat).map(Coord::from)
    })
}

/// Shapes in degrees, each as [`to_local`] brings it, all their corners together.
fn all_to_local(areas: &[Area], crs: &Crs) -> Result<Vec<MultiPolygon>, CrsError> {
    let corners = areas.iter().flat_map(|area| area.shape.coords_iter());
    let places: Option<Vec<LonLat>> = corners.map(|at| LonLat::new(at.x, at.y).ok()).collect();
    let found: Option<Vec<Local>> = places.and_then(|all| crs.to_local_all(&all).into_iter().collect());
    let Some(found) = found else {
        // One at least cannot be brought: the first one is told of.
        return areas.iter().map(|area| to_local(&area.shape, crs)).collect();
    };
    // Corners of a shape are mapped in the order in which they are told.
    let next = Cell::new(0);
    let brought = |_: Coord| Coord::from(found[next.replace(next.get() + 1)]);
    Ok(areas.iter().map(|area| area.shape.map_coords(brought)).collect())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_brought_together_as_each_by_itself() {
        use geo::{LineString, Polygon};
        let ring = |lon: f64, lat: f64, size: f64| {
            let corners = [(0.0, 0.0), (1.0, 0.1), (1.1, 1.0), (0.2, 0.9)];
            LineString::from_iter(corners.map(|(x, y)| (lon + x * size, lat + y * size)))
        };
        let holed = |lon: f64, lat: f64| {
            Polygon::new(
                ring(lon, lat, 1e-2),
                vec![ring(lon + 2e-3, lat + 2e-3, 1e-3), ring(lon, lat + 5e-3, 1e-3)],
            )
        };
        let area = |shape: Vec<Polygon>| Area { shape: MultiPolygon(shape), ..Area::default() };
        let crs = Crs::new("EPSG:32615").expect("known");
        let plain = |n: u32| Polygon::new(ring(-90.3 + f64::from(n) * 2e-3, 38.6, 1e-3), Vec::new());
        let mut areas: Vec<Area> = (0..70).map(|n| area(vec![plain(n)])).collect();
        areas.insert(3, area(vec![holed(-90.2, 38.7), plain(500)]));
        areas.insert(9, area(Vec::new()));
        let each: Vec<MultiPolygon> =
            areas.iter().map(|area| to_local(&area.shape, &crs).expect("near")).collect();
        assert_eq!(all_to_local(&areas, &crs).expect("near"), each);
        // Off the globe, and too far from the zone: the first is told of, as it is by itself.
        let far = area(vec![Polygon::new(ring(1.0, 0.0, 1e-3), Vec::new())]);
        let off = area(vec![Polygon::new(ring(-200.0, 38.0, 1e-3), Vec::new())]);
        for bad in [far, off] {
            areas.insert(30, bad);
            let told = all_to_local(&areas, &crs).expect_err("none").to_string();
            assert_eq!(told, to_local(&areas[30].shape, &crs).expect_err("none").to_string());
        }
    }

    #[test]
    fn a_word_that_is_no_kind_is_refused_with_the_list_of_kinds() {
        for kind in AreaKind::ALL {
            assert_eq!(kind.word().parse(), Ok(kind));
        }
        assert_eq!("Ward ".parse(), Ok(AreaKind::Ward));
        let text = "precinct".parse::<AreaKind>().expect_err("no kind").to_string();
        assert!(text.contains("beat") && text.contains("study-area"), "{text}");
    }
}
