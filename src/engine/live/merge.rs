//! Putting rows in order again beside the work that goes on: from a copy, with what came and went since added at the end.
//!
//! What is replaced is kept, and the next merge writes over it: there are always two of each column, and memory neither rises
//! nor falls. Only what a snapshot has still, or what is too small (more than a sixteenth came in two merges) or far too large, is
//! made anew.

use std::thread::{Builder, JoinHandle};

use super::rows::{Columns, Rows};
use crate::index::incidents::IncidentIndex;
use crate::model::block::Assignment;
use crate::model::column::Column;
use crate::model::incident::Incidents;
use crate::model::room::{emptied, too_large};

/// When rows are put in order again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merges {
    /// After how many rows that came or went.
    pub rows: usize,
    /// After how many further batches the merge takes effect, whether or not it must be waited for; `None`: as soon
    /// as it is made.
    pub batches: Option<usize>,
}

impl Default for Merges {
    fn default() -> Self {
        Self { rows: 20_000, batches: None }
    }
}

/// What a merge replaced: room, of which nothing is read.
#[derive(Debug, Default)]
pub(super) struct Spare {
    incidents: Incidents,
    assignment: Assignment,
    index: IncidentIndex,
    rows: Rows,
    order: Vec<u32>,
}

/// What a merge begins with: the state of a moment, most of it shared.
struct Job {
    incidents: Incidents,
    assignment: Assignment,
    /// By row, the first report of its event.
    leads: Column<u32>,
    reports: usize,
    spare: Spare,
}

/// What it makes of it.
#[derive(Debug)]
struct Merged {
    incidents: Incidents,
    assignment: Assignment,
    index: IncidentIndex,
    rows: Rows,
    /// Of each row the row before.
    order: Vec<u32>,
    /// What it began with.
    begun: Incidents,
}

impl Job {
    fn run(self) -> Merged {
        let Self { incidents, assignment, leads, reports, spare } = self;
        let number = |at: usize| u32::try_from(at).expect("fewer than 2³² incidents");
        let mut order = emptied(spare.order, incidents.count());
        order.extend(incidents.standing().map(number));
        let merged = incidents.gather_rows(&order, spare.incidents);
        Merged {
            index: spare.index.build_over((0..merged.len()).map(|at| merged.local(at))),
            assignment: assignment.gather(&order, spare.assignment),
            rows: Rows::gather(&leads, &order, reports, spare.rows),
            incidents: merged,
            order,
            begun: incidents,
        }
    }
}

/// A merge that is being made.
#[derive(Debug)]
pub(super) struct Merging {
    thread: JoinHandle<Merged>,
    /// Batches since it began.
    pub(super) batches: usize,
}

impl Merging {
    /// Begins, in the room of what an earlier one replaced; `None` where there is no thread to be had, which is tried again
    /// after the next batch.
    pub(super) fn begin(columns: &Columns<'_>, spare: Spare) -> Option<Self> {
        let job = Job {
            incidents: columns.data.incidents.clone(),
            assignment: columns.data.assignment.clone(),
            leads: columns.rows.leads(),
            reports: columns.rows.reports(),
            spare,
        };
        let thread = Builder::new().name("merge".to_owned()).spawn(move || job.run()).ok()?;
        Some(Self { thread, batches: 0 })
    }

