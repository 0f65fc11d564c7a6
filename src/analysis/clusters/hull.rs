//! The outline of a cluster: its convex hull, which always has an area.

use geo::{Area, BoundingRect, ConvexHull, Coord, MultiPoint, Polygon};

use crate::space::coord::{Local, Metres};

/// How far a hull without an area is widened: about half a street, so that one address shows on a map of the city.
pub const WIDEN: Metres = Metres(10.0);

/// Hulls narrower than this are lines with rounding, and widened.
const LEAST_WIDTH: Metres = Metres(1e-3);

/// A cluster's outline.
#[derive(Clone, Debug, PartialEq)]
pub struct Hull {
    /// The convex hull in local metres, counter-clockwise.
    pub polygon: Polygon,
    /// Whether the points lay on one spot or line, so that the outline was drawn [`WIDEN`] around them.
    pub widened: bool,
}

/// Why there is no hull.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum HullError {
    /// There is nothing to go around.
    #[error("there are no points to draw an outline around")]
    NoPoints,
    /// A coordinate is not a number, or beyond the Earth.
    #[error("point {index} is no place in a local plane; give finite coordinates below 1e9 m")]
    Coordinates {
        /// Position of the point, from 0.
        index: usize,
    },
}

/// The smallest convex polygon around all points.
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `points` | the incidents of one cluster | `n` | m |
/// | returns | a polygon with an area, and whether it had to be widened for that | | m |
///
/// Where all points lie on one spot it is an octagon of radius [`WIDEN`]; where they lie on one line, to a millimetre,
/// a rectangle [`WIDEN`] wider than that on all sides.
/// Time O(n log n). Source: Barber et al. (1996), *ACM TOMS* 22(4), as in the crate geo.
///
/// # Limits
///
/// **A hull claims ground without incidents** where a cluster is bent, and hulls of neighboring clusters may overlap.
///
/// # Errors
///
/// [`HullError::NoPoints`] around nothing, [`HullError::Coordinates`] for a coordinate that is not finite.
///
/// # Examples
///
/// Three incidents at one address still show:
///
/// ```
/// use geo::Area;
/// use hotblocks::analysis::clusters::hull::hull;
/// use hotblocks::space::coord::Local;
///
/// let hull = hull(&[Local { x: 300.0, y: 650.0 }; 3])?;
/// assert!(hull.widened);
/// assert!((hull.polygon.unsigned_area() - 282.842_712).abs() < 1e-6); // 2√2 · 10²
/// # Ok::<(), hotblocks::analysis::clusters::hull::HullError>(())
/// ```
pub fn hull(points: &[Local]) -> Result<Hull, HullError> {
    const FAR: f64 = 1e9;
    if let Some(index) = points.iter().position(|p| !(p.x.abs() <= FAR && p.y.abs() <= FAR)) {
        return Err(HullError::Coordinates { index });
    }
    let mut corners: Vec<Coord> = points.iter().map(|&p| Coord::from(p)).collect();
    // In one order, so that the ring begins at the same corner whatever the order of the points.
    corners.sort_unstable_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
    corners.dedup();
    let polygon = around(corners.iter().copied());
    let bounds = polygon.bounding_rect().ok_or(HullError::NoPoints)?;
    let length = bounds.width().hypot(bounds.height());
    if polygon.unsigned_area() > LEAST_WIDTH.0 * length {
        return Ok(Hull { polygon, widened: false });
    }
    let ends = if bounds.width() >= bounds.height() {
        corners.first().zip(corners.last())
    } else {
        let south_first = |a: &&Coord, b: &&Coord| a.y.total_cmp(&b.y);
        corners.iter().min_by(south_first).zip(corners.iter().max_by(south_first))
    };
    let (&from, &to) = ends.ok_or(HullError::NoPoints)?;
    Ok(Hull { polygon: if from == to { octagon(from) } else { bar(from, to) }, widened: true })
}

fn around(places: impl Iterator<Item = Coord>) -> Polygon {
    MultiPoint::new(places.map(Into::into).collect()).convex_hull()
}

fn octagon(at: Coord) -> Polygon {
    let corner = |k: u8| {
        let (sin, cos) = (f64::from(k) * std::f64::consts::FRAC_PI_4).sin_cos();
        at + Coord { x: cos, y: sin } * WIDEN.0
    };
    Polygon::new((0..8).map(corner).collect(), Vec::new())
}

/// A rectangle around a line, [`WIDEN`] wider on all four sides.
fn bar(from: Coord, to: Coord) -> Polygon {
    let line = to - from;
    let along = line * (WIDEN.0 / line.x.hypot(line.y));
    let left = Coord { x: -along.y, y: along.x };
    let corners = [from - along - left, to + along - left, to + along + left, from - along + left];
    Polygon::new(corners.into_iter().collect(), Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(places: &[(f64, f64)], area: f64, widened: bool) {
        let points: Vec<Local> = places.iter().map(|&(x, y)| Local { x, y }).collect();
        let hull = hull(&points).expect("points");
        assert!((hull.polygon.signed_area() - area).abs() < 1e-6, "{}", hull.polygon.signed_area());
        assert_eq!(hull.widened, widened);
    }

    #[test]
    fn a_hull_goes_around_the_outermost_points() {
        check(&[(0.0, 0.0), (30.0, 0.0), (10.0, 10.0), (30.0, 40.0), (0.0, 40.0)], 1200.0, false);
    }

    #[test]
    fn a_line_becomes_a_bar_and_a_spot_an_octagon() {
        check(&[(0.0, 0.0), (30.0, 40.0)], 70.0 * 20.0, true);
        check(&[(7.0, 80.0), (7.0, 30.0), (7.0, 0.0), (7.0, 30.0)], 100.0 * 20.0, true);
        check(
            &[(271_000.1, 4_277_000.1), (271_050.1, 4_277_000.100_1), (271_080.1, 4_277_000.1)],
            2000.0,
            true,
        );
        check(&[(5.0, 5.0); 4], 200.0 * 2.0_f64.sqrt(), true);
    }

    #[test]
    fn no_points_and_no_places_are_refused() {
        assert_eq!(hull(&[]), Err(HullError::NoPoints));
        for x in [f64::NAN, f64::INFINITY, -1e10] {
            assert_eq!(hull(&[Local { x, y: 0.0 }]), Err(HullError::Coordinates { index: 0 }));
        }
    }
}
