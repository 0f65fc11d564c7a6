//! Incidents by area, category, time and more: distinct incidents, every cell there, compared where that says something.

pub mod axis;
mod compared;
mod error;
pub mod keys;
mod pass;
pub mod small;
pub mod window;

use std::str::FromStr;

use self::axis::Axis;
use self::compared::{Compared, Days};
pub use self::compared::{LEAST_BASE, Pair};
pub use self::error::CountsError;
use self::keys::{Key, Keys, NoArea, kind_of};
use self::pass::{Counted, Plan};
use self::small::{Places, withhold};
use self::window::{Calendar, Span, Window};
use super::areas::{blocks_within, named};
use super::query::Query;
use super::snapshot::Snapshot;
use crate::model::areas::AreaKind;
use crate::model::period::Period;

/// More cells than this are not told in one answer.
pub const MOST_CELLS: usize = 100_000;

/// What counts are compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// As many days right before; of a unit of the calendar the one before.
    Previous,
    /// The same dates a year before; of days and weeks 52 weeks before.
    YearAgo,
    /// Other dates.
    With(Period),
}

/// A text that names nothing to compare with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is nothing to compare with; give previous, year-ago, or two dates as 2017-01-01/2017-12-31"
)]
pub struct NoCompare {
    /// What was given.
    pub text: String,
}

impl FromStr for Compare {
    type Err = NoCompare;

    fn from_str(text: &str) -> Result<Self, NoCompare> {
        match text.trim() {
            "previous" => Ok(Self::Previous),
            "year-ago" => Ok(Self::YearAgo),
            dates => dates.parse().map(Self::With).map_err(|_| NoCompare { text: text.to_owned() }),
        }
    }
}

/// One cell.
#[derive(Clone, Debug, PartialEq)]
pub struct CountRow {
    /// Its value of each axis, in their order.
    pub keys: Vec<Key>,
    /// Incidents of the period; `None` where few protected ones would tell of an area.
    pub incidents: Option<u64>,
    /// By a unit of the calendar: whether the whole unit lies in the period and its incidents are all known.
    pub complete: Option<bool>,
    /// Beside what was asked for.
    pub compared: Option<Pair>,
    /// The last 28 days and the year to date, each beside a year ago; not by a unit of the calendar.
    pub lately: Option<[Pair; 2]>,
}

/// Incidents from before the first observed day: a few stragglers, or dates that are wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Before {
    /// From the first of them to the last day that was not observed.
    pub span: Span,
    /// How many; `None` where few protected ones would tell of an area.
    pub incidents: Option<u64>,
}

impl Before {
    /// Those of a window, if there are any.
    fn of(span: Span, counted: &Counted, guarded: bool) -> Option<Self> {
        let sum = |cells: &[u32]| cells.iter().sum::<u32>();
        let (all, protected) = (sum(&counted.cells), sum(&counted.protected));
        let told = if guarded { withhold(&[all], &[protected], None)[0] } else { Some(all.into()) };
        (all > 0).then_some(Self { span, incidents: told })
    }
}

/// Counts of incidents.
#[derive(Clone, Debug, PartialEq)]
pub struct CrossCounts {
    /// The kind of the areas, where there are some.
    pub kind: Option<AreaKind>,
    /// Every cell, the first axis slowest.
    pub rows: Vec<CountRow>,
    /// The dates that are counted.
    pub span: Span,
    /// What was left out, since the calendar begins with the first observed day where no period is given.
    pub before: Option<Before>,
    /// Dates of it that are not compared, since not all of their incidents are known yet.
    pub not_complete: Option<Span>,
    /// The dates that are compared, later first; of units of the calendar all of them.
    pub compared: Option<[Span; 2]>,
    /// The last 28 days and the year to date, each with that of a year ago.
    pub lately: Option<[[Span; 2]; 2]>,
    /// Whether small cells of protected incidents are withheld, and how many are.
    pub withheld: Option<usize>,
}

