//! One pass over the incidents on all cores: how many each cell has in each window.

use rayon::prelude::*;

use super::keys::{Find, Keys, NoArea};
use super::window::Window;
use crate::engine::hours::PRECISE;
use crate::engine::query::Selection;
use crate::engine::snapshot::Snapshot;
use crate::model::clock::Clock;
use crate::model::dataset::Dataset;
use crate::model::period::Precision;
use crate::model::report::Origin;

const DAY: i64 = 86_400;

/// An interval longer than this names no weekday; a day on which clocks go back has an hour more.
const LONGEST_DAY: u32 = 90_000;

/// Fewer incidents than this are counted on one core.
const PART: usize = 1 << 14;

/// What is counted, and how.
pub(super) struct Plan<'a> {
    pub(super) selection: &'a Selection,
    pub(super) windows: &'a [Window],
    pub(super) axes: &'a [Keys],
    /// Of each block whether it is meant; all incidents are where absent, also those in no block.
    pub(super) among: Option<&'a [bool]>,
    /// Whether cells may be withheld, for which protected ones are counted apart.
    pub(super) guarded: bool,
}

/// What one window has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Counted {
    /// Incidents of each cell, the first axis slowest.
    pub(super) cells: Vec<u32>,
    /// Those of them that are of a protected class.
    pub(super) protected: Vec<u32>,
    /// Incidents of each source.
    pub(super) of_source: Vec<u64>,
}

impl Counted {
    fn new(cells: usize, sources: usize) -> Self {
        Self { cells: vec![0; cells], protected: vec![0; cells], of_source: vec![0; sources] }
    }

    fn merge(&mut self, other: &Self) {
        self.cells.iter_mut().zip(&other.cells).for_each(|(own, more)| *own += more);
        self.protected.iter_mut().zip(&other.protected).for_each(|(own, more)| *own += more);
        self.of_source.iter_mut().zip(&other.of_source).for_each(|(own, more)| *own += more);
    }
}

impl Plan<'_> {
    /// How many cells there are.
    pub(super) fn n_cells(&self) -> usize {
        self.axes.iter().map(|axis| axis.keys.len()).product()
    }

    /// Counts every window. Sums are of whole numbers, so that the number of threads changes nothing. Time O(n).
    pub(super) fn count(&self, snapshot: &Snapshot) -> Vec<Counted> {
        let data = snapshot.dataset();
        let (n, sources) = (data.incidents.len(), data.sources.len());
        let finding = Finding::new(self, snapshot);
        let parts = n.div_ceil(PART).clamp(1, rayon::current_num_threads());
        let counted = |part: usize| {
            let mut own = vec![Counted::new(self.n_cells(), sources); self.windows.len()];
            for at in part * n / parts..(part + 1) * n / parts {
                finding.add(data, at, &mut own);
            }
            own
        };
        let mut done: Vec<Vec<Counted>> = (0..parts).into_par_iter().map(counted).collect();
        let mut all = done.pop().unwrap_or_default();
        for part in &done {
            all.iter_mut().zip(part).for_each(|(own, more)| own.merge(more));
        }
        all
    }
}

/// All that is looked up for an incident.
struct Finding<'a> {
    plan: &'a Plan<'a>,
    /// By source, first and last second of each window.
    seconds: Vec<Vec<(i64, i64)>>,
    clocks: Vec<Clock>,
    strides: Vec<usize>,
    /// By class.
    protected: Vec<bool>,
    piles: Option<&'a crate::engine::hours::TimePiles>,
}

impl<'a> Finding<'a> {
    fn new(plan: &'a Plan<'a>, snapshot: &'a Snapshot) -> Self {
        let data = snapshot.dataset();
        let seconds: Vec<Vec<(i64, i64)>> = data
            .sources
            .iter()
            .map(|s| plan.windows.iter().map(|w| w.span.period().seconds_in(&s.zone)).collect())
            .collect();
        let timed = |axis: &Keys| matches!(axis.find, Find::Calendar | Find::Weekday | Find::Hour);
        let clocks = if plan.axes.iter().any(timed) {
            data.sources.iter().zip(&seconds).map(|(s, of)| Clock::new(&s.zone, bounds(of))).collect()
        } else {
            Vec::new()
        };
        let mut strides = vec![1; plan.axes.len()];
        for at in (1..plan.axes.len()).rev() {
            strides[at - 1] = strides[at] * plan.axes[at].keys.len();
        }
        let hours = plan.axes.iter().any(|axis| matches!(axis.find, Find::Hour));
        Self {
            plan,
            seconds,
            clocks,
            strides,
            protected: data.classes.rows().iter().map(|class| class.flags.protected()).collect(),
            piles: hours.then(|| snapshot.time_piles()),
        }
    }

