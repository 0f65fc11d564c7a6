//! Why no target areas can be chosen, with what would be accepted.

use crate::space::coord::Metres;

/// Why there are no targets.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetsError {
    /// Lists that differ in length.
    #[error("{given} entries of {what} for {blocks} blocks; give one for each")]
    Length {
        /// Which list.
        what: &'static str,
        /// Its length.
        given: usize,
        /// How many blocks.
        blocks: usize,
    },
    /// A number that cannot be used.
    #[error("the {what} of block {index} is {given}; give a finite number, {least}")]
    Number {
        /// Which number.
        what: &'static str,
        /// Of which block, from 0.
        index: usize,
        /// What was given.
        given: f64,
        /// From where on.
        least: &'static str,
    },
    /// There are no blocks.
    #[error("there are no blocks to choose from; choose other areas or another unit of the budget")]
    NoBlocks,
    /// The budget is below every block.
    #[error("the budget is {budget}, the smallest block costs {least}; give at least that")]
    Budget {
        /// What was given.
        budget: f64,
        /// What the smallest block costs.
        least: f64,
    },
    /// No places, or more than blocks or the budget allow.
    #[error("{places} places cannot be had; give from 1 to {most}")]
    Places {
        /// What was asked for.
        places: u32,
        /// How many blocks there are, or the most places that fit the budget.
        most: u32,
    },
    /// The most places are fewer than the fewest.
    #[error(
        "at least {places} and at most {most} places contradict each other; give at least {places} for the latter"
    )]
    MostPlaces {
        /// The fewest.
        places: u32,
        /// The most.
        most: u32,
    },
    /// Every block is longer.
    #[error("a diameter of {diameter} is shorter than every block; give at least {least}")]
    Diameter {
        /// What was given.
        diameter: Metres,
        /// The extent of the shortest block.
        least: Metres,
    },
    /// No set of blocks that touch is that large, within the budget.
    #[error("a place of {least_size} cannot be had; the largest within the budget has {most}")]
    LeastSize {
        /// What was asked for.
        least_size: f64,
        /// The most that would be accepted.
        most: f64,
    },
    /// Each limit alone could be met, all together not.
    #[error(
        "no set of blocks meets all limits together; give a larger budget, fewer or smaller places, or a greater diameter"
    )]
    Nothing,
}
