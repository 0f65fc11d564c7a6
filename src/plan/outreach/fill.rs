//! Filling a team's capacity with blocks in their order.

use super::register::Capacity;
use super::review::Candidate;

/// How many blocks a capacity has room for in the order of their score; 1 at the least.
#[must_use]
pub fn room_for(candidates: Vec<Candidate>, capacity: Capacity) -> u32 {
    let mut order: Vec<(f64, &Candidate)> =
        candidates.iter().filter(|c| c.latest.is_some()).map(|c| (c.score, c)).collect();
    u32::try_from(fill(&mut order, capacity, 0).taken.len()).unwrap_or(u32::MAX).max(1)
}

/// Who has a place.
pub(super) struct Filled<'a> {
    /// The blocks that are taken, with what each takes.
    pub(super) taken: Vec<(&'a Candidate, u32)>,
    /// Blocks that would not have fitted in while there was room.
    pub(super) passed_over: u32,
    /// Blocks of which nobody knows what they take.
    pub(super) unweighed: u32,
}

/// Takes blocks in the order of their places as long as there is room beside what is taken.
pub(super) fn fill<'a>(order: &mut [(f64, &'a Candidate)], capacity: Capacity, taken: u64) -> Filled<'a> {
    order.sort_by(|(a, x), (b, y)| b.total_cmp(a).then_with(|| x.at_equal_chance(y)));
    let mut room = u64::from(capacity.amount()).saturating_sub(taken);
    let mut filled = Filled { taken: Vec::new(), passed_over: 0, unweighed: 0 };
    // Once there is room for nothing, no one is passed over: the list is full.
    for (_, candidate) in order.iter() {
        match takes_of(candidate, capacity) {
            None => filled.unweighed += 1,
            Some(takes) if u64::from(takes) <= room => {
                room -= u64::from(takes);
                filled.taken.push((candidate, takes));
            }
            Some(_) if room > 0 => filled.passed_over += 1,
            Some(_) => {}
        }
    }
    filled
}

/// What a block takes of a capacity; `None` where nobody knows. A block without households is a visit all the same.
pub(super) fn takes_of(candidate: &Candidate, capacity: Capacity) -> Option<u32> {
    match capacity {
        Capacity::Blocks(_) => Some(1),
        Capacity::Households(_) => {
            let households = candidate.households.filter(|n| n.is_finite() && *n >= 0.0)?;
            Some(households.round().clamp(1.0, f64::from(u32::MAX)) as u32)
        }
    }
}
