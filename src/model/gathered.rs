//! Rows of incidents put in another order, in the room that others leave.

use super::arrived::Arrived;
use super::incident::Incidents;

impl Incidents {
    /// The rows at some positions, in this order, as sorted ones and a base that copies share: each column in the room of a
    /// spare one where nobody has that any more and it fits, else in new room.
    pub(crate) fn gather_rows(&self, order: &[u32], spare: Self) -> Self {
        let rows = order.iter().map(|&at| at as usize).enumerate();
        let several = rows.filter(|&(_, before)| self.kind.get(before).several);
        Self {
            source: self.source.gather(order, spare.source),
            ids: self.ids.gather(order, spare.ids),
            from: self.from.gather(order, spare.from),
            seconds: self.seconds.gather(order, spare.seconds),
            class: self.class.gather(order, spare.class),
            more: self.more.gather(order.len(), several, spare.more),
            reports: self.reports.gather(order, spare.reports),
            kind: self.kind.gather(order, spare.kind),
            mercator: self.mercator.gather(order, spare.mercator),
            local: self.local.gather(order, spare.local),
            address: self.address.gather(order, spare.address),
            addresses: self.addresses.gather_all(spare.addresses),
            arrived: Arrived::over(order.len(), spare.arrived),
        }
    }

    /// Their room alone: what copies share, to be written over once no copy is left.
    pub(crate) fn room(self) -> Self {
        Self {
            source: self.source.room(),
            ids: self.ids.room(),
            from: self.from.room(),
            seconds: self.seconds.room(),
            class: self.class.room(),
            more: self.more.room(),
            reports: self.reports.room(),
            kind: self.kind.room(),
            mercator: self.mercator.room(),
            local: self.local.room(),
            address: self.address.room(),
            addresses: self.addresses.room(),
            arrived: self.arrived.room(),
        }
    }

    /// For how many rows there is room among those that copies share.
    pub(crate) fn room_len(&self) -> usize {
        self.class.room_len()
    }

    /// What tells whether anybody has them, or their room, still.
    #[cfg(test)]
    pub(crate) fn trace(&self) -> std::sync::Weak<[u32]> {
        self.address.trace()
    }

    /// Where they lie.
    #[cfg(test)]
    pub(crate) fn room_at(&self) -> usize {
        self.address.room_at()
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

    /// Rows of which every other has several classes, and every third no address.
    fn incidents(xs: std::ops::Range<i32>) -> Incidents {
        let row = |x: i32| Incident {
            source: u16::try_from(x % 3).expect("small"),
            id: format!("18-{x}"),
            when: Interval { from: i64::from(x), seconds: x.unsigned_abs(), precision: Precision::Minute },
            classes: (0..1 + u16::from(x % 2 == 0))
                .map(|class| ClassId(class + x.unsigned_abs() as u16))
                .collect(),
            reports: x.unsigned_abs(),
            located: if x % 7 == 0 { Located::Missing } else { Located::Yes },
            mercator: Mercator { x, y: 0 },
            local: Local { x: f64::from(x), y: -f64::from(x) },
            address: (x % 3 != 0).then(|| format!("{x} A ST").into()),
            intersection: false,
            origin: Origin::Unknown,
            status: Status::Confirmed,
        };
        let mut all = Incidents::store(xs.map(row).collect());
        all.share();
        all
    }

    /// Every column.
    #[test]
    fn rows_in_the_room_of_others_say_what_they_say_in_new_room() {
        let all = incidents(1..4_000);
        let order: Vec<u32> = (0..3_999).rev().filter(|at| at % 5 != 0).collect();
        let fresh = all.gather_rows(&order, Incidents::default());
        assert!(order.iter().zip(0..).all(|(&at, row)| fresh.says(row, &all, at as usize)));
        for held in [false, true] {
            let spare = incidents(5_000..8_500);
            let names = || ["a", "b", "c"].into_iter();
            spare.numbers(names(), |at| at as u64);
            let (kept, there) = (held.then(|| spare.clone()), spare.room_at());
            let room = spare.room();
            assert_eq!((room.len(), room.room_len()), (0, 3_500));
            let over = all.gather_rows(&order, room);
            assert_eq!((over.room_at() == there, over.room_len() == 3_500), (!held, !held));
            assert_eq!((over.len(), over.sorted(), over.count()), (fresh.len(), fresh.len(), fresh.len()));
            assert!((0..fresh.len()).all(|at| over.says(at, &fresh, at)));
            let numbers = over.numbers(names(), |at| 3 * at as u64).expect("the same sources");
            assert!(numbers.len() == fresh.len() && numbers.iter().zip(0..).all(|(&of, at)| of == 3 * at));
            if let Some(kept) = kept {
                let other = incidents(5_000..8_500);
                assert!((0..3_500).all(|at| kept.says(at, &other, at)));
                assert_eq!(kept.numbers(names(), |_| 0).map(|all| all[3_499]), Some(3_499));
            }
        }
    }

    #[test]
    fn few_rows_do_not_keep_the_room_of_many() {
        let all = incidents(1..9_000);
        let order: Vec<u32> = (0..1_000).collect();
        let bytes = |rows: &Incidents| rows.bytes() - rows.addresses().bytes();
        let (few, over) =
            (all.gather_rows(&order, Incidents::default()), all.gather_rows(&order, incidents(1..9_000)));
        assert!(bytes(&over) <= bytes(&few), "{} of {}", bytes(&over), bytes(&few));
    }
}
