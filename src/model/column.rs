//! Columns in two parts: a base that many snapshots share, and the rows that came since.

use std::sync::Arc;

use super::room::{fits, with_more};
use super::texts::Texts;

/// Values by position: those of the base, then the fresh ones. A copy shares the base.
#[derive(Clone, Debug)]
pub(crate) struct Column<T> {
    /// Behind the values there may be room, where anything may stand.
    base: Arc<[T]>,
    /// How many of the base are values.
    shared: usize,
    fresh: Vec<T>,
}

impl<T> Default for Column<T> {
    fn default() -> Self {
        Self { base: Arc::default(), shared: 0, fresh: Vec::new() }
    }
}

impl<T: Copy> Column<T> {
    /// A column that shares nothing.
    pub(crate) fn of(fresh: Vec<T>) -> Self {
        Self { fresh, ..Self::default() }
    }

    /// The values that no other shares.
    pub(super) fn fresh(&self) -> &[T] {
        &self.fresh
    }

    /// Puts values of a column that is being made and shares none, from a position on: over others where there are some.
    pub(super) fn put(&mut self, first: usize, mut values: impl Iterator<Item = T>) {
        debug_assert!(self.shared == 0, "only what is being made is changed");
        self.fresh[first..].iter_mut().zip(&mut values).for_each(|(old, value)| *old = value);
        self.fresh.extend(values);
    }

    /// The value at a position.
    #[inline]
    pub(crate) fn get(&self, at: usize) -> T {
        // In this order: where the columns are long, the first holds and the second is foreseen.
        match self.base.get(at) {
            Some(value) if at < self.shared => *value,
            _ => self.late(at),
        }
    }

    /// One of those behind the base, of which there are few: apart, so that reading the others takes fewer registers.
    #[cold]
    #[inline(never)]
    fn late(&self, at: usize) -> T {
        self.fresh[at - self.shared]
    }

    /// How many there are.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.shared + self.fresh.len()
    }

    pub(super) fn reserve(&mut self, n: usize) {
        self.fresh.reserve_exact(n);
    }

    pub(super) fn extend(&mut self, values: impl Iterator<Item = T>) {
        self.fresh.extend(values);
    }

    pub(crate) fn push(&mut self, value: T) {
        self.fresh.push(value);
    }

    /// Changes all values; a copy that shares them keeps what they were.
    pub(crate) fn for_each_mut(&mut self, change: impl FnMut(&mut T)) {
        let base = if self.shared == 0 { &mut [] } else { &mut Arc::make_mut(&mut self.base)[..self.shared] };
        base.iter_mut().chain(&mut self.fresh).for_each(change);
    }

    /// Those at some positions, in their order, as the base of a new column: in the room of a spare one, where nobody has that
    /// and it fits.
    pub(crate) fn gather(&self, order: &[u32], spare: Self) -> Self {
        let (n, mut base) = (order.len(), spare.base);
        let values = order.iter().map(|&at| self.get(at as usize));
        match Arc::get_mut(&mut base).filter(|room| fits(room.len(), n)) {
            Some(room) => room.iter_mut().zip(values).for_each(|(to, value)| *to = value),
            None => {
                // Let go first, so that there are never three.
                base = Arc::default();
                if let Some(&last) = order.last() {
                    let more = std::iter::repeat_n(self.get(last as usize), with_more(n) - n);
                    base = values.chain(more).collect();
                }
            }
        }
        Self { base, shared: n, fresh: Vec::new() }
    }

    /// Its room alone, without a value.
    pub(crate) fn room(self) -> Self {
        Self { base: self.base, ..Self::default() }
    }

    /// For how many values there is room in the base.
    pub(super) fn room_len(&self) -> usize {
        self.base.len()
    }

    /// Makes all values the base.
    pub(crate) fn share(&mut self) {
        if self.fresh.is_empty() {
            return;
        }
        self.base = match self.shared {
            0 => std::mem::take(&mut self.fresh).into(),
            shared => self.base[..shared].iter().chain(&self.fresh).copied().collect(),
        };
        self.shared = self.base.len();
        self.fresh = Vec::new();
    }

    /// Bytes that the values take, shared ones and room for more too.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&self.base[..]) + size_of_val(&self.fresh[..])
    }

    /// What tells whether anybody has the base still.
    #[cfg(test)]
    pub(crate) fn trace(&self) -> std::sync::Weak<[T]> {
        Arc::downgrade(&self.base)
    }

    /// Where the base lies.
    #[cfg(test)]
    pub(crate) fn room_at(&self) -> usize {
        self.base.as_ptr().addr()
    }
}

