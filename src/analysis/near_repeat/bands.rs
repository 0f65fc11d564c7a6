//! Bands of distance and of time, half-open, and how distance is measured.

use crate::space::coord::{Local, Metres};

/// Seconds of a day. Times are whole seconds, so that no difference is rounded.
pub const DAY: i64 = 86_400;

/// The most bands of one kind: a table that a person can read.
pub const MOST_BANDS: usize = 16;

/// Pairs compared one by one at most: some minutes on one core.
pub(super) const MOST_PAIRS: f64 = 5e10;

/// A distance that should bring so many steps down to as many as may be: pairs grow with its square.
pub(super) fn shorter(distance: Metres, (most, steps): (f64, f64)) -> Metres {
    let length = distance.0 * (most / steps).sqrt();
    Metres(if length >= 1.0 { length.floor() } else { length })
}

/// How the distance of two places is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Metric {
    /// As the crow flies.
    #[default]
    Euclidean,
    /// Along the axes of the plane, as on a grid of streets: |Δx| + |Δy|.
    Manhattan,
}

impl Metric {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Euclidean, Self::Manhattan];

    /// As it stands in results.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Euclidean => "euclidean",
            Self::Manhattan => "manhattan",
        }
    }

    /// What is compared instead of the distance: its square, or itself.
    #[inline(always)]
    pub(super) fn size(self, dx: f64, dy: f64) -> f64 {
        match self {
            Self::Euclidean => dx * dx + dy * dy,
            Self::Manhattan => dx.abs() + dy.abs(),
        }
    }

    /// A distance as [`Metric::size`] has it.
    pub(super) fn limit(self, distance: Metres) -> f64 {
        match self {
            Self::Euclidean => distance.0 * distance.0,
            Self::Manhattan => distance.0,
        }
    }
}

/// Why bands, or what lies in them, cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BandsError {
    /// None, or more than can be told.
    #[error("{given} bands of {of} were given; give 1 to {MOST_BANDS} upper edges")]
    Number {
        /// Distance or time.
        of: &'static str,
        /// How many.
        given: usize,
    },
    /// An upper edge of a band of distance is not above the one before.
    #[error("a distance of {distance} cannot be a band's upper edge; give lengths above 0 m, ascending")]
    Distance {
        /// What was given.
        distance: Metres,
    },
    /// An upper edge of a band of time is not above the one before.
    #[error("{seconds} s cannot be a band's upper edge; give times above 0, ascending")]
    Time {
        /// What was given.
        seconds: i64,
    },
    /// Not every incident has one place and one time.
    #[error("{points} places and {times} times were given; give one time for each place")]
    Length {
        /// How many places.
        points: usize,
        /// How many times.
        times: usize,
    },
    /// A coordinate is not a number.
    #[error("incident {index} has no finite coordinates")]
    Coordinates {
        /// Position of the incident, from 0.
        index: usize,
    },
    /// So many pairs that comparing them would take very long.
    #[error(
        "at {distance} {pairs:.1e} pairs of incidents are to be compared, more than {MOST_PAIRS:.0e}; try {least} or a shorter period"
    )]
    Pairs {
        /// What was given.
        distance: Metres,
        /// What that makes.
        pairs: f64,
        /// A distance that should be short enough.
        least: Metres,
    },
    /// More incidents than 32 bits can count.
    #[error("{incidents} incidents are more than can be compared at once")]
    TooMany {
        /// How many.
        incidents: usize,
    },
    /// Times lie too far apart for their unit.
    #[error(
        "the times span {span} units of {unit} s; at most 4294967294 of them can be compared, so give a shorter period or coarser times"
    )]
    Span {
        /// Last less first time, in units.
        span: i128,
        /// Their largest common unit, in seconds.
        unit: i64,
    },
}

/// Checks upper edges of bands of distance.
pub(super) fn check_distances(edges: &[Metres]) -> Result<(), BandsError> {
    if !(1..=MOST_BANDS).contains(&edges.len()) {
        return Err(BandsError::Number { of: "distance", given: edges.len() });
    }
    let mut last = 0.0;
    for &distance in edges {
        // The square must be a number too, or nothing could be compared with it.
        if !(distance.0 > last && (distance.0 * distance.0).is_normal()) {
            return Err(BandsError::Distance { distance });
        }
        last = distance.0;
    }
    Ok(())
}

/// Checks upper edges of bands of time.
pub(super) fn check_times(edges: &[i64]) -> Result<(), BandsError> {
    if !(1..=MOST_BANDS).contains(&edges.len()) {
        return Err(BandsError::Number { of: "time", given: edges.len() });
    }
    let mut last = 0;
    for &seconds in edges {
        if seconds <= last {
            return Err(BandsError::Time { seconds });
        }
        last = seconds;
    }
    Ok(())
}

/// Checks that every incident has a place and a time.
pub(super) fn check_incidents(points: &[Local], times: &[i64]) -> Result<(), BandsError> {
    if points.len() != times.len() {
        return Err(BandsError::Length { points: points.len(), times: times.len() });
    }
    if u32::try_from(points.len()).is_err() {
        return Err(BandsError::TooMany { incidents: points.len() });
    }
    match points.iter().position(|p| !(p.x.is_finite() && p.y.is_finite())) {
        Some(index) => Err(BandsError::Coordinates { index }),
        None => Ok(()),
    }
}
