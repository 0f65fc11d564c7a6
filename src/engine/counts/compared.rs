//! Which dates are counted beside each other, and what may be said of two counts.

use std::collections::HashMap;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use rayon::prelude::*;

use super::axis::{Axis, Unit};
use super::keys::Keys;
use super::pass::Counted;
use super::window::{Span, Window};
use super::{Compare, CountRow, CountsError, window};
use crate::engine::over_time::LEVEL;
use crate::engine::query::Query;
use crate::engine::snapshot::Snapshot;
use crate::model::exposure::observed_days;
use crate::model::period::Period;
use crate::rank::rate_ratio::{RateRatio, rate_ratio};

/// On a smaller base no percentage is told: from 3 to 4 is no rise by a third.
pub const LEAST_BASE: u64 = 10;

/// Two counts beside each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// Incidents of the later dates.
    pub now: Option<u64>,
    /// Incidents of the earlier ones.
    pub before: Option<u64>,
    /// The ratio of their rates by the observed day.
    pub ratio: Option<RateRatio>,
    /// By how much the rate is higher, in percent of the earlier one.
    pub percent: Option<f64>,
    /// Why something is not told.
    pub note: Option<&'static str>,
    /// Observed days, earlier and later, where both counts can be compared.
    days: Option<(i64, i64)>,
}

impl Pair {
    /// What is not complete is not compared.
    pub(super) fn not_complete(now: Option<u64>) -> Self {
        Self { now, before: None, ratio: None, percent: None, note: Some("not complete"), days: None }
    }
}

/// All that is counted, the period itself first.
pub(super) struct Compared {
    windows: Vec<Window>,
    /// What is compared, later first, by position among the windows.
    pub(super) compared: Option<[usize; 2]>,
    /// The last 28 days and the year to date, each later first.
    pub(super) lately: Option<[[usize; 2]; 2]>,
    /// Dates of the period that are not compared.
    pub(super) not_complete: Option<Span>,
    until: Option<Date>,
    /// By unit of the calendar of the period, whether it can be compared.
    complete: Vec<bool>,
    /// Whether the last window is of what lies before the calendar begins.
    early: bool,
}

impl Compared {
    pub(super) fn all(&self) -> &[Window] {
        &self.windows
    }

    pub(super) fn base(&self) -> &Window {
        &self.windows[0]
    }

    pub(super) fn compared_spans(&self) -> Option<[Span; 2]> {
        self.compared.map(|pair| pair.map(|at| self.windows[at].span))
    }

    pub(super) fn lately_spans(&self) -> Option<[[Span; 2]; 2]> {
        self.lately.map(|pairs| pairs.map(|pair| pair.map(|at| self.windows[at].span)))
    }

    /// Whether a unit of the calendar lies in the period whole, was observed on all of its days, and its incidents are all known.
    pub(super) fn complete(&self, unit: usize) -> Option<bool> {
        self.complete.get(unit).copied()
    }

    /// The dates with incidents that lie before the calendar begins: they are counted in the last window.
    pub(super) fn early(&self) -> Option<Span> {
        self.windows.last().filter(|_| self.early).map(|window| window.span)
    }
}

/// Whether a source had data on every day of these, as far as sources reach: what comes later is known by the horizon.
fn observed(days: Span, coverage: &[(Date, Date)]) -> bool {
    let first = coverage.iter().map(|(first, _)| *first).min();
    let last = coverage.iter().map(|(_, last)| *last).max();
    let reached = last.and_then(|last| days.until(last));
    first.is_some_and(|first| first <= days.first)
        && reached.is_none_or(|days| observed_days(Some(days.period()), coverage) == days.days())
}

