//! A surface that is kept: incidents come, go and fade, and each touches only the cells within its bandwidth.

use multiversion::multiversion;

use super::input::{check, check_grid, check_one, fits};
use super::kde::{Density, KdeError, KdeParams};
use super::kernel::Kernel;
use super::stamp::bell;
use super::sweep::rim;
use crate::space::coord::Local;
use crate::space::grid::Grid;

/// What a live surface is made with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LiveParams {
    /// Kernel and bandwidth.
    pub kde: KdeParams,
    /// The most that all incidents may weigh together. The surface is kept in whole multiples of 2⁻⁶² of it.
    pub capacity: f64,
    /// τ of a weight that fades as exp(−t/τ), in the unit of the clock; `None`: weights stay.
    pub decay: Option<f64>,
}

/// Density of incidents that may be inserted, removed and left to fade at any time.
///
/// ```text
/// λ(u, t) = Σᵢ wᵢ exp(−(t − tᵢ)/τ) K(|u − sᵢ|)
/// ```
///
/// All fade by the same factor, so the clock moves on in O(1): the factor is kept beside the cells. Cells are whole
/// numbers, so that without decay an incident that is removed leaves nothing behind, however many came and went. With decay
/// the numbers are halved now and then; rounding stays below one unit per incident then too. An update takes O((h/cell)²).
///
/// # Limits
///
/// Edge effects are those of [`kde`](super::kde::kde). A removal takes away what is said of it, whether it was inserted or not.
///
/// # Examples
///
/// What comes and goes leaves nothing; what stays fades to 1/e within τ:
///
/// ```
/// use hotblocks::analysis::density::kde::KdeParams;
/// use hotblocks::analysis::density::live::{Live, LiveParams};
/// use hotblocks::space::coord::{Local, Metres};
/// use hotblocks::space::grid::Grid;
///
/// let grid = Grid { origin: Local { x: -250.0, y: -250.0 }, cell: Metres(20.0), n_cols: 25, n_rows: 25 };
/// let kde = KdeParams::quartic(Metres(200.0));
/// let mut live = Live::new(grid, LiveParams { kde, capacity: 1e6, decay: Some(30.0) })?;
/// live.insert(Local { x: 0.0, y: 0.0 }, 1.0, 0.0)?;
/// live.insert(Local { x: 90.0, y: 0.0 }, 1.0, 3.0)?;
/// live.remove(Local { x: 90.0, y: 0.0 }, 1.0, 3.0)?;
/// live.advance(30.0);
/// assert!((live.density().peak() - 23.873_241 / std::f64::consts::E).abs() < 1e-6);
/// # Ok::<(), hotblocks::analysis::density::kde::KdeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Live {
    grid: Grid,
    pub(super) params: LiveParams,
    /// Height of a kernel in 1/km².
    height: f64,
    /// Units per unit of weight.
    units: f64,
    cells: Vec<i64>,
    /// When the cells are what they say; later they have faded.
    base: f64,
    now: f64,
    /// What all incidents weigh, as of `base`.
    total: f64,
    across: Vec<f64>,
    /// As in the sweep: a center exactly on the rim of a kernel is beyond it.
    rim: f64,
    centers: Vec<f64>,
}

/// Weights may grow by so many doublings against `base` before the cells are halved as often.
const DOUBLINGS: f64 = 4.0;

impl Live {
    /// A surface without incidents, its clock at 0.
    ///
    /// # Errors
    ///
    /// As [`kde`](super::kde::kde), [`KdeError::Capacity`] for one below 4096, and [`KdeError::Decay`] for a τ not above 0.
    pub fn new(grid: Grid, params: LiveParams) -> Result<Self, KdeError> {
        check_grid(&grid)?;
        let height = check(&[], None, params.kde)?;
        let capacity = params.capacity;
        if !(4096.0..1e100).contains(&capacity) {
            return Err(KdeError::Capacity { capacity });
        }
        if let Some(tau) = params.decay.filter(|tau| !(*tau > 0.0 && tau.is_finite())) {
            return Err(KdeError::Decay { tau });
        }
        fits(capacity, height, params.kde.bandwidth)?;
        let h = params.kde.bandwidth.0;
        Ok(Self {
            grid,
            params,
            height,
            // Room for the doublings, and for one unit of rounding an incident.
            units: 2.0_f64.powi(61) / (params.capacity * DOUBLINGS.exp2()),
            cells: vec![0; grid.len()],
            base: 0.0,
            now: 0.0,
            total: 0.0,
            across: vec![0.0; grid.n_cols],
            rim: rim(&grid, params.kde.bandwidth),
            centers: (0..grid.n_cols).map(|col| (grid.center(col, 0).x - grid.origin.x) / h).collect(),
        })
    }

