//! Who is near whom: neighbors on a grid, within a distance, or the nearest ones.

use rayon::prelude::*;

use super::near::{Piles, Sorted, check};
use crate::space::coord::{Local, Metres};

/// The neighbors of each unit, as compressed sparse rows. No unit is its own neighbor; none has a neighbor twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbors {
    /// Where the neighbors of each unit begin, and one more at the end.
    start: Vec<u32>,
    /// The neighbors, in ascending order within each unit.
    list: Vec<u32>,
}

/// Which touch counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contiguity {
    /// A corner is enough.
    Queen,
    /// An edge, or a part of one.
    Rook,
}

/// The most links that neighbors may have: half a gigabyte.
pub const MOST_LINKS: u64 = 1 << 27;

/// Why there are no neighbors.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NeighborsError {
    /// The band is zero, negative or no number.
    #[error("a band of {band} cannot be used; give a length above 0 m")]
    Band {
        /// What was asked for.
        band: Metres,
    },
    /// The band is so short that the places cannot be sorted by it.
    #[error("a band of {band} is too short for places this far apart; give at least {least}")]
    Extent {
        /// What was asked for.
        band: Metres,
        /// The shortest that can be used.
        least: Metres,
    },
    /// No nearest neighbor is asked for, or more than there are.
    #[error("{k} nearest neighbors cannot be had among {places} places; give from 1 to {most}")]
    K {
        /// What was asked for.
        k: usize,
        /// How many places.
        places: usize,
        /// The most.
        most: usize,
    },
    /// A coordinate is no number.
    #[error("place {index} has no finite coordinates")]
    Coordinates {
        /// Position of the place, from 0.
        index: usize,
    },
    /// More neighbors than fit in memory.
    #[error("that would be {links} links, more than {MOST_LINKS}; give a shorter band or larger cells")]
    Links {
        /// How many there would be at least.
        links: u64,
    },
    /// So many units share corners or ends that comparing them would take too long.
    #[error(
        "units share corners or ends {shared} times, more than {most}; give units of which fewer meet in one place"
    )]
    Shared {
        /// How often, over all pairs and corners.
        shared: u64,
        /// How often they may.
        most: u64,
    },
    /// A mask or a list is not of the units.
    #[error("{given} entries for {units} units; give one for each")]
    Length {
        /// How many entries.
        given: usize,
        /// How many units.
        units: usize,
    },
    /// A list names a unit that is not there, or the unit itself.
    #[error("unit {unit} cannot have {neighbor} as a neighbor; give another unit from 0 to {last}")]
    NoUnit {
        /// Whose list it is.
        unit: usize,
        /// What it names.
        neighbor: u32,
        /// The last unit.
        last: usize,
    },
}

impl Neighbors {
    /// From a list for each unit, in any order; a neighbor that is named twice counts once.
    ///
    /// Lists need not be mutual: the nearest ones of a place on the rim may have nearer ones themselves.
    ///
    /// # Errors
    ///
    /// [`NeighborsError::NoUnit`] for a neighbor that is not there or the unit itself, [`NeighborsError::Links`]
    /// beyond [`MOST_LINKS`].
    pub fn from_lists(mut lists: Vec<Vec<u32>>) -> Result<Self, NeighborsError> {
        let units = lists.len();
        for (unit, list) in lists.iter_mut().enumerate() {
            list.sort_unstable();
            list.dedup();
            if let Some(&neighbor) = list.iter().find(|&&to| to as usize >= units || to as usize == unit) {
                return Err(NeighborsError::NoUnit { unit, neighbor, last: units.saturating_sub(1) });
            }
        }
        Self::gather(units, |unit| lists[unit].len(), |unit, row| row.copy_from_slice(&lists[unit]))
    }

    /// Rows of known length, each filled on any thread and then sorted.
    pub(super) fn gather(
        units: usize,
        length: impl Fn(usize) -> usize + Sync,
        fill: impl Fn(usize, &mut [u32]) + Sync,
    ) -> Result<Self, NeighborsError> {
        let lengths: Vec<u32> = (0..units).into_par_iter().map(|unit| length(unit) as u32).collect();
        let links = lengths.iter().map(|&n| u64::from(n)).sum();
        if links > MOST_LINKS {
            return Err(NeighborsError::Links { links });
        }
        let mut start = vec![0u32];
        start.extend(lengths.iter().scan(0u32, |end, n| {
            *end += n;
            Some(*end)
        }));
        let mut list = vec![0u32; links as usize];
        let mut rows: Vec<(usize, &mut [u32])> = Vec::with_capacity(units);
        let mut rest = &mut list[..];
        for (unit, &n) in lengths.iter().enumerate() {
            let (row, more) = rest.split_at_mut(n as usize);
            rows.push((unit, row));
            rest = more;
        }
        rows.into_par_iter().for_each(|(unit, row)| {
            fill(unit, row);
            row.sort_unstable();
        });
        Ok(Self { start, list })
    }

    /// How many units there are.
    #[must_use]
    pub fn n_units(&self) -> usize {
        self.start.len() - 1
    }

