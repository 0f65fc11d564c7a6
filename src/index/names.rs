//! Streets by name: equal names first, then names that differ in type or direction, cut-off and misspelt ones.

use std::collections::HashMap;

use crate::model::address::StreetName;

/// Fewer letters than this are too few to know a street by the beginning of its name, if nothing else tells.
pub const SHORTEST_BEGINNING: usize = 4;

/// Fewer letters than this are too few to say that one is wrong.
const SHORTEST_MISSPELT: usize = 5;

/// Street names, each known by its position among those given, equal ones once.
#[derive(Clone, Debug, Default)]
pub struct NameIndex {
    names: Vec<StreetName>,
    full: HashMap<StreetName, u32>,
    by_core: HashMap<Box<str>, Vec<u32>>,
    /// Core and type in one word, sorted.
    spelled: Vec<(Box<str>, u32)>,
}

impl NameIndex {
    /// The position of a name, which is added if it is new. Call [`NameIndex::finish`] after the last.
    pub fn add(&mut self, name: StreetName) -> u32 {
        if let Some(&known) = self.full.get(&name) {
            return known;
        }
        let at = u32::try_from(self.names.len()).expect("fewer than 2³² streets");
        self.by_core.entry(name.core.clone()).or_default().push(at);
        self.spelled.push((format!("{}{}", name.core, name.kind).into(), at));
        self.full.insert(name.clone(), at);
        self.names.push(name);
        at
    }

    /// Sorts what was added.
    pub fn finish(&mut self) {
        self.spelled.sort();
    }

    /// How many different names there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Asks for the streets that a name may mean, the likeliest first, until one answer is given.
    ///
    /// In turn: the name itself; without its type; without its direction; without both; names that
    /// begin with it, since files cut names off; names that differ in one letter, if there is only
    /// one in the city. Opposite directions never match: `N GRAND` is not `S GRAND`. Time O(1) for a
    /// name that is known, O(n) for one that is not.
    ///
    /// `beginning` is the least number of letters by which a cut-off name is known.
    pub fn find<T>(
        &self,
        name: &StreetName,
        beginning: usize,
        mut accept: impl FnMut(&[u32]) -> Option<T>,
    ) -> Option<T> {
        if let Some(&at) = self.full.get(name)
            && let Some(answer) = accept(&[at])
        {
            return Some(answer);
        }
        if let Some(same) = self.by_core.get(&name.core)
            && let Some(answer) = self.by_likeness(name, same, &mut accept)
        {
            return Some(answer);
        }
        // With its type first: HAMPTON VILLAGE PL(Z), then without: what looks like a type is none.
        let spelled = format!("{}{}", name.core, name.kind);
        for start in [&*spelled, &*name.core] {
            if start.len() < beginning {
                continue;
            }
            let from = self.spelled.partition_point(|(other, _)| **other < *start);
            let begins = self.spelled[from..].iter().take_while(|(other, _)| other.starts_with(start));
            let found: Vec<u32> = begins.map(|&(_, at)| at).collect();
            if let Some(answer) = self.by_likeness(name, &found, &mut accept) {
                return Some(answer);
            }
        }
        let misspelt = self.misspelt(name);
        self.by_likeness(name, &misspelt, &mut accept)
    }

    /// Offers candidates from the likest to the least, equally like ones together.
    fn by_likeness<T>(
        &self,
        name: &StreetName,
        candidates: &[u32],
        accept: &mut impl FnMut(&[u32]) -> Option<T>,
    ) -> Option<T> {
        let mut ranked: Vec<(u8, u32)> = candidates
            .iter()
            .filter_map(|&at| Some((unlikeness(name, &self.names[at as usize])?, at)))
            .collect();
        ranked.sort_unstable();
        ranked.dedup();
        ranked
            .chunk_by(|a, b| a.0 == b.0)
            .find_map(|alike| accept(&alike.iter().map(|&(_, at)| at).collect::<Vec<u32>>()))
    }

    /// Streets whose core differs in one letter, if these have one core among them.
    fn misspelt(&self, name: &StreetName) -> Vec<u32> {
        if name.core.chars().count() < SHORTEST_MISSPELT || name.core.contains(|c: char| c.is_ascii_digit()) {
            return Vec::new();
        }
        let mut near = self.by_core.iter().filter(|(core, _)| one_edit(core, &name.core));
        match (near.next(), near.next()) {
            (Some((_, only)), None) => only.clone(),
            _ => Vec::new(),
        }
    }
}

/// How unlike two names of one core are; `None` if their directions are opposite.
fn unlikeness(a: &StreetName, b: &StreetName) -> Option<u8> {
    let part = |a: &str, b: &str| match (a.is_empty(), b.is_empty()) {
        _ if a == b => 0,
        (true, _) | (_, true) => 1,
        _ => 2,
    };
    let directions = part(&a.before, &b.before).max(part(&a.after, &b.after));
    (directions < 2).then(|| 4 * directions + part(&a.kind, &b.kind))
}

/// Whether one letter put in, left out, changed, or two neighbors swapped, makes one word the other.
fn one_edit(a: &str, b: &str) -> bool {
    if a.len().abs_diff(b.len()) > 1 || a == b {
        return false;
    }
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let begin = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[begin..], &b[begin..]);
    let end = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    match (&a[..a.len() - end], &b[..b.len() - end]) {
        ([] | [_], [] | [_]) => true,
        ([a1, a2], [b1, b2]) => a1 == b2 && a2 == b1,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::street_words::Words;

    const CITY: [&str; 9] = [
        "N GRAND BLVD",
        "S GRAND BLVD",
        "DR MARTIN LUTHER KING DR",
        "HICKORY ST",
        "UTAH ST",
        "LILLIAN ST",
        "MAPLE AVE",
        "MAPLE PL",
        "N KINGSHIGHWAY BLVD",
    ];

    /// What a name is offered, one list a step, until the step of which it takes the answer.
    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let words = Words::parse(include_str!("../../data/street_words.csv")).expect("shipped");
        let mut index = NameIndex::default();
        for name in CITY {
            index.add(StreetName::parse(name, &words).expect("a name"));
        }
        index.finish();
        let found = index.find(&StreetName::parse(text, &words).expect("a name"), SHORTEST_BEGINNING, |at| {
            Some(at.iter().map(|&at| CITY[at as usize]).collect::<Vec<_>>())
        });
        assert_eq!(found.unwrap_or_default(), expected, "{text}");
    }

    #[test]
    fn equal_names_come_before_like_ones() {
        check("MAPLE PL", &["MAPLE PL"]);
        check("MAPLE", &["MAPLE AVE", "MAPLE PL"]);
        check("HICKORY LN", &["HICKORY ST"]);
        check("GRAND BLVD", &["N GRAND BLVD", "S GRAND BLVD"]);
        check("S GRAND", &["S GRAND BLVD"]);
        check("E GRAND BLVD", &[]);
    }

    #[test]
    fn names_that_a_file_cut_off_are_known_by_their_beginning() {
        check("DR MARTIN LUTHER KIN", &["DR MARTIN LUTHER KING DR"]);
        check("N KINGSHIGHWAY BLV", &["N KINGSHIGHWAY BLVD"]);
        check("N KINGSHIGHWAY B", &["N KINGSHIGHWAY BLVD"]);
        check("KIN", &[]);
    }

    #[test]
    fn one_wrong_letter_is_forgiven_where_only_one_street_is_meant() {
        check("LILIAN ST", &["LILLIAN ST"]);
        check("HIKCORY ST", &["HICKORY ST"]);
        check("HIKKCORY ST", &[]);
        check("UTAL ST", &[]);
    }
}
