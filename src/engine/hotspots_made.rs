//! Hot spots of a snapshot: blocks or cells tested beside their neighbors.

use jiff::civil::Date;

use super::hotspots::{HotSpotParams, HotSpots, HotSpotsError, LEVEL, Near, QFrom, Statistic, Tested, Units};
use super::query::{Query, Selection};
use super::snapshot::Snapshot;
use super::units::neighbors;
use crate::analysis::hotspots::band::{CellChoice, optimized_band, optimized_cell};
use crate::analysis::hotspots::emerging::{EmergingParams, emerging};
use crate::analysis::hotspots::exact::NORMAL_FROM;
use crate::analysis::hotspots::fdr::{Fdr, bin, q_values};
use crate::analysis::hotspots::gistar::{gi_star, gi_star_exact, gi_star_permuted};
use crate::analysis::hotspots::local_moran::{
    Quadrant, local_moran, local_moran_exact, local_moran_permuted,
};
use crate::analysis::hotspots::moran::{Moran, Weighting, moran};
use crate::analysis::hotspots::moran_on_grid::moran_on_grid;
use crate::analysis::hotspots::values::two_sided_p;
use crate::analysis::hotspots::weights::Neighbors;
use crate::analysis::hotspots::window::{
    Window, gi_star_on_grid, gi_star_on_grid_exact, gi_star_on_grid_permuted, neighbors_on_grid,
};
use crate::space::coord::{Local, Metres};

impl Snapshot {
    /// Tests blocks or cells for hot spots.
    ///
    /// Blocks count all incidents that are assigned to them; cells only those that may be drawn, as for density.
    ///
    /// # Errors
    ///
    /// [`HotSpotsError`] for parameters that cannot be used, or counts that cannot be tested.
    pub fn hotspots(&self, query: &Query, params: &HotSpotParams) -> Result<HotSpots, HotSpotsError> {
        let selection = self.select(query)?;
        let (units, cell) = self.units(&selection, params.cells)?;
        let (counts, outside) = units.counts(self, &selection, |_| true);
        let (near, band) = match params.near {
            Some(near) => (near, None),
            None => {
                let chosen = optimized_band(&units.middles(), &counts)?;
                (Near::Band(chosen.band), Some(chosen))
            }
        };
        let lone = 2.0 * counts.len() as f64 / f64::from(params.permutations.count + 1);
        let mut found = HotSpots {
            units,
            tested: Vec::new(),
            cell,
            band,
            near,
            moran: None,
            q_from: if lone <= LEVEL { QFrom::Permuted } else { QFrom::Normal },
            expected: 0.0,
            outside,
            dates: None,
        };
        match params.statistic {
            Statistic::GiStar => found.gi_star(self, &counts, params)?,
            Statistic::LocalMoran => found.local_moran(self, &counts, params)?,
            Statistic::Emerging { steps } => found.emerging(self, query, &selection, params.fdr, steps)?,
        }
        Ok(found)
    }

    fn units(
        &self,
        selection: &Selection,
        cells: Option<Option<Metres>>,
    ) -> Result<(Units, Option<CellChoice>), HotSpotsError> {
        let heard = self.heard(selection);
        Ok(match cells {
            None => (Units::heard_blocks(self, &heard), None),
            Some(Some(side)) => (Units::cells(self, side, &heard)?, None),
            Some(None) => {
                let places: Vec<Local> = self.drawn(selection).map(|(_, at)| at).collect();
                let choice = optimized_cell(&places)?;
                (Units::cells(self, choice.cell, &heard)?, Some(choice))
            }
        })
    }
}

