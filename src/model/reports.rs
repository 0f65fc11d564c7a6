//! Reports in columns: about 60 bytes each, so that a million rows fit where a thousand did.

use super::class::{ClassId, Classes};
use super::period::{Interval, Precision};
use super::report::{Day, Origin, Place, Report, Sign, Source, Status};
use super::texts::{Interned, Texts};
use crate::space::coord::LonLat;

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

/// Reports, column by column; a report is known by its position.
#[derive(Clone, Debug, Default)]
pub struct Reports {
    source: Vec<u16>,
    file: Vec<u16>,
    line: Vec<u32>,
    /// Empty where the source has none: an id is never an empty text.
    ids: Texts,
    /// Empty as long as all are 0.
    revision: Vec<i64>,
    kind: Vec<Kind>,
    class: Vec<ClassId>,
    from: Vec<i64>,
    seconds: Vec<u32>,
    recorded: Vec<i32>,
    place: Vec<(f64, f64)>,
    address: Vec<u32>,
    addresses: Interned,
}

/// What fits in one byte each, together.
#[derive(Clone, Copy, Debug)]
struct Kind {
    precision: Precision,
    status: Status,
    origin: Origin,
    /// 1 takes back, 2 withheld, 4 intersection.
    bits: u8,
}

const TAKES_BACK: u8 = 1;
const WITHHELD: u8 = 2;
const INTERSECTION: u8 = 4;
const NO_ADDRESS: u32 = u32::MAX;
const NO_DAY: i32 = i32::MIN;
/// Stands where there is no place; no place on the globe has it.
const NOWHERE: (f64, f64) = (f64::INFINITY, f64::INFINITY);

impl Reports {
    /// Adds a report at the end.
    pub fn push(&mut self, report: &Report<'_>) {
        let at = self.len();
        self.source.push(report.source);
        self.file.push(report.file);
        self.line.push(report.line);
        self.ids.push(report.id.unwrap_or_default());
        if report.revision != 0 && self.revision.is_empty() {
            self.revision = vec![0; at];
        }
        if report.revision != 0 || !self.revision.is_empty() {
            self.revision.push(report.revision);
        }
        let bit = |set: bool, bit: u8| if set { bit } else { 0 };
        self.kind.push(Kind {
            precision: report.when.precision,
            status: report.status,
            origin: report.origin,
            bits: bit(report.sign == Sign::TakesBack, TAKES_BACK)
                | bit(report.place == Place::Withheld, WITHHELD)
                | bit(report.intersection, INTERSECTION),
        });
        self.class.push(report.class);
        self.from.push(report.when.from);
        self.seconds.push(report.when.seconds);
        self.recorded.push(report.recorded.map_or(NO_DAY, |day| day.0));
        self.place.push(match report.place {
            Place::At(at) => (at.lon(), at.lat()),
            Place::Missing | Place::Withheld => NOWHERE,
        });
        self.address.push(report.address.map_or(NO_ADDRESS, |text| self.addresses.intern(text)));
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.source.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.source.is_empty()
    }

    /// The report at a position.
    #[must_use]
    pub fn get(&self, at: usize) -> Report<'_> {
        let kind = self.kind[at];
        Report {
            source: self.source[at],
            file: self.file[at],
            line: self.line[at],
            id: self.id(at),
            revision: self.revision.get(at).copied().unwrap_or(0),
            status: kind.status,
            sign: self.sign(at),
            class: self.class[at],
            origin: kind.origin,
            when: Interval { from: self.from[at], seconds: self.seconds[at], precision: kind.precision },
            recorded: Some(self.recorded[at]).filter(|&day| day != NO_DAY).map(Day),
            place: self.place(at),
            address: self.address(at).filter(|_| !self.addresses.is_empty()).map(|n| self.addresses.get(n)),
            intersection: kind.bits & INTERSECTION != 0,
        }
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Report<'_>> + '_ {
        (0..self.len()).map(|at| self.get(at))
    }

    /// The source's id.
    #[must_use]
    pub fn id(&self, at: usize) -> Option<&str> {
        Some(self.ids.get(at)).filter(|id| !id.is_empty())
    }

    /// Position of its source.
    #[must_use]
    pub fn source(&self, at: usize) -> u16 {
        self.source[at]
    }

    /// Its class.
    #[must_use]
    pub fn class(&self, at: usize) -> ClassId {
        self.class[at]
    }

    /// Adds or takes back.
    #[must_use]
    pub fn sign(&self, at: usize) -> Sign {
        if self.kind[at].bits & TAKES_BACK == 0 { Sign::Adds } else { Sign::TakesBack }
    }

    /// How far it has been looked at.
    #[must_use]
    pub fn status(&self, at: usize) -> Status {
        self.kind[at].status
    }

    /// Where.
    #[must_use]
    pub fn place(&self, at: usize) -> Place {
        let (lon, lat) = self.place[at];
        match LonLat::new(lon, lat) {
            Ok(at) => Place::At(at),
            Err(_) if self.kind[at].bits & WITHHELD != 0 => Place::Withheld,
            Err(_) => Place::Missing,
        }
    }

    /// Number of its address among all addresses.
    #[must_use]
    pub fn address(&self, at: usize) -> Option<u32> {
        Some(self.address[at]).filter(|&number| number != NO_ADDRESS)
    }

    /// Whether any report has a revision other than 0.
    #[must_use]
    pub fn revised(&self) -> bool {
        !self.revision.is_empty()
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
        other.source.iter_mut().for_each(|s| *s = source);
        other.file.iter_mut().for_each(|f| *f = file);
        for at in 0..other.len() {
            other.class[at] = class(other.class[at]);
            if other.place[at] == NOWHERE && kept_back(other.class[at]) {
                other.kind[at].bits |= WITHHELD;
            }
        }
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
        (0..other.len()).for_each(|at| self.ids.push(other.ids.get(at)));
        let number: Vec<u32> = (0..other.addresses.len())
            .map(|at| self.addresses.intern(other.addresses.get(u32::try_from(at).unwrap_or(NO_ADDRESS))))
            .collect();
        let renumbered = |at: u32| number.get(at as usize).copied().unwrap_or(NO_ADDRESS);
        self.address.extend(other.address.into_iter().map(renumbered));
        self.source.append(&mut other.source);
        self.file.append(&mut other.file);
        self.line.append(&mut other.line);
        self.kind.append(&mut other.kind);
        self.class.append(&mut other.class);
        self.from.append(&mut other.from);
        self.seconds.append(&mut other.seconds);
        self.recorded.append(&mut other.recorded);
        self.place.append(&mut other.place);
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
