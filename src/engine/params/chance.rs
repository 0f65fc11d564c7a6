//! What chance is asked with.

use super::table::{DEFAULT_PERMUTATIONS, DEFAULT_SEED, PERMUTATIONS, SEED};
use super::values::Values;

impl Values {
    /// How often chance is asked.
    #[must_use]
    pub fn permutations(&self) -> u32 {
        u32::try_from(self.count(&PERMUTATIONS).unwrap_or(DEFAULT_PERMUTATIONS)).unwrap_or(u32::MAX)
    }

    /// What chance follows from.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.count(&SEED).unwrap_or(DEFAULT_SEED)
    }
}
