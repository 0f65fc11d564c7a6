//! What a density is made of, checked, and sorted into places.

use rayon::prelude::*;

use super::kde::{KdeError, KdeParams};
use crate::space::coord::{Local, Metres};
use crate::space::grid::Grid;

/// One or more incidents with the same coordinates.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) weight: f64,
}

/// The distinct places that weigh anything, from south to north, and the kernel's height per unit of weight in 1/km².
///
/// Sorted by weight too, so that every later sum is taken in one order, whatever the order of the input.
pub(super) fn places(
    points: &[Local],
    weights: Option<&[f64]>,
    params: KdeParams,
) -> Result<(Vec<Place>, f64), KdeError> {
    let height = check(points, weights, params)?;
    let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
    // Adding 0 turns -0 into 0, which `total_cmp` would tell apart.
    let mut places: Vec<Place> = (points.iter().enumerate())
        .map(|(i, p)| Place { x: p.x + 0.0, y: p.y + 0.0, weight: weight(i) })
        .filter(|p| p.weight > 0.0)
        .collect();
    places.par_sort_unstable_by(|a, b| {
        a.y.total_cmp(&b.y).then(a.x.total_cmp(&b.x)).then(a.weight.total_cmp(&b.weight))
    });
    places.dedup_by(|next, kept| {
        let same = next.x == kept.x && next.y == kept.y;
        if same {
            kept.weight += next.weight;
        }
        same
    });
    Ok((places, height))
}

/// The kernel's height per unit of weight in 1/km², of input that can be a density.
pub(super) fn check(points: &[Local], weights: Option<&[f64]>, params: KdeParams) -> Result<f64, KdeError> {
    check_places(points)?;
    check_weights(points.len(), weights, params)
}

/// As [`check`], of so many points whose places are not looked at.
pub(super) fn check_weights(
    points: usize,
    weights: Option<&[f64]>,
    params: KdeParams,
) -> Result<f64, KdeError> {
    let bandwidth = params.bandwidth;
    if !(bandwidth.0 > 0.0 && bandwidth.0.is_finite()) {
        return Err(KdeError::Bandwidth { bandwidth });
    }
    if let Some(w) = weights {
        if w.len() != points {
            return Err(KdeError::Length { points, weights: w.len() });
        }
        if let Some(index) = w.iter().position(|w| !(*w >= 0.0 && w.is_finite())) {
            return Err(KdeError::Weight { index, weight: w[index] });
        }
    }
    let total = weights.map_or(points as f64, |w| w.iter().sum());
    let height = params.kernel.constant() * (1e3 / bandwidth.0).powi(2);
    fits(total, height, bandwidth)?;
    Ok(height)
}

/// Refuses coordinates that are no numbers.
pub(super) fn check_places(points: &[Local]) -> Result<(), KdeError> {
    // All at once first, which the compiler vectorises.
    let good = points.chunks(64).all(|some| some.iter().fold(true, |good, &p| good & finite(p)));
    match if good { None } else { points.iter().position(|&p| !finite(p)) } {
        Some(index) => Err(KdeError::Coordinates { index }),
        None => Ok(()),
    }
}

/// Whether all that weighs so much may lie on one spot and still have a density.
pub(super) fn fits(total: f64, height: f64, bandwidth: Metres) -> Result<(), KdeError> {
    // The margin leaves room for the sweep's coefficients and for the integral over a grid.
    if height.is_finite() && total * height.max(1.0) < 1e280 {
        return Ok(());
    }
    Err(KdeError::Overflow { total, bandwidth })
}

/// Whether one incident can be part of a surface.
pub(super) fn check_one(at: Local, weight: f64) -> Result<(), KdeError> {
    if !finite(at) {
        return Err(KdeError::Coordinates { index: 0 });
    }
    if !(weight >= 0.0 && weight.is_finite()) {
        return Err(KdeError::Weight { index: 0, weight });
    }
    Ok(())
}

/// No cell is wider than the Earth, in metres; so its area is a number.
const EARTH: f64 = 1.3e7;

pub(super) fn check_grid(grid: &Grid) -> Result<(), KdeError> {
    let cell = grid.cell;
    let good = cell.0 > 0.0 && cell.0 < EARTH && finite(grid.origin);
    if good { Ok(()) } else { Err(KdeError::Grid { cell }) }
}

pub(super) fn finite(at: Local) -> bool {
    at.x.is_finite() && at.y.is_finite()
}
