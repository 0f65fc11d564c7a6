//! Period against period: each block's ratio of rates, shrunk towards the city's, with its interval.

use std::collections::HashMap;

use super::incomplete_beta::logit_beta_quantile;
use crate::model::elementary::{exp, ln};

/// How the prior of the blocks' ratios came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// By maximum likelihood.
    Likelihood,
    /// Blocks do not differ in their change by more than chance: each has the city's.
    NoEvidence,
}

/// A ratio of rates with its equal-tailed interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// Posterior median: above 1, more a day than before.
    pub ratio: f64,
    /// Lower end.
    pub lo: f64,
    /// Upper end.
    pub hi: f64,
}

impl Ratio {
    /// Which way, where the interval lies on one side of 1.
    #[must_use]
    pub fn way(&self) -> Way {
        if self.lo > 1.0 {
            Way::Up
        } else if self.hi < 1.0 {
            Way::Down
        } else {
            Way::CannotTell
        }
    }
}

/// Which way something went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// More than before.
    Up,
    /// Less.
    Down,
    /// Chance alone may have done it: the ordinary answer.
    CannotTell,
}

impl Way {
    /// As it stands in results.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::CannotTell => "cannot tell",
        }
    }
}

/// The change of every block and of all together.
#[derive(Clone, Debug, PartialEq)]
pub struct Changes {
    /// Of all blocks together.
    pub city: Ratio,
    /// Of each; `None` without an incident in either period.
    pub blocks: Vec<Option<Ratio>>,
    /// Parameters of the prior of the share of a block's incidents that are of the later period: Beta(a, b); none
    /// without evidence.
    pub prior: Option<(f64, f64)>,
    /// How it came about.
    pub how: How,
}

/// Why two periods cannot be compared.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// Different numbers of blocks.
    #[error("{before} blocks before and {now} now are not the same blocks")]
    Length {
        /// Before.
        before: usize,
        /// Now.
        now: usize,
    },
    /// A period that was not observed.
    #[error("the {which} period has {days} observed days; give one of which the data know at least a day")]
    Days {
        /// `earlier` or `later`.
        which: &'static str,
        /// How many.
        days: f64,
    },
    /// A period without incidents.
    #[error(
        "the {which} period has no incident; a ratio to nothing says nothing: give a longer period or more categories"
    )]
    NoIncidents {
        /// `earlier` or `later`.
        which: &'static str,
    },
    /// A level that is none.
    #[error("an interval of {level} cannot be used; give one above 0 and below 1, e.g. 0.9")]
    Level {
        /// What was given.
        level: f64,
    },
}

