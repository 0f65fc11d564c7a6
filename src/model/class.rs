//! What sources call an offense: their classes, mapped onto the category tree.

use std::sync::Arc;

use hashbrown::{Equivalent, HashMap};

use super::category::{CategoryTree, Flags, UNKNOWN};

/// Whether a firearm was part of the offense; never guessed from words at run time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Firearm {
    /// The class says so.
    Yes,
    /// The class says that there was none.
    No,
    /// The class does not say.
    #[default]
    Unknown,
}

/// Number of a class within a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClassId(pub u16);

/// What one source calls an offense, and what it is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// The source's own code or word.
    pub code: String,
    /// For people.
    pub label: String,
    /// Position in the tree; `None` until someone maps it.
    pub category: Option<usize>,
    /// Of the class and its category together.
    pub flags: Flags,
    /// Whether a firearm was part of it.
    pub firearm: Firearm,
}

/// The classes that a data set has met, and the tree that they hang on.
#[derive(Clone, Debug, Default)]
pub struct Classes {
    tree: CategoryTree,
    /// Shared, as the numbers are: every batch of reports has them, and most bring nothing new.
    rows: Arc<Vec<Class>>,
    by_code: Arc<HashMap<(u16, String), ClassId>>,
}

/// A source and a code, to look for without a copy of the code.
#[derive(Hash)]
struct Code<'a>(u16, &'a str);

impl Equivalent<(u16, String)> for Code<'_> {
    fn equivalent(&self, key: &(u16, String)) -> bool {
        (self.0, self.1) == (key.0, key.1.as_str())
    }
}

/// A selection of classes, made from the names of categories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassSet(Vec<bool>);

impl ClassSet {
    /// Whether a class belongs to it.
    #[must_use]
    pub fn has(&self, class: ClassId) -> bool {
        self.0.get(usize::from(class.0)).copied().unwrap_or(false)
    }
}

/// A category that the data set does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is no category here; there are {known}")]
pub struct UnknownCategory {
    /// What was asked for.
    pub name: String,
    /// What could have been.
    pub known: String,
}

impl Classes {
    /// No classes yet, over a tree.
    #[must_use]
    pub fn over(tree: CategoryTree) -> Self {
        Self { tree, ..Self::default() }
    }

    /// The tree.
    #[must_use]
    pub fn tree(&self) -> &CategoryTree {
        &self.tree
    }

    /// All classes, in the order of their ids.
    #[must_use]
    pub fn rows(&self) -> &[Class] {
        &self.rows
    }

    /// All ids that this table gave out.
    pub fn ids(&self) -> impl Iterator<Item = ClassId> + use<> {
        (0..self.rows.len()).map(|at| ClassId(u16::try_from(at).unwrap_or(u16::MAX)))
    }

    /// Whether any class says that someone was shot: where none does, nobody knows.
    #[must_use]
    pub fn tell_shootings(&self) -> bool {
        self.rows.iter().any(|class| class.flags.has(Flags::SHOOTING))
    }

    /// The class of an id that this table gave out.
    #[must_use]
    pub fn get(&self, id: ClassId) -> &Class {
        &self.rows[usize::from(id.0)]
    }

    /// The id of a source's class, if it was met before.
    #[must_use]
    pub fn find(&self, source: u16, code: &str) -> Option<ClassId> {
        self.by_code.get(&Code(source, code)).copied()
    }

    /// The id of a source's class; a class met for the first time is made by `make`.
    ///
    /// Flags of its category are added to its own. `None` when 65,535 classes are there already.
    pub fn intern(&mut self, source: u16, code: &str, make: impl FnOnce() -> Class) -> Option<ClassId> {
        if let Some(known) = self.find(source, code) {
            return Some(known);
        }
        let id = ClassId(u16::try_from(self.rows.len()).ok().filter(|&n| n < u16::MAX)?);
        let mut class = make();
        match class.category {
            Some(at) => {
                for row in self.tree.upward(at).collect::<Vec<_>>() {
                    class.flags |= self.tree.rows()[row].flags;
                }
                if !self.tree.is_leaf(at) {
                    class.flags |= Flags::UNMAPPED;
                }
            }
            None => class.flags |= Flags::UNMAPPED,
        }
        Arc::make_mut(&mut self.rows).push(class);
        Arc::make_mut(&mut self.by_code).insert((source, code.to_owned()), id);
        Some(id)
    }

    /// Whether a class is gun crime: homicide, robbery or assault by firearm, and homicide by a weapon
    /// that the source does not name.
    ///
    /// Carrying and discharging a weapon are not; no word of a label is looked at.
    #[must_use]
    pub fn gun_crime(&self, id: ClassId) -> bool {
        let class = self.get(id);
        let category = class.category.map(|at| self.tree.rows()[at].name.as_str());
        matches!(
            (category, class.firearm),
            (Some("homicide"), Firearm::Yes | Firearm::Unknown)
                | (Some("robbery" | "aggravated_assault" | "simple_assault"), Firearm::Yes)
        )
    }

