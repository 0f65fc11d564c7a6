//! Incidents per category.

use std::collections::BTreeSet;

use crate::model::category::UNKNOWN;
use crate::model::class::{ClassId, Classes};
use crate::model::incident::Incidents;

/// Incidents per category by its place in the tree, groups included; classes that nobody has mapped are in `unknown`.
///
/// One with several classes counts once in each of their categories. Time O(n).
#[must_use]
pub fn by_category(incidents: &Incidents, classes: &Classes) -> Vec<usize> {
    let tree = classes.tree();
    let mut counts = vec![0; tree.rows().len()];
    // Most have one class: of those it is enough to know how many each class has.
    let mut alone = vec![0; classes.rows().len()];
    for at in (0..incidents.len()).filter(|&at| !incidents.gone(at)) {
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
fn add(counts: &mut [usize], n: usize, ids: impl Iterator<Item = ClassId>, classes: &Classes) {
    let tree = classes.tree();
    let mut rows = BTreeSet::new();
    for class in ids.map(|id| classes.get(id)) {
        match class.category {
            Some(category) => rows.extend(tree.upward(category)),
            None => rows.extend(tree.position(UNKNOWN)),
        }
    }
    rows.into_iter().for_each(|row| counts[row] += n);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::category::{CategoryTree, Flags};
    use crate::model::class::{Class, Firearm};
    use crate::model::incident::{Incident, Located};
    use crate::model::period::{Interval, Precision};
    use crate::model::report::{Origin, Status};
    use crate::space::coord::{Local, Mercator};

    fn classes() -> Classes {
        let mut tree = CategoryTree::default();
        tree.add("violence", "", None, Flags::NONE).expect("new");
        tree.add("assault", "", Some("violence"), Flags::NONE).expect("new");
        tree.add("theft", "", None, Flags::NONE).expect("new");
        tree.add(UNKNOWN, "", None, Flags::NONE).expect("new");
        let mut classes = Classes::over(tree);
        for (code, category) in
            [("01", Some(1)), ("02", Some(2)), ("03", None), ("04", Some(1)), ("05", None)]
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

    fn incident(n: u16) -> Incident {
        let several = [n % 5, n % 4, n / 7 % 5];
        let kept = 1 + usize::from(n.is_multiple_of(11)) * 2;
        let mut own: Vec<ClassId> = several[..kept].iter().copied().map(ClassId).collect();
        own.dedup();
        Incident {
            source: 0,
            id: n.to_string(),
            when: Interval { from: 0, seconds: 60, precision: Precision::Minute },
            classes: own,
            reports: 1,
            located: Located::Yes,
            mercator: Mercator { x: n.into(), y: 1 },
            local: Local::default(),
            address: None,
            intersection: false,
            origin: Origin::Unknown,
            status: Status::Confirmed,
        }
    }

    #[test]
    fn the_counts_are_those_of_one_incident_after_the_other() {
        let classes = classes();
        let incidents = Incidents::store((0..500).map(incident).collect());
        let mut plain = vec![0; classes.tree().rows().len()];
        (0..incidents.len()).for_each(|at| add(&mut plain, 1, incidents.classes(at), &classes));
        assert_eq!(by_category(&incidents, &classes), plain);
        assert!(plain.iter().all(|&n| n > 0));
    }
}