    /// Moves the clock on; it never goes back.
    pub fn advance(&mut self, to: f64) {
        if to > self.now && to.is_finite() {
            self.now = to;
        }
    }

    /// Adds an incident of a weight that happened at a time. A time after the clock's moves the clock on.
    ///
    /// # Errors
    ///
    /// [`KdeError::Coordinates`], [`KdeError::Weight`], [`KdeError::Time`] for what is not finite or below 0,
    /// [`KdeError::Full`] beyond the capacity; the surface stays as it was.
    pub fn insert(&mut self, at: Local, weight: f64, when: f64) -> Result<(), KdeError> {
        self.insert_often(at, weight, when, 1)
    }

    /// Adds so many incidents of the same place, weight and time: what adding one after the other would.
    ///
    /// # Errors
    ///
    /// As [`Live::insert`].
    pub fn insert_often(&mut self, at: Local, weight: f64, when: f64, times: u32) -> Result<(), KdeError> {
        check_one(at, weight)?;
        if !when.is_finite() {
            return Err(KdeError::Time { when });
        }
        let total = self.total * self.fade(self.base, when.max(self.now)) + weight * f64::from(times);
        if total > self.params.capacity {
            return Err(KdeError::Full { total, capacity: self.params.capacity });
        }
        self.advance(when);
        self.rebase();
        let grown = weight * self.fade(when, self.base);
        self.total += grown * f64::from(times);
        self.stamp(at, grown, i64::from(times));
        Ok(())
    }

    /// Adds what another surface of the same grid, parameters and clock holds.
    pub(super) fn absorb(&mut self, other: &Self) {
        debug_assert!(self.grid == other.grid && self.params == other.params && self.base == other.base);
        self.cells.iter_mut().zip(&other.cells).for_each(|(cell, more)| *cell = cell.wrapping_add(*more));
        self.total += other.total;
        self.advance(other.now);
    }

    /// Takes an incident away that was inserted with the same place, weight and time.
    ///
    /// # Errors
    ///
    /// As [`Live::insert`].
    pub fn remove(&mut self, at: Local, weight: f64, when: f64) -> Result<(), KdeError> {
        check_one(at, weight)?;
        if !when.is_finite() {
            return Err(KdeError::Time { when });
        }
        let grown = weight * self.fade(when, self.base);
        if grown > 2.0 * self.params.capacity * DOUBLINGS.exp2() {
            return Err(KdeError::Full { total: grown, capacity: self.params.capacity });
        }
        self.total = (self.total - grown).max(0.0);
        self.stamp(at, grown, -1);
        Ok(())
    }

    /// The density of a cell now, in incidents per km²; `None` beyond the grid.
    #[must_use]
    pub fn at(&self, col: usize, row: usize) -> Option<f64> {
        let inside = col < self.grid.n_cols && row < self.grid.n_rows;
        inside.then(|| self.cells[row * self.grid.n_cols + col].max(0) as f64 * self.unit(self.now))
    }

    /// The surface as it is now.
    #[must_use]
    pub fn density(&self) -> Density {
        self.density_at(self.now)
    }

    /// The surface as its incidents are at a time, each as if it had come by then: one multiplication a cell.
    #[must_use]
    pub fn density_at(&self, when: f64) -> Density {
        let unit = self.unit(when);
        let per_km2 = self.cells.iter().map(|&cell| cell.max(0) as f64 * unit).collect();
        Density { grid: self.grid, per_km2 }
    }

    /// Incidents per km² of one unit of a cell at a time: no incident is rounded by more.
    #[must_use]
    pub fn unit(&self, when: f64) -> f64 {
        self.height / self.units * self.fade(self.base, when)
    }

    /// What becomes of a weight of 1 between two times.
    fn fade(&self, from: f64, to: f64) -> f64 {
        self.params.decay.map_or(1.0, |tau| ((from - to) / tau).exp())
    }

