//! Reports in rows of 48 bytes beside their texts, so that a million fit where a thousand did.

use super::class::{ClassId, Classes};
use super::period::Interval;
use super::report::{Day, Place, Report, Sign, Source, Status};
use super::report_row::{INTERSECTION, NO_ADDRESS, NOWHERE, Row, WITHHELD};
use super::texts::{Interned, Texts};

/// Stands where a report does not tell when it was recorded.
const NO_DAY: i32 = i32::MIN;

/// All reports in the order in which they came, with the tables that they point into.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// The feeds.
    pub sources: Vec<Source>,
    /// The files, by the names that were given.
    pub files: Vec<String>,
    /// The classes met so far.
    pub classes: Classes,
    /// The reports.
    pub reports: Reports,
}

/// Reports, one row of fixed size each and their texts beside; a report is known by its position.
///
/// Rows, not columns: incidents are made in the order of their places, which reads one report here, the next one there.
#[derive(Clone, Debug, Default)]
pub struct Reports {
    rows: Vec<Row>,
    /// Empty where the source has none: an id is never an empty text.
    ids: Texts,
    /// Empty as long as all are 0.
    pub(super) revision: Vec<i64>,
    /// Empty as long as none has one.
    recorded: Vec<i32>,
    addresses: Interned,
    /// Whether one may have another status than confirmed, and whether one may take another back: files without such a
    /// report need not be searched for any.
    unconfirmed: bool,
    taking_back: bool,
}

impl Reports {
    /// Adds a report at the end.
    pub fn push(&mut self, report: &Report<'_>) {
        let address = report.address.map_or(NO_ADDRESS, |text| self.addresses.intern(text));
        self.put(report, address);
    }

    /// None yet, but these addresses, which reports name by their places in the list; `None` if one stands twice.
    #[must_use]
    pub fn over(addresses: &[&str]) -> Option<Self> {
        let mut all = Self::default();
        for text in addresses {
            all.addresses.intern(text);
        }
        (all.addresses.len() == addresses.len()).then_some(all)
    }

    /// Makes room for so many further reports, if there is as much; they may be fewer or more.
    pub fn expect(&mut self, further: usize) {
        // What cannot be had now is asked for again when it is needed.
        let _ = self.rows.try_reserve_exact(further);
        self.ids.expect(further);
    }

    /// Adds a report at the end with an address by its number, which is below how many there are; its own text is not looked at.
    pub fn push_addressed(&mut self, report: &Report<'_>, address: Option<u32>) {
        self.put(report, address.unwrap_or(NO_ADDRESS));
    }

    fn put(&mut self, report: &Report<'_>, address: u32) {
        self.ids.push(report.id.unwrap_or_default());
        if report.revision != 0 && self.revision.is_empty() {
            self.revision = vec![0; self.len()];
        }
        if report.revision != 0 || !self.revision.is_empty() {
            self.revision.push(report.revision);
        }
        if report.recorded.is_some() && self.recorded.is_empty() {
            self.recorded = vec![NO_DAY; self.len()];
        }
        if report.recorded.is_some() || !self.recorded.is_empty() {
            self.recorded.push(report.recorded.map_or(NO_DAY, |day| day.0));
        }
        self.unconfirmed |= report.status != Status::Confirmed;
        self.taking_back |= report.sign != Sign::Adds;
        self.rows.push(Row::of(report, address));
    }

