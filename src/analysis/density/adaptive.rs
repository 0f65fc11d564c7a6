//! Adaptive bandwidths: narrow kernels where incidents are many, wide ones where they are few.

use rayon::prelude::*;
use rstar::RTree;

use super::discs::{Disc, gather, sort};
use super::edge::bounded;
use super::input::{check, check_grid, finite};
use super::kde::{Density, KdeError, KdeParams, kde_at};
use super::kernel::Kernel;
use crate::space::coord::{Local, Metres};
use crate::space::grid::Grid;

/// Why there are no adaptive bandwidths, or no density with them.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AdaptiveError {
    /// The pilot density, the weights or a coordinate cannot be used.
    #[error(transparent)]
    Kde(#[from] KdeError),
    /// More incidents are wanted under a kernel than there are.
    #[error("{wanted} incidents cannot be under one kernel; give a number from 1 to {points}")]
    Sample {
        /// How many are wanted.
        wanted: usize,
        /// How many there are.
        points: usize,
    },
    /// The search for so many incidents around so many would take minutes.
    #[error(
        "{wanted} incidents under each of {points} kernels are too many to look for; give at most {most}"
    )]
    Work {
        /// How many are wanted.
        wanted: usize,
        /// How many kernels there are.
        points: usize,
        /// How many can be looked for.
        most: usize,
    },
    /// Bandwidths and points are not pairs.
    #[error("{bandwidths} bandwidths were given for {points} points; give one for each")]
    Length {
        /// How many points.
        points: usize,
        /// How many bandwidths.
        bandwidths: usize,
    },
    /// The largest bandwidth is below 1 of the smallest.
    #[error("a trim of {trim} cannot be used; give a number of at least 1")]
    Trim {
        /// What was given.
        trim: f64,
    },
}

/// Incidents that are looked at, over all kernels, in a search of some tens of seconds.
const MOST_LOOKS: usize = 200_000_000;

/// For each incident the smallest radius around it that holds N incidents, itself among them.
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `points` | where the incidents lie | `n` | m |
/// | `n_within` | N, from 1 to n | | incidents |
/// | `least` | no radius is smaller: N incidents on one spot need none | | m |
/// | returns | a bandwidth for each | `n` | m |
///
/// Time O(n N log n). Source: the minimum sample size of Levine (2013), *`CrimeStat` IV*, ch. 10.
///
/// # Limits
///
/// The choice of N takes the place of the choice of a bandwidth: there is no default.
///
/// # Errors
///
/// [`AdaptiveError::Sample`], [`AdaptiveError::Work`], and [`AdaptiveError::Kde`] for a `least` not above 0 or coordinates that are not finite.
pub fn minimum_sample(
    points: &[Local],
    n_within: usize,
    least: Metres,
) -> Result<Vec<Metres>, AdaptiveError> {
    if !(least.0 > 0.0 && least.0.is_finite()) {
        return Err(KdeError::Bandwidth { bandwidth: least }.into());
    }
    if let Some(index) = points.iter().position(|&p| !finite(p)) {
        return Err(KdeError::Coordinates { index }.into());
    }
    if points.is_empty() {
        return Ok(Vec::new());
    }
    if n_within == 0 || n_within > points.len() {
        return Err(AdaptiveError::Sample { wanted: n_within, points: points.len() });
    }
    if n_within > MOST_LOOKS / points.len() {
        let most = (MOST_LOOKS / points.len()).max(1);
        return Err(AdaptiveError::Work { wanted: n_within, points: points.len(), most });
    }
    let tree = RTree::bulk_load(points.iter().map(|p| [p.x, p.y]).collect());
    let radius = |p: &Local| {
        let far = tree.nearest_neighbor_iter(&[p.x, p.y]).nth(n_within - 1);
        far.map_or(least, |&[x, y]| Metres(p.distance(Local { x, y }).0.max(least.0)))
    };
    Ok(points.par_iter().map(radius).collect())
}

/// Abramson's bandwidths: inverse to the square root of a first density at each incident.
///
/// ```text
/// hᵢ = h₀ · min(trim, λ̃(sᵢ)^(−½) / γ),   γ = geometric mean of λ̃(sᵢ)^(−½)
/// ```
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `points` | where the incidents lie | `n` | m |
/// | `weights` | how much each counts in the first density; `None`: 1 each | `n` | incidents |
/// | `pilot` | kernel and bandwidth of the first density λ̃ | | m |
/// | `global` | h₀ | | m |
/// | `trim` | the largest hᵢ, in h₀; spatstat and sparr take 5 | | – |
/// | returns | a bandwidth for each | `n` | m |
///
/// λ̃ is summed exactly at the incidents, each under its own kernel too, so it is never 0. Time as [`kde_at`].
/// Source: Abramson (1982), *Annals of Statistics* 10(4); as spatstat's `bw.abram` and sparr's `bivariate.density`, which
/// read λ̃ from a raster.
///
/// # Errors
///
/// [`AdaptiveError`].
pub fn abramson(
    points: &[Local],
    weights: Option<&[f64]>,
    pilot: &KdeParams,
    global: Metres,
    trim: f64,
) -> Result<Vec<Metres>, AdaptiveError> {
    if !(global.0 > 0.0 && global.0.is_finite()) {
        return Err(KdeError::Bandwidth { bandwidth: global }.into());
    }
    if !(trim >= 1.0 && trim.is_finite()) {
        return Err(AdaptiveError::Trim { trim });
    }
    let first = kde_at(points, weights, points, pilot)?;
    // An incident of weight 0 far from all others has no first density: it draws nothing, and moves no mean.
    let mut logs: Vec<f64> = first.iter().filter(|v| **v > 0.0).map(|v| -0.5 * v.ln()).collect();
    logs.sort_unstable_by(f64::total_cmp);
    let gamma = logs.iter().sum::<f64>() / logs.len().max(1) as f64;
    let one = |v: &f64| if *v > 0.0 { (-0.5 * v.ln() - gamma).exp().min(trim) } else { trim };
    Ok(first.iter().map(|v| Metres(global.0 * one(v))).collect())
}

