//! The ways that leave a node, with how an incident is split among them.

use std::collections::BTreeMap;

use super::streets::StreetNetwork;

/// How an incident is split where streets meet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Split {
    /// Of the k streets that meet, each of the k − 1 that go on gets an equal part; nothing comes back.
    #[default]
    Discontinuous,
    /// Each of the k streets gets 2/k, the one that was come along 2/k − 1: so the density has no step at a node.
    Continuous,
}

impl Split {
    /// Both ways to split.
    pub const ALL: [Self; 2] = [Self::Discontinuous, Self::Continuous];

    /// As it stands in flags and results.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Discontinuous => "discontinuous",
            Self::Continuous => "continuous",
        }
    }
}

/// A line that is entered at one of its ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) line: u32,
    /// 0: at its first end, 1: at its last.
    pub(super) end: u8,
    /// Metres from the node where the walk began.
    pub(super) far: f64,
    /// What is left of the incident, as a factor.
    pub(super) weight: f64,
}

/// Lengths are counted in nanometres: sums of whole numbers do not depend on their order, so ways of one length meet.
const PER_METRE: f64 = 1e9;

/// A walk that reaches so many lines is given up.
pub(super) const MOST_ENTRIES: usize = 1_000_000;

/// All lines that are entered within `reach` by an incident that leaves a line at its end.
///
/// Ways that come to one end of one line with one length go on as one. A way on which less than `least` of an incident
/// is left, counting what the kernel leaves beyond its length, is not followed. `first` splits at the node where the walk
/// begins, `then` at all others. `None` for more than [`MOST_ENTRIES`].
pub(super) fn walk(
    net: &StreetNetwork,
    line: usize,
    end: u8,
    reach: f64,
    (first, then): (Split, Split),
    (beyond, least): (impl Fn(f64) -> f64, f64),
) -> Option<Vec<Entry>> {
    let mut split = first;
    let mut open: BTreeMap<(i64, u32, u8), f64> = BTreeMap::from([((0, line as u32, end), 1.0)]);
    let mut entries = Vec::new();
    while let Some(((far, line, end), weight)) = open.pop_first() {
        let metres = far as f64 / PER_METRE;
        if weight.abs() * beyond(metres) < least {
            continue;
        }
        let node = net.ends(line as usize)[usize::from(end)];
        let k = net.leaving(node).len() as f64;
        let mut before = None;
        for &next in net.leaving(node) {
            // A loop is there twice: first by its first end, then by its last.
            let [first, last] = net.ends(next as usize);
            let next_end = u8::from(first != node || (last == node && before == Some(next)));
            before = Some(next);
            let came = next == line && next_end == end;
            let part = match split {
                Split::Discontinuous if came => continue,
                Split::Discontinuous => weight / (k - 1.0),
                Split::Continuous => weight * (2.0 / k - f64::from(u8::from(came))),
            };
            if part == 0.0 {
                continue;
            }
            entries.push(Entry { line: next, end: next_end, far: metres, weight: part });
            let to = far + (net.length(next as usize).0 * PER_METRE).round() as i64;
            if (to as f64) < reach * PER_METRE {
                *open.entry((to, next, 1 - next_end)).or_insert(0.0) += part;
            }
        }
        if entries.len() > MOST_ENTRIES {
            return None;
        }
        split = then;
    }
    Some(entries)
}
