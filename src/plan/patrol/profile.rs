//! The hours of the week of areas, drawn towards the city's: a small area has too few incidents for 168 hours.

use crate::aggregate::aoristic::HOURS;
use crate::model::elementary::ln;

/// What each hour of the week has of a whole, all hours together 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Profiles {
    /// How many incidents of an area weigh as much as the city's profile; `None` where areas take it over whole.
    pub strength: Option<f64>,
    /// The profile of all areas together.
    pub city: Vec<f64>,
    /// One profile an area.
    pub areas: Vec<Vec<f64>>,
}

/// Strengths that are tried, besides taking the city's profile over whole.
const STRENGTHS: [f64; 13] = [5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4];

/// Shrinks the hour profiles of areas towards the city's.
///
/// ```text
/// city_h = (C_h + 1) / (C + 168)        area_h = (c_h + k city_h) / (c + k)
/// ```
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `counts` | aoristic weights of an area's incidents, by hour of the week | areas × 168 | incidents |
/// | `all` | the same of every incident of the city | 168 | incidents |
/// | returns | profiles that sum to 1 | areas × 168 | share |
///
/// The strength k is the one of a list (5 to 50,000, and without end) under which each incident is likeliest from
/// the others of its area: leave-one-out likelihood Σ c_h ln((max(c_h − 1, 0) + k city_h) / (c − 1 + k)). This is the
/// mean of a Dirichlet posterior whose prior is the city. Time O(areas × 168 × strengths).
/// Source: the Dirichlet–multinomial of Good (1965), *The Estimation of Probabilities*; k by cross-validation.
///
/// # Limits
///
/// Parts of incidents below 1 hour count as less than an incident, so areas of long intervals are drawn more strongly.
///
/// # Examples
///
/// ```
/// use hotblocks::plan::patrol::profile::hour_profiles;
///
/// // One incident on Monday 00:00 in an area of a city without any pattern stays close to the city's 1/168.
/// let (mut area, all) = (vec![0.0; 168], vec![1000.0; 168]);
/// area[0] = 1.0;
/// let profiles = hour_profiles(&[area], &all);
/// assert!(profiles.areas[0][0] < 0.01);
/// ```
#[must_use]
pub fn hour_profiles(counts: &[Vec<f64>], all: &[f64]) -> Profiles {
    let total: f64 = all.iter().sum();
    let city: Vec<f64> = all.iter().map(|n| (n + 1.0) / (total + HOURS as f64)).collect();
    let mut best = (likelihood(counts, &city, None), None);
    for k in STRENGTHS.into_iter().rev() {
        let fits = likelihood(counts, &city, Some(k));
        if fits > best.0 {
            best = (fits, Some(k));
        }
    }
    let strength = best.1;
    let area = |counts: &Vec<f64>| {
        let Some(k) = strength else { return city.clone() };
        let n: f64 = counts.iter().sum();
        counts.iter().zip(&city).map(|(c, p)| (c + k * p) / (n + k)).collect()
    };
    Profiles { strength, areas: counts.iter().map(area).collect(), city }
}

fn likelihood(counts: &[Vec<f64>], city: &[f64], strength: Option<f64>) -> f64 {
    let of_area = |counts: &Vec<f64>| {
        let others = (counts.iter().sum::<f64>() - 1.0).max(0.0);
        let hour = |(c, p): (&f64, &f64)| match strength {
            Some(k) => c * ln(((c - 1.0).max(0.0) + k * p) / (others + k)),
            None => c * ln(*p),
        };
        counts.iter().zip(city).filter(|(c, _)| **c > 0.0).map(hour).sum::<f64>()
    };
    counts.iter().map(of_area).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::chance::Chance;

    #[test]
    fn areas_alike_take_the_city_s_hours_and_areas_apart_keep_their_own() {
        let mut chance = Chance::new(3, 0);
        // Twenty areas with 60 incidents each, at hours of chance.
        let alike: Vec<Vec<f64>> = (0..20)
            .map(|_| {
                let mut hours = vec![0.0; HOURS];
                (0..60).for_each(|_| hours[chance.below(168) as usize] += 1.0);
                hours
            })
            .collect();
        let sum =
            |areas: &[Vec<f64>]| (0..HOURS).map(|h| areas.iter().map(|a| a[h]).sum()).collect::<Vec<f64>>();
        let profiles = hour_profiles(&alike, &sum(&alike));
        assert!(profiles.strength.is_none_or(|k| k >= 500.0), "{:?}", profiles.strength);
        // Each area at its own single hour.
        let apart: Vec<Vec<f64>> = (0..20)
            .map(|area| {
                let mut hours = vec![0.0; HOURS];
                hours[area * 8] = 60.0;
                hours
            })
            .collect();
        let profiles = hour_profiles(&apart, &sum(&apart));
        assert!(profiles.strength == Some(5.0) && profiles.areas[3][24] > 0.9, "{:?}", profiles.strength);
    }

    #[test]
    fn every_profile_is_a_whole_also_without_incidents() {
        for counts in [vec![vec![0.0; HOURS]; 3], vec![vec![0.25; HOURS], vec![0.0; HOURS]], Vec::new()] {
            let profiles = hour_profiles(&counts, &[0.0; HOURS]);
            for profile in profiles.areas.iter().chain([&profiles.city]) {
                assert!((profile.iter().sum::<f64>() - 1.0).abs() < 1e-9 && profile.iter().all(|p| *p > 0.0));
            }
        }
    }
}
