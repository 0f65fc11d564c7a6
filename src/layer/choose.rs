//! Which features of a layer are wanted, in which order and with which fields: the same for every layer.

use std::cmp::Ordering;

use geo::{Geometry, Rect};

use super::answer::{AnswerError, answer};
use super::cql2::{FilterError, Scope, few_enough, parse, unknown};
use super::feature_row::FeatureRow;
use super::fields::{Field, FieldKind, ID, fields, values};
use super::filter::{Cell, Expr, Op, Operand, Row, order};
use super::{Ask, Feature, Layer, Page, Value, incidents};
use crate::engine::params::table::{INCIDENTS, Operation};
use crate::engine::params::values::Values;
use crate::engine::snapshot::Snapshot;
use crate::model::dataset::Dataset;
use crate::model::datetime::{Datetime, instant};
use crate::space::printed::Sought;

/// What is wanted of a layer beside what its operation makes.
#[derive(Clone, Debug)]
pub struct Choice {
    layer: &'static str,
    /// The table of fields that positions in conditions and orders are of; the id comes first.
    fields: Vec<Field>,
    conditions: Vec<Expr>,
    sort: Vec<SortKey>,
    properties: Option<Vec<&'static str>>,
    told: Vec<(&'static str, Value)>,
    /// Single incidents whose own interval this time intersects.
    pub during: Option<Datetime>,
}

/// A field to sort by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct SortKey {
    field: usize,
    descending: bool,
}

impl Choice {
    /// All features of a layer, as they come.
    #[must_use]
    pub fn all(operation: &Operation, data: &Dataset) -> Self {
        let layer = operation.collection;
        let mut table = vec![ID];
        table.extend(fields(layer, data));
        Self {
            layer,
            fields: table,
            conditions: Vec::new(),
            sort: Vec::new(),
            properties: None,
            told: Vec::new(),
            during: None,
        }
    }

    /// The fields that features can be chosen by, the id first.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Only features for which a CQL2 text holds; `to_degrees` brings the numbers of its shapes to degrees, and the slack
    /// is what is lost on that way.
    ///
    /// # Errors
    ///
    /// [`FilterError`] with where and how to mend it.
    pub fn filter(
        &mut self,
        text: &str,
        to_degrees: &dyn Fn(f64, f64) -> Option<(f64, f64)>,
        slack: f64,
    ) -> Result<(), FilterError> {
        let scope = Scope { layer: self.layer, fields: &self.fields, to_degrees, slack };
        self.conditions.push(parse(text, scope)?);
        self.told.push(("filter", Value::text(text)));
        Ok(())
    }

    /// Only features whose field has this value.
    ///
    /// # Errors
    ///
    /// [`FilterError`] for a field that is not, or a value that it cannot have.
    pub fn equals(&mut self, name: &str, text: &str, data: &Dataset) -> Result<(), FilterError> {
        let at = self.plain(name, |_| true)?;
        let field = self.fields[at];
        let known = values(self.layer, &field, data);
        if !known.is_empty() && known.iter().all(|known| known != text.trim()) {
            let given: String = text.trim().chars().take(40).collect();
            let what = format!("`{given}` is no value of `{}`", field.name);
            return Err(FilterError::Kinds { what, mend: format!("give one of {}", known.join(", ")) });
        }
        let value = value(field.kind, text.trim()).ok_or_else(|| FilterError::Kinds {
            what: format!("`{}` is {}", field.name, field.kind.words()),
            mend: "give a value of that kind".to_owned(),
        })?;
        self.conditions.push(Expr::Compare(Operand::Field(at), Op::Equal, Operand::Given(value)));
        self.told.push((field.name, Value::text(text)));
        Ok(())
    }

    /// Only features whose shape touches this one, in degrees, but for a slack.
    pub fn touches(&mut self, shape: Geometry, slack: f64) {
        if let Some(sought) = Sought::new(shape, slack) {
            // What has no shape matches every box.
            self.conditions.push(Expr::Or(vec![Expr::Touches(sought), Expr::NoShape]));
        }
    }

