//! The log: what was taken last and is not in the file yet, in a file beside it of a size that does not change.
//!
//! A disk syncs a few pages of such a file in half the time that SQLite's own log needs, which grows and of which a commit writes
//! whole pages. A record is one write past the system's cache that returns when it is on the disk (`O_DIRECT` and `O_DSYNC`; where
//! a file system does not offer the former, through the cache): a quarter less time than a write and `fdatasync`. What lies in the log is
//! brought into the file when it is full, before anything else is done to the store and when the store is closed. Each record has
//! the revision that it makes; one whose revision the file has is done with.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use twox_hash::XxHash3_128;

use super::copy::sync_folder;
use super::lock::beside;
use super::redo::Redo;
use crate::store::bytes::{Put, Take, Torn};
use crate::store::error::StoreError;

/// Bytes of the file.
const SIZE: usize = 2 << 20;
/// What a disk writes whole or not at all: no two records share one.
const SECTOR: usize = 512;
/// Begins a record.
const MARK: &[u8; 8] = b"hotblog1";
/// Where memory has to begin that a disk writes from, whatever its pages.
const PAGE: usize = 4096;
/// Bytes of a record before what it holds: the mark, revision, reports before it, length and checksum.
const HEAD: usize = 8 + 8 + 8 + 4 + 16;
/// Taking, as errors say it.
const DOING: &str = "taking reports";

/// Where the log of a store lies.
pub(super) fn path(store: &Path) -> PathBuf {
    beside(store, "-log")
}

/// The log of whoever writes.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    file: File,
    records: Arc<Records>,
    /// Where the next record goes.
    at: usize,
    /// How far records ever went since it was all zeros.
    used: usize,
}

impl Log {
    /// Makes the log, all of it zeros on the disk, so that nothing but its records has to be written from then on.
    pub(super) fn make(store: &Path) -> Result<Self, StoreError> {
        let path = path(store);
        let failed = |source| StoreError::File { file: path.display().to_string(), source };
        let made = (|| {
            remove(store)?;
            let mut options = OpenOptions::new();
            let file = options.create_new(true).write(true).mode(0o600).open(&path)?;
            zero(&file, SIZE)?;
            file.sync_all()?;
            let records = Records::open(&path)?;
            Ok((file, records))
        })();
        match made {
            Ok((file, records)) => {
                sync_folder(store)?;
                Ok(Self { path, file, records: Arc::new(records), at: 0, used: 0 })
            }
            Err(source) => {
                let _ = std::fs::remove_file(&path);
                Err(failed(source))
            }
        }
    }

    /// Where the next record is written, and its place there, if it fits.
    pub(super) fn next(&mut self, record: &[u8]) -> Option<(Arc<Records>, u64)> {
        let at = self.at;
        if at + record.len() > SIZE {
            return None;
        }
        self.at += record.len();
        self.used = self.used.max(self.at);
        Some((Arc::clone(&self.records), at as u64))
    }

    /// Begins anew, once all that it holds is in the file.
    pub(super) fn rewind(&mut self) {
        self.at = 0;
    }

    /// Overwrites all that it ever held.
    pub(super) fn wipe(&mut self) -> Result<(), StoreError> {
        self.at = 0;
        let done = zero(&self.file, self.used).and_then(|()| self.file.sync_data());
        self.used = if done.is_ok() { 0 } else { self.used };
        done.map_err(|source| StoreError::File { file: self.path.display().to_string(), source })
    }
}

/// Overwrites the first bytes of a log, whole chunks of them.
fn zero(file: &File, len: usize) -> io::Result<()> {
    const CHUNK: usize = 1 << 16;
    (0..len).step_by(CHUNK).try_for_each(|at| file.write_all_at(&[0; CHUNK], at as u64))
}

/// The log as records are written to it: each is on the disk when its write returns.
#[derive(Debug)]
pub(super) struct Records {
    file: File,
    /// Whether it takes whole sectors only, from memory that begins at a page.
    direct: bool,
}

