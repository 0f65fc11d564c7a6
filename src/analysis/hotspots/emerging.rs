//! emerging