    /// Sorts by fields separated by commas, each with `+` or `-` before it or nothing.
    ///
    /// # Errors
    ///
    /// [`FilterError`] for a field that is not or has no order, and for too many.
    pub fn sort_by(&mut self, text: &str) -> Result<(), FilterError> {
        few_enough(text)?;
        for part in text.split(',') {
            // A plus that was not encoded comes as a space.
            let part = part.trim();
            let (name, descending) = match part.strip_prefix('-') {
                Some(name) => (name, true),
                None => (part.strip_prefix('+').unwrap_or(part), false),
            };
            let field = self.plain(name.trim(), |field| field.kind != FieldKind::Texts)?;
            if self.fields[field].kind == FieldKind::Texts {
                let what = format!("`{}` has several values", self.fields[field].name);
                return Err(FilterError::Kinds { what, mend: "sort by a field with one".to_owned() });
            }
            self.sort.push(SortKey { field, descending });
        }
        self.told.push(("sortby", Value::text(text.trim())));
        Ok(())
    }

    /// Only these fields, separated by commas; id and shape stay.
    ///
    /// # Errors
    ///
    /// [`FilterError`] for a field that is not.
    pub fn properties(&mut self, text: &str) -> Result<(), FilterError> {
        let shown: Vec<Field> = self.fields.iter().copied().filter(|field| field.shown).collect();
        let mut names = Vec::new();
        for name in text.split(',').map(str::trim) {
            let found = shown.iter().find(|field| field.name == name);
            names.push(found.ok_or_else(|| unknown(name, self.layer, &shown, None))?.name);
        }
        self.properties = Some(names);
        Ok(())
    }

    /// A field that can be compared; where it is none, those that `offered` holds for are named.
    fn plain(&self, name: &str, offered: impl Fn(&Field) -> bool) -> Result<usize, FilterError> {
        let found = self.fields.iter().position(|field| field.name == name && field.kind.is_plain());
        let known = || self.fields.iter().filter(|field| field.kind.is_plain() && offered(field));
        found.ok_or_else(|| unknown(name, self.layer, known(), None))
    }

    /// Whether features come as their operation makes them, page by page.
    fn is_plain(&self) -> bool {
        self.conditions.is_empty() && self.sort.is_empty()
    }

    /// Whether all conditions hold for a row.
    pub(super) fn holds(&self, row: &impl Row) -> bool {
        self.conditions.iter().all(|condition| condition.holds(row) == Some(true))
    }

    /// A box outside of which nothing is wanted, if it is easily told.
    pub(super) fn around(&self) -> Option<Rect> {
        self.conditions.iter().find_map(Expr::around)
    }

    /// Those of a page, in the order that is asked for; where values are equal or not known, as they came.
    pub(super) fn page<R: Row>(
        &self,
        mut wanted: Vec<usize>,
        page: Page,
        row: impl Fn(usize) -> R,
    ) -> Vec<usize> {
        let end = page.offset.saturating_add(page.limit).min(wanted.len());
        if !self.sort.is_empty() {
            let keys: Vec<Vec<Key>> = wanted
                .iter()
                .map(|&at| {
                    let row = row(at);
                    self.sort.iter().map(|key| Key::of(row.cell(key.field))).collect()
                })
                .collect();
            let mut places: Vec<usize> = (0..wanted.len()).collect();
            let compare = |&a: &usize, &b: &usize| self.compare(&keys[a], &keys[b]).then(a.cmp(&b));
            // Only what the page needs is sorted.
            if end < places.len() {
                places.select_nth_unstable_by(end, compare);
                places.truncate(end);
            }
            places.sort_unstable_by(compare);
            wanted = places.into_iter().map(|place| wanted[place]).collect();
        }
        wanted.truncate(end);
        wanted.drain(..page.offset.min(end));
        wanted
    }

