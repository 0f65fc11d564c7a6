//! What all incident files have in common: a header and rows of text, some with a point.

use std::collections::HashMap;

/// One row, as a reader gives it.
#[derive(Debug)]
pub struct Row<'a> {
    /// Its line, or its number among the features, from 1.
    pub line: u64,
    /// Its fields, in the order of the header.
    pub fields: &'a [&'a str],
    /// Its point, in files that have geometry.
    pub point: Option<(f64, f64)>,
}

/// A row that the reader itself cannot make sense of.
#[derive(Debug)]
pub struct Broken {
    /// Its line, or its number among the features, from 1.
    pub line: u64,
    /// What is wrong.
    pub reason: String,
    /// The beginning of what stands there.
    pub value: String,
}

/// A header, by names in lower-case letters and digits only, so that `X-Coord` is `xcoord`.
#[derive(Clone, Debug)]
pub struct Header {
    names: Vec<String>,
    by_name: HashMap<String, usize>,
}

impl Header {
    /// From the names as they stand in the file.
    pub fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let names: Vec<String> = names.map(|name| name.trim().to_owned()).collect();
        let by_name = names.iter().enumerate().rev().map(|(at, name)| (plain(name), at)).collect();
        Self { names, by_name }
    }

    /// How many columns there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is no column.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The first of the alternatives `a|b|c` that is a column.
    #[must_use]
    pub fn find(&self, alternatives: &str) -> Option<usize> {
        alternatives.split('|').find_map(|name| self.by_name.get(name).copied())
    }

    /// A column's name as it stands in the file.
    #[must_use]
    pub fn name(&self, at: usize) -> &str {
        &self.names[at]
    }

    /// All names as they stand in the file.
    #[must_use]
    pub fn all(&self) -> String {
        self.names.join(", ")
    }
}

/// Lower-case letters and digits of a name.
#[must_use]
pub fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
