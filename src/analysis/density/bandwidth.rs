//! Bandwidths by named rules, so that none is chosen silently.

use super::cross_validation as cv;
use super::kernel::Kernel;
use crate::space::bbox::LocalBox;
use crate::space::coord::{Local, Metres};

/// A rule that reads a bandwidth from the incidents.
///
/// Rules differ by factors on one data set, so the answer always names the rule, and none is the default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// `σ = √(sd_x sd_y) · n^(−1/6)`. Scott (1992), *Multivariate Density Estimation*, eq. 6.42.
    Scott,
    /// `σ = √(b_x b_y)` with `b = 0.9 min(sd, IQR / 1.34) n^(−1/5)` along each axis: far outliers do not widen it.
    /// Silverman (1986), *Density Estimation*, eq. 3.31; his eq. 4.14 in two dimensions is Scott's rule.
    Silverman,
    /// Least mean square error of the intensity. Berman & Diggle (1989), *JRSS-B* 51; Diggle (1985), *Applied Statistics* 34.
    Diggle,
    /// Each incident is told best by the others. Loader (1999), *Local Regression and Likelihood*.
    Likelihood,
    /// The reciprocals of the densities add up to the area. Cronie & van Lieshout (2018), *Biometrika* 105.
    CronieVanLieshout,
}

impl Rule {
    /// All rules.
    pub const ALL: [Self; 5] =
        [Self::Scott, Self::Silverman, Self::Diggle, Self::Likelihood, Self::CronieVanLieshout];

    /// As it stands in flags and results.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Scott => "scott",
            Self::Silverman => "silverman",
            Self::Diggle => "diggle",
            Self::Likelihood => "likelihood",
            Self::CronieVanLieshout => "cronie-van-lieshout",
        }
    }
}

/// What a rule chose.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chosen {
    /// The rule.
    pub rule: Rule,
    /// Standard deviation of the kernel along one axis.
    pub sigma: Metres,
    /// The smallest and the largest σ that were tried, and how many; `None` for a rule without a search.
    pub searched: Option<(Metres, Metres, usize)>,
    /// Whether the best σ lies at an end of what was searched: then the rule has not found an optimum.
    pub at_end: bool,
}

impl Chosen {
    /// The bandwidth with which a kernel has this standard deviation: √8 σ, a radius, for the quartic.
    #[must_use]
    pub fn bandwidth(&self, kernel: Kernel) -> Metres {
        kernel.bandwidth(self.sigma)
    }
}

/// A standard deviation across a line below which all points lie on it, in metres.
const ON_LINE: f64 = 0.01;

/// Why a rule has no answer.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BandwidthError {
    /// Too few incidents, or all on one spot or line.
    #[error(
        "the rule `{rule}` finds no bandwidth for {points} points: they have no spread, or lie on one line from west to east or from south to north; give a bandwidth"
    )]
    Spread {
        /// The rule.
        rule: &'static str,
        /// How many points there are.
        points: usize,
    },
    /// So many incidents that the comparison of all pairs would not end.
    #[error(
        "the rule `{rule}` compares all pairs and takes up to {most} points, not {points}; use `scott` or `silverman`, or a shorter period"
    )]
    TooMany {
        /// The rule.
        rule: &'static str,
        /// How many points there are.
        points: usize,
        /// How many it takes.
        most: usize,
    },
    /// A coordinate is not a number, or lies outside the study area.
    #[error("point {index} does not lie in the study area's rectangle")]
    Outside {
        /// Position of the point, from 0.
        index: usize,
    },
    /// The rectangle has no area.
    #[error("a study area of {width} by {height} has no area; give one with both sides above 0 m")]
    Area {
        /// From west to east.
        width: Metres,
        /// From south to north.
        height: Metres,
    },
}

