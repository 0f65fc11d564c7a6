//! Blocks in an order that is their own, so that the order they are given in changes nothing.

use std::cmp::Ordering;
use std::ops::Range;

use super::draws::Part;

/// Blocks in the order of their parts' values, those with the same parts beside each other.
#[derive(Clone, Debug)]
pub(super) struct Arranged<'a> {
    /// The parts of each place of the order.
    blocks: Vec<&'a [Part]>,
    /// Where each place stands in the input.
    from: Vec<u32>,
    /// Places that have the same parts, one group after the other.
    groups: Vec<Range<u32>>,
}

fn compare(a: &[Part], b: &[Part]) -> Ordering {
    let values = |part: &Part| [part.weight, part.posterior.shape, part.posterior.rate];
    let one = |(a, b): (&Part, &Part)| {
        values(a)
            .iter()
            .zip(values(b))
            .map(|(a, b)| a.total_cmp(&b))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    };
    a.len()
        .cmp(&b.len())
        .then_with(|| a.iter().zip(b).map(one).find(|order| order.is_ne()).unwrap_or(Ordering::Equal))
}

impl<'a> Arranged<'a> {
    pub(super) fn new(blocks: &'a [Vec<Part>]) -> Self {
        let mut from: Vec<u32> = (0u32..).zip(blocks).map(|(at, _)| at).collect();
        from.sort_by(|&a, &b| compare(&blocks[a as usize], &blocks[b as usize]));
        let blocks: Vec<&[Part]> = from.iter().map(|&at| blocks[at as usize].as_slice()).collect();
        let mut groups: Vec<Range<u32>> = Vec::new();
        for (place, &block) in (0u32..).zip(&blocks) {
            match groups.last_mut() {
                Some(group) if compare(blocks[group.start as usize], block).is_eq() => group.end = place + 1,
                _ => groups.push(place..place + 1),
            }
        }
        Self { blocks, from, groups }
    }

    pub(super) fn blocks(&self) -> &[&'a [Part]] {
        &self.blocks
    }

    pub(super) fn groups(&self) -> &[Range<u32>] {
        &self.groups
    }

    /// What was found for each group, for each block of the input.
    pub(super) fn back<T: Copy>(&self, of_group: &[T]) -> Vec<T> {
        let mut all: Vec<(u32, T)> = Vec::with_capacity(self.from.len());
        for (group, &found) in self.groups.iter().zip(of_group) {
            all.extend(group.clone().map(|place| (self.from[place as usize], found)));
        }
        all.sort_unstable_by_key(|&(at, _)| at);
        all.into_iter().map(|(_, found)| found).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rank::gamma_poisson::Posterior;

    #[test]
    fn equal_blocks_are_one_group_wherever_they_stand_and_all_come_back() {
        let block = |shape: f64| vec![Part { weight: 1.0, posterior: Posterior { shape, rate: 2.0 } }];
        let blocks = [block(3.0), block(1.0), vec![], block(3.0), block(2.0)];
        let arranged = Arranged::new(&blocks);
        assert_eq!(arranged.groups(), [0..1, 1..2, 2..3, 3..5]);
        assert_eq!(arranged.back(&["none", "1", "2", "3"]), ["3", "1", "none", "3", "2"]);
    }
}
