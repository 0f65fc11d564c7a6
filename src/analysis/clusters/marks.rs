//! Which places have enough others near them.

use std::ops::Range;

use multiversion::multiversion;

use super::bounds::{Bounds, Radius};
use super::candidates::Candidates;
use super::lanes::{Limits, weight_near};
use super::neighborhood::{Cells, ROWS};

/// Cells with fewer places than this are asked place by place; in others it pays to tell their neighbors apart first.
const FEW: usize = 16;

/// Marks the places of some cells that have enough near them.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl+avx512dq", "x86_64+avx2"))]
pub(super) fn mark(cells: &Cells, radius: Radius, enough: u64, block: Range<usize>, core: &mut [bool]) {
    let before = cells.range(block.start).start;
    let mut candidates = Candidates::default();
    let limits = Limits::new(radius);
    for cell in block {
        if cells.is_end(cell) {
            continue;
        }
        let own = cells.range(cell);
        let core = &mut core[own.start - before..own.end - before];
        let mut found = cells.total(cell..cell + 1);
        if found >= enough {
            core.fill(true);
            continue;
        }
        let reach = cells.reach(cell);
        let all = reach.map(|row| cells.total(row[0] as usize..row[3] as usize));
        if all.iter().sum::<u64>() < enough {
            continue;
        }
        let inside = Bounds::around_lists(&cells.x[own.clone()], &cells.y[own.clone()]);
        let around = cells.around(cell, &reach, inside);
        if own.len() < FEW {
            for (place, core) in own.zip(core) {
                let at = cells.at(place);
                let mut found = 0;
                for row in ROWS {
                    found += weight_near(cells, around[row].clone(), at, &limits);
                    if found >= enough {
                        *core = true;
                        break;
                    }
                }
            }
            continue;
        }
        found += candidates.look(cells, (own.clone(), inside), around, radius);
        if found >= enough {
            core.fill(true);
        } else if found + candidates.sum() >= enough {
            for (place, core) in own.zip(core) {
                *core = candidates.reach(cells.at(place), radius, enough - found);
            }
        }
    }
}