/// The bandwidth that a rule chooses for incidents in a rectangle.
///
/// | rule | σ |
/// |---|---|
/// | [`Rule::Scott`], [`Rule::Silverman`] | as their docs say |
/// | [`Rule::Diggle`] | of 255 steps up to rmax/4 the least [`diggle_scores`](cv::diggle_scores) |
/// | [`Rule::Likelihood`] | of 32 steps the highest [`likelihood_scores`](cv::likelihood_scores) |
/// | [`Rule::CronieVanLieshout`] | of 32 steps the least [`cronie_scores`](cv::cronie_scores) |
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `points` | where the incidents lie, one for each | `n` | m |
/// | `window` | rectangle of the study area; Scott and Silverman do not ask it | | m |
/// | returns | σ, and what was searched | | m |
///
/// The 32 steps are geometric, from the nearest distance of a point that has its place to itself to half the diagonal,
/// as in spatstat. Time O(n) for Scott, O(n log n) for Silverman, O(n²) for the others.
/// Same as spatstat's `bw.scott(isotropic = TRUE)`, R's `bw.nrd0` along the axes, and spatstat's `bw.diggle(correction =
/// "isotropic")`, `bw.ppl(ns = 32, shortcut = TRUE)` and `bw.CvL(ns = 32)`.
///
/// # Limits
///
/// **The rules contradict each other** (18, 64, 134 m for one set of 100 points): try several, look at the maps, and judge by
/// later incidents. Incidents that share a place (geocoded addresses) pull Diggle's and the likelihood rule to the smallest
/// σ that is tried; `at_end` tells. The study area is taken as a rectangle.
///
/// # Errors
///
/// [`BandwidthError`].
///
/// # Examples
///
/// ```
/// use hotblocks::analysis::density::bandwidth::{Rule, bandwidth};
/// use hotblocks::analysis::density::kernel::Kernel;
/// use hotblocks::space::bbox::LocalBox;
/// use hotblocks::space::coord::Local;
///
/// let points = [(0., 0.), (40., 10.), (10., 80.), (90., 60.)].map(|(x, y)| Local { x, y });
/// let window = LocalBox { min: Local { x: 0., y: 0. }, max: Local { x: 100., y: 100. } };
/// let chosen = bandwidth(&points, window, Rule::Scott)?;
/// assert!((chosen.sigma.0 - 31.357_636).abs() < 1e-6); // spatstat: bw.scott(X, isotropic = TRUE)
/// assert!((chosen.bandwidth(Kernel::Quartic).0 - 88.692_789).abs() < 1e-6); // √8 times as much
/// # Ok::<(), hotblocks::analysis::density::bandwidth::BandwidthError>(())
/// ```
pub fn bandwidth(points: &[Local], window: LocalBox, rule: Rule) -> Result<Chosen, BandwidthError> {
    let finite = |p: &Local| p.x.is_finite() && p.y.is_finite();
    if let Some(index) = points.iter().position(|p| !finite(p)) {
        return Err(BandwidthError::Outside { index });
    }
    let no_spread = BandwidthError::Spread { rule: rule.word(), points: points.len() };
    // Sums in one order, whatever the order of the input.
    let mut points = points.to_vec();
    points.sort_unstable_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
    let found = |sigma: f64, searched| Chosen { rule, sigma: Metres(sigma), searched, at_end: false };
    let across = deviation(&points, |p| p.x).min(deviation(&points, |p| p.y));
    let chosen = match rule {
        // Places are known to a centimetre: what lies closer to a line lies on it.
        Rule::Scott | Rule::Silverman if across < ON_LINE => return Err(no_spread),
        Rule::Scott => {
            let n = points.len() as f64;
            found(
                (deviation(&points, |p| p.x) * deviation(&points, |p| p.y)).sqrt() * n.powf(-1.0 / 6.0),
                None,
            )
        }
        Rule::Silverman => found((axis_rule(&points, |p| p.x) * axis_rule(&points, |p| p.y)).sqrt(), None),
        Rule::Diggle => {
            let (sigmas, scores) = cv::diggle_scores(&points, window)?;
            cv::steps(&points, window).ok_or(no_spread)?;
            best(rule, &sigmas, &scores.iter().map(|m| -m).collect::<Vec<_>>()).ok_or(no_spread)?
        }
        Rule::Likelihood | Rule::CronieVanLieshout => {
            let sigmas = cv::steps(&points, window).ok_or(no_spread)?;
            let scores = match rule {
                Rule::Likelihood => cv::likelihood_scores(&points, window, &sigmas)?,
                _ => {
                    let scores = cv::cronie_scores(&points, window, &sigmas)?;
                    scores.into_iter().map(|score| score.map(|s| -s)).collect()
                }
            };
            let scores: Vec<f64> = scores.into_iter().map(|s| s.unwrap_or(f64::NEG_INFINITY)).collect();
            best(rule, &sigmas, &scores).ok_or(no_spread)?
        }
    };
    if chosen.sigma.0 > 0.0 && chosen.sigma.0.is_finite() { Ok(chosen) } else { Err(no_spread) }
}

