//! How uncertain a density is: the standard error of each of its values.

use super::discs::{Disc, gather, sort};
use super::edge::{Edge, bounded, cells_inside, points_inside};
use super::input::{Place, check, check_grid, places};
use super::kde::{Density, KdeError, KdeParams};
use super::mask::Mask;
use crate::space::coord::Local;

/// The standard error of the density that [`kde_within`](super::edge::kde_within) gives, at the middle of every cell.
///
/// ```text
/// none          se(u) = √( Σᵢ wᵢ² K(u − sᵢ)² )
/// uniform       se(u) = e(u) √( Σᵢ wᵢ² K(u − sᵢ)² )
/// Jones–Diggle  se(u) = √( Σᵢ wᵢ² e(sᵢ)² K(u − sᵢ)² )
/// ```
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `points`, `weights`, `mask`, `params`, `edge` | as for the density | | |
/// | returns | standard error, 0 outside the area | `n_cols × n_rows` | incidents per km² |
///
/// Incidents as a Poisson process, so the variance of a sum of kernels is estimated by the sum of their squares. Direct
/// sums: time O(Σ cells under each kernel). Source: Diggle (1985), *Applied Statistics* 34; without edge correction the same
/// as spatstat's `density.ppp(se = TRUE)`.
///
/// # Limits
///
/// **Not the bias**: smoothing flattens peaks, however many incidents there are. Incidents that come in series vary more
/// than Poisson says. With edge correction spatstat (3.0) corrects the variance by the kernel's square root of its own; we
/// square the correction, as the formula has it.
///
/// # Errors
///
/// As [`kde_within`](super::edge::kde_within).
///
/// # Examples
///
/// Four incidents on one spot: the density there is 4 K(0), give or take its half.
///
/// ```
/// use hotblocks::analysis::density::{edge::Edge, kde::KdeParams, mask::Mask, standard_error::standard_error};
/// use hotblocks::space::coord::{Local, Metres};
/// use hotblocks::space::grid::Grid;
///
/// let grid = Grid { origin: Local { x: 0.0, y: 0.0 }, cell: Metres(20.0), n_cols: 31, n_rows: 31 };
/// let spot = [Local { x: 310.0, y: 310.0 }; 4];
/// let error = standard_error(&spot, None, &Mask::whole(&grid), &KdeParams::quartic(Metres(200.0)), Edge::None)?;
/// assert!((error.peak() - 2.0 * 23.873_241).abs() < 1e-5);
/// # Ok::<(), hotblocks::analysis::density::kde::KdeError>(())
/// ```
pub fn standard_error(
    points: &[Local],
    weights: Option<&[f64]>,
    mask: &Mask,
    params: &KdeParams,
    edge: Edge,
) -> Result<Density, KdeError> {
    let grid = mask.grid();
    check_grid(grid)?;
    check(points, weights, *params)?;
    let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
    let parts = match edge {
        Edge::JonesDiggle => points_inside(points, mask, params)?,
        _ => points.iter().map(|&p| f64::from(u8::from(mask.holds(p)))).collect(),
    };
    let square = |(i, part): (usize, &f64)| if part.is_normal() { (weight(i) / part).powi(2) } else { 0.0 };
    let squares: Vec<f64> = parts.iter().enumerate().map(square).collect();
    let (places, per_km2) = places(points, Some(&squares), *params)?;
    bounded(places.len(), grid, params)?;
    let h = params.bandwidth.0;
    let disc = |p: &Place| Disc { x: p.x, y: p.y, bandwidth: h, height: p.weight };
    let mut discs: Vec<Disc> = places.iter().map(disc).collect();
    sort(&mut discs);
    let mut values = gather(&discs, grid, params.kernel.reach(), |r2| params.kernel.shape(r2).powi(2));
    let parts = if edge == Edge::Uniform { cells_inside(mask, params)? } else { Vec::new() };
    for (i, value) in values.iter_mut().enumerate() {
        let part = parts.get(i).copied().unwrap_or(1.0);
        *value = if mask.inside()[i] { value.sqrt() * per_km2 / part } else { 0.0 };
    }
    Ok(Density { grid: *grid, per_km2: values })
}
