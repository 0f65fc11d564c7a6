//! One address or a block: how many addresses a block's incidents have, and how much the first of them has.

use std::collections::HashMap;

use crate::model::address::Address;
use crate::model::block::{Assignment, Share};
use crate::model::incident::Incidents;
use crate::model::street_words::Words;

/// Whether a block's incidents are one building's: another agency's problem than a whole block's.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Addresses {
    /// Different addresses, in their standard form; different places of incidents without one.
    pub n_addresses: usize,
    /// Share of the incidents at the address that has most, 0 to 1; `None` without incidents.
    pub top_address_share: Option<f64>,
}

#[derive(PartialEq, Eq, Hash)]
enum Key {
    Address(Address),
    Place(u64, u64),
}

/// Counts the addresses of a selection of incidents per block.
///
/// `selected` gives positions; `n_blocks` is the length of the answer. An address that cannot be
/// read, or none, is known by its place; incidents with neither are one more. Split incidents count
/// with their shares. Time O(n log n).
///
/// # Limits
///
/// Where a source writes hundred-blocks or streets instead of houses, these are the addresses.
#[must_use]
pub fn addresses(
    selected: impl Iterator<Item = usize>,
    incidents: &Incidents,
    assignment: &Assignment,
    words: &Words,
    n_blocks: usize,
) -> Vec<Addresses> {
    let mut keys: HashMap<Key, u32> = HashMap::new();
    let mut read: HashMap<&str, Option<u32>> = HashMap::new();
    let mut number = |key: Key| {
        let next = u32::try_from(keys.len()).expect("fewer addresses than incidents");
        *keys.entry(key).or_insert(next)
    };
    let mut found: Vec<(u32, u32, Share)> = Vec::new();
    for at in selected {
        let named = incidents.address(at).and_then(|text| {
            *read
                .entry(text)
                .or_insert_with(|| Address::parse(text, words).map(|address| number(Key::Address(address))))
        });
        let key = named.unwrap_or_else(|| {
            let place = incidents.local(at);
            number(
                place.map_or(Key::Place(u64::MAX, u64::MAX), |at| Key::Place(at.x.to_bits(), at.y.to_bits())),
            )
        });
        found.extend(assignment.shares(at).map(|(block, share)| (block.0, key, share)));
    }
    found.sort_unstable();
    let mut all = vec![Addresses::default(); n_blocks];
    for block in found.chunk_by(|a, b| a.0 == b.0) {
        let sum = |rows: &[(u32, u32, Share)]| rows.iter().map(|row| u64::from(row.2.0)).sum::<u64>();
        let sums: Vec<u64> = block.chunk_by(|a, b| a.1 == b.1).map(sum).collect();
        let top = sums.iter().copied().max().unwrap_or_default();
        all[block[0].0 as usize] = Addresses {
            n_addresses: sums.len(),
            top_address_share: Some(top as f64 / sums.iter().sum::<u64>() as f64),
        };
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::block::BlockId;
    use crate::model::class::ClassId;
    use crate::model::incident::{Incident, Located};
    use crate::model::period::{Interval, Precision};
    use crate::space::coord::{Local, Mercator};

    #[test]
    fn one_building_is_told_from_a_block() {
        let row = |n: i32, address: &str| Incident {
            source: 0,
            id: n.to_string(),
            when: Interval { from: 0, seconds: 60, precision: Precision::Minute },
            classes: vec![ClassId(0)],
            reports: 1,
            located: Located::Yes,
            mercator: Mercator { x: n, y: 0 },
            local: Local { x: f64::from(n / 2), y: 0.0 },
            address: (!address.is_empty()).then(|| address.into()),
            intersection: false,
            origin: Default::default(),
            status: Default::default(),
        };
        let texts = ["12 OAK ST", "12 OAK STREET", "12 Oak St Apt 4", "14 OAK ST", "", "", "", "9 ELM ST"];
        let incidents = Incidents::store((0..).zip(texts).map(|(n, text)| row(n, text)).collect());
        let words = Words::parse(include_str!("../../data/street_words.csv")).expect("shipped");
        let assignment = Assignment::whole([0, 0, 0, 0, 1, 1, 1, 3].map(|at| Some(BlockId(at))));
        let all = addresses(0..7, &incidents, &assignment, &words, 4);
        let of = |n_addresses, share| Addresses { n_addresses, top_address_share: share };
        assert_eq!(all, [of(2, Some(0.75)), of(2, Some(2.0 / 3.0)), of(0, None), of(0, None)]);
    }
}
