//! All classes but the first of the rows that have several: one after the other, as the rows lie.

use std::sync::Arc;

use hashbrown::HashMap;

use super::class::ClassId;
use super::room::emptied;

/// Those of the base, which are shared, and the others.
#[derive(Clone, Debug, Default)]
pub(super) struct More {
    base: Arc<Several>,
    fresh: HashMap<u32, Box<[ClassId]>>,
}

/// Found by the row's bit: whoever walks over rows walks over these.
#[derive(Clone, Debug, Default)]
struct Several {
    /// A bit for each row that has several.
    has: Vec<u64>,
    /// Of every 64 rows, how many before them have.
    before: Vec<u32>,
    /// Of each that has, where its classes end.
    ends: Vec<u32>,
    classes: Vec<ClassId>,
}

impl Several {
    /// Without any, and with room for so many rows of which so many have so many classes together.
    fn emptied(self, rows: usize, n: usize, classes: usize) -> Self {
        let words = rows.div_ceil(64);
        Self {
            has: emptied(self.has, words),
            before: emptied(self.before, words),
            ends: emptied(self.ends, n),
            classes: emptied(self.classes, classes),
        }
    }

    /// Adds those of a row behind all that are here.
    fn push(&mut self, row: usize, classes: &[ClassId]) {
        let number = |at: usize| u32::try_from(at).expect("fewer than 2³² classes of incidents");
        while self.has.len() <= row / 64 {
            self.before.push(number(self.ends.len()));
            self.has.push(0);
        }
        self.has[row / 64] |= 1 << (row % 64);
        self.classes.extend_from_slice(classes);
        self.ends.push(number(self.classes.len()));
    }

    #[inline]
    fn of(&self, row: usize) -> Option<&[ClassId]> {
        let (word, bit) = (*self.has.get(row / 64)?, row % 64);
        if word >> bit & 1 == 0 {
            return None;
        }
        let nth = self.before[row / 64] as usize + (word & ((1 << bit) - 1)).count_ones() as usize;
        let from = if nth == 0 { 0 } else { self.ends[nth - 1] as usize };
        Some(&self.classes[from..self.ends[nth] as usize])
    }
}

impl More {
    /// Those of a row.
    pub(super) fn of(&self, row: usize) -> &[ClassId] {
        let fresh = || self.fresh.get(&u32::try_from(row).ok()?).map(|others| &others[..]);
        self.base.of(row).or_else(fresh).unwrap_or(&[])
    }

    /// Adds those of a row behind the base.
    pub(super) fn insert(&mut self, row: usize, others: &[ClassId]) {
        self.fresh.insert(u32::try_from(row).expect("fewer than 2³² incidents"), others.into());
    }

    /// Makes all the base.
    pub(super) fn share(&mut self) {
        if self.fresh.is_empty() {
            return;
        }
        let mut fresh: Vec<_> = std::mem::take(&mut self.fresh).into_iter().collect();
        fresh.sort_unstable_by_key(|(row, _)| *row);
        let base = Arc::make_mut(&mut self.base);
        fresh.iter().for_each(|(row, others)| base.push(*row as usize, others));
    }

    /// Those of some rows, of each its new row, ascending, and that before, as a base; of so many rows, in the room of a spare one
    /// that nobody has.
    pub(super) fn gather(
        &self,
        rows: usize,
        several: impl Iterator<Item = (usize, usize)>,
        spare: Self,
    ) -> Self {
        let further: usize = self.fresh.values().map(|others| others.len()).sum();
        let (n, classes) = (self.base.ends.len() + self.fresh.len(), self.base.classes.len() + further);
        let mut base = Arc::into_inner(spare.base).unwrap_or_default().emptied(rows, n, classes);
        several.for_each(|(row, before)| base.push(row, self.of(before)));
        Self { base: Arc::new(base), ..Self::default() }
    }

    /// Its room alone.
    pub(super) fn room(self) -> Self {
        Self { base: self.base, ..Self::default() }
    }

    pub(super) fn bytes(&self) -> usize {
        let Several { has, before, ends, classes } = &*self.base;
        let fresh = self.fresh.values().map(|others| 24 + size_of_val(&others[..])).sum::<usize>();
        size_of_val(&has[..])
            + size_of_val(&before[..])
            + size_of_val(&ends[..])
            + size_of_val(&classes[..])
            + fresh
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(row: usize) -> Vec<ClassId> {
        let n = u16::try_from([0, 1, 0, 3, 2][row * row % 5]).expect("few");
        (0..n).map(|class| ClassId(class + u16::try_from(row % 90).expect("small"))).collect()
    }

    fn of(rows: std::ops::Range<usize>) -> More {
        let mut more = More::default();
        rows.filter(|&row| !classes(row).is_empty()).for_each(|row| more.insert(row, &classes(row)));
        more
    }

    #[test]
    fn a_row_has_its_own_classes_before_and_after_they_are_shared() {
        let mut more = of(3..300);
        let copy = more.clone();
        more.share();
        (300..400).filter(|&row| !classes(row).is_empty()).for_each(|row| more.insert(row, &classes(row)));
        let all = more.clone();
        more.share();
        for row in 3..300 {
            assert!([&copy, &all, &more].iter().all(|more| more.of(row) == classes(row)), "{row}");
        }
        assert!((300..400).all(|row| all.of(row) == classes(row) && more.of(row) == classes(row)));
        assert!([0, 1, 2, 400, 64_000].iter().all(|&row| more.of(row).is_empty()));
    }

    #[test]
    fn they_follow_their_rows_into_the_room_of_others() {
        let mut all = of(0..2_000);
        all.share();
        (2_000..2_100).for_each(|row| all.insert(row, &[ClassId(7)]));
        let order: Vec<usize> = (0..2_100).rev().filter(|row| row % 3 != 1).collect();
        let several = || order.iter().copied().enumerate().filter(|(_, before)| !all.of(*before).is_empty());
        for held in [false, true] {
            let mut spare = of(5..2_500);
            spare.share();
            let kept = held.then(|| spare.clone());
            let there = spare.base.classes.as_ptr();
            let gathered = all.gather(order.len(), several(), spare.room());
            assert!(order.iter().enumerate().all(|(row, &before)| gathered.of(row) == all.of(before)));
            assert!((order.len()..2_600).all(|row| gathered.of(row).is_empty()));
            assert_eq!(gathered.base.classes.as_ptr() == there, !held);
            assert!(kept.is_none_or(|kept| (5..2_500).all(|row| kept.of(row) == classes(row))));
        }
    }
}
