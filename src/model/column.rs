//! Columns in two parts: a base that many snapshots share, and the rows that came since.

use std::sync::Arc;

use super::texts::Texts;

/// Values by position: those of the base, then the fresh ones. A copy shares the base.
#[derive(Clone, Debug)]
pub(super) struct Column<T> {
    base: Arc<[T]>,
    fresh: Vec<T>,
}

impl<T> Default for Column<T> {
    fn default() -> Self {
        Self { base: Arc::default(), fresh: Vec::new() }
    }
}

impl<T: Copy> Column<T> {
    /// A column that shares nothing.
    pub(super) fn of(fresh: Vec<T>) -> Self {
        Self { base: Arc::default(), fresh }
    }

    /// The values that no other shares.
    pub(super) fn fresh(&self) -> &[T] {
        &self.fresh
    }

    /// Puts values of a column that is being made and shares none, from a position on: over others where there are some.
    pub(super) fn put(&mut self, first: usize, mut values: impl Iterator<Item = T>) {
        debug_assert!(self.base.is_empty(), "only what is being made is changed");
        self.fresh[first..].iter_mut().zip(&mut values).for_each(|(old, value)| *old = value);
        self.fresh.extend(values);
    }

    /// The value at a position.
    #[inline]
    pub(super) fn get(&self, at: usize) -> T {
        match self.base.get(at) {
            Some(value) => *value,
            None => self.fresh[at - self.base.len()],
        }
    }

    /// How many there are.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.base.len() + self.fresh.len()
    }

    pub(super) fn reserve(&mut self, n: usize) {
        self.fresh.reserve_exact(n);
    }

    pub(super) fn extend(&mut self, values: impl Iterator<Item = T>) {
        self.fresh.extend(values);
    }

    pub(super) fn push(&mut self, value: T) {
        self.fresh.push(value);
    }

    /// Changes all values of a column that is being made and shares none.
    pub(super) fn for_each_mut(&mut self, change: impl FnMut(&mut T)) {
        debug_assert!(self.base.is_empty(), "only what is being made is changed");
        self.fresh.iter_mut().for_each(change);
    }

    /// Those at some positions, in their order, as the base of a new column.
    pub(super) fn gather(&self, order: &[u32]) -> Self {
        Self { base: order.iter().map(|&at| self.get(at as usize)).collect(), fresh: Vec::new() }
    }

    /// Makes all values the base.
    pub(super) fn share(&mut self) {
        if self.base.is_empty() {
            self.base = std::mem::take(&mut self.fresh).into();
        } else if !self.fresh.is_empty() {
            self.base = self.base.iter().chain(&self.fresh).copied().collect();
            self.fresh = Vec::new();
        }
    }

    /// Bytes that the values take, shared ones too.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&self.base[..]) + size_of_val(&self.fresh[..])
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

    /// Those at some positions, in their order, as the base of a new column.
    pub(super) fn gather(&self, order: &[u32]) -> Self {
        let mut base = Texts::default();
        order.iter().for_each(|&at| base.push(self.get(at as usize)));
        base.shrink();
        Arc::new(base).into()
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
        let picked = column.gather(&[3, 0]);
        assert_eq!((picked.get(0), picked.get(1), picked.len()), (4, 1, 2));
        column.share();
        assert_eq!((0..4).map(|at| column.get(at)).collect::<Vec<_>>(), [1, 2, 3, 4]);
    }

    #[test]
    fn texts_are_found_in_both_parts() {
        let mut texts = SharedTexts::default();
        ["a", "bb"].into_iter().for_each(|text| texts.push(text));
        texts.share();
        let copy = texts.clone();
        texts.push("c");
        assert_eq!((texts.get(1), texts.get(2), texts.len(), copy.len()), ("bb", "c", 3, 2));
        assert_eq!(texts.gather(&[2, 0]).get(0), "c");
        texts.share();
        assert_eq!((texts.get(0), texts.get(2)), ("a", "c"));
    }
}
