//! Shapefiles of lines and polygons.

use geo::Geometry;

use super::error::BlocksError;
use super::features::{Feature, Features, broken};
use crate::ingest::input::Input;
use crate::ingest::shapefile::shapes;
use crate::ingest::table::{Broken, Header};

pub(super) fn read(input: &Input) -> Result<Features, BlocksError> {
    let begin = |header: &Header| Ok::<_, BlocksError>((header.clone(), Vec::new()));
    let (header, rows) = shapes(input, begin, |(_, rows), row| rows.push(row.and_then(feature)))?;
    Ok(Features { header, crs: input.prj()?, rows })
}

fn feature((number, shape, fields): (u64, shapefile::Shape, &[&str])) -> Result<Feature, Broken> {
    if matches!(shape, shapefile::Shape::NullShape) {
        return Err(broken(number, "no geometry", ""));
    }
    let kind = shape.shapetype().to_string();
    let attributes = fields.iter().map(|value| (*value).to_owned()).collect();
    Geometry::try_from(shape)
        .map(|shape| Feature { number, shape, attributes })
        .map_err(|e| broken(number, &format!("geometry cannot be read: {e}"), &kind))
}
