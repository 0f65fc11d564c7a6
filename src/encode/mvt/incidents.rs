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
    /// The first day that [`Feed::days`] knows.
    first: Date,
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
            first: dates.map_or(Date::ZERO, |(first, _)| first),
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
        let mut share = (room as f64 / (of * POINT).max(1) as f64).min(1.0);
        loop {
            let layer = self.drawn(&found, tile, share);
            let len = layer.len();
            if len <= room || layer.n_features() == 0 {
                let kept = layer.n_features();
                let cut = Cut { layer: "incidents", kept, of, rule: RULE };
                return (layer, (kept < of).then_some(cut));
            }
            share *= 0.99 * room as f64 / len as f64;
        }
    }

    fn drawn(&self, found: &[usize], tile: Tile, share: f64) -> LayerBytes {
        let data = self.snapshot.dataset();
        let incidents = &data.incidents;
        let several = self.sources.len() > 1;
        let mut layer = LayerBytes::new("incidents", vec!["category", "day", "held", "source"]);
        layer.reserve((found.len() as f64 * share) as usize * (POINT + 1), 0);
        const NEW: u32 = u32::MAX;
        let mut categories = vec![NEW; self.categories.len()];
        let mut days: Vec<u32> = Vec::new();
        let mut sources = vec![NEW; self.sources.len()];
        let mut held = None;
        let below = if share < 1.0 { (NUMBERS * share) as u64 } else { u64::MAX };
        let corner = south_west(tile);
        let (mut id, mut tags) = (String::new(), Vec::with_capacity(8));
        for &at in found {
            let source = usize::from(incidents.source(at));
            let feed = &self.sources[source];
            id.clear();
            id.push_str(&feed.prefix);
            id.push_str(incidents.id(at));
            let number = number_of(&id);
            if number >= below {
                continue;
            }
            let Some(place) = incidents.mercator(at) else { continue };
            tags.clear();
            if let Some(category) = self.classes[usize::from(incidents.class(at).0)] {
                let known = &mut categories[category as usize];
                if *known == NEW {
                    *known = layer.value(&self.categories[category as usize]);
                }
                tags.extend([0, *known]);
            }
            if let Some(day) = feed.days.number(incidents.when(at).from) {
                if days.len() <= day {
                    days.resize(day + 1, NEW);
                }
                if days[day] == NEW {
                    days[day] = self.day(day).map_or(NEW, |ready| layer.value(&ready));
                }
                tags.extend([1, days[day]]);
            }
            if data.held[at] {
                let yes = || value(&Value::Bool(true)).expect("a flag can be held");
                let known = *held.get_or_insert_with(|| layer.value(&yes()));
                tags.extend([2, known]);
            }
            if several {
                if sources[source] == NEW {
                    sources[source] = layer.value(&feed.name);
                }
                tags.extend([3, sources[source]]);
            }
            layer.point(
                number,
                &tags,
                units(tile, place.x.wrapping_sub(corner.x), place.y.wrapping_sub(corner.y)),
            );
        }
        layer
    }

    fn day(&self, number: usize) -> Option<Vec<u8>> {
        let days = Span::new().try_days(i64::try_from(number).ok()?).ok()?;
        value(&Value::text(self.first.checked_add(days).ok()?.to_string()))
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
