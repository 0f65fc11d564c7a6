//! Layers as FlatGeobuf 3, with its spatial index where every feature has a place.

use flatbuffers::{FlatBufferBuilder, WIPOffset};
use flatgeobuf::packed_r_tree::{NodeItem, PackedRTree, calc_extent, hilbert_sort};
use flatgeobuf::{
    Column, ColumnArgs, ColumnType, Crs, CrsArgs, Feature, FeatureArgs, Geometry as Shape, GeometryArgs,
    GeometryType, Header, HeaderArgs,
};
use geo::{Coord, Geometry, LineString, Polygon};

use super::columns::{Cell, Columns, Kind};
use super::geojson::provenance;
use super::shape::{bounds, on_wire, rings};
use crate::layer::Layer;

/// The first bytes of every file.
const MAGIC: [u8; 8] = *b"fgb\x03fgb\x00";

/// A layer as a file. With an index the features lie along a Hilbert curve, so that a map reads those of its window alone;
/// a layer in which a feature has no place keeps its order.
///
/// # Errors
///
/// What the library says, if the index cannot be made.
pub fn bytes(layer: &Layer) -> Result<Vec<u8>, flatgeobuf::Error> {
    let columns = Columns::of(layer);
    let shapes: Vec<Option<Geometry>> =
        layer.features.iter().map(|feature| feature.geometry.as_deref().map(on_wire)).collect();
    let mut fbb = FlatBufferBuilder::new();
    let mut nodes = Vec::with_capacity(shapes.len());
    let mut pieces = Vec::with_capacity(shapes.len());
    for (at, (of, row)) in layer.features.iter().zip(&columns.rows).enumerate() {
        let box_of = shapes[at].as_ref().and_then(bounds);
        nodes.extend(
            box_of.map(|[w, s, e, n]| NodeItem { offset: at as u64, ..NodeItem::bounds(w, s, e, n) }),
        );
        pieces.push(feature(&mut fbb, shapes[at].as_ref(), &of.id, row, &columns));
    }
    let extent = calc_extent(&nodes);
    let indexed = !pieces.is_empty() && nodes.len() == pieces.len();
    let mut out = MAGIC.to_vec();
    header(&mut fbb, layer, &columns, kind_of_all(&shapes), (!nodes.is_empty()).then_some(&extent), indexed);
    out.extend(fbb.finished_data());
    if indexed {
        hilbert_sort(&mut nodes, &extent);
        let mut offset = 0;
        let mut leaves = nodes.clone();
        for leaf in &mut leaves {
            let length = pieces[leaf.offset as usize].len() as u64;
            leaf.offset = offset;
            offset += length;
        }
        PackedRTree::build(&leaves, &extent, PackedRTree::DEFAULT_NODE_SIZE)?.stream_write(&mut out)?;
        nodes.iter().for_each(|node| out.extend(&pieces[node.offset as usize]));
    } else {
        pieces.iter().for_each(|piece| out.extend(piece));
    }
    Ok(out)
}

fn header(
    fbb: &mut FlatBufferBuilder<'_>,
    layer: &Layer,
    columns: &Columns<'_>,
    kind: GeometryType,
    extent: Option<&NodeItem>,
    indexed: bool,
) {
    fbb.reset();
    let ids = ("id", ColumnType::String, false);
    let others = columns.columns.iter().map(|column| (column.name.as_str(), column_type(column.kind), true));
    let made: Vec<WIPOffset<Column<'_>>> = std::iter::once(ids)
        .chain(others)
        .map(|(name, type_, nullable)| {
            let name = Some(fbb.create_string(name));
            Column::create(
                fbb,
                &ColumnArgs { name, type_, nullable, unique: !nullable, ..ColumnArgs::default() },
            )
        })
        .collect();
    let made = fbb.create_vector(&made);
    let (org, name) = (fbb.create_string("EPSG"), fbb.create_string("WGS 84"));
    let crs =
        Crs::create(fbb, &CrsArgs { org: Some(org), code: 4326, name: Some(name), ..CrsArgs::default() });
    let envelope = extent.map(|e| fbb.create_vector(&[e.min_x, e.min_y, e.max_x, e.max_y]));
    let args = HeaderArgs {
        name: Some(fbb.create_string(layer.name)),
        envelope,
        geometry_type: kind,
        columns: Some(made),
        features_count: layer.features.len() as u64,
        index_node_size: if indexed { PackedRTree::DEFAULT_NODE_SIZE } else { 0 },
        crs: Some(crs),
        description: layer.notice.as_ref().map(|notice| fbb.create_string(notice)),
        metadata: Some(fbb.create_string(&provenance(layer).to_string())),
        ..HeaderArgs::default()
    };
    let header = Header::create(fbb, &args);
    fbb.finish_size_prefixed(header, None);
}

fn column_type(kind: Kind) -> ColumnType {
    match kind {
        Kind::Bool => ColumnType::Bool,
        Kind::Int => ColumnType::Long,
        Kind::Float => ColumnType::Double,
        // The one type of time that there is; it takes dates and offsets as ISO 8601 has them.
        Kind::Date | Kind::Time => ColumnType::DateTime,
        Kind::Text => ColumnType::String,
    }
}

