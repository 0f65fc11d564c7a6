//! The prospective scan of space and time: circles where the last days hold more incidents than place and days explain.

use super::circles::{Circles, apart, by_place};
use super::cylinders::{Ground, OLD, Window};
use super::likelihood::Maxima;
use super::spatial::{MOST_SIMULATIONS, ScanError};
use crate::space::coord::{Local, Metres};

/// The longest cylinder, in days.
pub const MOST_DAYS: usize = 128;

/// Incidents met on all walks of a scan at most: some minutes on one core.
const MOST_STEPS: f64 = 1e11;

/// What a scan of space and time is made with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpaceTimeParams {
    /// Longest radius of a cylinder.
    pub radius: Metres,
    /// Share of all incidents that a cylinder's circle holds at most, of any day; 0.5 is the custom.
    pub share: f64,
    /// Longest duration of a cylinder in days, 1 to [`MOST_DAYS`] and less than the days that are looked at.
    pub days: usize,
    /// Fewest incidents of a cluster; 2 is the custom.
    pub least: u64,
    /// Days from one such analysis to the next, 1 where it is made daily.
    pub every: f64,
    /// How often the days are permuted, 1 to [`MOST_SIMULATIONS`]; 999 is the custom.
    pub permutations: u32,
    /// Seed of the permutations.
    pub seed: u64,
}

/// A circle and a number of last days with more incidents than expected.
#[derive(Clone, Debug, PartialEq)]
pub struct SpaceTimeCluster {
    /// Its middle, the place of an incident.
    pub center: Local,
    /// Distance to its farthest place.
    pub radius: Metres,
    /// Its first day; its last is the day that the scan is for.
    pub from: i64,
    /// Its incidents by position in the input.
    pub members: Vec<u32>,
    /// How many they are.
    pub observed: u64,
    /// Incidents that its place and its days explain.
    pub expected: f64,
    /// Logarithm of the likelihood ratio.
    pub llr: f64,
    /// How often chance gives a cylinder anywhere with a ratio as large.
    pub p: f64,
    /// The same by Gumbel's distribution, see [`Maxima::gumbel_p`].
    pub gumbel_p: Option<f64>,
    /// Days between two such alarms where nothing happens but chance: days between analyses / p.
    pub recurrence_days: f64,
}

/// What a scan of space and time found.
#[derive(Clone, Debug, PartialEq)]
pub struct SpaceTimeScan {
    /// The most likely cluster and those that share no place with a likelier one, by ratio.
    pub clusters: Vec<SpaceTimeCluster>,
    /// All incidents.
    pub incidents: usize,
    /// The largest ratios of the permutations.
    pub maxima: Maxima,
}

/// Why there is no scan of space and time.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SpaceTimeError {
    /// The places or parameters cannot be used.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// The duration is out of bounds.
    #[error("{}", of_days(*.given, *.most))]
    Days {
        /// How many.
        given: usize,
        /// The most that can be used here; 0 where a single day is looked at.
        most: usize,
    },
    /// An incident is of a day that is not looked at.
    #[error(
        "incident {index} is of day {day}, not one of {first} to {last}; leave it out or look at more days"
    )]
    Outside {
        /// Position of the incident, from 0.
        index: usize,
        /// Its day.
        day: i64,
        /// The first day that is looked at.
        first: i64,
        /// The day that the scan is for.
        last: i64,
    },
    /// The days between analyses are no time.
    #[error("an analysis every {given} days cannot be; give a number above 0")]
    Every {
        /// What was given.
        given: f64,
    },
    /// The circles hold so many incidents that the scan would take very long.
    #[error(
        "circles of {radius} meet {steps:.1e} incidents in all permutations, more than {MOST_STEPS:.0e}; try {least}, fewer permutations or a shorter period"
    )]
    Radius {
        /// What was given.
        radius: Metres,
        /// What that makes.
        steps: f64,
        /// A radius that should be short enough.
        least: Metres,
    },
}

fn of_days(given: usize, most: usize) -> String {
    match most {
        0 => "a single day is looked at, and no day before it is left to compare with; give a longer period"
            .to_owned(),
        MOST_DAYS => {
            format!("cylinders of {given} days were asked for; give 1 to {most}: no scan looks back longer")
        }
        _ => format!(
            "cylinders of {given} days were asked for; give 1 to {most}, so that days before them are left to compare with, or a longer period"
        ),
    }
}

