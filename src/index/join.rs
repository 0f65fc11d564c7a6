//! Many places to their polygons at once: cell by cell, so that the edges of a cell are looked at while at hand.

use super::cells::starts;
use super::polygons::PolygonIndex;
use crate::model::block::BlockId;
use crate::space::coord::Local;

impl PolygonIndex {
    /// The polygon of each place, as [`PolygonIndex::containing`] gives it.
    pub(super) fn join(&self, places: &[Local]) -> Vec<Option<BlockId>> {
        let mut found = vec![None; places.len()];
        if self.n_cells() == 0 {
            return found;
        }
        let number = |n: usize| u32::try_from(n).expect("fewer than 2³² cells");
        let cells: Vec<u32> = places.iter().map(|&at| self.cell(at).map_or(0, number)).collect();
        let starts = starts(cells.iter().copied(), self.n_cells());
        // The places themselves are sorted, not only their numbers: looked up one by one, each would be waited for.
        let mut next = starts.clone();
        let mut sorted = vec![(Local::default(), 0); places.len()];
        for ((cell, &at), number) in cells.into_iter().zip(places).zip(0_u32..) {
            sorted[next[cell as usize] as usize] = (at, number);
            next[cell as usize] += 1;
        }
        for (cell, range) in starts.windows(2).enumerate() {
            for &(at, number) in &sorted[range[0] as usize..range[1] as usize] {
                found[number as usize] = self.containing_in(cell, at);
            }
        }
        found
    }
}
