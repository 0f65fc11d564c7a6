//! A layer's features made ready once, and drawn tile by tile: those that matter most first, as many as fit.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use hashbrown::HashMap;
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use super::drawing::{Drawn, NEW};
use super::shape::Shape;
use super::window::Window;
use super::wire::{Kind, LayerBytes, value};
use super::{Cut, number_of};
use crate::layer::{Layer, Value};
use crate::space::bbox::LonLatBox;
use crate::space::tile::Tile;

/// Words longer than this are for those who ask for items.
const LONG: usize = 100;

/// What else of a block is for those who ask for items.
const OF_ITEMS: [&str; 13] = [
    "group",
    "rank_mean",
    "rate_mean",
    "victims",
    "offenses",
    "latest",
    "top_address_share",
    "n_addresses",
    "observed_days",
    "length_m",
    "area_km2",
    "households",
    "population",
];

/// Which features are kept of too many.
const RULE: &str = "the first of the layer's order are kept: the highest ranked, hottest or largest";

/// Features of a layer. What a tile holds lies together, for they are stored by place; each knows where it comes in the
/// layer's order.
#[derive(Debug)]
pub(super) struct Features {
    pub(super) name: &'static str,
    pub(super) features: Vec<Feature>,
    pub(super) shapes: Vec<Shape>,
    /// The points of all shapes.
    pub(super) places: Vec<[f64; 2]>,
    pub(super) keys: Vec<(&'static str, &'static str)>,
    /// Keys and values of all features, one after the other.
    pub(super) tags: Vec<Tag>,
    /// Values that one feature alone has, as fields of a layer, in the order of the tags: no tile needs to look whether it
    /// has them already.
    pub(super) own: Vec<u8>,
    /// Values that several features have, likewise, and where each ends.
    shared: Vec<u8>,
    pub(super) ends: Vec<u32>,
    boxes: RTree<GeomWithData<Rectangle<[f64; 2]>, Place>>,
    bounds: Option<LonLatBox>,
    /// Tables of what each shared value is in a tile, all [`NEW`]: to make one takes as long as some tiles do.
    spare: Mutex<Vec<Vec<u32>>>,
}

/// Tables that are kept for the next tiles: more are seldom drawn at once.
const SPARE: usize = 4;

/// Where a feature comes in the layer's order, and where it is stored.
type Place = (u32, u32);

#[derive(Debug)]
pub(super) struct Feature {
    pub(super) id: u64,
    pub(super) shapes: Range<u32>,
    pub(super) tags: Range<u32>,
    pub(super) own: Range<u32>,
    pub(super) n_own: u32,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Tag {
    pub(super) key: u32,
    /// The number of a shared value, or [`OWN`].
    pub(super) value: u32,
}

/// The next of a feature's own values.
pub(super) const OWN: u32 = u32::MAX;

fn number(n: usize) -> u32 {
    u32::try_from(n).expect("fewer than 2³² features, tags and bytes of values")
}

pub(super) fn range<'a, T>(of: &Range<u32>, all: &'a [T]) -> &'a [T] {
    &all[of.start as usize..of.end as usize]
}

/// A feature on its way: its shapes, and numbers of keys and values.
type Told = (u64, Vec<Shape>, Vec<(u32, u32)>);

