//! Groups of calls on their way to the disk: two at a time, while the next one gathers.
//!
//! Whoever is told that its reports are on the disk mostly comes back at once. To go on without them would be to go on in ever smaller
//! groups, and to wait for all would leave the disk idle. So a group gathers half of all who are on their way, there or expected
//! back, for at most as long as the last way took and no longer than a millisecond; the last of them takes it on its way, or the
//! first where somebody does not come. A caller alone never waits.
//!
//! All others sleep until the group has arrived, and all groups before it. One call wakes them, and none of them takes a lock for that.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

use super::append::Keyed;
use super::writer::{Departed, Departure, Joined, Writer};
use crate::store::Receipt;
use crate::store::error::StoreError;

/// The longest that a group gathers after the one before it has arrived.
const LONGEST: Duration = Duration::from_millis(1);

/// Calls whose reports go to the disk together.
#[derive(Debug, Default)]
pub(super) struct Group {
    arrived: OnceLock<Arrived>,
}

/// What became of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrived {
    /// It is on the disk.
    Durable,
    /// Nothing of it was taken, with SQLite's word for why.
    Lost(i32),
    /// Nobody knows what of it is there.
    Unknown,
}

impl Arrived {
    /// Of a group that was to be brought into the file.
    pub(super) fn of(brought: &Result<(), StoreError>) -> Self {
        match brought {
            Ok(()) => Self::Durable,
            Err(StoreError::Sqlite { source: rusqlite::Error::SqliteFailure(why, _), .. }) => {
                Self::Lost(why.extended_code)
            }
            Err(_) => Self::Lost(rusqlite::ffi::SQLITE_ERROR),
        }
    }
}

impl Group {
    /// Of calls that are on the disk already.
    pub(super) fn durable() -> Self {
        Self { arrived: Arrived::Durable.into() }
    }

    /// Says what became of it and wakes all who wait, unless that was said before.
    fn tell(&self, arrived: Arrived) {
        let _before = self.arrived.set(arrived);
    }

    /// Waits until it has arrived.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where it never will be on the disk.
    pub(super) fn wait(&self) -> Result<(), StoreError> {
        match *self.arrived.wait() {
            Arrived::Durable => Ok(()),
            Arrived::Lost(code) => {
                let source = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
                Err(StoreError::Sqlite { doing: "taking reports", source })
            }
            Arrived::Unknown => Err(StoreError::Stopped),
        }
    }
}

/// Who takes a group to the disk: where that ends before its time, nobody waits in vain.
#[derive(Debug)]
pub(super) struct Leading<'a>(pub(super) &'a Arc<Group>);

impl Leading<'_> {
    /// Says what became of the group and wakes all who wait, unless that was said before.
    pub(super) fn tell(&self, arrived: Arrived) {
        self.0.tell(arrived);
    }
}

impl Drop for Leading<'_> {
    fn drop(&mut self) {
        self.tell(Arrived::Unknown);
    }
}

/// Who writes, and those who wait.
#[derive(Debug)]
pub(super) struct Shared {
    writer: Mutex<Writer>,
    /// Told when a group has arrived, for the first of those who gather and for who wants all that came in the file.
    landed: Condvar,
}

impl Shared {
    pub(super) fn new(writer: Writer) -> Self {
        Self { writer: Mutex::new(writer), landed: Condvar::new() }
    }

