//! Is it more than chance would do? Density, clusters, hot spots, scans and near repeats.
//!
//! Every analysis is a pure function over metres of the local plane: no file, clock or log, and chance only from a
//! seed that is given. Results hold no NaN and no infinity, and are the same for any order of the input and any number
//! of threads.
//!
//! | room | methods | answer |
//! |---|---|---|
//! | [`density`] | kernel density and its contours | incidents per km² at cell centers or at given places |
//! | [`clusters`] | DBSCAN and its like, contiguous hot blocks, hulls | a cluster number, or noise, for each incident; outlines |
//! | [`hotspots`] | local statistics | which blocks or cells stand out |
//! | [`scan`] | spatial, and prospective in space and time | circles with more incidents than chance would put there |
//! | [`near_repeat`] | Knox, chains, prediction zones | whether an incident makes another nearby soon after likelier, and where |
//!
//! Shared by all: [`chance`], the seeded random streams.

pub mod chance;
pub mod clusters;
pub mod density;
pub mod hotspots;
pub mod near_repeat;
pub mod scan;
