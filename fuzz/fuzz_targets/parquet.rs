//! Any bytes as Parquet.

#![no_main]

hotblocks_fuzz::target!(hotblocks_fuzz::features::parquet);
