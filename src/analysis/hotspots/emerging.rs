//! Emerging hot spots: which are new, which stay, which come and go.

use super::exact::{Own, exact_p};
use super::fdr::{Fdr, q_values};
use super::gistar::Scores;
use super::mann_kendall::{Trend, mann_kendall};
use super::values::{HotSpotError, Moments, two_sided_p};
use super::weights::Neighbors;

/// What decides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EmergingParams {
    /// Steps before the present one that are neighbors too: of the unit and of its neighbors.
    pub steps_back: usize,
    /// The rule of the false discovery rate over all bins of all steps.
    pub fdr: Fdr,
    /// A bin with a q of at most this is hot or cold.
    pub q_at_most: f64,
    /// A trend with a p of at most this is one.
    pub trend_p_at_most: f64,
    /// What a bin and its neighbors are to have in the mean for the normal law to be taken; below, p follows from all orders of
    /// the counts, where these are whole numbers: see [`NORMAL_FROM`](super::exact::NORMAL_FROM). 0 for always normal.
    pub normal_from: f64,
}

/// How a hot or cold spot came about. `H` is "hot at this step"; for cold spots read cold, and rising as falling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// H at the last step and never before.
    New,
    /// H at the last two steps or more, never before that run, at fewer than 90 % of the steps.
    Consecutive,
    /// H at 90 % of the steps or more, the last among them, and ever more so.
    Intensifying,
    /// The same without a trend.
    Persistent,
    /// The same, and ever less so.
    Diminishing,
    /// H at the last step, on and off before, at fewer than 90 % of the steps, never cold.
    Sporadic,
    /// H at the last step, at fewer than 90 % of the steps, and cold at an earlier one.
    Oscillating,
    /// Not H at the last step, but at 90 % of the steps or more.
    Historical,
}

impl Pattern {
    /// As it stands in results.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Consecutive => "consecutive",
            Self::Intensifying => "intensifying",
            Self::Persistent => "persistent",
            Self::Diminishing => "diminishing",
            Self::Sporadic => "sporadic",
            Self::Oscillating => "oscillating",
            Self::Historical => "historical",
        }
    }
}

/// Hot or cold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// More than chance.
    Hot,
    /// Less than chance.
    Cold,
}

impl Side {
    /// As it stands in results.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Hot => "hot",
            Self::Cold => "cold",
        }
    }
}

/// Every bin's z and q, and what follows for each unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Emerging {
    /// z by step, then by unit.
    pub z: Vec<Vec<f64>>,
    /// q by step, then by unit; over all bins.
    pub q: Vec<Vec<f64>>,
    /// The trend of each unit's z, from the first step on that has all its steps before it.
    pub trend: Vec<Trend>,
    /// The pattern of each unit, if it has one.
    pub pattern: Vec<Option<(Side, Pattern)>>,
    /// Whether q follows from all orders of the counts, not from the normal law.
    pub is_exact: bool,
    /// What a bin and its neighbors have together in the mean.
    pub expected: f64,
}

/// Fewer steps than this say little of a trend.
pub const FEWEST_STEPS: usize = 10;

