//! Prediction zones: how much likelier recent incidents make another one, fading with distance and age.

use rayon::prelude::*;

use super::bands::{BandsError, check_distances, check_incidents, check_times};
use crate::space::coord::{Local, Metres};
use crate::space::grid::Grid;

/// How risk fades.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ZonesParams {
    /// No risk this far from an incident or farther.
    pub range: Metres,
    /// Distance at which the risk is half of that at the incident's place.
    pub half_distance: Metres,
    /// No risk this many seconds after an incident or later.
    pub duration: i64,
    /// Seconds after which the risk is half of that at the incident's instant.
    pub half_life: i64,
    /// Whether risks of several incidents add up; else the highest counts.
    pub cumulative: bool,
}

impl ZonesParams {
    /// The defaults of Esri's *Generate Prediction Zones*: 1,500 ft, half at 572 ft, 21 days, half after 6, added up.
    pub const ESRI: Self = Self {
        range: Metres(457.2),
        half_distance: Metres(174.345_6),
        duration: 21 * super::bands::DAY,
        half_life: 6 * super::bands::DAY,
        cumulative: true,
    };
}

/// Rings of Esri's *Near Repeat Classification*: nearer than 500, 1,000 and 1,500 ft, and less than 7, 14 and 21 days old.
pub const ESRI_RINGS: [(Metres, i64); 3] = [
    (Metres(152.4), 7 * super::bands::DAY),
    (Metres(304.8), 14 * super::bands::DAY),
    (Metres(457.2), 21 * super::bands::DAY),
];

/// The risk at one instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Zones {
    /// Where it was computed.
    pub grid: Grid,
    /// At the middle of each cell, row by row from the south-west: 1 at the place and instant of one incident.
    pub risk: Vec<f64>,
    /// Incidents that are recent enough to take part, by position.
    pub recent: Vec<u32>,
}

/// Why there are no zones.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ZonesError {
    /// A range, or the incidents, cannot be used.
    #[error(transparent)]
    Bands(#[from] BandsError),
    /// The distance of half the risk is no length.
    #[error("a half-distance of {given} cannot be used; give a length above 0 m")]
    HalfDistance {
        /// What was given.
        given: Metres,
    },
    /// The time of half the risk is none.
    #[error("a half-life of {seconds} s cannot be used; give a time above 0")]
    HalfLife {
        /// What was given.
        seconds: i64,
    },
}