/// Finds where the last days hold more incidents than expected: the prospective space-time permutation scan.
///
/// ```text
/// cylinder A = circle z × the last k days;   μ(A) = c(z, all days) · c(everywhere, k days) / C
/// LLR(A) = c ln(c / μ) + (C − c) ln((C − c) / (C − μ))  if c > μ;   p = (#{ permutations : max LLR ≥ LLR(A) } + 1) / (R + 1)
/// ```
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `points` | where the incidents lie | `n` | m |
/// | `days` | the day of each, counted from any day | `n` | days |
/// | `first` and `last` | the days that are looked at, both included; the scan is for the last | | days |
/// | `params` | longest radius and duration, fewest incidents, permutations, seed | | m, days |
/// | returns | clusters by ratio, none sharing a place with a likelier one | | |
///
/// Needs no population: a place is compared with itself on other days, and a day with itself at other places. Null
/// hypothesis: which incident has which day is chance. Circles are closed, centered on incidents, and hold all incidents at
/// one distance or none. One-sided: more incidents only. A cluster's p is that of the largest ratio anywhere.
///
/// Time O(C² log C + Σ incidents of the circles · permutations), memory 64 MiB and 16 bytes an incident. Each permutation
/// has a random stream of its own: neither the order of the input nor threads change a digit.
/// Source: Kulldorff, Heffernan, Hartman, Assunção & Mostashari (2005), *PLoS Medicine* 2(3):e59; centers are the places
/// of the incidents, and of each only the best cylinder competes to be a secondary cluster.
///
/// # Limits
///
/// Only clusters that are alive on the last day. **A source that reports late has too few incidents on the last days**: scan
/// for a day that is complete. A place that is new, or watched more closely since, is a cluster too. The recurrence
/// interval holds for analyses that do not overlap; daily ones do.
///
/// # Errors
///
/// [`SpaceTimeError`] for parameters out of bounds, incidents of other days, coordinates that are not finite, more
/// than 20,000 distinct places, or circles that hold too many incidents.
///
/// # Examples
///
/// Three of a block's five incidents in the last week, where two other blocks had one each:
///
/// ```
/// use hotblocks::analysis::scan::space_time::{SpaceTimeParams, space_time_scan};
/// use hotblocks::space::coord::{Local, Metres};
///
/// let points = [0., 0., 0., 0., 0., 900., 900., 900., 1800., 1800., 1800.].map(|x| Local { x, y: 0.0 });
/// let days = [3, 10, 29, 30, 30, 5, 15, 25, 2, 12, 28];
/// let params = SpaceTimeParams {
///     radius: Metres(100.0), share: 0.5, days: 7, least: 2, every: 1.0, permutations: 999, seed: 1,
/// };
/// let found = space_time_scan(&points, &days, (1, 30), &params)?;
/// let first = &found.clusters[0];
/// // The last two days: 3 of 3 incidents at a place that has 5 of 11. μ = 5 · 3 / 11.
/// assert_eq!((first.observed, first.from), (3, 29));
/// assert!((first.expected - 15.0 / 11.0).abs() < 1e-12);
/// # Ok::<(), hotblocks::analysis::scan::space_time::SpaceTimeError>(())
/// ```
pub fn space_time_scan(
    points: &[Local],
    days: &[i64],
    (first, last): (i64, i64),
    params: &SpaceTimeParams,
) -> Result<SpaceTimeScan, SpaceTimeError> {
    check(points, days, (first, last), params)?;
    let (order, places, start) = by_place(points, |&a, &b| days[a as usize].cmp(&days[b as usize]));
    if places.len() > super::spatial::MOST_PLACES {
        return Err(ScanError::TooMany { places: places.len() }.into());
    }
    let n_days = params.days;
    // A day so long ago that no number holds its age is old too.
    let age = |day: i64| {
        let age = last.checked_sub(day).and_then(|age| u8::try_from(age).ok());
        age.filter(|&age| usize::from(age) < n_days).unwrap_or(OLD)
    };
    let ages: Vec<u8> = order.iter().map(|&i| age(days[i as usize])).collect();
    let recent = |k: usize| ages.iter().filter(|&&age| usize::from(age) <= k).count() as f64;
    let recent: Vec<f64> = (0..n_days).map(recent).collect();
    let ground = Ground { places: &places, start: &start, recent: &recent, total: ages.len() as f64, params };
    let steps = ground.steps() as f64 * (f64::from(params.permutations) + 1.0);
    if steps > MOST_STEPS {
        let least = Metres((params.radius.0 * (MOST_STEPS / steps).sqrt()).floor().max(1.0));
        return Err(SpaceTimeError::Radius { radius: params.radius, steps, least });
    }
    let maxima = ground.permute(&ages);
    let inside = |window: &Window| {
        let mut circles = Circles::default();
        circles.around(places[window.center as usize], &places, window.square);
        circles.near.iter().map(|near| near.1).collect::<Vec<u32>>()
    };
    let told = |(window, inside): (Window, Vec<u32>)| {
        let within = inside.iter().flat_map(|&place| start[place as usize]..start[place as usize + 1]);
        let recent = within.filter(|&at| usize::from(ages[at as usize]) <= window.age);
        let mut members: Vec<u32> = recent.map(|at| order[at as usize]).collect();
        members.sort_unstable();
        let p = maxima.p(window.llr);
        SpaceTimeCluster {
            center: places[window.center as usize],
            radius: Metres(window.square.sqrt()),
            from: last - window.age as i64,
            observed: members.len() as u64,
            members,
            expected: window.expected,
            llr: window.llr,
            p,
            gumbel_p: maxima.gumbel_p(window.llr),
            recurrence_days: params.every / p,
        }
    };
    let clusters = apart(ground.best(&ages), places.len(), |window| window.center, inside);
    let clusters = clusters.into_iter().map(told).collect();
    Ok(SpaceTimeScan { clusters, incidents: points.len(), maxima })
}

