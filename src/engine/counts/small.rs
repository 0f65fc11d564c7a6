//! Cells that would tell in which area a few sexual, domestic or child offenses happened.

/// Fewer protected incidents than this are not told of an area by themselves.
pub const FEWEST: u32 = 5;

/// Where areas lie among the cells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    /// Cells between an area and the next one.
    pub(super) stride: usize,
    /// Areas, and what lies in none of them; they come first.
    pub(super) n: usize,
    /// All keys of the axis.
    pub(super) of: usize,
    /// Where what is withheld is told instead.
    pub(super) withheld: usize,
}

/// What may be told of each cell.
///
/// | | what |
/// |---|---|
/// | `cells` | incidents |
/// | `protected` | those of them that are of a protected class |
/// | `places` | where areas lie among the cells; `None` where all cells are of the same areas |
/// | returns | incidents, or `None` for a cell that is withheld |
///
/// A cell of an area with 1 to [`FEWEST`] − 1 incidents that are all protected is withheld. What is withheld stands in a cell
/// of its own with the same other keys, so that sums hold. Were it one cell alone, that sum would tell it: then the smallest
/// other one is withheld too, or where there is none, every area's, also those of 0. So they are where the sum says what each
/// has: where all have 1, or all the most that is withheld.
pub(super) fn withhold(cells: &[u32], protected: &[u32], places: Option<Places>) -> Vec<Option<u64>> {
    let small = |at: usize| (1..FEWEST).contains(&cells[at]) && protected[at] == cells[at];
    let mut told: Vec<Option<u64>> = cells.iter().map(|&n| Some(u64::from(n))).collect();
    let Some(places) = places else {
        (0..cells.len()).filter(|&at| small(at)).for_each(|at| told[at] = None);
        return told;
    };
    let block = places.stride * places.of;
    for first in (0..cells.len()).filter(|at| at % block < places.stride) {
        let line = || (0..places.n).map(|place| first + place * places.stride);
        let mut hidden: Vec<usize> = line().filter(|&at| small(at)).collect();
        if hidden.is_empty() {
            continue;
        }
        if hidden.len() == 1 {
            let others = line().filter(|&at| cells[at] > 0 && at != hidden[0]);
            match others.min_by_key(|&at| cells[at]) {
                Some(other) => hidden.push(other),
                None => hidden = line().collect(),
            }
        }
        if [1, FEWEST - 1].iter().any(|&n| hidden.iter().all(|&at| cells[at] == n)) {
            hidden = line().collect();
        }
        let sum = hidden.iter().map(|&at| u64::from(cells[at])).sum();
        hidden.into_iter().for_each(|at| told[at] = None);
        told[first + places.withheld * places.stride] = Some(sum);
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three places, then the row of what is withheld, by two weeks.
    const PLACES: Places = Places { stride: 2, n: 3, of: 4, withheld: 3 };

    #[test]
    fn few_protected_ones_are_told_of_no_area_and_no_sum_tells_them_either() {
        let check = |cells: [u32; 8], protected: [u32; 8], expected: [Option<u64>; 8]| {
            let told = withhold(&cells, &protected, Some(PLACES));
            assert_eq!(told, expected);
            for week in 0..2 {
                let sum = |of: &dyn Fn(usize) -> u64| (0..4).map(|place| of(2 * place + week)).sum::<u64>();
                assert_eq!(sum(&|at| told[at].unwrap_or(0)), sum(&|at| u64::from(cells[at])));
            }
        };
        let some = |n| Some(n);
        // Nothing protected: all is told.
        check([1, 2, 0, 4, 3, 0, 0, 0], [0; 8], [1, 2, 0, 4, 3, 0, 0, 0].map(some));
        // Two small cells in the first week.
        check(
            [1, 2, 0, 4, 3, 0, 0, 0],
            [1, 0, 0, 0, 3, 0, 0, 0],
            [None, Some(2), Some(0), Some(4), None, Some(0), Some(4), Some(0)],
        );
        // One alone takes the smallest other with it; among others it is not told apart.
        check(
            [9, 2, 7, 4, 3, 0, 0, 0],
            [9, 0, 0, 3, 3, 0, 0, 0],
            [Some(9), Some(2), None, Some(4), None, Some(0), Some(10), Some(0)],
        );
        // A sum of as many as there are cells, or of the most that they can have, would tell each.
        check(
            [1, 4, 1, 4, 0, 9, 0, 0],
            [1, 4, 1, 4, 0, 0, 0, 0],
            [None, None, None, None, None, None, Some(2), Some(17)],
        );
        // One alone among zeros hides them all.
        check(
            [0, 5, 4, 0, 0, 0, 0, 0],
            [0, 5, 4, 0, 0, 0, 0, 0],
            [None, Some(5), None, Some(0), None, Some(0), Some(4), Some(0)],
        );
    }

    #[test]
    fn where_all_cells_are_of_the_same_areas_a_small_one_is_not_told() {
        assert_eq!(
            withhold(&[4, 5, 4, 0], &[4, 5, 3, 0], None),
            [None, Some(5), Some(4), Some(0)],
            "only where all of them are protected"
        );
    }
}
