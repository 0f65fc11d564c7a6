//! The quality of a source's reports: places, times, classes, origins, gaps, corrections.

use std::collections::BTreeMap;

use super::share::{LEAST_LOCATED, Located};
use crate::aggregate::aoristic::{self, HOURS};
use crate::model::category::Flags;
use crate::model::class::ClassId;
use crate::model::horizon::{Horizon, horizons};
use crate::model::ledger::{Resolution, standing};
use crate::model::period::Precision;
use crate::model::report::{Day, Origin, Report, Sign, Source};
use crate::model::reports::Ledger;

/// The times of day, in seconds and in words, that sources write where they do not know.
pub const STANDING: [(i64, &str); 3] = [(0, "00:00"), (60, "00:01"), (43_200, "12:00")];

/// A share of all times at one minute of the day above which that minute stands for 'unknown'; by chance it is 0.0007.
pub const PILE_OF_TIMES: f64 = 0.01;

/// Which of [`STANDING`] stand for 'unknown', by how many of all times are at each.
pub(crate) fn piles(standing: [usize; STANDING.len()], all: usize) -> [bool; STANDING.len()] {
    standing.map(|n| n as f64 > PILE_OF_TIMES * all as f64)
}

/// What is to be known of one source.
#[derive(Clone, Debug)]
pub struct SourceQuality {
    /// The source.
    pub source: Source,
    /// Its reports, those that take back included.
    pub reports: usize,
    /// Reports that take an earlier one back.
    pub corrections: usize,
    /// Corrections that match nothing, by file and line.
    pub unmatched: Vec<(String, u32)>,
    /// Where those are that stand: the others, but for what was revised or taken back.
    pub located: Located,
    /// The same by class, in the order of their codes.
    pub by_class: Vec<(ClassId, Located)>,
    /// The same by local year of occurrence.
    pub by_year: BTreeMap<i16, Located>,
    /// Who brought them up, in the order of [`Origin::ALL`].
    pub origins: [usize; 4],
    /// Those of unknown origin whose class no one reports: found by officers, as their class tells.
    pub inferred_officer: usize,
    /// How exactly they tell their time, by the word for it.
    pub precision: BTreeMap<&'static str, usize>,
    /// Those that tell the minute, or the second.
    pub to_the_minute: usize,
    /// Of these, at each of [`STANDING`].
    pub standing: [usize; STANDING.len()],
    /// Reports by hour of the local week, Monday's first hour first; those of a range shared out over it.
    pub hours: [f64; HOURS],
    /// Months between the first and the last with many that have none, or few beside the months around, as year and month.
    pub gaps: Vec<(i16, i8)>,
    /// Until when it is complete; `None` where it does not tell when it recorded.
    pub horizon: Option<Horizon>,
    /// Reports of what happened after it was recorded.
    pub from_the_future: usize,
    /// Classes in no category, with their reports, the most frequent first.
    pub unmapped: Vec<(ClassId, usize)>,
}

impl SourceQuality {
    /// Classes of which too few have a place, for scores that weigh classes against each other.
    #[must_use]
    pub fn barred(&self) -> Vec<ClassId> {
        self.by_class.iter().filter(|(_, l)| l.share() < LEAST_LOCATED).map(|(class, _)| *class).collect()
    }

    /// Which of [`STANDING`] stand for 'unknown'.
    #[must_use]
    pub fn time_piles(&self) -> [bool; STANDING.len()] {
        piles(self.standing, self.to_the_minute)
    }
}

/// The quality of every source of a ledger, in their order. Time O(n).
#[must_use]
pub fn of(ledger: &Ledger, resolution: &Resolution) -> Vec<SourceQuality> {
    let horizons = horizons(ledger);
    let mut all: Vec<Counting> = ledger.sources.iter().map(|source| Counting::new(source, ledger)).collect();
    let standing = standing(ledger);
    for (report, stands) in ledger.reports.iter().zip(standing) {
        let horizon = horizons[usize::from(report.source)];
        all[usize::from(report.source)].add((&report, stands), ledger, horizon);
    }
    for &at in &resolution.unmatched {
        let report = ledger.reports.get(at);
        let file = ledger.files.get(usize::from(report.file)).cloned().unwrap_or_default();
        all[usize::from(report.source)].done.unmatched.push((file, report.line));
    }
    all.into_iter().zip(horizons).map(|(counting, horizon)| counting.finish(ledger, horizon)).collect()
}