impl Records {
    /// Opens a log that is all zeros.
    fn open(path: &Path) -> io::Result<Self> {
        let open = |direct| {
            let file = OpenOptions::new().write(true).custom_flags(flags(direct)).open(path)?;
            let records = Self { file, direct };
            // Whether sectors of this size are taken is only seen when one is written.
            records.put(0, &[0; SECTOR])?;
            Ok(records)
        };
        open(true).or_else(|_: io::Error| open(false))
    }

    fn put(&self, at: u64, record: &[u8]) -> io::Result<()> {
        if !self.direct {
            return self.file.write_all_at(record, at);
        }
        let mut room = vec![0; record.len() + PAGE];
        // Where it cannot be told, the disk refuses.
        let from = room.as_ptr().align_offset(PAGE).min(PAGE);
        let aligned = &mut room[from..from + record.len()];
        aligned.copy_from_slice(record);
        self.file.write_all_at(aligned, at)
    }

    /// Writes a record; on the disk when this returns.
    pub(super) fn write(&self, at: u64, record: &[u8]) -> Result<(), StoreError> {
        // Elsewhere the flag does not empty the disk's own cache.
        let synced = || if cfg!(target_os = "linux") { Ok(()) } else { self.file.sync_data() };
        self.put(at, record)
            .and_then(|()| synced())
            .map_err(|source| StoreError::Log { doing: DOING, source })
    }
}

/// How records are written: on the disk when the write returns, past the system's cache if `direct`.
fn flags(direct: bool) -> i32 {
    // That of `rustix` is `O_SYNC`, for which the time of the last change has to be on the disk as well.
    #[cfg(target_os = "linux")]
    let past = libc::O_DIRECT;
    #[cfg(not(target_os = "linux"))]
    let past = 0;
    libc::O_DSYNC | if direct { past } else { 0 }
}

