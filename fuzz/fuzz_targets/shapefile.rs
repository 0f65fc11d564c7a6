//! Any bytes as a shapefile.

#![no_main]

hotblocks_fuzz::target!(hotblocks_fuzz::features::shapefile);
