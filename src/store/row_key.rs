//! What makes two reports the same one: all that they say, and how many times one batch says it.

use hashbrown::HashMap;
use sha2::{Digest, Sha256};

use super::bytes::Put;
use crate::model::period::Precision;
use crate::model::report::{Place, Report, Sign, Source, Status, Unit};

/// Bytes of what most sources and reports say: so they are written without growing.
const USUAL: usize = 256;

/// A number for what a source is: two that are not equal in all have different ones.
pub(super) fn source_number(source: &Source) -> u128 {
    let mut put = Put(Vec::with_capacity(USUAL));
    put_source(&mut put, source);
    short(&put.0)
}

/// All that a source is; a zone without a name is UTC.
pub(super) fn put_source(put: &mut Put, source: &Source) {
    put.text(&source.name);
    put.text(source.unit.word());
    put.text(source.feed.word());
    put.text(source.zone.iana_name().unwrap_or("UTC"));
    put.maybe(source.anonymised.as_deref(), Put::text);
    put.u8(u8::from(source.revises));
}

/// The first 16 bytes of SHA-256.
fn short(bytes: &[u8]) -> u128 {
    let hash: [u8; 32] = Sha256::digest(bytes).into();
    let mut first = [0; 16];
    first.copy_from_slice(&hash[..16]);
    u128::from_le_bytes(first)
}

/// Makes keys of the reports of one batch, in order.
#[derive(Debug, Default)]
pub(super) struct Keys {
    put: Put,
    /// How often a report came, where equal ones count.
    times: HashMap<u128, u32>,
    /// Line and reports of the row before, where only one row says several equal ones.
    line: (u16, u32),
    of_line: Vec<u128>,
}

impl Keys {
    /// The key of a report of a source: SHA-256 of all that it says but its file and line, and of its number among equal ones.
    ///
    /// Equal rows are different reports where the source's unit counts them: victims and offenses, and incidents that the ledger
    /// keeps apart since they tell no time of day or no place. Elsewhere an equal row is the same report, but for the copies
    /// that one row of a file stands for.
    pub(super) fn next(&mut self, source: u128, unit: Unit, code: &str, report: &Report<'_>) -> u128 {
        let base = self.content(source, code, report);
        let ordinal = if counts_equals(unit, report) {
            let times = self.times.entry(base).or_default();
            *times += 1;
            *times - 1
        } else {
            let line = (report.file, report.line);
            if line != self.line || report.line == 0 {
                self.line = line;
                self.of_line.clear();
            }
            let before = self.of_line.iter().filter(|&&known| known == base).count();
            self.of_line.push(base);
            u32::try_from(before).unwrap_or(u32::MAX)
        };
        numbered(base, ordinal)
    }

    /// What a report says.
    fn content(&mut self, source: u128, code: &str, report: &Report<'_>) -> u128 {
        let put = &mut self.put;
        put.0.clear();
        put.0.reserve(USUAL);
        put.u128(source);
        put.text(code);
        put.text(report.id.unwrap_or_default());
        put.i64(report.revision);
        put.u8(match report.status {
            Status::Confirmed => 0,
            Status::Unreviewed => 1,
            Status::Withdrawn => 2,
        });
        put.u8(u8::from(report.sign == Sign::TakesBack));
        put.text(report.origin.word());
        put.i64(report.when.from);
        put.u32(report.when.seconds);
        put.text(report.when.precision.word());
        put.maybe(report.recorded, |put, day| put.u32(day.0.cast_unsigned()));
        match report.place {
            Place::At(at) => {
                put.u8(1);
                put.f64(at.lon());
                put.f64(at.lat());
            }
            Place::Missing => put.u8(2),
            Place::Withheld => put.u8(3),
        }
        put.maybe(report.address, Put::text);
        put.u8(u8::from(report.intersection));
        short(&put.0)
    }
}

/// The key under a revision that the store gives, of a report keyed without one.
pub(super) fn at_revision(key: u128, revision: i64) -> u128 {
    let mut put = Put::default();
    put.u128(key);
    put.i64(revision);
    short(&put.0)
}

/// The key of one of equal reports, by its number among them.
fn numbered(base: u128, ordinal: u32) -> u128 {
    match ordinal {
        0 => base,
        n => {
            let mut put = Put::default();
            put.u128(base);
            put.u32(n);
            short(&put.0)
        }
    }
}

