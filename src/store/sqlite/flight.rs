//! Groups of calls on their way to the disk: one at a time, while the next one gathers.
//!
//! Whoever is told that its reports are on the disk mostly comes back at once, and whoever came meanwhile waits already. To go on
//! without the former would be to go on in halves. So a group gathers as many calls as were on their way and came meanwhile, for at
//! most twice as long as the way took and no longer than a millisecond; the last of them takes it on its way, or the first where
//! somebody does not come. A caller alone never waits.
//!
//! All others sleep until the group has arrived. One call wakes them, and none of them takes a lock for that.

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
pub(super) struct Leading<'a>(pub(super) &'a Group);

impl Leading<'_> {
    /// Says what became of the group and wakes all who wait, unless that was said before.
    pub(super) fn tell(&self, arrived: Arrived) {
        let _before = self.0.arrived.set(arrived);
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
        while writer.departure() == Departure::Flying {
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
        let Some(Departed { place: (records, at), record, calls }) = writer.depart() else {
            // With all that is in the log.
            return self.settle(&mut writer);
        };
        drop(writer);
        let mut flying = Flying { shared: self, calls, took: None };
        let begun = Instant::now();
        records.write(at, &record)?;
        flying.took = Some(begun.elapsed());
        drop(flying);
        leading.tell(Arrived::Durable);
        Ok(())
    }
}

fn unless_stopped(writer: MutexGuard<'_, Writer>) -> Result<MutexGuard<'_, Writer>, StoreError> {
    if writer.stopped() { Err(StoreError::Stopped) } else { Ok(writer) }
}

/// A group of so many calls on its way; where it does not arrive, nothing more is taken.
#[derive(Debug)]
struct Flying<'a> {
    shared: &'a Shared,
    calls: usize,
    took: Option<Duration>,
}

impl Drop for Flying<'_> {
    fn drop(&mut self) {
        self.shared.locked().land(self.calls, self.took.map(|took| Instant::now() + (2 * took).min(LONGEST)));
        self.shared.landed.notify_all();
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

    #[test]
    fn the_last_who_is_expected_takes_a_group_on_its_way_and_the_first_where_somebody_does_not_come() {
        let (_folder, store) = made();
        let shared = store.shared().expect("it writes");
        let mut writer = shared.writer().expect("not stopped");
        let later = || Some(Instant::now() + Duration::from_secs(3_600));
        // One alone departs at once; those who come meanwhile wait for it.
        assert!(matches!(take(&mut writer, "a"), Joined::Leads(_)));
        assert_eq!(writer.departure(), Departure::Now);
        let gone = writer.depart().expect("there is room");
        assert_eq!((gone.calls, writer.departure()), (1, Departure::Flying));
        let Joined::Leads(group) = take(&mut writer, "b") else { panic!("the first looks after it") };
        assert!(matches!(take(&mut writer, "c"), Joined::Follows(other) if Arc::ptr_eq(&group, &other)));
        // Three are expected: whoever was on the way, and two who came meanwhile.
        writer.land(gone.calls, later());
        assert!(matches!(writer.departure(), Departure::Expects(_)));
        assert!(matches!(take(&mut writer, "d"), Joined::Leads(_)));
        assert_eq!(writer.departure(), Departure::Now);
        assert_eq!(writer.depart().map(|gone| gone.calls), Some(3));
        assert!(!writer.gathers(&group));
        // Four are expected; when it is time those depart who are there.
        take(&mut writer, "e");
        writer.land(3, later());
        assert!(matches!(writer.departure(), Departure::Expects(_)));
        writer.land(3, Some(Instant::now()));
        assert_eq!(writer.departure(), Departure::Now);
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
    fn nobody_is_answered_before_the_group_has_arrived_and_all_are_told_where_it_does_not() {
        const SOON: Duration = Duration::from_millis(50);
        const LONG: Duration = Duration::from_secs(20);
        for arrives in [true, false] {
            let (_folder, store) = made();
            let shared = store.shared().expect("it writes");
            std::thread::scope(|scope| {
                let mut writer = shared.writer().expect("not stopped");
                let Joined::Leads(group) = take(&mut writer, "a") else { panic!("the first") };
                let gone = writer.depart().expect("there is room");
                drop(writer);
                let mut flying = Flying { shared, calls: 1, took: None };
                let leading = Leading(&group);
                // The same report again, one that looks after the next group, and another in it; one that wants all in the file.
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
                if arrives {
                    leading.tell(Arrived::Durable);
                }
                drop(leading);
                let again = again.recv_timeout(LONG).expect("an answer");
                let others = others.map(|told| told.recv_timeout(LONG).expect("an answer"));
                let settled = settled.recv_timeout(LONG).expect("an answer");
                if arrives {
                    assert!(matches!(again, Ok(1..=3)), "{again:?}");
                    assert!(others.iter().all(|revision| matches!(revision, Ok(2 | 3))), "{others:?}");
                    assert!(matches!(settled, Ok(1..=3)), "{settled:?}");
                } else {
                    assert!(again.is_err() && others.iter().all(Result::is_err), "{again:?} {others:?}");
                    assert!(store.append(vec![Batch::default()]).is_err(), "nothing more is taken");
                }
            });
        }
    }
}
