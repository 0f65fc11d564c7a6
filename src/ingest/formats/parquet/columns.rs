//! Which leaves of a Parquet schema are fields and which hold the geometry.

use parquet::basic::Type;
use parquet::schema::types::SchemaDescriptor;

use super::geo_metadata::Said;
use crate::ingest::formats::FormatError;
use crate::ingest::input::Input;

/// How many columns are read.
const COLUMNS: usize = 4096;

/// How a native geometry is nested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Native {
    Point,
    LineString,
    Polygon,
    MultiPoint,
    MultiLineString,
    MultiPolygon,
}

impl Native {
    /// Its name in `GeoParquet` and how many lists lie in each other.
    const ALL: [(&str, Self, i16); 6] = [
        ("point", Self::Point, 0),
        ("linestring", Self::LineString, 1),
        ("polygon", Self::Polygon, 2),
        ("multipoint", Self::MultiPoint, 1),
        ("multilinestring", Self::MultiLineString, 2),
        ("multipolygon", Self::MultiPolygon, 3),
    ];
}

/// Where the geometry stands, by numbers of leaves.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    /// In a plain table nowhere.
    None,
    /// One leaf of bytes.
    Wkb(usize),
    /// Leaves of x and y.
    Native(Native, usize, usize),
}

/// Leaves by what they are for.
#[derive(Debug)]
pub(super) struct Columns {
    /// Names and leaves of the fields.
    pub(super) fields: Vec<(String, usize)>,
    /// Where the geometry stands.
    pub(super) shape: Shape,
}

impl Columns {
    pub(super) fn new(
        input: &Input,
        schema: &SchemaDescriptor,
        said: Option<&Said>,
    ) -> Result<Self, FormatError> {
        if schema.num_columns() > COLUMNS {
            return Err(FormatError::Columns { file: input.name.clone(), limit: COLUMNS });
        }
        let root = |at: usize| schema.column(at).path().parts().first().cloned().unwrap_or_default();
        let is_field = |at: &usize| {
            said.is_none_or(|said| said.column != root(*at) && !said.passed_over.contains(&root(*at)))
        };
        let fields = (0..schema.num_columns()).filter(is_field);
        let fields = fields.map(|at| (name(schema.column(at).path().parts()), at)).collect();
        let shape = said.map_or(Ok(Shape::None), |said| shape(input, schema, said))?;
        Ok(Self { fields, shape })
    }

    /// Whether nothing is to be read at all.
    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty() && matches!(self.shape, Shape::None)
    }
}

/// The names on the way to a leaf, without those that only make a list of it.
fn name(parts: &[String]) -> String {
    let plain = ["list", "element", "item", "array", "key_value", "bag", "array_element"];
    let first = parts.first().cloned().unwrap_or_default();
    let rest = parts.iter().skip(1).filter(|part| !plain.contains(&part.as_str()));
    rest.fold(first, |name, part| format!("{name}.{part}"))
}

fn shape(input: &Input, schema: &SchemaDescriptor, said: &Said) -> Result<Shape, FormatError> {
    let no = || FormatError::Encoding {
        file: input.name.clone(),
        encoding: format!("`{}` in column `{}`", said.encoding, said.column),
    };
    let leaves = (0..schema.num_columns())
        .filter(|&at| schema.column(at).path().parts().first() == Some(&said.column));
    if said.encoding == "wkb" {
        let mut leaves = leaves;
        return match (leaves.next(), leaves.next()) {
            (Some(at), None) if bytes_in_one(schema, at) => Ok(Shape::Wkb(at)),
            _ => Err(no()),
        };
    }
    let (_, kind, depth) =
        Native::ALL.into_iter().find(|(name, ..)| *name == said.encoding).ok_or_else(no)?;
    let find = |axis: &str| {
        leaves.clone().find(|&at| {
            let column = schema.column(at);
            column.name() == axis && column.physical_type() == Type::DOUBLE && column.max_rep_level() == depth
        })
    };
    match (find("x"), find("y")) {
        (Some(x), Some(y)) => Ok(Shape::Native(kind, x, y)),
        _ => Err(no()),
    }
}

fn bytes_in_one(schema: &SchemaDescriptor, at: usize) -> bool {
    let column = schema.column(at);
    column.physical_type() == Type::BYTE_ARRAY && column.max_rep_level() == 0
}