/// Whether a second equal row is a second report.
fn counts_equals(unit: Unit, report: &Report<'_>) -> bool {
    let vague = matches!(report.when.precision, Precision::Day | Precision::Month | Precision::Range);
    let nowhere = !matches!(report.place, Place::At(_)) && report.address.is_none();
    unit != Unit::Incident || (report.id.is_none() && (vague || nowhere))
}

/// A digest of a word that is not to be kept itself.
pub(super) fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// A hash of keys in any order.
pub(super) fn content_hash(mut keys: Vec<u128>) -> [u8; 32] {
    use rayon::slice::ParallelSliceMut;
    keys.par_sort_unstable();
    let mut hash = Sha256::new();
    keys.iter().for_each(|key| hash.update(key.to_le_bytes()));
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::class::ClassId;
    use crate::model::period::Interval;

    fn report(line: u32, id: Option<&'static str>, precision: Precision) -> Report<'static> {
        let when = Interval { from: 0, seconds: 60, precision };
        Report { line, id, address: Some("1 A ST"), ..Report::plain(ClassId(0), when, Place::Missing) }
    }

    /// Which of these reports have a key that one before has.
    fn again(unit: Unit, all: &[Report<'_>]) -> Vec<bool> {
        let mut keys = Keys::default();
        let mut seen = Vec::new();
        all.iter()
            .map(|report| {
                let key = keys.next(1, unit, "x", report);
                let again = seen.contains(&key);
                seen.push(key);
                again
            })
            .collect()
    }

    #[test]
    fn equal_rows_are_two_reports_where_the_unit_counts_them() {
        let sharp = [report(1, Some("a"), Precision::Minute), report(2, Some("a"), Precision::Minute)];
        assert_eq!(again(Unit::Victim, &sharp), [false, false]);
        assert_eq!(again(Unit::Offense, &sharp), [false, false]);
        assert_eq!(again(Unit::Incident, &sharp), [false, true]);
        let nameless = [report(1, None, Precision::Day), report(2, None, Precision::Day)];
        assert_eq!(again(Unit::Incident, &nameless), [false, false]);
        let nameless = [report(1, None, Precision::Minute), report(2, None, Precision::Minute)];
        assert_eq!(again(Unit::Incident, &nameless), [false, true]);
    }

    #[test]
    fn copies_that_one_row_stands_for_are_kept_apart_and_the_row_again_is_not() {
        let row = report(5, Some("a"), Precision::Minute);
        let later = report(9, Some("a"), Precision::Minute);
        assert_eq!(
            again(Unit::Incident, &[row, row, later, later, later]),
            [false, false, true, true, false]
        );
        // Without a line nobody knows that it is one row.
        let made = report(0, Some("a"), Precision::Minute);
        assert_eq!(again(Unit::Incident, &[made, made]), [false, true]);
    }

    #[test]
    fn all_that_a_report_says_is_in_its_key_but_not_where_it_stood() {
        let one = report(1, Some("a"), Precision::Minute);
        let others = [
            Report { id: Some("b"), ..one },
            Report { id: None, ..one },
            Report { revision: 1, ..one },
            Report { status: Status::Withdrawn, ..one },
            Report { sign: Sign::TakesBack, ..one },
            Report { when: Interval { from: 1, ..one.when }, ..one },
            Report { when: Interval { seconds: 1, ..one.when }, ..one },
            Report { recorded: Some(crate::model::report::Day(0)), ..one },
            Report { place: Place::Withheld, ..one },
            Report { address: None, ..one },
            Report { intersection: true, ..one },
        ];
        for other in others {
            assert_eq!(again(Unit::Incident, &[one, other]), [false, false], "{other:?}");
        }
        assert_eq!(again(Unit::Incident, &[one, Report { file: 3, line: 7, ..one }]), [false, true]);
        assert_ne!(
            Keys::default().next(1, Unit::Incident, "x", &one),
            Keys::default().next(2, Unit::Incident, "x", &one)
        );
        assert_ne!(
            Keys::default().next(1, Unit::Incident, "x", &one),
            Keys::default().next(1, Unit::Incident, "y", &one)
        );
    }
}