/// Computes the risk that recent incidents bring, at the middle of each cell of a grid.
///
/// ```text
/// r(x) = Σᵢ 2^(−d(x, i) / half-distance) · 2^(−aᵢ / half-life)   over d < range, 0 ≤ aᵢ < duration;   aᵢ = now − tᵢ
/// ```
///
/// or the largest of the terms, where risks are not cumulative.
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `points` | where the incidents lie | `n` | m |
/// | `times` | when they happened; later ones than `now` take no part | `n` | s |
/// | `now` | the instant that the zones are for | | s |
/// | `grid` | where to compute it | `cells` | m |
/// | `params` | ranges and halves; [`ZonesParams::ESRI`] has Esri's | | m, s |
/// | returns | the risk of each cell, and who took part | `cells` | 1 at a fresh incident |
///
/// Time O(recent incidents · (rows of the grid + cells in range)). Incidents are added in the order of their place and time, so the order of the
/// input changes no digit. Source: Esri, *Generate Prediction Zones*, Crime Analysis toolbox.
///
/// # Limits
///
/// A relative risk, no probability: its scale is not fitted to data. **A zone around one incident tells its place.**
///
/// # Errors
///
/// [`ZonesError`] for ranges or halves not above 0, coordinates that are not finite, or lists of different lengths.
///
/// # Examples
///
/// Six days after an incident half of its risk is left at its place, and a quarter 572 ft away:
///
/// ```
/// use hotblocks::analysis::near_repeat::{bands::DAY, zones::{ZonesParams, zones}};
/// use hotblocks::space::coord::{Local, Metres};
/// use hotblocks::space::grid::Grid;
///
/// let cell = Metres(174.3456);
/// let grid = Grid { origin: Local { x: -cell.0 / 2.0, y: -cell.0 / 2.0 }, cell, n_cols: 2, n_rows: 1 };
/// let found = zones(&[Local { x: 0.0, y: 0.0 }], &[0], 6 * DAY, &grid, &ZonesParams::ESRI)?;
/// assert!((found.risk[0] - 0.5).abs() < 1e-12 && (found.risk[1] - 0.25).abs() < 1e-12);
/// # Ok::<(), hotblocks::analysis::near_repeat::zones::ZonesError>(())
/// ```
pub fn zones(
    points: &[Local],
    times: &[i64],
    now: i64,
    grid: &Grid,
    params: &ZonesParams,
) -> Result<Zones, ZonesError> {
    check_distances(&[params.range])?;
    check_times(&[params.duration])?;
    check_incidents(points, times)?;
    if !(params.half_distance.0 > 0.0 && params.half_distance.0.is_finite()) {
        return Err(ZonesError::HalfDistance { given: params.half_distance });
    }
    if params.half_life <= 0 {
        return Err(ZonesError::HalfLife { seconds: params.half_life });
    }
    let age = |&at: &u32| i128::from(now) - i128::from(times[at as usize]);
    let mut recent: Vec<u32> =
        (0..points.len() as u32).filter(|at| (0..i128::from(params.duration)).contains(&age(at))).collect();
    recent.sort_unstable_by(|a, b| {
        let (p, q) = (points[*a as usize], points[*b as usize]);
        p.x.total_cmp(&q.x).then(p.y.total_cmp(&q.y)).then(age(a).cmp(&age(b))).then(a.cmp(b))
    });
    let fading: Vec<(Local, f64)> = recent
        .iter()
        .map(|at| (points[*at as usize], (-(age(at) as f64) / params.half_life as f64).exp2()))
        .collect();
    let mut risk = vec![0.0; grid.len()];
    risk.par_chunks_mut(grid.n_cols.max(1)).enumerate().for_each(|(row, cells)| {
        for &(at, fresh) in &fading {
            add(cells, grid, row, at, fresh, params);
        }
    });
    recent.sort_unstable();
    Ok(Zones { grid: *grid, risk, recent })
}

/// Adds an incident's risk to a row of cells.
fn add(cells: &mut [f64], grid: &Grid, row: usize, at: Local, fresh: f64, params: &ZonesParams) {
    let dy = grid.center(0, row).y - at.y;
    let square = params.range.0 * params.range.0 - dy * dy;
    if square.is_nan() || square <= 0.0 {
        return;
    }
    // One cell more on either side, so that rounding leaves none out; the distance decides.
    let column = |x: f64| (x - grid.origin.x) / grid.cell.0 - 0.5;
    let half = square.sqrt();
    let first = (column(at.x - half).floor() - 1.0).max(0.0) as usize;
    let last = (column(at.x + half).ceil() + 2.0).clamp(0.0, cells.len() as f64) as usize;
    for (col, cell) in cells.iter_mut().enumerate().take(last).skip(first) {
        let dx = grid.center(col, row).x - at.x;
        let squared = dx * dx + dy * dy;
        if squared < params.range.0 * params.range.0 {
            let risk = fresh * (-squared.sqrt() / params.half_distance.0).exp2();
            *cell = if params.cumulative { *cell + risk } else { cell.max(risk) };
        }
    }
}