impl HotSpots {
    fn gi_star(
        &mut self,
        snapshot: &Snapshot,
        counts: &[f64],
        params: &HotSpotParams,
    ) -> Result<(), HotSpotsError> {
        let window = match (&self.units, self.near) {
            (Units::Cells { .. }, Near::Contiguity) => Some(Window::Square { steps: 1 }),
            (Units::Cells { grid, .. }, Near::Band(band)) => Some(Window::within(band, grid.cell)),
            _ => None,
        };
        let permutations = &params.permutations;
        let exact: Option<Vec<f64>>;
        let (z, permuted, neighbors) = match (window, self.units.lattice()) {
            (Some(window), Some(lattice)) => {
                let mut inside = counts.iter();
                let mask = lattice.mask.into_iter().flatten();
                let cells: Vec<u32> = mask
                    .map(|&is_in| if is_in { inside.next().map_or(0, |n| *n as u32) } else { 0 })
                    .collect();
                let z = gi_star_on_grid(&cells, &lattice, window)?;
                let permuted = gi_star_on_grid_permuted(&cells, &lattice, window, permutations)?;
                self.moran = moran_on_grid(&cells, &lattice, window).ok();
                let sizes = neighbors_on_grid(&lattice, window)?;
                let sizes = sizes.into_iter().map(|n| n as usize).collect::<Vec<_>>();
                let wanted = self.wants_exact(counts, &sizes);
                exact = if wanted { gi_star_on_grid_exact(&cells, &lattice, window)? } else { None };
                (z, permuted, sizes)
            }
            _ => {
                let near = neighbors(&self.units, snapshot, self.near)?;
                let z = gi_star(counts, &near)?;
                let permuted = gi_star_permuted(counts, &near, permutations)?;
                self.moran = global(counts, &near);
                let wanted = self.wants_exact(counts, &sizes(&near));
                exact = if wanted { gi_star_exact(counts, &near)? } else { None };
                (z, permuted, sizes(&near))
            }
        };
        self.fill(counts, &neighbors, &z, &permuted, exact, params.fdr);
        Ok(())
    }

    fn local_moran(
        &mut self,
        snapshot: &Snapshot,
        counts: &[f64],
        params: &HotSpotParams,
    ) -> Result<(), HotSpotsError> {
        let near = neighbors(&self.units, snapshot, self.near)?;
        let found = local_moran(counts, &near)?;
        let permuted = local_moran_permuted(counts, &near, &params.permutations)?;
        self.moran = global(counts, &near);
        let exact =
            if self.wants_exact(counts, &sizes(&near)) { local_moran_exact(counts, &near)? } else { None };
        self.fill(counts, &sizes(&near), &found.z, &permuted, exact, params.fdr);
        for (unit, quadrant) in self.tested.iter_mut().zip(found.quadrant) {
            // The sign of z says like or unlike; what a map is to show is where counts are high and where low.
            let quadrant = quadrant.filter(|_| unit.q <= LEVEL);
            unit.bin = quadrant.map_or(0, Quadrant::bin);
            unit.class = quadrant.map(|quadrant| quadrant.word().to_owned());
        }
        Ok(())
    }

    /// Whether counts are too sparse for the normal law, and permutations too few to tell any unit by itself.
    fn wants_exact(&self, counts: &[f64], neighbors: &[usize]) -> bool {
        self.q_from == QFrom::Normal && expected(counts, neighbors) < NORMAL_FROM
    }

    fn fill(
        &mut self,
        counts: &[f64],
        neighbors: &[usize],
        z: &[f64],
        permuted: &[f64],
        exact: Option<Vec<f64>>,
        fdr: Fdr,
    ) {
        let p: Vec<f64> = z.iter().map(|&z| two_sided_p(z)).collect();
        self.expected = expected(counts, neighbors);
        if exact.is_some() {
            self.q_from = QFrom::Exact;
        }
        let tests = match (&exact, self.q_from) {
            (Some(exact), _) => exact,
            (None, QFrom::Permuted) => permuted,
            _ => &p,
        };
        let q = q_values(tests, fdr).expect("each p is that of a z or of a permutation");
        let one = |unit: usize| Tested {
            incidents: counts[unit],
            neighbors: neighbors[unit],
            z: z[unit],
            p: p[unit],
            permuted: Some(permuted[unit]),
            q: q[unit],
            bin: bin(z[unit], q[unit]),
            class: None,
            trend: None,
            exact: exact.as_ref().map(|exact| exact[unit]),
            by_step: Vec::new(),
        };
        self.tested = (0..counts.len()).map(one).collect();
    }

