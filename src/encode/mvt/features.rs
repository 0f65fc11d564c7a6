//! A layer's features made ready once, and drawn tile by tile: those that matter most first, as many as fit.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use super::shape::{Shape, Window};
use super::wire::{Kind, LayerBytes, Pen, value};
use super::{Cut, number_of};
use crate::layer::{Layer, Value};
use crate::space::bbox::LonLatBox;
use crate::space::tile::Tile;

/// Words longer than this are for those who ask for items.
const LONG: usize = 100;

/// What else of a block is for those who ask for items.
const OF_ITEMS: [&str; 12] = [
    "group",
    "rank_mean",
    "rate_mean",
    "victims",
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

/// Features of a layer, in its order.
#[derive(Debug)]
pub(super) struct Features {
    name: &'static str,
    features: Vec<Feature>,
    keys: Vec<(&'static str, &'static str)>,
    /// Every value once, as its field of a layer.
    values: Vec<Ready>,
    boxes: RTree<GeomWithData<Rectangle<[f64; 2]>, u32>>,
    bounds: Option<LonLatBox>,
}

#[derive(Debug)]
struct Feature {
    id: u64,
    shapes: Vec<Shape>,
    /// Numbers of keys and values.
    tags: Vec<(u32, u32)>,
}

#[derive(Debug)]
struct Ready {
    bytes: Vec<u8>,
    /// Whether one feature alone has it: then no tile needs to look whether it has it already.
    is_single: bool,
}

impl Features {
    pub(super) fn of(name: &'static str, layer: &Layer) -> Self {
        let mut made = Self {
            name,
            features: Vec::new(),
            keys: Vec::new(),
            values: Vec::new(),
            boxes: RTree::new(),
            bounds: None,
        };
        let mut known: HashMap<Vec<u8>, u32> = HashMap::new();
        let mut boxes = Vec::new();
        for feature in &layer.features {
            let shapes = feature.geometry.as_ref().map(Shape::of).unwrap_or_default();
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
                if let Some(bytes) = value(told).filter(|_| !is_long && !of_items && !repeats) {
                    tags.push((made.key(key, told), made.value(bytes, &mut known)));
                }
            }
            let number = u32::try_from(made.features.len()).expect("fewer than 2³² features");
            boxes.extend(shapes.iter().map(|shape| {
                let (least, most) = shape.bounds();
                GeomWithData::new(Rectangle::from_corners(least, most), number)
            }));
            let rect = feature.geometry.as_ref().and_then(geo::BoundingRect::bounding_rect);
            let rect = rect.map(|rect| LonLatBox {
                west: rect.min().x,
                south: rect.min().y,
                east: rect.max().x,
                north: rect.max().y,
            });
            made.bounds = made.bounds.into_iter().chain(rect).reduce(LonLatBox::with);
            made.features.push(Feature { id: number_of(&feature.id), shapes, tags });
        }
        made.boxes = RTree::bulk_load(boxes);
        made
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

    fn value(&mut self, bytes: Vec<u8>, known: &mut HashMap<Vec<u8>, u32>) -> u32 {
        if let Some(&at) = known.get(&bytes) {
            self.values[at as usize].is_single = false;
            return at;
        }
        let at = u32::try_from(self.values.len()).expect("fewer than 2³² values");
        self.values.push(Ready { bytes: bytes.clone(), is_single: true });
        known.insert(bytes, at);
        at
    }

    pub(super) fn fields(&self) -> BTreeMap<&'static str, &'static str> {
        self.keys.iter().copied().collect()
    }

    pub(super) fn bounds(&self) -> Option<LonLatBox> {
        self.bounds
    }

    /// Bytes that they hold, about.
    pub(super) fn weight(&self) -> usize {
        let shapes =
            self.features.iter().flat_map(|feature| &feature.shapes).map(Shape::n_points).sum::<usize>();
        let values = self.values.iter().map(|ready| 32 + ready.bytes.len()).sum::<usize>();
        let tags = self.features.iter().map(|feature| 8 * feature.tags.len()).sum::<usize>();
        16 * shapes + values + tags + 200 * self.features.len()
    }

    pub(super) fn kinds(&self) -> [bool; 3] {
        let has = |kind: Kind| self.features.iter().flat_map(|f| &f.shapes).any(|s| s.kind() == kind);
        [has(Kind::Points), has(Kind::Lines), has(Kind::Polygons)]
    }

    /// Draws the features of a tile in their order until the room is full.
    ///
    /// Time O(log n) and O(points of the features that are drawn).
    pub(super) fn draw(&self, tile: Tile, room: usize) -> (LayerBytes, Option<Cut>) {
        let window = Window::of(tile);
        let (least, most) = window.reach();
        let found = self.boxes.locate_in_envelope_intersecting(&AABB::from_corners(least, most));
        let mut found: Vec<u32> = found.map(|entry| entry.data).collect();
        found.sort_unstable();
        found.dedup();
        let mut layer = LayerBytes::new(self.name, self.keys.iter().map(|(key, _)| *key).collect());
        let mut here: HashMap<u32, u32> = HashMap::with_capacity(found.len());
        let (mut pen, mut tags) = (Pen::default(), Vec::new());
        let (mut of, mut kept, mut full) = (0, 0, false);
        for at in found {
            let feature = &self.features[at as usize];
            let mark = layer.mark();
            let mut drawn = false;
            tags.clear();
            for shape in &feature.shapes {
                if !shape.draw(window, &mut pen) {
                    continue;
                }
                if !drawn {
                    of += 1;
                }
                drawn = true;
                if full {
                    break;
                }
                if tags.is_empty() {
                    for &(key, value) in &feature.tags {
                        let ready = &self.values[value as usize];
                        let local = if ready.is_single {
                            layer.value(&ready.bytes)
                        } else {
                            *here.entry(value).or_insert_with(|| layer.value(&ready.bytes))
                        };
                        tags.extend([key, local]);
                    }
                }
                layer.feature(feature.id, &tags, shape.kind(), pen.drawn());
            }
            if drawn && !full {
                full = layer.len() > room;
                if full { layer.back_to(mark) } else { kept += 1 }
            }
        }
        let cut = full.then_some(Cut { layer: self.name, kept, of, rule: RULE });
        (layer, cut)
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
                geometry: Some(geo::Line::new((lon, 38.6), (lon, 38.601)).into()),
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
        // The same bytes as those of the first alone: the highest ranked.
        let (first, _) = Features::of("blocks", &layer(cut.kept)).draw(tile(), usize::MAX);
        assert_eq!(part.n_features(), first.n_features());
        let bytes = |layer: &LayerBytes| {
            let mut out = Vec::new();
            layer.write(&mut out);
            out
        };
        assert_eq!(bytes(&part), bytes(&first));
    }
}
