//! The harm of classes: weights that an agency gives, each with its source.

use std::collections::BTreeMap;

use super::category::CategoryTree;
use super::class::{ClassId, Classes};

/// One weight.
#[derive(Clone, Debug, PartialEq)]
pub struct HarmRow {
    /// A source's own code, where the weight is for this class alone.
    pub class: Option<String>,
    /// The category that it is for, those below it included; for a class the one that it is mapped to.
    pub category: String,
    /// Harm of one incident, in the table's unit; finite and not negative.
    pub weight: f64,
    /// Where the weight comes from.
    pub source: String,
    /// How the source's offense was mapped to this one, or what else is to be said.
    pub note: String,
    /// Its line in the file.
    pub line: u64,
}

/// Weights of classes.
#[derive(Clone, Debug, PartialEq)]
pub struct HarmTable {
    name: String,
    rows: Vec<HarmRow>,
}

/// Why rows make no table.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum HarmTableError {
    /// There is no row.
    #[error(
        "`{table}` has no row; give one a category, e.g. `robbery,365,our policy 12,` under category,weight,source,note"
    )]
    Empty {
        /// The table.
        table: String,
    },
    /// No weight is above zero.
    #[error(
        "in `{table}` every weight is 0, so no block has harm; give at least one category a weight above 0"
    )]
    Weightless {
        /// The table.
        table: String,
    },
    /// A weight that is none.
    #[error("`{table}` line {line}: the weight is {weight}; give a number from 0 up")]
    Weight {
        /// The table.
        table: String,
        /// Where.
        line: u64,
        /// What stands there.
        weight: f64,
    },
    /// A weight without a source.
    #[error("`{table}` line {line}: `{category}` has no source; say where the weight comes from")]
    Source {
        /// The table.
        table: String,
        /// Where.
        line: u64,
        /// For what.
        category: String,
    },
    /// A category that there is not.
    #[error("`{table}` line {line}: `{category}` is no category here; there are {known}")]
    Category {
        /// The table.
        table: String,
        /// Where.
        line: u64,
        /// What stands there.
        category: String,
        /// What could have stood there.
        known: String,
    },
    /// A category or class with two weights.
    #[error("`{table}` line {line}: `{of}` has a weight already in line {first}; keep one")]
    Twice {
        /// The table.
        table: String,
        /// Where.
        line: u64,
        /// For what.
        of: String,
        /// Where it stands first.
        first: u64,
    },
    /// A class that is mapped elsewhere.
    #[error(
        "`{table}` line {line}: class `{class}` is mapped to {mapped} here, not to `{category}`; correct the row or the crosswalk"
    )]
    Crosswalk {
        /// The table.
        table: String,
        /// Where.
        line: u64,
        /// The class.
        class: String,
        /// What the row says.
        category: String,
        /// What the crosswalk says.
        mapped: String,
    },
}

impl HarmTable {
    /// A table of rows, checked against the classes of a data set.
    ///
    /// # Errors
    ///
    /// [`HarmTableError`] for the first row that cannot be used. A class that the data do not have is none: a table serves
    /// many data sets.
    pub fn new(name: &str, rows: Vec<HarmRow>, classes: &Classes) -> Result<Self, HarmTableError> {
        let table = || name.to_owned();
        if rows.is_empty() {
            return Err(HarmTableError::Empty { table: table() });
        }
        let mut seen: BTreeMap<(Option<&str>, &str), u64> = BTreeMap::new();
        for row in &rows {
            let line = row.line;
            if !(row.weight.is_finite() && row.weight >= 0.0) {
                return Err(HarmTableError::Weight { table: table(), line, weight: row.weight });
            }
            let category = row.category.clone();
            if row.source.trim().is_empty() {
                return Err(HarmTableError::Source { table: table(), line, category });
            }
            let Some(at) = classes.tree().position(&row.category) else {
                let known =
                    classes.tree().rows().iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ");
                return Err(HarmTableError::Category { table: table(), line, category, known });
            };
            let key = match row.class.as_deref() {
                Some(class) => (Some(class), ""),
                None => (None, row.category.as_str()),
            };
            if let Some(first) = seen.insert(key, line) {
                let of = row.class.clone().unwrap_or(category);
                return Err(HarmTableError::Twice { table: table(), line, of, first });
            }
            if let Some(class) = row.class.as_deref()
                && let Some(met) = classes.rows().iter().find(|c| c.code == class && c.category != Some(at))
            {
                let mapped = mapped(classes.tree(), met.category);
                let class = class.to_owned();
                return Err(HarmTableError::Crosswalk { table: table(), line, class, category, mapped });
            }
        }
        if rows.iter().all(|row| row.weight == 0.0) {
            return Err(HarmTableError::Weightless { table: table() });
        }
        Ok(Self { name: name.to_owned(), rows })
    }

