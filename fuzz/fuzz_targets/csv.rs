//! Any bytes as separated text.

#![no_main]

hotblocks_fuzz::target!(hotblocks_fuzz::csv::check);
