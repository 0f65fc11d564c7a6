//! The scores by which bandwidth rules that search compare bandwidths.

use std::f64::consts::PI;

use libm::erfc;
use rayon::prelude::*;

use super::bandwidth::BandwidthError;
use crate::progress::{self, checkpoint};
use crate::space::bbox::LocalBox;
use crate::space::coord::Local;

/// How many points the rules that compare all pairs take: on two cores that is a matter of seconds.
pub const MOST_POINTS: usize = 10_000;

/// How many bandwidths are compared by the likelihood and by Cronie & van Lieshout's rule.
pub const STEPS: usize = 32;

/// At how many distances the K-function is taken for Diggle's rule.
const DISTANCES: usize = 512;

/// The likelihood of each point from all others, for every σ; `None` where some point has no others in reach.
///
/// ```text
/// Σᵢ log( Σ_{j≠i} K_σ(sᵢ − sⱼ) / ∫_W K_σ(v − sᵢ) dv ),   K_σ Gaussian
/// ```
///
/// Without the integral of the surface, which is near n for every σ; so does spatstat with `shortcut = TRUE`, its default since 3.1.
///
/// # Errors
///
/// [`BandwidthError`] for points outside the window, too many of them, or a window without area.
pub fn likelihood_scores(
    points: &[Local],
    window: LocalBox,
    sigmas: &[f64],
) -> Result<Vec<Option<f64>>, BandwidthError> {
    check("likelihood", points, window)?;
    let points = &sorted(points)[..];
    let score = |&sigma: &f64| {
        let logs = each(
            points,
            sigma,
            |p, sum| {
                let inside = mass(p.x, window.min.x, window.max.x, sigma)
                    * mass(p.y, window.min.y, window.max.y, sigma);
                (sum / inside).ln()
            },
            0.0,
        );
        let total: f64 = logs.iter().sum();
        (total.is_finite() && points.len() > 1).then_some(total)
    };
    Ok(sigmas.iter().map(score).collect())
}

/// How far the reciprocals of the densities are from the area, for every σ.
///
/// ```text
/// (Σᵢ 1 / Σⱼ K_σ(sᵢ − sⱼ) − |W|)²,   j = i included, without edge correction
/// ```
///
/// # Errors
///
/// As [`likelihood_scores`].
pub fn cronie_scores(
    points: &[Local],
    window: LocalBox,
    sigmas: &[f64],
) -> Result<Vec<Option<f64>>, BandwidthError> {
    check("cronie-van-lieshout", points, window)?;
    let points = &sorted(points)[..];
    let area = window.width().0 * window.height().0;
    let score = |&sigma: &f64| {
        let own = 1.0 / (2.0 * PI * sigma * sigma);
        let total: f64 = each(points, sigma, |_, sum| 1.0 / sum, own).iter().sum();
        let score = (total - area).powi(2);
        score.is_finite().then_some(score)
    };
    Ok(sigmas.iter().map(score).collect())
}

/// From west to east, so that every sum is taken in one order, whatever the order of the input.
fn sorted(points: &[Local]) -> Vec<Local> {
    let mut points = points.to_vec();
    points.sort_unstable_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
    points
}

/// For each point `what` of the sum of all other points' Gaussians there, and of `own`.
fn each(points: &[Local], sigma: f64, what: impl Fn(&Local, f64) -> f64 + Sync, own: f64) -> Vec<f64> {
    let (scale, height) = (-1.0 / (2.0 * sigma * sigma), 1.0 / (2.0 * PI * sigma * sigma));
    let done = progress::steps(points.len());
    let one = |(i, p): (usize, &Local)| {
        done.done(1);
        let near = |q: &Local| {
            let (dx, dy) = (p.x - q.x, p.y - q.y);
            (scale * (dx * dx + dy * dy)).exp()
        };
        let sum = points[..i].iter().map(near).sum::<f64>() + points[i + 1..].iter().map(near).sum::<f64>();
        what(p, sum * height + own)
    };
    points.par_iter().enumerate().map(one).collect()
}

/// How much of a Gaussian around a place lies from a to b.
fn mass(at: f64, a: f64, b: f64, sigma: f64) -> f64 {
    let below = |x: f64| 0.5 * erfc(-x / (sigma * std::f64::consts::SQRT_2));
    below(b - at) - below(a - at)
}

