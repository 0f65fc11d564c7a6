//! Rows of incidents put in another order, in the room that others leave.

use std::sync::Arc;

use super::arrived::Arrived;
use super::incident::{Incidents, More};
use super::room::too_large;

impl Incidents {
    /// The rows at some positions, in this order, as sorted ones and a base that copies share: each column in the room of a
    /// spare one where nobody has that any more and it fits, else in new room.
    pub(crate) fn gather_rows(&self, order: &[u32], spare: Self) -> Self {
        Self {
            source: self.source.gather(order, spare.source),
            ids: self.ids.gather(order, spare.ids),
            from: self.from.gather(order, spare.from),
            seconds: self.seconds.gather(order, spare.seconds),
            class: self.class.gather(order, spare.class),
            more: self.more_of(order, spare.more),
            reports: self.reports.gather(order, spare.reports),
            kind: self.kind.gather(order, spare.kind),
            mercator: self.mercator.gather(order, spare.mercator),
            local: self.local.gather(order, spare.local),
            address: self.address.gather(order, spare.address),
            addresses: self.addresses.gather_all(spare.addresses),
            arrived: Arrived::over(order.len(), spare.arrived),
        }
    }

    fn more_of(&self, order: &[u32], spare: More) -> More {
        let several = (0_u32..).zip(order).filter(|(_, at)| self.kind.get(**at as usize).several);
        let mut more = Arc::into_inner(spare.base).unwrap_or_default();
        let room = more.capacity();
        more.clear();
        more.extend(several.map(|(row, &at)| (row, self.more.of(at as usize).into())));
        // A table has room for powers of two.
        if too_large(room / 4, more.len()) {
            more.shrink_to_fit();
        }
        More { base: Arc::new(more), ..More::default() }
    }

    /// Their room alone: what copies share, to be written over once no copy is left.
    pub(crate) fn room(self) -> Self {
        Self {
            source: self.source.room(),
            ids: self.ids.room(),
            from: self.from.room(),
            seconds: self.seconds.room(),
            class: self.class.room(),
            more: More { base: self.more.base, ..More::default() },
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
}
