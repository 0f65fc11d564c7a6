//! A live surface that follows a list of incidents: what came is added, what went is taken away, the rest stays.

use rayon::prelude::*;

use super::binned::Binned;
use super::edge::bounded;
use super::error_bound::ErrorBound;
use super::kde::{Density, KdeError};
use super::live::{Live, LiveParams};
use crate::space::coord::Local;
use crate::space::grid::Grid;

/// An incident of a surface that follows a list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Came {
    /// Its number in the list; between two lists most incidents keep theirs.
    pub number: usize,
    /// Where.
    pub at: Local,
    /// What it counts when it comes, 0 or more.
    pub weight: f64,
    /// When, by the surface's clock.
    pub when: f64,
}

impl Came {
    /// What tells incidents apart that have the same part in a surface from those that do not.
    fn part(&self) -> [u64; 4] {
        [self.at.x, self.at.y, self.weight, self.when].map(f64::to_bits)
    }
}

/// A live surface and the incidents that it is of.
///
/// The cells are whole numbers, and those of an incident depend on nothing but itself. So the surface is the same, byte
/// for byte, whatever lists it followed before, as long as its clock stays within two half-lives of 0: for
/// later incidents begin a new one.
///
/// # Examples
///
/// The second list has one incident more, and only this is worked on:
///
/// ```
/// use hotblocks::analysis::density::following::{Came, Following};
/// use hotblocks::analysis::density::kde::KdeParams;
/// use hotblocks::analysis::density::live::LiveParams;
/// use hotblocks::space::coord::{Local, Metres};
/// use hotblocks::space::grid::Grid;
///
/// let grid = Grid { origin: Local { x: -250.0, y: -250.0 }, cell: Metres(20.0), n_cols: 25, n_rows: 25 };
/// let params = LiveParams { kde: KdeParams::quartic(Metres(200.0)), capacity: 4096.0, decay: None };
/// let came = |number: usize| Came { number, at: Local { x: 30.0 * number as f64, y: 0.0 }, weight: 1.0, when: 0.0 };
/// let mut surface = Following::new(grid, params, vec![came(0), came(1)])?;
/// let changed = surface.follow(vec![came(0), came(1), came(4)])?;
/// let anew = Following::new(grid, params, vec![came(0), came(1), came(4)])?;
/// assert_eq!((changed, surface.density_at(0.0)), (1, anew.density_at(0.0)));
/// # Ok::<(), hotblocks::analysis::density::kde::KdeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Following {
    live: Live,
    grid: Grid,
    /// By number, ascending.
    came: Vec<Came>,
}

/// How far a list is from the one that a surface is of.
#[derive(Clone, Debug, Default)]
pub struct Apart {
    gone: Vec<Came>,
    fresh: Vec<Came>,
}

impl Apart {
    /// How many incidents came or went.
    #[must_use]
    pub fn n(&self) -> usize {
        self.gone.len() + self.fresh.len()
    }
}

/// The capacity of a surface of some incidents: a power of two with room for as many again, so that a surface is begun
/// anew when there are twice as many and not with each.
#[must_use]
pub fn capacity(came: &[Came]) -> f64 {
    let weight: f64 = came.iter().map(|one| one.weight).sum();
    (2.0 * weight).max(4096.0).log2().ceil().exp2()
}

/// From this part of all incidents on, a surface that is made anew costs less than one that is mended.
const MENDED: usize = 2;

impl Following {
    /// A surface of some incidents. Time O((h/cell)²) for each place, weight and time that differ.
    ///
    /// # Errors
    ///
    /// As [`Live`], and [`KdeError::Work`] for so many incidents whose kernels reach so far that it would take minutes.
    pub fn new(grid: Grid, params: LiveParams, mut came: Vec<Came>) -> Result<Self, KdeError> {
        came.sort_unstable_by_key(|one| one.number);
        let mut sorted = came.clone();
        sorted.par_sort_unstable_by_key(Came::part);
        let groups: Vec<&[Came]> = sorted.chunk_by(|a, b| a.part() == b.part()).collect();
        bounded(groups.len(), &grid, &params.kde)?;
        let threads = rayon::current_num_threads().clamp(1, 8);
        let begun = groups
            .par_chunks(groups.len().div_ceil(threads).max(1))
            .map(|groups| {
                let mut live = Live::new(grid, params)?;
                for group in groups {
                    let times = u32::try_from(group.len()).unwrap_or(u32::MAX);
                    live.insert_often(group[0].at, group[0].weight, group[0].when, times)?;
                }
                Ok(live)
            })
            .collect::<Result<Vec<_>, KdeError>>()?;
        let mut live = Live::new(grid, params)?;
        begun.iter().for_each(|part| live.absorb(part));
        Ok(Self { live, grid, came })
    }

