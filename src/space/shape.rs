//! Shapes that are shared: one for the data and for all that is told of them, with its text made once.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use geo::Geometry;

/// A shape in degrees or metres. A copy is the same one, so blocks and layers over them hold it once.
#[derive(Clone)]
pub struct Shape(Arc<Kept>);

/// In this order, so that whoever wants the text finds it beside the number of those who hold the shape.
#[repr(C)]
struct Kept {
    /// As it stands in GeoJSON, once that was asked for: about as many bytes as the numbers themselves.
    text: OnceLock<Box<[u8]>>,
    geometry: Geometry,
}

impl Shape {
    /// The shape itself, to be changed.
    #[must_use]
    pub fn into_geometry(self) -> Geometry {
        Arc::try_unwrap(self.0).map_or_else(|kept| kept.geometry.clone(), |kept| kept.geometry)
    }

    /// Its text by `write`, which is the same function for all who ask; made once where others hold the shape as well, as
    /// the data do of a block. `None` where nobody else holds it: to keep its text would be of no use.
    pub(crate) fn text(&self, write: impl FnOnce(&Geometry) -> Vec<u8>) -> Option<&[u8]> {
        let is_shared = Arc::strong_count(&self.0) > 1;
        is_shared.then(|| &self.0.text.get_or_init(|| write(&self.0.geometry).into_boxed_slice())[..])
    }
}

impl Deref for Shape {
    type Target = Geometry;

    fn deref(&self) -> &Geometry {
        &self.0.geometry
    }
}

impl<T: Into<Geometry>> From<T> for Shape {
    fn from(geometry: T) -> Self {
        Self(Arc::new(Kept { geometry: geometry.into(), text: OnceLock::new() }))
    }
}

impl PartialEq for Shape {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.geometry == other.0.geometry
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.geometry.fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_shape_that_others_hold_is_made_once() {
        let shape = Shape::from(geo::Point::new(1.0, 2.0));
        assert_eq!(shape.text(|_| b"alone".to_vec()), None);
        let other = shape.clone();
        assert_eq!(shape.text(|_| b"first".to_vec()), Some(&b"first"[..]));
        assert_eq!(other.text(|_| b"second".to_vec()), Some(&b"first"[..]));
        assert_eq!(shape, Shape::from(geo::Point::new(1.0, 2.0)));
        assert_ne!(shape, Shape::from(geo::Point::new(1.0, 3.0)));
        // What is changed is another shape.
        let mut moved = other.into_geometry();
        moved = match moved {
            Geometry::Point(at) => Geometry::Point(geo::Point::new(at.x() + 1.0, at.y())),
            same => same,
        };
        let moved = Shape::from(moved);
        let held = moved.clone();
        assert_eq!(held.text(|_| b"moved".to_vec()), Some(&b"moved"[..]));
        assert_eq!(*shape, Geometry::Point(geo::Point::new(1.0, 2.0)));
    }
}
