//! Incidents per address: the houses of each block, and the points of incidents whose address nobody wrote down.

use std::collections::{BTreeMap, HashMap};

use super::addresses::Forms;
use crate::model::block::{Assignment, BlockId};
use crate::model::incident::Incidents;

/// Incidents at one address of one block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// The block that they belong to.
    pub block: BlockId,
    /// One of its incidents: that with the address as it is written most often, of equal ones the first by the alphabet.
    pub example: usize,
    /// Whether it is a house; else a point without an address.
    pub house: bool,
    /// Incidents, whole ones.
    pub incidents: u32,
    /// What they weigh together; their number where each weighs 1.
    pub weight: f64,
    /// First second of the latest one.
    pub latest: i64,
}

/// The addresses of a selection of incidents.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Places {
    /// The weightiest first, which is most incidents first where each weighs 1, then the latest incident, then the order of the blocks, then the address.
    pub places: Vec<Place>,
    /// Incidents of each block that are at any of them.
    pub of_block: BTreeMap<BlockId, u32>,
    /// Incidents in a block whose address is a crossing, a hundred-block or a street: no house.
    pub no_house: usize,
    /// Incidents in a block of a source that moves its places, without an address.
    pub moved: usize,
}

/// Who has an address: a house's standard form, or a place to the bit.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    House(u32),
    Point(u64, u64),
}

/// Counts a selection of incidents per address and block.
///
/// | | what |
/// |---|---|
/// | `selected` | which incidents count |
/// | `weigh` | what an incident weighs; finite |
/// | `moved` | by source, whether it moves its places: then a point is nobody's |
///
/// An address in two blocks is two places: towns of one file have streets of one name. An incident that is
/// shared out belongs to its main block, whole. Time O(n + p log p).
#[must_use]
pub fn places(
    selected: impl Fn(usize) -> bool,
    weigh: impl Fn(usize) -> f64,
    incidents: &Incidents,
    assignment: &Assignment,
    forms: &Forms,
    moved: &[bool],
) -> Places {
    let mut answer = Places::default();
    let mut at_place: HashMap<(BlockId, Key), Vec<usize>> = HashMap::new();
    for at in incidents.standing().filter(|&at| selected(at)) {
        let Some(block) = assignment.main(at) else { continue };
        let key = match incidents.address_number(at).and_then(|address| forms.form(address)) {
            Some((form, true)) => Key::House(form),
            Some((_, false)) => {
                answer.no_house += 1;
                continue;
            }
            None if moved[usize::from(incidents.source(at))] => {
                answer.moved += 1;
                continue;
            }
            None => match incidents.local(at) {
                Some(place) => Key::Point(place.x.to_bits(), place.y.to_bits()),
                None => {
                    answer.no_house += 1;
                    continue;
                }
            },
        };
        at_place.entry((block, key)).or_default().push(at);
        *answer.of_block.entry(block).or_default() += 1;
    }
    let place = |((block, key), mine): ((BlockId, Key), Vec<usize>)| Place {
        block,
        example: example(incidents, &mine),
        house: matches!(key, Key::House(_)),
        incidents: u32::try_from(mine.len()).unwrap_or(u32::MAX),
        weight: mine.iter().map(|&at| weigh(at)).sum(),
        latest: mine.iter().map(|&at| incidents.when(at).from).max().unwrap_or(i64::MIN),
    };
    answer.places = at_place.into_iter().map(place).collect();
    let name = |place: &Place| incidents.address(place.example).unwrap_or_default();
    let point = |place: &Place| incidents.mercator(place.example).map(|at| (at.x, at.y));
    answer.places.sort_by(|a, b| {
        b.weight
            .total_cmp(&a.weight)
            .then(b.latest.cmp(&a.latest))
            .then(a.block.cmp(&b.block))
            .then_with(|| name(a).cmp(name(b)))
            .then_with(|| point(a).cmp(&point(b)))
    });
    answer
}

/// Of the incidents at one place, one whose address is written as most of them are.
fn example(incidents: &Incidents, mine: &[usize]) -> usize {
    let mut texts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for &at in mine {
        texts.entry(incidents.address(at).unwrap_or_default()).or_insert((0, at)).0 += 1;
    }
    // The last of equal ones in reverse order is the first by the alphabet.
    texts.into_values().rev().max_by_key(|(n, _)| *n).map_or(mine[0], |(_, at)| at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::class::ClassId;
    use crate::model::incident::{Incident, Located};
    use crate::model::period::{Interval, Precision};
    use crate::model::street_words::Words;
    use crate::space::coord::{Local, Mercator};

    fn row(n: i32, source: u16, address: &str, place: i32) -> Incident {
        Incident {
            source,
            id: n.to_string(),
            when: Interval { from: n.into(), seconds: 60, precision: Precision::Minute },
            classes: vec![ClassId(0)],
            reports: 1,
            located: Located::Yes,
            mercator: Mercator { x: place, y: 0 },
            local: Local { x: f64::from(place), y: 0.0 },
            address: (!address.is_empty()).then(|| address.into()),
            intersection: false,
            origin: Default::default(),
            status: Default::default(),
        }
    }

    #[test]
    fn houses_and_points_are_counted_each_in_its_block() {
        let texts = [
            (0, "12 OAK ST", 1),
            (0, "12 OAK STREET", 2),
            (0, "12 Oak St Apt 4", 3),
            (0, "12 OAK STREET", 4),
            (0, "14 OAK ST", 5),
            (0, "OAK ST & ELM ST", 6),
            (0, "12XX OAK ST", 7),
            (0, "", 8),
            (0, "", 8),
            (1, "", 9),
            (0, "12 OAK ST", 10),
        ];
        let rows = (0..).zip(texts).map(|(n, (source, text, place))| row(n, source, text, place));
        let incidents = Incidents::store(rows.collect());
        let words = Words::parse(include_str!("../../data/street_words.csv")).expect("shipped");
        let assignment = Assignment::whole([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1].map(|at| Some(BlockId(at))));
        let forms = Forms::of(&incidents, &words);
        let found = places(|_| true, |_| 1.0, &incidents, &assignment, &forms, &[false, true]);
        let told: Vec<_> = found
            .places
            .iter()
            .map(|p| (p.block.0, incidents.address(p.example).unwrap_or("a point"), p.incidents, p.house))
            .collect();
        let expected = [
            (0, "12 OAK STREET", 4, true),
            (0, "a point", 2, false),
            (1, "12 OAK ST", 1, true),
            (0, "14 OAK ST", 1, true),
        ];
        assert_eq!(told, expected);
        assert_eq!((found.no_house, found.moved), (2, 1));
        assert_eq!(found.of_block, BTreeMap::from([(BlockId(0), 7), (BlockId(1), 1)]));
        let few = places(|at| at == 4, |_| 1.0, &incidents, &assignment, &forms, &[false, true]);
        assert_eq!(few.places.len(), 1);
        // One that weighs much comes before four that weigh little.
        let weigh = |at: usize| if at == 4 { 10.0 } else { 1.0 };
        let weighed = places(|_| true, weigh, &incidents, &assignment, &forms, &[false, true]);
        let first: Vec<(u32, f64)> =
            weighed.places.iter().take(3).map(|place| (place.incidents, place.weight)).collect();
        assert_eq!(first, [(1, 10.0), (4, 4.0), (2, 2.0)]);
    }
}
