//! Well-known binary, ISO and extended, and the blobs of GeoPackage: no length in it is trusted.

use geo::{
    Coord, Geometry, GeometryCollection, LineString, MultiLineString, MultiPoint, MultiPolygon, Point,
    Polygon,
};

/// How deep collections may lie in each other.
const DEPTH: usize = 16;

/// Why bytes are no geometry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum WkbError {
    #[error("it ends early")]
    Truncated,
    #[error("its byte order is neither 0 nor 1")]
    Order,
    #[error("geometry type {0} is not read")]
    Type(u32),
    #[error("a part of it is of another type than the whole")]
    Part,
    #[error("collections lie more than {DEPTH} deep in each other")]
    Deep,
    #[error("it does not begin as a GeoPackage geometry does")]
    GeoPackage,
}

/// A geometry; `None` for an empty point.
pub(super) fn geometry(bytes: &[u8]) -> Result<Option<Geometry>, WkbError> {
    Reader { bytes }.geometry(0)
}

/// A geometry behind the header of a GeoPackage; `None` where it says that it is empty.
pub(super) fn geopackage(blob: &[u8]) -> Result<Option<Geometry>, WkbError> {
    let (&flags, rest) = match blob {
        [b'G', b'P', _, flags, rest @ ..] => (flags, rest),
        _ => return Err(WkbError::GeoPackage),
    };
    let envelope = match (flags >> 1) & 7 {
        0 => 0,
        1 => 32,
        2 | 3 => 48,
        4 => 64,
        _ => return Err(WkbError::GeoPackage),
    };
    if flags & 0x10 != 0 {
        return Ok(None);
    }
    geometry(rest.get(4 + envelope..).ok_or(WkbError::Truncated)?)
}

struct Reader<'a> {
    bytes: &'a [u8],
}

/// The head of a geometry: byte order, type without dimensions, numbers a position.
struct Head {
    little: bool,
    kind: u32,
    numbers: usize,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], WkbError> {
        let (taken, rest) = self.bytes.split_first_chunk::<N>().ok_or(WkbError::Truncated)?;
        self.bytes = rest;
        Ok(*taken)
    }

    fn u32(&mut self, little: bool) -> Result<u32, WkbError> {
        let bytes = self.take::<4>()?;
        Ok(if little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    fn head(&mut self) -> Result<Head, WkbError> {
        let little = match self.take::<1>()?[0] {
            0 => false,
            1 => true,
            _ => return Err(WkbError::Order),
        };
        let code = self.u32(little)?;
        // Extended WKB marks z, m and an SRID in the highest bits, ISO adds 1000, 2000 or 3000.
        let (z, m) = (code & 0x8000_0000 != 0, code & 0x4000_0000 != 0);
        if code & 0x2000_0000 != 0 {
            self.u32(little)?;
        }
        let code = code & 0x1fff_ffff;
        let more = match code / 1000 {
            0 => usize::from(z) + usize::from(m),
            1 | 2 => 1,
            3 => 2,
            _ => return Err(WkbError::Type(code)),
        };
        Ok(Head { little, kind: code % 1000, numbers: 2 + more })
    }

    /// A count of things that take so many bytes each: more than are there cannot be meant.
    fn count(&mut self, head: &Head, each: usize) -> Result<usize, WkbError> {
        let count = self.u32(head.little)? as usize;
        if count > self.bytes.len() / each { Err(WkbError::Truncated) } else { Ok(count) }
    }

    fn position(&mut self, head: &Head) -> Result<Coord, WkbError> {
        let little = head.little;
        let number = |bytes| if little { f64::from_le_bytes(bytes) } else { f64::from_be_bytes(bytes) };
        let (x, y) = (number(self.take()?), number(self.take()?));
        for _ in 2..head.numbers {
            self.take::<8>()?;
        }
        Ok(Coord { x, y })
    }

    fn line(&mut self, head: &Head) -> Result<LineString, WkbError> {
        let count = self.count(head, 8 * head.numbers)?;
        (0..count).map(|_| self.position(head)).collect::<Result<Vec<_>, _>>().map(LineString)
    }

    fn polygon(&mut self, head: &Head) -> Result<Polygon, WkbError> {
        let count = self.count(head, 4)?;
        let mut rings = (0..count).map(|_| self.line(head)).collect::<Result<Vec<_>, _>>()?.into_iter();
        let outer = rings.next().unwrap_or_else(|| LineString(Vec::new()));
        Ok(Polygon::new(outer, rings.collect()))
    }

    fn geometry(&mut self, depth: usize) -> Result<Option<Geometry>, WkbError> {
        let head = self.head()?;
        Ok(Some(match head.kind {
            1 => {
                let at = self.position(&head)?;
                return Ok((!at.x.is_nan() || !at.y.is_nan()).then(|| Point(at).into()));
            }
            2 => self.line(&head)?.into(),
            3 => self.polygon(&head)?.into(),
            4 => MultiPoint(self.parts(&head, depth, |g| Point::try_from(g).ok())?).into(),
            5 => MultiLineString(self.parts(&head, depth, |g| LineString::try_from(g).ok())?).into(),
            6 => MultiPolygon(self.parts(&head, depth, |g| Polygon::try_from(g).ok())?).into(),
            7 => Geometry::GeometryCollection(GeometryCollection(self.parts(&head, depth, Some)?)),
            other => return Err(WkbError::Type(other)),
        }))
    }

    fn parts<T>(
        &mut self,
        head: &Head,
        depth: usize,
        part: impl Fn(Geometry) -> Option<T>,
    ) -> Result<Vec<T>, WkbError> {
        if depth == DEPTH {
            return Err(WkbError::Deep);
        }
        let count = self.count(head, 9)?;
        let mut parts = Vec::new();
        for _ in 0..count {
            if let Some(geometry) = self.geometry(depth + 1)? {
                parts.push(part(geometry).ok_or(WkbError::Part)?);
            }
        }
        Ok(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len() / 2)
            .map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).expect("hexadecimal"))
            .collect()
    }

    /// From shapely: `shapely.to_wkb(..., hex=True)` with both byte orders and flavors.
    #[test]
    fn either_byte_order_and_flavor_gives_the_same_point() {
        let expected = Some(Point::new(1.0, 2.0).into());
        for text in [
            "0101000000000000000000F03F0000000000000040",
            "00000000013FF00000000000004000000000000000",
            "0101000080000000000000F03F00000000000000400000000000000840",
            "01E9030000000000000000F03F00000000000000400000000000000840",
            "0101000020E6100000000000000000F03F0000000000000040",
        ] {
            assert_eq!(geometry(&hex(text)), Ok(expected.clone()), "{text}");
        }
        assert_eq!(geometry(&hex("0101000000000000000000F87F000000000000F87F")), Ok(None));
    }

    #[test]
    fn a_count_above_what_is_there_is_refused_before_anything_is_made() {
        for kind in 2..=7 {
            let bytes = [1, kind, 0, 0, 0, 0xff, 0xff, 0xff, 0xff];
            assert_eq!(geometry(&bytes), Err(WkbError::Truncated));
        }
        let deep: Vec<u8> = [1, 7, 0, 0, 0, 1, 0, 0, 0].repeat(10_000);
        assert_eq!(geometry(&deep), Err(WkbError::Deep));
        assert_eq!(geometry(&[1, 4, 0, 0, 0, 1, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0]), Err(WkbError::Part));
        assert_eq!(geometry(&[2]), Err(WkbError::Order));
        assert_eq!(geopackage(b"GP"), Err(WkbError::GeoPackage));
    }
}
