//! Density as pictures of the map's tiles: each pixel in the color of its class of the legend.

use super::answer::AnswerError;
use super::density::{DensityLayerError, legend};
use super::density_answer::{Plane, plane, refusal};
use super::density_cells;
use crate::analysis::density::contour::value_at;
use crate::analysis::density::kde::Density;
use crate::engine::density_ask::{DensityAsk, DensityError};
use crate::engine::params::density::OUT;
use crate::engine::params::values::Values;
use crate::engine::snapshot::Snapshot;
use crate::space::crs::Crs;
use crate::space::tile::{Extent, Lattice, TILE, Tile};

/// A surface with the classes of its legend, ready to be drawn tile by tile.
#[derive(Clone, Debug)]
pub struct Shaded {
    density: Density,
    /// The lowest value of each class per km², ascending, and its color.
    classes: Vec<(f64, &'static str)>,
    extent: Extent,
    crs: Crs,
    description: String,
}

/// A picture whose pixels are numbers of colors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Pixels along each edge.
    pub side: u32,
    /// Row by row from the north-west: 0 is transparent, above it the number of a color, from 1.
    pub pixels: Vec<u8>,
    /// `#rrggbb`.
    pub colors: Vec<&'static str>,
    /// What it is made of, and what must be said with it.
    pub description: String,
}

/// The surface that the values ask for, with the classes that the collection's legend has.
///
/// With `out` contours the classes are those of the outlines, with `out` cells thirds of the peak.
///
/// # Errors
///
/// [`AnswerError`] as for the collection, and for what is no surface: a comparison, or a density along streets.
pub fn shaded(snapshot: &Snapshot, values: &Values) -> Result<Shaded, AnswerError> {
    let Plane { ask, with, drawing } = plane(values)?;
    let cells = values.word(&OUT) == Some("cells");
    if with.standard_error && !cells {
        return Err(refusal(DensityError::NoOutlines.into()));
    }
    let selection = snapshot.select(&ask.query)?;
    let levels = if cells { Vec::new() } else { with.levels.clone() };
    let asked = DensityAsk { levels, ..with.clone() };
    let result = snapshot.density_with(&selection, ask.query.period, &asked);
    let result = result.map_err(|error| refusal(error.into()))?;
    let classes = if cells {
        density_cells::classes(&result)
    } else {
        let colors = legend(&with).classes.into_iter().map(|class| class.color);
        result.contours.iter().map(|contour| contour.per_km2).zip(colors).collect()
    };
    let crs = snapshot.dataset().crs.clone();
    let mut description = super::density::description(&result, &with, drawing);
    if let Some(notice) = &snapshot.dataset().notice {
        description.push_str(&format!(". {notice}"));
    }
    let density = result.standard_error.unwrap_or(result.density);
    let extent = Extent::of(&density.grid, &crs).map_err(|error| refusal(DensityLayerError::Crs(error)))?;
    Ok(Shaded { density, classes, extent, crs, description })
}

impl Shaded {
    /// How many cells it holds in memory.
    #[must_use]
    pub fn n_cells(&self) -> usize {
        self.density.per_km2.len()
    }

    /// A tile of it; none where nothing is to be seen.
    ///
    /// A pixel has the class of the value at its middle, [`value_at`], from which the outlines are drawn as well: so both
    /// agree. Time O(pixels).
    #[must_use]
    pub fn picture(&self, tile: Tile) -> Option<Picture> {
        let mut pixels = vec![0_u8; (TILE * TILE) as usize];
        let mut seen = false;
        for part in self.extent.pixels(tile) {
            // What is too far from the zone of the CRS to have a place in it is not near the surface.
            let Some(lattice) = Lattice::over(tile, part, &self.crs) else { continue };
            let (cols, rows) = lattice.pixels();
            for row in rows {
                for col in cols.clone() {
                    let at = lattice.at(f64::from(col) + 0.5, f64::from(row) + 0.5);
                    let class = self.class(value_at(&self.density, at));
                    if class > 0 {
                        pixels[(row * TILE + col) as usize] = class;
                        seen = true;
                    }
                }
            }
        }
        seen.then(|| Picture {
            side: TILE,
            pixels,
            colors: self.classes.iter().map(|(_, color)| *color).collect(),
            description: self.description.clone(),
        })
    }

    /// How many classes begin at a value or below it.
    fn class(&self, value: f64) -> u8 {
        let reached = self.classes.iter().take_while(|(from, _)| value >= *from).count();
        u8::try_from(reached).unwrap_or(u8::MAX)
    }
}
