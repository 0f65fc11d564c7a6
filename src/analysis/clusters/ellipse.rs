//! The standard deviational ellipse: where incidents lie, how far they spread, and along which line.

use geo::{Coord, Polygon};

use super::hull::WIDEN;
use crate::space::coord::{Local, Metres};

/// Corners of the ellipse's polygon: with so many its area is 0.16 % below that of the ellipse.
pub const CORNERS: usize = 64;

/// An ellipse around the mean center.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ellipse {
    /// The mean of all points.
    pub center: Local,
    /// Half of the longer axis.
    pub major: Metres,
    /// Half of the shorter axis.
    pub minor: Metres,
    /// From east to the longer axis, against the clock, in radians: above −π/2, up to π/2.
    pub angle: f64,
}

impl Ellipse {
    /// The ellipse as a polygon of [`CORNERS`] corners, counter-clockwise; an axis shorter than that is drawn as
    /// [`WIDEN`], so that points on one line show.
    #[must_use]
    pub fn polygon(&self) -> Polygon {
        let (sin, cos) = self.angle.sin_cos();
        let (a, b) = (self.major.0.max(WIDEN.0), self.minor.0.max(WIDEN.0));
        let corner = |k: usize| {
            let (up, along) = (k as f64 * std::f64::consts::TAU / CORNERS as f64).sin_cos();
            let (along, up) = (along * a, up * b);
            Coord { x: self.center.x + along * cos - up * sin, y: self.center.y + along * sin + up * cos }
        };
        Polygon::new((0..CORNERS).map(corner).collect(), Vec::new())
    }
}

/// Why there is no ellipse.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EllipseError {
    /// Two degrees of freedom are lost to the axes.
    #[error("an ellipse needs at least 3 points; there are {points}")]
    TooFew {
        /// How many points.
        points: usize,
    },
    /// A coordinate is not a number, or beyond the Earth.
    #[error("point {index} is no place in a local plane; give finite coordinates below 1e9 m")]
    Coordinates {
        /// Position of the point, from 0.
        index: usize,
    },
    /// A weight is negative or no number, there are not as many as points, or they add up to nothing.
    #[error("the weights cannot be used; give one for each point, from 0 to 1e12, not all 0")]
    Weights,
}