/// Strings by position, likewise.
#[derive(Clone, Debug, Default)]
pub struct SharedTexts {
    base: Arc<Texts>,
    fresh: Texts,
}

impl From<Arc<Texts>> for SharedTexts {
    fn from(base: Arc<Texts>) -> Self {
        Self { base, fresh: Texts::default() }
    }
}

impl SharedTexts {
    /// The string at a position.
    #[must_use]
    #[inline]
    pub fn get(&self, at: usize) -> &str {
        if at < self.base.len() { self.base.get(at) } else { self.fresh.get(at - self.base.len()) }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.base.len() + self.fresh.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes that they take, shared ones too.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.base.bytes() + self.fresh.bytes()
    }

    /// The part that is shared.
    #[must_use]
    pub fn base(&self) -> &Arc<Texts> {
        &self.base
    }

    /// Adds a string.
    pub(crate) fn push(&mut self, text: &str) {
        self.fresh.push(text);
    }

    /// Gives back room that is not used.
    pub(super) fn shrink(&mut self) {
        self.fresh.shrink();
    }

    /// Those at some positions, in their order, as the base of a new column: in the room of a spare one that nobody has.
    pub(super) fn gather(&self, order: &[u32], spare: Self) -> Self {
        let mut base = self.emptied(order.len(), spare);
        order.iter().for_each(|&at| base.push(self.get(at as usize)));
        // Room was made for the texts of those that are gone, too.
        base.fit();
        Arc::new(base).into()
    }

    /// All of them as the base of a new column, likewise.
    pub(super) fn gather_all(&self, spare: Self) -> Self {
        if self.fresh.is_empty() {
            return self.clone();
        }
        let mut base = self.emptied(self.len(), spare);
        base.append(&self.base);
        base.append(&self.fresh);
        Arc::new(base).into()
    }

    /// Room for so many of these strings.
    fn emptied(&self, n: usize, spare: Self) -> Texts {
        let room = Arc::into_inner(spare.base).unwrap_or_default();
        room.emptied(n, self.base.text_len() + self.fresh.text_len())
    }

    /// Its room alone; the strings in it are to be written over.
    pub(super) fn room(self) -> Self {
        self.base.into()
    }

