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
    /// The last short texts, since few codes make up most rows.
    last: [(Short, ClassId); LAST],
}

/// How many texts are remembered.
const LAST: usize = 256;

/// A text of at most 16 bytes: its first and last eight, which may be the same, and how many there are. Of one length two texts differ
/// where these do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Short {
    first: u64,
    last: u64,
    len: u8,
}

impl Short {
    /// `None` of a longer text and of none.
    #[inline]
    fn of(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let len = bytes.len() as u8;
        match bytes {
            [] => None,
            [one] => Some(Self { first: (*one).into(), last: 0, len }),
            [_, _] | [_, _, _] => {
                let (first, last) = (bytes.first_chunk()?, bytes.last_chunk()?);
                let two = |bytes: &[u8; 2]| u16::from_le_bytes(*bytes).into();
                Some(Self { first: two(first), last: two(last), len })
            }
            _ if bytes.len() < 8 => {
                let (first, last) = (bytes.first_chunk()?, bytes.last_chunk()?);
                let four = |bytes: &[u8; 4]| u32::from_le_bytes(*bytes).into();
                Some(Self { first: four(first), last: four(last), len })
            }
            _ if bytes.len() <= 16 => {
                let (first, last) = (bytes.first_chunk()?, bytes.last_chunk()?);
                Some(Self { first: u64::from_le_bytes(*first), last: u64::from_le_bytes(*last), len })
            }
            _ => None,
        }
    }

    /// Where it is remembered.
    #[inline]
    fn slot(self) -> usize {
        let mixed = (self.first ^ self.last.rotate_left(29)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed >> 56) as usize % LAST
    }
}

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
            last: [(Short::default(), ClassId(0)); LAST],
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
    #[inline]
    fn class_of_code(&mut self, text: &str) -> ClassId {
        let Some(short) = Short::of(text) else { return self.class_of_text(text) };
        let slot = short.slot();
        let (known, class) = self.last[slot];
        if known == short {
            return class;
        }
        let class = self.class_of_text(text);
        self.last[slot] = (short, class);
        class
    }

    #[inline(never)]
    fn class_of_text(&mut self, text: &str) -> ClassId {
        let number = self.texts.intern(text);
        self.numbered(number, text)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_texts_are_the_same_where_they_are() {
        // All of up to three letters of two, and longer ones that differ in one place.
        let mut texts: Vec<String> = vec!["a".into(), "b".into()];
        for _ in 0..2 {
            texts.extend(
                texts.clone().iter().flat_map(|text| ["a", "b"].map(|letter| format!("{text}{letter}"))),
            );
        }
        texts.sort();
        texts.dedup();
        for len in 4..=16 {
            texts.extend((0..=len).map(|at| (0..len).map(|n| if n == at { 'b' } else { 'a' }).collect()));
        }
        for (a, b) in texts.iter().flat_map(|a| texts.iter().map(move |b| (a, b))) {
            let (short, other) = (Short::of(a).expect("short"), Short::of(b).expect("short"));
            assert_eq!(short == other, a == b, "{a} {b}");
            assert!(short != Short::default() && short.slot() < LAST);
        }
        assert_eq!((Short::of(""), Short::of("aaaaaaaaaaaaaaaaa")), (None, None));
    }
}
