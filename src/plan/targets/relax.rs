//! The linear relaxation of the choice: its dual is searched by a first-order method, and whatever that finds is a bound.

use super::cuts::{Cut, Finder};
use super::graph::{Graph, Limits};
use crate::progress::checkpoint;

/// Passes of the search at most; after each of them new cuts are looked for.
const PASSES: usize = 30;

/// Steps of a pass.
const STEPS: usize = 120;

/// Steps of the point are so much longer than those of the multipliers.
const STRIDE: f64 = 3.0;

/// A cut that did not matter in so many passes is left out.
const PATIENCE: u32 = 4;

/// The passes end where they lower the bound by no more than this part, twice.
const LITTLE: f64 = 2e-4;

/// Cuts of the ascent with more entries than this are left out: those that matter are found anew.
const LONGEST: usize = 400;

/// The relaxation with the cuts that are known so far.
///
/// ```text
/// max Σ value · x(b) + Σ value · z(j);   Σ cost · x ≤ budget;   Σ r ≤ most places;   all between 0 and 1
/// cut (W, t):   x(blocks beside W) + r(roots in W) ≥ x or z of t
/// room of (W, t): Σ size · x(blocks within W \ S) + Σ (lack − way) · x(blocks beside W) ≥ lack · x or z of t
/// ```
///
/// `r(b)` says that `b` is the first block of a place. `lack` is what the least size is more than blocks S of W, and `way`
/// the size of the shortest way to a block beside W, but for S: the place of t either lies in W and is large enough there,
/// or leaves it. With multipliers y ≥ 0 the maximum over the box alone is a bound:
/// budget · price + places · fee + Σ max(0, value − price · cost + Σ y · entries).
pub(super) struct Relaxed<'g> {
    graph: &'g Graph,
    limits: &'g Limits,
    finder: Finder,
    /// Values over what a block of mean cost is worth at the margin, costs over their mean.
    scale: f64,
    worth: Vec<f64>,
    cost: Vec<f64>,
    budget: f64,
    cuts: Vec<Cut>,
    /// For how many passes each cut has not mattered.
    idle: Vec<u32>,
    dual: Dual,
    /// Of blocks, joints and, where places are limited, roots.
    point: Vec<f64>,
    bound: f64,
}

/// Multipliers of the cuts, the budget and the number of places.
#[derive(Clone, Debug, Default)]
struct Dual {
    cuts: Vec<f64>,
    price: f64,
    fee: f64,
}

/// What the relaxation says.
#[derive(Clone, Debug)]
pub(super) struct Told {
    /// No choice within the limits is worth more.
    pub(super) bound: f64,
    /// What a unit of the budget is worth at the margin.
    pub(super) price: f64,
    /// How far each block is chosen between all choices.
    pub(super) point: Vec<f64>,
}

/// Lowers a bound from where the ascent left it, until that is slow or the bound is down at what has been found.
///
/// Time O(entries of the cuts) a step. Source: Chambolle & Pock (2011), *J. Math. Imaging Vision* 40, with the steps of
/// Pock & Chambolle (2011), *ICCV*.
pub(super) fn relax(
    graph: &Graph,
    limits: &Limits,
    price: f64,
    fee: f64,
    cuts: Vec<Cut>,
    found: f64,
) -> Told {
    let mut relaxed = Relaxed::new(graph, limits, price, fee, cuts);
    let mut slow = 0;
    for _ in 0..PASSES {
        checkpoint();
        let before = relaxed.bound;
        relaxed.pass();
        slow = if relaxed.bound > before * (1.0 - LITTLE) { slow + 1 } else { 0 };
        if relaxed.bound <= found || slow > 2 {
            break;
        }
        relaxed.renew();
    }
    relaxed.point.truncate(graph.len());
    Told { bound: relaxed.bound, price: price * relaxed.dual.price, point: relaxed.point }
}

/// The entries of all cuts, row by row.
struct Rows {
    start: Vec<usize>,
    entry: Vec<(u32, f64)>,
}

impl Rows {
    fn row(&self, at: usize) -> &[(u32, f64)] {
        &self.entry[self.start[at]..self.start[at + 1]]
    }

    fn len(&self) -> usize {
        self.start.len() - 1
    }
}

impl<'g> Relaxed<'g> {
    fn new(graph: &'g Graph, limits: &'g Limits, price: f64, fee: f64, mut cuts: Vec<Cut>) -> Self {
        let (n, m) = (graph.len(), graph.legs.len());
        let mean = graph.cost.iter().sum::<f64>() / n as f64;
        let scale = price * mean;
        let has_roots = limits.most_places < n;
        // Without a limit to the number of places any block may be a root.
        cuts.retain(|cut| {
            (has_roots || cut.roots.is_empty()) && cut.roots.len() + cut.beside.len() < LONGEST
        });
        let mut finder = Finder::default();
        for cut in &mut cuts {
            cut.shorten(graph, limits);
            finder.is_new(cut);
        }
        Self {
            graph,
            limits,
            finder,
            scale,
            worth: graph.value.iter().chain(&graph.joint_value).map(|v| v / scale).collect(),
            cost: graph.cost.iter().map(|c| c / mean).collect(),
            budget: limits.budget * (1.0 + 1e-12) / mean,
            idle: vec![0; cuts.len()],
            dual: Dual {
                cuts: cuts.iter().map(|cut| cut.raised / scale).collect(),
                price: 1.0,
                fee: fee / scale,
            },
            cuts,
            point: vec![0.0; n + m + if has_roots { n } else { 0 }],
            bound: f64::INFINITY,
        }
    }