/// The standard deviational ellipse, as CrimeStat draws it.
///
/// ```text
/// tan θ = −(Σx² − Σy² + √((Σx² − Σy²)² + 4 (Σxy)²)) / (2 Σxy),   x and y from the mean center
/// axis  = √2 · √( Σ w (y cos θ − x sin θ)² / Σ w · n / (n − 2) ),   and the same at a right angle to it
/// ```
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `points` | the incidents | `n` ≥ 3 | m |
/// | `weights` | what each counts; `None` for 1 each | `n` | any |
/// | returns | center, half axes and the direction of the longer one | | m, rad |
///
/// With √2 and n − 2 the axes are longer than Lefever's (1926): about 63 % of a bivariate normal lies inside.
/// Time O(n). Source: Levine, *CrimeStat IV*, ch. 4, as in pointpats' `ellipse(method="crimestat")`.
///
/// # Limits
///
/// One ellipse for all: two centers far apart give one that is empty in the middle. Far outliers turn it.
///
/// # Errors
///
/// [`EllipseError`] for fewer than 3 points, coordinates that are none, or weights that cannot be used.
///
/// # Examples
///
/// The points of pointpats' documentation, with its answers:
///
/// ```
/// use hotblocks::analysis::clusters::ellipse::standard_ellipse;
/// use hotblocks::space::coord::Local;
///
/// let at = [
///     (66.22, 32.54), (22.52, 22.39), (31.01, 81.21), (9.47, 31.02), (30.78, 60.10), (75.21, 58.93),
///     (79.26, 7.68), (8.23, 39.93), (98.73, 77.17), (89.78, 42.53), (65.19, 92.08),
/// ];
/// let ellipse = standard_ellipse(&at.map(|(x, y)| Local { x, y }), None)?;
/// assert!((ellipse.major.0 - 50.130_294_59).abs() < 1e-8);
/// assert!((ellipse.minor.0 - 37.952_226_70).abs() < 1e-8);
/// assert!((ellipse.angle - 0.346_558_209_5).abs() < 1e-9);
/// # Ok::<(), hotblocks::analysis::clusters::ellipse::EllipseError>(())
/// ```
pub fn standard_ellipse(points: &[Local], weights: Option<&[f64]>) -> Result<Ellipse, EllipseError> {
    const FAR: f64 = 1e9;
    if points.len() < 3 {
        return Err(EllipseError::TooFew { points: points.len() });
    }
    if let Some(index) = points.iter().position(|p| !(p.x.abs() <= FAR && p.y.abs() <= FAR)) {
        return Err(EllipseError::Coordinates { index });
    }
    let bad = |w: &[f64]| w.len() != points.len() || w.iter().any(|w| !(0.0..=1e12).contains(w));
    if weights.is_some_and(bad) {
        return Err(EllipseError::Weights);
    }
    // In one order, so that sums do not depend on that of the points.
    let mut sorted: Vec<(Local, f64)> =
        points.iter().zip(0..).map(|(&at, i): (_, usize)| (at, weights.map_or(1.0, |w| w[i]))).collect();
    sorted.sort_unstable_by(|(a, v), (b, w)| {
        a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)).then(v.total_cmp(w))
    });
    let all: f64 = sorted.iter().map(|(_, w)| w).sum();
    if all <= 0.0 {
        return Err(EllipseError::Weights);
    }
    // From the first point, so that large coordinates lose nothing.
    let from = sorted[0].0;
    let mean =
        |of: fn(Local) -> f64| sorted.iter().map(|&(at, w)| w * (of(at) - of(from))).sum::<f64>() / all;
    let center = Local { x: from.x + mean(|p| p.x), y: from.y + mean(|p| p.y) };
    let (mut x2, mut y2, mut xy) = (0.0, 0.0, 0.0);
    for &(at, w) in &sorted {
        let (x, y) = (at.x - center.x, at.y - center.y);
        x2 += w * x * x;
        y2 += w * y * y;
        xy += w * x * y;
    }
    // The direction of the larger variance; the same as the formula's, without a quotient that may be 0/0.
    let angle = if xy == 0.0 && x2 >= y2 { 0.0 } else { 0.5 * (2.0 * xy).atan2(x2 - y2) };
    let n = points.len() as f64;
    let axis = |theta: f64| {
        let (sin, cos) = theta.sin_cos();
        let along = |&(at, w): &(Local, f64)| w * ((at.x - center.x) * cos + (at.y - center.y) * sin).powi(2);
        Metres((2.0 * sorted.iter().map(along).sum::<f64>() / all * n / (n - 2.0)).sqrt())
    };
    let (along, across) = (axis(angle), axis(angle + std::f64::consts::FRAC_PI_2));
    let (major, minor) = if along >= across { (along, across) } else { (across, along) };
    Ok(Ellipse { center, major, minor, angle })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ellipse(at: &[(f64, f64)]) -> Result<Ellipse, EllipseError> {
        standard_ellipse(&at.iter().map(|&(x, y)| Local { x, y }).collect::<Vec<_>>(), None)
    }

    #[test]
    fn a_line_has_a_direction_and_no_width_and_still_shows() {
        use geo::Area;
        for (at, angle) in [
            ([(0.0, 0.0), (30.0, 0.0), (60.0, 0.0)], 0.0),
            ([(0.0, 0.0), (0.0, 30.0), (0.0, 60.0)], std::f64::consts::FRAC_PI_2),
            ([(0.0, 0.0), (30.0, -30.0), (60.0, -60.0)], -std::f64::consts::FRAC_PI_4),
        ] {
            let found = ellipse(&at).expect("three points");
            assert!((found.angle - angle).abs() < 1e-12 && found.minor.0 < 1e-6, "{found:?}");
            assert!(found.polygon().signed_area() > found.major.0 * WIDEN.0 * 3.13);
        }
        let spot = ellipse(&[(5.0, 5.0); 4]).expect("four points");
        assert_eq!((spot.major, spot.minor, spot.angle), (Metres(0.0), Metres(0.0), 0.0));
    }

    #[test]
    fn a_weight_is_as_good_as_so_many_points_but_for_the_degrees_of_freedom() {
        let at = [(0.0, 0.0), (10.0, 3.0), (4.0, 8.0), (7.0, 1.0)].map(|(x, y)| Local { x, y });
        let weighted = standard_ellipse(&at, Some(&[2.0, 1.0, 1.0, 1.0])).expect("weights");
        let twice = standard_ellipse(&[at[0], at[0], at[1], at[2], at[3]], None).expect("points");
        let factor = (4.0 / 2.0 / (5.0 / 3.0_f64)).sqrt();
        assert!((weighted.major.0 / twice.major.0 - factor).abs() < 1e-12);
        assert!((weighted.angle - twice.angle).abs() < 1e-12 && weighted.center == twice.center);
    }

    #[test]
    fn what_has_no_ellipse_is_refused() {
        assert_eq!(ellipse(&[(0.0, 0.0); 2]), Err(EllipseError::TooFew { points: 2 }));
        assert_eq!(ellipse(&[(0.0, f64::NAN); 3]), Err(EllipseError::Coordinates { index: 0 }));
        let points = [Local::default(); 3];
        for weights in [&[1.0, 1.0][..], &[0.0; 3], &[1.0, -1.0, 1.0], &[f64::NAN; 3]] {
            assert_eq!(standard_ellipse(&points, Some(weights)), Err(EllipseError::Weights));
        }
    }
}