impl Snapshot {
    /// Counts distinct incidents by some axes, zeros included. Held ones count, but in no area.
    ///
    /// Time O(n + cells · windows); the interval of each distinct pair of counts on top.
    ///
    /// # Errors
    ///
    /// [`CountsError`], which tells what to ask instead.
    pub fn cross_counts(
        &self,
        query: &Query,
        within: &[String],
        by: &[Axis],
        compare: Option<Compare>,
    ) -> Result<CrossCounts, CountsError> {
        let data = self.dataset();
        error::check(by)?;
        let wanted = named(data, within)?;
        let among = (!within.is_empty()).then(|| data.block_set.mask(&blocks_within(data, &wanted)));
        let selection = self.select(&Query { period: None, ..query.clone() })?;
        let windows = compared::windows(self, query, by, compare)?;
        let calendar = windows.base().calendar.as_ref();
        let axes: Vec<Keys> =
            by.iter().map(|&axis| Keys::of(axis, data, &selection, calendar)).collect::<Result<_, _>>()?;
        let cells = axes.iter().try_fold(1_usize, |n, axis| n.checked_mul(axis.keys.len()));
        if cells.is_none_or(|cells| cells > MOST_CELLS) {
            return Err(CountsError::TooMany { most: MOST_CELLS });
        }
        let guarded = among.is_some() || axes.iter().any(|axis| matches!(axis.axis, Axis::Area(_)));
        let plan = Plan {
            selection: &selection,
            windows: windows.all(),
            axes: &axes,
            among: among.as_deref(),
            guarded,
        };
        let mut counted = plan.count(self);
        let before = windows.early().zip(counted.pop_if(|_| windows.early().is_some()));
        let before = before.and_then(|(span, counted)| Before::of(span, &counted, guarded));
        let told: Vec<Vec<Option<u64>>> =
            counted.iter().map(|counted| told(counted, &axes, guarded)).collect();
        let days = Days::of(self, &windows, &counted, &axes);
        let mut rows = rows(&windows, &axes, &told, &days, among.is_some());
        compared::fill(&mut rows);
        let kind = by.iter().find_map(|axis| match axis {
            Axis::Area(kind) => Some(kind_of(data, *kind)),
            _ => None,
        });
        Ok(CrossCounts {
            kind: kind.transpose()?,
            withheld: guarded.then(|| told[0].iter().filter(|cell| cell.is_none()).count()),
            rows,
            span: windows.base().span,
            before,
            not_complete: windows.not_complete,
            compared: windows.compared_spans(),
            lately: windows.lately_spans(),
        })
    }
}

/// What may be told of each cell of a window.
fn told(counted: &Counted, axes: &[Keys], guarded: bool) -> Vec<Option<u64>> {
    if !guarded {
        return counted.cells.iter().map(|&n| Some(u64::from(n))).collect();
    }
    let area = axes.iter().position(|axis| matches!(axis.axis, Axis::Area(_)));
    let places = area.map(|at| {
        let of = axes[at].keys.len();
        Places {
            stride: axes[at + 1..].iter().map(|axis| axis.keys.len()).product(),
            // What lies outside of all areas is a place as well.
            n: of - NoArea::ALL.len() + 1,
            of,
            withheld: of - 1,
        }
    });
    withhold(&counted.cells, &counted.protected, places)
}

/// Every cell in order, but for those of special keys that nothing is in.
fn rows(
    windows: &Compared,
    axes: &[Keys],
    told: &[Vec<Option<u64>>],
    days: &Days,
    among_areas: bool,
) -> Vec<CountRow> {
    let mut at_axes = vec![0; axes.len()];
    let mut rows = Vec::new();
    for at in 0..told[0].len() {
        let mut rest = at;
        for (key, axis) in at_axes.iter_mut().zip(axes).rev() {
            *key = rest % axis.keys.len();
            rest /= axis.keys.len();
        }
        let keys: Vec<Key> = axes.iter().zip(&at_axes).map(|(axis, &key)| axis.keys[key].clone()).collect();
        let special = keys.iter().any(|key| match key {
            Key::Unknown | Key::NoArea(NoArea::Withheld) => true,
            // Incidents in no block are not among those of some areas.
            Key::NoArea(why) => among_areas && *why != NoArea::Outside,
            _ => false,
        });
        if special && told.iter().all(|cells| cells[at] == Some(0)) {
            continue;
        }
        let place = |axis: Axis| axes.iter().position(|keys| keys.axis == axis).map(|axis| at_axes[axis]);
        let unit = axes.iter().position(|keys| matches!(keys.axis, Axis::Calendar(_)));
        let unit = unit.map(|axis| at_axes[axis]);
        let source = place(Axis::Source);
        let pair = |now: usize, before: usize| days.pair(told, at, (now, before), unit, source);
        rows.push(CountRow {
            keys,
            incidents: told[0][at],
            complete: unit.and_then(|unit| windows.complete(unit)),
            compared: windows.compared.map(|[now, before]| match unit {
                Some(unit) if windows.complete(unit) != Some(true) => Pair::not_complete(told[now][at]),
                _ => pair(now, before),
            }),
            lately: windows.lately.map(|pairs| pairs.map(|[now, before]| pair(now, before))),
        });
    }
    rows
}

/// The calendar of a window, where it has one.
fn calendar(unit: Option<axis::Unit>, span: Span) -> Result<Option<Calendar>, CountsError> {
    let Some(unit) = unit else { return Ok(None) };
    Calendar::of(unit, span, MOST_CELLS).map(Some).ok_or(CountsError::TooMany { most: MOST_CELLS })
}

/// A window over a span.
fn window(unit: Option<axis::Unit>, span: Span) -> Result<Window, CountsError> {
    Ok(Window { span, calendar: calendar(unit, span)? })
}
