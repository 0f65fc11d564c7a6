//! One address or a block: how many addresses a block's incidents have, and how much the first of them has.

use std::collections::HashMap;
use std::sync::Arc;

use rayon::prelude::*;

use crate::model::address::Address;
use crate::model::block::{Assignment, BlockId};
use crate::model::column::SharedTexts;
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

/// The standard form of every address of a data set, as a number. Copies share what was read first.
#[derive(Clone, Debug, Default)]
pub struct Forms {
    /// By the number of the address: the number of its form, with [`HOUSE`] if it names one, or [`UNREAD`].
    base: Arc<Vec<u32>>,
    fresh: Vec<u32>,
    /// How many forms there are.
    n: u32,
}

const UNREAD: u32 = u32::MAX;
const HOUSE: u32 = 1 << 31;

impl Forms {
    /// Reads all addresses. Time O(addresses).
    #[must_use]
    pub fn of(incidents: &Incidents, words: &Words) -> Self {
        FormsRead::default().upto(incidents.addresses(), words)
    }

    /// The number of an address's standard form, and whether it names a house; `None` where it cannot be read.
    #[must_use]
    pub fn form(&self, address: u32) -> Option<(u32, bool)> {
        let at = address as usize;
        let entry = self.base.get(at).copied().unwrap_or_else(|| self.fresh[at - self.base.len()]);
        (entry != UNREAD).then_some((entry & !HOUSE, entry & HOUSE != 0))
    }

    fn len(&self) -> usize {
        self.base.len() + self.fresh.len()
    }
}

/// The addresses that were read so far, of data sets that share their numbers: each is read once.
#[derive(Clone, Debug, Default)]
pub struct FormsRead {
    known: HashMap<Address, u32>,
    forms: Forms,
}

/// More fresh addresses than this become shared ones.
const SHARED_FROM: usize = 1 << 14;

impl FormsRead {
    /// The forms of these addresses at least; only those that came since the last time are read.
    pub fn upto(&mut self, texts: &SharedTexts, words: &Words) -> Forms {
        let new = self.forms.len()..texts.len();
        let read: Vec<Option<Address>> =
            new.into_par_iter().map(|at| Address::parse(texts.get(at), words)).collect();
        let (known, forms) = (&mut self.known, &mut self.forms);
        let number = |address: Option<Address>| {
            let Some(address) = address else { return UNREAD };
            let house = if matches!(address, Address::House(..)) { HOUSE } else { 0 };
            let next = u32::try_from(known.len()).ok().filter(|&n| n < HOUSE - 1);
            let next = next.expect("fewer than 2³¹ addresses: those are below 4 GiB of text");
            *known.entry(address).or_insert(next) | house
        };
        forms.fresh.extend(read.into_iter().map(number));
        forms.n = u32::try_from(known.len()).expect("fewer than 2³¹ addresses");
        if forms.fresh.len() > SHARED_FROM {
            let fresh = std::mem::take(&mut forms.fresh);
            Arc::make_mut(&mut forms.base).extend(fresh);
        }
        forms.clone()
    }
}

/// Counts the addresses of a selection of incidents in some blocks, in the order of these.
///
/// An address that cannot be read, or none, is known by its place; incidents with neither are one
/// more. Split incidents count with their shares. `of_block` gives the selected incidents that a block has a part of.
/// Time O(m log k), m the incidents in the blocks, k the most of one block.
///
/// # Limits
///
/// Where a source writes hundred-blocks or streets instead of houses, these are the addresses.
#[must_use]
pub fn addresses<I: Iterator<Item = usize>>(
    of_block: impl Fn(BlockId) -> I,
    incidents: &Incidents,
    assignment: &Assignment,
    forms: &Forms,
    blocks: &[BlockId],
) -> Vec<Addresses> {
    let mut places: HashMap<Option<(u64, u64)>, u32> = HashMap::new();
    // Of one block: the number of an address, and behind it the share, in one word.
    let mut found: Vec<u64> = Vec::new();
    let one = |&block: &BlockId| {
        found.clear();
        for at in of_block(block) {
            let form =
                incidents.address_number(at).and_then(|number| forms.form(number)).map(|(form, _)| form);
            let key = form.unwrap_or_else(|| {
                let next = u32::try_from(forms.n as usize + places.len()).expect("fewer than 2³² places");
                let place = incidents.local(at).map(|at| (at.x.to_bits(), at.y.to_bits()));
                *places.entry(place).or_insert(next)
            });
            let own = assignment.shares(at).filter(|(of, _)| *of == block);
            found.extend(own.map(|(_, share)| u64::from(key) << 32 | u64::from(share.0)));
        }
        found.sort_unstable();
        let share = |word: &u64| word & u64::from(u32::MAX);
        let (mut n_addresses, mut top) = (0, 0);
        for rows in found.chunk_by(|a, b| a >> 32 == b >> 32) {
            n_addresses += 1;
            top = rows.iter().map(share).sum::<u64>().max(top);
        }
        let all = found.iter().map(share).sum::<u64>();
        Addresses { n_addresses, top_address_share: (!found.is_empty()).then(|| top as f64 / all as f64) }
    };
    blocks.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
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
        let forms = Forms::of(&incidents, &words);
        let assignment = &assignment;
        let of_blocks = |blocks: &[u32]| {
            let blocks: Vec<BlockId> = blocks.iter().map(|&at| BlockId(at)).collect();
            let of_block = |block: BlockId| {
                let of_it = move |at: &usize| assignment.shares(*at).any(|(of, _)| of == block);
                (0..7).filter(of_it)
            };
            addresses(of_block, &incidents, assignment, &forms, &blocks)
        };
        let of = |n_addresses, share| Addresses { n_addresses, top_address_share: share };
        let all = [of(2, Some(0.75)), of(2, Some(2.0 / 3.0)), of(0, None), of(0, None)];
        assert_eq!(of_blocks(&[0, 1, 2, 3]), all);
        assert_eq!(of_blocks(&[1, 0]), [all[1], all[0]]);
        assert_eq!(of_blocks(&[]), []);
    }
}