/// A feature with its length before it.
fn feature(
    fbb: &mut FlatBufferBuilder<'_>,
    shape: Option<&Geometry>,
    id: &str,
    row: &[Cell<'_>],
    columns: &Columns<'_>,
) -> Vec<u8> {
    fbb.reset();
    let geometry = shape.map(|shape| geometry(fbb, shape));
    let properties = fbb.create_vector(&properties(id, row, columns));
    let feature = Feature::create(
        fbb,
        &FeatureArgs { geometry, properties: Some(properties), ..FeatureArgs::default() },
    );
    fbb.finish_size_prefixed(feature, None);
    fbb.finished_data().to_vec()
}

/// Values behind the numbers of their columns; what is null is left out.
fn properties(id: &str, row: &[Cell<'_>], columns: &Columns<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    let text = |out: &mut Vec<u8>, at: u16, text: &str| {
        out.extend(at.to_le_bytes());
        out.extend(u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
        out.extend(text.as_bytes());
    };
    text(&mut out, 0, id);
    for ((at, column), cell) in (1u16..).zip(&columns.columns).zip(row) {
        match (column.kind, cell) {
            (_, Cell::Null) => {}
            (Kind::Bool, Cell::Bool(flag)) => {
                out.extend(at.to_le_bytes());
                out.push(u8::from(*flag));
            }
            (Kind::Int, Cell::Int(n)) => {
                out.extend(at.to_le_bytes());
                out.extend(n.to_le_bytes());
            }
            (Kind::Float, cell) => {
                out.extend(at.to_le_bytes());
                out.extend(cell.number().unwrap_or_default().to_le_bytes());
            }
            (_, cell) => text(&mut out, at, &cell.words().unwrap_or_default()),
        }
    }
    out
}

/// The type of all shapes, where they have one; else each says its own.
fn kind_of_all(shapes: &[Option<Geometry>]) -> GeometryType {
    let mut kinds = shapes.iter().flatten().map(kind);
    let first = kinds.next().unwrap_or(GeometryType::Unknown);
    if kinds.all(|kind| kind == first) { first } else { GeometryType::Unknown }
}

fn kind(shape: &Geometry) -> GeometryType {
    match shape {
        Geometry::Point(_) => GeometryType::Point,
        Geometry::Line(_) | Geometry::LineString(_) => GeometryType::LineString,
        Geometry::Polygon(_) | Geometry::Rect(_) | Geometry::Triangle(_) => GeometryType::Polygon,
        Geometry::MultiPoint(_) => GeometryType::MultiPoint,
        Geometry::MultiLineString(_) => GeometryType::MultiLineString,
        Geometry::MultiPolygon(_) => GeometryType::MultiPolygon,
        Geometry::GeometryCollection(_) => GeometryType::GeometryCollection,
    }
}

fn geometry<'a>(fbb: &mut FlatBufferBuilder<'a>, shape: &Geometry) -> WIPOffset<Shape<'a>> {
    let type_ = kind(shape);
    match shape {
        Geometry::Point(at) => flat(fbb, type_, &[vec![at.0]]),
        Geometry::Line(line) => flat(fbb, type_, &[vec![line.start, line.end]]),
        Geometry::LineString(line) => flat(fbb, type_, std::slice::from_ref(&line.0)),
        Geometry::Polygon(shape) => polygon(fbb, shape),
        Geometry::Rect(shape) => polygon(fbb, &shape.to_polygon()),
        Geometry::Triangle(shape) => polygon(fbb, &shape.to_polygon()),
        Geometry::MultiPoint(many) => flat(fbb, type_, &[many.iter().map(|at| at.0).collect()]),
        Geometry::MultiLineString(many) => flat(fbb, type_, &lines(many.iter())),
        Geometry::MultiPolygon(many) => {
            let parts = many.iter().map(|one| polygon(fbb, one)).collect();
            collection(fbb, type_, parts)
        }
        Geometry::GeometryCollection(many) => {
            let parts = many.iter().map(|one| geometry(fbb, one)).collect();
            collection(fbb, type_, parts)
        }
    }
}

fn polygon<'a>(fbb: &mut FlatBufferBuilder<'a>, shape: &Polygon) -> WIPOffset<Shape<'a>> {
    flat(fbb, GeometryType::Polygon, &lines(rings(shape)))
}

fn lines<'l>(of: impl Iterator<Item = &'l LineString>) -> Vec<Vec<Coord>> {
    of.map(|line| line.0.clone()).collect()
}

/// Parts one behind the other, with their ends where there are several.
fn flat<'a>(
    fbb: &mut FlatBufferBuilder<'a>,
    type_: GeometryType,
    parts: &[Vec<Coord>],
) -> WIPOffset<Shape<'a>> {
    let xy: Vec<f64> = parts.iter().flatten().flat_map(|at| [at.x, at.y]).collect();
    let mut end = 0;
    let ends: Vec<u32> = parts
        .iter()
        .map(|part| {
            end += part.len();
            u32::try_from(end).unwrap_or(u32::MAX)
        })
        .collect();
    let xy = fbb.create_vector(&xy);
    let ends = (ends.len() > 1).then(|| fbb.create_vector(&ends));
    Shape::create(fbb, &GeometryArgs { type_, xy: Some(xy), ends, ..GeometryArgs::default() })
}

fn collection<'a>(
    fbb: &mut FlatBufferBuilder<'a>,
    type_: GeometryType,
    parts: Vec<WIPOffset<Shape<'a>>>,
) -> WIPOffset<Shape<'a>> {
    let parts = Some(fbb.create_vector(&parts));
    Shape::create(fbb, &GeometryArgs { type_, parts, ..GeometryArgs::default() })
}
