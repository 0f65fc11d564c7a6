//! The incidents of each block, for those who look at a few blocks of many.

use crate::model::block::BlockId;
use crate::model::dataset::Dataset;

/// By block the incidents that it has a part of, in the order of the data set. Four bytes an incident.
#[derive(Debug)]
pub(super) struct ByBlock {
    /// Where the rows of each block begin, and where the last ones end.
    start: Vec<u32>,
    rows: Vec<u32>,
}

impl ByBlock {
    /// Those of a data set. Time O(n).
    pub(super) fn of(data: &Dataset) -> Self {
        let mut start = vec![0_u32; data.block_set.blocks.len() + 1];
        let parts = || {
            let all = data.incidents.standing();
            all.flat_map(|at| data.assignment.shares(at).map(move |(block, _)| (block.0 as usize, at)))
        };
        parts().for_each(|(block, _)| start[block + 1] += 1);
        (1..start.len()).for_each(|at| start[at] += start[at - 1]);
        let mut rows = vec![0; start.last().map_or(0, |all| *all as usize)];
        let mut next = start.clone();
        for (block, at) in parts() {
            rows[next[block] as usize] = at as u32;
            next[block] += 1;
        }
        Self { start, rows }
    }

    /// The incidents of a block, by position.
    pub(super) fn rows(&self, block: BlockId) -> impl Iterator<Item = usize> + '_ {
        let at = block.0 as usize;
        self.rows[self.start[at] as usize..self.start[at + 1] as usize].iter().map(|&row| row as usize)
    }
}
