//! local_moran
