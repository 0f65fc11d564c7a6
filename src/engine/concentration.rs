//! How concentrated the incidents of a snapshot are over its blocks.

use super::over_time::whole;
use super::query::Selection;
use super::snapshot::Snapshot;
use crate::model::block::BlockId;
use crate::rank::concentration::{Concentration, ConcentrationError, LEVELS, Reallocation, concentration};

impl Snapshot {
    /// How concentrated the selected incidents are over all blocks, or over some.
    ///
    /// # Errors
    ///
    /// [`ConcentrationError`] without blocks or incidents.
    pub fn concentration(
        &self,
        selection: &Selection,
        among: Option<&[BlockId]>,
        chance: Reallocation,
    ) -> Result<Concentration, ConcentrationError> {
        let counts = whole(&self.counts(selection, |_| true));
        let chosen = match among {
            None => counts,
            Some(blocks) => blocks.iter().map(|block| counts[block.0 as usize]).collect(),
        };
        concentration(&chosen, &LEVELS, chance)
    }
}
