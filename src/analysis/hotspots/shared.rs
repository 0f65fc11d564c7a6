//! Things that units have in common, by number: corners, edges, ends.

use geo::Coord;
use hashbrown::HashMap;
use rayon::prelude::*;

use super::weights::{MOST_LINKS, Neighbors, NeighborsError};

pub(super) type At = (u64, u64);

/// Positive and negative zero are one place.
pub(super) fn key(at: Coord) -> At {
    ((at.x + 0.0).to_bits(), (at.y + 0.0).to_bits())
}

/// Things that units may have in common, numbered as they come up, and which unit has which.
#[derive(Default)]
pub(super) struct Shared {
    number: HashMap<At, u32>,
    has: Vec<u32>,
    end: Vec<u32>,
}

impl Shared {
    pub(super) fn with_room(has: usize, things: usize) -> Self {
        Self { number: HashMap::with_capacity(things), has: Vec::with_capacity(has), end: Vec::new() }
    }

    pub(super) fn push(&mut self, thing: At) -> u32 {
        let next = self.number.len() as u32;
        let number = *self.number.entry(thing).or_insert(next);
        self.has.push(number);
        number
    }

    pub(super) fn close(&mut self) {
        self.end.push(self.has.len() as u32);
    }

    pub(super) fn units(self) -> Units {
        Units::new(self.has, self.end, self.number.len())
    }
}

/// The same the other way around: which units have a thing.
pub(super) struct Units {
    has: Vec<u32>,
    end: Vec<u32>,
    start: Vec<u32>,
    who: Vec<u32>,
}

/// Links that were found apart, both ways.
pub(super) type Links = HashMap<u32, Vec<u32>>;

pub(super) fn link(links: &mut Links, a: u32, b: u32) {
    if a != b {
        links.entry(a).or_default().push(b);
        links.entry(b).or_default().push(a);
    }
}

impl Units {
    pub(super) fn new(has: Vec<u32>, end: Vec<u32>, n_things: usize) -> Self {
        let mut start = vec![0u32; n_things + 1];
        has.iter().for_each(|&thing| start[thing as usize + 1] += 1);
        (1..start.len()).for_each(|thing| start[thing] += start[thing - 1]);
        let mut free = start.clone();
        let mut who = vec![0u32; has.len()];
        let mut begin = 0;
        for (&end, unit) in end.iter().zip(0..) {
            for &thing in &has[begin..end as usize] {
                who[free[thing as usize] as usize] = unit;
                free[thing as usize] += 1;
            }
            begin = end as usize;
        }
        Self { has, end, start, who }
    }

    pub(super) fn n_things(&self) -> usize {
        self.start.len() - 1
    }

    /// The units that have a thing, ascending; one that has it twice stands twice.
    pub(super) fn with(&self, thing: u32) -> &[u32] {
        &self.who[self.start[thing as usize] as usize..self.start[thing as usize + 1] as usize]
    }

    /// Whether one unit alone has a thing.
    pub(super) fn is_alone(&self, thing: u32) -> bool {
        let who = self.with(thing);
        who.first() == who.last()
    }

    pub(super) fn neighbors(&self, more: &Links) -> Result<Neighbors, NeighborsError> {
        let row = |unit: usize| {
            let has = if unit == 0 { 0 } else { self.end[unit - 1] as usize }..self.end[unit] as usize;
            let shared = self.has[has].iter().flat_map(|&thing| self.with(thing));
            let apart = more.get(&(unit as u32)).into_iter().flatten();
            let mut row: Vec<u32> = shared.chain(apart).copied().filter(|&to| to as usize != unit).collect();
            row.sort_unstable();
            row.dedup();
            row
        };
        // Rows are sorted and cleared of doubles one by one, and given up once there are too many.
        let (mut rows, mut links): (Vec<Vec<u32>>, u64) = (Vec::with_capacity(self.end.len()), 0);
        while rows.len() < self.end.len() {
            let from = rows.len();
            let more = (from..self.end.len().min(from + AT_ONCE)).into_par_iter().map(row);
            rows.par_extend(more);
            links += rows[from..].iter().map(|row| row.len() as u64).sum::<u64>();
            if links > MOST_LINKS {
                return Err(NeighborsError::Links { links });
            }
        }
        Neighbors::gather(rows.len(), |unit| rows[unit].len(), |unit, to| to.copy_from_slice(&rows[unit]))
    }

    /// Refuses things that so many units have that comparing these would take too long.
    pub(super) fn check(&self) -> Result<(), NeighborsError> {
        let squared = |pair: &[u32]| u64::from(pair[1] - pair[0]).pow(2);
        let shared = self.start.windows(2).map(squared).fold(0, u64::saturating_add);
        if shared > MOST_SHARED {
            return Err(NeighborsError::Shared { shared, most: MOST_SHARED });
        }
        Ok(())
    }
}

/// How often units may share things, before doubles are cleared: borders have some corners in common.
const MOST_SHARED: u64 = 8 * MOST_LINKS;

/// Rows that are made before their links are counted.
pub(super) const AT_ONCE: usize = 1 << 14;
