//! What all incident files have in common: a header and rows of text, some with a point.

use std::collections::HashMap;

/// One row, as a reader gives it.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// Its line, or its number among the features, from 1.
    pub line: u64,
    /// Its fields, in the order of the header.
    pub fields: Fields<'a>,
    /// Its point, in files that have geometry.
    pub point: Option<(f64, f64)>,
}

/// The fields of a row: one text with its cuts, or texts of their own.
#[derive(Clone, Copy, Debug)]
pub enum Fields<'a> {
    /// One text; field `n` ends at `ends[n]`, the next one begins a byte later.
    Cut {
        /// A text that the row lies in.
        text: &'a str,
        /// Where its first field begins.
        from: u32,
        /// Where its fields end.
        ends: &'a [u32],
    },
    /// One text each.
    List(&'a [&'a str]),
}

impl<'a> Fields<'a> {
    /// The field of a column; empty where the row has no such field.
    #[must_use]
    #[inline]
    pub fn get(self, at: usize) -> &'a str {
        match self {
            Self::Cut { text, from, ends } => {
                let after = |&end: &u32| end as usize + 1;
                let from = if at == 0 { from as usize } else { ends.get(at - 1).map_or(usize::MAX, after) };
                ends.get(at).and_then(|&end| text.get(from..end as usize)).unwrap_or_default()
            }
            Self::List(list) => list.get(at).copied().unwrap_or_default(),
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(self) -> usize {
        match self {
            Self::Cut { ends, .. } => ends.len(),
            Self::List(list) => list.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// A text without blanks around it.
#[inline]
pub(super) fn trimmed(text: &str) -> &str {
    // Most have no blank at either end, which two bytes tell.
    let tight = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii_graphic);
    let bytes = text.as_bytes();
    if tight(bytes.first()) && tight(bytes.last()) { text } else { trimmed_plainly(text) }
}

#[cold]
fn trimmed_plainly(text: &str) -> &str {
    text.trim()
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

impl Broken {
    /// One of which nothing that stands there is told.
    pub(super) fn new(line: u64, reason: impl Into<String>) -> Self {
        Self { line, reason: reason.into(), value: String::new() }
    }
}

/// A header, by names in lower-case letters and digits only, so that `X-Coord` is `xcoord`.
#[derive(Clone, Debug)]
pub struct Header {
    names: Vec<String>,
    by_name: HashMap<String, usize>,
}

impl Header {
    /// From the names as they stand in the file; of two columns of one name the first counts.
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

    /// The same for a message: a first line that is no header may name persons, and is not shown.
    #[must_use]
    pub fn shown(&self) -> String {
        if self.names.iter().any(|name| name.parse::<f64>().is_ok()) {
            "its first line holds numbers, hence is data and is not shown; if there is no line of names, a layout gives them with `header`".to_owned()
        } else {
            self.all()
        }
    }

    /// Names that stand more than once, of which the first column counts.
    #[must_use]
    pub fn doubled(&self) -> Vec<&str> {
        let first = |name: &str| self.by_name.get(&plain(name)).copied();
        let named = self.names.iter().enumerate().filter(|(_, name)| !plain(name).is_empty());
        named.filter(|(at, name)| first(name) != Some(*at)).map(|(_, name)| name.as_str()).collect()
    }
}

/// Lower-case letters and digits of a name.
#[must_use]
pub fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
