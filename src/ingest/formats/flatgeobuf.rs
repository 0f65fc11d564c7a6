//! FlatGeobuf: features one behind the other, each checked before it is looked into. Its index is passed over.

use std::borrow::Cow;

use flatgeobuf::{ColumnType, GeometryType, size_prefixed_root_as_feature, size_prefixed_root_as_header};
use geo::{
    Coord, Geometry, GeometryCollection, LineString, MultiLineString, MultiPoint, MultiPolygon, Point,
    Polygon,
};

use super::{About, Feature, FormatError, unreadable};
use crate::ingest::input::Input;
use crate::ingest::table::{Broken, Header};
use crate::space::crs::{Crs, CrsError};

/// Magic bytes, then the size of the header, which the format bounds to 10 MiB.
const MAGIC: usize = 8;
const HEADER: usize = 10 << 20;

/// Bytes of a node of the index.
const NODE: u64 = 40;

/// How deep collections may lie in each other.
const DEPTH: usize = 16;

pub(super) fn read<S, E: From<FormatError>>(
    input: &Input,
    begin: impl FnOnce(&About) -> Result<S, E>,
    mut each: impl FnMut(&mut S, Result<Feature<'_>, Broken>),
) -> Result<S, E> {
    let no = |why: &str| FormatError::FlatGeobuf { file: input.name.clone(), why: why.to_owned() };
    let bytes = input.whole().map_err(FormatError::from)?;
    let magic = bytes.get(..MAGIC).ok_or_else(|| no("it ends early"))?;
    if &magic[..3] != b"fgb" || magic[3] > 3 || &magic[4..7] != b"fgb" {
        return Err(no("it does not begin as one of version 3").into());
    }
    let head = sized(&bytes, MAGIC).filter(|head| head.len() <= HEADER);
    let head = head.ok_or_else(|| no("its header is longer than it"))?;
    let header = size_prefixed_root_as_header(head)
        .map_err(|e| no(&format!("its header is broken ({})", first_line(e))))?;
    let crs = crs(header.crs()).map_err(|source| FormatError::Crs { file: input.name.clone(), source })?;
    let columns: Vec<(&str, ColumnType)> =
        header.columns().iter().flatten().map(|column| (column.name(), column.type_())).collect();
    let announced = header.features_count();
    let index = index_size(announced, header.index_node_size()).ok_or_else(|| no("its index is broken"))?;
    let mut at = usize::try_from(index)
        .ok()
        .and_then(|index| (MAGIC + head.len()).checked_add(index))
        .filter(|&at| at <= bytes.len())
        .ok_or_else(|| no("it ends within its index"))?;
    let names = columns.iter().map(|(name, _)| *name);
    let layer = header.name().filter(|name| !name.is_empty()).map(str::to_owned);
    let mut state = begin(&About { header: Header::new(names), crs, layer })?;
    let mut number = 0;
    while at < bytes.len() {
        let Some(piece) = sized(&bytes, at) else {
            return Err(no(&format!("it ends within feature {}", number + 1)).into());
        };
        number += 1;
        at += piece.len();
        let mut values = vec![Cow::Borrowed(""); columns.len()];
        let shape = feature(number, piece, header.geometry_type(), &columns, &mut values);
        let fields: Vec<&str> = values.iter().map(|value| &**value).collect();
        each(&mut state, shape.map(|shape| Feature { number, shape, fields: &fields }));
    }
    if number < announced {
        return Err(no(&format!("it ends after {number} of {announced} features")).into());
    }
    Ok(state)
}

/// A piece with the four bytes that say its length, if it is there.
fn sized(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let length = bytes.get(at..at.checked_add(4)?)?;
    let length = u32::from_le_bytes(length.try_into().ok()?) as usize;
    // Shorter ones hold no table; the check below would look before their begin.
    (length >= 8).then_some(())?;
    bytes.get(at..at.checked_add(4)?.checked_add(length)?)
}

/// Bytes of the index: its leaves and, level by level, the nodes above them; 0 where there is none.
fn index_size(features: u64, node_size: u16) -> Option<u64> {
    if features == 0 || node_size == 0 {
        return Some(0);
    }
    let width = u64::from((node_size > 1).then_some(node_size)?);
    let (mut level, mut nodes) = (features, features);
    while level > 1 {
        level = level.div_ceil(width);
        nodes = nodes.checked_add(level)?;
    }
    // A lone feature has a root above its leaf.
    nodes.checked_add(u64::from(features == 1))?.checked_mul(NODE)
}

fn crs(crs: Option<flatgeobuf::Crs<'_>>) -> Result<Option<Crs>, CrsError> {
    let Some(crs) = crs else { return Ok(None) };
    let authority = crs.org().filter(|org| !org.is_empty()).unwrap_or("EPSG");
    let code = match crs.code_string() {
        Some(code) if !code.is_empty() => Some(code.to_owned()),
        _ => (crs.code() > 0).then(|| crs.code().to_string()),
    };
    let wkt = crs.wkt().filter(|wkt| !wkt.is_empty());
    match (code, wkt) {
        (Some(code), Some(wkt)) => {
            Crs::new(&format!("{authority}:{code}")).or_else(|_| Crs::new(wkt)).map(Some)
        }
        (Some(code), None) => Crs::new(&format!("{authority}:{code}")).map(Some),
        (None, Some(wkt)) => Crs::new(wkt).map(Some),
        (None, None) => Ok(None),
    }
}

fn feature<'a>(
    number: u64,
    piece: &'a [u8],
    kind: GeometryType,
    columns: &[(&str, ColumnType)],
    values: &mut [Cow<'a, str>],
) -> Result<Option<Geometry>, Broken> {
    let feature = size_prefixed_root_as_feature(piece)
        .map_err(|e| Broken::new(number, format!("cannot be read: {}", first_line(e))))?;
    if let Some(bytes) = feature.properties() {
        properties(bytes.bytes(), columns, values)
            .ok_or_else(|| Broken::new(number, "properties cannot be read: they do not hold together"))?;
    }
    let Some(geometry) = feature.geometry() else { return Ok(None) };
    let kind = if kind == GeometryType::Unknown { geometry.type_() } else { kind };
    // Positions and parts that several tables share could be multiplied without end: no sound file shares any.
    let mut left = piece.len() / 4;
    shape(&geometry, kind, &mut left, 0).map_err(|why| unreadable(number, why))
}

/// The first line of what the checker says, which else lists its whole way.
fn first_line(error: impl std::fmt::Display) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

/// Puts values in their places: the number of a column, then its value. `None` if the bytes do not hold together.
fn properties<'a>(
    mut bytes: &'a [u8],
    columns: &[(&str, ColumnType)],
    values: &mut [Cow<'a, str>],
) -> Option<()> {
    fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
        let (taken, rest) = bytes.split_first_chunk::<N>()?;
        *bytes = rest;
        Some(*taken)
    }
    // Some writers leave one byte behind the last value.
    while bytes.len() > 1 {
        let at = usize::from(u16::from_le_bytes(take(&mut bytes)?));
        let (_, kind) = columns.get(at)?;
        let value = match *kind {
            ColumnType::Byte => i8::from_le_bytes(take(&mut bytes)?).to_string(),
            ColumnType::UByte => u8::from_le_bytes(take(&mut bytes)?).to_string(),
            ColumnType::Bool => (take::<1>(&mut bytes)?[0] != 0).to_string(),
            ColumnType::Short => i16::from_le_bytes(take(&mut bytes)?).to_string(),
            ColumnType::UShort => u16::from_le_bytes(take(&mut bytes)?).to_string(),
            ColumnType::Int => i32::from_le_bytes(take(&mut bytes)?).to_string(),
            ColumnType::UInt => u32::from_le_bytes(take(&mut bytes)?).to_string(),
            ColumnType::Long => i64::from_le_bytes(take(&mut bytes)?).to_string(),
            ColumnType::ULong => u64::from_le_bytes(take(&mut bytes)?).to_string(),
            ColumnType::Float => f32::from_le_bytes(take(&mut bytes)?).to_string(),
            ColumnType::Double => f64::from_le_bytes(take(&mut bytes)?).to_string(),
            ColumnType::String | ColumnType::Json | ColumnType::DateTime | ColumnType::Binary => {
                let length = u32::from_le_bytes(take(&mut bytes)?) as usize;
                let (text, rest) = bytes.split_at_checked(length)?;
                bytes = rest;
                values[at] = if *kind == ColumnType::Binary {
                    Cow::Borrowed("")
                } else {
                    String::from_utf8_lossy(text)
                };
                continue;
            }
            _ => return None,
        };
        values[at] = Cow::Owned(value);
    }
    Some(())
}