    fn emerging(
        &mut self,
        snapshot: &Snapshot,
        query: &Query,
        selection: &Selection,
        fdr: Fdr,
        steps: usize,
    ) -> Result<(), HotSpotsError> {
        let data = snapshot.dataset();
        let all = snapshot.observed();
        let first = query.period.and_then(|period| period.first()).or(all.map(|(first, _)| first));
        let last = query.period.and_then(|period| period.last()).or(all.map(|(_, last)| last));
        let days = first.zip(last).map_or(0, |(first, last)| days_between(first, last) + 1);
        let (Some(dates), true) = (first.zip(last), days >= steps as i64) else {
            return Err(HotSpotsError::Days { days: days.max(0), steps });
        };
        let step_of: Vec<Option<usize>> = (0..data.incidents.len())
            .map(|at| {
                let day = days_between(dates.0, data.local_date(at)?);
                (0..days).contains(&day).then(|| (day * steps as i64 / days) as usize)
            })
            .collect();
        let cube: Vec<Vec<f64>> = (0..steps)
            .map(|step| self.units.counts(snapshot, selection, |at| step_of[at] == Some(step)).0)
            .collect();
        // What lies in no step is not counted either.
        let counts: Vec<f64> = (0..cube.first().map_or(0, Vec::len))
            .map(|unit| cube.iter().map(|step| step[unit]).sum())
            .collect();
        let near = neighbors(&self.units, snapshot, self.near)?;
        let params = EmergingParams {
            steps_back: 1,
            fdr,
            q_at_most: LEVEL,
            trend_p_at_most: LEVEL,
            normal_from: NORMAL_FROM,
        };
        let found = emerging(&cube, &near, &params)?;
        self.moran = global(&counts, &near);
        let one = |unit: usize| {
            let (z, q) = (found.z[steps - 1][unit], found.q[steps - 1][unit]);
            Tested {
                incidents: counts[unit],
                neighbors: near.of(unit).len(),
                z,
                p: two_sided_p(z),
                permuted: None,
                q,
                bin: bin(z, q),
                class: found.pattern[unit]
                    .map(|(side, pattern)| format!("{} {}", pattern.word(), side.word())),
                trend: Some(found.trend[unit]),
                exact: None,
                by_step: (0..steps).map(|step| (found.z[step][unit], found.q[step][unit])).collect(),
            }
        };
        self.q_from = if found.is_exact { QFrom::Exact } else { QFrom::Normal };
        self.expected = found.expected;
        self.tested = (0..counts.len()).map(one).collect();
        self.dates = Some(dates);
        Ok(())
    }
}

/// Incidents that a unit and its neighbors have in the mean.
fn expected(counts: &[f64], neighbors: &[usize]) -> f64 {
    let n = counts.len().max(1) as f64;
    let around = neighbors.iter().map(|&near| near as f64 + 1.0).sum::<f64>() / n;
    counts.iter().sum::<f64>() / n * around
}

/// Global Moran, where it can be measured: what hinders it is told by the statistic itself, but for too few units.
fn global(counts: &[f64], near: &Neighbors) -> Option<Moran> {
    moran(counts, near, Weighting::RowStandardized).ok()
}

fn sizes(near: &Neighbors) -> Vec<usize> {
    (0..near.n_units()).map(|unit| near.of(unit).len()).collect()
}

fn days_between(from: Date, to: Date) -> i64 {
    i64::from(from.until(to).map_or(0, |span| span.get_days()))
}
