//! A feature that was made, as conditions and orders read it.

use super::fields::{Field, ID, cell};
use super::filter::{Cell, Row};
use super::{Feature, Value};
use crate::space::printed::Sought;

/// A made feature as a row.
pub(super) struct FeatureRow<'a> {
    pub(super) feature: &'a Feature,
    pub(super) fields: &'a [Field],
}

impl FeatureRow<'_> {
    fn value(&self, name: &str) -> Option<&Value> {
        let find = |named: &'_ [(&'static str, Value)]| named.iter().position(|(known, _)| *known == name);
        let properties = &self.feature.properties;
        if let Some(at) = find(properties) {
            return Some(&properties[at].1);
        }
        // A kind of area stands among the areas.
        let (_, areas) = properties.iter().find(|(known, _)| *known == "areas")?;
        let Value::Map(kinds) = areas else { return None };
        find(kinds).map(|at| &kinds[at].1)
    }
}

impl Row for FeatureRow<'_> {
    fn cell(&self, field: usize) -> Cell<'_> {
        let field = self.fields[field];
        if field.name == ID.name {
            return Cell::Text(self.feature.id.as_str().into());
        }
        self.value(field.name).map_or(Cell::Null, |value| cell(field.kind, value))
    }

    fn day(&self, field: usize) -> Cell<'_> {
        match self.value(self.fields[field].name) {
            Some(Value::Text(text)) => {
                text.get(..10).and_then(|day| day.parse().ok()).map_or(Cell::Null, Cell::Date)
            }
            _ => Cell::Null,
        }
    }

    fn has_shape(&self) -> bool {
        use geo::CoordsIter;
        self.feature.geometry.as_ref().is_some_and(|own| own.coords_count() > 0)
    }

    fn touches(&self, sought: &Sought) -> Option<bool> {
        let own = self.feature.geometry.as_ref().filter(|_| self.has_shape())?;
        Some(sought.touched_by(own))
    }
}
