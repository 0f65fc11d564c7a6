//! Incidents that came or went after the others were sorted: their order among these, and what is there no more.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::incident::{Incidents, NO_ADDRESS, z_order};
use super::room::emptied;

/// Which rows stand, and in which order.
#[derive(Clone, Debug, Default)]
pub(super) struct Arrived {
    /// Rows before this one lie in their order.
    sorted: usize,
    /// The others that stand, in their order: each with the first sorted row that comes after it.
    order: Vec<(u32, u32)>,
    /// A bit for each row that is there no more; empty where none is.
    gone: Vec<u64>,
    n_gone: usize,
    numbers: Arc<Numbered>,
}

/// Numbers of the sorted rows, once someone asked for them, and room for them.
#[derive(Debug, Default)]
struct Numbered {
    made: OnceLock<Numbers>,
    room: Mutex<Vec<u64>>,
}

/// Numbers that follow from the ids of rows and the names of their sources.
#[derive(Debug)]
struct Numbers {
    sources: Box<[String]>,
    all: Vec<u64>,
}

impl Arrived {
    /// So many rows in their order, and no other.
    pub(super) fn after(sorted: usize) -> Self {
        Self { sorted, ..Self::default() }
    }

    /// The same with the room that a spare one has for numbers, if nobody has that any more.
    pub(super) fn over(sorted: usize, spare: Self) -> Self {
        let Some(Numbered { made, room }) = Arc::into_inner(spare.numbers) else {
            return Self::after(sorted);
        };
        let room = room.into_inner().unwrap_or_else(PoisonError::into_inner);
        let room = made.into_inner().map_or(room, |numbers| numbers.all);
        // Those who never ask are not given any.
        let room = if room.capacity() == 0 { room } else { emptied(room, sorted) };
        Self {
            numbers: Arc::new(Numbered { room: room.into(), ..Numbered::default() }),
            ..Self::after(sorted)
        }
    }

    /// The room for numbers alone.
    pub(super) fn room(self) -> Self {
        Self { numbers: self.numbers, ..Self::default() }
    }

    pub(super) fn bytes(&self) -> usize {
        let numbers = self.numbers.made.get().map_or(0, |numbers| size_of_val(&numbers.all[..]));
        size_of_val(&self.order[..]) + size_of_val(&self.gone[..]) + numbers
    }
}

/// Where a row behind the sorted ones comes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Late {
    /// How many of its like that have a place already come before it.
    pub(crate) nth: usize,
    /// The first sorted row that comes after it.
    pub(crate) before: usize,
    /// Itself.
    pub(crate) row: usize,
}

/// Where an incident comes among all: before the sorted row, among those that came later.
type Rank = (u32, u32);

