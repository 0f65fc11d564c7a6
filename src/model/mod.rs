//! What hotblocks knows: reports as they came, incidents that follow from them, blocks, periods.

pub mod address;
pub mod areas;
pub mod block;
pub mod category;
pub mod class;
pub mod dataset;
pub mod house_numbers;
pub mod hundreds;
pub mod incident;
pub mod ledger;
pub mod period;
pub mod report;
pub mod street_words;
pub mod streets;