/// Follows hot spots through time: Gi* for every bin, and the history that each unit has.
///
/// ```text
/// bin (i, t): neighbors are i and its neighbors at t and at the steps_back steps before;   Gi* over all n · T bins
/// ```
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `counts` | incidents of each step, then of each unit, zeros included | `T` × `n` | incidents |
/// | `neighbors` | who is near whom | `n` lists | – |
/// | `params` | steps back, rule and levels | | |
/// | returns | z, q and p of the trend, with the pattern of each unit | | |
///
/// Mean and variance are those of the whole cube. Null hypothesis of a bin: the values of the cube lie in any order on
/// its bins; two-sided by the normal law, or, where counts are sparse, by [`super::exact`]; q over all bins at once. The first `steps_back` steps have fewer steps before
/// them, so their z is nearer to 0 for the same counts: they are part of the history, not of the trend. Of the patterns
/// the first that fits counts, in the order of [`Pattern`]; those of 90 % that are not hot at the last
/// step are historical. Time O(T (n + links) + n T log(n T) + n T²).
/// Source: Esri, *How Emerging Hot Spot Analysis works*; Mann (1945), Kendall (1975) for the trend.
///
/// # Limits
///
/// Bins of one unit share their neighbors from step to step, so z follows itself and trends are found too easily.
///
/// # Errors
///
/// [`HotSpotError::Steps`] for fewer than [`FEWEST_STEPS`] beyond the first `steps_back`, [`HotSpotError::Level`] for a level that is none, and as
/// [`super::gistar::gi_star`] for the bins; their numbers count step by step.
pub fn emerging(
    counts: &[Vec<f64>],
    neighbors: &Neighbors,
    params: &EmergingParams,
) -> Result<Emerging, HotSpotError> {
    let (steps, units) = (counts.len(), neighbors.n_units());
    let least = FEWEST_STEPS.saturating_add(params.steps_back);
    if steps < least {
        return Err(HotSpotError::Steps { steps, least });
    }
    for level in [params.q_at_most, params.trend_p_at_most] {
        if !(level > 0.0 && level < 1.0) {
            return Err(HotSpotError::Level { level });
        }
    }
    if let Some(step) = counts.iter().find(|step| step.len() != units) {
        return Err(HotSpotError::Length { values: step.len(), units });
    }
    if neighbors.n_links() == 0 {
        return Err(HotSpotError::Islands { units });
    }
    let bins = Bins::of(counts, neighbors, params.steps_back)?;
    let z = bins.z();
    let expected = bins.expected();
    let exact = if expected < params.normal_from { bins.exact() } else { None };
    let is_exact = exact.is_some();
    let p = exact.unwrap_or_else(|| z.iter().flatten().map(|&z| two_sided_p(z)).collect());
    let q = q_values(&p, params.fdr).expect("each p is that of a z");
    let q: Vec<Vec<f64>> = q.chunks_exact(units).map(<[f64]>::to_vec).collect();
    let (mut trend, mut pattern) = (Vec::with_capacity(units), Vec::with_capacity(units));
    for unit in 0..units {
        let series: Vec<f64> = z.iter().map(|step| step[unit]).collect();
        let found = mann_kendall(&series[params.steps_back..])?;
        let side = |step: usize| side(z[step][unit], q[step][unit], params.q_at_most);
        let history: Vec<Option<Side>> = (0..steps).map(side).collect();
        pattern.push(classify(&history, &found, params.trend_p_at_most));
        trend.push(found);
    }
    Ok(Emerging { z, q, trend, pattern, is_exact, expected })
}

fn side(z: f64, q: f64, q_at_most: f64) -> Option<Side> {
    (q <= q_at_most && z != 0.0).then_some(if z > 0.0 { Side::Hot } else { Side::Cold })
}

/// The bins of the cube, step by step, with what they and their neighbors have together.
struct Bins {
    steps: usize,
    scores: Scores,
    values: Vec<f64>,
    sums: Vec<f64>,
    sizes: Vec<u32>,
}

impl Bins {
    fn of(counts: &[Vec<f64>], neighbors: &Neighbors, steps_back: usize) -> Result<Self, HotSpotError> {
        let units = neighbors.n_units();
        let values = counts.concat();
        let moments = Moments::of(&values, 2)?;
        let size = |unit: usize, step: usize| (neighbors.of(unit).len() + 1) * (step.min(steps_back) + 1);
        let last = counts.len() - 1;
        if let Some(unit) = (0..units).find(|&unit| size(unit, last) >= moments.n) {
            return Err(HotSpotError::Everyone { unit: last * units + unit, units: moments.n });
        }
        let most = (0..units).map(|unit| size(unit, last)).max().unwrap_or(1);
        let scores = Scores::new(moments, most);
        let near = |step: &Vec<f64>, unit: usize| {
            step[unit] + neighbors.of(unit).iter().map(|&to| step[to as usize]).sum::<f64>()
        };
        let of_step: Vec<Vec<f64>> =
            counts.iter().map(|step| (0..units).map(|unit| near(step, unit)).collect()).collect();
        let bins = || (0..counts.len()).flat_map(|step| (0..units).map(move |unit| (step, unit)));
        let sum = |(step, unit): (usize, usize)| {
            of_step[step - step.min(steps_back)..=step].iter().map(|sums| sums[unit]).sum()
        };
        let sums = bins().map(sum).collect();
        let sizes = bins().map(|(step, unit)| size(unit, step) as u32).collect();
        Ok(Self { steps: counts.len(), scores, values, sums, sizes })
    }

    fn z(&self) -> Vec<Vec<f64>> {
        let pairs = self.sums.iter().zip(&self.sizes);
        let z: Vec<f64> = pairs.map(|(&sum, &size)| self.scores.z(sum, size as usize)).collect();
        z.chunks_exact(z.len() / self.steps).map(<[f64]>::to_vec).collect()
    }

    /// What a bin and its neighbors have together in the mean.
    fn expected(&self) -> f64 {
        let size = self.sizes.iter().map(|&size| f64::from(size)).sum::<f64>() / self.sizes.len() as f64;
        self.scores.moments.mean * size
    }

