//! Incidents of a tile, straight from the columns of a snapshot: points with their category and day.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use jiff::Span;
use jiff::civil::Date;

use super::days::Days;
use super::wire::{LayerBytes, value};
use super::{Cut, EXTENT, number_of};
use crate::engine::query::Selection;
use crate::engine::snapshot::Snapshot;
use crate::index::squares::{in_tile, south_west};
use crate::layer::Value;
use crate::model::class::ClassId;
use crate::space::bbox::LonLatBox;
use crate::space::tile::Tile;

/// What a point takes, about: where there are more than fit by far, they are not all drawn first.
const POINT: usize = 27;

/// Numbers of features lie below this.
const NUMBERS: f64 = (1_u64 << 53) as f64;

/// Which incidents are kept of too many.
const RULE: &str =
    "a sample by the number of the incident: each place keeps the same share on average; zoom in for all";

/// Selected incidents that may be shown singly.
#[derive(Debug)]
pub(super) struct Points {
    snapshot: Arc<Snapshot>,
    selection: Selection,
    /// By class: its category, `None` where no incident of it is shown.
    classes: Vec<Option<u32>>,
    /// By category, as fields of a layer.
    categories: Vec<Vec<u8>>,
    sources: Vec<Feed>,
    /// The days that [`Feed::days`] knows, as fields of a layer.
    days: Told,
    bounds: OnceLock<Option<LonLatBox>>,
}

/// What all incidents of a source share.
#[derive(Debug)]
struct Feed {
    /// What their ids begin with.
    prefix: String,
    days: Days,
    name: Vec<u8>,
}

/// Fields of a layer, one after the other.
#[derive(Debug, Default)]
struct Told {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Told {
    /// The dates from one to another, both included.
    fn days(first: Date, last: Date) -> Self {
        let mut told = Self::default();
        let dates = first.series(Span::new().days(1)).take_while(|date| *date <= last);
        for ready in dates.filter_map(|date| value(&Value::text(date.to_string()))) {
            told.bytes.extend_from_slice(&ready);
            told.ends.push(told.bytes.len());
        }
        told
    }

    fn get(&self, at: usize) -> &[u8] {
        let from = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.bytes[from..self.ends[at]]
    }
}

/// The id of an incident among all, put together again and again.
#[derive(Default)]
struct Id {
    text: String,
    /// The source whose prefix it begins with.
    of: Option<usize>,
}

impl Id {
    /// The number of an incident in tiles.
    #[inline]
    fn number(&mut self, sources: &[Feed], source: usize, id: &str) -> u64 {
        let prefix = &sources[source].prefix;
        if self.of == Some(source) {
            self.text.truncate(prefix.len());
        } else {
            self.text.clear();
            self.text.push_str(prefix);
            self.of = Some(source);
        }
        self.text.push_str(id);
        number_of(&self.text)
    }
}

impl Points {
    pub(super) fn of(snapshot: Arc<Snapshot>, selection: Selection) -> Self {
        let data = snapshot.dataset();
        let ready = |text: &str| value(&Value::text(text)).expect("words can be held");
        let dates = snapshot
            .dates()
            .map(|(first, last)| (first.yesterday().unwrap_or(first), last.tomorrow().unwrap_or(last)));
        let feed = |source: &crate::model::report::Source| Feed {
            prefix: format!("{}:", source.name),
            days: dates.map(|(first, last)| Days::of(&source.zone, first, last)).unwrap_or_default(),
            name: ready(&source.name),
        };
        let classes = data.classes.ids().map(|class| {
            let class = data.classes.get(class);
            let number = class.category.and_then(|row| u32::try_from(row).ok());
            number.filter(|_| !class.flags.sensitive())
        });
        Self {
            classes: classes.collect(),
            categories: data.classes.tree().rows().iter().map(|row| ready(&row.name)).collect(),
            sources: data.sources.iter().map(feed).collect(),
            days: dates.map(|(first, last)| Told::days(first, last)).unwrap_or_default(),
            bounds: OnceLock::new(),
            selection,
            snapshot,
        }
    }

    pub(super) fn fields(&self) -> BTreeMap<&'static str, &'static str> {
        let mut fields = BTreeMap::from([("category", "String"), ("day", "String"), ("held", "Boolean")]);
        if self.sources.len() > 1 {
            fields.insert("source", "String");
        }
        fields
    }

    /// The box around all of them. Time O(n), once.
    pub(super) fn bounds(&self) -> Option<LonLatBox> {
        *self.bounds.get_or_init(|| {
            let incidents = &self.snapshot.dataset().incidents;
            let shown = (0..incidents.len()).filter(|&at| self.shows(at));
            LonLatBox::around(shown.filter_map(|at| incidents.lonlat(at)))
        })
    }

    /// Whether an incident is selected, and none of its classes keeps it out of layers of single incidents.
    #[inline]
    fn shows(&self, at: usize) -> bool {
        let data = self.snapshot.dataset();
        let shown = |class: ClassId| self.classes[usize::from(class.0)].is_some();
        let all_shown = match data.incidents.only_class(at) {
            Some(class) => shown(class),
            None => data.incidents.classes(at).all(shown),
        };
        all_shown && self.selection.has(data, at)
    }