    /// Halves the cells until weights of now are small enough.
    fn rebase(&mut self) {
        let Some(tau) = self.params.decay else { return };
        let doublings = ((self.now - self.base) / tau / std::f64::consts::LN_2).floor();
        if doublings < DOUBLINGS {
            return;
        }
        let halves = doublings.min(63.0) as u32;
        let half = 1_i64 << (halves - 1);
        self.cells.iter_mut().for_each(|cell| *cell = cell.saturating_add(half) >> halves);
        if doublings > 63.0 {
            self.cells.fill(0);
        }
        self.total *= (-doublings).exp2();
        self.base += doublings * tau * std::f64::consts::LN_2;
    }

    fn stamp(&mut self, at: Local, weight: f64, times: i64) {
        let Self { grid, params, units, cells, across, centers, rim, .. } = self;
        let KdeParams { kernel, bandwidth } = params.kde;
        let h = bandwidth.0;
        let (u, v) = ((at.x - grid.origin.x) / h, (at.y - grid.origin.y) / h);
        let per_bandwidth = h / grid.cell.0;
        let reach = kernel.reach();
        let inner = (reach - *rim).max(0.0).powi(2);
        let index = |x: f64, n: usize| (x * per_bandwidth).round().clamp(0.0, n as f64) as usize;
        let (south, north) = (index(v - reach, grid.n_rows), index(v + reach, grid.n_rows));
        let (west, east) = (index(u - reach, grid.n_cols), index(u + reach, grid.n_cols));
        if south >= north || west >= east {
            return;
        }
        let weight = weight * *units;
        if kernel == Kernel::Gaussian {
            bell(&centers[west..east], u, weight, &mut across[west..east]);
        }
        for row in south..north {
            let y = (grid.center(0, row).y - grid.origin.y) / h - v;
            let half = (inner - y * y).max(0.0).sqrt();
            let (from, to) = (index(u - half, grid.n_cols), index(u + half, grid.n_cols));
            if from >= to {
                continue;
            }
            let out = &mut cells[row * grid.n_cols..][from..to];
            if weight >= LARGE {
                for (out, &x) in out.iter_mut().zip(&centers[from..to]) {
                    let value = weight * kernel.shape((x - u) * (x - u) + y * y);
                    *out = out.wrapping_add(times.wrapping_mul(value as i64));
                }
            } else if kernel == Kernel::Gaussian {
                add_products(&across[from..to], (-4.0 * y * y).exp(), times, out);
            } else {
                add_shape(kernel, &centers[from..to], (u, y * y), weight, times, out);
            }
        }
    }
}

/// Added to a number between −2⁵¹ and 2⁵¹, this leaves it, rounded, in the low bits of the sum.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// From here on the faster way to round would fail.
const LARGE: f64 = 1_125_899_906_842_624.0;

#[inline(always)]
fn whole(x: f64) -> i64 {
    ((x + ROUND).to_bits() as i64).wrapping_sub(ROUND.to_bits() as i64)
}

/// One kernel along a row whose distance from the place is the root of `square`.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx2", "x86_64+avx+avx2"))]
fn add_shape(
    kernel: Kernel,
    centers: &[f64],
    (u, square): (f64, f64),
    weight: f64,
    times: i64,
    out: &mut [i64],
) {
    let cells = out.iter_mut().zip(centers);
    let rest = |x: f64| (1.0 - ((x - u) * (x - u) + square)).max(0.0);
    let add = |out: &mut i64, k: f64| *out = out.wrapping_add(times.wrapping_mul(whole(weight * k)));
    match kernel {
        Kernel::Quartic => cells.for_each(|(out, &x)| add(out, rest(x) * rest(x))),
        Kernel::Epanechnikov => cells.for_each(|(out, &x)| add(out, rest(x))),
        _ => cells.for_each(|(out, &x)| add(out, kernel.shape((x - u) * (x - u) + square))),
    }
}

/// A bell's factors along x, times its factor along y.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx2", "x86_64+avx+avx2"))]
fn add_products(across: &[f64], along: f64, times: i64, out: &mut [i64]) {
    for (out, across) in out.iter_mut().zip(across) {
        *out = out.wrapping_add(times.wrapping_mul(whole(along * across)));
    }
}

#[cfg(test)]
mod tests {
    use super::super::kde::kde;
    use super::*;
    use crate::space::coord::Metres;

    const GRID: Grid =
        Grid { origin: Local { x: -100.0, y: 50.0 }, cell: Metres(10.0), n_cols: 60, n_rows: 41 };

