//! What files say of one event: the rows of one file belong together, and what an earlier file said already counts once.

use hashbrown::HashMap;

use super::report::{Place, Report, Status};
use super::reports::{Ledger, Reports};

impl Reports {
    /// Gives all rows of an event the highest revision that one of them has: these are the reports of one file, which
    /// tells all that its source knows, and dates each row by itself.
    ///
    /// An event that the highest revision withdraws keeps its revisions, so that the others go with it.
    pub fn level(&mut self) {
        if !self.revised() {
            return;
        }
        let mut highest: HashMap<&str, (i64, bool)> = HashMap::new();
        for report in self.iter() {
            let Some(id) = report.id else { continue };
            let withdrawn = report.status == Status::Withdrawn;
            let known = highest.entry(id).or_insert((report.revision, false));
            if report.revision > known.0 {
                *known = (report.revision, withdrawn);
            } else if report.revision == known.0 {
                known.1 |= withdrawn;
            }
        }
        let levelled = self.iter().map(|report| match report.id.and_then(|id| highest.get(id)) {
            Some(&(revision, false)) => revision,
            _ => report.revision,
        });
        let levelled: Vec<i64> = levelled.collect();
        drop(highest);
        self.revision = levelled;
    }
}

impl Ledger {
    /// Leaves out what an earlier file says already, word for word and as often, of the same revision of an event, where
    /// later files revise what earlier ones said; gives how many reports that were.
    ///
    /// What a store has taken in before it knows in the same way, so that several files in one call and one after the other
    /// come to the same. Time O(n).
    pub fn leave_out_retold(&mut self) -> usize {
        let several = self.files.len() > 1 && self.sources.iter().any(|source| source.revises);
        if !several || !self.reports.revised() {
            return 0;
        }
        let reports = std::mem::take(&mut self.reports);
        let revises = |report: &Report<'_>| self.sources[usize::from(report.source)].revises;
        let mut files: HashMap<(u16, &str, i64), (u16, bool)> = HashMap::new();
        for report in reports.iter().filter(revises) {
            let Some(id) = report.id else { continue };
            let first = files.entry((report.source, id, report.revision)).or_insert((report.file, false));
            first.1 |= first.0 != report.file;
        }
        let several = |report: &Report<'_>| {
            let files = report.id.and_then(|id| files.get(&(report.source, id, report.revision)));
            revises(report) && files.is_some_and(|files| files.1)
        };
        // How often the files before said it at most, and this one so far.
        let mut said = HashMap::new();
        let mut kept = Reports::default();
        for report in reports.iter() {
            if several(&report) {
                let (before, file, times) = said.entry(words(report)).or_insert((0, report.file, 0));
                if *file != report.file {
                    (*before, *file, *times) = ((*before).max(*times), report.file, 0);
                }
                *times += 1;
                if *times <= *before {
                    continue;
                }
            }
            kept.push(&report);
        }
        let out = reports.len() - kept.len();
        drop((files, said));
        self.reports = kept;
        out
    }
}

/// All that a report says, but for where it stood.
fn words(report: Report<'_>) -> impl Eq + std::hash::Hash + use<'_> {
    let place = match report.place {
        Place::At(at) => (at.lon().to_bits(), at.lat().to_bits()),
        Place::Missing => (0, 0),
        Place::Withheld => (0, 1),
    };
    let when = (report.when.from, report.when.seconds, report.when.precision.word());
    let what = (report.class, report.sign as u8, report.status, report.origin.word(), report.intersection);
    ((report.source, report.id, report.revision), when, what, report.recorded, place, report.address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::class::ClassId;
    use crate::model::period::{Interval, Precision};
    use crate::model::report::{Source, Unit};

    const WHEN: Interval = Interval { from: 0, seconds: 60, precision: Precision::Minute };

    fn row(file: u16, class: u16, revision: i64) -> Report<'static> {
        let plain = Report::plain(ClassId(class), WHEN, Place::Missing);
        Report { id: Some("a"), file, revision, ..plain }
    }

    fn ledger(reports: &[Report<'_>]) -> Ledger {
        let mut source = Source::new("s", Unit::Victim, jiff::tz::TimeZone::UTC);
        source.revises = true;
        Ledger {
            sources: vec![source],
            files: ["a.csv", "b.csv", "c.csv"].map(str::to_owned).into(),
            reports: reports.iter().copied().collect(),
            ..Ledger::default()
        }
    }

    fn levelled(rows: &[Report<'_>]) -> Vec<i64> {
        let mut reports: Reports = rows.iter().copied().collect();
        reports.level();
        reports.iter().map(|report| report.revision).collect()
    }

    #[test]
    fn the_rows_of_one_event_in_one_file_have_one_revision() {
        let other = Report { id: Some("b"), ..row(0, 0, 2) };
        let nameless = Report { id: None, ..row(0, 0, 1) };
        assert_eq!(levelled(&[row(0, 0, 7), row(0, 1, 1), other, nameless]), [7, 7, 2, 1]);
        assert_eq!(levelled(&[row(0, 0, 0), row(0, 1, 0)]), [0, 0]);
        let withdrawn = Report { status: Status::Withdrawn, ..row(0, 0, 7) };
        assert_eq!(levelled(&[row(0, 0, 1), withdrawn]), [1, 7]);
        // What is withdrawn before it is told again is told.
        assert_eq!(levelled(&[Report { revision: 1, ..withdrawn }, row(0, 0, 7)]), [7, 7]);
    }

    #[test]
    fn what_two_files_tell_of_one_revision_counts_as_often_as_one_of_them_tells_it() {
        let twice = [row(0, 0, 7), row(0, 0, 7), row(0, 1, 7)];
        let again = twice.map(|report| Report { file: 1, line: 9, ..report });
        let more = [row(1, 0, 7), row(1, 0, 7), row(1, 0, 7), row(1, 2, 7)];
        for (later, out) in [(&again[..], 3), (&more[..], 2)] {
            let mut all = ledger(&[&twice[..], later].concat());
            assert_eq!(all.leave_out_retold(), out);
            assert_eq!(all.reports.len(), 3 + later.len() - out);
        }
        // Two in one file and one in each of three others are two.
        let mut all = ledger(&[row(0, 0, 7), row(1, 0, 7), row(1, 0, 7), row(2, 0, 7)]);
        assert_eq!((all.leave_out_retold(), all.reports.len()), (2, 2));
    }

    #[test]
    fn what_differs_in_a_word_or_adds_by_file_stays() {
        let mut all =
            ledger(&[row(0, 0, 7), row(1, 0, 8), Report { origin: Default::default(), ..row(2, 1, 7) }]);
        assert_eq!(all.leave_out_retold(), 0);
        let mut adds = ledger(&[row(0, 0, 7), row(1, 0, 7)]);
        adds.sources[0].revises = false;
        assert_eq!((adds.leave_out_retold(), adds.reports.len()), (0, 2));
    }
}