    /// The p of each bin over all orders of the counts.
    fn exact(&self) -> Option<Vec<f64>> {
        exact_p(&self.values, &self.sums, |bin| self.sizes[bin] as usize, Own::Drawn)
    }
}

/// The pattern of a history from the first step to the last, and its side.
///
/// `trend` is that of z: a cold spot intensifies where z falls. What is cold at the last step is told as cold, also after
/// a long hot history.
///
/// ```
/// use hotblocks::analysis::hotspots::emerging::{Pattern, Side, classify};
/// use hotblocks::analysis::hotspots::mann_kendall::mann_kendall;
///
/// let mut history = [None; 12];
/// history[11] = Some(Side::Hot);
/// let flat = mann_kendall(&[0.0; 12])?;
/// assert_eq!(classify(&history, &flat, 0.05), Some((Side::Hot, Pattern::New)));
/// # Ok::<(), hotblocks::analysis::hotspots::values::HotSpotError>(())
/// ```
#[must_use]
pub fn classify(history: &[Option<Side>], trend: &Trend, trend_p_at_most: f64) -> Option<(Side, Pattern)> {
    let often = |side| 10 * history.iter().filter(|&&bin| bin == Some(side)).count() >= 9 * history.len();
    let Some(&Some(side)) = history.last() else {
        let historical = [Side::Hot, Side::Cold].into_iter().find(|&side| !history.is_empty() && often(side));
        return historical.map(|side| (side, Pattern::Historical));
    };
    let is = |bin: &Option<Side>| *bin == Some(side);
    let run = history.iter().rev().take_while(|bin| is(bin)).count();
    let before = &history[..history.len() - run];
    let pattern = if run == 1 && !before.iter().any(is) {
        Pattern::New
    } else if often(side) {
        let rises = if side == Side::Hot { trend.z } else { -trend.z };
        match trend.p <= trend_p_at_most {
            true if rises > 0.0 => Pattern::Intensifying,
            true if rises < 0.0 => Pattern::Diminishing,
            _ => Pattern::Persistent,
        }
    } else if !before.iter().any(is) {
        Pattern::Consecutive
    } else if before.iter().flatten().any(|&other| other != side) {
        Pattern::Oscillating
    } else {
        Pattern::Sporadic
    };
    Some((side, pattern))
}

#[cfg(test)]
mod tests {
    use super::super::weights::Contiguity;
    use super::*;

    fn history(bins: &str) -> Vec<Option<Side>> {
        let bin = |bin| match bin {
            'H' => Some(Side::Hot),
            'C' => Some(Side::Cold),
            _ => None,
        };
        bins.chars().map(bin).collect()
    }

    fn trend(of: i32) -> Trend {
        mann_kendall(&(0..20).map(|step| f64::from(of * step)).collect::<Vec<_>>()).expect("usable")
    }

    /// The hot case, and the same turned cold.
    fn check(bins: &str, of: i32, expected: Option<Pattern>) {
        let found = classify(&history(bins), &trend(of), 0.05);
        assert_eq!(found, expected.map(|pattern| (Side::Hot, pattern)), "{bins}");
        let turned: String = bins
            .chars()
            .map(|bin| {
                if bin == 'H' {
                    'C'
                } else if bin == 'C' {
                    'H'
                } else {
                    bin
                }
            })
            .collect();
        let found = classify(&history(&turned), &trend(-of), 0.05);
        assert_eq!(found, expected.map(|pattern| (Side::Cold, pattern)), "{turned}");
    }

    #[test]
    fn new_is_hot_at_the_last_step_and_never_before() {
        check(".........H", 1, Some(Pattern::New));
        check("..C......H", 0, Some(Pattern::New));
    }

    #[test]
    fn consecutive_is_one_run_up_to_the_last_step() {
        check("........HH", 1, Some(Pattern::Consecutive));
        check("..HHHHHHHH", 0, Some(Pattern::Consecutive));
        check("C.......HH", 0, Some(Pattern::Consecutive));
    }

    #[test]
    fn at_ninety_percent_the_trend_decides() {
        for bins in ["HHHHHHHHHH", ".HHHHHHHHH", "HHHH.HHHHH", "C.HHHHHHHHHHHHHHHHHH"] {
            check(bins, 1, Some(Pattern::Intensifying));
            check(bins, 0, Some(Pattern::Persistent));
            check(bins, -1, Some(Pattern::Diminishing));
        }
    }

