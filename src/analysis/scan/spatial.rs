//! The spatial scan: circles that hold more incidents than their share of the people (or of any exposure) explains.

use super::circles::{apart, by_place};
use super::likelihood::Maxima;
use super::scan_circles::{Ground, Window};
use crate::space::coord::{Local, Metres};

/// The most places that can be scanned: every pair of them is looked at.
pub const MOST_PLACES: usize = 20_000;

/// The most simulations of one scan.
pub const MOST_SIMULATIONS: u32 = 99_999;

/// Steps of all simulations at most, each an incident drawn or 16 places of simulations passed: some minutes on one core.
pub(super) const MOST_STEPS: f64 = 3e10;

/// What a scan is made with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScanParams {
    /// Share of all exposure that a circle holds at most, above 0 and at most 0.5, the custom.
    pub share: f64,
    /// Longest radius; none beside the share where absent.
    pub radius: Option<Metres>,
    /// Fewest incidents of a cluster; 2 is the custom.
    pub least: u64,
    /// How often incidents are simulated, 1 to [`MOST_SIMULATIONS`]; 999 is the custom.
    pub permutations: u32,
    /// Seed of the simulations.
    pub seed: u64,
}

/// A circle with more incidents than its exposure explains.
#[derive(Clone, Debug, PartialEq)]
pub struct ScanCluster {
    /// Its middle, one of the places.
    pub center: Local,
    /// Distance to its farthest place.
    pub radius: Metres,
    /// What lies in it, by position in the input.
    pub members: Vec<u32>,
    /// Incidents in it.
    pub observed: u64,
    /// Incidents that its exposure explains.
    pub expected: f64,
    /// Incidents for each of the exposure inside, divided by the same outside; `None` where there are none outside.
    pub relative_risk: Option<f64>,
    /// Logarithm of the likelihood ratio.
    pub llr: f64,
    /// How often chance gives a circle anywhere with a ratio as large.
    pub p: f64,
    /// The same by Gumbel's distribution, see [`Maxima::gumbel_p`].
    pub gumbel_p: Option<f64>,
}

/// What a scan found.
#[derive(Clone, Debug, PartialEq)]
pub struct Scan {
    /// The most likely cluster and those that share no place with a likelier one, by ratio.
    pub clusters: Vec<ScanCluster>,
    /// All incidents.
    pub incidents: u64,
    /// All exposure.
    pub exposure: f64,
    /// The largest ratios of the simulations.
    pub maxima: Maxima,
}

/// Why there is no scan.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ScanError {
    /// Not every place has a count and an exposure.
    #[error(
        "{points} places, {counts} counts and {exposures} exposures were given; give one of each for each place"
    )]
    Length {
        /// How many places.
        points: usize,
        /// How many counts.
        counts: usize,
        /// How many exposures.
        exposures: usize,
    },
    /// A coordinate is not a number.
    #[error("place {index} has no finite coordinates")]
    Coordinates {
        /// Position of the place, from 0.
        index: usize,
    },
    /// An exposure is negative or no number, or it is 0 where there are incidents.
    #[error(
        "place {index} has {count} incidents and an exposure of {exposure}; give one above 0, or 0 where there are none"
    )]
    Exposure {
        /// Position of the place, from 0.
        index: usize,
        /// Its incidents.
        count: u64,
        /// What was given.
        exposure: f64,
    },
    /// Nothing to compare.
    #[error(
        "there is no exposure anywhere, or more than a number can hold; give exposures whose sum is above 0"
    )]
    Nothing,
    /// Too many places.
    #[error(
        "{places} places are more than {MOST_PLACES}, whose pairs would take minutes; scan larger units or a smaller area"
    )]
    TooMany {
        /// How many.
        places: usize,
    },
    /// More incidents than simulations can draw.
    #[error("{incidents} incidents are more than {} can be simulated; scan a shorter period", u32::MAX)]
    Incidents {
        /// How many.
        incidents: u64,
    },
    /// The share is out of bounds.
    #[error("a share of {given} cannot be used; give one above 0 and at most 0.5")]
    Share {
        /// What was given.
        given: f64,
    },
    /// The radius is no length.
    #[error("a radius of {given} cannot be used; give a length above 0 m")]
    Radius {
        /// What was given.
        given: Metres,
    },
    /// So many simulations of so much that they would take very long.
    #[error(
        "{given} simulations of {incidents} incidents at {places} places would take very long; give at most {most}, or scan a shorter period"
    )]
    Long {
        /// How many.
        given: u32,
        /// How many incidents each of them draws.
        incidents: u64,
        /// How many places each of them scans.
        places: usize,
        /// The most simulations that can be made here.
        most: u32,
    },
    /// No simulation, or too many.
    #[error("{given} simulations were asked for; give 1 to {MOST_SIMULATIONS}, by custom 999")]
    Simulations {
        /// How many.
        given: u32,
    },
}

