//! Features as rows of a table: each with the point that its geometry is.

use geo::Geometry;

use super::{About, FormatError, read};
use crate::ingest::input::Input;
use crate::ingest::table::{Broken, Fields, Row};

/// Reads the points of a file as rows; a shape that is no point goes to `each` as [`Broken`].
///
/// # Errors
///
/// As [`read`].
pub fn rows<S, E: From<FormatError>>(
    input: &Input,
    begin: impl FnOnce(&About) -> Result<S, E>,
    mut each: impl FnMut(&mut S, Result<Row<'_>, Broken>),
) -> Result<S, E> {
    read(input, begin, |state, feature| {
        let row = feature.and_then(|feature| {
            let point = point(feature.shape.as_ref()).map_err(|kind| Broken {
                line: feature.number,
                reason: "no point".to_owned(),
                value: kind.to_owned(),
            })?;
            Ok(Row { line: feature.number, fields: Fields::List(feature.fields), point })
        });
        each(state, row);
    })
}

/// The place of a shape, if it has one; the name of what is no point.
fn point(shape: Option<&Geometry>) -> Result<Option<(f64, f64)>, &'static str> {
    match shape {
        None => Ok(None),
        Some(Geometry::Point(at)) => Ok(Some((at.x(), at.y()))),
        Some(Geometry::MultiPoint(many)) => match many.0[..] {
            [] => Ok(None),
            [at] => Ok(Some((at.x(), at.y()))),
            _ => Err("several points"),
        },
        Some(other) => Err(kind(other)),
    }
}

/// What a shape is, as a person would say it.
#[must_use]
pub fn kind(shape: &Geometry) -> &'static str {
    match shape {
        Geometry::Point(_) | Geometry::MultiPoint(_) => "point",
        Geometry::Line(_) | Geometry::LineString(_) | Geometry::MultiLineString(_) => "line",
        Geometry::Polygon(_) | Geometry::MultiPolygon(_) | Geometry::Rect(_) | Geometry::Triangle(_) => {
            "polygon"
        }
        Geometry::GeometryCollection(_) => "collection",
    }
}