impl Features {
    pub(super) fn of(name: &'static str, layer: &Layer) -> Self {
        let mut made = Self {
            name,
            features: Vec::new(),
            shapes: Vec::new(),
            places: Vec::new(),
            keys: Vec::new(),
            tags: Vec::new(),
            own: Vec::new(),
            shared: Vec::new(),
            ends: Vec::new(),
            boxes: RTree::new(),
            bounds: None,
            spare: Mutex::default(),
        };
        let mut all: Vec<Told> = Vec::new();
        let mut values = Values::default();
        let (mut boxes, mut places) = (Vec::new(), Vec::new());
        for feature in &layer.features {
            let shapes =
                feature.geometry.as_ref().map(|shape| Shape::of(shape, &mut places)).unwrap_or_default();
            if shapes.is_empty() {
                continue;
            }
            let id = Value::text(feature.id.clone());
            let id = std::iter::once(("id", &id));
            let mut tags = Vec::new();
            for (key, told) in id.chain(feature.properties.iter().map(|(key, told)| (*key, told))) {
                let is_long = matches!(told, Value::Text(text) if text.len() > LONG);
                let of_items = name == "blocks" && OF_ITEMS.contains(&key);
                let repeats = key == "id" && !tags.is_empty();
                if is_long || of_items || repeats {
                    continue;
                }
                if let Some(bytes) = value(told) {
                    tags.push((made.key(key, told), values.number(bytes)));
                }
            }
            let rank = number(all.len());
            boxes.extend(shapes.iter().map(|shape| {
                let (least, most) = shape.bounds();
                GeomWithData::new(Rectangle::from_corners(least, most), (rank, 0))
            }));
            let rect = feature.geometry.as_deref().and_then(geo::BoundingRect::bounding_rect);
            let rect = rect.map(|rect| LonLatBox {
                west: rect.min().x,
                south: rect.min().y,
                east: rect.max().x,
                north: rect.max().y,
            });
            made.bounds = made.bounds.into_iter().chain(rect).reduce(LonLatBox::with);
            all.push((number_of(&feature.id), shapes, tags));
        }
        made.boxes = RTree::bulk_load(boxes);
        made.store(&all, &places, &values);
        made
    }

    /// Stores features in the order of the tree, in which neighbors follow each other.
    fn store(&mut self, all: &[Told], places: &[[f64; 2]], values: &Values) {
        self.places.reserve_exact(places.len());
        let mut slots: Vec<Option<u32>> = vec![None; all.len()];
        let mut numbers: Vec<Option<u32>> = vec![None; values.all.len()];
        for entry in self.boxes.iter_mut() {
            let (rank, slot) = &mut entry.data;
            if let Some(known) = slots[*rank as usize] {
                *slot = known;
                continue;
            }
            *slot = number(self.features.len());
            slots[*rank as usize] = Some(*slot);
            let (id, shapes, tags) = &all[*rank as usize];
            let (first, begin) = (number(self.tags.len()), number(self.own.len()));
            let mut n_own = 0;
            for &(key, at) in tags {
                let (bytes, is_single) = &values.all[at as usize];
                let value = if *is_single {
                    n_own += 1;
                    self.own.extend_from_slice(bytes);
                    OWN
                } else {
                    *numbers[at as usize].get_or_insert_with(|| {
                        self.shared.extend_from_slice(bytes);
                        self.ends.push(number(self.shared.len()));
                        number(self.ends.len() - 1)
                    })
                };
                self.tags.push(Tag { key, value });
            }
            let (tags, own) = (first..number(self.tags.len()), begin..number(self.own.len()));
            let begin = number(self.shapes.len());
            self.shapes.extend(shapes.iter().map(|shape| shape.moved(places, &mut self.places)));
            let shapes = begin..number(self.shapes.len());
            self.features.push(Feature { id: *id, shapes, tags, own, n_own });
        }
    }

    fn key(&mut self, key: &'static str, told: &Value) -> u32 {
        let holds = match told {
            Value::Text(_) => "String",
            Value::Bool(_) => "Boolean",
            _ => "Number",
        };
        let at = self.keys.iter().position(|(known, _)| *known == key);
        let at = at.unwrap_or_else(|| {
            self.keys.push((key, holds));
            self.keys.len() - 1
        });
        u32::try_from(at).expect("few properties")
    }

    /// A value that several features have.
    pub(super) fn shared(&self, at: u32) -> &[u8] {
        let from = if at == 0 { 0 } else { self.ends[at as usize - 1] };
        range(&(from..self.ends[at as usize]), &self.shared)
    }

    /// A table of what each shared value is in a tile, where none is there yet.
    pub(super) fn spare(&self) -> Vec<u32> {
        let spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop();
        spare.unwrap_or_else(|| vec![NEW; self.ends.len()])
    }

    /// Keeps a table in which nothing is there.
    pub(super) fn give_back(&self, table: Vec<u32>) {
        debug_assert!(table.iter().all(|&number| number == NEW), "it is as it was made");
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < SPARE {
            spare.push(table);
        }
    }

    pub(super) fn fields(&self) -> BTreeMap<&'static str, &'static str> {
        self.keys.iter().copied().collect()
    }

    pub(super) fn bounds(&self) -> Option<LonLatBox> {
        self.bounds
    }

