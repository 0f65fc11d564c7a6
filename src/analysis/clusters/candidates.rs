//! Places near a cell, told apart once for all of the cell: near to every place of it, to none, or to be asked.

use super::bounds::{Bounds, Radius};
use super::neighborhood::Cells;
use crate::space::coord::Local;

/// Places that are near some of a cell's places and not others, with a number each.
#[derive(Default)]
pub(super) struct Candidates {
    x: Vec<f64>,
    y: Vec<f64>,
    value: Vec<u64>,
    n: usize,
}

impl Candidates {
    /// Looks around a cell at the places of other cells: the values of those within the radius of the whole box are
    /// folded, those that may be near one of its places are kept. A neutral value is that of no place.
    #[inline]
    pub(super) fn look(
        &mut self,
        (cells, cell, inside): (&Cells, usize, Bounds),
        radius: Radius,
        value: impl Fn(usize) -> u64,
        (neutral, fold): (u64, impl Fn(u64, u64) -> u64),
    ) -> u64 {
        let mut n = 0;
        let mut folded = neutral;
        let own = cells.range(cell);
        let [far_south, south, level, north, far_north] = cells.around(cell, inside);
        let (west, east) = (level.start..own.start, own.end..level.end);
        for range in [west, east, south, north, far_south, far_north] {
            if self.x.len() < n + range.len() {
                let room = (n + range.len()).next_power_of_two().max(256);
                self.x.resize(room, 0.0);
                self.y.resize(room, 0.0);
                self.value.resize(room, 0);
            }
            // Without a branch that goes one way as often as the other.
            for place in range {
                let (at, value) = (cells.places[place], value(place));
                let is_near = Bounds::at(at).farthest(inside) <= radius.squared;
                let may_be = Bounds::at(at).nearest(inside) <= radius.squared;
                folded = fold(folded, if is_near { value } else { neutral });
                (self.x[n], self.y[n], self.value[n]) = (at.x, at.y, value);
                n += usize::from(may_be & !is_near & (value != neutral));
            }
        }
        self.n = n;
        folded
    }

    /// The sum of all values.
    pub(super) fn sum(&self) -> u64 {
        self.value[..self.n].iter().sum()
    }

    /// Whether the values within the radius of a place reach a sum.
    #[inline]
    pub(super) fn reach(&self, at: Local, radius: Radius, mut wanted: u64) -> bool {
        const AT_ONCE: usize = 64;
        for from in (0..self.n).step_by(AT_ONCE) {
            let range = from..self.n.min(from + AT_ONCE);
            let near = self.x[range.clone()].iter().zip(&self.y[range.clone()]).zip(&self.value[range]);
            let one = |((&x, &y), &value)| if radius.holds(at, Local { x, y }) { value } else { 0 };
            let found = near.map(one).sum::<u64>();
            if found >= wanted {
                return true;
            }
            wanted -= found;
        }
        false
    }

    /// The least value within the radius of a place, or the one that is given if that is less.
    #[inline]
    pub(super) fn least(&self, at: Local, radius: Radius, given: u64) -> u64 {
        let near = self.x[..self.n].iter().zip(&self.y[..self.n]).zip(&self.value[..self.n]);
        let one = |((&x, &y), &value)| if radius.holds(at, Local { x, y }) { value } else { u64::MAX };
        near.map(one).fold(given, u64::min)
    }
}
