//! Shapefiles of lines and polygons.

use geo::Geometry;

use super::error::BlocksError;
use super::features::{Feature, Features, broken};
use crate::ingest::input::Input;
use crate::ingest::shapefile::{open, texts};
use crate::ingest::table::Header;

pub(super) fn read(input: &Input) -> Result<Features, BlocksError> {
    let (mut reader, names) = open(input)?;
    let mut rows = Vec::new();
    for (number, row) in (1..).zip(reader.iter_shapes_and_records()) {
        rows.push(match row {
            Ok((shapefile::Shape::NullShape, _)) => Err(broken(number, "no geometry", "")),
            Ok((shape, record)) => {
                let kind = shape.shapetype().to_string();
                Geometry::try_from(shape)
                    .map(|shape| Feature { number, shape, attributes: texts(record, &names) })
                    .map_err(|e| broken(number, &format!("geometry cannot be read: {e}"), &kind))
            }
            Err(e) => Err(broken(number, &format!("cannot be read: {e}"), "")),
        });
    }
    Ok(Features { header: Header::new(names.iter().map(String::as_str)), crs: input.prj()?, rows })
}