/// A source being counted.
struct Counting {
    done: SourceQuality,
    classes: Vec<Located>,
    months: BTreeMap<(i16, i8), usize>,
}

impl Counting {
    fn new(source: &Source, ledger: &Ledger) -> Self {
        Self {
            done: SourceQuality {
                source: source.clone(),
                reports: 0,
                corrections: 0,
                unmatched: Vec::new(),
                located: Located::default(),
                by_class: Vec::new(),
                by_year: BTreeMap::new(),
                origins: [0; 4],
                inferred_officer: 0,
                precision: BTreeMap::new(),
                to_the_minute: 0,
                standing: [0; STANDING.len()],
                hours: [0.0; HOURS],
                gaps: Vec::new(),
                horizon: None,
                from_the_future: 0,
                unmapped: Vec::new(),
            },
            classes: vec![Located::default(); ledger.classes.rows().len()],
            months: BTreeMap::new(),
        }
    }

    fn add(&mut self, (report, stands): (&Report<'_>, bool), ledger: &Ledger, horizon: Option<Horizon>) {
        let done = &mut self.done;
        done.reports += 1;
        if report.sign == Sign::TakesBack {
            done.corrections += 1;
        }
        if !stands {
            return;
        }
        done.located.add(report.place);
        self.classes[usize::from(report.class.0)].add(report.place);
        let place_of = |origin: Origin| Origin::ALL.iter().position(|o| *o == origin).unwrap_or(3);
        done.origins[place_of(report.origin)] += 1;
        let proactive = ledger.classes.get(report.class).flags.has(Flags::PROACTIVE);
        done.inferred_officer += usize::from(report.origin == Origin::Unknown && proactive);
        *done.precision.entry(report.when.precision.word()).or_default() += 1;
        let zone = &done.source.zone;
        let offset =
            jiff::Timestamp::from_second(report.when.from).map_or(0, |at| zone.to_offset(at).seconds());
        let local = report.when.from + i64::from(offset);
        aoristic::add(&mut done.hours, local, report.when.seconds);
        if matches!(report.when.precision, Precision::Minute | Precision::Second) {
            done.to_the_minute += 1;
            for (n, (second, _)) in done.standing.iter_mut().zip(STANDING) {
                *n += usize::from(local.rem_euclid(86_400) == second);
            }
        }
        let known = report.recorded.or(horizon.map(|h| h.as_of));
        let occurred = i32::try_from(report.when.from.div_euclid(86_400)).unwrap_or(i32::MAX);
        done.from_the_future += usize::from(known.is_some_and(|Day(known)| occurred > known + 1));
        if let Some(date) = i32::try_from(local.div_euclid(86_400)).ok().and_then(|day| Day(day).date()) {
            done.by_year.entry(date.year()).or_default().add(report.place);
            *self.months.entry((date.year(), date.month())).or_default() += 1;
        }
    }

    fn finish(self, ledger: &Ledger, horizon: Option<Horizon>) -> SourceQuality {
        let Self { mut done, classes, months, .. } = self;
        let id = |at: usize| ClassId(u16::try_from(at).unwrap_or(u16::MAX));
        let met = classes.iter().enumerate().filter(|(_, l)| l.reports() > 0);
        done.by_class = met.map(|(at, located)| (id(at), *located)).collect();
        let code = |class: ClassId| ledger.classes.get(class).code.as_str();
        done.by_class.sort_by(|a, b| code(a.0).cmp(code(b.0)));
        let no_category = |(class, _): &&(ClassId, Located)| ledger.classes.get(*class).category.is_none();
        let unmapped = done.by_class.iter().filter(no_category);
        done.unmapped = unmapped.map(|(class, located)| (*class, located.reports())).collect();
        done.unmapped.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        done.gaps = gaps(&months);
        done.horizon = horizon;
        done
    }
}

/// A month with less than this part of the fullest one's reports is no month of the source's own, nor is one within them
/// with less than this part of what is usual around it: stragglers told by the files of later months.
const FULL: f64 = 0.1;

/// So many months before and after one say what is usual around it.
const AROUND: usize = 6;

/// Months between the first and the last full one that are empty, or nearly so beside the median of those around.
fn gaps(months: &BTreeMap<(i16, i8), usize>) -> Vec<(i16, i8)> {
    let fullest = months.values().copied().max().unwrap_or(0) as f64;
    let full = |(_, n): &(&(i16, i8), &usize)| **n as f64 >= FULL * fullest;
    let first = months.iter().find(full).map(|(month, _)| *month);
    let last = months.iter().rev().find(full).map(|(month, _)| *month);
    let (Some(first), Some(last)) = (first, last) else { return Vec::new() };
    let next = |&(year, month): &(i16, i8)| Some(if month == 12 { (year + 1, 1) } else { (year, month + 1) });
    let between = std::iter::successors(Some(first), next).take_while(|month| *month <= last);
    let all: Vec<((i16, i8), usize)> =
        between.map(|month| (month, months.get(&month).copied().unwrap_or(0))).collect();
    let usual = |at: usize| {
        let around = at.saturating_sub(AROUND)..(at + AROUND + 1).min(all.len());
        let mut others: Vec<usize> = around.filter(|&other| other != at).map(|other| all[other].1).collect();
        others.sort_unstable();
        others.get(others.len() / 2).copied().unwrap_or(0)
    };
    let gap = |at: &usize| all[*at].1 == 0 || (all[*at].1 as f64) < FULL * usual(*at) as f64;
    (0..all.len()).filter(gap).map(|at| all[at].0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::category::CategoryTree;
    use crate::model::class::{Class, Classes, Firearm};
    use crate::model::ledger::resolve;
    use crate::model::period::Interval;
    use crate::model::report::{Place, Unit};
    use crate::model::reports::Reports;
    use crate::space::coord::LonLat;

    fn ledger(reports: &[Report<'_>]) -> Ledger {
        let mut tree = CategoryTree::default();
        tree.add("burglary", "", None, Flags::NONE).expect("new");
        tree.add("drugs", "", None, Flags::PROACTIVE).expect("new");
        let mut classes = Classes::over(tree);
        for (code, category) in [("05", Some(0)), ("18", Some(1)), ("odd", None)] {
            let (flags, firearm) = (Flags::NONE, Firearm::Unknown);
            let class = Class { code: code.into(), label: code.into(), category, flags, firearm };
            classes.intern(0, code, || class).expect("room");
        }
        let zone = jiff::tz::TimeZone::get("America/Chicago").expect("bundled");
        Ledger {
            sources: vec![Source::new("s", Unit::Incident, zone)],
            files: vec!["a.csv".to_owned()],
            classes,
            reports: reports.iter().copied().collect::<Reports>(),
        }
    }

    fn report(time: &str, class: u16, located: bool) -> Report<'static> {
        let zone = jiff::tz::TimeZone::get("America/Chicago").expect("bundled");
        let at: jiff::civil::DateTime = time.parse().expect("a time");
        let from = at.to_zoned(zone).expect("no gap").timestamp().as_second();
        let place = Place::At(LonLat::new(-90.0, 38.0).expect("on the globe"));
        let when = Interval { from, seconds: 60, precision: Precision::Minute };
        Report::plain(ClassId(class), when, if located { place } else { Place::Missing })
    }

    fn quality(reports: &[Report<'_>]) -> SourceQuality {
        let ledger = ledger(reports);
        let (_, resolution) = resolve(&ledger);
        of(&ledger, &resolution).remove(0)
    }

    #[test]
    fn located_shares_gaps_piles_and_unknown_classes_are_told() {
        let q = quality(&[
            report("2018-01-31T23:30", 0, true),
            report("2018-02-01T00:00", 0, false),
            report("2018-04-01T12:00", 1, true),
            report("2018-04-02T00:00", 2, false),
        ]);
        assert_eq!((q.reports, q.located.located, q.located.missing), (4, 2, 2));
        assert_eq!(q.by_class.iter().map(|(_, l)| l.share()).collect::<Vec<_>>(), [0.5, 1.0, 0.0]);
        assert_eq!(q.barred(), [ClassId(0), ClassId(2)]);
        assert_eq!(q.gaps, [(2018, 3)]);
        assert_eq!((q.standing, q.time_piles()), ([2, 0, 1], [true, false, true]));
        assert_eq!((q.origins, q.inferred_officer), ([0, 0, 0, 4], 1));
        assert_eq!(q.unmapped, [(ClassId(2), 1)]);
        assert_eq!(q.by_year[&2018].reports(), 4);
        // Wednesday 23:30, Thursday and Monday 00:00, Sunday 12:00.
        for bin in [71, 72, 0, 156] {
            assert!((q.hours[bin] - 1.0).abs() < 1e-12, "{bin}");
        }
    }

    #[test]
    fn what_happened_after_it_was_recorded_and_a_lone_correction_are_told_with_their_lines() {
        let recorded = Some(Day(17_600)); // 2018-03-10
        let later = Report { recorded, ..report("2018-03-20T10:00", 0, true) };
        let back = Report { sign: Sign::TakesBack, line: 7, ..report("2018-03-01T10:00", 0, false) };
        let q = quality(&[later, back]);
        assert_eq!((q.from_the_future, q.corrections), (1, 1));
        assert_eq!(q.unmatched, [("a.csv".to_owned(), 7)]);
        assert_eq!(q.horizon.map(|h| h.as_of), recorded);
    }

    #[test]
    fn a_month_with_stragglers_alone_is_a_gap_and_slow_growth_is_none() {
        let month = |at: i8| (2015 + i16::from((at - 1) / 12), (at - 1) % 12 + 1);
        let of = |counts: &[usize]| gaps(&(1..).map(month).zip(counts.iter().copied()).collect());
        assert_eq!(of(&[4_000, 4_100, 3_900, 4_000, 4_200, 306, 4_000, 4_100]), [(2015, 6)]);
        assert_eq!(of(&[4_000, 4_100, 3_900, 4_000, 4_200, 500, 4_000, 4_100]), []);
        // Several in a row, and few reports altogether.
        assert_eq!(of(&[400, 400, 400, 400, 9, 8, 7, 400, 400, 400, 400]), [5, 6, 7].map(month));
        assert_eq!(of(&[5, 1, 4, 1, 0, 1, 6]), [(2015, 5)]);
        // What is usual changes: a tenth of the last year's is no gap in the first.
        let grown: Vec<usize> = (0..24).map(|at| 100 + at * at * 3).collect();
        assert_eq!(of(&grown), []);
    }

    #[test]
    fn what_was_taken_back_or_revised_is_neither_located_nor_missing() {
        let first = Report { id: Some("a"), ..report("2018-03-01T10:00", 0, false) };
        let back = Report { sign: Sign::TakesBack, ..first };
        let old = Report { id: Some("b"), ..first };
        let revised = Report { id: Some("b"), revision: 1, ..report("2018-03-01T10:00", 0, true) };
        let q = quality(&[first, back, old, revised]);
        assert_eq!((q.reports, q.corrections), (4, 1));
        assert_eq!((q.located.located, q.located.missing), (1, 0));
        assert_eq!((q.by_class[0].1, q.by_year[&2018]), (q.located, q.located));
    }

    #[test]
    fn noon_to_the_second_is_a_pile_as_to_the_minute() {
        for precision in [Precision::Second, Precision::Minute] {
            let at = |time| {
                let mut report = report(time, 0, true);
                report.when.precision = precision;
                report
            };
            let q = quality(&[at("2018-03-01T12:00"), at("2018-03-01T10:00"), at("2018-03-02T10:00")]);
            assert_eq!(
                (q.standing, q.to_the_minute, q.time_piles()),
                ([0, 0, 1], 3, [false, false, true]),
                "{precision:?}"
            );
        }
    }
}
