//! What the incidents of a store are laid on: blocks, areas, places around them, and what is said of the data.

use super::bytes::{Put, Take, Torn};
use super::shapes;
use crate::ingest::blocks::Shapes;
use crate::model::areas::{Area, AreaKind};
use crate::model::context::{ContextFeature, ContextKind};

/// All that a data set is made with beside its reports.
#[derive(Clone, Debug, Default)]
pub struct Setting {
    /// Streets or polygons; `None` where blocks are made from addresses.
    pub blocks: Option<Shapes>,
    /// Named areas by kind, as their files had them.
    pub areas: Vec<(AreaKind, Vec<Area>)>,
    /// Places around blocks by kind, as their files had them.
    pub context: Vec<(ContextKind, Vec<ContextFeature>)>,
    /// Name and bytes of a table of harm weights.
    pub harm: Option<(String, Vec<u8>)>,
    /// The configuration without its files: title, notice, parameters, released places, rules.
    pub config: String,
}

/// The form of the bytes.
const FORM: u8 = 1;

impl Setting {
    /// All of it as bytes; every number comes back to the bit.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut put = Put::default();
        put.u8(FORM);
        match &self.blocks {
            None => put.u8(0),
            Some(Shapes::Streets(streets)) => {
                put.u8(1);
                put.list(streets, shapes::put_street);
            }
            Some(Shapes::Areas(areas)) => {
                put.u8(2);
                put.list(areas, shapes::put_area);
            }
        }
        put.list(&self.areas, |put, (kind, areas)| {
            put.text(kind.word());
            put.list(areas, shapes::put_area);
        });
        put.list(&self.context, |put, (kind, places)| {
            put.text(&kind.to_string());
            put.list(places, shapes::put_place);
        });
        put.maybe(self.harm.as_ref(), |put, (name, bytes)| {
            put.text(name);
            put.list(bytes, |put, &byte| put.u8(byte));
        });
        put.text(&self.config);
        put.0
    }

    /// What [`Setting::encode`] wrote.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Torn> {
        let mut take = Take(bytes);
        if take.u8()? != FORM {
            return Err(Torn);
        }
        let setting = Self {
            blocks: match take.u8()? {
                0 => None,
                1 => Some(Shapes::Streets(take.list(shapes::street)?)),
                2 => Some(Shapes::Areas(take.list(shapes::area)?)),
                _ => return Err(Torn),
            },
            areas: take.list(|take| {
                let kind = take.text()?.parse().map_err(|_| Torn)?;
                Ok((kind, take.list(shapes::area)?))
            })?,
            context: take.list(|take| {
                let kind = take.text()?.parse().map_err(|_| Torn)?;
                Ok((kind, take.list(shapes::place)?))
            })?,
            harm: take.maybe(|take| Ok((take.text()?.to_owned(), take.list(Take::u8)?)))?,
            config: take.text()?.to_owned(),
        };
        take.end()?;
        Ok(setting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::exposure::Residents;
    use crate::model::house_numbers::{Numbers, Sides};
    use crate::model::streets::{Street, StreetUse};
    use crate::space::coord::LonLat;
    use geo::{LineString, MultiPolygon, Point, Polygon, polygon};

    #[test]
    fn blocks_areas_and_places_come_back_to_the_bit() {
        let at = |lon, lat| LonLat::new(lon, lat).expect("on the globe");
        let street = Street {
            name: "Öl St".to_owned(),
            used_as: StreetUse::Alley,
            by_number: true,
            numbers: Sides { left: Some(Numbers { from: 9, to: 1, mixed: true }), right: None },
            line: vec![at(-90.1 / 3.0, 38.0), at(-90.0, 38.1)],
        };
        let ring = polygon![(x: 0.1, y: 0.2), (x: 1.0, y: 0.0), (x: 1.0, y: 1.0), (x: 0.1, y: 0.2)];
        let holed = Polygon::new(ring.exterior().clone(), vec![ring.exterior().clone()]);
        let area = Area {
            id: Some("7".to_owned()),
            block_set: Some("cells".to_owned()),
            residents: Residents { households: Some(3.5), population: None },
            shape: MultiPolygon(vec![holed.clone(), ring]),
            ..Area::default()
        };
        let place = |shape| ContextFeature { name: Some("School".to_owned()), shape };
        let line = LineString::from(vec![(0.0, 1.0), (2.0, 3.0)]);
        let places = vec![
            place(Point::new(1.0, 2.0).into()),
            place(line.clone().into()),
            place(holed.into()),
            place(geo::MultiLineString(vec![line]).into()),
            ContextFeature { name: None, shape: geo::MultiPoint(vec![Point::new(0.0, 0.1)]).into() },
        ];
        let streets = Setting {
            blocks: Some(Shapes::Streets(vec![street])),
            areas: vec![(AreaKind::Ward, vec![area.clone()]), (AreaKind::Ward, Vec::new())],
            context: vec![("schools".parse().expect("a word"), places)],
            harm: Some(("harm.csv".to_owned(), vec![0, 255])),
            config: "title = \"T\"".to_owned(),
        };
        let polygons = Setting { blocks: Some(Shapes::Areas(vec![area])), ..Setting::default() };
        for setting in [streets, polygons, Setting::default()] {
            let bytes = setting.encode();
            let again = Setting::decode(&bytes).expect("whole");
            assert_eq!(format!("{again:?}"), format!("{setting:?}"));
            assert_eq!(again.encode(), bytes);
            assert!((0..bytes.len()).all(|n| Setting::decode(&bytes[..n]).is_err()));
        }
    }
}
