//! Which blocks or cells stand out from their neighbors more than chance would make them.
//!
//! | file | answers |
//! |---|---|
//! | [`weights`], [`contiguity`] | who is near whom: [`weights::Neighbors`] |
//! | [`gistar`], [`window`] | Gi*: where counts are high together; for any neighbors, and fast for cells of a grid |
//! | [`permute`], [`exact`] | how often chance alone does as much: conditional permutation, by draws or, of whole numbers, all of them |
//! | [`local_moran`], [`moran`] | high among high, low among high; whether there is any pattern at all |
//! | [`fdr`] | of many tests, which still count |
//! | [`band`] | how far a neighbor may be, by Esri's steps |
//! | [`emerging`], [`mann_kendall`] | hot spots that come, stay and go |

pub mod band;
pub mod contiguity;
pub mod emerging;
pub mod exact;
pub mod fdr;
pub mod gistar;
pub mod local_moran;
pub mod mann_kendall;
pub mod moran;
pub mod moran_on_grid;
mod near;
pub mod permute;
mod shared;
mod tables;
pub mod values;
pub mod weights;
pub mod window;