    /// What a list has that this does not, and the other way round; `None` where a surface made anew costs less than
    /// this one mended.
    ///
    /// The list is by number, ascending. Time O(n), or O(n log n) where incidents have other numbers than before: then
    /// those with the same part in the surface stand for one another.
    #[must_use]
    pub fn apart(&self, came: &[Came]) -> Option<Apart> {
        let most = self.came.len().max(came.len()) / MENDED;
        if self.came.len().abs_diff(came.len()) > most {
            return None;
        }
        let (mut gone, mut fresh) = apart(&self.came, came, |one| one.number);
        if gone.len() + fresh.len() > most {
            gone.par_sort_unstable_by_key(Came::part);
            fresh.par_sort_unstable_by_key(Came::part);
            (gone, fresh) = apart(&gone, &fresh, Came::part);
        }
        (gone.len() + fresh.len() <= most).then_some(Apart { gone, fresh })
    }

    /// Follows another list; how many incidents were added and taken away for that.
    ///
    /// Time that of [`Following::apart`], and O((h/cell)²) for each that came or went; where those are too many, that of
    /// a new surface.
    ///
    /// # Errors
    ///
    /// As [`Following::new`]; the surface is of neither list then.
    pub fn follow(&mut self, mut came: Vec<Came>) -> Result<usize, KdeError> {
        came.sort_by_key(|one| one.number);
        let Some(apart) = self.apart(&came) else {
            let changed = self.came.len() + came.len();
            *self = Self::new(self.grid, self.live.params, came)?;
            return Ok(changed);
        };
        let changed = apart.n();
        self.mend(&apart, came)?;
        Ok(changed)
    }

    /// Follows a list, by number, that is known to differ by so much.
    ///
    /// # Errors
    ///
    /// As [`Following::follow`].
    pub fn mend(&mut self, apart: &Apart, came: Vec<Came>) -> Result<(), KdeError> {
        // What goes makes room first.
        apart.gone.iter().try_for_each(|one| self.live.remove(one.at, one.weight, one.when))?;
        apart.fresh.iter().try_for_each(|one| self.live.insert(one.at, one.weight, one.when))?;
        self.came = came;
        Ok(())
    }

    /// The surface as its incidents are at a time.
    #[must_use]
    pub fn density_at(&self, when: f64) -> Density {
        self.live.density_at(when)
    }

    /// The same with the bound of its error: what rounding to whole numbers adds to a cell at the most, and what the
    /// exact methods promise.
    #[must_use]
    pub fn surface_at(&self, when: f64) -> Binned {
        let density = self.density_at(when);
        let rounding = self.came.len() as f64 * self.live.unit(when) + 1e-9 * density.peak();
        Binned { density, error: ErrorBound { worst: rounding, expected_of_peak: 0.0, rounding } }
    }
}