/// The bandwidths that are compared: geometric steps from the least distance of a point that has its place to itself
/// (where none has, of two places) to half the window's diagonal; `None` without two places.
pub(super) fn steps(points: &[Local], window: LocalBox) -> Option<Vec<f64>> {
    let mut places: Vec<(Local, u32)> = Vec::new();
    // Sorted by x, then y.
    for &p in points {
        match places.last_mut() {
            Some((last, n)) if *last == p => *n += 1,
            _ => places.push((p, 1)),
        }
    }
    let nearest = |i: usize| {
        let at = places[i].0;
        let mut best = f64::INFINITY;
        for q in places[..i].iter().rev().map(|q| q.0) {
            if at.x - q.x >= best {
                break;
            }
            best = best.min(at.distance(q).0);
        }
        for q in places[i + 1..].iter().map(|q| q.0) {
            if q.x - at.x >= best {
                break;
            }
            best = best.min(at.distance(q).0);
        }
        best
    };
    let least = |single: bool| {
        (0..places.len()).filter(|&i| !single || places[i].1 == 1).map(nearest).fold(f64::INFINITY, f64::min)
    };
    let from = Some(least(true)).filter(|d| d.is_finite()).unwrap_or_else(|| least(false));
    let to = window.width().0.hypot(window.height().0) / 2.0;
    let step = |k: usize| from * (to / from).powf(k as f64 / (STEPS - 1) as f64);
    (from.is_finite() && to.is_finite()).then(|| (0..STEPS).map(step).collect())
}

/// The mean square error of Gaussian-like smoothing less a constant, with its bandwidths σ = r/2.
///
/// ```text
/// M(r) = (1/λ − 2 K(r)) / (π r²) + ∫ φ(x, r) dK(x) / (2π) / (π r²)²
/// φ(x, r) = 4π r² (acos y − y √(1 − y²)),   y = min(1, x / 2r)
/// ```
///
/// K is Ripley's K with his isotropic edge correction (weights of at most 100) at 512 distances up to
/// rmax = min(short side / 4, √(1000 / πλ)); M up to half of that. A σ is r/2, the deviation of a uniform disc of radius r.
///
/// # Errors
///
/// As [`likelihood_scores`].
pub fn diggle_scores(points: &[Local], window: LocalBox) -> Result<(Vec<f64>, Vec<f64>), BandwidthError> {
    check("diggle", points, window)?;
    let points = &sorted(points)[..];
    let n = points.len() as f64;
    let area = window.width().0 * window.height().0;
    let lambda = n / area;
    let rmax = (window.width().0.min(window.height().0) / 4.0).min((1000.0 / (PI * lambda)).sqrt());
    if points.len() < 2 {
        return Ok((Vec::new(), Vec::new()));
    }
    let k = k_function(points, window, rmax);
    let r = |i: usize| rmax * i as f64 / (DISTANCES - 1) as f64;
    let phi = |x: f64, h: f64| {
        let y = (x / (2.0 * h)).min(1.0);
        4.0 * PI * h * h * (y.acos() - y * (1.0 - y * y).sqrt())
    };
    let scores = (1..DISTANCES).take_while(|&i| r(i) <= rmax / 2.0).map(|i| {
        let j: f64 =
            (0..DISTANCES - 1).map(|j| phi(r(j), r(i)) * (k[j + 1] - k[j])).sum::<f64>() / (2.0 * PI);
        let disc = PI * r(i) * r(i);
        (r(i) / 2.0, (1.0 / lambda - 2.0 * k[i]) / disc + j / (disc * disc))
    });
    Ok(scores.unzip())
}