    fn params(kernel: Kernel, decay: Option<f64>) -> LiveParams {
        LiveParams { kde: KdeParams { kernel, bandwidth: Metres(95.0) }, capacity: 1e6, decay }
    }

    fn place(i: i32) -> Local {
        Local { x: f64::from(i * 7919 % 900) - 200.0, y: f64::from(i * 104_729 % 520) }
    }

    #[test]
    fn what_comes_and_goes_leaves_the_same_bytes() {
        for kernel in Kernel::ALL {
            let mut live = Live::new(GRID, params(kernel, None)).expect("good input");
            for i in 0..50 {
                live.insert(place(i), 1.0 + f64::from(i % 3) / 7.0, 0.0).expect("room");
            }
            let before = live.cells.clone();
            for i in 50..200 {
                live.insert(place(i), 0.3, 0.0).expect("room");
            }
            for i in (50..200).rev() {
                live.remove(place(i), 0.3, 0.0).expect("was there");
            }
            assert!(live.cells == before && before.iter().any(|cell| *cell > 0), "{kernel:?}");
        }
    }

    #[test]
    fn a_live_surface_is_that_of_the_incidents_as_they_have_faded() {
        for kernel in Kernel::ALL {
            let mut live = Live::new(GRID, params(kernel, Some(20.0))).expect("good input");
            let (mut points, mut weights) = (Vec::new(), Vec::new());
            for i in 0..300 {
                let (at, when) = (place(i), f64::from(i));
                live.insert(at, 1.0, when).expect("room");
                if i % 3 == 0 {
                    live.remove(at, 1.0, when).expect("was there");
                } else {
                    points.push(at);
                    weights.push(((when - 310.0) / 20.0).exp());
                }
            }
            // Long gone before the cells were halved last.
            live.insert(place(3), 5.0, 10.0).expect("room");
            live.remove(place(3), 5.0, 10.0).expect("was there");
            live.advance(310.0);
            let fresh = kde(&points, Some(&weights), &GRID, &params(kernel, None).kde).expect("good input");
            let kept = live.density();
            let pairs = fresh.per_km2.iter().zip(&kept.per_km2);
            let worse = |a: f64, b: f64| if b.is_nan() { f64::INFINITY } else { a.max(b) };
            let error = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, worse);
            assert!(error < 1e-9 * fresh.peak(), "{kernel:?}: {}", error / fresh.peak());
            assert_eq!(live.at(7, 9), Some(kept.per_km2[9 * 60 + 7]));
        }
    }

    #[test]
    fn what_cannot_be_kept_is_refused_and_changes_nothing() {
        let mut live = Live::new(GRID, params(Kernel::Quartic, Some(1.0))).expect("good input");
        live.insert(place(1), 9e5, 0.0).expect("room");
        let before = live.cells.clone();
        assert!(matches!(live.insert(place(1), 2e5, 0.0), Err(KdeError::Full { .. })));
        assert!(matches!(live.insert(place(1), -1.0, 0.0), Err(KdeError::Weight { .. })));
        assert!(matches!(live.insert(place(1), 1.0, f64::NAN), Err(KdeError::Time { .. })));
        assert!(matches!(live.remove(place(1), 1.0, f64::INFINITY), Err(KdeError::Time { .. })));
        assert!(live.insert(Local { x: f64::NAN, y: 0.0 }, 1.0, 0.0).is_err());
        assert_eq!(live.cells, before);
        // Once it has faded there is room again, and after a very long time it is gone.
        live.insert(place(1), 2e5, 3.0).expect("room");
        live.insert(place(2), 1.0, 1e6).expect("room");
        assert!(live.density().peak() < 200.0 && live.at(60, 0).is_none());
        let refused = |params| Live::new(GRID, params).expect_err("was accepted");
        assert_eq!(refused(params(Kernel::Quartic, Some(0.0))), KdeError::Decay { tau: 0.0 });
        let plain = params(Kernel::Quartic, None);
        assert_eq!(refused(LiveParams { capacity: 10.0, ..plain }), KdeError::Capacity { capacity: 10.0 });
        for h in [1e-160, 1e-140] {
            let kde = KdeParams::quartic(crate::space::coord::Metres(h));
            assert!(matches!(refused(LiveParams { kde, ..plain }), KdeError::Overflow { .. }));
        }
    }
}
