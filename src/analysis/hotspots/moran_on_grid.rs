//! Global Moran on the cells of a grid: from sums over a window around each cell, without a list of neighbors.

use rayon::prelude::*;

use super::moran::{Moran, Sums, standard, told};
use super::values::{HotSpotError, Moments};
use super::window::{Lattice, Window};

/// Global Moran's I of the cells of a grid, as [`super::moran::moran`] with row-standardized weights has it.
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `counts` | incidents per cell, row by row, zeros included | `n_cols · n_rows` | incidents |
/// | `lattice` | the grid's size, and which cells belong to the study area | | |
/// | `window` | which cells around one are its neighbors | | |
/// | returns | I with mean, variances and z | | |
///
/// Windows are symmetric, so S₁ and S₂ follow from the sums of 1/k over the window, k being a cell's neighbors.
/// Time O(cells · rows of the window). Source: Cliff & Ord (1981), *Spatial Processes*, ch. 2.
///
/// # Errors
///
/// As [`super::moran::moran`]; [`HotSpotError::Band`] for a disc whose size is no number.
///
/// # Examples
///
/// The 5 × 5 grid of [`super::window`]; R's `spdep::moran.test` gives 0.1626183167:
///
/// ```
/// use hotblocks::analysis::hotspots::moran_on_grid::moran_on_grid;
/// use hotblocks::analysis::hotspots::window::{Lattice, Window};
///
/// let counts = [0, 1, 0, 2, 1, 1, 3, 2, 0, 0, 0, 4, 9, 3, 1, 0, 1, 5, 2, 0, 1, 0, 0, 1, 0];
/// let lattice = Lattice { n_cols: 5, n_rows: 5, mask: None };
/// let found = moran_on_grid(&counts, &lattice, Window::Square { steps: 1 })?;
/// assert!((found.i - 0.162_618_316_7).abs() < 1e-10);
/// # Ok::<(), hotblocks::analysis::hotspots::values::HotSpotError>(())
/// ```
pub fn moran_on_grid(counts: &[u32], lattice: &Lattice<'_>, window: Window) -> Result<Moran, HotSpotError> {
    lattice.check(counts)?;
    let values = lattice.inside(counts.iter().map(|&count| f64::from(count)).collect());
    let reach = window.reach(lattice.n_cols, lattice.n_rows)?;
    let moments = Moments::of(&values, 4)?;
    let deviation = standard(&values, &moments);
    // A cell outside the mask weighs nothing in any sum.
    let on_grid = |of_units: &[f64]| -> Vec<f64> {
        let mut units = of_units.iter();
        (0..counts.len())
            .map(|cell| if lattice.has(cell) { units.next().copied().unwrap_or(0.0) } else { 0.0 })
            .collect()
    };
    let around = |of_units: &[f64]| lattice.inside(around(&on_grid(of_units), lattice, &reach));
    let sizes: Vec<f64> = around(&vec![1.0; values.len()]).iter().map(|size| size.round()).collect();
    if sizes.iter().all(|size| *size == 0.0) {
        return Err(HotSpotError::Islands { units: values.len() });
    }
    let share: Vec<f64> = sizes.iter().map(|size| if *size > 0.0 { 1.0 / size } else { 0.0 }).collect();
    let from_others = around(&share);
    let near = around(&deviation);
    let cross = deviation.iter().zip(&near).zip(&share).map(|((own, near), share)| own * near * share).sum();
    let rows = share.iter().map(|share| f64::from(u8::from(*share > 0.0)));
    let sums = Sums {
        s0: rows.clone().sum(),
        // ½ Σᵢⱼ (1/kᵢ + 1/kⱼ)² over links, which are all mutual.
        s1: share.iter().zip(&from_others).map(|(share, others)| share + share * others).sum(),
        s2: rows.zip(&from_others).map(|(row, others)| (row + others) * (row + others)).sum(),
    };
    Ok(told(&deviation, cross, &sums))
}

/// For each cell the sum of the cells in the window around it, itself not among them.
fn around(values: &[f64], lattice: &Lattice<'_>, reach: &[usize]) -> Vec<f64> {
    let (n_cols, n_rows) = (lattice.n_cols, lattice.n_rows);
    // From the left of each row; the entry after the last is the whole.
    let mut prefix = vec![0.0; n_rows * (n_cols + 1)];
    for (row, to) in prefix.chunks_exact_mut(n_cols + 1).enumerate() {
        for col in 0..n_cols {
            to[col + 1] = to[col] + values[row * n_cols + col];
        }
    }
    let mut sums = vec![0.0; values.len()];
    sums.par_chunks_mut(n_cols.max(1)).enumerate().for_each(|(row, to)| {
        for (steps, &reach) in reach.iter().enumerate() {
            let above = row.checked_sub(steps).filter(|_| steps > 0);
            let below = (row + steps < n_rows).then_some(row + steps);
            for other in above.into_iter().chain(below) {
                let line = &prefix[other * (n_cols + 1)..(other + 1) * (n_cols + 1)];
                for (col, to) in to.iter_mut().enumerate() {
                    *to += line[(col + reach + 1).min(n_cols)] - line[col.saturating_sub(reach)];
                }
            }
        }
        for (to, own) in to.iter_mut().zip(&values[row * n_cols..]) {
            *to -= own;
        }
    });
    sums
}

