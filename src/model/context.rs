//! What lies around blocks and is no incident: vacant lots, schools, who can help. Layers that an agency brings itself.

use std::fmt;
use std::str::FromStr;

use geo::Geometry;

/// The longest word for a kind.
const LONGEST: usize = 40;

/// What the places of a layer are: a word of one's own, as `vacant-lots` or `schools`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContextKind(String);

/// A text that cannot be a kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{word}` is no word for a layer; give lower-case letters, digits and dashes, at most {LONGEST}, as vacant-lots"
)]
pub struct NoContextKind {
    /// What was given.
    pub word: String,
}

impl FromStr for ContextKind {
    type Err = NoContextKind;

    fn from_str(word: &str) -> Result<Self, NoContextKind> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let fits = (1..=LONGEST).contains(&word.len())
            && word.chars().all(plain)
            && word.starts_with(|c: char| c.is_ascii_lowercase());
        if fits { Ok(Self(word.to_owned())) } else { Err(NoContextKind { word: word.to_owned() }) }
    }
}

impl fmt::Display for ContextKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl ContextKind {
    /// As people read it: `vacant lots`.
    #[must_use]
    pub fn title(&self) -> String {
        self.0.replace('-', " ")
    }
}

/// One place of a file, in degrees.
#[derive(Clone, Debug, PartialEq)]
pub struct ContextFeature {
    /// Its name or address, where a column has it.
    pub name: Option<String>,
    /// A point, line or polygon.
    pub shape: Geometry,
}

/// One place in the local plane.
#[derive(Clone, Debug, PartialEq)]
pub struct ContextPlace {
    /// Its name or address.
    pub name: Option<String>,
    /// Its shape in local metres.
    pub local: Geometry,
}

/// All places of one kind.
#[derive(Clone, Debug, PartialEq)]
pub struct ContextLayer {
    /// What they are.
    pub kind: ContextKind,
    /// The places, in the order of their files.
    pub places: Vec<ContextPlace>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_a_plain_word() {
        for good in ["schools", "vacant-lots", "sec8"] {
            assert_eq!(good.parse::<ContextKind>().map(|kind| kind.to_string()).as_deref(), Ok(good));
        }
        for bad in ["", "Schools", "vacant lots", "-", "8", "<b>", "schööls", &"a".repeat(41)] {
            assert!(bad.parse::<ContextKind>().is_err(), "{bad}");
        }
        assert_eq!("vacant-lots".parse::<ContextKind>().expect("a word").title(), "vacant lots");
    }
}
