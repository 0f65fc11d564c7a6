//! Incidents per category.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::category::UNKNOWN;
use crate::model::class::{ClassId, Classes};
use crate::model::incident::Incidents;

/// Incidents per category of the tree, groups included, and per class that is in none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CategoryCounts {
    /// By the category's place in the tree.
    pub tree: Vec<usize>,
    /// By the code of a class that nobody has mapped.
    pub unmapped: BTreeMap<String, usize>,
}

/// Counts incidents per category; one with several classes counts once in each of their categories. Time O(n).
#[must_use]
pub fn by_category(incidents: &Incidents, classes: &Classes) -> CategoryCounts {
    let tree = classes.tree();
    let mut counts = CategoryCounts { tree: vec![0; tree.rows().len()], unmapped: BTreeMap::new() };
    // Most have one class: of those it is enough to know how many each class has.
    let mut alone = vec![0; classes.rows().len()];
    for at in 0..incidents.len() {
        match incidents.only_class(at) {
            Some(class) => alone[usize::from(class.0)] += 1,
            None => add(&mut counts, 1, incidents.classes(at), classes),
        }
    }
    for (id, &n) in (0..).map(ClassId).zip(&alone).filter(|(_, n)| **n > 0) {
        add(&mut counts, n, std::iter::once(id), classes);
    }
    counts
}

/// Adds so many incidents that have these classes.
fn add(counts: &mut CategoryCounts, n: usize, ids: impl Iterator<Item = ClassId>, classes: &Classes) {
    let tree = classes.tree();
    let mut rows = BTreeSet::new();
    for class in ids.map(|id| classes.get(id)) {
        match class.category {
            Some(category) => rows.extend(tree.upward(category)),
            None => {
                *counts.unmapped.entry(class.code.clone()).or_default() += n;
                rows.extend(tree.position(UNKNOWN));
            }
        }
    }
    rows.into_iter().for_each(|row| counts.tree[row] += n);
}
