//! Hundred-blocks made from addresses, where no file of streets or areas is given.

use std::collections::{BTreeMap, HashMap};

use geo::{Area, ConvexHull, Coord, Geometry, GeometryCollection, MultiPoint};

use super::address::Address;
use super::block::{Assignment, Block, BlockId, BlockKind, BlockSet, HUNDRED_BLOCKS, OnStreet};
use super::incident::Incidents;
use super::street_words::Words;
use super::streets::in_words;
use crate::space::coord::{Local, SquareKm};
use crate::space::crs::{Crs, CrsError};

/// A hull smaller than this is a line with rounding, and no area.
const LEAST_AREA_M2: f64 = 1.0;

/// Makes a block of every hundred of house numbers, every crossing and every street without numbers
/// that an address names, and assigns by the text alone; incidents without an address have no block.
///
/// The shape is the convex hull of the block's located incidents, or the point in the middle of
/// them (median of x and of y) for a crossing or where they lie on one line; without any it is
/// empty. `drawn` says which incidents may be seen in a shape: an outline around few tells their
/// places, so it is false for protected offenses. Ids and order come from the names in their
/// standard form. `named` says which incidents may be known by their address at all: not those
/// whose place is kept back, for which no block is made either. Time O(n log n).
///
/// # Errors
///
/// [`CrsError`] if a shape cannot be brought to longitude and latitude.
///
/// # Limits
///
/// **Shapes do not cover the ground** and may overlap: what has no address near them is in none.
pub fn hundred_blocks(
    incidents: &Incidents,
    crs: &Crs,
    words: &Words,
    named: impl Fn(usize) -> bool,
    drawn: impl Fn(usize) -> bool,
) -> Result<(BlockSet, Assignment), CrsError> {
    let mut read: HashMap<&str, Option<Address>> = HashMap::new();
    let mut units: BTreeMap<String, Unit> = BTreeMap::new();
    for at in (0..incidents.len()).filter(|&at| named(at)) {
        let Some(text) = incidents.address(at) else { continue };
        let Some(address) = read.entry(text).or_insert_with(|| Address::parse(text, words)) else { continue };
        let unit = units.entry(address.unit()).or_insert_with(|| Unit::new(address));
        unit.incidents.push(at);
        *unit.texts.entry(text).or_default() += 1;
    }
    let mut of = vec![None; incidents.len()];
    let mut blocks = Vec::with_capacity(units.len());
    for (number, (id, unit)) in (0..).zip(&units) {
        unit.incidents.iter().for_each(|&at| of[at] = Some(BlockId(number)));
        let seen = unit.incidents.iter().filter(|&&at| drawn(at));
        let places: Vec<Local> = seen.filter_map(|&at| incidents.local(at)).collect();
        blocks.push(unit.block(id, &places, crs)?);
    }
    Ok((BlockSet { name: HUNDRED_BLOCKS, blocks, alleys: Vec::new() }, Assignment::whole(of)))
}

struct Unit<'a> {
    hundred: Option<u32>,
    crossing: bool,
    incidents: Vec<usize>,
    texts: BTreeMap<&'a str, usize>,
}

impl Unit<'_> {
    fn new(address: &Address) -> Self {
        let hundred = match address {
            Address::House(n, _) | Address::Hundred(n, _) => Some(n / 100 * 100),
            Address::Crossing(..) | Address::Street(_) => None,
        };
        let crossing = matches!(address, Address::Crossing(..));
        Self { hundred, crossing, incidents: Vec::new(), texts: BTreeMap::new() }
    }

    fn block(&self, id: &str, places: &[Local], crs: &Crs) -> Result<Block, CrsError> {
        let street = self.street();
        let local = if self.crossing { middle(places) } else { outline(places) };
        let lonlat = crs.shape_from_local(&local)?;
        let area = matches!(local, Geometry::Polygon(_)).then(|| local.unsigned_area());
        Ok(Block {
            id: format!(
                "{}-{}",
                if self.crossing { "crossing" } else { "hundred" },
                id.replace('/', "and").replace(' ', "-")
            ),
            name: match self.hundred {
                None => street.clone(),
                Some(0) => format!("Unit block of {street}"),
                Some(hundred) => format!("{hundred} block of {street}"),
            },
            kind: if self.crossing { BlockKind::Node } else { BlockKind::HundredBlock },
            lonlat: lonlat.into(),
            local,
            length: None,
            area: area.map(SquareKm::from_square_metres),
            residents: Default::default(),
            areas: Default::default(),
            streets: vec![OnStreet { name: street, ..OnStreet::default() }],
        })
    }

    /// The street as most of the addresses write it, of equally many the first by letters.
    fn street(&self) -> String {
        let most = self.texts.iter().max_by_key(|(text, n)| (**n, std::cmp::Reverse(**text)));
        let text = most.map_or("", |(text, _)| text);
        let words: Vec<&str> = text.split_whitespace().collect();
        let number = if self.hundred.is_some() { 1 } else { 0 };
        let upper = |at: usize| words.get(at).map(|word| word.to_ascii_uppercase()).unwrap_or_default();
        let block = usize::from(number == 1 && matches!(&*upper(1), "BLOCK" | "BLK"));
        let of = usize::from(block == 1 && upper(2) == "OF");
        in_words(&words[(number + block + of).min(words.len())..].join(" "))
    }
}

