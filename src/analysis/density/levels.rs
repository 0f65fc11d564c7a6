//! Thresholds of contours: by multiples of the mean density, and by how much ground the region may take.

use geo::{Area, MultiPolygon};
use rayon::prelude::*;

use super::contour::{ContourError, contour};
use super::kde::Density;
use super::mask::Mask;
use crate::space::coord::SquareKm;

/// What a threshold reached.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// Density at the region's border, incidents per km².
    pub threshold: f64,
    /// Area of the region that [`contour`] draws at this threshold.
    pub area: SquareKm,
    /// That area as a share of the study area's.
    pub share: f64,
}

/// Why there is no threshold.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LevelError {
    /// The density is none.
    #[error(transparent)]
    Contour(#[from] ContourError),
    /// A multiple or an area is not above 0.
    #[error("{value} cannot be used as {what}; give a number above 0, up to {most}")]
    Value {
        /// What it should be.
        what: &'static str,
        /// What was given.
        value: f64,
        /// The largest that can be used.
        most: f64,
    },
    /// The study area is given on another grid.
    #[error("the study area's cells are not those of the density; make both on one grid")]
    Mask,
    /// There is no incident anywhere.
    #[error("the density is 0 everywhere; there is nothing to outline")]
    Nothing,
}

/// The threshold at a multiple of the mean density over the study area.
///
/// ```text
/// threshold = multiple · Σ_{cells of W} λ / number of cells of W
/// ```
///
/// Time O(cells).
///
/// # Errors
///
/// [`LevelError::Value`] for a multiple not above 0, [`LevelError::Mask`] for a mask of another grid,
/// [`LevelError::Nothing`] for a density of zeros.
pub fn level_of_mean(density: &Density, mask: &Mask, multiple: f64) -> Result<Level, LevelError> {
    if !(multiple > 0.0 && multiple.is_finite()) {
        return Err(LevelError::Value { what: "a multiple of the mean", value: multiple, most: f64::MAX });
    }
    check(density, mask)?;
    let mean = mean(density, mask);
    if mean <= 0.0 {
        return Err(LevelError::Nothing);
    }
    reached(density, mask, multiple * mean)
}

/// The lowest threshold whose region takes no more than a share of the study area.
///
/// As [`level_of_area`] with share · area of the mask.
///
/// # Errors
///
/// As [`level_of_area`]; a share lies above 0, up to 1.
pub fn level_of_area_share(density: &Density, mask: &Mask, share: f64) -> Result<Level, LevelError> {
    if !(share > 0.0 && share <= 1.0) {
        return Err(LevelError::Value { what: "a share of the area", value: share, most: 1.0 });
    }
    level_of_area(density, mask, SquareKm(share * mask.area().0))
}

/// The lowest threshold whose region takes no more than an area: a budget of ground.
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `density` | the surface | `n_cols × n_rows` | incidents per km² |
/// | `mask` | the study area, of which the answer's share is | `n_cols × n_rows` | – |
/// | `budget` | the most that the region may take | | km² |
/// | returns | threshold, the region's area, its share of the study area | | |
///
/// The area is that of the polygons that [`contour`] draws, found by halving until two thresholds differ by a billionth. A
/// plateau, where many cells have one value, goes in as a whole or stays out, so the budget may be far from used:
/// `Level::area` tells. Where all that is not 0 fits, the region is all of it. Time O(60 · cells).
///
/// # Limits
///
/// A region along the border of the mask reaches up to half a cell beyond it.
///
/// # Errors
///
/// [`LevelError::Value`] for a budget not above 0 or above the study area, [`LevelError::Mask`] for a mask of another grid,
/// [`LevelError::Nothing`] for a density of zeros.
pub fn level_of_area(density: &Density, mask: &Mask, budget: SquareKm) -> Result<Level, LevelError> {
    if !(budget.0 > 0.0 && budget.0.is_finite()) {
        return Err(LevelError::Value { what: "an area in km²", value: budget.0, most: f64::MAX });
    }
    check(density, mask)?;
    let whole = mask.area();
    if budget > whole {
        let what = "an area in km² within the study area";
        return Err(LevelError::Value { what, value: budget.0, most: whole.0 });
    }
    let peak = density.peak();
    if peak <= 0.0 {
        return Err(LevelError::Nothing);
    }
    // At the low end everything is inside, at the high end, just above the peak, nothing.
    let (mut low, mut high) = ((peak * 1e-12).max(f64::MIN_POSITIVE), peak * (1.0 + 1e-9));
    let all = reached(density, mask, low)?;
    if all.area <= budget {
        return Ok(all);
    }
    while high - low > 1e-9 * high {
        let middle = if high > 4.0 * low { (low * high).sqrt() } else { f64::midpoint(low, high) };
        if area_above(density, middle) <= budget.0 {
            high = middle;
        } else {
            low = middle;
        }
    }
    // The lines keep clear of the cells' middles, which may add a little to what the formula says.
    let mut step = 1e-9;
    loop {
        let found = reached(density, mask, high)?;
        if found.area <= budget {
            return Ok(found);
        }
        high *= 1.0 + step;
        step *= 2.0;
    }
}

