//! Which column of a street file means what. Data, not code: `data/streets.toml`.

use std::collections::BTreeMap;

use super::features::Attributes;
use crate::ingest::shipped;
use crate::ingest::table::Header;
use crate::model::house_numbers::{Numbers, Sides};
use crate::model::streets::StreetUse;

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    layout: Vec<StreetLayout>,
}

/// How one kind of street file is read.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StreetLayout {
    /// One word.
    pub(super) name: String,
    required: Vec<String>,
    street: String,
    numbers: Vec<String>,
    #[serde(default)]
    by_number: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    closed: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    alleys: BTreeMap<String, Vec<String>>,
}

/// The layout that fits the header and requires most; the generic one fits every header.
pub(super) fn for_header(header: &Header) -> StreetLayout {
    let file: File = toml::from_str(&shipped::text("streets.toml")).expect("a test reads data/streets.toml");
    let fits = |layout: &StreetLayout| layout.required.iter().all(|name| header.find(name).is_some());
    let best = file.layout.into_iter().filter(fits).max_by_key(|layout| layout.required.len());
    best.expect("the generic layout requires nothing")
}

impl StreetLayout {
    /// The street's name; empty where it has none.
    pub(super) fn street(&self, header: &Header, attributes: &Attributes) -> String {
        header.find(&self.street).map_or_else(String::new, |at| attributes.get(at).to_owned())
    }

    /// House numbers along the line: columns left from, left to, right from, right to; 0 is none.
    pub(super) fn house_numbers(&self, header: &Header, attributes: &Attributes) -> Sides {
        let number = |at: usize| {
            let text = attributes.get(header.find(self.numbers.get(at)?)?);
            text.parse::<f64>().ok().filter(|n| (1.0..1e6).contains(n)).map(|n| n as u32)
        };
        let side = |from: Option<u32>, to: Option<u32>| Some(Numbers::new(from.or(to)?, to.or(from)?));
        Sides { left: side(number(0), number(1)), right: side(number(2), number(3)) }
    }

    /// What the line is for.
    pub(super) fn use_of(&self, header: &Header, attributes: &Attributes) -> StreetUse {
        if matches(&self.alleys, header, attributes) {
            StreetUse::Alley
        } else if matches(&self.closed, header, attributes) {
            StreetUse::Closed
        } else {
            StreetUse::Open
        }
    }

    /// Whether the line bears a route's number beside the name that people use.
    pub(super) fn by_number(&self, header: &Header, attributes: &Attributes) -> bool {
        matches(&self.by_number, header, attributes)
    }
}

/// Whether any column has one of the values that the rules name for it.
fn matches(rules: &BTreeMap<String, Vec<String>>, header: &Header, attributes: &Attributes) -> bool {
    rules.iter().any(|(column, values)| {
        header.find(column).is_some_and(|at| values.iter().any(|v| v == attributes.get(at)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn highways_take_nothing_and_alleys_go_to_their_street() {
        let header = Header::new(["FULLNAME", "MTFCC"].into_iter());
        let layout = for_header(&header);
        assert_eq!(layout.name, "tiger");
        let use_of = |class: &str| layout.use_of(&header, &["I- 91", class].into_iter().collect());
        assert_eq!(
            [use_of("S1100"), use_of("S1730"), use_of("S1400")],
            [StreetUse::Closed, StreetUse::Alley, StreetUse::Open]
        );
        assert_eq!(for_header(&Header::new(["name"].into_iter())).name, "generic");
    }
}