/// The hull if it has an area, else the point in the middle.
fn outline(places: &[Local]) -> Geometry {
    let hull =
        places.iter().map(|&at| geo::Point::from(Coord::from(at))).collect::<MultiPoint>().convex_hull();
    if hull.unsigned_area() >= LEAST_AREA_M2 { hull.into() } else { middle(places) }
}

/// The median of x and of y; empty around nothing.
fn middle(places: &[Local]) -> Geometry {
    if places.is_empty() {
        return Geometry::GeometryCollection(GeometryCollection::default());
    }
    let median = |of: fn(&Local) -> f64| {
        let mut values: Vec<f64> = places.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[(values.len() - 1) / 2].midpoint(values[values.len() / 2])
    };
    geo::Point::new(median(|at| at.x), median(|at| at.y)).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::class::ClassId;
    use crate::model::incident::{Incident, Located};
    use crate::model::period::{Interval, Precision};
    use crate::space::coord::Mercator;

    /// Position of an incident whose place is kept back.
    const KEPT_BACK: usize = 8;

    fn row(n: i32, address: &str, place: Option<(f64, f64)>) -> Incident {
        let (x, y) = place.unwrap_or_default();
        Incident {
            source: 0,
            id: n.to_string(),
            when: Interval { from: 0, seconds: 60, precision: Precision::Minute },
            classes: vec![ClassId(0)],
            reports: 1,
            located: if place.is_some() { Located::Yes } else { Located::Missing },
            mercator: Mercator { x: n, y: 0 },
            local: Local { x: 740_000.0 + x, y: 4_280_000.0 + y },
            address: (!address.is_empty()).then(|| address.into()),
            intersection: false,
            origin: Default::default(),
            status: Default::default(),
        }
    }

    fn made(rows: Vec<Incident>, drawn: impl Fn(usize) -> bool) -> (BlockSet, Assignment) {
        let words = Words::parse(include_str!("../../data/street_words.csv")).expect("shipped");
        let crs = Crs::new("EPSG:32615").expect("UTM");
        hundred_blocks(&Incidents::store(rows), &crs, &words, |at| at != KEPT_BACK, drawn)
            .expect("in the zone")
    }

    #[test]
    fn a_hundred_of_house_numbers_is_one_block_however_its_addresses_are_written() {
        let rows = vec![
            row(1, "5903 MORGAN FORD RD", Some((0., 0.))),
            row(2, "5998 MORGANFORD ROAD", Some((90., 0.))),
            row(3, "059XX MORGAN FORD RD", Some((40., 30.))),
            row(4, "6000 MORGAN FORD RD", Some((200., 0.))),
            row(5, "", Some((5., 5.))),
            row(6, "OAK ST / MORGAN FORD RD", Some((0., 9.))),
            row(7, "MORGAN FORD RD & OAK ST", Some((2., 9.))),
            row(8, "On or near Limes Close", None),
            row(9, "77 SECRET ST", None),
        ];
        let (set, assignment) = made(rows, |_| true);
        let names: Vec<&str> = set.blocks.iter().map(|b| b.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "5900 block of Morgan Ford Rd",
                "6000 block of Morgan Ford Rd",
                "On or near Limes Close",
                "Morgan Ford Rd & Oak St"
            ]
        );
        assert_eq!(assignment.main(KEPT_BACK), None);
        let of: Vec<_> = (0..8).map(|at| assignment.main(at).map(|b| b.0)).collect();
        assert_eq!(of, [Some(0), Some(0), Some(0), Some(1), None, Some(3), Some(3), Some(2)]);
        let shapes: Vec<_> = set.blocks.iter().map(|b| (b.kind.word(), b.area.is_some())).collect();
        let hundred = |area| ("hundred-block", area);
        assert_eq!(shapes, [hundred(true), hundred(false), hundred(false), ("node", false)]);
        assert!(matches!(set.blocks[1].local, Geometry::Point(_)));
        assert!(matches!(&*set.blocks[2].lonlat, Geometry::GeometryCollection(none) if none.is_empty()));
        let ids = [set.blocks[0].id.as_str(), set.blocks[3].id.as_str()];
        assert_eq!(ids, ["hundred-5900-MORGANFORD-RD", "crossing-MORGANFORD-RD-and-OAK-ST"]);
    }

    #[test]
    fn what_is_not_drawn_counts_and_is_in_no_outline() {
        let rows = || (0..4).map(|n| row(n, "12 OAK ST", Some((f64::from(n * n), f64::from(n))))).collect();
        let (seen, _) = made(rows(), |_| true);
        let (hidden, assignment) = made(rows(), |_| false);
        assert!(seen.blocks[0].area.is_some());
        assert!(matches!(&hidden.blocks[0].local, Geometry::GeometryCollection(none) if none.is_empty()));
        assert!((0..4).all(|at| assignment.main(at) == Some(BlockId(0))));
    }
}
