//! How many of some reports have a place.

use crate::model::report::Place;

/// The share of located reports below which a class says more about the reporting than about the place.
///
/// Source: Ratcliffe (2004), *International Journal of Geographical Information Science* 18.
pub const LEAST_LOCATED: f64 = 0.85;

/// Reports by what is known of their place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Located {
    /// With coordinates.
    pub located: usize,
    /// Without, for no reason that is known.
    pub missing: usize,
    /// Kept back by the source.
    pub withheld: usize,
}

impl Located {
    /// Counts a report.
    pub fn add(&mut self, place: Place) {
        match place {
            Place::At(_) => self.located += 1,
            Place::Missing => self.missing += 1,
            Place::Withheld => self.withheld += 1,
        }
    }

    /// All of them.
    #[must_use]
    pub fn reports(&self) -> usize {
        self.located + self.missing + self.withheld
    }

    /// The located part, 0 to 1; 1 where there is no report.
    #[must_use]
    pub fn share(&self) -> f64 {
        if self.reports() == 0 { 1.0 } else { self.located as f64 / self.reports() as f64 }
    }
}
