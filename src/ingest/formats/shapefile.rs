//! Shapefiles: shapes with their attributes, by position. No length in them is trusted.

use geo::{Coord, Geometry, LineString, MultiLineString, MultiPoint, Point};

use super::dbf::{Table, encoding};
use super::{About, Feature, FormatError, rings, unreadable};
use crate::ingest::input::Input;
use crate::ingest::table::{Broken, Header};

/// Length of the file's header and of a record's.
const FILE_HEAD: usize = 100;
const RECORD_HEAD: usize = 8;

pub(super) fn read<S, E: From<FormatError>>(
    input: &Input,
    begin: impl FnOnce(&About) -> Result<S, E>,
    mut each: impl FnMut(&mut S, Result<Feature<'_>, Broken>),
) -> Result<S, E> {
    let file = || input.name.clone();
    let shp = input.whole().map_err(FormatError::from)?;
    let dbf = input.beside("dbf").map_err(FormatError::from)?;
    let dbf = dbf.ok_or_else(|| FormatError::NoDbf { file: file() })?;
    let cpg = input.beside("cpg").map_err(FormatError::from)?;
    let encoding = encoding(cpg.as_deref().unwrap_or_default());
    let table = Table::open(&dbf, encoding).map_err(|source| FormatError::Dbf { file: file(), source })?;
    let records = records(&input.name, &shp)?;
    if records.len() != table.len() {
        return Err(FormatError::Unequal { file: file(), shapes: records.len(), rows: table.len() }.into());
    }
    let crs = input.prj().map_err(FormatError::from)?;
    let mut state = begin(&About { header: Header::new(table.names()), crs, layer: None })?;
    for (at, record) in records.into_iter().enumerate() {
        let number = at as u64 + 1;
        let Some(row) = table.row(at) else {
            each(&mut state, Err(Broken::new(number, "marked as deleted")));
            continue;
        };
        let fields: Vec<&str> = row.iter().map(|value| &**value).collect();
        let shape = shape(record).map_err(|why| unreadable(number, why));
        each(&mut state, shape.map(|shape| Feature { number, shape, fields: &fields }));
    }
    Ok(state)
}

/// The contents of all records. One whose length is wrong ends it: nothing tells where the next begins.
fn records<'a>(file: &str, shp: &'a [u8]) -> Result<Vec<&'a [u8]>, FormatError> {
    let no = |why| FormatError::NoShapefile { file: file.to_owned(), why };
    if be_u32(shp, 0) != Some(9994) {
        return Err(no("it does not begin as one"));
    }
    if shp.len() < FILE_HEAD {
        return Err(no("it ends within its header"));
    }
    // What lies behind the announced end is no record; some writers leave the length out.
    let announced = be_u32(shp, 24).map_or(0, |words| words as usize * 2);
    let end = if announced < FILE_HEAD { shp.len() } else { announced };
    let (mut records, mut at) = (Vec::new(), FILE_HEAD);
    while at < end {
        let length = be_u32(shp, at + 4).map(|words| words as usize * 2);
        let from = at + RECORD_HEAD;
        let content = length.and_then(|length| shp.get(from..from.checked_add(length)?));
        let content =
            content.ok_or_else(|| FormatError::Shapes { file: file.to_owned(), shape: records.len() })?;
        records.push(content);
        at = from + content.len();
    }
    Ok(records)
}

/// A shape by its content; `None` for a null shape and a point that is no number.
fn shape(content: &[u8]) -> Result<Option<Geometry>, &'static str> {
    const SHORT: &str = "it ends early";
    let kind = le_u32(content, 0).ok_or(SHORT)?;
    match kind {
        0 => Ok(None),
        1 | 11 | 21 => {
            let at = positions(content, 4, 1).ok_or(SHORT)?[0];
            Ok((!at.x.is_nan() || !at.y.is_nan()).then(|| Point(at).into()))
        }
        8 | 18 | 28 => {
            let count = le_u32(content, 36).ok_or(SHORT)? as usize;
            let points = positions(content, 40, count).ok_or(SHORT)?;
            match points[..] {
                [] => Ok(None),
                [at] => Ok(Some(Point(at).into())),
                _ => Ok(Some(MultiPoint(points.into_iter().map(Point).collect()).into())),
            }
        }
        3 | 13 | 23 | 5 | 15 | 25 => {
            let parts = parts(content).ok_or("its parts do not hold together")?;
            if parts.is_empty() {
                return Ok(None);
            }
            if kind % 10 == 5 {
                return Ok(Some(rings::polygons(parts)));
            }
            let mut parts = parts;
            Ok(Some(match parts.len() {
                1 => parts.remove(0).into(),
                _ => MultiLineString(parts).into(),
            }))
        }
        31 => Err("multipatches are not read"),
        _ => Err("its type is not known"),
    }
}