    /// The writer, unless an error has ended the writing.
    pub(super) fn writer(&self) -> Result<MutexGuard<'_, Writer>, StoreError> {
        unless_stopped(self.locked())
    }

    fn locked(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(|poisoned| self.mended(poisoned.into_inner()))
    }

    fn mended<'a>(&self, mut writer: MutexGuard<'a, Writer>) -> MutexGuard<'a, Writer> {
        self.writer.clear_poison();
        writer.mend();
        writer
    }

    /// The writer when a group has arrived, at the latest after that time.
    fn wait<'a>(
        &self,
        writer: MutexGuard<'a, Writer>,
        most: Option<Duration>,
    ) -> Result<MutexGuard<'a, Writer>, StoreError> {
        let waited = match most {
            None => self.landed.wait(writer).map_err(|poisoned| poisoned.into_inner()),
            Some(most) => match self.landed.wait_timeout(writer, most) {
                Ok((writer, _)) => Ok(writer),
                Err(poisoned) => Err(poisoned.into_inner().0),
            },
        };
        unless_stopped(waited.unwrap_or_else(|poisoned| self.mended(poisoned)))
    }

    /// The writer while nothing is on its way.
    fn landed<'a>(&self, mut writer: MutexGuard<'a, Writer>) -> Result<MutexGuard<'a, Writer>, StoreError> {
        while writer.flies() {
            writer = self.wait(writer, None)?;
        }
        Ok(writer)
    }

    /// Works with the writer while nothing is on its way and all that came before is in the file.
    pub(super) fn settled<T>(
        &self,
        work: impl FnOnce(&mut Writer) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut writer = self.landed(self.writer()?)?;
        self.settle(&mut writer)?;
        let done = work(&mut writer);
        writer.ended(done)
    }

    /// Brings all that came into the file, and wakes the first of those who gathered.
    fn settle(&self, writer: &mut Writer) -> Result<(), StoreError> {
        let settled = writer.settle();
        self.landed.notify_all();
        settled
    }

    /// The writer once it knows what lies in the file.
    pub(super) fn knowing(&self) -> Result<MutexGuard<'_, Writer>, StoreError> {
        let mut writer = self.writer()?;
        while writer.known.is_none() {
            writer = self.landed(writer)?;
            self.settle(&mut writer)?;
            let known = writer.know();
            writer.ended(known)?;
        }
        Ok(writer)
    }

    /// Takes reports in; on the disk when this returns.
    pub(super) fn append(&self, batches: Vec<Keyed>) -> Result<Vec<Receipt>, StoreError> {
        let mut writer = self.knowing()?;
        let (receipts, joined) = writer.take(batches)?;
        match joined {
            Joined::Follows(group) => {
                drop(writer);
                group.wait()?;
            }
            Joined::Leads(group) => self.lead(writer, &group)?,
            Joined::Large(group) => {
                let _leading = Leading(&group);
                let mut writer = self.landed(writer)?;
                if writer.gathers(&group) {
                    self.settle(&mut writer)?;
                }
                drop(writer);
                group.wait()?;
            }
        }
        Ok(receipts)
    }

    /// Takes a group on its way as soon as it is to depart, unless somebody else does; on the disk when this returns.
    fn lead(&self, mut writer: MutexGuard<'_, Writer>, group: &Arc<Group>) -> Result<(), StoreError> {
        let leading = Leading(group);
        while writer.gathers(group) {
            let most = match writer.departure() {
                Departure::Now => return self.fly(writer, &leading),
                Departure::Flying => None,
                Departure::Expects(until) => Some(until.saturating_duration_since(Instant::now())),
            };
            writer = self.wait(writer, most)?;
        }
        drop(writer);
        group.wait()
    }

    fn fly(&self, mut writer: MutexGuard<'_, Writer>, leading: &Leading<'_>) -> Result<(), StoreError> {
        let Some(Departed { place: (records, at), record, revision }) = writer.depart() else {
            // With all that is in the log, once nothing is on its way.
            let mut writer = self.landed(writer)?;
            if writer.gathers(leading.0) {
                return self.settle(&mut writer);
            }
            drop(writer);
            return leading.0.wait();
        };
        drop(writer);
        let mut flying = Flying { shared: self, revision, took: None };
        let begun = Instant::now();
        records.write(at, &record)?;
        flying.took = Some(begun.elapsed());
        drop(flying);
        // Another may be on its way that departed before.
        leading.0.wait()
    }
}

