//! Ids of events whose source gives none: made from what they say, the same everywhere.

use std::borrow::Cow;
use std::collections::HashMap;

use rayon::prelude::*;

use super::events::Events;
use super::report::{Place, Report};
use super::reports::Ledger;

/// The ids of a ledger's events.
#[derive(Clone, Debug)]
pub struct Ids {
    repeats: HashMap<u32, u32>,
}

impl Ids {
    /// Finds the events whose id is that of an earlier one of the source.
    ///
    /// Own ids differ within a source; ids made from the content may not, nor may those of two sources of one name.
    #[must_use]
    pub fn of(events: &Events, ledger: &Ledger) -> Self {
        let names: Vec<&str> = ledger.sources.iter().map(|source| source.name.as_str()).collect();
        let name =
            |source: u16| names.iter().position(|name| *name == names[usize::from(source)]).unwrap_or(0);
        let shared = (0..names.len()).any(|at| names[..at].contains(&names[at]));
        let key = |event: usize| {
            let told_by = events.get(event).told_by;
            if !shared && ledger.reports.id(told_by).is_some() {
                return None;
            }
            let report = ledger.reports.get(told_by);
            let hash = match report.id {
                Some(id) => fnv1a(id.as_bytes()),
                None => content(&report, report.address, ledger),
            };
            Some((name(report.source), hash, u32::try_from(event).ok()?))
        };
        let mut keys: Vec<(usize, u64, u32)> = (0..events.len()).into_par_iter().filter_map(key).collect();
        keys.par_sort_unstable();
        let runs = keys.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1));
        let later = runs.flat_map(|run| run.iter().zip(1..).skip(1));
        Self { repeats: later.map(|(&(_, _, event), nth)| (event, nth)).collect() }
    }

    /// The id of an event told by a report with an address: its source's, or one made from the content; the second of one id has `-2` at its end.
    #[must_use]
    pub fn get<'a>(
        &self,
        event: usize,
        report: &Report<'a>,
        address: Option<&str>,
        ledger: &Ledger,
    ) -> Cow<'a, str> {
        let id = report.id.map_or_else(|| Cow::Owned(made_id(report, address, ledger)), Cow::Borrowed);
        match u32::try_from(event).ok().and_then(|event| self.repeats.get(&event)) {
            Some(nth) => Cow::Owned(format!("{id}-{nth}")),
            None => id,
        }
    }
}

/// The id of an event whose source gives none, but for the number of a second one that says the same.
#[must_use]
pub fn made_id(report: &Report<'_>, address: Option<&str>, ledger: &Ledger) -> String {
    format!("c{:016x}", content(report, address, ledger))
}

/// What a report without an id says, as a number.
fn content(report: &Report<'_>, address: Option<&str>, ledger: &Ledger) -> u64 {
    let place = match report.place {
        Place::At(at) => format!("{:.7},{:.7}", at.lon(), at.lat()),
        Place::Missing | Place::Withheld => String::new(),
    };
    let class = &ledger.classes.get(report.class).code;
    let address = address.unwrap_or_default();
    fnv1a(format!("{}|{class}|{place}|{address}", report.when.from).as_bytes())
}

/// FNV-1a, 64 bit: the same on every machine and in every version.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}