/// The parts of a line or polygon, each a run of its positions.
fn parts(content: &[u8]) -> Option<Vec<LineString>> {
    let (n_parts, n_points) = (le_u32(content, 36)? as usize, le_u32(content, 40)? as usize);
    let after = 44usize.checked_add(n_parts.checked_mul(4)?)?;
    content.get(..after)?;
    let points = positions(content, after, n_points)?;
    let starts = (0..n_parts).map(|at| le_u32(content, 44 + 4 * at).map(|start| start as usize));
    let mut starts = starts.collect::<Option<Vec<_>>>()?;
    starts.push(n_points);
    let runs = starts.windows(2).map(|run| points.get(run[0]..run[1]).map(|part| LineString(part.to_vec())));
    runs.collect()
}

/// So many positions from a place, if they are there.
fn positions(content: &[u8], from: usize, count: usize) -> Option<Vec<Coord>> {
    let bytes = content.get(from..from.checked_add(count.checked_mul(16)?)?)?;
    let number = |b: &[u8]| Some(f64::from_le_bytes(b.try_into().ok()?));
    bytes.chunks_exact(16).map(|b| Some(Coord { x: number(&b[..8])?, y: number(&b[8..])? })).collect()
}

fn be_u32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn le_u32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record's content: type, box, number of parts and positions, starts, positions.
    fn content(kind: u32, starts: &[u32], n_points: u32, points: &[(f64, f64)]) -> Vec<u8> {
        let mut bytes = kind.to_le_bytes().to_vec();
        bytes.extend([0; 32]);
        bytes.extend((starts.len() as u32).to_le_bytes());
        bytes.extend(n_points.to_le_bytes());
        starts.iter().for_each(|start| bytes.extend(start.to_le_bytes()));
        points.iter().for_each(|at| {
            bytes.extend(at.0.to_le_bytes());
            bytes.extend(at.1.to_le_bytes());
        });
        bytes
    }

    #[test]
    fn parts_that_run_backwards_or_beyond_the_record_are_refused() {
        let two = [(0.0, 0.0), (1.0, 1.0)];
        assert!(matches!(shape(&content(3, &[0], 2, &two)), Ok(Some(Geometry::LineString(_)))));
        for bad in [
            content(3, &[2, 0], 2, &two),
            content(3, &[5], 2, &two),
            content(5, &[0], u32::MAX, &two),
            content(5, &[0], 3, &two),
            content(3, &[0, 1, 2, 9], 2, &two),
        ] {
            assert!(shape(&bad).is_err());
        }
        let mut many = content(3, &[], 0, &[]);
        many[36..40].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(shape(&many).is_err());
        assert_eq!(shape(&[0, 0, 0, 0]), Ok(None));
        assert!(shape(&[7]).is_err() && shape(&31u32.to_le_bytes()).is_err());
    }

    #[test]
    fn lengths_in_headers_are_not_trusted() {
        let mut shp = vec![0; 100];
        shp[..4].copy_from_slice(&9994u32.to_be_bytes());
        assert_eq!(records("t", &shp).expect("empty").len(), 0);
        shp[24..28].copy_from_slice(&u32::MAX.to_be_bytes());
        assert!(matches!(records("t", &shp), Err(FormatError::Shapes { shape: 0, .. })));
        assert!(matches!(records("t", &shp[..50]), Err(FormatError::NoShapefile { .. })));
        shp.extend([0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff]);
        assert!(matches!(records("t", &shp), Err(FormatError::Shapes { shape: 0, .. })));
    }
}