    /// What it is called: its file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its rows.
    #[must_use]
    pub fn rows(&self) -> &[HarmRow] {
        &self.rows
    }

    /// The row that a class has its weight from: its own, else that of its category, else of the nearest group above.
    #[must_use]
    pub fn row_of(&self, classes: &Classes, id: ClassId) -> Option<usize> {
        let class = classes.get(id);
        let own = self.rows.iter().position(|row| row.class.as_deref() == Some(&*class.code));
        own.or_else(|| {
            classes.tree().upward(class.category?).find_map(|at| {
                let name = &classes.tree().rows()[at].name;
                self.rows.iter().position(|row| row.class.is_none() && row.category == *name)
            })
        })
    }
}

fn mapped(tree: &CategoryTree, category: Option<usize>) -> String {
    category.map_or_else(|| "nothing".to_owned(), |at| format!("`{}`", tree.rows()[at].name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::category::Flags;
    use crate::model::class::{Class, Firearm};

    fn classes() -> Classes {
        let mut tree = CategoryTree::default();
        tree.add("person", "", None, Flags::NONE).expect("new");
        tree.add("robbery", "", Some("person"), Flags::NONE).expect("new");
        tree.add("assault", "", Some("person"), Flags::NONE).expect("new");
        tree.add("drugs", "", None, Flags::PROACTIVE).expect("new");
        let mut classes = Classes::over(tree);
        for (code, category) in
            [("03", Some(1)), ("04a", Some(2)), ("04b", Some(2)), ("18", Some(3)), ("x", None)]
        {
            let class = Class {
                code: code.into(),
                label: String::new(),
                category,
                flags: Flags::NONE,
                firearm: Firearm::Unknown,
            };
            classes.intern(0, code, || class).expect("room");
        }
        classes
    }

    fn row(line: u64, class: Option<&str>, category: &str, weight: f64) -> HarmRow {
        HarmRow {
            class: class.map(str::to_owned),
            category: category.to_owned(),
            weight,
            source: "a test".to_owned(),
            note: String::new(),
            line,
        }
    }

    #[test]
    fn a_class_weighs_as_its_own_row_then_its_category_then_the_group_above() {
        let rows = vec![
            row(2, None, "person", 1.0),
            row(3, None, "assault", 5.0),
            row(4, Some("04b"), "assault", 9.0),
        ];
        let (classes, of) = (classes(), |id| ClassId(id));
        let table = HarmTable::new("t.csv", rows, &classes).expect("usable");
        let found: Vec<_> = (0..5).map(|id| table.row_of(&classes, of(id))).collect();
        assert_eq!(found, [Some(0), Some(1), Some(2), None, None]);
    }

    #[test]
    fn a_row_that_cannot_be_used_is_named_with_its_line_and_the_mend() {
        let classes = classes();
        let why =
            |rows: Vec<HarmRow>| HarmTable::new("t.csv", rows, &classes).expect_err("unusable").to_string();
        assert!(why(vec![]).contains("has no row"));
        for (rows, says) in [
            (
                vec![row(2, None, "robery", 1.0)],
                "line 2: `robery` is no category here; there are person, robbery",
            ),
            (vec![row(2, None, "robbery", -1.0)], "line 2: the weight is -1; give a number from 0 up"),
            (vec![row(2, None, "robbery", f64::NAN)], "line 2: the weight is NaN"),
            (
                vec![row(2, None, "robbery", 1.0), row(7, None, "robbery", 2.0)],
                "line 7: `robbery` has a weight already in line 2",
            ),
            (
                vec![row(2, Some("03"), "assault", 1.0)],
                "class `03` is mapped to `robbery` here, not to `assault`",
            ),
            (vec![row(2, Some("x"), "assault", 1.0)], "class `x` is mapped to nothing"),
            (vec![row(2, None, "robbery", 0.0)], "every weight is 0"),
            (
                vec![HarmRow { source: " ".into(), ..row(5, None, "robbery", 1.0) }],
                "line 5: `robbery` has no source",
            ),
        ] {
            let why = why(rows);
            assert!(why.contains(says), "{why}");
        }
        // A table may know more classes than the data have met.
        HarmTable::new("t.csv", vec![row(2, Some("nosuch"), "robbery", 1.0)], &classes).expect("usable");
    }
}
