//! Any bytes as FlatGeobuf.

#![no_main]

hotblocks_fuzz::target!(hotblocks_fuzz::features::flatgeobuf);