    /// How many links there are, each way counted.
    #[must_use]
    pub fn n_links(&self) -> usize {
        self.list.len()
    }

    /// The neighbors of a unit, ascending.
    #[must_use]
    pub fn of(&self, unit: usize) -> &[u32] {
        &self.list[self.start[unit] as usize..self.start[unit + 1] as usize]
    }

    /// The units without a neighbor, by position.
    #[must_use]
    pub fn islands(&self) -> Vec<usize> {
        (0..self.n_units()).filter(|&unit| self.of(unit).is_empty()).collect()
    }

    /// Cells of a grid that touch. The units are the cells inside the mask, row by row; without one, all cells.
    ///
    /// # Errors
    ///
    /// [`NeighborsError::Length`] if the mask is not of the grid.
    ///
    /// # Examples
    ///
    /// ```
    /// use hotblocks::analysis::hotspots::weights::{Contiguity, Neighbors};
    ///
    /// let queen = Neighbors::on_grid(3, 3, None, Contiguity::Queen)?;
    /// assert_eq!(queen.of(0), [1, 3, 4]);
    /// let rook = Neighbors::on_grid(3, 3, None, Contiguity::Rook)?;
    /// assert_eq!(rook.of(4), [1, 3, 5, 7]);
    /// # Ok::<(), hotblocks::analysis::hotspots::weights::NeighborsError>(())
    /// ```
    pub fn on_grid(
        n_cols: usize,
        n_rows: usize,
        mask: Option<&[bool]>,
        contiguity: Contiguity,
    ) -> Result<Self, NeighborsError> {
        let cells = n_cols * n_rows;
        if let Some(given) = mask.map(<[bool]>::len).filter(|&given| given != cells) {
            return Err(NeighborsError::Length { given, units: cells });
        }
        let inside = |cell: usize| mask.is_none_or(|mask| mask[cell]);
        let unit_of: Vec<u32> = (0..cells)
            .scan(0, |next, cell| {
                let unit = *next;
                *next += u32::from(inside(cell));
                Some(unit)
            })
            .collect();
        let near = |cell: usize| {
            let (row, col) = (cell / n_cols, cell % n_cols);
            let unit_of = &unit_of;
            (row.saturating_sub(1)..n_rows.min(row + 2)).flat_map(move |r| {
                (col.saturating_sub(1)..n_cols.min(col + 2))
                    .filter(move |&c| (r, c) != (row, col))
                    .filter(move |&c| contiguity == Contiguity::Queen || r == row || c == col)
                    .map(move |c| r * n_cols + c)
                    .filter(move |&to| inside(to))
                    .map(move |to| unit_of[to])
            })
        };
        let of_unit: Vec<usize> = (0..cells).filter(|&cell| inside(cell)).collect();
        Self::gather(
            of_unit.len(),
            |unit| near(of_unit[unit]).count(),
            |unit, row| row.iter_mut().zip(near(of_unit[unit])).for_each(|(to, from)| *to = from),
        )
    }

    /// All others at a distance of at most `band`; those at the same place included.
    ///
    /// Time O(n log n + links): places are sorted into cells of the band's size. That there are too many links is mostly seen
    /// before they are counted.
    ///
    /// # Errors
    ///
    /// [`NeighborsError`] for a band that cannot be used, a coordinate that is no number, or too many links.
    ///
    /// # Examples
    ///
    /// ```
    /// use hotblocks::analysis::hotspots::weights::Neighbors;
    /// use hotblocks::space::coord::{Local, Metres};
    ///
    /// let at = [0.0, 10.0, 30.0].map(|x| Local { x, y: 0.0 });
    /// let near = Neighbors::within(&at, Metres(10.0))?;
    /// assert_eq!((near.of(0), near.islands()), (&[1][..], vec![2]));
    /// # Ok::<(), hotblocks::analysis::hotspots::weights::NeighborsError>(())
    /// ```
    pub fn within(at: &[Local], band: Metres) -> Result<Self, NeighborsError> {
        let sorted = Sorted::by(at, band)?;
        let links = sorted.least();
        if links > MOST_LINKS {
            return Err(NeighborsError::Links { links });
        }
        Self::gather(
            at.len(),
            |unit| sorted.near(unit as u32).count(),
            |unit, row| row.iter_mut().zip(sorted.near(unit as u32)).for_each(|(to, from)| *to = from),
        )
    }