fn check(
    points: &[Local],
    days: &[i64],
    (first, last): (i64, i64),
    params: &SpaceTimeParams,
) -> Result<(), SpaceTimeError> {
    let n = points.len();
    if days.len() != n {
        return Err(ScanError::Length { points: n, counts: days.len(), exposures: n }.into());
    }
    if !(params.radius.0 > 0.0 && params.radius.0.is_finite()) {
        return Err(ScanError::Radius { given: params.radius }.into());
    }
    if !(params.share > 0.0 && params.share <= 0.5) {
        return Err(ScanError::Share { given: params.share }.into());
    }
    if !(1..=MOST_SIMULATIONS).contains(&params.permutations) {
        return Err(ScanError::Simulations { given: params.permutations }.into());
    }
    let all = usize::try_from(last.saturating_sub(first)).unwrap_or(0);
    if !(1..=MOST_DAYS.min(all)).contains(&params.days) {
        return Err(SpaceTimeError::Days { given: params.days, most: MOST_DAYS.min(all) });
    }
    if !(params.every > 0.0 && params.every.is_finite()) {
        return Err(SpaceTimeError::Every { given: params.every });
    }
    if let Some(index) = points.iter().position(|p| !(p.x.is_finite() && p.y.is_finite())) {
        return Err(ScanError::Coordinates { index }.into());
    }
    match days.iter().position(|&day| !(first..=last).contains(&day)) {
        Some(index) => Err(SpaceTimeError::Outside { index, day: days[index], first, last }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(days: usize) -> SpaceTimeParams {
        SpaceTimeParams {
            radius: Metres(150.0),
            share: 0.5,
            days,
            least: 2,
            every: 1.0,
            permutations: 199,
            seed: 1,
        }
    }

    /// In exact numbers: ratios of cylinders are compared by what they hold and what they expect times C.
    #[test]
    fn ratios_that_are_equal_count_as_equal_however_they_came_about() {
        let cases = [
            (0, 0),
            (2, 3),
            (2, 16),
            (0, 1),
            (0, 0),
            (1, 3),
            (5, 14),
            (5, 18),
            (5, 8),
            (2, 18),
            (1, 18),
            (1, 18),
            (1, 11),
            (0, 8),
            (1, 8),
            (0, 12),
            (1, 11),
            (1, 14),
        ];
        let points: Vec<Local> =
            cases.iter().map(|&(x, _)| Local { x: 100.0 * f64::from(x), y: 0.0 }).collect();
        let days: Vec<i64> = cases.iter().map(|&(_, age)| 30 - age).collect();
        let found = space_time_scan(&points, &days, (1, 30), &params(7)).expect("good input");
        for cluster in &found.clusters {
            let near = |largest: f64| largest >= cluster.llr * (1.0 - 1e-9);
            let as_large = found.maxima.ascending().iter().filter(|&&largest| near(largest)).count();
            assert_eq!(cluster.p, (as_large + 1) as f64 / 200.0, "{cluster:?}");
        }
    }

    #[test]
    fn an_incident_of_the_first_day_of_all_is_old() {
        let points = [0.0, 0.0, 900.0, 1800.0].map(|x| Local { x, y: 0.0 });
        let found = space_time_scan(&points, &[30, 29, i64::MIN, i64::MIN], (i64::MIN, 30), &params(7));
        assert_eq!(found.expect("good input").clusters[0].members, [0, 1]);
    }
}