    /// How many there are.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The report at a position.
    #[must_use]
    #[inline]
    pub fn get(&self, at: usize) -> Report<'_> {
        self.report(at, &self.rows[at], self.ids.get(at))
    }

    /// The reports at some positions that lie far apart. What is fixed is fetched first, then the ids, so that many wait
    /// for memory together and not each for itself.
    pub(super) fn fetch<'a>(&'a self, at: &[usize]) -> Fetched<'a> {
        let rows = at.iter().map(|&at| self.rows[at]).collect();
        Fetched { reports: self, rows, ids: self.ids.get_all(at) }
    }

    #[inline]
    fn report<'a>(&'a self, at: usize, row: &Row, id: &'a str) -> Report<'a> {
        let address = Some(row.address).filter(|&number| number != NO_ADDRESS && !self.addresses.is_empty());
        Report {
            source: row.source,
            file: row.file,
            line: row.line,
            id: Some(id).filter(|id| !id.is_empty()),
            revision: self.revision.get(at).copied().unwrap_or(0),
            status: row.kind.status,
            sign: row.sign(),
            class: row.class,
            origin: row.kind.origin,
            when: row.when(),
            recorded: self.recorded.get(at).copied().filter(|&day| day != NO_DAY).map(Day),
            place: row.place(),
            address: address.map(|number| self.addresses.get(number)),
            intersection: row.kind.bits & INTERSECTION != 0,
        }
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Report<'_>> + '_ {
        (0..self.len()).map(|at| self.get(at))
    }

    /// The source's id.
    #[must_use]
    #[inline]
    pub fn id(&self, at: usize) -> Option<&str> {
        Some(self.ids.get(at)).filter(|id| !id.is_empty())
    }

    /// Position of its source.
    #[must_use]
    #[inline]
    pub fn source(&self, at: usize) -> u16 {
        self.rows[at].source
    }

    /// Its class.
    #[must_use]
    #[inline]
    pub fn class(&self, at: usize) -> ClassId {
        self.rows[at].class
    }

    /// The same as a list of one.
    #[must_use]
    #[inline]
    pub(super) fn class_of(&self, at: usize) -> &[ClassId] {
        std::slice::from_ref(&self.rows[at].class)
    }

    /// Adds or takes back.
    #[must_use]
    #[inline]
    pub fn sign(&self, at: usize) -> Sign {
        self.rows[at].sign()
    }

    /// How far it has been looked at.
    #[must_use]
    #[inline]
    pub fn status(&self, at: usize) -> Status {
        self.rows[at].kind.status
    }

    /// Where.
    #[must_use]
    #[inline]
    pub fn place(&self, at: usize) -> Place {
        self.rows[at].place()
    }

    /// When.
    #[must_use]
    #[inline]
    pub fn when(&self, at: usize) -> Interval {
        self.rows[at].when()
    }

    /// Its address, as long as the addresses have not been taken out.
    #[must_use]
    #[inline]
    pub fn address_text(&self, at: usize) -> Option<&str> {
        self.address(at).filter(|_| !self.addresses.is_empty()).map(|number| self.addresses.get(number))
    }

    /// Number of its address among all addresses.
    #[must_use]
    #[inline]
    pub fn address(&self, at: usize) -> Option<u32> {
        Some(self.rows[at].address).filter(|&number| number != NO_ADDRESS)
    }

    /// Whether any report has a revision other than 0.
    #[must_use]
    pub fn revised(&self) -> bool {
        !self.revision.is_empty()
    }

    /// Whether any report may have another status than confirmed; where not, none has.
    #[must_use]
    pub fn unconfirmed(&self) -> bool {
        self.unconfirmed
    }

    /// Whether any report may take another back; where not, none does.
    #[must_use]
    pub fn taking_back(&self) -> bool {
        self.taking_back
    }

    /// Whether any report tells when it was recorded.
    #[must_use]
    pub fn recorded(&self) -> bool {
        !self.recorded.is_empty()
    }

    /// Takes the addresses out, by number; the reports keep the numbers alone.
    #[must_use]
    pub fn take_addresses(&mut self) -> Texts {
        std::mem::take(&mut self.addresses).into_texts()
    }

    /// The addresses, by number.
    #[must_use]
    pub fn addresses(&self) -> &Interned {
        &self.addresses
    }

    /// Adds the reports of another file at the end. Its source and file become the given ones, its
    /// classes what `class` makes of them; a report whose class is kept back loses its empty place to
    /// [`Place::Withheld`].
    pub fn append(
        &mut self,
        mut other: Self,
        (source, file): (u16, u16),
        class: impl Fn(ClassId) -> ClassId,
        kept_back: impl Fn(ClassId) -> bool,
    ) {
        for row in &mut other.rows {
            (row.source, row.file, row.class) = (source, file, class(row.class));
            if row.place == NOWHERE && kept_back(row.class) {
                row.kind.bits |= WITHHELD;
            }
        }
        self.join(other);
    }

    /// Lets those go that are not to be kept; the others move up, in the room that is there. Addresses stay.
    pub(crate) fn keep(&mut self, keep: impl Fn(usize) -> bool) {
        fn retain<T>(all: &mut Vec<T>, keep: impl Fn(usize) -> bool) {
            let mut at = 0;
            all.retain(|_| {
                at += 1;
                keep(at - 1)
            });
        }
        retain(&mut self.rows, &keep);
        retain(&mut self.revision, &keep);
        retain(&mut self.recorded, &keep);
        self.ids.keep(keep);
    }

    /// Adds reports that have the same sources, files and classes at the end.
    pub fn join(&mut self, mut other: Self) {
        if self.is_empty() {
            *self = other;
            return;
        }
        if !other.revision.is_empty() && self.revision.is_empty() {
            self.revision = vec![0; self.len()];
        }
        if !self.revision.is_empty() {
            other.revision.resize(other.len(), 0);
            self.revision.append(&mut other.revision);
        }
        if !other.recorded.is_empty() && self.recorded.is_empty() {
            self.recorded = vec![NO_DAY; self.len()];
        }
        if !self.recorded.is_empty() {
            other.recorded.resize(other.len(), NO_DAY);
            self.recorded.append(&mut other.recorded);
        }
        (0..other.len()).for_each(|at| self.ids.push(other.ids.get(at)));
        self.unconfirmed |= other.unconfirmed;
        self.taking_back |= other.taking_back;
        let number: Vec<u32> = (0..other.addresses.len())
            .map(|at| self.addresses.intern(other.addresses.get(u32::try_from(at).unwrap_or(NO_ADDRESS))))
            .collect();
        for row in &mut other.rows {
            row.address = number.get(row.address as usize).copied().unwrap_or(NO_ADDRESS);
        }
        self.rows.append(&mut other.rows);
    }
}

