//! Any bytes as a GeoPackage.

#![no_main]

hotblocks_fuzz::target!(hotblocks_fuzz::features::geopackage);