    /// Bytes that they hold, about.
    pub(super) fn weight(&self) -> usize {
        let values = self.own.len() + self.shared.len() + 4 * (1 + SPARE) * self.ends.len();
        let tags = size_of_val(&self.tags[..]);
        size_of_val(&self.places[..]) + values + tags + 200 * self.features.len()
    }

    pub(super) fn kinds(&self) -> [bool; 3] {
        let has = |kind: Kind| self.shapes.iter().any(|shape| shape.kind() == kind);
        [has(Kind::Points), has(Kind::Lines), has(Kind::Polygons)]
    }

    /// Draws the features of a tile in their order until the room is full.
    ///
    /// Time O(log n) and O(points of the features that are drawn).
    pub(super) fn draw(&self, tile: Tile, room: usize) -> (LayerBytes, Option<Cut>) {
        let window = Window::of(tile);
        let (least, most) = window.reach();
        let found = self.boxes.locate_in_envelope_intersecting(&AABB::from_corners(least, most));
        let mut found: Vec<Place> = found.map(|entry| entry.data).collect();
        // Where all will fit, they are drawn as they are stored, which is faster, and put into their order at the end.
        let mut slots: Vec<u64> =
            found.iter().map(|&(rank, slot)| u64::from(slot) << 32 | u64::from(rank)).collect();
        slots.sort_unstable();
        slots.dedup();
        found.clear();
        found.extend(slots.iter().map(|slot| (*slot as u32, (slot >> 32) as u32)));
        if found.len() * self.typical() <= room {
            let mut drawn = Drawn::new(self, found.len());
            for &(rank, slot) in &found {
                drawn.feature(self, slot, window);
                drawn.part(rank);
            }
            if drawn.layer.len() <= room {
                drawn.layer.arrange(&drawn.parts);
                return (drawn.done(self), None);
            }
            drawn.done(self);
        }
        found.sort_unstable();
        self.draw_some(&found, window, room)
    }

    /// Draws the first features that fit.
    fn draw_some(&self, found: &[Place], window: Window, room: usize) -> (LayerBytes, Option<Cut>) {
        let mut drawn = Drawn::new(self, found.len().min(room / self.typical()));
        let (mut of, mut kept, mut full) = (0, 0, false);
        for &(_, slot) in found {
            if full {
                of += usize::from(drawn.is_there(self, slot, window));
                continue;
            }
            let mark = drawn.layer.mark();
            if drawn.feature(self, slot, window) {
                of += 1;
                full = drawn.layer.len() > room;
                if full { drawn.layer.back_to(mark) } else { kept += 1 }
            }
        }
        let cut = full.then_some(Cut { layer: self.name, kept, of, rule: RULE });
        (drawn.done(self), cut)
    }

    /// Bytes that a feature takes in a tile, about: its shape, its own values, a few of those that are shared.
    fn typical(&self) -> usize {
        64 + (self.own.len() + 3 * self.tags.len()) / self.features.len().max(1)
    }
}

/// Different values, each once, with whether only one feature has it.
#[derive(Default)]
struct Values {
    all: Vec<(Vec<u8>, bool)>,
    known: HashMap<Vec<u8>, u32>,
}

