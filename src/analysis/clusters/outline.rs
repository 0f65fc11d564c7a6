//! The outline of dense places: discs around core points, dissolved where they overlap.

use geo::algorithm::bool_ops::{BooleanOps, unary_union};
use geo::{Coord, MultiPolygon, Polygon};

use super::places::distinct;
use crate::space::coord::{Local, Metres};

/// Straight pieces that a quarter of a circle is drawn with, as in shapely.
pub const PIECES: usize = 16;

/// Why there is no outline.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OutlineError {
    /// There is nothing to go around.
    #[error("there are no points to draw an outline around")]
    NoPoints,
    /// The radius is none.
    #[error("an eps of {eps} cannot be used; give a length from 0.001 to 1e7 m")]
    Eps {
        /// What was given.
        eps: Metres,
    },
    /// A coordinate is not a number, or beyond the Earth.
    #[error("point {index} is no place in a local plane; give finite coordinates below 1e9 m")]
    Coordinates {
        /// Position of the point, from 0.
        index: usize,
    },
}

/// Everything within eps of one of the points, as polygons.
///
/// ```text
/// outline = ∪ { disc of radius eps around p },   each disc a polygon of 4 · 16 corners on its circle
/// ```
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `points` | the core points of one cluster, or of all | `n` | m |
/// | `eps` | the radius | | m |
/// | returns | polygons that do not overlap, with holes where there are | | m |
///
/// Core points of one DBSCAN cluster give one polygon, since their discs overlap. The polygons of discs lie inside the
/// discs, so the area is at most 0.17 % too small; beside shapely's `unary_union` of its own buffers it differs by less
/// than 1e-6 of it. The union is made of halves of halves: time about O(n log n).
/// Source: Wheeler & Reuter (2021), *Police Quarterly* 24(2).
///
/// # Limits
///
/// Ground within eps of a core point is not all dense: border points lie on the rim. Corners are moved to a lattice of
/// about a billionth of the extent.
///
/// # Errors
///
/// [`OutlineError`] around nothing, for a radius or coordinates that cannot be used.
///
/// # Examples
///
/// Two discs that overlap are one polygon:
///
/// ```
/// use geo::Area;
/// use hotblocks::analysis::clusters::outline::eps_outline;
/// use hotblocks::space::coord::{Local, Metres};
///
/// let outline = eps_outline(&[Local { x: 0.0, y: 0.0 }, Local { x: 50.0, y: 0.0 }], Metres(50.0))?;
/// assert_eq!(outline.0.len(), 1);
/// assert!((outline.unsigned_area() - 12_617.0).abs() < 20.0); // 50² (4π/3 + √3/2) = 12,637 for discs
/// # Ok::<(), hotblocks::analysis::clusters::outline::OutlineError>(())
/// ```
pub fn eps_outline(points: &[Local], eps: Metres) -> Result<MultiPolygon, OutlineError> {
    const FAR: f64 = 1e9;
    if !(0.001..=1e7).contains(&eps.0) {
        return Err(OutlineError::Eps { eps });
    }
    if let Some(index) = points.iter().position(|p| !(p.x.abs() <= FAR && p.y.abs() <= FAR)) {
        return Err(OutlineError::Coordinates { index });
    }
    let (mut places, _) = distinct(points);
    let Some(&from) = places.first() else { return Err(OutlineError::NoPoints) };
    // From a place among them, so that large coordinates lose nothing.
    places.iter_mut().for_each(|p| *p = Local { x: p.x - from.x, y: p.y - from.y });
    let mut outline = union(&mut places, eps.0);
    geo::MapCoordsInPlace::map_coords_in_place(&mut outline, |at| Coord {
        x: at.x + from.x,
        y: at.y + from.y,
    });
    Ok(outline)
}

fn union(places: &mut [Local], eps: f64) -> MultiPolygon {
    const FEW: usize = 8;
    if places.len() <= FEW {
        let discs: Vec<Polygon> = places.iter().map(|&at| disc(at, eps)).collect();
        return unary_union(&discs);
    }
    let bounds = super::bounds::Bounds::around(places);
    let middle = places.len() / 2;
    let (by_x, by_y) =
        (|a: &Local, b: &Local| a.x.total_cmp(&b.x), |a: &Local, b: &Local| a.y.total_cmp(&b.y));
    if bounds.is_wide() {
        places.select_nth_unstable_by(middle, |a, b| by_x(a, b).then(by_y(a, b)));
    } else {
        places.select_nth_unstable_by(middle, |a, b| by_y(a, b).then(by_x(a, b)));
    }
    let (one, other) = places.split_at_mut(middle);
    let (one, other) = rayon::join(|| union(one, eps), || union(other, eps));
    one.union(&other)
}

fn disc(at: Local, eps: f64) -> Polygon {
    let corner = |k: usize| {
        let (sin, cos) = (k as f64 * std::f64::consts::FRAC_PI_2 / PIECES as f64).sin_cos();
        Coord { x: at.x + eps * cos, y: at.y + eps * sin }
    };
    Polygon::new((0..4 * PIECES).map(corner).collect(), Vec::new())
}

#[cfg(test)]
mod tests {
    use geo::{Area, Validation};

    use super::*;

    fn outline(at: &[(f64, f64)], eps: f64) -> MultiPolygon {
        let points: Vec<Local> = at.iter().map(|&(x, y)| Local { x, y }).collect();
        let outline = eps_outline(&points, Metres(eps)).expect("points");
        assert!(outline.is_valid(), "{:?}", outline.validation_errors());
        outline
    }

    /// Of the polygon with 64 corners on the unit circle.
    const DISC: f64 = 32.0 * 0.098_017_140_329_560_6;

    #[test]
    fn one_place_is_a_disc_however_many_points_lie_there() {
        let area = outline(&[(271_000.0, 4_277_000.0); 30], 100.0).unsigned_area();
        assert!((area / (1e4 * DISC) - 1.0).abs() < 1e-7, "{area}");
    }

    #[test]
    fn a_ring_has_a_hole_and_far_places_are_polygons_of_their_own() {
        let ring: Vec<(f64, f64)> = (0..36)
            .map(|k| f64::from(k).mul_add(10.0, 0.0).to_radians().sin_cos())
            .map(|(sin, cos)| (500.0 * cos, 500.0 * sin))
            .collect();
        let outline_of_ring = outline(&ring, 60.0);
        assert_eq!((outline_of_ring.0.len(), outline_of_ring.0[0].interiors().len()), (1, 1));
        assert_eq!(outline(&[(0.0, 0.0), (300.0, 0.0)], 100.0).0.len(), 2);
    }

    #[test]
    fn places_on_a_lattice_give_valid_polygons() {
        for step in [50.0, 100.0, 200.0, 70.710_678_118_654_76] {
            let lattice: Vec<(f64, f64)> =
                (0..400).map(|k| (f64::from(k % 20) * step, f64::from(k / 20) * step)).collect();
            let area = outline(&lattice, 100.0).unsigned_area();
            assert!(area > 0.0);
        }
    }

    #[test]
    fn what_has_no_outline_is_refused() {
        assert_eq!(eps_outline(&[], Metres(1.0)), Err(OutlineError::NoPoints));
        for eps in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(eps_outline(&[Local::default()], Metres(eps)), Err(OutlineError::Eps { .. })));
        }
        let nowhere = [Local { x: f64::NAN, y: 0.0 }];
        assert_eq!(eps_outline(&nowhere, Metres(1.0)), Err(OutlineError::Coordinates { index: 0 }));
    }
}
