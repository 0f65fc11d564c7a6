//! Places asked several at once how near they are: without a branch, so that each lane of a vector asks one.
//!
//! Each loop is written out: around a closure it does not become one of vectors.

use std::ops::Range;

use super::bounds::{Radius, squared};
use super::neighborhood::Cells;
use crate::space::coord::Local;

/// How many places are asked together. Lists of places have as many more at their end.
pub(super) const LANES: usize = 8;

/// The squared radius for each place that counts, and then for some that do not.
pub(super) struct Limits([f64; 2 * LANES]);

impl Limits {
    pub(super) fn new(radius: Radius) -> Self {
        Self(std::array::from_fn(|i| if i < LANES { radius.squared } else { -1.0 }))
    }

    /// For as many places as are left, and none for those behind them.
    #[inline(always)]
    fn of(&self, left: usize) -> &[f64; LANES] {
        lanes(&self.0, LANES - LANES.min(left))
    }
}

#[inline(always)]
fn lanes<T>(list: &[T], from: usize) -> &[T; LANES] {
    list[from..].first_chunk().expect("lists end with as many as are asked together")
}

/// All bits or none.
#[inline(always)]
pub(super) fn mask(is: bool) -> u64 {
    0_u64.wrapping_sub(u64::from(is))
}

/// What the places of a range within the radius of a place weigh together.
#[inline(always)]
pub(super) fn weight_near(cells: &Cells, range: Range<usize>, at: Local, limits: &Limits) -> u64 {
    let mut sum = [0_u64; LANES];
    let mut first = range.start;
    while first < range.end {
        let (x, y, weight) = (lanes(&cells.x, first), lanes(&cells.y, first), lanes(&cells.weight, first));
        let limit = limits.of(range.end - first);
        for i in 0..LANES {
            let is_near = squared(at, Local { x: x[i], y: y[i] }) <= limit[i];
            // Cannot overflow, as the sum of all weights does not; a check would be a branch.
            sum[i] = sum[i].wrapping_add(weight[i] & mask(is_near));
        }
        first += LANES;
    }
    sum.into_iter().fold(0, u64::wrapping_add)
}

/// Whether a core place of a range is within the radius of a place.
#[inline(always)]
pub(super) fn is_any_near(
    cells: &Cells,
    core: &[bool],
    range: Range<usize>,
    at: Local,
    limits: &Limits,
) -> bool {
    let mut first = range.start;
    while first < range.end {
        let (x, y, core) = (lanes(&cells.x, first), lanes(&cells.y, first), lanes(core, first));
        let limit = limits.of(range.end - first);
        let mut any = 0_u64;
        for i in 0..LANES {
            let is_near = squared(at, Local { x: x[i], y: y[i] }) <= limit[i];
            any |= u64::from(is_near) & u64::from(core[i]);
        }
        if any != 0 {
            return true;
        }
        first += LANES;
    }
    false
}

/// The lowest number of a place of a range within the radius of a place, `u32::MAX` if there is none.
#[inline(always)]
pub(super) fn lowest_near(
    cells: &Cells,
    number: &[u32],
    range: Range<usize>,
    at: Local,
    limits: &Limits,
) -> u32 {
    let mut lowest = [u64::from(u32::MAX); LANES];
    let mut first = range.start;
    while first < range.end {
        let (x, y, number) = (lanes(&cells.x, first), lanes(&cells.y, first), lanes(number, first));
        let limit = limits.of(range.end - first);
        for i in 0..LANES {
            let is_near = squared(at, Local { x: x[i], y: y[i] }) <= limit[i];
            let number = u64::from(number[i]) | !mask(is_near);
            lowest[i] = if number < lowest[i] { number } else { lowest[i] };
        }
        first += LANES;
    }
    lowest.into_iter().fold(u64::MAX, u64::min) as u32
}