impl Incidents {
    /// How many incidents there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.len() - self.arrived.n_gone
    }

    /// Whether a row is no incident any more.
    #[must_use]
    #[inline]
    pub fn gone(&self, at: usize) -> bool {
        self.arrived.gone.get(at >> 6).is_some_and(|word| word >> (at & 63) & 1 != 0)
    }

    /// Positions of all incidents, in the order of their places, those at one place as they came.
    ///
    /// What depends on the order of incidents goes through here, so that it is the same whatever came when.
    pub fn standing(&self) -> impl Iterator<Item = usize> + '_ {
        let Arrived { sorted, order, .. } = &self.arrived;
        let mut from = 0;
        let late = order.iter().map(|&(before, row)| (before as usize, Some(row as usize)));
        late.chain([(*sorted, None)])
            .flat_map(move |(before, row)| {
                let run = from..before;
                from = before;
                run.chain(row)
            })
            .filter(|&at| !self.gone(at))
    }

    /// Puts positions into the order of [`Incidents::standing`].
    pub fn sort(&self, found: &mut [usize]) {
        if self.arrived.order.is_empty() {
            if !found.is_sorted() {
                found.sort_unstable();
            }
        } else {
            let rank = self.ranks();
            found.sort_unstable_by_key(|&at| rank(at));
        }
    }

    /// Where each incident comes in the order of [`Incidents::standing`].
    pub fn ranks(&self) -> impl Fn(usize) -> (u32, u32) + use<> {
        let Arrived { sorted, order, .. } = &self.arrived;
        let sorted = *sorted;
        let mut ranks: Vec<Rank> = vec![(u32::MAX, u32::MAX); self.len() - sorted];
        for (nth, &(before, row)) in (0..).zip(order) {
            ranks[row as usize - sorted] = (before, nth);
        }
        move |at| match at.checked_sub(sorted) {
            Some(late) => ranks[late],
            None => (u32::try_from(at).expect("fewer than 2³² incidents"), u32::MAX),
        }
    }

    /// Numbers of the sorted rows by `make`, which is the same function for all who ask and follows from the id of a row and
    /// the name of its source; made once, for copies too. `None` where a copy names its sources otherwise.
    pub(crate) fn numbers<'a>(
        &self,
        sources: impl Iterator<Item = &'a str> + Clone,
        make: impl FnMut(usize) -> u64,
    ) -> Option<&[u64]> {
        let Arrived { sorted, numbers, .. } = &self.arrived;
        let made = numbers.made.get_or_init(|| {
            let room = &mut *numbers.room.lock().unwrap_or_else(PoisonError::into_inner);
            let mut all = emptied(std::mem::take(room), *sorted);
            all.extend((0..*sorted).map(make));
            Numbers { sources: sources.clone().map(str::to_owned).collect(), all }
        });
        // Of sources only more can come: rows know theirs by its place.
        let same = made.sources.len() <= sources.clone().count()
            && made.sources.iter().zip(sources).all(|(known, name)| known == name);
        same.then_some(&made.all)
    }

    /// How many rows came or went since the others were sorted.
    pub(crate) fn unsorted(&self) -> usize {
        self.len() - self.arrived.sorted + self.arrived.n_gone
    }

    /// How many rows lie in their order.
    pub(crate) fn sorted(&self) -> usize {
        self.arrived.sorted
    }

    /// The place of a row along the curve by which they are sorted; what has no place comes last.
    pub(crate) fn along(&self, at: usize) -> u64 {
        self.mercator(at).map_or(u64::MAX, z_order)
    }

    /// Adds the row of another table behind all others; `address` is the number of its address here.
    pub(crate) fn push(&mut self, other: &Self, at: usize, address: Option<u32>) -> usize {
        let row = self.len();
        if other.kind.get(at).several {
            self.more.insert(row, other.more.of(at));
        }
        self.source.push(other.source.get(at));
        self.ids.push(other.ids.get(at));
        self.from.push(other.from.get(at));
        self.seconds.push(other.seconds.get(at));
        self.class.push(other.class.get(at));
        self.reports.push(other.reports.get(at));
        self.kind.push(other.kind.get(at));
        self.mercator.push(other.mercator.get(at));
        self.local.push(other.local.get(at));
        self.address.push(address.unwrap_or(NO_ADDRESS));
        row
    }

    /// Whether a row says the same as that of another table.
    pub(crate) fn says(&self, at: usize, other: &Self, there: usize) -> bool {
        self.source(at) == other.source(there)
            && self.id(at) == other.id(there)
            && self.when(at) == other.when(there)
            && self.classes(at).eq(other.classes(there))
            && self.reports(at) == other.reports(there)
            && self.kind.get(at) == other.kind.get(there)
            && self.mercator(at) == other.mercator(there)
            && self.elsewhere(at) == other.elsewhere(there)
            && self.local(at) == other.local(there)
            && self.address(at) == other.address(there)
    }

    /// Adds the text of the next address.
    pub(crate) fn push_address(&mut self, text: &str) {
        self.addresses.push(text);
    }

    /// Says where rows behind the sorted ones come: of each how many of their like that have a place already come before it,
    /// and how many sorted ones. In their order among themselves. Time O(rows + those that have a place behind the first).
    pub(crate) fn place(&mut self, rows: &[Late]) {
        let number = |at: usize| u32::try_from(at).expect("fewer than 2³² incidents");
        let order = &mut self.arrived.order;
        let mut end = order.len();
        order.resize(end + rows.len(), (0, 0));
        for (left, late) in rows.iter().enumerate().rev() {
            order.copy_within(late.nth..end, late.nth + left + 1);
            order[late.nth + left] = (number(late.before), number(late.row));
            end = late.nth;
        }
    }

    /// The row behind the sorted ones at a place in their order.
    pub(crate) fn late_at(&self, nth: usize) -> usize {
        self.arrived.order[nth].1 as usize
    }

    /// How many of them there are.
    pub(crate) fn n_late(&self) -> usize {
        self.arrived.order.len()
    }

    /// Takes rows out; `late` are the places of some of them among those behind the sorted ones, ascending.
    /// Time O(rows + those behind the first).
    pub(crate) fn take_out(&mut self, rows: &[usize], late: &[usize]) {
        let order = &mut self.arrived.order;
        let ends = late.iter().skip(1).copied().chain([order.len()]);
        for (left, (&nth, end)) in late.iter().zip(ends).enumerate() {
            order.copy_within(nth + 1..end, nth - left);
        }
        order.truncate(order.len() - late.len());
        let words = self.len().div_ceil(64);
        let gone = &mut self.arrived.gone;
        for &at in rows {
            let word = at >> 6;
            if gone.len() <= word {
                gone.resize(words.max(word + 1), 0);
            }
            gone[word] |= 1 << (at & 63);
        }
        self.arrived.n_gone += rows.len();
    }

    /// Makes the rows the base that copies share.
    pub(crate) fn share(&mut self) {
        self.source.share();
        self.ids.share();
        self.from.share();
        self.seconds.share();
        self.class.share();
        self.reports.share();
        self.kind.share();
        self.mercator.share();
        self.local.share();
        self.address.share();
        self.addresses.share();
        self.more.share();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::class::ClassId;
    use crate::model::incident::{Incident, Located};
    use crate::model::period::{Interval, Precision};
    use crate::model::report::{Origin, Status};
    use crate::space::coord::{Local, Mercator};

    fn incidents(xs: &[i32]) -> Incidents {
        let row = |&x: &i32| Incident {
            source: 0,
            id: x.to_string(),
            when: Interval { from: 0, seconds: 60, precision: Precision::Minute },
            classes: vec![ClassId(0), ClassId(1)],
            reports: 1,
            located: Located::Yes,
            mercator: Mercator { x, y: 0 },
            local: Local { x: f64::from(x), y: 0.0 },
            address: Some(format!("{x} A ST").into()),
            intersection: false,
            origin: Origin::Unknown,
            status: Status::Confirmed,
        };
        Incidents::store(xs.iter().map(row).collect())
    }

    #[test]
    fn what_came_and_went_stands_in_the_order_of_places_and_is_merged_in_it() {
        let mut all = incidents(&[10, 20, 30, 40]);
        all.share();
        let copy = all.clone();
        let late = incidents(&[5, 25, 26]);
        // 26 came before the others, which came at once.
        let push = |all: &mut Incidents, at: usize| {
            let number = u32::try_from(all.addresses().len()).expect("few");
            all.push_address(late.address(at).expect("given"));
            all.push(&late, at, Some(number))
        };
        let row = push(&mut all, 2);
        all.place(&[Late { nth: 0, before: 2, row }]);
        let [five, twenty_five] = [0, 1].map(|at| push(&mut all, at));
        all.place(&[Late { nth: 0, before: 0, row: five }, Late { nth: 0, before: 2, row: twenty_five }]);
        all.take_out(&[1], &[]);
        let ids = |of: &Incidents| of.standing().map(|at| of.id(at).to_owned()).collect::<Vec<_>>();
        assert_eq!(ids(&all), ["5", "10", "25", "26", "30", "40"]);
        assert_eq!((all.len(), all.count(), all.unsorted()), (7, 6, 4));
        assert_eq!(ids(&copy), ["10", "20", "30", "40"]);
        let mut found: Vec<usize> = (0..7).filter(|&at| !all.gone(at)).rev().collect();
        all.sort(&mut found);
        assert!(found.iter().copied().eq(all.standing()));
        let order: Vec<u32> = all.standing().map(|at| u32::try_from(at).expect("few")).collect();
        let merged = all.gather_rows(&order, Incidents::default());
        assert_eq!(ids(&merged), ids(&all));
        assert!((0..6).all(|at| all.says(found[at], &merged, at)), "addresses and classes too");
        assert_eq!((merged.address(2), merged.classes(2).count()), (Some("25 A ST"), 2));
        let mut some = all.clone();
        some.take_out(&[some.late_at(1)], &[1]);
        assert_eq!(ids(&some), ["5", "10", "26", "30", "40"]);
        all.take_out(&[all.late_at(0), 3, all.late_at(2)], &[0, 2]);
        assert_eq!((ids(&all), all.n_late()), (["10", "25", "30"].map(str::to_owned).to_vec(), 1));
    }
}