    #[test]
    fn sporadic_comes_and_goes_and_oscillating_was_cold() {
        check("H........H", 0, Some(Pattern::Sporadic));
        check("HHHHHHH..H", 1, Some(Pattern::Sporadic));
        check("H..HH...HH", 0, Some(Pattern::Sporadic));
        check("H..C.....H", 0, Some(Pattern::Oscillating));
        check("CH......HH", 0, Some(Pattern::Oscillating));
    }

    #[test]
    fn historical_was_nearly_always_hot_but_is_not_now() {
        check("HHHHHHHHH.", 1, Some(Pattern::Historical));
        check("HHHHHHHHH.", 0, Some(Pattern::Historical));
    }

    #[test]
    fn anything_else_has_no_pattern() {
        check("..........", 1, None);
        check("HHHHHHHH..", 0, None);
        check("H...C.....", 0, None);
        assert_eq!(classify(&[], &trend(0), 0.05), None);
        // The last step decides which side is told.
        let found = classify(&history("HHHHHHHHHC"), &trend(0), 0.05);
        assert_eq!(found, Some((Side::Cold, Pattern::New)));
    }

    const PARAMS: EmergingParams = EmergingParams {
        steps_back: 1,
        fdr: Fdr::BenjaminiHochberg,
        q_at_most: 0.05,
        trend_p_at_most: 0.05,
        normal_from: 0.0,
    };

    /// A quiet town of 10 × 10 cells over 12 months, with four corners and the middle that have histories of their own.
    fn town() -> (Vec<Vec<f64>>, Neighbors) {
        let mut chance = crate::analysis::chance::Chance::new(6, 0);
        let hot = |cell: usize, step: usize| match (cell % 10, cell / 10) {
            (0..=1, 0..=1) => 40 * usize::from(step == 11),
            (8..=9, 0..=1) => 40 * usize::from(step >= 8),
            (0..=1, 8..=9) => 40,
            (8..=9, 8..=9) => 40 * usize::from(step < 11),
            (4..=5, 4..=5) => 60 + 6 * step,
            _ => 0,
        };
        let step =
            |step: usize| (0..100).map(|cell| hot(cell, step) as f64 + f64::from(chance.below(3))).collect();
        ((0..12).map(step).collect(), Neighbors::on_grid(10, 10, None, Contiguity::Queen).expect("usable"))
    }

    #[test]
    fn planted_histories_are_found() {
        let (counts, near) = town();
        let found = emerging(&counts, &near, &EmergingParams { steps_back: 0, ..PARAMS }).expect("usable");
        let hot = [0, 9, 99, 44]
            .map(|cell| found.pattern[cell].map(|(side, pattern)| (side.word(), pattern.word())));
        let words = ["new", "consecutive", "historical", "intensifying"].map(|word| Some(("hot", word)));
        assert_eq!(hot, words);
        assert!(matches!(found.pattern[90], Some((Side::Hot, Pattern::Persistent | Pattern::Diminishing))));
        assert_eq!(found.pattern[5], None);
    }

    #[test]
    fn a_bin_looks_back_and_never_ahead() {
        let (counts, near) = town();
        let plain = emerging(&counts, &near, &EmergingParams { steps_back: 0, ..PARAMS }).expect("usable");
        let back = emerging(&counts, &near, &PARAMS).expect("usable");
        // The corner becomes hot at the last step: with a step back, half of its neighborhood is not yet.
        assert!(back.z[11][0] < plain.z[11][0] && back.z[10][0] < 1.0);
        // The first step has none before it, so its sum is the same.
        assert!(back.z[0].iter().zip(&plain.z[0]).all(|(a, b)| (a - b).abs() < 1e-12));
    }

    #[test]
    fn what_cannot_be_followed_is_refused() {
        let (counts, near) = town();
        let refused = |counts: &[Vec<f64>], params| emerging(counts, &near, params).expect_err("refused");
        assert_eq!(refused(&counts[..10], &PARAMS), HotSpotError::Steps { steps: 10, least: 11 });
        let far = EmergingParams { steps_back: usize::MAX, ..PARAMS };
        assert_eq!(refused(&counts, &far), HotSpotError::Steps { steps: 12, least: usize::MAX });
        let level = EmergingParams { q_at_most: 1.0, ..PARAMS };
        assert_eq!(refused(&counts, &level), HotSpotError::Level { level: 1.0 });
        let flat = vec![vec![2.0; 100]; 11];
        assert_eq!(refused(&flat, &PARAMS), HotSpotError::Constant { units: 1100, value: 2.0 });
        let mut short = counts.clone();
        short[3].pop();
        assert_eq!(refused(&short, &PARAMS), HotSpotError::Length { values: 99, units: 100 });
    }
}
