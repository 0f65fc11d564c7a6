//! Whether random points would have as many clusters: Nnh's Monte-Carlo test.

use rayon::prelude::*;

use super::nnh::{MOST_MET, NnhError, NnhParams, one_order};
use crate::analysis::chance::Chance;
use crate::progress::steps;
use crate::space::bbox::LocalBox;
use crate::space::coord::Local;

/// The most simulations of one test.
const MOST_SIMULATIONS: usize = 99_999;

/// How many clusters of the first order random points have.
#[derive(Clone, Debug, PartialEq)]
pub struct NnhTest {
    /// For each simulation, ascending.
    pub simulated: Vec<usize>,
    /// How likely so many clusters or more are: (simulations with as many + 1) / (simulations + 1).
    pub p: f64,
    /// The seed that chance came from.
    pub seed: u64,
}

/// Whether random points would have so many clusters.
///
/// The null hypothesis: as many points, each anywhere in the box with the same chance; the test is one-sided, for more
/// clusters than that. One lane of chance for each simulation, so threads change nothing.
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `observed` | how many clusters of the first order there are | | |
/// | `n` | how many points they were made from | | |
/// | `area` | the box that random points lie in | | m |
/// | `params` | as for [`nnh`](super::nnh::nnh) | | |
/// | returns | clusters of random points, and p | `simulations` | – |
///
/// Time that of [`nnh`](super::nnh::nnh)'s first order, times the simulations. Source: Levine, *CrimeStat IV*, ch. 7, Monte Carlo.
///
/// # Limits
///
/// **Crime is nowhere spread evenly over a box**: a low p says that incidents keep to streets and addresses, not more.
/// The lowest p is 1 / (simulations + 1).
///
/// # Errors
///
/// [`NnhError`], also for no simulation, more than 99,999, or a box without an area.
///
/// # Examples
///
/// ```
/// use hotblocks::analysis::clusters::nnh::{NnhParams, NnhThreshold};
/// use hotblocks::analysis::clusters::nnh_test::nnh_test;
/// use hotblocks::space::bbox::LocalBox;
/// use hotblocks::space::coord::{Local, Metres};
///
/// let area = LocalBox { min: Local { x: 0.0, y: 0.0 }, max: Local { x: 1000.0, y: 1000.0 } };
/// let params = NnhParams { threshold: NnhThreshold::Fixed(Metres(20.0)), min_points: 5 };
/// let test = nnh_test(12, 100, area, &params, 99, 1)?;
/// assert!((test.p - 0.01).abs() < 1e-12); // no random points have twelve
/// # Ok::<(), hotblocks::analysis::clusters::nnh::NnhError>(())
/// ```
pub fn nnh_test(
    observed: usize,
    n: usize,
    area: LocalBox,
    params: &NnhParams,
    simulations: usize,
    seed: u64,
) -> Result<NnhTest, NnhError> {
    let (width, height) = (area.width().0, area.height().0);
    let box_is_one = width > 0.0 && height > 0.0 && width + height < 1e9;
    if !(box_is_one && (1..=MOST_SIMULATIONS).contains(&simulations)) {
        return Err(NnhError::Simulations);
    }
    if params.min_points < 2 {
        return Err(NnhError::MinPoints { given: params.min_points });
    }
    let threshold = params.threshold.distance(n)?;
    let done = steps(simulations + 1);
    let simulate = |lane: usize| {
        done.done(1);
        let mut chance = Chance::new(seed, lane as u64);
        let mut point = |_| {
            let (x, y) = (chance.unit(), chance.unit());
            Local { x: area.min.x + x * width, y: area.min.y + y * height }
        };
        let points: Vec<Local> = (0..n).map(&mut point).collect();
        let found = one_order(&points, threshold, params.min_points, MOST_MET / simulations as u64)?;
        Ok(found.len())
    };
    // The first by itself: where it is too much, the others are not even begun.
    simulate(0)?;
    let each: Vec<Result<usize, NnhError>> = (0..simulations).into_par_iter().map(simulate).collect();
    let mut simulated = each.into_iter().collect::<Result<Vec<usize>, NnhError>>()?;
    simulated.sort_unstable();
    let as_many = simulations - simulated.partition_point(|&found| found < observed);
    Ok(NnhTest { p: (as_many + 1) as f64 / (simulations + 1) as f64, simulated, seed })
}

#[cfg(test)]
mod tests {
    use super::super::nnh::NnhThreshold;
    use super::*;
    use crate::space::coord::Metres;

    fn fixed(distance: f64, min_points: usize) -> NnhParams {
        NnhParams { threshold: NnhThreshold::Fixed(Metres(distance)), min_points }
    }

    #[test]
    fn random_points_have_clusters_by_chance_alone_and_the_same_for_a_seed() {
        let area = LocalBox { min: Local::default(), max: Local { x: 1000.0, y: 500.0 } };
        let test = |threads, seed| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| nnh_test(5, 200, area, &fixed(20.0, 3), 199, seed)).expect("good input")
        };
        assert_eq!(test(1, 3), test(3, 3));
        assert_ne!(test(1, 3).simulated, test(1, 4).simulated);
        // 200 points with 0.5 expected others within 20 m: some clusters of three, not many.
        let mean = test(1, 3).simulated.iter().sum::<usize>() as f64 / 199.0;
        assert!((7.5..9.2).contains(&mean), "{mean}");
    }

    #[test]
    fn p_counts_simulations_with_as_many_clusters_and_the_data_themselves() {
        let area = LocalBox { min: Local::default(), max: Local { x: 1000.0, y: 500.0 } };
        let p = |observed| nnh_test(observed, 200, area, &fixed(20.0, 3), 19, 1).expect("good input").p;
        assert_eq!((p(0), p(200)), (1.0, 0.05));
    }

    #[test]
    fn nothing_to_simulate_is_refused() {
        let flat = LocalBox { min: Local::default(), max: Local { x: 1.0, y: 0.0 } };
        assert_eq!(nnh_test(1, 10, flat, &fixed(1.0, 2), 9, 1), Err(NnhError::Simulations));
        let square = LocalBox { max: Local { x: 1.0, y: 1.0 }, ..flat };
        for simulations in [0, 100_000] {
            let refused = nnh_test(1, 10, square, &fixed(1.0, 2), simulations, 1);
            assert_eq!(refused, Err(NnhError::Simulations));
        }
        let crowded = nnh_test(1, 2_000, square, &fixed(2.0, 2), 99_999, 1);
        assert!(matches!(crowded, Err(NnhError::Crowded { .. })), "{crowded:?}");
        assert_eq!(nnh_test(1, 10, square, &fixed(1.0, 1), 9, 1), Err(NnhError::MinPoints { given: 1 }));
    }
}
