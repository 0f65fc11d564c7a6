//! Incidents of a tile, straight from the columns of a snapshot: points with their category and day.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use jiff::Span;
use jiff::civil::Date;

use super::days::Days;
use super::points::Tag;
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

/// What a day takes as a field of a layer.
const DAY: usize = 14;

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

/// Dates as fields of a layer; those before the year 0, which take more bytes, are not told.
#[derive(Debug, Default)]
struct Told(Vec<Option<[u8; DAY]>>);

impl Told {
    /// The dates from one to another, both included.
    fn days(first: Date, last: Date) -> Self {
        let dates = first.series(Span::new().days(1)).take_while(|date| *date <= last);
        Self(dates.map(|date| value(&Value::text(date.to_string()))?.try_into().ok()).collect())
    }
}

/// Numbers of incidents in tiles: those that are known, and others as they are asked for.
struct Numbers<'a> {
    points: &'a Points,
    known: &'a [u64],
    /// An id, put together again and again.
    text: String,
    /// The source whose prefix it begins with.
    of: Option<u16>,
}

impl<'a> Numbers<'a> {
    fn of(points: &'a Points) -> Self {
        let mut numbers = Self { points, known: &[], text: String::new(), of: None };
        let data = points.snapshot.dataset();
        let names = data.sources.iter().map(|source| &source.name[..]);
        numbers.known = data.incidents.numbers(names, |at| numbers.made(at)).unwrap_or_default();
        numbers
    }

    /// The number of an incident.
    #[inline]
    fn get(&mut self, at: usize) -> u64 {
        match self.known.get(at) {
            Some(&number) => number,
            None => self.made(at),
        }
    }

    fn made(&mut self, at: usize) -> u64 {
        let incidents = &self.points.snapshot.dataset().incidents;
        let source = incidents.source(at);
        let prefix = &self.points.sources[usize::from(source)].prefix;
        if self.of == Some(source) {
            self.text.truncate(prefix.len());
        } else {
            self.text.clear();
            self.text.push_str(prefix);
            self.of = Some(source);
        }
        self.text.push_str(incidents.id(at));
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
            let mut numbers = Numbers::of(self);
            let layer = self.drawn(found.iter().map(|&at| (at, numbers.get(at))), tile);
            if layer.len() <= room {
                return (layer, None);
            }
            share = 0.99 * room as f64 / layer.len() as f64;
        }
        // Not all fit: from here on only those whose numbers lie below a bound are looked at.
        let mut numbers = Numbers::of(self);
        share = share.min(self.fitting(room) / of as f64);
        loop {
            let below = (NUMBERS * share) as u64;
            let numbered = found.iter().map(|&at| (at, numbers.get(at)));
            let kept: Vec<(usize, u64)> = numbered.filter(|&(_, number)| number < below).collect();
            let layer = self.drawn(kept.into_iter(), tile);
            let len = layer.len();
            if len <= room || layer.n_features() == 0 {
                let kept = layer.n_features();
                let cut = Cut { layer: "incidents", kept, of, rule: RULE };
                return (layer, (kept < of).then_some(cut));
            }
            share *= 0.99 * room as f64 / len as f64;
        }
    }

    /// About how many incidents fit with the days they are of, if those are equally many of each.
    fn fitting(&self, room: usize) -> f64 {
        let (room, days) = (room as f64, self.days.0.len() as f64);
        let point = (POINT + if self.sources.len() > 1 { 2 } else { 0 }) as f64;
        let mut n = room / point;
        // Days that are met once there are so many incidents.
        for _ in 0..4 {
            let met = days * (1.0 - (-n / days.max(1.0)).exp());
            n = ((room - met * DAY as f64) / point).max(1.0);
        }
        n
    }

    /// Draws some incidents, each with its number.
    fn drawn(&self, some: impl ExactSizeIterator<Item = (usize, u64)>, tile: Tile) -> LayerBytes {
        let data = self.snapshot.dataset();
        let incidents = &data.incidents;
        let several = self.sources.len() > 1;
        let mut layer = LayerBytes::new("incidents", vec!["category", "day", "held", "source"]);
        // Room for all, and for their days, which come behind them in the end.
        let values = some.len().min(self.days.0.len()) * DAY;
        layer.reserve(some.len() * (POINT + 1) + values + (1 << 14), values);
        // What each is in this tile, once it was met.
        let mut categories = vec![Tag::default(); self.categories.len()];
        let mut days = vec![Tag::default(); self.days.0.len()];
        let mut sources = vec![Tag::default(); self.sources.len()];
        let mut held = Tag::default();
        let corner = south_west(tile);
        layer.points(|layer, points| {
            for (at, number) in some {
                let source = usize::from(incidents.source(at));
                let feed = &self.sources[source];
                let Some(place) = incidents.mercator(at) else { continue };
                let mut tags = [Tag::default(); 4];
                if let Some(category) = self.classes[usize::from(incidents.class(at).0)] {
                    let met = &mut categories[category as usize];
                    if !met.is_some() {
                        *met = Tag::of(0, layer.value(&self.categories[category as usize]));
                    }
                    tags[0] = *met;
                }
                if let Some(day) = feed.days.number(incidents.when(at).from) {
                    let met = &mut days[day];
                    if let (false, Some(ready)) = (met.is_some(), &self.days.0[day]) {
                        *met = Tag::of(1, layer.value(ready));
                    }
                    tags[1] = *met;
                }
                if data.held[at] {
                    if !held.is_some() {
                        let yes = value(&Value::Bool(true)).expect("a flag can be held");
                        held = Tag::of(2, layer.value(&yes));
                    }
                    tags[2] = held;
                }
                if several {
                    if !sources[source].is_some() {
                        sources[source] = Tag::of(3, layer.value(&feed.name));
                    }
                    tags[3] = sources[source];
                }
                let (east, north) = (place.x.wrapping_sub(corner.x), place.y.wrapping_sub(corner.y));
                points.push(number, &tags, units(tile, east, north));
            }
        });
        layer
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
    fn each_day_is_told_as_any_words_are() {
        let (first, last) = (jiff::civil::date(-1, 12, 30), jiff::civil::date(1, 3, 1));
        let told = Told::days(first, last);
        let dates = first.series(Span::new().days(1));
        for (date, told) in dates.zip(&told.0) {
            let expected = value(&Value::text(date.to_string())).filter(|_| date.year() >= 0);
            assert_eq!(told.map(|told| told.to_vec()), expected, "{date}");
        }
        assert_eq!(told.0.len(), 2 + 366 + 60);
    }

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
