//! From incidents to the stretches of street that each of them reaches.

use rayon::prelude::*;

use super::density::{NetworkError, NetworkParams};
use super::line_kernel::half_mass;
use super::streets::{OnStreet, StreetNetwork};
use super::walk::{Split, walk};
use crate::progress::steps;

/// Ways on which less than this part of an incident is left are not followed.
const LEAST: f64 = 1e-10;

/// Source lines that are worked on as one; the sum is taken in their order, whatever the number of threads.
const BLOCK: usize = 64;

/// An incident no farther from a node than this, in metres, lies on it.
const AT_NODE: f64 = 1e-6;

/// A stretch of line that an incident reaches from one side.
pub(super) struct Ray {
    pub(super) line: usize,
    pub(super) start: f64,
    pub(super) forward: bool,
    /// Length of the way to its start.
    pub(super) far: f64,
    pub(super) weight: f64,
    /// Whether it starts at the incident.
    pub(super) own: bool,
}

#[derive(Clone, Copy)]
pub(super) struct Source {
    pub(super) line: usize,
    pub(super) along: f64,
    pub(super) weight: f64,
}

/// Adds up what all rays of all incidents give.
pub(super) fn spread(
    net: &StreetNetwork,
    sources: &[Source],
    params: &NetworkParams,
    n: usize,
    add: &(impl Fn(&Ray, &mut dyn FnMut(usize, f64)) + Sync),
) -> Result<Vec<f64>, NetworkError> {
    let lines: Vec<&[Source]> = sources.chunk_by(|a, b| a.line == b.line).collect();
    let blocks: Vec<&[&[Source]]> = lines.chunks(BLOCK).collect();
    let mut out = vec![0.0; n];
    let done = steps(blocks.len());
    for some in blocks.chunks(32) {
        let sums: Result<Vec<Vec<(usize, f64)>>, NetworkError> = some
            .par_iter()
            .map(|block| {
                done.done(1);
                let mut sum = hashbrown::HashMap::<usize, f64>::new();
                for sources in block.iter() {
                    from_line(net, sources, params, &mut |ray| {
                        add(ray, &mut |at, value| *sum.entry(at).or_insert(0.0) += value);
                    })?;
                }
                Ok(sum.into_iter().collect())
            })
            .collect();
        for sum in sums? {
            // Each place is there once, so the order within a block does not matter.
            sum.into_iter().for_each(|(at, value)| out[at] += value);
        }
    }
    Ok(out)
}

/// All rays of the incidents on one line.
fn from_line(
    net: &StreetNetwork,
    sources: &[Source],
    params: &NetworkParams,
    give: &mut impl FnMut(&Ray),
) -> Result<(), NetworkError> {
    let line = sources[0].line;
    let length = net.length(line).0;
    let reach = reach(params);
    let beyond = |far: f64| 0.5 - half_mass(params.kernel, far / params.bandwidth.0);
    for source in sources {
        let Source { along, weight, .. } = *source;
        for forward in [true, false] {
            give(&Ray { line, start: along, forward, far: 0.0, weight, own: true });
        }
    }
    for end in [0, 1] {
        let off = |source: &Source| if end == 0 { source.along } else { length - source.along };
        let legs = net.leaving(net.ends(line)[usize::from(end)]).len();
        let is_at_node = |source: &&Source| legs > 1 && off(source) <= AT_NODE;
        let (at_node, beside): (Vec<&Source>, Vec<&Source>) = sources.iter().partition(is_at_node);
        // What lies on the node itself is of no street more than of another: each of the k gets 2/k, as in the continuous split.
        for (sources, first) in [(beside, params.split), (at_node, Split::Continuous)] {
            let nearest = sources.iter().map(|&source| off(source)).fold(f64::INFINITY, f64::min);
            if nearest >= reach {
                continue;
            }
            let from_here = (|far: f64| beyond(far + nearest), LEAST);
            let entries = walk(net, line, end, reach - nearest, (first, params.split), from_here)
                .ok_or(NetworkError::Ways { line, bandwidth: params.bandwidth })?;
            for &source in &sources {
                for entry in &entries {
                    let far = off(source) + entry.far;
                    if far < reach {
                        let (line, forward) = (entry.line as usize, entry.end == 0);
                        let start = if forward { 0.0 } else { net.length(line).0 };
                        let weight = source.weight * entry.weight;
                        give(&Ray { line, start, forward, far, weight, own: false });
                    }
                }
            }
        }
    }
    Ok(())
}

/// Checks the input and puts incidents into an order that depends on their places alone; those on one place become one.
pub(super) fn sources(
    net: &StreetNetwork,
    incidents: &[OnStreet],
    weights: Option<&[f64]>,
    params: &NetworkParams,
) -> Result<Vec<Source>, NetworkError> {
    if !(params.bandwidth.0 > 0.0 && params.bandwidth.0.is_finite()) {
        return Err(NetworkError::Length { what: "bandwidth", length: params.bandwidth });
    }
    if let Some(w) = weights {
        let bad = w.iter().position(|w| !(*w >= 0.0 && *w < 1e100));
        if bad.is_some() || w.len() != incidents.len() {
            let index = bad.unwrap_or(w.len().min(incidents.len()));
            return Err(NetworkError::Weight { incidents: incidents.len(), index });
        }
    }
    if let Some(index) = incidents.iter().position(|place| !on(net, place)) {
        return Err(NetworkError::Place { index });
    }
    let source = |(i, at): (usize, &OnStreet)| Source {
        line: at.line,
        along: at.along.0 + 0.0,
        weight: weights.map_or(1.0, |w| w[i]),
    };
    let mut sources: Vec<Source> =
        incidents.iter().enumerate().map(source).filter(|s| s.weight > 0.0).collect();
    sources.sort_unstable_by(|a, b| {
        a.line.cmp(&b.line).then(a.along.total_cmp(&b.along)).then(a.weight.total_cmp(&b.weight))
    });
    sources.dedup_by(|next, kept| {
        let same = next.line == kept.line && next.along == kept.along;
        if same {
            kept.weight += next.weight;
        }
        same
    });
    Ok(sources)
}

pub(super) fn on(net: &StreetNetwork, place: &OnStreet) -> bool {
    place.line < net.len() && place.along.0 >= 0.0 && place.along.0 <= net.length(place.line).0
}

pub(super) fn reach(params: &NetworkParams) -> f64 {
    params.bandwidth.0 * params.kernel.reach()
}
