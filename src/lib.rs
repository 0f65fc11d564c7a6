//! hotblocks finds and ranks crime hot spots: incidents come in as lines of files and leave as ranked blocks,
//! density and clusters on a map.
//!
//! The modules are the stations of that way, the ground first; each imports only from those before it.
//! ARCHITECTURE.md draws the picture.

pub mod progress;
pub mod space;

pub mod model;

pub mod ingest;

pub mod store;

pub mod index;

pub mod assign;

pub mod aggregate;
pub mod analysis;

pub mod quality;
pub mod rank;

pub mod plan;

pub mod engine;

pub mod layer;

pub mod encode;

pub mod cli;
pub mod config;
pub mod http;