impl Values {
    fn number(&mut self, bytes: Vec<u8>) -> u32 {
        if let Some(&at) = self.known.get(&bytes) {
            self.all[at as usize].1 = false;
            return at;
        }
        let at = number(self.all.len());
        self.all.push((bytes.clone(), true));
        self.known.insert(bytes, at);
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::{Feature as Told, Legend};
    use crate::space::coord::LonLat;
    use crate::space::tile::tile_of;

    fn layer(n: usize) -> Layer {
        let feature = |at: usize| {
            let lon = -90.2 + at as f64 * 1e-5;
            Told {
                id: format!("block-{at}"),
                geometry: Some(geo::Line::<f64>::new((lon, 38.6), (lon, 38.601)).into()),
                properties: vec![
                    ("rank", Value::count(at + 1)),
                    ("kind", Value::text("segment")),
                    ("sentence", Value::text("long ".repeat(40))),
                    ("areas", Value::Map(Vec::new())),
                    ("rate_lo", Value::Float(0.5)),
                ],
            }
        };
        let legend =
            Legend { property: None, title: String::new(), unit: "", classes: Vec::new(), none: None };
        Layer {
            name: "blocks",
            matched: n,
            features: (0..n).map(feature).collect(),
            legend,
            notice: None,
            held_places: Vec::new(),
            provenance: Vec::new(),
        }
    }

    fn tile() -> Tile {
        tile_of(LonLat::new(-90.1999, 38.6005).expect("a place"), 10)
    }

    #[test]
    fn only_what_a_map_can_show_is_in_tiles() {
        let features = Features::of("blocks", &layer(3));
        let fields: Vec<_> = features.fields().into_iter().collect();
        assert_eq!(fields, [("id", "String"), ("kind", "String"), ("rank", "Number"), ("rate_lo", "Number")]);
        assert_eq!(features.kinds(), [false, true, false]);
    }

    #[test]
    fn of_too_many_the_first_are_kept_and_the_tile_says_so() {
        let features = Features::of("blocks", &layer(500));
        let (whole, none) = features.draw(tile(), usize::MAX);
        assert_eq!((whole.n_features(), none), (500, None));
        let (part, cut) = features.draw(tile(), 4_000);
        let cut = cut.expect("they do not fit");
        assert!(part.len() <= 4_000 && part.len() > 3_900, "{}", part.len());
        assert_eq!((cut.kept, cut.of), (part.n_features(), 500));
        // The same as of the first alone: the highest ranked.
        let (first, _) = Features::of("blocks", &layer(cut.kept)).draw(tile(), usize::MAX);
        assert_eq!(read(&part), read(&first));
    }

    /// The features of a layer as a decoder that is not ours reads them, in their order.
    fn read(layer: &LayerBytes) -> Vec<String> {
        let mut out = Vec::new();
        layer.write(&mut out);
        assert_eq!(out.len(), layer.len());
        let reader = mvt_reader::Reader::new(out).expect("a tile");
        let features = reader.get_features_as::<i32>(0).expect("a layer");
        let told = |feature: mvt_reader::feature::Feature<i32>| {
            let properties: BTreeMap<_, _> = feature.properties.unwrap_or_default().into_iter().collect();
            format!("{:?} {:?} {properties:?}", feature.id, feature.geometry)
        };
        features.into_iter().map(told).collect()
    }

    #[test]
    fn drawn_as_stored_and_in_their_order_they_are_the_same() {
        let mut given = layer(300);
        // The order is not that of the places, values are of one, of two and of all, and some have no property but the id.
        let n = given.features.len();
        for at in 0..n {
            given.features.swap(at, (at * 7919) % n);
        }
        for (at, feature) in given.features.iter_mut().enumerate() {
            feature.properties.push(("own", Value::Float(at as f64 * 0.37)));
            feature.properties.push(("pair", Value::count(at / 2)));
            feature.properties.truncate(if at % 17 == 0 { 0 } else { usize::MAX });
        }
        let both = geo::GeometryCollection(vec![
            geo::Point::new(-90.1995, 38.6).into(),
            geo::Line::new((-90.1995, 38.6), (-90.1994, 38.601)).into(),
        ]);
        given.features[5].geometry = Some(geo::Geometry::GeometryCollection(both).into());
        let features = Features::of("blocks", &given);
        for zoom in [8, 10, 14, 16] {
            let tile = tile_of(LonLat::new(-90.1999, 38.6005).expect("a place"), zoom);
            let (quick, none) = features.draw(tile, usize::MAX);
            let window = Window::of(tile);
            let (least, most) = window.reach();
            let found = features.boxes.locate_in_envelope_intersecting(&AABB::from_corners(least, most));
            let mut found: Vec<Place> = found.map(|entry| entry.data).collect();
            found.sort_unstable();
            found.dedup();
            let (plain, _) = features.draw_some(&found, window, usize::MAX);
            assert_eq!((read(&quick), none), (read(&plain), None));
            let ids: Vec<u64> = given.features.iter().map(|feature| number_of(&feature.id)).collect();
            let numbers = read(&quick).into_iter().map(|told| {
                let number: u64 = told.split(['(', ')']).nth(1).expect("a number").parse().expect("a number");
                ids.iter().position(|id| *id == number).expect("known")
            });
            let numbers: Vec<usize> = numbers.collect();
            assert!(numbers.is_sorted() && !numbers.is_empty(), "zoom {zoom}");
            assert!(zoom != 10 || numbers.len() == 301, "each once, one in two kinds: {}", numbers.len());
        }
    }
}