fn shape(
    geometry: &flatgeobuf::Geometry<'_>,
    kind: GeometryType,
    left: &mut usize,
    depth: usize,
) -> Result<Option<Geometry>, &'static str> {
    let spend = |left: &mut usize, n: usize| {
        *left = left.checked_sub(n).ok_or("it has more positions than its bytes can hold")?;
        Ok::<_, &'static str>(())
    };
    spend(left, 1)?;
    let positions = |left: &mut usize| {
        let xy: Vec<f64> = match geometry.xy() {
            Some(xy) => {
                spend(left, xy.len())?;
                xy.iter().collect()
            }
            None => Vec::new(),
        };
        Ok::<_, &'static str>(xy.chunks_exact(2).map(|c| Coord { x: c[0], y: c[1] }).collect::<Vec<_>>())
    };
    Ok(Some(match kind {
        GeometryType::Point => {
            let at = positions(left)?.first().copied().filter(|at| !at.x.is_nan() || !at.y.is_nan());
            return Ok(at.map(|at| Point(at).into()));
        }
        GeometryType::MultiPoint => MultiPoint(positions(left)?.into_iter().map(Point).collect()).into(),
        GeometryType::LineString => LineString(positions(left)?).into(),
        GeometryType::MultiLineString => {
            let all = positions(left)?;
            MultiLineString(runs(&all, geometry)?).into()
        }
        GeometryType::Polygon => {
            let all = positions(left)?;
            let mut rings = runs(&all, geometry)?.into_iter();
            let outer = rings.next().unwrap_or_else(|| LineString(Vec::new()));
            Polygon::new(outer, rings.collect()).into()
        }
        GeometryType::MultiPolygon | GeometryType::GeometryCollection => {
            if depth == DEPTH {
                return Err("its collections lie too deep in each other");
            }
            let mut parts = Vec::new();
            for part in geometry.parts().iter().flatten() {
                let kind =
                    if kind == GeometryType::MultiPolygon { GeometryType::Polygon } else { part.type_() };
                parts.extend(shape(&part, kind, left, depth + 1)?);
            }
            if kind == GeometryType::GeometryCollection {
                return Ok(Some(Geometry::GeometryCollection(GeometryCollection(parts))));
            }
            MultiPolygon(parts.into_iter().filter_map(|part| Polygon::try_from(part).ok()).collect()).into()
        }
        _ => return Err("its type of geometry is not read"),
    }))
}

/// The parts of a line or polygon by the ends of each; one part where no ends are given.
fn runs(all: &[Coord], geometry: &flatgeobuf::Geometry<'_>) -> Result<Vec<LineString>, &'static str> {
    let Some(ends) = geometry.ends() else { return Ok(vec![LineString(all.to_vec())]) };
    let mut begin = 0;
    let run = |end: u32| {
        let part = all.get(begin..end as usize).ok_or("its parts do not hold together")?;
        begin = end as usize;
        Ok(LineString(part.to_vec()))
    };
    ends.iter().map(run).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_an_index_is_that_of_the_format_or_none() {
        // Reference: PackedRTree::index_size of the flatgeobuf crate.
        for (features, node_size) in [(1, 16), (2, 16), (16, 16), (17, 16), (1000, 2), (179, 16)] {
            let expected = flatgeobuf::packed_r_tree::PackedRTree::index_size(features, node_size) as u64;
            assert_eq!(index_size(features as u64, node_size), Some(expected), "{features} {node_size}");
        }
        assert_eq!((index_size(0, 16), index_size(5, 0)), (Some(0), Some(0)));
        assert_eq!((index_size(5, 1), index_size(u64::MAX, 2)), (None, None));
    }
}