fn unless_stopped(writer: MutexGuard<'_, Writer>) -> Result<MutexGuard<'_, Writer>, StoreError> {
    if writer.stopped() { Err(StoreError::Stopped) } else { Ok(writer) }
}

/// The group of a revision on its way; where it does not arrive, nothing more is taken.
#[derive(Debug)]
struct Flying<'a> {
    shared: &'a Shared,
    revision: u64,
    took: Option<Duration>,
}

impl Drop for Flying<'_> {
    fn drop(&mut self) {
        let until = self.took.map(|took| Instant::now() + took.min(LONGEST));
        let told = self.shared.locked().land(self.revision, until);
        self.shared.landed.notify_all();
        told.into_iter().for_each(|(group, arrived)| group.tell(arrived));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::store::setting::Setting;
    use crate::store::sqlite::SqliteStore;
    use crate::store::sqlite::append::one_report;
    use crate::store::{Batch, Store};

    fn made() -> (tempfile::TempDir, SqliteStore) {
        let folder = tempfile::tempdir().expect("a folder");
        let store = SqliteStore::create(&folder.path().join("s"), &Setting::default()).expect("made");
        store.warm().expect("whole");
        (folder, store)
    }

    fn take(writer: &mut Writer, id: &str) -> Joined {
        writer.take(vec![Keyed::of(one_report(id))]).expect("taken").1
    }

    /// Later than any test.
    fn later() -> Option<Instant> {
        Some(Instant::now() + Duration::from_secs(3_600))
    }

    fn depart(writer: &mut Writer) -> Departed {
        writer.depart().expect("there is room")
    }

    #[test]
    fn two_groups_are_on_their_way_and_each_gathers_half_of_all_who_are_expected() {
        let (_folder, store) = made();
        let shared = store.shared().expect("it writes");
        let mut writer = shared.writer().expect("not stopped");
        // One alone departs at once, and so does the next; those who come then wait for one of them.
        assert!(matches!(take(&mut writer, "a"), Joined::Leads(_)));
        assert_eq!(writer.departure(), Departure::Now);
        let first = depart(&mut writer);
        assert!(matches!(take(&mut writer, "b"), Joined::Leads(_)));
        let second = depart(&mut writer);
        assert_eq!((first.revision, second.revision, writer.departure()), (1, 2, Departure::Flying));
        let Joined::Leads(group) = take(&mut writer, "c") else { panic!("the first looks after it") };
        for id in ["d", "e", "f"] {
            assert!(matches!(take(&mut writer, id), Joined::Follows(other) if Arc::ptr_eq(&group, &other)));
        }
        // Six in all: three are half of them, and four are there.
        writer.land(1, later());
        assert_eq!(writer.departure(), Departure::Now);
        let third = depart(&mut writer);
        assert!(!writer.gathers(&group));
        // Four fly, one is there, one flies still and one is expected: it is waited for where that may still be.
        assert!(matches!(take(&mut writer, "a2"), Joined::Leads(_)));
        assert_eq!(writer.departure(), Departure::Flying);
        writer.land(2, later());
        assert!(matches!(writer.departure(), Departure::Expects(_)));
        assert_eq!(writer.land(third.revision, later()).len(), 1);
        assert!(matches!(take(&mut writer, "b2"), Joined::Leads(_) | Joined::Follows(_)));
        assert!(matches!(writer.departure(), Departure::Expects(_)), "three are half of six");
        assert!(matches!(take(&mut writer, "c2"), Joined::Leads(_)), "the last who was expected");
        assert_eq!(writer.departure(), Departure::Now);
        let fourth = depart(&mut writer);
        // When it is time those depart who are there.
        take(&mut writer, "d2");
        assert!(matches!(writer.departure(), Departure::Expects(_)));
        writer.land(fourth.revision, Some(Instant::now()));
        assert_eq!(writer.departure(), Departure::Now);
    }

    #[test]
    fn a_group_arrives_after_all_before_it_and_is_lost_with_the_first_that_is() {
        let told = |writer: &mut Writer, revision, until| -> Vec<Arrived> {
            writer.land(revision, until).into_iter().map(|(_, arrived)| arrived).collect()
        };
        // Whichever of two lands first, and whether the first or the second is lost.
        let cases = [
            ([(1, true), (2, true)], [vec![Arrived::Durable], vec![Arrived::Durable]]),
            ([(2, true), (1, true)], [vec![], vec![Arrived::Durable; 2]]),
            ([(1, false), (2, true)], [vec![Arrived::Unknown; 2], vec![]]),
            ([(2, true), (1, false)], [vec![], vec![Arrived::Unknown; 2]]),
            ([(2, false), (1, true)], [vec![Arrived::Unknown], vec![Arrived::Durable]]),
        ];
        for (landings, expected) in cases {
            let (_folder, store) = made();
            let mut writer = store.shared().and_then(Shared::writer).expect("it writes");
            for id in ["a", "b"] {
                take(&mut writer, id);
                depart(&mut writer);
            }
            let found =
                landings.map(|(revision, arrives)| told(&mut writer, revision, later().filter(|_| arrives)));
            assert_eq!(found, expected, "{landings:?}");
            assert_eq!(writer.stopped(), landings.iter().any(|(_, arrives)| !arrives));
            assert!(!writer.flies());
        }
    }

    /// What a thread comes to that takes a report in.
    fn appended<'a>(
        scope: &'a std::thread::Scope<'a, '_>,
        store: &'a SqliteStore,
        id: &'a str,
    ) -> mpsc::Receiver<Result<u64, String>> {
        let (tell, told) = mpsc::channel();
        scope.spawn(move || {
            let done = store.append(vec![one_report(id)]);
            tell.send(done.map(|all| all[0].revision).map_err(|error| error.to_string()))
        });
        told
    }

    #[test]
    fn nobody_is_answered_before_the_group_has_arrived_and_all_before_it_and_all_are_told_where_one_does_not()
    {
        const SOON: Duration = Duration::from_millis(50);
        const LONG: Duration = Duration::from_secs(20);
        for arrives in [true, false] {
            let (_folder, store) = made();
            let shared = store.shared().expect("it writes");
            std::thread::scope(|scope| {
                let mut writer = shared.writer().expect("not stopped");
                let Joined::Leads(group) = take(&mut writer, "a") else { panic!("the first") };
                let gone = depart(&mut writer);
                drop(writer);
                let mut flying = Flying { shared, revision: gone.revision, took: None };
                let leading = Leading(&group);
                // The same report again, one whose group flies beside it and one that gathers; one that wants all in the file.
                let again = appended(scope, &store, "a");
                let others = ["b", "c"].map(|id| appended(scope, &store, id));
                let (tell, settled) = mpsc::channel();
                let all = &store;
                scope.spawn(move || tell.send(all.revision().map_err(|error| error.to_string())));
                assert!(again.recv_timeout(SOON).is_err(), "not on the disk yet");
                assert!(others.iter().all(|told| told.try_recv().is_err()) && settled.try_recv().is_err());
                if arrives {
                    gone.place.0.write(gone.place.1, &gone.record).expect("written");
                    flying.took = Some(Duration::ZERO);
                }
                drop(flying);
                assert_eq!(leading.0.wait().is_ok(), arrives);
                drop(leading);
                let again = again.recv_timeout(LONG).expect("an answer");
                let others = others.map(|told| told.recv_timeout(LONG).expect("an answer"));
                let settled = settled.recv_timeout(LONG).expect("an answer");
                if arrives {
                    assert!(matches!(again, Ok(1..=3)), "{again:?}");
                    assert!(others.iter().all(|revision| matches!(revision, Ok(2..=3))), "{others:?}");
                    assert!(matches!(settled, Ok(1..=3)), "{settled:?}");
                } else {
                    assert!(again.is_err() && others.iter().all(Result::is_err), "{again:?} {others:?}");
                    assert!(store.append(vec![Batch::default()]).is_err(), "nothing more is taken");
                }
            });
        }
    }
}