/// What of two lists, both ascending by a key, is in the old one alone, and in the new one alone.
fn apart<K: Ord>(old: &[Came], new: &[Came], key: impl Fn(&Came) -> K) -> (Vec<Came>, Vec<Came>) {
    let (mut gone, mut fresh) = (Vec::new(), Vec::new());
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        match (old.get(i), new.get(j)) {
            (Some(a), Some(b)) if key(a) == key(b) => {
                if a.part() != b.part() {
                    gone.push(*a);
                    fresh.push(*b);
                }
                (i, j) = (i + 1, j + 1);
            }
            (Some(a), other) if other.is_none_or(|b| key(a) < key(b)) => {
                gone.push(*a);
                i += 1;
            }
            (_, other) => {
                fresh.extend(other);
                j += 1;
            }
        }
    }
    (gone, fresh)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::chance::Chance;
    use crate::analysis::density::kde::{KdeParams, kde};
    use crate::analysis::density::kernel::Kernel;
    use crate::space::coord::Metres;

    const GRID: Grid =
        Grid { origin: Local { x: -100.0, y: 50.0 }, cell: Metres(10.0), n_cols: 60, n_rows: 41 };

    fn params(kernel: Kernel, decay: Option<f64>) -> LiveParams {
        let kde = KdeParams { kernel, bandwidth: Metres(95.0) };
        LiveParams { kde, capacity: 8192.0, decay }
    }

    /// Incidents of a few places and times, so that some have the same part.
    fn some(chance: &mut Chance, n: usize) -> Vec<Came> {
        let one = |number| {
            let (x, y) = (f64::from(chance.below(12)) * 47.3, f64::from(chance.below(9)) * 51.7);
            let (weight, when) =
                (f64::from(1 + chance.below(3)) / 7.0, f64::from(chance.below(40)) / 4.0 - 5.0);
            Came { number, at: Local { x, y }, weight, when }
        };
        (0..n).map(one).collect()
    }

    #[test]
    fn a_surface_that_followed_any_lists_is_that_of_the_last_one_to_the_byte() {
        for (kernel, seed) in Kernel::ALL.into_iter().zip(0..) {
            let mut chance = Chance::new(seed, 0);
            // Half-lives of 20 are 28.9 as τ: the clock stays below two of them.
            let params = params(kernel, (seed % 2 == 0).then_some(28.9));
            let mut list = some(&mut chance, 300);
            let mut surface = Following::new(GRID, params, list.clone()).expect("good input");
            let (mut mended, mut renumbered) = (0, 0);
            for step in 0..40 {
                match step % 4 {
                    // A few come, go and move.
                    0 | 1 => {
                        let fresh = some(&mut chance, 310);
                        let at = chance.below(280) as usize;
                        list[at] = Came { number: list[at].number, ..fresh[at] };
                        list.remove(at + 1);
                        let number = list.last().map_or(0, |last| last.number) + 1;
                        list.push(Came { number, ..fresh[0] });
                    }
                    // All have other numbers, and stand in another order.
                    2 => {
                        list.sort_by_key(Came::part);
                        (0..).zip(&mut list).for_each(|(number, one)| one.number = number);
                        renumbered += 1;
                    }
                    // Nearly all are others.
                    _ => list = some(&mut chance, 300),
                }
                let changed = surface.follow(list.clone()).expect("good input");
                mended += usize::from(changed <= 4);
                let anew = Following::new(GRID, params, list.clone()).expect("good input");
                assert!(surface.density_at(6.0) == anew.density_at(6.0), "{kernel:?}, step {step}");
                assert_eq!(surface.apart(&list).map(|apart| apart.n()), Some(0));
            }
            assert!(mended >= 20 && renumbered == 10, "{mended} of 40 steps touched a few incidents alone");
        }
    }

    #[test]
    fn it_is_the_exact_surface_within_what_it_says_of_its_rounding() {
        for kernel in Kernel::ALL {
            let params = params(kernel, Some(28.9));
            let list = some(&mut Chance::new(3, 0), 500);
            let surface = Following::new(GRID, params, list.clone()).expect("good input");
            let places: Vec<Local> = list.iter().map(|one| one.at).collect();
            let faded: Vec<f64> =
                list.iter().map(|one| one.weight * ((one.when - 9.0) / 28.9).exp()).collect();
            let exact = kde(&places, Some(&faded), &GRID, &params.kde).expect("good input");
            let Binned { density: found, error } = surface.surface_at(9.0);
            let within = error.worst;
            assert!(within < 1e-8 * exact.peak(), "a bound that says something: {within}");
            for (a, b) in found.per_km2.iter().zip(&exact.per_km2) {
                assert!((a - b).abs() <= within, "{kernel:?}: {a} is not {b}");
            }
        }
    }

    #[test]
    fn lists_that_differ_much_are_told_from_those_that_do_not() {
        let mut chance = Chance::new(1, 0);
        let list = some(&mut chance, 100);
        let surface = Following::new(GRID, params(Kernel::Quartic, None), list.clone()).expect("good input");
        assert_eq!(surface.apart(&list[1..]).map(|apart| apart.n()), Some(1));
        assert!(surface.apart(&list[..40]).is_none());
        assert!(surface.apart(&[]).is_none());
    }
}
