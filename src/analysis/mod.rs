//! Is it more than chance would do? Density, its contours, clusters and their outlines.
//!
//! Every analysis is a pure function over metres of the local plane: no file, clock, chance or log. Results hold no
//! NaN and no infinity, and are the same for any order of the input and any number of threads.
//!
//! | file | method | answer |
//! |---|---|---|
//! | [`kde`] | kernel density, quartic, exact | incidents per km² at cell centers or at given places |
//! | [`contour`] | marching triangles over a density | the region at or above a threshold, or holding a share |
//! | [`dbscan`] | density-based clusters, exact | a cluster number, or noise, for each incident |
//! | [`hull`] | convex hull | an outline that always has an area |

pub mod contour;
pub mod dbscan;
pub mod hull;
pub mod kde;
mod marching;
mod neighborhood;
mod sweep;
