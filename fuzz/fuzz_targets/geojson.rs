//! Any bytes as GeoJSON.

#![no_main]

hotblocks_fuzz::target!(hotblocks_fuzz::features::geojson);