/// Area in km² where the field of [`value_at`](super::contour::value_at) is at least a threshold, triangle by triangle.
fn area_above(density: &Density, threshold: f64) -> f64 {
    let Density { grid, per_km2 } = density;
    let at = |col: usize, row: usize| match (col.checked_sub(1), row.checked_sub(1)) {
        (Some(col), Some(row)) if col < grid.n_cols && row < grid.n_rows => per_km2[row * grid.n_cols + col],
        _ => 0.0,
    };
    let row = |row: usize| -> f64 {
        let square = |col: usize| {
            let (sw, se, nw, ne) = (at(col, row), at(col + 1, row), at(col, row + 1), at(col + 1, row + 1));
            part_above([sw, se, ne], threshold) + part_above([sw, ne, nw], threshold)
        };
        (0..=grid.n_cols).map(square).sum()
    };
    // Rows on their own, added in their order: the same sum with any number of threads.
    let rows: Vec<f64> = (0..=grid.n_rows).into_par_iter().map(row).collect();
    rows.iter().sum::<f64>() / 2.0 * (grid.cell.0 / 1e3).powi(2)
}

/// The part of a triangle, from 0 to 1, where the plane through its corners is at least a threshold.
fn part_above(mut corners: [f64; 3], t: f64) -> f64 {
    corners.sort_unstable_by(f64::total_cmp);
    let [low, middle, high] = corners;
    if t <= low {
        1.0
    } else if t > high {
        0.0
    } else if t > middle {
        (high - t) / (high - middle) * ((high - t) / (high - low))
    } else {
        1.0 - (t - low) / (high - low) * ((t - low) / (middle - low))
    }
}

fn check(density: &Density, mask: &Mask) -> Result<(), LevelError> {
    if density.grid == *mask.grid() { Ok(()) } else { Err(LevelError::Mask) }
}

fn reached(density: &Density, mask: &Mask, threshold: f64) -> Result<Level, LevelError> {
    let region: MultiPolygon = contour(density, threshold)?;
    let area = SquareKm::from_square_metres(region.unsigned_area());
    let whole = mask.area().0;
    Ok(Level { threshold, area, share: if whole > 0.0 { area.0 / whole } else { 0.0 } })
}

