//! What rules found and what they know already, kept so that a restart neither forgets nor repeats it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::bytes::{Put, Take, Torn};
use crate::space::coord::LonLat;

/// Findings that are kept: the newest.
pub const KEPT: u64 = 1_000;

/// Something that a rule found.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The how-manyth of the store.
    pub number: u64,
    /// When, to the microsecond.
    pub at: Timestamp,
    /// The rule, by name.
    pub rule: String,
    /// In a sentence.
    pub sentence: String,
    /// Where.
    pub place: Option<LonLat>,
    /// The incidents, as `source:id`.
    pub incidents: Vec<String>,
    /// The blocks.
    pub blocks: Vec<String>,
    /// The areas, as `kind:name`.
    pub areas: BTreeSet<String>,
}

/// All that is kept, or some of it that is to be kept from now on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Watched {
    /// The oldest first.
    pub findings: Vec<Finding>,
    /// Numbers of findings that are kept no more; none where all that is kept is told.
    pub gone: Vec<u64>,
    /// By rule, as it was written down, what it has found already.
    pub open: BTreeMap<String, BTreeSet<String>>,
    /// By source, when something last came of it, in seconds of UTC.
    pub heard: BTreeMap<String, i64>,
    /// By receiver, the number of the last finding that it was sent.
    pub sent: BTreeMap<String, u64>,
}

impl Watched {
    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Finding {
    /// Its name, which stays the same for good.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{:x}-{}", self.at.as_microsecond(), self.number)
    }

    /// Whether it tells of an incident.
    pub(super) fn names(&self, incident: &str) -> bool {
        self.incidents.iter().any(|one| is(one, incident))
    }

    /// All but its number as bytes.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut put = Put::default();
        put.i64(self.at.as_microsecond());
        put.text(&self.rule);
        put.text(&self.sentence);
        put.maybe(self.place, |put, at| {
            put.f64(at.lon());
            put.f64(at.lat());
        });
        put.list(&self.incidents, |put, text| put.text(text));
        put.list(&self.blocks, |put, text| put.text(text));
        put.0.extend(encode_names(&self.areas));
        put.0
    }

    /// What [`Finding::encode`] wrote.
    pub(super) fn decode(number: u64, bytes: &[u8]) -> Result<Self, Torn> {
        let mut take = Take(bytes);
        let finding = Self {
            number,
            at: Timestamp::from_microsecond(take.i64()?).map_err(|_| Torn)?,
            rule: take.text()?.to_owned(),
            sentence: take.text()?.to_owned(),
            place: take.maybe(|take| LonLat::new(take.f64()?, take.f64()?).map_err(|_| Torn))?,
            incidents: take.list(|take| Ok(take.text()?.to_owned()))?,
            blocks: take.list(|take| Ok(take.text()?.to_owned()))?,
            areas: names(&mut take)?,
        };
        take.end()?;
        Ok(finding)
    }
}

/// Whether a name is that of an incident, or of one that an id made from the content tells apart from it by a number. Where an
/// own id looks like that, it is taken for the same: of what is to be forgotten rather too much goes than too little.
pub(super) fn is(name: &str, incident: &str) -> bool {
    let number = |end: &str| end.strip_prefix('-').is_some_and(|n| n.bytes().all(|c| c.is_ascii_digit()));
    name.strip_prefix(incident).is_some_and(|end| end.is_empty() || number(end))
}

/// Names as bytes.
pub(super) fn encode_names(all: &BTreeSet<String>) -> Vec<u8> {
    let mut put = Put::default();
    put.len(all.len());
    all.iter().for_each(|text| put.text(text));
    put.0
}

fn names(take: &mut Take<'_>) -> Result<BTreeSet<String>, Torn> {
    Ok(take.list(|take| Ok(take.text()?.to_owned()))?.into_iter().collect())
}

/// What [`encode_names`] wrote.
pub(super) fn decode_names(bytes: &[u8]) -> Result<BTreeSet<String>, Torn> {
    let mut take = Take(bytes);
    let all = names(&mut take)?;
    take.end()?;
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_incident_is_known_by_its_name_and_by_that_name_with_a_number() {
        for (name, expected) in
            [("s:a", true), ("s:a-2", true), ("s:ab", false), ("s:a-b", false), ("t:a", false)]
        {
            assert_eq!(is(name, "s:a"), expected, "{name}");
        }
    }

    #[test]
    fn a_finding_comes_back_as_it_was_and_bytes_that_end_too_early_are_told() {
        let finding = Finding {
            number: 7,
            at: Timestamp::from_microsecond(1_795_000_000_123_456).expect("a time"),
            rule: "three <shots>".to_owned(),
            sentence: "Öst".to_owned(),
            place: LonLat::new(-90.1 / 3.0, 38.0).ok(),
            incidents: vec!["alerts:a".to_owned(), "police:b-2".to_owned()],
            blocks: vec!["b".to_owned()],
            areas: BTreeSet::from(["ward:1".to_owned(), "ward:2".to_owned()]),
        };
        for finding in [Finding { place: None, areas: BTreeSet::new(), ..finding.clone() }, finding] {
            let bytes = finding.encode();
            assert_eq!(Finding::decode(7, &bytes).as_ref(), Ok(&finding));
            assert!((0..bytes.len()).all(|n| Finding::decode(7, &bytes[..n]).is_err()));
            assert_eq!(decode_names(&encode_names(&finding.areas)).as_ref(), Ok(&finding.areas));
        }
    }
}
