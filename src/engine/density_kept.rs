//! Densities that are kept: the next state of the data adds what came, takes away what went, and lets the rest fade.

use std::sync::{Mutex, PoisonError};

use super::density_ask::DensityError;
use crate::analysis::density::binned::Binned;
use crate::analysis::density::following::{Apart, Came, Following, capacity};
use crate::analysis::density::kde::KdeParams;
use crate::analysis::density::live::LiveParams;
use crate::space::coord::Local;
use crate::space::grid::Grid;

/// So many surfaces are kept, those asked for last.
const KEPT: usize = 4;

/// Surfaces that the snapshots of one live engine hand on to one another.
#[derive(Debug, Default)]
pub(super) struct KeptDensities {
    /// The one asked for last at the end.
    surfaces: Mutex<Vec<(Begun, Following)>>,
}

/// What a surface cannot change while it is kept.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Begun {
    grid: Grid,
    params: LiveParams,
    /// Where its clock begins, in days.
    from: f64,
}

/// An incident with what it counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    /// Its position.
    pub(super) at: usize,
    pub(super) place: Local,
    pub(super) weight: f64,
    /// When it began, in days on the clock that `now` is of.
    pub(super) day: f64,
}

impl KeptDensities {
    /// The density of incidents as they have faded by a time, from what is kept of one much like it, if anything.
    ///
    /// The same incidents have the same bytes whatever was kept: everything that a surface is made with follows from them
    /// alone, and so does each of its cells.
    ///
    /// # Errors
    ///
    /// As [`Following::new`].
    pub(super) fn density(
        &self,
        incidents: &[Counted],
        grid: &Grid,
        kde: &KdeParams,
        (half_life, now): (Option<f64>, f64),
    ) -> Result<Binned, DensityError> {
        let from = half_life.map_or(0.0, |half_life| begin(now, half_life));
        let decay = half_life.map(|half_life| half_life / std::f64::consts::LN_2);
        let clock = |day: f64| half_life.map_or(0.0, |_| day - from);
        let one =
            |one: &Counted| Came { number: one.at, at: one.place, weight: one.weight, when: clock(one.day) };
        let mut came: Vec<Came> = incidents.iter().map(one).collect();
        came.sort_by_key(|one| one.number);
        let params = LiveParams { kde: *kde, capacity: capacity(&came), decay };
        let begun = Begun { grid: *grid, params, from };
        let surface = match self.take(&begun, &came) {
            Some((mut surface, apart)) => {
                surface.mend(&apart, came)?;
                surface
            }
            None => Following::new(*grid, params, came)?,
        };
        let made = surface.surface_at(clock(now));
        self.keep(begun, surface);
        Ok(made)
    }

    /// Takes out the surface that is most like what is wanted, and how far it is from that: it is nobody else's while it is changed.
    fn take(&self, begun: &Begun, came: &[Came]) -> Option<(Following, Apart)> {
        let mut surfaces = self.surfaces.lock().unwrap_or_else(PoisonError::into_inner);
        let same = (0..surfaces.len()).filter(|&at| surfaces[at].0 == *begun);
        let apart = same.filter_map(|at| Some((surfaces[at].1.apart(came)?, at)));
        let (apart, at) = apart.min_by_key(|(apart, at)| (apart.n(), *at))?;
        Some((surfaces.remove(at).1, apart))
    }

    fn keep(&self, begun: Begun, surface: Following) {
        let mut surfaces = self.surfaces.lock().unwrap_or_else(PoisonError::into_inner);
        surfaces.push((begun, surface));
        let over = surfaces.len().saturating_sub(KEPT);
        surfaces.drain(..over);
    }
}

/// Where the clock of a surface begins: every two half-lives anew, so that its whole numbers are never halved.
fn begin(now: f64, half_life: f64) -> f64 {
    let every = 2.0 * half_life;
    let from = (now / every).floor() * every;
    if from.is_finite() && from <= now { from } else { now }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::coord::Metres;

    const GRID: Grid = Grid { origin: Local { x: 0.0, y: 0.0 }, cell: Metres(50.0), n_cols: 40, n_rows: 40 };

    fn list(from: usize, n: usize) -> Vec<Counted> {
        let one = |at: usize| Counted {
            at,
            place: Local { x: (at * 37 % 2000) as f64, y: (at * 91 % 2000) as f64 },
            weight: 1.0 + (at % 2) as f64,
            day: at as f64 / 10.0,
        };
        (from..from + n).map(one).collect()
    }

    #[test]
    fn what_is_kept_is_mended_and_two_questions_do_not_drive_one_another_out() {
        let kde = KdeParams::quartic(Metres(200.0));
        let kept = KeptDensities::default();
        let made = |kept: &KeptDensities, list: &[Counted], days: Option<f64>| {
            let now = list.iter().map(|one| one.day).fold(0.0, f64::max);
            kept.density(list, &GRID, &kde, (days, now)).expect("good input")
        };
        for half_life in [None, Some(7.0)] {
            for n in 300..310 {
                for list in [list(0, n), list(5000, n)] {
                    let found = made(&kept, &list, half_life);
                    assert_eq!(
                        found,
                        made(&KeptDensities::default(), &list, half_life),
                        "{half_life:?}, {n}"
                    );
                }
            }
        }
        // The same incidents under another kernel are another surface.
        let wide = KdeParams::quartic(Metres(300.0));
        let of = |kept: &KeptDensities| {
            kept.density(&list(0, 309), &GRID, &wide, (None, 0.0)).expect("good input")
        };
        assert_eq!(of(&kept), of(&KeptDensities::default()));
        let surfaces = kept.surfaces.lock().expect("whole");
        let kept: Vec<_> = surfaces.iter().map(|one| (one.0.params.decay.is_some(), one.0.from)).collect();
        assert_eq!(kept, [(false, 0.0), (true, 28.0), (true, 518.0), (false, 0.0)]);
    }

    #[test]
    fn a_clock_begins_every_two_half_lives_anew() {
        let kde = KdeParams::quartic(Metres(200.0));
        let kept = KeptDensities::default();
        let one = list(0, 300);
        for (now, n) in [(30.0, 1), (41.9, 1), (42.0, 2), (60.0, 3)] {
            let found = kept.density(&one, &GRID, &kde, (Some(7.0), now)).expect("good input");
            let anew = KeptDensities::default().density(&one, &GRID, &kde, (Some(7.0), now));
            assert_eq!(found, anew.expect("good input"));
            assert_eq!(kept.surfaces.lock().expect("whole").len(), n, "at {now}");
        }
        for half_life in [1e-300, 1e-12, 1e300] {
            let from = begin(20_000.3, half_life);
            assert!((0.0..=20_000.3).contains(&from), "{half_life}: {from}");
        }
    }
}
