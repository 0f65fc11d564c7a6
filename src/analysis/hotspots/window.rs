//! Gi* on the cells of a grid: sums over a square or a disc around each cell, without a list of neighbors.

use super::exact::{Own, exact_p};
use super::permute::{Permutations, permuted_p};
use super::tables::Tables;
use super::values::{HotSpotError, Moments};
use crate::space::coord::Metres;

/// The cells of a grid, row by row, and which of them belong to the study area.
#[derive(Clone, Copy, Debug)]
pub struct Lattice<'a> {
    /// Cells in a row.
    pub n_cols: usize,
    /// Rows.
    pub n_rows: usize,
    /// Which cells are units, zeros included; all where absent. Counts of the others are not looked at.
    pub mask: Option<&'a [bool]>,
}

/// Which cells around a cell are its neighbors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Window {
    /// So many cells in each direction, corners included; 1 is a queen's contiguity.
    Square {
        /// Cells from the middle to the rim.
        steps: usize,
    },
    /// Cells whose middle is no farther than so many sides of a cell; 1 is a rook's contiguity.
    Disc {
        /// Distance in sides of a cell.
        steps: f64,
    },
}

impl Window {
    /// Cells of side `cell` whose middle is no farther than `band`; one that is exactly as far counts.
    #[must_use]
    pub fn within(band: Metres, cell: Metres) -> Self {
        Self::Disc { steps: band.0 / cell.0 }
    }

    /// For each row from the middle one on, how many cells the window reaches to either side; no farther than the grid.
    pub(super) fn reach(self, n_cols: usize, n_rows: usize) -> Result<Vec<usize>, HotSpotError> {
        match self {
            Self::Square { steps } => Ok(vec![steps.min(n_cols); steps.min(n_rows) + 1]),
            Self::Disc { steps } => {
                if !(steps >= 0.0 && steps.is_finite()) {
                    return Err(HotSpotError::Band { steps });
                }
                // A hair more than the square, so that a division does not lose who is exactly at the rim.
                let squared = steps * steps * (1.0 + 1e-12);
                let rows = (0..=n_rows).take_while(|&row| (row * row) as f64 <= squared);
                let widest = |row: usize| {
                    let mut reach = ((squared - (row * row) as f64).sqrt() as usize).min(n_cols) + 1;
                    while (row * row + reach * reach) as f64 > squared {
                        reach -= 1;
                    }
                    reach
                };
                Ok(rows.map(widest).collect())
            }
        }
    }
}

/// Scores every cell of a grid with Gi*, as [`super::gistar::gi_star`] does, without a list of neighbors.
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `counts` | incidents per cell, row by row, zeros included | `n_cols · n_rows` | incidents |
/// | `lattice` | the grid's size, and which cells belong to the study area | | |
/// | `window` | which cells around one are its neighbors; the cell itself is added | | |
/// | returns | z-scores of the cells inside the mask, row by row | `n` | standard deviations |
///
/// A square is the difference of four entries of a summed-area table, a disc that of two prefix sums a row. Sums are
/// whole numbers of 64 bits, so nothing cancels. Time O(cells) for a square, O(cells · rows of the window) for a disc.
/// Source: Crow (1984), SIGGRAPH 84, for the table; Ord & Getis (1995), *Geographical Analysis* 27(4).
///
/// # Limits
///
/// As [`super::gistar::gi_star`].
///
/// # Errors
///
/// As [`super::gistar::gi_star`]; [`HotSpotError::Band`] for a disc whose size is no number.
///
/// # Examples
///
/// The middle of a 5 × 5 grid; R's `spdep::localG` gives 3.134896711:
///
/// ```
/// use hotblocks::analysis::hotspots::window::{Lattice, Window, gi_star_on_grid};
///
/// let counts = [0, 1, 0, 2, 1, 1, 3, 2, 0, 0, 0, 4, 9, 3, 1, 0, 1, 5, 2, 0, 1, 0, 0, 1, 0];
/// let lattice = Lattice { n_cols: 5, n_rows: 5, mask: None };
/// let z = gi_star_on_grid(&counts, &lattice, Window::Square { steps: 1 })?;
/// assert!((z[12] - 3.134_896_711).abs() < 1e-9);
/// # Ok::<(), hotblocks::analysis::hotspots::values::HotSpotError>(())
/// ```
pub fn gi_star_on_grid(
    counts: &[u32],
    lattice: &Lattice<'_>,
    window: Window,
) -> Result<Vec<f64>, HotSpotError> {
    let tables = Tables::new(counts, lattice, window)?;
    let scores = tables.scores()?;
    let mut z = vec![0.0; counts.len()];
    tables.each_row(&mut z, |_, sums, sizes, z| {
        for ((z, &sum), &size) in z.iter_mut().zip(sums).zip(sizes) {
            *z = scores.z(sum as f64, size as usize);
        }
    });
    Ok(lattice.inside(z))
}