    /// Draws the incidents of a tile: all, or the sample of them that fits.
    ///
    /// Time O(log n) and O(incidents of the tile).
    pub(super) fn draw(&self, tile: Tile, room: usize) -> (LayerBytes, Option<Cut>) {
        let incidents = &self.snapshot.dataset().incidents;
        let mut found = in_tile(incidents, tile);
        found.retain(|&at| self.shows(at));
        let of = found.len();
        let mut share = room as f64 / (of * POINT).max(1) as f64;
        if share >= 1.0 {
            let layer = self.drawn(&found, tile, None);
            if layer.len() <= room {
                return (layer, None);
            }
            share = 0.99 * room as f64 / layer.len() as f64;
        }
        // Not all fit: from here on each number is known, and only those below a bound are looked at again.
        let mut id = Id::default();
        let number =
            |at: usize| id.number(&self.sources, usize::from(incidents.source(at)), incidents.id(at));
        let mut numbers: Vec<u64> = found.iter().copied().map(number).collect();
        loop {
            let below = (NUMBERS * share) as u64;
            let mut kept = numbers.iter().map(|&number| number < below);
            found.retain(|_| kept.next().unwrap_or(false));
            numbers.retain(|&number| number < below);
            let layer = self.drawn(&found, tile, Some(&numbers));
            let len = layer.len();
            if len <= room || layer.n_features() == 0 {
                let kept = layer.n_features();
                let cut = Cut { layer: "incidents", kept, of, rule: RULE };
                return (layer, (kept < of).then_some(cut));
            }
            share *= 0.99 * room as f64 / len as f64;
        }
    }

    /// Draws some incidents; their numbers are those that are known already.
    fn drawn(&self, found: &[usize], tile: Tile, numbers: Option<&[u64]>) -> LayerBytes {
        let data = self.snapshot.dataset();
        let incidents = &data.incidents;
        let several = self.sources.len() > 1;
        let mut layer = LayerBytes::new("incidents", vec!["category", "day", "held", "source"]);
        layer.reserve(found.len() * (POINT + 1), 0);
        const NEW: u32 = u32::MAX;
        let mut categories = vec![NEW; self.categories.len()];
        let mut days = vec![NEW; self.days.ends.len()];
        let mut sources = vec![NEW; self.sources.len()];
        let mut held = None;
        let corner = south_west(tile);
        let mut id = Id::default();
        for (nth, &at) in found.iter().enumerate() {
            let source = usize::from(incidents.source(at));
            let feed = &self.sources[source];
            let Some(place) = incidents.mercator(at) else { continue };
            let number = match numbers {
                Some(numbers) => numbers[nth],
                None => id.number(&self.sources, source, incidents.id(at)),
            };
            let mut tags = Tags::default();
            if let Some(category) = self.classes[usize::from(incidents.class(at).0)] {
                let known = &mut categories[category as usize];
                if *known == NEW {
                    *known = layer.value(&self.categories[category as usize]);
                }
                tags.push(0, *known);
            }
            if let Some(day) = feed.days.number(incidents.when(at).from) {
                let known = &mut days[day];
                if *known == NEW {
                    *known = layer.value(self.days.get(day));
                }
                tags.push(1, *known);
            }
            if data.held[at] {
                let yes = || value(&Value::Bool(true)).expect("a flag can be held");
                let known = *held.get_or_insert_with(|| layer.value(&yes()));
                tags.push(2, known);
            }
            if several {
                if sources[source] == NEW {
                    sources[source] = layer.value(&feed.name);
                }
                tags.push(3, sources[source]);
            }
            layer.point(
                number,
                tags.all(),
                units(tile, place.x.wrapping_sub(corner.x), place.y.wrapping_sub(corner.y)),
            );
        }
        layer
    }
}

/// Keys and values of an incident, at most four of each.
#[derive(Default)]
struct Tags {
    all: [u32; 8],
    len: usize,
}

impl Tags {
    #[inline]
    fn push(&mut self, key: u32, value: u32) {
        self.all[self.len] = key;
        self.all[self.len + 1] = value;
        self.len += 2;
    }

    #[inline]
    fn all(&self) -> &[u32] {
        &self.all[..self.len]
    }
}

/// Units from a tile's north-west corner, of a place so far east and north of its south-west corner.
#[inline]
fn units(tile: Tile, east: i32, north: i32) -> (i32, i32) {
    let bits = 32 - u32::from(tile.z());
    let round =
        |n: i32| ((u64::from(n.cast_unsigned()) * u64::from(EXTENT) + (1 << (bits - 1))) >> bits) as i32;
    (round(east), EXTENT.cast_signed() - round(north))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::coord::{LonLat, Mercator};
    use crate::space::tile::{on_map, tile_of};

    #[test]
    fn places_are_within_half_a_unit_of_where_they_are() {
        for (lon, lat) in
            [(-90.1994, 38.6270), (178.44, -18.14), (-179.9999, 84.9), (0.0, 0.0), (17.95, 69.65)]
        {
            let at = LonLat::new(lon, lat).expect("a place");
            let place = Mercator::from(at);
            for zoom in 0..=20 {
                let tile = tile_of(LonLat::from(place), zoom);
                let corner = south_west(tile);
                let (x, y) = units(tile, place.x.wrapping_sub(corner.x), place.y.wrapping_sub(corner.y));
                let scale = f64::from(EXTENT) * f64::from(1_u32 << zoom);
                let (east, south) = on_map(lon, lat);
                let exact = [
                    (east * scale - f64::from(tile.x()) * 4096.0, x),
                    (south * scale - f64::from(tile.y()) * 4096.0, y),
                ];
                for (exact, found) in exact {
                    assert!((exact - f64::from(found)).abs() <= 1.01, "{lon} {lat} {zoom}: {exact} {found}");
                    assert!((0..=4096).contains(&found));
                }
            }
        }
    }
}