/// Reports that lie far apart, fetched; each by its place among the positions that were asked for.
pub(super) struct Fetched<'a> {
    reports: &'a Reports,
    rows: Vec<Row>,
    ids: Vec<&'a str>,
}

impl<'a> Fetched<'a> {
    /// A report, which stands at this position in the ledger.
    #[inline]
    pub(super) fn get(&self, which: usize, at: usize) -> Report<'a> {
        self.reports.report(at, &self.rows[which], self.ids[which])
    }

    /// Where it happened.
    #[inline]
    pub(super) fn place(&self, which: usize) -> Place {
        self.rows[which].place()
    }
}

impl<'a> FromIterator<Report<'a>> for Reports {
    fn from_iter<I: IntoIterator<Item = Report<'a>>>(reports: I) -> Self {
        let mut all = Self::default();
        reports.into_iter().for_each(|report| all.push(&report));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::period::Precision;
    use crate::model::report::Origin;
    use crate::space::coord::LonLat;

    fn report(id: &'static str, revision: i64, address: Option<&'static str>) -> Report<'static> {
        Report {
            source: 0,
            file: 0,
            line: 2,
            id: Some(id).filter(|id| !id.is_empty()),
            revision,
            status: Status::Unreviewed,
            sign: Sign::TakesBack,
            class: ClassId(1),
            origin: Origin::Sensor,
            when: Interval { from: -5, seconds: 60, precision: Precision::Minute },
            recorded: Some(Day(17_000)),
            place: Place::At(LonLat::new(-90.0, 38.0).expect("on the globe")),
            address,
            intersection: true,
        }
    }

    #[test]
    fn a_report_comes_back_as_it_went_in() {
        let all: Reports =
            [report("a", 0, None), report("", 7, Some("1 A ST")), report("b", 0, Some("1 A ST"))]
                .into_iter()
                .collect();
        let second = all.get(1);
        assert_eq!((second.id, second.revision, second.address), (None, 7, Some("1 A ST")));
        assert_eq!(
            (second.sign, second.status, second.origin),
            (Sign::TakesBack, Status::Unreviewed, Origin::Sensor)
        );
        assert_eq!((second.recorded, second.line, second.intersection), (Some(Day(17_000)), 2, true));
        assert!(matches!(second.place, Place::At(at) if at.lon() == -90.0));
        assert_eq!((all.get(0).revision, all.get(2).revision), (0, 0));
        assert_eq!(all.address(1), all.address(2));
    }

    fn fetched<'a>(all: &'a Reports, at: &[usize]) -> Vec<Report<'a>> {
        let fetched = all.fetch(at);
        at.iter()
            .enumerate()
            .map(|(which, &at)| {
                assert_eq!(fetched.place(which), all.place(at));
                fetched.get(which, at)
            })
            .collect()
    }

    #[test]
    fn reports_that_lie_far_apart_come_as_each_by_itself() {
        let mut missing = Report { place: Place::Missing, ..report("", 2, Some("1 A ST")) };
        let rows = [report("a", 0, None), missing, report("ccc", 0, Some("2 B ST"))];
        let mut all: Reports = rows.into_iter().collect();
        missing.recorded = None;
        all.push(&missing);
        let told = |some: Vec<Report<'_>>| some.iter().map(|one| format!("{one:?}")).collect::<Vec<_>>();
        for at in [&[][..], &[3, 0, 2, 1, 0], &[2]] {
            assert_eq!(told(fetched(&all, at)), told(at.iter().map(|&at| all.get(at)).collect()));
        }
        drop(all.take_addresses());
        assert_eq!(told(fetched(&all, &[2, 1])), told(vec![all.get(2), all.get(1)]));
        assert_eq!((all.get(2).address, all.address(2)), (None, Some(1)));
    }

    #[test]
    fn the_day_of_the_record_is_kept_where_only_some_reports_tell_it() {
        let day = |day: Option<i32>| Report { recorded: day.map(Day), ..report("a", 0, None) };
        let days = |all: &Reports| all.iter().map(|one| one.recorded.map(|day| day.0)).collect::<Vec<_>>();
        let of = |days: &[Option<i32>]| days.iter().map(|&one| day(one)).collect::<Reports>();
        let lists = [&[None, None][..], &[None, Some(7), None], &[Some(-3), None]];
        for (first, second) in lists.iter().flat_map(|first| lists.map(|second| (first, second))) {
            let mut all = of(first);
            assert_eq!(days(&all), *first);
            assert_eq!(all.recorded(), first.iter().any(Option::is_some));
            all.join(of(second));
            all.push(&day(Some(9)));
            all.push(&day(None));
            let mut expected = [first, second, &[Some(9), None][..]].concat();
            assert_eq!(days(&all), expected);
            all.keep(|at| at != 1);
            expected.remove(1);
            assert_eq!(days(&all), expected);
        }
    }

    #[test]
    fn those_that_are_kept_are_as_they_were() {
        for revision in [0, 3] {
            let rows = [
                report("a", 0, None),
                report("", revision, Some("1 A ST")),
                report("bb", revision, None),
                report("c", 0, Some("1 A ST")),
            ];
            let mut all: Reports = rows.into_iter().collect();
            all.keep(|at| at != 1);
            all.push(&rows[1]);
            let left: Reports = [rows[0], rows[2], rows[3], rows[1]].into_iter().collect();
            let told = |all: &Reports| all.iter().map(|one| format!("{one:?}")).collect::<Vec<_>>();
            assert_eq!(told(&all), told(&left));
            assert_eq!(all.revised(), revision != 0);
        }
    }

    #[test]
    fn reports_of_two_files_keep_their_texts_and_get_their_numbers() {
        let mut all: Reports = [report("a", 0, Some("1 A ST"))].into_iter().collect();
        let missing = Report { place: Place::Missing, ..report("c", 3, Some("2 B ST")) };
        let other: Reports = [report("b", 0, Some("1 A ST")), missing].into_iter().collect();
        all.append(other, (4, 9), |class| ClassId(class.0 + 10), |class| class == ClassId(11));
        assert_eq!((0..3).map(|at| all.get(at).id).collect::<Vec<_>>(), [Some("a"), Some("b"), Some("c")]);
        assert_eq!((0..3).map(|at| all.get(at).revision).collect::<Vec<_>>(), [0, 0, 3]);
        assert_eq!((all.address(0), all.get(2).address), (all.address(1), Some("2 B ST")));
        assert_eq!((all.get(2).source, all.get(2).file, all.get(2).class), (4, 9, ClassId(11)));
        assert_eq!(all.get(2).place, Place::Withheld);
    }
}