    /// Makes all strings the base.
    pub(super) fn share(&mut self) {
        if self.base.is_empty() {
            self.base = Arc::new(std::mem::take(&mut self.fresh));
        } else if !self.fresh.is_empty() {
            let fresh = std::mem::take(&mut self.fresh);
            let base = Arc::make_mut(&mut self.base);
            (0..fresh.len()).for_each(|at| base.push(fresh.get(at)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_shares_the_base_and_sees_nothing_that_came_after_it() {
        let mut column = Column::default();
        column.extend([1_u16, 2, 3].into_iter());
        column.share();
        let copy = column.clone();
        column.push(4);
        assert_eq!((copy.len(), column.len()), (3, 4));
        assert!(Arc::ptr_eq(&copy.base, &column.base));
        assert_eq!((0..4).map(|at| column.get(at)).collect::<Vec<_>>(), [1, 2, 3, 4]);
        let picked = column.gather(&[3, 0], Column::default());
        assert_eq!((picked.get(0), picked.get(1), picked.len()), (4, 1, 2));
        column.share();
        assert_eq!((0..4).map(|at| column.get(at)).collect::<Vec<_>>(), [1, 2, 3, 4]);
    }

    #[test]
    fn columns_are_gathered_in_the_room_of_others_that_nobody_has() {
        let column = |values: std::ops::Range<u32>| {
            let mut column = Column::of(values.clone().collect());
            column.share();
            column
        };
        let values = |column: &Column<u32>| (0..column.len()).map(|at| column.get(at)).collect::<Vec<_>>();
        let mut all = column(0..3_000);
        (0..20).for_each(|late| all.push(9_000 + late));
        let order: Vec<u32> = (0..3_020).rev().filter(|at| at % 3 != 0).collect();
        let wanted: Vec<u32> = order.iter().map(|&at| all.get(at as usize)).collect();
        // Room for 2,013 values: too little, just enough, more, too much.
        for (room, fits) in [(2_012, false), (2_013, true), (3_500, true), (3_541, false)] {
            for held in [false, true] {
                let spare = column(50_000..50_000 + room);
                let (there, kept) = (spare.room_at(), held.then(|| spare.clone()));
                // Nothing is written over while anything points there.
                let trace = (held || !fits).then(|| spare.trace());
                let mut gathered = all.gather(&order, spare.room());
                assert_eq!(values(&gathered), wanted, "{room}");
                assert_eq!(gathered.room_len(), if fits && !held { room as usize } else { with_more(2_013) });
                assert_eq!(gathered.room_at() == there, fits && !held, "{room} {held}");
                assert!(trace.is_none_or(|trace| trace.strong_count() == usize::from(held)), "it goes");
                if let Some(kept) = &kept {
                    assert_eq!(values(kept), (50_000..50_000 + room).collect::<Vec<_>>());
                }
                // Behind the values there is nothing but what comes.
                gathered.push(7);
                assert_eq!((gathered.len(), gathered.get(2_013)), (2_014, 7));
                let copy = gathered.clone();
                gathered.for_each_mut(|value| *value += 1);
                assert_eq!((gathered.get(0), gathered.get(2_013)), (wanted[0] + 1, 8));
                assert_eq!((copy.get(0), copy.get(2_013)), (wanted[0], 7));
                gathered.share();
                assert_eq!(
                    (gathered.len(), gathered.get(2_012), gathered.get(2_013)),
                    (2_014, wanted[2_012] + 1, 8)
                );
                gathered.share();
                assert_eq!(gathered.len(), 2_014, "nothing came");
            }
        }
        assert_eq!(all.gather(&[], column(0..20)).len(), 0);
        let beyond = std::panic::catch_unwind(|| all.gather(&order, column(0..3_000).room()).get(2_013));
        assert!(beyond.is_err(), "what was there before is not read");
    }

    #[test]
    fn texts_are_gathered_in_the_room_of_others_that_nobody_has() {
        let texts = |from: usize| {
            let mut texts = SharedTexts::default();
            (from..from + 2_000).for_each(|at| texts.push(&at.to_string()));
            texts.shrink();
            texts.share();
            texts
        };
        let mut all = texts(1_000);
        all.push("late");
        for held in [false, true] {
            let (spare, of_all) = (texts(70_000), texts(80_000));
            let kept = held.then(|| (spare.clone(), of_all.clone()));
            let room = spare.room();
            let bytes = room.bytes();
            let gathered = all.gather(&[2_000, 0, 1_999], room);
            assert_eq!((0..3).map(|at| gathered.get(at)).collect::<Vec<_>>(), ["late", "1000", "2999"]);
            // Three in the room of 2,000 is no great waste, and none of texts that are kept.
            assert!(gathered.bytes() < bytes && gathered.len() == 3);
            let whole = all.gather_all(of_all.room());
            assert!((0..=2_000).all(|at| whole.get(at) == all.get(at)) && whole.len() == 2_001);
            if let Some((spare, of_all)) = kept {
                assert!((0..2_000).all(|at| spare.get(at) == (70_000 + at).to_string()));
                assert_eq!((of_all.get(0), of_all.len()), ("80000", 2_000));
            }
        }
        // In the room itself where that fits, and with no room for the texts of those that are gone.
        let order: Vec<u32> = (0..1_999).collect();
        let spare = texts(70_000);
        let there = spare.get(0).as_ptr();
        let gathered = all.gather(&order, spare.room());
        assert_eq!((gathered.get(0).as_ptr(), gathered.get(1_998)), (there, "2998"));
        let few = all.gather(&order[..100], SharedTexts::default());
        assert!(few.bytes() < 2_500, "{}", few.bytes());
        let same = texts(5);
        assert!(Arc::ptr_eq(same.gather_all(texts(6)).base(), same.base()), "nothing came");
    }

    #[test]
    fn texts_are_found_in_both_parts() {
        let mut texts = SharedTexts::default();
        ["a", "bb"].into_iter().for_each(|text| texts.push(text));
        texts.share();
        let copy = texts.clone();
        texts.push("c");
        assert_eq!((texts.get(1), texts.get(2), texts.len(), copy.len()), ("bb", "c", 3, 2));
        assert_eq!(texts.gather(&[2, 0], SharedTexts::default()).get(0), "c");
        texts.share();
        assert_eq!((texts.get(0), texts.get(2)), ("a", "c"));
    }
}
