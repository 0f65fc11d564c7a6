//! moran
