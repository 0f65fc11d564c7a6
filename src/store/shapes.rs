//! Streets, polygons and places to bytes and back, every coordinate to the bit.

use geo::{Coord, Geometry, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon};

use super::bytes::{Put, Take, Torn};
use crate::model::areas::Area;
use crate::model::context::ContextFeature;
use crate::model::exposure::Residents;
use crate::model::house_numbers::{Numbers, Sides};
use crate::model::streets::{Street, StreetUse};
use crate::space::coord::LonLat;

const USES: [StreetUse; 3] = [StreetUse::Open, StreetUse::Alley, StreetUse::Closed];

pub(super) fn put_street(put: &mut Put, street: &Street) {
    put.text(&street.name);
    put.text(street.used_as.word());
    put.u8(u8::from(street.by_number));
    for side in [street.numbers.left, street.numbers.right] {
        put.maybe(side, |put, numbers| {
            put.u32(numbers.from);
            put.u32(numbers.to);
            put.u8(u8::from(numbers.mixed));
        });
    }
    put.list(&street.line, |put, at| {
        put.f64(at.lon());
        put.f64(at.lat());
    });
}

pub(super) fn street(take: &mut Take<'_>) -> Result<Street, Torn> {
    let name = take.text()?.to_owned();
    let word = take.text()?;
    let used_as = USES.into_iter().find(|used| used.word() == word).ok_or(Torn)?;
    let by_number = flag(take)?;
    let side = |take: &mut Take<'_>| {
        take.maybe(|take| Ok(Numbers { from: take.u32()?, to: take.u32()?, mixed: flag(take)? }))
    };
    let numbers = Sides { left: side(take)?, right: side(take)? };
    let line = take.list(|take| LonLat::new(take.f64()?, take.f64()?).map_err(|_| Torn))?;
    Ok(Street { name, used_as, by_number, numbers, line })
}

pub(super) fn put_area(put: &mut Put, area: &Area) {
    for text in [&area.id, &area.name, &area.kind, &area.block_set] {
        put.maybe(text.as_deref(), Put::text);
    }
    put.maybe(area.residents.households, Put::f64);
    put.maybe(area.residents.population, Put::f64);
    put.list(&area.shape.0, put_polygon);
}

pub(super) fn area(take: &mut Take<'_>) -> Result<Area, Torn> {
    let text = |take: &mut Take<'_>| take.maybe(|take| Ok(take.text()?.to_owned()));
    Ok(Area {
        id: text(take)?,
        name: text(take)?,
        kind: text(take)?,
        block_set: text(take)?,
        residents: Residents { households: take.maybe(Take::f64)?, population: take.maybe(Take::f64)? },
        shape: MultiPolygon(take.list(polygon)?),
    })
}

pub(super) fn put_place(put: &mut Put, place: &ContextFeature) {
    put.maybe(place.name.as_deref(), Put::text);
    put_geometry(put, &place.shape);
}

pub(super) fn place(take: &mut Take<'_>) -> Result<ContextFeature, Torn> {
    let name = take.maybe(|take| Ok(take.text()?.to_owned()))?;
    Ok(ContextFeature { name, shape: geometry(take, 0)? })
}

/// A geometry; what files of places cannot hold (lines of two points, rectangles, triangles) goes as the polygon or line that it is.
fn put_geometry(put: &mut Put, shape: &Geometry) {
    match shape {
        Geometry::Point(point) => {
            put.u8(1);
            put_coord(put, &point.0);
        }
        Geometry::LineString(line) => {
            put.u8(2);
            put.list(&line.0, put_coord);
        }
        Geometry::Polygon(polygon) => {
            put.u8(3);
            put_polygon(put, polygon);
        }
        Geometry::MultiPoint(points) => {
            put.u8(4);
            put.list(&points.0, |put, point| put_coord(put, &point.0));
        }
        Geometry::MultiLineString(lines) => {
            put.u8(5);
            put.list(&lines.0, |put, line| put.list(&line.0, put_coord));
        }
        Geometry::MultiPolygon(polygons) => {
            put.u8(6);
            put.list(&polygons.0, put_polygon);
        }
        Geometry::GeometryCollection(all) => {
            put.u8(7);
            put.list(&all.0, put_geometry);
        }
        Geometry::Line(line) => put_geometry(put, &LineString::from(*line).into()),
        Geometry::Rect(rect) => put_geometry(put, &rect.to_polygon().into()),
        Geometry::Triangle(triangle) => put_geometry(put, &triangle.to_polygon().into()),
    }
}

/// Collections within collections, at most so deep.
const DEEPEST: usize = 16;

fn geometry(take: &mut Take<'_>, depth: usize) -> Result<Geometry, Torn> {
    Ok(match take.u8()? {
        1 => Point(coord(take)?).into(),
        2 => LineString(take.list(coord)?).into(),
        3 => polygon(take)?.into(),
        4 => MultiPoint(take.list(|take| Ok(Point(coord(take)?)))?).into(),
        5 => MultiLineString(take.list(|take| Ok(LineString(take.list(coord)?)))?).into(),
        6 => MultiPolygon(take.list(polygon)?).into(),
        7 if depth < DEEPEST => Geometry::GeometryCollection(geo::GeometryCollection(
            take.list(|take| geometry(take, depth + 1))?,
        )),
        _ => return Err(Torn),
    })
}

fn put_polygon(put: &mut Put, polygon: &Polygon) {
    put.list(&polygon.exterior().0, put_coord);
    put.list(polygon.interiors(), |put, ring| put.list(&ring.0, put_coord));
}

fn polygon(take: &mut Take<'_>) -> Result<Polygon, Torn> {
    let exterior = LineString(take.list(coord)?);
    Ok(Polygon::new(exterior, take.list(|take| Ok(LineString(take.list(coord)?)))?))
}

fn put_coord(put: &mut Put, at: &Coord) {
    put.f64(at.x);
    put.f64(at.y);
}

fn coord(take: &mut Take<'_>) -> Result<Coord, Torn> {
    Ok(Coord { x: take.f64()?, y: take.f64()? })
}

fn flag(take: &mut Take<'_>) -> Result<bool, Torn> {
    match take.u8()? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Torn),
    }
}
