//! What hotblocks knows: reports as they came, incidents that follow from them, blocks, periods.

pub mod address;
pub mod areas;
pub mod block;
pub mod category;
pub mod cells;
pub mod class;
pub mod coverage;
pub mod dataset;
pub mod doubles;
pub mod events;
pub mod exposure;
pub mod horizon;
pub mod house_numbers;
pub mod hundreds;
pub mod identity;
pub mod incident;
pub mod ledger;
pub mod link;
pub mod noding;
pub mod period;
pub mod polygonize;
pub mod report;
pub mod reports;
pub mod street_words;
pub mod streets;
pub mod texts;
mod told;