    /// Adds an incident to the windows that it begins in.
    #[inline]
    fn add(&self, data: &Dataset, at: usize, own: &mut [Counted]) {
        let incidents = &data.incidents;
        let (when, source) = (incidents.when(at), usize::from(incidents.source(at)));
        let seconds = &self.seconds[source];
        let within = |&(from, to): &(i64, i64)| (from..to).contains(&when.from);
        if !seconds.iter().any(within) || !self.plan.selection.has(data, at) {
            return;
        }
        if let Some(among) = self.plan.among {
            let block = data.assignment.main(at).filter(|_| !data.held[at]);
            if !block.is_some_and(|block| among[block.0 as usize]) {
                return;
            }
        }
        let local = self.clocks.get(source).and_then(|clock| clock.local(when.from));
        let (mut place, mut calendar) = (0, None);
        for (axis, stride) in self.plan.axes.iter().zip(&self.strides) {
            let key = match &axis.find {
                Find::Area(of_block) => area(data, at, of_block, axis.keys.len()),
                Find::Category(of_class) => self.category(data, at, of_class),
                Find::Source => source,
                Find::Origin => origin(incidents.origin(at)),
                Find::Calendar => {
                    // Where only the month is told, no day is.
                    let exact = when.precision != Precision::Month || months(axis);
                    calendar = Some((*stride, axis.unknown(), local.filter(|_| exact)));
                    continue;
                }
                Find::Weekday => local
                    .filter(|_| when.seconds <= LONGEST_DAY)
                    // 1970 began on a Thursday.
                    .map_or(axis.unknown(), |local| (local.div_euclid(DAY) + 3).rem_euclid(7) as usize),
                Find::Hour => {
                    let unknown = |second| {
                        let source = incidents.source(at);
                        self.piles.is_some_and(|piles| piles.unknown(source, second, when.seconds))
                    };
                    let second = local.map(|local| local.rem_euclid(DAY));
                    let told = second.filter(|&second| when.seconds <= PRECISE && !unknown(second));
                    told.map_or(axis.unknown(), |second| (second / 3_600) as usize)
                }
            };
            place += key * stride;
        }
        let protected =
            self.plan.guarded && incidents.classes(at).any(|class| self.protected[usize::from(class.0)]);
        for ((window, counted), _) in
            self.plan.windows.iter().zip(own).zip(seconds).filter(|(_, seconds)| within(seconds))
        {
            let unit = calendar.map_or(0, |(stride, unknown, local)| {
                let day = local.map(|local| local.div_euclid(DAY));
                let unit = day.and_then(|day| window.calendar.as_ref()?.unit(day));
                stride * unit.map_or(unknown, |unit| unit as usize)
            });
            counted.cells[place + unit] += 1;
            counted.protected[place + unit] += u32::from(protected);
            counted.of_source[source] += 1;
        }
    }

    /// The category of the most serious class among those that are selected.
    #[inline]
    fn category(&self, data: &Dataset, at: usize, of_class: &[u32]) -> usize {
        of_class[usize::from(self.plan.selection.class_of(data, at).0)] as usize
    }
}

/// Whether an axis of the calendar is of months or years.
fn months(axis: &Keys) -> bool {
    use super::axis::{Axis, Unit};
    matches!(axis.axis, Axis::Calendar(Unit::Month | Unit::Year))
}

/// The area of an incident's main block, or why it has none.
fn area(data: &Dataset, at: usize, of_block: &[u32], n_keys: usize) -> usize {
    let none = |why: NoArea| n_keys - NoArea::ALL.len() + why as usize;
    if data.held[at] {
        return none(NoArea::Held);
    }
    match data.assignment.main(at) {
        Some(block) => of_block[block.0 as usize] as usize,
        None if data.incidents.located(at).has_place() => none(NoArea::Unassigned),
        None => none(NoArea::Unlocated),
    }
}

fn origin(origin: Origin) -> usize {
    Origin::ALL.iter().position(|known| *known == origin).unwrap_or_default()
}

/// The first and the last second of them together.
fn bounds(windows: &[(i64, i64)]) -> (i64, i64) {
    let from = windows.iter().map(|window| window.0).min().unwrap_or(0);
    (from, windows.iter().map(|window| window.1).max().unwrap_or(from))
}