/// Ripley's K at the distances, isotropic edge correction in a rectangle; points sorted by x.
fn k_function(points: &[Local], window: LocalBox, rmax: f64) -> Vec<f64> {
    let step = rmax / (DISTANCES - 1) as f64;
    let count = |i: usize| {
        let mut bins = vec![0.0; DISTANCES];
        let p = points[i];
        let mut pair = |q: &Local| {
            let d = p.distance(*q).0;
            let bin = (d / step).ceil() as usize;
            if bin < DISTANCES {
                bins[bin] += ripley_weight(p, d, window);
            }
        };
        points[..i].iter().rev().take_while(|q| p.x - q.x <= rmax).for_each(&mut pair);
        points[i + 1..].iter().take_while(|q| q.x - p.x <= rmax).for_each(&mut pair);
        bins
    };
    // Blocks of a fixed size, added in their order: the same sums with any number of threads.
    let blocks: Vec<usize> = (0..points.len()).step_by(256).collect();
    let sums: Vec<Vec<f64>> = (blocks.par_iter())
        .map(|&from| {
            checkpoint();
            let mut sum = vec![0.0; DISTANCES];
            for i in from..(from + 256).min(points.len()) {
                sum.iter_mut().zip(count(i)).for_each(|(to, c)| *to += c);
            }
            sum
        })
        .collect();
    let n = points.len() as f64;
    let per_pair = window.width().0 * window.height().0 / (n * (n - 1.0));
    let mut so_far = 0.0;
    (0..DISTANCES)
        .map(|k| {
            so_far += sums.iter().map(|sum| sum[k]).sum::<f64>();
            so_far * per_pair
        })
        .collect()
}

/// 1 / the share of the circle around a point that lies in the rectangle, at most 100.
fn ripley_weight(p: Local, r: f64, window: LocalBox) -> f64 {
    if r == 0.0 {
        return 1.0;
    }
    let (left, right) = (p.x - window.min.x, window.max.x - p.x);
    let (down, up) = (p.y - window.min.y, window.max.y - p.y);
    let hang = |d: f64| if d < r { (d / r).acos() } else { 0.0 };
    let arc = |d: f64, sides: [f64; 2]| sides.map(|side| hang(d).min(side.atan2(d))).iter().sum::<f64>();
    let mut outside =
        arc(left, [up, down]) + arc(right, [up, down]) + arc(up, [left, right]) + arc(down, [left, right]);
    if [left, right, up, down].iter().filter(|d| **d < f64::EPSILON).count() >= 2 {
        outside += PI / 2.0;
    }
    (1.0 / (1.0 - outside / (2.0 * PI))).clamp(1.0, 100.0)
}

fn check(rule: &'static str, points: &[Local], window: LocalBox) -> Result<(), BandwidthError> {
    let (width, height) = (window.width(), window.height());
    if !(width.0 > 0.0 && height.0 > 0.0 && (width.0 * height.0).is_finite()) {
        return Err(BandwidthError::Area { width, height });
    }
    if let Some(index) = points.iter().position(|&p| !window.contains(p)) {
        return Err(BandwidthError::Outside { index });
    }
    if points.len() > MOST_POINTS {
        return Err(BandwidthError::TooMany { rule, points: points.len(), most: MOST_POINTS });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_do_not_depend_on_the_order_of_the_points() {
        let window = LocalBox { min: Local { x: 0.0, y: 0.0 }, max: Local { x: 100.0, y: 80.0 } };
        let points: Vec<Local> =
            (0..90).map(|i| Local { x: f64::from(i * 37 % 101) * 0.97, y: f64::from(i * 53 % 79) }).collect();
        let turned: Vec<Local> = points.iter().rev().copied().collect();
        let sigmas = [1.0, 4.0, 20.0];
        let diggle = diggle_scores(&points, window).expect("good input");
        assert_eq!(Ok(&diggle), diggle_scores(&sorted(&points), window).as_ref());
        assert_eq!(Ok(&diggle), diggle_scores(&turned, window).as_ref());
        for scores in [likelihood_scores, cronie_scores] {
            let found = scores(&points, window, &sigmas).expect("good input");
            assert!(found.iter().all(Option::is_some));
            assert_eq!(Ok(found), scores(&turned, window, &sigmas));
        }
    }

    #[test]
    fn a_circle_that_leaves_by_half_counts_twice() {
        let window = LocalBox { min: Local { x: 0.0, y: 0.0 }, max: Local { x: 100.0, y: 100.0 } };
        let weight = |x, y, r| ripley_weight(Local { x, y }, r, window);
        for (x, y, r, expected) in [
            (50.0, 50.0, 50.0, 1.0),
            (0.0, 50.0, 10.0, 2.0),
            (0.0, 0.0, 10.0, 4.0),
            (50.0, 50.0, 70.0, 4.0),
            (50.0, 95.0, 10.0, 1.5),
        ] {
            let found = weight(x, y, r);
            assert!((found - expected).abs() < 1e-9 || r == 70.0 && found > 4.0, "{found} at {x}, {y}, {r}");
        }
    }
}
