//! band