/// Compares every block's rate in two periods, shrunk towards the change of the city.
///
/// ```text
/// y₁ | n = y₀ + y₁  ~  Binomial(n, π),    π = θ t₁ / (θ t₁ + t₀),    π ~ Beta(a, b) over blocks
/// θ | y  =  (t₀ / t₁) · π / (1 − π),      π | y ~ Beta(a + y₁, b + y₀);     its median and equal-tailed interval
/// ```
///
/// Given how many incidents a block has in both periods together, its level drops out, and what is left is the share of
/// them that are of the later one. (a, b) are found by maximum likelihood over all blocks (beta–binomial): where blocks
/// scarcely differ in their change, each is drawn close to the city's.
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `before`, `now` | incidents of every block in the earlier and the later period | `m` | incidents |
/// | `days` | observed days of the earlier and the later period | – | days |
/// | `level` | of the intervals, e.g. 0.9 | – | – |
/// | returns | ratio and interval of each block, and of the city | `m` | later over earlier, per day |
///
/// Time O(m + distinct pairs of counts). Source: Przyborowski & Wilenski (1940), *Biometrika* 31 (the conditional test of
/// two Poisson counts); Skellam (1948), *JRSS B* 10(2), Griffiths (1973), *Biometrics* 29(4) (beta–binomial, maximum
/// likelihood); Efron (2010), *Large-Scale Inference*, ch. 1 (shrinkage does away with the winner's curse).
///
/// # Limits
///
/// A block that was chosen because it was high is drawn back by the prior, but a prior knows no block by name: whether a
/// program did it takes a comparison group. Ratios are taken to spread alike in quiet and busy blocks. The city's
/// interval is that of Jeffreys for two Poisson totals; it does not know that years differ.
///
/// # Errors
///
/// [`ChangeError`] for periods that were not observed or have no incident at all, and for a level that is none.
///
/// # Examples
///
/// A city in which nothing changed but chance: a block that went from 1 to 4 did not grow fourfold.
///
/// ```
/// use hotblocks::rank::change::{How, Way, changes};
///
/// let (before, now) = ([1, 3, 2, 4, 2, 3], [4, 2, 3, 1, 3, 2]);
/// let found = changes(&before, &now, (365.0, 365.0), 0.9)?;
/// assert_eq!(found.how, How::NoEvidence);
/// let first = found.blocks[0].expect("it has incidents");
/// assert!(first.ratio < 1.1 && first.way() == Way::CannotTell);
/// # Ok::<(), hotblocks::rank::change::ChangeError>(())
/// ```
pub fn changes(before: &[u32], now: &[u32], days: (f64, f64), level: f64) -> Result<Changes, ChangeError> {
    if before.len() != now.len() {
        return Err(ChangeError::Length { before: before.len(), now: now.len() });
    }
    for (which, days) in [("earlier", days.0), ("later", days.1)] {
        if !(days > 0.0 && days.is_finite()) {
            return Err(ChangeError::Days { which, days });
        }
    }
    if !(level > 0.0 && level < 1.0) {
        return Err(ChangeError::Level { level });
    }
    let totals = [before, now].map(|counts| counts.iter().map(|&n| f64::from(n)).sum::<f64>());
    for (which, total) in ["earlier", "later"].into_iter().zip(totals) {
        if total == 0.0 {
            return Err(ChangeError::NoIncidents { which });
        }
    }
    let ratio_of = |a: f64, b: f64| {
        let ratio = |p: f64| exp(logit_beta_quantile(a, b, p)) * days.0 / days.1;
        Ratio { ratio: ratio(0.5), lo: ratio((1.0 - level) / 2.0), hi: ratio((1.0 + level) / 2.0) }
    };
    let city = ratio_of(totals[1] + 0.5, totals[0] + 0.5);
    let prior = beta_binomial(before, now, totals);
    let mut known: HashMap<(u32, u32), Ratio> = HashMap::new();
    let mut one = |(&y0, &y1): (&u32, &u32)| {
        (y0 > 0 || y1 > 0).then(|| match prior {
            None => city,
            Some((a, b)) => {
                *known.entry((y0, y1)).or_insert_with(|| ratio_of(a + f64::from(y1), b + f64::from(y0)))
            }
        })
    };
    let blocks = before.iter().zip(now).map(&mut one).collect();
    let how = if prior.is_some() { How::Likelihood } else { How::NoEvidence };
    Ok(Changes { city, blocks, prior, how })
}

/// a + b beyond which blocks count as alike: a block with a hundred incidents is then drawn to the city's by 99.99 %.
const ALIKE: f64 = 1e6;

/// And the least of it: below, every block is all of one period.
const APART: f64 = 0.01;

