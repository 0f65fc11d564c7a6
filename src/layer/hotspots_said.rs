//! What must be said of hot spots: that there is little to go by, or nothing to be seen.

use crate::analysis::hotspots::exact::NORMAL_FROM;
use crate::analysis::hotspots::permute::MOST;
use crate::engine::hotspots::{HotSpotParams, HotSpots, LEVEL, QFrom, Statistic, Tested, Units};

/// All of it, a sentence each; what to do where nothing is hot comes last.
pub(super) fn warnings(found: &HotSpots, params: &HotSpotParams) -> Vec<String> {
    let incidents: f64 = found.tested.iter().map(|unit| unit.incidents).sum();
    let mut all = sparse(found, params, incidents);
    // Too few incidents are the reason by themselves, and have their own mend.
    if incidents >= FEWEST {
        all.extend(nothing_hot(found));
    }
    all
}

/// What to do where nothing is hot, or has been at any step; `None` where something is.
fn nothing_hot(found: &HotSpots) -> Option<String> {
    let is_hot = |unit: &Tested| {
        unit.bin > 0 || unit.class.as_deref().is_some_and(|class| class.split(' ').any(|word| word == "hot"))
    };
    let (unit, larger) = match found.units {
        Units::Blocks(_) => ("block", "cells instead of blocks"),
        Units::Cells { .. } => ("cell", "larger cells"),
    };
    (!found.tested.iter().any(is_hot)).then(|| {
        format!("no {unit} is hot at the usual levels: choose more categories, a longer period or {larger}")
    })
}

/// Incidents below which Esri's tools refuse to look for hot spots.
const FEWEST: f64 = 60.0;

/// That there are too few incidents for what is told, where there are.
///
/// Source: Esri, *How Optimized Hot Spot Analysis works*, for the 60. Where counts are sparse, q follows from the law over all
/// permutations and not from the normal one; that is not so for parts of incidents, and for such laws as would take too long.
fn sparse(found: &HotSpots, params: &HotSpotParams, incidents: f64) -> Vec<String> {
    let mut warnings = Vec::new();
    if incidents < FEWEST {
        warnings.push(format!(
            "{incidents:.0} incidents are too few to tell hot from cold: take at least {FEWEST:.0}, by a longer period or more categories"
        ));
    }
    if found.expected < NORMAL_FROM && found.q_from == QFrom::Normal {
        let needed = (2.0 * found.tested.len() as f64 / LEVEL).ceil();
        let mend = match params.statistic {
            Statistic::Emerging { .. } => "take larger units or fewer steps".to_owned(),
            _ if needed <= f64::from(MOST) => format!(
                "ask for at least {needed:.0} permutations, so that q follows from them, or take larger units or a wider band"
            ),
            _ => "take larger units or a wider band".to_owned(),
        };
        warnings.push(format!(
            "a unit and its neighbors have {:.1} incidents in the mean, and these are no whole numbers or too many to go through all permutations: z is far from normal and q from its p is too small; {mend}",
            found.expected
        ));
    }
    warnings
}
