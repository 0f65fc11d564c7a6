//! Tables that map a source's classes onto the category tree. Data, not code: `data/crosswalks/`.

use std::collections::HashMap;

use super::shipped;
use super::table::plain;
use crate::model::category::{CategoryTree, Flags, TreeError};
use crate::model::class::{Class, Firearm};

/// Why a table of categories cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CrosswalkError {
    /// Not a table.
    #[error("`{file}` cannot be read")]
    Read {
        /// The file.
        file: String,
        /// Why.
        source: csv::Error,
    },
    /// A word that means nothing here.
    #[error("`{file}`, code `{code}`: `{word}` is no {what}")]
    Word {
        /// The file.
        file: String,
        /// The row.
        code: String,
        /// What stands there.
        word: String,
        /// What should stand there.
        what: &'static str,
    },
    /// The rows make no tree.
    #[error("`{file}` makes no tree")]
    Tree {
        /// The file.
        file: String,
        /// Why.
        source: TreeError,
    },
    /// There is no such table.
    #[error("there is no crosswalk `{name}`; there are {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What could have been.
        known: String,
    },
}

#[derive(serde::Deserialize)]
struct CategoryRow {
    category: String,
    parent: String,
    title: String,
    flags: String,
}

/// The category tree that ships.
///
/// # Errors
///
/// [`CrosswalkError`] if `data/categories.csv` is no tree; a test holds that it is.
pub fn tree() -> Result<CategoryTree, CrosswalkError> {
    let file = "data/categories.csv";
    let mut tree = CategoryTree::default();
    for row in rows::<CategoryRow>(file, &shipped::text("categories.csv"))? {
        let flags = flags(file, &row.category, &row.flags)?;
        let parent = Some(row.parent.as_str()).filter(|p| !p.is_empty());
        tree.add(&row.category, &row.title, parent, flags)
            .map_err(|source| CrosswalkError::Tree { file: file.to_owned(), source })?;
    }
    Ok(tree)
}

#[derive(serde::Deserialize)]
struct CrosswalkRow {
    code: String,
    category: String,
    flags: String,
    firearm: String,
    label: String,
}

/// A source's classes by code; of a code and prefixes of it the longest wins.
#[derive(Clone, Debug, Default)]
pub struct Crosswalk {
    exact: HashMap<String, Class>,
    prefixes: Vec<(String, Class)>,
}

impl Crosswalk {
    /// The crosswalk of a name that ships; the category of every row must be in the tree.
    ///
    /// # Errors
    ///
    /// [`CrosswalkError`] for an unknown name or a table with an unknown word.
    pub fn shipped(name: &str, tree: &CategoryTree) -> Result<Self, CrosswalkError> {
        let path = format!("crosswalks/{name}.csv");
        if shipped::file(&path).is_none() {
            let known = shipped::under("crosswalks/").join(", ");
            return Err(CrosswalkError::Unknown { name: name.to_owned(), known });
        }
        Self::parse(&format!("data/{path}"), &shipped::text(&path), tree)
    }

    fn parse(file: &str, text: &str, tree: &CategoryTree) -> Result<Self, CrosswalkError> {
        let mut crosswalk = Self::default();
        for row in rows::<CrosswalkRow>(file, text)? {
            let word = |word: &str, what| CrosswalkError::Word {
                file: file.to_owned(),
                code: row.code.clone(),
                word: word.to_owned(),
                what,
            };
            let category = tree.position(&row.category).ok_or_else(|| word(&row.category, "category"))?;
            let firearm = match row.firearm.as_str() {
                "yes" => Firearm::Yes,
                "no" => Firearm::No,
                "unknown" | "" => Firearm::Unknown,
                other => return Err(word(other, "answer to firearm: yes, no, unknown")),
            };
            let class = Class {
                code: row.code.clone(),
                label: row.label.clone(),
                category: Some(category),
                flags: flags(file, &row.code, &row.flags)?,
                firearm,
            };
            crosswalk.add(&row.code, class);
        }
        Ok(crosswalk)
    }

