//! Places near a cell, told apart once for all of the cell: near to every place of it, to none, or to be asked.

use std::ops::Range;

use super::bounds::{Bounds, Radius};
use super::lanes::mask;
use super::neighborhood::Cells;
use crate::space::coord::Local;

/// Places that are near some of a cell's places and not others, and what they weigh.
#[derive(Default)]
pub(super) struct Candidates {
    x: Vec<f64>,
    y: Vec<f64>,
    weight: Vec<u64>,
    n: usize,
}

impl Candidates {
    /// Looks at the places around a cell, row by row: what those of other cells weigh that are within the radius of
    /// all of the box around its own is returned, those that may be near one of its places are kept.
    #[inline(always)]
    pub(super) fn look(
        &mut self,
        cells: &Cells,
        (own, inside): (Range<usize>, Bounds),
        [far_south, south, level, north, far_north]: [Range<usize>; 5],
        radius: Radius,
    ) -> u64 {
        let (mut n, mut sum) = (0, 0_u64);
        let (west, east) = (level.start..own.start, own.end..level.end);
        for range in [west, east, south, north, far_south, far_north] {
            if self.x.len() < n + range.len() {
                let room = (n + range.len()).next_power_of_two().max(256);
                self.x.resize(room, 0.0);
                self.y.resize(room, 0.0);
                self.weight.resize(room, 0);
            }
            // Without a branch that goes one way as often as the other.
            for place in range {
                let (at, weight) = (cells.at(place), cells.weight[place]);
                let is_near = Bounds::at(at).farthest(inside) <= radius.squared;
                let may_be = Bounds::at(at).nearest(inside) <= radius.squared;
                sum = sum.wrapping_add(weight & mask(is_near));
                (self.x[n], self.y[n], self.weight[n]) = (at.x, at.y, weight);
                n += usize::from(may_be & !is_near);
            }
        }
        self.n = n;
        sum
    }

    /// What all that are kept weigh.
    pub(super) fn sum(&self) -> u64 {
        self.weight[..self.n].iter().sum()
    }

    /// Whether those within the radius of a place weigh so much.
    #[inline(always)]
    pub(super) fn reach(&self, at: Local, radius: Radius, wanted: u64) -> bool {
        const AT_ONCE: usize = 64;
        let mut found = 0_u64;
        for from in (0..self.n).step_by(AT_ONCE) {
            let range = from..self.n.min(from + AT_ONCE);
            let near = self.x[range.clone()].iter().zip(&self.y[range.clone()]).zip(&self.weight[range]);
            for ((&x, &y), &weight) in near {
                found = found.wrapping_add(weight & mask(radius.holds(at, Local { x, y })));
            }
            if found >= wanted {
                return true;
            }
        }
        false
    }
}