/// The dates that are meant, and those that they are counted beside.
pub(super) fn windows(
    snapshot: &Snapshot,
    query: &Query,
    by: &[Axis],
    compare: Option<Compare>,
) -> Result<Compared, CountsError> {
    let unit = by.iter().find_map(|axis| match axis {
        Axis::Calendar(unit) => Some(*unit),
        _ => None,
    });
    let all = closed(snapshot, query.period)?;
    // A few wrong dates long ago would draw years of zeros that nobody observed.
    let begin = snapshot.observed_from().filter(|_| unit.is_some() && query.period.is_none());
    let span = begin.and_then(|begin| Span::new(begin.max(all.first), all.last)).unwrap_or(all);
    let early = Span::new(all.first, span.first.saturating_sub(1.day())).filter(|_| all.first < span.first);
    let until = snapshot.complete_until();
    let base = window(unit, span)?;
    let units = base.calendar.iter().flat_map(|calendar| &calendar.units);
    let known = |days: &Span| until.is_some_and(|until| days.last <= until);
    let whole = |days: &Span| span.first <= days.first && days.last <= span.last;
    let complete =
        units.map(|days| known(days) && whole(days) && observed(*days, snapshot.coverage())).collect();
    let not_complete = until
        .filter(|until| span.last > *until)
        .and_then(|until| Span::new(span.first.max(until.saturating_add(1.day())), span.last));
    let mut all = Compared {
        windows: vec![base],
        compared: None,
        lately: None,
        not_complete,
        until,
        complete,
        early: early.is_some(),
    };
    match (unit, compare) {
        (Some(unit), Some(compare)) => all.units_beside(unit, compare)?,
        (None, Some(compare)) => all.periods_beside(snapshot, query, compare)?,
        _ => {}
    }
    if unit.is_none() {
        all.beside_a_year_ago();
    }
    early.map(|span| all.add(span));
    Ok(all)
}

impl Compared {
    fn add(&mut self, span: Span) -> usize {
        self.windows.push(Window { span, calendar: None });
        self.windows.len() - 1
    }

    /// Each unit of the calendar beside an earlier one.
    fn units_beside(&mut self, unit: Unit, compare: Compare) -> Result<(), CountsError> {
        let steps = match compare {
            Compare::Previous => 1,
            Compare::YearAgo => unit.in_a_year(),
            Compare::With(_) => return Err(CountsError::OtherDates { unit: unit.word() }),
        };
        let earlier = self.base().calendar.as_ref().and_then(|calendar| calendar.earlier(unit, steps));
        let beside = earlier.and_then(|calendar| Some((calendar.whole()?, calendar)));
        // Before the first year of the calendar there is nothing to compare with.
        let Some((span, calendar)) = beside else { return Ok(()) };
        self.windows.push(Window { span, calendar: Some(calendar) });
        self.compared = Some([0, 1]);
        Ok(())
    }

    /// The period, as far as it is complete, beside another one.
    fn periods_beside(
        &mut self,
        snapshot: &Snapshot,
        query: &Query,
        compare: Compare,
    ) -> Result<(), CountsError> {
        query.period.ok_or(CountsError::NoPeriod)?;
        let complete = |span: Span| match self.until {
            Some(until) => span.until(until).ok_or(CountsError::Incomplete { span, until }),
            None => Ok(span),
        };
        let now = complete(self.base().span)?;
        let before = match compare {
            Compare::Previous => now.previous(),
            Compare::YearAgo => now.year_ago(),
            Compare::With(period) => complete(closed(snapshot, Some(period))?)?,
        };
        if now.overlaps(before) {
            return Err(CountsError::Overlap { now, before });
        }
        self.compared = Some([self.add(now), self.add(before)]);
        Ok(())
    }

    /// The last 28 days and the year to date, each beside the same dates a year before.
    fn beside_a_year_ago(&mut self) {
        const LATELY: i64 = 28;
        let last = self.base().span.last;
        let end = self.until.map_or(last, |until| until.min(last));
        let spans = [Span::ending(end, LATELY), Span { first: date(end.year(), 1, 1), last: end }];
        self.lately = Some(spans.map(|span| [self.add(span), self.add(span.year_ago())]));
    }
}

/// A period with both ends: where one is open, the first or the last date of the data.
fn closed(snapshot: &Snapshot, period: Option<Period>) -> Result<Span, CountsError> {
    let first = period.and_then(Period::first);
    let last = period.and_then(Period::last);
    if let (Some(first), Some(last)) = (first, last) {
        return Ok(Span { first, last });
    }
    let (known_first, known_last) = snapshot.dates().ok_or(CountsError::NoIncidents)?;
    let span = Span::new(first.unwrap_or(known_first), last.unwrap_or(known_last));
    span.ok_or_else(|| CountsError::Outside {
        period: period.map_or_else(String::new, |period| period.to_string()),
    })
}

/// Observed days of every window, unit and source, and who had incidents in each.
pub(super) struct Days {
    /// By window, then by unit of the calendar: all sources together, then each.
    of: Vec<Vec<Vec<i64>>>,
    /// Sources with incidents in each window.
    counted: Vec<Vec<bool>>,
}