    /// The same with the classes that a layout maps itself, which win.
    ///
    /// # Errors
    ///
    /// [`CrosswalkError::Word`] for a category that is not in the tree.
    pub fn with(
        mut self,
        file: &str,
        classes: &std::collections::BTreeMap<String, String>,
        tree: &CategoryTree,
    ) -> Result<Self, CrosswalkError> {
        for (code, category) in classes {
            let leaf = tree.position(category).filter(|&at| tree.is_leaf(at));
            let at = leaf.ok_or_else(|| CrosswalkError::Word {
                file: file.to_owned(),
                code: code.clone(),
                word: category.clone(),
                what: "category that classes can be mapped to (see data/categories.csv)",
            })?;
            let class = Class {
                code: code.clone(),
                label: code.trim_end_matches('*').to_owned(),
                category: Some(at),
                flags: Flags::NONE,
                firearm: Firearm::Unknown,
            };
            self.add(code, class);
        }
        Ok(self)
    }

    fn add(&mut self, code: &str, class: Class) {
        match code.strip_suffix('*') {
            Some(prefix) => {
                self.prefixes.push((folded(prefix), class));
                self.prefixes.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
            }
            None => drop(self.exact.insert(folded(code), class)),
        }
    }

    /// The codes that it names whole, in lower case and sorted.
    pub(super) fn codes(&self) -> Vec<String> {
        let mut codes: Vec<String> = self.exact.keys().map(|code| code.to_lowercase()).collect();
        codes.sort_unstable();
        codes
    }

    /// What a code is. A code in no table is a category's own name, or stays unmapped.
    #[must_use]
    pub fn class(&self, code: &str, tree: &CategoryTree) -> Class {
        let folded = folded(code);
        let prefix = || self.prefixes.iter().find(|(p, _)| folded.starts_with(p.as_str())).map(|(_, c)| c);
        if let Some(class) = self.exact.get(&folded).or_else(prefix) {
            return Class { code: code.to_owned(), ..class.clone() };
        }
        let named = tree.rows().iter().position(|row| plain(&row.name) == plain(code));
        let category = named.filter(|&at| tree.is_leaf(at));
        Class {
            code: code.to_owned(),
            label: code.to_owned(),
            category,
            flags: Flags::NONE,
            firearm: Firearm::Unknown,
        }
    }
}

/// A code as codes are compared: without regard to case, commas, more than one blank, or what lies beyond
/// the 60 characters that a layout keeps of it.
fn folded(code: &str) -> String {
    let words = code.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ").chars().take(60).collect::<String>().to_uppercase()
}

fn rows<T: serde::de::DeserializeOwned>(file: &str, text: &str) -> Result<Vec<T>, CrosswalkError> {
    csv::Reader::from_reader(text.as_bytes())
        .deserialize()
        .collect::<Result<_, _>>()
        .map_err(|source| CrosswalkError::Read { file: file.to_owned(), source })
}

fn flags(file: &str, code: &str, text: &str) -> Result<Flags, CrosswalkError> {
    Flags::parse(text).map_err(|word| CrosswalkError::Word {
        file: file.to_owned(),
        code: code.to_owned(),
        word,
        what: "flag",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_that_ships_can_be_used() {
        let tree = tree().expect("a tree");
        for path in shipped::under("crosswalks/") {
            let name = path.trim_start_matches("crosswalks/").trim_end_matches(".csv");
            Crosswalk::shipped(name, &tree).expect(name);
        }
    }

    #[test]
    fn the_longest_match_wins_and_an_unknown_code_is_sensitive() {
        let tree = tree().expect("a tree");
        let table = "code,category,flags,firearm,label\n04*,aggravated_assault,,unknown,Assault\n041*,aggravated_assault,,yes,Gun assault\n041999,robbery,,no,Odd\n";
        let crosswalk = Crosswalk::parse("t", table, &tree).expect("a table");
        let label = |code: &str| crosswalk.class(code, &tree).label;
        assert_eq!(
            (label("042000"), label("041000"), label("041999")),
            ("Assault".into(), "Gun assault".into(), "Odd".into())
        );
        assert_eq!(crosswalk.class("999999", &tree).category, None);
        assert_eq!(crosswalk.class("Robbery", &tree).category, tree.position("robbery"));
        for group in ["Person", "unknown"] {
            assert_eq!(crosswalk.class(group, &tree).category, None, "a group maps nothing");
        }
    }
}