/// The σ of the highest score, the first of equals.
fn best(rule: Rule, sigmas: &[f64], scores: &[f64]) -> Option<Chosen> {
    let mut at: Option<usize> = None;
    for (k, score) in scores.iter().enumerate().filter(|(_, score)| **score > f64::NEG_INFINITY) {
        if at.is_none_or(|at| *score > scores[at]) {
            at = Some(k);
        }
    }
    let (at, last) = (at?, sigmas.len() - 1);
    Some(Chosen {
        rule,
        sigma: Metres(sigmas[at]),
        searched: Some((Metres(sigmas[0]), Metres(sigmas[last]), sigmas.len())),
        at_end: at == 0 || at == last,
    })
}

/// Standard deviation with n − 1; 0 for fewer than two.
fn deviation(points: &[Local], axis: impl Fn(&Local) -> f64) -> f64 {
    let n = points.len() as f64;
    if n < 2.0 {
        return 0.0;
    }
    let mean = points.iter().map(&axis).sum::<f64>() / n;
    (points.iter().map(|p| (axis(p) - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()
}

/// 0.9 min(sd, IQR / 1.34) n^(−1/5); where the middle half lies on one spot, the deviation alone.
fn axis_rule(points: &[Local], axis: impl Fn(&Local) -> f64) -> f64 {
    let sd = deviation(points, &axis);
    let mut values: Vec<f64> = points.iter().map(&axis).collect();
    values.sort_unstable_by(f64::total_cmp);
    let low = match (quantile(&values, 0.75) - quantile(&values, 0.25)) / 1.34 {
        iqr if iqr > 0.0 => iqr.min(sd),
        _ => sd,
    };
    0.9 * low * (points.len() as f64).powf(-0.2)
}

/// R's quantile of type 7; 0 of nothing.
fn quantile(sorted: &[f64], p: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let at = p * last as f64;
    let (low, part) = (at.floor() as usize, at.fract());
    let high = sorted[(low + 1).min(last)];
    sorted[low] + part * (high - sorted[low])
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: LocalBox = LocalBox { min: Local { x: 0.0, y: 0.0 }, max: Local { x: 1000.0, y: 1000.0 } };

    #[test]
    fn points_without_spread_are_refused_by_every_rule() {
        let spot = [Local { x: 5.0, y: 5.0 }; 9];
        for rule in Rule::ALL {
            for points in [&[][..], &spot[..1], &spot[..]] {
                let found = bandwidth(points, WINDOW, rule);
                assert!(matches!(found, Err(BandwidthError::Spread { .. })), "{rule:?} {found:?}");
            }
        }
    }

    #[test]
    fn points_on_a_line_have_no_spread_across_it() {
        let wobble = |i: u32| f64::from(i % 7) * 1e-7;
        for rule in [Rule::Scott, Rule::Silverman] {
            let line: Vec<Local> =
                (0..60).map(|i| Local { x: 9.0 * f64::from(i), y: 500.0 + wobble(i) }).collect();
            let turned: Vec<Local> = line.iter().map(|p| Local { x: p.y, y: p.x }).collect();
            for points in [line, turned] {
                let found = bandwidth(&points, WINDOW, rule).expect_err("a hair's breadth");
                assert!(found.to_string().contains("one line"), "{found}");
            }
            let thick: Vec<Local> =
                (0..60).map(|i| Local { x: 9.0 * f64::from(i), y: f64::from(i % 7) }).collect();
            assert!(bandwidth(&thick, WINDOW, rule).is_ok());
        }
    }

    #[test]
    fn what_lies_outside_or_has_no_area_is_refused() {
        let points = [Local { x: 5.0, y: 5.0 }, Local { x: 1e4, y: 5.0 }];
        let flat = LocalBox { max: Local { x: 1e5, y: 0.0 }, ..WINDOW };
        for rule in [Rule::Diggle, Rule::Likelihood, Rule::CronieVanLieshout] {
            assert_eq!(bandwidth(&points, WINDOW, rule), Err(BandwidthError::Outside { index: 1 }));
            assert!(matches!(bandwidth(&points, flat, rule), Err(BandwidthError::Area { .. })));
        }
        let nowhere = [Local { x: f64::NAN, y: 5.0 }];
        assert_eq!(bandwidth(&nowhere, WINDOW, Rule::Scott), Err(BandwidthError::Outside { index: 0 }));
    }

    #[test]
    fn too_many_points_for_all_pairs_are_refused_with_the_bound() {
        let many: Vec<Local> =
            (0..=cv::MOST_POINTS).map(|i| Local { x: i as f64 % 1000.0, y: i as f64 / 1e3 }).collect();
        let found = bandwidth(&many, WINDOW, Rule::Likelihood);
        assert!(matches!(found, Err(BandwidthError::TooMany { most: cv::MOST_POINTS, .. })), "{found:?}");
        assert!(bandwidth(&many, WINDOW, Rule::Scott).is_ok());
    }
}