    /// The `k` nearest others. Of equally near ones the western is taken, then the southern, then the first.
    ///
    /// Time O(n (k + log n)). **Not mutual**: a lone place has neighbors that do not have it.
    ///
    /// # Errors
    ///
    /// [`NeighborsError::K`] unless there are more than `k` places, [`NeighborsError::Coordinates`] for a coordinate
    /// that is no number.
    ///
    /// # Examples
    ///
    /// ```
    /// use hotblocks::analysis::hotspots::weights::Neighbors;
    /// use hotblocks::space::coord::Local;
    ///
    /// let at = [0.0, 10.0, 20.0, 50.0].map(|x| Local { x, y: 0.0 });
    /// let near = Neighbors::nearest(&at, 1)?;
    /// assert_eq!([0, 1, 2, 3].map(|unit| near.of(unit)[0]), [1, 0, 1, 2]);
    /// # Ok::<(), hotblocks::analysis::hotspots::weights::NeighborsError>(())
    /// ```
    pub fn nearest(at: &[Local], k: usize) -> Result<Self, NeighborsError> {
        check(at)?;
        if k == 0 || k >= at.len() {
            let most = at.len().saturating_sub(1);
            return Err(NeighborsError::K { k, places: at.len(), most });
        }
        let links = k as u64 * at.len() as u64;
        if links > MOST_LINKS {
            return Err(NeighborsError::Links { links });
        }
        let piles = Piles::of(at);
        Self::gather(at.len(), |_| k, |unit, row| piles.nearest(at[unit], unit as u32, row))
    }
}

#[cfg(test)]
mod tests {
    use super::super::near::squared;
    use super::*;

    fn scattered(n: u32) -> Vec<Local> {
        let mut chance = crate::analysis::chance::Chance::new(4, 0);
        (0..n).map(|_| Local { x: f64::from(chance.below(60)), y: f64::from(chance.below(60)) }).collect()
    }

    fn naive(at: &[Local], is_near: impl Fn(usize, usize) -> bool) -> Vec<Vec<u32>> {
        let units = 0..at.len();
        units
            .clone()
            .map(|i| units.clone().filter(|&j| i != j && is_near(i, j)).map(|j| j as u32).collect())
            .collect()
    }

    #[test]
    fn a_band_finds_what_comparing_all_finds() {
        let at = scattered(300);
        for band in [1.0, 5.0, 13.0, 200.0] {
            let near = Neighbors::within(&at, Metres(band)).expect("usable");
            let all = naive(&at, |i, j| at[i].distance(at[j]).0 <= band);
            assert_eq!(near, Neighbors::from_lists(all).expect("usable"));
        }
    }

    #[test]
    fn the_nearest_are_those_of_comparing_all_with_ties_from_west_to_east() {
        let at = scattered(200);
        for k in [1, 4, 9, 199] {
            let near = Neighbors::nearest(&at, k).expect("usable");
            for unit in 0..at.len() {
                let mut others: Vec<usize> = (0..at.len()).filter(|&other| other != unit).collect();
                let key = |other: usize| (squared(at[unit], at[other]), at[other].x, at[other].y);
                others.sort_by(|&a, &b| key(a).partial_cmp(&key(b)).expect("numbers"));
                let mut expected: Vec<u32> = others[..k].iter().map(|&other| other as u32).collect();
                expected.sort_unstable();
                assert_eq!(near.of(unit), expected, "unit {unit}, k {k}");
            }
        }
    }

    #[test]
    fn a_pile_of_places_has_neighbors_within_the_pile() {
        let at = vec![Local { x: 5.0, y: 5.0 }; 50];
        assert_eq!(Neighbors::nearest(&at, 3).expect("usable").of(0), [1, 2, 3]);
        assert_eq!(Neighbors::within(&at, Metres(1.0)).expect("usable").of(7).len(), 49);
    }

    #[test]
    fn cells_outside_the_mask_are_no_units() {
        let mask = [true, false, true, true, true, true];
        let near = Neighbors::on_grid(3, 2, Some(&mask), Contiguity::Rook).expect("usable");
        assert_eq!(
            (0..5).map(|unit| near.of(unit).to_vec()).collect::<Vec<_>>(),
            [vec![2], vec![4], vec![0, 3], vec![2, 4], vec![1, 3],]
        );
    }

    #[test]
    fn neighbors_that_cannot_be_are_refused_with_what_can() {
        let at = scattered(10);
        assert_eq!(Neighbors::within(&at, Metres(0.0)), Err(NeighborsError::Band { band: Metres(0.0) }));
        assert!(matches!(Neighbors::within(&at, Metres(f64::NAN)), Err(NeighborsError::Band { .. })));
        let Err(NeighborsError::Extent { least, .. }) = Neighbors::within(&at, Metres(1e-9)) else {
            panic!("a band of a nanometre was taken")
        };
        assert!(Neighbors::within(&at, least).is_ok());
        assert_eq!(Neighbors::nearest(&at, 10), Err(NeighborsError::K { k: 10, places: 10, most: 9 }));
        assert!(
            Neighbors::from_lists(vec![vec![0]]).is_err() && Neighbors::from_lists(vec![vec![1]]).is_err()
        );
        // 200,000 places within the band would be 4e10 links: that is told before any is looked at.
        let crowd: Vec<Local> =
            (0..200_000).map(|i| Local { x: f64::from(i % 500), y: f64::from(i / 500) }).collect();
        let Err(NeighborsError::Links { links }) = Neighbors::within(&crowd, Metres(1e4)) else {
            panic!("a crowd was taken")
        };
        assert_eq!(links, 200_000 * 199_999);
        let nowhere = [Local { x: f64::NAN, y: 0.0 }];
        assert_eq!(Neighbors::within(&nowhere, Metres(1.0)), Err(NeighborsError::Coordinates { index: 0 }));
    }
}