    fn compare(&self, a: &[Key], b: &[Key]) -> Ordering {
        let each = self.sort.iter().zip(a.iter().zip(b)).map(|(key, (a, b))| match (&a.0, &b.0) {
            (Cell::Null, Cell::Null) => Ordering::Equal,
            // What is not known comes last, whichever way.
            (Cell::Null, _) => Ordering::Greater,
            (_, Cell::Null) => Ordering::Less,
            (a, b) => {
                let order = order(a, b).unwrap_or(Ordering::Equal);
                if key.descending { order.reverse() } else { order }
            }
        });
        each.fold(Ordering::Equal, Ordering::then)
    }

    /// Takes away the properties that are not wanted and says what was chosen.
    fn finish(&self, layer: &mut Layer) {
        if let Some(names) = &self.properties {
            for feature in &mut layer.features {
                // In room of their own: what is written of many lies together then.
                let mut kept = Vec::with_capacity(names.len());
                kept.extend(feature.properties.drain(..).filter(|(name, _)| names.contains(name)));
                feature.properties = kept;
            }
        }
        if !self.told.is_empty() {
            layer.provenance.push(("chosen", Value::Map(self.told.clone())));
        }
    }
}

/// A value to sort by that owns its words.
struct Key(Cell<'static>);

impl Key {
    fn of(cell: Cell<'_>) -> Self {
        Self(match cell {
            Cell::Text(text) => Cell::Text(text.into_owned().into()),
            Cell::Bool(flag) => Cell::Bool(flag),
            Cell::Number(number) => Cell::Number(number),
            Cell::Date(date) => Cell::Date(date),
            Cell::Time(at) => Cell::Time(at),
            Cell::Texts(_) | Cell::Null => Cell::Null,
        })
    }
}

/// A value of a kind, from a query.
fn value(kind: FieldKind, text: &str) -> Option<Cell<'static>> {
    Some(match kind {
        FieldKind::Text | FieldKind::Texts => Cell::Text(text.to_owned().into()),
        FieldKind::Integer | FieldKind::Number => {
            Cell::Number(text.parse().ok().filter(|number: &f64| number.is_finite())?)
        }
        FieldKind::Boolean => Cell::Bool(text.parse().ok()?),
        FieldKind::Date => Cell::Date(text.parse().ok()?),
        FieldKind::Time => Cell::Time(instant(&text.replace(' ', "+"))?),
        FieldKind::List | FieldKind::Map => return None,
    })
}

/// Answers a request for the features that are chosen.
///
/// # Errors
///
/// As [`answer`].
pub fn choose(
    snapshot: &Snapshot,
    operation: &Operation,
    values: &Values,
    page: Page,
    choice: &Choice,
) -> Result<Layer, AnswerError> {
    let mut layer = if operation.collection == INCIDENTS.collection {
        let ask = Ask { query: values.query(), within: Vec::new(), page };
        incidents::chosen(snapshot, &ask, choice)?
    } else if choice.is_plain() {
        answer(snapshot, operation, values, page)?
    } else {
        let mut all = answer(snapshot, operation, values, Page { bbox: page.bbox, ..Page::ALL })?;
        let row = |at: usize| FeatureRow { feature: &all.features[at], fields: &choice.fields };
        let wanted: Vec<usize> = (0..all.features.len()).filter(|&at| choice.holds(&row(at))).collect();
        all.matched = wanted.len();
        let paged = choice.page(wanted, page, row);
        let mut features: Vec<Option<Feature>> =
            std::mem::take(&mut all.features).into_iter().map(Some).collect();
        all.features = paged.into_iter().filter_map(|at| features[at].take()).collect();
        all
    };
    choice.finish(&mut layer);
    Ok(layer)
}

/// The feature of an id, whatever its period and category; `None` where the layer shows none of it.
///
/// # Errors
///
/// As [`answer`].
pub fn one(
    snapshot: &Snapshot,
    operation: &Operation,
    values: &Values,
    id: &str,
) -> Result<Option<Feature>, AnswerError> {
    if operation.collection == INCIDENTS.collection {
        return Ok(incidents::one(snapshot, id));
    }
    let layer = answer(snapshot, operation, values, Page::ALL)?;
    Ok(layer.features.into_iter().find(|feature| feature.id == id))
}
