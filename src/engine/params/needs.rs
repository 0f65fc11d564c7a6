//! Which parameters without a default an operation cannot do without.

use super::clusters::{HOT_BLOCKS, METHOD, PROBABILITY, SCAN};
use super::density::{BANDWIDTH_RULE, NETWORK};
use super::hotspots::HOTSPOTS;
use super::patrol::{HOURS, NOT_WITH_SITES, OFFICERS, SHIFTS, SITES};
use super::table::{BANDWIDTH, CELL, EPS, NO_DEFAULT, Operation, Param};
use super::values::Values;

impl Values {
    /// The first parameter that one of the operations needs and that is neither given nor configured.
    #[must_use]
    pub fn lacking(&self, operations: &[&Operation]) -> Option<&'static Param> {
        // Hot spots do without a cell: blocks have none, and Esri's steps give one.
        let needy = operations.iter().filter(|operation| operation.collection != HOTSPOTS.collection);
        needy
            .flat_map(|operation| operation.params)
            .find(|param| param.default == NO_DEFAULT && !self.has(param) && !self.does_without(param))
    }

    /// Whether another parameter stands in for this one.
    #[must_use]
    pub fn does_without(&self, param: &Param) -> bool {
        match param.wire {
            wire if wire == BANDWIDTH.wire => self.has(&BANDWIDTH_RULE),
            // Along streets there are no cells.
            wire if wire == CELL.wire => self.has(&NETWORK),
            // HDBSCAN has no radius, nor has Nnh with a threshold from chance; a scan of blocks does with any,
            // and blocks that touch need none.
            wire if wire == EPS.wire => {
                matches!(self.word(&METHOD), Some("hdbscan" | SCAN | HOT_BLOCKS)) || self.has(&PROBABILITY)
            }
            // One shift can be given without a file.
            wire if wire == SHIFTS.wire && !self.has(&SITES) => self.has(&OFFICERS) && self.has(&HOURS),
            wire => self.has(&SITES) && NOT_WITH_SITES.iter().any(|param| param.wire == wire),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::clusters::CLUSTERS;
    use super::super::near_repeat::NEAR_REPEAT;
    use super::super::patrol::{FREE, PLAN};
    use super::super::ranking::RANK;
    use super::super::table::DENSITY;
    use super::*;

    #[test]
    fn what_another_parameter_stands_in_for_is_not_needed() {
        let check = |operation: &Operation, given: &[(&Param, &str)], expected: Option<&str>| {
            let mut values = Values::default();
            for (param, text) in given {
                values.set_wire(param, text).expect("within bounds");
            }
            assert_eq!(values.lacking(&[operation]).map(|param| param.flag), expected, "{given:?}");
        };
        check(&RANK, &[], None);
        check(&HOTSPOTS, &[], None);
        check(&NEAR_REPEAT, &[], Some("distances"));
        check(&PLAN, &[], Some("shifts"));
        check(&PLAN, &[(&OFFICERS, "2"), (&HOURS, "18:00-02:00")], Some("free"));
        check(&PLAN, &[(&SHIFTS, "x"), (&FREE, "0.4")], Some("speed"));
        check(&DENSITY, &[], Some("bandwidth"));
        check(&DENSITY, &[(&BANDWIDTH_RULE, "scott")], Some("cell"));
        check(&DENSITY, &[(&BANDWIDTH, "250"), (&NETWORK, "continuous")], None);
        check(&CLUSTERS, &[], Some("eps"));
        check(&CLUSTERS, &[(&METHOD, "stac")], Some("eps"));
        for method in ["hdbscan", SCAN, HOT_BLOCKS] {
            check(&CLUSTERS, &[(&METHOD, method)], Some("min-points"));
        }
        check(&CLUSTERS, &[(&METHOD, "nnh"), (&PROBABILITY, "0.5")], Some("min-points"));
    }
}
