//! Incidents per block and group of classes, in one pass over the columns on all cores.

use rayon::prelude::*;

use super::query::Selection;
use super::snapshot::Snapshot;
use crate::aggregate::counts::Count;
use crate::model::block::Share;
use crate::model::category::Flags;
use crate::model::elementary::exp2;

/// The group of a class that does not count.
pub(super) const NO_GROUP: u16 = u16::MAX;

/// What the blocks have.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Grouped {
    /// By block, all groups together.
    pub counts: Vec<Count>,
    /// Whole incidents by group, then by block.
    pub of_group: Vec<Vec<u32>>,
    /// The same, each incident less the older it is; empty without a half-life.
    pub discounted: Vec<Vec<f64>>,
    /// Incidents by origin, in the order of `Origin::ALL`.
    pub origins: [u64; 4],
    /// Those of them that are of a proactive class.
    pub proactive: u64,
}

/// How incidents count less the older they are.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Decay {
    /// When age begins, in seconds, by source.
    pub ends: Vec<i64>,
    /// Days after which one counts half.
    pub half_life: f64,
}

/// Weights are summed as whole numbers of this part, so that the order of sums changes nothing.
const WEIGHT_PARTS: f64 = (1u64 << 20) as f64;

impl Decay {
    fn weight(&self, source: u16, from: i64) -> u64 {
        let age = self.ends[usize::from(source)].saturating_sub(from).max(0) as f64 / 86_400.0;
        (exp2(-age / self.half_life) * WEIGHT_PARTS).round() as u64
    }
}

/// Fewer incidents than this are counted on one core.
const PART: usize = 1 << 14;

impl Snapshot {
    /// Selected incidents of every block; held ones do not count.
    pub(super) fn all_counts(&self, selection: &Selection) -> Vec<Count> {
        let group = |id| if selection.has_class(id) { 0 } else { NO_GROUP };
        let of: Vec<u16> = self.dataset().classes.ids().map(group).collect();
        self.grouped(selection, &of, 1, None, None).counts
    }

    /// Counts incidents by block and by the group of their class; one of several classes is in the first of their groups.
    ///
    /// Origins are told of blocks in `among` alone, where it is given. All sums are of whole numbers, so that the number of
    /// threads changes nothing.
    pub(super) fn grouped(
        &self,
        selection: &Selection,
        group_of: &[u16],
        n_groups: usize,
        among: Option<&[bool]>,
        decay: Option<&Decay>,
    ) -> Grouped {
        let data = self.dataset();
        let (n, blocks) = (data.incidents.len(), data.block_set.blocks.len());
        let proactive: Vec<bool> =
            data.classes.rows().iter().map(|class| class.flags.has(Flags::PROACTIVE)).collect();
        let parts = n.div_ceil(PART).clamp(1, rayon::current_num_threads());
        let counted = |part: usize| {
            let mut own = Counting::new(blocks, n_groups, decay.is_some());
            for at in part * n / parts..(part + 1) * n / parts {
                if data.held[at] || !selection.has_apart_from_class(data, at) {
                    continue;
                }
                let group = match data.incidents.only_class(at) {
                    Some(class) => group_of[usize::from(class.0)],
                    None => {
                        let groups = data.incidents.classes(at).map(|class| group_of[usize::from(class.0)]);
                        groups.min().unwrap_or(NO_GROUP)
                    }
                };
                if group == NO_GROUP {
                    continue;
                }
                let (from, reports) = (data.incidents.when(at).from, data.incidents.reports(at));
                let weight = decay.map(|decay| decay.weight(data.incidents.source(at), from));
                let mut main = None;
                for (block, share) in data.assignment.shares(at) {
                    main.get_or_insert(block.0 as usize);
                    own.counts[block.0 as usize].add(share, reports, from);
                    let place = usize::from(group) * blocks + block.0 as usize;
                    if n_groups > 1 {
                        own.shares[place] += u64::from(share.0);
                    }
                    if let Some(weight) = weight {
                        own.weights[place] += weight;
                    }
                }
                if main.is_some_and(|block| among.is_none_or(|among| among[block])) {
                    own.origins[data.incidents.origin(at) as usize] += 1;
                    own.proactive += u64::from(proactive[usize::from(data.incidents.class(at).0)]);
                }
            }
            own
        };
        let mut done: Vec<Counting> = (0..parts).into_par_iter().map(counted).collect();
        let mut all = done.pop().unwrap_or_else(|| Counting::new(blocks, n_groups, decay.is_some()));
        done.iter().for_each(|part| all.merge(part));
        all.finish(blocks)
    }
}

/// What one thread has counted.
struct Counting {
    counts: Vec<Count>,
    shares: Vec<u64>,
    weights: Vec<u64>,
    origins: [u64; 4],
    proactive: u64,
}

impl Counting {
    fn new(blocks: usize, n_groups: usize, decays: bool) -> Self {
        let shares = if n_groups > 1 { vec![0; blocks * n_groups] } else { Vec::new() };
        let weights = if decays { vec![0; blocks * n_groups] } else { Vec::new() };
        Self { counts: vec![Count::default(); blocks], shares, weights, origins: [0; 4], proactive: 0 }
    }

    fn merge(&mut self, other: &Self) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(own, more)| own.merge(more));
        self.shares.iter_mut().zip(&other.shares).for_each(|(own, more)| *own += more);
        self.weights.iter_mut().zip(&other.weights).for_each(|(own, more)| *own += more);
        self.origins.iter_mut().zip(&other.origins).for_each(|(own, more)| *own += more);
        self.proactive += other.proactive;
    }

    fn finish(self, blocks: usize) -> Grouped {
        let whole = |shares: u64| u32::try_from(shares / u64::from(Share::WHOLE.0)).unwrap_or(u32::MAX);
        let of_group = if self.shares.is_empty() {
            vec![self.counts.iter().map(|count| whole(count.shares())).collect()]
        } else {
            self.shares.chunks(blocks.max(1)).map(|of| of.iter().copied().map(whole).collect()).collect()
        };
        let part = |&weight: &u64| weight as f64 / WEIGHT_PARTS;
        let discounted = self.weights.chunks(blocks.max(1)).map(|of| of.iter().map(part).collect()).collect();
        let Self { counts, origins, proactive, .. } = self;
        Grouped { counts, of_group, discounted, origins, proactive }
    }
}