/// (a, b) of the beta–binomial law by maximum likelihood; `None` where none beats one share for all.
///
/// For a given a + b the likelihood is concave in the mean, which is found by bisection; a + b by a grid and golden
/// section over its logarithm.
fn beta_binomial(before: &[u32], now: &[u32], totals: [f64; 2]) -> Option<(f64, f64)> {
    let tails = Tails {
        now: tails(now.iter().copied()),
        before: tails(before.iter().copied()),
        both: tails(before.iter().zip(now).map(|(a, b)| a.saturating_add(*b))),
    };
    let all = totals[0] + totals[1];
    let alike = totals[1] * ln(totals[1] / all) + totals[0] * ln(totals[0] / all);
    let (from, to) = (ln(APART), ln(ALIKE));
    const GRID: usize = 48;
    let step = (to - from) / GRID as f64;
    let at = |log: f64| tails.profile(exp(log));
    let best = (0..=GRID).map(|i| from + step * i as f64).max_by(|a, b| at(*a).1.total_cmp(&at(*b).1))?;
    let (mut low, mut high) = ((best - step).max(from), (best + step).min(to));
    let golden = (5f64.sqrt() - 1.0) / 2.0;
    while high - low > 1e-10 {
        let (left, right) = (high - golden * (high - low), low + golden * (high - low));
        if at(left).1 >= at(right).1 {
            high = right;
        } else {
            low = left;
        }
    }
    let log = f64::midpoint(low, high);
    let (mean, likelihood) = at(log);
    let sum = exp(log);
    (sum < 0.99 * ALIKE && likelihood > alike).then_some((sum * mean, sum * (1.0 - mean)))
}

/// How many blocks have more than 0, 1, 2 … incidents.
struct Tails {
    now: Vec<f64>,
    before: Vec<f64>,
    both: Vec<f64>,
}

fn tails(counts: impl Iterator<Item = u32>) -> Vec<f64> {
    let mut with: Vec<f64> = Vec::new();
    for count in counts {
        let count = count as usize;
        if with.len() < count {
            with.resize(count, 0.0);
        }
        if count > 0 {
            with[count - 1] += 1.0;
        }
    }
    for at in (0..with.len().saturating_sub(1)).rev() {
        with[at] += with[at + 1];
    }
    with
}