/// Density of incidents that each have a bandwidth of their own, by direct sums.
///
/// ```text
/// λ(u) = Σᵢ wᵢ K(|u − sᵢ| / hᵢ) / hᵢ²
/// ```
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `points` | where the incidents lie | `n` | m |
/// | `weights` | how much each counts; `None`: 1 each | `n` | incidents |
/// | `bandwidths` | of [`minimum_sample`] or [`abramson`] | `n` | m |
/// | `grid`, `kernel` | the cells, the kernel | | m |
/// | returns | density in the grid's order | `n_cols × n_rows` | incidents per km² |
///
/// Each incident's kernel holds one incident, so density × area is the count where the grid reaches far enough. Time O(Σ
/// cells under each kernel). Source: Silverman (1986), *Density Estimation*, ch. 5.3.
///
/// # Limits
///
/// No edge correction. Kernels narrower than a cell fall between the cells' middles: give `least` at least two cells.
///
/// # Errors
///
/// [`AdaptiveError`].
///
/// # Examples
///
/// A crowd gets narrow kernels and a lone incident a wide one:
///
/// ```
/// use hotblocks::analysis::density::adaptive::{kde_adaptive, minimum_sample};
/// use hotblocks::analysis::density::kernel::Kernel;
/// use hotblocks::space::coord::{Local, Metres};
/// use hotblocks::space::grid::Grid;
///
/// let points = [(0.0, 0.0), (30.0, 40.0), (0.0, 50.0), (600.0, 0.0)].map(|(x, y)| Local { x, y });
/// let radii = minimum_sample(&points, 2, Metres(20.0))?;
/// assert_eq!(radii[0], Metres(50.0));
/// assert!((radii[3].0 - 571.401).abs() < 1e-3);
/// let grid = Grid { origin: Local { x: -200.0, y: -600.0 }, cell: Metres(5.0), n_cols: 280, n_rows: 240 };
/// let density = kde_adaptive(&points, None, &radii, &grid, Kernel::Quartic)?;
/// assert!((density.integral() - 4.0).abs() < 1e-2);
/// # Ok::<(), hotblocks::analysis::density::adaptive::AdaptiveError>(())
/// ```
pub fn kde_adaptive(
    points: &[Local],
    weights: Option<&[f64]>,
    bandwidths: &[Metres],
    grid: &Grid,
    kernel: Kernel,
) -> Result<Density, AdaptiveError> {
    if bandwidths.len() != points.len() {
        return Err(AdaptiveError::Length { points: points.len(), bandwidths: bandwidths.len() });
    }
    let of = |bandwidth: Metres| KdeParams { kernel, bandwidth };
    if let Some(&bandwidth) = bandwidths.iter().find(|h| !(h.0 > 0.0 && h.0.is_finite())) {
        return Err(KdeError::Bandwidth { bandwidth }.into());
    }
    // The narrowest kernel is the highest: where it can be written down, all can.
    let least = bandwidths.iter().copied().fold(Metres(f64::MAX), |a, b| Metres(a.0.min(b.0)));
    if !points.is_empty() {
        check(points, weights, of(least))?;
    }
    check_grid(grid)?;
    // As many sums as the same number of kernels with the root of the mean square for bandwidth.
    let squares: f64 = bandwidths.iter().map(|h| h.0 * h.0).sum();
    bounded(points.len(), grid, &of(Metres((squares / points.len().max(1) as f64).sqrt())))?;
    let disc = |i: usize| {
        let (p, h) = (points[i], bandwidths[i].0);
        let height = weights.map_or(1.0, |w| w[i]) * kernel.constant() * (1e3 / h).powi(2);
        Disc { x: p.x + 0.0, y: p.y + 0.0, bandwidth: h, height }
    };
    let mut discs: Vec<Disc> = (0..points.len()).map(disc).collect();
    sort(&mut discs);
    let per_km2 = gather(&discs, grid, kernel.reach(), |r2| kernel.shape(r2));
    Ok(Density { grid: *grid, per_km2 })
}