/// The p-values of Gi* on a grid by conditional permutation, as [`super::gistar::gi_star_permuted`].
///
/// # Errors
///
/// As [`gi_star_on_grid`], and [`HotSpotError::Permutations`] or [`HotSpotError::Draws`] for too few or too many.
pub fn gi_star_on_grid_permuted(
    counts: &[u32],
    lattice: &Lattice<'_>,
    window: Window,
    permutations: &Permutations,
) -> Result<Vec<f64>, HotSpotError> {
    let others = Others::of(counts, lattice, window)?;
    permuted_p(
        &others.values,
        &others.moments,
        &others.sums,
        |unit| others.sizes[unit] as usize,
        permutations,
    )
}

/// The p-values of Gi* on a grid over all permutations at once, as [`super::gistar::gi_star_exact`].
///
/// # Errors
///
/// As [`gi_star_on_grid`].
pub fn gi_star_on_grid_exact(
    counts: &[u32],
    lattice: &Lattice<'_>,
    window: Window,
) -> Result<Option<Vec<f64>>, HotSpotError> {
    let Others { values, sums, sizes, .. } = Others::of(counts, lattice, window)?;
    let sums: Vec<f64> = sums.iter().zip(&values).map(|(others, own)| others + own).collect();
    Ok(exact_p(&values, &sums, |unit| sizes[unit] as usize + 1, Own::Drawn))
}

/// What is permuted: of the cells inside the mask, row by row.
struct Others {
    moments: Moments,
    values: Vec<f64>,
    /// What the neighbors of each have together.
    sums: Vec<f64>,
    /// How many these are.
    sizes: Vec<u32>,
}

impl Others {
    fn of(counts: &[u32], lattice: &Lattice<'_>, window: Window) -> Result<Self, HotSpotError> {
        let tables = Tables::new(counts, lattice, window)?;
        let moments = tables.scores()?.moments;
        let mut others = vec![(0.0, 0u32); counts.len()];
        tables.each_row(&mut others, |row, sums, sizes, others| {
            let here = &counts[row * lattice.n_cols..];
            for (((other, &sum), &size), &own) in others.iter_mut().zip(sums).zip(sizes).zip(here) {
                *other = ((sum - i64::from(own)) as f64, size.max(1) - 1);
            }
        });
        let others = lattice.inside(others);
        let values = lattice.inside(counts.iter().map(|&count| f64::from(count)).collect());
        let (sums, sizes) = others.into_iter().unzip();
        Ok(Self { moments, values, sums, sizes })
    }
}

/// How many neighbors each cell inside the mask has, row by row.
///
/// # Errors
///
/// [`HotSpotError::Length`] if the mask is not of the grid, [`HotSpotError::Band`] for a disc whose size is no number.
pub fn neighbors_on_grid(lattice: &Lattice<'_>, window: Window) -> Result<Vec<u32>, HotSpotError> {
    let counts = vec![0; lattice.n_cols.saturating_mul(lattice.n_rows)];
    lattice.check(&counts)?;
    let tables = Tables::with(Moments::whole(counts.len(), 0, 0, 0.0), &counts, lattice, window)?;
    let mut sizes = vec![0u32; counts.len()];
    if !sizes.is_empty() {
        tables.each_row(&mut sizes, |_, _, from, to| to.copy_from_slice(from));
    }
    Ok(lattice.inside(sizes).into_iter().map(|size| size.max(1) - 1).collect())
}