    fn roots_at(&self) -> usize {
        self.graph.len() + self.graph.legs.len()
    }

    fn rows(&self) -> Rows {
        let first = self.roots_at() as u32;
        let mut rows = Rows { start: vec![0], entry: Vec::new() };
        for cut in &self.cuts {
            let shares = cut.share.iter().copied().chain(std::iter::repeat(1.0));
            rows.entry.extend(cut.beside.iter().copied().zip(shares));
            rows.entry.extend(cut.roots.iter().map(|&b| (first + b, 1.0)));
            rows.entry.push((cut.unit, -1.0));
            rows.start.push(rows.entry.len());
        }
        rows
    }

    /// Steps of the primal-dual hybrid gradient; what follows starts from their mean.
    fn pass(&mut self) {
        let (n, first, all) = (self.graph.len(), self.roots_at(), self.point.len());
        let rows = self.rows();
        let mut weight = vec![0.0; all];
        rows.entry.iter().for_each(|&(at, w)| weight[at as usize] += w.abs());
        (0..n).for_each(|b| weight[b] += self.cost[b]);
        (first..all).for_each(|r| weight[r] += 1.0);
        let length: Vec<f64> = (0..rows.len()).map(|r| rows.row(r).iter().map(|e| e.1.abs()).sum()).collect();
        let whole: f64 = self.cost.iter().sum();
        let mut sum = Dual { cuts: vec![0.0; rows.len()], ..Dual::default() };
        let mut sums = vec![0.0; all];
        let mut ahead = vec![0.0; all];
        for _ in 0..STEPS {
            let reduced = self.reduced(&rows);
            for at in 0..all {
                let now = (self.point[at] + STRIDE * reduced[at] / f64::max(weight[at], 1.0)).clamp(0.0, 1.0);
                ahead[at] = 2.0 * now - self.point[at];
                self.point[at] = now;
                sums[at] += now;
            }
            for (r, length) in length.iter().enumerate() {
                let held: f64 = rows.row(r).iter().map(|&(at, w)| w * ahead[at as usize]).sum();
                let now = (self.dual.cuts[r] - held / length / STRIDE).max(0.0);
                self.dual.cuts[r] = now;
                sum.cuts[r] += now;
            }
            let spent: f64 = self.cost.iter().zip(&ahead).map(|(cost, x)| cost * x).sum();
            self.dual.price = (self.dual.price + (spent - self.budget) / whole / STRIDE).max(0.0);
            sum.price += self.dual.price;
            let over = ahead[first..].iter().sum::<f64>() - self.limits.most_places as f64;
            self.dual.fee =
                if all > first { (self.dual.fee + over / n as f64 / STRIDE).max(0.0) } else { 0.0 };
            sum.fee += self.dual.fee;
        }
        let mean = |of: f64| of / STEPS as f64;
        self.dual = Dual {
            cuts: sum.cuts.into_iter().map(mean).collect(),
            price: mean(sum.price),
            fee: mean(sum.fee),
        };
        self.point = sums.into_iter().map(mean).collect();
        self.reduced(&rows);
        for (idle, y) in self.idle.iter_mut().zip(&self.dual.cuts) {
            *idle = if *y < 1e-6 { *idle + 1 } else { 0 };
        }
    }

    /// What each unit and root is worth at the present multipliers; the bound that follows is kept if it is lower.
    fn reduced(&mut self, rows: &Rows) -> Vec<f64> {
        let dual = &self.dual;
        let mut reduced = self.worth.clone();
        self.cost.iter().zip(&mut reduced).for_each(|(cost, of)| *of -= dual.price * cost);
        reduced.resize(self.point.len(), -dual.fee);
        for (r, &y) in dual.cuts.iter().enumerate().filter(|(_, y)| **y > 0.0) {
            rows.row(r).iter().for_each(|&(at, w)| reduced[at as usize] += w * y);
        }
        let places = if self.point.len() > self.roots_at() { self.limits.most_places as f64 } else { 0.0 };
        let most: f64 = reduced.iter().map(|of| of.max(0.0)).sum();
        let bound = (dual.price * self.budget + dual.fee * places + most) * self.scale * (1.0 + 1e-10);
        self.bound = self.bound.min(bound);
        reduced
    }

    /// Leaves out cuts that do not matter, and adds those that the present point does not meet.
    fn renew(&mut self) {
        for at in (0..self.cuts.len()).rev().filter(|&at| self.idle[at] >= PATIENCE).collect::<Vec<_>>() {
            self.finder.forget(&self.cuts.swap_remove(at));
            self.idle.swap_remove(at);
            self.dual.cuts.swap_remove(at);
        }
        let missed = self.finder.missed(self.graph, self.limits, &self.point);
        self.cuts.extend(missed);
        self.idle.resize(self.cuts.len(), 0);
        self.dual.cuts.resize(self.cuts.len(), 0.0);
    }
}