impl Days {
    pub(super) fn of(snapshot: &Snapshot, all: &Compared, counted: &[Counted], axes: &[Keys]) -> Self {
        if all.compared.is_none() && all.lately.is_none() {
            return Self { of: Vec::new(), counted: Vec::new() };
        }
        let data = snapshot.dataset();
        // Coverage is told of sources with incidents alone, in their order.
        let mut present = vec![false; data.sources.len()];
        data.incidents.standing().for_each(|at| present[usize::from(data.incidents.source(at))] = true);
        let mut told = snapshot.coverage().iter();
        let coverage: Vec<Vec<(Date, Date)>> = present
            .iter()
            .map(|&is| if is { told.next().copied() } else { None }.into_iter().collect())
            .collect();
        // By units nothing but the asked comparison needs days, and by sources each source its own.
        let per_source = data.sources.len() > 1 || axes.iter().any(|axis| axis.axis == Axis::Source);
        let days = |span: Span| -> Vec<i64> {
            let period = Some(span.period());
            let together = observed_days(period, snapshot.coverage());
            let each =
                coverage.iter().map(|own| if per_source { observed_days(period, own) } else { together });
            std::iter::once(together).chain(each).collect()
        };
        let of_window = |window: &Window| match &window.calendar {
            Some(calendar) => calendar.units.iter().map(|unit| days(*unit)).collect(),
            None => vec![days(window.span)],
        };
        Self {
            of: all.all().iter().map(of_window).collect(),
            counted: counted.iter().map(|c| c.of_source.iter().map(|&n| n > 0).collect()).collect(),
        }
    }

    /// Two counts of a cell, with the reason where they cannot be compared.
    pub(super) fn pair(
        &self,
        told: &[Vec<Option<u64>>],
        at: usize,
        (now, before): (usize, usize),
        unit: Option<usize>,
        source: Option<usize>,
    ) -> Pair {
        let days = |window: usize| self.of[window].get(unit.unwrap_or(0));
        let (Some(days_now), Some(days_before)) = (days(now), days(before)) else {
            return Pair::not_complete(told[now][at]);
        };
        let own = source.map_or(0, |source| source + 1);
        let observed = |days: &[i64], window: usize| if days[own] > 0 { told[window][at] } else { None };
        let mut pair = Pair {
            now: observed(days_now, now),
            before: observed(days_before, before),
            ratio: None,
            percent: None,
            note: None,
            days: None,
        };
        let lone = |(at, _): &(usize, &bool)| (days_now[at + 1] > 0) != (days_before[at + 1] > 0);
        let mut sources =
            self.counted[now].iter().enumerate().filter(|(at, now)| **now || self.counted[before][*at]);
        pair.note = match (days_now[own] > 0, days_before[own] > 0) {
            (false, _) => Some("not observed"),
            (_, false) => Some("not observed before"),
            _ if pair.now.is_none() || pair.before.is_none() => Some("withheld"),
            _ if source.is_none() && sources.any(|source| lone(&source)) => Some("other sources before"),
            _ => {
                pair.days = Some((days_before[own], days_now[own]));
                None
            }
        };
        pair
    }
}

/// Two counts and the days of each.
type Asked = (u64, u64, i64, i64);

/// Finds the ratios, of equal pairs once.
pub(super) fn fill(rows: &mut [CountRow]) {
    let mut pairs: Vec<&mut Pair> = rows
        .iter_mut()
        .flat_map(|row| row.compared.iter_mut().chain(row.lately.iter_mut().flatten()))
        .filter(|pair| pair.days.is_some())
        .collect();
    let asked = |pair: &Pair| -> Option<Asked> {
        let (before, now) = pair.days?;
        Some((pair.before?, pair.now?, before, now))
    };
    let mut distinct: Vec<Asked> = pairs.iter().filter_map(|pair| asked(pair)).collect();
    distinct.sort_unstable();
    distinct.dedup();
    let ratio =
        |&(y0, y1, t0, t1): &Asked| ((y0, y1, t0, t1), rate_ratio(y0, y1, (t0 as f64, t1 as f64), LEVEL));
    let known: HashMap<Asked, Option<RateRatio>> = distinct.par_iter().map(ratio).collect();
    for pair in &mut pairs {
        let Some(asked) = asked(pair) else { continue };
        pair.ratio = known.get(&asked).copied().flatten();
        pair.note = match asked {
            (0, 0, ..) => Some("none in either"),
            (0, ..) => Some("none before"),
            (before, ..) if before < LEAST_BASE => Some("base under 10"),
            _ => None,
        };
        if pair.note.is_none() {
            pair.percent = pair.ratio.and_then(|found| found.ratio).map(|ratio| 100.0 * (ratio - 1.0));
        }
    }
}