/// Finds the circles that most stand out from an even risk, and how often chance does as well (Kulldorff's spatial scan).
///
/// ```text
/// LLR(z) = c ln(c / e) + (C − c) ln((C − c) / (C − e))  if c > e;   e = C · exposure(z) / exposure
/// p = (#{ simulations : max LLR ≥ LLR(z) } + 1) / (R + 1)
/// ```
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `points` | middles of the places | `n` | m |
/// | `counts` | incidents at each, zeros included | `n` | incidents |
/// | `exposure` | people, length of street or area at each | `n` | any, the same for all |
/// | `params` | largest share and radius of a circle, fewest incidents, simulations, seed | | |
/// | returns | clusters by ratio, none sharing a place with a likelier one | | |
///
/// Circles are closed, centered on places, and hold all places at one distance or none. Null hypothesis: each incident
/// falls on a place with a chance proportional to its exposure. One-sided: high rates only. A cluster's p is that of the
/// largest ratio anywhere, so many circles need no further correction; for secondary clusters it is on the safe side. Of
/// each center only the best circle competes to be a secondary cluster.
///
/// Time O(n² (log n + simulations / 16) + incidents · simulations), memory 64 MiB and 8 bytes for each of the simulations and threads. Incidents of
/// each simulation come from a random stream of its own: neither the order of the input nor threads change a digit.
/// Source: Kulldorff (1997), *Communications in Statistics – Theory and Methods* 26(6).
///
/// # Limits
///
/// Circles only: a hot street is found as a disc that holds too much. Incidents that come in groups (repeats) are
/// not independent, so p is too small for them.
///
/// # Errors
///
/// [`ScanError`] for lists of different lengths, exposure missing where there are incidents, parameters out of bounds, or
/// more than [`MOST_PLACES`] places, or so many simulations of them that they would take very long.
///
/// # Examples
///
/// Ten of 100 incidents on a block where 4 are expected; the golden ratio of this case is 3.354440416:
///
/// ```
/// use hotblocks::analysis::scan::spatial::{ScanParams, scan};
/// use hotblocks::space::coord::{Local, Metres};
///
/// let points: Vec<Local> = (0..25).map(|i| Local { x: f64::from(i) * 100.0, y: 0.0 }).collect();
/// let counts = [&[3; 6][..], &[4; 18], &[10]].concat();
/// let params = ScanParams { share: 0.04, radius: None, least: 2, permutations: 99, seed: 1 };
/// let found = scan(&points, &counts, &[1.0; 25], &params)?;
/// assert!((found.clusters[0].llr - 3.354_440_416).abs() < 1e-9);
/// assert_eq!((found.clusters[0].observed, found.clusters[0].expected), (10, 4.0));
/// # Ok::<(), hotblocks::analysis::scan::spatial::ScanError>(())
/// ```
pub fn scan(
    points: &[Local],
    counts: &[u64],
    exposure: &[f64],
    params: &ScanParams,
) -> Result<Scan, ScanError> {
    check(points, counts, exposure, params)?;
    let (order, places, start) =
        by_place(points, |&a, &b| exposure[a as usize].total_cmp(&exposure[b as usize]));
    if places.len() > MOST_PLACES {
        return Err(ScanError::TooMany { places: places.len() });
    }
    let members = |place: usize| &order[start[place] as usize..start[place + 1] as usize];
    let sum = |place: usize| members(place).iter().map(|&i| exposure[i as usize]).sum::<f64>();
    let exposed: Vec<f64> = (0..places.len()).map(sum).collect();
    let count = |place: usize| members(place).iter().map(|&i| counts[i as usize]).sum::<u64>();
    let observed: Vec<u64> = (0..places.len()).map(count).collect();
    let (incidents, all) = (counts.iter().sum::<u64>(), exposed.iter().sum::<f64>());
    let ground = Ground { places: &places, exposed: &exposed, incidents: incidents as f64, all, params };
    let most = (MOST_STEPS / ground.steps_of_one()) as u32;
    if params.permutations > most {
        let places = places.len();
        return Err(ScanError::Long { given: params.permutations, incidents, places, most });
    }
    let maxima = ground.simulate(incidents as u32);
    let best = ground.best(&observed);
    let inside = |window: &Window| window.places(&places);
    let clusters =
        apart(best, places.len(), |window| window.center, inside).into_iter().map(|(window, inside)| {
            let mut members: Vec<u32> =
                inside.iter().flat_map(|&place| members(place as usize)).copied().collect();
            members.sort_unstable();
            let (c, e, total) = (window.observed as f64, window.expected, incidents as f64);
            let outside = (total - c) / (total - e);
            ScanCluster {
                center: places[window.center as usize],
                radius: Metres(window.square.sqrt()),
                members,
                observed: window.observed,
                expected: e,
                relative_risk: (outside > 0.0).then(|| c / e / outside),
                llr: window.llr,
                p: maxima.p(window.llr),
                gumbel_p: maxima.gumbel_p(window.llr),
            }
        });
    Ok(Scan { clusters: clusters.collect(), incidents, exposure: all, maxima: maxima.clone() })
}

