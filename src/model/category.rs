//! What can have happened: a tree of categories with their flags.

use std::ops::{BitOr, BitOrAssign};
use std::sync::Arc;

/// What is to be known of an offense beside its category, as a set of flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(u8);

impl Flags {
    /// Nothing special.
    pub const NONE: Self = Self(0);
    /// Sexual offense: its place is protected.
    pub const SEXUAL: Self = Self(1);
    /// Domestic offense: its place is protected.
    pub const DOMESTIC: Self = Self(2);
    /// Offense against a child: its place is protected.
    pub const CHILD: Self = Self(4);
    /// No reporting victim (possession, vice, traffic): police find it where they look.
    pub const PROACTIVE: Self = Self(8);
    /// No crime (unfounded, warrant served, investigation).
    pub const ADMINISTRATIVE: Self = Self(16);
    /// Never held automatically at a pile: homicide, robbery.
    pub const NEVER_HELD: Self = Self(32);
    /// Not mapped to a category, hence treated as sensitive.
    pub const UNMAPPED: Self = Self(64);

    /// Someone was shot: only where the source knows.
    pub const SHOOTING: Self = Self(128);

    /// The words of the tables, in the order of the bits.
    const WORDS: [(&'static str, Self); 7] = [
        ("sexual", Self::SEXUAL),
        ("domestic", Self::DOMESTIC),
        ("child", Self::CHILD),
        ("proactive", Self::PROACTIVE),
        ("administrative", Self::ADMINISTRATIVE),
        ("never_held", Self::NEVER_HELD),
        ("shooting", Self::SHOOTING),
    ];

    /// The words of the flags that are set.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        Self::WORDS.into_iter().filter(move |(_, flag)| self.has(*flag)).map(|(word, _)| word)
    }

    /// Whether all flags of `other` are set.
    #[must_use]
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether incidents of this kind are in no layer of single incidents.
    ///
    /// Sexual, domestic and child offenses are, and what is not mapped yet, since it may be one.
    #[must_use]
    pub fn sensitive(self) -> bool {
        self.protected() || self.has(Self::UNMAPPED)
    }

    /// Whether incidents of this kind are drawn in no shape but their block: sexual, domestic and child offenses.
    #[must_use]
    pub fn protected(self) -> bool {
        self.0 & (Self::SEXUAL.0 | Self::DOMESTIC.0 | Self::CHILD.0) != 0
    }

    /// Flags from their words, separated by spaces.
    ///
    /// # Errors
    ///
    /// The first word that is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        text.split_whitespace().try_fold(Self::NONE, |flags, word| {
            Self::WORDS
                .iter()
                .find(|(name, _)| *name == word)
                .map(|(_, flag)| flags | *flag)
                .ok_or_else(|| word.to_owned())
        })
    }
}

impl BitOr for Flags {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Flags {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// The category of what is not mapped yet.
pub const UNKNOWN: &str = "unknown";

/// A row of the category tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    /// One word, unique in the tree, as in `--category robbery`.
    pub name: String,
    /// For people.
    pub title: String,
    /// Position of the group that it belongs to.
    pub parent: Option<usize>,
    /// Flags of every class mapped here.
    pub flags: Flags,
}

/// The tree, most serious category first: the order decides an incident's leading class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CategoryTree {
    /// Shared: every batch of reports has a tree.
    rows: Arc<Vec<Category>>,
}

/// Why rows make no tree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// A name stands twice.
    #[error("category `{name}` stands twice")]
    Twice {
        /// The name.
        name: String,
    },
    /// A parent does not come before its child.
    #[error("category `{name}` names the parent `{parent}`, which does not come before it")]
    Parent {
        /// The child.
        name: String,
        /// The missing parent.
        parent: String,
    },
}

impl CategoryTree {
    /// Adds a category under a parent that was added before.
    ///
    /// # Errors
    ///
    /// [`TreeError`] for a name that stands already or a parent that does not.
    pub fn add(
        &mut self,
        name: &str,
        title: &str,
        parent: Option<&str>,
        flags: Flags,
    ) -> Result<(), TreeError> {
        if self.position(name).is_some() {
            return Err(TreeError::Twice { name: name.to_owned() });
        }
        let parent = match parent {
            None => None,
            Some(parent) => Some(
                self.position(parent)
                    .ok_or_else(|| TreeError::Parent { name: name.to_owned(), parent: parent.to_owned() })?,
            ),
        };
        Arc::make_mut(&mut self.rows).push(Category {
            name: name.to_owned(),
            title: title.to_owned(),
            parent,
            flags,
        });
        Ok(())
    }

    /// Where a category stands.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.rows.iter().position(|row| row.name == name)
    }

    /// All rows in order.
    #[must_use]
    pub fn rows(&self) -> &[Category] {
        &self.rows
    }

    /// Whether a class can be mapped here: to a leaf, not to a group or to what is not known yet.
    #[must_use]
    pub fn is_leaf(&self, at: usize) -> bool {
        self.rows[at].name != UNKNOWN && !self.rows.iter().any(|row| row.parent == Some(at))
    }

    /// The category and the groups above it.
    pub fn upward(&self, at: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(Some(at), |&row| self.rows.get(row).and_then(|r| r.parent))
    }
}
