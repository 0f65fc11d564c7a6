//! Incidents per block, as whole numbers.

use crate::model::block::{Assignment, Share};

/// What a block has of a selection of incidents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    shares: u64,
    /// Reports behind them: offenses or victims, by the source's unit.
    pub reports: u64,
    /// First second of the latest one; `None` without incidents.
    pub latest: Option<i64>,
}

impl Count {
    /// Distinct incidents, whole ones.
    #[must_use]
    pub fn incidents(&self) -> u64 {
        self.shares / u64::from(Share::WHOLE.0)
    }

    /// The same as [`Count::parts`], in whole numbers of 5040.
    #[must_use]
    pub fn shares(&self) -> u64 {
        self.shares
    }

    /// Adds a part of an incident with so many reports that begins at this second.
    #[inline]
    pub fn add(&mut self, share: Share, reports: u16, from: i64) {
        self.shares += u64::from(share.0);
        self.reports += u64::from(reports);
        self.latest = self.latest.max(Some(from));
    }

    /// Adds what another part of the incidents gave.
    pub fn merge(&mut self, other: &Self) {
        self.shares += other.shares;
        self.reports += other.reports;
        self.latest = self.latest.max(other.latest);
    }

    /// Incidents with the parts of those that are split; over all blocks they add up to the assigned ones.
    #[must_use]
    pub fn parts(&self) -> f64 {
        self.shares as f64 / f64::from(Share::WHOLE.0)
    }
}

/// Counts a selection of incidents per block.
///
/// `selected` gives position, begin and reports of each incident; `n_blocks` is the length of the
/// answer. Time O(n). A withdrawal undoes an insert exactly, since shares are whole numbers.
#[must_use]
pub fn count(
    selected: impl Iterator<Item = (usize, i64, u16)>,
    assignment: &Assignment,
    n_blocks: usize,
) -> Vec<Count> {
    let mut counts = vec![Count::default(); n_blocks];
    for (incident, from, reports) in selected {
        for (block, share) in assignment.shares(incident) {
            counts[block.0 as usize].add(share, reports, from);
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::block::BlockId;

    #[test]
    fn counts_are_whole_and_what_has_no_block_counts_nowhere() {
        let assignment = Assignment::whole([Some(BlockId(1)), None, Some(BlockId(1))]);
        let counts = count([(0, 50, 3), (1, 99, 1), (2, 10, 1)].into_iter(), &assignment, 2);
        assert_eq!((counts[0].incidents(), counts[0].latest), (0, None));
        assert_eq!((counts[1].incidents(), counts[1].reports, counts[1].latest), (2, 4, Some(50)));
    }

    #[test]
    fn parts_of_a_split_incident_add_up_to_it() {
        let among = [(BlockId(3), [0, 1, 2].map(BlockId).to_vec())].into();
        let assignment = Assignment::whole([3, 3, 3, 0].map(|at| Some(BlockId(at)))).split(&among);
        let counts = count((0..4).map(|at| (at, 0, 1)), &assignment, 4);
        assert_eq!(counts.iter().map(Count::incidents).collect::<Vec<_>>(), [2, 1, 1, 0]);
        assert_eq!(counts.iter().map(Count::parts).sum::<f64>(), 4.0);
    }
}
