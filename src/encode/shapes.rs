//! Block sets and areas as GeoJSON files that are read again as what they were.

use geo::{Geometry, MultiPolygon};
use serde_json::{Map, Value as Json};

use super::geojson_text::written_whole;
use crate::layer::{Feature, Value};
use crate::model::areas::{Area, AreaLayer, POLYGONS};
use crate::model::block::BlockSet;
use crate::model::context::{ContextFeature, ContextKind};
use crate::model::exposure::Residents;
use crate::model::streets::Street;

/// A block set of polygons, cells or hundred-blocks; each feature names the set, so that `--blocks` knows it again.
#[must_use]
pub fn block_set(set: &BlockSet, crs: &str) -> String {
    let features = set.blocks.iter().map(|block| {
        use geo::CoordsIter;
        // A block known from addresses alone may have no shape.
        let shape = (block.lonlat.coords_count() > 0).then(|| block.lonlat.clone());
        let id = block.id.strip_prefix("polygon-").unwrap_or(&block.id);
        let mut properties = vec![
            ("id", Value::text(id)),
            ("name", Value::text(block.name.clone())),
            ("block_set", Value::text(set.name)),
            ("area_km2", block.area.map_or(Value::Null, |a| Value::rounded(a.0, 6))),
        ];
        properties.extend(residents(block.residents));
        Feature { id: block.id.clone(), geometry: shape, properties }
    });
    collection(&[("block_set", set.name), ("local_crs", crs)], features)
}

/// Polygons that are blocks, as they were read.
#[must_use]
pub fn polygons(areas: &[Area]) -> String {
    let features = (1..).zip(areas).map(|(number, area)| {
        let id = area.id.clone().unwrap_or_else(|| number.to_string());
        let set = area.block_set.clone().unwrap_or_else(|| POLYGONS.to_owned());
        let mut properties = vec![
            ("id", Value::text(id.clone())),
            ("name", area.name.clone().into()),
            ("block_set", Value::text(set)),
        ];
        properties.extend(residents(area.residents));
        Feature { id, geometry: Some(geometry(&area.shape).into()), properties }
    });
    collection(&[], features)
}

/// Areas of one kind; each feature names the kind, so that `--areas FILE` needs none.
#[must_use]
pub fn areas(layer: &AreaLayer) -> String {
    let features = layer.areas.iter().map(|area| {
        let mut properties = vec![
            ("id", Value::text(area.id.clone())),
            ("kind", Value::text(layer.kind.word())),
            ("name", Value::text(area.name.clone())),
            ("area_km2", Value::rounded(area.area.0, 6)),
        ];
        properties.extend(residents(area.residents));
        let id = format!("{}-{}", layer.kind, area.id);
        Feature { id, geometry: Some(geometry(&area.lonlat).into()), properties }
    });
    collection(&[("kind", layer.kind.word())], features)
}

/// Places around blocks: shapes with their names, and nothing else of their file.
#[must_use]
pub fn context(kind: &ContextKind, places: &[ContextFeature]) -> String {
    let features = (1..).zip(places).map(|(number, place): (u64, _)| Feature {
        id: format!("{kind}-{number}"),
        geometry: Some(place.shape.clone().into()),
        properties: vec![("name", place.name.clone().into())],
    });
    collection(&[("context", &kind.to_string())], features)
}

/// Streets with what they are used for and their house numbers: those that people name first, as they are cut in that order.
#[must_use]
pub fn streets(streets: &[Street]) -> String {
    let house = |n: Option<u32>| n.map_or(Value::Null, Value::count);
    let mut order: Vec<&Street> = streets.iter().collect();
    order.sort_by_key(|street| street.by_number);
    let features = (1..).zip(order).map(|(number, street): (u64, _)| Feature {
        id: format!("street-{number}"),
        geometry: Some(
            street
                .line
                .iter()
                .map(|at| geo::Coord { x: at.lon(), y: at.lat() })
                .collect::<geo::LineString>()
                .into(),
        ),
        properties: vec![
            ("name", Value::text(street.name.clone())),
            ("used_as", Value::text(street.used_as.word())),
            ("from_left", house(street.numbers.left.map(|side| side.from))),
            ("to_left", house(street.numbers.left.map(|side| side.to))),
            ("from_right", house(street.numbers.right.map(|side| side.from))),
            ("to_right", house(street.numbers.right.map(|side| side.to))),
        ],
    });
    collection(&[], features)
}

fn residents(of: Residents) -> [(&'static str, Value); 2] {
    let number = |n: Option<f64>| n.map_or(Value::Null, |n| Value::rounded(n, 3));
    [("households", number(of.households)), ("population", number(of.population))]
}

fn geometry(shape: &MultiPolygon) -> Geometry {
    match &shape.0[..] {
        [only] => only.clone().into(),
        _ => shape.clone().into(),
    }
}

fn collection(members: &[(&str, &str)], features: impl Iterator<Item = Feature>) -> String {
    let members: Map<String, Json> =
        members.iter().map(|(name, text)| ((*name).to_owned(), Json::from(*text))).collect();
    written_whole(&members, features) + "\n"
}