fn check(points: &[Local], counts: &[u64], exposure: &[f64], params: &ScanParams) -> Result<(), ScanError> {
    let (points, n) = (points, points.len());
    if counts.len() != n || exposure.len() != n {
        return Err(ScanError::Length { points: n, counts: counts.len(), exposures: exposure.len() });
    }
    if !(params.share > 0.0 && params.share <= 0.5) {
        return Err(ScanError::Share { given: params.share });
    }
    if let Some(given) = params.radius.filter(|radius| !(radius.0 > 0.0 && radius.0.is_finite())) {
        return Err(ScanError::Radius { given });
    }
    if !(1..=MOST_SIMULATIONS).contains(&params.permutations) {
        return Err(ScanError::Simulations { given: params.permutations });
    }
    if let Some(index) = points.iter().position(|p| !(p.x.is_finite() && p.y.is_finite())) {
        return Err(ScanError::Coordinates { index });
    }
    for (index, (&exposure, &count)) in exposure.iter().zip(counts).enumerate() {
        if !(exposure.is_finite() && (exposure > 0.0 || exposure == 0.0 && count == 0)) {
            return Err(ScanError::Exposure { index, count, exposure });
        }
    }
    let incidents = counts.iter().try_fold(0_u64, |sum, &n| sum.checked_add(n)).unwrap_or(u64::MAX);
    if incidents >= u64::from(u32::MAX) {
        return Err(ScanError::Incidents { incidents });
    }
    let all: f64 = exposure.iter().sum();
    if all > 0.0 && all.is_finite() { Ok(()) } else { Err(ScanError::Nothing) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_count_in_the_same_exposure_is_a_tie_in_whatever_order_exposures_are_added_up() {
        // A row of 96 places with 0.1 each, one place with 9.6, and a place for the rest.
        let row: f64 = [0.1; 96].iter().sum();
        assert!(row < 9.6);
        let x = (0..96).map(f64::from).chain([100_000.0, 500_000.0]);
        let points: Vec<Local> = x.map(|x| Local { x, y: 0.0 }).collect();
        let exposure = [&[0.1; 96][..], &[9.6, 30.8]].concat();
        let mut counts: Vec<u64> = (0..96).map(|i| u64::from(i % 5 == 0)).collect();
        counts.extend([0, 40]);
        let params = ScanParams { share: 0.3, radius: None, least: 2, permutations: 999, seed: 5 };
        let found = scan(&points, &counts, &exposure, &params).expect("good input");
        let best = &found.clusters[0];
        assert_eq!((best.observed, best.members.len()), (20, 96));
        let at_least = |llr: f64| found.maxima.ascending().iter().filter(|largest| **largest >= llr).count();
        let (strict, ties) = (at_least(best.llr), at_least(best.llr * (1.0 - 1e-9)));
        assert!(ties > strict, "{ties} of which {strict} to the last digit");
        assert_eq!(best.p, (ties + 1) as f64 / 1000.0);
    }

    #[test]
    fn simulations_that_would_take_hours_are_refused_and_as_many_as_would_not_are_named() {
        let points = [0.0, 100.0, 200.0].map(|x| Local { x, y: 0.0 });
        let params = ScanParams { share: 0.5, radius: None, least: 2, permutations: 999, seed: 1 };
        let found = scan(&points, &[2_000_000_000, 2_000_000_000, 0], &[1.0; 3], &params);
        let long = ScanError::Long { given: 999, incidents: 4_000_000_000, places: 3, most: 7 };
        assert_eq!(found, Err(long));
    }
}