    /// How serious: the category's place in the tree, unmapped classes last.
    #[must_use]
    pub fn seriousness(&self, id: ClassId) -> usize {
        self.get(id).category.unwrap_or(usize::MAX)
    }

    /// The classes under any of the named categories; an unmapped class answers to its own code.
    ///
    /// # Errors
    ///
    /// [`UnknownCategory`] for a name that is neither.
    pub fn select(&self, names: &[String]) -> Result<ClassSet, UnknownCategory> {
        let mut set = vec![false; self.rows.len()];
        for name in names {
            let category = self.tree.position(name);
            let mut found = category.is_some();
            for (class, chosen) in self.rows.iter().zip(&mut set) {
                let under = match (category, class.category) {
                    (Some(wanted), Some(at)) => self.tree.upward(at).any(|row| row == wanted),
                    (_, None) => class.code == *name || (name == UNKNOWN && category.is_some()),
                    (None, Some(_)) => false,
                };
                found |= under;
                *chosen |= under;
            }
            if !found {
                return Err(UnknownCategory { name: name.clone(), known: self.known() });
            }
        }
        Ok(ClassSet(set))
    }

    fn known(&self) -> String {
        let names = self.tree.rows().iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ");
        // Their codes are not listed: where the column was no offense they may name persons.
        match self.rows.iter().filter(|c| c.category.is_none()).count() {
            0 => names,
            n => format!("{names}, and the own codes of {n} classes that are in none of these"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes() -> Classes {
        let mut tree = CategoryTree::default();
        tree.add("person", "Persons", None, Flags::NONE).expect("first");
        tree.add("robbery", "Robbery", Some("person"), Flags::NEVER_HELD).expect("second");
        tree.add("society", "Society", None, Flags::PROACTIVE).expect("third");
        let mut classes = Classes::over(tree);
        for (code, category, firearm) in
            [("03", Some(1), Firearm::Yes), ("18", Some(2), Firearm::Yes), ("odd", None, Firearm::Unknown)]
        {
            let class =
                Class { code: code.into(), label: code.into(), category, flags: Flags::NONE, firearm };
            classes.intern(0, code, || class).expect("room");
        }
        classes
    }

    #[test]
    fn a_group_selects_all_classes_below_it() {
        let classes = classes();
        let set = classes.select(&["person".into()]).expect("known");
        assert!(set.has(ClassId(0)) && !set.has(ClassId(1)) && !set.has(ClassId(2)));
    }

    #[test]
    fn an_unmapped_class_is_sensitive_and_answers_to_its_own_code() {
        let classes = classes();
        assert!(classes.get(ClassId(2)).flags.sensitive());
        assert!(classes.select(&["odd".into()]).expect("known").has(ClassId(2)));
        let error = classes.select(&["robery".into()]).expect_err("misspelt");
        assert!(error.to_string().contains("robbery"), "{error}");
    }

    #[test]
    fn a_class_bears_the_flags_of_its_category_and_groups() {
        let classes = classes();
        assert!(classes.get(ClassId(0)).flags.has(Flags::NEVER_HELD));
        assert!(classes.gun_crime(ClassId(0)));
        assert!(!classes.gun_crime(ClassId(1)), "weapons carrying is no gun crime");
    }

    #[test]
    fn gun_crime_is_homicide_robbery_and_assault_by_firearm_or_an_unnamed_weapon_that_killed() {
        let mut tree = CategoryTree::default();
        for name in ["homicide", "robbery", "weapon_discharge"] {
            tree.add(name, "", None, Flags::NONE).expect("new");
        }
        let mut classes = Classes::over(tree);
        let mut of = |category: usize, firearm: Firearm| {
            let code = format!("{category}{firearm:?}");
            let class = Class {
                code: code.clone(),
                label: String::new(),
                category: Some(category),
                flags: Flags::NONE,
                firearm,
            };
            let id = classes.intern(0, &code, || class).expect("room");
            classes.gun_crime(id)
        };
        assert!(of(0, Firearm::Unknown) && of(0, Firearm::Yes) && !of(0, Firearm::No));
        assert!(of(1, Firearm::Yes) && !of(1, Firearm::Unknown));
        assert!(!of(2, Firearm::Yes), "shots fired are no gun crime by themselves");
    }

    #[test]
    fn a_group_or_the_unknown_maps_nothing() {
        let mut tree = CategoryTree::default();
        tree.add("person", "", None, Flags::NONE).expect("new");
        tree.add("robbery", "", Some("person"), Flags::NONE).expect("new");
        tree.add(UNKNOWN, "", None, Flags::NONE).expect("new");
        let mut classes = Classes::over(tree);
        for (category, sensitive) in [(0, true), (1, false), (2, true)] {
            let class = Class {
                code: String::new(),
                label: String::new(),
                category: Some(category),
                flags: Flags::NONE,
                firearm: Firearm::No,
            };
            let id = classes.intern(0, &category.to_string(), || class).expect("room");
            assert_eq!(classes.get(id).flags.sensitive(), sensitive, "{category}");
        }
    }
}
