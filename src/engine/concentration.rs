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
        let heard = self.heard(selection);
        let all = || (0u32..).zip(&counts).map(|(at, _)| BlockId(at)).collect();
        let among: Vec<BlockId> = among.map_or_else(all, <[BlockId]>::to_vec);
        let of_heard = among.iter().filter(|block| heard.has(**block));
        let chosen: Vec<u32> = of_heard.map(|block| counts[block.0 as usize]).collect();
        Ok(concentration(&chosen, &LEVELS, chance)?)
    }
}