    /// Whether it need not be waited for.
    pub(super) fn made(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits for what nobody wants any more, so that no copy of it is left.
    pub(super) fn give_up(self) {
        drop(self.thread.join());
    }

    /// Puts what was made in the place of the columns, with all that came and went since. Nobody is held there
    /// until that is decided anew. Returns what was replaced.
    pub(super) fn finish(self, columns: &mut Columns<'_>) -> Spare {
        let merged = self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let Merged { order, begun, .. } = merged;
        let Columns { data, index, rows } = columns;
        let before = std::mem::replace(&mut data.incidents, merged.incidents);
        let assignment = std::mem::replace(&mut data.assignment, merged.assignment);
        let earlier = std::mem::replace(*rows, merged.rows);
        let index = std::mem::replace(*index, merged.index);
        for at in data.incidents.addresses().len()..before.addresses().len() {
            data.incidents.push_address(before.addresses().get(at));
        }
        let went = (0..begun.len()).filter(|&at| before.gone(at) && !begun.gone(at));
        let row = |at| rows.row(earlier.lead(at)).expect("it stood when the merge began");
        let went: Vec<usize> = went.map(row).collect();
        rows.reserve(earlier.reports());
        data.held.clear();
        data.held.resize(data.incidents.len(), false);
        columns.remove(&went);
        let came = (begun.len()..before.len()).filter(|&at| !before.gone(at));
        columns.push(&before, &assignment, came.map(|at| (at, before.address_number(at), earlier.lead(at))));
        if too_large(before.room_len(), columns.data.incidents.len()) {
            return Spare::default();
        }
        Spare {
            incidents: before.room(),
            assignment: assignment.room(),
            index: index.room(),
            rows: earlier.room(),
            order,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Weak;

    use super::*;
    use crate::engine::Engine;
    use crate::engine::build::{About, Ground};
    use crate::engine::live::Live;
    use crate::engine::snapshot::Snapshot;
    use crate::ingest::crosswalk::tree;
    use crate::model::category::Flags;
    use crate::model::class::{Class, Classes, Firearm};
    use crate::model::cutoff::{Cutoffs, Gone};
    use crate::model::period::{Interval, Precision};
    use crate::model::report::{Place, Report, Source, Status, Unit};
    use crate::model::reports::{Ledger, Reports};
    use crate::model::room::with_more;
    use crate::model::streets::Street;
    use crate::space::coord::LonLat;

    fn at(lon: f64) -> LonLat {
        LonLat::new(lon, 38.6).expect("on the globe")
    }

    /// Incidents along a street, each of its own id.
    fn ledger(rows: impl Iterator<Item = (u32, Status)>) -> Ledger {
        let class = || Class {
            code: "L".into(),
            label: "Larceny".into(),
            category: None,
            flags: Flags::NONE,
            firearm: Firearm::No,
        };
        let mut classes = Classes::over(tree().expect("ships"));
        let class = classes.intern(0, "L", class).expect("room");
        let mut reports = Reports::default();
        for (nth, status) in rows {
            let when = Interval { from: i64::from(nth), seconds: 60, precision: Precision::Minute };
            let place = Place::At(at(-90.21 + f64::from(nth % 1_000) * 2e-5));
            let (id, revision) = (nth.to_string(), i64::from(status == Status::Withdrawn));
            reports.push(&Report { id: Some(&id), revision, status, ..Report::plain(class, when, place) });
        }
        Ledger { sources: vec![source()], classes, reports, ..Ledger::default() }
    }

    fn some(rows: std::ops::Range<u32>) -> Ledger {
        ledger(rows.map(|nth| (nth, Status::Confirmed)))
    }

    fn source() -> Source {
        Source::new("police", Unit::Incident, jiff::tz::TimeZone::UTC)
    }

    fn live(n: u32) -> Live {
        let street =
            Street { name: "Main St".to_owned(), line: vec![at(-90.21), at(-90.19)], ..Street::default() };
        let live = Live::new(some(0..n), Ground::Streets(vec![street]), About::default()).expect("a street");
        live.merging(Merges { rows: 100, batches: Some(0) })
    }

    /// Where columns of now lie.
    fn room_at(live: &Live) -> [usize; 3] {
        [live.data.incidents.room_at(), live.data.assignment.room_at(), live.rows.leads().room_at()]
    }

    /// What tells whether anybody has columns of now, or room that is kept, still.
    fn traces(live: &Live) -> [Weak<[u32]>; 6] {
        let Live { data, rows, spare, .. } = live;
        let spare = (&spare.incidents, &spare.assignment, &spare.rows);
        [(&data.incidents, &data.assignment, rows), spare]
            .map(|(incidents, assignment, rows)| {
                [incidents.trace(), assignment.trace(), rows.leads().trace()]
            })
            .concat()
            .try_into()
            .expect("twice three")
    }

    /// Room in the columns of now, and in what is kept beside.
    fn room(live: &Live) -> (usize, usize) {
        (live.data.incidents.room_len(), live.spare.incidents.room_len())
    }

    fn go(live: &mut Live, rows: std::ops::Range<u32>) {
        live.apply(&ledger(rows.map(|nth| (nth, Status::Withdrawn)))).expect("known classes");
    }

    /// As many come as go.
    fn step(live: &mut Live, nth: u32) {
        let come = some(3_000 + 101 * nth..3_101 + 101 * nth);
        let gone = ledger((101 * nth..101 * nth + 101).map(|nth| (nth, Status::Withdrawn)));
        live.apply_all([&come, &gone]).expect("known classes");
        let incidents = &live.data.incidents;
        assert_eq!((incidents.len(), incidents.unsorted()), (3_000, 0), "all are in order again");
    }

    #[test]
    fn merges_write_over_one_another_and_over_nothing_that_a_snapshot_has() {
        let mut live = live(3_000);
        let ids = |of: &Snapshot| {
            let incidents = &of.dataset().incidents;
            incidents.standing().map(|at| incidents.id(at).to_owned()).collect::<Vec<_>>()
        };
        let mut places = vec![room_at(&live)];
        let (mut held, mut told) = (None, Vec::new());
        for nth in 0..9 {
            if nth == 4 {
                let snapshot = live.snapshot(1);
                told = ids(&snapshot);
                held = Some(snapshot);
            }
            step(&mut live, nth);
            places.push(room_at(&live));
        }
        // Each is written into what the last but one was in; only what a snapshot has is left to it.
        for (nth, three) in places.windows(3).enumerate() {
            let same = [0, 1, 2].map(|column| three[0][column] == three[2][column]);
            assert_eq!(same, [nth != 4, nth != 4, true], "{nth}: {places:?}");
        }
        let held = held.expect("a snapshot of the fifth");
        assert_eq!(ids(&held), told);
        let newest = live.snapshot(2);
        let mut wanted: Vec<String> = (909..3_909).map(|nth: u32| nth.to_string()).collect();
        let mut stand = ids(&newest);
        wanted.sort_unstable();
        stand.sort_unstable();
        assert_eq!(stand, wanted);
    }

    #[test]
    fn what_is_forgotten_is_in_no_column_and_no_room_that_merges_keep() {
        let rest = || some(1_000..4_000);
        let gone = || {
            Gone::new(
                Cutoffs::default(),
                vec![(source(), (0..1_000).map(|nth| nth.to_string().into()).collect())],
            )
        };
        let forget = |live: &mut Live| drop(live.forget("police", "1500", rest()));
        let forget_gone = |live: &mut Live| drop(live.forget_gone(&gone(), rest()));
        let ways: [&dyn Fn(&mut Live); 2] = [&forget, &forget_gone];
        for (way, batches) in ways.into_iter().zip([Some(0), Some(9)]) {
            let mut live = live(3_000);
            (0..3).for_each(|nth| step(&mut live, nth));
            let mut traced = traces(&live).to_vec();
            // Another merge is under way, or all are over.
            live = live.merging(Merges { rows: 100, batches });
            go(&mut live, 3_000..3_101);
            assert_eq!(
                (live.merging.is_some(), live.spare.incidents.room_len() > 0),
                (batches == Some(9), batches == Some(0))
            );
            traced.extend(traces(&live));
            let engine = Engine::over(live.snapshot(1));
            // What is empty may be everybody's.
            let there = |one: &&Weak<[u32]>| one.upgrade().is_some_and(|all| !all.is_empty());
            let alive = || traced.iter().filter(there).count();
            assert!(alive() >= 6, "two of each");
            way(&mut live);
            engine.publish_alone(live.snapshot(2));
            assert_eq!(alive(), 0, "{batches:?}");
            assert_eq!(room(&live), (3_000, 0));
        }
    }

    #[test]
    fn what_grows_by_less_than_a_sixteenth_in_two_merges_is_written_over_and_what_grows_faster_is_not() {
        // Room for 62 more of a thousand and for 500 more of eight thousand.
        for (n, grows) in [(8_000, true), (1_000, false)] {
            let mut live = live(n);
            let mut places = vec![room_at(&live)];
            for nth in 0..6 {
                live.apply(&some(100_000 + 101 * nth..100_101 + 101 * nth)).expect("known classes");
                places.push(room_at(&live));
            }
            // The first columns of all have no room for more.
            let same = places[1..].windows(3).filter(|three| three[0] == three[2]).count();
            assert_eq!(same >= 3, grows, "{n}: {places:?}");
            assert!(grows || same == 0, "{n}: {places:?}");
        }
    }

    #[test]
    fn few_incidents_do_not_keep_the_room_of_many() {
        let mut live = live(9_000);
        go(&mut live, 0..101);
        assert_eq!(room(&live), (with_more(8_899), 9_000));
        go(&mut live, 101..4_500);
        // What was replaced is too large for them, and goes at once.
        assert_eq!(room(&live), (with_more(4_500), 0));
        (0..30).for_each(|nth| go(&mut live, 4_500 + nth * 101..4_601 + nth * 101));
        let (now, spare) = room(&live);
        assert_eq!(live.data.incidents.len(), 1_470);
        assert!(!too_large(now, 1_470 + 101) && !too_large(spare, 1_470 + 101), "{now} {spare}");
    }
}