#[cfg(test)]
mod tests {
    use super::super::moran::{Weighting, moran};
    use super::super::weights::Neighbors;
    use super::*;
    use crate::analysis::chance::Chance;
    use crate::space::coord::{Local, Metres};

    #[test]
    fn windows_give_what_lists_of_neighbors_give() {
        let mut chance = Chance::new(11, 3);
        for (n_cols, n_rows) in [(5, 5), (17, 9), (4, 30)] {
            for window in [
                Window::Square { steps: 1 },
                Window::Square { steps: 2 },
                Window::Disc { steps: 1.0 },
                Window::Disc { steps: 3.2 },
            ] {
                for masked in [false, true] {
                    let n = n_cols * n_rows;
                    let counts: Vec<u32> = (0..n).map(|_| chance.below(5) * chance.below(4)).collect();
                    let mask: Vec<bool> = (0..n).map(|_| !masked || chance.below(4) > 0).collect();
                    let lattice = Lattice { n_cols, n_rows, mask: masked.then_some(&mask[..]) };
                    let inside: Vec<usize> = (0..n).filter(|&cell| mask[cell]).collect();
                    let at = |cell: usize| ((cell % n_cols) as f64, (cell / n_cols) as f64);
                    let near = |a: usize, b: usize| {
                        let (dx, dy) = (at(a).0 - at(b).0, at(a).1 - at(b).1);
                        a != b
                            && match window {
                                Window::Square { steps } => dx.abs().max(dy.abs()) <= steps as f64,
                                Window::Disc { steps } => dx.hypot(dy) <= steps,
                            }
                    };
                    let list = |&a: &usize| {
                        let near = (0_u32..).zip(&inside).filter(|(_, b)| near(a, **b));
                        near.map(|(unit, _)| unit).collect()
                    };
                    let lists = Neighbors::from_lists(inside.iter().map(list).collect()).expect("usable");
                    let values: Vec<f64> = inside.iter().map(|&cell| f64::from(counts[cell])).collect();
                    let theirs = moran(&values, &lists, Weighting::RowStandardized).expect("usable");
                    let ours = moran_on_grid(&counts, &lattice, window).expect("usable");
                    for (a, b) in [
                        (ours.i, theirs.i),
                        (ours.variance, theirs.variance),
                        (ours.normal_variance, theirs.normal_variance),
                        (ours.z, theirs.z),
                        (ours.p, theirs.p),
                    ] {
                        assert!(
                            (a - b).abs() <= 1e-10 * (1.0 + b.abs()),
                            "{window:?} {masked}: {a} is not {b}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_cell_beside_one_without_a_neighbor_changes_nothing_for_the_others() {
        // The last cell is an island: it counts among the n, and has no weight.
        let mask = [true, true, true, true, false, true];
        let lattice = Lattice { n_cols: 6, n_rows: 1, mask: Some(&mask) };
        let ours = moran_on_grid(&[1, 4, 2, 0, 9, 3], &lattice, Window::Square { steps: 1 }).expect("usable");
        let lists = Neighbors::from_lists(vec![vec![1], vec![0, 2], vec![1, 3], vec![2], vec![]]);
        let theirs = moran(&[1.0, 4.0, 2.0, 0.0, 3.0], &lists.expect("usable"), Weighting::RowStandardized);
        let theirs = theirs.expect("usable");
        assert!((ours.i - theirs.i).abs() < 1e-12 && (ours.z - theirs.z).abs() < 1e-12);
    }

    #[test]
    fn what_cannot_be_measured_is_refused() {
        let lattice = |mask| Lattice { n_cols: 4, n_rows: 1, mask };
        let square = Window::Square { steps: 1 };
        let of = |counts: &[u32], mask, window| moran_on_grid(counts, &lattice(mask), window);
        assert_eq!(of(&[2; 4], None, square), Err(HotSpotError::Constant { units: 4, value: 2.0 }));
        assert_eq!(of(&[1, 2], None, square), Err(HotSpotError::Length { values: 2, units: 4 }));
        assert_eq!(
            of(&[1, 2, 3, 4], None, Window::Disc { steps: 0.5 }),
            Err(HotSpotError::Islands { units: 4 })
        );
        assert_eq!(
            of(&[1, 2, 3, 4], Some(&[true, true, true, false]), square),
            Err(HotSpotError::Few { units: 3, least: 4 })
        );
        assert!(matches!(
            of(&[1, 2, 3, 4], None, Window::Disc { steps: f64::NAN }),
            Err(HotSpotError::Band { .. })
        ));
        // Neighbors one cell apart in metres are those of a rook.
        let rook = Window::within(Metres(50.0), Metres(50.0));
        let near = Neighbors::within(&[0.0, 1.0, 2.0, 3.0].map(|x| Local { x, y: 0.0 }), Metres(1.0));
        let theirs = moran(&[1.0, 2.0, 3.0, 5.0], &near.expect("usable"), Weighting::RowStandardized);
        assert!((of(&[1, 2, 3, 5], None, rook).expect("usable").i - theirs.expect("usable").i).abs() < 1e-12);
    }
}
