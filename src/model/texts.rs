//! Many short strings in few allocations: one after the other, or each different one once.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::room::{emptied, fits, too_large, with_more};

/// Strings one after the other: 4 bytes each beside their text.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    all: String,
    ends: Vec<u32>,
}

impl Texts {
    /// Adds a string.
    ///
    /// # Panics
    ///
    /// If all strings together exceed 4 GiB.
    pub fn push(&mut self, text: &str) {
        self.all.push_str(text);
        self.ends.push(u32::try_from(self.all.len()).expect("below 4 GiB of text in one column"));
    }

    /// Adds the strings of another one at the end.
    ///
    /// # Panics
    ///
    /// As [`Texts::push`].
    pub(crate) fn append(&mut self, other: &Self) {
        let before = self.all.len();
        self.all.push_str(&other.all);
        let end =
            |&end: &u32| u32::try_from(before + end as usize).expect("below 4 GiB of text in one column");
        self.ends.extend(other.ends.iter().map(end));
    }

    /// Without a string, and with room for so many of so many bytes together: its own, if it fits.
    pub(crate) fn emptied(self, n: usize, bytes: usize) -> Self {
        let Self { mut all, ends } = self;
        all.clear();
        if !fits(all.capacity(), bytes) {
            // Let go first, so that there are never two.
            drop(all);
            all = String::with_capacity(with_more(bytes));
        }
        Self { all, ends: emptied(ends, n) }
    }

    /// Gives back room for text where it is far too much.
    pub(crate) fn fit(&mut self) {
        if too_large(self.all.capacity(), self.all.len()) {
            self.all.shrink_to(with_more(self.all.len()));
        }
    }

    /// Bytes of all strings.
    pub(crate) fn text_len(&self) -> usize {
        self.all.len()
    }

    /// Makes room for so many further strings, not for their text.
    pub(crate) fn expect(&mut self, further: usize) {
        // What cannot be had now is asked for again when it is needed.
        let _ = self.ends.try_reserve_exact(further);
    }

    /// The string at a position.
    #[must_use]
    #[inline]
    pub fn get(&self, at: usize) -> &str {
        let from = if at == 0 { 0 } else { self.ends[at - 1] as usize };
        &self.all[from..self.ends[at] as usize]
    }

    /// The strings at some positions: where they lie is fetched first for all.
    #[must_use]
    pub fn get_all(&self, at: &[usize]) -> Vec<&str> {
        let from = |at: usize| if at == 0 { 0 } else { self.ends[at - 1] as usize };
        let ranges: Vec<_> = at.iter().map(|&at| from(at)..self.ends[at] as usize).collect();
        ranges.into_iter().map(|range| &self.all[range]).collect()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Lets those go that are not to be kept; the others move up, in the room that is there.
    pub(crate) fn keep(&mut self, keep: impl Fn(usize) -> bool) {
        let mut bytes = std::mem::take(&mut self.all).into_bytes();
        let (mut from, mut to, mut kept) = (0, 0, 0);
        for at in 0..self.ends.len() {
            let end = self.ends[at] as usize;
            if keep(at) {
                bytes.copy_within(from..end, to);
                to += end - from;
                self.ends[kept] = u32::try_from(to).expect("no more text than before");
                kept += 1;
            }
            from = end;
        }
        bytes.truncate(to);
        self.ends.truncate(kept);
        self.all = String::from_utf8(bytes).expect("whole strings one after the other");
    }

    /// Bytes that they take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.all.capacity() + self.ends.capacity() * size_of::<u32>()
    }

    /// Gives back room that is not used.
    pub fn shrink(&mut self) {
        self.all.shrink_to_fit();
        self.ends.shrink_to_fit();
    }
}

/// Different strings, each once, known by a number.
#[derive(Clone, Debug, Default)]
pub struct Interned {
    texts: Texts,
    known: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Interned {
    /// The number of a string; a new one if it is new.
    pub fn intern(&mut self, text: &str) -> u32 {
        let hash = self.hasher.hash_one(text);
        if let Some(&at) = self.known.find(hash, |&at| self.texts.get(at as usize) == text) {
            return at;
        }
        let at =
            u32::try_from(self.texts.len()).expect("fewer strings than bytes, and those are below 4 GiB");
        self.texts.push(text);
        let (texts, hasher) = (&self.texts, &self.hasher);
        self.known.insert_unique(hash, at, |&at| hasher.hash_one(texts.get(at as usize)));
        at
    }

    /// The number of a string, if it is known.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<u32> {
        self.known.find(self.hasher.hash_one(text), |&at| self.texts.get(at as usize) == text).copied()
    }

    /// The strings, by number.
    #[must_use]
    pub fn texts(&self) -> &Texts {
        &self.texts
    }

    /// The string of a number.
    #[must_use]
    pub fn get(&self, at: u32) -> &str {
        self.texts.get(at as usize)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// The strings alone, by number.
    #[must_use]
    pub fn into_texts(self) -> Texts {
        self.texts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_kept_goes_and_the_others_move_up() {
        for pattern in 0_u32..32 {
            let mut texts = Texts::default();
            let all = ["a", "", "éé", "bcd", "z"];
            all.iter().for_each(|text| texts.push(text));
            let keep = |at: usize| pattern >> at & 1 != 0;
            texts.keep(keep);
            texts.push("new");
            let expected: Vec<&str> =
                (0..5).filter(|&at| keep(at)).map(|at| all[at]).chain(["new"]).collect();
            assert_eq!((0..texts.len()).map(|at| texts.get(at)).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn strings_that_lie_far_apart_come_as_each_by_itself() {
        let mut texts = Texts::default();
        ["a", "", "éé", "bcd"].iter().for_each(|text| texts.push(text));
        assert_eq!(texts.get_all(&[3, 0, 1, 2, 3]), ["bcd", "a", "", "éé", "bcd"]);
        assert!(texts.get_all(&[]).is_empty());
    }

    #[test]
    fn a_string_is_kept_once_and_comes_back() {
        let mut interned = Interned::default();
        let numbers: Vec<u32> = ["a", "", "ab", "a", "é"].iter().map(|text| interned.intern(text)).collect();
        assert_eq!(numbers, [0, 1, 2, 0, 3]);
        assert_eq!((interned.get(1), interned.get(3), interned.len()), ("", "é", 4));
    }
}
