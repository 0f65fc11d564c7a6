//! Density as pictures of the map's tiles: each pixel in the color of its class of the legend.

use super::Ask;
use super::answer::AnswerError;
use super::density::{DensityLayerError, Drawing, legend};
use super::density_answer::{Plane, plane, refusal};
use super::density_cells;
use super::density_change_raster::{Classed, change_fields};
use crate::analysis::density::contour::value_at;
use crate::engine::density_ask::{DensityAsk, DensityError};
use crate::engine::params::density::OUT;
use crate::engine::params::values::Values;
use crate::engine::snapshot::Snapshot;
use crate::space::coord::Local;
use crate::space::crs::Crs;
use crate::space::tile::{Extent, Lattice, TILE, Tile};

/// Surfaces with the classes of their legend, ready to be drawn tile by tile.
#[derive(Clone, Debug)]
pub struct Shaded {
    /// As they lie upon each other, on one grid: one of a density, of a comparison where it is higher and where it is lower.
    fields: Vec<Classed>,
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
/// With `out` contours the classes are those of the outlines, with `out` cells thirds of the peak. Of a comparison they are
/// those of its outlines either way: nothing is drawn between the lowest level upwards and the lowest downwards.
///
/// # Errors
///
/// [`AnswerError`] as for the collection, and for what is no surface: a density along streets.
pub fn shaded(snapshot: &Snapshot, values: &Values) -> Result<Shaded, AnswerError> {
    let Plane { ask, with, drawing, against } = plane(values)?;
    let cells = values.word(&OUT) == Some("cells");
    let made = match against {
        Some(against) => {
            change_fields(snapshot, &ask, &with, &against).map(|(fields, told)| (fields.into(), told))
        }
        None => one_field(snapshot, &ask, &with, drawing, cells).map(|(field, told)| (vec![field], told)),
    };
    let (fields, mut description): (Vec<Classed>, String) = made.map_err(refusal)?;
    if let Some(notice) = &snapshot.dataset().notice {
        description.push_str(&format!(". {notice}"));
    }
    let crs = snapshot.dataset().crs.clone();
    let grid = fields[0].0.grid;
    let extent = Extent::of(&grid, &crs).map_err(|error| refusal(DensityLayerError::Crs(error)))?;
    Ok(Shaded { fields, extent, crs, description })
}

/// One density with its classes, and what it is made of.
fn one_field(
    snapshot: &Snapshot,
    ask: &Ask,
    with: &DensityAsk,
    drawing: Drawing,
    cells: bool,
) -> Result<(Classed, String), DensityLayerError> {
    if with.standard_error && !cells {
        return Err(DensityError::NoOutlines.into());
    }
    let selection = snapshot.select(&ask.query)?;
    let levels = if cells { Vec::new() } else { with.levels.clone() };
    let asked = DensityAsk { levels, ..with.clone() };
    let result = snapshot.density_with(&selection, ask.query.period, &asked)?;
    let classes = if cells {
        density_cells::classes(&result)
    } else {
        let colors = legend(with).classes.into_iter().map(|class| class.color);
        result.contours.iter().map(|contour| contour.per_km2).zip(colors).collect()
    };
    let description = super::density::description(&result, with, drawing);
    Ok(((result.standard_error.unwrap_or(result.density), classes), description))
}

impl Shaded {
    /// How many cells it holds in memory.
    #[must_use]
    pub fn n_cells(&self) -> usize {
        self.fields.iter().map(|(field, _)| field.per_km2.len()).sum()
    }

    /// A tile of it; none where nothing is to be seen.
    ///
    /// A pixel has the class of the value at its middle, [`value_at`], from which the outlines are drawn as well: so both
    /// agree. Of two fields the later lies on top, as its outlines do. Time O(pixels).
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
                    let class = self.class(at);
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
            colors: self.fields.iter().flat_map(|(_, classes)| classes).map(|(_, color)| *color).collect(),
            description: self.description.clone(),
        })
    }

    /// The number of the class at a place, from 1 through the classes of all fields; 0 where there is none.
    fn class(&self, at: Local) -> u8 {
        let (mut found, mut before) = (0, 0);
        for (field, classes) in &self.fields {
            let value = value_at(field, at);
            let reached = classes.iter().take_while(|(from, _)| value >= *from).count();
            if reached > 0 {
                found = before + reached;
            }
            before += classes.len();
        }
        u8::try_from(found).unwrap_or(u8::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::density::kde::Density;
    use crate::space::coord::Metres;
    use crate::space::grid::Grid;

    #[test]
    fn between_much_higher_and_much_lower_both_are_reached_and_the_lower_lies_on_top_as_its_outline_does() {
        let origin = Local { x: 674_000.0, y: 4_570_000.0 };
        let grid = Grid { origin, cell: Metres(10.0), n_cols: 2, n_rows: 1 };
        let crs = Crs::new("EPSG:32618").expect("UTM");
        let field = |per_km2: [f64; 2], colors: [&'static str; 3]| {
            (Density { grid, per_km2: per_km2.into() }, [1.5, 2.0, 3.0].into_iter().zip(colors).collect())
        };
        let shaded = Shaded {
            fields: vec![
                field([5.0, 0.2], ["#000001", "#000002", "#000003"]),
                field([0.2, 5.0], ["#000004", "#000005", "#000006"]),
            ],
            extent: Extent::of(&grid, &crs).expect("near"),
            crs,
            description: String::new(),
        };
        let class = |x: f64| shaded.class(Local { x: origin.x + x, y: origin.y + 5.0 });
        // At the middles of the cells, and halfway, where both are (5 + 0.2) / 2 times as dense.
        assert_eq!([class(5.0), class(15.0), class(10.0), class(-20.0)], [3, 6, 5, 0]);
        assert_eq!(shaded.n_cells(), 4);
    }
}
