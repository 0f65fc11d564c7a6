//! Results dressed for a map: features with their legend and with what made them, one file a layer.

pub mod answer;
pub mod areas;
mod ask_hotspots;
pub mod bias;
mod block_fields;
mod block_words;
pub mod blocks;
mod blocks_answer;
mod blocks_legend;
mod bounds;
pub mod brief;
mod change;
pub mod choose;
mod cluster_method;
pub mod clusters;
mod concentration;
mod counts;
pub mod cql2;
pub mod density;
pub mod density_answer;
mod density_cells;
pub mod density_change;
mod density_change_raster;
pub mod density_tile;
pub mod explain;
pub mod explain_answer;
mod explain_fields;
mod feature_row;
pub mod fields;
pub mod filter;
pub mod hot_blocks;
pub mod hotspots;
mod hotspots_said;
pub mod incidents;
mod incomplete;
pub mod list;
mod made;
mod narrow;
pub mod near_repeat;
mod near_repeat_answer;
pub mod outreach_answer;
pub mod patrol;
mod patrol_answer;
mod patrol_told;
pub mod problem_places;
mod provenance;
mod ranking_told;
pub mod raster;
pub mod scan;
mod scan_answer;
pub mod sheet;
mod sites;
pub mod sketch;
pub mod street_density;
pub mod targets;
mod targets_answer;
mod touching;
mod weights;
pub mod zones;

use crate::engine::query::Query;
use crate::space::bbox::LonLatBox;
use crate::space::printed::touches_box;
use crate::space::shape::Shape;

/// A property's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing is known.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number, always finite.
    Float(f64),
    /// Words.
    Text(String),
    /// Several.
    List(Vec<Value>),
    /// Named ones, in order.
    Map(Vec<(&'static str, Value)>),
}

impl Value {
    /// A count.
    #[must_use]
    pub fn count(n: impl TryInto<i64>) -> Self {
        n.try_into().map_or(Self::Null, Self::Int)
    }

    /// A number rounded to so many decimals; what is not finite is nothing.
    #[must_use]
    pub fn rounded(number: f64, decimals: i32) -> Self {
        let scale = 10f64.powi(decimals);
        let rounded = (number * scale).round() / scale;
        if rounded.is_finite() { Self::Float(rounded) } else { Self::Null }
    }

    /// A probability: with six decimals, and where it is smaller with three digits, so that it never looks like 0.
    ///
    /// What is below 1e-300 is told as that.
    #[must_use]
    pub fn probability(p: f64) -> Self {
        if p < 1e-4 {
            // Through its text, which is the one way to so many digits at any size.
            return format!("{:.2e}", p.max(1e-300)).parse().map_or(Self::Null, Self::Float);
        }
        Self::rounded(p, 6)
    }

    /// A number of incidents: whole, but for parts of those that are split between blocks.
    #[must_use]
    pub fn incidents(n: f64, decimals: i32) -> Self {
        if n.fract() == 0.0 { Self::count(n as u64) } else { Self::rounded(n, decimals) }
    }

    /// Words, or nothing.
    #[must_use]
    pub fn text(words: impl Into<String>) -> Self {
        Self::Text(words.into())
    }
}

/// A number of so many significant digits; what is not finite stays so.
fn significant(number: f64, digits: i32) -> f64 {
    if number == 0.0 || !number.is_finite() {
        return number;
    }
    let decimals = digits - 1 - number.abs().log10().floor() as i32;
    let scale = 10f64.powi(decimals.abs());
    if !scale.is_finite() {
        return number;
    }
    if decimals >= 0 { (number * scale).round() / scale } else { (number / scale).round() * scale }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// One thing on the map.
#[derive(Clone, Debug, PartialEq)]
pub struct Feature {
    /// Unique in its layer.
    pub id: String,
    /// Shape in degrees.
    pub geometry: Option<Shape>,
    /// In the order of the columns.
    pub properties: Vec<(&'static str, Value)>,
}

/// One class of a legend.
#[derive(Clone, Debug, PartialEq)]
pub struct LegendClass {
    /// Smallest value, where the legend is of a number.
    pub from: Option<f64>,
    /// Largest value.
    pub to: Option<f64>,
    /// `#rrggbb`.
    pub color: &'static str,
    /// For people.
    pub label: String,
}

/// What the colors mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Legend {
    /// The property that decides; `None` if all features look alike.
    pub property: Option<&'static str>,
    /// For people.
    pub title: String,
    /// Unit of the property.
    pub unit: &'static str,
    /// Classes, the lowest first.
    pub classes: Vec<LegendClass>,
    /// How features of value 0 are drawn.
    pub none: Option<LegendClass>,
}

/// Features with all that a reader must know of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// The collection.
    pub name: &'static str,
    /// All features that match; `features` is a page of them.
    pub matched: usize,
    /// The page.
    pub features: Vec<Feature>,
    /// What the colors mean.
    pub legend: Legend,
    /// What must be said with every answer.
    pub notice: Option<String>,
    /// Places out of ranks until someone confirms or releases them.
    pub held_places: Vec<Value>,
    /// Parameters, period, counts and CRS that made it.
    pub provenance: Vec<(&'static str, Value)>,
}

impl Layer {
    /// What must be said of it, a sentence each.
    pub fn warnings(&self) -> impl Iterator<Item = &str> {
        let all = self.provenance.iter().filter(|(name, _)| *name == provenance::WARNINGS);
        let all = all.flat_map(|(_, value)| if let Value::List(all) = value { &all[..] } else { &[] });
        all.filter_map(|warning| if let Value::Text(text) = warning { Some(&text[..]) } else { None })
    }

    /// Says one thing more of it.
    pub fn warn(&mut self, warning: String) {
        let all = self.provenance.iter_mut().find(|(name, _)| *name == provenance::WARNINGS);
        if let Some((_, Value::List(all))) = all {
            all.push(Value::Text(warning));
        }
    }

    /// One feature by itself, without what made it.
    #[must_use]
    pub fn of_one(name: &'static str, feature: Feature, notice: Option<String>) -> Self {
        let legend =
            Legend { property: None, title: String::new(), unit: "", classes: Vec::new(), none: None };
        Self {
            name,
            matched: 1,
            features: vec![feature],
            legend,
            notice,
            held_places: Vec::new(),
            provenance: Vec::new(),
        }
    }
}

/// Which part of a layer is wanted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Page {
    /// Only features that touch this box.
    pub bbox: Option<LonLatBox>,
    /// Features to pass over.
    pub offset: usize,
    /// Features at most.
    pub limit: usize,
}

impl Page {
    /// All features.
    pub const ALL: Self = Self { bbox: None, offset: 0, limit: usize::MAX };

    /// The features of this page among those that match.
    fn cut<T>(self, matching: Vec<T>) -> (usize, Vec<T>) {
        let matched = matching.len();
        (matched, matching.into_iter().skip(self.offset).take(self.limit).collect())
    }

    /// Whether a shape in degrees touches the box as it is printed, or is none.
    fn touches(self, shape: &geo::Geometry) -> bool {
        use geo::CoordsIter;
        // OGC API Features, /req/core/fc-bbox-response C: what has no shape matches every box.
        self.bbox.is_none_or(|area| shape.coords_count() == 0 || touches_box(shape, area))
    }
}

/// What a request asks of any layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// Which incidents are meant.
    pub query: Query,
    /// Names of the areas whose blocks are meant, as they were given; all blocks where empty.
    pub within: Vec<String>,
    /// Which part is wanted.
    pub page: Page,
}