/// Mean over the cells of the study area; 0 of none.
fn mean(density: &Density, mask: &Mask) -> f64 {
    let inside = density.per_km2.iter().zip(mask.inside()).filter(|(_, inside)| **inside);
    let sum: f64 = inside.map(|(value, _)| value).sum();
    sum / mask.n_inside().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::coord::{Local, Metres};
    use crate::space::grid::Grid;

    /// A cone of height 30 over a plain of 31 × 31 cells.
    fn cone() -> (Density, Mask) {
        let grid = Grid { origin: Local { x: 0.0, y: 0.0 }, cell: Metres(100.0), n_cols: 31, n_rows: 31 };
        let height = |i: usize| {
            let at = grid.center(i % 31, i / 31);
            (30.0 - at.distance(Local { x: 1550.0, y: 1550.0 }).0 / 50.0).max(0.0)
        };
        (Density { grid, per_km2: (0..961).map(height).collect() }, Mask::whole(&grid))
    }

    #[test]
    fn an_area_budget_is_used_up_and_never_exceeded() {
        let (cone, mask) = cone();
        for budget in [0.5, 1.0, 2.0, 6.0] {
            let level = level_of_area(&cone, &mask, SquareKm(budget)).expect("a good budget");
            assert!(level.area.0 <= budget && level.area.0 > budget * (1.0 - 1e-6), "{level:?}");
            // A cone's region is a disc of area πr², its threshold 30 − r / 50 m.
            let r = (budget / std::f64::consts::PI).sqrt() * 1000.0;
            assert!((level.threshold - (30.0 - r / 50.0)).abs() < 0.15, "{level:?}");
        }
        let share = level_of_area_share(&cone, &mask, 0.25).expect("a good share");
        assert!((share.share - 0.25).abs() < 1e-6 && (share.area.0 - 0.25 * 9.61).abs() < 1e-5);
        let all = level_of_area(&cone, &mask, SquareKm(9.0)).expect("everything fits");
        assert!(all.area.0 < 8.0 && all.threshold > 0.0);
        let beyond = level_of_area(&cone, &mask, SquareKm(100.0)).expect_err("more than the study area");
        assert!(beyond.to_string().contains("9.61"), "{beyond}");
    }

    #[test]
    fn a_plateau_goes_in_as_a_whole_or_stays_out() {
        let grid = Grid { origin: Local { x: 0.0, y: 0.0 }, cell: Metres(1000.0), n_cols: 5, n_rows: 5 };
        let mut per_km2 = vec![2.0; 25];
        per_km2[12] = 6.0;
        let level =
            level_of_area(&Density { grid, per_km2 }, &Mask::whole(&grid), SquareKm(5.0)).expect("fits");
        assert!(level.threshold > 2.0 && level.area.0 <= 5.0 && level.area.0 > 2.9, "{level:?}");
    }

    #[test]
    fn twice_the_mean_is_twice_the_mean() {
        let (cone, mask) = cone();
        let mean = cone.per_km2.iter().sum::<f64>() / 961.0;
        let level = level_of_mean(&cone, &mask, 2.0).expect("a good multiple");
        assert!((level.threshold - 2.0 * mean).abs() < 1e-12 && level.area.0 > 0.0);
        let half = Mask::of_cells(mask.grid(), (0..961).map(|i| i < 480).collect()).expect("one for each");
        let level = level_of_mean(&cone, &half, 1.0).expect("a good multiple");
        assert!((level.threshold - cone.per_km2[..480].iter().sum::<f64>() / 480.0).abs() < 1e-12);
    }

    #[test]
    fn what_has_no_level_is_refused() {
        let (cone, mask) = cone();
        let flat = Density { per_km2: vec![0.0; 961], ..cone.clone() };
        for value in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(level_of_mean(&cone, &mask, value), Err(LevelError::Value { .. })));
            assert!(matches!(level_of_area(&cone, &mask, SquareKm(value)), Err(LevelError::Value { .. })));
            assert!(matches!(level_of_area_share(&cone, &mask, value), Err(LevelError::Value { .. })));
        }
        assert_eq!(level_of_mean(&flat, &mask, 1.0), Err(LevelError::Nothing));
        let other = Mask::whole(&Grid { cell: Metres(99.0), ..cone.grid });
        assert_eq!(level_of_mean(&cone, &other, 1.0), Err(LevelError::Mask));
        assert_eq!(level_of_area(&cone, &other, SquareKm(1.0)), Err(LevelError::Mask));
        assert_eq!(level_of_area_share(&cone, &other, 0.5), Err(LevelError::Mask));
        assert_eq!(level_of_area(&flat, &mask, SquareKm(1.0)), Err(LevelError::Nothing));
    }
}
