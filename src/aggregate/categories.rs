//! Incidents per category.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::category::UNKNOWN;
use crate::model::class::Classes;
use crate::model::incident::Incidents;

/// Incidents per category of the tree, groups included, and per class that is in none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CategoryCounts {
    /// By the category's place in the tree.
    pub tree: Vec<usize>,
    /// By the code of a class that nobody has mapped.
    pub unmapped: BTreeMap<String, usize>,
}

/// Counts incidents per category; one with several classes counts once in each of their categories.
#[must_use]
pub fn by_category(incidents: &Incidents, classes: &Classes) -> CategoryCounts {
    let tree = classes.tree();
    let mut counts = CategoryCounts { tree: vec![0; tree.rows().len()], unmapped: BTreeMap::new() };
    for at in 0..incidents.len() {
        let mut rows = BTreeSet::new();
        for class in incidents.classes(at).map(|id| classes.get(id)) {
            match class.category {
                Some(category) => rows.extend(tree.upward(category)),
                None => {
                    *counts.unmapped.entry(class.code.clone()).or_default() += 1;
                    rows.extend(tree.position(UNKNOWN));
                }
            }
        }
        rows.into_iter().for_each(|row| counts.tree[row] += 1);
    }
    counts
}