impl Tails {
    /// The best mean for a sum of a and b, and the likelihood there.
    ///
    /// `ln L = Σₖ T₁(k) ln(a + k) + Σₖ T₀(k) ln(b + k) − Σₖ T(k) ln(a + b + k)`, T the numbers of blocks with more than k.
    fn profile(&self, sum: f64) -> (f64, f64) {
        let over = |tails: &[f64], from: f64| {
            (0u32..).zip(tails).map(|(k, n)| n / (from + f64::from(k))).sum::<f64>()
        };
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..60 {
            let mean = f64::midpoint(low, high);
            if over(&self.now, sum * mean) > over(&self.before, sum * (1.0 - mean)) {
                low = mean;
            } else {
                high = mean;
            }
        }
        let mean = f64::midpoint(low, high);
        let logs = |tails: &[f64], from: f64| {
            (0u32..).zip(tails).map(|(k, n)| n * ln(from + f64::from(k))).sum::<f64>()
        };
        let likelihood =
            logs(&self.now, sum * mean) + logs(&self.before, sum * (1.0 - mean)) - logs(&self.both, sum);
        (mean, likelihood)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::chance::Chance;

    /// Incidents of one block in a year: so many chances of one each.
    fn incidents(mean: f64, chance: &mut Chance) -> u32 {
        (0..10_000).filter(|_| chance.unit() < mean / 10_000.0).count() as u32
    }

    #[test]
    fn where_nothing_changed_no_block_did() {
        let mut chance = Chance::new(11, 0);
        let (mut before, mut now) = (Vec::new(), Vec::new());
        for block in 0..200 {
            let mean = f64::from(block % 10);
            before.push(incidents(mean, &mut chance));
            now.push(incidents(mean, &mut chance));
        }
        let found = changes(&before, &now, (365.0, 365.0), 0.9).expect("two periods");
        let told = found.blocks.iter().flatten().filter(|r| r.way() != Way::CannotTell).count();
        assert_eq!(told, 0, "{:?}", found.prior);
        // Counted alone, the block that grew most grew many times over.
        let most = found.blocks.iter().flatten().map(|r| r.ratio).fold(0.0, f64::max);
        assert!(most < 1.3, "{most}");
    }

    #[test]
    fn a_block_that_truly_changed_is_told() {
        let mut before = vec![10; 100];
        let mut now = vec![10; 100];
        (before[3], now[3]) = (5, 60);
        (before[4], now[4]) = (60, 5);
        let found = changes(&before, &now, (365.0, 365.0), 0.9).expect("two periods");
        let way = |at: usize| found.blocks[at].expect("it has incidents").way();
        assert_eq!((way(3), way(4), way(5)), (Way::Up, Way::Down, Way::CannotTell));
        let third = found.blocks[3].expect("it has incidents");
        // Counted plainly it would be twelve times as many.
        assert!(third.ratio < 10.0 && third.lo < third.ratio && third.ratio < third.hi, "{third:?}");
    }

    #[test]
    fn periods_of_different_length_are_compared_by_the_day() {
        let (before, now): (Vec<u32>, Vec<u32>) = ((0..50).map(|n| 8 + n % 3).collect(), vec![3; 50]);
        let found = changes(&before, &now, (1096.0, 365.0), 0.9).expect("two periods");
        assert!((found.city.ratio - 1.0).abs() < 0.1, "{:?}", found.city);
        let plain = changes(&before, &now, (365.0, 365.0), 0.9).expect("two periods");
        assert!((plain.city.ratio / found.city.ratio - 365.0 / 1096.0).abs() < 1e-12);
    }

    #[test]
    fn the_other_way_round_the_ratio_is_turned_over() {
        let before: Vec<u32> = (0..80).map(|n| (n * 7) % 13).collect();
        let now: Vec<u32> = (0..80).map(|n| (n * 5 + 2) % 17).collect();
        let there = changes(&before, &now, (365.0, 300.0), 0.9).expect("two periods");
        let back = changes(&now, &before, (300.0, 365.0), 0.9).expect("two periods");
        for (a, b) in there.blocks.iter().zip(&back.blocks) {
            let (Some(a), Some(b)) = (a, b) else { panic!("each has incidents but the first: {a:?} {b:?}") };
            assert!((a.ratio * b.ratio - 1.0).abs() < 1e-6 && (a.lo * b.hi - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn a_block_without_incidents_has_no_ratio_and_one_that_is_new_has_a_finite_one() {
        let found =
            changes(&[0, 0, 9, 8, 30, 2], &[0, 7, 9, 30, 8, 0], (365.0, 365.0), 0.9).expect("periods");
        assert_eq!(found.blocks[0], None);
        for ratio in found.blocks.iter().flatten() {
            assert!(ratio.lo > 0.0 && ratio.hi.is_finite() && ratio.lo <= ratio.ratio, "{ratio:?}");
        }
    }

    #[test]
    fn what_cannot_be_compared_is_refused() {
        let refused = |before: &[u32], now: &[u32], days, level| {
            changes(before, now, days, level).expect_err("refused").to_string()
        };
        assert!(refused(&[1], &[1, 2], (1.0, 1.0), 0.9).contains("same blocks"));
        assert!(refused(&[1], &[1], (0.0, 1.0), 0.9).contains("earlier"));
        assert!(refused(&[1], &[1], (1.0, f64::NAN), 0.9).contains("later"));
        assert!(refused(&[0], &[1], (1.0, 1.0), 0.9).contains("earlier"));
        assert!(refused(&[1], &[0], (1.0, 1.0), 0.9).contains("later"));
        assert!(refused(&[1], &[1], (1.0, 1.0), 1.0).contains("0.9"));
    }

    #[test]
    fn one_block_has_the_change_of_the_city() {
        let found = changes(&[10], &[20], (365.0, 365.0), 0.9).expect("two periods");
        assert_eq!((found.how, found.blocks[0]), (How::NoEvidence, Some(found.city)));
    }
}
