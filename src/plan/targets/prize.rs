//! From the parts that the ascent found to places: what does not pay for its way is cut off.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::graph::Graph;

/// A number that can be ordered; none is NaN here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Key(pub(super) f64);

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// The best contiguous set along a cheap tree through a part, and what it is worth less its price.
///
/// The tree grows from the block of the greatest prize along the lowest tolls; on it the best subtree is exact, by one
/// pass from the leaves. A joint counts for the leg that the tree reaches first. Time O(k log k).
pub(super) fn pruned(graph: &Graph, part: &[u32], price: f64, mark: &mut [u32]) -> (f64, Vec<u32>) {
    const FREE: u32 = 0;
    const OPEN: u32 = 1;
    const DONE: u32 = 2;
    let net = |b: u32| graph.value[b as usize] - price * graph.cost[b as usize];
    part.iter().for_each(|&b| mark[b as usize] = OPEN);
    let Some(&root) = part.iter().max_by(|a, b| net(**a).total_cmp(&net(**b)).then(b.cmp(a))) else {
        return (0.0, Vec::new());
    };
    let mut order: Vec<(u32, usize)> = Vec::with_capacity(part.len());
    let mut best: Vec<f64> = Vec::with_capacity(part.len());
    let mut seen_joints = std::collections::HashSet::new();
    let mut queue = BinaryHeap::from([Reverse((Key(0.0), root, usize::MAX))]);
    while let Some(Reverse((_, block, above))) = queue.pop() {
        if mark[block as usize] != OPEN {
            continue;
        }
        mark[block as usize] = DONE;
        let at = order.len();
        order.push((block, above));
        let joints = graph.joints(block).iter().filter(|&&j| seen_joints.insert(j));
        best.push(net(block) + joints.map(|&j| graph.joint_value[j as usize]).sum::<f64>());
        for &to in graph.near(block).iter().filter(|&&to| mark[to as usize] == OPEN) {
            queue.push(Reverse((Key((-net(to)).max(0.0)), to, at)));
        }
    }
    part.iter().for_each(|&b| mark[b as usize] = FREE);
    for at in (1..order.len()).rev() {
        best[order[at].1] += best[at].max(0.0);
    }
    let top = (0..order.len()).max_by(|&a, &b| best[a].total_cmp(&best[b]).then(b.cmp(&a))).unwrap_or(0);
    let mut kept = vec![false; order.len()];
    let mut blocks = Vec::new();
    for at in top..order.len() {
        kept[at] = at == top
            || (order[at].1 != usize::MAX && order[at].1 >= top && kept[order[at].1] && best[at] > 0.0);
        if kept[at] {
            blocks.push(order[at].0);
        }
    }
    (best[top], blocks)
}