impl Lattice<'_> {
    pub(super) fn check(&self, counts: &[u32]) -> Result<(), HotSpotError> {
        let units = self.n_cols.saturating_mul(self.n_rows);
        for values in [Some(counts.len()), self.mask.map(<[bool]>::len)].into_iter().flatten() {
            if values != units {
                return Err(HotSpotError::Length { values, units });
            }
        }
        Ok(())
    }

    pub(super) fn has(&self, cell: usize) -> bool {
        self.mask.is_none_or(|mask| mask[cell])
    }

    /// What belongs to the cells inside the mask.
    pub(super) fn inside<T: Copy>(&self, of_cells: Vec<T>) -> Vec<T> {
        match self.mask {
            None => of_cells,
            Some(mask) => {
                of_cells.into_iter().zip(mask).filter_map(|(one, &is_in)| is_in.then_some(one)).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::gistar::{gi_star, gi_star_permuted};
    use super::super::weights::{Contiguity, Neighbors};
    use super::*;
    use crate::analysis::chance::Chance;
    use crate::space::coord::Local;

    fn city(n_cols: usize, n_rows: usize) -> (Vec<u32>, Vec<bool>) {
        let mut chance = Chance::new(9, 1);
        let count = |chance: &mut Chance| chance.below(4) * chance.below(4) * chance.below(3);
        let cells = n_cols * n_rows;
        ((0..cells).map(|_| count(&mut chance)).collect(), (0..cells).map(|_| chance.below(5) > 0).collect())
    }

    fn of_units(counts: &[u32], mask: Option<&[bool]>) -> Vec<f64> {
        let has = |cell: &usize| mask.is_none_or(|mask| mask[*cell]);
        (0..counts.len()).filter(has).map(|cell| f64::from(counts[cell])).collect()
    }

    /// Both ways of the same: from lists of neighbors and from sums over windows.
    fn check(
        n_cols: usize,
        n_rows: usize,
        masked: bool,
        window: Window,
        near: impl Fn(Option<&[bool]>) -> Neighbors,
    ) {
        let (counts, mask) = city(n_cols, n_rows);
        let mask = masked.then_some(&mask[..]);
        let lattice = Lattice { n_cols, n_rows, mask };
        let (values, near) = (of_units(&counts, mask), near(mask));
        let (ours, lists) = (
            gi_star_on_grid(&counts, &lattice, window).expect("usable"),
            gi_star(&values, &near).expect("usable"),
        );
        assert_eq!(ours.len(), lists.len());
        assert!(ours.iter().zip(&lists).all(|(a, b)| (a - b).abs() < 1e-12), "{window:?}, mask {masked}");
        let sizes = neighbors_on_grid(&lattice, window).expect("usable");
        assert!((0..near.n_units()).all(|unit| near.of(unit).len() == sizes[unit] as usize));
        let permutations = Permutations { count: 999, seed: 3 };
        let ours = gi_star_on_grid_permuted(&counts, &lattice, window, &permutations).expect("usable");
        assert_eq!(
            ours,
            gi_star_permuted(&values, &near, &permutations).expect("usable"),
            "{window:?}, mask {masked}"
        );
    }

    #[test]
    fn windows_give_what_lists_of_neighbors_give() {
        for masked in [false, true] {
            check(17, 11, masked, Window::Square { steps: 1 }, |mask| {
                Neighbors::on_grid(17, 11, mask, Contiguity::Queen).expect("usable")
            });
            check(6, 40, masked, Window::Disc { steps: 1.0 }, |mask| {
                Neighbors::on_grid(6, 40, mask, Contiguity::Rook).expect("usable")
            });
            for (band, cell) in [(200.0, 40.0), (110.0, 50.0), (0.3, 0.1), (500.0, 90.0)] {
                check(15, 19, masked, Window::within(Metres(band), Metres(cell)), |mask| {
                    let at = |cell: usize| Local { x: (cell % 15) as f64, y: (cell / 15) as f64 };
                    let inside = (0..15 * 19).filter(|&cell| mask.is_none_or(|mask| mask[cell]));
                    let steps = (band / cell * 1e9_f64).round() / 1e9;
                    Neighbors::within(&inside.map(at).collect::<Vec<_>>(), Metres(steps)).expect("usable")
                });
            }
        }
    }

    #[test]
    fn a_window_larger_than_the_grid_is_refused_with_the_unit() {
        let (counts, _) = city(4, 3);
        let lattice = Lattice { n_cols: 4, n_rows: 3, mask: None };
        let everyone = |window| gi_star_on_grid(&counts, &lattice, window);
        let refused = HotSpotError::Everyone { unit: 0, units: 12 };
        assert_eq!(everyone(Window::Square { steps: 3 }), Err(refused));
        assert_eq!(everyone(Window::Square { steps: usize::MAX }), Err(refused));
        assert_eq!(everyone(Window::Disc { steps: 1e300 }), Err(refused));
        // A long column: sums that reach as far sideways as it is long would not fit in memory.
        for window in
            [Window::Square { steps: 200_000 }, Window::Disc { steps: 1e5 }, Window::Disc { steps: 1e300 }]
        {
            assert!(
                window.reach(1, 200_000).expect("good input").iter().all(|&reach| reach <= 2),
                "{window:?}"
            );
        }
        let second = HotSpotError::Everyone { unit: 1, units: 12 };
        assert_eq!(everyone(Window::Square { steps: 2 }), Err(second));
    }

    #[test]
    fn cells_that_cannot_be_compared_are_refused() {
        let lattice = |mask| Lattice { n_cols: 3, n_rows: 1, mask };
        let square = Window::Square { steps: 1 };
        let z = |counts: &[u32], mask, window| gi_star_on_grid(counts, &lattice(mask), window);
        assert_eq!(z(&[4; 3], None, square), Err(HotSpotError::Constant { units: 3, value: 4.0 }));
        assert_eq!(z(&[1, 2], None, square), Err(HotSpotError::Length { values: 2, units: 3 }));
        assert_eq!(
            z(&[1, 2, 3], Some(&[false, true, false]), square),
            Err(HotSpotError::Few { units: 1, least: 2 })
        );
        assert_eq!(z(&[1, 2, 3], Some(&[false; 3]), square), Err(HotSpotError::Few { units: 0, least: 2 }));
        assert_eq!(
            z(&[1, 2, 3], Some(&[true, false, true]), square),
            Err(HotSpotError::Islands { units: 2 })
        );
        assert_eq!(z(&[1, 2, 3], None, Window::Disc { steps: 0.9 }), Err(HotSpotError::Islands { units: 3 }));
        assert!(matches!(
            z(&[1, 2, 3], None, Window::Disc { steps: f64::NAN }),
            Err(HotSpotError::Band { .. })
        ));
        assert_eq!(
            gi_star_on_grid(&[], &Lattice { n_cols: 0, n_rows: 0, mask: None }, square),
            Err(HotSpotError::Few { units: 0, least: 2 })
        );
    }
}
