//! What hotblocks knows: reports as they came, incidents that follow from them, blocks, periods.

pub mod areas;
pub mod block;
pub mod category;
pub mod class;
pub mod dataset;
pub mod events;
pub mod incident;
pub mod ledger;
pub mod period;
pub mod report;
pub mod reports;
pub mod streets;
pub mod texts;
mod told;