/// Takes the log away; nothing where there is none.
pub(super) fn remove(store: &Path) -> io::Result<()> {
    match std::fs::remove_file(path(store)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// A record of the log, which makes a revision of a store that has so many reports; padded to whole sectors.
pub(super) fn record(revision: u64, reports: usize, redo: &Redo) -> Vec<u8> {
    let mut put = Put(vec![0; HEAD]);
    redo.put(&mut put);
    let mut bytes = put.0;
    let mut head = Put(MARK.to_vec());
    head.u64(revision);
    head.u64(reports as u64);
    head.len(bytes.len() - HEAD);
    bytes[..head.0.len()].copy_from_slice(&head.0);
    let sum = XxHash3_128::oneshot(&bytes);
    bytes[HEAD - 16..HEAD].copy_from_slice(&sum.to_le_bytes());
    bytes.resize(bytes.len().next_multiple_of(SECTOR), 0);
    bytes
}

/// A record that was read.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) revision: u64,
    /// Reports of the store before it.
    pub(super) reports: u64,
    pub(super) redo: Redo,
}

/// The record that begins bytes, with its length in them.
fn parse(bytes: &[u8]) -> Result<(Record, usize), Torn> {
    let head = bytes.get(..HEAD).ok_or(Torn)?;
    let mut take = Take(head);
    if take.bytes(MARK.len())? != MARK {
        return Err(Torn);
    }
    let (revision, reports, len) = (take.u64()?, take.u64()?, take.u32()? as usize);
    let sum = take.u128()?;
    let body = bytes.get(HEAD..).and_then(|rest| rest.get(..len)).ok_or(Torn)?;
    let mut whole = head.to_vec();
    whole[HEAD - 16..].fill(0);
    whole.extend(body);
    if XxHash3_128::oneshot(&whole) != sum {
        return Err(Torn);
    }
    let mut take = Take(body);
    let redo = Redo::take(&mut take)?;
    take.end()?;
    Ok((Record { revision, reports, redo }, (HEAD + len).next_multiple_of(SECTOR)))
}

/// The bytes of a store's log; none where there is no log.
pub(super) fn read(store: &Path) -> Result<Vec<u8>, StoreError> {
    let path = path(store);
    let mut bytes = Vec::new();
    match File::open(&path).and_then(|file| file.take(SIZE as u64).read_to_end(&mut bytes)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(StoreError::File { file: path.display().to_string(), source }),
        Ok(_) => Ok(bytes),
    }
}

/// The records after a revision, in order.
///
/// A record is written when the one before it is on the disk. So where one cannot be read and a later one can, it was acknowledged
/// and is damaged; where none can, the last was cut off before anybody heard of it.
///
/// # Errors
///
/// [`StoreError::Damaged`].
pub(super) fn after(bytes: &[u8], revision: u64) -> Result<Vec<Record>, StoreError> {
    let (mut at, mut newest, mut records) = (0, revision, Vec::new());
    while let Ok((record, len)) = parse(&bytes[at..]) {
        // Of an earlier round, behind the last of this one.
        if record.revision > newest + 1 || (record.revision <= newest && !records.is_empty()) {
            break;
        }
        at = (at + len).min(bytes.len());
        if record.revision > newest {
            newest = record.revision;
            records.push(record);
        }
    }
    let rest = bytes.get(at..).unwrap_or_default().chunks(SECTOR).enumerate();
    for (n, _) in rest.filter(|(_, sector)| sector.starts_with(MARK)) {
        let later = parse(&bytes[at + n * SECTOR..]).is_ok_and(|(record, _)| record.revision > newest);
        if later {
            let what = format!("revision {} in its log is not as it was written", newest + 1);
            return Err(StoreError::Damaged { what });
        }
    }
    Ok(records)
}

/// The same of a log that another process may write to. While it is read that one may write two records of which only the later one
/// is seen; when it is read again the earlier one is there. What looks the same twice is damaged.
pub(super) fn steady(
    mut read: impl FnMut() -> Result<Vec<u8>, StoreError>,
    revision: u64,
) -> Result<Vec<Record>, StoreError> {
    let mut before = None;
    loop {
        match after(&read()?, revision) {
            Err(StoreError::Damaged { what }) if before.as_ref() != Some(&what) => before = Some(what),
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::class::ClassId;
    use crate::model::period::{Interval, Precision};
    use crate::model::report::{Place, Report};
    use crate::store::segment::Segment;
    use crate::store::sqlite::redo::Table;

    /// A record of so many reports, each of which has the revision as its key.
    fn one(revision: u64, before: usize, n: usize) -> Vec<u8> {
        let mut redo = Redo::default();
        let mut segment = Segment::default();
        let when = Interval { from: 0, seconds: 60, precision: Precision::Minute };
        let report = Report::plain(ClassId(0), when, Place::Missing);
        (0..n).for_each(|_| segment.push(revision.into(), &report));
        redo.reports(segment);
        redo.row(Table::File, vec![7_i64.into(), vec![1_u8, 2].into(), "a name".to_owned().into()]);
        record(revision, before, &redo)
    }

    fn read(bytes: &[u8], revision: u64) -> Result<Vec<(u64, u64, usize)>, String> {
        let records = after(bytes, revision).map_err(|error| error.to_string())?;
        Ok(records.iter().map(|record| (record.revision, record.reports, record.redo.count())).collect())
    }

    #[test]
    fn records_come_back_after_a_revision_and_those_of_an_earlier_round_do_not() {
        let mut log = [one(5, 10, 1), one(6, 11, 9), one(7, 20, 1)].concat();
        assert_eq!(log.len() % SECTOR, 0);
        log.resize(SIZE, 0);
        assert_eq!(read(&log, 4), Ok(vec![(5, 10, 1), (6, 11, 9), (7, 20, 1)]));
        assert_eq!(read(&log, 6), Ok(vec![(7, 20, 1)]));
        assert_eq!(read(&log, 7), Ok(vec![]));
        assert_eq!(read(&[], 7), Ok(vec![]));
        // The next round begins in its place.
        let eighth = one(8, 21, 1);
        log[..eighth.len()].copy_from_slice(&eighth);
        assert_eq!(read(&log, 7), Ok(vec![(8, 21, 1)]));
        // A gap is nothing that was ever written.
        assert!(read(&log, 6).is_err() || read(&log, 6) == Ok(vec![]));
    }

    #[test]
    fn of_a_byte_that_is_flipped_nothing_wrong_comes_and_only_the_last_may_be_taken_for_one_cut_off() {
        let parts = [one(5, 10, 1), one(6, 11, 30), one(7, 41, 1)];
        let last = parts[0].len() + parts[1].len();
        let mut log = parts.concat();
        log.resize(log.len() + 4 * SECTOR, 0);
        let right = read(&log, 4);
        let (mut damaged, mut short) = (0, 0);
        for at in 0..last + parts[2].len() {
            let mut bytes = log.clone();
            bytes[at] ^= 1 << (at % 8);
            match read(&bytes, 4) {
                Err(why) => {
                    assert!(
                        at < last
                            && why.contains(if at < parts[0].len() { "revision 5" } else { "revision 6" })
                    );
                    damaged += 1;
                }
                // Behind what a record holds there are zeros that nobody reads.
                Ok(found) if Ok(&found) == right.as_ref() => {}
                Ok(found) => {
                    assert!(at >= last, "byte {at}: {found:?}");
                    assert_eq!(found, right.as_ref().expect("whole")[..2]);
                    short += 1;
                }
            }
        }
        assert!(damaged > last / 2 && short > 100, "{damaged} {short}");
        // Cut off anywhere: what is whole is there.
        for len in (0..last).step_by(SECTOR) {
            let whole = usize::from(len >= parts[0].len());
            assert_eq!(read(&log[..len], 4).map(|all| all.len()), Ok(whole));
        }
    }

    #[test]
    fn a_log_takes_records_on_disks_of_every_kind() {
        // Past the cache where the file system has that, and in memory where `/dev/shm` is.
        let folders = [tempfile::tempdir(), tempfile::tempdir_in("/dev/shm")];
        for folder in folders.into_iter().flatten() {
            let store = folder.path().join("s");
            let mut log = Log::make(&store).expect("made");
            let parts = [one(5, 10, 1), one(6, 11, 30), one(7, 41, 1)];
            for part in &parts {
                let (records, at) = log.next(part).expect("there is room");
                records.write(at, part).expect("written");
            }
            let bytes = super::read(&store).expect("readable");
            assert_eq!(read(&bytes, 4).map(|all| all.len()), Ok(3));
            log.wipe().expect("wiped");
            assert!(super::read(&store).expect("readable").iter().all(|byte| *byte == 0));
            let buffered = Records {
                direct: false,
                file: File::options().write(true).open(path(&store)).expect("there"),
            };
            buffered.write(SECTOR as u64, &parts[0]).expect("written");
            let bytes = super::read(&store).expect("readable");
            assert_eq!(read(&bytes[SECTOR..], 4).map(|all| all.len()), Ok(1));
        }
    }

    #[test]
    fn a_record_that_came_while_the_log_was_read_is_no_damage_and_one_that_never_comes_is() {
        let parts = [one(5, 10, 1), one(6, 11, 1), one(7, 12, 1), one(8, 13, 1)];
        // Of the records those that are seen at each look.
        let look = |looks: &[&[usize]]| {
            let mut left = looks.iter().map(|seen| {
                let all = parts.iter().enumerate();
                Ok(all
                    .flat_map(|(n, part)| if seen.contains(&n) { part.clone() } else { vec![0; part.len()] })
                    .collect())
            });
            steady(|| left.next().expect("another look"), 4).map(|all| all.len()).map_err(|_| left.len())
        };
        assert_eq!(look(&[&[0, 1]]), Ok(2));
        assert_eq!(look(&[&[0, 2], &[0, 1, 3], &[0, 1, 2, 3]]), Ok(4));
        assert_eq!(look(&[&[0, 2], &[0, 2, 3], &[]]), Err(1));
    }
}
