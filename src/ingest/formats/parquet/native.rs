//! Geometry as nested lists of x and y, which is how GeoParquet keeps it without WKB.

use geo::{Coord, Geometry, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon};

use super::columns::Native;
use super::leaf::{Batch, Values};

/// The shape of a row by its x and y with their levels; `None` where there is no position.
///
/// The repetition level says at which depth a new list begins: polygons of rings of positions, of which
/// shallower shapes have the inner ones only.
pub(super) fn shape(kind: Native, x: Batch<'_>, y: Batch<'_>) -> Result<Option<Geometry>, &'static str> {
    const UNEQUAL: &str = "x and y differ in number";
    if x.rep != y.rep || x.def.len() != y.def.len() {
        return Err(UNEQUAL);
    }
    let (Values::F64(xs), Values::F64(ys)) = (x.values, y.values) else {
        return Err("x and y are no numbers");
    };
    let (mut xs, mut ys) = (xs[x.from..].iter(), ys[y.from..].iter());
    let depth = x.max_rep;
    let mut parts: Vec<Vec<Vec<Coord>>> = Vec::new();
    for at in 0..x.len {
        let rep = x.rep.get(at).copied().unwrap_or(0);
        let there = |batch: &Batch<'_>| batch.def.get(at).is_none_or(|&def| def == batch.max_def);
        match (there(&x), there(&y)) {
            (false, false) => continue,
            (true, true) => {}
            _ => return Err(UNEQUAL),
        }
        let (Some(&x), Some(&y)) = (xs.next(), ys.next()) else { return Err(UNEQUAL) };
        let level = if at == 0 || rep < 0 { 0 } else { rep + (3 - depth) };
        if level <= 1 || parts.is_empty() {
            parts.push(vec![Vec::new()]);
        }
        let rings = parts.last_mut().expect("one was just put there");
        if level == 2 && !rings.last().is_none_or(Vec::is_empty) {
            rings.push(Vec::new());
        }
        rings.last_mut().expect("a part begins with a ring").push(Coord { x, y });
    }
    Ok(geometry(kind, parts))
}

fn geometry(kind: Native, parts: Vec<Vec<Vec<Coord>>>) -> Option<Geometry> {
    let mut polygons = parts.into_iter().map(|rings| {
        let mut rings = rings.into_iter().map(LineString);
        let outer = rings.next().unwrap_or_else(|| LineString(Vec::new()));
        (outer, rings.collect::<Vec<_>>())
    });
    let first = polygons.next()?;
    let polygon = |(outer, inner)| Polygon::new(outer, inner);
    Some(match kind {
        Native::Point => {
            let at = *first.0.0.first()?;
            return (!at.x.is_nan() || !at.y.is_nan()).then(|| Point(at).into());
        }
        Native::LineString => first.0.into(),
        Native::MultiPoint => MultiPoint(first.0.0.into_iter().map(Point).collect()).into(),
        Native::Polygon => polygon(first).into(),
        Native::MultiLineString => MultiLineString(std::iter::once(first.0).chain(first.1).collect()).into(),
        Native::MultiPolygon => {
            MultiPolygon(std::iter::once(first).chain(polygons).map(polygon).collect()).into()
        }
    })
}
