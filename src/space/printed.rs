//! Places as answers print them: who asks for a place that was printed finds what is there.
//!
//! Answers have seven decimals of a degree, about a centimetre. Boxes and shapes are therefore compared with the printed
//! places and not with what was kept: else the place of a feature, copied from an answer, would find nothing.

use geo::{BoundingRect, Coord, Distance, Euclidean, Geometry, Intersects, MapCoords, Rect};

use super::bbox::LonLatBox;

/// Decimals of a degree are counted in these.
pub const UNITS: f64 = 1e7;

/// No place is printed further than this from where it is, in degrees along each axis.
pub const PRINTED: f64 = 0.51e-7;

/// How far a place that was printed in metres, to a millimetre, may lie from where it is, in degrees.
///
/// Half a millimetre along both axes, up to 65 degrees of latitude; still less than two millimetres.
pub const OTHER_CRS: f64 = 1.5e-8;

/// A number of degrees with seven decimals: the same bits as those of its text read again.
#[must_use]
pub fn printed(degrees: f64) -> f64 {
    (degrees * UNITS).round() / UNITS
}

/// A shape in degrees with seven decimals.
#[must_use]
pub fn printed_shape(shape: &Geometry) -> Geometry {
    shape.map_coords(|at| Coord { x: printed(at.x), y: printed(at.y) })
}

/// Whether a shape as it is printed touches a box, the edges of both included. Time O(vertices).
#[must_use]
pub fn touches_box(own: &Geometry, area: LonLatBox) -> bool {
    own.bounding_rect().is_some_and(|around| SoughtBox::new(area).touched_by(own, around))
}

/// A box in degrees that shapes are to touch as they are printed, the edges of both included.
#[derive(Clone, Debug, PartialEq)]
pub struct SoughtBox(Vec<Rect>);

impl SoughtBox {
    /// From a box, which may lie across the 180th meridian.
    #[must_use]
    pub fn new(area: LonLatBox) -> Self {
        let part = |part: LonLatBox| Rect::new((part.west, part.south), (part.east, part.north));
        Self(area.parts().into_iter().map(part).collect())
    }

    /// Whether a shape touches it, whose own box in degrees is `around`. Time O(1) for most, else O(vertices).
    #[must_use]
    pub fn touched_by(&self, own: &Geometry, around: Rect) -> bool {
        let about = grown(around, PRINTED);
        let near = |part: &&Rect| part.intersects(&about);
        // Most shapes lie beside it or inside whole.
        let inside = |part: &Rect| {
            part.min().x <= about.min().x
                && part.min().y <= about.min().y
                && about.max().x <= part.max().x
                && about.max().y <= part.max().y
        };
        if !self.0.iter().any(|part| near(&part)) {
            return false;
        }
        if self.0.iter().any(inside) {
            return true;
        }
        let own = printed_shape(own);
        self.0.iter().filter(near).any(|part| own.intersects(part))
    }
}

/// A shape in degrees that others are to touch.
#[derive(Clone, Debug, PartialEq)]
pub struct Sought {
    shape: Geometry,
    around: Rect,
    slack: f64,
}

impl Sought {
    /// From a shape and how many degrees others may lie from it; `None` of an empty shape.
    ///
    /// The slack is 0 for what was given in degrees: it is compared with places as they are printed in degrees. For what was
    /// given in metres it is [`OTHER_CRS`]: what was printed in metres lies no further from the places that are kept.
    #[must_use]
    pub fn new(shape: Geometry, slack: f64) -> Option<Self> {
        let around = grown(shape.bounding_rect()?, slack);
        Some(Self { shape, around, slack })
    }

    /// A box in degrees outside of which no place, as it is kept, can be what is sought.
    #[must_use]
    pub fn around(&self) -> Rect {
        grown(self.around, PRINTED)
    }

    /// Whether a shape as it is printed touches it, in degrees or with a slack. Time O(vertices of the one × those of the other) at most.
    #[must_use]
    pub fn touched_by(&self, own: &Geometry) -> bool {
        let Some(about) = own.bounding_rect().map(|rect| grown(rect, PRINTED)) else { return false };
        if !self.around.intersects(&about) {
            return false;
        }
        if self.slack > 0.0 {
            return own.intersects(&self.shape) || self.nearly(own, about);
        }
        printed_shape(own).intersects(&self.shape)
    }

    /// Whether a shape, which lies in a box, is no further from it than the slack.
    fn nearly(&self, own: &Geometry, about: Rect) -> bool {
        // The distance is measured only where it can be small, for it takes long.
        grown(about, self.slack).to_polygon().intersects(&self.shape)
            && Euclidean.distance(own, &self.shape) <= self.slack
    }
}

fn grown(rect: Rect, by: f64) -> Rect {
    let by = Coord { x: by, y: by };
    Rect::new(rect.min() - by, rect.max() + by)
}

#[cfg(test)]
mod tests {
    use geo::{LineString, Point};

    use super::*;

    #[test]
    fn a_printed_number_is_that_of_its_text() {
        for n in 0..20_000_i32 {
            let degrees = -90.35 + f64::from(n) * 1.234_567_89e-5;
            let text = format!("{:.7}", printed(degrees));
            assert_eq!(text.parse::<f64>().ok(), Some(printed(degrees)), "{text}");
            assert!((printed(degrees) - degrees).abs() < PRINTED);
        }
    }

    #[test]
    fn a_place_is_found_where_it_is_printed_and_not_a_unit_beside_it() {
        for n in 0..500_i32 {
            let (x, y) = (-90.2 + f64::from(n) * 1.234_567_89e-6, 38.6 - f64::from(n) * 9.876_543_21e-7);
            let own = Geometry::from(LineString::from(vec![(x, y), (x + 1e-3, y + 1e-3)]));
            let (x, y) = (printed(x), printed(y));
            let found = |x: f64, y: f64| {
                let only = LonLatBox { west: x, south: y, east: x, north: y };
                let sought = Sought::new(Point::new(x, y).into(), 0.0).expect("a place");
                [touches_box(&own, only), sought.touched_by(&own)]
            };
            assert_eq!(found(x, y), [true; 2], "{x} {y}");
            assert_eq!(found(x - 1e-7, y), [false; 2], "{x} {y}");
            assert_eq!(found(x, y - 1e-7), [false; 2], "{x} {y}");
        }
    }

    #[test]
    fn a_place_in_metres_may_lie_half_a_millimetre_beside_and_no_centimetre() {
        for n in 0..500_i32 {
            let (x, y) = (-90.2 + f64::from(n) * 1.234_567_89e-6, 38.6 - f64::from(n) * 9.876_543_21e-7);
            let own = Geometry::from(LineString::from(vec![(x, y), (x + 1e-3, y + 1e-3)]));
            let found = |x: f64, y: f64| {
                let sought = |slack| Sought::new(Point::new(x, y).into(), slack).expect("a place");
                [sought(OTHER_CRS).touched_by(&own), sought(0.0).touched_by(&own)]
            };
            assert_eq!(found(x - 5e-9, y - 5e-9), [true, false], "{x} {y}");
            assert_eq!(found(x - 9e-8, y), [false; 2], "{x} {y}");
        }
    }

    #[test]
    fn a_box_across_the_180th_meridian_has_two_parts() {
        let area = LonLatBox { west: 177.0, south: 65.0, east: -177.0, north: 70.0 };
        for (x, inside) in [(178.0, true), (-178.0, true), (176.0, false), (-176.0, false), (180.0, true)] {
            assert_eq!(touches_box(&Point::new(x, 66.0).into(), area), inside, "{x}");
        }
    }
}