/// Sorts places into rings around recent incidents: the lowest ring that one of them puts each place into.
///
/// A place is in ring `k` of an incident if it is nearer than the ring's distance, and the incident less old than the
/// ring's time; `None` where it is in none. [`ESRI_RINGS`] has Esri's. Time O(places · recent incidents).
///
/// # Errors
///
/// As [`zones`]; distances and times of the rings must ascend.
pub fn rings(
    points: &[Local],
    times: &[i64],
    now: i64,
    places: &[Local],
    rings: &[(Metres, i64)],
) -> Result<Vec<Option<u32>>, ZonesError> {
    let (distances, durations): (Vec<Metres>, Vec<i64>) = rings.iter().copied().unzip();
    check_distances(&distances)?;
    check_times(&durations)?;
    check_incidents(points, times)?;
    let age = |time: i64| i128::from(now) - i128::from(time);
    let recent: Vec<(Local, i128)> = points
        .iter()
        .zip(times)
        .map(|(&at, &time)| (at, age(time)))
        .filter(|(_, age)| *age >= 0 && durations.last().is_some_and(|&last| *age < i128::from(last)))
        .collect();
    let ring = |place: &Local| {
        let inside = |&(distance, duration): &(Metres, i64)| {
            recent.iter().any(|&(at, age)| {
                let (dx, dy) = (at.x - place.x, at.y - place.y);
                age < i128::from(duration) && dx * dx + dy * dy < distance.0 * distance.0
            })
        };
        rings.iter().position(inside).map(|k| k as u32)
    };
    Ok(places.par_iter().map(ring).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::near_repeat::bands::DAY;

    const GRID: Grid =
        Grid { origin: Local { x: -525.0, y: -525.0 }, cell: Metres(50.0), n_cols: 21, n_rows: 21 };

    fn at(x: f64, y: f64) -> Local {
        Local { x, y }
    }

    #[test]
    fn risk_ends_at_the_range_and_the_duration() {
        let params = ZonesParams { range: Metres(100.0), ..ZonesParams::ESRI };
        let found = zones(&[at(0.0, 0.0)], &[0], 20 * DAY, &GRID, &params).expect("good input");
        let risky = found.risk.iter().filter(|&&risk| risk > 0.0).count();
        // Of the cells' centers at multiples of 50 m, nine are nearer than 100 m; four lie exactly there.
        assert_eq!((risky, found.recent), (9, vec![0]));
        for now in [21 * DAY, -1] {
            let found = zones(&[at(0.0, 0.0)], &[0], now, &GRID, &params).expect("good input");
            assert!(found.risk.iter().all(|&risk| risk == 0.0) && found.recent.is_empty(), "{now}");
        }
    }

    #[test]
    fn risks_add_up_or_the_highest_counts() {
        let points = [at(0.0, 0.0), at(0.0, 0.0), at(100.0, 0.0)];
        let params = |cumulative| ZonesParams { cumulative, ..ZonesParams::ESRI };
        let middle = 10 * 21 + 10;
        let risk = |cumulative| {
            let found = zones(&points, &[0, 6 * DAY, 6 * DAY], 6 * DAY, &GRID, &params(cumulative));
            found.expect("good input").risk[middle]
        };
        let far = 2.0_f64.powf(-100.0 / 174.3456);
        assert!((risk(true) - (0.5 + 1.0 + far)).abs() < 1e-12);
        assert!((risk(false) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_place_is_in_the_lowest_ring_of_any_incident() {
        let points = [at(0.0, 0.0), at(1000.0, 0.0)];
        let places = [at(100.0, 0.0), at(200.0, 0.0), at(400.0, 0.0), at(457.2, 0.0), at(1000.0, 0.0)];
        let found = rings(&points, &[10 * DAY, 0], 15 * DAY, &places, &ESRI_RINGS).expect("good input");
        assert_eq!(found, [Some(0), Some(1), Some(2), None, Some(2)]);
    }

    #[test]
    fn what_cannot_be_used_is_refused() {
        let refused = |params: ZonesParams| zones(&[], &[], 0, &GRID, &params).expect_err("was accepted");
        let range = ZonesParams { range: Metres(f64::NAN), ..ZonesParams::ESRI };
        assert!(matches!(refused(range), ZonesError::Bands(BandsError::Distance { .. })));
        let half = ZonesParams { half_distance: Metres(0.0), ..ZonesParams::ESRI };
        assert!(matches!(refused(half), ZonesError::HalfDistance { .. }));
        let life = ZonesParams { half_life: 0, ..ZonesParams::ESRI };
        assert!(matches!(refused(life), ZonesError::HalfLife { .. }));
        assert!(rings(&[], &[], 0, &[], &[(Metres(2.0), 1), (Metres(1.0), 2)]).is_err());
    }
}
