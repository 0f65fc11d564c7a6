//! How concentrated the incidents of a snapshot are over its blocks.

use super::over_time::{OverTimeError, whole};
use super::query::Selection;
use super::ranking::Scoring;
use super::snapshot::Snapshot;
use crate::model::block::BlockId;
use crate::rank::concentration::{Concentration, LEVELS, Reallocation, concentration};

impl Snapshot {
    /// How concentrated the selected incidents that a score counts are over all blocks, or over some.
    ///
    /// # Errors
    ///
    /// [`OverTimeError`] without blocks or incidents, or for a score that counts no incidents.
    pub fn concentration(
        &self,
        selection: &Selection,
        scoring: &Scoring,
        among: Option<&[BlockId]>,
        chance: Reallocation,
    ) -> Result<Concentration, OverTimeError> {
        let counts = whole(&self.counted(selection, scoring)?);
        let unheard = self.unheard(selection);
        let heard = |block: usize| unheard.as_ref().is_none_or(|unheard| !unheard[block]);
        let all = || (0..counts.len()).collect();
        let among: Vec<usize> =
            among.map_or_else(all, |blocks| blocks.iter().map(|block| block.0 as usize).collect());
        let chosen: Vec<u32> =
            among.into_iter().filter(|&block| heard(block)).map(|block| counts[block]).collect();
        Ok(concentration(&chosen, &LEVELS, chance)?)
    }
}
