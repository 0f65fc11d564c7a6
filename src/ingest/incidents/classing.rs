//! The classes of one file: each code is looked up once, with what other columns add to it.

use crate::ingest::layout::Layout;
use crate::model::category::{CategoryTree, Flags};
use crate::model::class::{Class, ClassId, Firearm};
use crate::model::texts::Interned;

/// Columns that change what a code means, with the flag that `yes` adds and the word for it.
const ROLES: [(&str, Flags, &str); 4] = [
    ("domestic", Flags::DOMESTIC, "domestic"),
    ("shooting", Flags::SHOOTING, "shooting"),
    ("child", Flags::CHILD, "child"),
    ("firearm", Flags::NONE, "firearm"),
];

/// Classes met so far, by the text of their column.
pub(super) struct Classing<'a> {
    layout: &'a Layout,
    tree: &'a CategoryTree,
    roles: Vec<usize>,
    /// Texts, each with a byte for every other column at its end.
    texts: Interned,
    of_text: Vec<ClassId>,
    codes: std::collections::HashMap<String, ClassId>,
    classes: Vec<Class>,
    key: String,
    /// The last texts by their length and last letter, since few codes make up most rows.
    last: [(String, ClassId); LAST],
}

/// How many texts are remembered.
const LAST: usize = 64;

impl<'a> Classing<'a> {
    /// None yet.
    pub(super) fn new(layout: &'a Layout, tree: &'a CategoryTree) -> Self {
        let c = &layout.columns;
        let there = [c.domestic.is_some(), c.shooting.is_some(), c.child.is_some(), c.firearm.is_some()];
        Self {
            layout,
            tree,
            roles: (0..ROLES.len()).filter(|&role| there[role]).collect(),
            texts: Interned::default(),
            of_text: Vec::new(),
            codes: std::collections::HashMap::new(),
            classes: Vec::new(),
            key: String::new(),
            last: std::array::from_fn(|_| (String::new(), ClassId(0))),
        }
    }

    /// The class of a code; `other` gives the text of another column by its role.
    pub(super) fn class<'t>(&mut self, text: &'t str, other: impl Fn(&str) -> &'t str) -> ClassId {
        if self.roles.is_empty() {
            return self.class_of_code(text);
        }
        let number = {
            self.key.clear();
            self.key.push_str(text);
            for &role in &self.roles {
                let meaning = self.layout.meaning(ROLES[role].0, other(ROLES[role].0));
                self.key.push(match meaning {
                    Some("yes") => '\u{1}',
                    Some(_) => '\u{2}',
                    None => '\u{3}',
                });
            }
            self.texts.intern(&self.key)
        };
        self.numbered(number, text)
    }

    /// The class of a text by its number; a new one is made.
    fn numbered(&mut self, number: u32, text: &str) -> ClassId {
        if let Some(&known) = self.of_text.get(number as usize) {
            return known;
        }
        let class = self.make(text);
        self.of_text.push(class);
        class
    }

    /// The class of a code where no other column changes it.
    fn class_of_code(&mut self, text: &str) -> ClassId {
        let letter = text.bytes().last().map_or(0, usize::from);
        let slot = (text.len() * 31 + letter) % LAST;
        let (known, class) = &self.last[slot];
        if known == text && !text.is_empty() {
            return *class;
        }
        let number = self.texts.intern(text);
        let class = self.numbered(number, text);
        let (known, of_known) = &mut self.last[slot];
        known.clear();
        known.push_str(text);
        *of_known = class;
        class
    }

    /// The class that hotblocks wrote as `031111=robbery+firearm`.
    pub(super) fn expression(&mut self, text: &str) -> ClassId {
        let Some((code, rest)) = text.trim().split_once('=') else {
            return self.class(text.trim(), |_| "");
        };
        if let Some(&known) = self.codes.get(code) {
            return known;
        }
        let mut words = rest.split('+');
        let category = words.next().and_then(|name| self.tree.position(name));
        let (mut flags, mut firearm) = (Flags::NONE, Firearm::Unknown);
        for word in words {
            match word {
                "firearm" => firearm = Firearm::Yes,
                "no_firearm" => firearm = Firearm::No,
                word => flags |= Flags::parse(word).unwrap_or(Flags::NONE),
            }
        }
        let category = category.filter(|&at| self.tree.is_leaf(at));
        self.enter(Class { code: code.to_owned(), label: code.to_owned(), category, flags, firearm })
    }

    /// The class of a text that is met for the first time, with what `key` says of the other columns.
    fn make(&mut self, text: &str) -> ClassId {
        let mut class = self.layout.crosswalk.class(&self.layout.code(text), self.tree);
        let answers = self.key.chars().rev().take(self.roles.len()).collect::<Vec<_>>();
        let mut added = Vec::new();
        for (&role, answer) in self.roles.iter().zip(answers.into_iter().rev()) {
            let (name, flag, word) = ROLES[role];
            match (name, answer) {
                ("firearm", '\u{1}') => class.firearm = Firearm::Yes,
                ("firearm", '\u{2}') => class.firearm = Firearm::No,
                (_, '\u{1}') => class.flags |= flag,
                _ => continue,
            }
            added.push(if answer == '\u{2}' { format!("no {word}") } else { word.to_owned() });
        }
        if class.flags.has(Flags::SHOOTING) {
            class.firearm = Firearm::Yes;
        }
        if !added.is_empty() && class.category.is_some() {
            let more = added.join("; ");
            class.code = format!("{} ({more})", class.code);
            class.label = format!("{} ({more})", class.label);
        }
        self.enter(class)
    }

    /// The number of a class; two writings of one code are one class.
    fn enter(&mut self, class: Class) -> ClassId {
        if let Some(&known) = self.codes.get(&class.code) {
            return known;
        }
        // Beyond 65,535 classes of one file the last number is shared; entering it in the ledger then refuses the file.
        let id = ClassId(u16::try_from(self.classes.len()).unwrap_or(u16::MAX));
        self.codes.insert(class.code.clone(), id);
        self.classes.push(class);
        id
    }

    /// A sentence on the classes that are in no category, of so many reports; `None` where there are none.
    pub(super) fn note(&self, file: &str, reports: usize) -> Option<String> {
        let mut unmapped: Vec<&str> =
            self.classes.iter().filter(|c| c.category.is_none()).map(|c| c.code.as_str()).collect();
        unmapped.sort_unstable();
        let n = unmapped.len();
        // Free text names persons: it is long, or nearly every row has its own.
        let free = n > 1 && 2 * n > reports;
        let short = unmapped.iter().filter(|c| c.chars().count() <= 40 && c.split(' ').count() <= 4);
        let shown = short.take(5).map(|c| format!("`{c}`")).collect::<Vec<_>>().join(", ");
        let more = match (free, shown.is_empty()) {
            (true, _) => {
                "; is its column the offense? They are not shown, since persons may be named".to_owned()
            }
            (false, true) => String::new(),
            (false, false) => format!(", e.g. {shown}"),
        };
        (n > 0).then(|| format!("{file}: {n} classes are in no category and are treated as sensitive{more}"))
    }

    /// The classes by number.
    pub(super) fn into_classes(self) -> Vec<Class> {
        self.classes
    }
}
